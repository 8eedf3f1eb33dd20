//! Files of records: what goes up comes down unchanged, into the caller's area and nowhere else.

use std::{fs, path::PathBuf};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::harness::{Behaviour, Door, Temporary, Via, World, http::Message, unique};

super::scenarios![
    what_goes_up_comes_down_unchanged,
    a_file_of_the_area_is_attached,
    a_file_of_the_same_odoo_is_attached,
    the_content_comes_from_one_place,
    addresses_elsewhere_are_refused,
    the_owner_must_exist,
    the_same_content_is_attached_once,
    what_a_browser_would_run_is_refused,
    names_that_somebody_chose_become_safe_ones,
    paths_outside_the_area_are_refused,
    a_link_has_no_content,
    attachments_that_are_not_there,
    a_policy_keeps_files_and_their_owners,
    hidden_and_masked_content_stays,
    a_file_that_is_the_value_of_a_field_follows_its_right,
    content_that_is_not_what_odoo_says_is_not_kept,
    an_upload_whose_answer_is_lost_is_not_repeated,
    a_large_file_passes_through_in_little_memory,
];

/// A PNG of one pixel.
const PIXEL: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

fn upload(door: &Door, owner: &Temporary, more: Value) -> Result<Value, Value> {
    let mut arguments = json!({"model": "res.partner", "res_id": owner.id, "filename": "file.bin"});
    for (name, value) in more.as_object().expect("arguments") {
        arguments[name] = value.clone();
    }
    door.call("odoo_attachment_upload", arguments)
}

#[track_caller]
fn uploaded(world: &World, door: &Door, owner: &Temporary, more: Value) -> (Value, Temporary) {
    let result = upload(door, owner, more).unwrap_or_else(|error| panic!("the upload was refused: {error}"));
    let id = result["attachment_id"].as_i64().expect("an id");
    (result, world.adopt("ir.attachment", id))
}

#[track_caller]
fn not_uploaded(world: &World, door: &Door, owner: &Temporary, more: Value, codes: &[&str]) -> Value {
    let shown = more.to_string();
    match upload(door, owner, more) {
        Ok(result) => panic!("{shown} should be refused, but: {result}"),
        Err(error) => {
            let code = error["code"].as_str().unwrap_or_default();
            assert!(codes.contains(&code), "{shown}: expected {codes:?}, got {error}");
            let domain = json!([["res_model", "=", "res.partner"], ["res_id", "=", owner.id]]);
            assert_eq!(world.oracle().count("ir.attachment", domain), 0, "{shown} left something behind");
            error
        }
    }
}

/// The content as Odoo keeps it.
fn kept(world: &World, id: i64) -> Vec<u8> {
    let datas = world.oracle().field("ir.attachment", id, "datas");
    STANDARD.decode(datas.as_str().unwrap_or_default()).expect("base64")
}

fn attachment(world: &World, name: &str, bytes: &[u8], more: Value) -> Temporary {
    let mut values = json!({"name": name, "datas": STANDARD.encode(bytes)});
    for (name, value) in more.as_object().expect("values") {
        values[name] = value.clone();
    }
    world.temporary("ir.attachment", values)
}

/// Bytes that no text could be, of any length, and different for every seed.
fn noise(length: usize, seed: u8) -> Vec<u8> {
    let mut state = 0x9e37_79b9_u32 ^ u32::from(seed);
    let step = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[0]
    };
    std::iter::repeat_with(step).take(length).collect()
}

/// The one folder of the door's caller.
#[track_caller]
fn area(door: &Door) -> PathBuf {
    let folders: Vec<_> = fs::read_dir(door.state_dir().join("files")).expect("an area").flatten().collect();
    assert_eq!(folders.len(), 1, "{folders:?}");
    folders[0].path()
}

/// Names of everything in the area that a caller could see.
fn visible_files(door: &Door) -> Vec<String> {
    let callers = fs::read_dir(door.state_dir().join("files")).expect("an area").flatten();
    let files = callers.flat_map(|caller| fs::read_dir(caller.path()).into_iter().flatten().flatten());
    let names = files.map(|file| file.file_name().to_string_lossy().into_owned());
    names.filter(|name| !name.starts_with('.')).collect()
}

fn what_goes_up_comes_down_unchanged(world: &World) {
    let (door, owner) = (world.door(), world.contact());
    let every_byte: Vec<u8> = (0..=255).collect();
    let contents: &[(&str, Vec<u8>)] = &[
        ("Größe & mehr.txt", "Übergröße, žluťoučký, 価格\n".as_bytes().to_vec()),
        ("every byte.bin", every_byte),
        ("one.bin", vec![0xff]),
        ("larger.bin", noise(200_000, 1)),
    ];
    for (name, bytes) in contents {
        let (up, file) = uploaded(
            world,
            &door,
            &owner,
            json!({"filename": name, "content_base64": STANDARD.encode(bytes)}),
        );
        assert_eq!((&up["filename"], &up["size"]), (&json!(name), &json!(bytes.len())));
        assert_eq!((&up["verified"], up.get("duplicate")), (&json!(true), None), "{up}");
        assert_eq!(kept(world, file.id), *bytes, "{name} in Odoo");
        let oracle = world.oracle();
        assert_eq!(oracle.field("ir.attachment", file.id, "res_model"), "res.partner");
        assert_eq!(oracle.field("ir.attachment", file.id, "res_id"), owner.id);
        assert_eq!(oracle.field("ir.attachment", file.id, "public"), false);
        assert_eq!(oracle.field("ir.attachment", file.id, "checksum"), up["checksum"]);

        let down = door.ok("odoo_attachment_download", json!({"attachment_id": file.id}));
        assert_eq!((&down["filename"], &down["verified"]), (&json!(name), &json!(true)), "{down}");
        if bytes.len() <= 65_536 {
            assert_eq!(down["content_base64"], STANDARD.encode(bytes), "{name} inline");
            assert_eq!(down.get("file"), None);
        } else {
            assert_eq!(down.get("content_base64"), None, "too large for an answer");
            assert_eq!(fs::read(area(&door).join(name)).expect("the file"), *bytes);
        }
        let saved = door.ok(
            "odoo_attachment_download",
            json!({"attachment_id": file.id, "save_path": format!("down/{name}")}),
        );
        assert_eq!(saved["saved_to"], format!("down/{name}"));
        assert_eq!((&saved["bytes_written"], &saved["file"]["sha256"]), (&json!(bytes.len()), &up["sha256"]));
        assert_eq!(fs::read(area(&door).join("down").join(name)).expect("the file"), *bytes);
    }
}

fn a_file_of_the_area_is_attached(world: &World) {
    let (door, owner, other) = (world.door(), world.contact(), world.contact());
    let bytes = noise(150_001, 2);
    let source =
        attachment(world, "source.bin", &bytes, json!({"res_model": "res.partner", "res_id": owner.id}));
    let down =
        door.ok("odoo_attachment_download", json!({"attachment_id": source.id, "save_path": "in/a b.bin"}));
    let uri = down["file"]["uri"].as_str().expect("a uri").to_owned();
    assert_eq!(uri, "odoo-mcp://files/in/a%20b.bin");
    let link = door.begin("odoo_attachment_download", json!({"attachment_id": source.id, "as_file": true}));
    let link = link.response();
    let blocks = link["result"]["content"].as_array().expect("content").clone();
    assert!(blocks.iter().any(|block| block["type"] == "resource_link"), "{link}");

    let (first, one) = uploaded(world, &door, &other, json!({"filename": "p.bin", "path": "in/a b.bin"}));
    assert_eq!(first["sha256"], down["file"]["sha256"]);
    assert_eq!(kept(world, one.id), bytes);
    let (_, two) =
        uploaded(world, &door, &other, json!({"filename": "u.bin", "path": uri, "allow_duplicate": true}));
    assert_eq!(kept(world, two.id), bytes);

    let third = world.contact();
    let wrong = json!({"path": "in/a b.bin", "sha256": "0".repeat(64)});
    not_uploaded(world, &door, &third, wrong, &["checksum_mismatch"]);
    for path in ["in/none.bin", "in", "odoo-mcp://files/in/none.bin"] {
        not_uploaded(world, &door, &third, json!({"path": path}), &["not_found"]);
    }
}

fn a_file_of_the_same_odoo_is_attached(world: &World) {
    let (door, owner) = (world.door(), world.contact());
    let bytes = noise(90_000, 3);
    let source =
        attachment(world, "source.bin", &bytes, json!({"res_model": "res.partner", "res_id": owner.id}));
    for url in [
        format!("/web/content/{}", source.id),
        format!("{}/web/content/{}?download=true", world.odoo.url, source.id),
    ] {
        let other = world.contact();
        let (_, file) = uploaded(world, &door, &other, json!({"filename": "copy.bin", "url": url}));
        assert_eq!(kept(world, file.id), bytes, "{url}");
    }
    let pictured = world.temporary("res.partner", json!({"name": unique("Pictured"), "image_1920": PIXEL}));
    let image = world.oracle().field("res.partner", pictured.id, "image_1920");
    let url = format!("/web/image/res.partner/{}/image_1920", pictured.id);
    let (_, file) = uploaded(world, &door, &owner, json!({"filename": "face.png", "url": url}));
    assert_eq!(STANDARD.encode(kept(world, file.id)), image.as_str().expect("an image").replace('\n', ""));
    assert_eq!(visible_files(&door), Vec::<String>::new(), "what passed through is not kept");

    let third = world.contact();
    let empty = format!("/web/image/res.partner/{}/image_1920", third.id);
    not_uploaded(world, &door, &third, json!({"url": empty}), &["not_found"]);
    not_uploaded(world, &door, &third, json!({"url": "/web/content/2147483647"}), &["not_found"]);
}

fn the_content_comes_from_one_place(world: &World) {
    let (door, owner) = (world.door(), world.contact());
    for more in [
        json!({}),
        json!({"content_base64": "QQ==", "path": "a"}),
        json!({"content_base64": "QQ==", "url": "/web/content/1"}),
        json!({"path": "a", "url": "/web/content/1", "content_base64": "QQ=="}),
        json!({"content_base64": "not base64!"}),
        json!({"content_base64": "data:text/plain;base64,QQ=="}),
        json!({"content_base64": "QQ==", "filename": "  "}),
        json!({"content_base64": "QQ==", "mimetype": "no type"}),
        json!({"content_base64": "QQ==", "mimetype": "text/plain\r\nX-Header: 1"}),
        json!({"content_base64": "QQ==", "sha256": "abc"}),
        json!({"content_base64": "QQ==", "public": true}),
        json!({"content_base64": "QQ==", "context": {"default_public": true}}),
        json!({"content_base64": "QQ==", "res_id": 0}),
        json!({"content_base64": "QQ==", "res_id": -1}),
        json!({"content_base64": 7}),
    ] {
        not_uploaded(world, &door, &owner, more, &["invalid_arguments"]);
    }
}

fn addresses_elsewhere_are_refused(world: &World) {
    let (door, owner) = (world.door(), world.contact());
    let front = world.front();
    for url in [
        format!("{}/web/content/1", front.url()),
        "https://evil.example/web/content/1".to_owned(),
        "//evil.example/web/content/1".to_owned(),
        format!("http://user:secret@{}/web/content/1", world.odoo.authority()),
        "/web/content/../session/logout".to_owned(),
        "/web/session/logout".to_owned(),
        "/web/content/base.partner_root".to_owned(),
        "file:///etc/passwd".to_owned(),
        "/my/home".to_owned(),
        String::new(),
    ] {
        let error = not_uploaded(world, &door, &owner, json!({"url": url}), &["invalid_arguments"]);
        assert!(!error.to_string().contains("secret@"), "{error}");
    }
    assert_eq!(front.recorded().len(), 0, "nothing was sent to another server");
}

fn the_owner_must_exist(world: &World) {
    let door = world.door();
    let gone = world.contact();
    let id = gone.id;
    drop(gone);
    let before = world
        .oracle()
        .count("ir.attachment", json!([["res_id", "=", id], ["res_model", "=", "res.partner"]]));
    let arguments = |model: &str, id: i64| json!({"model": model, "res_id": id, "filename": "a.txt", "content_base64": "QQ=="});
    door.refused("odoo_attachment_upload", arguments("res.partner", id), &["not_found"]);
    door.refused("odoo_attachment_upload", arguments("no.such.model", 1), &["unknown_model"]);
    let after = world
        .oracle()
        .count("ir.attachment", json!([["res_id", "=", id], ["res_model", "=", "res.partner"]]));
    assert_eq!(before, after);
    // An archived record is there.
    let archived = world.temporary("res.partner", json!({"name": unique("Archived"), "active": false}));
    let (_, file) = uploaded(world, &door, &archived, json!({"content_base64": "QQ=="}));
    assert_eq!(kept(world, file.id), b"A");
}

fn the_same_content_is_attached_once(world: &World) {
    let (door, owner, other) = (world.door(), world.contact(), world.contact());
    let content = json!({"filename": "a.txt", "content_base64": STANDARD.encode(unique("same"))});
    let (first, one) = uploaded(world, &door, &owner, content.clone());
    assert_eq!(first.get("duplicate"), None);
    let again = upload(&door, &owner, content.clone()).expect("no error");
    assert_eq!((&again["duplicate"], &again["attachment_id"]), (&json!(true), &json!(one.id)));
    let count = |owner: &Temporary| {
        let domain = json!([["res_model", "=", "res.partner"], ["res_id", "=", owner.id]]);
        world.oracle().count("ir.attachment", domain)
    };
    assert_eq!(count(&owner), 1);
    let mut allowed = content.clone();
    allowed["allow_duplicate"] = json!(true);
    let (_, _two) = uploaded(world, &door, &owner, allowed);
    assert_eq!(count(&owner), 2);
    let (_, _three) = uploaded(world, &door, &other, content);
    assert_eq!(count(&other), 1, "another record is another matter");
}

fn what_a_browser_would_run_is_refused(world: &World) {
    let (door, owner) = (world.door(), world.contact());
    let script = "<script>alert(1)</script>";
    let encoded = |text: &str| STANDARD.encode(text);
    for more in [
        json!({"filename": "a.html", "content_base64": encoded("harmless")}),
        json!({"filename": "a.txt", "content_base64": encoded(&format!("<html>{script}"))}),
        json!({"filename": "a.png", "content_base64": encoded(&format!("\u{feff}  <!DOCTYPE html>{script}"))}),
        json!({"filename": "a.svg", "content_base64": encoded("<svg xmlns='http://www.w3.org/2000/svg'/>")}),
        json!({"filename": "a.xml", "content_base64": encoded("<?xml version='1.0'?><svg onload='alert(1)'/>")}),
        json!({"filename": "a.js", "content_base64": encoded("alert(1)")}),
        json!({"filename": "a.txt", "content_base64": encoded("x"), "mimetype": "text/html"}),
        json!({"filename": "a.txt", "content_base64": encoded("x"), "mimetype": "IMAGE/SVG+XML"}),
    ] {
        not_uploaded(world, &door, &owner, more, &["active_content"]);
    }
    let more = json!({
        "filename": "page.html", "content_base64": encoded(&format!("<html>{script}")), "allow_active_content": true,
    });
    let (result, file) = uploaded(world, &door, &owner, more);
    assert_eq!(result["active_content"], true);
    assert_eq!(kept(world, file.id), format!("<html>{script}").as_bytes());
    let plain = json!({"filename": "order.xml", "content_base64": encoded("<?xml version='1.0'?><Order/>")});
    let (result, _file) = uploaded(world, &door, &owner, plain);
    assert_eq!(result.get("active_content"), None, "{result}");
}

fn names_that_somebody_chose_become_safe_ones(world: &World) {
    let (door, owner) = (world.door(), world.contact());
    for (number, (name, safe)) in [
        ("../../../etc/passwd", "passwd"),
        ("C:\\Windows\\system.ini", "system.ini"),
        (".bashrc", "bashrc"),
        ("a\u{0}b\r\nc.txt", "a_b__c.txt"),
        ("offer\u{202e}fdp.exe", "offer_fdp.exe"),
        ("CON", "_CON"),
    ]
    .into_iter()
    .enumerate()
    {
        let content = STANDARD.encode(unique(&number.to_string()));
        let (result, file) =
            uploaded(world, &door, &owner, json!({"filename": name, "content_base64": content}));
        assert_eq!(result["filename"], safe, "{name:?}");
        assert_eq!(world.oracle().field("ir.attachment", file.id, "name"), safe, "{name:?}");
    }
    // What Odoo calls a file may be anything; on our disk it is one safe name.
    for name in ["../../../outside.txt", "/etc/cron.d/x", "..", "a/../../b", ".partial/x", "x\\..\\y"] {
        let file = attachment(world, name, unique("hostile").as_bytes(), json!({}));
        let down = door.ok("odoo_attachment_download", json!({"attachment_id": file.id, "as_file": true}));
        let path = down["saved_to"].as_str().expect("a path");
        assert!(!path.contains('/') && !path.contains('\\') && !path.starts_with('.'), "{name}: {path}");
        assert!(area(&door).join(path).is_file(), "{name}: {path}");
    }
    let outside: Vec<_> = door
        .state_files()
        .into_iter()
        .filter(|(path, _)| !path.starts_with(area(&door)) && path.to_string_lossy().contains("outside"))
        .collect();
    assert_eq!(outside.len(), 0, "{outside:?}");
}

fn paths_outside_the_area_are_refused(world: &World) {
    let (door, owner) = (world.door(), world.contact());
    let file = attachment(world, "a.txt", unique("content").as_bytes(), json!({}));
    let secret = door.state_dir().join("outside.txt");
    fs::write(&secret, "not yours").expect("a file");
    let down = |path: &str| {
        door.call("odoo_attachment_download", json!({"attachment_id": file.id, "save_path": path}))
    };
    down("kept.txt").expect("the first");
    for path in [
        "../outside.txt",
        "x/../../outside.txt",
        "/outside.txt",
        ".hidden",
        "a/.partial/b",
        "a\\b",
        "a//b",
        "a\u{0}b",
        "a\nb",
        " ",
        "C:x",
        "odoo-mcp://files/%2e%2e/outside.txt",
        "nul.txt",
        &"x".repeat(300),
        &secret.to_string_lossy(),
    ] {
        let error = down(path).expect_err(path);
        assert_eq!(error["code"], "invalid_path", "{path}: {error}");
        if !path.trim().is_empty() {
            not_uploaded(world, &door, &owner, json!({"path": path}), &["invalid_path"]);
        }
    }
    assert_eq!(fs::read_to_string(&secret).expect("still there"), "not yours");
    assert_eq!(down("kept.txt").expect_err("taken")["code"], "file_exists");
    assert_eq!(down("kept.txt/deeper").expect_err("no folder")["code"], "invalid_path");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(door.state_dir(), area(&door).join("way")).expect("a link");
        assert_eq!(down("way/new.txt").expect_err("a link")["code"], "invalid_path");
        not_uploaded(world, &door, &owner, json!({"path": "way/outside.txt"}), &["not_found"]);
    }
}

fn a_link_has_no_content(world: &World) {
    let door = world.door();
    let link = world.temporary(
        "ir.attachment",
        json!({"name": unique("Link"), "type": "url", "url": "https://example.com/offer.pdf"}),
    );
    let down = door.ok("odoo_attachment_download", json!({"attachment_id": link.id, "as_file": true}));
    assert_eq!(down["url"], "https://example.com/offer.pdf");
    assert!(down.get("content_base64").is_none() && down.get("file").is_none(), "{down}");
    assert!(down["note"].as_str().unwrap_or_default().contains("link"), "{down}");
    let owner = world.contact();
    let more = json!({"url": format!("/web/content/{}", link.id)});
    not_uploaded(world, &door, &owner, more, &["invalid_arguments"]);
}

fn attachments_that_are_not_there(world: &World) {
    let door = world.door();
    for id in [2_147_483_647_i64, 1_999_999_999] {
        door.refused("odoo_attachment_download", json!({"attachment_id": id}), &["not_found"]);
    }
    for id in [json!(0), json!(-7), json!(4_294_967_296_i64), json!("x"), json!(null), json!([1])] {
        door.refused("odoo_attachment_download", json!({"attachment_id": id}), &["invalid_arguments"]);
    }
    // Who may not see the record may not see its file either.
    let secret =
        attachment(world, "key.txt", b"top secret", json!({"res_model": "ir.config_parameter", "res_id": 1}));
    if world.odoo.url.contains("127.0.0.1") && is_real(world) {
        let demo = world.door_of_demo();
        let error = demo
            .call("odoo_attachment_download", json!({"attachment_id": secret.id}))
            .expect_err("not for the demo user");
        assert!(
            ["access_denied", "not_found", "denied"].contains(&error["code"].as_str().unwrap_or_default()),
            "{error}"
        );
    }
}

/// The sandbox knows no access rules for files of other models.
fn is_real(world: &World) -> bool {
    world.odoo.db.starts_with("lab")
}

fn a_policy_keeps_files_and_their_owners(world: &World) {
    let owner = world.contact();
    let bytes = unique("kept by policy").into_bytes();
    let file = attachment(world, "a.txt", &bytes, json!({"res_model": "res.partner", "res_id": owner.id}));
    let all = json!({"ops": ["read", "create", "write"]});
    let under =
        |models: Value| world.door_under(&json!({"version": "1", "default": "allow", "models": models}));
    let download = json!({"attachment_id": file.id});
    let content = json!({"content_base64": STANDARD.encode(unique("up"))});

    let open = under(json!({"ir.attachment": all, "res.partner": all}));
    assert_eq!(
        open.ok("odoo_attachment_download", download.clone())["content_base64"],
        STANDARD.encode(&bytes)
    );
    drop(
        upload(&open, &owner, content.clone())
            .map(|up| world.adopt("ir.attachment", up["attachment_id"].as_i64().unwrap())),
    );

    let before = world
        .oracle()
        .count("ir.attachment", json!([["res_model", "=", "res.partner"], ["res_id", "=", owner.id]]));
    for (models, may_read) in [
        (json!({"ir.attachment": {"ops": ["read"]}, "res.partner": all}), true),
        (json!({"ir.attachment": all, "res.partner": {"ops": ["read"]}}), true),
        (json!({"res.partner": all}), false),
        (json!({"ir.attachment": {"ops": ["create"]}, "res.partner": all}), false),
        (json!({"ir.attachment": all}), false),
        (json!({"ir.attachment": all, "res.partner": {"ops": ["create"]}}), false),
        (json!({"ir.attachment": all, "res.partner": {"ops": ["read"], "domain": [["id", "=", 0]]}}), false),
    ] {
        let door = under(models.clone());
        let down = door.call("odoo_attachment_download", download.clone());
        match down {
            Ok(down) => assert!(may_read, "{models}: {down}"),
            Err(error) => {
                assert!(!may_read, "{models}: {error}");
                let code = error["code"].as_str().unwrap_or_default();
                assert!(["denied", "not_found"].contains(&code), "{models}: {error}");
            }
        }
        let error = upload(&door, &owner, content.clone()).expect_err("no upload");
        assert!(
            ["denied", "not_found"].contains(&error["code"].as_str().unwrap_or_default()),
            "{models}: {error}"
        );
    }
    let after = world
        .oracle()
        .count("ir.attachment", json!([["res_model", "=", "res.partner"], ["res_id", "=", owner.id]]));
    assert_eq!(before, after);
}

fn hidden_and_masked_content_stays(world: &World) {
    let owner = world.contact();
    let canary = unique("canary");
    let file = attachment(
        world,
        "a.txt",
        canary.as_bytes(),
        json!({"res_model": "res.partner", "res_id": owner.id}),
    );
    let larger = attachment(world, "b.bin", &noise(100_000, 9), json!({}));
    let encoded = STANDARD.encode(&canary);
    for models in [
        // Any hidden field closes what is written about records.
        json!({"res.partner": {"fields": {"email": {"read": "deny"}}}, "*": {}}),
        json!({"ir.attachment": {"fields": {"datas": {"read": "deny"}}}, "*": {}}),
        json!({"ir.attachment": {"fields": {"datas": {"read": "mask"}}}, "*": {}}),
    ] {
        let door = world.door_under(&json!({"version": "1", "default": "allow", "models": models}));
        for id in [file.id, larger.id] {
            for more in [json!({}), json!({"as_file": true})] {
                let mut arguments = more;
                arguments["attachment_id"] = json!(id);
                let error = door.call("odoo_attachment_download", arguments).expect_err("no content");
                let code = error["code"].as_str().unwrap_or_default();
                assert!(["denied", "unknown_field"].contains(&code), "{models}: {error}");
            }
        }
        let said = door.everything_said();
        assert!(!said.contains(&canary) && !said.contains(&encoded), "{models}");
        for (path, bytes) in door.state_files() {
            let found = bytes.windows(canary.len()).any(|window| window == canary.as_bytes());
            assert!(!found, "{models}: {}", path.display());
        }
    }
}

/// Odoo keeps the pictures of records as attachments of their own.
fn a_file_that_is_the_value_of_a_field_follows_its_right(world: &World) {
    let pictured = world.temporary("res.partner", json!({"name": unique("Pictured"), "image_1920": PIXEL}));
    let domain = json!([
        ["res_model", "=", "res.partner"],
        ["res_id", "=", pictured.id],
        ["res_field", "=", "image_1920"]
    ]);
    // The sandbox keeps pictures with the record.
    let Some(file) = world.oracle().search("ir.attachment", domain).first().copied() else { return };
    let under = |right: &str| {
        let fields = json!({"image_1920": {"read": right}, "email": {"read": "deny"}});
        let models = json!({"*": {}, "ir.attachment": {}, "res.partner": {"fields": fields}});
        world.door_under(&json!({"version": "1", "default": "allow", "models": models}))
    };
    let download = json!({"attachment_id": file});
    under("allow").ok("odoo_attachment_download", download.clone());
    for right in ["deny", "mask"] {
        under(right).refused("odoo_attachment_download", download.clone(), &["denied"]);
    }
}

/// Requests that carry content of attachments, on whichever route.
fn fetches_content(message: &Message) -> bool {
    message.path().starts_with("/web/content")
        || (message.text().contains("\"datas\"") && message.text().contains("ir.attachment"))
        || (message.path().starts_with("/json/2/ir.attachment/read") && message.text().contains("datas"))
}

fn content_that_is_not_what_odoo_says_is_not_kept(world: &World) {
    let bytes = noise(120_000, 4);
    let file = attachment(world, "damaged.bin", &bytes, json!({}));
    let front = world.front();
    let door = world.door_through(&front);
    let page = "<!DOCTYPE html><html><body>Please sign in</body></html>".to_owned();
    let other = STANDARD.encode(noise(120_000, 5));
    let row = format!("[{{\"id\": {}, \"datas\": \"{other}\"}}]", file.id);
    let in_envelope = format!("{{\"jsonrpc\": \"2.0\", \"id\": 1, \"result\": {row}}}");
    let answers: Vec<(u16, &'static str, String)> = vec![
        (200, "text/html", page.clone()),
        (200, "application/octet-stream", "too short".to_owned()),
        (200, "application/octet-stream", "x".repeat(120_000)),
        (200, "application/octet-stream", "x".repeat(500_000)),
        (200, "application/json", row),
        (200, "application/json", in_envelope),
        (200, "application/json", "[]".to_owned()),
        (200, "application/json", "[{\"id\": 1, \"datas\": \"!!!!\"}]".to_owned()),
        (404, "text/html", page.clone()),
        (500, "text/html", page),
    ];
    for (status, content_type, body) in answers {
        let shown: String = body.chars().take(60).collect();
        front.behave(move |message| {
            if fetches_content(message) {
                Behaviour::Answer { status, content_type, body: body.clone() }
            } else {
                Behaviour::Pass
            }
        });
        let error = door
            .call("odoo_attachment_download", json!({"attachment_id": file.id}))
            .expect_err("damaged content");
        assert_ne!(error["code"], "internal", "{error}");
        assert!(!error.to_string().contains("Please sign in"), "{error}");
        let left: Vec<_> = fs::read_dir(area(&door)).expect("the area").flatten().collect();
        let visible =
            left.iter().filter(|entry| !entry.file_name().to_string_lossy().starts_with('.')).count();
        assert_eq!(visible, 0, "HTTP {status} {shown}: {left:?}");
    }
    for behaviour in [Behaviour::CutInside, Behaviour::CutBefore, Behaviour::Redirect("/web/login")] {
        let behaviour = std::sync::Arc::new(behaviour);
        let shown = format!("{behaviour:?}");
        front.behave(move |message| match (fetches_content(message), &*behaviour) {
            (true, Behaviour::CutInside) => Behaviour::CutInside,
            (true, Behaviour::Redirect(path)) => Behaviour::Redirect(path),
            (true, _) => Behaviour::CutBefore,
            (false, _) => Behaviour::Pass,
        });
        let error =
            door.call("odoo_attachment_download", json!({"attachment_id": file.id})).expect_err(&shown);
        assert_ne!(error["code"], "internal", "{shown}: {error}");
    }
    front.always(Behaviour::Pass);
    let down = door.ok("odoo_attachment_download", json!({"attachment_id": file.id}));
    assert_eq!(fs::read(area(&door).join("damaged.bin")).expect("the file"), bytes);
    assert_eq!(down["verified"], true);
}

fn an_upload_whose_answer_is_lost_is_not_repeated(world: &World) {
    let owner = world.contact();
    let front = world.front();
    let door = world.door_through(&front);
    front.on_call("ir.attachment", "create", Behaviour::CutAfter);
    let content = STANDARD.encode(unique("lost"));
    let error = upload(&door, &owner, json!({"content_base64": content})).expect_err("no answer");
    assert_eq!(error["code"], "outcome_unknown", "{error}");
    let too_large = Behaviour::Answer {
        status: 413,
        content_type: "text/html",
        body: "<h1>Request Entity Too Large</h1>".to_owned(),
    };
    front.on_call("ir.attachment", "create", too_large);
    let other = json!({"content_base64": STANDARD.encode(unique("too large"))});
    assert_eq!(upload(&door, &owner, other).expect_err("too large")["code"], "too_large");
    let domain = json!([["res_model", "=", "res.partner"], ["res_id", "=", owner.id]]);
    let made = world.oracle().search("ir.attachment", domain);
    let _made: Vec<_> = made.iter().map(|id| world.adopt("ir.attachment", *id)).collect();
    assert_eq!(made.len(), 1, "sent once");
    assert_eq!(front.calls_of("ir.attachment", "create"), 2, "each of both once");
    front.always(Behaviour::Pass);
    let again = upload(&door, &owner, json!({"content_base64": content})).expect("found");
    assert_eq!((&again["duplicate"], &again["attachment_id"]), (&json!(true), &json!(made[0])));
}

/// How much more the program may keep in memory because of a file: far less than the file.
#[cfg(target_os = "linux")]
const MORE_MEMORY_KIB_MAX: u64 = 12 * 1024;

fn a_large_file_passes_through_in_little_memory(world: &World) {
    // The same code runs behind both doors, and one is enough of something this large.
    if world.via != Via::Stdio {
        return;
    }
    let bytes = noise(24_000_000, 7);
    let (door, owner, small) =
        (world.door(), world.contact(), attachment(world, "s.txt", b"small", json!({})));
    door.ok("odoo_attachment_download", json!({"attachment_id": small.id, "as_file": true}));
    fs::write(area(&door).join("large.bin"), &bytes).expect("a large file");
    #[cfg(target_os = "linux")]
    let before = door.peak_memory_kib();
    let (up, file) = uploaded(world, &door, &owner, json!({"filename": "large.bin", "path": "large.bin"}));
    assert_eq!((&up["size"], &up["verified"]), (&json!(bytes.len()), &json!(true)), "{up}");
    let down =
        door.ok("odoo_attachment_download", json!({"attachment_id": file.id, "save_path": "back.bin"}));
    assert_eq!((&down["size"], &down["verified"]), (&json!(bytes.len()), &json!(true)), "{down}");
    #[cfg(target_os = "linux")]
    {
        let more = door.peak_memory_kib() - before;
        assert!(more < MORE_MEMORY_KIB_MAX, "24 MB up and down took {more} KiB of memory");
    }
    assert!(fs::read(area(&door).join("back.bin")).expect("the file") == bytes, "the same bytes");
}
