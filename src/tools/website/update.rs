//! Changing parts of a snippet that stands on a page.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    edited::{self, Edited, Substitutions, check_unchanged, finish, substituted},
    handle::{handle_of, located, refused, xpath_of},
    target::Target,
};
use crate::{
    facts::{Caller, Class, Effect, Risk},
    markup::{Changes, Document, whole},
    tools::{ArgumentsError, CallContext, Tool, ToolEntry, ToolError, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<UpdateSnippet>()];

/// Arguments of `odoo_website_update_snippet`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
struct UpdateSnippet {
    /// Path or handle of the snippet: XPath such as `/div/section[2]`, or CSS behind `css:`.
    snippet_xpath: String,
    /// Which match of `snippet_xpath`, from 1, where there are several.
    #[serde(default)]
    #[schemars(with = "u32")]
    index: Option<u32>,
    /// Changes by path inside the snippet: `h2` sets text, `a/@href` an attribute, `@style:prop` one style
    /// property, `@class:name` (true or false) a class, `p/html()` harmless markup. All or none.
    substitutions: Substitutions,
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

impl Tool for UpdateSnippet {
    const NAME: &'static str = "odoo_website_update_snippet";
    const TITLE: &'static str = "Change a snippet of a page";
    const DESCRIPTION: &'static str = "Set texts, attributes, styles or harmless markup inside one snippet of a \
         field. All substitutions or none; everything else keeps every byte. `dry_run` shows a diff.";
    const CLASS: Class = Class::Write;
    const RISK: Risk = Risk::Medium;
    const IDEMPOTENT: bool = true;
    type Output = Edited;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        self.target.changing(self.dry_run)
    }

    fn check(&self) -> Result<(), ArgumentsError> {
        if self.substitutions.is_empty() {
            return Err(ArgumentsError {
                message: "`substitutions` is empty: there is nothing to change".to_owned(),
                hint: Some("name paths and their new values".to_owned()),
            });
        }
        edited::check(&self.substitutions)
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
        whole(&document, id).map_err(|error| refused("snippet_xpath", &error))?;
        let (markup, report) = substituted(document.outer(id), found.mode, &self.substitutions)?;
        let span = document.node(id).span;
        let mut changes = Changes::default();
        changes.replace(span, markup);
        let text = changes.apply(&found.text).map_err(|error| refused("snippet_xpath", &error))?;
        let mut edited = Edited::of(&self.target, &found, self.dry_run);
        edited.snippet_xpath = Some(xpath_of(&document, id));
        let after = Document::parse(&text, found.mode);
        edited.handle = after
            .ids()
            .find(|id| after.node(*id).span.start == span.start && after.element(*id).is_some())
            .map(|id| handle_of(&after, id));
        edited.substitutions_applied = report;
        drop(after);
        finish(&odoo, &self.target, &found, text, edited).await
    }
}
