//! Accounts and tokens that are made on pages, and what people change about themselves.

use odoo_mcp::facts::Role;

use super::place::{Browser, PASSWORD, field, name, open};

const NEW: &str = "quite another password";

fn account<'a>(user: &'a str, role: &'a str, password: &'a str) -> [(&'a str, &'a str); 4] {
    [("user", user), ("role", role), ("grant", ""), ("password", password)]
}

#[tokio::test]
async fn accounts_are_made_by_those_who_may() {
    let place = open().await;
    for (who, user, role, password, status) in [
        ("olga", "otto", "owner", NEW, 303),
        ("oskar", "otto2", "owner", NEW, 422),
        ("oskar", "otto3", "operator", NEW, 422),
        ("oskar", "mark", "member", NEW, 303),
        ("oskar", "mark", "member", NEW, 422),
        ("oskar", "short", "member", "short", 422),
        ("oskar", "../x", "member", NEW, 422),
        ("oskar", "king", "king", NEW, 422),
        ("oskar", "robot", "member", "", 303),
        ("aude", "ada", "member", NEW, 403),
        ("mia", "max", "member", NEW, 403),
    ] {
        let mut browser = Browser::of(&place, who).await;
        let answer = browser.press("/console/people/add", &account(user, role, password)).await;
        assert_eq!(answer.status, status, "{who} {user} {}", answer.body);
        assert!(!answer.body.contains(NEW));
    }
    let accounts = place.house.people.accounts();
    assert_eq!(accounts.get(&name("otto")).await.unwrap().unwrap().role, Role::Owner);
    assert!(accounts.get(&name("otto2")).await.unwrap().is_none());
    let log = place.log();
    assert!(log.contains("\"account_add\"") && !log.contains(NEW));
}

#[tokio::test]
async fn a_token_is_shown_once_and_works() {
    let place = open().await;
    for (who, fields, made) in [
        ("mia", [("user", ""), ("grant", ""), ("odoo:read", "yes"), ("days", "3")], true),
        ("mia", [("user", ""), ("grant", "office"), ("odoo:read", "yes"), ("days", "3")], false),
        ("mia", [("user", "olga"), ("grant", ""), ("odoo:read", "yes"), ("days", "3")], false),
        ("mia", [("user", ""), ("grant", ""), ("odoo:read", "no"), ("days", "3")], false),
        ("mia", [("user", ""), ("grant", ""), ("odoo:read", "yes"), ("days", "9999")], false),
        ("aude", [("user", ""), ("grant", ""), ("odoo:write", "yes"), ("days", "3")], false),
        ("oskar", [("user", "mia"), ("grant", "office"), ("odoo:admin", "yes"), ("days", "3")], true),
        ("oskar", [("user", "olga"), ("grant", ""), ("odoo:read", "yes"), ("days", "3")], false),
    ] {
        let mut browser = Browser::of(&place, who).await;
        let mut all = vec![("label", "laptop")];
        all.extend(fields);
        let answer = browser.press("/console/people/token/add", &all).await;
        assert_eq!(answer.status == 200, made, "{who} {fields:?} {}", answer.body);
        assert_eq!(answer.body.contains("value=\"omcp_pat_"), made);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        if made {
            let token =
                answer.body.split("value=\"omcp_pat_").nth(1).unwrap().split('"').next().unwrap().to_owned();
            assert!(!browser.get("/console/people").await.body.contains(&token));
            assert!(!place.log().contains(&token));
        }
    }
    let tokens = place.house.people.tokens().list().await.unwrap();
    assert_eq!(tokens.len(), 2);
    let mut browser = Browser::of(&place, "aude").await;
    let page = browser.get("/console/people").await.body;
    assert!(
        page.contains("Grants") && page.contains("<code>office</code>") && page.contains("token laptop"),
        "{page}"
    );
}

#[tokio::test]
async fn a_password_is_changed_by_who_knows_it() {
    let place = open().await;
    let mut browser = Browser::of(&place, "mia").await;
    for (own, new, repeated) in [("wrong", NEW, NEW), (PASSWORD, NEW, "other"), (PASSWORD, "short", "short")]
    {
        let fields = [("password", own), ("new", new), ("repeated", repeated)];
        assert_eq!(browser.press("/console/people/own/password", &fields).await.status, 422, "{own} {new}");
    }
    let fields = [("password", PASSWORD), ("new", NEW), ("repeated", NEW)];
    let done = browser.press("/console/people/own/password", &fields).await;
    assert_eq!(
        (done.status, done.header("location")),
        (303, Some("/sign-in?next=/console")),
        "{}",
        done.body
    );
    assert_eq!(browser.get("/console").await.status, 303, "the session is over");
    assert!(place.log().contains("\"own_password\"") && !place.log().contains(NEW));
}

#[tokio::test]
async fn wrong_passwords_of_a_session_have_to_wait() {
    let place = open().await;
    let mut browser = Browser::of(&place, "mia").await;
    let mut waits = 0;
    for _ in 0..30 {
        let answer = browser.press("/console/people/own/factor", &[("password", "a wrong password")]).await;
        assert_eq!(answer.status, 422);
        waits += u32::from(answer.body.contains("too many tries"));
    }
    assert!(waits > 0);
    Browser::of(&place, "mia").await;
}

#[tokio::test]
async fn a_second_factor_is_kept_after_its_first_code() {
    let place = open().await;
    let mut browser = Browser::of(&place, "mia").await;
    let shown = browser.press("/console/people/own/factor", &[("password", PASSWORD)]).await;
    assert_eq!(shown.status, 200, "{}", shown.body);
    assert!(
        shown.body.contains("class=\"barcode\"") && shown.body.contains("otpauth://totp/"),
        "{}",
        shown.body
    );
    let offer = field(&shown.body, "offer");
    for code in ["000000", "", "abc"] {
        let again =
            browser.press("/console/people/own/factor/on", &[("offer", &offer), ("code", code)]).await;
        assert!(again.status == 422 && again.body.contains("not the code"), "{}", again.body);
    }
    let mut other = Browser::of(&place, "olga").await;
    let stolen = other.press("/console/people/own/factor/on", &[("offer", &offer), ("code", "000000")]).await;
    assert!(stolen.body.contains("Begin again"), "{}", stolen.body);
    let mia = place.house.people.accounts().get(&name("mia")).await.unwrap().unwrap();
    assert!(!mia.has_second_factor());
    let new = place.house.people.accounts().offered_second_factor(&mia, &offer, jiff::Timestamp::now());
    let new = new.unwrap().unwrap();
    let code = code_of(new.key.reveal());
    let done = browser.press("/console/people/own/factor/on", &[("offer", &offer), ("code", &code)]).await;
    assert_eq!(done.status, 303, "{}", done.body);
    assert!(place.house.people.accounts().get(&name("mia")).await.unwrap().unwrap().has_second_factor());
    assert!(!place.log().contains(new.key.reveal()));
}

#[tokio::test]
async fn a_connection_of_ones_own_is_typed_on_a_page() {
    let place = open().await;
    let shared = place.call("olga", "odoo_connections", serde_json::json!({})).await;
    let url = format!(
        "http://{}",
        shared.split("http://").nth(1).unwrap().split(['"', ' ', ',', '/']).next().unwrap()
    );
    let mut browser = Browser::of(&place, "mia").await;
    let page = browser.get("/console/mine").await.body;
    assert!(page.contains("You have no connection of your own."), "{page}");
    let secret = "the secret that was typed";
    let fields = [
        ("alias", "mine"),
        ("url", url.as_str()),
        ("db", "sandbox"),
        ("login", "nobody"),
        ("kind", "password"),
        ("secret", secret),
    ];
    let answer = browser.press("/console/mine/add", &fields).await;
    assert_eq!(answer.status, 422, "a login that does not work is not saved: {}", answer.body);
    assert!(!answer.body.contains(secret) && answer.body.contains("value=\"mine\""), "{}", answer.body);
    let log = place.log();
    assert!(log.contains("user_connection_add") && !log.contains(secret));
    assert_eq!(browser.press("/console/mine/delete", &[("alias", "mine")]).await.status, 422);
}

/// The code that an authenticator shows now (RFC 6238).
fn code_of(key: &str) -> String {
    let (mut bits, mut held, mut bytes) = (0_u32, 0, Vec::new());
    for letter in key.chars() {
        let value = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(letter).unwrap();
        bits = bits << 5 | u32::try_from(value).unwrap();
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).unwrap());
        }
    }
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &bytes);
    let step = u64::try_from(jiff::Timestamp::now().as_second() / 30).unwrap();
    let tag = ring::hmac::sign(&key, &step.to_be_bytes());
    let at = usize::from(tag.as_ref()[19] & 15);
    let number = u32::from_be_bytes(tag.as_ref()[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}
