//! Field rights and record scope in what comes back: whatever road a value takes, the canary in it
//! arrives nowhere, and what was asked of Odoo is asserted too.

use serde_json::{Value, json};

use super::harness::{Answer, Behaviour, Door, Front, SignInBy, Temporary, World, unique};

super::scenarios![
    hidden_and_masked_fields_on_every_road,
    all_fields_are_those_that_exist_for_the_caller,
    names_of_related_records_follow_their_own_right,
    nested_records_follow_their_own_right,
    computed_and_related_fields_follow_what_they_show,
    definitions_and_suggestions_do_not_name_hidden_fields,
    errors_do_not_repeat_hidden_values,
    changes_are_told_without_hidden_values,
    digests_are_the_same_for_the_same_value,
    reads_on_every_road_keep_to_the_scope,
    ids_keep_their_order_and_missing_ones_are_missing,
    related_records_out_of_scope_are_ids,
    a_record_that_strays_raises_an_alarm,
    paths_of_a_rule_are_masked_in_result_and_text,
    secrets_are_masked_whatever_the_policy,
];

const OPS: [&str; 5] = ["read", "create", "write", "unlink", "execute"];

/// A door under rules for models, and the front that sees what passes.
#[track_caller]
fn under(world: &World, models: Value) -> (Front, Door) {
    let policy = json!({"version": "1", "default": "allow", "models": models});
    let front = world.front();
    let settings = world.settings().variable("ODOO_URL", &front.url()).policy(&policy);
    (front, Door::open(settings))
}

/// Contacts with some rights on their fields; every other model is open.
#[track_caller]
fn with_fields(world: &World, fields: Value) -> (Front, Door) {
    let open = json!({"ops": OPS, "methods": {"allow": ["*"]}});
    let mut contacts = open.clone();
    contacts["fields"] = fields;
    under(world, json!({"res.partner": contacts, "*": open}))
}

fn execute(method: &str, args: Value, kwargs: Value) -> Value {
    json!({"model": "res.partner", "method": method, "args": args, "kwargs": kwargs})
}

/// A contact whose every telling field holds the canary.
struct Canary {
    record: Temporary,
    word: String,
}

#[track_caller]
fn canary(world: &World) -> Canary {
    let word = format!("canary{}", unique("x").replace([' ', '-'], ""));
    let values = json!({
        "name": unique("Contact"), "email": format!("{word}@example.com"), "phone": word, "function": word,
        "ref": word, "city": "Ghent",
    });
    Canary { record: world.temporary("res.partner", values), word }
}

/// What the program said and kept, the log included, holds the word nowhere.
#[track_caller]
fn check_kept_silent(door: &Door, word: &str) {
    let said = door.everything_said();
    assert!(!said.contains(word), "the program said {word}: {said}");
    for (path, bytes) in door.state_files() {
        assert!(!String::from_utf8_lossy(&bytes).contains(word), "{} holds {word}", path.display());
    }
}

/// The answer in both its forms holds the word nowhere.
#[track_caller]
fn check_silent(answer: &Answer, word: &str, about: &str) {
    let whole = format!("{} {}", answer.structured, answer.text);
    assert!(!whole.contains(word), "{about} tells {word}: {whole}");
}

/// Calls that this version has; those it has not are answered with an error, and silent as well.
#[track_caller]
fn roads(world: &World, id: i64, fields: &[&str]) -> Vec<(&'static str, Value)> {
    let here = json!([["id", "=", id]]);
    let specification: Value =
        fields.iter().map(|name| ((*name).to_owned(), json!({}))).collect::<serde_json::Map<_, _>>().into();
    let mut roads = vec![
        ("odoo_search_read", json!({"model": "res.partner", "domain": here, "fields": fields})),
        ("odoo_read", json!({"model": "res.partner", "ids": [id], "fields": fields})),
        ("odoo_execute", execute("search_read", json!([here, fields]), json!({}))),
        ("odoo_execute", execute("search_read", json!([]), json!({"domain": here, "fields": fields}))),
        ("odoo_execute", execute("read", json!([[id], fields]), json!({}))),
        ("odoo_execute", execute("read", json!([id.to_string()]), json!({"fields": fields}))),
        ("odoo_execute", execute("export_data", json!([[id], fields]), json!({}))),
        ("odoo_web_read", json!({"model": "res.partner", "domain": here, "fields": fields})),
        ("odoo_web_export", json!({"model": "res.partner", "domain": here, "fields": fields})),
    ];
    // A key opens no session.
    if world.by == SignInBy::Password {
        roads.push(("odoo_web_call", execute("search_read", json!([here, fields]), json!({}))));
        roads.push(("odoo_web_call", execute("read", json!([[id], fields]), json!({}))));
    }
    if world.odoo.major >= 17 {
        roads.push(("odoo_execute", execute("web_read", json!([[id], specification]), json!({}))));
        let kwargs = json!({"domain": here, "specification": specification});
        roads.push(("odoo_execute", execute("web_search_read", json!([]), kwargs)));
        let values = json!([[id], {"city": "Ghent"}, specification]);
        roads.push(("odoo_execute", execute("web_save", values, json!({}))));
    } else {
        let kwargs = json!({"domain": here, "fields": fields});
        roads.push(("odoo_execute", execute("web_search_read", json!([]), kwargs)));
    }
    roads
}

fn hidden_and_masked_fields_on_every_road(world: &World) {
    let canary = canary(world);
    let rights = json!({
        "email": {"read": "mask"}, "phone": {"read": "deny"}, "function": {"read": "last4"}, "ref": {"read": "hash"},
    });
    let (front, door) = with_fields(world, rights);
    for (tool, arguments) in roads(world, canary.record.id, &["city", "email", "function", "ref"]) {
        let answer = door.answer(tool, arguments.clone());
        check_silent(&answer, &canary.word, &arguments.to_string());
        assert!(!answer.is_error, "{arguments}: {}", answer.structured);
        let whole = answer.structured.to_string();
        assert!(whole.contains("Ghent") && whole.contains("***"), "{arguments}: {whole}");
    }
    // A field that does not exist for the caller is not even asked for.
    for (tool, arguments) in roads(world, canary.record.id, &["city", "phone"]) {
        front.forget();
        let answer = door.answer(tool, arguments.clone());
        check_silent(&answer, &canary.word, &arguments.to_string());
        assert!(answer.is_error, "{arguments}: {}", answer.structured);
        let asked = front.recorded().into_iter().filter_map(|recorded| recorded.called());
        let asked: Vec<String> =
            asked.filter(|call| call.starts_with("res.partner.") && !call.ends_with("fields_get")).collect();
        assert!(asked.is_empty(), "{arguments} reached Odoo: {asked:?}");
    }
    check_kept_silent(&door, &canary.word);
}

fn all_fields_are_those_that_exist_for_the_caller(world: &World) {
    let canary = canary(world);
    let id = canary.record.id;
    let hidden = json!({"read": "deny"});
    let rights = json!({"email*": hidden, "phone*": hidden, "function": hidden, "ref": hidden});
    let (front, door) = with_fields(world, rights);
    for (tool, arguments) in [
        ("odoo_read", json!({"model": "res.partner", "ids": [id]})),
        ("odoo_search_read", json!({"model": "res.partner", "domain": [["id", "=", id]]})),
        ("odoo_execute", execute("read", json!([[id]]), json!({}))),
        ("odoo_execute", execute("search_read", json!([[["id", "=", id]]]), json!({}))),
    ] {
        front.forget();
        let mut arguments = arguments;
        arguments["max_bytes"] = json!(100_000);
        let answer = door.answer(tool, arguments.clone());
        assert!(!answer.is_error, "{arguments}: {}", answer.structured);
        check_silent(&answer, &canary.word, &arguments.to_string());
        assert!(answer.structured.to_string().contains("Ghent"), "{}", answer.structured);
        for recorded in front.recorded() {
            let called = recorded.called().unwrap_or_default();
            let body = recorded.message.everything();
            let names_it = body.contains("\"phone\"") || body.contains("\"email\"");
            assert!(!names_it || called.ends_with("fields_get"), "{called} asks for a hidden field: {body}");
        }
    }
}

fn names_of_related_records_follow_their_own_right(world: &World) {
    let parent = canary(world);
    let oracle = world.oracle();
    oracle.call("res.partner", "write", json!([[parent.record.id], {"name": parent.word}]), json!({}));
    let child = world.temporary("res.partner", json!({"name": parent.word, "parent_id": parent.record.id}));
    let (_front, door) = with_fields(world, json!({"name": {"read": "mask"}}));
    for (tool, arguments) in roads(world, child.id, &["parent_id", "name"]) {
        let answer = door.answer(tool, arguments.clone());
        assert!(!answer.is_error, "{arguments}: {}", answer.structured);
        check_silent(&answer, &parent.word, &arguments.to_string());
    }
    let read = json!({"model": "res.partner", "ids": [child.id], "fields": ["parent_id", "name"]});
    let record = door.ok("odoo_read", read)["records"][0].clone();
    assert_eq!(
        (&record["parent_id"], &record["name"]),
        (&json!(parent.record.id), &json!("***")),
        "{record}"
    );
    // Looking for a name by its letters would tell them.
    for kwargs in [json!({"name": parent.word}), json!({"name": "", "args": [["id", "=", child.id]]})] {
        let answer = door.answer("odoo_execute", execute("name_search", json!([]), kwargs));
        check_silent(&answer, &parent.word, "name_search");
    }
}

fn nested_records_follow_their_own_right(world: &World) {
    let parent = canary(world);
    let child =
        world.temporary("res.partner", json!({"name": unique("Child"), "parent_id": parent.record.id}));
    let (_front, door) = with_fields(world, json!({"email": {"read": "mask"}}));
    if world.odoo.major >= 17 {
        let nested = json!({"parent_id": {"fields": {"city": {}, "email": {}}}, "child_ids": {"fields": {"email": {}}}});
        for (method, args) in [
            ("web_read", json!([[child.id, parent.record.id], nested])),
            ("web_save", json!([[child.id], {"city": "Ghent"}, nested])),
        ] {
            let answer = door.answer("odoo_execute", execute(method, args, json!({})));
            check_silent(&answer, &parent.word, method);
        }
    }
    for path in ["parent_id/email", "parent_id/.id"] {
        let answer = door
            .answer("odoo_execute", execute("export_data", json!([[child.id], ["name", path]]), json!({})));
        check_silent(&answer, &parent.word, path);
    }
}

fn computed_and_related_fields_follow_what_they_show(world: &World) {
    let canary = canary(world);
    let (_front, door) =
        with_fields(world, json!({"email": {"read": "mask"}, "email_normalized": {"read": "deny"}}));
    for field in ["email_formatted", "email_normalized"] {
        for (tool, arguments) in roads(world, canary.record.id, &["city", field]) {
            check_silent(&door.answer(tool, arguments.clone()), &canary.word, &arguments.to_string());
        }
    }
    // Nor is it a way to look for one by its letters.
    for domain in
        [json!([["email_normalized", "like", &canary.word]]), json!([["email_formatted", "!=", false]])]
    {
        let count = json!({"model": "res.partner", "domain": domain});
        door.refused("odoo_search_count", count, &["denied", "unknown_field"]);
    }
    // A user's address is that of a contact.
    let domain = json!([["partner_id", "!=", false]]);
    let users = json!({"model": "res.users", "domain": domain, "fields": ["login", "email"], "limit": 3});
    if let Ok(found) = door.call("odoo_search_read", users) {
        for user in found["records"].as_array().expect("records") {
            assert!(user.get("email").is_none_or(|email| email == "***"), "{user}");
        }
    }
}

fn definitions_and_suggestions_do_not_name_hidden_fields(world: &World) {
    let (_front, door) = with_fields(world, json!({"phone*": {"read": "deny"}, "email": {"read": "mask"}}));
    let listed =
        door.ok("odoo_fields_get", json!({"model": "res.partner", "limit": 1000, "max_bytes": 100_000}));
    let names: Vec<&str> = listed["fields"]
        .as_array()
        .expect("fields")
        .iter()
        .filter_map(|field| field["name"].as_str())
        .collect();
    assert!(names.contains(&"email") && !names.iter().any(|name| name.starts_with("phone")), "{names:?}");
    let all = door.answer(
        "odoo_execute",
        execute("fields_get", json!([]), json!({"attributes": ["type", "depends", "related"]})),
    );
    assert!(!all.structured.to_string().contains("\"phone\""), "{}", all.structured);
    for (tool, arguments) in [
        ("odoo_read", json!({"model": "res.partner", "ids": [1], "fields": ["phon"]})),
        ("odoo_fields_get", json!({"model": "res.partner", "fields": ["phon"]})),
        ("odoo_search_count", json!({"model": "res.partner", "domain": [["phon", "=", "x"]]})),
        ("odoo_write", json!({"model": "res.partner", "ids": [1], "values": {"phon": "x"}, "dry_run": true})),
        ("odoo_execute", execute("search_count", json!([[["phon", "=", "x"]]]), json!({}))),
    ] {
        let error = door.refused(tool, arguments.clone(), &["unknown_field", "invalid_arguments", "denied"]);
        let hint = format!("{} {}", error["hint"], error["message"]).replace("`phon`", "");
        assert!(!hint.contains("phon"), "{tool} {arguments} suggests: {error}");
    }
}

fn errors_do_not_repeat_hidden_values(world: &World) {
    let canary = canary(world);
    let front = world.front();
    let policy = json!({"version": "1", "default": "allow", "models": {
        "res.partner": {"ops": OPS, "fields": {"email": {"read": "mask"}}}, "*": {"ops": OPS},
    }});
    let door = Door::open(world.settings().variable("ODOO_URL", &front.url()).policy(&policy));
    let write = json!({"model": "res.partner", "ids": [canary.record.id], "values": {"city": "Ghent"}});
    door.ok("odoo_write", write.clone());
    let body = json!({"jsonrpc": "2.0", "id": 1, "error": {"code": 200, "message": "Odoo Server Error", "data": {
        "name": "odoo.exceptions.ValidationError", "message": format!("{} is taken", canary.word),
        "arguments": [canary.word], "debug": canary.word,
    }}});
    let json2 = json!({"name": "odoo.exceptions.ValidationError", "message": format!("{} is taken", canary.word), "arguments": [canary.word]});
    front.behave(move |message| {
        let by_json2 = message.path().starts_with("/json/2/res.partner/write");
        if by_json2 || (String::from_utf8_lossy(&message.body).contains("\"write\"")) {
            let (status, body) = if by_json2 { (422, json2.to_string()) } else { (200, body.to_string()) };
            return Behaviour::Answer { status, content_type: "application/json", body };
        }
        Behaviour::Pass
    });
    let error = door.refused("odoo_write", write, &["validation"]);
    assert!(!error.to_string().contains(&canary.word), "{error}");
    // Nor does anybody else hear it.
    let connections = door.ok("odoo_connections", json!({}));
    assert!(!connections.to_string().contains(&canary.word), "{connections}");
}

fn changes_are_told_without_hidden_values(world: &World) {
    let canary = canary(world);
    let (_front, door) = with_fields(world, json!({"email": {"read": "mask"}}));
    for dry_run in [true, false] {
        let values = json!({"email": "new@example.com", "city": "Bruges"});
        let write =
            json!({"model": "res.partner", "ids": [canary.record.id], "values": values, "dry_run": dry_run});
        let answer = door.answer("odoo_write", write);
        assert!(!answer.is_error, "{}", answer.structured);
        check_silent(&answer, &canary.word, "a change");
    }
    assert_eq!(world.oracle().field("res.partner", canary.record.id, "email"), "new@example.com");
    let copy = door.answer("odoo_execute", execute("copy", json!([[canary.record.id]]), json!({})));
    check_silent(&copy, &canary.word, "a copy");
    let copies = world
        .oracle()
        .search("res.partner", json!([["ref", "=", canary.word], ["id", "!=", canary.record.id]]));
    let _copies: Vec<_> = copies.iter().map(|id| world.adopt("res.partner", *id)).collect();
}

fn digests_are_the_same_for_the_same_value(world: &World) {
    let (one, other) = (canary(world), canary(world));
    let same = world.temporary("res.partner", json!({"name": unique("Same"), "ref": one.word}));
    let (_front, door) = with_fields(world, json!({"ref": {"read": "hash"}}));
    let read =
        json!({"model": "res.partner", "ids": [one.record.id, same.id, other.record.id], "fields": ["ref"]});
    let records = door.ok("odoo_read", read)["records"].clone();
    assert!(!records.to_string().contains(&one.word), "{records}");
    assert_eq!(records[0]["ref"], records[1]["ref"], "{records}");
    assert_ne!(records[0]["ref"], records[2]["ref"], "{records}");
}

/// Contacts of which the first two are within the scope of a door and the third is not.
struct Scoped {
    front: Front,
    door: Door,
    inside: [Temporary; 2],
    outside: Canary,
    tag: String,
}

#[track_caller]
fn scoped(world: &World) -> Scoped {
    let tag = unique("Scope");
    let inside = || world.temporary("res.partner", json!({"name": unique("Inside"), "function": tag}));
    let inside = [inside(), inside()];
    let outside = canary(world);
    let contacts = json!({"ops": OPS, "domain": {"read": [["function", "=", tag]]}});
    let (front, door) = under(world, json!({"res.partner": contacts, "*": {"ops": OPS}}));
    Scoped { front, door, inside, outside, tag }
}

fn reads_on_every_road_keep_to_the_scope(world: &World) {
    let Scoped { front, door, inside, outside, tag } = scoped(world);
    let ids = json!([outside.record.id, inside[0].id]);
    let within = json!([["id", "in", ids]]);
    let mut roads = vec![
        ("odoo_search_read", json!({"model": "res.partner", "domain": within, "fields": ["city", "ref"]})),
        ("odoo_read", json!({"model": "res.partner", "ids": ids, "fields": ["ref"]})),
        ("odoo_execute", execute("search", json!([within]), json!({}))),
        ("odoo_execute", execute("search_read", json!([within, ["ref"]]), json!({}))),
        ("odoo_execute", execute("search_read", json!([]), json!({"domain": within, "fields": ["ref"]}))),
        ("odoo_execute", execute("read", json!([ids, ["ref"]]), json!({}))),
        ("odoo_execute", execute("read", json!([]), json!({"ids": ids, "fields": ["ref"]}))),
        ("odoo_execute", execute("export_data", json!([ids, ["ref"]]), json!({}))),
        ("odoo_execute", execute("name_search", json!(["", within]), json!({}))),
    ];
    if world.odoo.major >= 17 {
        roads.push(("odoo_execute", execute("web_read", json!([ids, {"ref": {}}]), json!({}))));
        let kwargs = json!({"domain": within, "specification": {"ref": {}}});
        roads.push(("odoo_execute", execute("web_search_read", json!([]), kwargs)));
        let groups = json!([within, ["ref"], ["__count"]]);
        roads.push(("odoo_execute", execute("formatted_read_group", groups, json!({}))));
    } else {
        roads.push(("odoo_execute", execute("name_get", json!([ids]), json!({}))));
        roads.push(("odoo_execute", execute("read_group", json!([within, ["ref"], ["ref"]]), json!({}))));
    }
    for (tool, arguments) in roads {
        front.forget();
        let answer = door.answer(tool, arguments.clone());
        assert!(!answer.is_error, "{arguments}: {}", answer.structured);
        check_silent(&answer, &outside.word, &arguments.to_string());
        let read = front.recorded().iter().any(|recorded| recorded.message.everything().contains(&tag));
        assert!(read, "{arguments} was asked without its scope");
    }
    // What cannot be kept within the scope is not sent.
    front.forget();
    let count = door.ok("odoo_search_count", json!({"model": "res.partner", "domain": within}));
    assert_eq!(count["count"], 1);
    let all = door.ok(
        "odoo_search_count",
        json!({"model": "res.partner", "domain": ["|", ["id", ">", 0], ["id", "<", 0]]}),
    );
    assert_eq!(all["count"], 2);
}

fn ids_keep_their_order_and_missing_ones_are_missing(world: &World) {
    let Scoped { front: _front, door, inside: [first, second], outside, .. } = scoped(world);
    let nobody = outside.record.id + 500_000;
    for missing in [outside.record.id, nobody] {
        let ids = json!([second.id, missing, first.id]);
        let read = door.ok("odoo_read", json!({"model": "res.partner", "ids": ids, "fields": ["name"]}));
        assert_eq!(super::harness::ids_of(&read), [second.id, first.id]);
        assert_eq!(read["missing"], json!([missing]));
    }
    let answer = |id: i64, tool: &str, arguments: Value| {
        let answer = door.answer(tool, arguments);
        format!("{} {}", answer.structured, answer.text).replace(&id.to_string(), "ID")
    };
    for (tool, of) in [
        (
            "odoo_read",
            (|id| json!({"model": "res.partner", "ids": [id], "fields": ["name"]})) as fn(i64) -> Value,
        ),
        (
            "odoo_write",
            |id| json!({"model": "res.partner", "ids": [id], "values": {"city": "x"}, "dry_run": true}),
        ),
        ("odoo_unlink", |id| json!({"model": "res.partner", "ids": [id], "dry_run": true})),
        ("odoo_execute", |id| execute("read", json!([[id], ["name"]]), json!({}))),
        ("odoo_execute", |id| execute("export_data", json!([[id], ["name"]]), json!({}))),
    ] {
        assert_eq!(
            answer(outside.record.id, tool, of(outside.record.id)),
            answer(nobody, tool, of(nobody)),
            "{tool}"
        );
    }
}

fn related_records_out_of_scope_are_ids(world: &World) {
    let tag = unique("Scope");
    let outside = canary(world);
    world.oracle().call(
        "res.partner",
        "write",
        json!([[outside.record.id], {"name": outside.word}]),
        json!({}),
    );
    let child = world.temporary(
        "res.partner",
        json!({"name": unique("Inside"), "function": tag, "parent_id": outside.record.id}),
    );
    let contacts = json!({"ops": OPS, "domain": {"read": [["function", "=", tag]]}});
    let (_front, door) = under(world, json!({"res.partner": contacts, "*": {"ops": OPS}}));
    for (tool, arguments) in roads(world, child.id, &["name", "parent_id"]) {
        // A save answers with the record's name, which holds that of its parent in some versions.
        let answer = door.answer(tool, arguments.clone());
        let parent = answer.structured["records"][0]["parent_id"].clone();
        if !answer.is_error && !parent.is_null() {
            assert_eq!(parent, json!(outside.record.id), "{arguments}");
        }
    }
}

fn a_record_that_strays_raises_an_alarm(world: &World) {
    let tag = unique("Scope");
    let contact = world.temporary("res.partner", json!({"name": unique("Inside"), "function": tag}));
    let contacts = json!({"ops": OPS, "domain": [["function", "=", tag]]});
    let (front, door) = under(world, json!({"res.partner": contacts, "*": {"ops": OPS}}));
    let write = json!({"model": "res.partner", "ids": [contact.id], "values": {"city": "Ghent"}});
    door.ok("odoo_write", write.clone());
    assert_eq!(alarms(&door), 0);
    // Somebody else is faster than the change, and slower than the check.
    let (oracle, id) = (world.oracle(), contact.id);
    front.behave(move |message| {
        let body = String::from_utf8_lossy(&message.body).into_owned();
        let writes = message.path().ends_with("/res.partner/write") || body.contains("\"write\"");
        if writes {
            oracle.call("res.partner", "write", json!([[id], {"function": "elsewhere"}]), json!({}));
        }
        Behaviour::Pass
    });
    door.ok("odoo_write", write);
    assert_eq!(alarms(&door), 1);
}

/// Alarms of this kind in the log of a door.
#[track_caller]
fn alarms(door: &Door) -> usize {
    let files = door.state_files();
    let log = files.iter().find(|(path, _)| path.ends_with("audit.jsonl")).expect("a log");
    String::from_utf8_lossy(&log.1).matches("records_left_their_domain").count()
}

fn paths_of_a_rule_are_masked_in_result_and_text(world: &World) {
    let canary = canary(world);
    let policy = json!({"version": "1", "default": "allow", "tools": {
        "odoo_search_read": {"redact": ["records[*].email", "records[*].phone"]},
        "odoo_read": {"redact": ["records[*].email", "records[*].phone", "records[*].function", "records[*].ref"]},
    }});
    let door = world.door_under(&policy);
    let fields = json!(["email", "phone", "city"]);
    for (tool, arguments) in [
        (
            "odoo_search_read",
            json!({"model": "res.partner", "domain": [["id", "=", canary.record.id]], "fields": fields}),
        ),
        ("odoo_read", json!({"model": "res.partner", "ids": [canary.record.id], "fields": fields})),
    ] {
        let answer = door.answer(tool, arguments);
        assert!(!answer.is_error, "{}", answer.structured);
        check_silent(&answer, &canary.word, tool);
        let record = &answer.structured["records"][0];
        assert_eq!(
            (&record["email"], &record["phone"], &record["city"]),
            (&json!("***"), &json!("***"), &json!("Ghent"))
        );
        assert!(answer.text.contains("***") && answer.text.contains("Ghent"), "{}", answer.text);
    }
}

fn secrets_are_masked_whatever_the_policy(world: &World) {
    let token = format!("ghp_{}", "aB3dE6gH9".repeat(4));
    let iban = "BE68539007547034";
    let comment =
        format!("token {token}, card 4111 1111 1111 1111, account {iban}, https://a:hunter2@host/x");
    let values =
        json!({"name": unique("Contact"), "street": comment, "ref": iban, "street2": "4111111111111111"});
    let contact = world.temporary("res.partner", values);
    let door = world.door();
    let fields = json!(["street", "street2", "ref"]);
    for (tool, arguments) in [
        ("odoo_read", json!({"model": "res.partner", "ids": [contact.id], "fields": fields})),
        ("odoo_execute", execute("read", json!([[contact.id], fields]), json!({}))),
    ] {
        let answer = door.answer(tool, arguments);
        for secret in [token.as_str(), "4111 1111", "hunter2", "4111111111111111"] {
            check_silent(&answer, secret, tool);
        }
        assert!(
            answer.structured.to_string().contains(iban) && answer.text.contains("https://a:"),
            "{}",
            answer.text
        );
    }
}
