//! The whole way of a client, and every wrong turn on it.

use std::net::{IpAddr, Ipv4Addr};

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::*;
use crate::{
    config::AuthSettings,
    facts::{Caller, Role, Scope, Scopes, UserName},
    identity::{
        Bearer,
        oauth::pkce::challenge_of,
        sessions::{SignedIn, Visitor},
    },
    store::{SealKeys, StateDir},
};

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const CALLBACK: &str = "http://127.0.0.1:7777/cb";
const VERIFIER: &str = "a-verifier-of-at-least-forty-three-characters-0123456789";
const RESOURCE: &str = "https://mcp.example.com/mcp";

struct Case {
    server: AuthorizationServer,
    anna: SignedIn,
    _dir: tempfile::TempDir,
}

impl Case {
    async fn new() -> Self {
        Self::with(OauthSettings { enabled: true, ..OauthSettings::default() }).await
    }

    async fn with(settings: OauthSettings) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::open(dir.path()).unwrap();
        let cabinet = Cabinet::open(&state);
        let keys = SealKeys::in_file(&state);
        let people = People::new(&cabinet, &AuthSettings::default(), std::sync::Arc::new(keys));
        let public = PublicUrl::of(&"https://mcp.example.com".parse().unwrap());
        let server = AuthorizationServer::of(&settings, public, &cabinet, people).unwrap();
        let anna = sign_in(&server, "anna").await;
        Self { server, anna, _dir: dir }
    }

    async fn register(&self) -> String {
        let body = json!({ "client_name": "A client", "redirect_uris": [CALLBACK] }).to_string();
        let known = self.server.register(body.as_bytes(), PEER, Timestamp::now()).await.unwrap();
        known["client_id"].as_str().unwrap().to_owned()
    }

    /// Asks and says yes; the code.
    async fn code(&self, client: &str) -> String {
        let request = self.server.read_request(&asked(client, &[])).await.unwrap();
        let ticket = self.server.ask(&request, &self.anna, Timestamp::now()).await.unwrap();
        let back = self.server.allow(&ticket, &self.anna, Scopes::ALL, Timestamp::now()).await.unwrap();
        member(&back, "code").unwrap()
    }

    async fn token(&self, form: &[(&str, &str)]) -> Result<Value, OauthError> {
        self.server.token(&parameters(form), Timestamp::now()).await
    }

    async fn redeem(&self, client: &str, code: &str) -> Result<Value, OauthError> {
        self.token(&redeeming(client, code)).await
    }

    async fn refresh(&self, client: &str, token: &str) -> Result<Value, OauthError> {
        self.token(&[("grant_type", "refresh_token"), ("client_id", client), ("refresh_token", token)]).await
    }

    async fn caller(&self, answer: &Value) -> Option<Caller> {
        match self.shown(answer, Timestamp::now()).await {
            Bearer::Good(caller) => Some(caller),
            Bearer::Over | Bearer::Wrong => None,
        }
    }

    async fn shown(&self, answer: &Value, now: Timestamp) -> Bearer {
        self.server.admit(text(answer, "access_token"), now).await.unwrap()
    }
}

async fn sign_in(server: &AuthorizationServer, name: &str) -> SignedIn {
    let people = server.people();
    let user = UserName::parse(name).unwrap();
    let account = match people.accounts().get(&user).await.unwrap() {
        Some(account) => account,
        None => people.accounts().add(&user, Role::Member, None, None).await.unwrap(),
    };
    let secret = people.sessions().begin(&account, &Visitor::default()).await.unwrap();
    people.sessions().find(secret.reveal()).await.unwrap().unwrap()
}

fn redeeming<'a>(client: &'a str, code: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("grant_type", "authorization_code"),
        ("client_id", client),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
        ("resource", RESOURCE),
    ]
}

/// A good request for access, but for these changes.
fn asked(client: &str, changes: &[(&str, &str)]) -> Parameters {
    let challenge = challenge_of(VERIFIER);
    let good = [
        ("response_type", "code"),
        ("client_id", client),
        ("redirect_uri", CALLBACK),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
        ("state", "a state"),
        ("scope", "odoo:read odoo:write"),
        ("resource", RESOURCE),
    ];
    let changed = |name: &str| changes.iter().any(|(other, _)| *other == name);
    let members: Vec<_> =
        good.into_iter().filter(|(name, _)| !changed(name)).chain(changes.iter().copied()).collect();
    parameters(&members)
}

fn parameters(members: &[(&str, &str)]) -> Parameters {
    let mut encoded = url::form_urlencoded::Serializer::new(String::new());
    encoded.extend_pairs(members);
    Parameters::read(encoded.finish().as_bytes())
}

fn member(url: &str, name: &str) -> Option<String> {
    let url = url::Url::parse(url).unwrap();
    url.query_pairs().find(|(own, _)| own == name).map(|(_, value)| value.into_owned())
}

fn text<'a>(answer: &'a Value, name: &str) -> &'a str {
    answer[name].as_str().unwrap()
}

#[tokio::test]
async fn a_consent_becomes_tokens_that_are_the_account() {
    let case = Case::new().await;
    let client = case.register().await;
    let request = case.server.read_request(&asked(&client, &[])).await.unwrap();
    assert_eq!((request.client_name(), request.destination().as_str()), ("A client", "127.0.0.1:7777"));
    assert_eq!(request.form_target(), "http://127.0.0.1:7777");
    let ticket = case.server.ask(&request, &case.anna, Timestamp::now()).await.unwrap();
    let back = case.server.allow(&ticket, &case.anna, Scopes::ALL, Timestamp::now()).await.unwrap();
    assert!(back.starts_with(CALLBACK));
    assert_eq!(member(&back, "state").unwrap(), "a state");
    assert_eq!(member(&back, "iss").unwrap(), "https://mcp.example.com");
    let answer = case.redeem(&client, &member(&back, "code").unwrap()).await.unwrap();
    assert_eq!((text(&answer, "scope"), text(&answer, "token_type")), ("odoo:read odoo:write", "Bearer"));
    assert_eq!(answer["expires_in"], 900);
    let caller = case.caller(&answer).await.unwrap();
    assert_eq!((caller.user.as_str(), caller.grant.as_str()), ("anna", "anna"));
    assert!(!caller.scopes.contains(Scope::Admin));
}

#[tokio::test]
async fn what_is_wrong_with_client_or_address_is_told_to_the_person_only() {
    let case = Case::new().await;
    let client = case.register().await;
    for changes in [
        [("client_id", "")],
        [("client_id", "client_unknown")],
        [("client_id", "https://127.0.0.1/id.json")],
        [("redirect_uri", "")],
        [("redirect_uri", "http://127.0.0.1:7777/other")],
        [("redirect_uri", "http://127.0.0.1:7777/cb/")],
        [("redirect_uri", "https://evil.example/cb")],
    ] {
        let refused = case.server.read_request(&asked(&client, &changes)).await.unwrap_err();
        assert!(matches!(refused, RequestRefused::Person(_)), "{changes:?} {refused:?}");
    }
    let twice = [("redirect_uri", CALLBACK), ("redirect_uri", "https://evil.example/cb")];
    let refused = case.server.read_request(&asked(&client, &twice)).await.unwrap_err();
    assert!(matches!(refused, RequestRefused::Person(_)), "{refused:?}");
}

#[tokio::test]
async fn what_else_is_wrong_goes_back_to_the_client() {
    let case = Case::new().await;
    let client = case.register().await;
    let short = "x".repeat(42);
    for (name, value, code) in [
        ("response_type", "token", "unsupported_response_type"),
        ("response_type", "", "invalid_request"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge", short.as_str(), "invalid_request"),
        ("code_challenge", &format!("{short}="), "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge_method", "", "invalid_request"),
        ("scope", "openid everything", "invalid_scope"),
        ("resource", "https://mcp.example.com", "invalid_target"),
        ("resource", "https://other.example.com/mcp", "invalid_target"),
        ("response_mode", "fragment", "invalid_request"),
        ("request", "e30.e30.", "request_not_supported"),
        ("prompt", "none", "interaction_required"),
    ] {
        let refused = case.server.read_request(&asked(&client, &[(name, value)])).await.unwrap_err();
        let RequestRefused::Client(back) = refused else { panic!("{name} {value}: {refused:?}") };
        assert!(back.starts_with(&format!("{CALLBACK}?error={code}&")), "{name} {value}: {back}");
        assert_eq!(member(&back, "state").unwrap(), "a state");
        assert_eq!(member(&back, "iss").unwrap(), "https://mcp.example.com");
    }
    let twice = [("state", "one"), ("state", "two")];
    let refused = case.server.read_request(&asked(&client, &twice)).await.unwrap_err();
    let RequestRefused::Client(back) = refused else { panic!("{refused:?}") };
    assert_eq!(member(&back, "state"), None);
    // Another port of the same loopback address, and a client that does not say for what.
    let free = [("redirect_uri", "http://127.0.0.1:1/cb"), ("resource", "")];
    assert!(case.server.read_request(&asked(&client, &free)).await.is_ok());
}

#[tokio::test]
async fn a_question_is_answered_once_and_in_its_session() {
    let case = Case::new().await;
    let client = case.register().await;
    let now = Timestamp::now();
    let request = case.server.read_request(&asked(&client, &[])).await.unwrap();
    let ticket = case.server.ask(&request, &case.anna, now).await.unwrap();
    let elsewhere = sign_in(&case.server, "anna").await;
    let bert = sign_in(&case.server, "bert").await;
    for other in [&elsewhere, &bert] {
        assert!(case.server.question(&ticket, other).await.is_err());
        assert!(case.server.allow(&ticket, other, Scopes::ALL, now).await.is_err());
        assert!(case.server.deny(&ticket, other).await.is_err());
    }
    assert!(case.server.allow("omcp_ask_guess", &case.anna, Scopes::ALL, now).await.is_err());
    assert!(case.server.allow(&ticket, &case.anna, Scopes::ALL, now).await.is_ok());
    assert!(case.server.allow(&ticket, &case.anna, Scopes::ALL, now).await.is_err());

    let ticket = case.server.ask(&request, &case.anna, now).await.unwrap();
    let back = case.server.deny(&ticket, &case.anna).await.unwrap();
    assert_eq!((member(&back, "error").unwrap().as_str(), member(&back, "code")), ("access_denied", None));
    let ticket = case.server.ask(&request, &case.anna, now).await.unwrap();
    let back = case.server.allow(&ticket, &case.anna, Scopes::NONE, now).await.unwrap();
    assert_eq!(member(&back, "error").unwrap(), "access_denied");
}

#[tokio::test]
async fn a_code_is_bound_to_everything_it_was_given_for() {
    let case = Case::new().await;
    let client = case.register().await;
    let other = case.register().await;
    for (name, value, code) in [
        ("client_id", other.as_str(), "invalid_grant"),
        ("redirect_uri", "http://127.0.0.1:7778/cb", "invalid_grant"),
        ("code_verifier", "another-verifier-of-at-least-forty-three-characters-01", "invalid_grant"),
        ("code_verifier", "short", "invalid_grant"),
        ("code_verifier", "", "invalid_request"),
        ("code", "omcp_code_guess", "invalid_grant"),
        ("code", "", "invalid_request"),
        ("client_id", "", "invalid_request"),
        ("client_secret", "secret", "invalid_client"),
        ("resource", "https://other.example.com/mcp", "invalid_target"),
        ("grant_type", "password", "unsupported_grant_type"),
        ("grant_type", "client_credentials", "unsupported_grant_type"),
    ] {
        let good = case.code(&client).await;
        let mut form: Vec<_> =
            redeeming(&client, &good).into_iter().filter(|(own, _)| *own != name).collect();
        form.push((name, value));
        let error = case.token(&form).await.unwrap_err();
        assert_eq!(error.code, code, "{name}={value}: {error}");
    }
    let code = case.code(&client).await;
    let late = Timestamp::now() + SignedDuration::from_secs(60);
    let error = case.server.token(&parameters(&redeeming(&client, &code)), late).await.unwrap_err();
    assert_eq!(error.code, "invalid_grant");
}

#[tokio::test]
async fn a_code_that_was_tried_wrongly_is_worth_nothing() {
    let case = Case::new().await;
    let client = case.register().await;
    let code = case.code(&client).await;
    let mut form = redeeming(&client, &code);
    form.retain(|(name, _)| *name != "code_verifier");
    form.push(("code_verifier", "another-verifier-of-at-least-forty-three-characters-01"));
    assert!(case.token(&form).await.is_err());
    assert_eq!(case.redeem(&client, &code).await.unwrap_err().code, "invalid_grant");
}

#[tokio::test]
async fn a_code_shown_twice_ends_what_came_of_it() {
    let case = Case::new().await;
    let client = case.register().await;
    let code = case.code(&client).await;
    let answer = case.redeem(&client, &code).await.unwrap();
    assert!(case.caller(&answer).await.is_some());
    assert_eq!(case.redeem(&client, &code).await.unwrap_err().code, "invalid_grant");
    assert!(case.caller(&answer).await.is_none());
    assert!(case.refresh(&client, text(&answer, "refresh_token")).await.is_err());
    assert_eq!(case.server.grants().of(&case.anna.account.name).await.unwrap(), []);
}

#[tokio::test]
async fn of_many_who_show_a_code_at_once_nobody_keeps_what_two_wanted() {
    let case = Case::new().await;
    let client = case.register().await;
    let code = case.code(&client).await;
    let tries = futures_util::future::join_all((0..8).map(|_| case.redeem(&client, &code))).await;
    assert!(tries.iter().filter(|one| one.is_ok()).count() <= 1);
    for answer in tries.into_iter().flatten() {
        assert!(case.caller(&answer).await.is_none(), "shown again by the others");
    }
}

#[tokio::test]
async fn a_refresh_token_is_good_once() {
    let case = Case::new().await;
    let client = case.register().await;
    let first = case.redeem(&client, &case.code(&client).await).await.unwrap();
    let second = case.refresh(&client, text(&first, "refresh_token")).await.unwrap();
    assert_ne!(text(&first, "refresh_token"), text(&second, "refresh_token"));
    let third = case.refresh(&client, text(&second, "refresh_token")).await.unwrap();
    assert!(case.caller(&third).await.is_some() && case.caller(&first).await.is_some());

    let old = case.refresh(&client, text(&first, "refresh_token")).await.unwrap_err();
    assert_eq!(old.code, "invalid_grant");
    for answer in [&first, &second, &third] {
        assert!(case.caller(answer).await.is_none(), "the whole family has ended");
    }
    assert!(case.refresh(&client, text(&third, "refresh_token")).await.is_err());
}

#[tokio::test]
async fn guesses_at_a_refresh_token_end_nothing() {
    let case = Case::new().await;
    let client = case.register().await;
    let other = case.register().await;
    let answer = case.redeem(&client, &case.code(&client).await).await.unwrap();
    let token = text(&answer, "refresh_token");
    for guess in ["", "x", "omcp_rt_", &"omcp_rt_".repeat(20), text(&answer, "access_token")] {
        assert!(case.refresh(&client, guess).await.is_err(), "{guess}");
    }
    assert_eq!(case.refresh(&other, token).await.unwrap_err().code, "invalid_grant");
    let wrong_resource = [
        ("grant_type", "refresh_token"),
        ("client_id", client.as_str()),
        ("refresh_token", token),
        ("resource", "https://other.example.com/mcp"),
    ];
    assert_eq!(case.token(&wrong_resource).await.unwrap_err().code, "invalid_target");
    let fewer = [
        ("grant_type", "refresh_token"),
        ("client_id", client.as_str()),
        ("refresh_token", token),
        ("scope", "odoo:read odoo:admin"),
    ];
    let answer = case.token(&fewer).await.unwrap();
    assert_eq!(text(&answer, "scope"), "odoo:read", "no more than was consented to");
}

#[tokio::test]
async fn tokens_end_with_their_account_its_password_and_their_time() {
    let case = Case::new().await;
    let client = case.register().await;
    let accounts = case.server.people().accounts();
    let name = case.anna.account.name.clone();
    let answer = case.redeem(&client, &case.code(&client).await).await.unwrap();
    let later = |seconds| Timestamp::now() + SignedDuration::from_secs(seconds);
    assert!(matches!(case.shown(&answer, later(890)).await, Bearer::Good(_)));
    assert_eq!(case.shown(&answer, later(901)).await, Bearer::Over);
    accounts.set_role(&name, Role::Auditor).await.unwrap();
    assert_eq!(case.caller(&answer).await.unwrap().scopes.to_string(), "odoo:read");
    accounts.set_disabled(&name, true).await.unwrap();
    assert!(case.caller(&answer).await.is_none());
    assert_eq!(
        case.refresh(&client, text(&answer, "refresh_token")).await.unwrap_err().code,
        "invalid_grant"
    );
    accounts.set_disabled(&name, false).await.unwrap();
    assert!(case.caller(&answer).await.is_none(), "what ended does not come back");
    for text in ["", "omcp_at_", "omcp_at_guess", text(&answer, "refresh_token")] {
        assert_eq!(case.server.admit(text, Timestamp::now()).await.unwrap(), Bearer::Wrong);
    }
}

#[tokio::test]
async fn grants_are_listed_and_end_when_somebody_says_so() {
    let case = Case::new().await;
    let name = case.anna.account.name.clone();
    let (first, second) = (case.register().await, case.register().await);
    let mut answers = Vec::new();
    for client in [&first, &second, &second] {
        answers.push(case.redeem(client, &case.code(client).await).await.unwrap());
    }
    let listed = case.server.grants().of(&name).await.unwrap();
    assert_eq!(listed.len(), 3);
    let one = listed.iter().find(|grant| grant.client_id == first).unwrap();
    let bert = UserName::parse("bert").unwrap();
    assert!(!case.server.grants().revoke(&bert, &one.id).await.unwrap(), "not theirs");
    assert!(case.server.grants().revoke(&name, &one.id).await.unwrap());
    assert!(!case.server.grants().revoke(&name, &one.id).await.unwrap());
    assert!(case.caller(&answers[0]).await.is_none() && case.caller(&answers[1]).await.is_some());
    assert_eq!(case.server.grants().all().await.unwrap().len(), 2);
    assert_eq!(case.server.grants().revoke_client(&name, &second).await.unwrap(), 2);
    assert!(case.caller(&answers[1]).await.is_none() && case.caller(&answers[2]).await.is_none());
    assert_eq!(case.server.grants().revoke_all_of(&name).await.unwrap(), 0);
}

#[tokio::test]
async fn a_client_gives_up_its_own_tokens_only() {
    let case = Case::new().await;
    let (client, other) = (case.register().await, case.register().await);
    let answer = case.redeem(&client, &case.code(&client).await).await.unwrap();
    for token in ["access_token", "refresh_token"] {
        case.server.revoke_token(text(&answer, token), &other).await.unwrap();
        assert!(case.caller(&answer).await.is_some());
    }
    case.server.revoke_token("guess", &client).await.unwrap();
    case.server.revoke_token(text(&answer, "access_token"), &client).await.unwrap();
    assert!(case.caller(&answer).await.is_none());
    let again = case.refresh(&client, text(&answer, "refresh_token")).await.unwrap();
    case.server.revoke_token(text(&again, "refresh_token"), &client).await.unwrap();
    assert!(case.caller(&again).await.is_none());
    assert!(case.refresh(&client, text(&again, "refresh_token")).await.is_err());
}

#[tokio::test]
async fn registrations_are_few_and_can_be_switched_off() {
    let off = OauthSettings { enabled: true, registration: false, ..OauthSettings::default() };
    let case = Case::with(off).await;
    let body = json!({ "redirect_uris": [CALLBACK] }).to_string();
    let register = async |case: &Case| {
        let registered = case.server.register(body.as_bytes(), PEER, Timestamp::now()).await;
        registered.map_err(|error| error.code)
    };
    assert_eq!(register(&case).await, Err("access_denied"));
    assert!(case.server.metadata().get("registration_endpoint").is_none());

    let few = OauthSettings { enabled: true, clients_max: 2, ..OauthSettings::default() };
    let case = Case::with(few).await;
    assert!(register(&case).await.is_ok() && register(&case).await.is_ok());
    assert_eq!(register(&case).await, Err("temporarily_unavailable"));

    let case = Case::new().await;
    let mut codes = Vec::new();
    for _ in 0..40 {
        codes.push(register(&case).await.err());
    }
    assert_eq!(codes.iter().filter(|code| code.is_none()).count(), 30);
    assert_eq!(codes.last(), Some(&Some("slow_down")));
    for body in ["", "[]", "{}", r#"{"redirect_uris":["javascript:alert(1)"]}"#] {
        let other: IpAddr = "192.0.2.9".parse().unwrap();
        assert!(case.server.register(body.as_bytes(), other, Timestamp::now()).await.is_err(), "{body}");
    }
}

#[test]
fn without_the_setting_there_is_no_server() {
    let dir = tempfile::tempdir().unwrap();
    let state = StateDir::open(dir.path()).unwrap();
    let cabinet = Cabinet::open(&state);
    let keys = std::sync::Arc::new(SealKeys::in_file(&state));
    let people = People::new(&cabinet, &AuthSettings::default(), keys);
    let public = PublicUrl::of(&"https://mcp.example.com".parse().unwrap());
    assert!(AuthorizationServer::of(&OauthSettings::default(), public, &cabinet, people).is_none());
}
