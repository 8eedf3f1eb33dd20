//! What can be put on a page.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::catalogue::{self, Kind, Offer};
use crate::{
    facts::{Caller, Class, Effect, Risk},
    odoo::{Context, PermittedOdoo},
    tools::{
        ArgumentsError, CallContext, Tool, ToolEntry, ToolError,
        records::{budget::RowLimit, scope::Scope},
        row,
    },
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<ListSnippets>()];

/// Longest text that is looked for.
const SEARCH_CHARS_MAX: usize = 200;

/// Arguments of `odoo_website_list_snippets`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
struct ListSnippets {
    /// Panel or group of the editor: `structure`, `content`, `dynamic`, `effect`, `custom`, `text`, `columns`, …
    #[serde(default)]
    #[schemars(with = "String")]
    category: Option<String>,
    /// Module the snippet comes from, such as `website_sale`.
    #[serde(default)]
    #[schemars(with = "String")]
    module: Option<String>,
    /// Part of key, label or keywords.
    #[serde(default)]
    #[schemars(with = "String")]
    search: Option<String>,
    /// Most snippets to return.
    #[serde(default)]
    limit: RowLimit<200, 1000>,
    /// Adds the beginning of each snippet's text.
    #[serde(default)]
    preview: bool,
    #[serde(flatten)]
    scope: Scope,
}

/// Result of `odoo_website_list_snippets`.
#[derive(Debug, Serialize, JsonSchema)]
struct Snippets {
    /// How many are in the list.
    count: usize,
    /// How many match.
    total: usize,
    snippets: Vec<Snippet>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// One snippet.
#[derive(Debug, Serialize, JsonSchema)]
struct Snippet {
    /// Pass it as `snippet_key`; absent where a module has to be installed first.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// Label in the editor.
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    module: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slug: Option<String>,
    category: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    keywords: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thumbnail: Option<String>,
    /// Install this first.
    #[serde(skip_serializing_if = "Option::is_none")]
    needs_module: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preview: Option<String>,
}

impl Tool for ListSnippets {
    const NAME: &'static str = "odoo_website_list_snippets";
    const TITLE: &'static str = "List website snippets";
    const DESCRIPTION: &'static str = "Building blocks of the website editor: key, label, panel, group and \
         keywords, as the editor of this database offers them; those of modules still to install are marked.";
    const CLASS: Class = Class::Read;
    const RISK: Risk = Risk::Low;
    const IDEMPOTENT: bool = true;
    type Output = Snippets;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        let mut effects = catalogue::effects(&self.scope.connection);
        for effect in &mut effects {
            let Effect::Records(records) = effect else { continue };
            records.part = crate::facts::Part::Main;
            records.context = self.scope.stated();
        }
        effects
    }

    fn check(&self) -> Result<(), ArgumentsError> {
        let long =
            |text: &Option<String>| text.as_ref().is_some_and(|text| text.chars().count() > SEARCH_CHARS_MAX);
        if long(&self.category) || long(&self.module) || long(&self.search) {
            return Err(ArgumentsError {
                message: format!(
                    "`category`, `module` and `search` have at most {SEARCH_CHARS_MAX} characters"
                ),
                hint: None,
            });
        }
        Ok(())
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Snippets, ToolError> {
        let odoo = cx.odoo(&self.scope.connection)?;
        let context = self.scope.context()?;
        let (mut offers, kind) = catalogue::offers(&odoo, &context).await?;
        name_by_key(&odoo, &mut offers, &context).await?;
        let mut snippets: Vec<Snippet> = Vec::new();
        let mut total = 0;
        for offer in offers.iter().filter(|offer| self.wants(offer)) {
            total += 1;
            if snippets.len() < self.limit.get() as usize {
                snippets.push(self.shown(offer));
            }
        }
        let note = match kind {
            Kind::Rendered => None,
            Kind::Views => Some(
                "read from the views of the catalogue: this connection's route renders no snippets"
                    .to_owned(),
            ),
        };
        Ok(Snippets { count: snippets.len(), total, snippets, note })
    }
}

impl ListSnippets {
    fn wants(&self, offer: &Offer) -> bool {
        let same = |wanted: &Option<String>, found: &[Option<&str>]| match wanted {
            Some(wanted) => found.iter().flatten().any(|found| found.eq_ignore_ascii_case(wanted.trim())),
            None => true,
        };
        let module = offer.key.as_deref().and_then(|key| key.split('.').next());
        let found = |wanted: &str| {
            let wanted = wanted.trim().to_lowercase();
            let texts = [offer.key.as_deref(), offer.slug.as_deref(), Some(offer.name.as_str())];
            let words = offer.keywords.iter().map(String::as_str);
            texts.into_iter().flatten().chain(words).any(|text| text.to_lowercase().contains(&wanted))
        };
        same(&self.category, &[Some(&offer.category), offer.group.as_deref()])
            && same(&self.module, &[module, offer.needs_module.as_deref()])
            && self.search.as_deref().is_none_or(found)
    }

    fn shown(&self, offer: &Offer) -> Snippet {
        let key = offer.key.clone().filter(|_| offer.needs_module.is_none());
        Snippet {
            module: key.as_deref().and_then(|key| key.split('.').next()).map(str::to_owned),
            key,
            name: offer.name.clone(),
            slug: offer.slug.clone().filter(|_| offer.needs_module.is_none()),
            category: offer.category.clone(),
            group: offer.group.clone(),
            keywords: offer.keywords.clone(),
            thumbnail: offer.thumbnail.clone(),
            needs_module: offer.needs_module.clone(),
            preview: offer.preview.clone().filter(|preview| self.preview && !preview.is_empty()),
        }
    }
}

/// A rendered catalogue names views by their ids only.
async fn name_by_key(
    odoo: &PermittedOdoo<'_>,
    offers: &mut [Offer],
    context: &Context,
) -> Result<(), ToolError> {
    let ids: Vec<i64> =
        offers.iter().filter(|offer| offer.key.is_none()).filter_map(|offer| offer.view_id).collect();
    let mut keys: HashMap<i64, String> = HashMap::new();
    for some in ids.chunks(200) {
        for view in catalogue::views(odoo, json!([["id", "in", some]]), &["key"], context).await? {
            if let (Some(id), Some(key)) =
                (view.get("id").and_then(Value::as_i64), view.get("key").and_then(Value::as_str))
            {
                keys.insert(id, key.to_owned());
            }
        }
    }
    for offer in offers.iter_mut().filter(|offer| offer.key.is_none()) {
        offer.key = offer.view_id.and_then(|id| keys.get(&id).cloned());
        if offer.slug.is_none() {
            offer.slug =
                offer.key.as_deref().and_then(|key| key.split_once('.')).map(|(_, slug)| slug.to_owned());
        }
    }
    Ok(())
}
