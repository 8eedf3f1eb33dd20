//! The shop and the site map: rows that Odoo's own records confirm.

use serde_json::json;

use super::harness::{Behaviour, World, unique};

super::scenarios![
    products_of_the_shop_are_rows,
    pages_of_the_shop_follow_each_other,
    a_search_in_the_shop_finds_the_product,
    addresses_of_the_website_are_listed,
    strange_pages_are_no_rows,
    a_redirect_away_is_not_followed,
    what_cannot_be_meant_is_refused,
    a_policy_on_pages_holds,
    a_policy_on_products_holds_for_the_shop,
];

/// Whether the server has a website with a shop, asked of the server itself.
fn has_shop(world: &World) -> bool {
    world.oracle().try_call("product.public.category", "search_count", json!([[]]), json!({})).is_ok()
}

fn products_of_the_shop_are_rows(world: &World) {
    let door = world.door();
    let answer = door.call("public_access_shop", json!({}));
    if !has_shop(world) {
        assert_eq!(answer.expect_err("a refusal")["code"], "not_installed");
        return;
    }
    let answer = answer.expect("the shop");
    let rows = answer["rows"].as_array().expect("rows");
    assert!(!rows.is_empty(), "{answer}");
    for row in rows.iter().take(6) {
        let id = row["id"].as_i64().unwrap_or_else(|| panic!("no id: {row}"));
        assert_eq!(row["name"], world.oracle().field("product.template", id, "name"), "{row}");
        assert!(row["price"].is_number(), "{row}");
        assert!(row["currency"].is_string(), "{row}");
        let url = row["url"].as_str().expect("a url");
        assert!(url.starts_with(&world.odoo.url) && url.contains("/shop/"), "{url}");
        assert!(row["image"].as_str().is_some_and(|image| image.contains("/web/image/")), "{row}");
    }
}

fn pages_of_the_shop_follow_each_other(world: &World) {
    if !has_shop(world) {
        return;
    }
    let door = world.door();
    let mut seen: Vec<i64> = Vec::new();
    for page in 1..=20 {
        let answer = door.ok("public_access_shop", json!({"page": page, "order": "name asc"}));
        assert_eq!(answer["page"], page, "{answer}");
        for row in answer["rows"].as_array().expect("rows") {
            let id = row["id"].as_i64().expect("an id");
            // Products that others make meanwhile push one to the next page.
            if !seen.contains(&id) {
                seen.push(id);
            }
        }
        if answer["has_next"] == false {
            break;
        }
    }
    let domain = json!([["is_published", "=", true], ["sale_ok", "=", true]]);
    let published = world.oracle().count("product.template", domain);
    // Others make products and delete them meanwhile, so there may be a few more or less.
    assert!(seen.len() * 2 > published, "{} of {published}", seen.len());
    let beyond = door.ok("public_access_shop", json!({"page": 999}));
    assert_eq!((&beyond["rows"], &beyond["has_next"]), (&json!([]), &json!(false)), "{beyond}");
}

fn a_search_in_the_shop_finds_the_product(world: &World) {
    if !has_shop(world) {
        return;
    }
    let name = unique("Gadget & <Co>");
    let values = json!({"name": name, "list_price": 1234.5, "is_published": true, "sale_ok": true});
    let product = world.temporary("product.template", values);
    let door = world.door();
    let answer = door.ok("public_access_shop", json!({"search": name}));
    let row = answer["rows"].as_array().and_then(|rows| rows.iter().find(|row| row["id"] == product.id));
    let row = row.unwrap_or_else(|| panic!("not found: {answer}"));
    assert_eq!(row["name"], name.as_str());
    let none = door.ok("public_access_shop", json!({"search": unique("nothing is called so")}));
    assert_eq!(none["rows"], json!([]), "{none}");
}

fn addresses_of_the_website_are_listed(world: &World) {
    let door = world.door();
    let answer = door.call("public_access_sitemap", json!({"page_size": 5}));
    if !has_shop(world) {
        assert_eq!(answer.expect_err("a refusal")["code"], "not_installed");
        return;
    }
    let answer = answer.expect("a site map");
    let total = answer["total"].as_u64().expect("a number");
    assert!(total > 5, "{answer}");
    assert_eq!(answer["urls"].as_array().map(Vec::len), Some(5));
    assert_eq!(answer["has_next"], true);
    for url in answer["urls"].as_array().expect("urls") {
        assert!(url["loc"].as_str().is_some_and(|loc| loc.starts_with("http")), "{url}");
    }
    let shop = door.ok("public_access_sitemap", json!({"filter": "/shop", "page_size": 1000}));
    let urls = shop["urls"].as_array().expect("urls");
    assert!(!urls.is_empty() && urls.len() < total as usize + 1);
    assert!(urls.iter().all(|url| url["loc"].as_str().is_some_and(|loc| loc.contains("/shop"))));
    let second = door.ok("public_access_sitemap", json!({"page": 2, "page_size": 5}));
    assert_ne!(second["urls"], answer["urls"]);
}

fn strange_pages_are_no_rows(world: &World) {
    let front = world.front();
    let door = world.door_through(&front);
    for (content_type, body) in [
        ("text/html", "<html><body><h1>Sorry</h1></body></html>"),
        (
            "text/html",
            "<!DOCTYPE html><form class='oe_login_form' action='/web/login'><input name='password'/></form>",
        ),
        ("application/json", "{\"error\": 1}"),
        (
            "application/xml",
            "<!DOCTYPE x [<!ENTITY a \"aaaaaaaa\"><!ENTITY b \"&a;&a;&a;\">]><urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><url><loc>&b;</loc></url></urlset>",
        ),
    ] {
        front.always(Behaviour::Answer { status: 200, content_type, body: body.to_owned() });
        for tool in ["public_access_shop", "public_access_sitemap"] {
            let error = door.call(tool, json!({})).expect_err("a refusal");
            let code = error["code"].as_str().unwrap_or_default();
            assert!(
                matches!(code, "wrong_content" | "login_required" | "bad_answer"),
                "{tool} {body}: {error}"
            );
        }
    }
}

fn a_redirect_away_is_not_followed(world: &World) {
    let front = world.front();
    let door = world.door_through(&front);
    for (location, codes) in [
        ("http://169.254.169.254/latest", ["redirected_away", ""]),
        ("//evil.example/shop", ["redirected_away", ""]),
        ("/web/login?redirect=/shop", ["login_required", ""]),
        ("/web/session/logout", ["not_permitted", "redirected_elsewhere"]),
    ] {
        front.behave(move |request| match request.path() {
            "/shop" | "/sitemap.xml" => Behaviour::Redirect(location),
            _ => Behaviour::Pass,
        });
        for tool in ["public_access_shop", "public_access_sitemap"] {
            let error = door.call(tool, json!({})).expect_err("a refusal");
            let code = error["code"].as_str().unwrap_or_default();
            assert!(
                codes.contains(&code) || location.starts_with("/web/session"),
                "{tool} {location}: {error}"
            );
        }
        let beyond = front.recorded().iter().any(|recorded| recorded.message.path().contains("/logout"));
        assert!(!beyond, "a redirect was followed to {location}");
    }
}

fn what_cannot_be_meant_is_refused(world: &World) {
    let front = world.front();
    let door = world.door_through(&front);
    for (tool, arguments) in [
        ("public_access_shop", json!({"page": 0})),
        ("public_access_shop", json!({"page": "1/../../web"})),
        ("public_access_shop", json!({"search": "x".repeat(300)})),
        ("public_access_shop", json!({"search": "a\r\nHost: x"})),
        ("public_access_shop", json!({"order": "name; drop"})),
        ("public_access_shop", json!({"min_price": -1})),
        ("public_access_shop", json!({"category": "../x"})),
        ("public_access_sitemap", json!({"page": 0})),
        ("public_access_sitemap", json!({"page_size": 5000})),
        ("public_access_sitemap", json!({"part": "/web/session/logout"})),
        ("public_access_sitemap", json!({"part": "http://evil.example/sitemap.xml"})),
        ("public_access_sitemap", json!({"part": "/sitemap-1/../x.xml"})),
    ] {
        let error = door.call(tool, arguments.clone()).expect_err("a refusal");
        assert_eq!(error["code"], "invalid_arguments", "{tool} {arguments}: {error}");
    }
    let pages = front.recorded().iter().filter(|recorded| recorded.message.path().starts_with("/s")).count();
    assert_eq!(pages, 0, "something was asked all the same");
}

fn a_policy_on_pages_holds(world: &World) {
    let models = json!({"*": {"ops": ["read"]}, "web.page": {"ops": []}});
    let door = world.door_under(&json!({"version": "1", "default": "allow", "models": models}));
    for tool in ["public_access_shop", "public_access_sitemap"] {
        let error = door.call(tool, json!({})).expect_err("a refusal");
        assert_eq!(error["code"], "denied", "{tool}: {error}");
    }
}

fn a_policy_on_products_holds_for_the_shop(world: &World) {
    let all = json!({"ops": ["read"]});
    for products in [
        json!({"ops": []}),
        json!({"ops": ["read"], "fields": {"list_price": {"read": "mask"}}}),
        json!({"ops": ["read"], "fields": {"list_price": {"read": "deny"}}}),
    ] {
        let models = json!({"*": all, "web.page": all, "product.template": products});
        let door = world.door_under(&json!({"version": "1", "default": "allow", "models": models}));
        let error = door.call("public_access_shop", json!({})).expect_err("a refusal");
        assert!(matches!(error["code"].as_str(), Some("denied" | "unknown_field")), "{products}: {error}");
    }
}
