//! The commands 0 to 6 that a write to a one2many or many2many consists of.

use serde_json::Value;

use super::{delete, write};
use crate::{
    facts::JsonObject,
    sandbox::{
        env::Env,
        errors::{OdooError, Result, python},
        field::{Field, Kind},
    },
};

/// One command.
#[derive(Debug)]
enum Command {
    Create(JsonObject),
    Update(i64, JsonObject),
    Delete(i64),
    Unlink(i64),
    Link(i64),
    Clear,
    Set(Vec<i64>),
}

fn read_commands(value: &Value) -> Result<Vec<Command>> {
    let items = match value {
        Value::Array(items) => items.as_slice(),
        Value::Null | Value::Bool(false) => return Ok(vec![Command::Clear]),
        other => return Err(OdooError::value(format!("Wrong value for x2many: {}", python(other)))),
    };
    // A list of bare ids means "exactly these".
    if !items.is_empty() && items.iter().all(Value::is_number) {
        return Ok(vec![Command::Set(items.iter().filter_map(Value::as_i64).collect())]);
    }
    items.iter().filter_map(|item| read_command(item).transpose()).collect()
}

/// A command with an unknown number does nothing.
fn read_command(item: &Value) -> Result<Option<Command>> {
    let wrong = || OdooError::value(format!("Invalid command {}", python(item)));
    let parts = match item {
        Value::Array(parts) => parts,
        Value::Object(values) => return Ok(Some(Command::Create(values.clone()))),
        _ => return Err(wrong()),
    };
    let id = || parts.get(1).and_then(Value::as_i64).ok_or_else(wrong);
    let values = || parts.get(2).and_then(Value::as_object).cloned().unwrap_or_default();
    Ok(Some(match parts.first().and_then(Value::as_i64) {
        Some(0) => Command::Create(values()),
        Some(1) => Command::Update(id()?, values()),
        Some(2) => Command::Delete(id()?),
        Some(3) => Command::Unlink(id()?),
        Some(4) => Command::Link(id()?),
        Some(5) => Command::Clear,
        Some(6) => {
            let ids = parts.get(2).and_then(Value::as_array).ok_or_else(wrong)?;
            Command::Set(ids.iter().filter_map(Value::as_i64).collect())
        }
        _ => return Ok(None),
    }))
}

/// Carries out the commands written to `field` of one record.
pub(crate) fn apply(
    env: &mut Env<'_>,
    model: &'static str,
    id: i64,
    field: &'static Field,
    value: &Value,
) -> Result<()> {
    let commands = read_commands(value)?;
    for command in commands {
        match field.kind {
            Kind::One2many { model: other, inverse } => one2many(env, id, other, inverse, command)?,
            Kind::Many2many(other) => many2many(env, model, id, field, other, command)?,
            _ => {}
        }
    }
    Ok(())
}

fn one2many(
    env: &mut Env<'_>,
    id: i64,
    other: &'static str,
    inverse: &'static str,
    command: Command,
) -> Result<()> {
    let link = |to: Value| JsonObject::from_iter([(inverse.to_owned(), to)]);
    let here = |env: &Env<'_>| -> Vec<i64> {
        env.db.ids(other).into_iter().filter(|line| env.link(other, *line, inverse) == Some(id)).collect()
    };
    match command {
        Command::Create(mut values) => {
            values.insert(inverse.to_owned(), Value::from(id));
            write::create(env, other, values)?;
        }
        Command::Update(line, values) => write::write(env, other, &[line], values)?,
        Command::Delete(line) => delete::unlink(env, other, &[line])?,
        Command::Unlink(line) => release(env, other, inverse, line)?,
        Command::Link(line) => write::write(env, other, &[line], link(Value::from(id)))?,
        Command::Clear => {
            for line in here(env) {
                release(env, other, inverse, line)?;
            }
        }
        Command::Set(lines) => {
            for line in here(env) {
                if !lines.contains(&line) {
                    release(env, other, inverse, line)?;
                }
            }
            for line in lines {
                write::write(env, other, &[line], link(Value::from(id)))?;
            }
        }
    }
    Ok(())
}

/// Takes a line off its record; a line that cannot live alone is deleted.
fn release(env: &mut Env<'_>, other: &'static str, inverse: &'static str, line: i64) -> Result<()> {
    let needs_parent = env.field(other, inverse).is_some_and(|field| field.required);
    if needs_parent {
        delete::unlink(env, other, &[line])
    } else {
        write::write(env, other, &[line], JsonObject::from_iter([(inverse.to_owned(), Value::Bool(false))]))
    }
}

fn many2many(
    env: &mut Env<'_>,
    model: &'static str,
    id: i64,
    field: &'static Field,
    other: &'static str,
    command: Command,
) -> Result<()> {
    let mut ids = env.related(model, id, field);
    match command {
        Command::Create(values) => ids.push(write::create(env, other, values)?),
        Command::Update(target, values) => write::write(env, other, &[target], values)?,
        Command::Delete(target) => {
            ids.retain(|id| *id != target);
            delete::unlink(env, other, &[target])?;
        }
        Command::Unlink(target) => ids.retain(|id| *id != target),
        Command::Link(target) => ids.push(target),
        Command::Clear => ids.clear(),
        Command::Set(targets) => ids = targets,
    }
    let mut kept: Vec<i64> = Vec::with_capacity(ids.len());
    for target in ids {
        if !env.db.exists(other, target) {
            return Err(missing_target(env, model, other));
        }
        if !kept.contains(&target) {
            kept.push(target);
        }
    }
    env.db.set(model, id, [(field.name, Value::from(kept))]);
    Ok(())
}

/// The table between the two models refuses the id.
fn missing_target(env: &Env<'_>, model: &str, other: &str) -> OdooError {
    let (table, target) = (model.replace('.', "_"), other.replace('.', "_"));
    let short = other.rsplit('.').next().unwrap_or(other);
    let constraint = format!("{table}_{target}_rel_{short}_id_fkey");
    OdooError::validation(if env.is_14() {
        format!(
            "The operation cannot be completed: another model requires the record being deleted. If possible, archive it instead.\n\nModel: Unknown (Unknown), Constraint: {constraint}"
        )
    } else {
        format!(
            "The operation cannot be completed: Another model is using the record you are trying to delete.\n\nThe troublemaker is: Unknown\nThanks to the following constraint: {constraint}\nHow about archiving the record instead?"
        )
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sandbox::{
        field::SandboxVersion::{V14, V19},
        testing::{BOTH, Bench},
    };

    /// Writes to the tags of partner 10, which has tag 2, and looks at them.
    #[track_caller]
    fn check(commands: Value, expected: &[i64]) {
        for version in BOTH {
            let mut bench = Bench::new(version);
            bench.call("res.partner", "write", json!([[10], {"category_id": commands}]), json!({})).unwrap();
            assert_eq!(bench.env().ids("res.partner", 10, "category_id"), expected, "{version:?} {commands}");
        }
    }

    #[track_caller]
    fn refuse(commands: Value, class: &str) {
        for version in BOTH {
            let mut bench = Bench::new(version);
            let call =
                bench.call("res.partner", "write", json!([[10], {"category_id": commands}]), json!({}));
            assert_eq!(call.unwrap_err().class, class, "{version:?} {commands}");
        }
    }

    #[test]
    fn links_come_and_go() {
        check(json!([[4, 3]]), &[2, 3]);
        check(json!([[4, 2]]), &[2]);
        check(json!([[4, 3, 0], [3, 2, 0]]), &[3]);
        check(json!([[5]]), &[]);
        check(json!([[6, 0, [1, 3, 1]]]), &[1, 3]);
        check(json!([1, 3]), &[1, 3]);
        check(json!([[0, 0, {"name": "New"}]]), &[2, 7]);
        check(json!([[1, 2, {"name": "Renamed"}]]), &[2]);
        check(json!([[2, 2]]), &[]);
        check(json!(false), &[]);
        check(json!([[9, 0, 0]]), &[2]);
    }

    #[test]
    fn what_is_no_command_is_refused() {
        refuse(json!("Gold"), "builtins.ValueError");
        refuse(json!(["Gold"]), "builtins.ValueError");
        refuse(json!([[4, 999_999]]), "odoo.exceptions.ValidationError");
        refuse(json!([[1, 999_999, {"name": "x"}]]), "odoo.exceptions.MissingError");
        refuse(json!([[0, 0, {"nosuch": 1}]]), "builtins.ValueError");
        refuse(json!([[6, 0, 1]]), "builtins.ValueError");
    }

    #[test]
    fn lines_live_with_their_order() {
        for version in [V14, V19] {
            let mut bench = Bench::new(version);
            let before = bench.db.count("sale.order.line");
            let line = json!([0, 0, {"product_id": 1, "product_uom_qty": 2, "price_unit": 10.0}]);
            let id = bench.call(
                "sale.order",
                "create",
                json!([{"partner_id": 10, "order_line": [line, line]}]),
                json!({}),
            );
            let id = id.unwrap().as_i64().unwrap();
            assert_eq!(bench.env().text("sale.order", id, "name"), "S00021");
            assert_eq!(bench.env().number("sale.order", id, "amount_untaxed"), 40.0);
            assert_eq!(bench.env().number("sale.order", id, "amount_total"), 47.6);
            let lines = bench.env().ids("sale.order", id, "order_line");
            // A line cannot live without its order, so taking it off deletes it.
            bench
                .call("sale.order", "write", json!([[id], {"order_line": [[3, lines[0]]]}]), json!({}))
                .unwrap();
            assert_eq!(bench.db.count("sale.order.line"), before + 1);
            bench.call("sale.order", "unlink", json!([[id]]), json!({})).unwrap();
            assert_eq!(bench.db.count("sale.order.line"), before);
        }
    }
}
