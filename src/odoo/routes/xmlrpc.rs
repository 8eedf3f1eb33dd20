//! `/xmlrpc/2`: the last resort. It cannot say "nothing": a method without a result has taken
//! effect and then fails to be written, which is read as success here.

use quick_xml::{Reader, escape::escape, events::Event};
use serde_json::{Map, Number, Value, json};

use super::{arguments::context, envelope};
use crate::{
    facts::{Definition, Secret},
    odoo::{
        Call, Failure,
        failure::ServerFault,
        http::{Answer, Body, Request},
        wording,
    },
};

const COMMON: &str = "/xmlrpc/2/common";
const OBJECT: &str = "/xmlrpc/2/object";
/// Deepest answer that is read; JSON answers have the same bound.
const DEPTH_MAX: usize = 128;
/// What Python says when it cannot write the result of a method that returned nothing.
const NOTHING_RETURNED: &str = "cannot marshal None";

pub(in crate::odoo) fn version() -> Result<Request, Failure> {
    post(COMMON, "version", &[])
}

pub(in crate::odoo) fn login(definition: &Definition, secret: &Secret) -> Result<Request, Failure> {
    let params = [json!(definition.db), json!(definition.username), json!(secret.reveal()), json!({})];
    post(COMMON, "authenticate", &params).map(|request| request.changing(true))
}

pub(in crate::odoo) fn request(db: &str, uid: i64, secret: &Secret, call: &Call) -> Result<Request, Failure> {
    let ids = call.ids.iter().map(|ids| Value::from(ids.as_slice()));
    let args: Vec<Value> = ids.chain(call.positional.iter().map(|argument| argument.value.clone())).collect();
    let mut named = call.named.clone();
    if let Some(context) = context(call) {
        named.insert(super::arguments::CONTEXT.to_owned(), Value::Object(context.into_owned()));
    }
    let params = [
        json!(db),
        json!(uid),
        json!(secret.reveal()),
        json!(call.model.as_str()),
        json!(call.method.as_str()),
        Value::Array(args),
        Value::Object(named),
    ];
    post(OBJECT, "execute_kw", &params)
}

fn post(path: &str, method: &str, params: &[Value]) -> Result<Request, Failure> {
    let mut xml = format!("<?xml version=\"1.0\"?><methodCall><methodName>{method}</methodName><params>");
    for param in params {
        xml.push_str("<param>");
        write_value(param, &mut xml)?;
        xml.push_str("</param>");
    }
    xml.push_str("</params></methodCall>");
    let body = Body { content_type: "text/xml", bytes: xml.into_bytes() };
    Ok(Request { path: path.to_owned(), body: Some(body), headers: Vec::new(), changes: false, about: None })
}

fn write_value(value: &Value, xml: &mut String) -> Result<(), Failure> {
    xml.push_str("<value>");
    match value {
        Value::Null => xml.push_str("<nil/>"),
        Value::Bool(flag) => {
            xml.push_str(if *flag { "<boolean>1</boolean>" } else { "<boolean>0</boolean>" });
        }
        Value::Number(number) => xml.push_str(&number_element(number)?),
        Value::String(text) => {
            // XML has no form for most control characters, not even an escaped one.
            if text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r')) {
                return Err(unfit("a text with control characters"));
            }
            xml.push_str("<string>");
            xml.push_str(&escape(text).replace('\r', "&#13;"));
            xml.push_str("</string>");
        }
        Value::Array(items) => {
            xml.push_str("<array><data>");
            for item in items {
                write_value(item, xml)?;
            }
            xml.push_str("</data></array>");
        }
        Value::Object(members) => {
            xml.push_str("<struct>");
            for (name, member) in members {
                xml.push_str("<member><name>");
                xml.push_str(&escape(name.as_str()));
                xml.push_str("</name>");
                write_value(member, xml)?;
                xml.push_str("</member>");
            }
            xml.push_str("</struct>");
        }
    }
    xml.push_str("</value>");
    Ok(())
}

fn number_element(number: &Number) -> Result<String, Failure> {
    if let Some(integer) = number.as_i64() {
        return if i32::try_from(integer).is_ok() {
            Ok(format!("<int>{integer}</int>"))
        } else {
            Err(unfit("an integer beyond 32 bits"))
        };
    }
    Ok(format!("<double>{number}</double>"))
}

fn unfit(what: &str) -> Failure {
    Failure::NotSent { why: format!("XML-RPC cannot carry {what}") }
}

/// The result of a call, or the fault.
pub(in crate::odoo) fn answer(answer: &Answer) -> Result<Value, Failure> {
    if answer.status.is_redirection() {
        return Err(envelope::redirected(answer));
    }
    if !answer.status.is_success() {
        return Err(envelope::page(answer));
    }
    let Some((fault, value)) = read(&answer.body) else {
        return Err(envelope::page(answer));
    };
    if !fault {
        return Ok(value);
    }
    let code = value.get("faultCode").cloned().unwrap_or_default();
    let text = value.get("faultString").and_then(Value::as_str).unwrap_or_default();
    read_fault(&code, text)
}

fn read_fault(code: &Value, text: &str) -> Result<Value, Failure> {
    let (exception, message) = match code.as_i64() {
        // Warnings come without their class; the missing record is told by the record it names.
        Some(2) => ("odoo.exceptions.UserError".to_owned(), text.to_owned()),
        Some(3) => ("odoo.exceptions.AccessDenied".to_owned(), text.to_owned()),
        Some(4) => ("odoo.exceptions.AccessError".to_owned(), text.to_owned()),
        _ => raised(text),
    };
    if exception == "TypeError" && message.contains(NOTHING_RETURNED) {
        return Ok(Value::Null);
    }
    Err(Failure::Fault(ServerFault { exception, message, status: 200 }))
}

/// Class and message at the end of a traceback.
fn raised(traceback: &str) -> (String, String) {
    let lines: Vec<&str> = traceback.trim_end().lines().collect();
    // The error follows the last frame and its indented line of source; a message may be indented too.
    let frame = lines.iter().rposition(|line| line.starts_with("  File ")).map_or(0, |last| last + 1);
    let after = lines.iter().skip(frame).position(|line| !line.starts_with(' ')).unwrap_or_default();
    let start = frame + after;
    let told = lines.get(start..).unwrap_or_default().join("\n");
    match told.split_once(": ") {
        Some((class, message)) if is_class(class) => (class.to_owned(), message.to_owned()),
        _ if is_class(&told) => (told, String::new()),
        _ => ("Exception".to_owned(), wording::clean(&told)),
    }
}

fn is_class(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_'))
}

/// Is it a fault, and what does it hold? `None` for what is no XML-RPC answer.
fn read(xml: &[u8]) -> Option<(bool, Value)> {
    let text = std::str::from_utf8(xml).ok()?;
    let mut reader = Reader::from_str(text);
    let mut fault = false;
    let mut answered = false;
    loop {
        match reader.read_event().ok()? {
            Event::Start(tag) => match tag.name().as_ref() {
                b"methodResponse" => answered = true,
                b"fault" => fault = true,
                b"value" if answered => return Some((fault, read_value(&mut reader, 0)?)),
                _ => {}
            },
            Event::Eof => return None,
            _ => {}
        }
    }
}

/// Reads up to the closing `value`; bare text is a string.
fn read_value(reader: &mut Reader<&[u8]>, depth: usize) -> Option<Value> {
    if depth > DEPTH_MAX {
        return None;
    }
    let mut value = None;
    let mut bare = String::new();
    loop {
        match reader.read_event().ok()? {
            Event::Start(tag) => {
                let name = tag.name().as_ref().to_vec();
                value = Some(match name.as_slice() {
                    b"array" => read_array(reader, depth + 1)?,
                    b"struct" => read_struct(reader, depth + 1)?,
                    kind => read_scalar(kind, read_text(reader)?)?,
                });
            }
            Event::Empty(tag) => {
                value = Some(match tag.name().as_ref() {
                    b"nil" => Value::Null,
                    b"array" => Value::Array(Vec::new()),
                    b"struct" => Value::Object(Map::new()),
                    _ => Value::String(String::new()),
                });
            }
            Event::Text(text) => bare.push_str(&text.decode().ok()?),
            Event::GeneralRef(reference) => push_reference(&reference, &mut bare)?,
            Event::CData(text) => bare.push_str(&text.decode().ok()?),
            Event::End(tag) if tag.name().as_ref() == b"value" => {
                return Some(value.unwrap_or(Value::String(bare)));
            }
            Event::Eof => return None,
            _ => {}
        }
    }
}

fn read_array(reader: &mut Reader<&[u8]>, depth: usize) -> Option<Value> {
    let mut items = Vec::new();
    loop {
        match reader.read_event().ok()? {
            Event::Start(tag) if tag.name().as_ref() == b"value" => items.push(read_value(reader, depth)?),
            Event::Empty(tag) if tag.name().as_ref() == b"value" => items.push(Value::String(String::new())),
            Event::End(tag) if tag.name().as_ref() == b"array" => return Some(Value::Array(items)),
            Event::Eof => return None,
            _ => {}
        }
    }
}

fn read_struct(reader: &mut Reader<&[u8]>, depth: usize) -> Option<Value> {
    let mut members = Map::new();
    let mut name = String::new();
    loop {
        match reader.read_event().ok()? {
            Event::Start(tag) => match tag.name().as_ref() {
                b"name" => name = read_text(reader)?,
                b"value" => {
                    let member = read_value(reader, depth)?;
                    members.insert(std::mem::take(&mut name), member);
                }
                _ => {}
            },
            Event::Empty(tag) if tag.name().as_ref() == b"value" => {
                members.insert(std::mem::take(&mut name), Value::String(String::new()));
            }
            Event::End(tag) if tag.name().as_ref() == b"struct" => return Some(Value::Object(members)),
            Event::Eof => return None,
            _ => {}
        }
    }
}

/// The text up to the next closing tag.
fn read_text(reader: &mut Reader<&[u8]>) -> Option<String> {
    let mut text = String::new();
    loop {
        match reader.read_event().ok()? {
            Event::Text(piece) => text.push_str(&piece.decode().ok()?),
            Event::CData(piece) => text.push_str(&piece.decode().ok()?),
            Event::GeneralRef(reference) => push_reference(&reference, &mut text)?,
            Event::End(_) => return Some(text),
            Event::Start(_) | Event::Eof => return None,
            _ => {}
        }
    }
}

fn push_reference(reference: &quick_xml::events::BytesRef<'_>, text: &mut String) -> Option<()> {
    if let Some(character) = reference.resolve_char_ref().ok()? {
        text.push(character);
    } else {
        text.push_str(quick_xml::escape::resolve_predefined_entity(&reference.decode().ok()?)?);
    }
    Some(())
}

fn read_scalar(kind: &[u8], text: String) -> Option<Value> {
    match kind {
        b"int" | b"i4" | b"i8" => text.trim().parse::<i64>().ok().map(Value::from),
        b"double" => Number::from_f64(text.trim().parse().ok()?).map(Value::Number),
        b"boolean" => Some(Value::Bool(text.trim() == "1")),
        b"nil" => Some(Value::Null),
        b"base64" => Some(Value::String(text.split_whitespace().collect())),
        b"dateTime.iso8601" => Some(Value::String(plain_datetime(&text))),
        _ => Some(Value::String(text)),
    }
}

/// `20261120T23:18:57` as the other routes write it, `2026-11-20 23:18:57`.
fn plain_datetime(text: &str) -> String {
    match (text.get(..4), text.get(4..6), text.get(6..8), text.get(8..9), text.get(9..)) {
        (Some(year), Some(month), Some(day), Some("T"), Some(time)) => {
            format!("{year}-{month}-{day} {time}")
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    fn answered(body: &str) -> Answer {
        Answer {
            status: StatusCode::OK,
            content_type: "text/xml".to_owned(),
            location: None,
            session_cookie: None,
            body: body.as_bytes().to_vec(),
        }
    }

    #[expect(clippy::needless_pass_by_value, reason = "cases read better as values")]
    #[track_caller]
    fn check(value: &str, expected: Value) {
        let body = format!(
            "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value>{value}</value>\n</param>\n</params>\n</methodResponse>"
        );
        assert_eq!(answer(&answered(&body)).unwrap(), expected, "{value}");
    }

    fn fault(code: &str, text: &str) -> Result<Value, Failure> {
        let text = escape(text);
        answer(&answered(&format!(
            "<?xml version='1.0'?><methodResponse><fault><value><struct><member><name>faultCode</name>\
             <value>{code}</value></member><member><name>faultString</name><value><string>{text}</string></value>\
             </member></struct></value></fault></methodResponse>"
        )))
    }

    #[test]
    fn values_of_all_kinds_are_read() {
        check("<int>7</int>", json!(7));
        check("<boolean>1</boolean>", json!(true));
        check("<double>1.5</double>", json!(1.5));
        check("<string>a &lt;b&gt; &amp; &#233;</string>", json!("a <b> & é"));
        check("bare &amp; plain", json!("bare & plain"));
        check("<nil/>", json!(null));
        check("<string></string>", json!(""));
        check("", json!(""));
        check("<dateTime.iso8601>20261120T23:18:57</dateTime.iso8601>", json!("2026-11-20 23:18:57"));
        check("<array><data>\n<value><int>1</int></value>\n<value/></data></array>", json!([1, ""]));
        check(
            "<struct><member><name>a</name><value><array><data/></array></value></member></struct>",
            json!({"a": []}),
        );
    }

    #[test]
    fn what_is_written_can_be_read() {
        let value = json!({"a": [1, -2, true, 1.5, "x < y & \"z\"\n\r", {"b": []}], "é": false});
        let mut xml = String::new();
        write_value(&value, &mut xml).unwrap();
        let inner = xml.strip_prefix("<value>").unwrap().strip_suffix("</value>").unwrap();
        check(inner, value);
        assert!(write_value(&json!("a\u{1}b"), &mut String::new()).is_err());
        assert!(write_value(&json!(5_000_000_000_i64), &mut String::new()).is_err());
    }

    #[test]
    fn a_method_that_returned_nothing_has_succeeded() {
        let told = "Traceback (most recent call last):\n  File \"/usr/lib/x.py\", line 3, in f\n    g()\n\
                    TypeError: cannot marshal None unless allow_none is enabled\n";
        assert_eq!(fault("<int>1</int>", told).unwrap(), Value::Null);
    }

    #[test]
    fn faults_keep_class_and_message_and_lose_the_traceback() {
        let told = "Traceback (most recent call last):\n  File \"/usr/lib/x.py\", line 3, in f\n    g()\n\
                    psycopg2.errors.InvalidTextRepresentation: invalid input\nLINE 1: SELECT\n     ^\n";
        match fault("<int>1</int>", told) {
            Err(Failure::Fault(fault)) => {
                assert_eq!(fault.exception, "psycopg2.errors.InvalidTextRepresentation");
            }
            other => panic!("{other:?}"),
        }
        for (code, class) in [("2", "UserError"), ("3", "AccessDenied"), ("4", "AccessError")] {
            match fault(&format!("<int>{code}</int>"), "no") {
                Err(Failure::Fault(fault)) => assert!(fault.exception.ends_with(class)),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn what_is_no_xml_of_odoo_is_said_so() {
        for bad in [
            "",
            "<html></html>",
            "{}",
            "<methodResponse>",
            "<methodResponse><params><param><value><int>x</int>",
        ] {
            assert!(matches!(answer(&answered(bad)), Err(Failure::Strange { .. })), "{bad}");
        }
        let deep = format!("<methodResponse><params><param>{}", "<value><array><data>".repeat(5_000));
        assert!(answer(&answered(&deep)).is_err());
    }
}
