//! Names: finding records by them, making one from a name alone.

use serde_json::{Value, json};

use super::{Answer, Call};
use crate::{
    facts::JsonObject,
    sandbox::{
        access::{self, Operation},
        env::Env,
        errors::Result,
        field::Kind,
        orm::{
            search::{self as searching, Search},
            write as writing,
        },
    },
};

/// Fields a name search looks at, where it is more than the name.
const ALSO_SEARCHED: &[(&str, &[&str])] = &[
    ("res.partner", &["name", "parent_id.name", "email", "ref", "vat"]),
    ("res.users", &["name", "login"]),
    ("product.product", &["default_code", "name", "barcode"]),
    ("product.template", &["default_code", "name", "barcode"]),
    ("res.country", &["code", "name"]),
    ("res.country.state", &["code", "name"]),
    ("res.currency", &["name", "full_name"]),
    ("account.account", &["code", "name"]),
    ("account.journal", &["code", "name"]),
    ("account.move", &["name", "ref"]),
    ("sale.order", &["name"]),
    ("ir.model", &["name", "model"]),
];

pub(super) fn name_search(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    access::check(env, call.model, Operation::Read)?;
    let text = call.text("name").unwrap_or_default();
    let operator = call.text("operator").unwrap_or_else(|| "ilike".to_owned());
    let negative = operator.starts_with("not") || operator == "!=";
    let mut domain: Vec<Value> = Vec::new();
    if !(text.is_empty() && operator == "ilike") {
        let own = [env.model(call.model)?.model.name_field];
        let fields = ALSO_SEARCHED
            .iter()
            .find(|(model, _)| *model == call.model)
            .map_or(&own[..], |(_, fields)| fields);
        let searchable: Vec<&&str> = fields
            .iter()
            .filter(|path| {
                let first = path.split('.').next().unwrap_or(path);
                env.field(call.model, first).is_some_and(|field| !matches!(field.kind, Kind::Binary))
            })
            .collect();
        domain.extend(std::iter::repeat_n(
            json!(if negative { "&" } else { "|" }),
            searchable.len().saturating_sub(1),
        ));
        domain.extend(searchable.iter().map(|path| json!([path, operator, text])));
    }
    if let Value::Array(more) = call.domain() {
        domain.extend(more);
    }
    let limit = call.count("limit", env.version())?.unwrap_or(100);
    let found = searching::search(
        env,
        call.model,
        &Search { domain: Value::Array(domain), limit: Some(limit), ..Search::default() },
    )?;
    Ok(pairs(env, call.model, &found))
}

fn pairs(env: &Env<'_>, model: &str, ids: &[i64]) -> Answer {
    Value::Array(ids.iter().map(|id| json!([id, env.display_name(model, *id)])).collect()).into()
}

pub(super) fn name_create(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    let field = env.model(call.model)?.model.name_field;
    let values =
        JsonObject::from_iter([(field.to_owned(), call.get("name").cloned().unwrap_or(Value::Bool(false)))]);
    let id = writing::create(env, call.model, values)?;
    Ok(json!([id, env.display_name(call.model, id)]).into())
}

pub(super) fn name_get(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    access::check(env, call.model, Operation::Read)?;
    for id in &call.ids {
        if !env.db.exists(call.model, *id) {
            return Err(crate::sandbox::errors::OdooError::missing(call.model, *id, env.uid));
        }
        access::check_record(env, call.model, *id, Operation::Read)?;
    }
    Ok(pairs(env, call.model, &call.ids))
}
