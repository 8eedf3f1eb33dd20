//! Step 4: is the connection open to this caller, how far, when, and for which companies.

use serde_json::Value;

use super::{
    Deciding, Held,
    findings::{Asking, Findings, Said, step},
    look::is_within,
};
use crate::{
    facts::{ConnectionAlias, ConnectionChange, Effect, Operation, OwnChange, Part, RecordEffect},
    policy::{
        NextStep,
        file::document::{AccessMode, At},
        plan::{ConnectionPlan, EnvironmentPlan},
    },
};

/// The member of a context that says in which companies a call works.
const COMPANIES: &str = "allowed_company_ids";
/// The field that says to which company a record belongs.
const COMPANY: &str = "company_id";

/// What is done on a connection.
#[derive(Debug, Clone, Copy)]
enum Deed<'a> {
    Records(&'a RecordEffect),
    Change(ConnectionChange),
}

pub(super) fn judge_connections<'a>(cx: &Deciding<'a>, out: &mut Findings<'a>) {
    for held in &cx.bodies {
        // Without the section every connection is open.
        if held.body.connections.closed.is_none() {
            continue;
        }
        for effect in cx.facts.effects.iter() {
            match effect {
                Effect::Records(records) => {
                    judge(cx, held, &records.connection, Deed::Records(records), out);
                }
                Effect::Connection { connection, change } => {
                    judge(cx, held, connection, Deed::Change(*change), out);
                }
                // A look at what there is; it names no connection and reaches none.
                Effect::AllConnections { .. } => {}
                Effect::Own { connection: Some(connection), change } => {
                    judge(cx, held, connection, Deed::Change(as_change(*change)), out);
                }
                Effect::Own { connection: None, .. } | Effect::Memory { .. } => {}
            }
        }
    }
}

/// A connection of the caller's own is one of its alias, as far as rules go.
fn as_change(change: OwnChange) -> ConnectionChange {
    match change {
        OwnChange::Inspect | OwnChange::Rehearse | OwnChange::Activate => ConnectionChange::Inspect,
        OwnChange::Save | OwnChange::Enrol => ConnectionChange::Connect,
        OwnChange::Forget => ConnectionChange::Disconnect,
    }
}

fn judge<'a>(
    cx: &Deciding<'a>,
    held: &Held<'a>,
    alias: &'a ConnectionAlias,
    deed: Deed<'a>,
    out: &mut Findings<'a>,
) {
    let shadow = held.body.shadow;
    let mut is_known = false;
    for rule in held.body.connections.rules_for(alias.as_str()) {
        is_known = true;
        judge_rule(cx, held, rule, deed, out);
    }
    if let Some(closed) = held.body.connections.closed.as_ref().filter(|_| !is_known) {
        out.refuse(step::CONNECTION, Said::by(closed, shadow), NextStep::ChangeArguments, || {
            format!("the policy does not open the connection `{alias}`")
        });
    }
}

fn judge_rule<'a>(
    cx: &Deciding<'a>,
    held: &Held<'a>,
    rule: &'a ConnectionPlan,
    deed: Deed<'a>,
    out: &mut Findings<'a>,
) {
    let shadow = held.body.shadow;
    if let Some(mode) = &rule.mode {
        judge_mode(mode, shadow, deed, out);
    }
    if let (Some(companies), Deed::Records(effect)) = (&rule.companies, deed) {
        judge_companies(companies, shadow, effect, out);
    }
    if let Some(environment) = &rule.environment {
        judge_environment(cx, held, environment, deed, out);
    }
}

fn judge_environment<'a>(
    cx: &Deciding<'a>,
    held: &Held<'a>,
    environment: &'a EnvironmentPlan,
    deed: Deed<'a>,
    out: &mut Findings<'a>,
) {
    let shadow = held.body.shadow;
    if let Some(mode) = &environment.mode {
        judge_mode(mode, shadow, deed, out);
    }
    if let Some((named, window)) = &environment.time
        && !is_within(window, cx.facts.at)
    {
        out.refuse(step::CONNECTION, Said::by(&named.at, shadow), NextStep::Wait, || {
            format!("the environment `{}` is closed outside of `{}`", environment.name, named.it)
        });
    }
    let Deed::Records(effect) = deed else { return };
    for asked in environment.approve.iter().filter(|asked| asked.it == effect.operation) {
        let asking = Asking { rule: &asked.at, reason: None, terms: None, body: held.body };
        out.ask(Said::by(&asked.at, shadow), asking);
    }
}

fn judge_mode(mode: &At<AccessMode>, shadow: bool, deed: Deed<'_>, out: &mut Findings<'_>) {
    let stopped = match (mode.it, deed) {
        (AccessMode::Off, _) => true,
        (AccessMode::ReadOnly, Deed::Records(effect)) => effect.operation != Operation::Read,
        // Who signs in, and whom we trust, is more than reading; a session for the caller alone is not.
        (AccessMode::ReadOnly, Deed::Change(change)) => !matches!(
            change,
            ConnectionChange::Inspect | ConnectionChange::SignIn | ConnectionChange::SignOut
        ),
        (AccessMode::NoDelete, Deed::Records(effect)) => effect.operation == Operation::Unlink,
        (AccessMode::NoDelete, Deed::Change(_)) | (AccessMode::Normal, _) => false,
    };
    if stopped {
        out.refuse(step::CONNECTION, Said::by(&mode.at, shadow), NextStep::Stop, || {
            match mode.it {
                AccessMode::Off => "the policy closes this connection",
                AccessMode::ReadOnly => "the policy lets this connection be read only",
                AccessMode::NoDelete | AccessMode::Normal => "the policy lets nothing be deleted here",
            }
            .to_owned()
        });
    }
}

/// Odoo works in all companies of its user unless the context says less, so the context has to.
fn judge_companies(companies: &At<Vec<i64>>, shadow: bool, effect: &RecordEffect, out: &mut Findings<'_>) {
    let may = |value: &Value| value.as_i64().is_some_and(|id| companies.it.contains(&id));
    let named = match effect.context.get(COMPANIES) {
        Some(Value::Array(ids)) => !ids.is_empty() && ids.iter().all(may),
        Some(_) => false,
        // What the tool adds and what hides in the call happens in the context of the call.
        None => effect.part != Part::Main,
    };
    let written = effect.values.iter().filter_map(|values| values.get(COMPANY)).all(may);
    if !named || !written {
        out.refuse(step::CONNECTION, Said::by(&companies.at, shadow), NextStep::ChangeArguments, || {
            let ids: Vec<String> = companies.it.iter().map(ToString::to_string).collect();
            format!("name the companies to work in, of these: {}", ids.join(", "))
        });
    }
}
