//! Taking a snippet off a page.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    edited::{Edited, check_unchanged, finish},
    handle::{located, refused, xpath_of},
    structure,
    target::Target,
};
use crate::{
    facts::{Caller, Class, Effect, Risk},
    markup::{Changes, Document, NodeId, directive_within},
    tools::{CallContext, Tool, ToolEntry, ToolError, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<RemoveSnippet>()];

/// Arguments of `odoo_website_remove_snippet`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
struct RemoveSnippet {
    /// Path or handle of the snippet: XPath such as `/div/section[2]`, or CSS behind `css:`.
    snippet_xpath: String,
    /// Which match of `snippet_xpath`, from 1, where there are several.
    #[serde(default)]
    #[schemars(with = "u32")]
    index: Option<u32>,
    /// Remove an element that is no snippet. Parts of the page's frame stay all the same.
    #[serde(default)]
    any_element: bool,
    /// Refuse unless the record was last changed at this moment.
    #[serde(default)]
    #[schemars(with = "String")]
    expected_write_date: Option<String>,
    /// Only show the difference; write nothing.
    #[serde(default)]
    dry_run: bool,
    #[serde(flatten)]
    target: Target,
}

impl Tool for RemoveSnippet {
    const NAME: &'static str = "odoo_website_remove_snippet";
    const TITLE: &'static str = "Remove a snippet from a page";
    const DESCRIPTION: &'static str = "Take one snippet out of a field; the text around it stays. The result \
         holds the removed markup, for putting it back. `dry_run` shows a diff.";
    const CLASS: Class = Class::Destructive;
    const RISK: Risk = Risk::Critical;
    type Output = Edited;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        self.target.changing(self.dry_run)
    }

    fn class(&self) -> Class {
        if self.dry_run { Class::Read } else { Self::CLASS }
    }

    fn is_rehearsal(&self) -> bool {
        self.dry_run
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Edited, ToolError> {
        let odoo = cx.odoo(&self.target.scope.connection)?;
        let found = self.target.find(&odoo, true).await?;
        check_unchanged(&found, self.expected_write_date.as_deref())?;
        let document = Document::parse(&found.text, found.mode);
        let id = located(&document, "snippet_xpath", &self.snippet_xpath, self.index)?;
        self.check_removable(&document, id)?;
        let mut changes = Changes::default();
        changes.remove(&document, id).map_err(|error| refused("snippet_xpath", &error))?;
        let text = changes.apply(&found.text).map_err(|error| refused("snippet_xpath", &error))?;
        let mut edited = Edited::of(&self.target, &found, self.dry_run);
        edited.snippet_xpath = Some(xpath_of(&document, id));
        edited.removing(document.outer(id));
        edited.warnings.extend(lost_with(&document, id));
        finish(&odoo, &self.target, &found, text, edited).await
    }
}

impl RemoveSnippet {
    fn check_removable(&self, document: &Document<'_>, id: NodeId) -> Result<(), ToolError> {
        let refuse = |message: &str, hint: &str| {
            Err(ToolError::Stopped {
                code: "not_a_snippet",
                message: format!("{message}; nothing was written"),
                hint: Some(hint.to_owned()),
            })
        };
        let list = "choose one of odoo_website_list_page_snippets";
        if structure::is_frame(document, id) && document.attribute(id, "data-snippet").is_none() {
            return refuse("`snippet_xpath` names a part of the page's frame", list);
        }
        if structure::is_snippet(document, id) {
            return Ok(());
        }
        if !self.any_element {
            return refuse(
                "`snippet_xpath` names an element that is no snippet",
                "name the snippet around it, or set `any_element`",
            );
        }
        let frame = document.elements_within(id).find(|inner| structure::is_frame(document, *inner));
        match frame {
            Some(_) => refuse("`snippet_xpath` names an element that holds a part of the page's frame", list),
            None => Ok(()),
        }
    }
}

/// What visitors or the site will miss.
fn lost_with(document: &Document<'_>, id: NodeId) -> Vec<String> {
    let mut lost = Vec::new();
    let within = || document.within(id).filter(|inner| document.element(*inner).is_some());
    if within().any(|inner| document.is(inner, "form")) {
        lost.push("it held a form".to_owned());
    }
    let anchors: Vec<String> = within()
        .filter_map(|inner| document.value(inner, "id"))
        .map(|id| format!("#{id}"))
        .take(10)
        .collect();
    if !anchors.is_empty() {
        lost.push(format!("links may point to {}", anchors.join(", ")));
    }
    if within().any(|inner| document.is(inner, "script") || document.is(inner, "iframe")) {
        lost.push("it held a script or a frame, perhaps for tracking".to_owned());
    }
    if let Some(directive) = directive_within(document, id) {
        lost.push(format!("it held the QWeb directive `{directive}`"));
    }
    lost
}
