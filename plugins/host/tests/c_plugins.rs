//! The host against libraries written in C: one that keeps every promise, and many that break one.
#![cfg(test)]
#![allow(clippy::disallowed_methods, reason = "the C compiler is started")]
#![cfg(unix)]

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex, atomic::AtomicBool, atomic::Ordering},
};

use odoo_mcp_plugin_host::{
    ANSWER_BYTES_MAX, CallError, CallScope, Code, HostCalls, LogLevel, OpenError, OpenLibrary, RunningPlugin,
    TARGET, code,
};

/// The steps of `plugin.c`.
const ECHO: u32 = 0;
const ASK: u32 = 1;
const LOG: u32 = 2;
const THREAD: u32 = 3;
const NULL_WITH_LENGTH: u32 = 4;
const OVERFULL: u32 = 5;
const NOT_UTF8: u32 = 6;
const UNKNOWN_CODE: u32 = 7;
const NO_ANSWER: u32 = 8;
const REFUSES: u32 = 9;

/// Compiles `plugin.c` with these definitions. Tests run at once, so each set has a file of its own.
fn compiled(definitions: &[&str]) -> PathBuf {
    static NUMBER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let library = format!("c-{}-{number}.so", std::process::id());
    let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join(library);
    let output = Command::new("cc")
        .args([
            "-std=c11",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-Wno-unused",
            "-shared",
            "-fPIC",
            "-pthread",
            "-I",
        ])
        .arg(package.join("../abi/include"))
        .args(definitions.iter().map(|name| format!("-D{name}")))
        .arg(package.join("tests/plugin.c"))
        .arg("-o")
        .arg(&library)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    library
}

fn opened(definitions: &[&str]) -> Result<OpenLibrary, OpenError> {
    let library = compiled(definitions);
    let opened = OpenLibrary::open(&library);
    // The file may go as soon as it is mapped.
    std::fs::remove_file(library).unwrap();
    opened
}

fn started(definitions: &[&str]) -> (RunningPlugin, Arc<Calls>) {
    let calls = Arc::new(Calls::default());
    (opened(definitions).unwrap().start(calls.clone()).unwrap(), calls)
}

/// Remembers the log, answers every request with the request, and cancels when told.
#[derive(Debug, Default)]
struct Calls {
    lines: Mutex<Vec<(LogLevel, String)>>,
    cancelled: AtomicBool,
    panics: bool,
}

impl Calls {
    fn lines(&self) -> Vec<(LogLevel, String)> {
        std::mem::take(&mut self.lines.lock().unwrap())
    }
}

impl HostCalls for Calls {
    fn log(&self, level: LogLevel, message: &str) {
        self.lines.lock().unwrap().push((level, format!("outside: {message}")));
    }
}

impl CallScope for Calls {
    fn log(&self, level: LogLevel, message: &str) {
        self.lines.lock().unwrap().push((level, message.to_owned()));
    }

    fn call(&self, request: &str) -> (i32, String) {
        assert!(!self.panics, "the broker failed");
        (code::OK, format!("asked: {request}"))
    }

    fn cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}

fn outstanding(plugin: &RunningPlugin) -> String {
    let text = plugin.describe(1000).unwrap();
    text.split_once("\"outstanding\":").unwrap().1.trim_end_matches('}').to_owned()
}

#[test]
fn a_good_plugin_says_what_it_is() {
    let library = opened(&[]).unwrap();
    let info = library.info();
    assert_eq!(
        (info.name.as_str(), info.version.as_str(), info.target.as_str()),
        ("c_plugin", "1.2.3", TARGET)
    );
    assert_eq!((info.abi, info.is_thread_safe()), ((1, 0), false));
    assert!(opened(&["THREAD_SAFE"]).unwrap().info().is_thread_safe());
}

#[test]
fn a_good_plugin_is_called() {
    let (plugin, calls) = started(&[]);
    assert_eq!(calls.lines(), [(LogLevel::Information, "outside: started".to_owned())]);
    assert_eq!(plugin.describe(1000).unwrap(), r#"{"steps":[],"state":1,"outstanding":0}"#);
    assert_eq!(calls.lines(), [(LogLevel::Information, "outside: described".to_owned())]);

    assert!(plugin.applies(ECHO, r#"{"a":1}"#, &*calls).unwrap());
    assert!(!plugin.applies(ECHO, "{}", &*calls).unwrap());

    let echoed = plugin.execute(ECHO, r#"{"a":"б"}"#, ANSWER_BYTES_MAX, &*calls).unwrap();
    assert_eq!((echoed.code, echoed.bytes), (Code::Ok, r#"{"a":"б"}"#.as_bytes().to_vec()));

    let asked = plugin.execute(ASK, "may I", ANSWER_BYTES_MAX, &*calls).unwrap();
    assert_eq!((asked.code, asked.bytes), (Code::Ok, b"asked: may I".to_vec()));

    plugin.execute(LOG, "a line", ANSWER_BYTES_MAX, &*calls).unwrap();
    assert_eq!(calls.lines(), [(LogLevel::Warning, "a line".to_owned())]);

    let refused = plugin.execute(REFUSES, "{}", ANSWER_BYTES_MAX, &*calls).unwrap();
    assert_eq!(refused.code, Code::Abort);
    let nothing = plugin.execute(NO_ANSWER, "{}", ANSWER_BYTES_MAX, &*calls).unwrap();
    assert_eq!((nothing.code, nothing.bytes), (Code::Ok, Vec::new()));
    assert_eq!(outstanding(&plugin), "0");
}

#[test]
fn a_call_that_nobody_waits_for_is_told() {
    let (plugin, calls) = started(&[]);
    calls.cancelled.store(true, Ordering::Relaxed);
    let told = plugin.execute(LOG, "{}", ANSWER_BYTES_MAX, &*calls).unwrap();
    assert_eq!(told.code, Code::Cancelled);
}

#[test]
fn a_request_from_outside_of_a_call_is_refused() {
    let (plugin, calls) = started(&[]);
    let answer = plugin.execute(THREAD, "{}", ANSWER_BYTES_MAX, &*calls).unwrap();
    assert_eq!(answer.code, Code::Error);
    assert!(String::from_utf8(answer.bytes).unwrap().contains("outside_of_a_call"));
}

#[test]
fn a_broker_that_panics_is_an_answer() {
    let (plugin, _) = started(&[]);
    let broken = Calls { panics: true, ..Calls::default() };
    let answer = plugin.execute(ASK, "{}", ANSWER_BYTES_MAX, &broken).unwrap();
    assert_eq!(answer.code, Code::Panic);
    assert!(String::from_utf8(answer.bytes).unwrap().contains("internal"));
    // The scope of the call is gone all the same.
    assert_eq!(plugin.execute(ASK, "x", 100, &Calls::default()).unwrap().bytes, b"asked: x");
}

#[test]
fn a_plugin_is_not_called_from_inside_its_own_call() {
    struct Nests<'a>(&'a RunningPlugin, Mutex<Option<CallError>>);
    impl CallScope for Nests<'_> {
        fn log(&self, _: LogLevel, _: &str) {}
        fn call(&self, _: &str) -> (i32, String) {
            *self.1.lock().unwrap() = self.0.execute(ECHO, "{}", 10, &Calls::default()).err();
            (code::OK, String::new())
        }
        fn cancelled(&self) -> bool {
            false
        }
    }
    let (plugin, _) = started(&["THREAD_SAFE"]);
    let nests = Nests(&plugin, Mutex::new(None));
    plugin.execute(ASK, "{}", 100, &nests).unwrap();
    assert_eq!(nests.1.into_inner().unwrap(), Some(CallError::Nested));
}

#[test]
fn answers_that_cannot_be_are_errors() {
    let (plugin, calls) = started(&[]);
    let check = |step: u32, bytes_max: usize, expected: CallError| {
        let answer = plugin.execute(step, "0123456789", bytes_max, &*calls);
        assert_eq!(answer.unwrap_err(), expected);
    };
    check(NULL_WITH_LENGTH, 100, CallError::Buffer("it is null and has a length"));
    check(OVERFULL, 100, CallError::Buffer("it holds more than it has room for"));
    check(UNKNOWN_CODE, 100, CallError::UnknownCode(4711));
    check(ECHO, 9, CallError::TooLarge { bytes: 10, limit: 9 });
    assert!(plugin.execute(ECHO, "0123456789", 10, &*calls).is_ok());
    // Text is checked by whoever reads it.
    assert_eq!(plugin.execute(NOT_UTF8, "", 10, &*calls).unwrap().bytes, [0xff, 0xfe]);
    assert_eq!(plugin.applies(UNKNOWN_CODE, "{}", &*calls).unwrap_err(), CallError::UnknownCode(-1));
    let refused = plugin.applies(REFUSES, "{}", &*calls).unwrap_err();
    assert!(matches!(refused, CallError::Refused { code: Code::BadInput, .. }), "{refused}");
    assert!(matches!(plugin.describe(3).unwrap_err(), CallError::TooLarge { limit: 3, .. }));
    // Whatever was wrong with it, what could be given back was.
    assert_eq!(outstanding(&plugin), "0");
}

#[test]
fn calls_of_one_plugin_do_not_overlap() {
    struct Counts(std::sync::atomic::AtomicI32);
    impl CallScope for Counts {
        fn log(&self, _: LogLevel, _: &str) {}
        fn call(&self, _: &str) -> (i32, String) {
            assert_eq!(self.0.fetch_add(1, Ordering::SeqCst), 0, "two calls at once");
            std::thread::yield_now();
            self.0.fetch_sub(1, Ordering::SeqCst);
            (code::OK, "once".to_owned())
        }
        fn cancelled(&self) -> bool {
            false
        }
    }
    let (plugin, _) = started(&[]);
    let counts = Counts(std::sync::atomic::AtomicI32::new(0));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..50 {
                    assert_eq!(plugin.execute(ASK, "{}", 100, &counts).unwrap().bytes, b"once");
                }
            });
        }
    });
    assert_eq!(outstanding(&plugin), "0");
}

#[test]
fn libraries_that_are_no_plugins_are_refused() {
    let check = |definition: &str, expected: OpenError| {
        assert_eq!(opened(&[definition]).unwrap_err(), expected, "{definition}");
    };
    check("BROKEN_NO_INFO", OpenError::Symbol("omp_info_v1"));
    check("BROKEN_NO_INIT", OpenError::Symbol("omp_init_v1"));
    check("BROKEN_INFO_NULL", OpenError::Info("a null pointer"));
    check("BROKEN_MAGIC", OpenError::Magic(0x1234_5678));
    let abi = |plugin_major, plugin_minor| OpenError::Abi {
        plugin_major,
        plugin_minor,
        host_major: 1,
        host_minor: 0,
    };
    check("BROKEN_MAJOR", abi(2, 0));
    check("BROKEN_MINOR", abi(1, 1));
    check("BROKEN_SIZE", OpenError::TooSmall(16));
    check("BROKEN_FLAG", OpenError::PanicFlag);
    check("BROKEN_NAME_NULL", OpenError::Info("a text is null and has a length"));
    check("BROKEN_NAME_LONG", OpenError::Info("a text is too long"));
    check("BROKEN_NAME_UTF8", OpenError::Info("a text is not UTF-8"));
}

#[test]
fn plugins_that_do_not_start_are_refused() {
    let check = |definition: &str, expected: CallError| {
        let started = opened(&[definition]).unwrap().start(Arc::new(Calls::default()));
        assert_eq!(started.unwrap_err(), expected, "{definition}");
    };
    check("BROKEN_INIT", CallError::Init(code::ERROR));
    check("BROKEN_TABLE_SIZE", CallError::TooSmall(8));
    check("BROKEN_NO_DESCRIBE", CallError::MissingFunction("describe"));
    check("BROKEN_NO_APPLIES", CallError::MissingFunction("applies"));
    check("BROKEN_NO_EXECUTE", CallError::MissingFunction("execute"));
    check("BROKEN_NO_FREE", CallError::MissingFunction("free_buf"));
}

#[test]
fn the_loader_says_why_without_the_path() {
    let folder = env!("CARGO_TARGET_TMPDIR");
    let check = |library: &Path, word: &str| {
        let OpenError::Loader(message) = OpenLibrary::open(library).unwrap_err() else { panic!() };
        assert!(message.contains(word) && !message.contains(folder), "{message}");
    };
    check(&Path::new(folder).join("absent.so"), "absent.so");
    let text = Path::new(folder).join("text.so");
    std::fs::write(&text, "not a library").unwrap();
    check(&text, "text.so");
    // All names are looked up at once: a missing one is found now, and not in the middle of a run.
    check(&compiled(&["BROKEN_UNRESOLVED"]), "nobody_defines_this");
}
