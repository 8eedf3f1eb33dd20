//! The methods of 19 for translations of one field of one record.

use serde_json::{Value, json};

use super::{Answer, Call};
use crate::sandbox::{
    access::{self, Operation},
    env::Env,
    errors::{OdooError, Result},
    field::{Field, Kind},
    orm::{terms, translations},
};

fn subject(env: &Env<'_>, call: &Call, operation: Operation) -> Result<(i64, &'static Field)> {
    let [id] = call.ids[..] else {
        return Err(OdooError::value(format!("Expected singleton: {}()", call.model)));
    };
    access::check(env, call.model, operation)?;
    if !env.db.exists(call.model, id) {
        return Err(OdooError::missing(call.model, id, env.uid));
    }
    access::check_record(env, call.model, id, operation)?;
    let name = call.text("field_name").unwrap_or_default();
    let field = env.field(call.model, &name).ok_or_else(|| OdooError::new("builtins.KeyError", name))?;
    Ok((id, field))
}

fn languages(env: &Env<'_>) -> Vec<String> {
    let active = env.db.ids("res.lang").into_iter().filter(|id| env.is_active("res.lang", *id));
    active.map(|id| env.text("res.lang", id, "code")).collect()
}

pub(super) fn get(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    let (id, field) = subject(env, call, Operation::Read)?;
    let source = env.value_of(call.model, id, field);
    let langs = call.names("langs").unwrap_or_else(|| languages(env));
    let is_term = translations::by_term(field);
    let mut rows = Vec::new();
    let value_in = |lang: &str| match lang {
        translations::SOURCE => source.clone(),
        lang => translations::shown(env, call.model, id, field, source.clone(), lang),
    };
    if is_term {
        let html = source.as_str().unwrap_or_default();
        let in_langs: Vec<(&String, Value)> = langs.iter().map(|lang| (lang, value_in(lang))).collect();
        for (place, term) in terms::of(html).into_iter().enumerate() {
            for (lang, value) in &in_langs {
                let own = terms::of(value.as_str().unwrap_or_default()).get(place).copied().unwrap_or(term);
                let own = if own == term { "" } else { own };
                rows.push(json!({"lang": lang, "source": term, "value": own}));
            }
        }
    } else if field.translated {
        rows.extend(
            langs.iter().map(|lang| json!({"lang": lang, "source": source, "value": value_in(lang)})),
        );
    }
    let kind = if matches!(field.kind, Kind::Char) { "char" } else { "text" };
    Ok(json!([rows, {"translation_type": kind, "translation_show_source": is_term}]).into())
}

pub(super) fn update(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    let (id, field) = subject(env, call, Operation::Write)?;
    let given = call.object("translations");
    let known = languages(env);
    if let Some(lang) = given.keys().find(|lang| !known.contains(lang)) {
        return Err(OdooError::user(format!("The following languages are not activated: {lang}")));
    }
    if !field.translated || !field.stored {
        return Ok(json!(false).into());
    }
    let source = env.value_of(call.model, id, field);
    if translations::by_term(field) {
        let Value::String(html) = source else { return Ok(json!(false).into()) };
        let known: Vec<String> = terms::of(&html).into_iter().map(str::to_owned).collect();
        for (lang, texts) in &given {
            for (term, text) in texts.as_object().into_iter().flatten() {
                if known.contains(term) && lang != translations::SOURCE {
                    let text = text.as_str().filter(|text| !text.is_empty());
                    translations::set(env, call.model, id, field, lang, term, text);
                }
            }
        }
        return Ok(json!(true).into());
    }
    let first = given.get(translations::SOURCE).or_else(|| given.values().next()).and_then(Value::as_str);
    if let Some(text) = first
        && (source == json!(false) || given.contains_key(translations::SOURCE))
    {
        env.db.set(call.model, id, [(field.name, Value::from(text))]);
    }
    let source = env.text(call.model, id, field.name);
    for (lang, text) in given.iter().filter(|(lang, _)| *lang != translations::SOURCE) {
        translations::set(env, call.model, id, field, lang, &source, text.as_str());
    }
    Ok(json!(true).into())
}
