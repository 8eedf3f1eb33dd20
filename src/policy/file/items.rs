//! Reading items: conditions and their joinings.

use serde_json::Value;

use super::{
    document::{Condition, Item, Mode, OnMissing, Op, Root, Test},
    keys, operators, path,
    reader::{Object, Reader, rule_id},
};

/// How deep items may stand in items.
const DEPTH_MAX: usize = 8;

impl<'a> Reader<'a> {
    /// The items of `require`, `deny_if` or `approve_if`.
    pub(super) fn items(&mut self, object: &Object<'a>, key: &str) -> Vec<Item> {
        let items = object.list(key);
        items.filter_map(|(at, value)| self.item(&at, value, 1)).collect()
    }

    fn item(&mut self, at: &str, value: &'a Value, depth: usize) -> Option<Item> {
        if depth > DEPTH_MAX {
            self.refuse(at, format!("items stand in each other more than {DEPTH_MAX} deep"));
            return None;
        }
        if let Value::String(text) = value {
            let path = path::read_fact(text).ok()?;
            let condition = Condition { at: rule_id(at), path, op: Op::Exists, value: Value::Bool(true) };
            return Some(Item {
                at: rule_id(at),
                name: None,
                reason: None,
                on_missing: None,
                mode: Mode::Enforce,
                test: Test::Condition(condition),
            });
        }
        let object = self.object(at, value, &keys::ITEM)?;
        let condition = self.condition(&object);
        let conditions = self.conditions(&object);
        let all = self.joined(&object, "all", depth);
        let any = self.joined(&object, "any", depth);
        let not = object.get("not").and_then(|value| self.item(&object.place("not"), value, depth + 1));
        let (name, reason, mode) = (object.owned("name"), object.reason(), object.mode());
        object.done();
        if depth > 1 && object.has("mode") {
            self.problem(&object.place("mode"), "`mode` belongs to the whole item, not to a part of it");
        }
        for key in ["op", "value"] {
            if !object.has("path") && object.has(key) {
                self.problem(&object.place(key), format!("`{key}` belongs beside a `path`"));
            }
        }
        let test = match (condition, conditions, all, any, not) {
            (Some(condition), ..) => Test::Condition(condition),
            (_, Some(conditions), ..) => Test::All(conditions),
            (_, _, Some(all), ..) => Test::All(all),
            (_, _, _, Some(any), _) => Test::Any(any),
            (.., Some(not)) => Test::Not(Box::new(not)),
            _ => return None,
        };
        Some(Item { at: object.rule(), name, reason, on_missing: on_missing(&object), mode, test })
    }

    fn joined(&mut self, object: &Object<'a>, key: &str, depth: usize) -> Option<Vec<Item>> {
        object.get(key)?;
        let items = object.list(key);
        Some(items.filter_map(|(at, value)| self.item(&at, value, depth + 1)).collect())
    }

    /// PolicyLayer's `conditions`: all of them.
    fn conditions(&mut self, object: &Object<'a>) -> Option<Vec<Item>> {
        object.get("conditions")?;
        let mut items = Vec::new();
        for (at, value) in object.list("conditions") {
            let Some(object) = self.object(&at, value, &keys::CONDITION) else { continue };
            let condition = self.condition(&object);
            let on_missing = on_missing(&object);
            object.done();
            let Some(condition) = condition else { continue };
            items.push(Item {
                at: rule_id(&at),
                name: None,
                reason: None,
                on_missing,
                mode: Mode::Enforce,
                test: Test::Condition(condition),
            });
        }
        Some(items)
    }

    /// Path, operator and value of an item that is a condition.
    pub(super) fn condition(&mut self, object: &Object<'a>) -> Option<Condition> {
        let (text, op, value) =
            (object.text("path"), object.word("op", operators::named), object.get("value"));
        object.get("on_missing");
        if !object.has("path") {
            return None;
        }
        let path = text.and_then(|text| path::read(text).ok());
        let (op, value) = (op?.it, value?);
        self.operand(object, op, value);
        Some(Condition { at: object.rule(), path: path?, op, value: value.clone() })
    }

    /// A condition of the older language, where counters can be read.
    pub(super) fn intercept_condition(&mut self, at: &str, value: &'a Value) -> Option<Condition> {
        let object = self.object(at, value, &keys::INTERCEPT_CONDITION)?;
        let path = object.text("path").and_then(|text| path::read(text).ok());
        let (op, value) = (object.word("op", operators::named), object.get("value"));
        object.done();
        let (path, op, value) = (path?, op?.it, value?);
        if path.root == Root::State && !matches!(op, Op::Lt | Op::Lte) {
            self.problem(&object.place("op"), "a counter is capped with \"lt\" or \"lte\"");
        }
        self.operand(&object, op, value);
        Some(Condition { at: object.rule(), path, op, value: value.clone() })
    }

    /// A condition on a value that is written: its path is the field.
    pub(super) fn value_condition(&mut self, at: &str, field: &str, value: &'a Value) -> Option<Item> {
        let object = self.object(at, value, &keys::VALUE)?;
        let (op, value) = (object.word("op", operators::named), object.get("value"));
        let (name, reason, mode) = (object.owned("name"), object.reason(), object.mode());
        let on_missing = on_missing(&object);
        object.done();
        let (op, value) = (op?.it, value?);
        self.operand(&object, op, value);
        let condition =
            Condition { at: object.rule(), path: path::of_value(field), op, value: value.clone() };
        Some(Item { at: object.rule(), name, reason, on_missing, mode, test: Test::Condition(condition) })
    }

    fn operand(&mut self, object: &Object<'_>, op: Op, value: &Value) {
        if let Err(message) = operators::check(op, value) {
            self.problem(&object.place("value"), message);
        }
        if matches!(op, Op::Regex | Op::NotRegex)
            && value.as_str().is_some_and(|text| !operators::is_anchored(text))
        {
            let message = "the regular expression is searched for anywhere in the text; begin it with `^` and end it with `$` if all of it is meant";
            self.warn(&object.place("value"), message);
        }
    }
}

fn on_missing(object: &Object<'_>) -> Option<OnMissing> {
    match object.text("on_missing") {
        Some("deny") => Some(OnMissing::Deny),
        Some("pass") => Some(OnMissing::Pass),
        _ => None,
    }
}
