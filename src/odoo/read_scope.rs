//! How each reading method is kept to the records a caller may read: by a domain that is joined with
//! the caller's own, or by leaving out ids.
//!
//! A method that stands here under neither is closed to callers with a scope. Deliberately absent:
//! names of records that a shown record leads to; those are looked at in the answer.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::{Argument, Call, Domain, OdooError};
use crate::facts::JsonObject;

/// How a method is kept within a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// It tells of no record.
    Nothing,
    /// A domain stands at this place among its arguments.
    Domain(usize),
    /// It reads the records it is called on; those out of scope are left out.
    Ids,
    /// It answers for all its records at once, so all of them have to be in scope.
    AllIds,
    /// It cannot be kept.
    Closed,
}

/// All names that a domain has had as an argument.
const DOMAIN_NAMES: [&str; 2] = ["domain", "args"];

pub(super) fn way(method: &str) -> Way {
    match method {
        "fields_get"
        | "default_get"
        | "get_views"
        | "get_view"
        | "fields_view_get"
        | "get_wkhtmltopdf_state"
        | "check_access_rights" => Way::Nothing,
        "search"
        | "search_count"
        | "search_read"
        | "search_fetch"
        | "web_search_read"
        | "read_group"
        | "formatted_read_group"
        | "web_read_group" => Way::Domain(0),
        "name_search" => Way::Domain(1),
        "read" | "web_read" | "name_get" | "export_data" => Way::Ids,
        "get_field_translations" | "check_access" | "has_access" => Way::AllIds,
        _ => Way::Closed,
    }
}

/// The answer of a method on no record at all.
pub(super) fn empty_answer(method: &str) -> Value {
    match method {
        "export_data" => json!({ "datas": [] }),
        _ => json!([]),
    }
}

/// The call with the scope joined to its domain. The domain travels by position, so that no server
/// can take another argument for it.
pub(super) fn joined(mut call: Call, place: usize, scope: Domain) -> Result<Call, OdooError> {
    let mut given: Vec<Value> = Vec::new();
    if let Some(argument) = call.positional.get_mut(place) {
        given.push(argument.value.take());
    }
    given.extend(DOMAIN_NAMES.iter().filter_map(|name| taken(&mut call.named, name)));
    given.retain(|domain| !domain.is_null());
    let own = match given.len() {
        0 => Domain::default(),
        1 => Domain::parse(given.pop().unwrap_or_default())?,
        _ => {
            return Err(OdooError::BadCall {
                why: "the domain is given twice".to_owned(),
                hint: Some("give it once, as `domain`".to_owned()),
            });
        }
    };
    let domain = Value::from(own.and(scope));
    if let Some(argument) = call.positional.get_mut(place) {
        argument.value = domain;
        return Ok(call);
    }
    // Only `name_search` has something before its domain: the name.
    while call.positional.len() < place {
        let name = taken(&mut call.named, "name").unwrap_or(json!(""));
        call.positional.push(Argument { name: Some(Cow::Borrowed("name")), value: name });
    }
    call.positional.push(Argument { name: Some(Cow::Borrowed("domain")), value: domain });
    Ok(call)
}

fn taken(named: &mut JsonObject, name: &str) -> Option<Value> {
    named.shift_remove(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{MethodName, ModelName, Operation};

    fn scope() -> Domain {
        Domain::parse(json!([["user_id", "=", 7]])).unwrap()
    }

    fn call(method: &str, positional: Value, named: Value) -> Call {
        let mut call = Call::new(&ModelName::parse("crm.lead").unwrap(), MethodName::parse(method).unwrap());
        for value in positional.as_array().unwrap() {
            call = call.unnamed_arg(value.clone());
        }
        call.named = named.as_object().unwrap().clone();
        call
    }

    #[track_caller]
    fn check(method: &str, positional: Value, named: Value, sent: Value, sent_named: Value) {
        let Way::Domain(place) = way(method) else { panic!("{method} has no domain") };
        let joined = joined(call(method, positional, named), place, scope()).unwrap();
        let values: Vec<&Value> = joined.positional.iter().map(|argument| &argument.value).collect();
        assert_eq!(json!(values), sent, "{method}");
        assert_eq!(Value::Object(joined.named), sent_named, "{method}");
    }

    #[test]
    fn the_scope_joins_the_domain_wherever_it_stands() {
        let own = json!([["name", "=", "x"], ["active", "=", true]]);
        let both = json!(["&", "&", ["name", "=", "x"], ["active", "=", true], ["user_id", "=", 7]]);
        let alone = json!([["user_id", "=", 7]]);
        check("search", json!([own]), json!({"limit": 3}), json!([both]), json!({"limit": 3}));
        check("search", json!([]), json!({"domain": own}), json!([both]), json!({}));
        check("search_count", json!([]), json!({"args": own}), json!([both]), json!({}));
        check("search_read", json!([]), json!({}), json!([alone]), json!({}));
        check("search_read", json!([null, ["name"]]), json!({}), json!([alone, ["name"]]), json!({}));
        check("web_search_read", json!([[]]), json!({}), json!([alone]), json!({}));
        let groups = json!({"fields": ["name"], "groupby": ["name"]});
        check("read_group", json!([]), groups.clone(), json!([alone]), groups);
        check("name_search", json!([]), json!({}), json!(["", alone]), json!({}));
        check("name_search", json!(["Az"]), json!({"args": own}), json!(["Az", both]), json!({}));
        check(
            "name_search",
            json!([]),
            json!({"name": "Az", "limit": 1}),
            json!(["Az", alone]),
            json!({"limit": 1}),
        );
        check("name_search", json!(["Az", own, "ilike"]), json!({}), json!(["Az", both, "ilike"]), json!({}));
    }

    #[test]
    fn alternatives_do_not_lead_around_the_scope() {
        let own = json!(["|", ["id", "=", 1], ["id", "=", 2]]);
        check(
            "search",
            json!([own]),
            json!({}),
            json!([["&", "|", ["id", "=", 1], ["id", "=", 2], ["user_id", "=", 7]]]),
            json!({}),
        );
    }

    #[test]
    fn a_domain_that_is_given_twice_is_refused() {
        for (positional, named) in [
            (json!([[]]), json!({"domain": []})),
            (json!([]), json!({"domain": [], "args": []})),
            (json!([[["id", "=", 1]]]), json!({"args": [["id", "=", 2]]})),
        ] {
            assert!(joined(call("search", positional, named), 0, scope()).is_err());
        }
    }

    #[test]
    fn every_reading_method_has_a_way() {
        for method in [
            "search",
            "read",
            "search_read",
            "search_count",
            "search_fetch",
            "name_search",
            "fields_get",
            "default_get",
            "read_group",
            "formatted_read_group",
            "web_search_read",
            "web_read",
            "web_read_group",
            "export_data",
            "check_access_rights",
            "check_access",
            "has_access",
            "get_views",
            "get_view",
            "name_get",
            "fields_view_get",
            "get_wkhtmltopdf_state",
            "get_field_translations",
        ] {
            assert_eq!(Operation::of_method(method, true), Operation::Read, "{method}");
            assert_ne!(way(method), Way::Closed, "{method}");
        }
        assert_eq!(way("some_new_way_to_read"), Way::Closed);
    }
}
