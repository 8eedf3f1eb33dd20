//! Record scope: which records a rule is confined to, and how much of that the call itself proves.
//!
//! Reading is not judged here: domains are joined to what is asked for, so records outside are simply
//! not found. Deliberately absent: Odoo. What only the database can tell becomes a question.

use std::sync::Arc;

use smallvec::SmallVec;

use super::{
    Deciding, Held,
    findings::{Findings, Said, step},
    look::records,
    proof::{keeps, proves, written_blindly},
};
use crate::{
    facts::{JsonObject, MethodName, Operation, RecordEffect},
    policy::{
        NextStep, RecordQuestion,
        plan::{Confined, DomainPlan, ModelPlan, ScopePlan},
    },
};

/// What can be told without asking anybody.
pub(super) fn judge_scope<'a>(rule: &'a ModelPlan, effect: &'a RecordEffect, out: &mut Findings<'a>) {
    let confined = Confined::of(effect.operation);
    let Some(scope) = rule.scope(confined) else { return };
    let said = Said::by(&scope.rule, rule.shadow);
    match effect.operation {
        Operation::Read => out.tell(step::RECORDS, &scope.rule, "narrows", || {
            format!("only records of `{}` within the domain are found", effect.model)
        }),
        Operation::Create => {
            if !creates_within(scope, effect) {
                out.refuse(step::RECORDS, said, NextStep::ChangeArguments, || {
                    format!("a new record of `{}` has to be within the policy's domain, and these values do not show that", effect.model)
                });
            }
        }
        Operation::Write if !stays_within(scope, effect) => {
            out.refuse(step::RECORDS, said, NextStep::ChangeArguments, || {
                format!("the new values could take records of `{}` out of the policy's domain", effect.model)
            });
        }
        Operation::Write | Operation::Unlink => {
            if effect.ids.is_none() {
                refuse_unnamed(said, effect, out);
            }
        }
        Operation::Execute | Operation::Mail | Operation::Report => {
            if names_no_record(effect) && !rule.names_method(effect.method.as_str()) {
                refuse_unnamed(said, effect, out);
            }
        }
    }
}

fn refuse_unnamed(said: Said<'_>, effect: &RecordEffect, out: &mut Findings<'_>) {
    out.refuse(step::RECORDS, said, NextStep::Narrow, || {
        format!(
            "the policy confines `{}` to some records, and the call does not name those it changes",
            effect.model
        )
    });
}

fn names_no_record(effect: &RecordEffect) -> bool {
    effect.ids.as_ref().is_none_or(Vec::is_empty)
}

/// Nothing is proven by no values.
fn creates_within(scope: &ScopePlan, effect: &RecordEffect) -> bool {
    let tree = &scope.domain.tree;
    if effect.values.is_empty() {
        return proves(tree, &JsonObject::new());
    }
    effect.values.iter().all(|values| proves(tree, values))
}

fn stays_within(scope: &ScopePlan, effect: &RecordEffect) -> bool {
    let tree = &scope.domain.tree;
    let written = written_blindly(&effect.fields_written, &effect.values);
    if effect.values.is_empty() {
        return keeps(tree, &JsonObject::new(), &written);
    }
    effect.values.iter().all(|values| keeps(tree, values, &written))
}

/// Questions about the records that effects name, always in the same order for the same call. Records
/// of one model under the same domain are asked about at once, however many effects name them.
pub(super) fn record_questions(cx: &Deciding<'_>) -> SmallVec<[RecordQuestion; 2]> {
    let mut named: SmallVec<[Named<'_>; 2]> = SmallVec::new();
    for effect in records(cx.facts) {
        // A copy reads the whole record it is made from.
        let copied = (effect.operation == Operation::Create).then_some(Confined::Read);
        let Some(confined) = asked_about(effect).or(copied) else { continue };
        let Some(ids) = effect.ids.as_deref().filter(|ids| !ids.is_empty()) else { continue };
        if !cx.bodies.iter().any(|held| scopes(held, effect.model.as_str(), confined).next().is_some()) {
            continue;
        }
        let same = |named: &&mut Named<'_>| {
            named.confined == confined
                && named.effect.model == effect.model
                && named.effect.connection == effect.connection
        };
        match named.iter_mut().find(same) {
            Some(named) => named.ids.extend(ids),
            None => named.push(Named { effect, confined, ids: ids.to_vec() }),
        }
    }
    named.into_iter().filter_map(|named| question(cx, named)).collect()
}

/// Records of one model, and what is asked about them.
struct Named<'a> {
    effect: &'a RecordEffect,
    confined: Confined,
    ids: Vec<i64>,
}

/// Reading by a method that reads is narrowed when it is sent; what else comes back of a change is not.
fn asked_about(effect: &RecordEffect) -> Option<Confined> {
    match effect.operation {
        Operation::Create => None,
        Operation::Read if reads(&effect.method) => None,
        operation => Some(Confined::of(operation)),
    }
}

fn reads(method: &MethodName) -> bool {
    Operation::of_method(method.as_str(), true) == Operation::Read
}

fn question<'a>(cx: &Deciding<'a>, named: Named<'a>) -> Option<RecordQuestion> {
    let Named { effect, confined, mut ids } = named;
    ids.sort_unstable();
    ids.dedup();
    let scopes: SmallVec<[&Arc<ScopePlan>; 4]> =
        cx.bodies.iter().flat_map(|held| scopes(held, effect.model.as_str(), confined)).collect();
    Some(RecordQuestion {
        connection: effect.connection.clone(),
        model: effect.model.clone(),
        ids: ids.into(),
        domain: DomainPlan::joined(scopes.iter().map(|scope| &scope.domain)),
        rule: scopes.first()?.rule.clone(),
    })
}

/// The domains of a body that hold for a model.
fn scopes<'a>(
    held: &Held<'a>,
    model: &'a str,
    confined: Confined,
) -> impl Iterator<Item = &'a Arc<ScopePlan>> {
    let rules = held.body.models.rules_for(model).filter(|rule| !rule.shadow);
    rules.filter_map(move |rule| rule.scope(confined))
}
