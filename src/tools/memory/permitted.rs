//! The memory as a call may use it: the second check, before anything is read or written.

use crate::{
    facts::{Effect, MemoryArea, MemoryChange},
    memory::{Area, Change, Changed, MemoryError, Note, NoteName, Page, Query, Version, Writer},
    tools::{CallContext, ToolError},
};

/// One area, bound to the permit of a call.
#[derive(Debug)]
pub(super) struct PermittedArea<'a> {
    cx: &'a CallContext<'a>,
    area: Area,
}

impl<'a> PermittedArea<'a> {
    pub(super) fn new(cx: &'a CallContext<'a>, which: MemoryArea) -> Self {
        Self { area: cx.helpers().memory.area(which, &cx.caller().user), cx }
    }

    pub(super) async fn list(&self, query: Query) -> Result<Page, ToolError> {
        self.check(MemoryChange::Read, None)?;
        Ok(self.area.list(query).await?)
    }

    pub(super) async fn read(&self, name: &NoteName) -> Result<Note, ToolError> {
        self.check(MemoryChange::Read, Some(name))?;
        Ok(self.area.read(name).await?)
    }

    /// The note, or nothing where there is none.
    pub(super) async fn look(&self, name: &NoteName) -> Result<Option<Note>, ToolError> {
        self.check(MemoryChange::Read, Some(name))?;
        match self.area.read(name).await {
            Ok(note) => Ok(Some(note)),
            Err(MemoryError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn read_version(&self, name: &NoteName, number: u64) -> Result<Note, ToolError> {
        self.check(MemoryChange::Read, Some(name))?;
        Ok(self.area.read_version(name, number).await?)
    }

    pub(super) async fn versions(&self, name: &NoteName) -> Result<Vec<Version>, ToolError> {
        self.check(MemoryChange::Read, Some(name))?;
        Ok(self.area.versions(name).await?)
    }

    pub(super) async fn write(&self, change: Change) -> Result<Changed, ToolError> {
        self.check(MemoryChange::Write, Some(&change.name))?;
        Ok(self.area.write(change, &self.writer()).await?)
    }

    pub(super) async fn delete(
        &self,
        name: &NoteName,
        if_match: Option<String>,
    ) -> Result<Changed, ToolError> {
        self.check(MemoryChange::Delete, Some(name))?;
        Ok(self.area.delete(name, if_match, &self.writer()).await?)
    }

    pub(super) async fn restore(&self, name: &NoteName) -> Result<Changed, ToolError> {
        self.check(MemoryChange::Write, Some(name))?;
        Ok(self.area.restore(name, &self.writer()).await?)
    }

    fn writer(&self) -> Writer {
        let caller = self.cx.caller();
        Writer { user: caller.user.clone(), is_steward: caller.is_steward() }
    }

    /// An effect without a file stands for every file of its area.
    fn check(&self, wanted: MemoryChange, name: Option<&NoteName>) -> Result<(), ToolError> {
        let which = self.area.which();
        let permitted = self.cx.effects().iter().any(|effect| match effect {
            Effect::Memory { area, change, file } => {
                *area == which
                    && *change == wanted
                    && file.as_deref().is_none_or(|file| name.is_some_and(|name| name.as_str() == file))
            }
            _ => false,
        });
        if permitted {
            return Ok(());
        }
        Err(ToolError::Stopped {
            code: "not_permitted",
            message: format!(
                "the call did not say that it would {} the {} memory",
                wanted.as_str(),
                which.as_str()
            ),
            hint: None,
        })
    }
}

impl From<MemoryError> for ToolError {
    fn from(error: MemoryError) -> Self {
        let (message, hint) = (error.to_string(), error.hint().map(str::to_owned));
        match error.code() {
            "invalid_arguments" => Self::Arguments { message, hint },
            code => Self::Stopped { code, message, hint },
        }
    }
}
