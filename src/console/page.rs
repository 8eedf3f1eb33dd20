//! The frame around every page: who is signed in, where one can go, and what was just done.

use serde_json::Value;

use super::{html::Html, visit::Visit};
use crate::facts::Role;

/// What a request comes to.
#[derive(Debug)]
pub enum Answer {
    Page(Page),
    /// To another page of the console, with a word on what was done.
    GoTo(String),
    /// For a script of ours, which shows it as text.
    Data(Value),
    /// Scripts ask too often.
    TooMany,
    Refused(Refusal),
}

/// Why there is no page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// There is nothing at this address.
    Nothing,
    /// The role does not reach so far.
    Role,
}

/// One page, still without its frame.
#[derive(Debug)]
pub struct Page {
    pub title: &'static str,
    /// Something did not work; the page says what.
    pub is_problem: bool,
    /// The policy is written here.
    pub has_editor: bool,
    /// What changes by itself while somebody looks.
    pub live: Option<Html>,
    pub body: Html,
}

impl Page {
    pub fn new(title: &'static str, body: Html) -> Self {
        Self { title, is_problem: false, has_editor: false, live: None, body }
    }

    /// A part before the rest that a browser fetches anew from time to time.
    #[must_use]
    pub fn with_live(mut self, live: Html) -> Self {
        self.live = Some(live);
        self
    }

    #[must_use]
    pub fn with_editor(mut self) -> Self {
        self.has_editor = true;
        self
    }

    #[must_use]
    pub fn problem(mut self) -> Self {
        self.is_problem = true;
        self
    }
}

impl From<Page> for Answer {
    fn from(page: Page) -> Self {
        Self::Page(page)
    }
}

/// A place in the console, and who finds something there.
pub(super) struct Place {
    pub path: &'static str,
    pub name: &'static str,
    pub for_members: bool,
}

/// Every place, in the order of the navigation.
pub(super) const PLACES: &[Place] = &[
    Place { path: "/console", name: "Overview", for_members: true },
    Place { path: "/console/approvals", name: "Approvals", for_members: true },
    Place { path: "/console/activity", name: "Activity", for_members: true },
    Place { path: "/console/tools", name: "Tools", for_members: true },
    Place { path: "/console/policy", name: "Policy", for_members: false },
    Place { path: "/console/connections", name: "Connections", for_members: false },
    Place { path: "/console/mine", name: "Own connections", for_members: true },
    Place { path: "/console/people", name: "People", for_members: true },
    Place { path: "/console/plugins", name: "Plugins", for_members: false },
    Place { path: "/console/usage", name: "Usage", for_members: false },
];

/// Is this place, or one below it, open to the role?
pub(super) fn is_open_to(path: &str, role: Role) -> bool {
    if role != Role::Member {
        return true;
    }
    let of_place = |place: &&Place| {
        path.strip_prefix(place.path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    // The longest one counts: the overview's address is the beginning of all others.
    let place = PLACES.iter().filter(of_place).max_by_key(|place| place.path.len());
    place.is_some_and(|place| place.for_members)
}

/// Where the things are that a page needs.
#[derive(Debug, Clone, Copy)]
pub struct Assets<'a> {
    pub style: &'a str,
    pub script: &'a str,
    pub editor_script: &'a str,
}

/// The whole page as it goes out.
pub fn framed(page: &Page, visit: &Visit, here: &str, assets: Assets<'_>) -> String {
    let mut html = Html::new();
    html.tag("html", &[("lang", "en")], |html| {
        html.tag("head", &[], |html| {
            html.void("meta", &[("charset", "utf-8")]);
            html.tag("title", &[], |html| html.text(&format!("{} - odoo-mcp", page.title)));
            html.void("meta", &[("name", "viewport"), ("content", "width=device-width, initial-scale=1")]);
            html.void("meta", &[("name", "robots"), ("content", "noindex")]);
            html.void("link", &[("rel", "icon"), ("href", "data:,")]);
            html.void("link", &[("rel", "stylesheet"), ("href", assets.style)]);
            html.tag("script", &[("src", assets.script), ("defer", "")], |_| {});
            if page.has_editor {
                html.tag("script", &[("src", assets.editor_script), ("defer", "")], |_| {});
            }
        });
        html.tag("body", &[], |html| {
            html.tag("a", &[("class", "skip"), ("href", "#main")], |html| html.text("To the content"));
            html.tag("header", &[], |html| header(html, visit, here));
            html.tag("main", &[("id", "main"), ("tabindex", "-1")], |html| {
                html.say("h1", page.title);
                if let Some(live) = &page.live {
                    html.tag("div", &[("id", "live")], |html| html.put(live));
                }
                html.put(&page.body);
            });
        });
    });
    format!("<!doctype html>\n{}\n", html.as_str())
}

fn header(html: &mut Html, visit: &Visit, here: &str) {
    html.tag("p", &[], |html| html.say("strong", "odoo-mcp"));
    html.tag("nav", &[("aria-label", "Console")], |html| {
        html.tag("ul", &[], |html| {
            let role = visit.role();
            for place in PLACES.iter().filter(|place| role != Role::Member || place.for_members) {
                let is_here = here == place.path
                    || (place.path != "/console" && here.starts_with(&format!("{}/", place.path)));
                html.tag("li", &[], |html| {
                    let current: &[_] = &[("href", place.path), ("aria-current", "page")];
                    let attributes = if is_here { current } else { current.get(..1).unwrap_or_default() };
                    html.tag("a", attributes, |html| html.text(place.name));
                });
            }
        });
    });
    html.form(visit.csrf(), "/sign-out", |html| {
        html.say_as("span", "soft", &format!("{} ({})", visit.user(), visit.role().as_str()));
        html.button("second", "Sign out");
    });
}

/// A sentence about something that did not work.
pub(super) fn problem(html: &mut Html, text: &str) {
    html.tag("p", &[("class", "problem"), ("role", "alert")], |html| html.text(text));
}

/// A sentence about something that was done.
pub(super) fn done(html: &mut Html, text: &str) {
    html.tag("p", &[("class", "done"), ("role", "status")], |html| html.text(text));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_find_their_own_things_only() {
        for (path, open) in [
            ("/console", true),
            ("/console/approvals/0123456789", true),
            ("/console/activity", true),
            ("/console/policy", false),
            ("/console/policy/simulate", false),
            ("/console/connections", false),
        ] {
            assert_eq!(is_open_to(path, Role::Member), open, "{path}");
            assert!(is_open_to(path, Role::Auditor));
        }
    }

    #[test]
    fn neither_style_nor_script_reaches_elsewhere() {
        let style = include_str!("assets/console.css");
        let script = concat!(include_str!("assets/console.js"), include_str!("assets/editor.js"));
        for foreign in ["://", "url(", "@import", "eval", "innerHTML ="] {
            assert!(!style.contains(foreign) && !script.contains(foreign), "{foreign}");
        }
    }
}
