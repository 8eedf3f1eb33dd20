//! Getting a secret from where it is kept, at the moment it is needed.
//!
//! Errors say which reference failed and how, never what it held or printed.

use std::{path::Path, process::Stdio, time::Duration};

use tokio::io::AsyncReadExt as _;
use zeroize::Zeroizing;

use super::OdooError;
use crate::facts::{Secret, SecretSource};

/// Enough for a person to confirm at a hardware key, and short enough that a hanging program is noticed.
const SECRET_COMMAND_TIMEOUT_MS: u64 = 20_000;
/// Longest secret that is read; keys and passwords are far shorter, a wrong file may be huge.
const SECRET_BYTES_MAX: u64 = 16 * 1024;
/// The key that opens the store; no other program gets it.
const SEAL_KEY_VARIABLE: &str = "ODOO_MCP_KEY";

/// The secret itself. Environment, file and command are read anew each time, so rotation works.
pub(crate) async fn resolve(source: &SecretSource) -> Result<Secret, OdooError> {
    let secret = match source {
        SecretSource::Inline(secret) => secret.clone(),
        SecretSource::Env(name) => from_environment(name)?,
        SecretSource::File(path) => from_file(path).await?,
        SecretSource::Command(argv) => {
            from_command(argv, Duration::from_millis(SECRET_COMMAND_TIMEOUT_MS)).await?
        }
    };
    if secret.is_empty() {
        return Err(unusable(format!("{} is empty", named(source)), None));
    }
    Ok(secret)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a secret by reference is read when it is needed, so that it can be rotated without a restart"
)]
fn from_environment(name: &str) -> Result<Secret, OdooError> {
    match std::env::var(name) {
        Ok(text) => Ok(trimmed(&Zeroizing::new(text))),
        Err(std::env::VarError::NotPresent) => Err(unusable(
            format!("the environment variable `{name}` is not set"),
            Some("set it for the process of odoo-mcp, not only in your shell".to_owned()),
        )),
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(unusable(format!("the environment variable `{name}` is not UTF-8 text"), None))
        }
    }
}

async fn from_file(path: &Path) -> Result<Secret, OdooError> {
    let failed = |why: &str| unusable(format!("the secret's file {why}"), None);
    let file = tokio::fs::File::open(path).await.map_err(|error| {
        failed(match error.kind() {
            std::io::ErrorKind::NotFound => "does not exist",
            std::io::ErrorKind::PermissionDenied => "may not be read by this process",
            _ => "cannot be opened",
        })
    })?;
    let metadata = file.metadata().await.map_err(|_| failed("cannot be examined"))?;
    if !metadata.is_file() {
        return Err(failed("is not a regular file"));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        if metadata.permissions().mode() & 0o077 != 0 {
            tracing::warn!(path = %path.display(), "other users of this machine can read a secret's file; mode 0600 stops that");
        }
    }
    read_limited(file).await.map_err(failed)
}

/// Runs a program directly, without a shell, and takes the first kilobytes it prints.
#[expect(
    clippy::disallowed_methods,
    reason = "the operator's settings name this program; it is the one place that starts another one"
)]
async fn from_command(argv: &[String], time_limit: Duration) -> Result<Secret, OdooError> {
    let (program, arguments) =
        argv.split_first().ok_or_else(|| unusable("the secret's command is empty".to_owned(), None))?;
    let failed = |why: String| unusable(format!("the secret's command `{program}` {why}"), None);
    let mut child = tokio::process::Command::new(program)
        .args(arguments)
        .env_remove(SEAL_KEY_VARIABLE)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| {
            failed(match error.kind() {
                std::io::ErrorKind::NotFound => "was not found".to_owned(),
                _ => "could not be started".to_owned(),
            })
        })?;
    let stdout = child.stdout.take().ok_or_else(|| failed("has no output".to_owned()))?;
    let run = async {
        let printed = read_limited(stdout).await;
        (printed, child.wait().await)
    };
    let (printed, status) = tokio::time::timeout(time_limit, run)
        .await
        .map_err(|_| failed(format!("did not finish within {} ms", time_limit.as_millis())))?;
    match status {
        Ok(status) if status.success() => printed.map_err(|why| failed(why.to_owned())),
        Ok(status) => Err(failed(match status.code() {
            Some(code) => format!("failed with exit code {code}"),
            None => "was ended by a signal".to_owned(),
        })),
        Err(_) => Err(failed("could not be waited for".to_owned())),
    }
}

async fn read_limited(source: impl tokio::io::AsyncRead + Unpin) -> Result<Secret, &'static str> {
    let mut bytes = Zeroizing::new(Vec::new());
    let read = source.take(SECRET_BYTES_MAX + 1).read_to_end(&mut bytes).await;
    if read.map_err(|_| "cannot be read")? as u64 > SECRET_BYTES_MAX {
        return Err("holds more than a secret");
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| "does not hold UTF-8 text")?;
    Ok(trimmed(text))
}

/// Editors and programs end a line; a secret does not contain that end.
fn trimmed(text: &str) -> Secret {
    Secret::new(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn named(source: &SecretSource) -> String {
    match source {
        SecretSource::Inline(_) => "the secret".to_owned(),
        SecretSource::Env(name) => format!("the environment variable `{name}`"),
        SecretSource::File(_) => "the secret's file".to_owned(),
        SecretSource::Command(_) => "the output of the secret's command".to_owned(),
    }
}

fn unusable(why: String, hint: Option<String>) -> OdooError {
    OdooError::Setup { why, hint }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANARY: &str = "canary-5d1f";

    fn run(source: &SecretSource) -> Result<Secret, OdooError> {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(resolve(source))
    }

    #[track_caller]
    fn refused(source: &SecretSource, part: &str) {
        let error = run(source).unwrap_err();
        let shown = format!("{error} {error:?} {:?}", error.hint());
        assert!(shown.contains(part), "{shown}");
        assert!(!shown.contains(CANARY), "{shown}");
    }

    fn command(script: &str) -> SecretSource {
        SecretSource::Command(vec!["sh".to_owned(), "-c".to_owned(), script.to_owned()])
    }

    #[test]
    fn a_file_gives_its_text_without_the_line_end() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), format!(" {CANARY} \r\n")).unwrap();
        let secret = run(&SecretSource::File(file.path().to_owned())).unwrap();
        assert!(secret.same_as(&format!(" {CANARY} ")));
    }

    #[test]
    fn a_command_gives_what_it_prints() {
        assert!(run(&command(&format!("echo {CANARY}"))).unwrap().same_as(CANARY));
    }

    #[test]
    fn what_cannot_be_read_is_said_without_the_secret() {
        refused(&SecretSource::Inline(Secret::new(String::new())), "empty");
        refused(&SecretSource::Env("ODOO_MCP_NO_SUCH_VARIABLE".to_owned()), "not set");
        refused(&SecretSource::File("/no/such/file".into()), "does not exist");
        refused(&SecretSource::File("/".into()), "not a regular file");
        refused(&SecretSource::Command(Vec::new()), "empty");
        refused(&SecretSource::Command(vec!["/no/such/program".to_owned()]), "was not found");
        refused(&command(&format!("echo {CANARY}; echo {CANARY} >&2; exit 3")), "exit code 3");
        refused(&command("head -c 20000 /dev/zero"), "more than a secret");
        refused(&command("printf '\\377'"), "UTF-8");
        refused(&command("true"), "empty");
    }

    #[test]
    fn a_command_that_hangs_is_ended() {
        let argv = ["sleep".to_owned(), "30".to_owned()];
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let error = runtime.block_on(from_command(&argv, Duration::from_millis(20))).unwrap_err();
        assert!(error.to_string().contains("did not finish within 20 ms"), "{error}");
    }
}
