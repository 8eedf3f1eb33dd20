//! Reports: what comes is the document, and nothing else ever passes for one.

use serde_json::{Value, json};

use super::harness::{Behaviour, Door, SignInBy, Temporary, World, unique};

super::scenarios![
    a_report_is_a_pdf_with_pages,
    every_name_of_the_tool_prints_the_same,
    a_saved_report_is_in_the_area,
    nothing_is_overwritten_and_nothing_leaves_the_area,
    an_unknown_report_names_the_nearest,
    missing_records_are_named,
    several_documents_come_whole_or_not_at_all,
    a_report_is_read_as_text,
    a_spreadsheet_needs_a_spreadsheet_report,
    a_key_needs_the_portal_or_a_session,
    the_portal_prints_with_a_key,
    a_policy_on_the_model_holds_for_its_reports,
    a_policy_on_records_holds_for_reports,
    hostile_names_never_reach_the_server,
    a_page_with_status_200_is_no_report,
];

const REPORT: &str = "sale.report_saleorder";

/// One document at a time, whichever test process wants it: the program that makes PDFs asks the same
/// server for pictures and styles, and servers with two workers wait for themselves when both print.
pub(super) fn printing_alone() -> std::fs::File {
    let path = std::env::temp_dir().join("odoo-mcp-tests-printing.lock");
    let file = std::fs::File::create(path).expect("a file to lock");
    file.lock().expect("a lock");
    file
}

#[track_caller]
fn order(world: &World) -> Temporary {
    let customer = world.oracle().search("res.partner", json!([["is_company", "=", true]]))[0];
    world.temporary("sale.order", json!({"partner_id": customer, "client_order_ref": unique("Ref")}))
}

/// The bytes of an answer: inline, or in the download area on the disk.
#[track_caller]
pub(super) fn bytes_of(door: &Door, answer: &Value) -> Vec<u8> {
    use base64::Engine as _;
    let bytes = match answer["content_base64"].as_str() {
        Some(inline) => base64::engine::general_purpose::STANDARD.decode(inline).expect("base64"),
        None => {
            let path =
                answer["path"].as_str().unwrap_or_else(|| panic!("neither content nor path: {answer}"));
            let files = door.state_files();
            let file = files
                .into_iter()
                .find(|(name, _)| name.ends_with(path) && name.iter().any(|part| part == "files"));
            file.unwrap_or_else(|| panic!("no file {path}")).1
        }
    };
    assert_eq!(answer["size"].as_u64(), Some(bytes.len() as u64), "{answer}");
    let digest = ring::digest::digest(&ring::digest::SHA256, &bytes);
    let hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(answer["sha256"], hex.as_str());
    bytes
}

fn pages_in(pdf: &[u8]) -> usize {
    let text = String::from_utf8_lossy(pdf);
    text.matches("/Type /Page").count() + text.matches("/Type/Page").count()
        - text.matches("/Type /Pages").count()
        - text.matches("/Type/Pages").count()
}

/// With a key there is no session; the scenario is one for passwords.
fn has_session(world: &World) -> bool {
    world.by == SignInBy::Password
}

fn a_report_is_a_pdf_with_pages(world: &World) {
    if !has_session(world) {
        return;
    }
    let _alone = printing_alone();
    let (order, door) = (order(world), world.door());
    let answer = door.ok("odoo_report", json!({"report_name": REPORT, "ids": [order.id]}));
    let pdf = bytes_of(&door, &answer);
    assert!(pdf.starts_with(b"%PDF-"));
    assert!(pages_in(&pdf) >= 1);
    assert_eq!(answer["pages"].as_u64(), Some(pages_in(&pdf) as u64));
    assert_eq!(answer["mime_type"], "application/pdf");
    assert_eq!(answer["format"], "pdf");
    assert_eq!(answer["model"], "sale.order");
    assert!(answer["name"].as_str().is_some_and(|name| name.ends_with(&format!("{}.pdf", order.id))));
}

fn every_name_of_the_tool_prints_the_same(world: &World) {
    if !has_session(world) {
        return;
    }
    let _alone = printing_alone();
    let (order, door) = (order(world), world.door());
    for tool in ["odoo_report", "public_access_report_pdf"] {
        let answer = door.ok(tool, json!({"report_name": REPORT, "ids": [order.id]}));
        assert!(bytes_of(&door, &answer).starts_with(b"%PDF-"), "{tool}");
    }
}

fn a_saved_report_is_in_the_area(world: &World) {
    if !has_session(world) {
        return;
    }
    let _alone = printing_alone();
    let (order, door) = (order(world), world.door());
    let path = format!("reports/{}.pdf", order.id);
    let arguments = json!({"report_name": REPORT, "ids": [order.id], "save_path": path});
    let answer = door.ok("odoo_report", arguments.clone());
    assert_eq!(answer["status"], "saved");
    assert_eq!(answer["path"], path.as_str());
    assert!(answer.get("content_base64").is_none());
    assert!(bytes_of(&door, &answer).starts_with(b"%PDF-"));
    let error = door.call("odoo_report", arguments).expect_err("a refusal");
    assert_eq!(error["code"], "file_exists", "{error}");
}

fn nothing_is_overwritten_and_nothing_leaves_the_area(world: &World) {
    let door = world.door();
    for path in ["../x.pdf", "/etc/x.pdf", "a/../../x.pdf", ".hidden.pdf", "a//b.pdf", "C:\\x.pdf", "a\u{0}b"]
    {
        let arguments = json!({"report_name": REPORT, "ids": [1], "save_path": path});
        let error = door.call("odoo_report", arguments).expect_err("a refusal");
        assert!(
            matches!(error["code"].as_str(), Some("invalid_path" | "invalid_arguments" | "not_found")),
            "{path}: {error}"
        );
    }
}

fn an_unknown_report_names_the_nearest(world: &World) {
    let door = world.door();
    let arguments = json!({"report_name": "sale.report_saleordr", "ids": [1]});
    let error = door.call("odoo_report", arguments).expect_err("a refusal");
    assert_eq!(error["code"], "unknown_report", "{error}");
    assert!(error["hint"].as_str().is_some_and(|hint| hint.contains(REPORT)), "{error}");
}

fn missing_records_are_named(world: &World) {
    let (order, door) = (order(world), world.door());
    let gone = 2_000_000_000;
    for tool in ["odoo_report", "public_access_report_html"] {
        let arguments = json!({"report_name": REPORT, "ids": [order.id, gone]});
        let error = door.call(tool, arguments).expect_err("a refusal");
        assert_eq!(error["code"], "not_found", "{tool}: {error}");
        assert!(error["message"].as_str().is_some_and(|text| text.contains("2000000000")), "{error}");
    }
}

fn several_documents_come_whole_or_not_at_all(world: &World) {
    if !has_session(world) {
        return;
    }
    let _alone = printing_alone();
    let (one, other, door) = (order(world), order(world), world.door());
    match door.call("odoo_report", json!({"report_name": REPORT, "ids": [one.id, other.id]})) {
        Ok(answer) => assert!(pages_in(&bytes_of(&door, &answer)) >= 2, "{answer}"),
        Err(error) => {
            assert_eq!(error["code"], "report_failed", "{error}");
            assert!(error["hint"].as_str().is_some_and(|hint| hint.contains("one id per call")), "{error}");
        }
    }
}

fn a_report_is_read_as_text(world: &World) {
    if !has_session(world) {
        return;
    }
    let (order, door) = (order(world), world.door());
    let name = world.oracle().field("sale.order", order.id, "name");
    let arguments =
        json!({"report_name": REPORT, "ids": [order.id], "save_path": format!("o{}.html", order.id)});
    let answer = door.ok("public_access_report_html", arguments);
    let text = answer["text"].as_str().expect("text");
    assert!(text.contains(name.as_str().expect("a name")), "{text}");
    assert!(!text.contains("<div"), "{text}");
    assert!(answer["tables"].is_array());
    let html = String::from_utf8(bytes_of(&door, &answer["file"])).expect("text");
    assert!(html.contains(name.as_str().expect("a name")));
    assert!(!html.contains("<script"), "{html}");
}

fn a_spreadsheet_needs_a_spreadsheet_report(world: &World) {
    let (order, door) = (order(world), world.door());
    let arguments = json!({"report_name": REPORT, "ids": [order.id]});
    let error = door.call("public_access_report_xlsx", arguments).expect_err("a refusal");
    assert_eq!(error["code"], "wrong_report_type", "{error}");
    assert!(error["hint"].as_str().is_some_and(|hint| hint.contains("public_access_")), "{error}");
}

fn a_key_needs_the_portal_or_a_session(world: &World) {
    if has_session(world) {
        return;
    }
    let (order, door) = (order(world), world.door());
    let error =
        door.call("odoo_report", json!({"report_name": REPORT, "ids": [order.id]})).expect_err("a refusal");
    assert_eq!(error["code"], "session_required", "{error}");
    assert!(error["hint"].as_str().is_some_and(|hint| hint.contains("portal")), "{error}");
}

fn the_portal_prints_with_a_key(world: &World) {
    let _alone = printing_alone();
    let (order, door) = (order(world), world.door());
    let arguments = json!({"report_name": REPORT, "ids": [order.id], "portal": true});
    match door.call("odoo_report", arguments) {
        Ok(answer) => assert!(bytes_of(&door, &answer).starts_with(b"%PDF-"), "{answer}"),
        // Version 14 opens the page for the token and refuses its PDF.
        Err(error) => {
            assert!(world.odoo.major < 15, "{error}");
            assert_eq!(error["code"], "report_failed", "{error}");
        }
    }
    for bad in [
        json!({"report_name": REPORT, "ids": [order.id, 1], "portal": true}),
        json!({"report_name": "stock.report_picking", "ids": [1], "portal": true}),
        json!({"report_name": REPORT, "ids": [order.id], "portal": true, "lang": "fr_FR"}),
    ] {
        let error = door.call("odoo_report", bad).expect_err("a refusal");
        assert_eq!(error["code"], "invalid_arguments", "{error}");
    }
}

fn a_policy_on_the_model_holds_for_its_reports(world: &World) {
    let order = order(world);
    let models = json!({"*": {"ops": ["read", "report"]}, "sale.order": {"ops": ["read"]}});
    let door = world.door_under(&json!({"version": "1", "default": "allow", "models": models}));
    for tool in ["odoo_report", "public_access_report_pdf", "public_access_report_html"] {
        let error =
            door.call(tool, json!({"report_name": REPORT, "ids": [order.id]})).expect_err("a refusal");
        assert_eq!(error["code"], "denied", "{tool}: {error}");
    }
}

fn a_policy_on_records_holds_for_reports(world: &World) {
    let order = order(world);
    let models = json!({"*": {"ops": ["read", "report"]}, "sale.order": {
        "ops": ["read", "report"], "domain": [["id", "!=", order.id]]
    }});
    let door = world.door_under(&json!({"version": "1", "default": "allow", "models": models}));
    let error =
        door.call("odoo_report", json!({"report_name": REPORT, "ids": [order.id]})).expect_err("a refusal");
    assert!(matches!(error["code"].as_str(), Some("denied" | "not_found")), "{error}");
}

fn hostile_names_never_reach_the_server(world: &World) {
    let front = world.front();
    let door = world.door_through(&front);
    for name in [
        "../../web/session/logout",
        "sale.report_saleorder/1?x=",
        "a%2f..%2fb",
        "sale.report_saleorder#",
        "x\r\nHost: evil.example",
        "http://evil.example/x",
        "",
        ".",
    ] {
        let error =
            door.call("odoo_report", json!({"report_name": name, "ids": [1]})).expect_err("a refusal");
        assert_eq!(error["code"], "invalid_arguments", "{name}: {error}");
    }
    for ids in [json!([]), json!([0]), json!(["1/../2"]), json!([1.5]), json!({"a": 1})] {
        let error =
            door.call("odoo_report", json!({"report_name": REPORT, "ids": ids})).expect_err("a refusal");
        assert_eq!(error["code"], "invalid_arguments", "{ids}: {error}");
    }
}

fn a_page_with_status_200_is_no_report(world: &World) {
    if !has_session(world) {
        return;
    }
    let order = order(world);
    let front = world.front();
    let door = world.door_through(&front);
    door.ok("odoo_search_count", json!({"model": "sale.order"}));
    for (body, code) in [
        ("<html><h1>Sorry</h1></html>", "wrong_content"),
        ("%PDF-1.3 << /Type /Pages /Count 0 >>", "report_failed"),
        ("", "wrong_content"),
        ("PK\u{3}\u{4} no document", "wrong_content"),
    ] {
        front.behave(move |request| match request.path().starts_with("/report/pdf/") {
            true => Behaviour::Answer { status: 200, content_type: "application/pdf", body: body.to_owned() },
            false => Behaviour::Pass,
        });
        let arguments = json!({"report_name": REPORT, "ids": [order.id]});
        let error = door.call("odoo_report", arguments).expect_err("a refusal");
        assert_eq!(error["code"], code, "{body}: {error}");
    }
    for (location, code) in [("//evil.example/x.pdf", "redirected_away"), ("/web/login", "login_required")] {
        front.behave(move |request| match request.path().starts_with("/report/pdf/") {
            true => Behaviour::Redirect(location),
            false => Behaviour::Pass,
        });
        let arguments = json!({"report_name": REPORT, "ids": [order.id]});
        let error = door.call("odoo_report", arguments).expect_err("a refusal");
        assert_eq!(error["code"], code, "{location}: {error}");
    }
}
