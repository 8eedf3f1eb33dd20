//! The domains of the policy, held against what the Odoo user of each connection can really see.
//!
//! The policy is the belt; the record rules of Odoo are the braces. A domain that Odoo does not back
//! holds only for calls that come through here.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Check;
use crate::{
    cli::Session,
    facts::{ConnectionAlias, MethodName, ModelName},
    house::House,
    odoo::{Call, Context, Domain, OdooClient, OdooError},
    policy::file::document::{Body, Document, Domains},
};

const ADVICE: &str = "give this Odoo user a record rule with the same domain";
/// Record rules of one model that are read; a model has a handful.
const RULES_MAX: usize = 200;

/// A domain of the policy and the operations it is for.
#[derive(Debug)]
pub(in crate::cli) struct Scope {
    model: Arc<str>,
    ops: Vec<&'static str>,
    domain: Arc<[Value]>,
    rule: Arc<str>,
}

/// Every domain of a policy, those of grants included.
pub(in crate::cli) fn scopes(document: &Document) -> Vec<Scope> {
    let grants = document.grants.iter().flatten().map(|grant| &grant.body);
    std::iter::once(&document.top).chain(grants).flat_map(of_body).collect()
}

fn of_body(body: &Body) -> Vec<Scope> {
    let mut scopes: Vec<Scope> = Vec::new();
    for (pattern, rule) in body.models.iter().flatten() {
        let Domains { read, write, unlink, create } = &rule.domain;
        for (op, domain) in [("read", read), ("write", write), ("unlink", unlink), ("create", create)] {
            let Some(domain) = domain else { continue };
            // One list in the file is one domain for all operations.
            match scopes.last_mut().filter(|last| last.rule == domain.at.0) {
                Some(last) => last.ops.push(op),
                None => scopes.push(Scope {
                    model: Arc::clone(&pattern.0),
                    ops: vec![op],
                    domain: Arc::clone(&domain.it),
                    rule: Arc::clone(&domain.at.0),
                }),
            }
        }
    }
    scopes
}

/// Looks through every connection that can sign in.
pub(in crate::cli) async fn look(session: &Session, house: &House, scopes: &[Scope]) -> Vec<Check> {
    let mut checks = Vec::new();
    if scopes.is_empty() {
        return vec![Check::ok("domains", "the policy restricts no records")];
    }
    for alias in house.corridor.connections().aliases() {
        let Ok(client) = house.corridor.connections().get(&alias) else { continue };
        if client.sign_in().await.is_err() {
            continue;
        }
        for scope in scopes {
            let looking = one(&client, &alias, scope);
            checks.push(session.terminal.waiting(&format!("comparing {}", scope.model), looking).await);
        }
    }
    checks
}

async fn one(client: &OdooClient, alias: &ConnectionAlias, scope: &Scope) -> Check {
    let Scope { model: name, ops, rule, .. } = scope;
    let subject = format!("`{alias}` {name}");
    let Ok(model) = ModelName::parse(name) else {
        let found = format!("{rule} is for a pattern of models; its domain was not compared");
        return Check::warning(&subject, found, "compare it by hand, or name the models");
    };
    let outside = match outside(client, &model, &scope.domain).await {
        Ok(outside) => outside,
        Err(error) => {
            let found = format!("{rule} could not be compared: {error}");
            return Check::warning(&subject, found, "look whether model and domain exist in this Odoo");
        }
    };
    if outside > 0 && *ops != ["create"] {
        let found =
            format!("{rule}: this Odoo user can see {outside} records outside: only the policy holds");
        return Check::warning(&subject, found, ADVICE);
    }
    let mut backed = Vec::new();
    let mut alone = Vec::new();
    for op in ops {
        match backing(client, &model, op).await {
            Ok(rules) if rules.is_empty() => alone.push(*op),
            Ok(rules) => backed.extend(rules),
            Err(_) => {
                let found = format!(
                    "{rule}: nothing outside is visible now; this user cannot read Odoo's record rules"
                );
                return Check::ok(&subject, found);
            }
        }
    }
    backed.sort_unstable();
    backed.dedup();
    if alone.is_empty() {
        let backed = backed.join(", ");
        return Check::ok(
            &subject,
            format!("{rule}: nothing outside is visible; Odoo's own rules: {backed}"),
        );
    }
    let alone = alone.join(", ");
    let found = format!("{rule}: Odoo has no record rule of its own for {alone}: only the policy holds");
    Check::warning(&subject, found, ADVICE)
}

/// Records that the Odoo user can see although they are outside, archived ones included.
async fn outside(client: &OdooClient, model: &ModelName, domain: &[Value]) -> Result<u64, OdooError> {
    let domain = Domain::parse(Value::Array(negated(domain)))?;
    let call = Call::new(model, MethodName::known("search_count"))
        .arg("domain", domain.into())
        .within(&Context::default().with_active_test(false));
    Ok(client.call(call).await?.as_u64().unwrap_or_default())
}

/// `!` before the whole domain: conditions that stand side by side are joined first.
fn negated(domain: &[Value]) -> Vec<Value> {
    let mut joined = Vec::new();
    let mut wanted = 0_usize;
    let mut terms = 0_usize;
    for part in domain {
        if wanted == 0 {
            (wanted, terms) = (1, terms + 1);
        }
        match part.as_str() {
            Some("&" | "|") => wanted += 1,
            Some(_) => {}
            None => wanted = wanted.saturating_sub(1),
        }
        joined.push(part.clone());
    }
    let mut whole = vec![json!("!")];
    whole.extend(std::iter::repeat_n(json!("&"), terms.saturating_sub(1)));
    whole.extend(joined);
    whole
}

/// The names of Odoo's record rules for this operation, with whom they are for.
async fn backing(client: &OdooClient, model: &ModelName, op: &str) -> Result<Vec<String>, OdooError> {
    // The name of a model of Odoo itself can always be parsed; an answer without it is no answer.
    let Ok(rules) = ModelName::parse("ir.rule") else { return Ok(Vec::new()) };
    let domain = Domain::parse(json!([["model_id.model", "=", model], [format!("perm_{op}"), "=", true]]))?;
    let call = Call::new(&rules, MethodName::known("search_read"))
        .arg("domain", domain.into())
        .arg("fields", json!(["name", "groups"]))
        .named("limit", RULES_MAX.into());
    let answer = client.call(call).await?;
    let shown = |rule: &Value| {
        let name = rule.get("name").and_then(Value::as_str).unwrap_or("without a name").to_owned();
        let is_global = rule.get("groups").and_then(Value::as_array).is_none_or(Vec::is_empty);
        if is_global { name } else { format!("{name} (some groups)") }
    };
    Ok(answer.as_array().into_iter().flatten().map(shown).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_negated_domain_is_joined_first() {
        let leaf = |name: &str| json!([name, "=", 1]);
        let check = |domain: Value, expected: Value| {
            assert_eq!(Value::Array(negated(domain.as_array().unwrap())), expected);
        };
        check(json!([leaf("a")]), json!(["!", leaf("a")]));
        check(json!([leaf("a"), leaf("b")]), json!(["!", "&", leaf("a"), leaf("b")]));
        check(
            json!(["|", leaf("a"), leaf("b"), "!", leaf("c"), leaf("d")]),
            json!(["!", "&", "&", "|", leaf("a"), leaf("b"), "!", leaf("c"), leaf("d")]),
        );
    }
}
