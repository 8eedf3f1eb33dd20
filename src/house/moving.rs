//! Moving a whole state between the files of one server and the store that replicas share.
//!
//! Everything or nothing, while nobody uses either side. What was moved is put aside, not deleted, so
//! that no old copy is ever taken for the state.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{AUDIT_FILE_NAME, StateError, check_key, store_password};
use crate::{
    approvals::APPROVALS_FOLDER,
    audit::{self, AuditError, AuditLog, LinePages},
    config::{Config, StoreAddress},
    memory::{self, MemoryError},
    odoo::{CONNECTIONS_FILE, OdooError, seal_keys},
    operator::{self, PAUSES_FILE},
    store::{
        CABINET_FILE, Cabinet, CabinetError, Counts, KeptDocument, Postgres, PostgresError, StateDir,
        StoreError,
    },
    tools::DRAFTS_FOLDER,
};

/// The keys of the log: whoever continues it signs with them.
const KEYS_FILE: &str = "audit.jsonl.keys";
/// The documents that replicas share, and the folders of which all are.
const FILES: &[&str] = &[CONNECTIONS_FILE, PAUSES_FILE, KEYS_FILE];
const FOLDERS: &[&str] = &[APPROVALS_FOLDER, DRAFTS_FOLDER];

/// Why nothing was moved.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    #[error("a server runs on this state directory; stop it first")]
    ServerRuns,
    #[error("the log does not hold: {0}; nothing was moved")]
    Chain(String),
    #[error("the settings name no shared `store` to move from")]
    NoStore,
    #[error(
        "the settings name a shared `store` already; take it out of them to move the files of this machine"
    )]
    StoreNamed,
    #[error("`{0}` is in the state directory already; put it elsewhere first")]
    InTheWay(String),
    #[error("not everything arrived; nothing was moved")]
    Lost,
    #[error("everything was moved, but {0}; nothing may use the old place any more")]
    LeftBehind(String),
    #[error("{0}")]
    State(#[from] StateError),
    #[error("{0}")]
    Store(#[from] PostgresError),
    #[error("{0}")]
    Files(#[from] StoreError),
    #[error("{0}")]
    Memory(#[from] MemoryError),
    #[error("{0}")]
    Cabinet(#[from] CabinetError),
    #[error("{0}")]
    Settings(#[from] OdooError),
    #[error("{0}")]
    Audit(#[from] AuditError),
    #[error("the state directory cannot be used: {0}")]
    Io(#[from] std::io::Error),
}

/// From the files of this machine into an empty store.
pub async fn move_to_store(config: &Config, address: &StoreAddress) -> Result<Counts, MoveError> {
    if config.store.is_some() {
        return Err(MoveError::StoreNamed);
    }
    let files = StateDir::open(&config.state_dir).map_err(StateError::Directory)?;
    if !operator::servers(&files)?.is_empty() {
        return Err(MoveError::ServerRuns);
    }
    let log = files.path(AUDIT_FILE_NAME);
    let lines = verified(&log)?;
    let password = match &address.password {
        Some(password) => Some(password.clone()),
        None => store_password(config).await?,
    };
    let store = Postgres::open_alone(address, password.as_ref())?;
    let state = files.clone().with_store(Some(store.clone()));
    check_key(config, &state)?;
    let items =
        if files.path(CABINET_FILE).exists() { Cabinet::open(&files).all().await? } else { Vec::new() };
    let documents = documents_of(&files)?;
    let wanted = Counts { items: items.len() as u64, documents: documents.len() as u64, lines };
    let found = store.take_in(items, documents, LinePages::of(&log)?)?;
    let arrived = audit::verify_shared(&store, &log)?;
    if found != wanted || !arrived.holds() {
        store.empty()?;
        return Err(MoveError::Lost);
    }
    put_aside(&files)
        .map_err(|error| MoveError::LeftBehind(format!("the files are still there: {error}")))?;
    Ok(found)
}

/// From the store of the settings into the files of this machine.
pub async fn move_to_files(config: &Config) -> Result<Counts, MoveError> {
    let Some(address) = &config.store else { return Err(MoveError::NoStore) };
    let files = StateDir::open(&config.state_dir).map_err(StateError::Directory)?;
    if let Some(name) = shared_names(&files)?.into_iter().next() {
        return Err(MoveError::InTheWay(name));
    }
    let password = store_password(config).await?;
    let store = Postgres::open_alone(address, password.as_ref())?;
    let state = files.clone().with_store(Some(store.clone()));
    check_key(config, &state)?;
    let wanted = store.counts()?;
    // Our copy of the log becomes the log.
    let log = AuditLog::open_in_state(&state, AUDIT_FILE_NAME, seal_keys(config, &state)?)?;
    log.catch_up()?;
    drop(log);
    let lines = verified(&files.path(AUDIT_FILE_NAME))?;
    let wanted = Counts { lines: wanted.lines.max(store.counts()?.lines), ..wanted };
    let (items, documents) = store.hand_out()?;
    let staged = StateDir::open(&files.path("moving-from-store"))?;
    let found = Counts {
        items: Cabinet::open(&staged).put_all(items).await?,
        documents: write_documents(&staged, &documents)?,
        lines,
    };
    if found.items != wanted.items || found.documents != wanted.documents || found.lines != wanted.lines {
        fs::remove_dir_all(staged.root())?;
        return Err(MoveError::Lost);
    }
    for name in shared_names(&staged)? {
        fs::rename(staged.path(&name), files.path(&name))?;
    }
    let left =
        |error: &dyn std::fmt::Display| MoveError::LeftBehind(format!("the store is not empty: {error}"));
    fs::remove_dir_all(staged.root()).map_err(|error| left(&error))?;
    store.empty().map_err(|error| left(&error))?;
    Ok(found)
}

/// Checks the chain and counts its lines.
fn verified(log: &Path) -> Result<u64, MoveError> {
    if !log.exists() {
        return Ok(0);
    }
    let report = audit::verify(log)?;
    if let Some(found) = report.breaks.first() {
        return Err(MoveError::Chain(format!("{} line {}: {}", found.file, found.line, found.why)));
    }
    if let Some(first) = report.begins_at {
        return Err(MoveError::Chain(format!("the files before line {first} are not here; bring them back")));
    }
    Ok(report.lines)
}

fn documents_of(files: &StateDir) -> Result<Vec<KeptDocument>, MoveError> {
    let mut documents = Vec::new();
    for name in FILES {
        if let Some(body) = files.read(name)? {
            documents.push(KeptDocument { place: (*name).to_owned(), body });
        }
    }
    for folder in FOLDERS {
        if !files.path(folder).exists() {
            continue;
        }
        let inside = StateDir::open(&files.path(folder))?;
        for name in inside.names()? {
            if let Some(body) = inside.read(&name)? {
                documents.push(KeptDocument { place: format!("{folder}/{name}"), body });
            }
        }
    }
    let notes = memory::kept_notes(files)?;
    documents.extend(notes.into_iter().map(|(place, body)| KeptDocument { place, body }));
    Ok(documents)
}

fn write_documents(files: &StateDir, documents: &[KeptDocument]) -> Result<u64, MoveError> {
    let mut written = 0;
    for document in documents {
        match document.place.split_once('/') {
            Some((folder, name)) if FOLDERS.contains(&folder) => {
                StateDir::open(&files.path(folder))?.replace_held(name, &document.body)?;
            }
            None if FILES.contains(&document.place.as_str()) => {
                files.replace_held(&document.place, &document.body)?;
            }
            // Nothing of ours has another name.
            _ if !memory::put_note(files, &document.place, &document.body)? => continue,
            _ => {}
        }
        written += 1;
    }
    Ok(written)
}

/// What of the shared state is in the directory: files, folders that are not empty, the cabinet.
fn shared_names(files: &StateDir) -> Result<Vec<String>, MoveError> {
    let mut names = Vec::new();
    for name in FILES.iter().chain(&[CABINET_FILE]) {
        if files.path(name).exists() {
            names.push((*name).to_owned());
        }
    }
    for folder in FOLDERS {
        if files.path(folder).exists() {
            if StateDir::open(&files.path(folder))?.names()?.is_empty() {
                // Locks alone are no state.
                fs::remove_dir_all(files.path(folder))?;
            } else {
                names.push((*folder).to_owned());
            }
        }
    }
    if files.path(memory::FOLDER).exists() {
        if memory::kept_notes(files)?.is_empty() {
            fs::remove_dir_all(files.path(memory::FOLDER))?;
        } else {
            names.push(memory::FOLDER.to_owned());
        }
    }
    // What SQLite keeps beside its file belongs to it.
    for suffix in ["-wal", "-shm"] {
        let name = format!("{CABINET_FILE}{suffix}");
        if files.path(&name).exists() {
            names.push(name);
        }
    }
    Ok(names)
}

/// The log stays: it is this server's copy from now on.
fn put_aside(files: &StateDir) -> Result<PathBuf, MoveError> {
    let name = format!("moved-{}", jiff::Timestamp::now().as_millisecond());
    let aside = StateDir::open(&files.path(&name))?;
    for name in shared_names(files)? {
        fs::rename(files.path(&name), aside.path(&name))?;
    }
    Ok(aside.root().to_owned())
}
