//! The end of every edit: checked, compared, and written or only shown.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    handle::refused,
    target::{Found, Target},
};
use crate::{
    facts::{FieldName, ModelName},
    markup::{Applied, Mode, Substitution, check_well_formed, unified_diff},
    odoo::PermittedOdoo,
    tools::{ArgumentsError, ToolError},
};

/// Most substitutions of one call.
const SUBSTITUTIONS_MAX: usize = 200;
/// Longest path and value together, all substitutions of a call.
const SUBSTITUTIONS_BYTES_MAX: usize = 200_000;
/// Longest diff that comes back.
const DIFF_CHARS_MAX: usize = 20_000;
/// Longest piece of removed markup that comes back, for putting it in again.
const REMOVED_CHARS_MAX: usize = 100_000;

/// Substitutions by path, in the order they were given.
pub(super) type Substitutions = Map<String, Value>;

/// What one substitution did.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct Substituted {
    /// The key as it was given.
    xpath: String,
    /// Always `ok`: where one fails, nothing is changed at all.
    status: &'static str,
    /// How many elements it changed.
    matches: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// Result of an edit.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Edited {
    /// True for a dry run too: the edit would go through.
    pub(super) success: bool,
    /// Nothing was written.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) dry_run: bool,
    /// The record that holds the markup.
    pub(super) model: ModelName,
    pub(super) res_id: i64,
    pub(super) field: FieldName,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) snippet_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) position: Option<&'static str>,
    /// Where the snippet is, or was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) snippet_xpath: Option<String>,
    /// For the next edit: names the snippet as it is now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) handle: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) substitutions_applied: Vec<Substituted>,
    /// What changed in the field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) diff: Option<String>,
    /// What was taken out, as it stood there: for undoing it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) removed_markup: Option<String>,
    /// When the record was changed last; pass it as `expected_write_date` with the next edit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) write_date: Option<String>,
    /// Page of a page record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) url: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) warnings: Vec<String>,
}

impl Edited {
    pub(super) fn of(target: &Target, found: &Found, dry_run: bool) -> Self {
        Self {
            success: true,
            dry_run,
            model: found.model.clone(),
            res_id: found.id,
            field: target.field_name.clone(),
            snippet_key: None,
            position: None,
            snippet_xpath: None,
            handle: None,
            substitutions_applied: Vec::new(),
            diff: None,
            removed_markup: None,
            write_date: found.write_date.clone(),
            url: found.url.clone(),
            warnings: Vec::new(),
        }
    }

    /// Remembers what was taken out.
    pub(super) fn removing(&mut self, markup: &str) {
        let kept: String = markup.chars().take(REMOVED_CHARS_MAX).collect();
        if kept.len() < markup.len() {
            self.warnings.push("the removed markup is longer than what is shown of it".to_owned());
        }
        self.removed_markup = Some(kept);
    }
}

/// Are there as many substitutions as one call may have, and can each be understood?
pub(super) fn check(substitutions: &Substitutions) -> Result<(), ArgumentsError> {
    let bytes: usize =
        substitutions.iter().map(|(key, value)| key.len() + value.as_str().map_or(16, str::len)).sum();
    if substitutions.len() > SUBSTITUTIONS_MAX || bytes > SUBSTITUTIONS_BYTES_MAX {
        return Err(ArgumentsError {
            message: format!(
                "at most {SUBSTITUTIONS_MAX} substitutions of {SUBSTITUTIONS_BYTES_MAX} bytes together fit into one call"
            ),
            hint: Some("make several calls".to_owned()),
        });
    }
    for (key, value) in substitutions {
        Substitution::parse(key, value).map_err(|error| ArgumentsError {
            message: format!("`substitutions`: {error}"),
            hint: Some("keys are `path`, `path/@attribute`, `path/@style:property`, `path/@class:name` or `path/html()`".to_owned()),
        })?;
    }
    Ok(())
}

/// All substitutions or none, one after the other.
pub(super) fn substituted(
    snippet: &str,
    mode: Mode,
    substitutions: &Substitutions,
) -> Result<(String, Vec<Substituted>), ToolError> {
    let mut markup = snippet.to_owned();
    let mut report = Vec::with_capacity(substitutions.len());
    for (key, value) in substitutions {
        let (changed, applied) = Substitution::parse(key, value)
            .and_then(|substitution| substitution.apply(&markup, mode))
            .map_err(|error| refused("substitutions", &error))?;
        markup = changed;
        let Applied { key, matches, note } = applied;
        report.push(Substituted { xpath: key, status: "ok", matches, note });
    }
    Ok((markup, report))
}

/// The last steps of an edit. `edited` says what was done; here it is checked and written.
pub(super) async fn finish(
    odoo: &PermittedOdoo<'_>,
    target: &Target,
    found: &Found,
    text: String,
    mut edited: Edited,
) -> Result<Edited, ToolError> {
    if found.mode == Mode::Xml {
        check_well_formed(&text).map_err(|error| refused("the edited view", &error))?;
    }
    edited.diff = unified_diff(&found.text, &text).map(|diff| shortened(&diff));
    if edited.diff.is_none() {
        edited.warnings.push("nothing is different, so nothing was written".to_owned());
        return Ok(edited);
    }
    if target.is_view() && target.website_id.is_none() {
        edited.warnings.push(
            "a view without a website of its own changes on every website; `website_id` makes a copy for one"
                .to_owned(),
        );
    }
    if edited.dry_run {
        return Ok(edited);
    }
    target.write(odoo, found, &text).await?;
    // The change is made: whatever reading it back meets, the call succeeded.
    match target.read_back(odoo, found).await {
        Ok(stored) => {
            edited.write_date = stored.write_date;
            if stored.id != found.id {
                edited
                    .warnings
                    .push("the website got its own copy of the view; the shared one is as it was".to_owned());
            }
            if stored.text != text {
                edited
                    .warnings
                    .push("Odoo stored it in a form of its own: the field cleans its markup".to_owned());
            }
            edited.res_id = stored.id;
        }
        Err(error) => edited.warnings.push(format!("written, but could not be read back: {error}")),
    }
    Ok(edited)
}

/// Somebody else may have been faster than the caller's last look.
pub(super) fn check_unchanged(found: &Found, expected: Option<&str>) -> Result<(), ToolError> {
    match expected {
        Some(expected) if found.write_date.as_deref() != Some(expected) => {
            Err(super::target::changed_meanwhile(found))
        }
        _ => Ok(()),
    }
}

fn shortened(diff: &str) -> String {
    let mut short: String = diff.chars().take(DIFF_CHARS_MAX).collect();
    if short.len() < diff.len() {
        short.push_str("\n… the rest of the diff is not shown");
    }
    short
}
