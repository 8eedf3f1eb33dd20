//! The question in words: what would happen to which records, before and after, and who asks.
//!
//! Everything that comes from records or from the caller stands between quotes, cut and without
//! characters that are not seen. Values of fields that the caller may not see are not told.

use std::{fmt::Write as _, sync::Arc};

use serde_json::Value;

use super::{
    plain::{quoted_name, quoted_value, visible},
    preview::{AMOUNTS, CURRENCY, Preview, RecordPreview},
};
use crate::{
    facts::{CallFacts, ConnectionChange, Decimal, Effect, JsonObject, Operation, Part, RecordEffect},
    policy::RuleId,
};

/// Effects, records and fields that one question shows; the rest is counted.
const EFFECTS_SHOWN_MAX: usize = 12;
const RECORDS_SHOWN_MAX: usize = 10;
const FIELDS_SHOWN_MAX: usize = 25;
/// Longest list or object among values that is shown.
const NESTED_CHARS_MAX: usize = 300;
/// Longest sentence of the policy that is shown.
const REASON_CHARS_MAX: usize = 400;
/// Longest question; what is cut off is said.
const QUESTION_CHARS_MAX: usize = 6_000;

/// Stands where a value is not told.
const NOT_SHOWN: &str = "(not shown)";
/// Parts of field names whose values nobody needs to read to agree.
const SECRET_NAMES: &[&str] = &["passw", "secret", "token", "api_key", "apikey", "private_key", "otp"];

/// The whole question as plain text. `left` is what the counters would still allow.
pub fn question_text(
    facts: &CallFacts,
    rules: &[RuleId],
    reason: &str,
    preview: &Preview,
    left: &[(Arc<str>, String)],
) -> String {
    let mut out = Lines::default();
    let caller = &facts.caller;
    let who = visible(caller.user.as_str(), 64);
    let grant = visible(caller.grant.as_str(), 64);
    out.line(&format!("May `{}` go ahead for {who} (grant {grant})?", facts.tool.name));
    let shown = facts.effects.iter().enumerate().filter(|(_, effect)| changes(effect));
    let total = shown.clone().count();
    for (index, effect) in shown.take(EFFECTS_SHOWN_MAX) {
        out.line("");
        match effect {
            Effect::Records(records) => one_effect(&mut out, records, index, preview),
            Effect::Connection { connection, change } => {
                out.line(&format!("{} the connection {connection}", verb_of(*change)));
            }
            Effect::AllConnections { change } => {
                out.line(&format!("{} all connections", verb_of(*change)));
            }
            Effect::Memory { area, change, file } => {
                let what = file.as_ref().map_or_else(|| "files".to_owned(), |file| visible(file, 128));
                out.line(&format!("{} {what} in the {} memory", change.as_str(), area.as_str()));
            }
            Effect::Own { connection, change } => {
                let whose = connection.as_ref().map_or_else(String::new, |alias| format!(" {alias}"));
                out.line(&format!("{} {who}'s own connection{whose}", change.as_str()));
            }
        }
    }
    out.more(total, EFFECTS_SHOWN_MAX, "further changes", "");
    if has_further_arguments(facts) {
        out.line("");
        let arguments = Value::Object(without_secrets(&facts.arguments));
        out.line(&format!("Arguments: {}", visible(&arguments.to_string(), NESTED_CHARS_MAX)));
    }
    out.line("");
    for (counter, left) in left {
        out.line(&format!("Left of the limit {}: {left}", visible(counter, 80)));
    }
    let rules: Vec<&str> = rules.iter().map(|rule| &*rule.0).collect();
    out.line(&format!("Asked by the rule {}", rules.join(", ")));
    if !reason.is_empty() {
        out.line(&format!("Reason: {}", visible(reason, REASON_CHARS_MAX)));
    }
    out.finish()
}

/// Lines of a text that does not grow without end.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    fn more(&mut self, total: usize, shown: usize, of_what: &str, indent: &str) {
        if total > shown {
            self.line(&format!("{indent}and {} {of_what} that are not shown", total - shown));
        }
    }

    fn finish(self) -> String {
        let text = self.0.trim_end();
        if text.chars().count() <= QUESTION_CHARS_MAX {
            return text.to_owned();
        }
        let mut cut: String = text.chars().take(QUESTION_CHARS_MAX).collect();
        cut.push_str("…\nThe question is longer than this and was cut here.");
        cut
    }
}

/// Does the effect do something a person should know of? A read does not, unless it is the call.
fn changes(effect: &Effect) -> bool {
    match effect {
        Effect::Records(records) => records.part != Part::Auxiliary,
        Effect::Connection { .. }
        | Effect::AllConnections { .. }
        | Effect::Memory { .. }
        | Effect::Own { .. } => true,
    }
}

fn one_effect(out: &mut Lines, effect: &RecordEffect, index: usize, preview: &Preview) {
    let along = if effect.part == Part::Nested { "along with it: " } else { "" };
    out.line(&format!("{along}{} (connection {})", deed(effect), effect.connection));
    let records: Vec<&RecordPreview> = preview.of_effect(index).collect();
    for record in records.iter().take(RECORDS_SHOWN_MAX) {
        out.line(&format!("  {}", record_line(record)));
        if let (true, [values]) = (record.exists, &*effect.values) {
            let written = values.iter().take(FIELDS_SHOWN_MAX);
            for (field, after) in written {
                let before = record.values.get(field);
                let before = before.map_or_else(|| NOT_SHOWN.to_owned(), |before| told(field, before));
                out.line(&format!("    {}: {before} -> {}", visible(field, 64), told(field, after)));
            }
            out.more(values.len(), FIELDS_SHOWN_MAX, "fields", "    ");
        }
    }
    let named = effect.ids.as_ref().map_or(0, Vec::len);
    out.more(named.max(records.len()), RECORDS_SHOWN_MAX.min(records.len().max(1)), "records", "  ");
    let is_told = effect.values.len() == 1 && records.iter().any(|record| record.exists);
    if !is_told {
        for (number, values) in effect.values.iter().enumerate().take(RECORDS_SHOWN_MAX) {
            if effect.values.len() > 1 {
                out.line(&format!("  {}.", number + 1));
            }
            for (field, value) in values.iter().take(FIELDS_SHOWN_MAX) {
                out.line(&format!("    {}: {}", visible(field, 64), told(field, value)));
            }
            out.more(values.len(), FIELDS_SHOWN_MAX, "fields", "    ");
        }
        out.more(effect.values.len(), RECORDS_SHOWN_MAX, "records", "  ");
    }
    for (field, value) in effect.defaults().take(FIELDS_SHOWN_MAX) {
        out.line(&format!("    {} (by default): {}", visible(field, 64), told(field, value)));
    }
}

fn deed(effect: &RecordEffect) -> String {
    let model = &effect.model;
    let records = match &effect.ids {
        Some(ids) if ids.len() == 1 => format!("1 record of {model}"),
        Some(ids) => format!("{} records of {model}", ids.len()),
        None => model.to_string(),
    };
    match effect.operation {
        Operation::Create if effect.values.len() > 1 => format!("create {} × {model}", effect.values.len()),
        Operation::Create => format!("create a record of {model}"),
        Operation::Write => format!("change {records}"),
        Operation::Unlink => format!("DELETE {records}"),
        Operation::Read => format!("read {records}"),
        Operation::Mail => format!("send by `{}` on {records}", effect.method),
        Operation::Report => format!("print by `{}` on {records}", effect.method),
        Operation::Execute => format!("run `{}` on {records}", effect.method),
    }
}

fn record_line(record: &RecordPreview) -> String {
    if !record.exists {
        return format!("id {}: no such record", record.id);
    }
    let mut line = match &record.name {
        Some(name) => format!("{} (id {})", quoted_name(name), record.id),
        None => format!("id {}", record.id),
    };
    let amount = AMOUNTS.iter().find_map(|name| Some((name, record.values.get(*name)?)));
    if let Some((name, Value::Number(amount))) = amount {
        let currency = record.values.get(CURRENCY).and_then(|pair| pair.get(1)).and_then(Value::as_str);
        let currency = currency.map(|name| format!(" {}", visible(name, 8))).unwrap_or_default();
        // Writing to a text cannot fail.
        let _ = write!(line, ", {name} {}{currency}", exact(amount));
    }
    line
}

fn exact(number: &serde_json::Number) -> String {
    Decimal::of_json(number).map_or_else(|_| number.to_string(), |exact| exact.to_string())
}

/// A value as a person reads it.
fn told(field: &str, value: &Value) -> String {
    if is_secret_name(field) && !matches!(value, Value::Null | Value::Bool(_)) {
        return NOT_SHOWN.to_owned();
    }
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => exact(number),
        Value::String(text) => quoted_value(text),
        Value::Array(pair) => match pair.as_slice() {
            // How Odoo shows a record that a field points to.
            [Value::Number(id), Value::String(name)] => format!("{} (id {id})", quoted_name(name)),
            _ => nested(value),
        },
        Value::Object(_) => nested(value),
    }
}

fn nested(value: &Value) -> String {
    visible(&hide_secrets(value).to_string(), NESTED_CHARS_MAX)
}

fn hide_secrets(value: &Value) -> Value {
    match value {
        Value::Object(object) => Value::Object(without_secrets(object)),
        Value::Array(items) => Value::Array(items.iter().map(hide_secrets).collect()),
        other => other.clone(),
    }
}

fn without_secrets(object: &JsonObject) -> JsonObject {
    let shown = |(name, value): (&String, &Value)| {
        let value = if is_secret_name(name) { Value::from(NOT_SHOWN) } else { hide_secrets(value) };
        (name.clone(), value)
    };
    object.iter().map(shown).collect()
}

fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_NAMES.iter().any(|part| name.contains(part))
}

/// Values and ids are told with the effects; the arguments of a method or of a tool without records
/// are told as they are.
fn has_further_arguments(facts: &CallFacts) -> bool {
    facts.effects.iter().filter(|effect| changes(effect)).all(|effect| match effect {
        Effect::Records(records) => {
            !matches!(records.operation, Operation::Create | Operation::Write | Operation::Unlink)
        }
        Effect::Connection { .. }
        | Effect::AllConnections { .. }
        | Effect::Memory { .. }
        | Effect::Own { .. } => true,
    })
}

fn verb_of(change: ConnectionChange) -> &'static str {
    match change {
        ConnectionChange::Inspect => "look at",
        ConnectionChange::Connect => "sign in and save",
        ConnectionChange::Disconnect => "forget",
        ConnectionChange::Repin => "trust another key of",
        ConnectionChange::SignIn => "open a web session on",
        ConnectionChange::SignOut => "end the web session on",
    }
}

#[cfg(test)]
mod tests;
