//! The order of evaluation, written straight over the JSON of the file: every refusal of a call, every
//! rule that asks, every charge. Nothing is compiled, cached or cut short.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::truth::{Section, Truth, asks_for_values_alone, bites, glob, holds_for_value, scaled};

/// Everything the contract says about one call.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// Step of the order of evaluation, and the rule.
    pub(super) refusals: Vec<(u8, String)>,
    pub(super) asks: Vec<String>,
    /// Rules that would ask Odoo whether records are within a domain.
    pub(super) questions: Vec<String>,
    /// Rule to amount, in millionths.
    pub(super) charges: BTreeMap<String, i128>,
}

/// Models whose records are code or rights: only read, unless named exactly.
const CODE_MODELS: &[&str] = &[
    "ir.actions.server",
    "ir.cron",
    "base.automation",
    "ir.model",
    "ir.model.access",
    "ir.rule",
    "ir.ui.view",
    "ir.module.module",
    "res.users",
    "res.groups",
];
/// Models that hold secrets: not even read.
const SECRET_MODELS: &[&str] = &["ir.config_parameter", "ir.mail_server", "res.users.apikeys"];

pub(super) fn decide(policy: &Value, call: &Value) -> Verdict {
    let mut verdict = Verdict::default();
    let mut bodies = Vec::new();
    match policy.get("grants") {
        None => bodies.push((String::new(), policy)),
        Some(grants) => {
            let name = call["grant"].as_str().unwrap();
            let Some(body) = grants.get(name) else {
                verdict.refusals.push((1, "/grants".to_owned()));
                return verdict;
            };
            if body.get("inherit") != Some(&json!(false)) {
                bodies.push((String::new(), policy));
            }
            bodies.push((format!("/grants/{name}"), body));
        }
    }
    let opened = |model: &str| {
        bodies.iter().any(|(_, body)| body.get("models").is_some_and(|models| models.get(model).is_some()))
    };
    for effect in effects(call) {
        built_in(effect, opened(text(effect, "model")), &mut verdict);
    }
    for (at, body) in &bodies {
        Body { at, body, policy, call, verdict: &mut verdict }.judge();
    }
    verdict
}

fn built_in(effect: &Value, opened: bool, verdict: &mut Verdict) {
    let (model, read) = (text(effect, "model"), text(effect, "op") == "read");
    let closed = SECRET_MODELS.contains(&model) || (CODE_MODELS.contains(&model) && !read);
    if closed && !opened {
        verdict.refusals.push((5, String::new()));
    }
}

struct Body<'a> {
    at: &'a str,
    body: &'a Value,
    policy: &'a Value,
    call: &'a Value,
    verdict: &'a mut Verdict,
}

impl Body<'_> {
    fn judge(&mut self) {
        let tool = text(self.call, "tool").to_owned();
        self.standing(&tool);
        for (at, rule) in self.tool_rules(&tool) {
            self.tool_rule(&at, &rule);
        }
        self.deeds(&tool);
        self.connections();
        let effects: Vec<Value> = effects(self.call).cloned().collect();
        for effect in &effects {
            self.models(effect);
        }
    }

    fn refuse(&mut self, step: u8, rule: String) {
        self.verdict.refusals.push((step, rule));
    }

    /// Hidden, or not listed where the default denies.
    fn standing(&mut self, tool: &str) {
        for (index, pattern) in list(self.body, "hide").iter().enumerate() {
            if glob(pattern.as_str().unwrap(), tool) {
                self.refuse(2, format!("{}/hide/{index}", self.at));
            }
        }
        let class = text(self.call, "tool_class");
        let listed = entries(self.body, "tools").any(|(name, _)| name != "*" && glob(name, tool))
            || entries(self.body, "classes").any(|(name, _)| name == class);
        if self.body.get("default") == Some(&json!("deny")) && !listed {
            self.refuse(2, format!("{}/default", self.at));
        }
    }

    /// Every rule for this tool, wherever it stands.
    fn tool_rules(&self, tool: &str) -> Vec<(String, Value)> {
        let class = text(self.call, "tool_class");
        let all = self.body.get("all_tools").map(|rule| (format!("{}/all_tools", self.at), rule.clone()));
        let classes = entries(self.body, "classes")
            .filter(|(name, _)| *name == class)
            .map(|(name, rule)| (format!("{}/classes/{name}", self.at), rule.clone()));
        let tools = entries(self.body, "tools")
            .filter(|(name, _)| glob(name, tool))
            .map(|(name, rule)| (format!("{}/tools/{name}", self.at), rule.clone()));
        all.into_iter().chain(classes).chain(tools).collect()
    }

    fn tool_rule(&mut self, at: &str, rule: &Value) {
        if in_shadow(rule) {
            return;
        }
        match rule.get("action").and_then(Value::as_str) {
            Some("deny") => self.refuse(3, at.to_owned()),
            Some("require_approval") => self.verdict.asks.push(at.to_owned()),
            _ => {}
        }
        let main = effects(self.call).find(|effect| text(effect, "part") == "main").cloned();
        let facts = facts(self.policy, self.body, self.call, main.as_ref());
        self.items(at, rule, &facts, false);
        for (index, intercept) in list(rule, "rules").iter().enumerate() {
            let mut missed = false;
            for condition in list(intercept, "conditions") {
                missed |= bites(condition, Section::Require, &facts);
            }
            if missed {
                self.refuse(6, format!("{at}/rules/{index}"));
            }
        }
        for effect in effects(self.call).filter(|effect| text(effect, "part") != "auxiliary") {
            self.verdict.refusals.extend(too_large(at, rule, effect));
        }
        self.limits(at, rule, &facts);
    }

    fn items(&mut self, at: &str, rule: &Value, facts: &Value, reading: bool) {
        for (key, section) in
            [("require", Section::Require), ("deny_if", Section::DenyIf), ("approve_if", Section::ApproveIf)]
        {
            for (index, item) in list(rule, key).iter().enumerate() {
                let silent = reading && asks_for_values_alone(item, section, facts);
                if in_shadow(item) || silent || !bites(item, section, facts) {
                    continue;
                }
                let pointer = format!("{at}/{key}/{index}");
                match section {
                    Section::ApproveIf => self.verdict.asks.push(pointer),
                    Section::Require | Section::DenyIf => self.refuse(6, pointer),
                }
            }
        }
    }

    fn limits(&mut self, at: &str, rule: &Value, facts: &Value) {
        let rate_limit = rule.get("rate_limit").map(|limit| (format!("{at}/rate_limit"), limit));
        let limits = list(rule, "limits").iter().enumerate();
        let limits = limits.map(|(index, limit)| (format!("{at}/limits/{index}"), limit));
        for (pointer, limit) in limits.chain(rate_limit) {
            if in_shadow(limit) {
                continue;
            }
            let (Some(amount), Some(max)) = (weight(limit, facts), most(limit)) else {
                self.refuse(8, pointer);
                continue;
            };
            if amount < 0 || amount > max {
                self.refuse(8, pointer);
            } else {
                *self.verdict.charges.entry(pointer).or_default() += amount;
            }
        }
    }

    /// What `odoo_create`, `odoo_write` and `odoo_unlink` may not do, no other tool may do either.
    fn deeds(&mut self, tool: &str) {
        for (op, deed) in [("create", "odoo_create"), ("write", "odoo_write"), ("unlink", "odoo_unlink")] {
            let done = effects(self.call).any(|effect| text(effect, "op") == op);
            if !done || deed == tool {
                continue;
            }
            for (index, pattern) in list(self.body, "hide").iter().enumerate() {
                if glob(pattern.as_str().unwrap(), deed) {
                    self.refuse(3, format!("{}/hide/{index}", self.at));
                }
            }
            let rule = self.body.get("tools").and_then(|tools| tools.get(deed)).cloned();
            let Some(rule) = rule.filter(|rule| !in_shadow(rule)) else { continue };
            let at = format!("{}/tools/{deed}", self.at);
            match rule.get("action").and_then(Value::as_str) {
                Some("deny") => self.refuse(3, at.clone()),
                Some("require_approval") => self.verdict.asks.push(at.clone()),
                _ => {}
            }
            // A call is one call; of records, all that the deed is about are counted.
            let mut facts = facts(self.policy, self.body, self.call, None);
            let deeds = effects(self.call)
                .filter(|effect| text(effect, "op") == op && text(effect, "part") != "auxiliary");
            let counts = deeds.map(|effect| list(effect, "ids").len().max(list(effect, "values").len()));
            let counts: Vec<usize> = counts.collect();
            if counts.iter().all(|count| *count > 0) {
                facts["odoo"]["count"] = json!(counts.iter().sum::<usize>());
            }
            self.limits(&at, &rule, &facts);
        }
    }

    fn connections(&mut self) {
        for effect in effects(self.call).cloned().collect::<Vec<_>>() {
            let (alias, op) = (text(&effect, "connection"), text(&effect, "op"));
            let Some(rules) = self.body.get("connections") else { continue };
            let matching: Vec<(&String, &Value)> =
                rules.as_object().unwrap().iter().filter(|(name, _)| glob(name, alias)).collect();
            if matching.is_empty() {
                self.refuse(4, format!("{}/connections", self.at));
            }
            for (name, rule) in matching {
                let mut modes = vec![(format!("{}/connections/{name}", self.at), rule.clone())];
                if let Some(environment) = rule.get("environment").and_then(Value::as_str) {
                    let rule = self.body["environments"][environment].clone();
                    let at = format!("{}/environments/{environment}", self.at);
                    if list(&rule, "approve").iter().any(|asked| asked == op) {
                        self.verdict.asks.push(at.clone());
                    }
                    modes.push((at, rule));
                }
                for (at, rule) in modes {
                    let stopped = match rule.get("mode").and_then(Value::as_str) {
                        Some("off") => true,
                        Some("read_only") => op != "read",
                        Some("no_delete") => op == "unlink",
                        _ => false,
                    };
                    if stopped {
                        self.refuse(4, at);
                    }
                }
            }
        }
    }

    fn models(&mut self, effect: &Value) {
        let Some(models) = self.body.get("models") else { return };
        let model = text(effect, "model");
        let matching: Vec<(&String, &Value)> =
            models.as_object().unwrap().iter().filter(|(name, _)| glob(name, model)).collect();
        if matching.is_empty() {
            self.refuse(5, format!("{}/models", self.at));
        }
        for (name, rule) in matching {
            if !in_shadow(rule) {
                self.model(&format!("{}/models/{name}", self.at), rule, effect);
            }
        }
    }

    fn model(&mut self, at: &str, rule: &Value, effect: &Value) {
        let (op, method) = (text(effect, "op"), text(effect, "method"));
        let ops = rule.get("ops").cloned().unwrap_or(json!(["read"]));
        if !ops.as_array().unwrap().iter().any(|allowed| allowed == op) {
            self.refuse(5, at.to_owned());
        }
        let named = |key: &str| {
            let methods = rule.get("methods").unwrap_or(&Value::Null);
            list(methods, key).iter().any(|pattern| glob(pattern.as_str().unwrap(), method))
        };
        if op == "execute" {
            if named("deny") || !(named("allow") || named("approve")) {
                self.refuse(5, at.to_owned());
            }
            if named("approve") {
                self.verdict.asks.push(format!("{at}/methods/approve"));
            }
        }
        for key in ["read", "filter", "write"] {
            for field in list(effect, key) {
                if !may(rule, field.as_str().unwrap(), key) {
                    self.refuse(5, at.to_owned());
                }
            }
        }
        for (field, condition) in entries(rule, "values") {
            for values in list(effect, "values") {
                let written = values.get(field);
                if written.is_some_and(|value| holds_for_value(condition, value) != Truth::Yes) {
                    self.refuse(5, format!("{at}/values/{field}"));
                }
            }
        }
        for key in effect["context"].as_object().into_iter().flatten().map(|(key, _)| key) {
            let safe = ["lang", "tz", "active_test", "allowed_company_ids", "bin_size", "uid", "company_id"];
            let allowed = list(rule, "context").iter().any(|known| known == key);
            if !safe.contains(&key.as_str()) && !allowed {
                self.refuse(5, at.to_owned());
            }
        }
        if text(effect, "part") != "auxiliary" {
            let facts = facts(self.policy, self.body, self.call, Some(effect));
            self.items(at, rule, &facts, op == "read");
            self.verdict.refusals.extend(too_large(at, rule, effect));
            self.limits(at, rule, &facts);
        }
        self.scope(at, rule, effect);
    }

    /// Record scope. The generator's domains are conditions that all have to hold.
    fn scope(&mut self, at: &str, rule: &Value, effect: &Value) {
        let op = text(effect, "op");
        let (place, domain) = match rule.get("domain") {
            Some(Value::Array(domain)) => (format!("{at}/domain"), domain),
            Some(Value::Object(by_op)) => {
                // What executing does is not known, so it keeps to what may be written; so does mail.
                let key = if matches!(op, "execute" | "mail") { "write" } else { op };
                let Some(Value::Array(domain)) = by_op.get(key) else { return };
                (format!("{at}/domain/{key}"), domain)
            }
            _ => return,
        };
        if domain.is_empty() {
            return;
        }
        let nameless = list(effect, "ids").is_empty();
        let named = list(rule.get("methods").unwrap_or(&Value::Null), "allow");
        let named = named.iter().any(|pattern| glob(pattern.as_str().unwrap(), text(effect, "method")));
        let written = |must_be_there: bool| {
            list(effect, "values").iter().all(|values| {
                domain.iter().all(|leaf| match values.get(leaf[0].as_str().unwrap()) {
                    None => !must_be_there,
                    Some(value) => leaf_holds(leaf, value),
                })
            })
        };
        match op {
            "create" if !written(true) => self.refuse(9, place),
            "write" if !written(false) => self.refuse(9, place),
            "write" | "unlink" if effect.get("ids").is_none() => self.refuse(9, place),
            "execute" | "mail" if nameless && !named => self.refuse(9, place),
            "write" | "unlink" | "execute" | "mail" if !nameless => self.verdict.questions.push(place),
            _ => {}
        }
    }
}

fn leaf_holds(leaf: &Value, value: &Value) -> bool {
    match leaf[1].as_str().unwrap() {
        "=" => value == &leaf[2],
        "in" => leaf[2].as_array().unwrap().contains(value),
        other => panic!("the generator writes no `{other}`"),
    }
}

/// The strictest of all rules for a field holds; without one, the model's default.
fn may(rule: &Value, field: &str, right: &str) -> bool {
    let matching: Vec<&Value> =
        entries(rule, "fields").filter(|(name, _)| glob(name, field)).map(|(_, rule)| rule).collect();
    if matching.is_empty() {
        return rule.get("fields_default") != Some(&json!("deny"));
    }
    matching.iter().all(|rule| {
        let hidden = !matches!(rule.get("read").and_then(Value::as_str), None | Some("allow"));
        rule.get(right) != Some(&json!("deny")) && !(right == "filter" && hidden)
    })
}

fn too_large(at: &str, rule: &Value, effect: &Value) -> Vec<(u8, String)> {
    let Some(batch) = rule.get("batch") else { return Vec::new() };
    let size = |key: &str| match key {
        "rows" => effect.get("row_bound").and_then(Value::as_u64).unwrap_or_default(),
        key => list(effect, key).len() as u64,
    };
    let over = ["ids", "values", "rows"]
        .into_iter()
        .filter(|key| batch.get(key).and_then(Value::as_u64).is_some_and(|most| size(key) > most));
    over.map(|key| (7, format!("{at}/batch/{key}"))).collect()
}

fn most(limit: &Value) -> Option<i128> {
    match limit {
        Value::String(rate) => scaled(rate.split('/').next()?),
        limit => match &limit["max"] {
            Value::String(text) => scaled(text),
            number => scaled(&number.to_string()),
        },
    }
}

/// What a call weighs, in millionths; nothing where that cannot be said exactly.
fn weight(limit: &Value, facts: &Value) -> Option<i128> {
    match limit.get("increment_from").and_then(Value::as_str) {
        None => scaled(&limit.get("increment").unwrap_or(&json!(1)).to_string()),
        Some("odoo.count") => scaled(&facts["odoo"].get("count")?.to_string()),
        Some(path) => {
            let found = path.split('.').try_fold(facts, |here, key| here.get(key))?;
            scaled(&found.as_number()?.to_string())
        }
    }
}

/// The document that paths look into.
fn facts(policy: &Value, body: &Value, call: &Value, effect: Option<&Value>) -> Value {
    let mut odoo = json!({});
    if let Some(effect) = effect {
        for (name, key) in
            [("model", "model"), ("op", "op"), ("method", "method"), ("ids", "ids"), ("fields", "read")]
        {
            if let Some(value) = effect.get(key) {
                odoo[name] = value.clone();
            }
        }
        let values = list(effect, "values");
        match values {
            [] => {}
            [one] => odoo["values"] = one.clone(),
            several => odoo["values"] = json!(several),
        }
        let count = list(effect, "ids").len().max(values.len());
        if count > 0 {
            odoo["count"] = json!(count);
        }
    }
    let mut time = json!({});
    for (name, window) in entries(body, "time_windows").chain(entries(policy, "time_windows")) {
        let minute = call["minute"].as_u64().unwrap();
        let of = |key: &str| {
            let (hours, minutes) = window[key].as_str().unwrap().split_once(':').unwrap();
            hours.parse::<u64>().unwrap() * 60 + minutes.parse::<u64>().unwrap()
        };
        time[name] = json!((of("from")..of("to")).contains(&minute));
    }
    json!({
        "args": call["args"],
        "odoo": odoo,
        "ctx": {
            "user": call["user"], "grant": call["grant"], "client": call["client"], "class": call["tool_class"],
            "connection": call["effects"][0]["connection"], "dry_run": false, "time": time,
        },
    })
}

fn in_shadow(rule: &Value) -> bool {
    rule.get("mode") == Some(&json!("shadow"))
}

fn effects(call: &Value) -> impl Iterator<Item = &Value> {
    call["effects"].as_array().unwrap().iter()
}

pub(super) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn entries<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = (&'a str, &'a Value)> {
    value.get(key).and_then(Value::as_object).into_iter().flatten().map(|(name, rule)| (name.as_str(), rule))
}
