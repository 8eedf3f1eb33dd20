//! What the rules for models say of a call: operations, methods, fields, values, contexts, records.

use serde_json::{Value, json};

use super::{
    decide::{About, Bodies, SECTIONS, Verdict, limits},
    look::{entries, facts, in_shadow, list, records, text},
    scope,
    truth::{Section, Truth, bites, glob, holds_for_value, is_silent},
    weigh,
};

/// Models whose records are code or rights: only read, unless named exactly.
const CODE_MODELS: &[&str] = &[
    "ir.actions.server",
    "ir.cron",
    "base.automation",
    "ir.rule",
    "ir.ui.view",
    "ir.module.module",
    "res.users",
    "res.groups",
];
/// Models that hold secrets: not even read.
const SECRET_MODELS: &[&str] = &["ir.config_parameter", "ir.mail_server", "res.users.apikeys"];
/// Old and new values of fields, whatever rights those have.
const TRACKED: &str = "mail.tracking.value";
const WRITTEN_ABOUT: [&str; 3] = ["mail.message", "mail.mail", "ir.attachment"];
const SAFE: [&str; 8] =
    ["lang", "tz", "active_test", "allowed_company_ids", "bin_size", "uid", "company_id", "import_compat"];

pub(super) fn judge(bodies: &Bodies<'_>, call: &Value, verdict: &mut Verdict) {
    for effect in records(call) {
        let model = text(effect, "model");
        built_in(bodies, model, text(effect, "op") == "read", verdict);
        let mut spoken_of = false;
        for (at, body) in &bodies.0 {
            let Some(rules) = section(bodies, at, body, model, verdict) else { continue };
            for (place, rule) in rules {
                let shadow = shadow(bodies, body, rule);
                spoken_of |= !shadow;
                let about = About { bodies, at, call, shadow, counts: call["dry_run"] != true };
                Rule { about: &about, place: &place, rule, body }.judge(effect, verdict);
            }
        }
        if !spoken_of && unknown_default(effect).is_some() {
            verdict.refusals.push((5, String::new()));
        }
        for used in list(effect, "uses") {
            judge_use(bodies, effect, used, verdict);
        }
    }
}

fn shadow(bodies: &Bodies<'_>, body: &Value, rule: &Value) -> bool {
    in_shadow(rule) || in_shadow(body) || in_shadow(bodies.policy())
}

/// The rules of a body for a model; nothing where the body does not speak of models at all.
fn section<'a>(
    bodies: &Bodies<'_>,
    at: &str,
    body: &'a Value,
    model: &str,
    verdict: &mut Verdict,
) -> Option<Vec<(String, &'a Value)>> {
    body.get("models")?;
    let rules: Vec<(String, &Value)> = entries(body, "models")
        .filter(|(name, _)| glob(name, model))
        .map(|(name, rule)| (format!("{at}/models/{name}"), rule))
        .collect();
    if rules.is_empty() {
        verdict.refuse(shadow(bodies, body, &Value::Null), 5, format!("{at}/models"));
    }
    Some(rules)
}

/// Closed whatever the file says, unless a rule that is enforced bears the exact name.
fn built_in(bodies: &Bodies<'_>, model: &str, reads: bool, verdict: &mut Verdict) {
    let code = CODE_MODELS.contains(&model) || model.starts_with("ir.model");
    let hides = |(_, body): &(String, &Value)| {
        entries(body, "models").any(|(_, rule)| !shadow(bodies, body, rule) && hides(rule))
    };
    let closed = SECRET_MODELS.contains(&model)
        || (code && !reads)
        || ((model == TRACKED || (reads && WRITTEN_ABOUT.contains(&model))) && bodies.0.iter().any(hides));
    let opened = bodies.0.iter().any(|(_, body)| {
        body.pointer("/models")
            .and_then(|models| models.get(model))
            .is_some_and(|rule| !shadow(bodies, body, rule))
    });
    if closed && !opened {
        verdict.refusals.push((5, String::new()));
    }
}

fn hides(rule: &Value) -> bool {
    rule.get("fields_default") == Some(&json!("deny"))
        || entries(rule, "fields").any(|(_, field)| !matches!(text(field, "read"), "" | "allow"))
}

/// What is printed of one model may show another.
fn section_hides(body: &Value) -> bool {
    !in_shadow(body) && entries(body, "models").any(|(_, rule)| hides(rule) && !in_shadow(rule))
}

/// A field of another model, or one whose value comes back under another name.
fn judge_use(bodies: &Bodies<'_>, effect: &Value, used: &Value, verdict: &mut Verdict) {
    let (model, field, how) = (text(used, "model"), text(used, "field"), text(used, "how"));
    let own = used["model"] == effect["model"];
    let op = if how == "write" { "write" } else { "read" };
    if !own {
        built_in(bodies, model, op == "read", verdict);
    }
    for (at, body) in &bodies.0 {
        if body.get("models").is_none() {
            continue;
        }
        let mut found = false;
        for (name, rule) in entries(body, "models").filter(|(name, _)| glob(name, model)) {
            found = true;
            let (shadow, place) = (shadow(bodies, body, rule), format!("{at}/models/{name}"));
            let rights = Rights::of(rule, field);
            let allowed = match how {
                "read" if own && left_out(effect, &used["field"]) => true,
                "read" if own => rights.read != "deny",
                "read" | "read_through" => rights.read == "allow",
                "filter" => rights.filter,
                _ => rights.write,
            };
            if !allowed {
                verdict.refuse(shadow, 5, place.clone());
            }
            if own && how != "read_through" {
                continue;
            }
            if !own && !allows(rule, op) {
                verdict.refuse(shadow, 5, place.clone());
            }
            let confined = match how {
                "read_through" => scope::domain(&place, rule, "read"),
                "write" => scope::domain(&place, rule, "write"),
                _ => None,
            };
            if let Some((domain, _)) = confined {
                verdict.refuse(shadow, 9, domain);
            }
            if how == "write" && scope::has_value_condition(rule, field) {
                verdict.refuse(shadow, 5, format!("{place}/values/{field}"));
            }
        }
        if !found && !own {
            verdict.refuse(shadow(bodies, body, &Value::Null), 5, format!("{at}/models"));
        }
    }
}

fn allows(rule: &Value, op: &str) -> bool {
    let ops = rule.get("ops").cloned().unwrap_or(json!(["read"]));
    ops.as_array().unwrap().iter().any(|allowed| allowed == op)
}

/// `default_` keys of the context that name no field which the call writes.
fn unknown_default(effect: &Value) -> Option<String> {
    if text(effect, "part") != "main" || !matches!(text(effect, "op"), "create" | "execute" | "mail") {
        return None;
    }
    let mut keys = effect["context"].as_object()?.keys();
    keys.find(|key| {
        let field = key.strip_prefix("default_");
        field.is_some_and(|field| !list(effect, "write").iter().any(|written| written == field))
    })
    .cloned()
}

/// Where all fields are read, those that may not be seen are left out of the answer; so is the name
/// that a tool shows beside a change.
fn left_out(effect: &Value, field: &Value) -> bool {
    effect["every"] == true || (text(effect, "part") == "auxiliary" && field == "display_name")
}

struct Rule<'a> {
    about: &'a About<'a>,
    place: &'a str,
    rule: &'a Value,
    body: &'a Value,
}

impl Rule<'_> {
    fn judge(&self, effect: &Value, verdict: &mut Verdict) {
        let (at, rule, shadow) = (self.place, self.rule, self.about.shadow);
        let refuse = |verdict: &mut Verdict, step, rule| verdict.refuse(shadow, step, rule);
        if !allows(rule, text(effect, "op")) {
            refuse(verdict, 5, at.to_owned());
        }
        self.method(effect, verdict);
        self.fields(effect, verdict);
        let printed = hides(rule) || section_hides(self.body);
        if text(effect, "op") == "report" && printed && text(rule, "report") != "allow" {
            refuse(verdict, 5, at.to_owned());
        }
        for (field, condition) in entries(rule, "values") {
            for value in list(effect, "values").iter().filter_map(|values| values.get(field)) {
                if holds_for_value(condition, value) != Truth::Yes {
                    verdict.refuse(shadow || in_shadow(condition), 5, format!("{at}/values/{field}"));
                }
            }
        }
        let allowed = |key: &str| list(rule, "context").iter().any(|known| known == key);
        for key in effect["context"].as_object().into_iter().flatten().map(|(key, _)| key) {
            let known = SAFE.contains(&key.as_str()) || key.starts_with("default_");
            if !known && !allowed(key) {
                refuse(verdict, 5, at.to_owned());
            }
        }
        if unknown_default(effect).is_some_and(|key| !allowed(&key)) {
            refuse(verdict, 5, at.to_owned());
        }
        self.scope(effect, verdict);
        if text(effect, "part") != "auxiliary" {
            self.amounts(effect, verdict);
        }
    }

    fn approvals(&self) -> [Option<&Value>; 3] {
        [None, self.body.get("approvals"), self.about.bodies.policy().get("approvals")]
    }

    fn method(&self, effect: &Value, verdict: &mut Verdict) {
        let (method, shadow) = (text(effect, "method"), self.about.shadow);
        let methods = self.rule.get("methods").unwrap_or(&Value::Null);
        let executes = text(effect, "op") == "execute";
        // A star alone stands for the methods that are no operation of their own.
        let fits = |name: &Value| glob(name.as_str().unwrap(), method) && (executes || name != "*");
        let named = |key: &str| list(methods, key).iter().any(fits);
        let unnamed = executes && !named("allow") && !named("approve");
        if named("deny") || unnamed {
            verdict.refuse(shadow, 5, self.place.to_owned());
        }
        if named("approve") {
            verdict.ask(shadow, format!("{}/methods/approve", self.place), self.approvals());
        }
    }

    fn fields(&self, effect: &Value, verdict: &mut Verdict) {
        let mut refuse = |allowed: bool| {
            if !allowed {
                verdict.refuse(self.about.shadow, 5, self.place.to_owned());
            }
        };
        let rights =
            |field: &Value| Rights::of(self.rule, field.as_str().unwrap().split('.').next().unwrap());
        for field in list(effect, "read").iter().filter(|field| !left_out(effect, field)) {
            refuse(rights(field).read != "deny");
        }
        list(effect, "filter").iter().for_each(|field| refuse(rights(field).filter));
        list(effect, "write").iter().for_each(|field| refuse(rights(field).write));
    }

    fn amounts(&self, effect: &Value, verdict: &mut Verdict) {
        let (at, rule, shadow) = (self.place, self.rule, self.about.shadow);
        let facts = facts(self.about.bodies, self.about.at, self.about.call, Some(effect));
        // Reading sends no values, so what is asked of values is not asked of it.
        let reads = text(effect, "op") == "read";
        for (key, section) in SECTIONS {
            for (index, item) in list(rule, key).iter().enumerate() {
                if reads && is_silent(item, section, &facts) {
                    continue;
                }
                let (shadow, pointer) = (shadow || in_shadow(item), format!("{at}/{key}/{index}"));
                match (bites(item, section, &facts), section) {
                    (false, _) => {}
                    (true, Section::ApproveIf) => verdict.ask(shadow, pointer, self.approvals()),
                    (true, _) => verdict.refuse(shadow, 6, pointer),
                }
            }
        }
        if let Some(batch) = rule.get("batch") {
            let sent = json!(list(effect, "values")).to_string();
            for over in weigh::too_large(at, batch, Some(effect), Some(&sent)) {
                verdict.refuse(shadow, 7, over);
            }
        }
        let mut limits = limits(at, rule);
        limits.retain(|(_, limit)| !(reads && text(limit, "increment_from").starts_with("odoo.values")));
        verdict.limits(self.about, limits, &[effect], Some(effect));
    }

    fn scope(&self, effect: &Value, verdict: &mut Verdict) {
        let (op, shadow) = (text(effect, "op"), self.about.shadow);
        let ids = !list(effect, "ids").is_empty();
        if let Some((place, domain)) = scope::domain(self.place, self.rule, op) {
            let methods = self.rule.get("methods").unwrap_or(&Value::Null);
            let mut allowed = list(methods, "allow").iter();
            let allowed = allowed.any(|name| glob(name.as_str().unwrap(), text(effect, "method")));
            let unproven = match op {
                "create" => !scope::proves(domain, list(effect, "values")),
                "write" => !scope::keeps(domain, effect) || effect.get("ids").is_none(),
                "unlink" => effect.get("ids").is_none(),
                "execute" | "mail" | "report" => !ids && !allowed,
                _ => false,
            };
            if unproven {
                verdict.refuse(shadow, 9, place.clone());
            }
            let asks = ids && op != "create" && !(op == "read" && scope::is_narrowed(effect));
            if asks && !shadow {
                verdict.questions.push(place);
            }
        }
        // A copy reads the record it is made from.
        if op == "create"
            && ids
            && !shadow
            && let Some((place, _)) = scope::domain(self.place, self.rule, "read")
        {
            verdict.questions.push(place);
        }
    }
}

/// Does an enforced rule keep a field of the effect's model from being seen plainly?
pub(super) fn is_hidden(policy: &Value, call: &Value, effect: &Value, field: &str) -> bool {
    let Some(bodies) = Bodies::of(policy, text(call, "grant")) else { return false };
    bodies.0.iter().any(|(_, body)| {
        let mut rules = entries(body, "models").filter(|(name, _)| glob(name, text(effect, "model")));
        rules.any(|(_, rule)| !shadow(&bodies, body, rule) && Rights::of(rule, field).read != "allow")
    })
}

/// What one rule allows of a field.
#[derive(Debug)]
struct Rights<'a> {
    read: &'a str,
    write: bool,
    filter: bool,
}

const STRICTNESS: [&str; 5] = ["allow", "hash", "last4", "mask", "deny"];

impl<'a> Rights<'a> {
    fn of(rule: &'a Value, field: &str) -> Self {
        // What stands for a record is as closed as what it is made of.
        let names: &[&str] =
            if field == "display_name" { &["display_name", "name", "complete_name"] } else { &[field] };
        let named: Vec<Self> = names.iter().filter_map(|name| Self::named(rule, name)).collect();
        let strictest = named.into_iter().reduce(|one, other| Self {
            read: stricter(one.read, other.read),
            write: one.write && other.write,
            filter: one.filter && other.filter,
        });
        strictest.unwrap_or_else(|| Self::by_default(rule, field))
    }

    fn by_default(rule: &Value, field: &str) -> Self {
        let open = field == "id" || rule.get("fields_default") != Some(&json!("deny"));
        Self { read: if open { "allow" } else { "deny" }, write: open, filter: open }
    }

    /// The strictest of all entries for the field holds. A right that no entry mentions is the model's
    /// default, unless an entry allows everything.
    fn named(rule: &'a Value, field: &str) -> Option<Self> {
        let matching: Vec<&Value> = entries(rule, "fields")
            .filter(|(name, _)| glob(name, field) && (field != "id" || *name == field))
            .map(|(_, rule)| rule)
            .collect();
        let rights = ["read", "write", "filter"];
        if matching.is_empty() {
            return None;
        }
        let free = matching.iter().any(|entry| rights.iter().all(|right| entry.get(right).is_none()));
        let default = if free {
            Self { read: "allow", write: true, filter: true }
        } else {
            Self::by_default(rule, field)
        };
        let said = |right: &str| -> Vec<&'a str> {
            matching.iter().filter_map(|entry| entry.get(right)?.as_str()).collect()
        };
        let read = said("read").into_iter().reduce(stricter).unwrap_or(default.read);
        let of = |right: &str, default: bool| match &*said(right) {
            [] => default,
            said => said.iter().all(|word| *word == "allow"),
        };
        let (write, filter) = (of("write", default.write), of("filter", default.filter));
        Some(Self { read, write, filter: filter && read == "allow" })
    }
}

fn stricter<'a>(one: &'a str, other: &'a str) -> &'a str {
    let place = |word: &str| STRICTNESS.iter().position(|known| *known == word);
    if place(one) >= place(other) { one } else { other }
}
