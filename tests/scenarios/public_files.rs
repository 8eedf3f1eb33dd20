//! Files by their id, pictures of records and barcodes: the bytes are those of Odoo, or drawn here.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{
    harness::{Behaviour, World, unique},
    reports::bytes_of,
};

super::scenarios![
    a_file_comes_as_it_is,
    a_large_file_goes_to_the_area,
    a_link_is_told_and_not_followed,
    a_token_opens_its_file_and_no_other,
    a_file_that_is_not_there,
    a_picture_comes_as_it_is_and_is_shown,
    a_missing_picture_is_no_placeholder,
    fields_that_are_no_pictures_are_refused,
    a_picture_in_another_size,
    a_policy_on_fields_holds_for_pictures,
    a_page_is_no_picture,
    barcodes_are_drawn_and_shown,
    barcodes_that_lie_are_refused,
    sizes_of_barcodes_are_limited,
];

/// A picture of one pixel.
const PIXEL: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

#[track_caller]
fn attachment(world: &World, name: &str, content: &[u8]) -> super::harness::Temporary {
    world.temporary("ir.attachment", json!({"name": name, "datas": STANDARD.encode(content)}))
}

fn a_file_comes_as_it_is(world: &World) {
    let content = format!("grüße, {}\n", unique("file"));
    let file = attachment(world, "grüße 日本.txt", content.as_bytes());
    let door = world.door();
    let answer = door.ok("public_access_download", json!({"content_id": file.id}));
    assert_eq!(bytes_of(&door, &answer), content.as_bytes());
    assert_eq!(answer["filename"], "grüße 日本.txt");
    assert!(answer["content_type"].as_str().is_some_and(|kind| kind.starts_with("text/plain")), "{answer}");
    assert_eq!(answer["status"], "inline");
}

fn a_large_file_goes_to_the_area(world: &World) {
    let content: Vec<u8> = (0..200_000_u32).map(|number| u8::try_from(number % 251).unwrap()).collect();
    let file = attachment(world, "large.bin", &content);
    let door = world.door();
    let path = format!("in/{}.bin", file.id);
    let answer = door.ok("public_access_download", json!({"content_id": file.id, "save_path": path}));
    assert_eq!(answer["status"], "saved");
    assert_eq!(answer["path"], path.as_str());
    assert!(bytes_of(&door, &answer) == content, "other bytes");
    for bad in ["../x", "/x", path.as_str()] {
        let error = door
            .call("public_access_download", json!({"content_id": file.id, "save_path": bad}))
            .expect_err("a refusal");
        assert!(matches!(error["code"].as_str(), Some("invalid_path" | "file_exists")), "{error}");
    }
}

fn a_link_is_told_and_not_followed(world: &World) {
    let values =
        json!({"name": unique("link"), "type": "url", "url": "http://169.254.169.254/latest/meta-data"});
    let link = world.temporary("ir.attachment", values);
    let answer = world.door().ok("public_access_download", json!({"content_id": link.id}));
    assert_eq!(answer["url"], "http://169.254.169.254/latest/meta-data");
    assert!(answer.get("content_base64").is_none() && answer.get("path").is_none(), "{answer}");
}

fn a_token_opens_its_file_and_no_other(world: &World) {
    let file = attachment(world, "token.txt", b"with a token");
    let door = world.door();
    let token =
        world.oracle().try_call("ir.attachment", "generate_access_token", json!([[file.id]]), json!({}));
    if let Ok(token) = token {
        let arguments = json!({"content_id": file.id, "access_token": token[0]});
        let answer = door.ok("public_access_download", arguments);
        assert_eq!(bytes_of(&door, &answer), b"with a token");
    }
    let arguments = json!({"content_id": file.id, "access_token": "00000000-0000-4000-8000-000000000000"});
    let error = door.call("public_access_download", arguments).expect_err("a refusal");
    assert_eq!(error["code"], "not_found", "{error}");
    for bad in ["a b", "x&id=1", "../..", "x\r\ny"] {
        let error = door
            .call("public_access_download", json!({"content_id": file.id, "access_token": bad}))
            .expect_err("a refusal");
        assert_eq!(error["code"], "invalid_arguments", "{bad}: {error}");
    }
}

fn a_file_that_is_not_there(world: &World) {
    let door = world.door();
    let error =
        door.call("public_access_download", json!({"content_id": 2_000_000_000})).expect_err("a refusal");
    assert_eq!(error["code"], "not_found", "{error}");
    for bad in [json!(0), json!(-1), json!("1/../2"), json!(1.5), json!(null)] {
        let error = door.call("public_access_download", json!({"content_id": bad})).expect_err("a refusal");
        assert_eq!(error["code"], "invalid_arguments", "{bad}: {error}");
    }
}

/// The picture beside an answer.
#[track_caller]
fn shown(world: &World, tool: &str, arguments: Value) -> (Value, Vec<u8>) {
    let door = world.door();
    let response = door.request("tools/call", json!({"name": tool, "arguments": arguments}));
    let content =
        response["result"]["content"].as_array().unwrap_or_else(|| panic!("no content: {response}"));
    let image = content.iter().find(|block| block["type"] == "image");
    let image = image.unwrap_or_else(|| panic!("no picture: {response}")).clone();
    let bytes = STANDARD.decode(image["data"].as_str().expect("data")).expect("base64");
    (image, bytes)
}

fn a_picture_comes_as_it_is_and_is_shown(world: &World) {
    let contact = world.temporary("res.partner", json!({"name": unique("Picture"), "image_1920": PIXEL}));
    let stored = world.oracle().field("res.partner", contact.id, "image_1920");
    let stored = STANDARD.decode(stored.as_str().expect("a picture").replace('\n', "")).expect("base64");
    let door = world.door();
    let arguments = json!({"model": "res.partner", "record_id": contact.id});
    let answer = door.ok("public_access_image", arguments.clone());
    assert_eq!(bytes_of(&door, &answer), stored);
    assert_eq!(answer["content_type"], "image/png");
    assert!(answer["name"].as_str().is_some_and(|name| name.ends_with(".png")), "{answer}");
    let (image, bytes) = shown(world, "public_access_image", arguments);
    assert_eq!(image["mimeType"], "image/png");
    assert_eq!(bytes, stored);
}

fn a_missing_picture_is_no_placeholder(world: &World) {
    let contact = world.contact();
    let door = world.door();
    let arguments = json!({"model": "res.partner", "record_id": contact.id});
    let error = door.call("public_access_image", arguments).expect_err("a refusal");
    assert_eq!(error["code"], "no_image", "{error}");
    let arguments = json!({"model": "res.partner", "record_id": 2_000_000_000});
    let error = door.call("public_access_image", arguments).expect_err("a refusal");
    assert_eq!(error["code"], "not_found", "{error}");
}

fn fields_that_are_no_pictures_are_refused(world: &World) {
    let contact = world.contact();
    let door = world.door();
    for (arguments, code) in [
        (json!({"model": "res.partner", "record_id": contact.id, "field": "name"}), "invalid_arguments"),
        (json!({"model": "res.partner", "record_id": contact.id, "field": "imge_1920"}), "unknown_field"),
        (json!({"model": "res.partner", "record_id": contact.id, "field": "../../x"}), "invalid_arguments"),
        (json!({"model": "res.prtner", "record_id": 1}), "unknown_model"),
        (json!({"model": "res.partner", "record_id": 0}), "invalid_arguments"),
        (json!({"model": "res.partner", "record_id": 1, "width": 5000}), "invalid_arguments"),
        (json!({"model": "res.partner", "record_id": 1, "crop": true}), "invalid_arguments"),
    ] {
        let error = door.call("public_access_image", arguments.clone()).expect_err("a refusal");
        assert_eq!(error["code"], code, "{arguments}: {error}");
    }
    // A file that says it is a picture is none.
    let file = attachment(world, "picture.png", b"<html><script>alert(1)</script></html>");
    let arguments = json!({"model": "ir.attachment", "record_id": file.id, "field": "datas"});
    let error = door.call("public_access_image", arguments).expect_err("a refusal");
    assert_eq!(error["code"], "wrong_content", "{error}");
}

fn a_picture_in_another_size(world: &World) {
    let contact = world.temporary("res.partner", json!({"name": unique("Picture"), "image_1920": PIXEL}));
    let door = world.door();
    let arguments = json!({"model": "res.partner", "record_id": contact.id, "width": 64, "height": 64});
    match door.call("public_access_image", arguments) {
        Ok(answer) => assert!(bytes_of(&door, &answer).starts_with(b"\x89PNG"), "{answer}"),
        // A key has no session, and the sandbox makes no other sizes.
        Err(error) => {
            assert!(matches!(error["code"].as_str(), Some("session_required" | "wrong_content")), "{error}")
        }
    }
}

fn a_policy_on_fields_holds_for_pictures(world: &World) {
    let contact = world.temporary("res.partner", json!({"name": unique("Picture"), "image_1920": PIXEL}));
    let fields = json!({"image_1920": {"read": "mask"}});
    let models = json!({"*": {"ops": ["read"]}, "res.partner": {"ops": ["read"], "fields": fields}});
    let door = world.door_under(&json!({"version": "1", "default": "allow", "models": models}));
    let arguments = json!({"model": "res.partner", "record_id": contact.id});
    let answer = door.answer("public_access_image", arguments);
    assert!(answer.is_error, "{}", answer.structured);
    assert!(!answer.structured.to_string().contains("iVBORw0KGgo"));
}

fn a_page_is_no_picture(world: &World) {
    let contact = world.temporary("res.partner", json!({"name": unique("Picture"), "image_1920": PIXEL}));
    let front = world.front();
    let door = world.door_through(&front);
    front.behave(|request| match request.path().starts_with("/web/image/") {
        true => {
            Behaviour::Answer { status: 200, content_type: "image/png", body: "<html>no</html>".to_owned() }
        }
        false => Behaviour::Pass,
    });
    let arguments = json!({"model": "res.partner", "record_id": contact.id, "width": 64, "height": 64});
    let error = door.call("public_access_image", arguments).expect_err("a refusal");
    assert!(matches!(error["code"].as_str(), Some("wrong_content" | "session_required")), "{error}");
}

fn barcodes_are_drawn_and_shown(world: &World) {
    let door = world.door();
    for (kind, value, told_kind, told_value) in [
        ("Code128", "S00042 / a?b#c%41", "Code128", "S00042 / a?b#c%41"),
        ("QR", "https://example.com/?a=1&b=é", "QR", "https://example.com/?a=1&b=é"),
        ("EAN13", "400638133393", "EAN13", "4006381333931"),
        ("EAN8", "96385074", "EAN8", "96385074"),
        ("UPC-A", "03600029145", "UPC-A", "036000291452"),
        ("UPCA", "036000291452", "UPC-A", "036000291452"),
        ("Code39", "ABC-123", "Code39", "ABC-123"),
        ("Standard39", "ABC-123", "Code39", "ABC-123"),
    ] {
        let arguments = json!({"value": value, "barcode_type": kind});
        let answer = door.ok("public_access_barcode", arguments.clone());
        let png = bytes_of(&door, &answer);
        assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"), "{kind}");
        let side = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
        assert_eq!(answer["width"].as_u64(), Some(u64::from(side(16))), "{kind}");
        assert_eq!(answer["height"].as_u64(), Some(u64::from(side(20))), "{kind}");
        assert_eq!((&answer["type"], &answer["value"]), (&json!(told_kind), &json!(told_value)));
        let (image, bytes) = shown(world, "public_access_barcode", arguments);
        assert_eq!(image["mimeType"], "image/png");
        assert_eq!(bytes, png);
    }
}

fn barcodes_that_lie_are_refused(world: &World) {
    let door = world.door();
    for arguments in [
        json!({"value": "4006381333930", "barcode_type": "EAN13"}),
        json!({"value": "abc", "barcode_type": "EAN13"}),
        json!({"value": "1234", "barcode_type": "EAN8"}),
        json!({"value": "abc", "barcode_type": "Code39"}),
        json!({"value": "é", "barcode_type": "Code128"}),
        json!({"value": "", "barcode_type": "QR"}),
        json!({"value": "x".repeat(4000), "barcode_type": "QR"}),
        json!({"value": "1", "barcode_type": "Codabar"}),
        json!({"barcode_type": "QR"}),
    ] {
        let error = door.call("public_access_barcode", arguments.clone()).expect_err("a refusal");
        assert_eq!(error["code"], "invalid_arguments", "{arguments}: {error}");
    }
}

fn sizes_of_barcodes_are_limited(world: &World) {
    let door = world.door();
    for arguments in [
        json!({"value": "x", "width": 10_001}),
        json!({"value": "x", "width": 2000, "height": 2000}),
        json!({"value": "a long value that needs many modules", "width": 100}),
        json!({"value": "x", "barcode_type": "QR", "width": 600, "height": 10}),
        json!({"value": "x", "width": -1}),
        json!({"value": "x", "save_path": "../x.png"}),
    ] {
        let error = door.call("public_access_barcode", arguments.clone()).expect_err("a refusal");
        assert!(matches!(error["code"].as_str(), Some("invalid_arguments" | "invalid_path")), "{error}");
    }
}
