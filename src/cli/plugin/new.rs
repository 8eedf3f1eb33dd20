//! `plugin new`: a template that compiles, to start a plugin from.

use std::{
    fs,
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};

use super::template;
use crate::cli::{Session, Stop};

/// Letters, digits and underscores of a name.
const NAME_CHARS: std::ops::RangeInclusive<usize> = 2..=63;

/// Write the template of a new plugin
#[derive(Debug, Args)]
#[command(after_help = "\
The directory NAME must not exist yet; nothing is ever overwritten. What a plugin needs of odoo-mcp is
written along, so that it builds without the repository of odoo-mcp.

Examples:
  odoo-mcp plugin new vendor_hint
  odoo-mcp plugin new vendor_hint --language c --dir ~/plugins")]
pub(super) struct New {
    /// Name of the plugin: a lower-case letter, then lower-case letters, digits and `_`
    #[arg(value_name = "NAME")]
    name: String,
    /// The language of the template
    #[arg(long, value_enum, default_value = "rust")]
    language: Language,
    /// Where the directory NAME is made
    #[arg(long, value_name = "PATH", default_value = ".")]
    dir: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Language {
    Rust,
    C,
}

impl New {
    pub(super) fn run(self, session: &Session) -> Result<(), Stop> {
        if !is_plugin_name(&self.name) {
            return Err(Stop::Settings(format!(
                "`{}` is no name of a plugin: it begins with a lower-case letter, goes on with lower-case \
                 letters, digits and `_`, and has {} to {} of them",
                self.name,
                NAME_CHARS.start(),
                NAME_CHARS.end(),
            )));
        }
        let place = self.dir.join(&self.name);
        write_all(&place, &template::files(&self.name, self.language))?;
        let next = match self.language {
            Language::Rust => "cargo test && cargo build --release",
            Language::C => "make",
        };
        let shown = place.display();
        Ok(session.terminal.line(&format!("{shown} is written.\nNext: cd {shown} && {next}"))?)
    }
}

/// `^[a-z][a-z0-9_]{1,62}$`
fn is_plugin_name(name: &str) -> bool {
    NAME_CHARS.contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Writes the files into a directory that this call makes.
fn write_all(place: &Path, files: &[template::File]) -> Result<(), Stop> {
    let shown = place.display();
    // Fails where anything of that name is there, and never follows a link.
    fs::create_dir(place).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            Stop::Settings(format!("`{shown}` is there already; nothing was changed"))
        }
        ErrorKind::NotFound => Stop::Settings(format!("there is no directory to make `{shown}` in")),
        kind => Stop::FailedWith(format!("`{shown}` cannot be made: {kind}")),
    })?;
    for file in files {
        let path = place.join(file.path);
        let write = || {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::File::create_new(&path)?.write_all(file.text.as_bytes())
        };
        write().map_err(|error| {
            Stop::FailedWith(format!("`{}` cannot be written: {}", path.display(), error.kind()))
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        let check = |name: &str, expected: bool| assert_eq!(is_plugin_name(name), expected, "{name}");
        check("vendor_hint", true);
        check("a1", true);
        check(&"a".repeat(63), true);
        for name in
            ["", "a", "1a", "_a", "A1", "vendor-hint", "../x", "a/b", "a b", "ab\n", "äb", &"a".repeat(64)]
        {
            check(name, false);
        }
    }

    #[test]
    fn nothing_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let files = [template::File { path: "a/b.txt", text: "new".to_owned() }];
        let place = folder.path().join("here");
        write_all(&place, &files).unwrap();
        assert_eq!(fs::read_to_string(place.join("a/b.txt")).unwrap(), "new");

        let changed = [template::File { path: "a/b.txt", text: "newer".to_owned() }];
        assert!(matches!(write_all(&place, &changed), Err(Stop::Settings(_))));
        assert_eq!(fs::read_to_string(place.join("a/b.txt")).unwrap(), "new");

        let empty = folder.path().join("empty");
        fs::create_dir(&empty).unwrap();
        assert!(write_all(&empty, &files).is_err());
        assert!(write_all(&folder.path().join("no/such/place"), &files).is_err());
    }
}
