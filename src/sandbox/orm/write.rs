//! Creating and changing records.

use serde_json::Value;

use super::{commands, defaults, empty, translations, values};
use crate::{
    facts::JsonObject,
    sandbox::{
        access::{self, Operation},
        database::Record,
        env::{Env, truthy},
        errors::{OdooError, Result},
        field::{Field, Kind},
    },
};

/// Columns that only the ORM itself sets.
const KEPT_BY_ORM: &[&str] =
    &["id", "display_name", "create_uid", "create_date", "write_uid", "write_date", "__last_update"];

/// Values sorted by how they are stored.
#[derive(Debug, Default)]
struct Sorted {
    plain: Vec<(&'static str, Value)>,
    x2many: Vec<(&'static Field, Value)>,
}

/// Creates one record and answers its id.
pub(crate) fn create(env: &mut Env<'_>, model: &'static str, given: JsonObject) -> Result<i64> {
    access::check(env, model, Operation::Create)?;
    let mut given = known_values(env, model, given)?;
    defaults::fill(env, model, &mut given)?;
    defaults::prepare(env, model, None, &mut given)?;
    let sorted = sort(env, model, &given, true)?;
    let mut record: Record = sorted.plain.into_iter().collect();
    let now = Value::from(env.now());
    record.insert("create_uid", Value::from(env.uid));
    record.insert("write_uid", Value::from(env.uid));
    record.insert("create_date", now.clone());
    record.insert("write_date", now);
    let id = env.db.insert(model, record);
    check_required(env, model, id)?;
    for (field, value) in sorted.x2many {
        commands::apply(env, model, id, field, &value)?;
    }
    defaults::after_create(env, model, id)?;
    check_constraints(env, model, id, &given)?;
    access::check_record(env, model, id, Operation::Create)?;
    Ok(id)
}

/// Changes records; an empty list of ids changes nothing and is no error.
pub(crate) fn write(env: &mut Env<'_>, model: &'static str, ids: &[i64], given: JsonObject) -> Result<()> {
    access::check(env, model, Operation::Write)?;
    if let (false, "res.partner", Some(name)) = (env.is_14(), model, unknown_name(env, model, &given)) {
        // The model looks the field up itself before the ORM does.
        return Err(OdooError::new("builtins.KeyError", name));
    }
    let given = known_values(env, model, given)?;
    for id in ids {
        if !env.db.exists(model, *id) {
            return Err(OdooError::missing(model, *id, env.uid));
        }
        access::check_record(env, model, *id, Operation::Write)?;
    }
    for id in &super::websites::written(env, model, ids) {
        let mut values = given.clone();
        defaults::prepare(env, model, Some(*id), &mut values)?;
        let mut sorted = sort(env, model, &values, false)?;
        translations::write(env, model, *id, &mut sorted.plain);
        sorted.plain.push(("write_uid", Value::from(env.uid)));
        sorted.plain.push(("write_date", Value::from(env.now())));
        env.db.set(model, *id, sorted.plain);
        check_required(env, model, *id)?;
        for (field, value) in sorted.x2many {
            commands::apply(env, model, *id, field, &value)?;
        }
        check_constraints(env, model, *id, &values)?;
    }
    Ok(())
}

fn unknown_name<'g>(env: &Env<'_>, model: &str, given: &'g JsonObject) -> Option<&'g str> {
    given.keys().map(String::as_str).find(|name| env.field(model, name).is_none())
}

fn known_values(env: &Env<'_>, model: &str, given: JsonObject) -> Result<JsonObject> {
    if let Some(name) = unknown_name(env, model, &given) {
        return Err(OdooError::unknown_field_in_values(env.version(), model, name));
    }
    Ok(given.into_iter().filter(|(name, _)| !KEPT_BY_ORM.contains(&name.as_str())).collect())
}

fn sort(env: &Env<'_>, model: &str, given: &JsonObject, creates: bool) -> Result<Sorted> {
    let mut sorted = Sorted::default();
    for (name, value) in given {
        let Some(field) = env.field(model, name) else { continue };
        if field.is_x2many() {
            sorted.x2many.push((field, value.clone()));
        } else {
            sorted.plain.push((field.name, values::stored(env, model, field, value, creates)?));
        }
    }
    Ok(sorted)
}

fn check_required(env: &Env<'_>, model: &'static str, id: i64) -> Result<()> {
    for field in &env.model(model)?.fields {
        let can_be_empty =
            field.is_number() || matches!(field.kind, Kind::Boolean) || field.is_x2many() || !field.stored;
        if !field.required || can_be_empty {
            continue;
        }
        let value = env.value_of(model, id, field);
        if value == empty(field) {
            return Err(missing_required(env, model, field));
        }
    }
    Ok(())
}

fn missing_required(env: &Env<'_>, model: &str, field: &Field) -> OdooError {
    let label = env.schema.get(model).map_or("", |schema| schema.label());
    OdooError::validation(if env.is_14() {
        format!(
            "The operation cannot be completed:\n- Create/update: a mandatory field is not set.\n- Delete: another model requires the record being deleted. If possible, archive it instead.\n\nModel: {label} ({model}), Field: {} ({})",
            field.label, field.name
        )
    } else {
        format!(
            "The operation cannot be completed: Missing required value for the field '{}' ({}).\nModel: '{label}' ({model})\n- create/update: a mandatory field is not set\n- delete: another model requires the record being deleted, you can archive it instead\n",
            field.label, field.name
        )
    })
}

/// The constraints of the real models that a client can run into easily.
fn check_constraints(env: &Env<'_>, model: &str, id: i64, given: &JsonObject) -> Result<()> {
    match model {
        "res.partner" => {
            let contact = matches!(env.text(model, id, "type").as_str(), "contact" | "");
            if contact && env.text(model, id, "name").is_empty() {
                return Err(OdooError::validation(if env.is_14() {
                    "res_partner_check_name".to_owned()
                } else {
                    "The operation cannot be completed: Contacts require a name".to_owned()
                }));
            }
            if given.contains_key("parent_id") && in_cycle(env, model, id) {
                return Err(OdooError::validation("You cannot create recursive Partner hierarchies."));
            }
        }
        "res.users" => {
            let login = env.text(model, id, "login");
            let taken = env
                .db
                .ids(model)
                .into_iter()
                .any(|other| other != id && env.text(model, other, "login") == login);
            if taken {
                return Err(OdooError::validation("You can not have two users with the same login!"));
            }
        }
        "ir.ui.view" if given.contains_key("arch_db") => super::websites::check_view(env, id)?,
        "product.category" if given.contains_key("parent_id") && in_cycle(env, model, id) => {
            return Err(OdooError::validation("You cannot create recursive categories."));
        }
        _ => {}
    }
    Ok(())
}

fn in_cycle(env: &Env<'_>, model: &str, id: i64) -> bool {
    let mut seen = vec![id];
    let mut at = env.link(model, id, "parent_id");
    while let Some(parent) = at {
        if seen.contains(&parent) {
            return true;
        }
        seen.push(parent);
        at = env.link(model, parent, "parent_id");
    }
    false
}

/// Whether a value was given and is not empty.
pub(crate) fn is_given(values: &JsonObject, name: &str) -> bool {
    values.get(name).is_some_and(truthy)
}
