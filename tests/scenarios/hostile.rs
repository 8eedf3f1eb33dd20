//! Arguments and frames that nobody sends on purpose, or only with one. Every answer is a result or
//! an error with a code, and the process lives.

use std::time::Duration;

use serde_json::{Value, json};

use super::harness::{Answer, Door, Via, World, unique};

super::scenarios![
    every_argument_of_every_tool_withstands_every_type,
    unknown_arguments_are_refused,
    arguments_that_are_no_object_are_refused,
    a_key_that_stands_twice_is_refused,
    frames_that_are_no_frames_are_survived,
    names_of_tools_are_taken_literally,
    ten_megabytes_of_text_are_survived,
    domains_of_a_hundred_levels_are_survived,
    ids_come_in_many_shapes_and_mean_the_same_records,
    odd_text_arrives_as_it_was_sent,
    injections_stay_text,
    schemas_are_kind_to_every_client,
];

/// No record bears this id.
const NOBODY: i64 = 2_000_000_000;

/// Arguments with which each tool could run without changing anything that exists.
fn harmless(tool: &str, name: &str) -> Value {
    match tool {
        "odoo_list_models" => json!({"pattern": "res.partner"}),
        "odoo_read" => json!({"model": "res.partner", "ids": [NOBODY], "fields": ["name"]}),
        "odoo_create" => json!({"model": "res.partner", "values": {"name": name}, "dry_run": true}),
        "odoo_write" => {
            json!({"model": "res.partner", "ids": [NOBODY], "values": {"name": name}, "dry_run": true})
        }
        "odoo_unlink" => json!({"model": "res.partner", "ids": [NOBODY], "dry_run": true}),
        "odoo_execute" => json!({"model": "res.partner", "method": "search_count", "args": [[]]}),
        "odoo_connect" => {
            json!({"alias": "nowhere", "url": "http://127.0.0.1:9", "db": "d", "username": "u", "password": "p"})
        }
        "odoo_disconnect" | "odoo_cert_info" | "odoo_cert_refresh" => json!({"alias": "nowhere"}),
        "odoo_connections" | "odoo_version" => json!({}),
        "odoo_get_field_translations" => json!({"model": "res.country", "res_id": 1, "field_name": "name"}),
        "odoo_translate_field" => {
            json!({"model": "res.country", "res_id": 1, "field_name": "name", "translations": {"fr_FR": "x"}, "dry_run": true})
        }
        "odoo_translate_html" => {
            json!({"model": "res.country", "res_id": 1, "field_name": "name", "mode": "extract"})
        }
        "odoo_translate_context_aware" => {
            json!({"model": "res.country", "ids": [1], "target_lang": "fr_FR", "dry_run": true})
        }
        _ => json!({"model": "res.partner"}),
    }
}

/// One of every kind, and the worst of each.
fn odd_values() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(1e308),
        json!(""),
        json!(" "),
        json!("\u{0}"),
        json!("x\u{1b}[31my\r\n\u{202e}z"),
        json!("🦀 ünïcode 漢字"),
        json!("' OR 1=1 --"),
        json!("../../../etc/passwd"),
        json!("{{7*7}}${7*7}%s%n"),
        json!("x".repeat(5_000)),
        json!([]),
        json!([null]),
        json!([[[[[[]]]]]]),
        json!(["x", -5, {}, null]),
        json!({}),
        json!({"a": 1}),
        json!({"__proto__": {"a": 1}}),
        nested(60),
    ]
}

fn nested(levels: usize) -> Value {
    (0..levels).fold(json!(1), |inner, _| json!([inner]))
}

fn every_argument_of_every_tool_withstands_every_type(world: &World) {
    let mut door = world.door();
    let name = unique("Hostile");
    let tools = door.tools();
    assert!(tools.len() >= 14, "only {} tools", tools.len());
    for tool in &tools {
        let tool_name = tool["name"].as_str().expect("a name");
        let properties = tool["inputSchema"]["properties"].as_object().expect("properties");
        let pending: Vec<_> = properties
            .iter()
            .flat_map(|(argument, schema)| {
                odd_values().into_iter().map(move |value| (argument, schema, value))
            })
            .map(|(argument, schema, value)| {
                let mut arguments = harmless(tool_name, &name);
                arguments[argument] = value.clone();
                (argument, schema, value, door.begin(tool_name, arguments))
            })
            .collect();
        for (argument, schema, value, call) in pending {
            let shown: String = value.to_string().chars().take(80).collect();
            let answer = Answer::read(&call.response());
            let about = format!("{tool_name} with `{argument}` = {shown}");
            assert_ne!(answer.structured["code"], "internal", "{about}: {}", answer.structured);
            if !value.is_null() && !allows(schema, &value) {
                assert!(answer.is_error, "{about} should be refused: {}", answer.structured);
            }
            let whole = answer.text.chars().count();
            assert!(whole < 20_000 || !answer.is_error, "{about}: an error of {whole} characters");
        }
        assert!(door.is_alive(), "{tool_name} ended the process");
    }
    let oracle = world.oracle();
    assert_eq!(oracle.count("res.partner", json!([["name", "=", name]])), 0, "a dry run made a record");
}

/// Is the value of a type that the schema names?
fn allows(schema: &Value, value: &Value) -> bool {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    match &schema["type"] {
        Value::String(known) => known == kind || (known == "number" && kind == "integer"),
        Value::Array(known) => known.iter().any(|known| known == kind),
        _ => true,
    }
}

fn unknown_arguments_are_refused(world: &World) {
    let front = world.front();
    let door = world.door_through(&front);
    for tool in door.tool_names() {
        for unknown in ["nonsense", "Model", "dryrun", "", "__proto__", "ids ", "model\u{0}", "é"] {
            let mut arguments = harmless(&tool, "x");
            arguments[unknown] = json!(1);
            let error = door.refused(&tool, arguments, &["invalid_arguments"]);
            assert!(error["message"].is_string());
        }
    }
    let misspelt = json!({"model": "res.partner", "domian": []});
    let error = door.refused("odoo_search", misspelt, &["invalid_arguments"]);
    assert!(error.to_string().contains("`domain`"), "the nearest argument is named: {error}");
    assert!(front.recorded().is_empty(), "a call with unknown arguments reached Odoo");
}

fn arguments_that_are_no_object_are_refused(world: &World) {
    let mut door = world.door();
    for arguments in [json!([]), json!("x"), json!(7), json!(true), json!([{"model": "res.partner"}])] {
        let response =
            door.request("tools/call", json!({"name": "odoo_search_count", "arguments": arguments}));
        assert!(Answer::read(&response).is_error, "{arguments}: {response}");
    }
    for parameters in
        [json!({}), json!([]), json!({"name": 7}), json!({"name": null}), json!({"arguments": {}})]
    {
        let response = door.request("tools/call", parameters.clone());
        assert!(Answer::read(&response).is_error, "{parameters}: {response}");
    }
    // Absent and null arguments are those of a call without any.
    for parameters in
        [json!({"name": "odoo_search_count"}), json!({"name": "odoo_search_count", "arguments": null})]
    {
        let response = door.request("tools/call", parameters.clone());
        assert!(Answer::read(&response).is_error, "{parameters}: {response}");
    }
    assert!(door.is_alive());
}

fn a_key_that_stands_twice_is_refused(world: &World) {
    let front = world.front();
    let mut door = world.door_through(&front);
    let contact = world.contact();
    let id = contact.id;
    for parameters in [
        format!(
            r#"{{"name":"odoo_unlink","arguments":{{"model":"res.partner","ids":[{NOBODY}],"ids":[{id}]}}}}"#
        ),
        format!(
            r#"{{"name":"odoo_unlink","arguments":{{"model":"res.partner","ids":[{id}],"ids":[{NOBODY}]}}}}"#
        ),
        format!(
            r#"{{"name":"odoo_unlink","arguments":{{"model":"res.partner","ids":[{id}],"dry_run":true,"dry_run":false}}}}"#
        ),
        format!(
            r#"{{"name":"odoo_search_count","name":"odoo_unlink","arguments":{{"model":"res.partner","ids":[{id}]}}}}"#
        ),
        format!(
            r#"{{"name":"odoo_unlink","arguments":{{}},"arguments":{{"model":"res.partner","ids":[{id}]}}}}"#
        ),
        format!(
            r#"{{"name":"odoo_write","arguments":{{"model":"res.partner","ids":[{id}],"values":{{"name":"a","name":"b"}}}}}}"#
        ),
        format!(
            r#"{{"name":"odoo_unlink","arguments":{{"model":"res.partner","ids":[{NOBODY}],"id\u0073":[{id}]}}}}"#
        ),
    ] {
        let call = door.fresh_id();
        let frame = format!(r#"{{"jsonrpc":"2.0","id":{call},"method":"tools/call","params":{parameters}}}"#);
        let answer = door.answer_to_frame(call, frame);
        assert!(answer.is_error, "{parameters}: {}", answer.structured);
    }
    let call = door.fresh_id();
    let twice = format!(
        r#"{{"jsonrpc":"2.0","id":{call},"method":"tools/list","method":"tools/call","params":{{"name":"odoo_unlink","arguments":{{"model":"res.partner","ids":[{id}]}}}}}}"#
    );
    assert!(door.answer_to_frame(call, twice).is_error);
    assert!(front.recorded().is_empty(), "an ambiguous call reached Odoo");
    assert!(world.oracle().exists("res.partner", id));
    assert!(door.is_alive());
}

fn frames_that_are_no_frames_are_survived(world: &World) {
    let mut door = world.door();
    let deep = format!(
        r#"{{"jsonrpc":"2.0","id":70001,"method":"x","params":{}{}}}"#,
        "[".repeat(20_000),
        "]".repeat(20_000)
    );
    for (number, frame) in [
        "", " ", "{", "}", "not json", "null", "7", "\"text\"", "[]", "[{}]", "{}", "{\"jsonrpc\":\"1.0\"}",
        r#"{"jsonrpc":"2.0"}"#,
        r#"{"jsonrpc":"2.0","method":7}"#,
        r#"{"jsonrpc":"2.0","id":{"a":1},"method":"tools/list"}"#,
        r#"{"jsonrpc":"2.0","id":[1],"method":"tools/list"}"#,
        r#"{"jsonrpc":"2.0","id":null,"method":"tools/list"}"#,
        r#"{"jsonrpc":"2.0","id":1.5,"method":"tools/list"}"#,
        r#"{"jsonrpc":"2.0","id":99999999999999999999999,"method":"tools/list"}"#,
        r#"{"jsonrpc":"2.0","id":70002,"method":"no/such/method"}"#,
        r#"{"jsonrpc":"2.0","id":70003,"method":"tools/list","params":[]}"#,
        r#"{"jsonrpc":"2.0","id":70004,"method":"tools/list","params":{"cursor":"nonsense"}}"#,
        r#"{"jsonrpc":"2.0","id":70005,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":70006,"error":{"code":1,"message":"x"}}"#,
        r#"[{"jsonrpc":"2.0","id":70007,"method":"tools/list"}]"#,
        r#"{"jsonrpc":"2.0","id":70008,"method":"tools/call","params":{"name":"odoo_version","arguments":{"a":"\ud800"}}}"#,
        "\u{feff}{\"jsonrpc\":\"2.0\",\"id\":70009,\"method\":\"tools/list\"}",
        &deep,
    ]
    .into_iter()
    .enumerate()
    {
        match world.via {
            Via::Stdio => door.write_line(frame),
            Via::Http => drop(door.send_frame(-1, frame.to_owned()).answered_within(Duration::from_secs(20))),
        }
        if number % 5 == 4 {
            assert!(!door.tool_names().is_empty(), "after {frame}");
        }
    }
    if world.via == Via::Stdio {
        door.write_bytes(b"\xff\xfe{\"jsonrpc\":\"2.0\"}\n\x00\x00\n");
    }
    door.ok("odoo_search_count", json!({"model": "res.partner"}));
    assert!(door.is_alive());
    assert!(!door.log().contains("[not a frame on standard output]"), "{}", door.log());
}

fn names_of_tools_are_taken_literally(world: &World) {
    let door = world.door();
    for name in [
        "",
        " ",
        "ODOO_UNLINK",
        "odoo_unlink ",
        "odoo_unlink\u{0}",
        "odoo_*",
        "*",
        "../odoo_unlink",
        "tools/call",
        "é",
    ] {
        let error = door.refused(name, json!({"model": "res.partner", "ids": [NOBODY]}), &["protocol"]);
        assert_eq!(error["rpc_code"], -32602, "{name:?}: {error}");
    }
    let long = "x".repeat(100_000);
    let error = door.refused(&long, json!({}), &["protocol"]);
    assert!(error.to_string().len() < 2_000, "a long name is not repeated");
}

fn ten_megabytes_of_text_are_survived(world: &World) {
    let mut door = world.door();
    let large = "x".repeat(10 * 1024 * 1024);
    for (tool, arguments) in [
        ("odoo_search_count", json!({"model": large})),
        ("odoo_search_count", json!({"model": "res.partner", "domain": [["name", "=", large]]})),
        ("odoo_list_models", json!({"pattern": large})),
        ("odoo_search", json!({"model": "res.partner", "order": large})),
        ("odoo_read", json!({"model": "res.partner", "ids": large})),
        ("odoo_execute", json!({"model": "res.partner", "method": large})),
        ("odoo_search_count", json!({"model": "res.partner", "context": {"x": large}})),
        ("odoo_search_count", json!({"model": "res.partner", large.clone(): 1})),
        (&large, json!({})),
    ] {
        let answer = door.answer(tool, arguments);
        assert!(answer.text.len() < 20_000, "an answer of {} bytes", answer.text.len());
        assert!(answer.is_error || answer.structured["count"].is_u64(), "{}", answer.structured);
        assert!(door.is_alive());
    }
    door.ok("odoo_search_count", json!({"model": "res.partner"}));
}

fn domains_of_a_hundred_levels_are_survived(world: &World) {
    let mut door = world.door();
    let negated: Vec<Value> =
        std::iter::repeat_n(json!("!"), 100).chain([json!(["name", "=", "x"])]).collect();
    let joined: Vec<Value> = std::iter::repeat_n(json!("|"), 100)
        .chain((0..101).map(|number| json!(["id", "=", number])))
        .collect();
    let sub_domains =
        (0..100).fold(json!([["name", "=", "x"]]), |inner, _| json!([["child_ids", "any", inner]]));
    let path = vec!["parent_id"; 100].join(".");
    for domain in [
        json!(negated),
        json!(joined),
        sub_domains,
        json!([[format!("{path}.name"), "=", "x"]]),
        nested(100),
        json!([["id", "in", nested(100)]]),
        json!([["name", "=", nested(100)]]),
        json!([nested(100)]),
        json!(vec!["&"; 1_000]),
        json!(vec![json!(["name", "=", "x"]); 5_000]),
    ] {
        for tool in ["odoo_search_count", "odoo_search"] {
            let answer = door.answer(tool, json!({"model": "res.partner", "domain": domain}));
            assert_ne!(answer.structured["code"], "internal", "{}", answer.structured);
        }
        assert!(door.is_alive());
    }
    let counted = door.ok("odoo_search_count", json!({"model": "res.partner", "domain": joined}));
    assert!(counted["count"].as_u64().is_some_and(|count| count > 0), "{counted}");
}

fn ids_come_in_many_shapes_and_mean_the_same_records(world: &World) {
    let contact = world.contact();
    let door = world.door();
    let id = contact.id;
    for ids in [
        json!([id]),
        json!(id),
        json!([id, id]),
        json!([[id]]),
        json!(format!("[{id}]")),
        json!(id.to_string()),
    ] {
        let arguments = json!({"model": "res.partner", "ids": ids, "fields": ["name"]});
        match door.call("odoo_read", arguments) {
            Ok(result) => {
                let records = result["records"].as_array().expect("records");
                assert_eq!(records.len(), 1, "{ids}");
                assert_eq!(records[0]["id"], id, "{ids}");
            }
            Err(error) => assert_eq!(error["code"], "invalid_arguments", "{ids}: {error}"),
        }
    }
    let pair = json!([id, "name"]);
    for ids in [
        json!([id, -1]),
        json!([id, 0]),
        json!([id, "x"]),
        json!([id, null]),
        json!([id, 1.5]),
        pair,
        json!([[id, [null]]]),
        json!({"0": id}),
    ] {
        let arguments = json!({"model": "res.partner", "ids": ids});
        door.refused("odoo_read", arguments, &["invalid_arguments"]);
        door.refused("odoo_unlink", json!({"model": "res.partner", "ids": ids}), &["invalid_arguments"]);
    }
    assert!(world.oracle().exists("res.partner", id), "half of a list was deleted");
}

fn odd_text_arrives_as_it_was_sent(world: &World) {
    let (oracle, door) = (world.oracle(), world.door());
    for odd in [
        "ünïcode – “quotes” ’ ✓",
        "漢字 かな 한국어 العربية עברית",
        "👩‍👩‍👧‍👦 🦀 \u{1F1EB}\u{1F1F7}",
        "e\u{301} and é",
        "quote \" backslash \\ slash / apostrophe '",
        "<script>alert(1)</script> &amp; &lt;",
        "%s %d {0} ${x} {{y}}",
        "pipe | tab\tdone",
    ] {
        let name = format!("{} {odd}", unique("Odd"));
        let ids = super::records_write::created(
            &door.ok("odoo_create", json!({"model": "res.partner", "values": {"name": name}})),
        );
        let _contact = world.adopt("res.partner", ids[0]);
        assert_eq!(oracle.field("res.partner", ids[0], "name"), json!(name));
        let domain = json!([["name", "=", name]]);
        let answer = door.answer(
            "odoo_search_read",
            json!({"model": "res.partner", "domain": domain, "fields": ["name"]}),
        );
        assert_eq!(answer.structured["records"][0]["name"], json!(name));
        assert_eq!(
            answer.text.lines().filter(|line| line.contains(&ids[0].to_string())).count(),
            1,
            "{}",
            answer.text
        );
    }
    // What no database keeps is refused or stored without it, never half of it.
    let control = format!("{} a\u{0}b", unique("Odd"));
    match door.call("odoo_create", json!({"model": "res.partner", "values": {"name": control}})) {
        Err(error) => assert_ne!(error["code"], "internal", "{error}"),
        Ok(result) => drop(world.adopt("res.partner", super::records_write::created(&result)[0])),
    }
}

fn injections_stay_text(world: &World) {
    let (oracle, door) = (world.oracle(), world.door());
    for text in [
        "'; DROP TABLE res_partner; --",
        "x' OR '1'='1",
        "\\'; --",
        "%' OR 1=1",
        "${jndi:ldap://x}",
        "$(id)",
        "`id`",
    ] {
        for operator in ["=", "ilike", "in", "=like"] {
            let value = if operator == "in" { json!([text]) } else { json!(text) };
            let domain = json!([["name", operator, value]]);
            let result = door.ok("odoo_search_count", json!({"model": "res.partner", "domain": domain}));
            assert_eq!(result["count"], 0, "{operator} {text}");
        }
    }
    for field in ["name; --", "name)", "id) or (1=1", "name\"", "name'"] {
        let arguments = json!({"model": "res.partner", "domain": [[field, "=", "x"]]});
        door.refused(
            "odoo_search_count",
            arguments,
            &["unknown_field", "invalid_domain", "invalid_arguments"],
        );
        let arguments = json!({"model": "res.partner", "fields": [field]});
        door.refused("odoo_search_read", arguments, &["unknown_field", "invalid_arguments"]);
    }
    assert!(oracle.count("res.partner", json!([])) > 5);
}

/// One bad schema makes some clients drop every tool of a server.
fn schemas_are_kind_to_every_client(world: &World) {
    let door: Door = world.door();
    for tool in door.tools() {
        let name = tool["name"].as_str().expect("a name");
        assert!(
            name.len() <= 64
                && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'),
            "{name}"
        );
        assert!(tool["title"].is_string() || tool["annotations"]["title"].is_string(), "{name} has no title");
        assert!(tool["description"].as_str().is_some_and(|text| text.len() > 20), "{name} says too little");
        for hint in ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"] {
            assert!(tool["annotations"][hint].is_boolean(), "{name} has no {hint}");
        }
        for schema in [&tool["inputSchema"], &tool["outputSchema"]] {
            assert_eq!(schema["type"], "object", "{name}");
            assert!(schema.get("$ref").is_none(), "{name} refers elsewhere at the top");
        }
        for combinator in ["anyOf", "oneOf", "allOf", "not", "if"] {
            assert!(tool["inputSchema"].get(combinator).is_none(), "{name} has {combinator} at the top");
        }
        let properties = tool["inputSchema"]["properties"].as_object().expect("properties");
        for (property, schema) in properties {
            assert!(schema["description"].as_str().is_some_and(|text| text.len() > 5), "{name}.{property}");
        }
        assert_eq!(tool["inputSchema"]["additionalProperties"], false, "{name}");
    }
}
