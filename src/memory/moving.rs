//! The notes of a state directory as documents, for moving them to a store that replicas share and back.

use super::{
    MemoryError,
    area::{FOLDER, HISTORY, SHARED, USERS, opened},
};
use crate::store::StateDir;

/// A note or a record: its name below the state directory, and its bytes.
pub type KeptNote = (String, Vec<u8>);

/// Everything that is kept, but no index: that can be made anew.
///
/// # Errors
///
/// If something cannot be read.
pub fn kept_notes(state: &StateDir) -> Result<Vec<KeptNote>, MemoryError> {
    let mut kept = Vec::new();
    if !state.path(FOLDER).exists() {
        return Ok(kept);
    }
    let memory = opened(&state.path(FOLDER))?;
    for kind in memory.folders()? {
        let folder = opened(&memory.path(&kind))?;
        match kind.as_str() {
            SHARED => of_area(&folder, &format!("{FOLDER}/{SHARED}"), &mut kept)?,
            USERS => {
                for user in folder.folders()? {
                    let area = opened(&folder.path(&user))?;
                    of_area(&area, &format!("{FOLDER}/{USERS}/{user}"), &mut kept)?;
                }
            }
            // Nothing of ours has such a name.
            _ => {}
        }
    }
    Ok(kept)
}

fn of_area(area: &StateDir, place: &str, kept: &mut Vec<KeptNote>) -> Result<(), MemoryError> {
    of_folder(area, place, ".md", kept)?;
    if !area.path(HISTORY).exists() {
        return Ok(());
    }
    let history = opened(&area.path(HISTORY))?;
    for stem in history.folders()? {
        let records = opened(&history.path(&stem))?;
        of_folder(&records, &format!("{place}/{HISTORY}/{stem}"), ".json", kept)?;
    }
    Ok(())
}

fn of_folder(
    folder: &StateDir,
    place: &str,
    ending: &str,
    kept: &mut Vec<KeptNote>,
) -> Result<(), MemoryError> {
    for name in folder.names()?.into_iter().filter(|name| name.ends_with(ending)) {
        if let Some(bytes) = folder.read(&name)? {
            kept.push((format!("{place}/{name}"), bytes));
        }
    }
    Ok(())
}

/// Writes one of them into a state directory; `false` where the name is none of ours.
///
/// # Errors
///
/// If it cannot be written.
pub fn put_note(state: &StateDir, place: &str, bytes: &[u8]) -> Result<bool, MemoryError> {
    let Some((FOLDER, below)) = place.split_once('/') else { return Ok(false) };
    let is_plain = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.contains(['\\', '\0']);
    if !below.split('/').all(is_plain) {
        return Ok(false);
    }
    let mut folder = opened(&state.path(FOLDER))?;
    let mut parts = below.split('/').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            folder.replace_held(part, bytes)?;
        } else {
            folder = opened(&folder.path(part))?;
        }
    }
    Ok(true)
}
