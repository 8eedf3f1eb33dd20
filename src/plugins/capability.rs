//! What a plugin asks to be allowed, what the operator allows, and whether a request is within both.

use std::fmt;

use serde_json::Value;

use super::broker::BrokerError;

/// One line of a manifest's `capabilities`. A star stands for any name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Capability {
    /// `odoo.read:<model>`
    OdooRead { model: String },
    /// `odoo.write:<model>:<field,…>`
    OdooWrite { model: String, fields: Vec<String> },
    /// `odoo.call:<model>:<method>`
    OdooCall { model: String, method: String },
    /// `ledger.read`
    LedgerRead,
    /// `http:<host>`
    Http { host: String },
}

const ANY: &str = "*";
const NAME_BYTES_MAX: usize = 200;

impl Capability {
    pub fn parse(text: &str) -> Result<Self, String> {
        const FORMS: &str = "write `odoo.read:<model>`, `odoo.write:<model>:<field,…>`, \
                             `odoo.call:<model>:<method>`, `ledger.read` or `http:<host>`";
        let mut parts = text.split(':');
        let kind = parts.next().unwrap_or_default();
        let rest: Vec<&str> = parts.collect();
        let capability = match (kind, rest.as_slice()) {
            ("ledger.read", []) => Self::LedgerRead,
            ("odoo.read", [model]) => Self::OdooRead { model: name(model)? },
            ("odoo.write", [model, fields]) => Self::OdooWrite {
                model: name(model)?,
                fields: fields.split(',').map(name).collect::<Result<_, _>>()?,
            },
            ("odoo.call", [model, method]) => Self::OdooCall { model: name(model)?, method: name(method)? },
            ("http", [host]) => Self::Http { host: host_name(host)? },
            _ => return Err(format!("`{}` is no capability; {FORMS}", shown(text))),
        };
        Ok(capability)
    }

    /// Does this one allow everything that the other does?
    fn covers(&self, other: &Self) -> bool {
        let same = |mine: &String, theirs: &String| mine == ANY || mine == theirs;
        match (self, other) {
            (Self::OdooRead { model: mine }, Self::OdooRead { model: theirs }) => same(mine, theirs),
            (Self::OdooWrite { model, fields }, Self::OdooWrite { model: theirs, fields: wanted }) => {
                same(model, theirs)
                    && wanted.iter().all(|wanted| fields.iter().any(|field| same(field, wanted)))
            }
            (Self::OdooCall { model, method }, Self::OdooCall { model: theirs, method: wanted }) => {
                same(model, theirs) && same(method, wanted)
            }
            (Self::LedgerRead, Self::LedgerRead) => true,
            (Self::Http { host: mine }, Self::Http { host: theirs }) => same(mine, theirs),
            _ => false,
        }
    }

    /// The capability that a request needs.
    pub(super) fn needed_by(request: &Value) -> Result<Self, BrokerError> {
        let bad = |message: &str| BrokerError::new("bad_request", message);
        let text = |key: &str| {
            request
                .get(key)
                .and_then(Value::as_str)
                .filter(|text| name(text).is_ok() && *text != ANY)
                .map(str::to_owned)
                .ok_or_else(|| bad(&format!("`{key}` is missing")))
        };
        let capability = request.get("capability").and_then(Value::as_str).unwrap_or_default();
        match capability {
            "odoo.read" => Ok(Self::OdooRead { model: text("model")? }),
            "odoo.write" => {
                let values = request
                    .get("values")
                    .and_then(Value::as_object)
                    .filter(|values| !values.is_empty())
                    .ok_or_else(|| bad("`values` is missing"))?;
                Ok(Self::OdooWrite { model: text("model")?, fields: values.keys().cloned().collect() })
            }
            "odoo.call" => Ok(Self::OdooCall { model: text("model")?, method: text("method")? }),
            "ledger.read" => Ok(Self::LedgerRead),
            "http" => {
                let url = request.get("url").and_then(Value::as_str).unwrap_or_default();
                let url = url::Url::parse(url).map_err(|_| bad("`url` is missing"))?;
                let host = url.host_str().ok_or_else(|| bad("`url` names no host"))?;
                Ok(Self::Http { host: host.to_ascii_lowercase() })
            }
            _ => Err(bad("`capability` is odoo.read, odoo.write, odoo.call, ledger.read or http")),
        }
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OdooRead { model } => write!(f, "odoo.read:{model}"),
            Self::OdooWrite { model, fields } => write!(f, "odoo.write:{model}:{}", fields.join(",")),
            Self::OdooCall { model, method } => write!(f, "odoo.call:{model}:{method}"),
            Self::LedgerRead => f.write_str("ledger.read"),
            Self::Http { host } => write!(f, "http:{host}"),
        }
    }
}

/// What the operator grants, read once.
#[derive(Debug, Clone, Default)]
pub(super) struct Granted(Vec<Capability>);

impl Granted {
    /// Entries that cannot be read grant nothing and are said.
    pub(super) fn of(texts: &[String]) -> Self {
        let mut granted = Vec::new();
        for text in texts {
            match Capability::parse(text) {
                Ok(capability) => granted.push(capability),
                Err(why) => tracing::warn!("`plugins.capabilities`: {why}"),
            }
        }
        Self(granted)
    }

    /// What of these a plugin really gets. Where it asks for any and the operator names some, those.
    pub(super) fn of_asked(&self, asked: &[Capability]) -> Vec<Capability> {
        let mut both: Vec<Capability> = Vec::new();
        for asked in asked {
            for granted in &self.0 {
                let narrower = if granted.covers(asked) {
                    Some(asked.clone())
                } else {
                    asked.covers(granted).then(|| granted.clone()).or_else(|| shared_fields(asked, granted))
                };
                both.extend(narrower);
            }
        }
        both.sort();
        both.dedup();
        both
    }
}

/// Two lists of fields of one model may overlap without either holding the other.
fn shared_fields(asked: &Capability, granted: &Capability) -> Option<Capability> {
    let (
        Capability::OdooWrite { model, fields },
        Capability::OdooWrite { model: granted_model, fields: granted_fields },
    ) = (asked, granted)
    else {
        return None;
    };
    let narrow_model = if model == ANY { granted_model } else { model };
    let same_model = model == granted_model || model == ANY || granted_model == ANY;
    let any = |list: &[String]| list.iter().any(|field| field == ANY);
    let shared: Vec<String> = if any(granted_fields) {
        fields.clone()
    } else if any(fields) {
        granted_fields.clone()
    } else {
        fields.iter().filter(|field| granted_fields.contains(field)).cloned().collect()
    };
    (same_model && !shared.is_empty())
        .then(|| Capability::OdooWrite { model: narrow_model.clone(), fields: shared })
}

/// Is the request within what the plugin got?
pub(super) fn check(given: &[Capability], request: &Value) -> Result<Capability, BrokerError> {
    let needed = Capability::needed_by(request)?;
    if given.iter().any(|given| given.covers(&needed)) {
        return Ok(needed);
    }
    Err(BrokerError::new(
        "capability_denied",
        format!("`{}` is not granted to this plugin", shown(&needed.to_string())),
    ))
}

fn name(text: &str) -> Result<String, String> {
    let is_char = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    if text == ANY || (!text.is_empty() && text.len() <= NAME_BYTES_MAX && text.chars().all(is_char)) {
        Ok(text.to_owned())
    } else {
        Err(format!("`{}` is no name", shown(text)))
    }
}

fn host_name(text: &str) -> Result<String, String> {
    let is_char = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    if text == ANY || (!text.is_empty() && text.len() <= NAME_BYTES_MAX && text.chars().all(is_char)) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(format!("`{}` is no host", shown(text)))
    }
}

/// A wrong value as a message may repeat it.
fn shown(text: &str) -> String {
    const SHOWN_CHARS_MAX: usize = 100;
    text.chars().filter(|c| !c.is_control()).take(SHOWN_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn all(texts: &[&str]) -> Vec<Capability> {
        texts.iter().map(|text| Capability::parse(text).unwrap()).collect()
    }

    #[test]
    fn a_plugin_gets_what_it_asks_for_and_the_operator_grants() {
        let check = |asked: &[&str], granted: &[&str], expected: &[&str]| {
            let granted = Granted(all(granted));
            let both: Vec<String> = granted.of_asked(&all(asked)).iter().map(ToString::to_string).collect();
            assert_eq!(both, expected, "{asked:?} of {granted:?}");
        };
        check(&["odoo.read:res.partner"], &[], &[]);
        check(&["odoo.read:res.partner"], &["odoo.read:*"], &["odoo.read:res.partner"]);
        check(&["odoo.read:*"], &["odoo.read:res.partner"], &["odoo.read:res.partner"]);
        check(&["odoo.read:res.partner"], &["odoo.read:res.users"], &[]);
        check(&["odoo.write:a.b:x,y"], &["odoo.write:a.b:y,z"], &["odoo.write:a.b:y"]);
        check(&["odoo.write:a.b:x"], &["odoo.write:a.b:*"], &["odoo.write:a.b:x"]);
        check(&["odoo.write:a.b:x"], &["odoo.write:c.d:x"], &[]);
        check(&["odoo.call:a.b:m"], &["odoo.call:a.b:n"], &[]);
        check(
            &["ledger.read", "http:A.example"],
            &["ledger.read", "http:a.example"],
            &["ledger.read", "http:a.example"],
        );
    }

    #[test]
    fn a_request_is_held_against_what_was_given() {
        let given = all(&["odoo.read:res.partner", "odoo.write:account.move:ref", "odoo.call:a.b:m"]);
        let check = |request: Value, expected: Result<(), &str>| {
            let outcome = super::check(&given, &request);
            let code = outcome.as_ref().map(|_| ()).map_err(|error| error.code.as_str());
            assert_eq!(code, expected, "{request}");
        };
        check(json!({"capability": "odoo.read", "model": "res.partner"}), Ok(()));
        check(json!({"capability": "odoo.read", "model": "res.users"}), Err("capability_denied"));
        check(json!({"capability": "odoo.read", "model": "*"}), Err("bad_request"));
        check(json!({"capability": "odoo.write", "model": "account.move", "values": {"ref": "x"}}), Ok(()));
        let more = json!({"capability": "odoo.write", "model": "account.move",
                          "values": {"ref": "x", "state": "posted"}});
        check(more, Err("capability_denied"));
        check(json!({"capability": "odoo.write", "model": "account.move"}), Err("bad_request"));
        check(json!({"capability": "odoo.call", "model": "a.b", "method": "m"}), Ok(()));
        check(
            json!({"capability": "odoo.call", "model": "a.b", "method": "unlink"}),
            Err("capability_denied"),
        );
        check(json!({"capability": "ledger.read"}), Err("capability_denied"));
        check(json!({"capability": "http", "url": "https://a.example/x"}), Err("capability_denied"));
        check(json!({"capability": "shell"}), Err("bad_request"));
        check(json!("odoo.read"), Err("bad_request"));
    }

    #[test]
    fn words_that_are_no_capability_are_refused() {
        for text in ["", "odoo.read", "odoo.read:", "odoo.write:a", "ledger.write", "http:", "odoo.read:a b"]
        {
            assert!(Capability::parse(text).is_err(), "{text}");
        }
    }
}
