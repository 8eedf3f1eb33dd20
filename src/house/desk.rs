//! The policy as the console reads and changes it: one file, and its earlier texts in the state directory.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;

use super::{Look, PolicyKeeper, PolicySource};
use crate::{
    console::{Activated, PolicyDesk, Version, digest_of},
    store::StateDir,
};

/// Names of earlier texts begin and end so; between is the moment at which they were replaced.
const PREFIX: &str = "policy-before-";
const SUFFIX: &str = ".json";
/// Earlier texts that are kept; the oldest goes first.
const VERSIONS_MAX: usize = 100;
/// Digits of a moment in a name, to the millisecond.
const MOMENT: &str = "%Y%m%dT%H%M%S%3fZ";

/// The desk of one server.
#[derive(Debug)]
pub struct Desk {
    keeper: Arc<PolicyKeeper>,
    state: StateDir,
    /// Two people do not write at once in one process; between processes the digest tells.
    writing: Mutex<()>,
}

impl Desk {
    pub fn new(keeper: Arc<PolicyKeeper>, state: StateDir) -> Self {
        Self { keeper, state, writing: Mutex::new(()) }
    }

    fn file(&self) -> Option<&Path> {
        match self.keeper.source() {
            PolicySource::File(path) => Some(path),
            PolicySource::Shipped | PolicySource::Operator => None,
        }
    }

    fn keep(&self, text: &str) -> Result<(), String> {
        let name = format!("{PREFIX}{}{SUFFIX}", Timestamp::now().strftime(MOMENT));
        let kept = self.state.lock(&name).and_then(|file| file.replace(text.as_bytes()));
        kept.map_err(|error| error.without_directory())?;
        for old in self.names().iter().skip(VERSIONS_MAX) {
            if let Err(error) = self.state.remove(old) {
                tracing::warn!(%error, "an old policy could not be thrown away");
            }
        }
        Ok(())
    }

    /// The newest first.
    fn names(&self) -> Vec<String> {
        let mut names = self.state.names().unwrap_or_default();
        names.retain(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX));
        names.sort_unstable_by(|one, other| other.cmp(one));
        names
    }

    fn put(&self, file: &Path, before: &str, text: &str) -> Result<(), String> {
        self.keep(before)?;
        replace(file, text).map_err(|error| format!("the file cannot be written: {}", error.kind()))
    }
}

impl PolicyDesk for Desk {
    fn state(&self) -> &StateDir {
        &self.state
    }

    fn name(&self) -> String {
        let name = self.file().and_then(Path::file_name);
        name.map_or_else(|| "the shipped policy".to_owned(), |name| name.to_string_lossy().into_owned())
    }

    fn text(&self) -> Result<String, String> {
        let bytes = self.keeper.source().bytes().map_err(|kind| format!("it cannot be read: {kind}"))?;
        String::from_utf8(bytes).map_err(|_| "it is not text".to_owned())
    }

    fn locked_because(&self) -> Option<String> {
        let Some(file) = self.file() else {
            return Some(
                "it is the one inside the program; name a file with `--policy` to change it".to_owned(),
            );
        };
        let target = real(file);
        let can_write =
            OpenOptions::new().append(true).open(&target).is_ok() && can_make_files_beside(&target);
        (!can_write).then(|| "the server may not write its file".to_owned())
    }

    fn versions(&self) -> Vec<Version> {
        let version = |name: String| {
            let id = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?.to_owned();
            Some(Version { at: shown(&id), id })
        };
        self.names().into_iter().filter_map(version).collect()
    }

    fn version(&self, id: &str) -> Option<String> {
        // Only a name that is in the list, so that no text of a browser becomes part of a path.
        let name = self.names().into_iter().find(|name| *name == format!("{PREFIX}{id}{SUFFIX}"))?;
        String::from_utf8(self.state.read(&name).ok()??).ok()
    }

    fn activate(&self, base: &str, text: &str) -> Activated {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(file) = self.file() else {
            return Activated::Failed("the shipped policy cannot be changed".to_owned());
        };
        let before = match self.text() {
            Ok(before) => before,
            Err(why) => return Activated::Failed(why),
        };
        if digest_of(&before) != base {
            return Activated::Conflict;
        }
        if let Err(why) = self.put(file, &before, text) {
            return Activated::Failed(why);
        }
        match self.keeper.reload() {
            Look::Replaced | Look::Unchanged => Activated::InForce,
            Look::Refused(refused) => Activated::Failed(format!(
                "the policy was written and is refused, so the one before stays in force: {}",
                refused.problems.join("; ")
            )),
        }
    }
}

/// `20260131T101500123Z` as people read it.
fn shown(id: &str) -> String {
    let part = |from: usize, to: usize| id.get(from..to).unwrap_or_default();
    format!("{}-{}-{} {}:{}:{}Z", part(0, 4), part(4, 6), part(6, 8), part(9, 11), part(11, 13), part(13, 15))
}

/// The file itself where the name is a link to it.
fn real(file: &Path) -> PathBuf {
    fs::canonicalize(file).unwrap_or_else(|_| file.to_owned())
}

fn beside(target: &Path) -> PathBuf {
    target.with_extension("json.new")
}

fn can_make_files_beside(target: &Path) -> bool {
    let probe = target.with_extension("json.probe");
    let made = OpenOptions::new().write(true).create_new(true).open(&probe).is_ok();
    made && fs::remove_file(&probe).is_ok()
}

/// Whole or not at all, with the rights that the file has.
fn replace(file: &Path, text: &str) -> std::io::Result<()> {
    let target = real(file);
    let new = beside(&target);
    // What a crash left behind is nobody's.
    let _ = fs::remove_file(&new);
    let mut written = OpenOptions::new().write(true).create_new(true).open(&new)?;
    let put = fs::metadata(&target)
        .and_then(|before| written.set_permissions(before.permissions()))
        .and_then(|()| written.write_all(text.as_bytes()))
        .and_then(|()| written.sync_all())
        .and_then(|()| fs::rename(&new, &target));
    if put.is_err() {
        let _ = fs::remove_file(&new);
    }
    put
}
