//! Putting a new snippet on a page.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    catalogue,
    edited::{self, Edited, Substitutions, check_unchanged, finish, substituted},
    handle::{handle_of, located, refused, xpath_of},
    source::{self, is_key},
    structure,
    target::{Found, Target},
};
use crate::{
    facts::{Caller, Class, Effect, Risk},
    markup::{Changes, Document, EditError, NodeId},
    tools::{ArgumentsError, CallContext, Tool, ToolEntry, ToolError, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<AddSnippet>()];

/// Where the new snippet goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Position {
    #[default]
    End,
    Begin,
    After,
    Before,
    Replace,
}

impl Position {
    fn as_str(self) -> &'static str {
        match self {
            Self::End => "end",
            Self::Begin => "begin",
            Self::After => "after",
            Self::Before => "before",
            Self::Replace => "replace",
        }
    }

    fn needs_anchor(self) -> bool {
        matches!(self, Self::After | Self::Before | Self::Replace)
    }
}

/// Arguments of `odoo_website_add_snippet`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
struct AddSnippet {
    /// Key from odoo_website_list_snippets, such as `website.s_text_block`.
    snippet_key: String,
    /// `begin` and `end` of what people may build in; `after`, `before` and `replace` an anchor.
    #[serde(default)]
    position: Position,
    /// Path or handle of the anchor: XPath such as `/div/section[2]`, or CSS behind `css:`.
    #[serde(default)]
    #[schemars(with = "String")]
    anchor_xpath: Option<String>,
    /// Which match of `anchor_xpath`, from 1, where there are several.
    #[serde(default)]
    #[schemars(with = "u32")]
    anchor_index: Option<u32>,
    /// Changes of the new snippet by path: `h2` sets text, `a/@href` an attribute, `@style:prop` one style
    /// property, `@class:name` (true or false) a class, `p/html()` harmless markup. All or none.
    #[serde(default)]
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

impl Tool for AddSnippet {
    const NAME: &'static str = "odoo_website_add_snippet";
    const TITLE: &'static str = "Add a snippet to a page";
    const DESCRIPTION: &'static str = "Insert a snippet, rendered as the editor would, into an HTML or view field, \
         with texts, links and pictures of your own. Everything else keeps every byte. `dry_run` shows a diff.";
    const CLASS: Class = Class::Write;
    const RISK: Risk = Risk::Medium;
    type Output = Edited;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        let mut effects = self.target.changing(self.dry_run);
        effects.extend(catalogue::effects(&self.target.scope.connection));
        effects
    }

    fn check(&self) -> Result<(), ArgumentsError> {
        let refuse = |message: &str, hint: &str| {
            Err(ArgumentsError { message: message.to_owned(), hint: Some(hint.to_owned()) })
        };
        if !is_key(&self.snippet_key) {
            return refuse(
                "`snippet_key` is a key such as `website.s_text_block`",
                "odoo_website_list_snippets has the keys",
            );
        }
        match (self.position.needs_anchor(), &self.anchor_xpath) {
            (true, None) => refuse("this position needs `anchor_xpath`", "name the element to stand next to"),
            (false, Some(_)) => refuse(
                "`anchor_xpath` goes with `after`, `before` and `replace`",
                "leave it out, or choose such a position",
            ),
            _ => edited::check(&self.substitutions),
        }
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
        let snippet = source::snippet(&odoo, &self.snippet_key, found.mode, &found.context).await?;
        let (markup, report) = substituted(&snippet.markup, found.mode, &self.substitutions)?;
        let mut edited = Edited::of(&self.target, &found, self.dry_run);
        let (text, place) = self.inserted(&found, &markup, &mut edited)?;
        let document = Document::parse(&text, found.mode);
        let new =
            document.ids().find(|id| document.node(*id).span.start == place && document.outer(*id) == markup);
        if let Some(new) = new {
            edited.snippet_xpath = Some(xpath_of(&document, new));
            edited.handle = Some(handle_of(&document, new));
        }
        edited.snippet_key = Some(self.snippet_key.clone());
        edited.position = Some(self.position.as_str());
        edited.substitutions_applied = report;
        edited.warnings.extend(snippet.note);
        finish(&odoo, &self.target, &found, text, edited).await
    }
}

impl AddSnippet {
    /// The text with the snippet in it, and the byte it begins at.
    fn inserted(
        &self,
        found: &Found,
        markup: &str,
        edited: &mut Edited,
    ) -> Result<(String, usize), ToolError> {
        let document = Document::parse(&found.text, found.mode);
        let mut changes = Changes::default();
        let wrong = |error: EditError| refused("anchor_xpath", &error);
        let place =
            if let Some(anchor) = self.anchor_xpath.as_deref().filter(|_| self.position.needs_anchor()) {
                let id = located(&document, "anchor_xpath", anchor, self.anchor_index)?;
                crate::markup::whole(&document, id).map_err(wrong)?;
                self.beside(&document, id, markup, &mut changes, edited)?
            } else {
                match structure::place_to_build(&document, self.position == Position::End)? {
                    Some(id) => inside(&document, id, markup, self.position, &mut changes).map_err(wrong)?,
                    None if self.position == Position::End => {
                        changes.insert(found.text.len(), markup);
                        found.text.len()
                    }
                    None => {
                        changes.insert(0, markup);
                        0
                    }
                }
            };
        Ok((changes.apply(&found.text).map_err(wrong)?, place))
    }

    fn beside(
        &self,
        document: &Document<'_>,
        id: NodeId,
        markup: &str,
        changes: &mut Changes,
        edited: &mut Edited,
    ) -> Result<usize, ToolError> {
        let span = document.node(id).span;
        if self.position == Position::After {
            changes.insert(span.end, markup);
            return Ok(span.end);
        }
        if self.position == Position::Before {
            changes.insert(span.start, markup);
            return Ok(span.start);
        }
        if structure::is_frame(document, id) {
            return Err(ToolError::Stopped {
                code: "not_a_snippet",
                message: "`anchor_xpath` names a part of the page's frame, which is not replaced; nothing was written".to_owned(),
                hint: Some("name a snippet of odoo_website_list_page_snippets".to_owned()),
            });
        }
        edited.removing(document.outer(id));
        changes.replace(span, markup);
        Ok(span.start)
    }
}

/// At the beginning or the end of an element.
fn inside(
    document: &Document<'_>,
    id: NodeId,
    markup: &str,
    position: Position,
    changes: &mut Changes,
) -> Result<usize, EditError> {
    let element = crate::markup::whole(document, id)?;
    if element.inner.is_empty() {
        let open = element.open.of(document.text());
        let opened = open.strip_suffix("/>").map_or(open.len(), |kept| kept.trim_end().len() + 1);
        changes.set_inner(document, id, markup)?;
        return Ok(element.open.start + opened);
    }
    let place = if position == Position::End { element.inner.end } else { element.inner.start };
    changes.insert(place, markup);
    Ok(place)
}
