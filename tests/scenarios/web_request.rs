//! Pages, forms and files of the web server.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{
    harness::{Door, SignInBy, World, unique},
    web_session::{credentials, end_elsewhere, open_policy, sign_in},
};

super::scenarios![
    a_page_comes_as_text_links_and_tables,
    json_routes_answer_values,
    a_form_carries_the_token_and_files,
    files_go_to_the_download_area,
    errors_of_the_server_are_errors,
    the_session_is_needed_and_renewed_for_pages,
    a_form_is_not_sent_on_a_lost_session,
    reserved_paths_never_leave,
    arguments_that_cannot_be_meant_are_refused,
    the_policy_looks_at_paths_and_records,
    a_page_could_show_what_is_hidden,
    a_report_comes_over_the_session,
    two_callers_have_two_sessions,
];

/// A door with a session: that of the connection, or one opened with a password.
#[track_caller]
fn door_with_session(world: &World) -> Door {
    let door = world.door_under(&open_policy());
    if world.by == SignInBy::ApiKey {
        sign_in(world, &door);
    }
    door
}

fn a_page_comes_as_text_links_and_tables(world: &World) {
    let door = door_with_session(world);
    let found = door.ok("odoo_web_request", json!({"path": "/my/home"}));
    assert_eq!((&found["status"], &found["content_type"]), (&json!(200), &json!("text/html")));
    assert_eq!(found["final_path"], "/my/home");
    let page = &found["page"];
    assert!(page["title"].as_str().unwrap().contains("My"), "{found}");
    assert!(page["text"].as_str().unwrap().contains("Orders"), "{found}");
    assert!(page["links"].as_array().is_some_and(|links| !links.is_empty()), "{found}");
    let all = page["text_chars"].as_u64().unwrap();
    let part = door.ok("odoo_web_request", json!({"path": "/my/home", "length": 5}));
    assert_eq!(part["page"]["next_offset"], 5);
    let rest = door.ok("odoo_web_request", json!({"path": "/my/home", "offset": 5}));
    assert_eq!(
        (rest["page"]["text_chars"].as_u64(), &rest["page"]["next_offset"]),
        (Some(all), &json!(null))
    );
    let robots = door.ok("odoo_web_request", json!({"path": "/robots.txt"}));
    assert!(robots["page"]["text"].as_str().unwrap().contains("User-agent"), "{robots}");
}

fn json_routes_answer_values(world: &World) {
    let door = door_with_session(world);
    let call = json!({"path": "/web/webclient/version_info", "method": "POST", "body": "jsonrpc"});
    let found = door.ok("odoo_web_request", call);
    assert_eq!(found["json"]["server_version_info"][0], world.odoo.major, "{found}");
    if world.odoo.major >= 19 {
        let found = door.ok("odoo_web_request", json!({"path": "/web/health"}));
        assert_eq!(found["json"]["status"], "pass");
    }
}

/// Uploads a file to a contact, and answers the id of the attachment.
#[track_caller]
fn upload(door: &Door, contact: i64, name: &str, content: &[u8]) -> Result<Value, Value> {
    door.call(
        "odoo_web_request",
        json!({
            "path": "/web/binary/upload_attachment", "method": "POST", "body": "multipart",
            "data": {"model": "res.partner", "id": contact},
            "files": [{"name": "ufile", "file_name": name, "content_type": "text/plain", "content_base64": STANDARD.encode(content)}],
        }),
    )
}

fn attachments_of(world: &World, contact: i64) -> Vec<i64> {
    let domain = json!([["res_model", "=", "res.partner"], ["res_id", "=", contact]]);
    world.oracle().search("ir.attachment", domain)
}

fn a_form_carries_the_token_and_files(world: &World) {
    let (oracle, door) = (world.oracle(), door_with_session(world));
    let contact = world.contact();
    let content = "line one\r\nline \u{e9}\r\n".as_bytes();
    let name = format!("{}.txt", unique("note").replace(' ', "-"));
    upload(&door, contact.id, &name, content).unwrap();
    let ids = attachments_of(world, contact.id);
    assert_eq!(ids.len(), 1);
    let kept = world.adopt("ir.attachment", ids[0]);
    assert_eq!(oracle.field("ir.attachment", kept.id, "datas"), STANDARD.encode(content));
    assert_eq!(oracle.field("ir.attachment", kept.id, "name"), json!(name));
}

fn files_go_to_the_download_area(world: &World) {
    let door = door_with_session(world);
    let contact = world.contact();
    let content: Vec<u8> = (0..200_000u32).map(|n| u8::try_from(n % 251).unwrap()).collect();
    let values = json!({"name": unique("file"), "datas": STANDARD.encode(&content), "res_model": "res.partner", "res_id": contact.id});
    let attachment = world.temporary("ir.attachment", values);
    let found = door.ok("odoo_web_request", json!({"path": format!("/web/content/{}", attachment.id)}));
    assert_eq!(found["file"]["size"], content.len());
    assert!(found["file"]["uri"].is_string(), "{found}");
    assert!(door.state_files().iter().any(|(_, bytes)| *bytes == content), "the file is not there");
    let named = json!({"path": format!("/web/content/{}", attachment.id), "save_path": "kept/by-name.bin"});
    assert_eq!(door.ok("odoo_web_request", named.clone())["file"]["path"], "kept/by-name.bin");
    door.refused("odoo_web_request", named, &["file_exists"]);
    let outside = json!({"path": format!("/web/content/{}", attachment.id), "save_path": "../x"});
    door.refused("odoo_web_request", outside, &["invalid_path"]);
}

fn errors_of_the_server_are_errors(world: &World) {
    let door = door_with_session(world);
    door.refused("odoo_web_request", json!({"path": "/no/such/page"}), &["not_found"]);
    door.refused("odoo_web_request", json!({"path": "/web/content/2000000000"}), &["not_found"]);
    let contact = world.contact();
    // Without a file the route fails in its own way, and it is no success.
    let call = json!({"path": "/web/binary/upload_attachment", "method": "POST", "body": "form", "data": {"model": "res.partner", "id": contact.id}});
    door.refused("odoo_web_request", call, &["bad_request", "odoo_fault"]);
    let unknown = json!({"path": "/web/session/nosuch", "method": "POST", "body": "jsonrpc"});
    door.refused("odoo_web_request", unknown, &["invalid_arguments"]);
    assert!(attachments_of(world, contact.id).is_empty());
}

fn the_session_is_needed_and_renewed_for_pages(world: &World) {
    if world.by == SignInBy::ApiKey {
        let door = world.door();
        door.refused("odoo_web_request", json!({"path": "/my/home"}), &["session_required"]);
        return;
    }
    let front = world.front();
    let door = world.door_through(&front);
    door.ok("odoo_web_request", json!({"path": "/my/home"}));
    end_elsewhere(world, &front);
    front.forget();
    let found = door.ok("odoo_web_request", json!({"path": "/my/home"}));
    assert!(found["page"]["text"].as_str().unwrap().contains("Orders"), "{found}");
    let logins =
        front.recorded().iter().filter(|one| one.message.path() == "/web/session/authenticate").count();
    assert_eq!(logins, 1);
    door.ok("odoo_web_logout", json!({}));
    door.refused("odoo_web_request", json!({"path": "/my/home"}), &["no_session"]);
}

fn a_form_is_not_sent_on_a_lost_session(world: &World) {
    let front = world.front();
    let door = Door::open(world.settings().variable("ODOO_URL", &front.url()).policy(&open_policy()));
    door.ok("odoo_web_login", credentials(world));
    let contact = world.contact();
    upload(&door, contact.id, "one.txt", b"one").unwrap();
    end_elsewhere(world, &front);
    let error = upload(&door, contact.id, "two.txt", b"two").unwrap_err();
    assert_eq!(error["code"], "session_expired", "{error}");
    let kept = attachments_of(world, contact.id);
    assert_eq!(kept.len(), 1, "nothing was uploaded on the lost session");
    let _kept = world.adopt("ir.attachment", kept[0]);
}

fn reserved_paths_never_leave(world: &World) {
    let front = world.front();
    let door = world.door_through(&front);
    door.ok("odoo_web_login", credentials(world));
    front.forget();
    for path in [
        "/web/session/logout",
        "/web/session/destroy",
        "/web/login",
        "/web/signup",
        "/web/reset_password",
        "/web/database/manager",
        "/web/database/drop",
        "/jsonrpc",
        "/xmlrpc/2/object",
        "/json/2/res.partner/unlink",
        "/web/dataset/call_kw/res.partner/unlink",
        "/web/export/csv",
        "/payment/pay",
        "/my/orders/1/accept",
        "/fr/web/session/logout",
        "/w%65b/session/logout",
        "/Web/Session/Logout",
        "/web/session/logout/",
    ] {
        for method in ["GET", "POST"] {
            door.refused("odoo_web_request", json!({"path": path, "method": method}), &["invalid_arguments"]);
        }
    }
    assert!(front.recorded().is_empty(), "a reserved path was asked for");
}

fn arguments_that_cannot_be_meant_are_refused(world: &World) {
    let door = world.door_under(&open_policy());
    for bad in [
        json!({"path": "/my", "data": {"a": 1}}),
        json!({"path": "/my", "method": "PUT"}),
        json!({"path": "/my", "method": "POST", "body": "xml"}),
        json!({"path": "/my", "params": {"a": {"b": 1}}}),
        json!({"path": "/my", "method": "POST", "body": "form", "data": {"a": {"b": 1}}}),
        json!({"path": "/my", "method": "POST", "files": [{"name": "x", "content_base64": ""}]}),
        json!({"path": "/report/pdf/sale.report_saleorder"}),
        json!({"path": "/web/content/7", "params": {"model": "res.users"}}),
        json!({"path": "/web/image/base.main_partner"}),
        json!({}),
    ] {
        door.refused("odoo_web_request", bad, &["invalid_arguments"]);
    }
    let both = json!({"name": "x", "path": "a", "content_base64": "YQ=="});
    let upload = json!({"path": "/x", "method": "POST", "body": "multipart", "files": [both]});
    door.refused("odoo_web_request", upload, &["invalid_arguments"]);
    let gone = json!({"path": "/x", "method": "POST", "body": "multipart", "files": [{"name": "x", "path": "no/such.file"}]});
    door.refused("odoo_web_request", gone, &["not_found"]);
}

fn the_policy_looks_at_paths_and_records(world: &World) {
    let front = world.front();
    let models = json!({"web.page": {"ops": ["read"]}, "res.partner": {"ops": ["read"]}});
    let policy = json!({"version": "1", "default": "allow", "models": models});
    let door = Door::open(world.settings().variable("ODOO_URL", &front.url()).policy(&policy));
    door.ok("odoo_web_login", credentials(world));
    door.ok("odoo_web_request", json!({"path": "/my/home"}));
    front.forget();
    for (path, method) in [
        ("/website/lang/fr", "GET"),
        ("/my/home", "POST"),
        ("/web/content/1", "GET"),
        ("/web/content/res.users/2/login", "GET"),
        ("/report/pdf/sale.report_saleorder/1", "GET"),
    ] {
        let error = door.call("odoo_web_request", json!({"path": path, "method": method})).unwrap_err();
        assert_eq!(error["code"], "denied", "{path}: {error}");
    }
    assert!(front.recorded().iter().all(|one| !one.message.path().contains("content")));
}

fn two_callers_have_two_sessions(world: &World) {
    // Two processes are two callers as well; each has its own session, and ending one leaves the other.
    let (one, two) = (world.door(), world.door());
    sign_in(world, &one);
    sign_in(world, &two);
    one.ok("odoo_web_logout", json!({}));
    let call = json!({"model": "res.partner", "method": "search_count", "args": [[]]});
    two.ok("odoo_web_call", call.clone());
    one.refused("odoo_web_call", call, &["no_session"]);
}

fn a_page_could_show_what_is_hidden(world: &World) {
    let hiding = |page: Option<Value>| {
        let contacts = json!({"ops": ["read"], "fields": {"email": {"read": "deny"}}});
        let mut models = json!({"*": {"ops": ["read"]}, "res.partner": contacts});
        if let Some(page) = page {
            models["web.page"] = page;
        }
        world.door_under(&json!({"version": "1", "default": "allow", "models": models}))
    };
    let closed = hiding(None);
    closed.ok("odoo_web_login", credentials(world));
    closed.refused("odoo_web_request", json!({"path": "/my/home"}), &["denied"]);
    closed.refused("odoo_web_request", json!({"path": "/robots.txt"}), &["denied"]);
    let open = hiding(Some(json!({"ops": ["read"]})));
    open.ok("odoo_web_login", credentials(world));
    open.ok("odoo_web_request", json!({"path": "/my/home"}));
}

fn a_report_comes_over_the_session(world: &World) {
    let _alone = super::reports::printing_alone();
    let door = door_with_session(world);
    let order = world.oracle().search("sale.order", json!([]))[0];
    let printed = door.ok("odoo_web_report", json!({"report_name": "sale.report_saleorder", "ids": [order]}));
    assert!(printed.to_string().contains("application/pdf"), "{printed}");
    for bad in [
        json!({"report_name": "sale.no_such_report", "ids": [order]}),
        json!({"report_name": "../x", "ids": [order]}),
        json!({"report_name": "sale.report_saleorder", "ids": []}),
        json!({"report_name": "sale.report_saleorder", "ids": [2_000_000_000]}),
    ] {
        door.refused("odoo_web_report", bad, &["unknown_report", "invalid_arguments", "not_found"]);
    }
}
