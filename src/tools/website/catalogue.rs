//! What can be put on a page: the catalogue of Odoo's editor, rendered by the server as the editor
//! has it, or read from its views where the server renders none over this connection.

use serde_json::{Value, json};

use super::target::{VIEWS, names};
use crate::{
    facts::{ConnectionAlias, Effect, JsonObject, MethodName, ModelName, Operation, RecordEffect},
    markup::{Document, Mode, NodeId, text_in_a_line},
    odoo::{Call, Context, Domain, OdooError, PageQuery, PermittedOdoo},
    tools::ToolError,
};

const CATALOGUE: &str = "website.snippets";
/// Views of the catalogue and of the modules that add to it; a server with everything has about forty.
const VIEWS_MAX: u32 = 200;
/// The panel of the groups themselves.
const GROUPS: &str = "groups";
/// Characters of a preview.
const PREVIEW_CHARS: usize = 80;

/// One thing that can be put on a page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Offer {
    /// `website.s_banner`, where the catalogue names the view by key.
    pub(super) key: Option<String>,
    /// `s_banner`, where it names only that.
    pub(super) slug: Option<String>,
    pub(super) view_id: Option<i64>,
    pub(super) name: String,
    /// The panel it stands in: structure, content, dynamic, effect, custom.
    pub(super) category: String,
    pub(super) group: Option<String>,
    pub(super) keywords: Vec<String>,
    pub(super) thumbnail: Option<String>,
    /// The module that has to be installed first.
    pub(super) needs_module: Option<String>,
    /// The markup that would be inserted; only where the catalogue was rendered.
    pub(super) markup: Option<String>,
    pub(super) preview: Option<String>,
}

/// Where the offers were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Rendered,
    /// Only labels and keys: what a view holds is not yet what stands on a page.
    Views,
}

/// What looking at the catalogue reads.
pub(super) fn effects(connection: &ConnectionAlias) -> Vec<Effect> {
    let view = ModelName::known(VIEWS);
    let effect = |method| RecordEffect::new(connection, &view, Operation::Read, MethodName::known(method));
    let render = effect("render_public_asset").reading(&names(&["arch_db"]));
    let read = effect("search_read").reading(&names(&["key", "name", "arch_db", "website_id"]));
    let filtered = ["key", "inherit_id", "type", "mode"].map(str::to_owned).to_vec();
    vec![
        Effect::Records(render.auxiliary()),
        Effect::Records(read.filtering(filtered).bounded(u64::from(VIEWS_MAX)).auxiliary()),
    ]
}

/// Everything that can be put on a page.
pub(super) async fn offers(
    odoo: &PermittedOdoo<'_>,
    context: &Context,
) -> Result<(Vec<Offer>, Kind), ToolError> {
    if let Some(rendered) = rendered(odoo, context).await? {
        let offers = from_rendered(&rendered);
        if !offers.is_empty() {
            return Ok((offers, Kind::Rendered));
        }
    }
    let views = catalogue_views(odoo, context).await?;
    if views.is_empty() {
        return Err(no_website());
    }
    Ok((from_views(&views), Kind::Views))
}

pub(super) fn no_website() -> ToolError {
    ToolError::Stopped {
        code: "not_installed",
        message: "this database has no website: there is no catalogue of snippets".to_owned(),
        hint: Some("install the module `website` in Odoo".to_owned()),
    }
}

/// The catalogue as the editor gets it. Nothing where this server cannot render it over this route:
/// Odoo 19 needs a web request behind it, which the older RPC routes do not give.
async fn rendered(odoo: &PermittedOdoo<'_>, context: &Context) -> Result<Option<String>, ToolError> {
    let call = Call::new(&ModelName::known(VIEWS), MethodName::known("render_public_asset"))
        .arg("template", json!(CATALOGUE))
        .arg("values", json!({}))
        .within(context);
    match odoo.call(call).await {
        Ok(Value::String(html)) => Ok(Some(html)),
        Ok(_) | Err(OdooError::Fault { .. } | OdooError::UnknownMethod { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn views(
    odoo: &PermittedOdoo<'_>,
    domain: Value,
    fields: &[&str],
    context: &Context,
) -> Result<Vec<JsonObject>, ToolError> {
    let query = PageQuery {
        model: ModelName::known(VIEWS),
        domain: Domain::parse(domain)?,
        fields: names(fields),
        limit: VIEWS_MAX,
        offset: 0,
        order: None,
        context: context.clone(),
    };
    Ok(odoo.search_rows(&query).await?)
}

/// The view of the catalogue, and those that change it.
async fn catalogue_views(odoo: &PermittedOdoo<'_>, context: &Context) -> Result<Vec<String>, ToolError> {
    let fields = ["key", "arch_db"];
    let base = views(odoo, json!([["key", "=", CATALOGUE]]), &fields, context).await?;
    let ids: Vec<i64> = base.iter().filter_map(|view| view.get("id")?.as_i64()).collect();
    let added =
        views(odoo, json!([["inherit_id", "in", ids], ["mode", "=", "extension"]]), &fields, context).await?;
    let source = |view: JsonObject| view.get("arch_db").and_then(Value::as_str).map(str::to_owned);
    Ok(base.into_iter().chain(added).filter_map(source).collect())
}

/// The offers of a rendered catalogue.
fn from_rendered(html: &str) -> Vec<Offer> {
    let document = Document::parse(html, Mode::Html);
    let is_offer = |id: &NodeId| document.value(*id, "data-oe-type").is_some_and(|kind| kind == "snippet");
    let offer = |id: NodeId| {
        let text = |name: &str| {
            document.value(id, name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
        };
        // The groups of the dialog are no snippets.
        let category = panel(&document, id);
        if document.attribute(id, "data-o-snippet-group").is_some() || category == GROUPS {
            return None;
        }
        let needs_module = document
            .attribute(id, "data-module-id")
            .map(|_| text("data-module-display-name").or_else(|| text("name")).unwrap_or_default());
        let root = document.child_elements(id).find(|child| !document.is(*child, "keywords"));
        let view_id = text("data-oe-snippet-id").and_then(|id| id.parse().ok());
        let own_slug =
            || root.and_then(|root| document.value(root, "data-snippet")).map(std::borrow::Cow::into_owned);
        Some(Offer {
            key: None,
            slug: text("data-oe-snippet-key").or_else(own_slug),
            view_id,
            name: text("name").unwrap_or_default(),
            category,
            group: text("data-o-group"),
            keywords: words(&text("data-oe-keywords").unwrap_or_default()),
            thumbnail: text("data-oe-thumbnail").filter(|address| address.starts_with('/')),
            markup: root.filter(|_| needs_module.is_none()).map(|root| document.outer(root).to_owned()),
            preview: root.map(|root| text_in_a_line(&document, root).chars().take(PREVIEW_CHARS).collect()),
            needs_module,
        })
    };
    document.ids().filter(is_offer).filter_map(offer).collect()
}

/// The offers that stand in the views themselves.
fn from_views(views: &[String]) -> Vec<Offer> {
    let mut offers: Vec<Offer> = Vec::new();
    for view in views {
        let document = Document::parse(view, Mode::Xml);
        for id in document.ids() {
            let text = |name: &str| document.value(id, name).map(std::borrow::Cow::into_owned);
            if document.attribute(id, "snippet-group").is_some() {
                continue;
            }
            let (key, needs_module) = (text("t-snippet"), text("t-install"));
            if (key.is_none() && needs_module.is_none()) || panel(&document, id) == GROUPS {
                continue;
            }
            let keywords = document.child_elements(id).find(|child| document.is(*child, "keywords"));
            let slug = key.as_deref().and_then(|key| key.split_once('.')).map(|(_, slug)| slug.to_owned());
            let name = text("string").or_else(|| slug.clone()).unwrap_or_default();
            offers.push(Offer {
                slug,
                key,
                name,
                category: panel(&document, id),
                group: text("group"),
                keywords: keywords.map(|id| words(&document.whole_text(id))).unwrap_or_default(),
                thumbnail: text("t-thumbnail"),
                needs_module,
                ..Offer::default()
            });
        }
    }
    let installed: Vec<String> = offers
        .iter()
        .filter_map(|offer| offer.key.as_deref()?.split('.').next().map(str::to_owned))
        .collect();
    offers.retain(|offer| !offer.needs_module.as_ref().is_some_and(|module| installed.contains(module)));
    offers
}

/// The name of the panel around an offer: the end of `snippet_structure`.
fn panel(document: &Document<'_>, id: NodeId) -> String {
    let named = document.ancestors(id).find_map(|up| {
        let name = document.value(up, "id")?;
        name.strip_prefix("snippet_").map(|panel| panel.trim_end_matches("_body").to_owned())
    });
    match named.as_deref() {
        Some("feature") => "dynamic".to_owned(),
        Some(panel) => panel.to_owned(),
        None => "unknown".to_owned(),
    }
}

fn words(keywords: &str) -> Vec<String> {
    keywords.split(',').map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rendered_catalogue_is_read() {
        let new = "<snippets id=\"snippet_groups\"><div name=\"Text\" data-oe-type=\"snippet\" data-o-snippet-group=\"text\"><section/></div></snippets>\
             <snippets id=\"snippet_structure\"><div name=\"Text\" data-oe-type=\"snippet\" data-oe-thumbnail=\"oe-thumbnail\" data-oe-snippet-id=\"21\" data-oe-snippet-key=\"s_text_block\" \
             data-oe-keywords=\"content, body\" data-o-group=\"text\">\n<section class=\"s_text_block\"><p>Hello <b>you</b></p></section></div>\
             <div name=\"Events\" data-oe-type=\"snippet\" data-module-id=\"5\" data-module-display-name=\"Events\"><section></section></div></snippets>";
        let offers = from_rendered(new);
        assert_eq!(offers.len(), 2);
        assert_eq!(
            offers[0].markup.as_deref(),
            Some("<section class=\"s_text_block\"><p>Hello <b>you</b></p></section>")
        );
        assert_eq!((offers[0].view_id, offers[0].category.as_str()), (Some(21), "structure"));
        assert_eq!(offers[0].keywords, ["content", "body"]);
        assert_eq!(offers[1].needs_module.as_deref(), Some("Events"));
        assert_eq!(offers[1].markup, None);
    }

    #[test]
    fn the_views_of_the_catalogue_are_read() {
        let base = "<t><t id=\"default_snippets\"><div id=\"snippet_feature\"><t t-snippet=\"website.s_x\" string=\"X\" t-thumbnail=\"/x.svg\">\
             <keywords>a, b</keywords></t><t t-install=\"website_blog\" string=\"Blog\"/><t t-install=\"mass_mailing\" string=\"News\"/></div></t></t>".to_owned();
        let added = "<data><xpath expr=\"//t[@t-install='website_blog']\" position=\"replace\"><t t-snippet=\"website_blog.s_posts\"/></xpath></data>".to_owned();
        let offers = from_views(&[base, added]);
        let keys: Vec<Option<&str>> = offers.iter().map(|offer| offer.key.as_deref()).collect();
        assert_eq!(keys, [Some("website.s_x"), None, Some("website_blog.s_posts")]);
        assert_eq!(offers[0].category, "dynamic");
        assert_eq!(offers[1].needs_module.as_deref(), Some("mass_mailing"));
    }
}
