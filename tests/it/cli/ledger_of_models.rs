//! `usage` from the shell: what servers counted is read, exported and corrected without Odoo.

use odoo_mcp::{
    store::StateDir,
    usage::{
        BUILT_IN_PRICES, CallEnd, CallState, Cost, DATABASE_NAME, Millicents, Reserve, Source, Tenant,
        Tokens, UsageLedger, UsageSettings,
    },
};
use serde_json::{Value, json};

use super::program::{Home, Ran};

const REASON: [&str; 4] = ["--by", "Accounting", "--reason", "read twice"];

fn tenant(server: &str, database: &str) -> Tenant {
    Tenant { server: server.to_owned(), database: database.to_owned(), code: database.to_owned() }
}

/// Counts a call of a bill as a server does, and bills it if it was answered; its id.
fn count(home: &Home, tenant: &Tenant, move_id: i64, state: CallState, error: Option<&str>) -> String {
    let cost = Cost { usd: Millicents(2_500), eur: Millicents(2_300), price_version: "test".to_owned() };
    let wanted = Reserve {
        tenant: tenant.clone(),
        company_id: Some(1),
        move_id: Some(move_id),
        attachment_id: None,
        source: Source::Upload,
        source_message_id: None,
        model: "claude-haiku-4-5".to_owned(),
        estimate: Some(cost.clone()),
        cap: None,
        run_id: None,
        content_key: None,
        pages: 1,
        prompt_version: "v4".to_owned(),
    };
    let end = CallEnd {
        state,
        tokens: Tokens { input: 1_000, output: 100, ..Tokens::default() },
        cost: Some(cost),
        duration_ms: 1_200,
        error_message: error.map(str::to_owned),
        answer: None,
        extra: Some(json!({"file": "=1+1.pdf"})),
    };
    let state_dir = StateDir::open(&home.state()).unwrap();
    let ledger = UsageLedger::open(&state_dir, &UsageSettings::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let reservation = ledger.reserve(wanted).await.unwrap();
        let call = ledger.settle(reservation, end).await.unwrap();
        if state == CallState::Success {
            ledger.bill_document(tenant, Some(move_id), None, &call).await.unwrap();
        }
        call.0
    })
}

fn acme() -> Tenant {
    tenant("https://one.example", "acme")
}

fn usage(home: &Home, arguments: &[&str]) -> Ran {
    home.run(&[&["usage"], arguments].concat())
}

fn rows(home: &Home, arguments: &[&str]) -> Vec<Value> {
    let told = usage(home, &[&["calls", "--json"], arguments].concat()).ended(0).json();
    told["rows"].as_array().unwrap().clone()
}

#[test]
fn the_built_in_prices_need_nothing() {
    let home = Home::new();
    let printed = usage(&home, &["prices"]).ended(0).out;
    assert_eq!(printed, BUILT_IN_PRICES);
    assert!(!home.state().exists());
    // What is printed can be used as a file of one's own.
    let file = home.write("prices.toml", &printed);
    let home = home.with("ODOO_MCP_USAGE_PRICES_FILE", &file);
    usage(&home, &["stats"]).ended(0);
    home.write("prices.toml", "version = 1");
    assert!(usage(&home, &["stats"]).ended(64).notes.contains("usage.prices_file"));
}

#[test]
fn where_nothing_was_counted_nothing_is_made() {
    let home = Home::new();
    for command in ["calls", "stats"] {
        assert_eq!(usage(&home, &[command]).ended(0).out, "nothing was counted yet\n");
    }
    assert_eq!(usage(&home, &["calls", "--json"]).ended(0).json()["rows"], json!([]));
    let refused = usage(&home, &["correct", "--move", "1", "--billed", "true"]).ended(1);
    assert!(refused.out.is_empty() && refused.notes.contains("nothing was counted"), "{refused:?}");
    usage(&home, &["export", "calls.csv"]).ended(0);
    assert_eq!(std::fs::read_to_string(home.path("calls.csv")).unwrap().lines().count(), 1);
    assert!(!home.state().join(DATABASE_NAME).exists());
}

#[test]
fn calls_are_told_and_filtered() {
    let home = Home::new();
    let good = count(&home, &acme(), 11, CallState::Success, None);
    let bad = count(&home, &acme(), 12, CallState::Error, Some("busy\n\u{1b}[2Jagain"));
    let shown = usage(&home, &["calls"]).ended(0).out;
    for part in [&good, &bad, "claude-haiku-4-5", "0.02300", "error", "busy"] {
        assert!(shown.contains(part), "no `{part}` in: {shown}");
    }
    assert!(!shown.contains('\u{1b}') && shown.lines().count() == 3, "{shown}");
    for (filter, expected) in [
        (["--state", "error"].as_slice(), vec![&bad]),
        (&["--state", "lost"], vec![]),
        (&["--move", "11"], vec![&good]),
        (&["--billed"], vec![&good]),
        (&["--company", "2"], vec![]),
        (&["--model", "claude-*"], vec![&bad, &good]),
        (&["--model", "claude-"], vec![]),
        (&["--source", "gmail"], vec![]),
        (&["--to", "2020-12-31"], vec![]),
        (&["--from", "2020-12-31", "--tz", "Europe/Sofia"], vec![&bad, &good]),
    ] {
        let told = rows(&home, filter);
        let told: Vec<&str> = told.iter().map(|row| row["call_id"].as_str().unwrap()).collect();
        assert_eq!(told, expected, "{filter:?}");
    }
    let first = usage(&home, &["calls", "--limit", "1", "--json"]).ended(0).json();
    assert_eq!((&first["total"], first["rows"].as_array().unwrap().len()), (&json!(2), 1));
    let next = first["next"].as_str().unwrap();
    assert!(usage(&home, &["calls", "--limit", "1"]).ended(0).out.contains(&format!("--after {next}")));
    assert_eq!(rows(&home, &["--after", next])[0]["call_id"], json!(good));
}

#[test]
fn wrong_arguments_are_wrong_usage() {
    let home = Home::new();
    count(&home, &acme(), 11, CallState::Success, None);
    for (arguments, part) in [
        (["calls", "--from", "yesterday"].as_slice(), "`--from`"),
        (&["calls", "--from", "2026-02-02", "--to", "2026-02-01"], "`--to`"),
        (&["calls", "--tz", "Mars/Base"], "no time zone"),
        (&["calls", "--state", "won"], "won"),
        (&["calls", "--move", "0"], "0"),
        (&["calls", "--limit", "1001"], "1001"),
        (&["calls", "--after", "x"], "`after`"),
        (&["calls", "--tenant", "acme", "--connection", "default"], "--connection"),
        (&["calls", "--connection", "none"], "none"),
        (&["stats", "--period", "decade"], "decade"),
        (&["export"], "FILE"),
        (&["correct", "--billed", "true"], "--move"),
        (&["correct", "a", "--move", "1", "--billed", "true"], "--move"),
        (&["correct", "a"], "--billed"),
        (&["correct", "a", "--billed", "perhaps"], "perhaps"),
        (&["correct", "a", "--billed", "true", "--by", " "], "`--by`"),
        (&["correct", "a", "--billed", "true", "--reason", "one\ntwo"], "`--reason`"),
        (&["forget"], "forget"),
    ] {
        let ran = usage(&home, arguments).ended(64);
        assert!(ran.out.is_empty() && ran.notes.contains(part), "{arguments:?}: {ran:?}");
    }
    let ran = usage(&home, &["calls", "--tenant", "other"]).ended(1);
    assert!(ran.notes.contains("no tenant `other`") && ran.notes.contains("acme"), "{ran:?}");
}

#[test]
fn several_tenants_are_not_mixed() {
    let home = Home::new();
    let two = tenant("https://two.example", "acme");
    let first = count(&home, &acme(), 11, CallState::Success, None);
    let second = count(&home, &two, 11, CallState::Success, None);
    for command in [["calls"].as_slice(), &["stats"], &["export", "x.csv"]] {
        let ran = usage(&home, command).ended(64);
        assert!(ran.notes.contains("several tenants") && ran.notes.contains("two.example"), "{ran:?}");
    }
    assert!(!home.path("x.csv").exists());
    assert!(usage(&home, &["calls", "--tenant", "acme"]).ended(64).notes.contains("SERVER/DATABASE"));
    for (named, call) in [("https://one.example/acme", &first), ("https://two.example/acme", &second)] {
        assert_eq!(rows(&home, &["--tenant", named])[0]["call_id"], json!(call));
    }
    let foreign =
        usage(&home, &["correct", &second, "--billed", "false", "--tenant", "https://one.example/acme"]);
    assert!(foreign.ended(1).notes.contains("has no call"));
    let home = home
        .with("ODOO_URL", "https://two.example")
        .with("ODOO_DB", "acme")
        .with("ODOO_USERNAME", "u")
        .with("ODOO_PASSWORD", "p");
    assert_eq!(rows(&home, &["--connection", "default"])[0]["call_id"], json!(second));
}

#[test]
fn figures_are_those_of_the_rows() {
    let home = Home::new();
    count(&home, &acme(), 11, CallState::Success, None);
    count(&home, &acme(), 12, CallState::Error, Some("busy"));
    let shown = usage(&home, &["stats", "--period", "all"]).ended(0).out;
    for part in ["acme, since the first call", "0.05 EUR", "(50.0 %)", "claude-haiku-4-5", "bill 12"] {
        assert!(shown.contains(part), "no `{part}` in: {shown}");
    }
    let told = usage(&home, &["stats", "--period", "all", "--json"]).ended(0).json();
    assert_eq!(told["totals"]["cost_eur_millicents"], json!(4_600));
    assert_eq!(told["totals"]["billed_docs"], json!(1));
}

#[test]
fn an_export_overwrites_nothing_and_runs_nothing() {
    let home = Home::new();
    count(&home, &acme(), 11, CallState::Error, Some("=HYPERLINK(1)"));
    count(&home, &acme(), 12, CallState::Success, None);
    let said = usage(&home, &["export", "calls.csv"]).ended(0).out;
    assert_eq!(said, "`calls.csv`: 2 rows\n");
    let csv = std::fs::read_to_string(home.path("calls.csv")).unwrap();
    assert!(csv.starts_with("id,call_id,") && csv.contains("'=HYPERLINK(1)"), "{csv}");
    assert!(usage(&home, &["export", "calls.csv"]).ended(64).notes.contains("there already"));
    assert_eq!(std::fs::read_to_string(home.path("calls.csv")).unwrap(), csv);
    usage(&home, &["export", "no/such/folder.csv"]).ended(1);
    let none = usage(&home, &["export", "none.csv", "--to", "2020-12-31", "--json"]).ended(0).json();
    assert_eq!(none["rows"], json!(0));
}

#[test]
fn a_correction_is_a_line_with_who_and_why() {
    let home = Home::new();
    let call = count(&home, &acme(), 11, CallState::Success, None);
    let correct = |arguments: &[&str]| usage(&home, &[&["correct"], arguments].concat());
    let billed = || rows(&home, &[])[0]["billed"].clone();
    assert_eq!(billed(), json!(true));
    let said = correct(&[&[&call, "--billed", "false"], REASON.as_slice()].concat()).ended(0).out;
    assert_eq!(said, "not billed: 1 changed, 0 so before\n");
    assert_eq!(billed(), json!(false));
    assert!(correct(&[&call, "--billed", "false"]).ended(0).out.contains("0 changed, 1 so before"));
    // A later line wins, and the cost stays.
    correct(&["--move", "11", "--billed", "true"]).ended(0);
    assert_eq!(billed(), json!(true));
    assert_eq!(rows(&home, &[])[0]["cost_millicents"], json!(2_300));

    let journal = rusqlite::Connection::open(home.state().join(DATABASE_NAME)).unwrap();
    let lines: Vec<(bool, String, String)> = journal
        .prepare("select billed, who, why from ai_correction order by id")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(lines[0], (false, "Accounting".to_owned(), "read twice".to_owned()));
    assert!(lines[1].0 && lines[1].1.ends_with("(on the command line)") && lines[1].2.is_empty());
    assert_eq!(lines.len(), 2);
}

#[test]
fn a_bill_is_billed_once() {
    let home = Home::new();
    let correct = |move_id: &str, billed: &str| {
        usage(&home, &["correct", "--move", move_id, "--billed", billed, "--json"])
    };
    count(&home, &acme(), 11, CallState::Error, Some("busy"));
    assert!(correct("11", "true").ended(1).notes.contains("no call of the bill 11 was answered"));
    assert_eq!(correct("11", "false").ended(0).json()["changed"], json!(0));
    count(&home, &acme(), 11, CallState::Success, None);
    count(&home, &acme(), 11, CallState::Success, None);
    assert_eq!(correct("11", "true").ended(0).json()["changed"], json!(0));
    assert_eq!(correct("11", "false").ended(0).json()["changed"], json!(1));
    assert_eq!(correct("11", "true").ended(0).json()["changed"], json!(1));
    assert_eq!(rows(&home, &["--billed"]).len(), 1);
    assert!(correct("99", "true").ended(1).notes.contains("no call of the bill 99"));
    let unknown = usage(&home, &["correct", "nonsense", "\u{1b}[2J", "--billed", "true"]).ended(1);
    assert!(unknown.notes.contains("no call `nonsense`") && !unknown.notes.contains('\u{1b}'), "{unknown:?}");
}
