//! Signing in with a browser: who may, who may not, and what a page must not give away.

use odoo_mcp::{
    config::AuthSettings,
    facts::{ConnectionAlias, Role},
};
use serde_json::json;

use super::place::{Browser, PASSWORD, Place, field, name, open, open_under};
use crate::transport::wire::{HttpAnswer, HttpRequest};

fn is_signed_in(answer: &HttpAnswer) -> bool {
    answer.status == 303
}

async fn who(browser: &mut Browser, place: &Place) -> String {
    browser.get(place, "/sign-in").await.body
}

#[tokio::test]
async fn a_browser_signs_in_and_out() {
    let place = open().await;
    place.add("anna", Role::Owner).await;
    let mut browser = Browser::default();
    let form = browser.get(&place, "/sign-in").await;
    assert_eq!(form.status, 200);
    for (header, says) in [
        ("content-security-policy", "default-src 'none'"),
        ("content-security-policy", "frame-ancestors 'none'"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
    ] {
        assert!(form.header(header).unwrap().contains(says), "{header}");
    }
    assert!(!form.body.contains("<script") && !form.body.contains("http://"), "{}", form.body);
    assert!(form.body.contains("<html lang=\"en\">") && form.body.contains("<label for=\"password\">"));

    let before = browser.cookie("odoo-mcp-form").unwrap().to_owned();
    let done = browser.sign_in(&place, "Anna", PASSWORD).await;
    assert!(is_signed_in(&done) && done.header("location") == Some("/sign-in"), "{done:?}");
    assert!(done.head.contains("SameSite=Strict"), "{}", done.head);
    let session = browser.cookie("odoo-mcp").unwrap().to_owned();
    assert_ne!(session, before, "an id that was known before is not the one after");
    let page = who(&mut browser, &place).await;
    assert!(page.contains("<strong>anna</strong> (owner)"), "{page}");
    assert!(!page.contains(&session) && !page.contains(PASSWORD));
    place.is_nowhere(&session);

    let refused = browser.post(&place, "/sign-out", &[("csrf", "0123")]).await;
    assert_eq!(refused.status, 403);
    let csrf = field(&page, "csrf");
    assert_eq!(browser.post(&place, "/sign-out", &[("csrf", &csrf)]).await.status, 200);
    assert_eq!(browser.cookie("odoo-mcp"), None);
    browser.set("odoo-mcp", &session);
    assert!(who(&mut browser, &place).await.contains("name=\"password\""), "the session is over");
    let log = std::fs::read_to_string(place.state().join("audit.jsonl")).unwrap();
    assert!(log.contains("\"signed_in\"") && log.contains("\"signed_out\"") && !log.contains(&session));
}

#[tokio::test]
async fn wrong_names_and_wrong_passwords_look_the_same() {
    let place = open().await;
    place.add("anna", Role::Owner).await;
    place.people.accounts().add(&name("nightly"), Role::Member, None, None).await.unwrap();
    place.add("gone", Role::Member).await;
    place.people.accounts().set_disabled(&name("gone"), true).await.unwrap();
    let mut bodies = Vec::new();
    for (login, password) in [
        ("anna", "not her password"),
        ("nobody", PASSWORD),
        ("nightly", PASSWORD),
        ("gone", PASSWORD),
        ("local", PASSWORD),
        ("../anna", PASSWORD),
        ("default/admin", PASSWORD),
        ("anna\u{0}", "x"),
    ] {
        let mut browser = Browser::default();
        let answer = browser.sign_in(&place, login, password).await;
        assert_eq!(answer.status, 403, "{login}: {answer:?}");
        assert!(answer.body.contains("The name or the password is wrong."), "{login}: {}", answer.body);
        assert_eq!(browser.cookie("odoo-mcp"), None, "{login}");
        let token = field(&answer.body, "form");
        bodies.push(answer.body.replace(&token, "").replace(&format!("value=\"{login}\""), "value=\"\""));
    }
    bodies.truncate(5);
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
}

#[tokio::test]
async fn a_form_of_another_page_is_not_taken() {
    let place = open().await;
    place.add("anna", Role::Owner).await;
    let mut browser = Browser::default();
    let token = field(&browser.get(&place, "/sign-in").await.body, "form");
    let right = [("form", token.as_str()), ("step", "password"), ("login", "anna"), ("password", PASSWORD)];
    let twice = [right[0], right[1], right[2], ("login", "bert"), right[3]];
    for fields in [&right[1..], &[("form", "0123"), right[1], right[2], right[3]], &[right[0]], &twice] {
        assert_eq!(browser.post(&place, "/sign-in", fields).await.status, 403, "{fields:?}");
    }
    // Another browser with the same form, and none at all.
    assert_eq!(Browser::default().post(&place, "/sign-in", &right).await.status, 403);
    let mut other = Browser::default();
    other.get(&place, "/sign-in").await;
    assert_eq!(other.post(&place, "/sign-in", &right).await.status, 403);
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(right).finish();
    let foreign = HttpRequest::post(body).path("/sign-in").with("origin", "https://evil.example");
    assert_eq!(place.send(&foreign).await.status, 403);
    assert!(is_signed_in(&browser.post(&place, "/sign-in", &right).await));
}

#[tokio::test]
async fn nobody_is_sent_elsewhere() {
    let place = open().await;
    place.add("anna", Role::Owner).await;
    for (next, goes_to, same_site) in [
        ("/oauth/authorize?a=b", "/oauth/authorize?a=b", "SameSite=Lax"),
        ("/console", "/console", "SameSite=Strict"),
        ("https://evil.example/", "/sign-in", "SameSite=Strict"),
        ("//evil.example/oauth/", "/sign-in", "SameSite=Strict"),
        ("/oauth/\r\nset-cookie: a=b", "/sign-in", "SameSite=Strict"),
    ] {
        let mut browser = Browser::default();
        let done = browser.sign_in_at(&place, "", "anna", PASSWORD, next).await;
        assert_eq!(done.header("location"), Some(goes_to), "{next}: {done:?}");
        let session = done.head.lines().find(|line| line.contains(": odoo-mcp=")).unwrap();
        assert!(session.contains(same_site), "{session}");
    }
}

#[tokio::test]
async fn a_session_ends_when_its_account_changes() {
    let place = open().await;
    place.add("anna", Role::Owner).await;
    place.add("bert", Role::Member).await;
    let elsewhere = place.elsewhere();
    let mut browser = Browser::default();
    let bert = name("bert");
    let mut check = Vec::new();
    for change in ["password", "disabled", "revoked", "role"] {
        assert!(is_signed_in(&browser.sign_in(&place, "bert", PASSWORD).await), "{change}");
        match change {
            "password" => {
                elsewhere.accounts().set_password(&bert, &super::place::password()).await.unwrap();
            }
            "disabled" => {
                elsewhere.accounts().set_disabled(&bert, true).await.unwrap();
                elsewhere.accounts().set_disabled(&bert, false).await.unwrap();
            }
            "revoked" => assert_eq!(elsewhere.sessions().revoke_all_of(&bert).await.unwrap(), 1),
            _ => {
                elsewhere.accounts().set_role(&bert, Role::Operator).await.unwrap();
            }
        }
        check.push(who(&mut browser, &place).await.contains("<strong>bert</strong>"));
    }
    assert_eq!(check, [false, false, false, true]);
    assert!(who(&mut browser, &place).await.contains("(operator)"), "the role is that of this moment");
}

#[tokio::test]
async fn guessing_is_slowed_and_the_owner_with_a_known_browser_comes_in() {
    let place = open().await;
    place.add("anna", Role::Owner).await;
    let mut owner = Browser::default();
    assert!(is_signed_in(&owner.sign_in(&place, "anna", PASSWORD).await));
    assert!(owner.cookie("odoo-mcp-known").is_some());
    owner.forget("odoo-mcp");

    let mut guesser = Browser::default();
    let mut statuses = Vec::new();
    for n in 0..7 {
        statuses.push(guesser.sign_in(&place, "anna", &format!("guess number {n}")).await.status);
    }
    assert_eq!(statuses[..5], [403; 5]);
    assert!(statuses.contains(&429), "{statuses:?}");
    let right = guesser.sign_in(&place, "anna", PASSWORD).await;
    assert!(right.status == 429 && right.header("retry-after").is_some(), "{right:?}");
    // What makes a browser known is good for its account only, and cannot be made up.
    let mark = owner.cookie("odoo-mcp-known").unwrap().to_owned();
    let mut forger = Browser::default();
    let (start, _) = mark.rsplit_once('.').unwrap();
    forger.set("odoo-mcp-known", &format!("{start}.{}", "0".repeat(64)));
    assert_eq!(forger.sign_in(&place, "anna", PASSWORD).await.status, 429);
    assert!(is_signed_in(&owner.sign_in(&place, "anna", PASSWORD).await));
}

#[tokio::test]
async fn a_second_factor_is_asked_for_and_each_code_is_good_once() {
    let place = open().await;
    place.add("anna", Role::Owner).await;
    let accounts = place.people.accounts();
    let new = accounts.new_second_factor(&name("anna")).await.unwrap();
    accounts.set_second_factor(&name("anna"), Some(&new)).await.unwrap();
    let code = new.recovery_codes[0].reveal();

    let mut browser = Browser::default();
    let step = browser.sign_in(&place, "anna", PASSWORD).await;
    assert_eq!(step.status, 200);
    assert_eq!(browser.cookie("odoo-mcp"), None, "a password alone is not enough");
    let (form, ticket) = (field(&step.body, "form"), field(&step.body, "ticket"));
    let answer = |code: &str, ticket: &str| {
        [
            ("form", form.clone()),
            ("step", "code".to_owned()),
            ("ticket", ticket.to_owned()),
            ("code", code.to_owned()),
        ]
    };
    let send = async |browser: &mut Browser, fields: [(&str, String); 4]| {
        let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
        browser.post(&place, "/sign-in", &fields).await
    };
    for (code, ticket) in [("000000", ticket.as_str()), ("", &ticket), (code, "made-up"), (code, "")] {
        let refused = send(&mut browser, answer(code, ticket)).await;
        assert_eq!(refused.status, 403, "{code} {ticket}: {refused:?}");
        assert_eq!(browser.cookie("odoo-mcp"), None);
    }
    assert!(is_signed_in(&send(&mut browser, answer(code, &ticket)).await));
    assert_eq!(send(&mut browser, answer(code, &ticket)).await.status, 403, "the ticket is used");

    let mut second = Browser::default();
    let step = second.sign_in(&place, "anna", PASSWORD).await;
    let fields = [
        ("form", field(&step.body, "form")),
        ("step", "code".to_owned()),
        ("ticket", field(&step.body, "ticket")),
        ("code", code.to_owned()),
    ];
    assert_eq!(send(&mut second, fields).await.status, 403, "the code is used");
    place.is_nowhere(&ticket);
    place.is_nowhere(new.key.reveal());
}

#[tokio::test]
async fn a_known_password_does_not_buy_more_codes() {
    let place = open().await;
    place.add("anna", Role::Owner).await;
    let accounts = place.people.accounts();
    let new = accounts.new_second_factor(&name("anna")).await.unwrap();
    accounts.set_second_factor(&name("anna"), Some(&new)).await.unwrap();
    let mut statuses = Vec::new();
    for _ in 0..4 {
        let mut browser = Browser::default();
        let step = browser.sign_in(&place, "anna", PASSWORD).await;
        assert_eq!(step.status, 200, "the password stays right");
        let (form, ticket) = (field(&step.body, "form"), field(&step.body, "ticket"));
        for code in ["000000", "111111"] {
            let fields = [("form", form.as_str()), ("step", "code"), ("ticket", &ticket), ("code", code)];
            statuses.push(browser.post(&place, "/sign-in", &fields).await.status);
        }
    }
    assert_eq!(statuses, [403, 403, 403, 403, 403, 403, 429, 429]);
}

#[tokio::test]
async fn an_odoo_user_signs_in_where_the_operator_allowed_it() {
    let auth =
        AuthSettings { odoo_connections: vec![ConnectionAlias::default_alias()], ..AuthSettings::default() };
    let place = open_under(json!({}), auth).await;
    let (login, password) = (place.sandbox.login().to_owned(), place.sandbox.password().to_owned());
    let mut browser = Browser::default();
    for (at, login, password) in [
        ("default", login.as_str(), "wrong"),
        ("default", login.as_str(), ""),
        ("other", login.as_str(), password.as_str()),
        ("http://evil.example", login.as_str(), password.as_str()),
        ("", login.as_str(), password.as_str()),
    ] {
        let refused = Browser::default().sign_in_at(&place, at, login, password, "").await;
        assert_eq!(refused.status, 403, "{at} {login}: {refused:?}");
    }
    let done = browser.sign_in_at(&place, "default", &login, &password, "").await;
    assert!(is_signed_in(&done), "{done:?}");
    let page = who(&mut browser, &place).await;
    assert!(page.contains(&format!("<strong>default/{login}</strong> (member)")), "{page}");
    place.is_nowhere(&password);
    let accounts = place.people.accounts().list().await.unwrap();
    assert_eq!(accounts.len(), 1);
}

#[tokio::test]
async fn who_guesses_at_an_odoo_does_not_use_up_its_patience() {
    let auth =
        AuthSettings { odoo_connections: vec![ConnectionAlias::default_alias()], ..AuthSettings::default() };
    let place = open_under(json!({}), auth).await;
    let mut statuses = Vec::new();
    for n in 0..5 {
        let login = format!("guess{n}@example.com");
        statuses.push(Browser::default().sign_in_at(&place, "default", &login, "x", "").await.status);
    }
    assert_eq!(statuses, [403, 403, 403, 403, 429], "an Odoo refuses everybody after five");
    place.add("anna", Role::Owner).await;
    assert!(is_signed_in(&Browser::default().sign_in(&place, "anna", PASSWORD).await), "accounts here go on");
}

#[tokio::test]
async fn the_first_owner_shows_the_code() {
    let place = open().await;
    let code = place.people.accounts().first_owner_code().await.unwrap().unwrap();
    let mut browser = Browser::default();
    let form = browser.get(&place, "/sign-in").await;
    assert!(form.body.contains("There is no account yet."), "{}", form.body);
    assert!(!form.body.contains(code.reveal()));
    let token = field(&form.body, "form");
    let fields = |code: &str, password: &str| {
        [
            ("form", token.clone()),
            ("step", "first".to_owned()),
            ("code", code.to_owned()),
            ("login", "anna".to_owned()),
            ("password", password.to_owned()),
        ]
    };
    let send = async |browser: &mut Browser, fields: [(&str, String); 5]| {
        let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
        browser.post(&place, "/sign-in", &fields).await
    };
    for (code, password) in [("", PASSWORD), ("aaaaaa-aaaaaa", PASSWORD), (code.reveal(), "short")] {
        assert_eq!(send(&mut browser, fields(code, password)).await.status, 403, "{code} {password}");
    }
    assert!(is_signed_in(&send(&mut browser, fields(code.reveal(), PASSWORD)).await));
    assert!(who(&mut browser, &place).await.contains("<strong>anna</strong> (owner)"));
    let again = send(&mut Browser::default(), fields(code.reveal(), PASSWORD)).await;
    assert_eq!(again.status, 403);
    assert_eq!(place.people.accounts().count().await.unwrap(), 1);
}
