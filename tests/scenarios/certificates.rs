//! Trust: a certificate of nobody's is refused, a pinned key is the only one believed, and nothing of
//! a credential is sent before the peer has proved itself.

use serde_json::{Value, json};

use super::harness::{Door, Front, TlsIdentity, World};

super::scenarios![
    a_certificate_of_nobody_is_refused_before_anything_is_sent,
    a_pin_is_made_on_request_and_told,
    a_renewed_certificate_of_the_same_key_is_believed,
    a_changed_key_fails_closed_until_it_is_accepted,
    a_wrong_fingerprint_is_refused,
    without_tls_there_is_no_certificate,
];

fn arguments(world: &World, front: &Front, verify: bool) -> Value {
    let (name, secret) = world.credential();
    let login = &world.odoo.login;
    json!({"alias": "tls", "url": front.url(), "db": world.odoo.db, "username": login, name: secret, "verify_ssl": verify})
}

/// A door with a pinned connection `tls` through a front with this identity.
#[track_caller]
fn pinned(world: &World, identity: &TlsIdentity) -> (Front, Door, Value) {
    let front = Front::tls(&world.odoo.authority(), identity);
    let door = world.door_without_connection();
    let result = door.ok("odoo_connect", arguments(world, &front, false));
    (front, door, result)
}

fn count(door: &Door) -> Result<Value, Value> {
    door.call("odoo_search_count", json!({"model": "res.partner", "connection": "tls"}))
}

/// Fingerprints are written with and without colons, in both cases.
fn tells(value: &Value, fingerprint: &str) -> bool {
    value.to_string().to_lowercase().replace(':', "").contains(fingerprint)
}

fn a_certificate_of_nobody_is_refused_before_anything_is_sent(world: &World) {
    let identity = TlsIdentity::new();
    let front = Front::tls(&world.odoo.authority(), &identity);
    let door = world.door_without_connection();
    let mut arguments = arguments(world, &front, true);
    let error = door.refused("odoo_connect", arguments.clone(), &["untrusted_certificate"]);
    assert!(error["hint"].is_string(), "it says what can be done: {error}");
    arguments.as_object_mut().unwrap().remove("verify_ssl");
    door.refused("odoo_connect", arguments, &["untrusted_certificate"]);
    assert!(front.recorded().is_empty(), "something was sent to a peer that nobody vouches for");
    assert_eq!(count(&door).unwrap_err()["code"], "unknown_connection", "nothing was saved");
    // The same holds for a connection of the environment.
    let door = Door::open(world.settings().variable("ODOO_URL", &front.url()));
    let error =
        door.refused("odoo_search_count", json!({"model": "res.partner"}), &["untrusted_certificate"]);
    assert!(error["message"].to_string().contains("default"), "{error}");
    assert!(front.recorded().is_empty());
}

fn a_pin_is_made_on_request_and_told(world: &World) {
    let identity = TlsIdentity::new();
    let (front, door, result) = pinned(world, &identity);
    assert!(
        tells(&result, &identity.key_sha256()) || tells(&result, &identity.certificate_sha256()),
        "{result}"
    );
    count(&door).unwrap();
    let info = door.ok("odoo_cert_info", json!({"alias": "tls"}));
    assert!(tells(&info, &identity.certificate_sha256()), "{info}");
    assert!(tells(&info, &identity.key_sha256()), "{info}");
    assert!(info.to_string().contains("localhost"), "the names are told: {info}");
    assert!(!front.recorded().is_empty());
}

fn a_renewed_certificate_of_the_same_key_is_believed(world: &World) {
    let identity = TlsIdentity::new();
    let (front, door, _) = pinned(world, &identity);
    count(&door).unwrap();
    let renewed = identity.renewed();
    assert_ne!(renewed.certificate_sha256(), identity.certificate_sha256());
    front.rotate(&renewed);
    count(&door).expect("the key is the same");
}

fn a_changed_key_fails_closed_until_it_is_accepted(world: &World) {
    let (old, new) = (TlsIdentity::new(), TlsIdentity::new());
    let (front, door, _) = pinned(world, &old);
    count(&door).unwrap();
    front.rotate(&new);
    front.forget();
    for _ in 0..3 {
        let error = count(&door).expect_err("another key");
        assert_eq!(error["code"], "untrusted_certificate", "{error}");
    }
    let contact = world.contact();
    let unlink = json!({"model": "res.partner", "ids": [contact.id], "connection": "tls"});
    door.refused("odoo_unlink", unlink, &["untrusted_certificate"]);
    assert!(front.recorded().is_empty(), "something was sent to another key");
    assert!(front.handshakes_failed() > 0);
    let info = door.ok("odoo_cert_info", json!({"alias": "tls"}));
    assert!(tells(&info, &new.key_sha256()), "the served key is told: {info}");
    assert!(tells(&info, &old.key_sha256()), "the pinned key is told: {info}");
    assert!(front.recorded().is_empty(), "looking at a certificate sends nothing");

    let refresh = json!({"alias": "tls", "expected_sha256": new.certificate_sha256()});
    let result = door.ok("odoo_cert_refresh", refresh);
    assert!(tells(&result, &new.certificate_sha256()) || tells(&result, &new.key_sha256()), "{result}");
    assert!(
        tells(&result, &old.key_sha256()) || tells(&result, &old.certificate_sha256()),
        "old and new: {result}"
    );
    assert!(front.recorded().is_empty(), "accepting a certificate sends nothing");
    count(&door).unwrap();
    // Back to the old key is again another key.
    front.rotate(&old);
    assert_eq!(count(&door).unwrap_err()["code"], "untrusted_certificate");
}

fn a_wrong_fingerprint_is_refused(world: &World) {
    let (old, new) = (TlsIdentity::new(), TlsIdentity::new());
    let (front, door, _) = pinned(world, &old);
    front.rotate(&new);
    front.forget();
    for wrong in [
        json!(old.certificate_sha256()),
        json!(old.key_sha256()),
        json!("00".repeat(32)),
        json!(new.certificate_sha256().get(..62)),
        json!(""),
        json!("nonsense"),
        json!(7),
        json!([new.certificate_sha256()]),
    ] {
        let refresh = json!({"alias": "tls", "expected_sha256": wrong});
        let error = door.call("odoo_cert_refresh", refresh).expect_err(&wrong.to_string());
        assert_ne!(error["code"], "internal", "{wrong}: {error}");
        assert_eq!(count(&door).unwrap_err()["code"], "untrusted_certificate", "{wrong} repaired the pin");
    }
    assert!(front.recorded().is_empty());
    front.rotate(&old);
    count(&door).expect("the old pin still holds");
}

fn without_tls_there_is_no_certificate(world: &World) {
    let door = world.door();
    for tool in ["odoo_cert_info", "odoo_cert_refresh"] {
        let error = door.call(tool, json!({"alias": "default"})).expect_err("plain http");
        assert_ne!(error["code"], "internal", "{tool}: {error}");
        door.refused(tool, json!({"alias": "nowhere"}), &["unknown_connection"]);
    }
}
