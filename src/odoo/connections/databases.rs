//! The name of a server's only database, when the caller names none.

use std::sync::Arc;

use serde_json::{Value, json};

use super::request::invalid;
use crate::{
    facts::{Definition, Limits},
    odoo::{
        Failure, OdooError,
        http::{Http, Request},
    },
};

/// Databases that an error names; a hoster's server may have thousands.
const NAMES_SHOWN_MAX: usize = 10;

/// Asks the server, without any credential.
pub(super) async fn only_database(
    definition: &Arc<Definition>,
    limits: &Limits,
) -> Result<String, OdooError> {
    let http = Http::new(definition, limits)?;
    let question = json!({ "jsonrpc": "2.0", "method": "call", "params": {} });
    let answer = match Request::post_json("/web/database/list".to_owned(), &question) {
        Ok(request) => http.send(request).await,
        Err(failure) => Err(failure),
    };
    let answer = answer.map_err(|failure| failed(definition, failure))?;
    let listed: Option<Vec<String>> = serde_json::from_slice::<Value>(&answer.body)
        .ok()
        .and_then(|mut body| serde_json::from_value(body.get_mut("result")?.take()).ok());
    choose(listed)
}

fn choose(listed: Option<Vec<String>>) -> Result<String, OdooError> {
    let Some(mut names) = listed else {
        return Err(invalid("`db` is missing and the server does not list its databases", Some("give `db`")));
    };
    match names.len() {
        0 => Err(invalid("`db` is missing and the server has no database yet", None)),
        1 => names.pop().ok_or_else(|| invalid("`db` is missing", None)),
        count => {
            let shown: Vec<String> =
                names.iter().take(NAMES_SHOWN_MAX).map(|name| format!("`{name}`")).collect();
            Err(invalid(
                &format!("`db` is missing and the server has {count} databases"),
                Some(&format!("give one of {}", shown.join(", "))),
            ))
        }
    }
}

fn failed(definition: &Definition, failure: Failure) -> OdooError {
    let connection = definition.alias.clone();
    match failure {
        Failure::Untrusted { why } => OdooError::Untrusted { connection, why },
        Failure::NotSent { why } | Failure::NoAnswer { why } => OdooError::Unreachable { connection, why },
        Failure::TimedOut => OdooError::Timeout { connection, what: "which databases it has" },
        Failure::TooLarge { limit_bytes } => OdooError::TooLarge { connection, limit_bytes },
        Failure::Done(error) => error,
        Failure::SessionGone
        | Failure::KeyRefused { .. }
        | Failure::NoRoute
        | Failure::Fault(_)
        | Failure::Strange { .. } => {
            OdooError::BadAnswer { connection, why: "it does not answer like an Odoo".to_owned() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_single_database_is_chosen() {
        let names = |count: usize| Some((0..count).map(|n| format!("db{n}")).collect());
        assert_eq!(choose(names(1)).unwrap(), "db0");
        for (listed, part) in [
            (None, "does not list"),
            (names(0), "no database"),
            (names(2), "2 databases"),
            (names(500), "500"),
        ] {
            let error = choose(listed).unwrap_err();
            assert_eq!(error.code(), "invalid_arguments");
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}
