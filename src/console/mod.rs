//! The console: pages for people who look after this server, and for those who only use it.
//!
//! A request comes in as a visit, an address and fields, and leaves as a page. Whatever a tool can do is
//! done by calling that tool in the name of whoever is signed in, so that policy and log hold for it;
//! everything else has its line in the log before it is done.
//!
//! Deliberately absent: cookies and headers, which are the transport's.

mod activity;
mod approvals;
mod calls;
mod chart;
mod connections;
mod grants;
mod html;
mod log;
mod mine;
mod newcomers;
mod overview;
mod own;
mod pace;
mod page;
mod people;
mod policy;
mod services;
mod tools;
mod values;
mod visit;

use std::sync::Arc;

use serde_json::Value;

use self::{pace::Pace, page::is_open_to, visit::Deed};
pub use self::{
    page::{Answer, Assets, Page, Refusal, framed},
    policy::{Activated, PolicyDesk, Version, digest_of},
    visit::{Fields, Visit},
};
use crate::{facts::GrantName, identity::People, pipeline::Corridor};

/// How the pages look.
pub const STYLE: &str = include_str!("assets/console.css");
/// What keeps the live parts of pages fresh.
pub const SCRIPT: &str = include_str!("assets/console.js");
/// What helps while a policy is written.
pub const EDITOR_SCRIPT: &str = include_str!("assets/editor.js");

/// Everything the pages are made of.
#[derive(Debug)]
pub struct Console {
    corridor: Arc<Corridor>,
    people: People,
    /// Where the policy is read and changed; without it it is only shown.
    desk: Option<Arc<dyn PolicyDesk>>,
    /// Names of the grants of the settings.
    grants_of_settings: Vec<GrantName>,
    /// How often pages may ask while somebody types.
    pace: Pace,
    models_seen: policy::ModelsSeen,
}

impl Console {
    pub fn new(corridor: Arc<Corridor>, people: People, desk: Option<Arc<dyn PolicyDesk>>) -> Self {
        let (pace, models_seen) = (Pace::new(), policy::ModelsSeen::default());
        Self { corridor, people, desk, grants_of_settings: Vec::new(), pace, models_seen }
    }

    #[must_use]
    pub fn knowing_grants(mut self, names: Vec<GrantName>) -> Self {
        self.grants_of_settings = names;
        self
    }

    pub fn people(&self) -> &People {
        &self.people
    }

    /// The page at an address of ours.
    pub async fn show(&self, visit: &Visit, path: &str, query: &Fields) -> Answer {
        if !is_open_to(path, visit.role()) {
            return Answer::Refused(Refusal::Role);
        }
        let rest = path.strip_prefix("/console").unwrap_or_default().trim_start_matches('/');
        match rest.split_once('/').unwrap_or((rest, "")) {
            ("", "") => self.overview(visit).await,
            ("approvals", "") => self.approvals_page(visit, query).await,
            ("activity", "") => self.activity(visit, query).await,
            ("activity", call) => self.one_call(visit, call, query).await,
            ("tools", "") => self.tools_page(visit),
            ("policy", "") => self.policy_page(visit, query).await,
            ("policy", "version") => self.policy_version(visit, query).await,
            ("connections", "") => self.connections_page(visit, query).await,
            ("mine", "") => self.mine_page(visit, query).await,
            ("people", "own") => self.own_page(visit),
            ("people", "") => self.people_page(visit, query).await,
            ("plugins", "") => self.plugins_page(visit).await,
            ("usage", "") => self.usage_page(visit).await,
            _ => Answer::Refused(Refusal::Nothing),
        }
    }

    /// What a button does. The form came from a page of this session; who may press it is asked here.
    pub async fn act(&self, visit: &Visit, path: &str, fields: &Fields) -> Answer {
        if !is_open_to(path, visit.role()) {
            return Answer::Refused(Refusal::Role);
        }
        let rest = path.strip_prefix("/console/").unwrap_or_default();
        // What is one's own may be ended by oneself; reading what would be is for whoever sees all.
        match rest {
            "people/token/revoke" => return self.revoke_token(visit, fields).await,
            "people/token/add" => return self.add_token(visit, fields).await,
            "people/own/password" => return self.change_password(visit, fields).await,
            "people/own/factor" => return self.offer_factor(visit, fields).await,
            "people/own/factor/on" => return self.factor_on(visit, fields).await,
            "people/own/factor/off" => return self.factor_off(visit, fields).await,
            "mine/add" => return self.add_mine(visit, fields).await,
            "mine/activate" | "mine/delete" => return self.choose_mine(visit, fields, rest).await,
            "people/session/end" => return self.end_session(visit, fields).await,
            "policy/check" | "policy/simulate" => return self.policy_check(visit, rest, fields).await,
            "policy/lint" => return self.policy_lint(visit, fields).await,
            "policy/complete" => return self.policy_complete(visit, fields).await,
            "activity/verify" => return self.verify(visit).await,
            _ => {}
        }
        let is_known = matches!(
            rest,
            "approvals/answer"
                | "policy/activate"
                | "policy/recommended"
                | "connections/check"
                | "connections/look"
                | "connections/rotate"
                | "people/add"
                | "people/disable"
                | "people/role"
                | "plugins/reload"
                | "pause"
        );
        if !is_known {
            return Answer::Refused(Refusal::Nothing);
        }
        if !visit.is_operator() {
            return Answer::Refused(Refusal::Role);
        }
        match rest {
            "approvals/answer" => self.answer(visit, fields).await,
            "policy/activate" => self.activate(visit, fields).await,
            "policy/recommended" => self.recommended(visit, fields).await,
            "connections/check" => self.check_connections(visit).await,
            "connections/look" => self.look_at_certificate(visit, fields).await,
            "connections/rotate" => self.rotate(visit, fields).await,
            "people/add" => self.add_account(visit, fields).await,
            "people/disable" => self.disable(visit, fields).await,
            "people/role" => self.set_role(visit, fields).await,
            "plugins/reload" => self.reload_plugins(visit).await,
            _ => self.pause(visit, fields).await,
        }
    }

    /// The line in the log that has to stand before a deed. Without it nothing is done.
    fn note(&self, visit: &Visit, what: &'static str, about: Value) -> Result<(), &'static str> {
        let (at, user, role) = (jiff::Timestamp::now(), visit.user(), visit.role().as_str());
        self.corridor.audit().note_event("console", &Deed { at, user, role, what, about }).map_err(|error| {
            tracing::error!(%error, what, "nothing is done that cannot be logged");
            "The log cannot be written, so nothing was done."
        })
    }
}

/// Back to a page, with one of its own words.
fn back(path: &str, word: &str) -> Answer {
    Answer::GoTo(format!("{path}?done={word}"))
}

/// A moment as people read it.
fn moment(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}
