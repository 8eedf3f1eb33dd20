//! Drafts of translations between the call that makes one and the call that writes it: sealed files of
//! the state directory, each for the caller who made it.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::super::state::Kind;
use crate::{
    facts::{Caller, ConnectionAlias, FieldName, ModelName, Secret, hex},
    store::{SealKeys, StateDir, StoreError},
    tools::ToolError,
};

/// The folder inside the state directory.
pub const FOLDER: &str = "translation-drafts";
/// A draft is reviewed the same day or made anew.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(24);
/// Drafts of one caller; the oldest gives way.
const PER_CALLER_MAX: usize = 20;
/// Largest draft as JSON.
const DRAFT_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Hexadecimal digits of the digest that stands for a caller.
const CALLER_DIGITS: usize = 24;
/// Random bytes of an id.
const ID_BYTES: usize = 12;
const SUFFIX: &str = ".sealed";
const PLACE: &str = "translation draft";

/// One text that is to be translated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DraftItem {
    pub(super) number: u32,
    pub(super) id: i64,
    pub(super) field: FieldName,
    pub(super) kind: Kind,
    /// What is translated, in the source language.
    pub(super) source: String,
    /// The term as Odoo names it; the same as the source where that is English.
    pub(super) term: String,
    /// What the language said when the draft was made.
    pub(super) existing: Option<String>,
    /// What it is to say; nothing yet, or left out.
    pub(super) text: Option<String>,
}

/// What one call made and another may write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Draft {
    pub(super) connection: ConnectionAlias,
    pub(super) model: ModelName,
    pub(super) source_lang: String,
    pub(super) target_lang: String,
    pub(super) expires_at: Timestamp,
    pub(super) items: Vec<DraftItem>,
}

/// The place for drafts; by default there is none.
#[derive(Debug, Clone, Default)]
pub struct Drafts(Option<Arc<Shelf>>);

#[derive(Debug)]
struct Shelf {
    folder: StateDir,
    keys: SealKeys,
}

impl Drafts {
    /// Opens the folder. Makes no key yet.
    pub fn open(state: &StateDir, keys: SealKeys) -> Result<Self, StoreError> {
        let folder = state.shared_folder(FOLDER)?;
        Ok(Self(Some(Arc::new(Shelf { folder, keys }))))
    }

    /// When a draft that is made now will be gone.
    pub(super) fn expiry(now: Timestamp) -> Timestamp {
        now.saturating_add(KEPT_FOR).unwrap_or(now)
    }

    /// Keeps a draft under a new id. A draft never changes under its id: whoever agreed to writing it
    /// agreed to these very texts.
    pub(super) fn keep(&self, caller: &Caller, draft: &Draft) -> Result<String, ToolError> {
        let shelf = self.shelf()?;
        let text = serde_json::to_string(draft).map_err(|error| internal(&error))?;
        if text.len() > DRAFT_BYTES_MAX {
            return Err(ToolError::too_large(
                "the draft is too large to be kept",
                "draft fewer records or fields at once",
            ));
        }
        let id = new_id()?;
        let key = shelf.keys.for_sealing().map_err(|error| internal(&error))?;
        let owner = owner(caller);
        let sealed = key.seal(&[PLACE, &owner, &id], &Secret::new(text)).map_err(|error| internal(&error))?;
        let name = name_of(&owner, &id);
        let file = shelf.folder.lock(&name).map_err(|error| internal(&error))?;
        file.replace(sealed.as_bytes()).map_err(|error| internal(&error))?;
        shelf.make_room(&owner)?;
        Ok(id)
    }

    /// The draft of this caller, unless it is too old.
    pub(super) fn find(&self, caller: &Caller, id: &str, now: Timestamp) -> Result<Draft, ToolError> {
        let shelf = self.shelf()?;
        if !is_id(id) {
            return Err(no_draft());
        }
        let owner = owner(caller);
        let Some(bytes) = shelf.folder.read(&name_of(&owner, id)).map_err(|error| internal(&error))? else {
            return Err(no_draft());
        };
        let sealed = String::from_utf8(bytes).map_err(|_| no_draft())?;
        let key = shelf.keys.for_opening().map_err(|error| internal(&error))?;
        let text = key.open(&[PLACE, &owner, id], &sealed).map_err(|_| no_draft())?;
        let draft: Draft = serde_json::from_str(text.reveal()).map_err(|_| no_draft())?;
        if draft.expires_at <= now {
            self.forget(caller, id)?;
            return Err(no_draft());
        }
        Ok(draft)
    }

    pub(super) fn forget(&self, caller: &Caller, id: &str) -> Result<(), ToolError> {
        let name = name_of(&owner(caller), id);
        self.shelf()?.folder.remove(&name).map_err(|error| internal(&error))
    }

    fn shelf(&self) -> Result<&Shelf, ToolError> {
        self.0.as_deref().ok_or_else(|| ToolError::Stopped {
            code: "setup",
            message: "this program keeps no drafts".to_owned(),
            hint: None,
        })
    }
}

impl Shelf {
    /// Ids begin with the time, so the oldest are the first by name.
    fn make_room(&self, owner: &str) -> Result<(), ToolError> {
        let mut names = self.folder.names().map_err(|error| internal(&error))?;
        names.retain(|name| name.starts_with(owner) && name.ends_with(SUFFIX));
        names.sort();
        let surplus = names.len().saturating_sub(PER_CALLER_MAX);
        for name in names.iter().take(surplus) {
            self.folder.remove(name).map_err(|error| internal(&error))?;
        }
        Ok(())
    }
}

/// Grant and user together, as letters that a file name may have.
fn owner(caller: &Caller) -> String {
    let (grant, user) = (caller.grant.as_str(), caller.user.as_str());
    // The length keeps the two apart whatever they hold.
    let text = format!("{}:{grant}{user}", grant.len());
    let digest = hex(ring::digest::digest(&ring::digest::SHA256, text.as_bytes()).as_ref());
    digest.chars().take(CALLER_DIGITS).collect()
}

fn name_of(owner: &str, id: &str) -> String {
    format!("{owner}-{id}{SUFFIX}")
}

fn new_id() -> Result<String, ToolError> {
    use ring::rand::SecureRandom as _;
    let mut bytes = [0_u8; ID_BYTES];
    let random = ring::rand::SystemRandom::new().fill(&mut bytes);
    random.map_err(|_| ToolError::Internal { detail: "this system gives no random numbers".into() })?;
    Ok(format!("{:012x}{}", Timestamp::now().as_millisecond(), hex(&bytes)))
}

fn is_id(text: &str) -> bool {
    text.len() == 12 + ID_BYTES * 2 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn no_draft() -> ToolError {
    ToolError::not_found(
        "there is no such draft: it was written, is too old, or is somebody else's",
        "make a draft anew with `dry_run` true",
    )
}

fn internal(error: &dyn std::fmt::Display) -> ToolError {
    ToolError::Internal { detail: format!("a translation draft: {error}").into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Arrival, UserName};

    fn caller(user: &str) -> Caller {
        Caller { user: UserName::parse(user).unwrap(), ..Caller::local(Arrival::Http) }
    }

    fn draft(now: Timestamp) -> Draft {
        Draft {
            connection: ConnectionAlias::default_alias(),
            model: ModelName::parse("product.template").unwrap(),
            source_lang: "en_US".to_owned(),
            target_lang: "fr_FR".to_owned(),
            expires_at: Drafts::expiry(now),
            items: vec![DraftItem {
                number: 1,
                id: 7,
                field: FieldName::parse("name").unwrap(),
                kind: Kind::Simple,
                source: "canary".to_owned(),
                term: "canary".to_owned(),
                existing: None,
                text: None,
            }],
        }
    }

    fn open() -> (tempfile::TempDir, StateDir, Drafts) {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::open(dir.path()).unwrap();
        let drafts = Drafts::open(&state, SealKeys::in_file(&state)).unwrap();
        (dir, state, drafts)
    }

    #[test]
    fn a_draft_is_for_its_caller_and_not_for_ever() {
        let (_dir, state, drafts) = open();
        let (ann, bob, now) = (caller("ann@example.com"), caller("bob@example.com"), Timestamp::now());
        let id = drafts.keep(&ann, &draft(now)).unwrap();
        assert_eq!(drafts.find(&ann, &id, now).unwrap(), draft(now));
        assert!(drafts.find(&bob, &id, now).is_err());
        for wrong in
            ["", "../x", &"0".repeat(36), &id.replace('0', "g"), &id.to_uppercase().replace('A', "B")]
        {
            assert!(drafts.find(&ann, wrong, now).is_err(), "{wrong}");
        }
        let folder = state.path(FOLDER);
        for entry in std::fs::read_dir(folder).unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            assert!(!String::from_utf8_lossy(&bytes).contains("canary"));
        }
        let later = now.saturating_add(SignedDuration::from_hours(25)).unwrap();
        assert!(drafts.find(&ann, &id, later).is_err());
        assert!(drafts.find(&ann, &id, now).is_err(), "what is too old is gone");
    }

    #[test]
    fn the_number_of_drafts_is_bounded() {
        let (_dir, _, drafts) = open();
        let (ann, bob, now) = (caller("ann@example.com"), caller("bob@example.com"), Timestamp::now());
        let of_bob = drafts.keep(&bob, &draft(now)).unwrap();
        let ids: Vec<String> =
            (0..PER_CALLER_MAX + 3).map(|_| drafts.keep(&ann, &draft(now)).unwrap()).collect();
        let found = ids.iter().filter(|id| drafts.find(&ann, id, now).is_ok()).count();
        assert_eq!(found, PER_CALLER_MAX);
        assert!(drafts.find(&bob, &of_bob, now).is_ok());
    }

    #[test]
    fn without_a_place_nothing_is_kept() {
        let now = Timestamp::now();
        assert!(Drafts::default().keep(&caller("ann@example.com"), &draft(now)).is_err());
    }
}
