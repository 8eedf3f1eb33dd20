//! The queue of questions: what would change, before and after, and the two answers.

use jiff::Timestamp;

use super::{
    Answer, Console, Fields, Page, Visit, back,
    html::Html,
    moment,
    page::{done, problem},
};
use crate::approvals::{ApprovalId, Entry};

const PATH: &str = "/console/approvals";
/// Answered questions that are shown below the open ones.
const EARLIER_MAX: usize = 30;

impl Console {
    pub(super) async fn approvals_page(&self, visit: &Visit, query: &Fields) -> Answer {
        let mut body = Html::new();
        let said = match query.get("done") {
            "approved" => "Approved: exactly this call may happen, once.",
            "refused" => "Refused: the call will not happen.",
            _ => "",
        };
        let mut live = Html::new();
        if !said.is_empty() {
            done(&mut live, said);
        }
        let Ok(mut entries) = self.corridor.questions().await else {
            problem(&mut body, "The questions cannot be read at the moment.");
            return Page::new("Approvals", body).problem().into();
        };
        entries.retain(|entry| visit.sees_all() || entry.user.as_str() == visit.user());
        let now = Timestamp::now();
        let (open, mut earlier): (Vec<Entry>, Vec<Entry>) =
            entries.into_iter().partition(|entry| entry.is_pending(now));
        if open.is_empty() {
            live.say("p", "Nothing waits for an answer.");
        }
        for entry in &open {
            question(&mut live, visit, entry);
        }
        earlier.reverse();
        earlier.truncate(EARLIER_MAX);
        if !earlier.is_empty() {
            live.tag("section", &[], |html| {
                html.say("h2", "Earlier");
                let rows = earlier.iter().map(|entry| row(entry, now)).collect();
                let heads = ["Asked", "Tool", "By", "How it stands", "Who said so"];
                html.table("Questions that were answered, used or ran out", &heads, rows);
            });
        }
        Page::new("Approvals", body).with_live(live).into()
    }

    pub(super) async fn answer(&self, visit: &Visit, fields: &Fields) -> Answer {
        let yes = match fields.get("answer") {
            "approve" => true,
            "refuse" => false,
            _ => return not_done("Choose one of the two buttons."),
        };
        let Some(id) = ApprovalId::parse(fields.get("id")) else {
            return not_done("There is no such question.");
        };
        match self.corridor.answer_in_console(&id, visit.caller(), yes).await {
            Ok(_) => back(PATH, if yes { "approved" } else { "refused" }),
            Err(error) => not_done(&format!("Not possible: {error}.")),
        }
    }
}

fn not_done(why: &str) -> Answer {
    let mut body = Html::new();
    problem(&mut body, why);
    body.tag("p", &[], |html| html.put(&Html::link(PATH, "Back to the questions")));
    Page::new("Approvals", body).problem().into()
}

fn question(html: &mut Html, visit: &Visit, entry: &Entry) {
    html.tag("section", &[("aria-label", &format!("Question {}", entry.id))], |html| {
        html.tag("h2", &[], |html| {
            html.put(&Html::code(&entry.tool));
            html.text(&format!(" for {}", entry.user));
        });
        wording(html, &entry.text);
        html.say_as(
            "p",
            "soft",
            &format!(
                "{}, grant {}, asked {}, good until {}",
                entry.class.as_str(),
                entry.grant,
                moment(entry.asked_at),
                moment(entry.expires_at)
            ),
        );
        if !visit.is_operator() {
            return;
        }
        html.form(visit.csrf(), "/console/approvals/answer", |html| {
            html.hidden("id", entry.id.as_str());
            html.tag("div", &[("class", "buttons")], |html| {
                for (value, class, text) in
                    [("approve", "own", "Approve exactly this, once"), ("refuse", "bad", "Refuse")]
                {
                    html.tag("button", &[("class", class), ("name", "answer"), ("value", value)], |html| {
                        html.text(text);
                    });
                }
            });
        });
    });
}

/// The question as it was put, with its changes as a table. A line that could be read in two ways stays
/// a line.
fn wording(html: &mut Html, text: &str) {
    let mut plain = String::new();
    let mut changes: Vec<Vec<Html>> = Vec::new();
    for line in text.lines().chain([""]) {
        if let Some((field, before, after)) = change(line) {
            let coloured = |tag: &'static str, text: &str| {
                let mut html = Html::new();
                html.say(tag, text);
                html
            };
            changes.push(vec![Html::code(field), coloured("del", before), coloured("ins", after)]);
            continue;
        }
        if !changes.is_empty() {
            flush(html, &mut plain);
            html.table("What changes", &["Field", "Before", "After"], std::mem::take(&mut changes));
        }
        plain.push_str(line);
        plain.push('\n');
    }
    flush(html, &mut plain);
}

fn flush(html: &mut Html, plain: &mut String) {
    let text = std::mem::take(plain);
    if !text.trim().is_empty() {
        html.say("pre", text.trim_matches('\n'));
    }
}

fn change(line: &str) -> Option<(&str, &str, &str)> {
    let (field, values) = line.strip_prefix("    ")?.split_once(": ")?;
    let is_field =
        !field.is_empty() && field.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.".contains(&b));
    let (before, after) = values.split_once(" -> ")?;
    (is_field && !after.contains(" -> ")).then_some((field, before, after))
}

fn row(entry: &Entry, now: Timestamp) -> Vec<Html> {
    vec![
        Html::of(&moment(entry.asked_at)),
        Html::code(&entry.tool),
        Html::of(&format!("{} ({})", entry.user, entry.grant)),
        Html::of(entry.standing(now)),
        Html::of(entry.state.by().map_or("-", |by| by)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_become_a_table_and_nothing_else_does() {
        let mut html = Html::new();
        wording(&mut html, "May `x` go?\n  record 7\n    phone: \"1\" -> \"<2>\"\nAsked by /x");
        let html = html.as_str();
        assert!(
            html.contains("<del>&quot;1&quot;</del>") && html.contains("<ins>&quot;&lt;2&gt;&quot;</ins>")
        );
        assert!(html.find("May").unwrap() < html.find("<del>").unwrap());
        for line in ["    a: \"1 -> 2\" -> \"3\"", "  a: 1 -> 2", "    a b: 1 -> 2", "    a: 1"] {
            assert_eq!(change(line), None, "{line}");
        }
    }
}
