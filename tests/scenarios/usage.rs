//! The usage ledger: every call is told, to its own tenant only, exact to the millicent, with and
//! without Odoo.

use odoo_mcp::{
    store::StateDir,
    usage::{
        CallEnd, CallId, CallState, Cost, Millicents, Reserve, Source, Tenant, Tokens, UsageLedger,
        UsageSettings,
    },
};
use serde_json::{Value, json};

use super::{
    harness::{Door, World},
    reports::bytes_of,
};

super::scenarios![
    every_call_is_told_newest_first,
    pages_hold_their_place,
    filters_choose_rows,
    bounds_include_their_day,
    what_is_no_bound_is_refused,
    wrong_arguments_are_refused,
    another_tenant_is_refused_everywhere,
    two_connections_do_not_see_each_other,
    the_ledger_needs_no_odoo,
    figures_of_the_month,
    a_csv_is_a_file_and_runs_nothing,
    many_calls_make_a_file_only,
    hostile_save_paths_are_refused,
    budgets_stand_beside_what_is_spent,
    a_budget_without_odoo_has_no_limit,
    unknown_companies_and_connections_are_refused,
    the_policy_decides_about_the_ledger,
    a_damaged_ledger_is_told_of,
];

/// A state directory whose ledger the scenario fills.
struct Prepared {
    folder: tempfile::TempDir,
    ledger: UsageLedger,
    runtime: tokio::runtime::Runtime,
    tenant: Tenant,
}

impl Prepared {
    fn new(world: &World) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::open(folder.path()).unwrap();
        let ledger = UsageLedger::open(&state, &UsageSettings::default()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let tenant = tenant_of(&world.odoo.url, &world.odoo.db);
        Self { folder, ledger, runtime, tenant }
    }

    fn call(&self, call: Call) -> CallId {
        self.call_of(&self.tenant, call)
    }

    fn call_of(&self, tenant: &Tenant, call: Call) -> CallId {
        let at = match call.when {
            "" => jiff::Timestamp::now(),
            when => when.parse().unwrap(),
        };
        let cost = |eur: i64| Cost {
            usd: Millicents(eur * 2),
            eur: Millicents(eur),
            price_version: "test".to_owned(),
        };
        let wanted = Reserve {
            tenant: tenant.clone(),
            company_id: Some(call.company_id),
            move_id: Some(call.move_id),
            attachment_id: Some(3),
            source: call.source,
            source_message_id: None,
            model: call.model.to_owned(),
            estimate: Some(cost(call.eur)),
            cap: None,
            run_id: None,
            content_key: Some(format!("file-{}", call.move_id)),
            pages: 2,
            prompt_version: "v4".to_owned(),
        };
        let end = CallEnd {
            state: call.state,
            tokens: Tokens { input: 1_000, output: 100, ..Tokens::default() },
            cost: Some(cost(call.eur)),
            duration_ms: 1_200,
            error_message: call.error.map(str::to_owned),
            answer: None,
            extra: call.file.map(|name| json!({"file": name})),
        };
        self.runtime.block_on(async {
            let reservation = self.ledger.reserve_at(wanted, at).await.unwrap();
            self.ledger.settle(reservation, end).await.unwrap()
        })
    }

    fn bill(&self, move_id: i64, call: &CallId) {
        self.runtime.block_on(self.ledger.bill_document(&self.tenant, Some(move_id), None, call)).unwrap();
    }

    #[track_caller]
    fn door(&self, world: &World) -> Door {
        Door::open(world.settings().state(self.folder.path()))
    }
}

/// One call to be made up.
#[derive(Clone, Copy)]
struct Call {
    when: &'static str,
    move_id: i64,
    company_id: i64,
    eur: i64,
    state: CallState,
    source: Source,
    model: &'static str,
    error: Option<&'static str>,
    file: Option<&'static str>,
}

const USUAL: Call = Call {
    when: "",
    move_id: 1,
    company_id: 1,
    eur: 414,
    state: CallState::Success,
    source: Source::Upload,
    model: "claude-haiku-4-5",
    error: None,
    file: None,
};

fn tenant_of(url: &str, database: &str) -> Tenant {
    let server = url::Url::parse(url).unwrap().origin().ascii_serialization();
    Tenant { server, database: database.to_owned(), code: "prepared".to_owned() }
}

fn moves(answer: &Value) -> Vec<i64> {
    answer["rows"].as_array().unwrap().iter().filter_map(|row| row["move_id"].as_i64()).collect()
}

const TOOLS: [&str; 4] =
    ["ai_usage_log_query", "ai_usage_log_stats", "ai_usage_log_export", "ai_usage_budget_status"];

fn every_call_is_told_newest_first(world: &World) {
    let prepared = Prepared::new(world);
    prepared.call(Call { state: CallState::Error, error: Some("busy"), eur: 1_200, ..USUAL });
    let success = prepared.call(Call { eur: 2_300, source: Source::Force, ..USUAL });
    prepared.bill(1, &success);
    let answer = prepared.door(world).ok("ai_usage_log_query", json!({}));
    assert_eq!((&answer["count"], &answer["total"]), (&json!(2), &json!(2)), "{answer}");
    let (first, second) = (&answer["rows"][0], &answer["rows"][1]);
    assert_eq!(first["call_id"], success.0);
    assert_eq!((&first["state"], &second["state"]), (&json!("success"), &json!("error")));
    assert_eq!((&first["cost_millicents"], &first["cost_usd_millicents"]), (&json!(2_300), &json!(4_600)));
    assert_eq!((&first["billed"], &second["billed"]), (&json!(true), &json!(false)));
    assert_eq!((&first["source"], &second["error_message"]), (&json!("force"), &json!("busy")));
    assert_eq!(first["odoo_db"], world.odoo.db);
    assert!(first["created_at"].as_str().unwrap().ends_with("+00:00"), "{first}");
}

fn pages_hold_their_place(world: &World) {
    let prepared = Prepared::new(world);
    for move_id in 1..=5 {
        prepared.call(Call { move_id, when: "2026-01-05T10:00:00Z", ..USUAL });
    }
    let door = prepared.door(world);
    let first = door.ok("ai_usage_log_query", json!({"limit": 2}));
    assert_eq!((moves(&first), &first["total"]), (vec![5, 4], &json!(5)));
    // A newer call comes in between.
    prepared.call(Call { move_id: 6, ..USUAL });
    let second = door.ok("ai_usage_log_query", json!({"limit": 2, "after": first["next"]}));
    let third = door.ok("ai_usage_log_query", json!({"limit": 2, "after": second["next"]}));
    assert_eq!((moves(&second), moves(&third)), (vec![3, 2], vec![1]));
    assert!(third.get("next").is_none(), "{third}");
    assert_eq!(moves(&door.ok("ai_usage_log_query", json!({"limit": 2, "offset": 1}))), [5, 4]);
    let small = door.ok("ai_usage_log_query", json!({"max_bytes": 2_000}));
    assert!(moves(&small).len() < 6 && small["next"].is_string(), "{small}");
}

fn filters_choose_rows(world: &World) {
    let prepared = Prepared::new(world);
    let billed = prepared.call(Call { move_id: 1, ..USUAL });
    prepared.bill(1, &billed);
    prepared.call(Call { move_id: 2, state: CallState::Error, ..USUAL });
    prepared.call(Call { move_id: 3, source: Source::Gmail, ..USUAL });
    prepared.call(Call { move_id: 4, model: "claude-opus-4-7", company_id: 2, ..USUAL });
    let door = prepared.door(world);
    for (filter, expected) in [
        (json!({"billed_only": true}), vec![1]),
        (json!({"state": "error"}), vec![2]),
        (json!({"state": "cached"}), vec![]),
        (json!({"state": "lost"}), vec![]),
        (json!({"source": "gmail"}), vec![3]),
        (json!({"source": "", "state": ""}), vec![4, 3, 2, 1]),
        (json!({"model": "claude-opus-4-7"}), vec![4]),
        (json!({"model": "claude-haiku*"}), vec![3, 2, 1]),
        (json!({"model": "%"}), vec![]),
        (json!({"company_id": 2}), vec![4]),
        (json!({"move_id": 3}), vec![3]),
        (json!({"move_id": 99}), vec![]),
    ] {
        assert_eq!(moves(&door.ok("ai_usage_log_query", filter.clone())), expected, "{filter}");
    }
}

fn bounds_include_their_day(world: &World) {
    let prepared = Prepared::new(world);
    prepared.call(Call { move_id: 1, when: "2026-01-31T00:00:00Z", ..USUAL });
    prepared.call(Call { move_id: 2, when: "2026-01-31T23:59:59.900Z", ..USUAL });
    prepared.call(Call { move_id: 3, when: "2026-02-01T00:00:00Z", ..USUAL });
    let door = prepared.door(world);
    let found = |bounds: Value| moves(&door.ok("ai_usage_log_query", bounds));
    assert_eq!(found(json!({"date_from": "2026-01-31", "date_to": "2026-01-31"})), [2, 1]);
    assert_eq!(found(json!({"date_to": "2026-01-30"})), [0_i64; 0]);
    assert_eq!(found(json!({"date_from": "2026-02-01"})), [3]);
    assert_eq!(found(json!({"date_to": "2026-01-31T00:00:00+00:00"})), [1]);
    // In Sofia the next day began two hours earlier.
    assert_eq!(found(json!({"date_from": "2026-02-01", "tz": "Europe/Sofia"})), [3, 2]);
    let csv = door.ok("ai_usage_log_export", json!({"date_from": "2026-01-31", "date_to": "2026-01-31"}));
    assert_eq!(csv["rows"], 2);
}

fn what_is_no_bound_is_refused(world: &World) {
    let prepared = Prepared::new(world);
    let door = prepared.door(world);
    for bad in [
        "yesterday",
        "2026-02-30",
        "31.01.2026",
        "2026-01-31T25:00",
        "' or 1=1 --",
        "2026-01-31T10:00:00+99:00",
    ] {
        for tool in ["ai_usage_log_query", "ai_usage_log_export"] {
            door.refused(tool, json!({"date_from": bad}), &["invalid_arguments"]);
            door.refused(tool, json!({"date_to": bad}), &["invalid_arguments"]);
        }
    }
    let wrong_order = json!({"date_from": "2026-02-02", "date_to": "2026-02-01"});
    door.refused("ai_usage_log_query", wrong_order, &["invalid_arguments"]);
}

fn wrong_arguments_are_refused(world: &World) {
    let prepared = Prepared::new(world);
    let door = prepared.door(world);
    for arguments in [
        json!({"limit": 0}),
        json!({"limit": 1_001}),
        json!({"limit": -1}),
        json!({"offset": -1}),
        json!({"state": "paid"}),
        json!({"source": "fax"}),
        json!({"move_id": -1}),
        json!({"move_id": "1"}),
        json!({"after": "somewhere"}),
        json!({"after": "1-1", "offset": 1}),
        json!({"tz": "Mars/Base"}),
        json!({"model": "x".repeat(200)}),
        json!({"unknown": 1}),
    ] {
        door.refused("ai_usage_log_query", arguments, &["invalid_arguments"]);
    }
    for arguments in [json!({"period": "decade"}), json!({"period": ""}), json!({"tz": "../etc"})] {
        door.refused("ai_usage_log_stats", arguments, &["invalid_arguments"]);
    }
    door.refused("ai_usage_budget_status", json!({"company_id": -1}), &["invalid_arguments"]);
}

fn another_tenant_is_refused_everywhere(world: &World) {
    let prepared = Prepared::new(world);
    prepared.call(USUAL);
    let door = prepared.door(world);
    let own = door.ok("ai_usage_log_query", json!({}))["tenant_code"].clone();
    for tool in TOOLS {
        for foreign in ["another", "*", "%", "' or 1=1 --", "../other"] {
            let error = door.refused(tool, json!({"tenant_code": foreign}), &["tenant_not_yours"]);
            assert!(error["hint"].is_string(), "{error}");
        }
        assert_eq!(door.ok(tool, json!({"tenant_code": own}))["tenant_code"], own, "{tool}");
        let database = json!({"tenant_code": world.odoo.db.to_uppercase()});
        assert_eq!(door.ok(tool, database)["tenant_code"], own, "{tool}");
    }
}

fn two_connections_do_not_see_each_other(world: &World) {
    let prepared = Prepared::new(world);
    prepared.call(Call { move_id: 1, ..USUAL });
    // A database of the same name on another server, and another database on the same one.
    let elsewhere = tenant_of("http://127.0.0.1:9", &world.odoo.db);
    prepared.call_of(&elsewhere, Call { move_id: 2, ..USUAL });
    prepared.call_of(&tenant_of(&world.odoo.url, "another"), Call { move_id: 3, ..USUAL });
    let settings = world
        .settings()
        .state(prepared.folder.path())
        .variable("ODOO_MCP_CONNECTIONS_ELSEWHERE_URL", "http://127.0.0.1:9")
        .variable("ODOO_MCP_CONNECTIONS_ELSEWHERE_DB", &world.odoo.db)
        .variable("ODOO_MCP_CONNECTIONS_ELSEWHERE_USERNAME", "nobody")
        .variable("ODOO_MCP_CONNECTIONS_ELSEWHERE_PASSWORD", "nothing");
    let door = Door::open(settings);
    assert_eq!(moves(&door.ok("ai_usage_log_query", json!({}))), [1]);
    assert_eq!(moves(&door.ok("ai_usage_log_query", json!({"connection": "elsewhere"}))), [2]);
    for connection in ["default", "elsewhere"] {
        let stats = door.ok("ai_usage_log_stats", json!({"connection": connection, "period": "all"}));
        assert_eq!(stats["totals"]["total_rows"], 1, "{connection}");
        let csv = door.ok("ai_usage_log_export", json!({"connection": connection}));
        assert_eq!(csv["rows"], 1, "{connection}");
    }
}

fn the_ledger_needs_no_odoo(world: &World) {
    let prepared = Prepared::new(world);
    let tenant = tenant_of("http://127.0.0.1:9", "gone");
    prepared.call_of(&tenant, USUAL);
    let settings = world
        .settings()
        .state(prepared.folder.path())
        .variable("ODOO_URL", "http://127.0.0.1:9")
        .variable("ODOO_DB", "gone");
    let door = Door::open(settings);
    assert_eq!(moves(&door.ok("ai_usage_log_query", json!({}))), [1]);
    assert_eq!(door.ok("ai_usage_log_stats", json!({}))["totals"]["cost_eur_millicents"], 414);
    assert_eq!(door.ok("ai_usage_log_export", json!({}))["rows"], 1);
}

fn figures_of_the_month(world: &World) {
    let prepared = Prepared::new(world);
    prepared.call(Call { state: CallState::Error, eur: 1_200, error: Some("busy"), ..USUAL });
    let success = prepared.call(Call { eur: 2_300, model: "claude-sonnet-4-6", ..USUAL });
    prepared.bill(1, &success);
    prepared.call(Call { eur: 88_000, when: "2020-01-31T10:00:00Z", ..USUAL });
    let door = prepared.door(world);
    let month = door.ok("ai_usage_log_stats", json!({}));
    assert_eq!(month["totals"]["cost_eur_millicents"], 3_500);
    assert_eq!((&month["totals"]["success"], &month["totals"]["errors"]), (&json!(1), &json!(1)));
    assert_eq!(
        (&month["totals"]["billed_docs"], &month["derived"]["success_rate"]),
        (&json!(1), &json!(0.5))
    );
    assert_eq!(month["derived"]["avg_cost_per_billed_doc_cents"], 3.5);
    assert_eq!(month["derived"]["cost_eur_total_display"], "0.04 EUR");
    assert_eq!(month["totals"]["p95_duration_ms"], 1_200);
    assert_eq!(month["by_model"][0]["model"], "claude-sonnet-4-6");
    assert_eq!(month["timeseries_30d"].as_array().unwrap().len(), 30);
    assert_eq!(month["recent_errors"][0]["error_message"], "busy");
    let all = door.ok("ai_usage_log_stats", json!({"period": "all", "tz": "Europe/Sofia"}));
    assert_eq!((&all["totals"]["cost_eur_millicents"], &all["date_from"]), (&json!(91_500), &Value::Null));
}

fn a_csv_is_a_file_and_runs_nothing(world: &World) {
    let prepared = Prepared::new(world);
    prepared.call(Call {
        error: Some("=HYPERLINK(\"http://x\"), \"quoted\"\nsecond line"),
        file: Some("@SUM(1).pdf"),
        ..USUAL
    });
    prepared.call(Call { error: Some("-2+3+cmd|' /C calc'!A0"), ..USUAL });
    let door = prepared.door(world);
    let answer = door.ok("ai_usage_log_export", json!({}));
    assert_eq!((&answer["rows"], &answer["guarded"]), (&json!(2), &json!(2)), "{answer}");
    let bytes = bytes_of(&door, &answer["file"]);
    let text = String::from_utf8(bytes).unwrap();
    assert_eq!(answer["csv"], text);
    assert_eq!(answer["file"]["size"], text.len());
    assert_eq!(answer["file"]["sha256"].as_str().unwrap().len(), 64);
    assert!(text.starts_with("id,call_id,created_at,tenant_code,"), "{text}");
    assert!(text.contains("\"'=HYPERLINK(\"\"http://x\"\"), \"\"quoted\"\"\nsecond line\""), "{text}");
    assert!(text.contains(",'-2+3+cmd"), "{text}");
    let nothing = door.ok("ai_usage_log_export", json!({"date_to": "2019-12-31"}));
    assert_eq!((&nothing["rows"], &nothing["csv"]), (&json!(0), &json!("")));
    assert!(nothing.get("file").is_none(), "{nothing}");
}

fn many_calls_make_a_file_only(world: &World) {
    let prepared = Prepared::new(world);
    for move_id in 1..=400 {
        prepared.call(Call {
            move_id,
            file: Some("a name of a file that is not short, page by page.pdf"),
            ..USUAL
        });
    }
    let door = prepared.door(world);
    let answer = door.ok("ai_usage_log_export", json!({"save_path": "usage/year.csv"}));
    assert_eq!(answer["rows"], 400);
    assert!(answer.get("csv").is_none(), "too large for an answer");
    assert_eq!(answer["file"]["path"], "usage/year.csv");
    let text = String::from_utf8(bytes_of(&door, &answer["file"])).unwrap();
    assert_eq!(text.lines().count(), 401);
    assert_eq!(text.matches("call_id").count(), 1, "one header");
}

fn hostile_save_paths_are_refused(world: &World) {
    let prepared = Prepared::new(world);
    prepared.call(USUAL);
    let door = prepared.door(world);
    for path in ["../out.csv", "/etc/out.csv", "a/../../out.csv", ".partial/x.csv", "a\u{0}b.csv"] {
        assert!(door.call("ai_usage_log_export", json!({"save_path": path})).is_err(), "{path}");
    }
}

fn budgets_stand_beside_what_is_spent(world: &World) {
    let prepared = Prepared::new(world);
    let companies = world.oracle().search("res.company", json!([]));
    let lowest = companies.iter().min().copied().unwrap();
    prepared.call(Call { company_id: lowest, eur: 1_200, ..USUAL });
    prepared.call(Call { company_id: lowest + 100_000, eur: 5_000, ..USUAL });
    prepared.call(Call { company_id: lowest, eur: 88_000, when: "2020-01-31T10:00:00Z", ..USUAL });
    let fields =
        world.oracle().call("res.company", "fields_get", json!([["ai_monthly_budget_eur"]]), json!({}));
    let answer = prepared.door(world).ok("ai_usage_budget_status", json!({}));
    assert_eq!(answer["company_id"], lowest);
    assert_eq!((&answer["spent_eur_mc"], &answer["spent_eur"]), (&json!(1_200), &json!(0.012)), "{answer}");
    assert_eq!(answer["companies"].as_array().unwrap().len(), companies.len());
    if fields.as_object().unwrap().is_empty() {
        assert_eq!((&answer["limit_source"], &answer["enforced"]), (&json!("missing_field"), &json!(false)));
        return;
    }
    assert_eq!(answer["limit_source"], "company");
    let read =
        world.oracle().call("res.company", "read", json!([[lowest], ["ai_monthly_budget_eur"]]), json!({}));
    let limit = read[0]["ai_monthly_budget_eur"].as_f64().unwrap();
    assert_eq!(answer["enforced"], limit > 0.0, "{answer}");
    if limit > 0.0 {
        assert_eq!(answer["limit_eur"], limit);
    }
}

fn a_budget_without_odoo_has_no_limit(world: &World) {
    let prepared = Prepared::new(world);
    prepared.call_of(&tenant_of("http://127.0.0.1:9", "gone"), USUAL);
    let settings = world
        .settings()
        .state(prepared.folder.path())
        .variable("ODOO_URL", "http://127.0.0.1:9")
        .variable("ODOO_DB", "gone");
    let answer = Door::open(settings).ok("ai_usage_budget_status", json!({}));
    assert_eq!((&answer["limit_source"], &answer["enforced"]), (&json!("unreadable"), &json!(false)));
    assert_eq!((&answer["spent_eur_mc"], &answer["remaining_eur"]), (&json!(414), &Value::Null));
    assert!(answer["note"].is_string(), "{answer}");
}

fn unknown_companies_and_connections_are_refused(world: &World) {
    let prepared = Prepared::new(world);
    let door = prepared.door(world);
    door.refused("ai_usage_budget_status", json!({"company_id": 999_999_999}), &["not_found"]);
    for tool in TOOLS {
        door.refused(tool, json!({"connection": "nowhere"}), &["unknown_connection"]);
        door.refused(tool, json!({"connection": "../x"}), &["invalid_arguments"]);
    }
}

fn the_policy_decides_about_the_ledger(world: &World) {
    let prepared = Prepared::new(world);
    prepared.call(USUAL);
    let policy = json!({"version": "1", "default": "deny", "tools": {"ai_usage_log_query": {}}});
    let door = Door::open(world.settings().state(prepared.folder.path()).policy(&policy));
    door.ok("ai_usage_log_query", json!({}));
    for tool in ["ai_usage_log_stats", "ai_usage_log_export", "ai_usage_budget_status"] {
        assert!(door.call(tool, json!({})).is_err(), "{tool}");
        assert!(!door.tool_names().contains(&tool.to_owned()));
    }
    let no_companies = json!({"version": "1", "default": "allow", "models": {"res.company": {"ops": []}}});
    let door = Door::open(world.settings().state(prepared.folder.path()).policy(&no_companies));
    door.refused("ai_usage_budget_status", json!({}), &["denied"]);
    door.ok("ai_usage_log_stats", json!({}));
}

fn a_damaged_ledger_is_told_of(world: &World) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path()).unwrap();
    std::fs::write(folder.path().join("usage.sqlite3"), "this is no database and stays as it is").unwrap();
    let door = Door::open(world.settings().state(folder.path()));
    for tool in TOOLS {
        let error = door.refused(tool, json!({}), &["usage_ledger"]);
        assert!(!error.to_string().contains(folder.path().to_str().unwrap()), "{error}");
    }
    let kept = std::fs::read_to_string(folder.path().join("usage.sqlite3")).unwrap();
    assert!(kept.starts_with("this is no database"));
}
