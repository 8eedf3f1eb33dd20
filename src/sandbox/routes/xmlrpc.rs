//! `/xmlrpc/2/*`: the services of `/jsonrpc` in XML, with faults for exceptions.

use http::StatusCode;
use quick_xml::{
    events::{BytesStart, Event},
    reader::Reader,
};
use serde_json::{Value, json};

use super::{
    envelope::escape,
    jsonrpc::{self, Caller},
};
use crate::{
    facts::JsonObject,
    sandbox::{
        errors::OdooError,
        field::SandboxVersion,
        methods::Answer,
        server::{Request, Response},
        world::World,
    },
};

/// Values nested deeper than this are refused.
const DEPTH_MAX: usize = 64;

/// The sum of what a call is: its method and its parameters.
#[derive(Debug, PartialEq)]
struct MethodCall {
    method: String,
    params: Vec<Value>,
}

pub(super) fn answer(world: &World, request: &Request) -> Response {
    let service = request.path.rsplit('/').next().unwrap_or_default();
    let Some(call) = parse(&request.body) else {
        return fault(1, "not well-formed (invalid token): line 1, column 0");
    };
    let caller = Caller { route: &request.path, refuse_login: request.refuse_login };
    match jsonrpc::dispatch(world, &caller, service, &call.method, &call.params) {
        Ok(answer) => success(world.version, answer),
        Err(error) => failed(&error),
    }
}

pub(super) fn target(request: &Request) -> (String, String) {
    let Some(call) = parse(&request.body) else { return (String::new(), String::new()) };
    if request.path.ends_with("/common") {
        let method = if call.method == "login" { "authenticate".to_owned() } else { call.method };
        return (String::new(), method);
    }
    let text = |at: usize| call.params.get(at).and_then(Value::as_str).unwrap_or_default().to_owned();
    (text(3), text(4))
}

/// A result. `None` cannot be written, which the client learns after the change is kept.
fn success(version: SandboxVersion, answer: Answer) -> Response {
    let Some(result) = answer.into_result(version) else {
        let error = OdooError::type_error("cannot marshal None unless allow_none is enabled");
        return fault(1, &error.traceback());
    };
    let mut body = String::from("<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n");
    write_value(&mut body, &result);
    body.push_str("</param>\n</params>\n</methodResponse>\n");
    Response::new(StatusCode::OK, "text/xml", body)
}

fn failed(error: &OdooError) -> Response {
    match error.class {
        "odoo.exceptions.UserError" | "odoo.exceptions.MissingError" | "odoo.exceptions.ValidationError" => {
            fault(2, &error.message)
        }
        "odoo.exceptions.AccessDenied" => fault(3, &error.message),
        "odoo.exceptions.AccessError" => fault(4, &error.message),
        _ => fault(1, &error.traceback()),
    }
}

fn fault(code: i64, text: &str) -> Response {
    let mut body = String::from("<?xml version='1.0'?>\n<methodResponse>\n<fault>\n");
    write_value(&mut body, &json!({"faultCode": code, "faultString": text}));
    body.push_str("</fault>\n</methodResponse>\n");
    Response::new(StatusCode::OK, "text/xml", body)
}

fn write_value(out: &mut String, value: &Value) {
    out.push_str("<value>");
    match value {
        Value::Null => out.push_str("<nil/>"),
        Value::Bool(flag) => out.push_str(&format!("<boolean>{}</boolean>", u8::from(*flag))),
        Value::Number(number) if number.is_f64() => out.push_str(&format!("<double>{number}</double>")),
        Value::Number(number) => out.push_str(&format!("<int>{number}</int>")),
        Value::String(text) => out.push_str(&format!("<string>{}</string>", escape(text))),
        Value::Array(items) => {
            out.push_str("<array><data>\n");
            for item in items {
                write_value(out, item);
            }
            out.push_str("</data></array>");
        }
        Value::Object(members) => {
            out.push_str("<struct>\n");
            for (name, member) in members {
                out.push_str(&format!("<member>\n<name>{}</name>\n", escape(name)));
                write_value(out, member);
                out.push_str("</member>\n");
            }
            out.push_str("</struct>");
        }
    }
    out.push_str("</value>\n");
}

/// An element of the request.
#[derive(Debug, Default)]
struct Element {
    name: String,
    text: String,
    children: Vec<Element>,
}

fn parse(body: &[u8]) -> Option<MethodCall> {
    let root = parse_tree(body)?;
    let method = child(&root, "methodName")?.text.trim().to_owned();
    let params = match child(&root, "params") {
        None => Vec::new(),
        Some(params) => {
            params.children.iter().map(|param| value_of(child(param, "value")?)).collect::<Option<_>>()?
        }
    };
    (root.name == "methodCall").then_some(MethodCall { method, params })
}

fn child<'e>(element: &'e Element, name: &str) -> Option<&'e Element> {
    element.children.iter().find(|child| child.name == name)
}

fn parse_tree(body: &[u8]) -> Option<Element> {
    let mut reader = Reader::from_reader(body);
    let mut open: Vec<Element> = Vec::new();
    let named = |start: &BytesStart<'_>| Element {
        name: String::from_utf8_lossy(start.name().as_ref()).into_owned(),
        ..Element::default()
    };
    loop {
        let closed = match reader.read_event().ok()? {
            Event::Start(_) if open.len() > DEPTH_MAX * 4 => return None,
            Event::Start(start) => {
                open.push(named(&start));
                continue;
            }
            Event::Empty(start) => named(&start),
            Event::Text(text) => {
                push_text(&mut open, &text.decode().ok()?);
                continue;
            }
            Event::CData(text) => {
                push_text(&mut open, &text.decode().ok()?);
                continue;
            }
            Event::GeneralRef(reference) => {
                push_text(&mut open, &resolved(&reference)?);
                continue;
            }
            Event::End(_) => open.pop()?,
            Event::Eof => return None,
            _ => continue,
        };
        match open.last_mut() {
            Some(parent) => parent.children.push(closed),
            None => return Some(closed),
        }
    }
}

fn push_text(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

fn resolved(reference: &quick_xml::events::BytesRef<'_>) -> Option<String> {
    if let Some(character) = reference.resolve_char_ref().ok()? {
        return Some(character.to_string());
    }
    let name = reference.decode().ok()?;
    Some(
        match name.as_ref() {
            "lt" => "<",
            "gt" => ">",
            "amp" => "&",
            "quot" => "\"",
            "apos" => "'",
            _ => return None,
        }
        .to_owned(),
    )
}

/// A `<value>`: typed by the element inside, a text without one.
fn value_of(value: &Element) -> Option<Value> {
    let Some(typed) = value.children.first() else { return Some(json!(value.text)) };
    let text = typed.text.trim();
    Some(match typed.name.as_str() {
        "int" | "i4" | "i8" => json!(text.parse::<i64>().ok()?),
        "boolean" => json!(text == "1"),
        "double" => json!(text.parse::<f64>().ok()?),
        "nil" => Value::Null,
        "array" => {
            let data = child(typed, "data")?;
            Value::Array(data.children.iter().map(value_of).collect::<Option<_>>()?)
        }
        "struct" => {
            let mut members = JsonObject::new();
            for member in &typed.children {
                members.insert(child(member, "name")?.text.clone(), value_of(child(member, "value")?)?);
            }
            Value::Object(members)
        }
        _ => json!(typed.text),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &str, expected: Value) {
        let body = format!(
            "<?xml version='1.0'?><methodCall><methodName>m</methodName><params><param>{value}</param></params></methodCall>"
        );
        assert_eq!(parse(body.as_bytes()).map(|call| call.params), Some(vec![expected]), "{value}");
    }

    #[test]
    fn values_are_read() {
        check("<value><int>-7</int></value>", json!(-7));
        check("<value><boolean>1</boolean></value>", json!(true));
        check("<value><string>a &lt; b &amp; &#228;</string></value>", json!("a < b & ä"));
        check("<value>bare</value>", json!("bare"));
        check("<value><nil/></value>", Value::Null);
        check(
            "<value><array><data><value><int>1</int></value>\n<value><double>2.5</double></value></data></array></value>",
            json!([1, 2.5]),
        );
        check(
            "<value><struct><member><name>lang</name><value><string>fr_FR</string></value></member></struct></value>",
            json!({"lang": "fr_FR"}),
        );
    }

    #[test]
    fn what_is_no_call_is_refused() {
        for body in [
            "",
            "{}",
            "<methodCall>",
            "<other><methodName>m</methodName></other>",
            "<methodCall><params/></methodCall>",
            "<methodCall><methodName>m</methodName><params><param><value><int>x</int></value></param></params></methodCall>",
        ] {
            assert_eq!(parse(body.as_bytes()), None, "{body}");
        }
        let deep = format!("<methodCall>{}", "<a>".repeat(10_000));
        assert_eq!(parse(deep.as_bytes()), None);
    }
}
