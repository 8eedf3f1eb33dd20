//! Traces: what a collector gets, what it never gets, and that no call notices it.

use std::{sync::Arc, time::Duration};

use odoo_mcp::{
    config::{Config, Environment, Flags},
    traces::{Exporter, Kind},
    transport::serve_streams,
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{
    collector::{Collector, Manner},
    place::{MEMBER, Place, open},
};
use crate::transport::{
    modern_call,
    wire::{HttpRequest, Lines, in_time},
};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";
const OTHER_TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const OTHER_PARENT: &str = "b7ad6b7169203331";

async fn traced(lines: &str) -> (Place, Exporter) {
    let place = open(lines).await;
    let spans = place.house.start_traces().unwrap().expect("a collector is named");
    (place, spans)
}

/// A call whose request names its trace in the header, in its `_meta`, or nowhere.
async fn count(place: &Place, header: Option<&str>, meta: Option<&str>) -> Value {
    let arguments = json!({ "model": "res.partner", "domain": [["name", "=", "canary of a customer"]] });
    let mut message = modern_call(1, "odoo_search_count", arguments);
    if let Some(meta) = meta {
        message["params"]["_meta"]["traceparent"] = meta.into();
    }
    let request = HttpRequest::message(&message);
    let request = match header {
        Some(header) => request.with("traceparent", header),
        None => request,
    };
    let answer = place.send(request, Some(MEMBER)).await.message();
    assert_eq!(answer["result"]["isError"], false, "{answer}");
    answer
}

fn words(span: &Value) -> Vec<(String, String)> {
    let word = |attribute: &Value| {
        let value = &attribute["value"];
        let text = value["stringValue"].as_str().or(value["intValue"].as_str()).unwrap().to_owned();
        (attribute["key"].as_str().unwrap().to_owned(), text)
    };
    span["attributes"].as_array().unwrap().iter().map(word).collect()
}

#[track_caller]
fn says(span: &Value, key: &str, word: &str) {
    let words = words(span);
    assert!(words.contains(&(key.to_owned(), word.to_owned())), "{key}={word}: {words:?}");
}

#[track_caller]
fn is_child(child: &Value, parent: &Value) {
    assert_eq!(child["traceId"], parent["traceId"]);
    assert_eq!(child["parentSpanId"], parent["spanId"], "{child} below {parent}");
}

#[tokio::test]
async fn a_request_its_call_and_what_it_asks_of_odoo_are_one_trace() {
    let collector = Collector::open(Manner::Answers(200)).await;
    let lines = format!("{}headers = \"x-tenant=house%20one\"\n", collector.settings());
    let (place, exporter) = traced(&lines).await;
    count(&place, Some(&format!("00-{TRACE}-{PARENT}-01")), None).await;
    exporter.finish().await;

    let spans = collector.spans();
    let [request, call, asked @ ..] = spans.as_slice() else { panic!("{spans:?}") };
    assert_eq!(request["traceId"], TRACE);
    assert_eq!(request["parentSpanId"], PARENT);
    assert_eq!((request["name"].as_str(), request["kind"].as_i64()), (Some("/mcp"), Some(2)));
    says(request, "http.response.status_code", "200");
    is_child(call, request);
    assert_eq!(call["name"], "odoo_search_count");
    for (key, word) in [
        ("odoo_mcp.class", "read"),
        ("odoo_mcp.outcome", "ok"),
        ("odoo_mcp.connection", "default"),
        ("odoo_mcp.arrival", "http"),
    ] {
        says(call, key, word);
    }
    assert!(words(call).iter().any(|(key, _)| key == "odoo_mcp.rule"), "{call}");
    let steps: Vec<&str> =
        call["events"].as_array().unwrap().iter().map(|step| step["name"].as_str().unwrap()).collect();
    assert_eq!(steps, ["decoded", "decided", "running", "done"]);
    assert!(!asked.is_empty());
    for one in asked {
        is_child(one, call);
        assert_eq!(one["kind"], 3);
        says(one, "odoo_mcp.connection", "default");
    }
    assert!(asked.iter().any(|one| words(one).contains(&("odoo_mcp.model".into(), "res.partner".into()))));

    let head = &collector.heads()[0];
    assert!(head.starts_with("post /v1/traces http/1.1"), "{head}");
    assert!(head.contains("content-type: application/json"), "{head}");
    assert!(head.contains("x-tenant: house one"), "{head}");
    let body: Value = serde_json::from_str(collector.text().lines().next().unwrap()).unwrap();
    let service = &body["resourceSpans"][0]["resource"]["attributes"][0];
    assert_eq!(service["value"]["stringValue"], "odoo-mcp");
    let page = place.house.corridor.numbers_page(None).await;
    assert!(page.contains(&format!("\nmcp_trace_spans_sent_total {}\n", spans.len())), "{page}");
    assert!(page.contains("\nmcp_trace_spans_dropped_total 0\n"), "{page}");
}

#[tokio::test]
async fn the_request_of_the_protocol_may_name_another_trace() {
    let collector = Collector::open(Manner::Answers(200)).await;
    let (place, exporter) = traced(&collector.settings()).await;
    let other = format!("00-{OTHER_TRACE}-{OTHER_PARENT}-01");
    count(&place, Some(&format!("00-{TRACE}-{PARENT}-01")), Some(&other)).await;
    exporter.finish().await;
    let spans = collector.spans();
    let (request, call) = (&spans[0], &spans[1]);
    assert_eq!((request["traceId"].as_str(), request["parentSpanId"].as_str()), (Some(TRACE), Some(PARENT)));
    assert_eq!(call["traceId"], OTHER_TRACE);
    assert_eq!(call["parentSpanId"], OTHER_PARENT);
    assert_eq!(call["links"][0]["traceId"], TRACE);
    assert_eq!(call["links"][0]["spanId"], request["spanId"]);
    is_child(&spans[2], call);
}

#[tokio::test]
async fn a_call_on_standard_input_has_its_trace_too() {
    let collector = Collector::open(Manner::Answers(200)).await;
    let (place, exporter) = traced(&collector.settings()).await;
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let (input, output) = tokio::io::split(theirs);
    let (corridor, stop) = (Arc::clone(&place.house.corridor), CancellationToken::new());
    tokio::spawn(serve_streams(corridor, input, output, stop.clone(), Duration::from_millis(100)));
    let mut lines = Lines::new(ours);
    let mut message = modern_call(1, "odoo_search_count", json!({ "model": "res.partner" }));
    message["params"]["_meta"]["traceparent"] = format!("00-{TRACE}-{PARENT}-01").into();
    lines.ask(&message).await;
    // Without a name it is a trace of its own, and a name that is none does no harm.
    message["id"] = 2.into();
    message["params"]["_meta"]["traceparent"] = "00-canary".into();
    lines.ask(&message).await;
    stop.cancel();
    exporter.finish().await;

    let spans = collector.spans();
    let tops: Vec<&Value> = spans.iter().filter(|span| span["name"] == "tools/call").collect();
    let calls: Vec<&Value> = spans.iter().filter(|span| span["name"] == "odoo_search_count").collect();
    let ([named, own], [first, second]) = (tops.as_slice(), calls.as_slice()) else { panic!("{spans:?}") };
    assert_eq!((named["traceId"].as_str(), named["parentSpanId"].as_str()), (Some(TRACE), Some(PARENT)));
    assert_eq!(named["kind"], 2);
    is_child(first, named);
    says(first, "odoo_mcp.arrival", "stdio");
    assert_ne!(own["traceId"], TRACE);
    assert!(own.get("parentSpanId").is_none(), "{own}");
    is_child(second, own);
}

#[tokio::test]
async fn nothing_that_somebody_typed_is_in_a_span() {
    let collector = Collector::open(Manner::Answers(200)).await;
    let (place, exporter) = traced(&collector.settings()).await;
    count(&place, None, None).await;
    for (tool, arguments) in [
        ("odoo_search_count", json!({ "model": "canary.model" })),
        ("odoo_search_count", json!({ "canary_argument": "x" })),
        ("odoo_search_count", json!({ "model": "res.partner", "connection": "canary_alias" })),
        ("canary_tool", json!({})),
        ("odoo_create", json!({ "model": "res.partner", "values": { "name": "canary value" } })),
        (
            "odoo_unlink",
            json!({ "model": "res.partner", "ids": [4_711_471_147_114_711_i64], "reason": "canary reason" }),
        ),
    ] {
        place.call(tool, arguments).await;
    }
    place.send(HttpRequest::get("/canary/path?canary=query").method("CANARY"), Some("canary-token")).await;
    place
        .send(HttpRequest::post("canary").with("user-agent", "canary").with("tracestate", "canary=1"), None)
        .await;
    exporter.finish().await;

    let text = collector.text();
    for told in ["canary", "4711471147114711", MEMBER, "bearer", "member", "password"] {
        assert!(!text.to_lowercase().contains(told), "{told}\n{text}");
    }
    let spans = collector.spans();
    let failed = spans.iter().find(|span| span["status"]["code"] == 2 && span["name"] == "odoo_search_count");
    says(failed.expect("a failure"), "odoo_mcp.outcome", "error");
    assert!(spans.iter().any(|span| words(span).contains(&("odoo_mcp.outcome".into(), "unknown".into()))));
    assert!(spans.iter().any(|span| words(span).contains(&("http.request.method".into(), "other".into()))));
}

#[tokio::test]
async fn who_calls_says_whether_a_trace_is_recorded() {
    let collector = Collector::open(Manner::Answers(200)).await;
    let (place, exporter) = traced(&format!("{}share = 0.0\n", collector.settings())).await;
    count(&place, None, None).await;
    count(&place, Some(&format!("00-{TRACE}-{PARENT}-00")), None).await;
    count(&place, Some("00-x"), None).await;
    for probe in ["/livez", "/readyz"] {
        place
            .send(HttpRequest::get(probe).with("traceparent", &format!("00-{TRACE}-{PARENT}-01")), None)
            .await;
    }
    count(&place, Some(&format!("00-{OTHER_TRACE}-{PARENT}-01")), None).await;
    exporter.finish().await;
    let spans = collector.spans();
    assert!(spans.len() >= 3, "{spans:?}");
    assert!(spans.iter().all(|span| span["traceId"] == OTHER_TRACE), "{spans:?}");
}

#[tokio::test]
async fn without_a_setting_nothing_is_sent() {
    let place = open("").await;
    assert!(place.house.start_traces().unwrap().is_none());
    count(&place, Some(&format!("00-{TRACE}-{PARENT}-01")), None).await;
    assert!(!place.house.corridor.numbers_page(None).await.contains("mcp_trace"));
}

/// Odoo learns of the trace only where the operator says so.
#[tokio::test]
async fn odoo_is_told_only_where_that_is_wanted() {
    for (lines, is_told) in [("", false), ("to_odoo = true\n", true)] {
        let collector = Collector::open(Manner::Answers(200)).await;
        let odoo = Collector::open(Manner::Answers(500)).await;
        let connection = format!(
            "[connections.spy]\nurl = \"http://{}\"\ndb = \"x\"\nusername = \"x\"\napi_key = \"not a secret at all\"\n",
            odoo.address
        );
        let (place, exporter) = traced(&format!("{}{lines}{connection}", collector.settings())).await;
        place.call("odoo_search_count", json!({ "model": "res.partner", "connection": "spy" })).await;
        exporter.finish().await;
        let heads = odoo.heads();
        assert!(!heads.is_empty());
        let spans = collector.spans();
        for head in &heads {
            let told = head.lines().find_map(|line| line.strip_prefix("traceparent: "));
            assert_eq!(told.is_some(), is_told, "{head}");
            if let Some(told) = told {
                let parts: Vec<&str> = told.trim().split('-').collect();
                let named = |span: &&Value| span["traceId"] == parts[1] && span["spanId"] == parts[2];
                assert_eq!(spans.iter().find(named).expect("the span it names")["kind"], 3);
            }
        }
    }
}

#[tokio::test]
async fn a_collector_that_is_away_or_angry_costs_spans_and_no_call() {
    let angry = Collector::open(Manner::Answers(503)).await;
    let away = "[traces]\nendpoint = \"http://127.0.0.1:9\"\n".to_owned();
    for lines in [away, angry.settings()] {
        let (place, exporter) = traced(&lines).await;
        count(&place, None, None).await;
        exporter.finish().await;
        // One for the request, one for the call, and one for each request to Odoo.
        let (sent, dropped) = exporter.tracer().counts();
        assert!(sent == 0 && dropped >= 3, "{sent} {dropped}");
        let page = place.house.corridor.numbers_page(None).await;
        assert!(page.contains(&format!("\nmcp_trace_spans_dropped_total {dropped}\n")), "{page}");
        count(&place, None, None).await;
    }
}

#[tokio::test]
async fn a_silent_collector_is_not_waited_for() {
    let silent = Collector::open(Manner::Silent).await;
    let (place, exporter) = traced(&silent.settings()).await;
    count(&place, None, None).await;
    in_time(silent.has_got_something()).await;
    // The batch is on its way and gets no answer; calls go on, and the end comes.
    count(&place, None, None).await;
    in_time(exporter.finish()).await;
    assert!(exporter.tracer().counts().1 >= 3);
}

/// Nothing is polled in between, so the queue only fills.
#[tokio::test]
async fn what_does_not_fit_into_the_queue_is_left_out_and_counted() {
    const SPANS: u64 = 20_000;
    let collector = Collector::open(Manner::Answers(200)).await;
    let (_place, exporter) = traced(&collector.settings()).await;
    for _ in 0..SPANS {
        drop(exporter.tracer().begin(None, "many", Kind::Internal));
    }
    let dropped = exporter.tracer().counts().1;
    assert!(dropped > 0 && dropped < SPANS, "{dropped}");
    exporter.finish().await;
    assert_eq!(exporter.tracer().counts(), (SPANS - dropped, dropped));
    assert_eq!(collector.spans().len() as u64, SPANS - dropped);
}

#[test]
fn settings_of_traces() {
    let load = |variables: &[(&str, &str)]| {
        let mut all = vec![("HOME", "/nowhere")];
        all.extend(variables);
        Config::load(&Flags::default(), &Environment::of(&all))
    };
    let endpoint = |variables: &[(&str, &str)]| load(variables).unwrap().traces.endpoint.unwrap().to_string();
    let standard = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318/");
    assert_eq!(endpoint(&[standard]), "http://127.0.0.1:4318/v1/traces");
    let ours = ("ODOO_MCP_TRACES_ENDPOINT", "https://x.example.com/a/v1/traces");
    assert_eq!(endpoint(&[standard, ours]), "https://x.example.com/a/v1/traces");
    assert!(load(&[]).unwrap().traces.endpoint.is_none());
    let far = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector.example.com:4318");
    assert!(load(&[far]).is_ok());
    for (variables, says) in [
        (vec![("ODOO_MCP_TRACES_ENDPOINT", "127.0.0.1:4318")], "address"),
        (vec![("ODOO_MCP_TRACES_ENDPOINT", "ftp://x")], "address"),
        (vec![("ODOO_MCP_TRACES_ENDPOINT", "http://a:b@x")], "do not belong"),
        (vec![("ODOO_MCP_TRACES_SHARE", "1.5")], "from 0 to 1"),
        (vec![("ODOO_MCP_TRACES_SHARE", "NaN")], "from 0 to 1"),
        (vec![("ODOO_MCP_TRACES_HEADERS", "novalue")], "name=value"),
        (vec![("ODOO_MCP_TRACES_HEADERS", "a b=x")], "no name of a header"),
        (vec![("ODOO_MCP_TRACES_HEADERS", "a=x%0ay")], "cannot be sent"),
        (vec![far, ("OTEL_EXPORTER_OTLP_HEADERS", "key=secret")], "in clear"),
    ] {
        let error = load(&variables).unwrap_err().to_string();
        assert!(error.contains(says), "{variables:?}: {error}");
        assert!(!error.contains("secret"), "{error}");
    }
}
