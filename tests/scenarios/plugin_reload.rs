//! `ai_invoice_plugins_reload` at the door: the report of every file seen, what is refused before any
//! code runs, and that whatever fails leaves at work what worked.

use std::fs;

use serde_json::{Value, json};

use super::{
    bill_stops::{fields_for, step},
    bills::{RUN, draft},
    extraction::settings_with,
    harness::{
        Door, DoorSettings, ModelServer, World,
        plugins::{PluginDir, SHIPPED},
        program,
    },
};

super::scenarios![
    a_report_says_what_became_of_each,
    nothing_published_is_an_error_with_its_report,
    a_failing_plugin_leaves_the_old_one_at_work,
    other_directories_are_refused,
    a_rehearsal_loads_nothing,
    all_or_nothing_where_asked,
    what_is_gone_leaves,
    only_signed_ones_where_required,
    the_shipped_policy_lets_ten_a_minute,
    a_policy_hides_and_refuses_it,
    it_is_off_by_itself,
];

const RELOAD: &str = "ai_invoice_plugins_reload";

#[track_caller]
fn door(world: &World, plugins: &PluginDir) -> Door {
    Door::open(plugins.settings(DoorSettings::new(world.via), true))
}

/// Status and reason of one plugin of a report.
#[track_caller]
fn fate<'r>(report: &'r Value, name: &str) -> (&'r str, &'r str) {
    let plugins = report["plugins"].as_array().unwrap_or_else(|| panic!("no report: {report}"));
    let plugin = plugins.iter().find(|plugin| plugin["name"] == name);
    let plugin = plugin.unwrap_or_else(|| panic!("{name} is not in {report}"));
    (plugin["status"].as_str().unwrap_or_default(), plugin["reason_code"].as_str().unwrap_or_default())
}

/// Names of the steps of plugins that a run would have now.
#[track_caller]
fn steps_of_plugins(door: &Door) -> Vec<String> {
    let listed = door.ok("ai_invoice_pipeline_steps", json!({}));
    let steps = listed["steps"].as_array().expect("steps").iter();
    let of_plugins = steps.filter(|step| step["provenance"]["kind"] == "plugin");
    of_plugins.filter_map(|step| step["name"].as_str().map(str::to_owned)).collect()
}

/// A directory that is no plugin.
fn broken(plugins: &PluginDir) {
    fs::create_dir_all(plugins.of("broken")).expect("a folder");
}

fn a_report_says_what_became_of_each(world: &World) {
    let plugins = PluginDir::with(&["vendor_match"]);
    let door = door(world, &plugins);
    assert_eq!(steps_of_plugins(&door), ["vendor_match"]);
    plugins.install("account_suggest");
    broken(&plugins);
    fs::create_dir(plugins.of("_put_aside")).expect("a folder");
    fs::write(plugins.of("notes.txt"), "nothing").expect("a file");
    let report = door.ok(RELOAD, json!({}));
    assert_eq!((&report["published"], &report["generation"]), (&json!(true), &json!(2)), "{report}");
    assert_eq!(report["loaded"], json!(["account_suggest", "vendor_match"]), "{report}");
    assert_eq!((&report["total_steps_registered"], &report["dry_run"]), (&json!(11), &json!(false)));
    let counts =
        json!({"loaded": 1, "unchanged": 1, "kept_previous": 0, "skipped": 2, "failed": 1, "retired": 0});
    assert_eq!(report["counts"], counts, "{report}");
    assert_eq!(fate(&report, "account_suggest"), ("loaded", ""));
    assert_eq!(fate(&report, "vendor_match"), ("unchanged", ""));
    assert_eq!(fate(&report, "broken"), ("failed", "manifest_missing"));
    assert_eq!(fate(&report, "_put_aside"), ("skipped", "ignored_name"));
    let loaded =
        &report["plugins"].as_array().expect("plugins").iter().find(|plugin| plugin["status"] == "loaded");
    let loaded = loaded.expect("one");
    assert_eq!((&loaded["mode"], &loaded["version"]), (&json!("in_process"), &json!("0.1.0")), "{report}");
    assert_eq!(loaded["signature"]["status"], "absent", "{report}");
    assert_eq!(loaded["steps"], json!([{"name": "account_suggest", "sequence": 520}]), "{report}");
    assert_eq!(steps_of_plugins(&door), ["vendor_match", "account_suggest"]);
}

fn nothing_published_is_an_error_with_its_report(world: &World) {
    let plugins = PluginDir::with(&["vendor_match"]);
    broken(&plugins);
    let door = door(world, &plugins);
    let refused = door.refused(RELOAD, json!({}), &["nothing_published"]);
    assert!(
        refused["message"].as_str().is_some_and(|text| text.contains("`broken` (manifest_missing)")),
        "{refused}"
    );
    // The report is the same as that of a reload that went well.
    assert_eq!((&refused["published"], &refused["is_error"]), (&json!(false), &json!(true)), "{refused}");
    assert_eq!(
        (&refused["generation"], &refused["loaded"]),
        (&json!(1), &json!(["vendor_match"])),
        "{refused}"
    );
    assert_eq!((&refused["counts"]["unchanged"], &refused["counts"]["failed"]), (&json!(1), &json!(1)));
    assert_eq!(fate(&refused, "broken"), ("failed", "manifest_missing"));
    let unknown = door.refused(RELOAD, json!({"only": ["nobody"]}), &["nothing_published"]);
    assert_eq!(fate(&unknown, "nobody"), ("failed", "not_found"));
    for bad in
        [json!({"only": "x"}), json!({"dir": "/"}), json!({"only": vec!["a"; 65]}), json!({"strict": 1})]
    {
        door.refused(RELOAD, bad, &["invalid_arguments"]);
    }
    assert_eq!(steps_of_plugins(&door), ["vendor_match"]);
}

fn a_failing_plugin_leaves_the_old_one_at_work(world: &World) {
    let plugins = PluginDir::with(&["vendor_match"]);
    let draft = draft(world);
    let server = ModelServer::new(fields_for(world, draft.bill.id));
    let door = Door::open(plugins.settings(settings_with(world, &server, "anthropic"), false));
    let library = plugins.library("vendor_match");
    let whole = fs::read(&library).expect("a library");
    for (bytes, reason) in [(&whole[..whole.len() / 2], "hash_mismatch"), (&b""[..], "hash_mismatch")] {
        fs::write(&library, bytes).expect("a library");
        let refused = door.refused(RELOAD, json!({}), &["nothing_published"]);
        assert_eq!(fate(&refused, "vendor_match"), ("kept_previous", reason));
        assert_eq!(refused["loaded"], json!(["vendor_match"]), "{refused}");
    }
    fs::remove_file(&library).expect("a library");
    let refused = door.refused(RELOAD, json!({}), &["nothing_published"]);
    assert_eq!(fate(&refused, "vendor_match"), ("kept_previous", "library_missing"));
    let run = door.ok(RUN, json!({"move_id": draft.bill.id}));
    assert_eq!(step(&run, "vendor_match")["status"], "ok", "{run}");
    assert_eq!((&run["ok"], &run["registry_generation"]), (&json!(true), &json!(1)), "{run}");
}

fn other_directories_are_refused(world: &World) {
    let (plugins, allowed, other) =
        (PluginDir::with(&["vendor_match"]), PluginDir::with(&["account_suggest"]), PluginDir::with(&[]));
    let settings = plugins
        .settings(DoorSettings::new(world.via), true)
        .variable("AI_INVOICE_PLUGINS_ALLOWED_DIRS", &allowed.path().to_string_lossy());
    let door = Door::open(settings);
    let root = plugins.path().to_string_lossy().into_owned();
    let other = other.path().to_string_lossy().into_owned();
    for dir in [
        "../plugins".to_owned(),
        "plugins".to_owned(),
        "/tmp".to_owned(),
        "/no/such/place".to_owned(),
        format!("{root}/vendor_match"),
        format!("{root}/../{}", other.rsplit('/').next().unwrap_or_default()),
        format!("{root}x"),
        other,
        "/\u{0}".to_owned(),
    ] {
        let refused = door.refused(RELOAD, json!({"plugins_dir": dir}), &["directory_not_allowed"]);
        // Whether there is such a place is nobody's business.
        assert_eq!(
            (&refused["reason_code"], &refused["plugins_dir"]),
            (&json!("directory_not_allowed"), &json!(""))
        );
        assert_eq!(refused["plugins"], json!([]), "{refused}");
        assert!(!refused.to_string().contains(&root), "{refused}");
    }
    assert_eq!(steps_of_plugins(&door), ["vendor_match"]);
    let report = door.ok(RELOAD, json!({"plugins_dir": allowed.path()}));
    assert_eq!(fate(&report, "account_suggest"), ("loaded", ""));
    assert_eq!(fate(&report, "vendor_match").0, "retired");
    assert_eq!(steps_of_plugins(&door), ["account_suggest"]);
}

fn a_rehearsal_loads_nothing(world: &World) {
    let plugins = PluginDir::with(&["vendor_match"]);
    let door = door(world, &plugins);
    plugins.install("account_suggest");
    let report = door.ok(RELOAD, json!({"dry_run": true}));
    assert_eq!(fate(&report, "account_suggest"), ("loaded", ""));
    assert_eq!(
        (&report["dry_run"], &report["published"], &report["generation"]),
        (&json!(true), &json!(false), &json!(1)),
        "{report}"
    );
    assert_eq!(steps_of_plugins(&door), ["vendor_match"]);
    let report = door.ok(RELOAD, json!({"only": ["vendor_match"]}));
    assert_eq!((fate(&report, "account_suggest").0, &report["published"]), ("skipped", &json!(false)));
}

fn all_or_nothing_where_asked(world: &World) {
    let plugins = PluginDir::with(&["vendor_match"]);
    let door = door(world, &plugins);
    plugins.install("account_suggest");
    broken(&plugins);
    let refused = door.refused(RELOAD, json!({"strict": true}), &["nothing_published"]);
    assert_eq!(fate(&refused, "broken"), ("failed", "manifest_missing"));
    assert_eq!(refused["loaded"], json!(["vendor_match"]), "{refused}");
    assert_eq!(steps_of_plugins(&door), ["vendor_match"]);
    fs::remove_dir(plugins.of("broken")).expect("a folder");
    assert_eq!(door.ok(RELOAD, json!({"strict": true}))["published"], true);
    assert_eq!(steps_of_plugins(&door), ["vendor_match", "account_suggest"]);
}

fn what_is_gone_leaves(world: &World) {
    let plugins = PluginDir::with(&["vendor_match", "account_suggest"]);
    let door = door(world, &plugins);
    fs::remove_dir_all(plugins.of("account_suggest")).expect("a folder");
    plugins.write_manifest("vendor_match", |text| format!("enabled = false\n{text}"));
    let report = door.ok(RELOAD, json!({}));
    assert_eq!(fate(&report, "account_suggest").0, "retired");
    assert_eq!((&report["published"], &report["loaded"]), (&json!(true), &json!([])), "{report}");
    assert_eq!(steps_of_plugins(&door), Vec::<String>::new());
    // A step that takes the place of a built-in one is refused before its library is looked into.
    plugins.install("account_suggest");
    plugins.write_manifest("account_suggest", |text| {
        text.replace("[[steps]]\nname = \"account_suggest\"", "[[steps]]\nname = \"guard_monthly_budget\"")
    });
    let refused = door.refused(RELOAD, json!({}), &["nothing_published"]);
    assert_eq!(fate(&refused, "account_suggest"), ("failed", "reserved_step"));
}

fn only_signed_ones_where_required(world: &World) {
    let (plugins, keys) = (PluginDir::with(SHIPPED), tempfile::tempdir().expect("a folder"));
    let (private, trusted) = (keys.path().join("maker.key"), keys.path().join("trusted.toml"));
    let run = |arguments: &[&str]| {
        let ran = program(keys.path()).args(arguments).output().expect("the program runs");
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8(ran.stdout).expect("text")
    };
    let (private, folder) = (private.to_string_lossy(), plugins.of("vendor_match"));
    let entry = run(&["plugin", "keygen", "maker", "--out", &private]);
    fs::write(&trusted, entry).expect("a list of keys");
    for name in ["vendor_match", "account_suggest"] {
        run(&["plugin", "sign", &plugins.of(name).to_string_lossy(), "--key", &private]);
    }
    let settings = plugins
        .settings(DoorSettings::new(world.via), true)
        .variable("AI_PLUGIN_TRUSTED_KEYS", &trusted.to_string_lossy());
    // Who names keys wants signatures: the unsigned one is left out, and so is what was changed since.
    plugins.write_manifest("account_suggest", |text| format!("{text}\n# a word more\n"));
    let door = Door::open(settings);
    assert_eq!(steps_of_plugins(&door), ["vendor_match"]);
    let refused = door.refused(RELOAD, json!({}), &["nothing_published"]);
    assert_eq!(fate(&refused, "duplicate_guard"), ("failed", "signature_missing"));
    assert_eq!(fate(&refused, "account_suggest"), ("failed", "signature_invalid"));
    assert_eq!(fate(&refused, "vendor_match"), ("unchanged", ""));
    fs::remove_file(folder.join("plugin.toml.sig")).expect("a signature");
    let refused = door.refused(RELOAD, json!({}), &["nothing_published"]);
    assert_eq!(fate(&refused, "vendor_match"), ("kept_previous", "signature_missing"));
}

fn the_shipped_policy_lets_ten_a_minute(world: &World) {
    let shipped: Value = serde_json::from_str(include_str!("../../policy.json")).expect("the shipped policy");
    let plugins = PluginDir::with(&["vendor_match"]);
    let door = Door::open(plugins.settings(DoorSettings::new(world.via), true).policy(&shipped));
    for round in 0..10 {
        // A reload that fails counts like any other.
        match round % 2 {
            0 => drop(door.ok(RELOAD, json!({}))),
            _ => drop(door.refused(RELOAD, json!({"plugins_dir": "/tmp"}), &["directory_not_allowed"])),
        }
    }
    plugins.install("account_suggest");
    let refused = door.refused(RELOAD, json!({}), &["denied"]);
    assert!(refused["rule"].as_str().is_some_and(|rule| rule.contains(RELOAD)), "{refused}");
    assert!(
        refused["reason"].as_str().is_some_and(|reason| reason.contains("10 reloads a minute")),
        "{refused}"
    );
    assert_eq!(steps_of_plugins(&door), ["vendor_match"], "nothing was loaded");
}

fn a_policy_hides_and_refuses_it(world: &World) {
    let plugins = PluginDir::with(&[]);
    let hidden = json!({"version": "1", "default": "allow", "hide": [RELOAD]});
    let unlisted = json!({"version": "1", "default": "deny", "tools": {"ai_invoice_pipeline_steps": {}}});
    for policy in [hidden, unlisted] {
        let door = Door::open(plugins.settings(DoorSettings::new(world.via), true).policy(&policy));
        assert!(!door.tool_names().contains(&RELOAD.to_owned()));
        plugins.install("vendor_match");
        let refused = door.refused(RELOAD, json!({}), &["protocol"]);
        assert_eq!(refused["rpc_code"], -32602, "{refused}");
        assert_eq!(steps_of_plugins(&door), Vec::<String>::new());
        fs::remove_dir_all(plugins.of("vendor_match")).expect("a folder");
    }
    let denied = json!({"version": "1", "default": "allow",
        "tools": {RELOAD: {"action": "deny", "reason": "Ask the operator."}}});
    let door = Door::open(plugins.settings(DoorSettings::new(world.via), true).policy(&denied));
    plugins.install("vendor_match");
    assert_eq!(door.refused(RELOAD, json!({}), &["denied"])["reason"], "Ask the operator.");
    assert_eq!(steps_of_plugins(&door), Vec::<String>::new());
}

fn it_is_off_by_itself(world: &World) {
    let plugins = PluginDir::with(&["vendor_match"]);
    let settings =
        DoorSettings::new(world.via).variable("AI_INVOICE_PLUGINS_DIR", &plugins.path().to_string_lossy());
    let door = Door::open(settings);
    door.refused(RELOAD, json!({}), &["disabled"]);
    door.refused(RELOAD, json!({"plugins_dir": plugins.path()}), &["disabled"]);
    assert_eq!(steps_of_plugins(&door), Vec::<String>::new());
}
