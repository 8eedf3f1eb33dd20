//! Step 10: what a person would have to agree to, and on which terms. The strictest of several wins.

use std::{sync::Arc, time::Duration};

use super::{
    Deciding,
    findings::{Asking, Findings},
};
use crate::policy::{ApprovalMode, ApprovalTerms, RuleId, file::document::ApprovalRule};

/// How long an approval is good for, unless the file says otherwise.
const TTL: Duration = Duration::from_secs(600);
/// However long the file says.
const TTL_MAX: Duration = Duration::from_secs(24 * 3_600);
/// Open questions that one grant may have.
const MAX_PENDING: u32 = 5;
/// The same question within this time gets the same approval.
const DEDUPE_WINDOW: Duration = Duration::from_secs(600);
/// All ways to ask, the preferred one first.
const MODES: [ApprovalMode; 3] = [ApprovalMode::Url, ApprovalMode::Form, ApprovalMode::Console];

/// What is asked, in the words of the file where it has some.
pub(super) fn question(out: &Findings<'_>) -> (Vec<RuleId>, String) {
    let rules = out.asking.iter().map(|asking| asking.rule.clone()).collect();
    let reason = out.asking.iter().find_map(|asking| asking.reason);
    let reason = reason.map_or_else(|| "a person has to approve this call".to_owned(), ToString::to_string);
    (rules, reason)
}

/// The terms of all rules that ask, joined. Nothing where they leave nobody to ask, or no way to.
pub(super) fn terms(cx: &Deciding<'_>, out: &Findings<'_>) -> Option<ApprovalTerms> {
    let mut joined: Option<ApprovalTerms> = None;
    for asking in &out.asking {
        let terms = terms_of(cx, asking);
        joined = Some(match joined {
            None => terms,
            Some(so_far) => stricter(so_far, &terms)?,
        });
    }
    joined.filter(|terms| !terms.modes.is_empty())
}

/// What the rule says, then its body, then the top level, then what is usual.
fn terms_of(cx: &Deciding<'_>, asking: &Asking<'_>) -> ApprovalTerms {
    let said: [Option<&ApprovalRule>; 3] =
        [asking.terms, asking.body.approvals.as_ref(), cx.plan.top.approvals.as_ref()];
    ApprovalTerms {
        ttl: first(said, |rule| rule.ttl).unwrap_or(TTL).min(TTL_MAX),
        modes: first(said, |rule| rule.modes.clone()).unwrap_or_else(|| MODES.to_vec()),
        approvers: first(said, |rule| rule.approvers.clone()).unwrap_or_default(),
        self_approval: first(said, |rule| rule.self_approval).unwrap_or(true),
        max_pending: first(said, |rule| rule.max_pending).unwrap_or(MAX_PENDING),
        dedupe_window: first(said, |rule| rule.dedupe_window).unwrap_or(DEDUPE_WINDOW),
    }
}

fn first<T>(said: [Option<&ApprovalRule>; 3], member: impl Fn(&ApprovalRule) -> Option<T>) -> Option<T> {
    said.into_iter().flatten().find_map(member)
}

fn stricter(one: ApprovalTerms, two: &ApprovalTerms) -> Option<ApprovalTerms> {
    let approvers: Vec<Arc<str>> = match (&*one.approvers, &*two.approvers) {
        ([], some) | (some, []) => some.to_vec(),
        (one, two) => {
            let both: Vec<Arc<str>> = one.iter().filter(|name| two.contains(name)).cloned().collect();
            // An empty list would mean anybody.
            if both.is_empty() {
                return None;
            }
            both
        }
    };
    Some(ApprovalTerms {
        ttl: one.ttl.min(two.ttl),
        modes: one.modes.into_iter().filter(|mode| two.modes.contains(mode)).collect(),
        approvers,
        self_approval: one.self_approval && two.self_approval,
        max_pending: one.max_pending.min(two.max_pending),
        dedupe_window: one.dedupe_window.max(two.dedupe_window),
    })
}
