//! Builds plugins and plays their server.
#![allow(clippy::disallowed_methods, reason = "the program under test, cargo and the C compiler are started")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

use object::{Object as _, ObjectSection as _};
use odoo_mcp_plugin_host::{CallScope, HostCalls, LogLevel, NOTE_SECTION, OpenLibrary, code};
use serde_json::{Value, json};

/// One target directory for everything that is built here: what the plugins share is built once, and it
/// is kept from run to run.
fn target_dir() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("plugins")
}

/// Runs `odoo-mcp plugin new`.
pub(super) fn plugin_new(place: &Path, name: &str, language: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_odoo-mcp"))
        .args(["plugin", "new", name, "--language", language, "--dir"])
        .arg(place)
        .output()
        .unwrap()
}

/// The directory of a new plugin.
pub(super) fn new_plugin(place: &Path, name: &str, language: &str) -> PathBuf {
    let made = plugin_new(place, name, language);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    place.join(name)
}

/// Runs cargo in a directory; what it says, as an error where it fails.
pub(super) fn cargo(folder: &Path, arguments: &[&str]) -> Result<(), String> {
    let ran = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", target_dir())
        .output()
        .unwrap();
    if ran.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&ran.stderr).into_owned()) }
}

/// Builds the plugin in this directory. The library gets a place of its own: one that is mapped must not
/// be written into, and a path that was opened before gives the old library again.
pub(super) fn library(folder: &Path, name: &str) -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    cargo(folder, &["build", "--offline", "--quiet"]).unwrap();
    let file = format!("{}{name}{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let copy = folder.join(format!("{}-{file}", NUMBER.fetch_add(1, Ordering::Relaxed)));
    fs::copy(target_dir().join("debug").join(file), &copy).unwrap();
    copy
}

/// Builds plugins of this repository; their libraries.
pub(super) fn shipped(names: &[&str]) -> Vec<PathBuf> {
    let mut arguments = vec!["build", "--offline", "--quiet"];
    arguments.extend(names.iter().flat_map(|name| ["-p", name]));
    cargo(Path::new(env!("CARGO_MANIFEST_DIR")), &arguments).unwrap();
    let file =
        |name: &&str| format!("{}{name}{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    names.iter().map(|name| target_dir().join("debug").join(file(name))).collect()
}

/// Compiles the C plugin in this directory, as its Makefile does.
pub(super) fn compiled_c(folder: &Path, name: &str) -> PathBuf {
    let library = folder.join(format!("lib{name}.so"));
    let compiled = Command::new("cc")
        .args([
            "-std=c11",
            "-O2",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-fPIC",
            "-fvisibility=hidden",
            "-shared",
            "-o",
        ])
        .arg(&library)
        .arg(folder.join("plugin.c"))
        .output()
        .unwrap();
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    library
}

pub(super) fn opened(library: &Path) -> OpenLibrary {
    OpenLibrary::open(library).unwrap()
}

/// The note of a library, read without running it.
pub(super) fn note_of(library: &Path) -> Vec<u8> {
    let bytes = fs::read(library).unwrap();
    let file = object::File::parse(&*bytes).unwrap();
    file.section_by_name(NOTE_SECTION).unwrap().data().unwrap().to_vec()
}

/// The steps of a manifest, as the plugin has to describe them.
pub(super) fn steps_of_manifest(text: &str) -> Value {
    let manifest: toml::Table = toml::from_str(text).unwrap();
    serde_json::to_value(&manifest["steps"]).unwrap()
}

/// Plays the server: one answer for every request, which it remembers.
#[derive(Debug)]
pub(super) struct Scope {
    answer: Result<Value, String>,
    requests: Mutex<Vec<Value>>,
    lines: Mutex<Vec<String>>,
}

impl Scope {
    pub(super) fn answering(value: Value) -> Arc<Self> {
        Arc::new(Self { answer: Ok(value), requests: Mutex::default(), lines: Mutex::default() })
    }

    pub(super) fn refusing(code: &str) -> Arc<Self> {
        Arc::new(Self { answer: Err(code.to_owned()), requests: Mutex::default(), lines: Mutex::default() })
    }

    pub(super) fn requests(&self) -> Vec<Value> {
        std::mem::take(&mut self.requests.lock().unwrap())
    }

    pub(super) fn lines(&self) -> Vec<String> {
        std::mem::take(&mut self.lines.lock().unwrap())
    }
}

impl HostCalls for Scope {
    fn log(&self, _: LogLevel, message: &str) {
        self.lines.lock().unwrap().push(message.to_owned());
    }
}

impl CallScope for Scope {
    fn log(&self, _: LogLevel, message: &str) {
        self.lines.lock().unwrap().push(message.to_owned());
    }

    fn call(&self, request: &str) -> (i32, String) {
        self.requests.lock().unwrap().push(serde_json::from_str(request).unwrap());
        match &self.answer {
            Ok(value) => (code::OK, json!({ "ok": value }).to_string()),
            Err(refused) => {
                (code::ERROR, json!({ "error": { "code": refused, "message": "no" } }).to_string())
            }
        }
    }

    fn cancelled(&self) -> bool {
        false
    }
}
