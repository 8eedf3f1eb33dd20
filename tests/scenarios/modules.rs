//! What is known of modules.

use std::fs;

use serde_json::{Value, json};

use super::harness::{Door, World};

super::scenarios![
    a_module_is_told_as_odoo_knows_it,
    a_module_that_is_not_installed_says_so,
    unknown_modules_are_not_found,
    source_directories_are_searched,
    manifests_are_never_run,
    names_that_are_paths_are_refused,
    an_ordinary_user_is_told_what_odoo_allows,
    a_policy_that_closes_modules_is_obeyed,
];

fn info(door: &Door, module: &str) -> Value {
    door.ok("odoo_module_info", json!({"module": module}))
}

fn names(rows: &Value) -> Vec<&str> {
    rows.as_array().expect("rows").iter().filter_map(|row| row["name"].as_str()).collect()
}

fn a_module_is_told_as_odoo_knows_it(world: &World) {
    let (oracle, door) = (world.oracle(), world.door());
    let info = info(&door, "sale");
    assert_eq!(info["installed"], true, "{info}");
    assert_eq!(info["odoo"]["state"], "installed");
    assert_eq!(info["found_in"], json!(["odoo"]));
    assert_eq!(info["filesystem"], json!([]));
    assert!(info["note"].as_str().unwrap().contains("modules.source_dirs"));
    let id = oracle.search("ir.module.module", json!([["name", "=", "sale"]]))[0];
    assert_eq!(info["odoo"]["shortdesc"], oracle.field("ir.module.module", id, "shortdesc"));
    assert_eq!(info["odoo"]["version"]["installed"], oracle.field("ir.module.module", id, "latest_version"));
    let needed = oracle.call(
        "ir.module.module.dependency",
        "search_read",
        json!([[["module_id", "=", id]], ["name"]]),
        json!({"order": "name"}),
    );
    assert_eq!(names(&info["odoo"]["depends"]), names(&needed));
    assert!(
        info["odoo"]["depends"].as_array().unwrap().iter().all(|row| row["state"] == "installed"),
        "{info}"
    );
    let dependents = names(&info["odoo"]["dependents"]);
    assert!(dependents.contains(&"sale_management"), "{info}");
    for dependent in dependents {
        let domain = json!([["name", "=", dependent], ["state", "=", "installed"]]);
        assert_eq!(oracle.count("ir.module.module", domain), 1, "{dependent}");
    }
}

fn a_module_that_is_not_installed_says_so(world: &World) {
    let (oracle, door) = (world.oracle(), world.door());
    let domain = json!([["state", "=", "uninstalled"], ["name", "=like", "%h%"]]);
    let id = oracle.search("ir.module.module", domain)[0];
    let name = oracle.field("ir.module.module", id, "name");
    let info = info(&door, name.as_str().unwrap());
    assert_eq!(info["installed"], false, "{info}");
    assert_eq!(info["odoo"]["state"], "uninstalled");
}

fn unknown_modules_are_not_found(world: &World) {
    let info = info(&world.door(), "no_such_module_at_all");
    assert_eq!(info["found_in"], json!(["not_found"]), "{info}");
    assert_eq!(info["odoo"], Value::Null);
    assert_eq!(info["installed"], false);
    let arguments = json!({"module": "sale", "connection": "nowhere"});
    world.door().refused("odoo_module_info", arguments, &["unknown_connection"]);
}

/// A door that looks for source in a directory of its own.
fn door_with_source(world: &World, folder: &tempfile::TempDir) -> Door {
    let path = folder.path().to_str().expect("a path");
    Door::open(world.settings().variable("ODOO_MCP_MODULES_SOURCE_DIRS", path))
}

fn put(folder: &tempfile::TempDir, place: &str, manifest: &str) {
    let place = folder.path().join(place);
    fs::create_dir_all(&place).expect("a folder");
    fs::write(place.join("__manifest__.py"), manifest).expect("a manifest");
}

fn source_directories_are_searched(world: &World) {
    let folder = tempfile::tempdir().expect("a folder");
    put(&folder, "main/oca/sale-tools/sale", "{'name': 'Sales', 'version': '1.2.3', 'depends': ['base']}");
    put(&folder, "main/custom/own/only_here", "{'license': 'LGPL-3', 'summary': 'x' 'y'}");
    let door = door_with_source(world, &folder);
    let known = info(&door, "sale");
    assert_eq!(known["found_in"], json!(["oca", "odoo"]), "{known}");
    let source = &known["filesystem"][0];
    assert_eq!(source["path"], "main/oca/sale-tools/sale");
    assert_eq!(source["repo"], "sale-tools");
    assert_eq!(source["version"], "1.2.3");
    assert_eq!(source["depends"], json!(["base"]));
    let own = info(&door, "only_here");
    assert_eq!(own["found_in"], json!(["custom"]));
    assert_eq!(own["odoo"], Value::Null);
    assert_eq!(own["filesystem"][0]["summary"], "xy");
    for answer in [&known, &own] {
        let path = folder.path().to_str().expect("a path");
        assert!(!answer.to_string().contains(path), "a path of the host: {answer}");
    }
}

fn manifests_are_never_run(world: &World) {
    let folder = tempfile::tempdir().expect("a folder");
    let marker = folder.path().join("was_run");
    let code = format!("{{'name': open({:?}, 'w').write('x')}}", marker.to_str().expect("a path"));
    put(&folder, "own/evil_module", &code);
    put(&folder, "own/deep_module", &"[".repeat(200_000));
    put(&folder, "own/large_module", &format!("{{'name': '{}'}}", "x".repeat(600_000)));
    let door = door_with_source(world, &folder);
    for module in ["evil_module", "deep_module", "large_module"] {
        let info = info(&door, module);
        assert!(info["filesystem"][0]["parse_error"].is_string(), "{info}");
    }
    assert!(!marker.exists());
}

fn names_that_are_paths_are_refused(world: &World) {
    let folder = tempfile::tempdir().expect("a folder");
    put(&folder, "sale", "{}");
    let door = door_with_source(world, &folder);
    for wrong in ["", ".", "..", "../sale", "/etc", "own/sale", "sale\0", "Sale", "sale%", "sa le", "salé"] {
        door.refused("odoo_module_info", json!({"module": wrong}), &["invalid_arguments"]);
    }
    for wrong in
        [json!({}), json!({"module": 5}), json!({"module": ["sale"]}), json!({"module": "x".repeat(500)})]
    {
        door.refused("odoo_module_info", wrong, &["invalid_arguments"]);
    }
}

fn an_ordinary_user_is_told_what_odoo_allows(world: &World) {
    match world.door_of_demo().call("odoo_module_info", json!({"module": "sale"})) {
        Ok(info) => assert_eq!(info["installed"], true, "{info}"),
        Err(error) => assert_eq!(error["code"], "access_denied", "{error}"),
    }
}

fn a_policy_that_closes_modules_is_obeyed(world: &World) {
    let policy = json!({"version": "1", "default": "allow", "models": {"ir.module.module": {"ops": []}}});
    let front = world.front();
    let door = Door::open(world.settings().variable("ODOO_URL", &front.url()).policy(&policy));
    door.refused("odoo_module_info", json!({"module": "sale"}), &["denied"]);
    assert_eq!(front.calls_of("ir.module.module", "search_read"), 0);
}
