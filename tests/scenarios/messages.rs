//! Posting on the chatter of records, and who hears of it.

use serde_json::{Value, json};

use super::harness::{Front, World, unique};

super::scenarios![
    a_note_is_posted_as_html,
    a_comment_reaches_the_followers,
    a_note_stays_in_the_house,
    named_contacts_hear_of_it_and_files_go_along,
    raw_html_is_cleaned,
    html_is_said_to_be_html_where_that_counts,
    a_rehearsal_posts_nothing,
    wrong_arguments_send_nothing,
    what_is_not_there_is_told_before_anything_is_sent,
    records_without_a_chatter_are_told,
    a_policy_without_mail_refuses_it_by_every_way,
    a_policy_that_hides_files_refuses_to_post_them,
    limits_count_posts,
];

/// What is needed to call `odoo_message_post`, apart from the body.
fn on(id: i64, more: Value) -> Value {
    let mut arguments = json!({"model": "res.partner", "res_id": id});
    for (name, value) in more.as_object().expect("arguments") {
        arguments[name] = value.clone();
    }
    arguments
}

fn posts(front: &Front) -> usize {
    front.calls_of("res.partner", "message_post")
}

/// The message in Odoo.
fn message(world: &World, id: &Value) -> Value {
    let fields =
        ["body", "model", "res_id", "message_type", "subtype_id", "subject", "attachment_ids", "partner_ids"];
    world.oracle().call("mail.message", "read", json!([[id], fields]), json!({}))[0].clone()
}

fn a_note_is_posted_as_html(world: &World) {
    let (oracle, door, contact) = (world.oracle(), world.door(), world.contact());
    let body = "Called **twice**\n\n- one\n- <script>alert(1)</script>";
    let posted = door.ok("odoo_message_post", on(contact.id, json!({"body": body, "subject": "Calls"})));
    assert_eq!(posted["type"], "note");
    assert_eq!(posted["res_id"], contact.id);
    assert!(posted["url"].as_str().unwrap().starts_with(&world.odoo.url), "{posted}");
    assert!(posted["url"].as_str().unwrap().contains(&contact.id.to_string()), "{posted}");
    assert_eq!(posted["record"], oracle.field("res.partner", contact.id, "display_name"));
    let message = message(world, &posted["message_id"]);
    let html = message["body"].as_str().unwrap();
    assert!(html.contains("<strong>twice</strong>") && html.contains("<li>"), "{html}");
    assert!(html.contains("&lt;script&gt;") && !html.contains("<script"), "{html}");
    assert_eq!(message["model"], "res.partner");
    assert_eq!(message["res_id"], contact.id);
    assert_eq!(message["subject"], "Calls");
    assert_eq!(message["message_type"], "comment");
    assert_eq!(message["subtype_id"][1], "Note");
}

fn a_comment_reaches_the_followers(world: &World) {
    let (oracle, door) = (world.oracle(), world.door());
    let (contact, follower) = (world.contact(), world.contact());
    oracle.call(
        "res.partner",
        "message_subscribe",
        json!([[contact.id]]),
        json!({"partner_ids": [follower.id]}),
    );
    let arguments = on(contact.id, json!({"body": "Hello", "message_type": "comment"}));
    let mut rehearsed = arguments.clone();
    rehearsed["dry_run"] = json!(true);
    let preview = door.ok("odoo_message_post", rehearsed);
    let expected = json!([follower.id]);
    assert_eq!(ids_of(&preview["recipients"]), expected, "{preview}");
    assert_eq!(preview["recipients"][0]["external"], true, "{preview}");
    assert_eq!(preview["recipients"][0]["why"], "follower");
    let posted = door.ok("odoo_message_post", arguments);
    assert_eq!(ids_of(&posted["recipients"]), expected, "{posted}");
    assert_eq!(message(world, &posted["message_id"])["subtype_id"][1], "Discussions");
    assert_eq!(
        oracle.field("mail.message", posted["message_id"].as_i64().unwrap(), "notified_partner_ids"),
        expected
    );
}

fn ids_of(recipients: &Value) -> Value {
    recipients.as_array().expect("recipients").iter().map(|one| one["partner_id"].clone()).collect()
}

fn a_note_stays_in_the_house(world: &World) {
    let (oracle, door) = (world.oracle(), world.door());
    let (contact, follower) = (world.contact(), world.contact());
    oracle.call(
        "res.partner",
        "message_subscribe",
        json!([[contact.id]]),
        json!({"partner_ids": [follower.id]}),
    );
    for dry_run in [true, false] {
        let arguments = on(contact.id, json!({"body": "Between us", "dry_run": dry_run}));
        let told = door.ok("odoo_message_post", arguments);
        assert_eq!(told["recipients"], json!([]), "{told}");
    }
}

fn named_contacts_hear_of_it_and_files_go_along(world: &World) {
    let (door, contact, named) = (world.door(), world.contact(), world.contact());
    let file = world.temporary(
        "ir.attachment",
        json!({"name": unique("file.txt"), "datas": "SGVsbG8=", "res_model": "res.partner", "res_id": contact.id}),
    );
    let more = json!({"body": "See the file", "partner_ids": [named.id], "attachment_ids": [file.id]});
    let posted = door.ok("odoo_message_post", on(contact.id, more));
    assert_eq!(ids_of(&posted["recipients"]), json!([named.id]), "{posted}");
    assert_eq!(posted["recipients"][0]["why"], "named");
    let message = message(world, &posted["message_id"]);
    assert_eq!(message["attachment_ids"], json!([file.id]));
    assert_eq!(message["partner_ids"], json!([named.id]));
    // A file alone says enough.
    let more = json!({"body": "", "attachment_ids": [file.id]});
    door.ok("odoo_message_post", on(contact.id, more));
}

fn raw_html_is_cleaned(world: &World) {
    let (door, contact) = (world.door(), world.contact());
    let body = "<p>Dear <b>all</b></p><script>alert(1)</script><p onclick=\"x()\">bye</p>\
                <a href=\"javascript:alert(2)\">here</a>";
    let more = json!({"body": body, "raw_html": true});
    let posted = door.ok("odoo_message_post", on(contact.id, more));
    assert!(posted["note"].as_str().unwrap().contains("script"), "{posted}");
    let html = message(world, &posted["message_id"])["body"].as_str().unwrap().to_owned();
    assert!(html.contains("<b>all</b>") && html.contains("bye"), "{html}");
    for piece in ["<script", "alert(1)", "onclick", "javascript:"] {
        assert!(!html.contains(piece), "{piece} is in {html}");
    }
    let nothing = json!({"body": "<script>alert(1)</script>", "raw_html": true});
    door.refused("odoo_message_post", on(contact.id, nothing), &["invalid_arguments"]);
}

fn html_is_said_to_be_html_where_that_counts(world: &World) {
    let front = world.front();
    let (door, contact) = (world.door_through(&front), world.contact());
    door.ok("odoo_message_post", on(contact.id, json!({"body": "x"})));
    let sent = front.recorded();
    let sent = sent.iter().find(|sent| sent.calls("res.partner", "message_post")).expect("a post");
    let said = sent.json().to_string().contains("body_is_html");
    assert_eq!(said, world.odoo.major >= 17, "{}", sent.json());
    assert_eq!(posts(&front), 1, "posted once");
}

fn a_rehearsal_posts_nothing(world: &World) {
    let front = world.front();
    let (oracle, door, contact) = (world.oracle(), world.door_through(&front), world.contact());
    let domain = json!([["model", "=", "res.partner"], ["res_id", "=", contact.id]]);
    let before = oracle.count("mail.message", domain.clone());
    let named = world.contact();
    let more =
        json!({"body": "# Hi\n*you*", "dry_run": true, "partner_ids": [named.id], "message_type": "comment"});
    let preview = door.ok("odoo_message_post", on(contact.id, more));
    assert_eq!(preview["dry_run"], true);
    assert!(preview.get("message_id").is_none(), "{preview}");
    assert!(preview["html"].as_str().unwrap().contains("<em>you</em>"), "{preview}");
    assert_eq!(ids_of(&preview["recipients"]), json!([named.id]));
    assert_eq!(preview["recipients"][0]["name"], oracle.field("res.partner", named.id, "display_name"));
    assert_eq!(posts(&front), 0);
    assert_eq!(oracle.count("mail.message", domain), before);
}

fn wrong_arguments_send_nothing(world: &World) {
    let front = world.front();
    let (door, contact) = (world.door_through(&front), world.contact());
    for wrong in [
        json!({}),
        json!({"body": ""}),
        json!({"body": " \n "}),
        json!({"body": 5}),
        json!({"body": null}),
        json!({"body": "x", "res_id": 0}),
        json!({"body": "x", "res_id": -1}),
        json!({"body": "x", "res_id": [1, 2]}),
        json!({"body": "x", "res_id": "all"}),
        json!({"body": "x", "res_id": 4_294_967_297_i64}),
        json!({"body": "x", "model": "res.partner; drop"}),
        json!({"body": "x", "message_type": "email"}),
        json!({"body": "x", "message_type": "Note"}),
        json!({"body": "x", "subject": "a\nBcc: everybody@example.com"}),
        json!({"body": "x", "partner_ids": ["a"]}),
        json!({"body": "x", "partner_ids": [0]}),
        json!({"body": "x", "partner_ids": (1..=101).collect::<Vec<_>>()}),
        json!({"body": "x", "attachment_ids": [[6, 0, [false]]]}),
        json!({"body": "x", "raw_html": "yes"}),
        json!({"body": "x", "email_from": "ceo@example.com"}),
        json!({"body": "x", "author_id": 1}),
    ] {
        door.refused("odoo_message_post", on(contact.id, wrong), &["invalid_arguments"]);
    }
    let long = json!({"body": "x".repeat(300_000)});
    door.refused("odoo_message_post", on(contact.id, long), &["too_large"]);
    assert_eq!(posts(&front), 0);
}

fn what_is_not_there_is_told_before_anything_is_sent(world: &World) {
    let front = world.front();
    let (door, contact) = (world.door_through(&front), world.contact());
    let gone = 2_000_000_000;
    for wrong in [
        json!({"body": "x", "res_id": gone}),
        json!({"body": "x", "res_id": gone, "dry_run": true}),
        json!({"body": "x", "partner_ids": [contact.id, gone]}),
        json!({"body": "x", "attachment_ids": [gone]}),
    ] {
        door.refused("odoo_message_post", on(contact.id, wrong), &["not_found"]);
    }
    let wrong = json!({"model": "no.such.model", "res_id": 1, "body": "x"});
    door.refused("odoo_message_post", wrong, &["unknown_model"]);
    let elsewhere = json!({"body": "x", "connection": "nowhere"});
    door.refused("odoo_message_post", on(contact.id, elsewhere), &["unknown_connection"]);
    assert_eq!(posts(&front), 0);
}

fn records_without_a_chatter_are_told(world: &World) {
    let front = world.front();
    let door = world.door_through(&front);
    for model in ["res.country", "res.currency"] {
        for dry_run in [true, false] {
            let arguments = json!({"model": model, "res_id": 1, "body": "x", "dry_run": dry_run});
            let error = door.refused("odoo_message_post", arguments, &["no_chatter"]);
            assert!(error["hint"].as_str().unwrap().contains("message_ids"), "{error}");
        }
        assert_eq!(front.calls_of(model, "message_post"), 0);
    }
}

fn a_policy_without_mail_refuses_it_by_every_way(world: &World) {
    let contact = world.contact();
    let front = world.front();
    let policy = json!({"version": "1", "default": "allow",
        "models": {"*": {"ops": ["read", "create", "write", "unlink", "execute"], "methods": {"allow": ["*"]}}}});
    let settings = world.settings().variable("ODOO_URL", &front.url()).policy(&policy);
    let door = super::harness::Door::open(settings);
    for message_type in ["note", "comment"] {
        let more = json!({"body": "x", "message_type": message_type});
        door.refused("odoo_message_post", on(contact.id, more), &["denied"]);
    }
    let method = json!({"model": "res.partner", "method": "message_post", "ids": [contact.id], "kwargs": {"body": "x"}});
    door.refused("odoo_execute", method, &["denied"]);
    let method = json!({"model": "res.partner", "method": "message_notify", "ids": [contact.id], "kwargs": {"body": "x"}});
    door.refused("odoo_execute", method, &["denied"]);
    assert_eq!(posts(&front), 0);
    // To look is no mail.
    let more = json!({"body": "x", "dry_run": true});
    door.ok("odoo_message_post", on(contact.id, more));
}

fn a_policy_that_hides_files_refuses_to_post_them(world: &World) {
    let (contact, file) =
        (world.contact(), world.temporary("ir.attachment", json!({"name": unique("secret.txt")})));
    let front = world.front();
    let policy = json!({"version": "1", "default": "allow",
        "models": {"ir.attachment": {"ops": []}, "*": {"ops": ["read", "mail"]}}});
    let settings = world.settings().variable("ODOO_URL", &front.url()).policy(&policy);
    let door = super::harness::Door::open(settings);
    let more = json!({"body": "x", "attachment_ids": [file.id]});
    door.refused("odoo_message_post", on(contact.id, more), &["denied"]);
    assert_eq!(posts(&front), 0);
    door.ok("odoo_message_post", on(contact.id, json!({"body": "x"})));
}

fn limits_count_posts(world: &World) {
    let contact = world.contact();
    let limit = json!({"counter": "post_rate", "window": 3600, "max": 2, "scope": "grant"});
    let policy =
        json!({"version": "1", "default": "allow", "tools": {"odoo_message_post": {"limits": [limit]}}});
    let door = world.door_under(&policy);
    for _ in 0..2 {
        door.ok("odoo_message_post", on(contact.id, json!({"body": "x"})));
    }
    door.refused(
        "odoo_message_post",
        on(contact.id, json!({"body": "x"})),
        &["limit_reached", "denied", "rate_limited"],
    );
}
