//! What a person agreed to happens once, exactly so, and nothing else does: on the command line beside
//! a running server, and in a form of the client.

use std::path::Path;

use serde_json::{Value, json};

use super::harness::{Behaviour, Door, Via, World, program, unique};

super::scenarios![
    granted_once_works_once,
    what_differs_is_asked_for_again,
    a_record_that_changed_meanwhile_is_asked_for_again,
    another_policy_makes_approvals_void,
    a_refusal_stands,
    what_was_not_used_in_time_is_over,
    an_approval_is_used_before_anything_is_sent,
    what_a_person_reads_is_what_happens,
    what_the_caller_may_not_read_is_not_shown,
    limits_count_when_it_happens,
    a_denial_that_appeared_meanwhile_wins,
    only_so_many_questions_wait,
    the_state_directory_tells_nothing,
    a_form_is_answered_once_and_for_this_call,
    a_client_never_answers_for_more_than_writing,
    a_form_about_a_record_that_changed_is_worth_nothing,
];

fn asking() -> Value {
    json!({"version": "1", "default": "allow", "tools": {
        "odoo_write": {"action": "require_approval", "reason": "Look first."},
        "odoo_unlink": {"action": "require_approval", "reason": "Look twice."},
    }})
}

fn write(id: i64, name: &str) -> Value {
    json!({"model": "res.partner", "ids": [id], "values": {"name": name}})
}

/// The command line on the state directory of a door: its result as JSON, or what it said instead.
fn operator(state: &Path, arguments: &[&str]) -> Result<Value, String> {
    let home = tempfile::tempdir().expect("a folder");
    let mut command = program(home.path());
    command.arg("approvals").args(arguments).arg("--json").arg("--state-dir").arg(state);
    let output = command.output().expect("the program starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() {
        Ok(serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}")))
    } else {
        Err(said)
    }
}

/// The id under which a call waits for a person.
#[track_caller]
fn waits(door: &Door, tool: &str, arguments: Value) -> String {
    let error = door.refused(tool, arguments, &["needs_approval"]);
    assert_eq!(error["next"], "ask", "{error}");
    error["approval"].as_str().unwrap_or_else(|| panic!("no id: {error}")).to_owned()
}

#[track_caller]
fn grant(door: &Door, id: &str) {
    let granted = operator(door.state_dir(), &["grant", id]).unwrap_or_else(|said| panic!("{said}"));
    assert_eq!(granted["approval"]["is"], "granted", "{granted}");
}

#[track_caller]
fn name_of(world: &World, id: i64) -> String {
    world.oracle().field("res.partner", id, "name").as_str().unwrap_or_default().to_owned()
}

fn granted_once_works_once(world: &World) {
    let contact = world.contact();
    let before = name_of(world, contact.id);
    let door = world.door_under(&asking());
    let (first, second) = (unique("First"), unique("Second"));
    let id = waits(&door, "odoo_write", write(contact.id, &first));
    assert_eq!(waits(&door, "odoo_write", write(contact.id, &first)), id, "the same question, the same id");
    assert_eq!(name_of(world, contact.id), before);
    let listed = operator(door.state_dir(), &["list"]).unwrap();
    assert_eq!(listed["approvals"][0]["id"], json!(id), "{listed}");

    grant(&door, &id);
    assert!(operator(door.state_dir(), &["grant", &id]).unwrap_err().contains("granted already"));
    door.ok("odoo_write", write(contact.id, &first));
    assert_eq!(name_of(world, contact.id), first);
    assert!(operator(door.state_dir(), &["grant", &id]).unwrap_err().contains("used already"));
    assert_eq!(operator(door.state_dir(), &["show", &id]).unwrap()["is"], "used");

    // The same words again are a new deed.
    world.oracle().call("res.partner", "write", json!([[contact.id], {"name": second}]), json!({}));
    assert_ne!(waits(&door, "odoo_write", write(contact.id, &first)), id);
    assert_eq!(name_of(world, contact.id), second);
    for bad in ["0000000000", "../../audit", ""] {
        assert!(operator(door.state_dir(), &["grant", bad]).unwrap_err().contains(" no "), "{bad}");
    }
}

fn what_differs_is_asked_for_again(world: &World) {
    let (contact, other) = (world.contact(), world.contact());
    let (before, untouched) = (name_of(world, contact.id), name_of(world, other.id));
    let door = world.door_under(&asking());
    let name = unique("Name");
    let id = waits(&door, "odoo_write", write(contact.id, &name));
    grant(&door, &id);
    for (tool, different) in [
        ("odoo_write", write(contact.id, &format!("{name}x"))),
        ("odoo_write", write(other.id, &name)),
        (
            "odoo_write",
            json!({"model": "res.partner", "ids": [contact.id, other.id], "values": {"name": name}}),
        ),
        (
            "odoo_write",
            json!({"model": "res.partner", "ids": [contact.id], "values": {"name": name, "ref": "x"}}),
        ),
        ("odoo_unlink", json!({"model": "res.partner", "ids": [contact.id]})),
        (
            "odoo_execute",
            json!({"model": "res.partner", "method": "write", "args": [[contact.id], {"name": name}]}),
        ),
    ] {
        let error = door.refused(tool, different.clone(), &["needs_approval"]);
        assert_ne!(error["approval"], json!(id), "{different}");
    }
    assert_eq!((name_of(world, contact.id), name_of(world, other.id)), (before, untouched));
    door.ok("odoo_write", write(contact.id, &name));
    assert_eq!(name_of(world, contact.id), name);
}

fn a_record_that_changed_meanwhile_is_asked_for_again(world: &World) {
    let contact = world.contact();
    let door = world.door_under(&asking());
    let (name, meanwhile) = (unique("Name"), unique("Meanwhile"));
    let id = waits(&door, "odoo_write", write(contact.id, &name));
    grant(&door, &id);
    world.oracle().call("res.partner", "write", json!([[contact.id], {"name": meanwhile}]), json!({}));
    assert_ne!(waits(&door, "odoo_write", write(contact.id, &name)), id);
    assert_eq!(name_of(world, contact.id), meanwhile);
}

fn another_policy_makes_approvals_void(world: &World) {
    let contact = world.contact();
    let state = tempfile::tempdir().expect("a folder");
    let name = unique("Name");
    let door = Door::open(world.settings().policy(&asking()).state(state.path()));
    let id = waits(&door, "odoo_write", write(contact.id, &name));
    grant(&door, &id);
    drop(door);
    let mut changed = asking();
    changed["description"] = "Another text is another policy.".into();
    let door = Door::open(world.settings().policy(&changed).state(state.path()));
    assert_ne!(waits(&door, "odoo_write", write(contact.id, &name)), id);
    assert_ne!(name_of(world, contact.id), name);
    drop(door);
    // Under the policy it was given for it is still good, in another process.
    let door = Door::open(world.settings().policy(&asking()).state(state.path()));
    door.ok("odoo_write", write(contact.id, &name));
    assert_eq!(name_of(world, contact.id), name);
}

fn a_refusal_stands(world: &World) {
    let contact = world.contact();
    let door = world.door_under(&asking());
    let name = unique("Name");
    let id = waits(&door, "odoo_write", write(contact.id, &name));
    assert_eq!(operator(door.state_dir(), &["refuse", &id]).unwrap()["approval"]["is"], "refused");
    let error = door.refused("odoo_write", write(contact.id, &name), &["needs_approval"]);
    assert_eq!(error["next"], "stop", "{error}");
    assert!(operator(door.state_dir(), &["grant", &id]).unwrap_err().contains("refused already"));
    assert_ne!(name_of(world, contact.id), name);

    // A yes can be taken back as long as it was not used.
    let other = unique("Other");
    let id = waits(&door, "odoo_write", write(contact.id, &other));
    grant(&door, &id);
    operator(door.state_dir(), &["refuse", &id]).unwrap();
    door.refused("odoo_write", write(contact.id, &other), &["needs_approval"]);
    assert_ne!(name_of(world, contact.id), other);
}

fn what_was_not_used_in_time_is_over(world: &World) {
    let contact = world.contact();
    let mut policy = asking();
    policy["approvals"] = json!({"ttl": 2});
    let door = world.door_under(&policy);
    let (granted, asked) = (unique("Granted"), unique("Asked"));
    let id = waits(&door, "odoo_write", write(contact.id, &granted));
    let late = waits(&door, "odoo_write", write(contact.id, &asked));
    grant(&door, &id);
    std::thread::sleep(std::time::Duration::from_millis(2_050));
    assert!(operator(door.state_dir(), &["grant", &late]).unwrap_err().contains("expired"));
    assert_ne!(waits(&door, "odoo_write", write(contact.id, &granted)), id);
    assert_ne!(name_of(world, contact.id), granted);
}

fn an_approval_is_used_before_anything_is_sent(world: &World) {
    let contact = world.contact();
    let before = name_of(world, contact.id);
    let state = tempfile::tempdir().expect("a folder");
    let front = world.front();
    let settings = world.settings().variable("ODOO_URL", &front.url()).policy(&asking()).state(state.path());
    let name = unique("Name");
    let door = Door::open(settings.clone());
    let id = waits(&door, "odoo_write", write(contact.id, &name));
    grant(&door, &id);
    front.on_call("res.partner", "write", Behaviour::Hang);
    let _pending = door.begin("odoo_write", write(contact.id, &name));
    let since = std::time::Instant::now();
    while front.calls_of("res.partner", "write") == 0 {
        assert!(since.elapsed() < std::time::Duration::from_secs(60), "the write never came");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    // Killed while the write is on its way: nobody knows what became of it.
    drop(door);
    front.always(Behaviour::Pass);
    let door = Door::open(settings);
    assert_eq!(operator(state.path(), &["show", &id]).unwrap()["is"], "used");
    assert_ne!(waits(&door, "odoo_write", write(contact.id, &name)), id);
    assert_eq!(name_of(world, contact.id), before);
}

fn what_a_person_reads_is_what_happens(world: &World) {
    let tag = unique("Old\u{202e}\u{200b} \"name\"\nAsked by nobody");
    let contact = world.temporary("res.partner", json!({"name": tag, "email": "canary@example.com"}));
    let mut policy = asking();
    let ops = json!(["read", "create", "write", "unlink"]);
    policy["models"] = json!({"*": {"ops": ops, "fields": {"email": {"read": "mask"}}}});
    let door = world.door_under(&policy);
    let values = json!({"name": "New", "email": "new@example.com"});
    let id =
        waits(&door, "odoo_write", json!({"model": "res.partner", "ids": [contact.id], "values": values}));
    let shown = operator(door.state_dir(), &["show", &id]).unwrap();
    let question = shown["question"].as_str().unwrap();
    for part in [
        "May `odoo_write` go ahead",
        "change 1 record of res.partner",
        &format!("(id {})", contact.id),
        "-> \"New\"",
        "-> \"new@example.com\"",
        "Asked by the rule /tools/odoo_write",
        "Look first.",
    ] {
        assert!(question.contains(part), "no `{part}` in: {question}");
    }
    assert!(!question.contains("canary"), "{question}");
    assert!(question.chars().all(|c| c == '\n' || !(c.is_control() || matches!(c, '\u{202e}' | '\u{200b}'))));
    assert!(!question.lines().any(|line| line.starts_with("Asked by nobody")), "{question}");
}

fn what_the_caller_may_not_read_is_not_shown(world: &World) {
    let contact = world.temporary("res.partner", json!({"name": unique("canary"), "ref": "canary"}));
    let execute = json!({"model": "res.partner", "method": "toggle_active", "args": [[contact.id]]});
    let asks = json!({"odoo_execute": {"action": "require_approval"}});
    for rule in [
        json!({"ops": ["write"]}),
        json!({"ops": ["read", "write"], "domain": {"read": [["ref", "=", "nothing has this"]]}}),
    ] {
        let policy =
            json!({"version": "1", "default": "allow", "tools": asks, "models": {"res.partner": rule}});
        let door = world.door_under(&policy);
        let id = waits(&door, "odoo_execute", execute.clone());
        let shown = operator(door.state_dir(), &["show", &id]).unwrap();
        let question = shown["question"].as_str().unwrap();
        assert!(
            question.contains(&format!("  id {}", contact.id)) && !question.contains("canary"),
            "{shown}"
        );
    }
}

fn limits_count_when_it_happens(world: &World) {
    let contact = world.contact();
    let mut policy = asking();
    policy["tools"]["odoo_write"]["limits"] =
        json!([{"counter": "writes", "window": 3600, "max": 1, "scope": "grant"}]);
    let door = world.door_under(&policy);
    let (one, two) = (unique("One"), unique("Two"));
    let first = waits(&door, "odoo_write", write(contact.id, &one));
    grant(&door, &first);
    door.ok("odoo_write", write(contact.id, &one));
    // Asking is not worth it any more.
    let error = door.refused("odoo_write", write(contact.id, &two), &["denied"]);
    assert_eq!(error["next"], "wait", "{error}");
    assert_eq!(name_of(world, contact.id), one);
}

fn a_denial_that_appeared_meanwhile_wins(world: &World) {
    let contact = world.contact();
    let door = world.door_under(&asking());
    let name = unique("Name");
    let id = waits(&door, "odoo_write", write(contact.id, &name));
    grant(&door, &id);
    let home = tempfile::tempdir().expect("a folder");
    let mut pause = program(home.path());
    pause.args(["policy", "pause", "--reason", "Stock-taking.", "--state-dir"]).arg(door.state_dir());
    assert!(pause.output().expect("the program starts").status.success());
    door.refused("odoo_write", write(contact.id, &name), &["paused"]);
    assert_ne!(name_of(world, contact.id), name);
    assert_eq!(operator(door.state_dir(), &["show", &id]).unwrap()["is"], "granted", "nothing was used");
}

fn only_so_many_questions_wait(world: &World) {
    let contact = world.contact();
    let mut policy = asking();
    policy["approvals"] = json!({"max_pending": 2});
    let door = world.door_under(&policy);
    let ids: Vec<String> =
        (0..2).map(|_| waits(&door, "odoo_write", write(contact.id, &unique("Name")))).collect();
    let error = door.refused("odoo_write", write(contact.id, &unique("Name")), &["needs_approval"]);
    assert_eq!((&error["next"], &error["approval"]), (&json!("wait"), &Value::Null), "{error}");
    operator(door.state_dir(), &["refuse", &ids[0]]).unwrap();
    waits(&door, "odoo_write", write(contact.id, &unique("Name")));
}

fn the_state_directory_tells_nothing(world: &World) {
    let contact = world.temporary("res.partner", json!({"name": unique("canary-before")}));
    let door = world.door_under(&asking());
    let name = unique("canary-after");
    let id = waits(&door, "odoo_write", write(contact.id, &name));
    grant(&door, &id);
    door.ok("odoo_write", write(contact.id, &name));
    let files = door.state_files();
    assert!(files.iter().any(|(path, _)| path.to_string_lossy().contains(&id)), "{files:?}");
    for (path, bytes) in files {
        assert!(!String::from_utf8_lossy(&bytes).contains("canary"), "{}", path.display());
    }
    assert!(!door.log().contains("canary"));
    let log = std::fs::read_to_string(door.state_dir().join("audit.jsonl")).unwrap();
    for what in ["asked", "granted"] {
        let line = format!("\"what\":\"{what}\"");
        assert!(log.lines().any(|text| text.contains(&line) && text.contains(&id)), "{what}: {log}");
    }
}

/// A client of 2026-07-28 that shows forms.
struct Modern(Door);

impl Modern {
    #[track_caller]
    fn open(world: &World, policy: &Value) -> Self {
        Self(Door::spawn(world.settings().via(Via::Stdio).policy(policy)))
    }

    #[track_caller]
    fn call(&self, tool: &str, arguments: &Value, back: Option<(&Value, Value)>) -> Value {
        let mut parameters = json!({"name": tool, "arguments": arguments, "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {"elicitation": {"form": {}, "url": {}}},
            "io.modelcontextprotocol/clientInfo": {"name": "scenarios", "version": "1"},
        }});
        if let Some((state, given)) = back {
            parameters["requestState"] = state.clone();
            parameters["inputResponses"] = json!({"approval": given});
        }
        let answer = self.0.request("tools/call", parameters);
        answer["result"].clone()
    }
}

fn yes() -> Value {
    json!({"action": "accept", "content": {"approve": true}})
}

#[track_caller]
fn check_refused(result: &Value) {
    assert_eq!(result["structuredContent"]["code"], "needs_approval", "{result}");
}

fn a_form_is_answered_once_and_for_this_call(world: &World) {
    let (contact, other) = (world.contact(), world.contact());
    let client = Modern::open(world, &asking());
    let name = unique("Name");
    let call = write(contact.id, &name);
    let asked = client.call("odoo_write", &call, None);
    let message = asked["inputRequests"]["approval"]["params"]["message"].as_str().unwrap_or_default();
    assert!(message.contains(&format!("-> \"{name}\"")), "{asked}");
    let state = &asked["requestState"];
    check_refused(&client.call("odoo_write", &write(other.id, &name), Some((state, yes()))));
    check_refused(&client.call("odoo_write", &write(contact.id, "x"), Some((state, yes()))));
    assert_ne!(name_of(world, contact.id), name);
    let done = client.call("odoo_write", &call, Some((state, yes())));
    assert_ne!(done["isError"], true, "{done}");
    assert_eq!(name_of(world, contact.id), name);
    let replayed = unique("Replayed");
    world.oracle().call("res.partner", "write", json!([[contact.id], {"name": replayed}]), json!({}));
    check_refused(&client.call("odoo_write", &call, Some((state, yes()))));
    assert_eq!(name_of(world, contact.id), replayed);
}

fn a_client_never_answers_for_more_than_writing(world: &World) {
    let parent = world.contact();
    let child = world.temporary("res.partner", json!({"name": unique("Child"), "parent_id": parent.id}));
    let client = Modern::open(world, &asking());
    let unlink = json!({"model": "res.partner", "ids": [parent.id]});
    let hidden =
        json!({"model": "res.partner", "ids": [parent.id], "values": {"child_ids": [[2, child.id, 0]]}});
    let execute = json!({"model": "res.partner", "method": "unlink", "args": [[parent.id]]});
    let harmless = write(parent.id, &unique("Name"));
    let asked = client.call("odoo_write", &harmless, None);
    let state = &asked["requestState"];
    assert!(state.is_string(), "{asked}");
    for (tool, call) in [("odoo_unlink", unlink), ("odoo_write", hidden), ("odoo_execute", execute)] {
        for back in [None, Some((state, yes())), Some((&json!("made up"), yes()))] {
            let result = client.call(tool, &call, back);
            assert_ne!(result["resultType"], "input_required", "{tool} {call}: {result}");
            check_refused(&result);
        }
    }
    let oracle = world.oracle();
    assert!(oracle.exists("res.partner", parent.id) && oracle.exists("res.partner", child.id));

    // Where the policy leaves no other way, nobody is asked.
    let mut policy = asking();
    policy["approvals"] = json!({"modes": ["form"]});
    let client = Modern::open(world, &policy);
    let result = client.call("odoo_unlink", &json!({"model": "res.partner", "ids": [parent.id]}), None);
    check_refused(&result);
    assert_eq!(result["structuredContent"]["next"], "stop", "{result}");
}

fn a_form_about_a_record_that_changed_is_worth_nothing(world: &World) {
    let contact = world.contact();
    let client = Modern::open(world, &asking());
    let (name, meanwhile) = (unique("Name"), unique("Meanwhile"));
    let call = write(contact.id, &name);
    let asked = client.call("odoo_write", &call, None);
    world.oracle().call("res.partner", "write", json!([[contact.id], {"name": meanwhile}]), json!({}));
    check_refused(&client.call("odoo_write", &call, Some((&asked["requestState"], yes()))));
    assert_eq!(name_of(world, contact.id), meanwhile);
    let asked = client.call("odoo_write", &call, None);
    let refused =
        client.call("odoo_write", &call, Some((&asked["requestState"], json!({"action": "decline"}))));
    check_refused(&refused);
    assert_eq!(refused["structuredContent"]["next"], "stop", "{refused}");
    check_refused(&client.call("odoo_write", &call, Some((&asked["requestState"], yes()))));
    assert_eq!(name_of(world, contact.id), meanwhile);
}
