//! How things go: calls over the last day, how they ended, how long they took, and how each Odoo answered.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{
    Answer, Console, Fields, Page, Visit,
    activity::outcome,
    back,
    chart::{Bar, bars, lines},
    html::Html,
    log::Past,
    moment,
    page::problem,
};
use crate::{facts::GrantName, operator};

/// The chart covers one day.
const HOURS: usize = 24;
/// Longest reason for a pause that callers are given.
const REASON_CHARS_MAX: usize = 300;
const HOUR: SignedDuration = SignedDuration::from_hours(1);

impl Console {
    pub(super) async fn overview(&self, visit: &Visit) -> Answer {
        let mut live = Html::new();
        let Some(log) = self.log().await else {
            problem(&mut live, "The log cannot be read at the moment.");
            return Page::new("Overview", live).problem().into();
        };
        let now = Timestamp::now();
        let mut calls = log.calls();
        calls.retain(|past| visit.sees_all() || past.user() == visit.user());
        calls.retain(|past| past.time().is_some_and(|at| now.duration_since(at) < HOUR * HOURS as i32));
        let waiting = self.corridor.questions().await.unwrap_or_default();
        let waiting = waiting
            .iter()
            .filter(|entry| {
                entry.is_pending(now) && (visit.sees_all() || entry.user.as_str() == visit.user())
            })
            .count();
        live.tag("section", &[], |html| {
            html.say("h2", "The last 24 hours");
            numbers(html, &calls, waiting);
        });
        live.tag("section", &[], |html| {
            html.say("h2", "Calls over time");
            let heads = ["Time (UTC)", "Went through", "Did not"];
            bars(html, "Calls of each hour", heads, &by_hour(&calls, now));
            html.tag("p", &[("class", "key")], |html| {
                html.say_as("span", "allowed", "Went through");
                html.say_as("span", "refused", "Did not");
            });
        });
        live.tag("section", &[], |html| {
            html.say("h2", "How long they took");
            let heads = ["Time (UTC)", "Half took at most (ms)", "95 of 100 took at most (ms)"];
            lines(html, "Milliseconds of each hour", heads, &times_by_hour(&calls, now));
        });
        live.tag("section", &[], |html| {
            html.say("h2", "How they ended");
            let mut ends: BTreeMap<&str, usize> = BTreeMap::new();
            for past in &calls {
                *ends.entry(past.outcome()).or_default() += 1;
            }
            let rows = ends.iter().map(|(end, number)| vec![outcome(end), Html::of(&number.to_string())]);
            html.table("Calls by outcome", &["Outcome", "Calls"], rows.collect());
        });
        live.tag("section", &[], |html| health(html, &calls));
        let mut body = Html::new();
        if visit.sees_all() {
            body.tag("section", &[], |html| self.standing(html, visit, now));
        }
        Page::new("Overview", body).with_live(live).into()
    }

    /// The policy in force and the kill switch.
    fn standing(&self, html: &mut Html, visit: &Visit, now: Timestamp) {
        html.say("h2", "Standing");
        html.tag("p", &[], |html| {
            html.text("Policy in force: ");
            html.put(&Html::code(&self.corridor.policy().digest().0));
        });
        let Some(state) = self.desk.as_ref().map(|desk| desk.state()) else { return };
        match operator::orders(state, now) {
            Ok(orders) if orders.is_empty() => html.say("p", "Nobody is paused."),
            Ok(orders) => {
                for order in &orders {
                    let whom =
                        order.grant.as_ref().map_or("everybody".to_owned(), |grant| format!("grant {grant}"));
                    let until = order
                        .until
                        .map_or("until it is lifted".to_owned(), |until| format!("until {}", moment(until)));
                    problem(
                        html,
                        &format!("Paused: {whom}, {until}. {}", order.reason.as_deref().unwrap_or("")),
                    );
                }
            }
            Err(_) => problem(html, "The kill switch cannot be read, so everybody is paused."),
        }
        if !visit.is_operator() {
            return;
        }
        html.form(visit.csrf(), "/console/pause", |html| {
            html.tag("div", &[("class", "fields")], |html| {
                html.field("Grant (empty: everybody)", "grant", "");
                html.field("A sentence for callers", "reason", "");
                for (value, class, text) in [("pause", "bad", "Pause"), ("resume", "second", "Resume")] {
                    html.tag("button", &[("class", class), ("name", "what"), ("value", value)], |html| {
                        html.text(text);
                    });
                }
            });
        });
    }

    pub(super) async fn pause(&self, visit: &Visit, fields: &Fields) -> Answer {
        let refused = |why: &str| {
            let mut body = Html::new();
            problem(&mut body, why);
            Answer::from(Page::new("Overview", body).problem())
        };
        let Some(desk) = &self.desk else { return refused("This server has no kill switch.") };
        let grant = match fields.get("grant").trim() {
            "" => None,
            name => match GrantName::parse(name) {
                Ok(grant) => Some(grant),
                Err(error) => return refused(&format!("Not possible: {error}.")),
            },
        };
        let is_pause = match fields.get("what") {
            "pause" => true,
            "resume" => false,
            _ => return refused("Choose one of the two buttons."),
        };
        let about = serde_json::json!({ "grant": grant });
        if let Err(why) = self.note(visit, if is_pause { "pause" } else { "resume" }, about) {
            return refused(why);
        }
        let now = Timestamp::now();
        let reason: String = fields.get("reason").trim().chars().take(REASON_CHARS_MAX).collect();
        let reason = Some(reason).filter(|reason| !reason.is_empty());
        let done = if is_pause {
            let order = operator::PauseOrder { grant, since: now, until: None, reason };
            operator::order_pause(desk.state(), order)
        } else {
            operator::lift(desk.state(), grant.as_ref(), now).map(|_| ())
        };
        // The next call has to find it.
        self.corridor.pauses().refresh(now);
        match done {
            Ok(()) => back("/console", if is_pause { "paused" } else { "resumed" }),
            Err(error) => {
                tracing::error!(%error, "the kill switch could not be set");
                refused("The kill switch could not be set.")
            }
        }
    }
}

fn numbers(html: &mut Html, calls: &[Past<'_>], waiting: usize) {
    let denied = calls.iter().filter(|past| past.outcome() == "denied").count();
    let times = times_of(calls.iter());
    let part = |percent| at_most(&times, percent).map_or("-".to_owned(), |us| format!("{} ms", us / 1_000));
    let figures = [
        ("calls", calls.len().to_string()),
        ("refused", denied.to_string()),
        ("wait for an answer", waiting.to_string()),
        ("half took at most", part(50)),
        ("95 of 100 took at most", part(95)),
    ];
    html.tag("ul", &[("class", "numbers")], |html| {
        for (name, figure) in figures {
            html.tag("li", &[], |html| {
                html.say("strong", &figure);
                html.text(name);
            });
        }
    });
}

/// How long calls took that went through, the quickest first.
fn times_of<'a, 'b: 'a>(calls: impl Iterator<Item = &'a Past<'b>>) -> Vec<u64> {
    let mut times: Vec<u64> = calls.filter(|past| past.outcome() == "done").map(Past::duration_us).collect();
    times.sort_unstable();
    times
}

/// So many of a hundred took no longer.
fn at_most(times: &[u64], percent: usize) -> Option<u64> {
    let index = (times.len() * percent / 100).min(times.len().saturating_sub(1));
    times.get(index).copied()
}

fn times_by_hour(calls: &[Past<'_>], now: Timestamp) -> Vec<(String, Option<(u64, u64)>)> {
    let hour_of = |at: Timestamp| at.as_second().div_euclid(3_600);
    let last = hour_of(now);
    let hours = (0..HOURS as i64).rev().map(|ago| {
        let at = Timestamp::from_second((last - ago) * 3_600).unwrap_or(now);
        let of_hour = calls.iter().filter(|past| past.time().is_some_and(|at| hour_of(at) == last - ago));
        let times = times_of(of_hour);
        let both = at_most(&times, 50).zip(at_most(&times, 95));
        (at.strftime("%H:00").to_string(), both.map(|(half, most)| (half / 1_000, most / 1_000)))
    });
    hours.collect()
}

fn by_hour(calls: &[Past<'_>], now: Timestamp) -> Vec<Bar> {
    let hour_of = |at: Timestamp| at.as_second().div_euclid(3_600);
    let last = hour_of(now);
    let mut found = vec![Bar::default(); HOURS];
    for (ago, bar) in (0_i64..).zip(found.iter_mut().rev()) {
        let at = Timestamp::from_second((last - ago) * 3_600).unwrap_or(now);
        bar.name = at.strftime("%H:00").to_string();
    }
    for past in calls {
        let ago = past.time().map(|at| last - hour_of(at)).and_then(|ago| usize::try_from(ago).ok());
        let place = ago.and_then(|ago| HOURS.checked_sub(ago + 1));
        if let Some(bar) = place.and_then(|place| found.get_mut(place)) {
            if past.outcome() == "done" { bar.allowed += 1 } else { bar.refused += 1 }
        }
    }
    found
}

/// How each Odoo answered, as the calls tell it; nothing is sent to find out.
fn health(html: &mut Html, calls: &[Past<'_>]) {
    html.say("h2", "How each Odoo answered");
    let mut rows: BTreeMap<&str, (usize, usize, &Past<'_>)> = BTreeMap::new();
    for past in calls {
        // A refusal says nothing about Odoo.
        if matches!(past.outcome(), "denied" | "asked" | "not_sent") {
            continue;
        }
        for alias in past.connections() {
            let row = rows.entry(alias).or_insert((0, 0, past));
            if past.outcome() == "done" {
                row.0 += 1
            } else {
                row.1 += 1
            }
            row.2 = past;
        }
    }
    if rows.is_empty() {
        html.say("p", "No call reached an Odoo in this time.");
        return;
    }
    let rows = rows.into_iter().map(|(alias, (good, bad, last))| {
        let mut latest = outcome(last.outcome());
        latest.text(&format!(" {}", last.at().get(..19).unwrap_or_default()));
        vec![Html::code(alias), Html::of(&good.to_string()), Html::of(&bad.to_string()), latest]
    });
    html.table("Calls by connection", &["Connection", "Done", "Not done", "The last one"], rows.collect());
}
