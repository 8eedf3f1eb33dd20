//! One change at a time, in both directions.

use serde_json::json;

use super::*;

/// A file with some members; `version` and `default` are there.
fn file(members: Value) -> Value {
    let mut file = json!({"version": "1", "default": "deny"});
    for (key, value) in members.as_object().unwrap() {
        file[key] = value.clone();
    }
    file
}

fn words(old: &Value, new: &Value) -> Vec<String> {
    let shown = |change: &Change| format!("{} {}", change.direction.as_str(), change.pointer);
    compare(old, new).iter().map(shown).collect()
}

/// From `narrow` to `wide` is wider at that place, and back again narrower.
#[track_caller]
fn check(narrow: Value, wide: Value, place: &str) {
    let (narrow, wide) = (file(narrow), file(wide));
    assert_eq!(words(&narrow, &wide), [format!("wider {place}")], "{narrow} -> {wide}");
    assert_eq!(words(&wide, &narrow), [format!("narrower {place}")], "{wide} -> {narrow}");
    assert_eq!(words(&wide, &wide), [] as [String; 0]);
}

fn tool(rule: Value) -> Value {
    json!({"tools": {"odoo_write": rule}})
}

fn model(rule: Value) -> Value {
    json!({"models": {"crm.lead": rule}})
}

#[test]
fn what_allows_more_is_wider_and_back_again_narrower() {
    check(json!({}), json!({"default": "allow"}), "/default");
    check(json!({"hide": ["a", "b"]}), json!({"hide": ["b"]}), "/hide");
    check(json!({}), tool(json!({})), "/tools/odoo_write");
    check(json!({}), json!({"classes": {"read": {}}}), "/classes/read");
    check(
        tool(json!({"action": "deny"})),
        tool(json!({"action": "require_approval"})),
        "/tools/odoo_write/action",
    );
    check(tool(json!({"action": "require_approval"})), tool(json!({})), "/tools/odoo_write/action");
    check(tool(json!({"require": ["args.a"]})), tool(json!({})), "/tools/odoo_write/require");
    check(tool(json!({})), tool(json!({"mode": "shadow"})), "/tools/odoo_write/mode");
    check(json!({"mode": "enforce"}), json!({"mode": "shadow"}), "/mode");
    let limit = |max: Value| tool(json!({"limits": [{"counter": "c", "window": "day", "max": max}]}));
    check(limit(json!(5)), limit(json!(9)), "/tools/odoo_write/limits");
    check(limit(json!("5.5")), limit(json!(6)), "/tools/odoo_write/limits");
    check(limit(json!(5)), tool(json!({})), "/tools/odoo_write/limits");
    check(
        tool(json!({"rate_limit": "5/hour"})),
        tool(json!({"rate_limit": "9/hour"})),
        "/tools/odoo_write/rate_limit",
    );
    check(
        tool(json!({"batch": {"ids": 5}})),
        tool(json!({"batch": {"ids": 9}})),
        "/tools/odoo_write/batch/ids",
    );
    check(tool(json!({"redact": ["a"]})), tool(json!({})), "/tools/odoo_write/redact");
    check(json!({"all_tools": {"deny_if": ["args.a"]}}), json!({}), "/all_tools/deny_if");
    check(json!({"connections": {}}), json!({}), "/connections");
    check(json!({"connections": {}}), json!({"connections": {"erp": {}}}), "/connections/erp");
    let erp = |mode: &str| json!({"connections": {"erp": {"mode": mode}}});
    check(erp("read_only"), erp("no_delete"), "/connections/erp/mode");
    let environment = |rule: Value| json!({"environments": {"live": rule}});
    check(environment(json!({"approve": ["mail"]})), environment(json!({})), "/environments/live/approve");
    check(json!({"breakers": [{"on": "denied"}]}), json!({}), "/breakers");
    check(json!({"pins": {"a": "sha256:0"}}), json!({}), "/pins/a");
    check(
        json!({"approvals": {"self_approval": false}}),
        json!({"approvals": {}}),
        "/approvals/self_approval",
    );
}

#[test]
fn models_and_grants_have_directions_too() {
    check(json!({"models": {}}), json!({}), "/models");
    check(json!({"models": {}}), model(json!({})), "/models/crm.lead");
    check(model(json!({})), model(json!({"ops": ["read", "write"]})), "/models/crm.lead/ops");
    check(model(json!({"domain": []})), model(json!({})), "/models/crm.lead/domain");
    check(
        model(json!({"fields": {"email": {"read": "mask"}}})),
        model(json!({})),
        "/models/crm.lead/fields/email/read",
    );
    check(model(json!({"fields_default": "deny"})), model(json!({})), "/models/crm.lead/fields_default");
    check(
        model(json!({"values": {"x": {"op": "eq", "value": 1}}})),
        model(json!({})),
        "/models/crm.lead/values/x",
    );
    check(model(json!({})), model(json!({"methods": {"allow": ["f"]}})), "/models/crm.lead/methods/allow");
    check(model(json!({"methods": {"deny": ["f"]}})), model(json!({})), "/models/crm.lead/methods/deny");
    check(model(json!({})), model(json!({"context": ["k"]})), "/models/crm.lead/context");
    check(json!({"grants": {}}), json!({}), "/grants");
    check(json!({"grants": {}}), json!({"grants": {"desk": {}}}), "/grants/desk");
    check(json!({"grants": {"desk": {}}}), json!({"grants": {"desk": {"inherit": false}}}), "/grants/desk");
    let desk = |body: Value| json!({"grants": {"desk": body}});
    check(desk(json!({"hide": ["a"]})), desk(json!({})), "/grants/desk/hide");
}

#[test]
fn another_window_or_scope_is_a_new_budget() {
    let limit = |window: Value, scope: &str| {
        file(tool(json!({"limits": [{"counter": "c", "window": window, "max": 5, "scope": scope}]})))
    };
    let minute = limit(json!("minute"), "grant");
    assert_eq!(words(&minute, &limit(json!("hour"), "grant")), ["reset /tools/odoo_write/limits"]);
    assert_eq!(words(&minute, &limit(json!("minute"), "user")), ["reset /tools/odoo_write/limits"]);
    let rate = |rate: &str| file(tool(json!({"rate_limit": rate})));
    assert_eq!(words(&rate("5/hour"), &rate("5/day")), ["reset /tools/odoo_write/rate_limit"]);
    let counter = |window: &str| file(json!({"counters": {"c": {"window": window}}}));
    assert_eq!(words(&counter("day"), &counter("hour")), ["reset /counters/c"]);
}

#[test]
fn words_for_people_change_nothing() {
    let one = file(
        json!({"description": "a", "x-note": 1, "tools": {"odoo_write": {"description": "a", "reason": "a"}}}),
    );
    let other = file(
        json!({"description": "b", "x-note": 2, "tools": {"odoo_write": {"description": "b", "reason": "b"}}}),
    );
    assert_eq!(words(&one, &other), [] as [String; 0]);
    let domain = |domain: Value| file(model(json!({"domain": domain})));
    assert_eq!(
        words(&domain(json!([])), &domain(json!([["a", "=", 1]]))),
        ["changed /models/crm.lead/domain"]
    );
}
