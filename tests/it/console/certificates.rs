//! Rotating a certificate: both fingerprints first, then exactly the one that was seen.

use odoo_mcp::sandbox::{self, SandboxOptions, SandboxVersion};
use serde_json::{Value, json};

use super::place::{Browser, Place, field, open};
use crate::scenarios::harness::{Front, TlsIdentity};

async fn count(place: &Place) -> String {
    place.call("olga", "odoo_search_count", json!({"model": "res.partner", "connection": "tls"})).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_shown_beside_the_old_one_and_trusted_as_it_was_seen() {
    let place = open().await;
    let odoo = sandbox::start(SandboxOptions::new(SandboxVersion::V19)).await.unwrap();
    let (old, new, other) = (TlsIdentity::new(), TlsIdentity::new(), TlsIdentity::new());
    let front = Front::tls(odoo.url().trim_start_matches("http://"), &old);
    let arguments: Value = json!({
        "alias": "tls", "url": front.url(), "db": odoo.database(), "username": odoo.login(),
        "password": odoo.password(), "verify_ssl": false,
    });
    let connected = place.call("olga", "odoo_connect", arguments).await;
    assert!(connected.contains("connected"), "{connected}");
    assert!(count(&place).await.contains("count"));

    let mut browser = Browser::of(&place, "oskar").await;
    let list = browser.get("/console/connections").await.body;
    assert!(list.contains("Look at the certificate of tls") && !list.contains(odoo.password()), "{list}");
    let same = browser.press("/console/connections/look", &[("alias", "tls")]).await.body;
    assert!(same.contains("is the trusted one") && !same.contains("name=\"seen\""), "{same}");

    front.rotate(&new);
    let shown = browser.press("/console/connections/look", &[("alias", "tls")]).await.body;
    for identity in [&old, &new] {
        assert!(shown.replace(':', "").contains(&identity.key_sha256()), "{shown}");
    }
    let seen = field(&shown, "seen");
    // Somebody else answers by the time the button is pressed.
    front.rotate(&other);
    for fields in [
        [("alias", "tls"), ("seen", seen.as_str())],
        [("alias", "tls"), ("seen", "")],
        [("alias", "none"), ("seen", seen.as_str())],
    ] {
        assert_eq!(browser.press("/console/connections/rotate", &fields).await.status, 422, "{fields:?}");
    }
    front.rotate(&new);
    let done = browser.press("/console/connections/rotate", &[("alias", "tls"), ("seen", &seen)]).await;
    assert_eq!(done.header("location"), Some("/console/connections?done=rotated"), "{}", done.body);
    assert!(count(&place).await.contains("count"));
    let log = place.log();
    assert!(log.lines().any(|line| line.contains("odoo_cert_refresh") && line.contains("\"oskar\"")));
}
