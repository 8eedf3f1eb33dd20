//! The rules of the house that a machine can check: who may know whom, and what no file may hold.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Left to right. A room may use the rooms after it, never one before it.
const ROOMS: &[&str] = &[
    "cli",
    "house",
    "transport",
    "console",
    "prompts",
    "rehearsal",
    "pipeline",
    "audit",
    "reply",
    "tools",
    "identity",
    "invoices",
    "odoo",
    "approvals",
    "operator",
    "ledger",
    "policy",
    "memory",
    "files",
    "language",
    "markup",
    "sheets",
    "plugins",
    "usage",
    "documents",
    "identifiers",
    "secrets",
    "store",
    "metrics",
    "traces",
    "config",
    "facts",
];

/// The sandbox stands beside the house: it knows the nouns, and only the start-up knows it.
const SANDBOX: &str = "sandbox";
const SANDBOX_MAY_USE: &[&str] = &["facts"];
const MAY_USE_SANDBOX: &[&str] = &["cli", "house"];

/// Longest file; a longer one holds more than one thing.
const LINES_MAX: usize = 600;

/// Files that may read the environment: the settings, and the secrets an operator keeps there.
const MAY_READ_ENVIRONMENT: &[&str] = &["config", "config.rs", "odoo/secrets.rs"];

/// Files that may start another program: the secret command of a connection, and this program again for a
/// plugin in a process of its own.
const MAY_START_PROGRAMS: &[&str] = &["odoo/secrets.rs", "plugins/process.rs"];

/// Where plugins and their server meet C.
const MAY_BE_UNSAFE: &[&str] = &["plugins/abi", "plugins/host", "plugins/sdk/src/exports.rs"];

#[test]
fn a_room_knows_only_rooms_to_its_right() {
    let mut findings = Vec::new();
    for source in sources() {
        let Some(room) = source.room() else { continue };
        for used in source.rooms_used() {
            if used != room && !may_use(&room, &used) {
                findings.push(format!("{}: `{room}` must not know `{used}`", source.name));
            }
        }
    }
    assert_none(&findings);
}

#[test]
fn every_room_stands_on_the_map() {
    let known: BTreeSet<&str> = ROOMS.iter().copied().chain([SANDBOX, "main", "lib"]).collect();
    let findings: Vec<String> = sources()
        .iter()
        .filter_map(|source| {
            let room = source.name.split('/').next()?.trim_end_matches(".rs").to_owned();
            (!known.contains(room.as_str())).then(|| format!("{}: no room `{room}` is known", source.name))
        })
        .collect();
    assert_none(&findings);
}

#[test]
fn every_module_says_what_it_is_for() {
    check_everywhere(|source| {
        let opening = if source.name.ends_with(".rs") { "//! " } else { "/* " };
        let opens = source.text.starts_with(opening) || source.text.starts_with("#![doc = include_str!");
        (!opens).then(|| format!("does not begin with `{opening}`"))
    });
}

#[test]
fn no_file_is_longer_than_a_person_reads() {
    check_everywhere(|source| {
        let lines = source.text.lines().count();
        (lines > LINES_MAX).then(|| format!("{lines} lines, at most {LINES_MAX}"))
    });
}

#[test]
fn the_environment_is_read_in_one_place() {
    check_each(|source| {
        let allowed = source.is_one_of(MAY_READ_ENVIRONMENT);
        source.forbid(!allowed, &["std::env", "env::var", "env::vars", "env::set_var", "env::args"])
    });
}

#[test]
fn other_programs_are_started_in_one_place() {
    check_each(|source| source.forbid(!source.is_one_of(MAY_START_PROGRAMS), &["Command::new"]));
}

#[test]
fn only_the_transport_knows_mcp() {
    check_each(|source| source.forbid(!source.is_one_of(&["transport"]), &["rmcp"]));
}

#[test]
fn nothing_prints_past_the_protocol() {
    check_each(|source| source.forbid(true, &["println!", "print!(", "eprintln!", "eprint!(", "dbg!("]));
}

#[test]
fn nothing_is_unsafe_or_unfinished() {
    check_each(|source| {
        source.forbid(
            true,
            &["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern", "todo!", "unimplemented!"],
        )
    });
    check_everywhere(|source| {
        ["TODO", "FIXME", "XXX", "HACK"]
            .into_iter()
            .find(|word| source.text.contains(word))
            .map(|word| format!("holds `{word}`"))
    });
}

#[test]
fn no_lint_is_silenced_without_a_reason() {
    check_everywhere(|source| {
        let silenced = source.code.match_indices("allow(").map(|(at, _)| at);
        silenced.into_iter().find_map(|at| {
            let before = source.code.get(..at)?.trim_end();
            let is_attribute = before.ends_with("#[") || before.ends_with("#![");
            let end = source.code.get(at..)?.find(']').map_or(source.code.len(), |end| at + end);
            let text = source.code.get(at..end)?;
            (is_attribute && !text.contains("reason")).then(|| format!("`{text}` gives no reason"))
        })
    });
}

/// A path of one machine in a shipped file would work on that machine only.
#[test]
fn no_file_names_a_machine() {
    check_everywhere(|source| {
        ["tmp", "root", "work", "home"]
            .map(|top| format!("/{top}/"))
            .into_iter()
            .find(|path| source.text.contains(path))
            .map(|path| format!("holds the path `{path}`"))
    });
}

/// The C interface is unsafe by nature; what is written with it is not.
#[test]
fn plugins_are_unsafe_only_where_they_meet_c() {
    check_sources(&plugin_sources(), |source| {
        let meets_c = source.is_one_of(MAY_BE_UNSAFE);
        let lifts = source.forbid(!meets_c, &["unsafe", "extern \"C\""]);
        lifts.or_else(|| source.forbid(true, &["todo!", "unimplemented!"]))
    });
    check_sources(&plugin_sources(), |source| {
        let blocks = source.text.matches("unsafe {").count() + source.text.matches("unsafe impl").count();
        let reasons = source.text.matches("// SAFETY:").count();
        (blocks > reasons).then(|| format!("{blocks} unsafe blocks, {reasons} of them say why they may be"))
    });
}

/// The checks of this file have to be able to fail.
#[test]
fn the_reader_of_use_lines_sees_every_form() {
    let check = |path: &str, text: &str, rooms: &[&str]| {
        let source = Source::new(path.to_owned(), text.to_owned());
        let expected: BTreeSet<String> = rooms.iter().map(|&room| room.to_owned()).collect();
        assert_eq!(source.rooms_used(), expected, "{text}");
    };
    check("odoo/mod.rs", "//! x\nuse crate::facts::Secret;", &["facts"]);
    check("odoo/mod.rs", "use crate::{\n    facts::{A, B},\n    policy::Permit,\n};", &["facts", "policy"]);
    check("odoo/mod.rs", "fn f() { crate::tools::g(); }", &["tools"]);
    check("odoo/mod.rs", "// use crate::tools::g;\nuse super::pipeline::C;", &["pipeline"]);
    check("tools/records/read.rs", "use super::super::super::transport::T;", &["transport"]);
    check("tools/records/read.rs", "use super::{Family, super::super::house::H};", &["house"]);
    check("odoo/mod.rs", "#[cfg(test)]\nmod tests {\n    use crate::sandbox::S;\n}", &[]);
    assert!(!may_use("facts", "config"));
    assert!(!may_use("policy", "odoo"));
    assert!(!may_use("tools", "sandbox"));
    assert!(!may_use("sandbox", "odoo"));
    assert!(may_use("config", "facts"));
    assert!(may_use("house", "sandbox"));
}

/// One file under `src`.
struct Source {
    /// Path below `src`, with `/`.
    name: String,
    text: String,
    /// Without comments and unit tests.
    code: String,
}

impl Source {
    fn new(name: String, text: String) -> Self {
        let code = without_tests(&without_comments(&text));
        Self { name, text, code }
    }

    /// The module path: `tools/records/read.rs` is `["tools", "records", "read"]`.
    fn module(&self) -> Vec<&str> {
        let path = self.name.trim_end_matches(".rs");
        path.split('/').filter(|step| *step != "mod").collect()
    }

    fn room(&self) -> Option<String> {
        let room = *self.module().first()?;
        (!matches!(room, "main" | "lib" | "tests")).then(|| room.to_owned())
    }

    fn is_one_of(&self, files: &[&str]) -> bool {
        files.iter().any(|file| self.name == *file || self.name.starts_with(&format!("{file}/")))
    }

    fn forbid(&self, applies: bool, words: &[&str]) -> Option<String> {
        let found = words.iter().find(|word| applies && self.code.contains(*word))?;
        Some(format!("`{found}` does not belong here"))
    }

    /// Every room that the code names, by `crate::` or by enough `super::`.
    fn rooms_used(&self) -> BTreeSet<String> {
        if self.name.ends_with("/tests.rs") {
            return BTreeSet::new();
        }
        let mut used = BTreeSet::new();
        for (at, _) in self.code.match_indices("crate::") {
            if let Some(rest) = self.code.get(at + "crate::".len()..) {
                used.extend(first_names(rest));
            }
        }
        let ups = "super::".repeat(self.module().len());
        for (at, _) in self.code.match_indices(&ups) {
            if let Some(rest) = self.code.get(at + ups.len()..) {
                used.extend(first_names(rest));
            }
        }
        // A group may go up again inside: `use super::{A, super::super::house::H}`.
        for depth in 1..self.module().len() {
            let opening = format!("{}{{", "super::".repeat(depth));
            let further = "super::".repeat(self.module().len() - depth);
            for (at, _) in self.code.match_indices(&opening) {
                let Some(group) = self.code.get(at + opening.len() - 1..) else { continue };
                for item in items(group) {
                    if let Some(rest) = item.strip_prefix(&further) {
                        used.extend(first_names(rest));
                    }
                }
            }
        }
        used.retain(|name| {
            name != "super" && name != "self" && (ROOMS.contains(&name.as_str()) || name == SANDBOX)
        });
        used
    }
}

fn may_use(room: &str, used: &str) -> bool {
    if used == SANDBOX {
        return MAY_USE_SANDBOX.contains(&room);
    }
    if room == SANDBOX {
        return SANDBOX_MAY_USE.contains(&used);
    }
    let place = |name: &str| ROOMS.iter().position(|room| *room == name);
    matches!((place(room), place(used)), (Some(room), Some(used)) if room < used)
}

/// `facts::X` gives `facts`; `{facts::A, policy::B}` gives both.
fn first_names(rest: &str) -> Vec<String> {
    if rest.starts_with('{') {
        return items(rest).iter().flat_map(|item| first_names(item)).collect();
    }
    let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    if name.is_empty() { Vec::new() } else { vec![name] }
}

/// The comma-separated items of a brace group, not looking into inner groups.
fn items(group: &str) -> Vec<String> {
    let mut items = Vec::new();
    let (mut depth, mut item) = (0_usize, String::new());
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        match (c, depth) {
            ('{', 1) => {}
            (',', 1) | ('}', 0) => items.push(std::mem::take(&mut item).trim().to_owned()),
            _ => item.push(c),
        }
        if depth == 0 {
            break;
        }
    }
    items.retain(|item| !item.is_empty());
    items
}

fn without_comments(text: &str) -> String {
    let line = |line: &str| {
        let trimmed = line.trim_start();
        if trimmed.starts_with("//") {
            String::new()
        } else {
            line.split(" // ").next().unwrap_or_default().to_owned()
        }
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Unit tests stand at the end of a file and may look anywhere.
fn without_tests(code: &str) -> String {
    match code.find("#[cfg(test)]\nmod tests {") {
        Some(at) => code.get(..at).unwrap_or_default().to_owned(),
        None => code.to_owned(),
    }
}

fn check_each(finding: impl Fn(&Source) -> Option<String>) {
    check_sources(&sources(), finding);
}

/// The same for the plugins and their kit, C among them.
fn check_everywhere(finding: impl Fn(&Source) -> Option<String>) {
    check_sources(&sources().into_iter().chain(plugin_sources()).collect::<Vec<_>>(), finding);
}

fn check_sources(sources: &[Source], finding: impl Fn(&Source) -> Option<String>) {
    let findings: Vec<String> = sources
        .iter()
        .filter_map(|source| finding(source).map(|what| format!("{}: {what}", source.name)))
        .collect();
    assert_none(&findings);
}

fn assert_none(findings: &[String]) {
    assert!(findings.is_empty(), "\n{}", findings.join("\n"));
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let sources = sources_below(&root, &root, &["rs"]);
    assert!(sources.len() > 20, "only {} source files found", sources.len());
    sources
}

/// Everything below `plugins`, as `plugins/...`.
fn plugin_sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = sources_below(root, &root.join("plugins"), &["rs", "c", "h"]);
    assert!(sources.len() > 20, "only {} source files found", sources.len());
    sources
}

fn sources_below(root: &Path, folder: &Path, extensions: &[&str]) -> Vec<Source> {
    let mut files = Vec::new();
    collect(folder, extensions, &mut files);
    files.sort();
    files
        .iter()
        .map(|file| {
            let name = file.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
            Source::new(name, fs::read_to_string(file).unwrap())
        })
        .collect()
}

fn collect(folder: &Path, extensions: &[&str], files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, extensions, files);
        } else if path.extension().is_some_and(|found| extensions.iter().any(|known| found == *known)) {
            files.push(path);
        }
    }
}
