//! The client against servers that misbehave on purpose.

mod records;
mod server;

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use serde_json::{Value, json};

use self::server::{Server, Step};
use super::{Call, Context, Domain, OdooClient, OdooError, PageQuery, Route};
use crate::facts::{
    ConnectionAlias, Credential, Definition, FieldName, Limits, MethodName, ModelName, Origin, Protocol,
    Secret, SecretSource, Trust,
};

/// Stands for a secret; no error may ever hold it.
const CANARY: &str = "canary-7b3f";

fn limits() -> Limits {
    Limits { read_timeout_ms: 400, total_timeout_ms: 3_000, ..Limits::default() }
}

fn client_with(port: u16, credential: Credential, protocol: Protocol, limits: Limits) -> Arc<OdooClient> {
    let definition = Definition {
        alias: ConnectionAlias::parse("main").unwrap(),
        url: format!("http://127.0.0.1:{port}").parse().unwrap(),
        db: "db".to_owned(),
        username: "admin".to_owned(),
        credential,
        protocol,
        trust: Trust::System,
        origin: Origin::Settings,
    };
    Arc::new(OdooClient::new(Arc::new(definition), limits))
}

fn secret() -> SecretSource {
    SecretSource::Inline(Secret::new(CANARY.to_owned()))
}

fn client(server: &Server) -> Arc<OdooClient> {
    client_with(server.port, Credential::Password(secret()), Protocol::Auto, limits())
}

fn partner() -> ModelName {
    ModelName::parse("res.partner").unwrap()
}

fn read() -> Call {
    Call::new(&partner(), MethodName::known("read")).on(&[1]).arg("fields", json!(["name"]))
}

fn write() -> Call {
    Call::new(&partner(), MethodName::known("write")).on(&[1]).arg("vals", json!({"name": "x"}))
}

fn button() -> Call {
    Call::new(&partner(), MethodName::known("action_confirm")).on(&[1])
}

/// One call after a login, against what the server does with it.
fn run(steps: Vec<Step>, call: Call) -> (Result<Value, OdooError>, Server) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut script = vec![Step::login()];
        script.extend(steps);
        let server = Server::play(script).await;
        let result = client(&server).call(call).await;
        if let Err(error) = &result {
            let told = format!("{error} {error:?} {:?}", error.hint());
            for secret in [CANARY, "Traceback", "/usr/lib", "session_id"] {
                assert!(!told.contains(secret), "{told}");
            }
        }
        (result, server)
    })
}

/// The code of the error, and how many times the call was seen.
#[expect(clippy::needless_pass_by_value, reason = "cases read better as values")]
#[track_caller]
fn check(steps: Vec<Step>, call: Call, expected: Result<Value, &str>, times: usize) {
    let (result, server) = run(steps.clone(), call);
    let found = result.as_ref().map(Clone::clone).map_err(|error| error.code());
    assert_eq!(found, expected, "{steps:?} {result:?}");
    assert_eq!(server.count("/call_kw/"), times, "{steps:?} {:?}", server.requests());
}

#[test]
fn a_good_answer_is_the_result_and_no_result_is_null() {
    check(vec![Step::result(&json!([{"id": 1}]))], read(), Ok(json!([{"id": 1}])), 1);
    check(vec![Step::json(&json!({"jsonrpc": "2.0", "id": 1}))], button(), Ok(Value::Null), 1);
}

#[test]
fn an_expired_session_is_renewed_once_for_reads_and_changes() {
    let gone = Step::error(100, "odoo.http.SessionExpiredException", "Session expired");
    let script = || vec![gone.clone(), Step::login(), Step::result(&json!(true))];
    check(script(), read(), Ok(json!(true)), 2);
    check(script(), write(), Ok(json!(true)), 2);
    let to_login = |location| Step::Answer { status: 303, headers: location, body: String::new() };
    let login_page = to_login("location: /web/login?redirect=%2Fweb\r\n");
    check(vec![login_page, Step::login(), Step::result(&json!(true))], write(), Ok(json!(true)), 2);
    check(vec![gone.clone(), Step::login(), gone], write(), Err("session_expired"), 2);
}

#[test]
fn a_change_without_an_answer_is_sent_once_and_its_outcome_is_unknown() {
    for lost in [Step::Drop, Step::Silence, Step::html(502), Step::html(504), Step::html(200)] {
        check(vec![lost.clone(), Step::result(&json!(true))], write(), Err("outcome_unknown"), 1);
        check(vec![lost.clone(), Step::result(&json!(true))], button(), Err("outcome_unknown"), 1);
    }
    let (result, _) = run(vec![Step::Drop], write());
    let error = result.unwrap_err();
    assert!(error.outcome_is_unknown() && !error.was_not_sent());
}

#[test]
fn a_read_survives_two_lost_answers_and_no_more() {
    let good = Step::result(&json!([]));
    check(vec![Step::Drop, Step::Drop, good.clone()], read(), Ok(json!([])), 3);
    check(vec![Step::Drop, Step::Drop, Step::Drop, good.clone()], read(), Err("unreachable"), 3);
    check(vec![Step::Silence, good], read(), Err("timeout"), 1);
}

#[test]
fn pages_instead_of_answers_are_told_apart() {
    check(vec![Step::html(500)], read(), Err("bad_answer"), 1);
    check(vec![Step::html(502)], read(), Err("bad_answer"), 1);
    check(vec![Step::html(200)], read(), Err("bad_answer"), 1);
    // What refuses before Odoo has not executed anything, so it is a plain failure of a change too.
    for status in [400, 403, 413, 415, 429] {
        check(vec![Step::html(status)], write(), Err("bad_answer"), 1);
    }
    check(vec![Step::html(500)], write(), Err("outcome_unknown"), 1);
}

#[test]
fn redirects_are_not_followed() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let other = runtime.block_on(Server::play(vec![Step::result(&json!(true))]));
    let location: &'static str = Box::leak(
        format!("location: http://127.0.0.1:{}/x?token=session_id\r\n", other.port).into_boxed_str(),
    );
    let away = Step::Answer { status: 307, headers: location, body: String::new() };
    check(vec![away], write(), Err("bad_answer"), 1);
    assert!(other.requests().is_empty());
}

#[test]
fn errors_of_odoo_keep_their_meaning() {
    let fault = |name: &str, message: &str| vec![Step::error(200, name, message)];
    check(fault("odoo.exceptions.AccessError", "no"), write(), Err("access_denied"), 1);
    check(fault("odoo.exceptions.MissingError", "gone"), write(), Err("not_found"), 1);
    check(fault("odoo.exceptions.ValidationError", "bad"), write(), Err("validation"), 1);
    check(fault("odoo.exceptions.UserError", "bad"), write(), Err("user_error"), 1);
    check(fault("odoo.exceptions.LockError", "busy"), write(), Err("conflict"), 1);
    check(fault("psycopg2.errors.SerializationFailure", "x"), write(), Err("conflict"), 1);
    check(fault("builtins.ZeroDivisionError", "x"), write(), Err("odoo_fault"), 1);
    let (result, _) = run(
        fault(
            "psycopg2.OperationalError",
            "connection to server at 10.0.0.7 failed: SELECT 1 FROM res_users",
        ),
        read(),
    );
    assert_eq!(result.unwrap_err().to_string(), "the server could not use its database");
    let (result, _) = run(fault("builtins.ValueError", "bad in /usr/lib/python3/odoo/x.py line 3"), read());
    assert_eq!(result.unwrap_err().to_string(), "bad in [server file] line 3");
}

#[test]
fn answers_have_a_largest_size() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let large = Step::result(&json!("x".repeat(5_000)));
        let server = Server::play(vec![Step::login(), large]).await;
        let small = Limits { response_bytes_max: 1_000, ..limits() };
        let client = client_with(server.port, Credential::Password(secret()), Protocol::Auto, small);
        assert_eq!(client.call(read()).await.unwrap_err().code(), "too_large");
        assert_eq!(client.call(write()).await.unwrap_err().code(), "outcome_unknown");
    });
}

#[test]
fn one_login_serves_all_and_few_requests_run_at_once() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let body = json!({"jsonrpc": "2.0", "id": 1, "result": 7}).to_string();
        let server = Server::play(vec![Step::login(), Step::After { ms: 20, body }]).await;
        let client = client_with(
            server.port,
            Credential::Password(secret()),
            Protocol::Auto,
            // Twenty calls wait for three places, however slow the machine is.
            Limits { parallel_requests: 3, read_timeout_ms: 20_000, total_timeout_ms: 60_000, ..limits() },
        );
        assert!(server.requests().is_empty(), "nothing is sent before the first call");
        let calls = (0..20).map(|_| client.call(read()));
        for result in futures_util::future::join_all(calls).await {
            assert_eq!(result.unwrap(), json!(7));
        }
        assert_eq!(server.count("/web/session/authenticate"), 1);
        assert!(server.most_at_once() <= 3);
        assert_eq!(client.state().route, Some(Route::Session));
    });
}

#[test]
fn the_wait_for_a_slot_has_an_end() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let server = Server::play(vec![Step::login(), Step::Silence]).await;
        let tight =
            Limits { parallel_requests: 1, read_timeout_ms: 60_000, total_timeout_ms: 300, ..limits() };
        let client = client_with(server.port, Credential::Password(secret()), Protocol::Auto, tight);
        let (first, second) = futures_util::join!(client.call(write()), client.call(write()));
        assert_eq!(first.unwrap_err().code(), "outcome_unknown");
        let second = second.unwrap_err();
        assert!(second.code() == "busy" || second.code() == "outcome_unknown", "{second:?}");
    });
}

#[test]
fn a_dropped_call_closes_its_connection() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let server = Server::play(vec![Step::login(), Step::Silence]).await;
        let client = client_with(
            server.port,
            Credential::Password(secret()),
            Protocol::Auto,
            Limits { read_timeout_ms: 60_000, ..limits() },
        );
        let call = tokio::spawn({
            let client = client.clone();
            async move { client.call(write()).await }
        });
        while server.count("/call_kw/") == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        call.abort();
        while server.hung_up.load(Ordering::SeqCst) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(server.count("/call_kw/"), 1);
    });
}

#[test]
fn a_refused_login_is_not_repeated_at_once() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let refused = Step::error(200, "odoo.exceptions.AccessDenied", "Access Denied");
        let server = Server::play(vec![refused]).await;
        let client = client(&server);
        for _ in 0..5 {
            let error = client.call(write()).await.unwrap_err();
            assert_eq!(error.code(), "auth_failed");
            assert!(error.was_not_sent() && !format!("{error:?}").contains(CANARY));
        }
        assert_eq!(server.requests().len(), 1);
        assert_eq!(client.state().last_error.unwrap().0, "auth_failed");
    });
}

#[test]
fn a_login_that_met_another_is_tried_once_more() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let met = || {
            let text = "The operation cannot be completed: One user should only have one user settings.";
            Step::error(200, "odoo.exceptions.ValidationError", text)
        };
        let server = Server::play(vec![met(), Step::login(), Step::result(&json!(true))]).await;
        assert_eq!(client(&server).call(write()).await.unwrap(), json!(true));
        assert_eq!((server.count("/web/session/authenticate"), server.count("/call_kw/")), (2, 1));
        let server = Server::play(vec![met(), met(), Step::login()]).await;
        let error = client(&server).call(write()).await.unwrap_err();
        assert_eq!((error.code(), server.requests().len()), ("bad_answer", 2));
    });
}

#[test]
fn nobody_there_is_unreachable_and_nothing_was_sent() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let client = client_with(port, Credential::Password(secret()), Protocol::Auto, limits());
        for call in [read(), write()] {
            let error = client.call(call).await.unwrap_err();
            assert_eq!(error.code(), "unreachable");
            assert!(error.was_not_sent());
        }
    });
}

#[test]
fn keys_travel_over_json2_and_its_errors_keep_their_meaning() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let bare = |status, body: Value| Step::Answer {
            status,
            headers: "content-type: application/json\r\n",
            body: body.to_string(),
        };
        let server = Server::play(vec![
            bare(200, json!({"version": "19.0", "version_info": [19, 0, 0, "final", 0, ""]})),
            bare(200, json!({"lang": "en_US", "uid": 2})),
            bare(200, json!([{"id": 2, "login": "admin", "name": "Mitchell", "company_id": [1, "A"], "company_ids": [1]}])),
            bare(200, json!([5])),
            bare(422, json!({"name": "odoo.exceptions.ValidationError", "message": "bad", "debug": "Traceback"})),
            bare(401, json!({"name": "werkzeug.exceptions.Unauthorized", "message": "Invalid apikey"})),
        ])
        .await;
        let client = client_with(server.port, Credential::ApiKey(secret()), Protocol::Auto, limits());
        let create = Call::new(&partner(), MethodName::known("create")).unnamed_arg(json!([{"name": "x"}]));
        assert_eq!(client.call(create.clone()).await.unwrap(), json!([5]));
        let last = server.requests().pop().unwrap();
        assert!(last.contains("POST /json/2/res.partner/create") && last.contains("x-odoo-database: db"), "{last}");
        assert!(last.ends_with(r#"{"vals_list":[{"name":"x"}]}"#), "{last}");
        assert_eq!(client.call(create.clone()).await.unwrap_err().code(), "validation");
        // Refused: signed in again once, refused again, and then left alone.
        assert_eq!(client.call(create.clone()).await.unwrap_err().code(), "auth_failed");
        assert_eq!(client.call(create).await.unwrap_err().code(), "auth_failed");
        assert_eq!(server.count("/json/2/res.partner/create"), 3);
        assert_eq!(server.count("/context_get"), 2);
        let named_ids = Call::new(&partner(), MethodName::known("unlink")).named("ids", json!([1]));
        assert!(client.call(named_ids).await.is_err());
    });
}

#[test]
fn a_full_page_is_one_request_and_looks_like_a_read() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let server = Server::play(vec![
            Step::login(),
            Step::result(&json!({"name": {"type": "char"}, "country_id": {"type": "many2one", "relation": "res.country"}})),
            Step::result(&json!({"length": 12, "records": [
                {"id": 1, "name": "A", "country_id": {"id": 75, "display_name": "France"}},
                {"id": 2, "name": "B", "country_id": false}]})),
        ])
        .await;
        let client = client(&server);
        let field = |name| FieldName::parse(name).unwrap();
        let mut query = PageQuery {
            model: partner(),
            domain: Domain::default(),
            fields: vec![field("name"), field("country_id")],
            limit: 2,
            offset: 0,
            order: None,
            context: Context::default(),
        };
        for _ in 0..3 {
            let page = client.page(&query).await.unwrap();
            assert_eq!(page.total, 12);
            assert_eq!(page.records[0]["country_id"], json!([75, "France"]));
            assert_eq!(page.records[1]["country_id"], json!(false));
        }
        assert_eq!(server.count("/fields_get"), 1);
        assert_eq!(server.count("/web_search_read"), 3);
        query.fields = vec![field("nmae")];
        assert_eq!(client.page(&query).await.unwrap_err().code(), "unknown_field");
        // Old definitions may lack a new field, so they are asked once more before that is said.
        assert_eq!(server.count("/fields_get"), 2);
    });
}
