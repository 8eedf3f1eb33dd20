//! What paths find, and which cannot be read.

use super::*;
use crate::markup::tokens::Mode;

const PAGE: &str = "t<section class=\"s_a one\" data-snippet=\"s_a\"><h1>First</h1><p>a <b>bold</b></p></section>\
     <section class=\"s_b\"><div id=\"x\"><h1>Second</h1><a href=\"/go\">Go <i class=\"fa\"></i></a><br>\
     <img src=\"/i.png\"></div><p>b</p><p>c</p></section>";

/// The start of what each node found is written as.
fn found(page: &str, path: &str, within: Within) -> Vec<String> {
    let document = Document::parse(page, Mode::Html);
    let places = Path::parse(path).unwrap().find(&document, within).unwrap();
    let shown = |place: Place| match place {
        Place::Node(id) => document.outer(id).chars().take(14).collect(),
        Place::Frame => "FRAME".to_owned(),
        Place::Top => "TOP".to_owned(),
    };
    places.into_iter().map(shown).collect()
}

#[track_caller]
fn check(path: &str, expected: &[&str]) {
    assert_eq!(found(PAGE, path, Within::Text), expected, "{path}");
}

#[test]
fn paths_begin_at_the_frame_or_at_the_text() {
    check("/div/section[2]", &["<section class"]);
    check("/div/section[2]/div/h1", &["<h1>Second</h1"]);
    check("/section[1]/h1", &["<h1>First</h1>"]);
    check("section[1]/h1", &["<h1>First</h1>"]);
    check("/div", &["FRAME"]);
    check(".", &["FRAME"]);
    check("/", &["TOP"]);
    check("//h1", &["<h1>First</h1>", "<h1>Second</h1"]);
    check("//H1", &["<h1>First</h1>", "<h1>Second</h1"]);
    check(
        "(//h1)[1]".trim_start_matches('(').trim_end_matches(")[1]"),
        &["<h1>First</h1>", "<h1>Second</h1"],
    );
}

#[test]
fn predicates_choose() {
    check("//p[1]", &["<p>a <b>bold</", "<p>b</p>"]);
    check("//p[last()]", &["<p>a <b>bold</", "<p>c</p>"]);
    check("//section[2]/p[position()>1]", &["<p>c</p>"]);
    check("//*[@id='x']/a", &["<a href=\"/go\">"]);
    check("//*[@data-snippet]", &["<section class"]);
    check("//section[contains(@class,'s_b')]/p[2]", &["<p>c</p>"]);
    check("//section[contains(concat(' ', normalize-space(@class), ' '), ' one ')]/h1", &["<h1>First</h1>"]);
    check("//section[hasclass('s_a','one')]/h1", &["<h1>First</h1>"]);
    check("//h1[text()='Second']", &["<h1>Second</h1"]);
    check("//h1[.='Second']", &["<h1>Second</h1"]);
    check("//p[normalize-space()='a bold']", &["<p>a <b>bold</"]);
    check("//section[not(@data-snippet)]/p[1]", &["<p>b</p>"]);
    check("//section[h1 and p]/h1", &["<h1>First</h1>"]);
    check("//section[div/h1='Second' or @id]/p[2]", &["<p>c</p>"]);
    check("//p[count(b)=1]", &["<p>a <b>bold</"]);
    check("//a[starts-with(@href,'/g')]/i", &["<i class=\"fa\">"]);
    check("//i/ancestor::section/p[1]", &["<p>b</p>"]);
    check("//h1/following-sibling::p", &["<p>a <b>bold</"]);
    check("//p/preceding-sibling::*[1]", &["<h1>First</h1>", "<div id=\"x\"><h", "<p>b</p>"]);
    check("//b/..", &["<p>a <b>bold</"]);
    check("//h1 | //img", &["<h1>First</h1>", "<h1>Second</h1", "<img src=\"/i.p"]);
    check("//p/text()", &["a ", "b", "c"]);
    check("//p[translate(., 'BC', 'bc')='b']", &["<p>b</p>"]);
    check("//p[string-length(.) > 1]", &["<p>a <b>bold</"]);
    check("//nothing", &[]);
}

#[test]
fn an_element_is_a_world_of_its_own() {
    let document = Document::parse(PAGE, Mode::Html);
    let section = document.child_elements(document.root()).last().unwrap();
    let check = |path: &str, expected: &[&str]| {
        assert_eq!(found(PAGE, path, Within::Element(section)), expected, "{path}");
    };
    check("//h1", &["<h1>Second</h1"]);
    check(".//h1", &["<h1>Second</h1"]);
    check("h1", &[]);
    check("div/h1", &["<h1>Second</h1"]);
    check("/section/p[1]", &["<p>b</p>"]);
    check(".", &["<section class"]);
    check("..", &["TOP"]);
    check("//section", &["<section class"]);
    check(".//p[2]", &["<p>c</p>"]);
    check("css:h1", &["<h1>Second</h1"]);
}

#[test]
fn selectors_are_read_too() {
    check(".s_b p", &["<p>b</p>", "<p>c</p>"]);
    check("#x > h1", &["<h1>Second</h1"]);
    check("css:section.s_a.one b", &["<b>bold</b>"]);
    check(
        "css:a[href^='/g'], css:img".replace(", css:", ", ").as_str(),
        &["<a href=\"/go\">", "<img src=\"/i.p"],
    );
    check("css:p:nth-of-type(2)", &["<p>c</p>"]);
    check("css:p:first-of-type", &["<p>a <b>bold</", "<p>b</p>"]);
    check("css:[data-snippet=s_a] > h1", &["<h1>First</h1>"]);
    check("css:section[class~=\"one\"] h1", &["<h1>First</h1>"]);
    check("css:h1:first-child", &["<h1>First</h1>", "<h1>Second</h1"]);
    check("css:p:last-child", &["<p>a <b>bold</", "<p>c</p>"]);
}

#[test]
fn what_cannot_be_read_says_where() {
    for bad in [
        "",
        "//",
        "h1[",
        "h1[]",
        "h1[1",
        "@class",
        "//h1/@class",
        "foo::h1",
        "h1]",
        "//h1[nope()]",
        "a b",
        "'x'",
        "//h1[contains(@class)]",
        "css:",
        "css:a >",
        "css:a:hover",
        "css:a + b",
        ".a[",
        "//é[",
        "h1[@]",
        "|",
        "a|",
        "#",
        "//h1[1 2]",
        "//h1['x]",
        "$x",
        "document('x')",
    ] {
        assert!(matches!(Path::parse(bad), Err(PathError::Syntax { .. })), "{bad}: {:?}", Path::parse(bad));
    }
    assert_eq!(Path::parse(&"a/".repeat(600)), Err(PathError::TooLong));
    assert!(Path::parse(&format!("a{}", "[b".repeat(100))).is_err());
}

#[test]
fn a_search_without_end_is_ended() {
    let page = "<div>".repeat(250);
    let document = Document::parse(&page, Mode::Html);
    let path = Path::parse(&format!("//div{}", "[.//div[.//div]]".repeat(3))).unwrap();
    assert!(matches!(path.find(&document, Within::Text), Err(PathError::TooCostly { .. })));
}
