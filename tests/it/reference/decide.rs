//! The order of evaluation, written straight over the JSON of the file: every refusal of a call, every
//! rule that asks, every charge. Nothing is compiled, cached or cut short.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    look::{connection, effects, entries, facts, in_shadow, is_within, list, mains, records, text},
    model,
    truth::{Section, bites, glob, reads_odoo},
    weigh,
};

/// Everything the contract says about one call.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// Step of the order of evaluation, and the rule.
    pub(super) refusals: Vec<(u8, String)>,
    pub(super) asks: Vec<String>,
    /// Rules in shadow that would have refused or asked.
    pub(super) would: Vec<String>,
    /// Rules that would ask Odoo whether records are within a domain.
    pub(super) questions: Vec<String>,
    /// Rule and scope to amount, in millionths.
    pub(super) charges: BTreeMap<(String, String), i128>,
    pub(super) shadow_charges: BTreeMap<(String, String), i128>,
    /// What every rule that asks says of whom and how.
    terms: Vec<Terms>,
}

/// How a person may be asked, as one rule has it or as all have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Terms {
    pub(super) ways: Vec<String>,
    /// Empty for anybody.
    pub(super) approvers: Vec<String>,
    pub(super) ttl: u64,
    pub(super) self_approval: bool,
    pub(super) max_pending: u64,
    pub(super) dedupe_window: u64,
}

/// The bodies that hold for a caller, with their places, and the whole policy.
#[derive(Debug)]
pub(super) struct Bodies<'a>(pub(super) Vec<(String, &'a Value)>, &'a Value);

impl<'a> Bodies<'a> {
    pub(super) fn of(policy: &'a Value, grant: &str) -> Option<Self> {
        let Some(grants) = policy.get("grants") else {
            return Some(Self(vec![(String::new(), policy)], policy));
        };
        let body = grants.get(grant)?;
        let own = (format!("/grants/{grant}"), body);
        let alone = body.get("inherit") == Some(&json!(false));
        Some(Self(if alone { vec![own] } else { vec![(String::new(), policy), own] }, policy))
    }

    pub(super) fn policy(&self) -> &'a Value {
        self.1
    }

    /// What a body may use by name: what the top level declares, then what it declares itself.
    pub(super) fn declared(&self, at: &str, key: &'static str) -> Vec<(&'a str, &'a Value)> {
        let own = self.0.iter().filter(|(place, _)| place == at && !place.is_empty());
        entries(self.1, key).chain(own.flat_map(|(_, body)| entries(body, key))).collect()
    }
}

pub(super) fn decide(policy: &Value, call: &Value) -> Verdict {
    let mut verdict = Verdict::default();
    let Some(bodies) = Bodies::of(policy, text(call, "grant")) else {
        verdict.refusals.push((1, "/grants".to_owned()));
        return verdict;
    };
    if call["paused"] == true {
        verdict.refusals.push((1, "/breakers/0".to_owned()));
    }
    for (at, body) in &bodies.0 {
        Body { at, body, bodies: &bodies, call, verdict: &mut verdict }.judge();
    }
    model::judge(&bodies, call, &mut verdict);
    if call["outside"] == true
        && let Some(rule) = verdict.questions.first()
    {
        verdict.refusals.push((9, rule.clone()));
    }
    if let Some(rule) = verdict.asks.first().filter(|_| verdict.joined_terms().is_none()) {
        verdict.refusals.push((10, rule.clone()));
    }
    verdict
}

impl Verdict {
    pub(super) fn refuse(&mut self, shadow: bool, step: u8, rule: String) {
        if shadow {
            self.would.push(rule);
        } else {
            self.refusals.push((step, rule));
        }
    }

    /// `said` are the terms of the rule, its body and the top level, in this order.
    pub(super) fn ask(&mut self, shadow: bool, rule: String, said: [Option<&Value>; 3]) {
        if shadow {
            self.would.push(rule);
            return;
        }
        let first = |key: &str| said.iter().flatten().find_map(|terms| terms.get(key));
        let names = |key: &str| {
            let names = first(key)?.as_array()?.iter();
            Some(names.map(|name| name.as_str().unwrap().to_owned()).collect::<Vec<_>>())
        };
        let number = |key: &str, usual: u64| first(key).map_or(usual, |number| number.as_u64().unwrap());
        self.asks.push(rule);
        self.terms.push(Terms {
            ways: names("modes").unwrap_or_else(|| ["url", "form", "console"].map(str::to_owned).into()),
            approvers: names("approvers").unwrap_or_default(),
            ttl: number("ttl", 600),
            self_approval: first("self_approval") != Some(&json!(false)),
            max_pending: number("max_pending", 5),
            dedupe_window: number("dedupe_window", 600),
        });
    }

    /// What all rules that ask agree to; nothing where that leaves no person, or no way to ask.
    pub(super) fn joined_terms(&self) -> Option<Terms> {
        let mut joined = self.terms.first()?.clone();
        for terms in &self.terms {
            joined.ways.retain(|way| terms.ways.contains(way));
            if joined.approvers.is_empty() {
                joined.approvers.clone_from(&terms.approvers);
            } else if !terms.approvers.is_empty() {
                joined.approvers.retain(|name| terms.approvers.contains(name));
                if joined.approvers.is_empty() {
                    return None;
                }
            }
            joined.ttl = joined.ttl.min(terms.ttl);
            joined.self_approval &= terms.self_approval;
            joined.max_pending = joined.max_pending.min(terms.max_pending);
            joined.dedupe_window = joined.dedupe_window.max(terms.dedupe_window);
        }
        (!joined.ways.is_empty()).then_some(joined)
    }

    pub(super) fn limits(
        &mut self,
        about: &About<'_>,
        limits: Vec<(String, Value)>,
        effects: &[&Value],
        effect: Option<&Value>,
    ) {
        let About { bodies, at, call, .. } = about;
        let plain = facts(bodies, at, call, effect);
        let views: Vec<Value> = effects.iter().map(|effect| facts(bodies, at, call, Some(effect))).collect();
        for (pointer, limit) in limits {
            let limit = &limit;
            let shadow = about.shadow || in_shadow(limit);
            let amount = weigh::weight(bodies, at, limit, &views, effects, &plain);
            match amount.filter(|amount| weigh::fits(limit, *amount)) {
                None => self.refuse(shadow, 8, pointer),
                Some(_) if !about.counts => {}
                Some(amount) => {
                    let scope = weigh::scope(bodies, at, limit, call, connection(call, effect));
                    let charges = if shadow { &mut self.shadow_charges } else { &mut self.charges };
                    *charges.entry((pointer.clone(), scope.clone())).or_default() += amount;
                    if !weigh::fits(limit, charges[&(pointer.clone(), scope)]) {
                        self.refuse(shadow, 8, pointer);
                    }
                }
            }
        }
    }
}

/// A rule and what holds for all of it.
#[derive(Debug)]
pub(super) struct About<'a> {
    pub(super) bodies: &'a Bodies<'a>,
    /// The place of the rule's body.
    pub(super) at: &'a str,
    pub(super) call: &'a Value,
    pub(super) shadow: bool,
    /// Is this call charged?
    pub(super) counts: bool,
}

struct Body<'a> {
    at: &'a str,
    body: &'a Value,
    bodies: &'a Bodies<'a>,
    call: &'a Value,
    verdict: &'a mut Verdict,
}

impl<'a> Body<'a> {
    fn judge(&mut self) {
        let tool = text(self.call, "tool");
        self.standing(tool);
        for (at, rule) in self.tool_rules(tool) {
            self.action(&at, rule);
            self.tool_rule(&at, rule);
        }
        self.deeds(tool);
        if self.body.get("connections").is_some() {
            let call = self.call;
            effects(call).for_each(|effect| self.connection(effect));
        }
    }

    fn in_shadow(&self) -> bool {
        in_shadow(self.body) || in_shadow(self.bodies.1)
    }

    fn refuse(&mut self, step: u8, rule: String) {
        let shadow = self.in_shadow();
        self.verdict.refuse(shadow, step, rule);
    }

    fn about(&self, rule: &Value) -> About<'a> {
        About {
            bodies: self.bodies,
            at: self.at,
            call: self.call,
            shadow: self.in_shadow() || in_shadow(rule),
            counts: self.call["dry_run"] != true || text(rule, "dry_run") == "counted",
        }
    }

    /// Hidden, another tool than the pinned one, or not listed where the default denies.
    fn standing(&mut self, tool: &str) {
        for (index, pattern) in list(self.body, "hide").iter().enumerate() {
            if glob(pattern.as_str().unwrap(), tool) {
                self.refuse(2, format!("{}/hide/{index}", self.at));
            }
        }
        let pin = super::random::pin(tool);
        if entries(self.body, "pins").any(|(name, digest)| name == tool && *digest != json!(pin)) {
            self.refuse(2, format!("{}/pins/{tool}", self.at));
        }
        let class = text(self.call, "tool_class");
        let listed = entries(self.body, "tools").any(|(name, _)| name != "*" && glob(name, tool))
            || entries(self.body, "classes").any(|(name, _)| name == class);
        if self.body.get("default") == Some(&json!("deny")) && !listed {
            self.refuse(2, format!("{}/default", self.at));
        }
    }

    /// Every rule for this tool, wherever it stands.
    fn tool_rules(&self, tool: &str) -> Vec<(String, &'a Value)> {
        let class = text(self.call, "tool_class");
        let all = self.body.get("all_tools").map(|rule| (format!("{}/all_tools", self.at), rule));
        let classes = entries(self.body, "classes")
            .filter(|(name, _)| *name == class)
            .map(|(name, rule)| (format!("{}/classes/{name}", self.at), rule));
        let tools = entries(self.body, "tools")
            .filter(|(name, _)| glob(name, tool))
            .map(|(name, rule)| (format!("{}/tools/{name}", self.at), rule));
        all.into_iter().chain(classes).chain(tools).collect()
    }

    fn said(&self, rule: &'a Value) -> [Option<&'a Value>; 3] {
        [rule.get("approval"), self.body.get("approvals"), self.bodies.1.get("approvals")]
    }

    fn action(&mut self, at: &str, rule: &'a Value) {
        let (shadow, said) = (self.about(rule).shadow, self.said(rule));
        match rule.get("action").and_then(Value::as_str) {
            Some("deny") => self.verdict.refuse(shadow, 3, at.to_owned()),
            Some("require_approval") => self.verdict.ask(shadow, at.to_owned(), said),
            _ => {}
        }
    }

    fn tool_rule(&mut self, at: &str, rule: &'a Value) {
        let about = self.about(rule);
        let said = self.said(rule);
        let plain = facts(self.bodies, self.at, self.call, None);
        let views: Vec<Value> =
            mains(self.call).map(|effect| facts(self.bodies, self.at, self.call, Some(effect))).collect();
        // What looks at the normal form looks at each main effect by itself.
        let each = |item: &Value| -> Vec<&Value> {
            if reads_odoo(item) && !views.is_empty() { views.iter().collect() } else { vec![&plain] }
        };
        for (key, section) in SECTIONS {
            for (index, item) in list(rule, key).iter().enumerate() {
                let shadow = about.shadow || in_shadow(item);
                for _ in each(item).into_iter().filter(|facts| bites(item, section, facts)) {
                    let pointer = format!("{at}/{key}/{index}");
                    match section {
                        Section::ApproveIf => self.verdict.ask(shadow, pointer, said),
                        _ => self.verdict.refuse(shadow, 6, pointer),
                    }
                }
            }
        }
        for (index, older) in list(rule, "rules").iter().enumerate() {
            let pointer = format!("{at}/rules/{index}");
            match text(older, "action") {
                "deny" => self.verdict.refuse(about.shadow, 6, pointer.clone()),
                "require_approval" => self.verdict.ask(about.shadow, pointer.clone(), said),
                _ => {}
            }
            let conditions = list(older, "conditions").iter();
            let fails = |condition: &Value| {
                each(condition).into_iter().any(|facts| bites(condition, Section::Require, facts))
            };
            if conditions.filter(|one| !text(one, "path").starts_with("state.")).any(fails) {
                self.verdict.refuse(about.shadow, 6, pointer);
            }
        }
        if let Some(batch) = rule.get("batch") {
            let sent = self.call["args"].to_string();
            let effects = records(self.call).filter(|effect| text(effect, "part") != "auxiliary");
            let over = effects.flat_map(|effect| weigh::too_large(at, batch, Some(effect), None));
            for rule in over.chain(weigh::too_large(at, batch, None, Some(&sent))).collect::<Vec<_>>() {
                self.verdict.refuse(about.shadow, 7, rule);
            }
        }
        let mains: Vec<&Value> = mains(self.call).collect();
        self.verdict.limits(&about, limits(at, rule), &mains, None);
    }

    /// What `odoo_create`, `odoo_write` and `odoo_unlink` may not do, no other tool may do either.
    fn deeds(&mut self, tool: &str) {
        for (op, deed) in [("create", "odoo_create"), ("write", "odoo_write"), ("unlink", "odoo_unlink")] {
            let done = records(self.call)
                .filter(|effect| text(effect, "op") == op && text(effect, "part") != "auxiliary");
            let done: Vec<&Value> = done.collect();
            if done.is_empty() || deed == tool {
                continue;
            }
            for (index, pattern) in list(self.body, "hide").iter().enumerate() {
                if glob(pattern.as_str().unwrap(), deed) {
                    self.refuse(3, format!("{}/hide/{index}", self.at));
                }
            }
            let Some(rule) = self.body.get("tools").and_then(|tools| tools.get(deed)) else { continue };
            let at = format!("{}/tools/{deed}", self.at);
            self.action(&at, rule);
            let about = self.about(rule);
            self.verdict.limits(&about, limits(&at, rule), &done, None);
        }
    }

    fn connection(&mut self, effect: &Value) {
        let alias = text(effect, "connection");
        let matching: Vec<(&str, &Value)> =
            entries(self.body, "connections").filter(|(name, _)| glob(name, alias)).collect();
        if matching.is_empty() {
            self.refuse(4, format!("{}/connections", self.at));
        }
        for (name, rule) in matching {
            let at = format!("{}/connections/{name}", self.at);
            self.mode(&at, rule, effect);
            if let Some(companies) = rule.get("companies").filter(|_| effect.get("model").is_some())
                && !within_companies(companies.as_array().unwrap(), effect)
            {
                self.refuse(4, format!("{at}/companies"));
            }
            let named = text(rule, "environment");
            let mut declared = self.bodies.declared(self.at, "environments").into_iter().rev();
            let Some((_, rule)) = declared.find(|(name, _)| *name == named) else { continue };
            let own = self.body.get("environments").is_some_and(|own| own.get(named).is_some());
            let at = format!("{}/environments/{named}", if own { self.at } else { "" });
            self.mode(&at, rule, effect);
            let mut windows = self.bodies.declared(self.at, "time_windows").into_iter().rev();
            let window = windows.find(|(name, _)| *name == text(rule, "time"));
            if window.is_some_and(|(_, window)| !is_within(window, self.call)) {
                self.refuse(4, format!("{at}/time"));
            }
            for (index, op) in list(rule, "approve").iter().enumerate() {
                if *op == effect["op"] && effect.get("model").is_some() {
                    let said = [None, self.body.get("approvals"), self.bodies.1.get("approvals")];
                    let shadow = self.in_shadow();
                    self.verdict.ask(shadow, format!("{at}/approve/{index}"), said);
                }
            }
        }
    }

    fn mode(&mut self, at: &str, rule: &Value, effect: &Value) {
        let does = if effect.get("model").is_some() { text(effect, "op") } else { text(effect, "change") };
        let stopped = match text(rule, "mode") {
            "off" => true,
            "read_only" => !matches!(does, "read" | "inspect"),
            "no_delete" => does == "unlink",
            _ => false,
        };
        if stopped {
            self.refuse(4, format!("{at}/mode"));
        }
    }
}

pub(super) const SECTIONS: [(&str, Section); 3] =
    [("require", Section::Require), ("deny_if", Section::DenyIf), ("approve_if", Section::ApproveIf)];

/// All limits of a rule with their places; caps of the older language are limits as well.
pub(super) fn limits(at: &str, rule: &Value) -> Vec<(String, Value)> {
    let limits = list(rule, "limits").iter().enumerate();
    let limits = limits.map(|(index, limit)| (format!("{at}/limits/{index}"), limit.clone()));
    let rate_limit = rule.get("rate_limit").map(|limit| (format!("{at}/rate_limit"), limit.clone()));
    let older = list(rule, "rules").iter().enumerate().filter_map(|(index, older)| {
        Some((format!("{at}/rules/{index}/rate_limit"), older.get("rate_limit")?.clone()))
    });
    let caps = list(rule, "rules").iter().enumerate().filter_map(|(index, older)| {
        let mut limit = older.get("state")?.clone();
        let mut conditions = list(older, "conditions").iter();
        let cap = conditions.find(|condition| text(condition, "path").starts_with("state."))?;
        limit["max"] = cap["value"].clone();
        limit["below"] = json!(cap["op"] == "lt");
        Some((format!("{at}/rules/{index}"), limit))
    });
    limits.chain(rate_limit).chain(older).chain(caps).collect()
}

/// The call says in which companies it works, and writes no other.
fn within_companies(companies: &[Value], effect: &Value) -> bool {
    let named = match effect["context"].get("allowed_company_ids") {
        None => text(effect, "part") != "main",
        Some(Value::Array(ids)) => !ids.is_empty() && ids.iter().all(|id| companies.contains(id)),
        Some(_) => false,
    };
    let mut written = list(effect, "values").iter().filter_map(|values| values.get("company_id"));
    named && written.all(|id| companies.contains(id))
}
