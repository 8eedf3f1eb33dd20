//! The exceptions of Odoo as values: class, message and arguments, in the words of each version.
//!
//! How an exception becomes an HTTP answer differs by route and is decided there.

use serde_json::{Value, json};

use super::field::SandboxVersion;

/// An exception that a call ended with.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OdooError {
    /// Class with its module, as `data.name` has it.
    pub(crate) class: &'static str,
    pub(crate) message: String,
    pub(crate) arguments: Vec<Value>,
}

pub(crate) type Result<T, E = OdooError> = std::result::Result<T, E>;

impl OdooError {
    pub(crate) fn new(class: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { class, arguments: vec![Value::String(message.clone())], message }
    }

    pub(crate) fn user(message: impl Into<String>) -> Self {
        Self::new("odoo.exceptions.UserError", message)
    }

    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::new("odoo.exceptions.ValidationError", message)
    }

    pub(crate) fn access(message: impl Into<String>) -> Self {
        Self::new("odoo.exceptions.AccessError", message)
    }

    pub(crate) fn denied(message: impl Into<String>) -> Self {
        Self::new("odoo.exceptions.AccessDenied", message)
    }

    pub(crate) fn value(message: impl Into<String>) -> Self {
        Self::new("builtins.ValueError", message)
    }

    pub(crate) fn type_error(message: impl Into<String>) -> Self {
        Self::new("builtins.TypeError", message)
    }

    pub(crate) fn assertion(message: impl Into<String>) -> Self {
        Self::new("builtins.AssertionError", message)
    }

    pub(crate) fn attribute(message: impl Into<String>) -> Self {
        Self::new("builtins.AttributeError", message)
    }

    pub(crate) fn index(message: impl Into<String>) -> Self {
        Self::new("builtins.IndexError", message)
    }

    pub(crate) fn sql(class: &'static str, message: impl Into<String>) -> Self {
        Self::new(class, message)
    }

    pub(crate) fn access_denied() -> Self {
        Self::denied("Access Denied")
    }

    pub(crate) fn session_expired() -> Self {
        Self::new("odoo.http.SessionExpiredException", "Session expired")
    }

    /// A record that is not there, as a write or a button says it.
    pub(crate) fn missing(model: &str, id: i64, uid: i64) -> Self {
        Self::new(
            "odoo.exceptions.MissingError",
            format!("Record does not exist or has been deleted.\n(Record: {model}({id},), User: {uid})"),
        )
    }

    pub(crate) fn unknown_model(model: &str) -> Self {
        Self::user(format!("Object {model} doesn't exist"))
    }

    /// A field name in a list of fields to read.
    pub(crate) fn unknown_field(version: SandboxVersion, model: &str, field: &str) -> Self {
        Self::value(match version {
            SandboxVersion::V14 => format!("Invalid field {} on model {}", quoted(field), quoted(model)),
            SandboxVersion::V19 => format!("Invalid field {} on {}", quoted(field), quoted(model)),
        })
    }

    /// A field name among values to store.
    pub(crate) fn unknown_field_in_values(version: SandboxVersion, model: &str, field: &str) -> Self {
        Self::value(match version {
            SandboxVersion::V14 => format!("Invalid field {} on model {}", quoted(field), quoted(model)),
            SandboxVersion::V19 => format!("Invalid field {} in {}", quoted(field), quoted(model)),
        })
    }

    /// A traceback such as Odoo sends along. Clients must never show it, so it holds what it must not: paths and SQL.
    pub(crate) fn traceback(&self) -> String {
        let shown = self.class.strip_prefix("builtins.").unwrap_or(self.class);
        let query = if self.class.starts_with("psycopg2") {
            "LINE 1: SELECT \"res_partner\".\"id\" FROM …\n"
        } else {
            ""
        };
        format!(
            "Traceback (most recent call last):\n  File \"/usr/lib/python3/dist-packages/odoo/http.py\", line 2186, in _transactioning\n    return service_model.retrying(func, env=self.env)\n  File \"/usr/lib/python3/dist-packages/odoo/service/model.py\", line 156, in retrying\n    result = func()\n{shown}: {}\n{query}",
            self.message
        )
    }

    /// The `data` member of a JSON-RPC error, and the whole body of a JSON-2 one.
    pub(crate) fn data(&self) -> Value {
        json!({
            "name": self.class,
            "message": self.message,
            "arguments": self.arguments,
            "context": {},
            "debug": self.traceback(),
        })
    }
}

/// Text the way Python prints it inside a list.
pub(crate) fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for character in text.chars() {
        match character {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            _ if character == quote => {
                out.push('\\');
                out.push(character);
            }
            _ => out.push(character),
        }
    }
    out.push(quote);
    out
}

/// A value the way Python prints it.
pub(crate) fn python(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(items) => format!("[{}]", items.iter().map(python).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            let members: Vec<_> =
                members.iter().map(|(key, value)| format!("{}: {}", quoted(key), python(value))).collect();
            format!("{{{}}}", members.join(", "))
        }
    }
}

/// A list the way Python prints a tuple.
pub(crate) fn python_tuple(items: &[Value]) -> String {
    match items {
        [only] => format!("({},)", python(only)),
        _ => format!("({})", items.iter().map(python).collect::<Vec<_>>().join(", ")),
    }
}
