//! Everything that must not work.

use super::*;

#[tokio::test]
async fn a_request_with_a_foreign_address_sends_nobody_there() {
    let server = Server::open().await;
    let client = server.register(CALLBACK).await;
    let mut browser = Browser::of(&server, "anna").await;
    for changes in [
        &[("redirect_uri", "https://evil.example/cb")][..],
        &[("redirect_uri", "https://client.example.com/cb/")],
        &[("redirect_uri", "https://client.example.com/cb?x=1")],
        &[("redirect_uri", "https://CLIENT.example.com/cb")],
        &[("redirect_uri", "")],
        &[("redirect_uri", CALLBACK), ("redirect_uri", "https://evil.example/cb")],
        &[("client_id", "client_0123456789abcdef")],
        &[("client_id", "https://169.254.169.254/latest/meta-data")],
        &[("client_id", "https://10.0.0.1/client.json")],
        &[("client_id", "")],
    ] {
        let answer = browser.get(&server, &authorize(&client, changes)).await;
        assert_eq!((answer.status, answer.header("location")), (400, None), "{changes:?}");
        assert!(!answer.body.contains("evil.example"), "{}", answer.body);
    }
    let answer =
        browser.get(&server, &authorize(&client, &[("resource", "https://other.example.com/mcp")])).await;
    let back = answer.header("location").unwrap();
    assert!(back.starts_with(CALLBACK), "{back}");
    assert_eq!(member(back, "error").unwrap(), "invalid_target");
}

#[tokio::test]
async fn a_consent_counts_in_its_own_session_only() {
    let server = Server::open().await;
    let client = server.register(CALLBACK).await;
    let mut anna = Browser::of(&server, "anna").await;
    let mut bert = Browser::of(&server, "bert").await;
    let page = anna.get(&server, &authorize(&client, &[])).await;
    let yes = [("scope", "odoo:read"), ("answer", "allow")];
    let own_page = bert.get(&server, &authorize(&client, &[])).await;
    let csrf_of =
        |page: &HttpAnswer| form(&page.body).1.into_iter().find(|(name, _)| name == "csrf").unwrap().1;
    let (annas, berts) = (csrf_of(&page), csrf_of(&own_page));
    assert_ne!(annas, berts);

    let check = |answer: HttpAnswer| assert_eq!((answer.status, answer.header("location")), (400, None));
    // Somebody else's question, with their form token and with one's own.
    check(bert.submit(&server, &page, &yes).await);
    check(bert.submit(&server, &page, &[yes[0], yes[1], ("csrf", &berts)]).await);
    // Nobody's session, and a page of somebody else that does not know the token.
    check(Browser::default().submit(&server, &page, &yes).await);
    for wrong in ["", "guess", &berts] {
        check(anna.submit(&server, &page, &[yes[0], yes[1], ("csrf", wrong)]).await);
    }
    let foreign = posted("/oauth/authorize", &yes).with("origin", "https://evil.example");
    assert_eq!(anna.send(&server, foreign).await.status, 403);
    check(anna.submit(&server, &page, &[("answer", "perhaps")]).await);
    let nothing = anna.submit(&server, &page, &[("answer", "allow")]).await;
    assert_eq!(nothing.status, 400);
    assert!(nothing.body.contains("Choose what the program may do"), "{}", nothing.body);

    let allowed = anna.submit(&server, &page, &yes).await;
    assert_eq!(allowed.status, 303);
    check(anna.submit(&server, &page, &yes).await);
    let page = anna.get(&server, &authorize(&client, &[])).await;
    let denied = anna.submit(&server, &page, &[("answer", "deny")]).await;
    let back = denied.header("location").unwrap();
    assert_eq!((member(back, "error").unwrap().as_str(), member(back, "code")), ("access_denied", None));
    assert_eq!(member(back, "state").unwrap(), "a state");
}

#[tokio::test]
async fn a_person_cannot_consent_to_more_than_was_asked() {
    let server = Server::open().await;
    let client = server.register(CALLBACK).await;
    let mut anna = Browser::of(&server, "anna").await;
    let page = anna.get(&server, &authorize(&client, &[("scope", "odoo:read")])).await;
    assert!(!page.body.contains("odoo:admin"), "{}", page.body);
    let more = [("scope", "odoo:read"), ("scope", "odoo:admin"), ("answer", "allow")];
    let answer = anna.submit(&server, &page, &more).await;
    let code = member(answer.header("location").unwrap(), "code").unwrap();
    assert_eq!(server.redeem(&client, &code).await.message()["scope"], "odoo:read");
}

#[tokio::test]
async fn codes_and_refresh_tokens_are_good_once() {
    let server = Server::open().await;
    let client = server.register(CALLBACK).await;
    let other = server.register(CALLBACK).await;
    let mut anna = Browser::of(&server, "anna").await;
    let is_refused = |answer: &HttpAnswer| {
        assert_eq!((answer.status, answer.header("cache-control")), (400, Some("no-store")), "{answer:?}");
        assert_eq!(answer.message()["error"], "invalid_grant");
    };
    for (name, wrong) in [
        ("code_verifier", "another-verifier-of-at-least-forty-three-characters-01"),
        ("redirect_uri", "https://client.example.com/other"),
        ("client_id", &other),
    ] {
        let code = server.code(&mut anna, &client).await;
        let form =
            redeeming(&client, &code).map(|(own, value)| (own, if own == name { wrong } else { value }));
        is_refused(&server.token(&form).await);
        is_refused(&server.redeem(&client, &code).await);
    }
    let code = server.code(&mut anna, &client).await;
    let first = server.redeem(&client, &code).await.message();
    assert_eq!(server.call(&text(&first, "access_token")).await.status, 200);
    is_refused(&server.redeem(&client, &code).await);
    assert_eq!(server.call(&text(&first, "access_token")).await.status, 401, "ended with the second use");

    let code = server.code(&mut anna, &client).await;
    let first = server.redeem(&client, &code).await.message();
    is_refused(&server.token(&refreshing(&other, &text(&first, "refresh_token"))).await);
    let second = server.token(&refreshing(&client, &text(&first, "refresh_token"))).await.message();
    is_refused(&server.token(&refreshing(&client, &text(&first, "refresh_token"))).await);
    for tokens in [&first, &second] {
        assert_eq!(server.call(&text(tokens, "access_token")).await.status, 401);
    }
    is_refused(&server.token(&refreshing(&client, &text(&second, "refresh_token"))).await);
}

#[tokio::test]
async fn forms_of_programs_come_as_forms() {
    let server = Server::open().await;
    let client = server.register(CALLBACK).await;
    let form = redeeming(&client, "omcp_code_guess");
    let check = |answer: HttpAnswer, status: u16, error: &str| {
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(answer.message()["error"], error);
        assert!(answer.header("access-control-allow-origin").is_none());
    };
    let good = || posted("/oauth/token", &form);
    check(server.send(good().with("content-type", "application/json")).await, 400, "invalid_request");
    check(server.send(good().path("/oauth/token?code=x")).await, 400, "invalid_request");
    check(server.send(good().with("authorization", "Basic eDp5")).await, 401, "invalid_client");
    let twice = [form.as_slice(), &[("code", "another")]].concat();
    check(server.token(&twice).await, 400, "invalid_request");
    check(server.send(posted("/oauth/token", &[("x", &"x".repeat(40_000))])).await, 400, "invalid_request");
    assert_eq!(server.get("/oauth/token").await.status, 405);
    assert_eq!(server.send(good().with("origin", "https://evil.example")).await.status, 403);
    let text = HttpRequest::post("{}").path("/oauth/register").with("content-type", "text/plain");
    check(server.send(text).await, 400, "invalid_request");
    let bad = json!({ "redirect_uris": ["http://client.example.com/cb"] }).to_string();
    check(server.send(HttpRequest::post(bad).path("/oauth/register")).await, 400, "invalid_redirect_uri");
}

#[tokio::test]
async fn only_the_header_carries_a_token_and_only_while_the_account_is_good() {
    let server = Server::open().await;
    let client = server.register(CALLBACK).await;
    let mut anna = Browser::of(&server, "anna").await;
    let code = server.code(&mut anna, &client).await;
    let tokens = server.redeem(&client, &code).await.message();
    let (access, refresh) = (text(&tokens, "access_token"), text(&tokens, "refresh_token"));
    let call = modern_call(1, "obey", json!({ "order": "answer" }));
    let in_address = HttpRequest::message(&call).path(&format!("/mcp?access_token={access}"));
    assert_eq!(server.send(in_address).await.status, 401);
    for wrong in [&refresh, &code, "omcp_at_guess", &access.to_uppercase(), cut(&access)] {
        let answer = server.call(wrong).await;
        assert_eq!(answer.status, 401, "{wrong}");
        assert!(answer.header("www-authenticate").unwrap().contains("error=\"invalid_token\""));
    }
    assert_eq!(server.call(&access).await.status, 200);
    let name = UserName::parse("anna").unwrap();
    let grants = server.issuers.server.as_ref().unwrap().grants().of(&name).await.unwrap();
    assert_eq!((grants.len(), grants[0].client_name.as_str()), (1, "A <client>"));
    server.people.accounts().set_disabled(&name, true).await.unwrap();
    assert_eq!(server.call(&access).await.status, 401);
    assert_eq!(server.token(&refreshing(&client, &refresh)).await.status, 400);
    let page = anna.get(&server, &authorize(&client, &[])).await;
    assert_eq!(page.status, 303, "to the sign-in page");
}
