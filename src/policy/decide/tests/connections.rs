//! Connections, environments, companies.

use super::*;

#[test]
fn connections_are_closed_and_modes_only_narrow() {
    let body = json!({
        "connections": {"erp*": {"environment": "production"}, "erp-old": {"mode": "read_only"}, "gone": {"mode": "off"}},
        "environments": {"production": {"mode": "no_delete", "approve": ["mail"]}},
    });
    let on = |alias: &str, operation: Operation| doing("odoo_execute", [effect(alias, operation)]);
    let check = |facts: &CallFacts, expected: &str| check(body.clone(), facts, expected);
    check(&on("erp", Operation::Write), "allow");
    check(&on("erp", Operation::Unlink), "deny /environments/production/mode");
    check(&on("erp", Operation::Mail), "ask /environments/production/approve/0");
    check(&on("erp-old", Operation::Write), "deny /connections/erp-old/mode");
    check(&on("erp-old", Operation::Execute), "deny /connections/erp-old/mode");
    check(&on("erp-old", Operation::Read), "allow");
    check(&on("gone", Operation::Read), "deny /connections/gone/mode");
    check(&on("other", Operation::Read), "deny /connections");
    let change = |alias: &str, change: ConnectionChange| CallFacts {
        effects: Arc::from([Effect::Connection {
            connection: ConnectionAlias::parse(alias).unwrap(),
            change,
        }]),
        ..call("odoo_connect")
    };
    check(&change("erp", ConnectionChange::Connect), "allow");
    check(&change("erp-old", ConnectionChange::Inspect), "allow");
    check(&change("erp-old", ConnectionChange::Connect), "deny /connections/erp-old/mode");
    check(&change("gone", ConnectionChange::Inspect), "deny /connections/gone/mode");
    check(&change("other", ConnectionChange::Connect), "deny /connections");
}

#[test]
fn environments_have_opening_times() {
    let body = json!({
        "connections": {"erp": {"environment": "production"}},
        "environments": {"production": {"time": "office"}},
        "time_windows": {"office": {"tz": "Europe/Vienna", "days": ["mon", "tue", "wed", "thu", "fri", "sat"], "from": "08:00", "to": "13:00"}},
        "tools": {"odoo_write": {"deny_if": [{"path": "ctx.environment", "op": "eq", "value": "production"}]}},
    });
    let at = |time: &str, tool: &'static str| CallFacts {
        at: time.parse().unwrap(),
        ..doing(tool, [effect("erp", Operation::Read)])
    };
    let closed = "deny /environments/production/time";
    check(body.clone(), &at("2026-11-21T07:00:00Z", "odoo_read"), "allow");
    check(body.clone(), &at("2026-11-21T12:00:00Z", "odoo_read"), closed);
    check(body.clone(), &at("2026-11-21T06:59:59Z", "odoo_read"), closed);
    check(body.clone(), &at("2026-11-22T09:00:00Z", "odoo_read"), closed);
    check(body, &at("2026-11-21T07:00:00Z", "odoo_write"), "deny /tools/odoo_write/deny_if/0");
}

#[test]
fn companies_have_to_be_named_and_open() {
    let body = json!({"connections": {"*": {"companies": [1, 3]}}});
    let within = |context: Value, values: Value| {
        let values: Arc<[JsonObject]> = Arc::from([object(values)]);
        let effect = effect("erp", Operation::Write).in_context(Arc::new(object(context)));
        doing("odoo_write", [effect.with_values(values)])
    };
    let refused = "deny /connections/*/companies";
    let companies = |ids: Value| json!({"allowed_company_ids": ids});
    check(body.clone(), &within(companies(json!([1, 3])), json!({"company_id": 3})), "allow");
    check(body.clone(), &within(json!({}), json!({})), refused);
    check(body.clone(), &within(companies(json!([])), json!({})), refused);
    check(body.clone(), &within(companies(json!([1, 2])), json!({})), refused);
    check(body.clone(), &within(companies(json!(1)), json!({})), refused);
    check(body, &within(companies(json!([1])), json!({"company_id": 2})), refused);
}
