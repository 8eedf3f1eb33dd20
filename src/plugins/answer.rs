//! What a step answered, before anybody believes it: size, depth, text and shape.

use odoo_mcp_plugin_host::{CallError, Code, Executed};
use serde_json::{Map, Value};

use super::{error::PluginError, registry::StepAnswer};

/// Most bytes of an answer.
pub(super) const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Deepest nesting of an answer.
const DEPTH_MAX: usize = 64;
/// Longest sentence of a plugin that is repeated.
const MESSAGE_CHARS_MAX: usize = 2_000;
const CODE_BYTES_MAX: usize = 64;

/// Reads what a step returned.
pub(super) fn read(executed: &Executed) -> Result<StepAnswer, PluginError> {
    match executed.code {
        Code::Ok => read_data(&executed.bytes),
        Code::NotApplicable => Ok(StepAnswer::default()),
        Code::Abort => {
            Ok(StepAnswer { abort: Some(complaint(&executed.bytes).message), ..StepAnswer::default() })
        }
        Code::Error => {
            let Complaint { code, message } = complaint(&executed.bytes);
            Err(PluginError::Failed { code, message })
        }
        Code::Panic => Err(PluginError::Panicked { message: complaint(&executed.bytes).message }),
        Code::BadInput => Err(PluginError::BadInput { message: complaint(&executed.bytes).message }),
        Code::Cancelled => Err(PluginError::Cancelled),
    }
}

/// What a call means that gave no answer at all.
pub(super) fn failed(error: &CallError) -> PluginError {
    match error {
        CallError::Refused { code: Code::Panic, message } => {
            PluginError::Panicked { message: complaint(message.as_bytes()).message }
        }
        CallError::Refused { code: Code::BadInput, message } => {
            PluginError::BadInput { message: complaint(message.as_bytes()).message }
        }
        CallError::Refused { message, .. } => {
            let Complaint { code, message } = complaint(message.as_bytes());
            PluginError::Failed { code, message }
        }
        CallError::Cancelled => PluginError::Cancelled,
        other => PluginError::BadAnswer { message: other.to_string() },
    }
}

fn bad(message: impl Into<String>) -> PluginError {
    PluginError::BadAnswer { message: message.into() }
}

fn read_data(bytes: &[u8]) -> Result<StepAnswer, PluginError> {
    let value = parse(bytes).map_err(bad)?;
    let Value::Object(mut answer) = value else { return Err(bad("it is no JSON object")) };
    let mut object = |key: &str| match answer.remove(key) {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(object)) => Ok(object),
        Some(_) => Err(bad(format!("`{key}` is no object"))),
    };
    let (data, log) = (object("data")?, object("log")?);
    let abort = match answer.remove("abort") {
        None | Some(Value::Null) => None,
        Some(abort) => match abort.get("reason").and_then(Value::as_str) {
            Some(reason) => Some(short(reason, MESSAGE_CHARS_MAX)),
            None => return Err(bad("`abort` gives no reason")),
        },
    };
    match answer.keys().next() {
        Some(unknown) => Err(bad(format!("the key `{}` is unknown", short(unknown, CODE_BYTES_MAX)))),
        None => Ok(StepAnswer { data, abort, log }),
    }
}

/// JSON of a plugin as a value, within the limits.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, String> {
    if bytes.len() > ANSWER_BYTES_MAX {
        return Err(format!("it is larger than {ANSWER_BYTES_MAX} bytes"));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    if depth(text) > DEPTH_MAX {
        return Err(format!("it is nested deeper than {DEPTH_MAX}"));
    }
    serde_json::from_str(text).map_err(|_| "it is not JSON".to_owned())
}

/// How deep brackets are nested, counted before anything is built.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest, mut in_text, mut escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

struct Complaint {
    code: String,
    message: String,
}

/// `{"code", "message"}`, or the text as it is.
fn complaint(bytes: &[u8]) -> Complaint {
    let value = parse(bytes).unwrap_or_default();
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    let is_word = |word: &&str| {
        (1..=CODE_BYTES_MAX).contains(&word.len())
            && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    let said = String::from_utf8_lossy(bytes);
    let message = text("message").unwrap_or(&said);
    let message = if message.trim().is_empty() { "it gave no reason" } else { message };
    Complaint {
        code: text("code").filter(is_word).unwrap_or("failed").to_owned(),
        message: short(message, MESSAGE_CHARS_MAX),
    }
}

/// The beginning of a plugin's text, without what could confuse a terminal or a log.
pub(super) fn short(text: &str, chars_max: usize) -> String {
    text.chars().filter(|c| !c.is_control()).take(chars_max).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(code: Code, bytes: impl Into<Vec<u8>>, expected: Result<Value, &str>) {
        let outcome = read(&Executed { code, bytes: bytes.into() });
        let shown = outcome
            .as_ref()
            .map(|answer| json!({"data": answer.data, "abort": answer.abort, "log": answer.log}))
            .map_err(PluginError::code);
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_good_answer_is_read_and_a_bad_one_is_an_error_of_the_step() {
        let nothing = json!({"data": {}, "abort": null, "log": {}});
        check(
            Code::Ok,
            r#"{"data": {"a": 1}, "abort": null, "log": {}}"#,
            Ok(json!({"data": {"a": 1}, "abort": null, "log": {}})),
        );
        check(Code::Ok, "{}", Ok(nothing.clone()));
        check(Code::NotApplicable, "", Ok(nothing));
        let abort = json!({"data": {}, "abort": "twice", "log": {}});
        check(Code::Ok, r#"{"abort": {"reason": "twice"}}"#, Ok(abort.clone()));
        check(Code::Abort, r#"{"code": "x", "message": "twice"}"#, Ok(abort));
        check(Code::Error, r#"{"code": "no_vendor", "message": "none"}"#, Err("no_vendor"));
        check(Code::Error, r#"{"code": "No Vendor!"}"#, Err("failed"));
        check(Code::Error, [0xff], Err("failed"));
        check(Code::Panic, "{}", Err("panicked"));
        check(Code::BadInput, "{}", Err("bad_input"));
        check(Code::Cancelled, "", Err("cancelled"));
        for bad in [
            "",
            "[]",
            "{\"data\": 1}",
            "{\"abort\": {}}",
            "{\"abort\": true}",
            "{\"more\": 1}",
            "{\"data\": {}",
        ] {
            check(Code::Ok, bad, Err("bad_answer"));
        }
        check(Code::Ok, [b'{', b'"', 0xff, b'"', b'}'], Err("bad_answer"));
        let large = format!("{{\"data\": {{\"x\": \"{}\"}}}}", "x".repeat(9 * 1024 * 1024));
        check(Code::Ok, large, Err("bad_answer"));
        let nested =
            |levels: usize| format!("{{\"data\": {{\"x\": {}{}}}}}", "[".repeat(levels), "]".repeat(levels));
        check(Code::Ok, nested(100), Err("bad_answer"));
        check(Code::Ok, nested(63), Err("bad_answer"));
        assert!(read(&Executed { code: Code::Ok, bytes: nested(62).into() }).is_ok());
        assert!(read(&Executed { code: Code::Ok, bytes: br#"{"data": {"x": "[[[\"[["}}"#.to_vec() }).is_ok());
    }
}
