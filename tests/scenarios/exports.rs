//! Exports: the rows of the file are those of Odoo, typed, and no cell runs as a formula.

use serde_json::{Value, json};

use super::{
    harness::{Temporary, World, rows_of, unique},
    reports::bytes_of,
};

super::scenarios![
    a_spreadsheet_holds_the_rows_of_odoo,
    amounts_dates_and_flags_have_their_types,
    lines_of_a_record_are_rows_of_their_own,
    a_csv_with_formulas_is_safe,
    a_csv_reads_back_as_it_was,
    headers_are_technical_for_an_import,
    nothing_found_makes_no_file,
    a_limit_says_that_there_is_more,
    many_records_come_in_their_order,
    a_large_export_goes_to_the_area,
    wrong_columns_are_refused,
    external_ids_are_a_change_for_the_policy,
    masked_fields_are_masked_in_the_file,
    a_policy_on_the_model_holds_for_exports,
    groups_are_written_by_odoo,
    hostile_paths_are_refused,
];

/// Contacts with a name of their own, in the order of their names.
struct Contacts {
    prefix: String,
    records: Vec<Temporary>,
}

#[track_caller]
fn contacts(world: &World, values: &[Value]) -> Contacts {
    let prefix = unique("Export");
    let make = |(place, values): (usize, &Value)| {
        let mut record = json!({"name": format!("{prefix} {place}")});
        record.as_object_mut().unwrap().extend(values.as_object().unwrap().clone());
        world.temporary("res.partner", record)
    };
    let records = values.iter().enumerate().map(make).collect();
    Contacts { prefix, records }
}

impl Contacts {
    /// The arguments of an export of these contacts.
    fn export(&self, fields: Value, more: Value) -> Value {
        let ids: Vec<i64> = self.records.iter().map(|record| record.id).collect();
        let mut arguments = json!({"model": "res.partner", "fields": fields, "domain": [["id", "in", ids]], "order": "name, id"});
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        arguments
    }
}

fn texts(rows: &[Vec<super::harness::ReadCell>]) -> Vec<Vec<&str>> {
    rows.iter().map(|row| row.iter().map(|cell| cell.text.as_str()).collect()).collect()
}

/// Fields and records of a CSV file.
#[track_caller]
fn read_csv(text: &str) -> Vec<Vec<String>> {
    let mut rows = vec![vec![String::new()]];
    let mut quoted = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let row = rows.last_mut().unwrap();
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                row.last_mut().unwrap().push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(String::new()),
            '\r' if !quoted => {}
            '\n' if !quoted => rows.push(vec![String::new()]),
            other => row.last_mut().unwrap().push(other),
        }
    }
    assert_eq!(rows.pop(), Some(vec![String::new()]), "the last line ends");
    rows
}

fn a_spreadsheet_holds_the_rows_of_odoo(world: &World) {
    let france = world.oracle().search("res.country", json!([["code", "=", "FR"]]))[0];
    let contacts = contacts(
        world,
        &[json!({"country_id": france, "email": "a@example.com"}), json!({"city": "Lyon & <Co>"}), json!({})],
    );
    let door = world.door();
    let fields = json!(["name", "email", "country_id/code", "city", ".id"]);
    let answer = door.ok("public_access_export_xlsx", contacts.export(fields, json!({})));
    assert_eq!(answer["records"], 3);
    assert_eq!(answer["rows"], 3);
    assert_eq!(answer["has_more"], false);
    assert_eq!(answer["format"], "xlsx");
    let file = bytes_of(&door, &answer);
    let rows = rows_of(&file);
    let labels = world.oracle().call("res.partner", "fields_get", json!([["name", "email"]]), json!({}));
    assert_eq!(rows[0][0].text, labels["name"]["string"].as_str().unwrap());
    assert_eq!(rows[0][1].text, labels["email"]["string"].as_str().unwrap());
    let id = |place: usize| contacts.records[place].id.to_string();
    let name = |place: usize| format!("{} {place}", contacts.prefix);
    assert_eq!(
        texts(&rows[1..]),
        [
            vec![name(0).as_str(), "a@example.com", "FR", "", &id(0)],
            vec![&name(1), "", "", "Lyon & <Co>", &id(1)],
            vec![&name(2), "", "", "", &id(2)],
        ]
    );
}

fn amounts_dates_and_flags_have_their_types(world: &World) {
    let customer = world.oracle().search("res.partner", json!([["is_company", "=", true]]))[0];
    let order =
        world.temporary("sale.order", json!({"partner_id": customer, "date_order": "2026-02-28 12:00:00"}));
    let door = world.door();
    let fields =
        json!(["name", "amount_total", "date_order", "require_signature", "partner_id/is_company", "state"]);
    let arguments = json!({"model": "sale.order", "fields": fields, "domain": [["id", "=", order.id]]});
    let answer = door.ok("public_access_export_xlsx", arguments);
    let rows = rows_of(&bytes_of(&door, &answer));
    let row = &rows[1];
    assert_eq!(row[0].kind, "inlineStr");
    let total = world.oracle().field("sale.order", order.id, "amount_total");
    assert_eq!(row[1].text.parse::<f64>().ok(), total.as_f64());
    assert_eq!(row[1].kind, "");
    assert_eq!(row[2].kind, "", "a moment is a number with a format: {row:?}");
    let moment: f64 = row[2].text.parse().expect("a number");
    assert!((46080.0..46083.0).contains(&moment), "{moment}");
    assert_ne!(row[2].style, "");
    assert_eq!(row[3].kind, "b");
    assert_eq!((row[4].kind.as_str(), row[4].text.as_str()), ("b", "1"));
    assert_eq!(row[5].kind, "inlineStr");
}

fn lines_of_a_record_are_rows_of_their_own(world: &World) {
    let parent = world.temporary("res.partner", json!({"name": unique("Parent"), "is_company": true}));
    let children: Vec<Temporary> = (0..3)
        .map(|number| {
            let values = json!({"name": format!("Child {number}"), "parent_id": parent.id});
            world.temporary("res.partner", values)
        })
        .collect();
    let door = world.door();
    let arguments = json!({"model": "res.partner", "fields": ["name", "child_ids/name"], "domain": [["id", "=", parent.id]]});
    let answer = door.ok("public_access_export_csv", arguments);
    assert_eq!(answer["records"], 1);
    assert_eq!(answer["rows"].as_u64(), Some(children.len() as u64), "{answer}");
}

fn a_csv_with_formulas_is_safe(world: &World) {
    let nasty = [
        "=HYPERLINK(\"http://x.example\",\"click\")",
        "+SUM(1,2)",
        "-2+3+cmd|' /C calc'!A0",
        "@SUM(A1:A2)",
        "\t=1+1",
    ];
    let values: Vec<Value> = nasty.iter().map(|text| json!({"comment": false, "city": text})).collect();
    let contacts = contacts(world, &values);
    let door = world.door();
    let answer = door.ok("public_access_export_csv", contacts.export(json!(["city", "name"]), json!({})));
    assert_eq!(answer["guarded_cells"].as_u64(), Some(nasty.len() as u64), "{answer}");
    let text = String::from_utf8(bytes_of(&door, &answer)).expect("UTF-8");
    let rows = read_csv(&text);
    for (row, nasty) in rows[1..].iter().zip(nasty) {
        assert_eq!(row[0], format!("'{nasty}"));
        for cell in row {
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell}");
        }
    }
    // In a spreadsheet file a text is a text, whatever it begins with.
    let answer = door.ok("public_access_export_xlsx", contacts.export(json!(["city"]), json!({})));
    let rows = rows_of(&bytes_of(&door, &answer));
    for (row, nasty) in rows[1..].iter().zip(nasty) {
        assert_eq!((row[0].kind.as_str(), row[0].text.as_str()), ("inlineStr", nasty));
    }
}

fn a_csv_reads_back_as_it_was(world: &World) {
    let odd = ["a,b", "say \"hi\"", "two\nlines", "é 日本 😀", "-12.5", " padded "];
    let values: Vec<Value> = odd.iter().map(|text| json!({"street": text})).collect();
    let contacts = contacts(world, &values);
    let door = world.door();
    let more = json!({"byte_order_mark": true});
    let answer = door.ok("public_access_export_csv", contacts.export(json!(["street", "is_company"]), more));
    let text = String::from_utf8(bytes_of(&door, &answer)).expect("UTF-8");
    let rows = read_csv(text.strip_prefix('\u{feff}').expect("a byte order mark"));
    for (place, row) in rows[1..].iter().enumerate() {
        let stored = world.oracle().field("res.partner", contacts.records[place].id, "street");
        assert_eq!(json!(row[0]), stored);
        assert_eq!(row[1], "False");
    }
}

fn headers_are_technical_for_an_import(world: &World) {
    let contacts = contacts(world, &[json!({})]);
    let door = world.door();
    let arguments = contacts.export(json!(["name", "country_id/code"]), json!({"import_compat": true}));
    let answer = door.ok("public_access_export_csv", arguments);
    let text = String::from_utf8(bytes_of(&door, &answer)).expect("UTF-8");
    assert_eq!(read_csv(&text)[0], ["name", "country_id/code"]);
}

fn nothing_found_makes_no_file(world: &World) {
    let door = world.door();
    let domain = json!([["name", "=", unique("nobody")]]);
    for tool in ["public_access_export_xlsx", "public_access_export_csv"] {
        let answer = door.ok(tool, json!({"model": "res.partner", "fields": ["name"], "domain": domain}));
        assert_eq!(answer["status"], "empty");
        assert_eq!(answer["records"], 0);
        assert!(answer.get("path").is_none() && answer.get("content_base64").is_none(), "{answer}");
    }
    let files = door.state_files();
    assert!(!files.iter().any(|(name, _)| name.extension().is_some_and(|end| end == "csv" || end == "xlsx")));
}

fn a_limit_says_that_there_is_more(world: &World) {
    let contacts = contacts(world, &[json!({}), json!({}), json!({})]);
    let door = world.door();
    let answer = door.ok("public_access_export_csv", contacts.export(json!(["name"]), json!({"limit": 2})));
    assert_eq!((answer["records"].as_u64(), answer["has_more"].as_bool()), (Some(2), Some(true)));
    let answer = door.ok("public_access_export_csv", contacts.export(json!(["name"]), json!({"limit": 3})));
    assert_eq!((answer["records"].as_u64(), answer["has_more"].as_bool()), (Some(3), Some(false)));
}

fn many_records_come_in_their_order(world: &World) {
    let door = world.door();
    let first: Vec<i64> = world.oracle().search("res.country", json!([])).into_iter().rev().collect();
    let domain = json!([["id", "in", first]]);
    let arguments =
        json!({"model": "res.country", "fields": [".id", "code"], "domain": domain, "order": "id desc"});
    let answer = door.ok("public_access_export_csv", arguments);
    let text = String::from_utf8(bytes_of(&door, &answer)).expect("UTF-8");
    let ids: Vec<i64> = read_csv(&text)[1..].iter().map(|row| row[0].parse().unwrap()).collect();
    assert_eq!(ids, first);
}

fn a_large_export_goes_to_the_area(world: &World) {
    let long = "x".repeat(40_000);
    let contacts =
        contacts(world, &[json!({"street": long}), json!({"street": long}), json!({"street": long})]);
    let door = world.door();
    let answer = door.ok("public_access_export_csv", contacts.export(json!(["street"]), json!({})));
    assert_eq!(answer["status"], "saved", "{answer}");
    assert!(answer["size"].as_u64().is_some_and(|size| size > 120_000));
    assert!(bytes_of(&door, &answer).len() > 120_000);
    // A cell of a spreadsheet has a limit, and the answer says so.
    let answer = door.ok("public_access_export_xlsx", contacts.export(json!(["street"]), json!({})));
    assert_eq!(answer["shortened_cells"], 3, "{answer}");
    assert_eq!(rows_of(&bytes_of(&door, &answer))[1][0].text.len(), 32_767);
}

fn wrong_columns_are_refused(world: &World) {
    let door = world.door();
    for (fields, code) in [
        (json!(["nmae"]), "unknown_field"),
        (json!(["country_id/cod"]), "unknown_field"),
        (json!(["name/code"]), "invalid_domain"),
        (json!(["image_1920"]), "invalid_arguments"),
        (json!([]), "invalid_arguments"),
        (json!(["name; DROP"]), "invalid_arguments"),
        (json!([""]), "invalid_arguments"),
        (json!("name"), "invalid_arguments"),
    ] {
        let error = door
            .call("public_access_export_csv", json!({"model": "res.partner", "fields": fields}))
            .expect_err("a refusal");
        assert_eq!(error["code"], code, "{fields}: {error}");
    }
    for bad in [json!({"limit": 0}), json!({"limit": 10_000_000}), json!({"order": "name; drop"})] {
        let mut arguments = json!({"model": "res.partner", "fields": ["name"]});
        arguments.as_object_mut().unwrap().extend(bad.as_object().unwrap().clone());
        let error = door.call("public_access_export_xlsx", arguments).expect_err("a refusal");
        assert_eq!(error["code"], "invalid_arguments", "{bad}: {error}");
    }
}

fn external_ids_are_a_change_for_the_policy(world: &World) {
    let contacts = contacts(world, &[json!({})]);
    let models = json!({"*": {"ops": ["read"]}});
    let door = world.door_under(&json!({"version": "1", "default": "allow", "models": models}));
    let error = door
        .call("public_access_export_csv", contacts.export(json!(["id", "name"]), json!({})))
        .expect_err("a refusal");
    assert_eq!(error["code"], "denied", "{error}");
    door.ok("public_access_export_csv", contacts.export(json!([".id", "name"]), json!({})));
}

fn masked_fields_are_masked_in_the_file(world: &World) {
    let contacts = contacts(world, &[json!({"email": "secret@example.com"})]);
    let models = json!({"*": {"ops": ["read"]}, "res.partner": {"ops": ["read"], "fields": {"email": {"read": "mask"}}}});
    let door = world.door_under(&json!({"version": "1", "default": "allow", "models": models}));
    let result = door.call("public_access_export_csv", contacts.export(json!(["name", "email"]), json!({})));
    match result {
        Ok(answer) => {
            let text = String::from_utf8(bytes_of(&door, &answer)).expect("UTF-8");
            assert!(!text.contains("secret@example.com"), "{text}");
        }
        Err(error) => assert_eq!(error["code"], "denied", "{error}"),
    }
}

fn a_policy_on_the_model_holds_for_exports(world: &World) {
    let models = json!({"*": {"ops": ["read"]}, "res.partner": {"ops": []}});
    let door = world.door_under(&json!({"version": "1", "default": "allow", "models": models}));
    for arguments in [
        json!({"model": "res.partner", "fields": ["name"]}),
        json!({"model": "sale.order", "fields": ["name", "partner_id/email"]}),
    ] {
        let error = door.call("public_access_export_xlsx", arguments.clone()).expect_err("a refusal");
        assert_eq!(error["code"], "denied", "{arguments}: {error}");
    }
}

fn hostile_paths_are_refused(world: &World) {
    let door = world.door();
    for path in ["../x.csv", "/tmp/x.csv", "a/../../b.csv", ".ssh/x", "a//b", "c:\\x", "x\n.csv"] {
        let arguments = json!({"model": "res.country", "fields": ["name"], "save_path": path});
        let error = door.call("public_access_export_csv", arguments).expect_err("a refusal");
        assert_eq!(error["code"], "invalid_path", "{path}: {error}");
    }
}

fn groups_are_written_by_odoo(world: &World) {
    let france = world.oracle().search("res.country", json!([["code", "=", "FR"]]))[0];
    let contacts =
        contacts(world, &[json!({"country_id": france}), json!({"country_id": france}), json!({})]);
    let door = world.door();
    let grouped = contacts.export(json!(["name", "email"]), json!({"group_by": ["country_id"]}));
    match door.call("public_access_export_xlsx", grouped) {
        Ok(answer) => {
            assert_eq!(answer["records"], 3, "{answer}");
            assert!(bytes_of(&door, &answer).starts_with(b"PK\x03\x04"));
        }
        // A key has no session, and the sandbox writes no files.
        Err(error) => {
            let code = error["code"].as_str().unwrap_or_default();
            assert!(matches!(code, "session_required" | "export_failed"), "{error}");
        }
    }
    for bad in [json!(["country_id:month:x"]), json!(["name; drop"]), json!(["a", "b", "c", "d", "e"])] {
        let arguments = contacts.export(json!(["name"]), json!({"group_by": bad}));
        let error = door.call("public_access_export_xlsx", arguments).expect_err("a refusal");
        assert_eq!(error["code"], "invalid_arguments", "{bad}: {error}");
    }
}
