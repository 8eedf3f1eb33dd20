//! What substitutions change, and which are refused.

use serde_json::json;

use super::*;

const SNIPPET: &str = "<section class=\"s_a\" style=\"color: red\"><h1>Old <b>title</b></h1><p t-field=\"r.x\">a</p>\
     <a href=\"/x\" t-att-title=\"y\">Go</a><br><img src=\"/i.png\"><script>s</script><div><p>p</p><i t-if=\"z\"/></div></section>";

fn apply(key: &str, value: Value) -> Result<String, EditError> {
    Substitution::parse(key, &value)?.apply(SNIPPET, Mode::Html).map(|(text, _)| text)
}

#[track_caller]
fn check(key: &str, value: Value, from: &str, to: &str) {
    assert_eq!(apply(key, value).unwrap(), SNIPPET.replacen(from, to, 1), "{key}");
}

#[test]
fn each_key_changes_what_it_says() {
    check("h1", json!("New & <b>"), "Old <b>title</b>", "New &amp; &lt;b&gt;");
    check(".//h1", json!(5), "Old <b>title</b>", "5");
    check("//h1/html()", json!("a <b>b</b><br>"), "Old <b>title</b>", "a <b>b</b><br/>");
    check("a/@href", json!("https://x.example/?a=1&b=2"), "\"/x\"", "\"https://x.example/?a=1&amp;b=2\"");
    check("a/@href", json!(null), " href=\"/x\"", "");
    check("//img/@alt", json!("A \"b\""), "src=\"/i.png\"", "src=\"/i.png\" alt=\"A &quot;b&quot;\"");
    check(
        "@style:background-image",
        json!("url('/web/image/1')"),
        "color: red",
        "color: red; background-image: url('/web/image/1');",
    );
    check("./@style:color", json!("blue"), "color: red", "color: blue");
    check("@style:color", json!(null), " style=\"color: red\"", "");
    check("@class:o_x", json!(true), "\"s_a\"", "\"s_a o_x\"");
    check("@class:s_a", json!(false), "\"s_a\"", "\"\"");
    check("//a[@href='/x']", json!("Come"), "Go", "Come");
    check("h1/b/text()", json!("T"), "title", "T");
    check("css:div > p", json!("q"), "<p>p</p>", "<p>q</p>");
}

#[test]
fn what_is_found_several_times_changes_everywhere() {
    let substitution = Substitution::parse("//b | //a", &json!("x")).unwrap();
    let (text, applied) = substitution.apply(SNIPPET, Mode::Html).unwrap();
    assert_eq!(applied.matches, 2);
    assert!(text.contains("<b>x</b>") && text.contains(">x</a>"));
    let (_, applied) = Substitution::parse("h1", &json!("x")).unwrap().apply(SNIPPET, Mode::Html).unwrap();
    assert!(applied.note.is_some());
    let nested = "<div><div>a</div><div>b</div></div>";
    let (text, applied) =
        Substitution::parse("//div", &json!("x")).unwrap().apply(nested, Mode::Html).unwrap();
    assert_eq!((text.as_str(), applied.matches), ("<div>x</div>", 1));
}

#[test]
fn what_could_run_is_refused() {
    for (key, value) in [
        ("a/@href", json!("javascript:alert(1)")),
        ("a/@href", json!("java\tscript:alert(1)")),
        ("a/@onclick", json!("x")),
        ("a/@t-out", json!("x")),
        ("a/@style:background", json!("url(javascript:x)")),
        ("a/@style:color", json!("red; background: url(/x)")),
        ("a/@style:color", json!("red\"; x")),
        ("a/@style:color", json!("red} body {")),
        ("a/@style:a b", json!("red")),
        ("h1/html()", json!("<script>x</script>")),
        ("h1/html()", json!("<img src=x onerror=y>")),
        ("h1/html()", json!("<t t-out=\"x\"/>")),
        ("h1/html()", json!("<b")),
        ("script", json!("x")),
        ("//img/@src", json!("data:text/html,x")),
        ("@data-oe-model", json!("x")),
    ] {
        let error = apply(key, value.clone()).unwrap_err();
        assert_eq!(error.code(), "unsafe_markup", "{key} {value}: {error}");
    }
}

#[test]
fn what_the_server_computes_is_left_alone() {
    for (key, value) in
        [("p", json!("x")), ("p/html()", json!("x")), ("a/@title", json!("x")), ("div", json!("x"))]
    {
        assert_eq!(apply(key, value).unwrap_err().code(), "qweb_directive", "{key}");
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    for (key, value, code) in [
        ("h2", json!("x"), "not_found"),
        ("h1[", json!("x"), "invalid_arguments"),
        ("h1", json!(null), "invalid_arguments"),
        ("h1", json!(["x"]), "invalid_arguments"),
        ("h1", json!({"a": 1}), "invalid_arguments"),
        ("h1", json!(true), "invalid_arguments"),
        ("@class:x", json!("y"), "invalid_arguments"),
        ("h1", json!("a\u{0}b"), "invalid_arguments"),
        ("//br", json!("x"), "not_editable"),
        ("..", json!("x"), "not_found"),
    ] {
        assert_eq!(apply(key, value).unwrap_err().code(), code, "{key}");
    }
}
