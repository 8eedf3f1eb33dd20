//! `/metrics`: what it counts, who may read it, and what cannot get into it.

use std::{net::SocketAddr, sync::Arc};

use odoo_mcp::{
    facts::Secret,
    sandbox::{self, SandboxOptions},
    transport::serve_numbers,
};
use serde_json::json;

use super::place::{MEMBER, OPERATOR, Place, open};
use crate::transport::wire::{HttpAnswer, HttpRequest};

const COLLECTOR: &str = "token-of-the-collector";

async fn page(place: &Place) -> String {
    place.house.corridor.numbers_page(None).await
}

#[track_caller]
fn has(page: &str, line: &str) {
    assert!(page.lines().any(|found| found == line), "{line}\n{page}");
}

#[tokio::test]
async fn what_happens_is_counted() {
    let place = open("").await;
    place.count_partners().await;
    place.call("odoo_search_count", json!({ "model": "no.such.model" })).await;
    place.call("odoo_search_count", json!({ "modle": "x" })).await;
    place.call("odoo_unlink_everything", json!({})).await;
    place.get("/mcp", None).await;
    place.get("/mcp", Some("a wrong token of somebody")).await;
    place.send(HttpRequest::get("/nowhere/customer-4711"), None).await;
    let page = page(&place).await;
    for line in [
        "mcp_build_info{version=\"0.1.0\"} 1",
        "mcp_tool_calls_total{tool=\"odoo_search_count\",status=\"ok\"} 1",
        "mcp_tool_calls_total{tool=\"odoo_search_count\",status=\"error\"} 2",
        "mcp_tool_calls_total{tool=\"other\",status=\"unknown\"} 1",
        "mcp_tool_errors_total{class=\"invalid_arguments\"} 1",
        "mcp_tool_duration_seconds_count{tool=\"odoo_search_count\"} 3",
        "mcp_tool_odoo_seconds_count{class=\"read\"} 3",
        "mcp_tool_overhead_seconds_count{class=\"read\"} 3",
        "mcp_upstream_up{connection=\"default\"} 1",
        "mcp_odoo_rpc_duration_seconds_count{model=\"res.partner\",op=\"read\"} 1",
        "mcp_http_requests_total{method=\"POST\",path_group=\"/mcp\",status=\"200\"} 4",
        "mcp_http_requests_total{method=\"GET\",path_group=\"other\",status=\"404\"} 1",
        "mcp_auth_failures_total{reason=\"missing\"} 1",
        "mcp_auth_failures_total{reason=\"wrong\"} 1",
        "mcp_active_sessions 0",
        "mcp_calls_running 0",
        "mcp_approvals_waiting 0",
        "mcp_breakers_open 0",
        "mcp_rate_limited_total 0",
        "mcp_audit_queue_depth 0",
    ] {
        has(&page, line);
    }
    for told in ["no.such.model", "odoo_unlink_everything", "4711", "member", "token-of"] {
        assert!(!page.contains(told), "{told}\n{page}");
    }
    // Every family is described once, and every number belongs to one.
    let families: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    let mut names: Vec<&str> = families.iter().map(|family| family.split(' ').next().unwrap()).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count, "{families:?}");
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split(['{', ' ']).next().unwrap();
        assert!(names.iter().any(|known| name.starts_with(known)), "{line}");
    }
}

#[tokio::test]
async fn an_odoo_that_is_gone_is_seen() {
    let place = open("[connections.gone]\nurl = \"http://127.0.0.1:9\"\ndb = \"x\"\nusername = \"x\"\napi_key = \"not a secret at all\"").await;
    place.call("odoo_search_count", json!({ "model": "res.partner", "connection": "gone" })).await;
    has(&page(&place).await, "mcp_upstream_up{connection=\"gone\"} 0");
}

#[tokio::test]
async fn sessions_are_counted() {
    let place = open("").await;
    let hello = crate::transport::initialize(0, "2025-11-25");
    let answer = place.send(HttpRequest::message(&hello), Some(MEMBER)).await;
    let session = answer.header("mcp-session-id").unwrap().to_owned();
    has(&page(&place).await, "mcp_active_sessions 1");
    let end = HttpRequest::message(&hello).method("DELETE").with("mcp-session-id", &session);
    assert_eq!(place.send(end.with("mcp-protocol-version", "2025-11-25"), Some(MEMBER)).await.status, 204);
    has(&page(&place).await, "mcp_active_sessions 0");
}

#[tokio::test]
async fn the_main_door_shows_them_to_its_token_and_to_operators_alone() {
    let closed = open("").await;
    for token in [None, Some(OPERATOR), Some(MEMBER)] {
        assert_eq!(closed.get("/metrics", token).await.status, 404);
    }
    let place = open(&format!("[metrics]\nserve = \"main\"\ntoken = \"{COLLECTOR}\"")).await;
    for token in [COLLECTOR, OPERATOR] {
        let answer = place.get("/metrics", Some(token)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(
            answer.header("content-type").unwrap().starts_with("text/plain; version=0.0.4"),
            "{answer:?}"
        );
        has(&answer.body, "mcp_build_info{version=\"0.1.0\"} 1");
    }
    for (token, status) in
        [(None, 401), (Some(MEMBER), 403), (Some("token-of-the-collecto"), 401), (Some(""), 401)]
    {
        assert_eq!(place.get("/metrics", token).await.status, status, "{token:?}");
    }
    for path in ["/metrics/", "//metrics", "/Metrics", "/%6detrics", "/metrics/x"] {
        let answer = place.get(path, None).await;
        assert!(matches!(answer.status, 401 | 404), "{path}: {answer:?}");
    }
    let foreign = HttpRequest::get("/metrics").with("host", "evil.example.com");
    assert_eq!(place.send(foreign, Some(COLLECTOR)).await.status, 403);
    // The token is for numbers, and for nothing else.
    assert_eq!(place.get("/mcp", Some(COLLECTOR)).await.status, 401);
    assert_eq!(place.get("/health", Some(COLLECTOR)).await.status, 401);
}

#[tokio::test]
async fn an_address_of_their_own_shows_nothing_else() {
    let place = open("").await;
    let own = |token: Option<&str>, address: &str| {
        let token = token.map(|token| Secret::new(token.to_owned()));
        let (corridor, stop) = (Arc::clone(&place.house.corridor), place.stop.clone());
        serve_numbers(corridor, None, address.parse().unwrap(), token, stop)
    };
    let open_one = own(None, "127.0.0.1:0").await.unwrap();
    let kept = own(Some(COLLECTOR), "127.0.0.1:0").await.unwrap();
    assert!(own(None, "0.0.0.0:0").await.is_err(), "everybody could read them");

    let get = |at: SocketAddr, path: &'static str, token: Option<&'static str>| async move {
        let request = HttpRequest::get(path);
        let request = match token {
            Some(token) => request.with("authorization", &format!("Bearer {token}")),
            None => request,
        };
        request.send(at).await
    };
    let status = |answer: HttpAnswer| answer.status;
    assert_eq!(status(get(open_one, "/metrics", None).await), 200);
    assert_eq!(status(get(open_one, "/readyz", None).await), 200);
    assert_eq!(status(get(kept, "/metrics", Some(COLLECTOR)).await), 200);
    for (path, token, expected) in [
        ("/metrics", None, 401),
        ("/metrics", Some(OPERATOR), 401),
        ("/metrics", Some("x"), 401),
        ("/mcp", None, 404),
        ("/health", None, 404),
        ("/", None, 404),
    ] {
        assert_eq!(status(get(kept, path, token).await), expected, "{path} {token:?}");
    }
}

#[test]
fn settings_that_cannot_be_meant_are_refused() {
    use odoo_mcp::config::{Config, Environment, Flags};
    for (serve, listen, token, says) in [
        ("own", "", "", "needs `metrics.listen`"),
        ("main", "127.0.0.1:9184", "", "used only with"),
        ("", "127.0.0.1:9184", "", "used only with"),
        ("own", "0.0.0.0:9184", "", "needs `metrics.token`"),
        ("own", "[::]:9184", "", "needs `metrics.token`"),
        ("everywhere", "", "", "off, own or main"),
        ("own", "9184", "", "not an address"),
        ("main", "", "short", "shorter than"),
    ] {
        let environment = Environment::of(&[
            ("HOME", "/nowhere"),
            ("ODOO_MCP_METRICS_SERVE", serve),
            ("ODOO_MCP_METRICS_LISTEN", listen),
            ("ODOO_MCP_METRICS_TOKEN", token),
        ]);
        let error = Config::load(&Flags::default(), &environment).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
    let good = Environment::of(&[
        ("HOME", "/nowhere"),
        ("ODOO_MCP_METRICS_SERVE", "own"),
        ("ODOO_MCP_METRICS_LISTEN", "0.0.0.0:9184"),
        ("ODOO_MCP_METRICS_TOKEN", COLLECTOR),
    ]);
    assert!(Config::load(&Flags::default(), &good).is_ok());
}

#[tokio::test]
async fn what_users_call_their_own_connections_is_no_label() {
    let options =
        SandboxOptions { api_key: Some("own-key-0123456789".to_owned()), ..SandboxOptions::default() };
    let odoo = sandbox::start(options).await.unwrap();
    let place = open(&format!("[connect]\nallowed_urls = [\"{}\"]", odoo.url())).await;
    let own = json!({
        "alias": "salary-talks", "url": odoo.url(), "db": odoo.database(), "user": odoo.login(),
        "api_key": "own-key-0123456789",
    });
    let saved = place.call("user_connection_add", own).await;
    assert_eq!(saved["result"]["isError"], json!(false), "{saved}");
    let asked = json!({ "model": "res.partner", "connection": "salary-talks" });
    let counted = place.call("odoo_search_count", asked.clone()).await;
    assert_eq!(counted["result"]["isError"], json!(false), "{counted}");
    drop(odoo);
    place.call("odoo_search_count", asked).await;
    let page = page(&place).await;
    assert!(!page.contains("salary-talks"), "{page}");
    assert!(page.contains("mcp_upstream_duration_seconds_count{connection=\"own\"}"), "{page}");
    assert!(!page.contains("mcp_upstream_up{connection=\"own\"}"), "{page}");
}
