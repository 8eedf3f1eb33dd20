//! Copying files from one area to the other: which, what happens to a file that is there already, and
//! what became of each. One file that cannot be copied does not keep the others.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

use super::{arguments::effect, permitted::PermittedArea};
use crate::{
    facts::{Effect, MemoryArea, MemoryChange},
    memory::{Change, Deed, Note, NoteName, Query, WriteMode},
    tools::{CallContext, ToolError},
};

/// Files of one call.
const FILES_MAX: usize = 200;
/// Numbers that are tried for a name that is taken.
const RENAMES_MAX: usize = 50;

/// One file, or all.
#[derive(Debug, Clone)]
pub(super) enum Which {
    All,
    One(NoteName),
}

impl<'de> Deserialize<'de> for Which {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        if text == "*" {
            return Ok(Self::All);
        }
        NoteName::parse(&text).map(Self::One).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Which {
    fn schema_name() -> Cow<'static, str> {
        "Which".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

impl Which {
    fn name(&self) -> Option<&NoteName> {
        match self {
            Self::All => None,
            Self::One(name) => Some(name),
        }
    }

    /// What copying does. A file that gets another name is not known before.
    pub(super) fn effects(
        &self,
        from: MemoryArea,
        to: MemoryArea,
        conflict: OnConflict,
        dry_run: bool,
    ) -> Vec<Effect> {
        let target = self.name().filter(|_| conflict != OnConflict::Rename);
        let mut effects =
            vec![effect(from, MemoryChange::Read, self.name()), effect(to, MemoryChange::Read, target)];
        if !dry_run {
            effects.push(effect(to, MemoryChange::Write, target));
        }
        effects
    }
}

/// What happens where the other area has a file of that name with another text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum OnConflict {
    // It stays as it is.
    #[default]
    Skip,
    // The copy gets a number.
    Rename,
    // It is replaced; its text is kept as an older version.
    Replace,
}

/// What became of the files.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct Copied {
    /// New files.
    pub(super) created: Vec<String>,
    /// Files with a new text.
    pub(super) updated: Vec<String>,
    /// Files that had this very text.
    pub(super) unchanged: Vec<String>,
    /// Files that were copied under another name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) renamed: Vec<Renamed>,
    /// Files that were not copied.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) skipped: Vec<Skipped>,
}

/// A copy with another name.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Renamed {
    filename: String,
    to: String,
}

/// A file that was not copied.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Skipped {
    filename: String,
    /// The word of the error, or `conflict`.
    code: String,
    why: String,
}

impl Copied {
    pub(super) fn total(&self) -> usize {
        self.created.len() + self.updated.len() + self.renamed.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.total() == 0 && self.unchanged.is_empty() && self.skipped.is_empty()
    }
}

/// How files are copied.
#[derive(Debug)]
pub(super) struct Copying<'a> {
    pub(super) from: PermittedArea<'a>,
    pub(super) to: PermittedArea<'a>,
    pub(super) deed: Deed,
    pub(super) conflict: OnConflict,
    pub(super) dry_run: bool,
}

impl<'a> Copying<'a> {
    pub(super) fn new(cx: &'a CallContext<'a>, from: MemoryArea, to: MemoryArea, deed: Deed) -> Self {
        Self {
            from: PermittedArea::new(cx, from),
            to: PermittedArea::new(cx, to),
            deed,
            conflict: OnConflict::Skip,
            dry_run: false,
        }
    }

    pub(super) async fn copy(&self, which: &Which) -> Result<Copied, ToolError> {
        let mut copied = Copied::default();
        match which {
            Which::One(name) => {
                let note = self.from.read(name).await?;
                self.copy_one(&note, &mut copied).await?;
            }
            Which::All => {
                let query = Query { limit: FILES_MAX, ..Query::default() };
                let page = self.from.list(query).await?;
                if page.next.is_some() {
                    return Err(ToolError::too_large(
                        format!("there are more than {FILES_MAX} files"),
                        "copy them one by one",
                    ));
                }
                for listed in page.notes {
                    let Ok(name) = NoteName::parse(&listed.name) else { continue };
                    let outcome = match self.from.read(&name).await {
                        Ok(note) => self.copy_one(&note, &mut copied).await,
                        Err(error) => Err(error),
                    };
                    if let Err(error) = outcome {
                        copied.skipped.push(skipped(&name, &error));
                    }
                }
            }
        }
        Ok(copied)
    }

    async fn copy_one(&self, note: &Note, copied: &mut Copied) -> Result<(), ToolError> {
        let name = note.name.as_str().to_owned();
        match self.to.look(&note.name).await? {
            None => {
                self.write(note, &note.name, WriteMode::Create).await?;
                copied.created.push(name);
            }
            Some(there) if there.content == note.content => copied.unchanged.push(name),
            Some(_) => match self.conflict {
                OnConflict::Skip => copied.skipped.push(Skipped {
                    filename: name,
                    code: "conflict".to_owned(),
                    why: "there is a file of that name with another text".to_owned(),
                }),
                OnConflict::Replace => {
                    self.write(note, &note.name, WriteMode::Replace).await?;
                    copied.updated.push(name);
                }
                OnConflict::Rename => {
                    let to = self.free_name(&note.name).await?;
                    self.write(note, &to, WriteMode::Create).await?;
                    copied.renamed.push(Renamed { filename: name, to: to.as_str().to_owned() });
                }
            },
        }
        Ok(())
    }

    async fn write(&self, note: &Note, name: &NoteName, mode: WriteMode) -> Result<(), ToolError> {
        if self.dry_run {
            return Ok(());
        }
        let change = Change {
            name: name.clone(),
            content: note.content.clone(),
            mode,
            if_match: None,
            // A text stays its author's, wherever it is copied to.
            author: note.author.clone(),
            deed: Some(self.deed),
        };
        self.to.write(change).await.map(drop)
    }

    async fn free_name(&self, name: &NoteName) -> Result<NoteName, ToolError> {
        for number in 2..RENAMES_MAX {
            if let Some(free) = name.numbered(number)
                && self.to.look(&free).await?.is_none()
            {
                return Ok(free);
            }
        }
        Err(ToolError::conflict(format!("no name like `{name}` is free"), "delete some of them"))
    }
}

fn skipped(name: &NoteName, error: &ToolError) -> Skipped {
    let code = match error {
        ToolError::Stopped { code, .. } | ToolError::Reported { code, .. } => *code,
        ToolError::Arguments { .. } => "invalid_arguments",
        ToolError::Odoo(_) | ToolError::Internal { .. } => "internal",
    };
    Skipped { filename: name.as_str().to_owned(), code: code.to_owned(), why: error.to_string() }
}
