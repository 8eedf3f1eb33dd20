//! Arguments that the tools of this family share.

use std::{borrow::Cow, sync::Arc};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

use crate::{
    facts::{Effect, MemoryArea, MemoryChange},
    memory::NoteName,
};

/// The name of a memory file; `.md` may be left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileName(pub(super) NoteName);

impl<'de> Deserialize<'de> for FileName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        NoteName::parse(&text).map(Self).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for FileName {
    fn schema_name() -> Cow<'static, str> {
        "FileName".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

/// Where a file lies: `personal` is yours alone, `shared` is read by everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Scope {
    #[default]
    Personal,
    Shared,
}

impl Scope {
    pub(super) fn area(self) -> MemoryArea {
        match self {
            Self::Personal => MemoryArea::Personal,
            Self::Shared => MemoryArea::Shared,
        }
    }

    pub(super) fn of(area: MemoryArea) -> Self {
        match area {
            MemoryArea::Personal => Self::Personal,
            MemoryArea::Shared => Self::Shared,
        }
    }
}

/// The effect of a change of one file, or of all.
pub(super) fn effect(area: MemoryArea, change: MemoryChange, file: Option<&NoteName>) -> Effect {
    Effect::Memory { area, change, file: file.map(|name| Arc::from(name.as_str())) }
}
