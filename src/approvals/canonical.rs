//! One spelling for everything that an approval is bound to: two calls that differ in anything have
//! two spellings, and one call has one, in whatever order its keys came.
//!
//! Every part stands behind its length, so that no two lists of parts run together to the same bytes.

use serde_json::Value;

use crate::facts::{ConnectionChange, Decimal, Effect, FieldName, FieldUse, JsonObject, Part, RecordEffect};

/// The bytes of a canonical form, while they are written.
#[derive(Debug, Default)]
pub(super) struct Canonical(Vec<u8>);

impl Canonical {
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    pub(super) fn count(&mut self, count: usize) {
        self.0.extend_from_slice(&(count as u64).to_be_bytes());
    }

    pub(super) fn text(&mut self, text: &str) {
        self.count(text.len());
        self.0.extend_from_slice(text.as_bytes());
    }

    pub(super) fn yes_or_no(&mut self, yes: bool) {
        self.0.push(yes.into());
    }

    pub(super) fn optional<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.yes_or_no(value.is_some());
        if let Some(value) = value {
            write(self, value);
        }
    }

    pub(super) fn texts<'a>(&mut self, texts: impl ExactSizeIterator<Item = &'a str>) {
        self.count(texts.len());
        texts.for_each(|text| self.text(text));
    }

    pub(super) fn value(&mut self, value: &Value) {
        let mut text = String::new();
        write_value(&mut text, value);
        self.text(&text);
    }

    pub(super) fn object(&mut self, object: &JsonObject) {
        let mut text = String::new();
        write_object(&mut text, object);
        self.text(&text);
    }

    pub(super) fn effects(&mut self, effects: &[Effect]) {
        self.count(effects.len());
        for effect in effects {
            match effect {
                Effect::Records(records) => {
                    self.text("records");
                    self.records(records);
                }
                Effect::Connection { connection, change } => {
                    self.text("connection");
                    self.text(connection.as_str());
                    self.text(name_of(*change));
                }
                Effect::AllConnections { change } => {
                    self.text("all connections");
                    self.text(name_of(*change));
                }
                Effect::Memory { area, change, file } => {
                    self.text("memory");
                    self.text(area.as_str());
                    self.text(change.as_str());
                    self.optional(file.as_ref(), |out, file| out.text(file));
                }
                Effect::Own { connection, change } => {
                    self.text("own");
                    self.optional(connection.as_ref(), |out, alias| out.text(alias.as_str()));
                    self.text(change.as_str());
                }
            }
        }
    }

    /// INVARIANT: every member is written, or named here with the reason why it is not.
    fn records(&mut self, effect: &RecordEffect) {
        let RecordEffect {
            connection,
            model,
            operation,
            method,
            ids,
            part,
            fields_read,
            reads_every_field,
            leaves_out_related,
            fields_written,
            fields_optional,
            fields_filtered,
            paths_read,
            fields_ordered,
            row_bound,
            values,
            domain,
            context,
            uses,
            // Whoever is asked is asked after these became effects of their own.
            local_steps: _,
        } = effect;
        self.text(connection.as_str());
        self.text(model.as_str());
        self.text(operation.as_str());
        self.text(method.as_str());
        self.optional(ids.as_ref(), |out, ids| {
            out.count(ids.len());
            ids.iter().for_each(|id| out.0.extend_from_slice(&id.to_be_bytes()));
        });
        self.text(match part {
            Part::Main => "main",
            Part::Auxiliary => "auxiliary",
            Part::Nested => "nested",
        });
        self.fields(fields_read);
        self.yes_or_no(*reads_every_field);
        self.yes_or_no(*leaves_out_related);
        self.fields(fields_written);
        self.fields(fields_optional);
        self.texts(fields_filtered.iter().map(String::as_str));
        self.texts(paths_read.iter().map(String::as_str));
        self.texts(fields_ordered.iter().map(String::as_str));
        self.optional(*row_bound, |out, rows| out.0.extend_from_slice(&rows.to_be_bytes()));
        self.count(values.len());
        values.iter().for_each(|values| self.object(values));
        self.count(domain.len());
        domain.iter().for_each(|condition| self.value(condition));
        self.object(context);
        // Follows from the members above and the definitions; what it leads to is decided anew.
        let _: &[FieldUse] = uses;
    }

    fn fields(&mut self, fields: &[FieldName]) {
        self.texts(fields.iter().map(FieldName::as_str));
    }
}

fn name_of(change: ConnectionChange) -> &'static str {
    match change {
        ConnectionChange::Inspect => "inspect",
        ConnectionChange::Connect => "connect",
        ConnectionChange::Disconnect => "disconnect",
        ConnectionChange::Repin => "repin",
        ConnectionChange::SignIn => "sign_in",
        ConnectionChange::SignOut => "sign_out",
    }
}

/// JSON with sorted keys, exact numbers and no blanks.
fn write_value(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => match Decimal::of_json(number) {
            Ok(exact) => out.push_str(&exact.to_string()),
            // The door refuses such numbers; a letter in front keeps them apart from all others.
            Err(_) => out.push_str(&format!("e{number}")),
        },
        Value::String(text) => write_text(out, text),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_value(out, item);
            }
            out.push(']');
        }
        Value::Object(object) => write_object(out, object),
    }
}

fn write_object(out: &mut String, object: &JsonObject) {
    let mut members: Vec<(&String, &Value)> = object.iter().collect();
    members.sort_unstable_by_key(|(key, _)| *key);
    out.push('{');
    for (index, (key, value)) in members.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_text(out, key);
        out.push(':');
        write_value(out, value);
    }
    out.push('}');
}

fn write_text(out: &mut String, text: &str) {
    // A text is always written the same way.
    out.push_str(&Value::from(text).to_string());
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "cases read better as values")]
    fn canonical(value: Value) -> String {
        let mut text = String::new();
        write_value(&mut text, &value);
        text
    }

    #[test]
    fn one_meaning_has_one_spelling() {
        for (one, other) in [
            (json!({"a": 1, "b": {"d": 2, "c": 3}}), json!({"b": {"c": 3, "d": 2}, "a": 1})),
            (json!(1), json!(1.0)),
            (json!(100), json!(1e2)),
            (json!(0), json!(-0.0)),
            (json!([1.50]), json!([1.5])),
        ] {
            assert_eq!(canonical(one.clone()), canonical(other), "{one}");
        }
    }

    #[test]
    fn two_meanings_have_two_spellings() {
        let values = [
            json!(null),
            json!(false),
            json!(true),
            json!(0),
            json!(1),
            json!(1.000_000_1),
            json!(1e300),
            json!(2e300),
            json!(9_007_199_254_740_993_i64),
            json!(9_007_199_254_740_992_i64),
            json!(""),
            json!("0"),
            json!("null"),
            json!("1,2"),
            json!([1, 2]),
            json!([12]),
            json!([[1], 2]),
            json!([1, [2]]),
            json!(["1,2"]),
            json!({}),
            json!([]),
            json!({"a": null}),
            json!({"a\":1,\"b": 2}),
            json!({"a": 1, "b": 2}),
            json!({"a": "1", "b": 2}),
            json!({"A": 1, "b": 2}),
        ];
        for (index, one) in values.iter().enumerate() {
            for other in &values[index + 1..] {
                assert_ne!(canonical(one.clone()), canonical(other.clone()), "{one} and {other}");
            }
        }
    }

    #[test]
    fn a_canonical_value_is_its_own_canonical_form() {
        for value in
            [json!({"b": [1.0, 2.50, {"z": 1e20, "y": "é\n\u{202e}"}], "a": -3}), json!([[], {}, ""])]
        {
            let once = canonical(value);
            assert_eq!(canonical(serde_json::from_str(&once).unwrap()), once);
        }
    }
}
