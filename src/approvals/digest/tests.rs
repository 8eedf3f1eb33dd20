//! Two calls that differ in anything have two spellings; one call has one.

use std::{collections::HashMap, sync::Arc};

use serde_json::{Value, json};

use super::{super::preview::RecordPreview, *};
use crate::facts::{
    Arrival, Caller, Class, ConnectionAlias, ConnectionChange, Effect, FieldName, Found, GrantName,
    JsonObject, MethodName, ModelName, Operation, Part, RecordEffect, Risk, ToolFacts, UserName,
};

/// Numbers that look random and are the same on every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.roll(of.len())].clone()
    }

    fn some<T: Clone>(&mut self, of: &[T]) -> Vec<T> {
        (0..self.roll(3)).map(|_| self.one(of)).collect()
    }

    /// Values that are easily confused, none of which mean the same.
    fn value(&mut self, deep: usize) -> Value {
        let plain = [
            json!(null),
            json!(false),
            json!(true),
            json!(0),
            json!(1),
            json!(-1),
            json!(0.1),
            json!(10),
            json!(""),
            json!("0"),
            json!("1"),
            json!("null"),
            json!("a"),
            json!("a,b"),
            json!("é"),
            json!("e\u{301}"),
            json!([]),
            json!({}),
            json!("[]"),
            json!(9_007_199_254_740_993_u64),
        ];
        match self.roll(if deep == 0 { 1 } else { 3 }) {
            0 => self.one(&plain),
            1 => (0..self.roll(3)).map(|_| self.value(deep - 1)).collect(),
            _ => Value::Object(self.object(deep - 1)),
        }
    }

    fn object(&mut self, deep: usize) -> JsonObject {
        (0..self.roll(4)).map(|_| (self.one(&["a", "b", "ab", "a.b"]).to_owned(), self.value(deep))).collect()
    }

    fn effect(&mut self) -> Effect {
        let alias = ConnectionAlias::parse(self.one(&["a", "b", "ab"])).unwrap();
        match self.roll(12) {
            0 => {
                let change = self.one(&[ConnectionChange::Connect, ConnectionChange::Repin]);
                return Effect::Connection { connection: alias, change };
            }
            1 => return Effect::AllConnections { change: ConnectionChange::Inspect },
            _ => {}
        }
        let model = ModelName::parse(self.one(&["res.partner", "res.users"])).unwrap();
        let operation = self.one(&[Operation::Write, Operation::Create, Operation::Unlink]);
        let method = MethodName::known(self.one(&["write", "web_save"]));
        let fields = ["a", "b", "ab"].map(|name| FieldName::parse(name).unwrap());
        let paths = ["a", "b", "a.b"].map(str::to_owned);
        let mut effect = RecordEffect::new(&alias, &model, operation, method);
        effect.ids = self.one(&[None, Some(vec![]), Some(vec![1]), Some(vec![1, 2]), Some(vec![12])]);
        effect.part = self.one(&[Part::Main, Part::Nested, Part::Auxiliary]);
        effect.fields_read = self.some(&fields);
        effect.reads_every_field = self.one(&[false, true]);
        effect.leaves_out_related = self.one(&[false, true]);
        effect.fields_written = self.some(&fields);
        effect.fields_optional = self.some(&fields);
        effect.fields_filtered = self.some(&paths);
        effect.paths_read = self.some(&paths);
        effect.fields_ordered = self.some(&paths);
        effect.row_bound = self.one(&[None, Some(0), Some(1)]);
        effect.values = (0..self.roll(3)).map(|_| self.object(2)).collect();
        effect.domain = (0..self.roll(3)).map(|_| self.value(2)).collect();
        effect.context = Arc::new(self.object(1));
        Effect::Records(effect)
    }
}

fn facts(effects: Vec<Effect>) -> CallFacts {
    CallFacts {
        caller: Caller::local(Arrival::Stdio),
        tool: ToolFacts { name: "odoo_write", family: "records", class: Class::Write, risk: Risk::Medium },
        class: Class::Write,
        dry_run: false,
        arguments: Arc::default(),
        effects: effects.into(),
        at: jiff::Timestamp::UNIX_EPOCH,
        found: Found::default(),
    }
}

fn bound(facts: &CallFacts) -> Vec<u8> {
    bound_to(facts, "sha256:0", &Preview::default())
}

/// The same values with every object written in the other order.
fn reversed(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            Value::Object(object.iter().rev().map(|(key, value)| (key.clone(), reversed(value))).collect())
        }
        Value::Array(items) => items.iter().map(reversed).collect(),
        other => other.clone(),
    }
}

#[test]
fn different_effects_have_different_spellings_and_the_order_of_keys_is_none() {
    let mut dice = Dice(7);
    let mut seen: HashMap<Vec<u8>, Vec<Effect>> = HashMap::new();
    for _ in 0..20_000 {
        let effects: Vec<Effect> = (0..dice.roll(3)).map(|_| dice.effect()).collect();
        let spelling = bound(&facts(effects.clone()));
        if let Some(known) = seen.get(&spelling) {
            assert_eq!(*known, effects, "two calls with one spelling");
        }
        let mut turned = effects.clone();
        for effect in &mut turned {
            if let Effect::Records(records) = effect {
                let turn = |object: &JsonObject| reversed(&Value::Object(object.clone()));
                let object = |value: Value| value.as_object().cloned().unwrap();
                records.values = records.values.iter().map(|values| object(turn(values))).collect();
                records.context = Arc::new(object(turn(&records.context)));
                records.domain = records.domain.iter().map(reversed).collect();
            }
        }
        assert_eq!(bound(&facts(turned)), spelling, "{effects:?}");
        seen.insert(spelling, effects);
    }
    assert!(seen.len() > 10_000, "{}", seen.len());
}

fn record() -> RecordPreview {
    RecordPreview {
        effect: 0,
        connection: ConnectionAlias::parse("a").unwrap(),
        model: ModelName::parse("res.partner").unwrap(),
        id: 7,
        exists: true,
        name: Some("Azure".to_owned()),
        write_date: Some("2026-11-21 07:00:00".to_owned()),
        values: json!({"ref": "old"}).as_object().unwrap().clone(),
    }
}

#[test]
fn everything_around_the_effects_counts() {
    let plain = facts(Vec::new());
    let with = |change: &dyn Fn(&mut CallFacts)| {
        let mut facts = plain.clone();
        change(&mut facts);
        bound(&facts)
    };
    let of_records =
        |records: Vec<RecordPreview>, more| bound_to(&plain, "sha256:0", &Preview { records, more });
    let changed = |change: &dyn Fn(&mut RecordPreview)| {
        let mut record = record();
        change(&mut record);
        of_records(vec![record], 0)
    };
    let spellings = [
        bound(&plain),
        bound_to(&plain, "sha256:1", &Preview::default()),
        with(&|facts| facts.caller.user = UserName::parse("other").unwrap()),
        with(&|facts| facts.caller.grant = GrantName::parse("other").unwrap()),
        with(&|facts| facts.tool.name = "odoo_execute"),
        with(&|facts| facts.class = Class::Destructive),
        with(&|facts| facts.dry_run = true),
        with(&|facts| facts.arguments = Arc::new(json!({"a": 1}).as_object().unwrap().clone())),
        of_records(Vec::new(), 1),
        of_records(vec![record()], 0),
        of_records(vec![record()], 1),
        of_records(vec![record(), record()], 0),
        changed(&|record| record.effect = 1),
        changed(&|record| record.connection = ConnectionAlias::parse("b").unwrap()),
        changed(&|record| record.model = ModelName::parse("res.users").unwrap()),
        changed(&|record| record.id = 8),
        changed(&|record| record.exists = false),
        changed(&|record| record.name = None),
        changed(&|record| record.name = Some("Other".to_owned())),
        changed(&|record| record.write_date = None),
        changed(&|record| record.write_date = Some("2026-11-21 07:00:01".to_owned())),
        changed(&|record| record.values = JsonObject::new()),
        changed(&|record| record.values = json!({"ref": "new"}).as_object().unwrap().clone()),
    ];
    for (index, one) in spellings.iter().enumerate() {
        for (other_index, other) in spellings.iter().enumerate().skip(index + 1) {
            assert_ne!(one, other, "{index} and {other_index}");
        }
    }
}

#[test]
fn how_and_when_a_call_comes_counts_for_nothing() {
    let plain = facts(Vec::new());
    let mut other = plain.clone();
    other.at = jiff::Timestamp::MAX;
    other.caller.client = Some("another client".into());
    other.caller.arrived_by = Arrival::CommandLine;
    other.found.unfolded = true;
    assert_eq!(bound(&plain), bound(&other));
}
