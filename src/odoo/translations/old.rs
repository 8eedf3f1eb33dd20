//! Versions before 16: a translation is a record of `ir.translation`, one per language and text.
//!
//! Terms of markup are read from the value itself; a record whose source is no term of it does nothing.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{METHODS_SINCE, UPDATE};
use crate::{
    facts::{FieldName, FieldUse, JsonObject, MethodName, ModelName, Operation, Part, RecordEffect, Use},
    markup::{Mode, Parts, TermRules, says_the_same},
    odoo::{Call, Context, Domain, OdooClient, OdooError, PageQuery},
};

const TRANSLATIONS: &str = "ir.translation";
const SOURCE_LANG: &str = "en_US";
/// Most languages that are read; databases with more than a few are rare.
const LANGUAGES_MAX: u32 = 100;
/// Most translations of one field of one record that are read.
const ROWS_MAX: u32 = 5_000;
/// Fields that hold whole views.
const XML_FIELDS: [&str; 5] = ["arch", "arch_db", "arch_fs", "arch_base", "arch_prev"];

/// What the definitions say of a translated field.
struct About {
    name: FieldName,
    is_long: bool,
    by_term: Option<Mode>,
    /// The field of another model whose value it shows.
    related: bool,
}

/// One record of `ir.translation`.
struct Row {
    id: i64,
    lang: String,
    source: String,
    value: String,
}

impl OdooClient {
    /// What `get_field_translations` would answer.
    pub(super) async fn old_translations(&self, call: &Call) -> Result<Value, OdooError> {
        let (id, field) = (record_of(call)?, field_of(call)?);
        let about = self.about(&call.model, field).await?;
        let langs = self.active_languages().await?;
        let source = self.text_in(call, id, &about.name, Value::Bool(false)).await?;
        let mut rows = Vec::new();
        match about.by_term {
            None => {
                for lang in &langs {
                    let value = self.text_in(call, id, &about.name, json!(lang)).await?;
                    rows.push(json!({"lang": lang, "source": source, "value": value}));
                }
            }
            Some(mode) => {
                let text = source.as_str().unwrap_or_default();
                let stored = self.rows_of(&call.model, &about.name, id, "model_terms").await?;
                for term in self.terms(text, mode) {
                    for lang in &langs {
                        let value = row_of(&stored, lang, &term, mode).map_or("", |row| &row.value);
                        let value = if value == term { "" } else { value };
                        rows.push(json!({"lang": lang, "source": term, "value": value}));
                    }
                }
            }
        }
        let kind = if about.is_long { "text" } else { "char" };
        let info = json!({"translation_type": kind, "translation_show_source": about.by_term.is_some()});
        Ok(json!([rows, info]))
    }

    /// What `update_field_translations` would do.
    pub(super) async fn update_old_translations(&self, call: &Call) -> Result<Value, OdooError> {
        let (id, field) = (record_of(call)?, field_of(call)?);
        let about = self.about(&call.model, field).await?;
        let Some(translations) = argument(call, 1, "translations").and_then(Value::as_object) else {
            return Err(bad_call("`translations` is an object: language to text, or to terms"));
        };
        match about.by_term {
            None => self.update_texts(call, id, &about, translations).await?,
            Some(mode) => self.update_terms(call, id, &about, mode, translations).await?,
        }
        Ok(Value::Bool(true))
    }

    async fn update_texts(
        &self,
        call: &Call,
        id: i64,
        about: &About,
        texts: &JsonObject,
    ) -> Result<(), OdooError> {
        for (lang, text) in texts {
            match text {
                Value::String(text) if text.is_empty() => {
                    return Err(OdooError::VersionUnsupported {
                        connection: self.alias(),
                        what: "an empty translation".to_owned(),
                        needs: "16 or later".to_owned(),
                        found: "an older version".to_owned(),
                    });
                }
                // A plain write in a language changes that language alone.
                Value::String(_) => {
                    let mut values = JsonObject::new();
                    values.insert(about.name.as_str().to_owned(), text.clone());
                    let write = Call::new(&call.model, MethodName::known("write"))
                        .on(&[id])
                        .arg("vals", Value::Object(values))
                        .within(&in_language(call, json!(lang))?);
                    self.call(write).await?;
                }
                _ if lang == SOURCE_LANG => {
                    return Err(bad_call("the source language has a text; it cannot be taken away"));
                }
                _ => {
                    own_field(about)?;
                    self.check_writable(call, id).await?;
                    let rows = self.rows_of(&call.model, &about.name, id, "model").await?;
                    let ids: Vec<i64> =
                        rows.iter().filter(|row| row.lang == *lang).map(|row| row.id).collect();
                    self.set_rows(&ids, "").await?;
                }
            }
        }
        Ok(())
    }

    async fn update_terms(
        &self,
        call: &Call,
        id: i64,
        about: &About,
        mode: Mode,
        languages: &JsonObject,
    ) -> Result<(), OdooError> {
        own_field(about)?;
        // Odoo does not look at the record when its terms are changed, so this does.
        self.check_writable(call, id).await?;
        let source = self.text_in(call, id, &about.name, Value::Bool(false)).await?;
        let known = self.terms(source.as_str().unwrap_or_default(), mode);
        let stored = self.rows_of(&call.model, &about.name, id, "model_terms").await?;
        for (lang, terms) in languages {
            let Some(terms) = terms.as_object() else {
                return Err(bad_call("translations of terms are an object: term to text"));
            };
            let mut new = Vec::new();
            for (term, text) in terms.iter().filter(|(term, _)| known.contains(term)) {
                let text = text.as_str().unwrap_or_default();
                match row_of(&stored, lang, term, mode) {
                    Some(row) => self.set_rows(&[row.id], text).await?,
                    None if text.is_empty() => {}
                    None => new.push(json!({
                        "name": name_of(&call.model, &about.name), "res_id": id, "lang": lang, "src": term,
                        "value": text, "type": "model_terms", "state": "translated",
                    })),
                }
            }
            if !new.is_empty() {
                let model = ModelName::known(TRANSLATIONS);
                let create =
                    Call::new(&model, MethodName::known("create")).arg("vals_list", Value::Array(new));
                self.call(create).await?;
            }
        }
        Ok(())
    }

    async fn set_rows(&self, ids: &[i64], text: &str) -> Result<(), OdooError> {
        if ids.is_empty() {
            return Ok(());
        }
        let state = if text.is_empty() { "to_translate" } else { "translated" };
        let write = Call::new(&ModelName::known(TRANSLATIONS), MethodName::known("write"))
            .on(ids)
            .arg("vals", json!({"value": text, "state": state}));
        self.call(write).await.map(drop)
    }

    async fn about(&self, model: &ModelName, field: FieldName) -> Result<About, OdooError> {
        self.schema(model).await?.expect_field(field.as_str())?;
        let ask = Call::new(model, MethodName::known("fields_get"))
            .arg("allfields", json!([field]))
            .arg("attributes", json!(["type", "translate", "sanitize", "store", "related"]));
        let answer = self.call(ask).await?;
        let definition = answer.get(field.as_str());
        let attribute = |name: &str| definition.and_then(|definition| definition.get(name));
        let is = |name: &str| {
            attribute(name).is_some_and(|value| !matches!(value, Value::Bool(false) | Value::Null))
        };
        if !is("translate") {
            return Err(OdooError::InvalidValue {
                model: model.clone(),
                field: field.as_str().to_owned(),
                why: "it is not translated".to_owned(),
            });
        }
        let kind = attribute("type").and_then(Value::as_str).unwrap_or_default();
        let by_term = match kind {
            // A field that takes any markup keeps one text per language.
            "html" if is("sanitize") || attribute("sanitize").is_none() => Some(Mode::Html),
            "text" if XML_FIELDS.contains(&field.as_str()) => Some(Mode::Xml),
            _ => None,
        };
        let related = attribute("related").is_some_and(|path| {
            path.as_str().is_some_and(|path| !path.is_empty())
                || path.as_array().is_some_and(|path| !path.is_empty())
        });
        Ok(About { name: field, is_long: kind != "char", by_term, related: related || !is("store") })
    }

    async fn active_languages(&self) -> Result<Vec<String>, OdooError> {
        let rows = self
            .rows(&PageQuery {
                model: ModelName::known("res.lang"),
                domain: Domain::parse(json!([["active", "=", true]]))?,
                fields: vec![FieldName::parse("code")?],
                limit: LANGUAGES_MAX,
                offset: 0,
                order: Some("id".to_owned()),
                context: Context::default(),
            })
            .await?;
        Ok(rows.iter().filter_map(|row| row.get("code")?.as_str()).map(str::to_owned).collect())
    }

    /// The value in a language; without one, as it is stored.
    async fn text_in(
        &self,
        call: &Call,
        id: i64,
        field: &FieldName,
        lang: Value,
    ) -> Result<Value, OdooError> {
        let read = Call::new(&call.model, MethodName::known("read"))
            .on(&[id])
            .arg("fields", json!([field]))
            .within(&in_language(call, lang)?);
        let answer = self.call(read).await?;
        match answer.get(0) {
            Some(record) => Ok(record.get(field.as_str()).cloned().unwrap_or_default()),
            None => Err(missing(call)),
        }
    }

    async fn rows_of(
        &self,
        model: &ModelName,
        field: &FieldName,
        id: i64,
        kind: &str,
    ) -> Result<Vec<Row>, OdooError> {
        let domain = json!([["name", "=", name_of(model, field)], ["res_id", "=", id], ["type", "=", kind]]);
        let fields = ["lang", "src", "value"].iter().map(|name| FieldName::parse(name));
        let rows = self
            .rows(&PageQuery {
                model: ModelName::known(TRANSLATIONS),
                domain: Domain::parse(domain)?,
                fields: fields.collect::<Result<_, _>>()?,
                limit: ROWS_MAX,
                offset: 0,
                order: Some("id".to_owned()),
                context: Context::default(),
            })
            .await?;
        let text = |row: &JsonObject, name: &str| {
            row.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        Ok(rows
            .iter()
            .filter_map(|row| {
                Some(Row {
                    id: row.get("id")?.as_i64()?,
                    lang: text(row, "lang"),
                    source: text(row, "src"),
                    value: text(row, "value"),
                })
            })
            .collect())
    }

    async fn check_writable(&self, call: &Call, id: i64) -> Result<(), OdooError> {
        for (method, ids) in [("check_access_rights", None), ("check_access_rule", Some(id))] {
            let mut check =
                Call::new(&call.model, MethodName::known(method)).arg("operation", json!("write"));
            if let Some(id) = ids {
                check = check.on(&[id]);
            }
            self.call(check).await?;
        }
        Ok(())
    }

    fn terms(&self, text: &str, mode: Mode) -> Vec<String> {
        let rules = TermRules { mode, major: METHODS_SINCE - 1 };
        let parts = Parts::of(text, rules).map(|parts| parts.terms).unwrap_or_default();
        let mut seen = HashMap::new();
        let texts = parts.into_iter().map(|term| term.text);
        texts.filter(|text| seen.insert(text.clone(), ()).is_none()).collect()
    }
}

fn row_of<'a>(rows: &'a [Row], lang: &str, term: &str, mode: Mode) -> Option<&'a Row> {
    let of_lang = || rows.iter().filter(|row| row.lang == lang);
    of_lang()
        .find(|row| row.source == term)
        .or_else(|| of_lang().find(|row| says_the_same(&row.source, term, mode)))
}

fn name_of(model: &ModelName, field: &FieldName) -> String {
    format!("{model},{}", field.as_str())
}

/// The rows stand under the model that owns the field.
fn own_field(about: &About) -> Result<(), OdooError> {
    if about.related {
        return Err(OdooError::BadCall {
            why: format!("`{}` shows a field of another record; translate it there", about.name.as_str()),
            hint: Some("odoo_list_translatable_fields names the record it belongs to".to_owned()),
        });
    }
    Ok(())
}

fn in_language(call: &Call, lang: Value) -> Result<Context, OdooError> {
    let mut members = call.context.as_object().clone();
    members.insert("lang".to_owned(), lang);
    Ok(Context::new(members)?)
}

fn argument<'a>(call: &'a Call, place: usize, name: &str) -> Option<&'a Value> {
    call.named.get(name).or_else(|| call.positional.get(place).map(|argument| &argument.value))
}

fn record_of(call: &Call) -> Result<i64, OdooError> {
    match call.ids.as_deref() {
        Some([id]) => Ok(*id),
        _ => Err(bad_call("translations are those of exactly one record")),
    }
}

fn field_of(call: &Call) -> Result<FieldName, OdooError> {
    let name = argument(call, 0, "field_name").and_then(Value::as_str).unwrap_or_default();
    Ok(FieldName::parse(name)?)
}

fn bad_call(why: &str) -> OdooError {
    OdooError::BadCall { why: why.to_owned(), hint: None }
}

fn missing(call: &Call) -> OdooError {
    OdooError::Fault {
        kind: crate::odoo::FaultKind::Missing,
        exception: "odoo.exceptions.MissingError".to_owned(),
        message: "the record does not exist or has been deleted".to_owned(),
        model: Some(call.model.clone()),
        method: Some(call.method.clone()),
        hint: None,
    }
}

/// Where a change of translations makes or changes records of their own, it is judged as that too.
pub(in crate::odoo) async fn placed(
    effect: &RecordEffect,
    client: &OdooClient,
) -> Result<Vec<RecordEffect>, OdooError> {
    if effect.method.as_str() != UPDATE || effect.operation != Operation::Write {
        return Ok(Vec::new());
    }
    match client.major_version().await? {
        Some(major) if major < METHODS_SINCE => {}
        _ => return Ok(Vec::new()),
    }
    let (model, value) = (ModelName::known(TRANSLATIONS), FieldName::parse("value")?);
    let nested = |operation, method| {
        let mut nested = RecordEffect::new(&effect.connection, &model, operation, MethodName::known(method))
            .writing(vec![value.clone()]);
        nested.part = Part::Nested;
        nested.uses =
            [FieldUse { model: model.clone(), field: value.clone(), how: Use::Write }].into_iter().collect();
        nested
    };
    Ok(vec![nested(Operation::Create, "create"), nested(Operation::Write, "write")])
}
