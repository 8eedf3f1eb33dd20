//! The markup of one snippet, as it would stand on a page.

use serde_json::{Value, json};

use super::catalogue::{self, Kind, Offer};
use crate::{
    facts::nearest,
    markup::{Changes, Document, Mode, NodeId, as_template, directive_within, shown_template},
    odoo::{Context, PermittedOdoo},
    tools::ToolError,
};

/// Names that an error suggests.
const SUGGESTIONS: usize = 5;
/// What ties rendered content to records; inside of other content it would tie the wrong ones.
const BRANDING: [&str; 6] =
    ["data-oe-model", "data-oe-id", "data-oe-field", "data-oe-xpath", "data-oe-source-id", "data-oe-type"];

/// A snippet ready to be inserted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Snippet {
    pub(super) markup: String,
    pub(super) note: Option<String>,
}

/// Is it `module.s_name`?
pub(super) fn is_key(key: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
    };
    key.len() <= 200 && key.split_once('.').is_some_and(|(module, name)| plain(module) && plain(name))
}

/// Renders a snippet, or takes its template where that says nothing but itself.
pub(super) async fn snippet(
    odoo: &PermittedOdoo<'_>,
    key: &str,
    mode: Mode,
    context: &Context,
) -> Result<Snippet, ToolError> {
    let (offers, kind) = catalogue::offers(odoo, context).await?;
    let fields = ["key", "name", "arch_db", "website_id"];
    let views =
        catalogue::views(odoo, json!([["key", "=", key], ["type", "=", "qweb"]]), &fields, context).await?;
    let ids: Vec<i64> = views.iter().filter_map(|view| view.get("id")?.as_i64()).collect();
    if ids.is_empty() {
        return Err(unknown(odoo, key, &offers, context).await);
    }
    let slug = key.split_once('.').map_or(key, |(_, slug)| slug);
    let offered = offers
        .iter()
        .find(|offer| offer.view_id.is_some_and(|id| ids.contains(&id)) || offer.key.as_deref() == Some(key));
    if let Some((offer, markup)) = offered.and_then(|offer| Some((offer, offer.markup.as_deref()?))) {
        return finished(&in_field(markup, Mode::Html, mode), slug, &offer.name, mode, None);
    }
    // The website's own copy, where there is one.
    let own = |view: &&crate::facts::JsonObject| view.get("website_id").is_some_and(Value::is_array);
    let view = views.iter().find(own).or(views.first());
    let source = view.and_then(|view| view.get("arch_db")).and_then(Value::as_str).unwrap_or_default();
    let label = offered.map(|offer| offer.name.clone()).filter(|name| !name.is_empty());
    let label = label.or_else(|| view?.get("name")?.as_str().map(str::to_owned)).unwrap_or_default();
    let markup = plain_template(source).map_err(|directive| unrendered(key, &directive, kind))?;
    let note = (kind == Kind::Views)
        .then(|| "taken from its template: this connection's route renders no snippets".to_owned());
    finished(&in_field(&markup, Mode::Xml, mode), slug, &label, mode, note)
}

/// The element of a template without directives; the directive otherwise.
fn plain_template(source: &str) -> Result<String, String> {
    let document = Document::parse(source, Mode::Xml);
    let shell = document
        .child_elements(document.root())
        .find(|id| document.is(*id, "t") || document.is(*id, "template"));
    let outer = shell.unwrap_or(document.root());
    let mut elements = document.child_elements(outer);
    match (elements.next(), elements.next()) {
        (Some(element), None) => match directive_within(&document, element) {
            None => Ok(document.outer(element).to_owned()),
            Some(directive) => Err(directive),
        },
        (None, _) => Err("an empty template".to_owned()),
        (Some(_), Some(_)) => Err("several elements".to_owned()),
    }
}

fn unrendered(key: &str, what: &str, kind: Kind) -> ToolError {
    let hint = match kind {
        Kind::Rendered => "choose a snippet of odoo_website_list_snippets; this one is a part of others",
        Kind::Views => {
            "use a connection with a password, or on Odoo 19 the protocol json2: those can render snippets"
        }
    };
    ToolError::Stopped {
        code: "unrendered_qweb",
        message: format!(
            "`{key}` is a template for the server ({what}), and inserting it unrendered would leave dead code on the page; nothing was written"
        ),
        hint: Some(hint.to_owned()),
    }
}

async fn unknown(odoo: &PermittedOdoo<'_>, key: &str, offers: &[Offer], context: &Context) -> ToolError {
    let (module, slug) = key.split_once('.').unwrap_or(("", key));
    if offers.iter().filter_map(|offer| offer.needs_module.as_deref()).any(|waiting| waiting == module) {
        return ToolError::Stopped {
            code: "not_installed",
            message: format!("snippets of `{module}` need that module; it is not installed"),
            hint: Some("install the module in Odoo, or choose another snippet".to_owned()),
        };
    }
    let similar = nearest(slug, offers.iter().filter_map(|offer| offer.slug.as_deref()), SUGGESTIONS);
    let alike =
        || offers.iter().filter(|offer| offer.slug.as_deref().is_some_and(|slug| similar.contains(&slug)));
    let ids: Vec<i64> = alike().filter_map(|offer| offer.view_id).collect();
    let named =
        catalogue::views(odoo, json!([["id", "in", ids]]), &["key"], context).await.unwrap_or_default();
    let keys = named.iter().filter_map(|view| view.get("key")?.as_str());
    let keys: Vec<&str> = keys.chain(alike().filter_map(|offer| offer.key.as_deref())).collect();
    let hint = match keys.is_empty() {
        true => "list what there is with odoo_website_list_snippets".to_owned(),
        false => format!("did you mean {}?", keys.join(", ")),
    };
    ToolError::not_found(format!("there is no snippet `{key}`"), hint)
}

/// Markup of one kind as it stands in a field: a page shows a template, an HTML field shows itself.
fn in_field(markup: &str, from: Mode, to: Mode) -> String {
    let document = Document::parse(markup, from);
    match (from, to) {
        (Mode::Html, Mode::Xml) => as_template(&document, document.root()),
        (Mode::Xml, Mode::Html) => shown_template(&document, document.root()),
        (Mode::Html, Mode::Html) | (Mode::Xml, Mode::Xml) => markup.to_owned(),
    }
}

/// One element with the names by which Odoo's editor knows it again.
fn finished(
    markup: &str,
    slug: &str,
    label: &str,
    mode: Mode,
    note: Option<String>,
) -> Result<Snippet, ToolError> {
    let wrong = |why: String| ToolError::Stopped {
        code: "unrendered_qweb",
        message: format!("the server's markup for `{slug}` cannot be inserted: {why}; nothing was written"),
        hint: Some("choose another snippet".to_owned()),
    };
    let document = Document::parse(markup, mode);
    let root =
        document.child_elements(document.root()).next().ok_or_else(|| wrong("it is empty".to_owned()))?;
    if let Some(directive) = directive_within(&document, root) {
        return Err(wrong(format!("it holds `{directive}`")));
    }
    if let Some(flaw) = document.flaws().first() {
        return Err(wrong(flaw.what.clone()));
    }
    let mut changes = Changes::default();
    let names = [("data-snippet", slug), ("data-name", label)];
    let missing =
        names.iter().filter(|(name, value)| document.attribute(root, name).is_none() && !value.is_empty());
    for (name, value) in missing {
        changes
            .set_attribute(&document, root, name, Some(value))
            .map_err(|error| wrong(error.to_string()))?;
    }
    without_branding(&document, root, &mut changes).map_err(|error| wrong(error.to_string()))?;
    let whole = changes.apply(markup).map_err(|error| wrong(error.to_string()))?;
    Ok(Snippet { markup: whole.trim().to_owned(), note })
}

fn without_branding(
    document: &Document<'_>,
    root: NodeId,
    changes: &mut Changes,
) -> Result<(), crate::markup::EditError> {
    for id in document.within(root).filter(|id| document.element(*id).is_some()) {
        // Two of them side by side share the space between; removing each with the space before it is exact.
        for name in BRANDING {
            changes.set_attribute(document, id, name, None)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_a_module_and_a_name() {
        for good in ["website.s_text_block", "website_sale.s_dynamic-x", "website.s_banner_1a2b"] {
            assert!(is_key(good), "{good}");
        }
        for bad in
            ["", "s_text", "website.", ".s_x", "website.s_x.y", "website.s%", "a b.c", "website.s_x' or 1=1"]
        {
            assert!(!is_key(bad), "{bad}");
        }
    }

    #[test]
    fn a_plain_template_is_taken_and_a_program_is_not() {
        let plain = "<?xml version=\"1.0\"?>\n<t name=\"T\" t-name=\"website.s_t\">\n<section class=\"s_t\"><p>a</p><br/></section>\n</t>";
        assert_eq!(plain_template(plain).unwrap(), "<section class=\"s_t\"><p>a</p><br/></section>");
        for program in [
            "<t t-name=\"x\"><section t-if=\"a\"/></t>",
            "<t t-name=\"x\"><section><t t-call=\"y\"/></section></t>",
            "<t t-name=\"x\"><t t-snippet-call=\"y\"/></t>",
            "<t t-name=\"x\"><section/><section/></t>",
            "<t t-name=\"x\"></t>",
        ] {
            assert!(plain_template(program).is_err(), "{program}");
        }
    }

    #[test]
    fn a_snippet_gets_the_names_the_editor_looks_for() {
        let snippet = |markup: &str, mode| {
            finished(&in_field(markup, Mode::Html, mode), "s_t", "Text", mode, None)
                .map(|snippet| snippet.markup)
        };
        assert_eq!(
            snippet("<section class=\"s_t\"><br>&nbsp;</section>", Mode::Xml).unwrap(),
            "<section class=\"s_t\" data-snippet=\"s_t\" data-name=\"Text\"><br/>\u{a0}</section>"
        );
        assert_eq!(
            snippet("<section data-snippet=\"s_q\" data-name=\"Q\"><b data-oe-model=\"x\" data-oe-id=\"1\" class=\"y\">a</b></section>", Mode::Html).unwrap(),
            "<section data-snippet=\"s_q\" data-name=\"Q\"><b class=\"y\">a</b></section>"
        );
        assert!(snippet("<section><t t-out=\"x\"/></section>", Mode::Html).is_err());
        assert!(snippet("<section><div></section>", Mode::Html).is_err());
        assert!(snippet("  ", Mode::Html).is_err());
    }
}
