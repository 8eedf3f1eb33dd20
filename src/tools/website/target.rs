//! The field that holds the markup: found, read, and written back if it is still the same.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use crate::{
    facts::{Effect, FieldName, JsonObject, MethodName, ModelName, Operation, RecordEffect},
    markup::Mode,
    odoo::{Context, Domain, FieldType, OdooError, PageQuery, PermittedOdoo, record_ids},
    tools::{
        ToolError,
        records::{existing, scope::Scope},
    },
};

/// Largest field that is edited: pages are a hundred times smaller.
const FIELD_BYTES_MAX: usize = 2 * 1024 * 1024;

pub(super) const VIEWS: &str = "ir.ui.view";
const PAGES: &str = "website.page";
const WEBSITES: &str = "website";
const LANGUAGES: &str = "res.lang";
const BASE_LANGUAGE: &str = "en_US";
const WRITE_DATE: &str = "write_date";
const URL: &str = "url";
const VIEW_TYPE: &str = "type";
/// Templates of pages; the other types are the forms and lists of the back office.
const TEMPLATE: &str = "qweb";

/// Fields of views that hold markup. `arch_db` is what is stored; the others come out of it.
const VIEW_FIELDS: [&str; 3] = ["arch_db", "arch", "arch_base"];

/// Where the markup is.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub(super) struct Target {
    /// Technical model name: `blog.post`, `product.template`, `ir.ui.view`, or `website.page` for a page by its id.
    pub(super) model: ModelName,
    /// Id of the record.
    #[serde(deserialize_with = "one_id")]
    pub(super) res_id: i64,
    /// The HTML field, such as `content` or `website_description`; `arch_db` for views and pages.
    pub(super) field_name: FieldName,
    /// Website to work on, by id: a view that all websites share is then copied for this one before it is changed.
    #[serde(default, deserialize_with = "maybe_id")]
    #[schemars(with = "i64")]
    pub(super) website_id: Option<i64>,
    #[serde(flatten)]
    pub(super) scope: Scope,
}

/// What was found at the target.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// The record that holds the field.
    pub(super) model: ModelName,
    pub(super) id: i64,
    pub(super) text: String,
    pub(super) mode: Mode,
    pub(super) write_date: Option<String>,
    pub(super) context: Context,
    /// Where visitors see it.
    pub(super) url: Option<String>,
}

/// What a write left behind.
#[derive(Debug)]
pub(super) struct Stored {
    /// Another record than before where a website got its own copy.
    pub(super) id: i64,
    pub(super) text: String,
    pub(super) write_date: Option<String>,
    pub(super) url: Option<String>,
    /// Of a view.
    view_type: Option<String>,
}

impl Target {
    fn is_page(&self) -> bool {
        self.model.as_str() == PAGES
    }

    /// A page is its view, and a little more.
    pub(super) fn is_view(&self) -> bool {
        self.is_page() || self.model.as_str() == VIEWS
    }

    /// The context of every request; changes are made in the base language unless another is named.
    pub(super) fn context(&self, changing: bool) -> Result<Context, OdooError> {
        let mut members = JsonObject::new();
        if changing {
            members.insert("lang".to_owned(), json!(BASE_LANGUAGE));
        }
        let mut context = self.scope.context_over(members)?.0;
        if let Some(website) = self.website_id {
            context.insert("website_id".to_owned(), json!(website));
        }
        Ok(Context::new(context)?)
    }

    fn stated(&self, changing: bool) -> Arc<JsonObject> {
        self.context(changing).map(|context| Arc::new(context.0)).unwrap_or_default()
    }

    fn effect(
        &self,
        model: &ModelName,
        operation: Operation,
        method: &'static str,
        changing: bool,
    ) -> RecordEffect {
        RecordEffect::new(&self.scope.connection, model, operation, MethodName::known(method))
            .in_context(self.stated(changing))
            .bounded(1)
    }

    /// A website may have a copy of its own of a view that the others share.
    fn may_have_copy(&self) -> bool {
        self.is_view() && self.website_id.is_some()
    }

    fn fields_read(&self) -> Vec<FieldName> {
        let others = names(match self.model.as_str() {
            PAGES => &[WRITE_DATE, URL],
            VIEWS => &[WRITE_DATE, VIEW_TYPE],
            _ => &[WRITE_DATE],
        });
        std::iter::once(self.field_name.clone()).chain(others).collect()
    }

    /// Reading the field.
    pub(super) fn reading(&self, changing: bool) -> Vec<Effect> {
        let read = self.effect(&self.model, Operation::Read, "read", changing).reading(&self.fields_read());
        // Which copy a website has of its own, nobody knows yet.
        let read = if self.may_have_copy() { read } else { read.with_ids(&[self.res_id]) };
        let mut effects = vec![if changing { read.auxiliary() } else { read }];
        if self.is_page() {
            // What a page shows of its markup is read through it.
            let view = self.effect(&ModelName::known(VIEWS), Operation::Read, "read", changing);
            effects.push(view.reading(std::slice::from_ref(&self.field_name)).auxiliary());
        }
        if self.may_have_copy() {
            let fields = names(&["key", "website_id"]);
            let copy = self.effect(&self.model, Operation::Read, "search_read", changing).reading(&fields);
            let filtered = ["key", "website_id"].map(str::to_owned).to_vec();
            effects.push(copy.filtering(filtered).auxiliary());
        }
        effects.into_iter().map(Effect::Records).collect()
    }

    /// Changing the field: reading it, asking which languages matter, and unless it is a dry run, writing it.
    pub(super) fn changing(&self, dry_run: bool) -> Vec<Effect> {
        let mut effects = Vec::new();
        if !dry_run {
            let write = |model: &ModelName| {
                self.effect(model, Operation::Write, "write", true).writing(vec![self.field_name.clone()])
            };
            effects.push(Effect::Records(write(&self.model).with_ids(&[self.res_id])));
            if self.is_page() {
                // Its markup is that of its view.
                effects.push(Effect::Records(write(&ModelName::known(VIEWS))));
            }
        }
        let mut reads = self.reading(true);
        if dry_run && let Some(Effect::Records(read)) = reads.first_mut() {
            read.part = crate::facts::Part::Main;
        }
        effects.extend(reads);
        if self.other_language().is_some() {
            let websites = self.effect(&ModelName::known(WEBSITES), Operation::Read, "search_read", true);
            let languages = self.effect(&ModelName::known(LANGUAGES), Operation::Read, "read", true);
            effects.push(Effect::Records(websites.reading(&names(&["default_lang_id"])).auxiliary()));
            effects.push(Effect::Records(languages.reading(&names(&["code"])).auxiliary()));
        }
        effects
    }

    /// A language that may not be the one in which pages are built.
    fn other_language(&self) -> Option<String> {
        let context = self.context(true).ok()?;
        context.lang().filter(|lang| *lang != BASE_LANGUAGE).map(str::to_owned)
    }

    /// The markup as it is now.
    pub(super) async fn find(&self, odoo: &PermittedOdoo<'_>, changing: bool) -> Result<Found, ToolError> {
        let context = self.context(changing)?;
        let mode = self.check_field(odoo, changing).await?;
        if let Some(copy) = self.own_copy(odoo, &context).await? {
            return Err(ToolError::arguments_with_hint(
                format!(
                    "website {} shows its own copy of this, not `{}` {}",
                    self.website_id.unwrap_or_default(),
                    self.model,
                    self.res_id
                ),
                format!("name the copy: `{}` {copy}", self.model),
            ));
        }
        let Stored { id, text, write_date, url, view_type } = self.read(odoo, self.res_id, &context).await?;
        if let Some(other) = view_type.filter(|kind| changing && kind != TEMPLATE) {
            return Err(ToolError::Stopped {
                code: "wrong_view_type",
                message: format!(
                    "view {id} is a `{other}` view of the back office, not a template of a page"
                ),
                hint: Some(
                    "snippets belong into pages; find theirs with odoo_search on website.page".to_owned(),
                ),
            });
        }
        let found = Found { model: self.model.clone(), id, text, mode, write_date, context, url };
        if found.text.len() > FIELD_BYTES_MAX {
            return Err(ToolError::too_large(
                format!(
                    "`{}` holds {} bytes; at most {FIELD_BYTES_MAX} are looked at",
                    self.field_name,
                    found.text.len()
                ),
                "edit it in Odoo's own editor",
            ));
        }
        Ok(found)
    }

    async fn read(&self, odoo: &PermittedOdoo<'_>, id: i64, context: &Context) -> Result<Stored, ToolError> {
        let mut rows = existing::all(odoo, &self.model, &[id], &self.fields_read(), context).await?;
        let row = rows.remove(&id).unwrap_or_default();
        let text = |name: &str| row.get(name).and_then(Value::as_str).map(str::to_owned);
        let markup = text(self.field_name.as_str()).unwrap_or_default();
        Ok(Stored {
            id,
            text: markup,
            write_date: text(WRITE_DATE),
            url: text(URL).filter(|_| self.is_page()),
            view_type: text(VIEW_TYPE).filter(|_| self.model.as_str() == VIEWS),
        })
    }

    /// Writes the new text, unless somebody else was faster since it was found.
    pub(super) async fn write(
        &self,
        odoo: &PermittedOdoo<'_>,
        found: &Found,
        text: &str,
    ) -> Result<(), ToolError> {
        let now = self.read(odoo, found.id, &found.context).await?;
        if now.text != found.text || now.write_date != found.write_date {
            return Err(changed_meanwhile(found));
        }
        let mut values = JsonObject::new();
        values.insert(self.field_name.as_str().to_owned(), json!(text));
        Ok(odoo.write(&self.model, &[found.id], values, &found.context).await?)
    }

    /// What is stored after a write.
    pub(super) async fn read_back(
        &self,
        odoo: &PermittedOdoo<'_>,
        found: &Found,
    ) -> Result<Stored, ToolError> {
        let copy = self.own_copy(odoo, &found.context).await?;
        self.read(odoo, copy.unwrap_or(found.id), &found.context).await
    }

    /// The copy that this website has of what the others share.
    async fn own_copy(&self, odoo: &PermittedOdoo<'_>, context: &Context) -> Result<Option<i64>, ToolError> {
        let Some(website) = self.website_id.filter(|_| self.may_have_copy()) else { return Ok(None) };
        let fields = names(&["key", "website_id"]);
        let rows = odoo.read(&self.model, &[self.res_id], &fields, context).await?;
        let shared = |row: &&JsonObject| !row.get("website_id").is_some_and(Value::is_array);
        let key = rows.first().filter(shared).and_then(|row| row.get("key")?.as_str());
        let Some(key) = key else { return Ok(None) };
        let query = PageQuery {
            model: self.model.clone(),
            domain: Domain::parse(json!([["key", "=", key], ["website_id", "=", website]]))?,
            fields,
            limit: 1,
            offset: 0,
            order: None,
            context: context.clone(),
        };
        let copies = odoo.search_rows(&query).await?;
        Ok(copies.first().and_then(|row| row.get("id")?.as_i64()))
    }

    /// Is it a field with markup, in a language in which its structure may change?
    async fn check_field(&self, odoo: &PermittedOdoo<'_>, changing: bool) -> Result<Mode, ToolError> {
        let model = &self.model;
        let schema = odoo.schema(model).await?;
        let field = schema.expect_field(self.field_name.as_str())?;
        let is_view = self.is_page() || model.as_str().ends_with(VIEWS);
        let mode = match (&field.kind, is_view) {
            (FieldType::Html, _) => Mode::Html,
            (FieldType::Text, true) if VIEW_FIELDS.contains(&self.field_name.as_str()) => Mode::Xml,
            _ => {
                let html = schema.fields.values().filter(|field| field.kind == FieldType::Html);
                let html: Vec<&str> = html.map(|field| field.name.as_str()).collect();
                let known = if is_view { VIEW_FIELDS.join(", ") } else { html.join(", ") };
                return Err(ToolError::arguments_with_hint(
                    format!("`{}` of `{model}` holds no markup", self.field_name),
                    if known.is_empty() {
                        "this model has no HTML field".to_owned()
                    } else {
                        format!("fields with markup: {known}")
                    },
                ));
            }
        };
        let of_view = ModelName::known(VIEWS);
        let hidden = self.is_page() && !odoo.shows_plainly(&of_view, &self.field_name);
        if hidden || !odoo.shows_plainly(model, &self.field_name) {
            return Err(ToolError::Stopped {
                code: "masked",
                message: format!(
                    "`{}` of `{model}` is masked by the policy, so it can be neither listed nor edited",
                    self.field_name
                ),
                hint: Some("ask the operator".to_owned()),
            });
        }
        if changing && field.readonly && !is_view {
            return Err(ToolError::arguments(format!(
                "`{}` of `{model}` is computed and cannot be written",
                self.field_name
            )));
        }
        if changing && field.translate {
            self.check_language(odoo).await?;
        }
        Ok(mode)
    }

    /// The structure of a translated field is that of its base language, for all languages.
    async fn check_language(&self, odoo: &PermittedOdoo<'_>) -> Result<(), ToolError> {
        let Some(lang) = self.other_language() else { return Ok(()) };
        let base = self.website_language(odoo).await?;
        if base.as_deref() == Some(lang.as_str()) {
            return Ok(());
        }
        Err(ToolError::Stopped {
            code: "not_base_language",
            message: format!(
                "`{}` is translated term by term: written in {lang}, its structure would replace that of every language; nothing was changed",
                self.field_name
            ),
            hint: Some(format!(
                "change the structure without `lang`{}, and texts of {lang} with odoo_translate_html",
                base.filter(|base| base != BASE_LANGUAGE)
                    .map(|base| format!(" or in {base}"))
                    .unwrap_or_default()
            )),
        })
    }

    async fn website_language(&self, odoo: &PermittedOdoo<'_>) -> Result<Option<String>, ToolError> {
        let domain: Vec<Value> = self.website_id.map(|id| json!(["id", "=", id])).into_iter().collect();
        let query = PageQuery {
            model: ModelName::known(WEBSITES),
            domain: Domain::parse(Value::Array(domain))?,
            fields: names(&["default_lang_id"]),
            limit: 1,
            offset: 0,
            order: None,
            context: Context::default(),
        };
        let websites = match odoo.search_rows(&query).await {
            Ok(websites) => websites,
            // Without the website module, pages are built in the language of the database.
            Err(OdooError::UnknownModel { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let language = websites.first().and_then(|row| row.get("default_lang_id")?.get(0)?.as_i64());
        let Some(id) = language else { return Ok(None) };
        let languages =
            odoo.read(&ModelName::known(LANGUAGES), &[id], &names(&["code"]), &Context::default()).await?;
        Ok(languages.first().and_then(|row| row.get("code")).and_then(Value::as_str).map(str::to_owned))
    }
}

pub(super) fn changed_meanwhile(found: &Found) -> ToolError {
    ToolError::conflict(
        format!("`{}` {} was changed meanwhile; nothing was written", found.model, found.id),
        "list its snippets again and decide anew",
    )
}

pub(super) fn names(names: &[&str]) -> Vec<FieldName> {
    names.iter().filter_map(|name| FieldName::parse(name).ok()).collect()
}

fn one_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let value = Value::deserialize(deserializer)?;
    match record_ids(&value, 1).as_deref() {
        Ok([id]) if !value.is_array() => Ok(*id),
        _ => Err(serde::de::Error::custom("argument `res_id`: it is the id of one record")),
    }
}

fn maybe_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    if value.is_null() {
        return Ok(None);
    }
    match record_ids(&value, 1).as_deref() {
        Ok([id]) if !value.is_array() => Ok(Some(*id)),
        _ => Err(serde::de::Error::custom("argument `website_id`: it is the id of one website")),
    }
}
