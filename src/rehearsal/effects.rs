//! Effects as a case file writes them: a small JSON object for what a call does to records.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use crate::facts::{
    ConnectionAlias, ConnectionChange, Effect, FieldName, FieldUse, JsonObject, MethodName, ModelName,
    Operation, Part, RecordEffect, Use,
};

/// One effect. Either `model` and what is done to its records, or a connection and its `change`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EffectNotes {
    /// `default` where none is named.
    #[serde(default)]
    connection: Option<ConnectionAlias>,
    /// What happens to the connection itself.
    #[serde(default)]
    change: Option<Change>,
    #[serde(default)]
    model: Option<ModelName>,
    #[serde(default)]
    op: Option<Op>,
    /// Without it the usual one of the operation.
    #[serde(default)]
    method: Option<MethodName>,
    #[serde(default)]
    ids: Option<Vec<i64>>,
    /// One object, or one for each record.
    #[serde(default)]
    values: Option<Values>,
    /// Fields whose values come back.
    #[serde(default)]
    fields: Vec<FieldName>,
    /// All fields come back, because none was named.
    #[serde(default)]
    every_field: bool,
    /// Fields that receive values; without it those of `values`.
    #[serde(default)]
    fields_written: Option<Vec<FieldName>>,
    /// Fields and paths that choose rows.
    #[serde(default)]
    domain_fields: Vec<String>,
    #[serde(default)]
    domain: Vec<Value>,
    /// Fields and paths that order or group.
    #[serde(default)]
    order: Vec<String>,
    /// Paths through relations whose values come back.
    #[serde(default)]
    paths: Vec<String>,
    #[serde(default)]
    context: JsonObject,
    #[serde(default)]
    part: Kind,
    #[serde(default)]
    row_bound: Option<u64>,
    /// Fields of any model that the call names, where the definitions would tell more than the effect.
    #[serde(default)]
    uses: Option<Vec<UseNotes>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Values {
    One(JsonObject),
    Several(Vec<JsonObject>),
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Op {
    Read,
    Create,
    Write,
    Unlink,
    Execute,
    Mail,
    Report,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Change {
    Inspect,
    Connect,
    Disconnect,
    Repin,
    SignIn,
    SignOut,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    #[default]
    Main,
    Auxiliary,
    Nested,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct UseNotes {
    model: ModelName,
    field: FieldName,
    how: How,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum How {
    Read,
    Filter,
    Write,
}

impl EffectNotes {
    /// The effect; `unfolded` adds the field uses that the effect itself shows.
    pub(super) fn effect(&self, unfolded: bool) -> Result<Effect, String> {
        let connection = self.connection.clone().unwrap_or_else(ConnectionAlias::default_alias);
        let Some(model) = &self.model else {
            let change = self.change.ok_or("an effect has either a `model` or a `change`")?;
            return Ok(Effect::Connection { connection, change: change.into() });
        };
        if self.change.is_some() {
            return Err("an effect has either a `model` or a `change`".to_owned());
        }
        let ids = self.ids.as_deref();
        let (operation, method) = self.operation(ids.is_some())?;
        let values: Vec<JsonObject> = match &self.values {
            None => Vec::new(),
            Some(Values::One(values)) => vec![values.clone()],
            Some(Values::Several(values)) => values.clone(),
        };
        let written = match &self.fields_written {
            Some(fields) => fields.clone(),
            None => fields_of(&values)?,
        };
        let mut effect = RecordEffect::new(&connection, model, operation, method)
            .reading(&self.fields)
            .writing(written)
            .filtering(self.domain_fields.clone())
            .ordering(self.order.clone())
            .reading_paths(self.paths.clone())
            .with_values(values.into())
            .within(self.domain.clone().into())
            .in_context(Arc::new(self.context.clone()));
        effect.ids = ids.map(<[i64]>::to_vec);
        effect.row_bound = self.row_bound;
        effect.reads_every_field = self.every_field;
        effect.part = match self.part {
            Kind::Main => Part::Main,
            Kind::Auxiliary => Part::Auxiliary,
            Kind::Nested => Part::Nested,
        };
        effect.uses = match &self.uses {
            Some(uses) => uses.iter().map(UseNotes::field_use).collect(),
            None if unfolded => shown_uses(&effect).into(),
            None => Arc::default(),
        };
        Ok(Effect::Records(effect))
    }

    fn operation(&self, has_ids: bool) -> Result<(Operation, MethodName), String> {
        let of_method = |method: &MethodName| Operation::of_method(method.as_str(), has_ids);
        let usual = |op: Op| match op {
            Op::Read => Ok((Operation::Read, "search_read")),
            Op::Create => Ok((Operation::Create, "create")),
            Op::Write => Ok((Operation::Write, "write")),
            Op::Unlink => Ok((Operation::Unlink, "unlink")),
            Op::Mail => Ok((Operation::Mail, "message_post")),
            Op::Report => Ok((Operation::Report, "report_action")),
            Op::Execute => Err("an effect of `execute` names its `method`".to_owned()),
        };
        match (self.op, &self.method) {
            (Some(op), Some(method)) => Ok((op.into(), method.clone())),
            (None, Some(method)) => Ok((of_method(method), method.clone())),
            (Some(op), None) => usual(op).map(|(op, method)| (op, MethodName::known(method))),
            (None, None) => Err("an effect has an `op`, a `method`, or both".to_owned()),
        }
    }
}

fn fields_of(values: &[JsonObject]) -> Result<Vec<FieldName>, String> {
    let mut names: Vec<FieldName> = values
        .iter()
        .flat_map(|values| values.keys())
        .map(|name| FieldName::parse(name).map_err(|error| error.to_string()))
        .collect::<Result<_, _>>()?;
    names.sort();
    names.dedup();
    Ok(names)
}

/// What an effect without relations names by itself.
pub(super) fn shown_uses(effect: &RecordEffect) -> Vec<FieldUse> {
    let of =
        |field: &FieldName, how: Use| FieldUse { model: effect.model.clone(), field: field.clone(), how };
    let read = effect.fields_read.iter().map(|field| of(field, Use::Read));
    let written = effect.fields_written.iter().map(|field| of(field, Use::Write));
    let filtered = effect.fields_filtered.iter().filter_map(|path| {
        let first = path.split('.').next()?;
        Some(of(&FieldName::parse(first).ok()?, Use::Filter))
    });
    read.chain(written).chain(filtered).collect()
}

impl UseNotes {
    fn field_use(&self) -> FieldUse {
        let how = match self.how {
            How::Read => Use::Read,
            How::Filter => Use::Filter,
            How::Write => Use::Write,
        };
        FieldUse { model: self.model.clone(), field: self.field.clone(), how }
    }
}

impl From<Op> for Operation {
    fn from(op: Op) -> Self {
        match op {
            Op::Read => Self::Read,
            Op::Create => Self::Create,
            Op::Write => Self::Write,
            Op::Unlink => Self::Unlink,
            Op::Execute => Self::Execute,
            Op::Mail => Self::Mail,
            Op::Report => Self::Report,
        }
    }
}

impl From<Change> for ConnectionChange {
    fn from(change: Change) -> Self {
        match change {
            Change::Inspect => Self::Inspect,
            Change::Connect => Self::Connect,
            Change::Disconnect => Self::Disconnect,
            Change::Repin => Self::Repin,
            Change::SignIn => Self::SignIn,
            Change::SignOut => Self::SignOut,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn effect(notes: Value) -> Result<Effect, String> {
        serde_json::from_value::<EffectNotes>(notes).map_err(|error| error.to_string())?.effect(true)
    }

    #[track_caller]
    fn records(notes: Value) -> RecordEffect {
        match effect(notes).unwrap() {
            Effect::Records(records) => records,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_few_members_are_enough() {
        let written =
            records(json!({"model": "res.partner", "op": "write", "ids": [7], "values": {"name": "x"}}));
        assert_eq!((written.operation, written.method.as_str()), (Operation::Write, "write"));
        assert_eq!((written.connection.as_str(), written.uses.len()), ("default", 1));
        let created =
            records(json!({"model": "res.partner", "method": "web_save", "values": [{"name": "x"}]}));
        assert_eq!(created.operation, Operation::Create);
        let read =
            records(json!({"model": "res.partner", "op": "read", "domain_fields": ["parent_id.name"]}));
        assert_eq!(read.uses[0].field.as_str(), "parent_id");
        let connection = effect(json!({"connection": "shop", "change": "disconnect"})).unwrap();
        assert!(matches!(connection, Effect::Connection { change: ConnectionChange::Disconnect, .. }));
    }

    #[test]
    fn what_cannot_be_an_effect_is_refused() {
        for bad in [
            json!({}),
            json!({"model": "res.partner"}),
            json!({"model": "res.partner", "op": "execute"}),
            json!({"model": "res.partner", "op": "read", "change": "inspect"}),
            json!({"model": "two words", "op": "read"}),
            json!({"model": "res.partner", "op": "write", "values": {"a b": 1}}),
            json!({"model": "res.partner", "op": "write", "ids": ["7"]}),
        ] {
            assert!(effect(bad.clone()).is_err(), "{bad}");
        }
    }
}
