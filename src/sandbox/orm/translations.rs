//! Texts in other languages than English, for both versions in one table: a whole text per language,
//! or, for HTML, one row per term.

use serde_json::Value;

use super::terms;
use crate::sandbox::{
    database::Record,
    env::Env,
    field::{Field, Kind},
};

pub(crate) const TABLE: &str = "ir.translation";
pub(crate) const SOURCE: &str = "en_US";

/// Is the field translated term by term?
pub(crate) fn by_term(field: &Field) -> bool {
    field.translated && matches!(field.kind, Kind::Html)
}

/// One translation as it is stored.
#[derive(Debug)]
struct Row {
    id: i64,
    source: String,
    value: String,
}

fn rows(env: &Env<'_>, model: &str, id: i64, field: &Field, lang: &str) -> Vec<Row> {
    let name = format!("{model},{}", field.name);
    let kind = if by_term(field) { "model_terms" } else { "model" };
    let found = env.db.ids(TABLE).into_iter().filter_map(|row_id| {
        let row = env.db.get(TABLE, row_id)?;
        let text = |column: &str| row.get(column).and_then(Value::as_str).unwrap_or_default();
        let is_ours = text("name") == name
            && text("lang") == lang
            && text("type") == kind
            && row.get("res_id").and_then(Value::as_i64) == Some(id);
        is_ours.then(|| Row { id: row_id, source: text("src").to_owned(), value: text("value").to_owned() })
    });
    found.collect()
}

/// The language that a call works in, where it is another than the source.
pub(crate) fn language<'e>(env: &'e Env<'_>) -> Option<&'e str> {
    env.context.get("lang").and_then(Value::as_str).filter(|lang| *lang != SOURCE)
}

/// A value in a language. What is not translated shows the source.
pub(crate) fn shown(env: &Env<'_>, model: &str, id: i64, field: &Field, value: Value, lang: &str) -> Value {
    let Value::String(source) = &value else { return value };
    if !field.translated || !field.stored {
        return value;
    }
    let rows = rows(env, model, id, field, lang);
    if by_term(field) {
        let own = |term: &str| {
            let row = rows.iter().find(|row| row.source == term && !row.value.is_empty());
            row.map(|row| row.value.clone())
        };
        return Value::from(terms::replaced(source, own));
    }
    match rows.first() {
        // 14 takes an empty translation for none.
        Some(row) if !(env.is_14() && row.value.is_empty()) => Value::from(row.value.clone()),
        _ => value,
    }
}

/// Sets one text or term; `None` takes the translation away.
pub(crate) fn set(
    env: &mut Env<'_>,
    model: &str,
    id: i64,
    field: &Field,
    lang: &str,
    source: &str,
    value: Option<&str>,
) {
    let is_term = by_term(field);
    let found = rows(env, model, id, field, lang).into_iter().find(|row| !is_term || row.source == source);
    match (found, value) {
        (Some(row), Some(value)) => {
            env.db.set(TABLE, row.id, [("value", Value::from(value)), ("src", Value::from(source))]);
        }
        (Some(row), None) => env.db.remove(TABLE, row.id),
        (None, Some(value)) => {
            let row = Record::from([
                ("name", Value::from(format!("{model},{}", field.name))),
                ("res_id", Value::from(id)),
                ("lang", Value::from(lang)),
                ("type", Value::from(if is_term { "model_terms" } else { "model" })),
                ("src", Value::from(source)),
                ("value", Value::from(value)),
                ("state", Value::from("translated")),
            ]);
            env.db.insert(TABLE, row);
        }
        (None, None) => {}
    }
}

/// A plain write in another language changes that language, and leaves the source alone. HTML is
/// different, as in the real one: there the new text becomes the source of all languages.
pub(crate) fn write(
    env: &mut Env<'_>,
    model: &'static str,
    id: i64,
    values: &mut Vec<(&'static str, Value)>,
) {
    let Some(lang) = language(env).map(str::to_owned) else { return };
    let taken = |(name, value): &(&'static str, Value)| {
        let field = env.field(model, name)?;
        let text = value.as_str()?;
        let source = env.value(model, id, name).as_str().map(str::to_owned)?;
        (field.translated && field.stored && !by_term(field)).then(|| (field, source, text.to_owned()))
    };
    let translated: Vec<_> = values.iter().filter_map(taken).collect();
    for (field, source, text) in translated {
        set(env, model, id, field, &lang, &source, Some(&text));
        values.retain(|(name, _)| *name != field.name);
    }
}
