//! Modules in directories that the operator named: found by their manifests, told without the path
//! of the directory itself.
//!
//! Symbolic links are not followed: what they lead to is not what the operator named.

use std::{
    fs::{self, File},
    io::Read as _,
    path::{Path, PathBuf},
};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::manifest;
use crate::facts::JsonObject;

const MANIFEST: &str = "__manifest__.py";
/// Manifests are a page long.
const MANIFEST_BYTES_MAX: u64 = 256 * 1024;
/// Directories above a module, below the one that was named: an instance, a kind and a repository.
const DEPTH_MAX: usize = 3;
/// Directories that one call looks into; a forest larger than this was not meant.
const DIRECTORIES_MAX: usize = 20_000;
/// Longest summary that is shown.
const SUMMARY_CHARS_MAX: usize = 200;

/// One place where a module's source lies.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub(super) struct Source {
    /// `oca`, `ee` or `custom`, by the names of the directories it is in.
    pub(super) source: &'static str,
    /// The directory it is in, last part only.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) repo: String,
    /// Place below the directory that the operator named.
    pub(super) path: String,
    /// What the manifest says.
    #[serde(flatten)]
    pub(super) manifest: JsonObject,
    /// Why the manifest could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) parse_error: Option<String>,
}

/// Is this the name of a module, and of nothing else?
pub(super) fn is_module_name(name: &str) -> bool {
    (1..=128).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Every place of a module below the named directories, in order of their paths.
pub(super) fn find(roots: &[PathBuf], module: &str) -> Vec<Source> {
    if !is_module_name(module) {
        return Vec::new();
    }
    let mut search = Search { module, left: DIRECTORIES_MAX, found: Vec::new() };
    for root in roots {
        search.within(root, &mut Vec::new());
    }
    search.found.sort_by(|one, other| one.path.cmp(&other.path));
    search.found
}

struct Search<'a> {
    module: &'a str,
    left: usize,
    found: Vec<Source>,
}

impl Search<'_> {
    /// Recursion is bounded by `DEPTH_MAX`, work by `left`.
    fn within(&mut self, directory: &Path, above: &mut Vec<String>) {
        let here = directory.join(self.module);
        if is_real_directory(&here) && is_real_file(&here.join(MANIFEST)) {
            self.found.push(described(&here.join(MANIFEST), above, self.module));
        }
        if above.len() >= DEPTH_MAX {
            return;
        }
        let Ok(entries) = fs::read_dir(directory) else { return };
        for entry in entries.flatten() {
            let Some(left) = self.left.checked_sub(1) else { return };
            self.left = left;
            // The kind of an entry itself, not of what it may lead to.
            let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let Ok(name) = entry.file_name().into_string() else { continue };
            if !is_directory || name.starts_with('.') || is_real_file(&entry.path().join(MANIFEST)) {
                continue;
            }
            above.push(name);
            self.within(&entry.path(), above);
            above.pop();
        }
    }
}

fn is_real_directory(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|data| data.is_dir())
}

fn is_real_file(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|data| data.is_file())
}

fn described(manifest: &Path, above: &[String], module: &str) -> Source {
    let mut parts: Vec<&str> = above.iter().map(String::as_str).collect();
    let repo = parts.last().copied().unwrap_or_default().to_owned();
    parts.push(module);
    let mut source = Source { source: kind_of(above), repo, path: parts.join("/"), ..Source::default() };
    match read(manifest) {
        Ok(members) => source.manifest = shown(&members),
        Err(why) => source.parse_error = Some(why),
    }
    source
}

fn kind_of(above: &[String]) -> &'static str {
    let is = |names: &[&str]| above.iter().any(|part| names.contains(&part.to_ascii_lowercase().as_str()));
    if is(&["oca"]) {
        "oca"
    } else if is(&["ee", "enterprise"]) {
        "ee"
    } else {
        "custom"
    }
}

fn read(path: &Path) -> Result<JsonObject, String> {
    let mut text = String::new();
    let file = File::open(path).map_err(|error| error.kind().to_string())?;
    let bytes = file.take(MANIFEST_BYTES_MAX + 1).read_to_string(&mut text);
    match bytes {
        Ok(bytes) if bytes as u64 > MANIFEST_BYTES_MAX => Err("the manifest is too large".to_owned()),
        Ok(_) => manifest::parse(&text).map_err(|error| error.to_string()),
        Err(error) => Err(error.kind().to_string()),
    }
}

/// The members that say something about a module; the rest lists its files.
fn shown(members: &JsonObject) -> JsonObject {
    const SHOWN: &[&str] = &[
        "version",
        "license",
        "summary",
        "depends",
        "auto_install",
        "installable",
        "category",
        "author",
        "application",
        "countries",
        "external_dependencies",
    ];
    let mut shown: JsonObject = members
        .iter()
        .filter(|(name, _)| SHOWN.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if let Some(Value::String(summary)) = shown.get_mut("summary") {
        *summary = summary.trim().chars().take(SUMMARY_CHARS_MAX).collect();
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(root: &Path, place: &str, manifest: &str) {
        let folder = root.join(place);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(MANIFEST), manifest).unwrap();
    }

    #[test]
    fn modules_are_found_where_they_may_lie() {
        let root = tempfile::tempdir().unwrap();
        put(root.path(), "main/oca/stock-tools/stock_x", "{'version': '1', 'data': ['a.xml']}");
        put(root.path(), "main/ee/enterprise/stock_x", "{'summary': ' why '}");
        put(root.path(), "main/custom/own/stock_x", "broken(");
        put(root.path(), "stock_x", "{}");
        put(root.path(), "a/b/c/d/stock_x", "{}");
        put(root.path(), "main/custom/own/other/stock_x", "{}");
        let found = find(&[root.path().to_owned()], "stock_x");
        let paths: Vec<(&str, &str)> = found.iter().map(|one| (one.source, one.path.as_str())).collect();
        assert_eq!(
            paths,
            [
                ("custom", "main/custom/own/stock_x"),
                ("ee", "main/ee/enterprise/stock_x"),
                ("oca", "main/oca/stock-tools/stock_x"),
                ("custom", "stock_x"),
            ]
        );
        assert_eq!(found[2].repo, "stock-tools");
        assert_eq!(found[2].manifest.len(), 1);
        assert_eq!(found[1].manifest["summary"], "why");
        assert!(found[0].parse_error.is_some());
        let shown = serde_json::to_string(&found).unwrap();
        assert!(!shown.contains(root.path().to_str().unwrap()), "{shown}");
    }

    #[cfg(unix)]
    #[test]
    fn links_lead_nowhere() {
        let (root, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        put(elsewhere.path(), "repo/secret_module", "{'version': '1'}");
        std::os::unix::fs::symlink(elsewhere.path(), root.path().join("link")).unwrap();
        std::os::unix::fs::symlink(
            elsewhere.path().join("repo/secret_module"),
            root.path().join("secret_module"),
        )
        .unwrap();
        assert_eq!(find(&[root.path().to_owned()], "secret_module"), []);
    }

    #[test]
    fn names_that_are_paths_find_nothing() {
        for bad in ["", ".", "..", "../x", "/etc", "a/b", "a.b", "A", "a b", "é", "a\0"] {
            assert!(!is_module_name(bad), "{bad}");
            assert_eq!(find(&[PathBuf::from("/")], bad), []);
        }
    }
}
