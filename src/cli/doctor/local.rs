//! What can be checked without the network.

use std::path::Path;

use super::Check;
use crate::{
    audit,
    cli::{Session, Stop},
    config::Config,
    house::{AUDIT_FILE_NAME, PolicySource},
    operator,
    store::{Postgres, StoreLook},
    tools::Catalog,
};

pub(super) fn settings(config: &Config) -> Vec<Check> {
    let found = match &config.settings_file {
        Some(path) => format!("read from `{}`", path.display()),
        None => "no settings file; the defaults and the environment hold".to_owned(),
    };
    let mut checks = vec![Check::ok("settings", found)];
    for warning in &config.warnings {
        checks.push(Check::warning("settings", warning, "`odoo-mcp config` shows every key and variable"));
    }
    checks
}

pub(super) fn policy(source: &PolicySource) -> Vec<Check> {
    match source.read(&Catalog::new()) {
        Ok(policy) => {
            let mut checks = vec![Check::ok("policy", format!("{source} rules ({})", policy.digest().0))];
            for warning in policy.warnings() {
                checks.push(Check::warning(
                    "policy",
                    warning,
                    "`odoo-mcp policy check FILE` shows it with its place",
                ));
            }
            checks
        }
        Err(error) => error
            .to_string()
            .lines()
            .map(|line| Check::broken("policy", line, "correct it; nothing is served under a broken policy"))
            .collect(),
    }
}

/// The directory and everything in it must be ours alone.
pub(super) fn state_directory(path: &Path) -> Vec<Check> {
    const SUBJECT: &str = "state directory";
    let shown = format!("`{}`", path.display());
    if !path.exists() {
        return vec![Check::ok(SUBJECT, format!("{shown} will be made with the first connection or call"))];
    }
    let mut checks = Vec::new();
    match std::fs::read_dir(path) {
        Err(error) => {
            let advice = "give this user the directory, or name another with --state-dir";
            checks.push(Check::broken(SUBJECT, format!("{shown} cannot be read: {}", error.kind()), advice));
        }
        Ok(entries) => {
            checks.extend(too_open(path, "chmod 700"));
            for entry in entries.flatten() {
                checks.extend(too_open(&entry.path(), "chmod 600"));
            }
            if checks.is_empty() {
                checks.push(Check::ok(SUBJECT, format!("{shown} is readable by this user only")));
            }
        }
    }
    checks
}

#[cfg(unix)]
fn too_open(path: &Path, remedy: &str) -> Option<Check> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = path.metadata().ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then(|| {
        let shown = path.display();
        Check::broken(
            "state directory",
            format!("other users may reach `{shown}` (mode {mode:o})"),
            format!("{remedy} '{shown}'"),
        )
    })
}

#[cfg(not(unix))]
fn too_open(_: &Path, _: &str) -> Option<Check> {
    None
}

/// What running servers and the kill switch say.
pub(super) fn servers(session: &Session, config: &Config) -> Vec<Check> {
    if config.store.is_none() && !config.state_dir.exists() {
        return Vec::new();
    }
    let dir = match session.state(config) {
        Ok(dir) => dir,
        // The line about the store says why.
        Err(_) if config.store.is_some() => return Vec::new(),
        Err(Stop::Settings(error) | Stop::FailedWith(error)) => {
            return vec![Check::broken("servers", error, "give this user the directory")];
        }
        Err(_) => {
            return vec![Check::broken("servers", "cannot be listed", "give this user the directory")];
        }
    };
    let mut checks = Vec::new();
    match operator::orders(&dir, jiff::Timestamp::now()) {
        Ok(orders) => checks.extend(orders.iter().map(|order| {
            Check::warning(
                "pause",
                super::super::policy::sentence(order),
                "`odoo-mcp policy resume` lifts it",
            )
        })),
        Err(error) => {
            let advice = "everybody is stopped until `odoo-mcp policy resume` replaces it";
            checks.push(Check::broken("pause", error.to_string(), advice));
        }
    }
    for server in operator::servers(&dir).unwrap_or_default() {
        let process = server.process;
        checks.push(match &server.refused {
            Some(refused) => Check::broken(
                "server",
                format!(
                    "process {process}: {} cannot be used since {}; {} stays in force: {}",
                    server.source,
                    refused.since,
                    server.policy,
                    refused.problems.join("; ")
                ),
                "correct the file; the server sees it by itself",
            ),
            None => {
                let found =
                    format!("process {process}: {} is in force since {}", server.source, server.loaded_at);
                Check::ok("server", found)
            }
        });
    }
    checks
}

/// The store that replicas share, where the settings name one.
pub(super) fn store(session: &Session, config: &Config) -> Vec<Check> {
    const SUBJECT: &str = "store";
    let Some(address) = &config.store else { return Vec::new() };
    vec![match session.state(config) {
        Ok(state) => match state.store().map(Postgres::look) {
            Some(Ok(look)) => Check::ok(SUBJECT, shown(&address.shown(), &look)),
            Some(Err(error)) => {
                let found = format!("{}: {error}", address.shown());
                Check::broken(SUBJECT, found, "no call runs without it; see docs/replicas.md")
            }
            None => Check::ok(SUBJECT, "files of this machine"),
        },
        Err(Stop::Settings(why) | Stop::FailedWith(why)) => {
            Check::broken(SUBJECT, why, "no call runs without it; see docs/replicas.md")
        }
        Err(_) => Check::broken(SUBJECT, address.shown(), "no call runs without it; see docs/replicas.md"),
    }]
}

/// The store in one line.
fn shown(address: &str, look: &StoreLook) -> String {
    let tls = match &look.tls {
        Some(version) => format!("{version}, verified"),
        None => "no TLS".to_owned(),
    };
    let tables = if usize::try_from(look.schema).is_ok_and(|schema| schema == look.schema_known) {
        format!("tables of version {}", look.schema)
    } else {
        format!("tables of version {} where this program knows {}", look.schema, look.schema_known)
    };
    // This process is one of them, and no server.
    let others = look.processes.saturating_sub(1);
    format!(
        "{address} is there and has our key: PostgreSQL {}, {tls}, {tables}, answers in {:.1} ms, used by \
         {others} other processes",
        look.server,
        look.latency.as_secs_f64() * 1000.0
    )
}

pub(super) fn audit_log(state_dir: &Path) -> Vec<Check> {
    const SUBJECT: &str = "audit log";
    let path = state_dir.join(AUDIT_FILE_NAME);
    if !path.exists() {
        return vec![Check::ok(SUBJECT, "no call has been made yet")];
    }
    match audit::verify(&path) {
        Ok(report) if report.holds() => {
            vec![Check::ok(SUBJECT, format!("the chain of {} lines holds", report.lines))]
        }
        Ok(report) => {
            let first = report.breaks.first().map(|found| format!("line {}: {}", found.line, found.why));
            vec![Check::broken(
                SUBJECT,
                first.unwrap_or_default(),
                "keep the file as evidence; `odoo-mcp audit verify` shows every broken place",
            )]
        }
        Err(error) => vec![Check::broken(
            SUBJECT,
            format!("cannot be read: {}", error.kind()),
            "no call runs without it; give this user the file",
        )],
    }
}

/// Who could reach the HTTP door, if `serve` opens one.
pub(super) fn http_door(config: &Config) -> Vec<Check> {
    const SUBJECT: &str = "http";
    let Some(address) = config.http.listen else {
        return vec![Check::ok(SUBJECT, "closed; `serve` uses standard input and output")];
    };
    let grants = config.grants.len();
    let open = !address.ip().is_loopback();
    vec![match (open, grants) {
        (true, 0) => Check::broken(
            SUBJECT,
            format!("{address} would be open to the network without a token"),
            "add a grant with a token, or listen on 127.0.0.1",
        ),
        (true, _) => Check::warning(
            SUBJECT,
            format!("{address} is reachable from the network, {grants} grants, unencrypted"),
            "put a proxy with TLS in front of it and list its name in `http.allowed_hosts`",
        ),
        (false, 0) => Check::ok(SUBJECT, format!("{address}: every program on this machine may call")),
        (false, _) => Check::ok(SUBJECT, format!("{address}: this machine only, {grants} grants")),
    }]
}
