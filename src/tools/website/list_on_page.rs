//! Which snippets stand in a field, and what can be edited about each.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    handle::{handle_of, xpath_of},
    structure,
    target::Target,
};
use crate::{
    facts::{Caller, Class, Effect, FieldName, ModelName, Risk},
    markup::{Document, NodeId, directive_within, text_in_a_line},
    tools::{CallContext, Tool, ToolEntry, ToolError, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<ListPageSnippets>()];

/// Characters of a preview.
const PREVIEW_CHARS: usize = 150;
/// Snippets that are described; a page with more is no page.
const SNIPPETS_MAX: usize = 500;
/// Parts of one snippet that are listed as worth editing.
const PARTS_MAX: usize = 20;

/// Arguments of `odoo_website_list_page_snippets`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
struct ListPageSnippets {
    #[serde(flatten)]
    target: Target,
}

/// Result of `odoo_website_list_page_snippets`.
#[derive(Debug, Serialize, JsonSchema)]
struct PageSnippets {
    /// The record that holds the markup.
    model: ModelName,
    res_id: i64,
    field: FieldName,
    count: usize,
    /// In the order they stand on the page.
    snippets: Vec<PageSnippet>,
    /// When the record was changed last; pass it as `expected_write_date` with an edit.
    #[serde(skip_serializing_if = "Option::is_none")]
    write_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// A snippet on the page.
#[derive(Debug, Serialize, JsonSchema)]
struct PageSnippet {
    /// From 0, in document order.
    index: usize,
    data_snippet: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_name: Option<String>,
    xpath: String,
    /// The path with a fingerprint of the content: an edit by it fails when the snippet has changed.
    handle: String,
    /// `index` of the snippet it stands in.
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<usize>,
    text_preview: String,
    has_background: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    background_url: Option<String>,
    /// Headings, buttons, links and pictures, with the path that a substitution takes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<Part>,
    /// A QWeb directive in it: what that computes is not edited here.
    #[serde(skip_serializing_if = "Option::is_none")]
    computed_by: Option<String>,
}

/// Something worth editing.
#[derive(Debug, Serialize, JsonSchema)]
struct Part {
    /// Relative to the snippet.
    xpath: String,
    /// Its text, or the description of a picture.
    text: String,
    /// Where a link leads or a picture comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
}

impl Tool for ListPageSnippets {
    const NAME: &'static str = "odoo_website_list_page_snippets";
    const TITLE: &'static str = "List the snippets of a page";
    const DESCRIPTION: &'static str = "Snippets inside an HTML or view field, in page order, with a path and a \
         handle for the editing tools, and the headings, links and pictures in each.";
    const CLASS: Class = Class::Read;
    const RISK: Risk = Risk::Low;
    const IDEMPOTENT: bool = true;
    type Output = PageSnippets;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        self.target.reading(false)
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<PageSnippets, ToolError> {
        let odoo = cx.odoo(&self.target.scope.connection)?;
        let found = self.target.find(&odoo, false).await?;
        let document = Document::parse(&found.text, found.mode);
        let ids = structure::snippets(&document);
        let note = (ids.len() > SNIPPETS_MAX)
            .then(|| format!("{} more snippets are not listed", ids.len() - SNIPPETS_MAX));
        let snippets: Vec<PageSnippet> = ids
            .iter()
            .take(SNIPPETS_MAX)
            .enumerate()
            .map(|(index, id)| described(&document, *id, index, &ids))
            .collect();
        Ok(PageSnippets {
            model: found.model,
            res_id: found.id,
            field: self.target.field_name,
            count: ids.len(),
            snippets,
            write_date: found.write_date,
            url: found.url,
            note,
        })
    }
}

fn described(document: &Document<'_>, id: NodeId, index: usize, all: &[NodeId]) -> PageSnippet {
    let parent = structure::parent_snippet(document, id);
    let background_url = structure::background(document, id);
    PageSnippet {
        index,
        data_snippet: structure::slug(document, id),
        data_name: document.value(id, "data-name").map(std::borrow::Cow::into_owned),
        xpath: xpath_of(document, id),
        handle: handle_of(document, id),
        parent: parent.and_then(|parent| all.iter().position(|one| *one == parent)),
        text_preview: text_in_a_line(document, id).chars().take(PREVIEW_CHARS).collect(),
        has_background: background_url.is_some(),
        background_url,
        parts: parts(document, id),
        computed_by: directive_within(document, id),
    }
}

fn parts(document: &Document<'_>, snippet: NodeId) -> Vec<Part> {
    let kinds = ["h1", "h2", "h3", "h4", "h5", "h6", "a", "img", "button"];
    let base = xpath_of(document, snippet);
    let wanted = |id: &NodeId| {
        kinds.iter().any(|kind| document.is(*id, kind))
            && structure::parent_snippet(document, *id) == Some(snippet)
    };
    let part = |id: NodeId| {
        let path = xpath_of(document, id);
        let relative = path.strip_prefix(&base).unwrap_or(&path).trim_start_matches('/').to_owned();
        let described = document.value(id, "alt").map(std::borrow::Cow::into_owned);
        let address = document.value(id, "href").or_else(|| document.value(id, "src"));
        Part {
            xpath: relative,
            text: described
                .unwrap_or_else(|| text_in_a_line(document, id))
                .chars()
                .take(PREVIEW_CHARS)
                .collect(),
            // A picture inside the page may be megabytes.
            address: address.map(|address| address.chars().take(300).collect()),
        }
    };
    document.elements_within(snippet).filter(wanted).take(PARTS_MAX).map(part).collect()
}
