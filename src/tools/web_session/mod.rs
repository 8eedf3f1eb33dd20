//! The family `web_session`: Odoo's web server with a session of the caller's own.
//!
//! What can travel without a session does so where there is none. Nothing here knows cookies.

use super::Family;

mod call;
mod export;
mod login;
mod logout;
mod nested;
mod outcome;
mod page_view;
mod parts;
mod read;
mod report;
mod request;

pub(super) const FAMILY: Family = Family {
    name: "web_session",
    tools: &[
        login::TOOLS,
        call::TOOLS,
        read::TOOLS,
        export::TOOLS,
        report::TOOLS,
        request::TOOLS,
        logout::TOOLS,
    ],
};
