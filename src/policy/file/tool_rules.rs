//! Reading rules for tools, and rules of the older language inside them.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use serde_json::Value;

use super::{
    document::{Action, ApprovalRule, At, DryRun, InterceptRule, LimitRule, Path, ToolRule},
    keys,
    limits::Counters,
    path,
    reader::{Object, Reader, rule_id},
    shape::shown,
};
use crate::policy::ApprovalMode;

impl<'a> Reader<'a> {
    pub(super) fn tool_rule(&mut self, at: &str, value: &'a Value, counters: &Counters) -> Option<ToolRule> {
        let object = self.object(at, value, &keys::TOOL_RULE)?;
        let action = action(&object);
        let rule = ToolRule {
            at: object.rule(),
            action: At {
                at: rule_id(&if object.has("action") { object.place("action") } else { at.to_owned() }),
                it: action,
            },
            reason: object.reason(),
            require: self.items(&object, "require"),
            deny_if: self.items(&object, "deny_if"),
            approve_if: self.items(&object, "approve_if"),
            limits: self.limits(&object, counters),
            rate_limit: self.rate_limit(&object),
            rules: self.intercept_rules(&object),
            batch: self.batch(&object),
            redact: self.redact(&object),
            approval: self.approvals(&object, "approval"),
            dry_run: match object.text("dry_run") {
                Some("counted") => DryRun::Counted,
                _ => DryRun::Free,
            },
            mode: object.mode(),
        };
        object.done();
        self.counters_once(&rule);
        Some(rule)
    }

    fn redact(&mut self, object: &Object<'a>) -> Vec<At<Path>> {
        let paths = object.texts("redact");
        paths
            .filter_map(|(at, text)| Some(At { at: rule_id(&at), it: path::read_result(text).ok()? }))
            .collect()
    }

    fn intercept_rules(&mut self, object: &Object<'a>) -> Vec<InterceptRule> {
        let rules = object.list("rules");
        rules.filter_map(|(at, value)| self.intercept_rule(&at, value)).collect()
    }

    fn intercept_rule(&mut self, at: &str, value: &'a Value) -> Option<InterceptRule> {
        let object = self.object(at, value, &keys::INTERCEPT_RULE)?;
        let conditions = object.list("conditions");
        let conditions = conditions.filter_map(|(at, value)| self.intercept_condition(&at, value)).collect();
        let state = object.get("state").and_then(|value| self.intercept_state(&object.place("state"), value));
        let rule = InterceptRule {
            at: object.rule(),
            name: object.owned("name"),
            action: action(&object),
            conditions,
            reason: object.reason(),
            rate_limit: self.rate_limit(&object),
            state,
        };
        object.done();
        Some(rule)
    }

    /// A counter belongs to one place in a tool: charged at two, neither would say what was spent.
    fn counters_once(&mut self, rule: &ToolRule) {
        let mut seen: BTreeSet<&Arc<str>> = rule.limits.iter().map(|limit| &limit.counter).collect();
        let short =
            rule.rate_limit.iter().chain(rule.rules.iter().filter_map(|rule| rule.rate_limit.as_ref()));
        let states = rule.rules.iter().filter_map(|rule| rule.state.as_ref());
        let others = short
            .map(|LimitRule { at, counter, .. }| (at, counter))
            .chain(states.map(|state| (&state.at, &state.counter)));
        for (at, counter) in others {
            if !seen.insert(counter) {
                self.problem(&at.0, format!("the counter `{}` stands twice in this rule", shown(counter)));
            }
        }
    }

    pub(super) fn approvals(&mut self, object: &Object<'a>, key: &str) -> Option<ApprovalRule> {
        let object = self.object(&object.place(key), object.get(key)?, &keys::APPROVALS)?;
        let modes = object.get("modes").map(|_| {
            let modes = object.texts("modes");
            modes.filter_map(|(_, text)| approval_mode(text)).collect::<Vec<_>>()
        });
        let approvers = object
            .get("approvers")
            .map(|_| object.texts("approvers").map(|(_, text)| Arc::from(text)).collect::<Vec<_>>());
        let approvals = ApprovalRule {
            ttl: object.whole("ttl").map(Duration::from_secs),
            modes,
            approvers,
            self_approval: object.flag("self_approval"),
            max_pending: object.whole("max_pending").and_then(|count| u32::try_from(count).ok()),
            dedupe_window: object.whole("dedupe_window").map(Duration::from_secs),
        };
        object.done();
        Some(approvals)
    }
}

fn action(object: &Object<'_>) -> Action {
    match object.text("action") {
        Some("deny") => Action::Deny,
        Some("require_approval") => Action::RequireApproval,
        _ => Action::Allow,
    }
}

fn approval_mode(text: &str) -> Option<ApprovalMode> {
    Some(match text {
        "url" => ApprovalMode::Url,
        "form" => ApprovalMode::Form,
        "console" => ApprovalMode::Console,
        _ => return None,
    })
}
