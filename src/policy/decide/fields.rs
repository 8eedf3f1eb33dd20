//! Rights on fields, held against every field that an effect names.
//!
//! Before the effects are unfolded those are the names in the call; afterwards also each hop of a path,
//! the fields behind related ones and the names that an order compares. A field that may not be seen
//! is refused in the very words of one that does not exist.

use super::findings::{Findings, Said, step};
use crate::{
    facts::{FieldName, Part, RecordEffect, Use},
    policy::{
        DenialKind, NextStep, RuleId, Shown,
        file::document::Right,
        plan::{FieldRights, ModelPlan},
    },
};

/// What stands for a record wherever one is shown.
const DISPLAY_NAME: &str = "display_name";

/// A field by the names of its model and its own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'a> {
    pub(super) model: &'a str,
    pub(super) name: &'a str,
}

/// The fields that an effect names by itself, held against a rule for its model.
pub(super) fn judge_own<'a>(rule: &'a ModelPlan, effect: &'a RecordEffect, out: &mut Findings<'a>) {
    if !rule.fields.restricts() {
        return;
    }
    let own = |name: &'a str| Field { model: effect.model.as_str(), name };
    for field in effect.fields_read.iter().filter(|field| !left_out(effect, field)) {
        judge_field(rule, own(field.as_str()), Named::Shown, out);
    }
    for field in &effect.fields_written {
        judge_field(rule, own(field.as_str()), Named::Written, out);
    }
    for path in &effect.fields_filtered {
        let first = path.split_once('.').map_or(path.as_str(), |(first, _)| first);
        judge_field(rule, own(first), Named::Filtered, out);
    }
}

/// Where all fields are read, those that may not be seen are left out of the answer; so is the name
/// that a tool shows beside a change.
pub(super) fn left_out(effect: &RecordEffect, field: &FieldName) -> bool {
    effect.reads_every_field || (effect.part == Part::Auxiliary && field.as_str() == DISPLAY_NAME)
}

/// What a field is named for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    /// Its value comes back where it can be masked.
    Shown,
    /// Its value comes back under another name, or within another record.
    ShownElsewhere,
    Filtered,
    Written,
}

impl Named {
    /// `own` fields are those of the model that the effect is about.
    pub(super) fn of(how: Use, own: bool) -> Self {
        match how {
            Use::Read if own => Self::Shown,
            Use::Read | Use::ReadThrough => Self::ShownElsewhere,
            Use::Filter => Self::Filtered,
            Use::Write => Self::Written,
        }
    }
}

/// One field against one rule.
pub(super) fn judge_field(rule: &ModelPlan, field: Field<'_>, named: Named, out: &mut Findings<'_>) {
    let rights = rule.fields.of(field.name);
    let Some(by) = refusing(&rights, named) else { return };
    let said = Said::by(by.unwrap_or(&rule.rule), rule.shadow);
    let Field { model, name } = field;
    if rights.read.0 == Shown::Never {
        out.refuse_as(step::MODEL, said, DenialKind::UnknownField, NextStep::ChangeArguments, || {
            format!("model `{model}` has no field `{name}`")
        });
        return;
    }
    out.refuse(step::MODEL, said, NextStep::ChangeArguments, || match named {
        Named::Shown | Named::ShownElsewhere => {
            format!("the policy masks `{name}` of `{model}`, so it can only be read there, not through another field")
        }
        Named::Filtered => format!("the policy lets nobody search, order or group by `{name}` of `{model}`"),
        Named::Written => format!("the policy lets nobody write `{name}` of `{model}`"),
    });
}

/// The rule that refuses, if the rights do not cover the use.
fn refusing<'a>(rights: &FieldRights<'a>, named: Named) -> Option<Option<&'a RuleId>> {
    let (refused, rule) = match named {
        Named::Shown => (rights.read.0 == Shown::Never, rights.read.1),
        Named::ShownElsewhere => (rights.read.0 != Shown::Plain, rights.read.1),
        Named::Filtered => (rights.filter.0 == Right::Deny, rights.filter.1),
        Named::Written => (rights.write.0 == Right::Deny, rights.write.1),
    };
    refused.then_some(rule)
}
