//! What was called, by whom and how it ended; one call from door to door; and whether the chain holds.

use std::sync::Arc;

use serde_json::Value;

use super::{
    Answer, Console, Fields, Page, Refusal, Visit,
    html::Html,
    log::{BYTES_READ_MAX, Lines, Past, text},
    page::{done, problem},
    values::drawn,
};

/// Calls on one page.
const CALLS_MAX: usize = 200;
/// Parts of the log that one page searches; the next page goes on where it ended.
const STEPS_MAX: usize = 4;
/// Breaks of the chain that are told one by one.
const BREAKS_SHOWN_MAX: usize = 50;
/// Said over a list that may lack what other servers did.
const BEHIND: &str =
    "The shared store cannot be reached. This is what this server knew of the log when it last could.";
const OUTCOMES: [&str; 10] =
    ["", "done", "denied", "asked", "rejected", "not_sent", "unknown", "cancelled", "failed", "abandoned"];
/// Members of lines that belong to the chain and say nothing about the call.
const OF_THE_CHAIN: [&str; 3] = ["prev", "hash", "call"];

/// What somebody looks for.
struct Wanted<'a> {
    tool: &'a str,
    outcome: &'a str,
    user: &'a str,
    connection: &'a str,
    since: &'a str,
    until: &'a str,
}

impl Wanted<'_> {
    fn fits(&self, past: &Past<'_>) -> bool {
        let part = |wanted: &str, found: &str| wanted.is_empty() || found.contains(wanted);
        let at = past.at();
        // Moments in one spelling are in order as texts, and a shorter one is the beginning of its span.
        let is_not_before = self.since.is_empty() || at >= self.since;
        let is_not_after = self.until.is_empty() || at <= self.until || at.starts_with(self.until);
        part(self.tool, past.tool())
            && (self.outcome.is_empty() || self.outcome == past.outcome())
            && (part(self.user, past.user()) || part(self.user, past.grant()))
            && (self.connection.is_empty() || past.connections().contains(&self.connection))
            && is_not_before
            && is_not_after
    }
}

impl Wanted<'_> {
    /// The same search, from a place in the log on.
    fn address(&self, before: Option<u64>) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in [
            ("tool", self.tool),
            ("outcome", self.outcome),
            ("user", self.user),
            ("connection", self.connection),
            ("since", self.since),
            ("until", self.until),
        ] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        if let Some(before) = before {
            query.append_pair("before", &before.to_string());
        }
        format!("/console/activity?{}", query.finish())
    }
}

impl Console {
    pub(super) async fn activity(&self, visit: &Visit, query: &Fields) -> Answer {
        let mut body = Html::new();
        let wanted = Wanted {
            tool: query.get("tool").trim(),
            outcome: query.get("outcome"),
            user: query.get("user").trim(),
            connection: query.get("connection").trim(),
            since: query.get("since").trim(),
            until: query.get("until").trim(),
        };
        body.tag("section", &[], |html| {
            search(html, &wanted, visit.sees_all());
            if visit.sees_all() {
                html.form(visit.csrf(), "/console/activity/verify", |html| {
                    html.button("second", "Verify the chain");
                });
            }
        });
        let began = query.get("before").parse::<u64>().ok();
        let mut before = began;
        let mut rows: Vec<Vec<Html>> = Vec::new();
        for _ in 0..STEPS_MAX {
            let Some(log) = self.log_before(before).await else {
                problem(&mut body, "The log cannot be read at the moment.");
                return Page::new("Activity", body).problem().into();
            };
            if log.is_behind && before == began {
                problem(&mut body, BEHIND);
            }
            before = log.older;
            for past in log.calls().iter().rev() {
                if (visit.sees_all() || past.user() == visit.user()) && wanted.fits(past) {
                    rows.push(row(past));
                    if rows.len() == CALLS_MAX {
                        before = Some(past.place).filter(|place| *place > 0);
                        break;
                    }
                }
            }
            if rows.len() == CALLS_MAX || before.is_none() {
                break;
            }
        }
        body.tag("section", &[], |html| {
            if rows.is_empty() {
                html.say("p", "No call fits.");
            } else {
                let caption = format!("{} calls, the newest first", rows.len());
                let heads = ["When (UTC)", "Tool", "By", "Grant", "Connection", "Rule", "Outcome", "ms"];
                html.table(&caption, &heads, rows);
            }
            html.tag("p", &[("class", "buttons")], |html| {
                if began.is_some() {
                    html.put(&Html::link(&wanted.address(None), "Newest"));
                }
                if let Some(before) = before {
                    html.put(&Html::link(&wanted.address(Some(before)), "Older"));
                }
            });
        });
        Page::new("Activity", body).into()
    }

    /// One call among its neighbours: where the address says it begins, or in the newest part.
    async fn found(&self, visit: &Visit, call: &str, at: Option<u64>) -> Option<Lines> {
        // One byte earlier, because what is before the first line break is passed over.
        let mut before = at.map(|at| at.saturating_add(BYTES_READ_MAX - 1));
        for _ in 0..STEPS_MAX {
            let log = self.log_before(before).await?;
            let is_it = |past: &Past<'_>| {
                text(past.open, "call") == call && (visit.sees_all() || past.user() == visit.user())
            };
            if log.calls().iter().any(is_it) {
                return Some(log);
            }
            before = Some(log.older?);
        }
        None
    }

    pub(super) async fn one_call(&self, visit: &Visit, call: &str, query: &Fields) -> Answer {
        let at = query.get("at").parse::<u64>().ok();
        let Some(log) = self.found(visit, call, at).await else { return Answer::Refused(Refusal::Nothing) };
        let calls = log.calls();
        let past = calls.iter().find(|past| text(past.open, "call") == call);
        let may_see = |past: &&Past<'_>| visit.sees_all() || past.user() == visit.user();
        let Some(past) = past.filter(may_see) else { return Answer::Refused(Refusal::Nothing) };
        let mut body = Html::new();
        for (title, line) in [("Opened and decided", Some(past.open)), ("Closed", past.close)] {
            body.tag("section", &[], |html| {
                html.say("h2", title);
                match line {
                    Some(line) => html.put(&drawn(&without_chain(line))),
                    None => html.say("p", "There is no closing line yet."),
                }
            });
        }
        if let Some(approval) = past.open.pointer("/approval/id").and_then(Value::as_str) {
            let told = log
                .lines
                .iter()
                .filter(|line| text(line, "event") == "approval" && text(line, "approval") == approval);
            for line in told {
                body.tag("section", &[], |html| {
                    html.say("h2", "Approval");
                    html.put(&drawn(&without_chain(line)));
                });
            }
        }
        body.tag("p", &[], |html| html.put(&Html::link("/console/activity", "Back to the activity")));
        Page::new("One call", body).into()
    }

    pub(super) async fn verify(&self, visit: &Visit) -> Answer {
        if !visit.sees_all() {
            return Answer::Refused(Refusal::Role);
        }
        let corridor = Arc::clone(&self.corridor);
        let report = tokio::task::spawn_blocking(move || corridor.audit().verify()).await;
        let mut body = Html::new();
        let Ok(Ok(report)) = report else {
            problem(&mut body, "The log cannot be read at the moment.");
            return Page::new("The chain", body).problem().into();
        };
        if report.holds() {
            done(&mut body, "The chain holds.");
        } else {
            problem(&mut body, &format!("The chain is broken in {} places.", report.breaks.len()));
        }
        body.tag("section", &[], |html| {
            html.say(
                "p",
                &format!(
                    "{} lines, {} calls opened, {} closed, {} checkpoints.",
                    report.lines, report.calls_open, report.calls_closed, report.checkpoints
                ),
            );
            if self.corridor.audit().is_shared() {
                html.say("p", "Read in the store that all servers share, line by line.");
            }
            for key in &report.keys {
                html.tag("p", &[], |html| {
                    html.text("Signed by ed25519 ");
                    html.put(&Html::code(key));
                });
            }
            let breaks = report.breaks.iter().chain(&report.torn).take(BREAKS_SHOWN_MAX);
            for found in breaks {
                html.say("p", &format!("{} line {}: {}", found.file, found.line, found.why));
            }
        });
        body.tag("p", &[], |html| html.put(&Html::link("/console/activity", "Back to the activity")));
        Page::new("The chain", body).into()
    }
}

fn search(html: &mut Html, wanted: &Wanted<'_>, sees_all: bool) {
    html.tag("form", &[("method", "get"), ("action", "/console/activity"), ("class", "fields")], |html| {
        html.field("Tool", "tool", wanted.tool);
        html.choice("Outcome", "outcome", &OUTCOMES, wanted.outcome);
        if sees_all {
            html.field("User or grant", "user", wanted.user);
        }
        html.field("Connection", "connection", wanted.connection);
        html.field("Since (2026-01-31T10:00)", "since", wanted.since);
        html.field("Until", "until", wanted.until);
        html.button("second", "Search");
    });
}

pub(super) fn outcome(text: &str) -> Html {
    let class = match text {
        "done" => "good",
        "denied" | "failed" | "unknown" => "bad-word",
        "asked" => "warn",
        _ => "soft",
    };
    let mut html = Html::new();
    html.say_as("span", class, text);
    html
}

fn row(past: &Past<'_>) -> Vec<Html> {
    let call = text(past.open, "call");
    let us = past.duration_us();
    vec![
        Html::link(
            &format!("/console/activity/{call}?at={}", past.place),
            past.at().get(..19).unwrap_or_default(),
        ),
        Html::code(past.tool()),
        Html::of(past.user()),
        Html::of(past.grant()),
        Html::of(&past.connections().join(", ")),
        Html::code(text(past.open, "rule")),
        outcome(past.outcome()),
        Html::of(&format!("{}.{}", us / 1_000, us % 1_000 / 100)),
    ]
}

fn without_chain(line: &Value) -> Value {
    let mut line = line.clone();
    if let Some(members) = line.as_object_mut() {
        members.retain(|name, _| !OF_THE_CHAIN.contains(&name.as_str()));
    }
    line
}
