//! `backup` and `restore`: the state directory as one file, while servers run, and back.

use std::{fs::File, path::PathBuf};

use clap::Args;

use super::{Session, Stop};
use crate::{
    audit::AuditLog,
    config::{Config, Flags},
    house::AUDIT_FILE_NAME,
    odoo::seal_keys,
    operator::servers,
    store::{
        StateDir,
        backup::{self, BackupError, Verified, Wanted},
    },
};

/// Copy the state directory into one file, while servers run
#[derive(Debug, Args)]
#[command(after_help = "\
The file holds connections, accounts, tokens (as digests), approvals, memory, usage and the audit log up
to a whole line; databases are copied as one view, and every file with its SHA-256. Secrets in it are
sealed. The key that opens them is left out unless you ask for it: keep it in another place. Files of the
download area are left out, too, because they are removed after a while anyway.

Examples:
  odoo-mcp backup nightly.backup
  odoo-mcp backup --with-key whole.backup
  odoo-mcp restore --check nightly.backup")]
pub(super) struct Backup {
    /// The file to make; it must not be there yet
    file: PathBuf,
    /// Take the sealing key along; whoever has the file then has every secret in it
    #[arg(long)]
    with_key: bool,
    /// Take the files of the download area along
    #[arg(long)]
    with_downloads: bool,
    /// Where connections, keys and the audit log are kept
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
}

/// Put a backup back, or check it
#[derive(Debug, Args)]
#[command(after_help = "\
Everything is checked before anything is written. A state directory that is not empty is left alone;
with --force it is kept under another name. Stop the servers on it first.

Examples:
  odoo-mcp restore --check nightly.backup
  odoo-mcp restore nightly.backup --state-dir /var/lib/odoo-mcp
  odoo-mcp restore --force nightly.backup")]
pub(super) struct Restore {
    /// The backup
    file: PathBuf,
    /// Only check it: every file against its SHA-256
    #[arg(long, conflicts_with = "force")]
    check: bool,
    /// Replace a state directory that is not empty; the old one is kept beside it
    #[arg(long)]
    force: bool,
    /// Where connections, keys and the audit log are kept
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
}

fn settings(session: &Session, state_dir: Option<PathBuf>) -> Result<Config, Stop> {
    session.load(&Flags { state_dir, config: session.config_file.clone(), ..Flags::default() })
}

/// A copy of one server's files would not hold what the servers share.
fn refuse_shared(config: &Config) -> Result<(), Stop> {
    if config.store.is_none() {
        return Ok(());
    }
    Err(Stop::FailedWith(
        "the state is in the shared `store`; copy and restore that with the tools of PostgreSQL, such as \
         `pg_dump`, and keep the sealing key"
            .to_owned(),
    ))
}

fn stopped(error: &BackupError) -> Stop {
    Stop::FailedWith(error.to_string())
}

impl Backup {
    pub(super) fn run(self, session: &Session) -> Result<(), Stop> {
        let config = settings(session, self.state_dir)?;
        refuse_shared(&config)?;
        if !config.state_dir.is_dir() {
            return Err(Stop::FailedWith(format!(
                "there is no state directory `{}`",
                config.state_dir.display()
            )));
        }
        let failed = |error: String| Stop::FailedWith(error);
        let state = StateDir::open(&config.state_dir).map_err(|error| failed(error.to_string()))?;
        let held = log_files(&config, &state)?;
        let mut staging = self.file.file_name().unwrap_or_default().to_owned();
        staging.push(format!(".copying-{}", std::process::id()));
        let wanted = Wanted { key: self.with_key, downloads: self.with_downloads };
        let staging = self.file.with_file_name(staging);
        let collected =
            backup::collect(state.root(), &staging, wanted, held).map_err(|error| stopped(&error))?;
        for path in &collected.skipped {
            session.terminal.note(&format!("odoo-mcp: `{path}` is no ordinary file and was left out"));
        }
        let made = backup::write(&collected, &self.file, jiff::Timestamp::now());
        let manifest = made.map_err(|error| stopped(&error))?;
        drop(collected);
        let verified = backup::verify(&self.file).map_err(|error| stopped(&error))?;
        say(session, &verified)?;
        if !manifest.has_key && config.seal_key.is_none() {
            session
                .terminal
                .note("odoo-mcp: the sealing key is not in it; without that key its secrets stay sealed");
        }
        Ok(())
    }
}

/// The files of the audit log, opened while nobody writes, each with the length it has then. A line that
/// is begun later, and a file that is moved away, change nothing for whoever has it open.
fn log_files(config: &Config, state: &StateDir) -> Result<Vec<(String, File, u64)>, Stop> {
    let path = state.path(AUDIT_FILE_NAME);
    if !path.exists() {
        return Ok(Vec::new());
    }
    let failed = |error: String| Stop::FailedWith(error);
    let keys = seal_keys(config, state).map_err(|error| failed(error.to_string()))?;
    let log = AuditLog::open_sealed(&path, keys).map_err(|error| failed(error.to_string()))?;
    let opened = log.while_nobody_writes(|| {
        let mut files = Vec::new();
        for name in state.names().map_err(|error| error.to_string())? {
            if name.starts_with("audit.jsonl") || (name.starts_with("audit-") && name.ends_with(".jsonl")) {
                if name.ends_with(".next") {
                    continue;
                }
                let file = File::open(state.path(&name)).map_err(|error| error.to_string())?;
                let length = file.metadata().map_err(|error| error.to_string())?.len();
                files.push((name, file, length));
            }
        }
        Ok::<_, String>(files)
    });
    opened.map_err(|error| failed(error.to_string()))?.map_err(failed)
}

impl Restore {
    pub(super) fn run(self, session: &Session) -> Result<(), Stop> {
        if self.check {
            let verified = backup::verify(&self.file).map_err(|error| stopped(&error))?;
            return say(session, &verified);
        }
        let config = settings(session, self.state_dir)?;
        refuse_shared(&config)?;
        let root = &config.state_dir;
        if root.is_dir() {
            let state = StateDir::open(root).map_err(|error| Stop::FailedWith(error.to_string()))?;
            let running = servers(&state).map_err(|error| Stop::FailedWith(error.to_string()))?;
            if let Some(server) = running.first() {
                return Err(Stop::FailedWith(format!(
                    "the server with the number {} runs on `{}`; stop it first",
                    server.process,
                    root.display()
                )));
            }
        }
        let mut name = root.file_name().unwrap_or_default().to_owned();
        name.push(format!(".before-{}", jiff::Timestamp::now().as_second()));
        let aside = root.with_file_name(name);
        let done = backup::put_back(&self.file, root, self.force.then_some(aside.as_path()));
        let verified = done.map_err(|error| match error {
            BackupError::NotEmpty(_) => Stop::FailedWith(format!(
                "`{}` is not empty; name another state directory, or use --force to keep it under another name",
                root.display()
            )),
            error => stopped(&error),
        })?;
        if aside.is_dir() {
            session.terminal.note(&format!("odoo-mcp: what was there is now in `{}`", aside.display()));
        }
        say(session, &verified)
    }
}

fn say(session: &Session, verified: &Verified) -> Result<(), Stop> {
    let manifest = &verified.manifest;
    session.terminal.line(&format!(
        "{} files, {} bytes, made at {} by odoo-mcp {}; every one is what its SHA-256 says",
        manifest.files.len(),
        verified.bytes,
        manifest.made_at,
        manifest.program
    ))?;
    let key = if manifest.has_key { "the sealing key is in it" } else { "the sealing key is not in it" };
    Ok(session.terminal.line(key)?)
}
