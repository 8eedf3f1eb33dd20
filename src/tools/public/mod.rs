//! The family `public`: what customers and visitors see of an Odoo, and files out of it. Lists of the
//! portal, exports, reports, pictures, barcodes, the shop and the site map.
//!
//! What can be asked as records is asked as records, with the rights of the connection's user; only
//! what exists nowhere else is read from pages.

use super::Family;

mod barcode;
mod download;
mod export;
mod image;
mod installed;
mod pages;
mod portal;
mod printed;
mod web_report;

pub(super) const FAMILY: Family = Family {
    name: "public",
    tools: &[
        export::TOOLS,
        printed::TOOLS,
        web_report::TOOLS,
        download::TOOLS,
        image::TOOLS,
        barcode::TOOLS,
        portal::LISTS,
        portal::HOME,
        pages::SHOP,
        pages::SITEMAP,
    ],
};
