//! One JSON-RPC message as bytes: is it fit to be read, and whom would an error answer?

use rmcp::model::{ClientJsonRpcMessage, ErrorCode, ErrorData, JsonRpcError, RequestId};

use crate::facts::{StrictJsonError, check_strict_json};

/// Deepest nesting of a message. Below the 128 levels at which the JSON reader itself gives up.
pub(super) const DEPTH_MAX: usize = 120;
/// Findings of the strict check that an error names; the rest is only counted.
const FINDINGS_SHOWN_MAX: usize = 3;

/// Longest piece of a method's name that an error repeats.
const METHOD_SHOWN_CHARS_MAX: usize = 64;

/// What to do with a message that came in.
#[derive(Debug)]
pub(super) enum Frame {
    Message(Box<ClientJsonRpcMessage>),
    /// Not fit to act on; the error goes back to the client.
    Refused(Box<JsonRpcError>),
    /// Neither a request nor anything we know: nobody waits for an answer.
    Ignored,
}

/// Reads one message. What could be understood in two ways is refused.
pub(super) fn read(text: &[u8]) -> Frame {
    match strict(text) {
        Ok(()) => parse(text),
        Err(refusal) => refusal,
    }
}

/// The strict check alone, without reading the message.
pub(super) fn strict(text: &[u8]) -> Result<(), Frame> {
    check_strict_json(text, DEPTH_MAX).map_err(|findings| {
        let outline = Outline::of(text);
        if outline.is_answer() {
            return Frame::Ignored;
        }
        let syntax = findings.iter().any(|finding| matches!(finding, StrictJsonError::Syntax(_)));
        let code = if syntax { ErrorCode::PARSE_ERROR } else { ErrorCode::INVALID_REQUEST };
        let mut message =
            findings.iter().take(FINDINGS_SHOWN_MAX).map(ToString::to_string).collect::<Vec<_>>().join("; ");
        if findings.len() > FINDINGS_SHOWN_MAX {
            message.push_str(&format!("; and {} more", findings.len() - FINDINGS_SHOWN_MAX));
        }
        refused(outline.id, code, message)
    })
}

/// A message that is longer than the door allows. `beginning` is what was read of it.
pub(super) fn too_long(beginning: &[u8], bytes_max: usize) -> Frame {
    let outline = Outline::of(beginning);
    if outline.is_answer() {
        return Frame::Ignored;
    }
    refused(outline.id, ErrorCode::INVALID_REQUEST, format!("a message may have at most {bytes_max} bytes"))
}

fn parse(text: &[u8]) -> Frame {
    if let Ok(message) = serde_json::from_slice(text) {
        return Frame::Message(Box::new(message));
    }
    let outline = Outline::of(text);
    if outline.is_answer() || (outline.method.is_some() && !outline.has_id) {
        return Frame::Ignored;
    }
    if let (true, Some(id), Some(method)) = (outline.is_version_2, &outline.id, &outline.method) {
        let method: String = method.chars().take(METHOD_SHOWN_CHARS_MAX).collect();
        let message = format!("the parameters are not those of `{method}`");
        return refused(Some(id.clone()), ErrorCode::INVALID_PARAMS, message);
    }
    let message = if outline.is_object {
        "not a JSON-RPC 2.0 request: it needs `jsonrpc`, `id` (a string or an integer) and `method`"
    } else {
        "not a JSON-RPC 2.0 request: send one object at a time, batches are not supported"
    };
    refused(outline.id, ErrorCode::INVALID_REQUEST, message.to_owned())
}

fn refused(id: Option<RequestId>, code: ErrorCode, message: String) -> Frame {
    Frame::Refused(Box::new(JsonRpcError::new(id, ErrorData::new(code, message, None))))
}

/// The outermost keys of a message that may be broken or cut off, read without recursion.
#[derive(Debug, Default)]
pub(super) struct Outline {
    /// The request's id, if there is exactly one and it is readable.
    pub(super) id: Option<RequestId>,
    pub(super) method: Option<String>,
    is_object: bool,
    is_version_2: bool,
    has_id: bool,
    has_outcome: bool,
}

impl Outline {
    pub(super) fn of(text: &[u8]) -> Self {
        let mut outline = Self::default();
        // A cut-off text ends the walk early; what was seen until then counts.
        let _ = outline.walk(&mut Scanner { rest: text });
        outline
    }

    /// A reply of the peer. Answering it could start an endless exchange of errors.
    fn is_answer(&self) -> bool {
        self.has_outcome && self.method.is_none()
    }

    fn walk(&mut self, scanner: &mut Scanner<'_>) -> Option<()> {
        scanner.skip_space();
        scanner.expect(b'{')?;
        self.is_object = true;
        loop {
            scanner.skip_space();
            let key = scanner.string()?;
            scanner.skip_space();
            scanner.expect(b':')?;
            scanner.skip_space();
            self.has_outcome |= matches!(key, b"result" | b"error");
            let value = scanner.value()?;
            match key {
                b"id" => {
                    self.id = if self.has_id { None } else { serde_json::from_slice(value).ok() };
                    self.has_id = true;
                }
                b"jsonrpc" => self.is_version_2 = value == br#""2.0""#,
                b"method" => self.method = serde_json::from_slice(value).ok(),
                _ => {}
            }
            scanner.skip_space();
            scanner.expect(b',')?;
        }
    }
}

/// Just enough of JSON to step over values of any depth.
struct Scanner<'a> {
    rest: &'a [u8],
}

impl<'a> Scanner<'a> {
    fn skip_space(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }

    fn expect(&mut self, wanted: u8) -> Option<()> {
        let (first, rest) = self.rest.split_first()?;
        (*first == wanted).then(|| self.rest = rest)
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    /// The raw text between two quotes.
    fn string(&mut self) -> Option<&'a [u8]> {
        let quoted = self.take(string_length(self.rest)?)?;
        quoted.strip_prefix(b"\"")?.strip_suffix(b"\"")
    }

    fn value(&mut self) -> Option<&'a [u8]> {
        match self.rest.first()? {
            b'"' => self.take(string_length(self.rest)?),
            b'{' | b'[' => self.take(nested_length(self.rest)?),
            _ => {
                let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']') || byte.is_ascii_whitespace();
                self.take(self.rest.iter().position(ends)?)
            }
        }
    }
}

/// Length of the string that begins `text`, quotes included.
fn string_length(text: &[u8]) -> Option<usize> {
    let mut escaped = false;
    let body = text.strip_prefix(b"\"")?;
    let end = body.iter().position(|byte| match (escaped, byte) {
        (true, _) => {
            escaped = false;
            false
        }
        (false, b'\\') => {
            escaped = true;
            false
        }
        (false, byte) => *byte == b'"',
    })?;
    Some(end + 2)
}

/// Length of the array or object that begins `text`.
fn nested_length(text: &[u8]) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = 0_usize;
    loop {
        let rest = text.get(at..)?;
        match rest.first()? {
            b'"' => {
                at += string_length(rest)?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &[u8]) -> (Option<RequestId>, i32, String) {
        match read(text) {
            Frame::Refused(error) => (error.id, error.error.code.0, error.error.message.to_string()),
            other => panic!("{} gave {other:?}", String::from_utf8_lossy(text)),
        }
    }

    fn check(text: &[u8], id: Option<i64>, code: i32, says: &str) {
        let (found_id, found_code, message) = refusal(text);
        assert_eq!(found_id, id.map(RequestId::Number), "{message}");
        assert_eq!(found_code, code, "{message}");
        assert!(message.contains(says), "{message}");
    }

    #[test]
    fn what_cannot_be_read_one_way_is_refused_with_its_id() {
        check(br#"{"jsonrpc":"2.0","id":7,"method":"tools/list","method":"x"}"#, Some(7), -32600, "`method`");
        check(
            br#"{"id":7,"jsonrpc":"2.0","method":"a","params":{"a":1,"a":2}}"#,
            Some(7),
            -32600,
            "/params/a",
        );
        check(br#"{"jsonrpc":"2.0","id":7,"id":8,"method":"a"}"#, None, -32600, "`id`");
        check(br#"{"jsonrpc":"2.0","id":7,"method":"#, Some(7), -32700, "not JSON");
        check(b"hello", None, -32700, "not JSON");
        check(b"{\"id\":7,\"method\":\"\xff\"}", Some(7), -32700, "not JSON");
        check(br#"[{"jsonrpc":"2.0","id":7,"method":"ping"}]"#, None, -32600, "batches");
        check(br#"{"jsonrpc":"1.0","id":7,"method":"ping"}"#, Some(7), -32600, "JSON-RPC 2.0");
        check(br#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, None, -32600, "integer");
        check(br#"{"jsonrpc":"2.0","id":7}"#, Some(7), -32600, "method");
        check(
            br#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":[]}"#,
            Some(7),
            -32602,
            "`tools/call`",
        );
        let deep = format!(r#"{{"id":7,"method":"a","params":{}{}}}"#, "[".repeat(200), "]".repeat(200));
        check(deep.as_bytes(), Some(7), -32600, "nested deeper than 120");
    }

    #[test]
    fn answers_and_notifications_get_no_answer() {
        for text in [
            r#"{"jsonrpc":"2.0","id":7,"error":{"code":1,"code":2}}"#,
            r#"{"jsonrpc":"2.0","id":7,"result":"#,
            r#"{"jsonrpc":"2.0","error":17}"#,
        ] {
            assert!(matches!(read(text.as_bytes()), Frame::Ignored), "{text}");
        }
    }

    #[test]
    fn messages_are_read() {
        for text in [
            r#"{"jsonrpc":"2.0","id":"x","method":"tools/list"}"#,
            r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
            r#"{"jsonrpc":"2.0","id":3,"result":{}}"#,
        ] {
            assert!(matches!(read(text.as_bytes()), Frame::Message(_)), "{text}");
        }
    }

    #[test]
    fn the_outline_survives_anything() {
        let whole = r#" { "a" : [ {"id": 5}, "]\"" ] , "id" : "x\"y" , "method" : "m" , "z" : nul"#;
        let outline = Outline::of(whole.as_bytes());
        assert_eq!(outline.id, Some(RequestId::String("x\"y".into())));
        assert_eq!(outline.method.as_deref(), Some("m"));
        for length in 0..whole.len() {
            let _ = Outline::of(&whole.as_bytes()[..length]);
        }
        for odd in ["}", "{]", "{\"id\":}", "{\"id\"", "[}", "{\"a\":]]]]}"] {
            assert_eq!(Outline::of(odd.as_bytes()).id, None, "{odd}");
        }
    }
}
