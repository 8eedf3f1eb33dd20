//! The reader against the documents of the contract, and against files that must not load.

use serde_json::{Value, json};

use super::{Read, read};
use crate::{
    facts::{Class, JsonObject, Risk, ToolFacts},
    policy::{KnownTools, Names, PolicyError},
};

const KNOWN: Names = Names(&["create_charge", "odoo_read", "odoo_write"]);

fn load(policy: &Value) -> Result<Read, PolicyError> {
    read(policy.to_string().as_bytes(), &KNOWN)
}

/// A file with these sections.
fn with(sections: Value) -> Value {
    let mut policy = json!({"version": "1", "default": "deny"});
    for (key, value) in sections.as_object().unwrap() {
        policy[key] = value.clone();
    }
    policy
}

/// The file is refused for exactly these places, and says this of the first.
#[track_caller]
fn check(policy: &Value, pointers: &[&str], says: &str) {
    let error = load(policy).map(|read| read.document).expect_err(&policy.to_string());
    let found: Vec<&str> = error.problems.iter().map(|problem| problem.pointer.as_str()).collect();
    assert_eq!(found, pointers, "{policy}\n{error}");
    assert!(error.problems[0].message.contains(says), "{error}");
}

#[track_caller]
fn check_tool(rule: Value, pointers: &[&str], says: &str) {
    let pointers: Vec<String> = pointers.iter().map(|at| format!("/tools/create_charge{at}")).collect();
    let pointers: Vec<&str> = pointers.iter().map(String::as_str).collect();
    check(&with(json!({"tools": {"create_charge": rule}})), &pointers, says);
}

#[track_caller]
fn check_loads(policy: &Value) -> Read {
    load(policy).unwrap_or_else(|error| panic!("{policy}\n{error}"))
}

#[test]
fn the_full_example_is_read() {
    let policy = json!({
        "$schema": "./policy.schema.json",
        "version": "1",
        "default": "deny",
        "hide": ["odoo_unlink", "odoo_disconnect", "telegram_auth"],
        "all_tools": {"limits": [{"counter": "calls", "window": "minute", "max": 120, "scope": "grant"}]},
        "classes": {
            "read": {"batch": {"rows": 500}},
            "write": {"limits": [{"counter": "write_rate", "window": "minute", "max": 30, "scope": "grant"}]}
        },
        "tools": {
            "odoo_execute": {
                "require": ["args.reason"],
                "limits": [{"counter": "execute_rate", "window": "minute", "max": 10, "scope": "grant"}]
            },
            "google_gmail_send": {
                "action": "require_approval",
                "reason": "Mail leaves the company.",
                "rate_limit": {"max": 10, "window": 60}
            },
            "ssh_execute": {"action": "deny", "reason": "No shell for agents."}
        },
        "connections": {
            "erp-*": {"environment": "production", "mode": "no_delete"},
            "staging": {"environment": "staging", "mode": "normal"},
            "archive": {"mode": "read_only"}
        },
        "environments": {"production": {"approve": ["execute", "mail"]}},
        "models": {
            "crm.lead": {
                "ops": ["read", "create", "write"],
                "domain": [["company_id", "in", [1, 3]]],
                "fields": {"email_from": {"read": "mask", "filter": "deny"}},
                "batch": {"ids": 50}
            },
            "account.payment": {
                "ops": ["read", "create"],
                "approve_if": [{"path": "odoo.values.amount", "op": "gt", "value": "2500.00"}],
                "limits": [{"counter": "paid_today", "window": "day", "max": "20000.00",
                    "scope": ["user", "connection"], "increment_from": "odoo.values.amount",
                    "unit": "money:EUR", "currency_from": "odoo.values.currency_id"}]
            },
            "sale.order": {
                "ops": ["read", "write", "execute"],
                "methods": {"allow": ["action_quotation_send"], "approve": ["action_confirm"]},
                "deny_if": [{"any": [
                    {"path": "odoo.values.user_id", "op": "exists", "value": true},
                    {"path": "ctx.time.office_hours", "op": "eq", "value": false}
                ], "reason": "Orders are changed in office hours, owners never."}]
            },
            "res.partner": {"ops": ["read"], "fields": {"*bank*": {"read": "deny", "filter": "deny"}}}
        },
        "time_windows": {"office_hours": {"tz": "Europe/Vienna",
            "days": ["mon", "tue", "wed", "thu", "fri"], "from": "07:00", "to": "19:00"}},
        "breakers": [{"on": "denied", "max": 20, "window": 60, "scope": "grant", "then": "pause", "for": 300}],
        "approvals": {"ttl": 600, "modes": ["url", "form"], "approvers": ["group:finance"],
            "self_approval": false, "max_pending": 5}
    });
    let read = check_loads(&policy);
    assert_eq!(read.document.top.models.as_ref().unwrap().len(), 4);
    assert_eq!(read.document.top.tools.len(), 3);
    assert!(read.digest.0.starts_with("sha256:"));
}

#[test]
fn the_printed_documents_are_read() {
    for sections in [
        json!({"tools": {"odoo_version": {}}}),
        json!({"tools": {"odoo_write": {"limits": [{"counter": "odoo_write_rate", "window": "minute", "max": 30, "scope": "grant"}]}}}),
        json!({"hide": ["odoo_unlink"]}),
        json!({"default": "allow", "hide": ["odoo_unlink"]}),
        json!({"default": "allow", "hide": ["*"]}),
        json!({"hide": [], "all_tools": {"limits": []}, "tools": {"odoo_create": {"require": [], "deny_if": [], "limits": []}}}),
        json!({"tools": {"create_charge": {"deny_if": [{"conditions": [{"path": "args.amount", "op": "gt", "value": 100}], "on_deny": "Too much."}]}}}),
        json!({"default": "allow", "tools": {"odoo_execute": {"action": "deny", "reason": "Not by agents."}}}),
        json!({"tools": {"odoo_execute": {"rate_limit": {"max": 10, "window": 60}}}}),
        json!({"tools": {"odoo_execute": {"rate_limit": "10/hour"}}}),
        json!({"tools": {"odoo_execute": {"action": "require_approval"}}}),
        json!({"all_tools": {"limits": [{"counter": "calls", "window": "hour", "max": 500, "scope": "grant"}]}, "tools": {"odoo_read": {}}}),
        json!({"tools": {"create_charge": {"rules": [{"name": "cap", "conditions": [{"path": "state.create_charge.total", "op": "lte", "value": 1000}], "state": {"counter": "total", "window": "day", "increment_from": "args.amount"}}]}}}),
        json!({"tools": {"*": {"rules": [{"name": "all", "rate_limit": "60/minute"}]}}}),
        json!({"tools": {"create_charge": {"require": ["args.reason"], "limits": [{"counter": "c", "window": "day", "max": 5, "scope": "grant"}]}}}),
        json!({"description": {"any": ["thing"]}, "x-owner": 7, "tools": {"description": "text", "odoo_read": {"x-a": 1}}}),
    ] {
        check_loads(&with(sections));
    }
}

#[test]
fn keys_that_nobody_knows_are_refused_at_every_depth() {
    check(&with(json!({"tool": {}})), &["/tool"], "did you mean `tools`");
    check(&with(json!({"Hide": []})), &["/Hide"], "did you mean `hide`");
    check_tool(
        json!({"limits": [{"counter": "c", "window": "day", "max": 1, "scop": "grant"}]}),
        &["/limits/0/scop"],
        "`scope`",
    );
    check_tool(
        json!({"deny_if": [{"path": "args.a", "op": "eq", "value": 1, "values": 2}]}),
        &["/deny_if/0/values"],
        "`value`",
    );
    check_tool(
        json!({"deny_if": [{"any": [{"not": {"path": "args.a", "op": "eq", "valeu": 1}}]}]}),
        &["/deny_if/0/any/0/not/valeu", "/deny_if/0/any/0/not/value"],
        "`value`",
    );
    check(
        &with(json!({"models": {"res.partner": {"fields": {"name": {"raed": "deny"}}}}})),
        &["/models/res.partner/fields/name/raed"],
        "`read`",
    );
    check(&with(json!({"grants": {"g": {"version": "1"}}})), &["/grants/g/version"], "unknown key");
    check(
        &with(json!({"connections": {"a": {"environments": "x"}}})),
        &["/connections/a/environments"],
        "`environment`",
    );
}

#[test]
fn what_is_a_name_is_no_remark() {
    let policy = with(json!({"default": "allow", "tools": {"x-shell": {"action": "deny"}}}));
    assert_eq!(check_loads(&policy).document.top.tools.len(), 1);
    let policy = with(json!({"models": {"m": {"fields": {"description": {"read": "deny"}}}}}));
    let read = check_loads(&policy);
    assert_eq!(read.document.top.models.as_ref().unwrap()[0].1.fields.len(), 1);
    check(&with(json!({"tools": {"x-shell": {"acton": "deny"}}})), &["/tools/x-shell/acton"], "`action`");
}

#[test]
fn limits_are_checked_member_by_member() {
    for (limit, at, says) in [
        (json!({"counter": "c", "window": "fortnight", "max": 1}), "/window", "fortnight"),
        (json!({"counter": "c", "window": 0, "max": 1}), "/window", "from 1 to"),
        (json!({"counter": "c", "window": "day", "max": -1}), "/max", "0 or more"),
        (json!({"counter": "c", "window": "day", "max": 1.5}), "/max", "whole"),
        (json!({"counter": "c", "window": "day", "max": "1"}), "/max", "whole"),
        (
            json!({"counter": "c", "window": "day", "max": "-1", "unit": "money:EUR", "increment_from": "args.a"}),
            "/max",
            "decimal",
        ),
        (json!({"counter": "c", "window": "day", "max": 1, "scope": []}), "/scope", "empty"),
        (
            json!({"counter": "c", "window": "day", "max": 1, "scope": ["user", "global"]}),
            "/scope/1",
            "global",
        ),
        (json!({"counter": "c", "window": "day", "max": 1, "scope": "grnat"}), "/scope", "grant"),
        (json!({"counter": "c", "window": "day", "max": 1, "tz": "Europe/Viena"}), "/tz", "Vienna"),
        (json!({"counter": "c", "window": 60, "max": 1, "tz": "Europe/Vienna"}), "/tz", "slides"),
        (json!({"counter": "c", "window": "day", "max": 1, "unit": "money:eur"}), "/unit", "money:EUR"),
        (json!({"counter": "c", "window": "day", "max": 1, "unit": "money:EUR"}), "/unit", "increment_from"),
        (
            json!({"counter": "c", "window": "day", "max": 1, "increment_from": "ctx.user"}),
            "/increment_from",
            "no amount",
        ),
        (
            json!({"counter": "c", "window": "day", "max": 1, "increment_from": "rows", "unit": "bytes"}),
            "/increment_from",
            "unit",
        ),
        (json!({"counter": "c", "window": "day", "max": 2, "increment": 3}), "/max", "below"),
        (json!({"counter": "c", "window": "day", "max": 2, "increment": 0}), "/increment", "1 or more"),
        (
            json!({"counter": "c", "window": "day", "max": 2, "currency_from": "args.c"}),
            "/currency_from",
            "money",
        ),
        (json!({"window": "day", "max": 2}), "/counter", "missing"),
        (json!({"counter": "c", "max": 2}), "/window", "missing"),
        (json!({"counter": "c", "window": "day"}), "/max", "missing"),
    ] {
        check_tool(json!({"limits": [limit]}), &[&format!("/limits/0{at}")], says);
    }
}

#[test]
fn items_are_checked() {
    for (item, at, says) in [
        (json!("args.a b["), "", "not by number"),
        (json!("reason"), "", "begins with"),
        (json!(7), "", "use"),
        (json!({}), "", "needs one of"),
        (json!({"path": "args.a"}), "/op", "missing"),
        (json!({"path": "args.a", "op": "equals", "value": 1}), "/op", "equals"),
        (json!({"path": "args.a", "op": "in", "value": 1}), "/value", "list"),
        (json!({"path": "args.a", "op": "regex", "value": "("}), "/value", "regular"),
        (json!({"path": "args.a", "all": ["args.b"], "op": "eq", "value": 1}), "", "just one of"),
        (json!({"any": []}), "/any", "empty"),
        (json!({"conditions": []}), "/conditions", "empty"),
        (json!({"any": ["args.a"], "op": "eq"}), "/op", "beside"),
        (
            json!({"not": {"path": "args.a", "op": "eq", "value": 1, "mode": "shadow"}}),
            "/not/mode",
            "whole item",
        ),
        (json!({"path": "args.a", "op": "eq", "value": 1, "reason": "a", "on_deny": "b"}), "", "together"),
        (json!({"path": "state.a.b", "op": "lt", "value": 1}), "/path", "limits"),
        (json!({"path": "odoo.valeus.x", "op": "lt", "value": 1}), "/path", "`values`"),
        (json!({"path": "args.a", "op": "eq", "value": 1, "on_missing": "allow"}), "/on_missing", "allow"),
    ] {
        let mut places = vec![format!("/deny_if/0{at}")];
        if item == json!({"path": "args.a"}) {
            places.push("/deny_if/0/value".to_owned());
        }
        let places: Vec<&str> = places.iter().map(String::as_str).collect();
        check_tool(json!({"deny_if": [item]}), &places, says);
    }
    let deep = (0..8).fold(json!("args.a"), |item, _| json!({"not": item}));
    check_tool(json!({"require": [deep]}), &["/require/0/not/not/not/not/not/not/not/not"], "8 deep");
}

#[test]
fn a_fragment_of_a_tool_is_told_how_to_become_a_policy() {
    check(
        &json!({"odoo_refresh": {"limits": [{"counter": "c", "window": "minute", "max": 60}]}}),
        &[""],
        "wrap it",
    );
    check(&json!({"ssh_execute": {"action": "deny"}, "odoo_write": {}}), &[""], "wrap it");
    check(&json!({}), &["", ""], "version");
    check(&json!({"tools": {"odoo_read": {}}}), &["", ""], "version");
}

#[test]
fn names_close_to_a_real_tool_are_mistakes() {
    check(&with(json!({"hide": ["odoo_unlnk"]})), &["/hide/0"], "odoo_unlink");
    check(&with(json!({"tools": {"odoo_wirte": {}}})), &["/tools/odoo_wirte"], "odoo_write");
    check(
        &with(json!({"pins": {"odoo_raed": format!("sha256:{}", "0".repeat(64))}})),
        &["/pins/odoo_raed"],
        "odoo_read",
    );
    let read = check_loads(&with(json!({"tools": {"ssh_execute": {}, "far_away": {}}})));
    let places: Vec<&str> = read.warnings.iter().map(|warning| warning.pointer.as_str()).collect();
    assert_eq!(places, ["/tools/far_away"]);
}

#[test]
fn other_sections_are_checked() {
    for (sections, at, says) in [
        (
            json!({"time_windows": {"w": {"tz": "Mars/Base", "from": "07:00", "to": "08:00"}}}),
            "/time_windows/w/tz",
            "no time zone",
        ),
        (
            json!({"time_windows": {"w": {"tz": "UTC", "from": "7:00", "to": "08:00"}}}),
            "/time_windows/w/from",
            "07:00",
        ),
        (
            json!({"time_windows": {"w": {"tz": "UTC", "from": "07:00", "to": "07:00"}}}),
            "/time_windows/w/to",
            "whole day",
        ),
        (
            json!({"time_windows": {"w": {"tz": "UTC", "days": ["monday"], "from": "07:00", "to": "08:00"}}}),
            "/time_windows/w/days/0",
            "monday",
        ),
        (json!({"environments": {"e": {"time": "hours"}}}), "/environments/e/time", "define"),
        (
            json!({"environments": {"production": {}}, "connections": {"a": {"environment": "prodution"}}}),
            "/connections/a/environment",
            "production",
        ),
        (
            json!({"breakers": [{"on": "denied", "max": 0, "window": 60, "for": 60}]}),
            "/breakers/0/max",
            "1 or more",
        ),
        (json!({"breakers": [{"on": "denied", "max": 3, "window": 60}]}), "/breakers/0/for", "missing"),
        (json!({"pins": {"odoo_read": "sha256:12"}}), "/pins/odoo_read", "digest"),
        (json!({"classes": {"reed": {}}}), "/classes/reed", "`read`"),
        (json!({"models": {"m": {"ops": ["delete"]}}}), "/models/m/ops/0", "delete"),
        (json!({"models": {"m": {"domain": [["a", "=="]]}}}), "/models/m/domain/0", "term"),
        (
            json!({"models": {"m": {"fields": {"a": {"read": "mask", "filter": "allow"}}}}}),
            "/models/m/fields/a/filter",
            "mask",
        ),
        (
            json!({"models": {"m": {"values": {"a": {"op": "in", "value": 3}}}}}),
            "/models/m/values/a/value",
            "list",
        ),
        (json!({"models": {"m": {"values": {"a": {"value": 3}}}}}), "/models/m/values/a", "needs `op`"),
        (json!({"models": {"Res Partner": {}}}), "/models/Res Partner", "model name"),
        (json!({"grants": {"g": {"inherit": false}}}), "/grants/g/default", "missing"),
        (json!({"approvals": {"ttl": 90000}}), "/approvals/ttl", "86400"),
        (json!({"approvals": {"modes": []}}), "/approvals/modes", "empty"),
        (json!({"approvals": {"approvers": ["anna"]}}), "/approvals/approvers/0", "user:NAME"),
        (json!({"mode": "shadwo"}), "/mode", "shadow"),
    ] {
        check(&with(sections), &[at], says);
    }
}

/// Tools with closed schemas.
#[derive(Debug)]
struct WithSchemas;

impl KnownTools for WithSchemas {
    fn tools(&self) -> Vec<ToolFacts> {
        let tool = |name, class| ToolFacts { name, family: "test", class, risk: Risk::Low };
        vec![tool("create_charge", Class::Financial), tool("odoo_read", Class::Read)]
    }

    fn input_schema(&self, name: &str) -> Option<JsonObject> {
        let schema = json!({"type": "object", "additionalProperties": false, "required": ["currency"], "properties": {
            "amount": {"type": "number"},
            "currency": {"type": "string", "enum": ["EUR", "USD"]},
            "reason": {"type": "string"},
            "count": {"type": "integer", "minimum": 1, "maximum": 10, "default": 1},
            "tags": {"type": "array", "items": {"type": "string"}},
            "more": {"type": "object"}
        }});
        (name == "create_charge").then(|| schema.as_object().cloned()).flatten()
    }

    fn pin(&self, _: &str) -> Option<String> {
        None
    }
}

#[track_caller]
fn check_lint(rule: Value, pointers: &[&str], says: &str) {
    let policy = with(json!({"tools": {"create_charge": rule}})).to_string();
    let found = match read(policy.as_bytes(), &WithSchemas) {
        Ok(_) => Vec::new(),
        Err(error) => error.problems,
    };
    let places: Vec<String> = found.iter().map(|problem| problem.pointer.clone()).collect();
    let pointers: Vec<String> = pointers.iter().map(|at| format!("/tools/create_charge{at}")).collect();
    assert_eq!(places, pointers, "{policy} {found:?}");
    assert!(found.iter().all(|problem| problem.message.contains(says)), "{found:?}");
}

#[track_caller]
fn check_warning(policy: Value, pointers: &[&str], says: &str) {
    let policy = with(policy).to_string();
    let read = read(policy.as_bytes(), &WithSchemas).unwrap_or_else(|error| panic!("{policy}\n{error}"));
    let places: Vec<&str> = read.warnings.iter().map(|warning| &*warning.pointer).collect();
    assert_eq!(places, pointers, "{policy} {:?}", read.warnings);
    assert!(read.warnings.iter().all(|warning| warning.message.contains(says)), "{:?}", read.warnings);
}

#[test]
fn paths_and_operators_have_to_fit_the_tool() {
    let condition =
        |path: &str, op: &str, value: Value| json!({"require": [{"path": path, "op": op, "value": value}]});
    for (path, op, value) in [
        ("args.amount", "gt", json!(100)),
        ("args.amount", "lte", json!("99.5")),
        ("args.currency", "eq", json!("EUR")),
        ("args.currency", "in", json!(["EUR", "CHF"])),
        ("args.count", "eq", json!(2)),
        ("args.count", "lt", json!(10)),
        ("args.tags", "contains", json!("a")),
        ("args.tags", "regex", json!("^a$")),
        ("args.tags[*]", "eq", json!("a")),
        ("args.tags", "len_lte", json!(3)),
        ("args.more.anything", "gt", json!(1)),
        ("odoo.op", "eq", json!("write")),
        ("ctx.groups", "contains", json!("finance")),
        ("args.reason", "exists", json!(true)),
    ] {
        check_lint(condition(path, op, value), &[], "");
    }
    for (path, op, value, at, says) in [
        ("args.amonut", "gt", json!(100), "/path", "did you mean `amount`"),
        ("args.zzz", "gt", json!(100), "/path", "it has amount"),
        ("args.amount.x", "gt", json!(100), "/path", "leads nowhere"),
        ("args.amount[*]", "gt", json!(100), "/path", "leads nowhere"),
        ("args.reason", "gt", json!(100), "", "judges numbers"),
        ("args.amount", "regex", json!("^1$"), "", "judges texts"),
        ("args.amount", "contains", json!(1), "", "texts and lists"),
        ("args.reason", "subset_of", json!(["a"]), "", "judges lists"),
        ("args.amount", "eq", json!("100"), "", "never be true"),
        ("args.amount", "neq", json!("100"), "", "never be false"),
        ("args.count", "eq", json!(1.5), "", "never be true"),
        ("args.currency", "eq", json!("CHF"), "", "never be true"),
        ("args.currency", "not_in", json!(["CHF"]), "", "never be false"),
        ("args.amount", "type", json!("string"), "", "never be true"),
        ("odoo.op", "eq", json!("delete"), "", "never be true"),
        ("ctx.dry_run", "eq", json!("true"), "", "never be true"),
        ("ctx.time.hours", "eq", json!(true), "/path", "define"),
    ] {
        check_lint(condition(path, op, value), &[&format!("/require/0{at}")], says);
    }
    check_lint(json!({"require": ["args.reasn"]}), &["/require/0"], "`reason`");
    let limit =
        json!({"limits": [{"counter": "c", "window": 60, "max": 5, "increment_from": "args.amuont"}]});
    check_lint(limit, &["/limits/0/increment_from"], "`amount`");
    let limit = json!({"limits": [{"counter": "c", "window": 60, "max": 5, "increment_from": "args.more"}]});
    check_lint(limit, &["/limits/0/increment_from"], "no amount");
    let rule = json!({"rules": [{"conditions": [{"path": "args.amuont", "op": "lt", "value": 3}]}]});
    check_lint(rule, &["/rules/0/conditions/0/path"], "`amount`");
}

#[test]
fn conditions_have_to_be_able_to_come_out_both_ways() {
    let (gt, lt) = (
        |n: i32| json!({"path": "args.amount", "op": "gt", "value": n}),
        |n: i32| json!({"path": "args.amount", "op": "lt", "value": n}),
    );
    let eq = |n: i32| json!({"path": "args.amount", "op": "eq", "value": n});
    check_lint(json!({"deny_if": [{"all": [gt(10), lt(20)]}, gt(30)]}), &[], "");
    check_lint(json!({"deny_if": [{"all": [gt(20), lt(10)]}]}), &["/deny_if/0/all/1"], "never both");
    check_lint(
        json!({"deny_if": [{"conditions": [gt(20), lt(20)]}]}),
        &["/deny_if/0/conditions/1"],
        "never both",
    );
    check_lint(json!({"require": [gt(20), lt(10)]}), &["/require/1"], "never both");
    check_lint(json!({"require": [{"all": [eq(1), eq(2)]}]}), &["/require/0/all/1"], "never both");
    check_lint(json!({"require": [{"all": [eq(1), gt(2)]}]}), &["/require/0/all/1"], "never both");
    check_lint(json!({"require": [{"any": [gt(1), lt(2)]}]}), &["/require/0/any/1"], "always true");
    check_lint(json!({"require": [{"any": [eq(1), eq(2)]}]}), &[], "");
}

#[test]
fn counters_that_are_declared_are_used() {
    let policy = |limit: Value| {
        with(
            json!({"counters": {"shared": {"window": "day", "unit": "calls"}}, "tools": {"odoo_read": {"limits": [limit]}}}),
        )
    };
    check_loads(&policy(json!({"counter": "shared", "max": 3})));
    check(
        &policy(json!({"counter": "own", "max": 3, "window": "day"})),
        &["/counters/shared"],
        "no limit uses",
    );
    check(
        &policy(json!({"counter": "shared", "max": 3, "window": "hour"})),
        &["/tools/odoo_read/limits/0/window"],
        "another",
    );
    check(
        &policy(json!({"counter": "shared", "max": 3, "scope": "user"})),
        &["/tools/odoo_read/limits/0/scope"],
        "another",
    );
    check_loads(&with(json!({
        "counters": {"shared": {"window": "day"}},
        "grants": {"g": {"tools": {"odoo_read": {"limits": [{"counter": "shared", "max": 3}]}}}}
    })));
    check_tool(
        json!({"limits": [{"counter": "c", "window": "day", "max": 1}, {"counter": "c", "window": "hour", "max": 9}]}),
        &["/limits/1"],
        "twice",
    );
    let state = json!({"counter": "c", "window": "day"});
    check_tool(
        json!({"limits": [{"counter": "c", "window": "day", "max": 1}], "rules": [{"state": state}]}),
        &["/rules/0/state"],
        "twice",
    );
}

#[test]
fn what_is_probably_not_meant_is_told() {
    let limit = json!({"counter": "c", "window": 60, "max": 1});
    check_warning(
        json!({"tools": {"create_charge": {"action": "deny", "limits": [limit]}}}),
        &["/tools/create_charge/limits/0"],
        "denied tool",
    );
    let calendar = json!({"counter": "c", "window": "day", "max": 1});
    check_warning(
        json!({"tools": {"create_charge": {"limits": [calendar]}}}),
        &["/tools/create_charge/limits/0"],
        "calendar",
    );
    check_warning(
        json!({"classes": {"write": {"limits": [calendar]}}}),
        &["/classes/write/limits/0"],
        "calendar",
    );
    check_warning(json!({"tools": {"odoo_read": {"limits": [calendar]}}}), &[], "");
    check_warning(json!({"hide": ["odoo_unlink"]}), &["/hide"], "nothing is listed");
    check_warning(
        json!({"hide": ["odoo_*"], "tools": {"odoo_read": {}}}),
        &["/tools/odoo_read"],
        "hide wins",
    );
    check_warning(json!({"hide": ["zzz_*"], "tools": {"odoo_read": {}}}), &["/hide/0"], "no tool matches");
    let judged = |path: &str, op: &str, value: Value| json!({"tools": {"create_charge": {"deny_if": [{"path": path, "op": op, "value": value}]}}});
    check_warning(judged("args.amount", "gt", json!(100)), &["/tools/create_charge/deny_if/0"], "on_missing");
    check_warning(judged("args.count", "gt", json!(5)), &[], "");
    check_warning(judged("args.currency", "eq", json!("EUR")), &[], "");
    check_warning(judged("args.reason", "not_in", json!(["x"])), &[], "");
    check_warning(
        json!({"tools": {"create_charge": {"require": [{"path": "args.reason", "op": "regex", "value": "a+"}]}}}),
        &["/tools/create_charge/require/0/value"],
        "anywhere",
    );
    let bounded = |path: &str, op: &str, value: Value| json!({"tools": {"create_charge": {"require": [{"path": path, "op": op, "value": value}]}}});
    for (path, op, value, says) in [
        ("args.count", "gt", 10, "never be true"),
        ("args.count", "gte", 1, "never be false"),
        ("args.count", "lt", 1, "never be true"),
        ("args.count", "lte", 10, "never be false"),
        ("odoo.count", "lt", 0, "never be true"),
    ] {
        check_warning(bounded(path, op, json!(value)), &["/tools/create_charge/require/0"], says);
    }
    check_warning(bounded("args.count", "gt", json!(9)), &[], "");
}
