//! Commands about policies: trying them out, and making them of other texts.

use serde_json::{Value, json};

use super::program::Home;

const POLICY: &str = r#"{"version":"1","default":"deny","hide":["odoo_unlink"],"tools":{"odoo_search_count":{},
  "odoo_write":{"limits":[{"counter":"odoo_write_rate","window":"minute","max":1,"scope":"grant"}]}}}"#;

fn home() -> Home {
    let home = Home::new();
    home.write("policy.json", POLICY);
    home
}

fn count() -> String {
    json!({"tool": "odoo_search_count", "args": {"model": "res.partner"}}).to_string()
}

#[test]
fn calls_are_simulated_one_after_the_other() {
    let home = home();
    let write =
        json!({"tool": "odoo_write", "args": {"model": "res.partner", "ids": [1], "values": {"name": "x"}}});
    let calls = home.write("calls.json", &json!([write, write, {"tool": "odoo_unlink"}]).to_string());
    let ran = home.run(&["policy", "simulate", &count(), &calls, "--json"]).ended(1).json();
    let outcomes: Vec<&str> = ran["calls"]
        .as_array()
        .unwrap()
        .iter()
        .map(|call| call["result"]["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(outcomes, ["allow", "allow", "limited", "unknown"], "{ran}");
    assert_eq!(ran["calls"][2]["result"]["rule"], "/tools/odoo_write/limits/0");
    let text = home.run(&["policy", "simulate", &count()]).ended(0).out;
    assert!(text.starts_with("1 odoo_search_count: allow by /tools/odoo_search_count\n"), "{text}");
    let wrong = json!({"tool": "odoo_search_count", "args": {"modle": "res.partner"}}).to_string();
    let wrong = home.run(&["policy", "simulate", &wrong]).ended(1).out;
    assert!(wrong.contains("invalid arguments") && wrong.contains("modle"), "{wrong}");
    let delete = json!({"tool": "odoo_write", "args": {"model": "res.partner", "ids": [1], "values": {"child_ids": [[2, 5]]}}}).to_string();
    assert!(home.run(&["policy", "simulate", &delete]).ended(1).out.contains("needs definitions"));
    let fields = home.write(
        "fields.json",
        r#"{"res.partner":{"name":{"type":"char"},"parent_id":{"type":"many2one","relation":"res.partner"},
      "child_ids":{"type":"one2many","relation":"res.partner","relation_field":"parent_id"}}}"#,
    );
    let judged = home.run(&["policy", "simulate", &delete, "--definitions", &fields]).ended(1).out;
    assert!(judged.contains("deny by /hide/0"), "{judged}");
    assert!(!home.state().exists(), "a simulation leaves nothing behind");
    for bad in ["{", "none.json", r#"{"tool":"t","tol":1}"#] {
        home.run(&["policy", "simulate", bad]).ended(64);
    }
}

#[test]
fn case_files_are_run_and_differences_shown() {
    let home = home();
    let case = |expect: &str| {
        json!({"documents": [{"name": "counting", "calls": [
            {"tool": "odoo_search_count", "args": {"model": "res.partner"}, "expect": expect}
        ]}]})
    };
    std::fs::create_dir(home.path("cases")).unwrap();
    home.write("cases/a.json", &case("allow").to_string());
    let ran = home.run(&["policy", "test", "cases"]).ended(0);
    assert_eq!(ran.out, "1 files, 1 calls, 0 refused documents: all as expected\n");
    home.write("cases/b.json", &case("deny").to_string());
    let ran = home.run(&["policy", "test", "cases"]).ended(1).out;
    assert!(ran.contains("the outcome is `allow`, expected `deny`"), "{ran}");
    let report = home.run(&["policy", "test", "cases", "--json"]).ended(1).json();
    assert_eq!((&report["ok"], &report["files"][1]["findings"][0]["call"]), (&json!(false), &json!(0)));
    home.write("cases/c.json", "{}");
    assert!(home.run(&["policy", "test", "cases"]).ended(64).notes.contains("c.json"));
    home.run(&["policy", "test", "none"]).ended(64);
}

#[test]
fn a_tool_and_a_call_are_explained() {
    let home = home();
    let page = home.run(&["policy", "explain", "odoo_unlink", "--json"]).ended(0).json();
    assert_eq!((&page["class"], &page["now"]["verdict"]), (&json!("destructive"), &json!("hidden")));
    assert_eq!(page["recommended"], json!({"hide": ["odoo_unlink"]}));
    let text = home.run(&["policy", "explain", "odoo_write"]).ended(0).out;
    for piece in [
        "What it does",
        "Class write, risk",
        "Why it needs a rule",
        "Recommended",
        "Now\n  allowed by /tools/odoo_write",
    ] {
        assert!(text.contains(piece), "{piece}: {text}");
    }
    let near = home.run(&["policy", "explain", "odoo_wriet"]).ended(64).notes;
    assert!(near.contains("did you mean `odoo_write`"), "{near}");
    let call = home.run(&["policy", "explain", &count(), "--json"]).ended(0).json();
    assert_eq!(call["calls"][0]["result"]["outcome"], "allow", "{call}");
}

#[test]
fn the_recommended_policy_can_be_used() {
    let home = Home::new();
    let text = home.run(&["policy", "recommend"]).ended(0).out;
    home.write("policy.json", &text);
    let checked = home.run(&["policy", "check", "policy.json", "--json"]).ended(0).json();
    assert_eq!(checked["problems"], json!([]));
    let page = home.run(&["policy", "explain", "odoo_read", "--json"]).ended(0).json();
    assert_eq!(page["now"]["verdict"], "allowed");
}

#[test]
fn texts_of_others_become_policies_or_say_why_not() {
    let home = Home::new();
    let yaml = "version: \"1\"\ntools:\n  odoo_write:\n    rate_limit: 5/hour\n";
    let made = home.run_with_input(&["policy", "import", "-", "--json"], yaml).ended(0).json();
    assert_eq!(made["policy"]["tools"], json!({"odoo_write": {"rate_limit": "5/hour"}}), "{made}");
    let fragment =
        r#""odoo_write": {"limits": [{"counter": "c", "window": "minute", "max": 30, "scope": "grant"}]}"#;
    let made: Value = home.run_with_input(&["policy", "import", "-"], fragment).ended(0).json();
    assert_eq!(made["default"], "deny");
    let refused = home.run_with_input(&["policy", "import", "-"], "tools:\n  odoo_wriet: {}\n").ended(64);
    assert!(refused.notes.contains("odoo_write"), "{refused:?}");
    home.run_with_input(&["policy", "import", "-"], "a: yes\n").ended(64);
    home.run(&["policy", "import", "none.yaml"]).ended(64);
}

#[test]
fn what_an_export_says_loads_again() {
    let home = home();
    let exported = home.run(&["policy", "export", "--policylayer"]).ended(0);
    home.write("exported.json", &exported.out);
    home.run(&["policy", "check", "exported.json"]).ended(0);
    let same = home.run(&["policy", "simulate", &count(), "--policy", "exported.json"]);
    same.ended(0);
    home.run(&["policy", "export"]).ended(64);
    home.run(&["policy", "export", "--policylayer", "--policy", "none.json"]).ended(64);
}

#[test]
fn pins_are_printed_and_written() {
    let home = home();
    let pins = home.run(&["policy", "pin", "odoo_read"]).ended(0).json();
    let pin = pins["pins"]["odoo_read"].as_str().unwrap();
    assert!(pin.starts_with("sha256:") && pin.len() == 71, "{pin}");
    assert!(home.run(&["policy", "pin", "--json"]).ended(0).json()["pins"].as_object().unwrap().len() > 10);
    home.run(&["policy", "pin", "odoo_raed"]).ended(64);
    home.run(&["policy", "pin", "--update", "none.json"]).ended(64);
}

#[test]
fn the_log_is_verified_under_its_other_name() {
    let home = home();
    home.run(&["policy", "verify-log"]).ended(1);
    home.run(&["call", "odoo_version"]).ended(1);
    home.run(&["call", "odoo_search_count", r#"{"model":"res.partner"}"#]).ended(1);
    let report = home.run(&["policy", "verify-log", "--json"]).ended(0).json();
    assert_eq!(report["ok"], true, "{report}");
}

#[test]
fn two_policies_are_compared() {
    let home = home();
    home.write("same.json", POLICY);
    assert_eq!(
        home.run(&["policy", "diff", "policy.json", "same.json"]).ended(0).out,
        "the two policies say the same\n"
    );
    let wider = r#"{"version":"1","default":"deny","tools":{"odoo_search_count":{"action":"deny"},"odoo_unlink":{},
      "odoo_write":{"limits":[{"counter":"odoo_write_rate","window":"hour","max":1,"scope":"grant"}]}}}"#;
    home.write("new.json", wider);
    let told = home.run(&["policy", "diff", "policy.json", "new.json", "--json"]).ended(1).json();
    let directions: Vec<&str> = told["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| change["direction"].as_str().unwrap())
        .collect();
    assert_eq!(directions, ["wider", "wider", "reset", "narrower"], "{told}");
    assert_eq!(told["seen"][0]["appears"], json!(["odoo_unlink"]));
    assert_eq!(told["seen"][0]["stands"][0]["now"], "denied");
    let text = home.run(&["policy", "diff", "policy.json", "new.json"]).ended(1).out;
    assert!(text.contains("appears   for grant `local`: odoo_unlink"), "{text}");
    home.run(&["policy", "diff", "policy.json", "none.json"]).ended(64);
    home.write("bad.json", "{}");
    home.run(&["policy", "diff", "policy.json", "bad.json"]).ended(64);
}

#[test]
fn past_calls_are_decided_again() {
    let home = home();
    let call = |tool: &str, arguments: Value| home.run(&["call", tool, &arguments.to_string(), "--sandbox"]);
    call("odoo_search_count", json!({"model": "res.partner"})).ended(0);
    call("odoo_search_count", json!({"model": "sale.order"})).ended(0);
    call("odoo_write", json!({"model": "res.partner", "ids": [1], "values": {"name": "x"}})).ended(0);
    let same = home.run(&["policy", "replay", "--json"]).ended(0).json();
    assert_eq!((&same["past"]["calls"], &same["past"]["uncertain"]), (&json!(3), &json!(0)), "{same}");

    let narrower = r#"{"version":"1","default":"deny","models":{"res.partner":{"ops":["read"]}},"tools":{"odoo_search_count":{},"odoo_write":{}}}"#;
    home.write("new.json", narrower);
    let ran = home.run(&["policy", "replay", "--policy", "new.json"]).ended(1).out;
    assert!(
        ran.contains("odoo_write: was allow by /tools/odoo_write, would be deny by /models/res.partner"),
        "{ran}"
    );
    assert!(
        ran.contains("odoo_search_count: was allow") && ran.contains("3 past calls: 2 come out otherwise"),
        "{ran}"
    );
    let log = home.state().join("audit.jsonl");
    let log = log.to_str().unwrap();
    let told =
        home.run(&["policy", "diff", "policy.json", "new.json", "--log", log, "--json"]).ended(1).json();
    assert_eq!(told["past"]["different"], 2, "{told}");
    home.run(&["policy", "replay", "--log", "none.jsonl"]).ended(1);
}

#[test]
fn a_currency_that_only_odoo_can_tell_makes_a_past_call_uncertain() {
    let home = Home::new();
    let limit = r#"{"counter":"c","window":"day","max":9,"increment_from":"odoo.values.color","unit":"money:EUR","currency_from":"odoo.values.ref"}"#;
    home.write(
        "policy.json",
        &format!(r#"{{"version":"1","default":"allow","tools":{{"odoo_create":{{"limits":[{limit}]}}}}}}"#),
    );
    for (values, code) in [
        (json!({"name": "x", "color": 1, "ref": "EUR"}), 0),
        (json!({"name": "x", "color": 1}), 0),
        (json!({"name": "x", "color": 1, "ref": "XYZ"}), 1),
    ] {
        let create = json!({"model": "res.partner", "values": values}).to_string();
        home.run(&["call", "odoo_create", &create, "--sandbox"]).ended(code);
    }
    let told = home.run(&["policy", "replay", "--json"]).ended(0).json();
    let past = &told["past"];
    assert_eq!(
        (&past["calls"], &past["uncertain"], &past["different"]),
        (&json!(3), &json!(1), &json!(0)),
        "{told}"
    );
}

#[test]
fn strict_checks_take_warnings_for_errors_and_the_schema_is_json() {
    let home = Home::new();
    let file = home.write("p.json", r#"{"version":"1","default":"deny","tools":{"my_future_tool":{}}}"#);
    home.run(&["policy", "check", &file]).ended(0);
    assert_eq!(home.run(&["policy", "check", &file, "--strict", "--json"]).ended(64).json()["ok"], false);
    assert!(home.run(&["policy", "schema"]).ended(0).json()["properties"]["tools"].is_object());
}

#[test]
fn domains_are_compared_with_what_the_odoo_user_sees() {
    let home = Home::new();
    home.write(
        "policy.json",
        r#"{"version":"1","default":"allow","models":{"res.partner":{"domain":{"read":[["id","<",0]]}},
          "crm.lead":{"domain":{"read":[["id",">",0]]}},"no.such":{"domain":{"read":[["id",">",0]]}}}}"#,
    );
    let found = home.run(&["policy", "doctor", "--sandbox", "--json"]).ended(0).json();
    let states: Vec<&str> =
        found["checks"].as_array().unwrap().iter().map(|check| check["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["warning", "ok", "warning"], "{found}");
    assert!(found["checks"][0]["found"].as_str().unwrap().contains("records outside: only the policy holds"));
    assert!(home.run(&["doctor", "--sandbox"]).ended(0).out.contains("records outside"));
    home.run(&["policy", "doctor", "--policy", "none.json"]).ended(64);
}

#[test]
fn every_command_shows_examples_and_json() {
    let home = Home::new();
    for command in [
        "check",
        "explain",
        "simulate",
        "test",
        "diff",
        "replay",
        "recommend",
        "import",
        "export",
        "doctor",
        "pin",
        "schema",
        "verify-log",
        "reload",
        "pause",
        "resume",
    ] {
        let help = home.run(&["policy", command, "--help"]).ended(0).out;
        assert!(help.contains("Examples:") && help.contains("--json"), "{command}: {help}");
        assert!(home.run(&["policy", "--help"]).out.contains(&format!("\n  {command} ")), "{command}");
    }
}
