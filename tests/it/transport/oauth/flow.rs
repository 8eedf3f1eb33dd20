//! The way of a client that does everything right.

use super::*;

#[tokio::test]
async fn a_client_finds_out_where_to_go() {
    let server = Server::open().await;
    let refused = server.send(HttpRequest::message(&modern_call(1, "obey", json!({})))).await;
    assert_eq!(refused.status, 401);
    let challenge = refused.header("www-authenticate").unwrap();
    let address = "https://mcp.example.com/.well-known/oauth-protected-resource/mcp";
    assert!(challenge.contains(&format!("resource_metadata=\"{address}\"")), "{challenge}");
    assert!(challenge.contains("scope=\"odoo:read odoo:write\""), "{challenge}");
    for path in ["/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-protected-resource"] {
        let described = server.get(path).await.message();
        assert_eq!(described["resource"], RESOURCE);
        assert_eq!(described["authorization_servers"], json!([ORIGIN]));
        let scopes = described["scopes_supported"].as_array().unwrap();
        assert!(!scopes.iter().any(|scope| scope == "offline_access"));
    }
    let described = server.get("/.well-known/oauth-authorization-server").await.message();
    assert_eq!(described["issuer"], ORIGIN);
    assert_eq!(described["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(described["authorization_response_iss_parameter_supported"], true);
    assert_eq!(described["client_id_metadata_document_supported"], true);
    for (endpoint, path) in [
        ("authorization_endpoint", "authorize"),
        ("token_endpoint", "token"),
        ("registration_endpoint", "register"),
        ("revocation_endpoint", "revoke"),
    ] {
        assert_eq!(described[endpoint], format!("{ORIGIN}/oauth/{path}"));
    }
}

#[tokio::test]
async fn a_person_signs_in_consents_and_the_client_calls() {
    let server = Server::open().await;
    let client = server.register(CALLBACK).await;
    let mut browser = Browser::default();

    let address = authorize(&client, &[]);
    let answer = browser.get(&server, &address).await;
    assert_eq!(answer.status, 303);
    let sign_in = answer.header("location").unwrap().to_owned();
    assert!(sign_in.starts_with("/sign-in?next="), "{sign_in}");
    let page = browser.get(&server, &sign_in).await;
    let answer = browser.submit(&server, &page, &[("login", "anna"), ("password", PASSWORD)]).await;
    assert_eq!((answer.status, answer.header("location")), (303, Some(address.as_str())));

    let page = browser.get(&server, &address).await;
    for shown in ["A &lt;client&gt;", "<strong>client.example.com</strong>", "<strong>anna</strong>"] {
        assert!(page.body.contains(shown), "{shown} is not in {}", page.body);
    }
    assert_eq!(page.header("x-frame-options"), Some("DENY"));
    assert_eq!(page.header("cache-control"), Some("no-store"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(policy.contains("form-action 'self' https://client.example.com"), "{policy}");

    let chosen = [("scope", "odoo:read"), ("scope", "odoo:write"), ("answer", "allow")];
    let answer = browser.submit(&server, &page, &chosen).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    let back = answer.header("location").unwrap();
    assert!(back.starts_with(CALLBACK), "{back}");
    assert_eq!(member(back, "state").unwrap(), "a state");
    assert_eq!(member(back, "iss").unwrap(), ORIGIN);

    let answer = server.redeem(&client, &member(back, "code").unwrap()).await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")), "{answer:?}");
    let tokens = answer.message();
    assert_eq!(tokens["scope"], "odoo:read odoo:write");
    let called = server.call(&text(&tokens, "access_token")).await;
    assert_eq!(called.message()["result"]["structuredContent"]["caller"], "anna", "{called:?}");

    let again = server.token(&refreshing(&client, &text(&tokens, "refresh_token"))).await.message();
    assert_eq!(server.call(&text(&again, "access_token")).await.status, 200);
    let form = [("token", text(&again, "refresh_token")), ("client_id", client.clone())];
    let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(server.send(posted("/oauth/revoke", &form)).await.status, 200);
    for tokens in [&tokens, &again] {
        assert_eq!(server.call(&text(tokens, "access_token")).await.status, 401);
    }
}

#[tokio::test]
async fn what_a_token_is_not_for_needs_another_token() {
    let server = Server::open().await;
    let client = server.register(CALLBACK).await;
    let mut browser = Browser::of(&server, "anna").await;
    let page = browser.get(&server, &authorize(&client, &[])).await;
    let answer = browser.submit(&server, &page, &[("scope", "odoo:write"), ("answer", "allow")]).await;
    let code = member(answer.header("location").unwrap(), "code").unwrap();
    let token = text(&server.redeem(&client, &code).await.message(), "access_token");
    assert_eq!(server.caller(&token).await.scopes.to_string(), "odoo:write");
    let refused = server.call(&token).await;
    assert_eq!(refused.status, 403, "{refused:?}");
    let challenge = refused.header("www-authenticate").unwrap();
    assert!(challenge.contains("error=\"insufficient_scope\""), "{challenge}");
    assert!(challenge.contains("scope=\"odoo:read odoo:write\""), "{challenge}");
    assert!(challenge.contains("resource_metadata="), "{challenge}");
}

#[tokio::test]
async fn a_client_is_known_by_a_document() {
    let server = Server::open().await;
    let documents = super::provider::Pages::start().await;
    let id = format!("{}/client.json", documents.url);
    documents.show(
        "/client.json",
        &json!({
            "client_id": id, "client_name": "With a document", "redirect_uris": [CALLBACK],
            "token_endpoint_auth_method": "none",
        }),
    );
    let mut browser = Browser::of(&server, "anna").await;
    let page = browser.get(&server, &authorize(&id, &[])).await;
    assert!(page.body.contains("With a document"), "{}", page.body);
    let code = server.code(&mut browser, &id).await;
    assert_eq!(server.redeem(&id, &code).await.status, 200);
    assert_eq!(documents.asked("/client.json"), 1, "kept for a while");

    for (path, document) in [
        ("/other.json", json!({ "client_id": id, "redirect_uris": [CALLBACK] })),
        (
            "/secret.json",
            json!({ "client_id": format!("{}/secret.json", documents.url), "redirect_uris": [CALLBACK],
            "token_endpoint_auth_method": "client_secret_post" }),
        ),
        ("/bare.json", json!({ "client_id": format!("{}/bare.json", documents.url) })),
        (
            "/large.json",
            json!({ "client_id": format!("{}/large.json", documents.url),
            "redirect_uris": [CALLBACK], "x": "x".repeat(20_000) }),
        ),
    ] {
        documents.show(path, &document);
        let refused = browser.get(&server, &authorize(&format!("{}{path}", documents.url), &[])).await;
        assert_eq!((refused.status, refused.header("location")), (400, None), "{path}");
    }
    // Nothing is fetched for somebody who is not signed in.
    documents.show("/stranger.json", &json!({}));
    Browser::default().get(&server, &authorize(&format!("{}/stranger.json", documents.url), &[])).await;
    assert_eq!(documents.asked("/stranger.json"), 0);
}

/// A client whose first request is refused goes on with the same connection.
#[tokio::test]
async fn a_refused_request_leaves_its_connection_of_use() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let server = Server::open().await;
    for _ in 0..20 {
        let mut tcp = tokio::net::TcpStream::connect(server.bound.address()).await.unwrap();
        let head = format!("POST /mcp HTTP/1.1\r\nhost: {HOST}\r\ncontent-length: 2\r\n\r\n");
        tcp.write_all(head.as_bytes()).await.unwrap();
        // The body comes a little later, as it does from most clients.
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        tcp.write_all(b"{}").await.unwrap();
        let mut first = [0; 12];
        tcp.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"HTTP/1.1 401");
        let next = format!("GET /health HTTP/1.1\r\nhost: {HOST}\r\nconnection: close\r\n\r\n");
        tcp.write_all(next.as_bytes()).await.unwrap();
        let mut rest = String::new();
        tcp.read_to_string(&mut rest).await.unwrap();
        assert!(rest.ends_with("ok\n"), "{rest}");
    }
}
