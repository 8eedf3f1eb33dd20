//! Building pages: what is asked for appears, what stands around it stays byte for byte, the page still
//! renders, and nothing that could run gets in.

use std::{io::BufReader, net::TcpStream, time::Duration};

use serde_json::{Value, json};

use super::harness::{Door, Front, Temporary, World, http, unique};

super::scenarios![
    the_catalogue_lists_what_the_editor_offers,
    snippets_are_listed_in_page_order,
    a_snippet_is_added_where_it_was_asked_for,
    text_around_a_snippet_is_never_lost,
    a_page_still_renders_after_every_edit,
    hostile_substitutions_are_refused,
    substitutions_go_all_or_none,
    programs_and_unknown_snippets_are_refused,
    places_that_are_not_certain_are_refused,
    a_dry_run_shows_a_diff_and_writes_nothing,
    a_lost_race_is_refused,
    only_snippets_are_removed,
    views_are_closed_unless_a_policy_names_them,
    other_languages_keep_their_structure,
    what_holds_no_markup_is_refused,
    masked_markup_is_neither_shown_nor_written,
    a_website_gets_a_copy_of_its_own,
    a_route_that_renders_nothing_says_so,
];

/// Nothing answers later than this.
const PATIENCE: Duration = Duration::from_secs(60);

const CONTENT: &str = "lead text <p>one<br>two &amp; three</p>tail <section class=\"s_x\"><h2>Old <b>title</b></h2><a href=\"/a\">Go</a></section>after";

/// Everything open, views named, changes for one website allowed.
fn open() -> Value {
    let ops = ["read", "create", "write", "unlink", "execute"];
    let all = json!({"ops": ops, "methods": {"allow": ["*"]}, "context": ["website_id"]});
    json!({"version": "1", "default": "allow", "models": {"*": all, "ir.ui.view": all}})
}

/// A door that may change views, and the front that sees what passes.
#[track_caller]
fn builder(world: &World) -> (Front, Door) {
    let front = world.front();
    let settings = world.settings().variable("ODOO_URL", &front.url()).policy(&open());
    (front, Door::open(settings))
}

#[track_caller]
fn post(world: &World, content: &str) -> Temporary {
    let blog = world.oracle().search("blog.blog", json!([]))[0];
    world.temporary("blog.post", json!({"name": unique("Post"), "blog_id": blog, "content": content}))
}

fn target(id: i64) -> Value {
    json!({"model": "blog.post", "res_id": id, "field_name": "content"})
}

/// The target with more arguments.
fn with(target: &Value, more: Value) -> Value {
    let mut arguments = target.clone();
    let members = arguments.as_object_mut().expect("an object");
    members.extend(more.as_object().expect("an object").clone());
    arguments
}

#[track_caller]
fn content(world: &World, id: i64) -> String {
    world.oracle().field("blog.post", id, "content").as_str().expect("text").to_owned()
}

/// A page with a view of its own; the page goes first.
struct Page {
    page: Temporary,
    view: Temporary,
    url: String,
}

#[track_caller]
fn page(world: &World, inner: &str) -> Page {
    let name = unique("page").replace(' ', "-");
    let arch = format!(
        "<t name=\"Probe\" t-name=\"website.{name}\"><t t-call=\"website.layout\"><div id=\"wrap\" class=\"oe_structure oe_empty\">{inner}</div></t></t>"
    );
    let values = json!({"name": "Probe", "type": "qweb", "key": format!("website.{name}"), "arch_db": arch});
    let view = world.temporary("ir.ui.view", values);
    let url = format!("/{name}");
    let page = world.temporary("website.page", json!({"url": url, "view_id": view.id, "is_published": true}));
    Page { page, view, url }
}

/// The page as a visitor gets it.
#[track_caller]
fn seen(world: &World, url: &str) -> (u16, String) {
    let authority = world.odoo.authority();
    let mut stream = TcpStream::connect(&authority).expect("the server");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let headers = [("Host".to_owned(), authority), ("Connection".to_owned(), "close".to_owned())];
    http::write_message(&mut stream, &format!("GET {url} HTTP/1.1"), &headers, b"").expect("sent");
    let answer = http::read_response(&mut BufReader::new(stream)).expect("a page");
    (answer.status(), answer.text())
}

/// Is it XML, as another reader sees it?
fn is_xml(text: &str) -> bool {
    let mut reader = quick_xml::Reader::from_str(text);
    loop {
        match reader.read_event() {
            Ok(quick_xml::events::Event::Eof) => return true,
            Ok(_) => {}
            Err(_) => return false,
        }
    }
}

fn writes(front: &Front) -> usize {
    ["blog.post", "website.page", "ir.ui.view"].iter().map(|model| front.calls_of(model, "write")).sum()
}

fn the_catalogue_lists_what_the_editor_offers(world: &World) {
    let (oracle, door) = (world.oracle(), world.door());
    let listed = door.ok("odoo_website_list_snippets", json!({"preview": true}));
    let snippets = listed["snippets"].as_array().expect("a list");
    let keys: Vec<&str> = snippets.iter().filter_map(|snippet| snippet["key"].as_str()).collect();
    assert!(keys.contains(&"website.s_text_block") && keys.contains(&"website.s_title"), "{keys:?}");
    for key in keys.iter().step_by(9) {
        assert!(oracle.count("ir.ui.view", json!([["key", "=", key]])) > 0, "{key} is no view");
    }
    let text =
        snippets.iter().find(|snippet| snippet["key"] == "website.s_text_block").expect("the text block");
    assert_eq!((text["name"].as_str(), text["module"].as_str()), (Some("Text"), Some("website")));
    assert!(text["preview"].as_str().is_some_and(|preview| preview.contains("Great stories")), "{text}");
    for snippet in snippets.iter().filter(|snippet| snippet["needs_module"].is_string()) {
        assert!(snippet["key"].is_null(), "{snippet}");
    }
    let few = door.ok("odoo_website_list_snippets", json!({"limit": 2}));
    assert_eq!(few["count"], 2, "{few}");
    assert_eq!(few["total"], listed["total"], "{few}");
    let found = door.ok("odoo_website_list_snippets", json!({"search": "S_TITLE"}));
    assert!(found["snippets"].to_string().contains("website.s_title"), "{found}");
    assert!(!found["snippets"].to_string().contains("s_text_block"), "{found}");
    let none = door.ok("odoo_website_list_snippets", json!({"module": "no_such_module"}));
    assert_eq!(none["count"], 0, "{none}");
    for bad in [
        json!({"limit": 0}),
        json!({"search": "x".repeat(300)}),
        json!({"categroy": "text"}),
        json!({"module": 5}),
    ] {
        door.refused("odoo_website_list_snippets", bad, &["invalid_arguments"]);
    }
}

fn snippets_are_listed_in_page_order(world: &World) {
    let door = world.door();
    let many: String = (1..=12)
        .map(|n| format!("<section class=\"s_n{n}\" data-snippet=\"s_n{n}\" data-name=\"N {n}\"><h2>Title {n}</h2><div data-snippet=\"s_inner\" class=\"s_inner\"><a href=\"/x{n}\">Go</a></div></section>tail "))
        .collect();
    let post = post(world, &format!("start {many}<p>end</p>"));
    let listed = door.ok("odoo_website_list_page_snippets", target(post.id));
    assert_eq!(listed["count"], 24, "{listed}");
    let snippets = listed["snippets"].as_array().expect("a list");
    let outer: Vec<&Value> = snippets.iter().filter(|snippet| snippet["parent"].is_null()).collect();
    for (index, snippet) in outer.iter().enumerate() {
        assert_eq!(snippet["data_snippet"], format!("s_n{}", index + 1), "{snippet}");
        assert_eq!(snippet["xpath"], format!("/div/section[{}]", index + 1), "{snippet}");
        assert_eq!(
            snippet["parts"][0],
            json!({"xpath": "h2", "text": format!("Title {}", index + 1)}),
            "{snippet}"
        );
    }
    assert_eq!(snippets[1]["parent"], 0);
    assert_eq!(snippets[1]["parts"][0]["address"], "/x1");
    let by_handle = with(
        &target(post.id),
        json!({"snippet_xpath": outer[10]["handle"], "substitutions": {"h2": "Eleven"}}),
    );
    door.ok("odoo_website_update_snippet", by_handle);
    assert!(content(world, post.id).contains("<h2>Eleven</h2>"));
    assert!(content(world, post.id).contains("<h2>Title 10</h2>"));
    let empty = self::post(world, "");
    assert_eq!(door.ok("odoo_website_list_page_snippets", target(empty.id))["count"], 0);
}

fn a_snippet_is_added_where_it_was_asked_for(world: &World) {
    let door = world.door();
    let at_section = CONTENT.find("<section").expect("a section");
    let (lead, from_section) = CONTENT.split_at(at_section);
    let (to_section_end, after) = CONTENT.split_at(CONTENT.len() - "after".len());
    for (position, anchor, before, after) in [
        ("end", None, CONTENT, ""),
        ("begin", None, "", CONTENT),
        ("after", Some("//section"), to_section_end, after),
        ("before", Some("css:.s_x"), lead, from_section),
        ("replace", Some("/div/section"), lead, after),
    ] {
        let post = post(world, CONTENT);
        let arguments = with(
            &target(post.id),
            json!({
                "snippet_key": "website.s_title", "position": position,
                "substitutions": {".//h2 | .//h1": "Début & <fin>", "@class:o_probe": true, "@style:color": "red"},
            }),
        );
        let arguments = match anchor {
            Some(anchor) => with(&arguments, json!({"anchor_xpath": anchor})),
            None => arguments,
        };
        let result = door.ok("odoo_website_add_snippet", arguments);
        let stored = content(world, post.id);
        let new = stored.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
        let new = new.unwrap_or_else(|| panic!("{position}: {stored}"));
        assert!(new.starts_with("<section") && new.ends_with("</section>"), "{position}: {new}");
        assert!(
            new.contains("data-snippet=\"s_title\"") && new.contains("data-name=\"Title\""),
            "{position}: {new}"
        );
        assert!(
            new.contains("Début &amp; &lt;fin&gt;") && new.contains("o_probe") && new.contains("color: red"),
            "{new}"
        );
        assert!(!new.contains(" t-"), "{new}");
        assert_eq!(result["position"], position, "{result}");
        let listed = door.ok("odoo_website_list_page_snippets", target(post.id));
        let handle = &result["handle"];
        assert!(
            listed["snippets"].as_array().expect("a list").iter().any(|one| one["handle"] == *handle),
            "{handle}: {listed}"
        );
        if position == "replace" {
            assert!(result["removed_markup"].as_str().is_some_and(|gone| CONTENT.contains(gone)), "{result}");
        }
    }
}

fn text_around_a_snippet_is_never_lost(world: &World) {
    let door = world.door();
    let post = post(world, CONTENT);
    let update = |substitutions: Value| {
        with(&target(post.id), json!({"snippet_xpath": "//section", "substitutions": substitutions}))
    };
    door.ok(
        "odoo_website_update_snippet",
        update(json!({"h2/b": "name", "a/@href": "https://example.com/?a=1&b=2", "a": "Come"})),
    );
    let expected = CONTENT
        .replace("<b>title</b>", "<b>name</b>")
        .replace("<a href=\"/a\">Go</a>", "<a href=\"https://example.com/?a=1&amp;b=2\">Come</a>");
    assert_eq!(content(world, post.id), expected);
    door.ok(
        "odoo_website_update_snippet",
        // Servers spell a quote and an empty element in one way or another.
        update(json!({"h2/html()": "A <b>bold</b> one", "a/@title": "x y"})),
    );
    let stored = content(world, post.id);
    assert!(
        stored.contains("A <b>bold</b>")
            && stored.starts_with("lead text ")
            && stored.ends_with("</section>after"),
        "{stored}"
    );
    let removed =
        door.ok("odoo_website_remove_snippet", with(&target(post.id), json!({"snippet_xpath": "//section"})));
    assert_eq!(content(world, post.id), "lead text <p>one<br>two &amp; three</p>tail after");
    let section = stored.strip_prefix("lead text <p>one<br>two &amp; three</p>tail ");
    let section = section.and_then(|rest| rest.strip_suffix("after"));
    assert_eq!(removed["removed_markup"].as_str(), section, "{stored}");
    door.refused(
        "odoo_website_remove_snippet",
        with(&target(post.id), json!({"snippet_xpath": "//section"})),
        &["not_found"],
    );
    assert_eq!(content(world, post.id), "lead text <p>one<br>two &amp; three</p>tail after");
}

fn a_page_still_renders_after_every_edit(world: &World) {
    let (_front, door) = builder(world);
    let oracle = world.oracle();
    let made = page(
        world,
        "<section class=\"s_x\" data-snippet=\"s_x\"><h1>First words</h1><svg viewBox=\"0 0 9 9\"><path d=\"M0 0\"/></svg></section>",
    );
    let arch = || oracle.field("ir.ui.view", made.view.id, "arch_db").as_str().expect("text").to_owned();
    let check = |texts: &[&str]| {
        let (status, html) = seen(world, &made.url);
        assert_eq!(status, 200, "{html}");
        for text in texts {
            assert!(html.contains(text), "`{text}` is missing: {html}");
        }
        let arch = arch();
        assert!(is_xml(&arch), "{arch}");
        assert!(
            arch.contains("viewBox=\"0 0 9 9\"") && arch.contains("<t t-call=\"website.layout\">"),
            "{arch}"
        );
    };
    check(&["First words"]);
    let on_page = json!({"model": "website.page", "res_id": made.page.id, "field_name": "arch_db"});
    let on_view = json!({"model": "ir.ui.view", "res_id": made.view.id, "field_name": "arch_db"});
    door.ok(
        "odoo_website_add_snippet",
        with(&on_page, json!({"snippet_key": "website.s_cover", "substitutions": {".//h1": "Covered"}})),
    );
    check(&["First words", "Covered", "s_cover"]);
    door.ok("odoo_website_add_snippet", with(&on_view, json!({"snippet_key": "website.s_text_block", "position": "begin", "substitutions": {".//p[1]": "Begun < here"}})));
    check(&["First words", "Covered", "Begun &lt; here"]);
    let stored = arch();
    assert!(
        stored.find("Begun") < stored.find("First words")
            && stored.find("First words") < stored.find("Covered"),
        "{stored}"
    );
    assert!(
        stored.contains("<div id=\"wrap\" class=\"oe_structure oe_empty\"><section"),
        "inside of the page: {stored}"
    );
    door.ok("odoo_website_update_snippet", with(&on_page, json!({"snippet_xpath": "css:.s_x", "substitutions": {"h1/html()": "Other<br><i class=\"fa\"></i>"}})));
    check(&["Other", "Covered"]);
    let listed = door.ok("odoo_website_list_page_snippets", on_page.clone());
    let slugs: Vec<&str> = listed["snippets"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|one| one["parent"].is_null())
        .filter_map(|one| one["data_snippet"].as_str())
        .collect();
    assert_eq!(slugs, ["s_text_block", "s_x", "s_cover"], "{listed}");
    assert_eq!(listed["url"], made.url, "{listed}");
    door.ok(
        "odoo_website_remove_snippet",
        with(&on_view, json!({"snippet_xpath": "css:[data-snippet=s_cover]"})),
    );
    check(&["Other", "Begun"]);
    assert!(!arch().contains("s_cover"));
}

fn hostile_substitutions_are_refused(world: &World) {
    let (front, door) = builder(world);
    let post = post(world, CONTENT);
    for (key, value) in [
        ("a/@href", "javascript:alert(1)"),
        ("a/@href", "java\tscript:alert(1)"),
        ("a/@href", " data:text/html,x"),
        ("a/@onclick", "alert(1)"),
        ("a/@ONMOUSEOVER", "alert(1)"),
        ("a/@t-att-href", "request.env"),
        ("h2/@t-out", "request.env['res.users'].sudo()"),
        ("h2/html()", "<script>alert(1)</script>"),
        ("h2/html()", "<img src=x onerror=alert(1)>"),
        ("h2/html()", "<t t-out=\"request.env\"/>"),
        ("h2/html()", "<svg onload=alert(1)>"),
        ("h2/html()", "<iframe src=\"https://example.com\"></iframe>"),
        ("@style:background-image", "url(javascript:alert(1))"),
        ("@style:color", "red; background: url(x)"),
        ("@style:width", "expression(alert(1))"),
        ("@data-oe-model", "res.users"),
        ("@groups", "base.group_system"),
        ("a/@data-bs-content", "<img src=x onerror=alert(1)>"),
    ] {
        let substitutions = json!({key: value});
        let update =
            with(&target(post.id), json!({"snippet_xpath": "//section", "substitutions": substitutions}));
        door.refused("odoo_website_update_snippet", update, &["unsafe_markup"]);
        let more = if key.starts_with('@') {
            key.to_owned()
        } else {
            format!("@{}", key.rsplit('@').next().unwrap_or_default())
        };
        if key.contains('@') && !key.contains(':') {
            let add = with(
                &target(post.id),
                json!({"snippet_key": "website.s_title", "substitutions": {more: value}}),
            );
            door.refused("odoo_website_add_snippet", add, &["unsafe_markup", "not_found"]);
        }
    }
    // Text is text, whatever it looks like.
    let text = "<script>alert(1)</script><t t-out=\"1\"/>";
    let update = with(&target(post.id), json!({"snippet_xpath": "//section", "substitutions": {"a": text}}));
    assert_eq!(writes(&front), 0, "a refused substitution was written");
    door.ok("odoo_website_update_snippet", update);
    let stored = content(world, post.id);
    assert!(
        stored.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && !stored.contains("<script"),
        "{stored}"
    );
}

fn substitutions_go_all_or_none(world: &World) {
    let (front, door) = builder(world);
    let post = post(world, CONTENT);
    for (bad, code) in [
        (json!({"h2": "New", "h3": "x"}), "not_found"),
        (json!({"h2": "New", "a/@onclick": "x"}), "unsafe_markup"),
        (json!({"h2": "New", "//h2[": "x"}), "invalid_arguments"),
        (json!({"h2": "New", "a": ["x"]}), "invalid_arguments"),
        (json!({"h2": "New", "a": null}), "invalid_arguments"),
        (json!({}), "invalid_arguments"),
    ] {
        let update = with(&target(post.id), json!({"snippet_xpath": "//section", "substitutions": bad}));
        door.refused("odoo_website_update_snippet", update, &[code]);
    }
    let many: serde_json::Map<String, Value> = (0..300).map(|n| (format!("h2[{n}]"), json!("x"))).collect();
    let update = with(&target(post.id), json!({"snippet_xpath": "//section", "substitutions": many}));
    door.refused("odoo_website_update_snippet", update, &["invalid_arguments"]);
    assert_eq!(writes(&front), 0);
    assert_eq!(content(world, post.id), CONTENT);
}

fn programs_and_unknown_snippets_are_refused(world: &World) {
    let (front, door) = builder(world);
    let post = post(world, CONTENT);
    let add = |key: &str| with(&target(post.id), json!({"snippet_key": key}));
    let error = door.refused("odoo_website_add_snippet", add("website.layout"), &["unrendered_qweb"]);
    assert!(error["hint"].is_string(), "{error}");
    let error = door.refused("odoo_website_add_snippet", add("website.s_titel"), &["not_found"]);
    assert!(error["hint"].as_str().is_some_and(|hint| hint.contains("website.s_title")), "{error}");
    for key in ["", "s_title", "website.s%", "website.s_title' or 1=1", "a.b.c", "../x.y", "website. s_title"]
    {
        door.refused("odoo_website_add_snippet", add(key), &["invalid_arguments"]);
    }
    assert_eq!(writes(&front), 0);
    assert_eq!(content(world, post.id), CONTENT);
}

fn places_that_are_not_certain_are_refused(world: &World) {
    let (front, door) = builder(world);
    let twice =
        "<section class=\"s_x\"><p>a</p></section><section class=\"s_x\"><p>b</p></section><div>never closed";
    let post = post(world, twice);
    let stored = content(world, post.id);
    let add = |more: Value| with(&with(&target(post.id), json!({"snippet_key": "website.s_title"})), more);
    for (more, code) in [
        (json!({"position": "after"}), "invalid_arguments"),
        (json!({"position": "end", "anchor_xpath": "//section"}), "invalid_arguments"),
        (json!({"position": "inside"}), "invalid_arguments"),
        (json!({"position": "after", "anchor_xpath": "//section"}), "invalid_arguments"),
        (json!({"position": "after", "anchor_xpath": "//section", "anchor_index": 3}), "invalid_arguments"),
        (json!({"position": "after", "anchor_xpath": "//nav"}), "not_found"),
        (json!({"position": "replace", "anchor_xpath": "/div"}), "invalid_arguments"),
        (json!({"position": "replace", "anchor_xpath": "//section["}), "invalid_arguments"),
        (
            json!({"position": "replace", "anchor_xpath": "//p[1]/text()", "anchor_index": 1}),
            "invalid_arguments",
        ),
    ] {
        door.refused("odoo_website_add_snippet", add(more), &[code]);
    }
    let update =
        |path: &str| with(&target(post.id), json!({"snippet_xpath": path, "substitutions": {"p": "x"}}));
    for (path, code) in [
        ("//section", "invalid_arguments"),
        ("/div", "invalid_arguments"),
        ("//nav", "not_found"),
        ("$x", "invalid_arguments"),
    ] {
        door.refused("odoo_website_update_snippet", update(path), &[code]);
    }
    assert_eq!(writes(&front), 0);
    assert_eq!(content(world, post.id), stored);
    door.ok("odoo_website_update_snippet", with(&update("//section"), json!({"index": 2})));
    assert!(content(world, post.id).contains("<p>a</p></section><section class=\"s_x\"><p>x</p>"));
}

fn a_dry_run_shows_a_diff_and_writes_nothing(world: &World) {
    let (front, door) = builder(world);
    let post = post(world, CONTENT);
    let before = world.oracle().field("blog.post", post.id, "write_date");
    let dry = |more: Value| with(&with(&target(post.id), json!({"dry_run": true})), more);
    for (tool, more, sign) in [
        ("odoo_website_add_snippet", json!({"snippet_key": "website.s_title"}), "+"),
        (
            "odoo_website_update_snippet",
            json!({"snippet_xpath": "//section", "substitutions": {"h2": "New"}}),
            "New",
        ),
        ("odoo_website_remove_snippet", json!({"snippet_xpath": "//section"}), "-"),
    ] {
        let result = door.ok(tool, dry(more));
        assert_eq!(result["dry_run"], true, "{result}");
        assert!(
            result["diff"].as_str().is_some_and(|diff| diff.starts_with("@@") && diff.contains(sign)),
            "{result}"
        );
    }
    door.refused(
        "odoo_website_update_snippet",
        dry(json!({"snippet_xpath": "//section", "substitutions": {"a/@onclick": "x"}})),
        &["unsafe_markup"],
    );
    door.refused("odoo_website_remove_snippet", dry(json!({"snippet_xpath": "//nav"})), &["not_found"]);
    assert_eq!(writes(&front), 0);
    assert_eq!(world.oracle().field("blog.post", post.id, "write_date"), before);
}

fn a_lost_race_is_refused(world: &World) {
    let (front, door) = builder(world);
    let post = post(world, CONTENT);
    let listed = door.ok("odoo_website_list_page_snippets", target(post.id));
    let handle = listed["snippets"][0]["handle"].clone();
    let changed = CONTENT.replace("Old", "Older");
    world.oracle().call("blog.post", "write", json!([[post.id], {"content": changed}]), json!({}));
    let update = with(&target(post.id), json!({"snippet_xpath": handle, "substitutions": {"a": "x"}}));
    door.refused("odoo_website_update_snippet", update, &["conflict"]);
    let remove = with(&target(post.id), json!({"snippet_xpath": handle}));
    door.refused("odoo_website_remove_snippet", remove, &["conflict"]);
    for (tool, more) in [
        ("odoo_website_add_snippet", json!({"snippet_key": "website.s_title"})),
        ("odoo_website_update_snippet", json!({"snippet_xpath": "//section", "substitutions": {"a": "x"}})),
        ("odoo_website_remove_snippet", json!({"snippet_xpath": "//section"})),
    ] {
        let late = with(&with(&target(post.id), more), json!({"expected_write_date": "2001-01-01 00:00:00"}));
        door.refused(tool, late, &["conflict"]);
    }
    assert_eq!(writes(&front), 0);
    assert_eq!(content(world, post.id), changed);
    let now = door.ok("odoo_website_list_page_snippets", target(post.id));
    let update = with(
        &target(post.id),
        json!({
            "snippet_xpath": now["snippets"][0]["handle"], "substitutions": {"a": "x"}, "expected_write_date": now["write_date"],
        }),
    );
    let done = door.ok("odoo_website_update_snippet", update);
    // The handle that comes back is good for the next edit.
    let next = with(&target(post.id), json!({"snippet_xpath": done["handle"], "substitutions": {"a": "y"}}));
    door.ok("odoo_website_update_snippet", next);
    assert!(content(world, post.id).contains(">y</a>"));
}

fn only_snippets_are_removed(world: &World) {
    let (front, door) = builder(world);
    let made = page(
        world,
        "<section class=\"s_x\" data-snippet=\"s_x\"><div class=\"row\"><p>a</p></div></section><div class=\"mine\"><p>b</p></div>",
    );
    let on_page = json!({"model": "website.page", "res_id": made.page.id, "field_name": "arch_db"});
    for path in ["//div[@id='wrap']", "/div/t", "/div/t/t", "//div[@class='row']", "//p[.='a']", "css:.mine"]
    {
        let remove = with(&on_page, json!({"snippet_xpath": path}));
        door.refused("odoo_website_remove_snippet", remove, &["not_a_snippet"]);
    }
    for path in ["//div[@id='wrap']", "/div/t", "/div/t/t"] {
        let remove = with(&on_page, json!({"snippet_xpath": path, "any_element": true}));
        door.refused("odoo_website_remove_snippet", remove, &["not_a_snippet"]);
    }
    door.refused(
        "odoo_website_remove_snippet",
        with(&on_page, json!({"snippet_xpath": "//div"})),
        &["invalid_arguments"],
    );
    assert_eq!(writes(&front), 0);
    door.ok(
        "odoo_website_remove_snippet",
        with(&on_page, json!({"snippet_xpath": "css:.mine", "any_element": true})),
    );
    let arch = world.oracle().field("ir.ui.view", made.view.id, "arch_db").to_string();
    assert!(arch.contains("s_x") && !arch.contains("mine"), "{arch}");
    assert_eq!(seen(world, &made.url).0, 200);
}

fn views_are_closed_unless_a_policy_names_them(world: &World) {
    let front = world.front();
    let door = world.door_through(&front);
    let made = page(world, "<section class=\"s_x\" data-snippet=\"s_x\"><h1>Closed</h1></section>");
    let on_page = json!({"model": "website.page", "res_id": made.page.id, "field_name": "arch_db"});
    let on_view = json!({"model": "ir.ui.view", "res_id": made.view.id, "field_name": "arch_db"});
    let before = world.oracle().field("ir.ui.view", made.view.id, "arch_db");
    for target in [&on_page, &on_view] {
        for (tool, more) in [
            ("odoo_website_add_snippet", json!({"snippet_key": "website.s_title"})),
            (
                "odoo_website_update_snippet",
                json!({"snippet_xpath": "css:.s_x", "substitutions": {"h1": "x"}}),
            ),
            ("odoo_website_remove_snippet", json!({"snippet_xpath": "css:.s_x"})),
        ] {
            door.refused(tool, with(target, more.clone()), &["denied"]);
            // Looking is no change.
            let dry = door.ok(tool, with(&with(target, more), json!({"dry_run": true})));
            assert!(dry["diff"].is_string(), "{dry}");
        }
        assert_eq!(door.ok("odoo_website_list_page_snippets", target.clone())["count"], 1);
    }
    assert_eq!(writes(&front), 0);
    assert_eq!(world.oracle().field("ir.ui.view", made.view.id, "arch_db"), before);
    let all = json!({"ops": ["read", "create", "write", "unlink", "execute"], "methods": {"allow": ["*"]}});
    let read_only =
        json!({"version": "1", "default": "allow", "models": {"*": all, "blog.post": {"ops": ["read"]}}});
    let post = post(world, CONTENT);
    let update = with(&target(post.id), json!({"snippet_xpath": "//section", "substitutions": {"h2": "x"}}));
    world.door_under(&read_only).refused("odoo_website_update_snippet", update, &["denied"]);
    assert_eq!(content(world, post.id), CONTENT);
}

fn other_languages_keep_their_structure(world: &World) {
    let (front, door) = builder(world);
    let post = post(world, CONTENT);
    for (tool, more) in [
        ("odoo_website_add_snippet", json!({"snippet_key": "website.s_title"})),
        ("odoo_website_update_snippet", json!({"snippet_xpath": "//section", "substitutions": {"h2": "x"}})),
        ("odoo_website_remove_snippet", json!({"snippet_xpath": "//section"})),
    ] {
        for language in [json!({"lang": "fr_FR"}), json!({"context": {"lang": "fr_FR"}})] {
            let arguments = with(&with(&target(post.id), more.clone()), language);
            let error = door.refused(tool, arguments, &["not_base_language"]);
            assert!(
                error["hint"].as_str().is_some_and(|hint| hint.contains("odoo_translate_html")),
                "{error}"
            );
        }
    }
    assert_eq!(writes(&front), 0);
    door.ok("odoo_website_list_page_snippets", with(&target(post.id), json!({"lang": "fr_FR"})));
    let update = with(
        &target(post.id),
        json!({"snippet_xpath": "//section", "substitutions": {"a": "x"}, "lang": "en_US"}),
    );
    door.ok("odoo_website_update_snippet", update);
    assert!(content(world, post.id).contains(">x</a>"));
}

fn what_holds_no_markup_is_refused(world: &World) {
    let (front, door) = builder(world);
    let post = post(world, CONTENT);
    for (change, codes) in [
        (json!({"field_name": "name"}), ["invalid_arguments"]),
        (json!({"field_name": "blog_id"}), ["invalid_arguments"]),
        (json!({"field_name": "contnet"}), ["unknown_field"]),
        (json!({"field_name": "a b"}), ["invalid_arguments"]),
        (json!({"model": "no.such.model"}), ["unknown_model"]),
        (json!({"res_id": 999_999_999}), ["not_found"]),
        (json!({"res_id": 0}), ["invalid_arguments"]),
        (json!({"res_id": "x"}), ["invalid_arguments"]),
        (json!({"res_id": [1]}), ["invalid_arguments"]),
        (json!({"website_id": -1}), ["invalid_arguments"]),
        (json!({"lang": "f r"}), ["invalid_arguments"]),
    ] {
        let target = with(&target(post.id), change);
        door.refused("odoo_website_list_page_snippets", target.clone(), &codes);
        let update = with(&target, json!({"snippet_xpath": "//section", "substitutions": {"h2": "x"}}));
        door.refused("odoo_website_update_snippet", update, &codes);
    }
    // A view of the back office is no page.
    let arch = "<form><field name=\"name\" string=\"Name\"/></form>";
    let view = json!({"name": unique("Form"), "type": "form", "model": "res.partner", "arch_db": arch});
    let view = world.temporary("ir.ui.view", view);
    let form = json!({"model": "ir.ui.view", "res_id": view.id, "field_name": "arch_db"});
    let update = with(&form, json!({"snippet_xpath": "//field", "substitutions": {"@string": "x"}}));
    door.refused("odoo_website_update_snippet", update, &["wrong_view_type"]);
    assert_eq!(writes(&front), 0);
}

fn masked_markup_is_neither_shown_nor_written(world: &World) {
    let all = json!({"ops": ["read", "create", "write", "unlink", "execute"], "methods": {"allow": ["*"]}});
    let mut posts = all.clone();
    posts["fields"] = json!({"content": {"read": "mask"}});
    let front = world.front();
    let policy = json!({"version": "1", "default": "allow", "models": {"blog.post": posts, "*": all}});
    let door = Door::open(world.settings().variable("ODOO_URL", &front.url()).policy(&policy));
    let word = unique("secret").replace(' ', "");
    let post = post(world, &format!("<section class=\"s_x\"><p>{word}</p></section>"));
    let before = content(world, post.id);
    for (tool, more) in [
        ("odoo_website_list_page_snippets", json!({})),
        ("odoo_website_add_snippet", json!({"snippet_key": "website.s_title"})),
        (
            "odoo_website_update_snippet",
            json!({"snippet_xpath": "//section", "substitutions": {"p": "x"}, "dry_run": true}),
        ),
        ("odoo_website_remove_snippet", json!({"snippet_xpath": "//section"})),
    ] {
        let error = door.refused(tool, with(&target(post.id), more), &["masked", "denied", "unknown_field"]);
        assert!(!error.to_string().contains(&word), "{error}");
    }
    assert_eq!(writes(&front), 0);
    assert_eq!(content(world, post.id), before);
}

fn a_website_gets_a_copy_of_its_own(world: &World) {
    let (_front, door) = builder(world);
    let oracle = world.oracle();
    let website = oracle.search("website", json!([]))[0];
    let made = page(world, "<section class=\"s_x\" data-snippet=\"s_x\"><h1>Shared</h1></section>");
    let key = oracle.field("ir.ui.view", made.view.id, "key");
    let on_view = json!({"model": "ir.ui.view", "res_id": made.view.id, "field_name": "arch_db", "website_id": website});
    let update = with(&on_view, json!({"snippet_xpath": "css:.s_x", "substitutions": {"h1": "Own words"}}));
    // Which website is meant is a key of the context, and a policy with rules for models lists those.
    let all = json!({"ops": ["read", "write"], "methods": {"allow": ["*"]}});
    let unlisted = json!({"version": "1", "default": "allow", "models": {"*": all, "ir.ui.view": all}});
    world.door_under(&unlisted).refused("odoo_website_update_snippet", update.clone(), &["denied"]);
    let result = door.ok("odoo_website_update_snippet", update.clone());
    let copies = oracle.search("ir.ui.view", json!([["key", "=", key], ["website_id", "=", website]]));
    let adopted: Vec<Temporary> = copies.iter().map(|id| world.adopt("ir.ui.view", *id)).collect();
    assert_eq!(adopted.len(), 1, "{result}");
    assert_eq!(result["res_id"], copies[0], "{result}");
    assert!(oracle.field("ir.ui.view", made.view.id, "arch_db").to_string().contains("Shared"));
    assert!(oracle.field("ir.ui.view", copies[0], "arch_db").to_string().contains("Own words"));
    let error = door.refused("odoo_website_update_snippet", update, &["invalid_arguments"]);
    assert!(error["hint"].as_str().is_some_and(|hint| hint.contains(&copies[0].to_string())), "{error}");
    let on_copy = with(
        &on_view,
        json!({"res_id": copies[0], "snippet_xpath": "css:.s_x", "substitutions": {"h1": "Again"}}),
    );
    door.ok("odoo_website_update_snippet", on_copy);
    assert!(oracle.field("ir.ui.view", copies[0], "arch_db").to_string().contains("Again"));
    assert!(oracle.field("ir.ui.view", made.view.id, "arch_db").to_string().contains("Shared"));
    for page in oracle.search("website.page", json!([["view_id", "in", copies]])) {
        drop(world.adopt("website.page", page));
    }
}

fn a_route_that_renders_nothing_says_so(world: &World) {
    let settings = world.settings().variable("ODOO_PROTOCOL", "jsonrpc").policy(&open());
    let door = Door::open(settings);
    let listed = door.ok("odoo_website_list_snippets", json!({}));
    assert!(listed["snippets"].to_string().contains("website.s_text_block"), "{listed}");
    let post = post(world, CONTENT);
    let add = |key: &str| with(&target(post.id), json!({"snippet_key": key}));
    door.ok("odoo_website_add_snippet", add("website.s_text_block"));
    let stored = content(world, post.id);
    assert!(
        stored.starts_with(CONTENT)
            && stored.contains("data-snippet=\"s_text_block\"")
            && !stored.contains(" t-"),
        "{stored}"
    );
    door.refused("odoo_website_add_snippet", add("website.layout"), &["unrendered_qweb"]);
    assert_eq!(listed["note"].is_string(), world.odoo.major >= 15, "{listed}");
    if world.odoo.major >= 15 {
        door.refused("odoo_website_add_snippet", add("website.s_dynamic_snippet"), &["unrendered_qweb"]);
    }
    assert_eq!(content(world, post.id), stored);
}
