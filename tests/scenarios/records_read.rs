//! Reading: searches, fields, pages, and everything that must not look like an empty answer.

use serde_json::{Value, json};

use super::harness::{World, ids_of, unique};

super::scenarios![
    counts_and_rows_agree_with_odoo,
    a_search_finds_exactly_what_odoo_finds,
    rows_hold_the_fields_that_were_asked_for,
    without_fields_a_useful_few_come_back,
    binary_fields_are_never_inline,
    ids_that_do_not_exist_are_named,
    archived_records_need_the_context,
    the_language_of_a_call_is_used,
    an_unknown_model_is_not_an_empty_answer,
    an_unknown_field_is_not_an_empty_answer,
    an_unknown_operator_is_not_an_empty_answer,
    broken_domains_are_refused_before_odoo_sees_them,
    orders_that_are_no_orders_are_refused,
    a_limit_of_zero_is_not_all_records,
    field_definitions_are_told,
    models_are_listed,
    the_version_is_told,
    a_read_needs_no_more_than_one_request_for_rows_and_total,
];

fn counts_and_rows_agree_with_odoo(world: &World) {
    let contact = world.contact();
    let door = world.door();
    let domain = json!([["id", "=", contact.id]]);
    assert_eq!(door.ok("odoo_search_count", json!({"model": "res.partner", "domain": domain}))["count"], 1);
    let none = json!([["id", "=", contact.id], ["name", "=", unique("nobody")]]);
    assert_eq!(door.ok("odoo_search_count", json!({"model": "res.partner", "domain": none}))["count"], 0);
    let rows =
        door.ok("odoo_search_read", json!({"model": "res.partner", "domain": none, "fields": ["name"]}));
    assert_eq!(rows["records"], json!([]));
    assert_eq!(rows["total"], 0);
    assert_eq!(rows["has_more"], false);
}

fn a_search_finds_exactly_what_odoo_finds(world: &World) {
    let (oracle, door) = (world.oracle(), world.door());
    let domains = [
        json!([["is_company", "=", true]]),
        json!(["|", ["name", "ilike", "a"], ["email", "!=", false]]),
        json!(["!", ["is_company", "=", true]]),
        json!(["&", ["id", ">", 3], "|", ["name", "=like", "A%"], ["name", "not ilike", "e"]]),
        json!([["country_id.code", "=", "US"]]),
        json!([["parent_id", "=", false], ["id", "in", [1, 2, 3, 4, 5, 6, 7, 8]]]),
        json!([["parent_id", "!=", false]]),
        json!([["id", "not in", [1, 2]], ["create_date", "<=", "2030-01-01 00:00:00"]]),
        json!([["parent_id", "child_of", 1]]),
        json!([["category_id", "=", false]]),
    ];
    // Other scenarios make contacts at the same time; these stay as they are.
    let first: Vec<i64> =
        oracle.search("res.partner", json!([["active", "=", true]])).into_iter().take(40).collect();
    for mut domain in domains {
        domain.as_array_mut().unwrap().insert(0, json!(["id", "in", first]));
        let expected = oracle.call("res.partner", "search", json!([domain]), json!({"order": "id"}));
        let arguments = json!({"model": "res.partner", "domain": domain, "order": "id", "limit": 2000});
        let found = door.ok("odoo_search", arguments);
        assert_eq!(found["ids"], expected, "{domain}");
        assert_eq!(found["total"].as_u64(), expected.as_array().map(|ids| ids.len() as u64), "{domain}");
    }
}

fn rows_hold_the_fields_that_were_asked_for(world: &World) {
    let (oracle, door) = (world.oracle(), world.door());
    let country = oracle.search("res.country", json!([["code", "=", "FR"]]))[0];
    let name = unique("Contact");
    let values = json!({"name": name, "country_id": country, "is_company": true, "email": "one@example.com"});
    let contact = world.temporary("res.partner", values);
    let fields = json!(["name", "country_id", "is_company", "email", "phone", "child_ids"]);
    for (tool, arguments) in [
        ("odoo_read", json!({"model": "res.partner", "ids": [contact.id], "fields": fields})),
        (
            "odoo_search_read",
            json!({"model": "res.partner", "domain": [["id", "=", contact.id]], "fields": fields}),
        ),
    ] {
        let result = door.ok(tool, arguments);
        let row = &result["records"][0];
        assert_eq!(row["id"], contact.id, "{tool}");
        assert_eq!(row["name"], json!(name), "{tool}");
        assert_eq!(row["country_id"], json!([country, "France"]), "{tool}");
        assert_eq!(row["is_company"], true, "{tool}");
        assert_eq!(row["email"], "one@example.com", "{tool}");
        assert_eq!(row["phone"], false, "{tool}: an empty field is false");
        assert_eq!(row["child_ids"], json!([]), "{tool}");
        assert_eq!(row.as_object().map(|row| row.len()), Some(7), "{tool}: nothing that was not asked for");
    }
}

fn without_fields_a_useful_few_come_back(world: &World) {
    let contact = world.contact();
    let door = world.door();
    let arguments = json!({"model": "res.partner", "domain": [["id", "=", contact.id]]});
    let result = door.ok("odoo_search_read", arguments);
    let row = result["records"][0].as_object().expect("a row");
    assert!(row.contains_key("name") || row.contains_key("display_name"), "{row:?}");
    assert!((2..=25).contains(&row.len()), "{} fields: {row:?}", row.len());
    assert!(result["omitted_fields"].as_u64().is_some_and(|omitted| omitted > 20), "{result}");
    assert!(result["note"].is_string(), "it says what it left out: {result}");
    let everything =
        world.oracle().call("res.partner", "fields_get", json!([]), json!({"attributes": ["type"]}));
    for field in row.keys() {
        assert_ne!(everything[field]["type"], "binary", "{field}");
    }
}

fn binary_fields_are_never_inline(world: &World) {
    // A picture of one pixel.
    let image =
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    let values = json!({"name": unique("Contact"), "image_1920": image});
    let contact = world.temporary("res.partner", values);
    let door = world.door();
    for arguments in [
        json!({"model": "res.partner", "ids": [contact.id], "fields": ["name", "image_1920", "image_128"]}),
        json!({"model": "res.partner", "ids": [contact.id], "fields": ["image_1920"], "context": {"bin_size": false}}),
    ] {
        let answer = door.answer("odoo_read", arguments);
        let whole = format!("{} {}", answer.structured, answer.text);
        assert!(!whole.contains("iVBORw0KGgo"), "an image came inline: {whole}");
        assert!(!answer.is_error, "{whole}");
        let image = &answer.structured["records"][0]["image_1920"];
        assert!(!image.is_null() && *image != json!(false), "something points to the image: {whole}");
    }
}

fn ids_that_do_not_exist_are_named(world: &World) {
    let contact = world.contact();
    let door = world.door();
    let gone = 2_000_000_000;
    let arguments = json!({"model": "res.partner", "ids": [gone, contact.id], "fields": ["name"]});
    let result = door.ok("odoo_read", arguments);
    assert_eq!(ids_of(&result), [contact.id]);
    assert_eq!(result["missing"], json!([gone]));
    let all_gone = door.call("odoo_read", json!({"model": "res.partner", "ids": [gone], "fields": ["name"]}));
    match all_gone {
        Ok(result) => assert_eq!(result["missing"], json!([gone])),
        Err(error) => assert_eq!(error["code"], "not_found"),
    }
}

fn archived_records_need_the_context(world: &World) {
    let contact = world.temporary("res.partner", json!({"name": unique("Archived"), "active": false}));
    let door = world.door();
    let domain = json!([["id", "=", contact.id]]);
    let count = |context: Value| {
        let arguments = json!({"model": "res.partner", "domain": domain, "context": context});
        door.ok("odoo_search_count", arguments)["count"].clone()
    };
    assert_eq!(count(json!({})), 0);
    assert_eq!(count(json!({"active_test": true})), 0);
    assert_eq!(count(json!({"active_test": false})), 1);
}

fn the_language_of_a_call_is_used(world: &World) {
    let oracle = world.oracle();
    let german = oracle.search("res.country", json!([["code", "=", "DE"]]))[0];
    let context = json!({"context": {"lang": "fr_FR"}});
    let french = oracle.try_call("res.country", "read", json!([[german], ["name"]]), context);
    if french.is_err() || french.is_ok_and(|rows| rows[0]["name"] != "Allemagne") {
        // Not every database speaks a second language; nothing can be promised there.
        return;
    }
    let door = world.door();
    let read = |more: Value| {
        let mut arguments = json!({"model": "res.country", "ids": [german], "fields": ["name"]});
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        door.call("odoo_read", arguments)
    };
    assert_eq!(read(json!({})).unwrap()["records"][0]["name"], "Germany");
    assert_eq!(read(json!({"lang": "fr_FR"})).unwrap()["records"][0]["name"], "Allemagne");
    assert_eq!(read(json!({"context": {"lang": "fr_FR"}})).unwrap()["records"][0]["name"], "Allemagne");
    assert_eq!(
        read(json!({})).unwrap()["records"][0]["name"],
        "Germany",
        "one call's language is not the next one's"
    );
    for bad in [json!({"lang": "../../etc"}), json!({"lang": 7}), json!({"context": {"lang": 7}})] {
        assert_eq!(read(bad.clone()).unwrap_err()["code"], "invalid_arguments", "{bad}");
    }
}

fn an_unknown_model_is_not_an_empty_answer(world: &World) {
    let door = world.door();
    for (tool, mut arguments) in [
        ("odoo_search", json!({})),
        ("odoo_search_read", json!({"fields": ["name"]})),
        ("odoo_search_read", json!({})),
        ("odoo_search_count", json!({})),
        ("odoo_read", json!({"ids": [1]})),
        ("odoo_fields_get", json!({})),
    ] {
        arguments["model"] = json!("res.partnr");
        let error = door.refused(tool, arguments, &["unknown_model"]);
        let whole = error.to_string();
        assert!(whole.contains("res.partner"), "{tool} names the nearest model: {whole}");
    }
    for model in ["no.such.model", "res.partner.bank.nothing", "x_nothing"] {
        door.refused("odoo_search_count", json!({"model": model}), &["unknown_model"]);
    }
    for model in ["Res.Partner", "res partner", "", "res.partner;", "../res.partner", "res/partner", "é"] {
        door.refused("odoo_search_count", json!({"model": model}), &["invalid_arguments"]);
    }
}

fn an_unknown_field_is_not_an_empty_answer(world: &World) {
    let contact = world.contact();
    let door = world.door();
    let id = contact.id;
    for (tool, arguments) in [
        ("odoo_search_read", json!({"fields": ["emial"]})),
        ("odoo_read", json!({"ids": [id], "fields": ["name", "emial"]})),
        ("odoo_search", json!({"domain": [["emial", "=", "x"]]})),
        ("odoo_search_read", json!({"domain": [["emial", "=", "x"]], "fields": ["name"]})),
        ("odoo_search_count", json!({"domain": ["|", ["name", "=", "x"], ["emial", "=", "x"]]})),
        ("odoo_search", json!({"order": "emial desc"})),
        ("odoo_fields_get", json!({"fields": ["emial"]})),
    ] {
        let mut arguments = arguments;
        arguments["model"] = json!("res.partner");
        let error = door.refused(tool, arguments.clone(), &["unknown_field"]);
        assert!(error.to_string().contains("`email`"), "{tool} {arguments} names the nearest field: {error}");
    }
    // The second step of a path belongs to another model.
    for path in ["country_id.nothing", "country_id.code.more", "nothing_id.code"] {
        let arguments = json!({"model": "res.partner", "domain": [[path, "=", "x"]]});
        door.refused("odoo_search_count", arguments, &["unknown_field", "invalid_domain", "odoo_fault"]);
    }
}

fn an_unknown_operator_is_not_an_empty_answer(world: &World) {
    let door = world.door();
    for operator in ["foo", "===", "<>!", "ilik", "LIKE%", "; drop", "in (", ""] {
        let arguments = json!({"model": "res.partner", "domain": [["name", operator, "x"]]});
        let codes = ["unknown_operator", "invalid_domain", "invalid_arguments"];
        door.refused("odoo_search_count", arguments.clone(), &codes);
        door.refused("odoo_search_read", arguments, &codes);
    }
    let arguments = json!({"model": "res.partner", "domain": [["name", "ilik", "x"]]});
    let error = door.refused("odoo_search_count", arguments, &["unknown_operator", "invalid_arguments"]);
    assert!(error.to_string().contains("ilike"), "it names the nearest operator: {error}");
}

fn broken_domains_are_refused_before_odoo_sees_them(world: &World) {
    let front = world.front();
    let door = world.door_through(&front);
    let broken = [
        json!(["&"]),
        json!(["&", ["name", "=", "x"]]),
        json!(["|", ["name", "=", "x"]]),
        json!(["!"]),
        json!(["^", ["name", "=", "x"]]),
        json!([["name"]]),
        json!([["name", "="]]),
        json!([["name", "=", "x", "y"]]),
        json!([[1, "=", "x"]]),
        json!([[null, "=", "x"]]),
        json!(["name", "=", "x"]),
        json!([{"name": "x"}]),
        json!([null]),
        json!([[]]),
        json!({"name": "x"}),
        json!("name = x"),
        json!(7),
        json!([["name", 7, "x"]]),
    ];
    for domain in broken {
        for tool in ["odoo_search_count", "odoo_search", "odoo_search_read"] {
            let arguments = json!({"model": "res.partner", "domain": domain});
            door.refused(
                tool,
                arguments,
                &["invalid_domain", "invalid_arguments", "unknown_operator", "unknown_field"],
            );
        }
    }
    for method in ["search", "search_read", "search_count", "web_search_read"] {
        assert_eq!(front.calls_of("res.partner", method), 0, "{method} reached Odoo");
    }
}

fn orders_that_are_no_orders_are_refused(world: &World) {
    let front = world.front();
    let door = world.door_through(&front);
    for order in [
        "name; drop table res_partner",
        "(select 1)",
        "name desc desc",
        "name,,id",
        "name sideways",
        "name--",
        "name/**/desc",
        "1=1",
        "pg_sleep(5)",
        "name\u{0}desc",
        "case when 1=1 then id end",
    ] {
        for tool in ["odoo_search", "odoo_search_read"] {
            let arguments = json!({"model": "res.partner", "order": order});
            door.refused(tool, arguments, &["invalid_arguments", "unknown_field"]);
        }
    }
    let sent = front.recorded().iter().any(|recorded| recorded.message.everything().contains("drop table"));
    assert!(!sent, "an injected order reached Odoo");
    let found = door.ok("odoo_search", json!({"model": "res.partner", "order": "name desc, id", "limit": 3}));
    assert_eq!(found["ids"].as_array().map(Vec::len), Some(3));
}

fn a_limit_of_zero_is_not_all_records(world: &World) {
    let door = world.door();
    for limit in [json!(0), json!(-1), json!(1.5), json!("10"), json!(1_000_000_000), json!([]), json!(true)]
    {
        for tool in ["odoo_search", "odoo_search_read", "odoo_list_models"] {
            let mut arguments = json!({"limit": limit});
            if tool != "odoo_list_models" {
                arguments["model"] = json!("res.partner");
            }
            door.refused(tool, arguments, &["invalid_arguments"]);
        }
    }
    for offset in [json!(-1), json!("x"), json!(0.5)] {
        let arguments = json!({"model": "res.partner", "offset": offset});
        door.refused("odoo_search", arguments, &["invalid_arguments"]);
    }
}

fn field_definitions_are_told(world: &World) {
    let door = world.door();
    let result =
        door.ok("odoo_fields_get", json!({"model": "res.partner", "fields": ["name", "country_id", "type"]}));
    let fields = result["fields"].as_array().expect("fields");
    let by_name = |name: &str| fields.iter().find(|field| field["name"] == name).expect("the field").clone();
    assert_eq!(fields.len(), 3);
    assert_eq!(by_name("name")["type"], "char");
    assert_eq!(by_name("country_id")["type"], "many2one");
    assert_eq!(by_name("country_id")["relation"], "res.country");
    let all = door.ok("odoo_fields_get", json!({"model": "res.partner"}));
    let known = world.oracle().call("res.partner", "fields_get", json!([]), json!({"attributes": ["type"]}));
    assert_eq!(all["total"].as_u64(), known.as_object().map(|known| known.len() as u64));
}

fn models_are_listed(world: &World) {
    let door = world.door();
    let result = door.ok("odoo_list_models", json!({"pattern": "res.partner", "limit": 50}));
    let models = result["models"].as_array().expect("models");
    let names: Vec<&str> = models.iter().filter_map(|model| model["model"].as_str()).collect();
    assert!(names.contains(&"res.partner"), "{names:?}");
    let whole = |model: &Value| {
        format!("{} {}", model["model"], model["name"]).to_lowercase().contains("res.partner")
    };
    assert!(models.iter().all(whole), "{result}");
    assert_eq!(door.ok("odoo_list_models", json!({"pattern": unique("nothing")}))["total"], 0);
    // A wildcard is a character like others.
    assert_eq!(door.ok("odoo_list_models", json!({"pattern": "res%partner"}))["total"], 0);
}

fn the_version_is_told(world: &World) {
    let result = world.door().ok("odoo_version", json!({}));
    assert_eq!(result["major"].as_u64(), Some(u64::from(world.odoo.major)), "{result}");
}

fn a_read_needs_no_more_than_one_request_for_rows_and_total(world: &World) {
    let front = world.front();
    let door = world.door_through(&front);
    assert!(front.recorded().is_empty(), "nothing is sent before the first call");
    let arguments = json!({"model": "res.partner", "fields": ["name", "email"], "limit": 10});
    door.ok("odoo_search_read", arguments.clone());
    front.forget();
    let result = door.ok("odoo_search_read", arguments);
    assert!(result["total"].as_u64().is_some_and(|total| total > 10), "{result}");
    let sent = front.recorded().len();
    assert!(sent <= 2, "{sent} requests for one warm search");
}
