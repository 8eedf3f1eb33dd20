//! Things that are no records of Odoo: files of the memory, and what belongs to one caller alone.

use serde::Serialize;

/// A part of the memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MemoryArea {
    /// The files of the caller, and of nobody else.
    Personal,
    /// The files that everybody reads.
    Shared,
}

impl MemoryArea {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Personal => "personal",
            Self::Shared => "shared",
        }
    }

    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Personal, Self::Shared].into_iter().find(|area| area.as_str() == word)
    }
}

/// What happens to files of the memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MemoryChange {
    /// Look at names or texts.
    Read,
    /// Make or replace.
    Write,
    /// Take away, for a while or for good.
    Delete,
}

impl MemoryChange {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Delete => "delete",
        }
    }

    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Read, Self::Write, Self::Delete].into_iter().find(|change| change.as_str() == word)
    }
}

/// What happens to something of the caller's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnChange {
    /// Look at it.
    Inspect,
    /// Check the arguments and the address, send no credential and save nothing.
    Rehearse,
    /// Sign in and save.
    Save,
    /// Make it the one that calls mean when they name none.
    Activate,
    /// Forget it.
    Forget,
    /// Hand out a link that somebody redeems for a token.
    Enrol,
}

impl OwnChange {
    const ALL: [Self; 6] =
        [Self::Inspect, Self::Rehearse, Self::Save, Self::Activate, Self::Forget, Self::Enrol];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inspect => "inspect",
            Self::Rehearse => "rehearse",
            Self::Save => "save",
            Self::Activate => "activate",
            Self::Forget => "forget",
            Self::Enrol => "enrol",
        }
    }

    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|change| change.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_meanings_are_the_same_both_ways() {
        for area in [MemoryArea::Personal, MemoryArea::Shared] {
            assert_eq!(MemoryArea::of_word(area.as_str()), Some(area));
            assert_eq!(serde_json::to_value(area).unwrap(), area.as_str());
        }
        for change in [MemoryChange::Read, MemoryChange::Write, MemoryChange::Delete] {
            assert_eq!(MemoryChange::of_word(change.as_str()), Some(change));
            assert_eq!(serde_json::to_value(change).unwrap(), change.as_str());
        }
        for change in OwnChange::ALL {
            assert_eq!(OwnChange::of_word(change.as_str()), Some(change));
            assert_eq!(serde_json::to_value(change).unwrap(), change.as_str());
        }
        assert_eq!((MemoryArea::of_word("all"), OwnChange::of_word("")), (None, None));
    }
}
