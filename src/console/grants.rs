//! Grants: where each comes from, and what the policy gives it.

use std::collections::BTreeMap;

use super::{Console, Visit, html::Html};
use crate::{
    facts::GrantName,
    identity::{Account, Token},
    policy::Verdict,
};

/// Grants that are shown; a policy with more of them is read elsewhere.
const SHOWN_MAX: usize = 100;

impl Console {
    pub(super) fn grants(&self, html: &mut Html, visit: &Visit, accounts: &[Account], tokens: &[Token]) {
        let settings = self.people.settings();
        let mut sources: BTreeMap<GrantName, Vec<String>> = BTreeMap::new();
        for name in &self.grants_of_settings {
            sources.entry(name.clone()).or_default().push("the settings".to_owned());
        }
        for account in accounts.iter().filter(|account| !account.disabled) {
            sources.entry(account.grant(settings)).or_default().push(format!("account {}", account.name));
        }
        for token in tokens {
            sources.entry(token.grant.clone()).or_default().push(format!("token {}", token.label));
        }
        let policy = self.corridor.policy();
        let rows = sources.iter().take(SHOWN_MAX).map(|(grant, from)| {
            let mut caller = visit.caller().clone();
            caller.grant = grant.clone();
            let (mut may, mut ask, mut refused, mut unseen) = (0_usize, 0_usize, 0_usize, 0_usize);
            for found in self.corridor.catalog().iter() {
                match policy.verdict_for(&caller, &found.facts()) {
                    Verdict::Allowed { .. } => may += 1,
                    Verdict::NeedsApproval { .. } => ask += 1,
                    Verdict::Denied { .. } => refused += 1,
                    Verdict::Hidden { .. } | Verdict::Unlisted { .. } => unseen += 1,
                }
            }
            let mut named = Html::code(grant.as_str());
            if !policy.knows_grant(&caller) {
                named.say_as("div", "bad-word", "the policy does not name it");
            }
            vec![
                named,
                Html::of(&from.join(", ")),
                Html::of(&may.to_string()),
                Html::of(&ask.to_string()),
                Html::of(&refused.to_string()),
                Html::of(&unseen.to_string()),
            ]
        });
        let rows: Vec<Vec<Html>> = rows.collect();
        html.tag("section", &[], |html| {
            html.say("h2", "Grants");
            let heads = ["Grant", "From", "Tools it may use", "Ask a person", "Refused", "Not shown"];
            html.table(&format!("{} grants, and what the policy gives them", rows.len()), &heads, rows);
        });
    }
}
