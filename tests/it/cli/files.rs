//! Commands about files: policies, settings, the audit log, the state directory.

use serde_json::{Value, json};

use super::program::Home;

#[test]
fn a_policy_is_checked_with_every_problem_and_its_place() {
    let home = Home::new();
    let bad = home.write("bad.json", r#"{"version":1,"hid":[],"tools":{"odoo_reed":{}}}"#);
    let ran = home.run(&["policy", "check", &bad]).ended(64);
    for piece in ["/version", "did you mean `hide`", "`default` is missing", "did you mean `odoo_read`"] {
        assert!(ran.out.contains(piece), "{piece}: {ran:?}");
    }
    let checked = home.run(&["policy", "check", &bad, "--json"]).ended(64).json();
    assert_eq!(checked["ok"], json!(false));
    assert_eq!(checked["problems"].as_array().unwrap().len(), 4, "{checked}");
    assert!(checked["problems"][0]["pointer"].is_string());
    home.run(&["policy", "check", "none.json"]).ended(64);
}

#[test]
fn a_policy_with_warnings_can_be_used() {
    let home = Home::new();
    let file = home.write("p.json", r#"{"version":"1","default":"deny","tools":{"my_future_tool":{}}}"#);
    let checked = home.run(&["policy", "check", &file, "--json"]).ended(0).json();
    assert_eq!((&checked["ok"], checked["warnings"].as_array().unwrap().len()), (&json!(true), 1));
    assert!(home.run(&["policy", "check", &file]).ended(0).out.contains("warning"));
}

#[test]
fn tools_say_which_policy_rules_and_why() {
    let home = Home::new();
    let tool = |listed: &Value, name: &str| {
        let tools = listed["tools"].as_array().unwrap();
        tools.iter().find(|tool| tool["name"] == name).unwrap_or_else(|| panic!("no {name}")).clone()
    };
    let shipped = home.run(&["tools", "--json"]).ended(0).json();
    assert_eq!(shipped["policy"]["file"], Value::Null);
    assert_eq!(shipped["policy"]["warnings"], json!([]));
    let unlink = tool(&shipped, "odoo_unlink");
    assert_eq!((&unlink["allowed"], &unlink["rule"]), (&json!(false), &json!("/tools/odoo_unlink")));
    assert_eq!(tool(&shipped, "odoo_disconnect")["verdict"], "hidden");
    assert_eq!(tool(&shipped, "odoo_read")["allowed"], true);

    home.write("policy.json", r#"{"version":"1","default":"deny","tools":{"odoo_unlink":{}}}"#);
    let local = home.run(&["tools", "--json"]).ended(0).json();
    assert_eq!(local["policy"]["file"], "policy.json");
    assert_eq!(tool(&local, "odoo_unlink")["allowed"], true);
    assert_eq!(tool(&local, "odoo_read")["verdict"], "unlisted");

    let table = home.run(&["tools"]).ended(0).out;
    assert!(table.starts_with("TOOL"), "{table}");
    assert!(!table.contains('\u{1b}'), "colour without a terminal");
}

#[test]
fn the_default_settings_are_the_documentation_and_can_be_read_back() {
    let home = Home::new();
    let text = home.run(&["config"]).ended(0).out;
    let file = home.write("odoo-mcp.toml", &text);
    let ran = home.run(&["--config", &file, "config", "--check"]).ended(0);
    assert!(ran.out.ends_with("the settings can be used\n"), "{ran:?}");
    assert!(ran.out.contains(&file) && !ran.out.contains("warning"), "{ran:?}");
    assert!(!home.state().exists(), "a check makes nothing");
}

#[test]
fn the_settings_directory_of_the_system_is_read() {
    let home = Home::new();
    std::fs::create_dir(home.path(".config")).unwrap();
    home.write(".config/odoo-mcp.toml", "[log]\nlevel = \"loud\"\n");
    assert!(home.run(&["config", "--check"]).ended(64).notes.contains("`loud` is no level"));
}

#[test]
fn the_audit_log_is_shown_and_verified_and_a_change_is_found() {
    let home = Home::new();
    home.run(&["audit", "verify"]).ended(1);
    home.run(&["call", "odoo_unlink", r#"{"model":"res.partner","ids":[1]}"#]).ended(1);
    let shown = home.run(&["audit", "show"]).ended(0).out;
    assert!(shown.contains("deny odoo_unlink by local (command_line) /tools/odoo_unlink"), "{shown}");
    assert!(home.run(&["audit", "verify"]).ended(0).out.contains("the chain holds: 2 lines"));

    let log = home.state().join("audit.jsonl");
    let changed = std::fs::read_to_string(&log).unwrap().replace("odoo_unlink", "odoo_unlonk");
    let copy = home.write("changed.jsonl", &changed);
    let ran = home.run(&["audit", "verify", &copy]).ended(1);
    assert!(ran.out.contains("line 1: "), "{ran:?}");
}

#[cfg(unix)]
#[test]
fn the_state_directory_is_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    home.run(&["call", "odoo_unlink", r#"{"model":"res.partner","ids":[1]}"#]).ended(1);
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&home.state()), 0o700);
    for (path, _) in super::program::all_files(&home.state()) {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[cfg(unix)]
#[test]
fn the_doctor_says_what_to_do() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    let well = home.run(&["doctor", "--json"]).ended(0).json();
    assert_eq!(well["ok"], true, "{well}");

    let state = home.state();
    std::fs::create_dir_all(&state).unwrap();
    std::fs::set_permissions(&state, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::write(state.join("audit.jsonl"), "not a line\n").unwrap();
    let ran = home.run(&["doctor"]).ended(1);
    for piece in ["chmod 700", "audit verify"] {
        assert!(ran.out.contains(piece), "{piece}: {ran:?}");
    }
    home.run(&["doctor", "--policy", "none.json"]).ended(1);
    let unknown = Home::new().with("ODOO_MCP_DRAIN_MS", "soon").run(&["doctor", "--json"]).ended(1).json();
    assert_eq!(unknown["checks"][0]["state"], "broken", "{unknown}");
}

#[test]
fn the_doctor_prints_the_step_for_browsers() {
    let home = Home::new();
    let ran = home.run(&["doctor", "--setup", "--sandbox"]).ended(0);
    for piece in
        ["odoo-mcp refresh", "Server Actions", "]._sendone(", "server_actions = [\"default=NUMBER\"]"]
    {
        assert!(ran.out.contains(piece), "{piece}: {ran:?}");
    }
    home.run(&["doctor", "--setup", "nowhere"]).ended(64);
    home.run(&["doctor", "--setup", "--json"]).ended(64);
}
