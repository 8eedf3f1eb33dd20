//! What the kit does with panics: they end a step, never the server, and a build that could not catch
//! them does not come about.

use std::fs;

use odoo_mcp_plugin_host::{ANSWER_BYTES_MAX, CallError, Code};
use serde_json::{Value, json};

use super::built::{Scope, cargo, library, new_plugin, opened};

const PANICS: &str = r#"//! A plugin that panics where the bill says so.

use odoo_mcp_plugin_sdk::{Answer, Context, Failure, Host, LogLevel, Plugin, StepInfo, export_plugin, text};

struct Panics;

/// Panics once more when it is dropped.
struct Twice;

impl Drop for Twice {
    fn drop(&mut self) {
        panic!("again");
    }
}

impl Plugin for Panics {
    const STEPS: &'static [StepInfo] = &[StepInfo::new("panics", 700, "Panics")];

    fn new(host: &Host) -> Result<Self, Failure> {
        // These are meant: whoever reads the output of the tests looks for others.
        std::panic::set_hook(Box::new(|_| {}));
        host.log(LogLevel::Information, "here I am");
        Ok(Self)
    }

    fn applies(&self, _: &str, context: &Context) -> bool {
        assert!(text(&context.raw, "how").is_some(), "no way to panic");
        true
    }

    fn execute(&self, _: &str, context: &Context, _: &Host) -> Result<Answer, Failure> {
        match text(&context.raw, "how").as_deref() {
            Some("words") => panic!("these words: {}", 1 + 1),
            Some("value") => std::panic::panic_any(7_i32),
            Some("twice") => std::panic::panic_any(Twice),
            Some("abort") => Err(Failure::abort("enough", "stop the run")),
            Some("cancelled") => Err(Failure::cancelled()),
            _ => Ok(Answer::new().with("alive", true).logging("a", 1).aborting("of free will")),
        }
    }
}

export_plugin!(Panics);
"#;

#[test]
fn a_panic_is_an_answer() {
    let home = tempfile::tempdir().unwrap();
    let folder = new_plugin(home.path(), "panics", "rust");
    fs::write(folder.join("src/lib.rs"), PANICS).unwrap();
    let host = Scope::answering(Value::Null);
    let plugin = opened(&library(&folder, "panics")).start(host.clone()).unwrap();
    assert_eq!(host.lines(), ["here I am"]);
    let run = |how: &str| {
        let context = json!({ "how": how }).to_string();
        let answer = plugin.execute(0, &context, ANSWER_BYTES_MAX, &*host).unwrap();
        (answer.code, serde_json::from_slice::<Value>(&answer.bytes).unwrap())
    };
    assert_eq!(run("words"), (Code::Panic, json!({"code": "panic", "message": "these words: 2"})));
    assert_eq!(run("value").0, Code::Panic);
    assert_eq!(run("twice").0, Code::Panic);
    assert_eq!(run("abort"), (Code::Abort, json!({"code": "enough", "message": "stop the run"})));
    assert_eq!(run("cancelled").0, Code::Cancelled);
    let alive = json!({"data": {"alive": true}, "abort": {"reason": "of free will"}, "log": {"a": 1}});
    assert_eq!(run("not"), (Code::Ok, alive));
    let refused = plugin.applies(0, "{}", &*host).unwrap_err();
    assert!(matches!(refused, CallError::Refused { code: Code::Panic, .. }), "{refused}");
    assert!(plugin.applies(0, r#"{"how": "x"}"#, &*host).unwrap());

    // A panic that could not be caught.
    let aborting =
        cargo(&folder, &["check", "--offline", "--quiet", "--config", "profile.dev.panic='abort'"]);
    assert!(aborting.unwrap_err().contains("has to catch its panics"));

    // A constructor that panics is a plugin that does not start.
    fs::write(folder.join("src/lib.rs"), PANICS.replace("Ok(Self)", "panic!(\"not me\")")).unwrap();
    let started = opened(&library(&folder, "panics")).start(host.clone());
    assert_eq!(started.unwrap_err(), CallError::Init(4));
    assert_eq!(host.lines(), ["here I am", "the plugin did not start: panic: not me"]);
}
