//! Every tool: its class and risk, which rule holds for it, and the rule that is recommended.

use super::{Answer, Console, Page, Visit, html::Html};
use crate::policy::{Recommended, Verdict, recommended, why_a_rule};

impl Console {
    pub(super) fn tools_page(&self, visit: &Visit) -> Answer {
        let policy = self.corridor.policy();
        let mut rows = Vec::new();
        let can_change = visit.is_operator() && self.desk.is_some();
        for found in self.corridor.catalog().iter() {
            let facts = found.facts();
            let verdict = if visit.sees_all() {
                policy.verdict(&facts)
            } else {
                policy.verdict_for(visit.caller(), &facts)
            };
            let (word, class, rule, more) = match verdict {
                Verdict::Allowed { rule, limits } => ("allowed", "good", rule, limits.join(", ")),
                Verdict::Denied { rule, reason } => ("denied", "bad-word", rule, reason),
                Verdict::NeedsApproval { rule, reason } => ("needs approval", "warn", rule, reason),
                // A member gets the same answer for what is hidden and what does not exist.
                Verdict::Hidden { .. } | Verdict::Unlisted { .. } if !visit.sees_all() => continue,
                Verdict::Hidden { rule } => ("hidden", "soft", rule, String::new()),
                Verdict::Unlisted { rule } => ("not listed", "soft", rule, String::new()),
            };
            let mut name = Html::code(facts.name);
            name.tag("details", &[], |html| {
                html.say("summary", found.entry.title());
                html.say("p", &format!("{}.", why_a_rule(facts.class, facts.risk)));
                match recommended(&facts) {
                    Recommended::Hide => html.say("p", "Recommended: hide it."),
                    Recommended::Rule(rule) => html.say("p", &format!("Recommended: {rule}")),
                }
            });
            let mut standing = Html::new();
            standing.say_as("span", class, word);
            if !more.is_empty() {
                standing.say_as("div", "soft", &more);
            }
            let mut row = vec![
                name,
                Html::of(facts.class.as_str()),
                Html::of(facts.risk.as_str()),
                standing,
                Html::code(&rule.0),
            ];
            if can_change {
                let mut button = Html::new();
                button.form(visit.csrf(), "/console/policy/recommended", |html| {
                    html.hidden("tool", facts.name);
                    let label = format!("Show what the recommended rule for {} changes", facts.name);
                    html.tag("button", &[("class", "second"), ("aria-label", &label)], |html| {
                        html.text("Recommended rule");
                    });
                });
                row.push(button);
            }
            rows.push(row);
        }
        let mut body = Html::new();
        body.tag("section", &[], |html| {
            let heads = ["Tool", "Class", "Risk", "Standing", "Rule", "Change"];
            let heads = if can_change { heads.as_slice() } else { heads.get(..5).unwrap_or_default() };
            let whose = if visit.sees_all() { "for callers of this machine" } else { "for you" };
            html.table(&format!("{} tools, and how they stand {whose}", rows.len()), heads, rows);
        });
        Page::new("Tools", body).into()
    }
}
