//! What the rules for models say of a call.
//!
//! Every effect is held against every body, and against what is closed by itself. Fields have their own
//! file, and so have the records a rule is confined to.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::Value;

use super::{
    Deciding, Held,
    fields::{Field, Named, judge_field, judge_own, left_out},
    findings::{Asking, Findings, Said, step},
    items::{Group, judge_item},
    limits::{judge_limits, reserves},
    look::{View, records},
    scope::judge_scope,
    sizes::{judge_batch, judge_bytes},
    truth::{Section, Truth},
};
use crate::{
    facts::{FieldName, FieldUse, ModelName, Operation, Part, RecordEffect, Use},
    policy::{
        NextStep, Shown,
        plan::{
            Bodies, BodyPlan, Confined, ItemPlan, LimitPlan, ModelPlan, OdooFact, Source, WeightPlan,
            closed_by_itself,
        },
    },
};

pub(super) use super::scope::record_questions;

/// Where Odoo keeps old and new values of fields, whatever rights hold for those.
const TRACKED_VALUES: &str = "mail.tracking.value";
/// Where Odoo keeps texts and files about records; their values may stand in there.
const WRITTEN_ABOUT: [&str; 4] = ["mail.message", "mail.mail", "ir.attachment", PAGES];
/// Pages show records of any model, which nobody can narrow.
const PAGES: &str = "web.page";
/// What `default_` members of a context begin with.
const DEFAULT_PREFIX: &str = "default_";
/// Context that changes how an answer is made, not what is done.
const SAFE_CONTEXT: [&str; 8] =
    ["lang", "tz", "active_test", "allowed_company_ids", "bin_size", "uid", "company_id", "import_compat"];

/// Step 5, and what the rules for models add to steps 6, 7, 8 and 9.
pub(super) fn judge_models<'a>(cx: &Deciding<'a>, out: &mut Findings<'a>) {
    for effect in records(cx.facts) {
        // A report is judged under the model it prints, steps under those they call: unfolding finds them.
        let is_unplaced = effect.unplaced_report().is_some() || effect.unplaced_steps().is_some();
        if !cx.facts.found.unfolded && is_unplaced {
            continue;
        }
        judge_closed(cx, effect.model.as_str(), effect.operation, out);
        let mut spoken_of = false;
        for held in &cx.bodies {
            spoken_of |= judge_section(cx, held, effect, out);
        }
        if !spoken_of && cx.facts.found.unfolded {
            judge_unknown_defaults(cx, effect, out);
        }
        for used in effect.uses.iter() {
            judge_use(cx, effect, used, out);
        }
    }
}

/// What is closed whatever the file says.
fn judge_closed<'a>(cx: &Deciding<'a>, model: &'a str, operation: Operation, out: &mut Findings<'a>) {
    let closed = closed_by_itself(model).is_some_and(|closed| closed.refuses(operation));
    let copies = model == TRACKED_VALUES || (operation == Operation::Read && WRITTEN_ABOUT.contains(&model));
    let tracked = copies
        && cx
            .bodies
            .iter()
            .any(|held| held.body.models.hides || (model == PAGES && held.body.models.scopes_reading));
    if (!closed && !tracked) || cx.bodies.iter().any(|held| held.body.models.names(model)) {
        return;
    }
    out.refuse(step::MODEL, Said::by(&cx.plan.built_in, false), NextStep::Stop, || {
        let (verb, why) = match operation {
            _ if tracked && model == PAGES => ("read", "it may show what the policy hides"),
            _ if tracked => ("read", "it may hold values of fields that the policy hides"),
            Operation::Read => ("read", "it holds secrets"),
            _ => ("change", "its records are code, rights or secrets"),
        };
        format!("`{model}` is closed unless the policy names it: nobody may {verb} it, because {why}")
    });
}

/// One effect against one body. Answers whether a rule that is enforced speaks of the effect's model.
fn judge_section<'a>(
    cx: &Deciding<'a>,
    held: &Held<'a>,
    effect: &'a RecordEffect,
    out: &mut Findings<'a>,
) -> bool {
    let section = &held.body.models;
    let Some(closed) = &section.closed else { return false };
    let (mut found, mut enforced) = (false, false);
    for rule in section.rules_for(effect.model.as_str()) {
        found = true;
        enforced |= !rule.shadow;
        judge_rule(cx, held, rule, effect, out);
    }
    if !found {
        let model = &effect.model;
        out.refuse(step::MODEL, Said::by(closed, held.body.shadow), NextStep::Stop, || {
            format!("the policy does not open `{model}`")
        });
    }
    enforced
}

fn judge_rule<'a>(
    cx: &Deciding<'a>,
    held: &Held<'a>,
    rule: &'a ModelPlan,
    effect: &'a RecordEffect,
    out: &mut Findings<'a>,
) {
    judge_operation(rule, effect, out);
    judge_method(held, rule, effect, out);
    judge_context(cx, rule, effect, out);
    judge_own(rule, effect, out);
    judge_report(held, rule, effect, out);
    let view = cx.view(held, Some(effect));
    for (field, item) in &rule.values {
        for value in effect.values.iter().filter_map(|values| values.get(&**field)) {
            if view.on(value).holds(&item.node, Section::Require) == Truth::Yes {
                continue;
            }
            out.refuse(step::MODEL, Said::by_item(item), NextStep::ChangeArguments, || match &item.reason {
                Some(reason) => reason.to_string(),
                None => format!("the policy does not allow this value of `{field}`"),
            });
        }
    }
    // Defaults of the context become values once the definitions say that there are such fields.
    if cx.facts.found.unfolded || effect.defaults().next().is_none() {
        judge_scope(rule, effect, out);
    }
    if effect.part == Part::Auxiliary {
        return;
    }
    judge_conditions(&view, rule, effect, out);
    judge_batch(&rule.batch, rule.shadow, effect, out);
    judge_bytes(&rule.batch, rule.shadow, &&*effect.values, out);
    let reserve = reserves(cx.facts, false);
    for limit in rule.limits.iter().filter(|limit| !(sends_no_values(effect) && counts_values(limit))) {
        judge_limits(&view, std::slice::from_ref(limit), &std::iter::once(effect), reserve, out);
    }
}

fn judge_conditions<'a>(
    view: &View<'a>,
    rule: &'a ModelPlan,
    effect: &'a RecordEffect,
    out: &mut Findings<'a>,
) {
    for (items, section) in [
        (&rule.require, Section::Require),
        (&rule.deny_if, Section::DenyIf),
        (&rule.approve_if, Section::ApproveIf),
    ] {
        for item in items {
            let silent = sends_no_values(effect)
                && looks_at_values(item)
                && matches!(view.holds(&item.node, section), Truth::Missing { .. });
            if !silent {
                judge_item(view, item, section, Group::default(), out);
            }
        }
    }
}

/// Reading sends no values, so what is asked of values is not asked of it.
fn sends_no_values(effect: &RecordEffect) -> bool {
    effect.operation == Operation::Read
}

fn looks_at_values(item: &ItemPlan) -> bool {
    let mut found = false;
    item.node.each_condition(&mut |condition| found |= is_values(&condition.source));
    found
}

fn counts_values(limit: &LimitPlan) -> bool {
    matches!(&limit.weight, WeightPlan::Path { source, .. } if is_values(source))
}

fn is_values(source: &Source) -> bool {
    matches!(source, Source::Odoo(OdooFact::Values))
}

fn judge_operation<'a>(rule: &'a ModelPlan, effect: &'a RecordEffect, out: &mut Findings<'a>) {
    let (operation, model) = (effect.operation, &effect.model);
    if rule.allows(operation) {
        out.tell(step::MODEL, &rule.rule, "allows", || format!("{} on `{model}`", operation.as_str()));
        return;
    }
    out.refuse(step::MODEL, Said::by(&rule.rule, rule.shadow), NextStep::Stop, || {
        format!("the policy does not allow {} on `{model}`", operation.as_str())
    });
}

/// A method that no table knows has to be named. What is forbidden or asked for by name holds for
/// every method.
fn judge_method<'a>(held: &Held<'a>, rule: &'a ModelPlan, effect: &'a RecordEffect, out: &mut Findings<'a>) {
    let method = effect.method.as_str();
    let refuse = |out: &mut Findings<'a>, by| {
        out.refuse(step::MODEL, Said::by(by, rule.shadow), NextStep::Stop, || {
            format!("the policy does not allow the method `{method}` on `{}`", effect.model)
        });
    };
    if let Some(entry) = rule.forbids_method(effect) {
        refuse(out, &entry.at);
    }
    let approves = rule.approves_method(effect);
    if effect.operation == Operation::Execute && approves.is_none() && !rule.names_method(method) {
        refuse(out, &rule.rule);
    }
    if let Some(entry) = approves {
        let said = Said::by(&entry.at, rule.shadow);
        out.ask(said, Asking { rule: &entry.at, reason: None, terms: None, body: held.body });
    }
}

/// Context keys beyond the safe ones have to be listed. `default_` members are writes of fields and
/// judged as such; those of no known field may set anything anywhere.
fn judge_context<'a>(
    cx: &Deciding<'a>,
    rule: &'a ModelPlan,
    effect: &'a RecordEffect,
    out: &mut Findings<'a>,
) {
    let refuse = |out: &mut Findings<'a>, key: &str| {
        out.refuse(step::MODEL, Said::by(&rule.rule, rule.shadow), NextStep::ChangeArguments, || {
            format!("the policy does not allow the context key `{key}` on `{}`", effect.model)
        });
    };
    for key in effect.context.keys() {
        let known = SAFE_CONTEXT.contains(&key.as_str()) || key.starts_with(DEFAULT_PREFIX);
        if !known && !rule.allows_context(key) {
            refuse(out, key);
        }
    }
    if !cx.facts.found.unfolded {
        return;
    }
    for name in effect.unknown_defaults() {
        let is_it = |key: &&String| key.strip_prefix(DEFAULT_PREFIX) == Some(name);
        if let Some(key) = effect.context.keys().find(is_it).filter(|key| !rule.allows_context(key)) {
            refuse(out, key);
        }
    }
}

/// Where no rule speaks of the model, nobody can have listed them.
fn judge_unknown_defaults<'a>(cx: &Deciding<'a>, effect: &'a RecordEffect, out: &mut Findings<'a>) {
    for name in effect.unknown_defaults() {
        out.refuse(step::MODEL, Said::by(&cx.plan.built_in, false), NextStep::ChangeArguments, || {
            format!(
                "model `{}` has no field `{name}`, so nobody can tell what `default_{name}` sets",
                effect.model
            )
        });
    }
}

/// What is printed cannot be masked, and a report shows more than its own model: an invoice holds the
/// address of its customer.
fn judge_report<'a>(held: &Held<'a>, rule: &'a ModelPlan, effect: &'a RecordEffect, out: &mut Findings<'a>) {
    let hides = rule.fields.hides() || held.body.models.hides;
    if effect.operation == Operation::Report && hides && !rule.report_allowed {
        out.refuse(step::MODEL, Said::by(&rule.rule, rule.shadow), NextStep::Stop, || {
            format!(
                "a report of `{}` could show fields that the policy hides; `\"report\": \"allow\"` in the \
                 rule for the model lets it be printed all the same",
                effect.model
            )
        });
    }
}

/// A field that the effect names beyond its own: the right on the field, and the right to do as much
/// with its model.
fn judge_use<'a>(cx: &Deciding<'a>, effect: &'a RecordEffect, used: &'a FieldUse, out: &mut Findings<'a>) {
    let model = used.model.as_str();
    let own = used.model == effect.model;
    let direct = own && used.how != Use::ReadThrough;
    let operation = if used.how == Use::Write { Operation::Write } else { Operation::Read };
    if !own {
        judge_closed(cx, model, operation, out);
    }
    for held in &cx.bodies {
        let section = &held.body.models;
        let Some(closed) = &section.closed else { continue };
        let mut found = false;
        for rule in section.rules_for(model) {
            found = true;
            let field = Field { model, name: used.field.as_str() };
            if !(direct && used.how == Use::Read && left_out(effect, &used.field)) {
                judge_field(rule, field, Named::of(used.how, own), out);
            }
            if !direct {
                judge_reach(rule, effect, used, operation, out);
            }
        }
        if !found && !own {
            out.refuse(step::MODEL, Said::by(closed, held.body.shadow), NextStep::ChangeArguments, || {
                format!("the policy does not open `{model}`, which `{}` leads to", used.field)
            });
        }
    }
}

/// What is done to another model's records by way of a field.
fn judge_reach<'a>(
    rule: &'a ModelPlan,
    effect: &'a RecordEffect,
    used: &'a FieldUse,
    operation: Operation,
    out: &mut Findings<'a>,
) {
    let (model, field) = (&used.model, &used.field);
    if used.model != effect.model && !rule.allows(operation) {
        out.refuse(step::MODEL, Said::by(&rule.rule, rule.shadow), NextStep::ChangeArguments, || {
            format!(
                "the policy does not allow {} on `{model}`, which this call does through `{field}`",
                operation.as_str()
            )
        });
    }
    // Which records it will be, nobody can say, and what is read there cannot be narrowed.
    let confined = match used.how {
        Use::ReadThrough => rule.scope(Confined::Read),
        Use::Write => rule.scope(Confined::Write),
        Use::Read | Use::Filter => None,
    };
    if let Some(scope) = confined {
        out.refuse(step::RECORDS, Said::by(&scope.rule, rule.shadow), NextStep::ChangeArguments, || {
            format!("the policy confines `{model}` to some records, and `{field}` may lead to others")
        });
    }
    let condition = rule.values.iter().find(|(name, _)| used.how == Use::Write && **name == *field.as_str());
    if let Some((_, item)) = condition {
        out.refuse(step::MODEL, Said::by_item(item), NextStep::ChangeArguments, || {
            format!("the policy limits the values of `{field}` of `{model}`; write it there")
        });
    }
}

/// Do the rules for models need the effects unfolded? Only definitions tell what stands behind lists,
/// paths and defaults, and which fields show or set those of another model.
pub(super) fn needs_definitions(cx: &Deciding<'_>) -> bool {
    let any = |test: fn(&Held<'_>) -> bool| cx.bodies.iter().any(test);
    let restricts = any(|held| held.body.models.restricts_fields);
    let narrows = any(|held| held.body.models.narrows_reading);
    let closes = any(|held| held.body.models.closed.is_some());
    records(cx.facts).any(|effect| {
        let names = !effect.fields_read.is_empty()
            || !effect.fields_filtered.is_empty()
            || (effect.reads_every_field && !effect.leaves_out_related);
        effect.may_reach_further()
            || (names && (restricts || narrows))
            || (!effect.fields_written.is_empty() && (restricts || closes))
            || (restricts && effect.may_compare_names())
    })
}

/// The conditions that every read of this model is joined with.
pub(in crate::policy) fn read_domains(bodies: Bodies<'_>, model: &ModelName) -> Vec<Arc<[Value]>> {
    let scopes = rules(bodies, model).filter_map(|rule| rule.scope(Confined::Read));
    scopes.map(|scope| Arc::clone(&scope.domain.sent)).collect()
}

/// How values of a field come back.
pub(in crate::policy) fn shown(bodies: Bodies<'_>, model: &ModelName, field: &FieldName) -> Shown {
    if is_unseen(bodies, model) {
        return Shown::Never;
    }
    rules(bodies, model).map(|rule| rule.fields.of(field.as_str()).read.0).max().unwrap_or_default()
}

/// Does any rule touch the values of this model?
pub(in crate::policy) fn redacts(bodies: Bodies<'_>, model: &ModelName) -> bool {
    is_unseen(bodies, model) || rules(bodies, model).any(|rule| rule.fields.hides())
}

/// May an answer that cannot be masked be shown of this model? Where fields of any model are hidden, it
/// could hold them.
pub(in crate::policy) fn shows_what_nobody_knows(bodies: Bodies<'_>, model: &ModelName) -> bool {
    if is_unseen(bodies, model) {
        return false;
    }
    let mut hiding = bodies.each().filter(|body| body.models.hides);
    hiding.all(|body| {
        let mut speaking = body.models.rules_for(model.as_str()).filter(|rule| !rule.shadow).peekable();
        speaking.peek().is_some() && speaking.all(|rule| rule.report_allowed)
    })
}

/// Does any rule keep values or records from being seen?
pub(in crate::policy) fn narrows(bodies: Bodies<'_>) -> bool {
    bodies.each().any(|body| {
        body.models.hides || body.models.scopes_reading || (body.models.narrows_reading && !body.shadow)
    })
}

/// Could a record of this model be read at all? Which ones, the read domains say.
pub(in crate::policy) fn may_read(bodies: Bodies<'_>, model: &ModelName) -> bool {
    let opens = |body: &BodyPlan| {
        let mut speaking = body.models.rules_for(model.as_str()).peekable();
        body.models.closed.is_none()
            || speaking.peek().is_some()
                && speaking.filter(|rule| !rule.shadow).all(|rule| rule.allows(Operation::Read))
    };
    !is_secret(bodies, model) && bodies.each().all(opens)
}

/// Rules that hold, of all bodies.
fn rules<'a>(bodies: Bodies<'a>, model: &'a ModelName) -> impl Iterator<Item = &'a ModelPlan> {
    let all = bodies.each().flat_map(|body| body.models.rules_for(model.as_str()));
    all.filter(|rule| !rule.shadow)
}

/// Nothing of the model may be read, names of its records included.
fn is_unseen(bodies: Bodies<'_>, model: &ModelName) -> bool {
    let enforcing = bodies.each().filter(|body| body.models.closed.is_some() && !body.shadow);
    let unopened = |body: &BodyPlan| body.models.rules_for(model.as_str()).next().is_none();
    is_secret(bodies, model)
        || enforcing.into_iter().any(unopened)
        || rules(bodies, model).any(|rule| !rule.allows(Operation::Read))
}

fn is_secret(bodies: Bodies<'_>, model: &ModelName) -> bool {
    let closed = closed_by_itself(model.as_str()).is_some_and(|closed| closed.refuses(Operation::Read));
    closed && !bodies.each().any(|body| body.models.names(model.as_str()))
}
