//! Translations: what is asked for is in Odoo in that language, and every other language is as it was.

use serde_json::{Value, json};

use super::harness::{Door, Front, Temporary, World, unique};

super::scenarios![
    a_text_is_translated_and_taken_away,
    a_rehearsal_of_a_translation_shows_and_writes_nothing,
    texts_that_are_no_translation_are_refused,
    subjects_that_are_none_are_refused,
    an_empty_translation_is_told_from_none,
    a_translation_never_becomes_the_source,
    terms_are_translated_one_by_one,
    a_whole_page_is_paired_with_its_source,
    a_page_of_another_structure_is_refused,
    markers_are_written_only_where_they_are_asked_for,
    fields_and_languages_are_listed,
    rules_for_a_field_hold_for_its_translations,
    what_is_hidden_is_not_translated,
    a_change_that_odoo_does_not_keep_is_told,
    what_was_written_before_a_failure_is_put_back,
];

const PRODUCTS: &str = "product.template";
pub(super) const PAGE: &str =
    "<section><h2>Hello world</h2><p>Good <b>day</b> to you</p><p>See the %s</p></section>";

/// A product that has a page.
#[track_caller]
pub(super) fn product(world: &World) -> Temporary {
    world.temporary(PRODUCTS, json!({"name": unique("Bolt"), "website_description": PAGE}))
}

/// What Odoo shows in a language.
#[track_caller]
pub(super) fn shown(world: &World, id: i64, field: &str, lang: &str) -> Value {
    let context = json!({"context": {"lang": lang}});
    let rows = world.oracle().call(PRODUCTS, "read", json!([[id], [field]]), context);
    rows[0][field].clone()
}

/// Calls that change a product's texts, as far as they reached Odoo.
fn changes(front: &Front) -> usize {
    let on_products = ["write", "update_field_translations"].map(|method| front.calls_of(PRODUCTS, method));
    let on_rows = ["write", "create", "unlink"].map(|method| front.calls_of("ir.translation", method));
    on_products.into_iter().chain(on_rows).sum()
}

fn of(id: i64, field: &str, more: Value) -> Value {
    let mut arguments = json!({"model": PRODUCTS, "res_id": id, "field_name": field});
    for (name, value) in more.as_object().expect("an object") {
        arguments[name] = value.clone();
    }
    arguments
}

fn a_text_is_translated_and_taken_away(world: &World) {
    let (door, product) = (world.door(), product(world));
    let source = shown(world, product.id, "name", "en_US");
    let french = format!("Boulon d'été ✓ {}", unique("x"));
    let arguments = of(product.id, "name", json!({"translations": {"fr_FR": french}}));
    let result = door.ok("odoo_translate_field", arguments.clone());
    assert_eq!(result["success"], true, "{result}");
    assert_eq!(result["applied"], json!([{"lang": "fr_FR", "before": source, "after": french}]), "{result}");
    assert_eq!(result["verified"]["fr_FR"], french, "{result}");
    assert_eq!(shown(world, product.id, "name", "fr_FR"), french);
    assert_eq!(shown(world, product.id, "name", "en_US"), source, "the source was touched");
    // Again: nothing is left to do, and nothing else happens.
    let result = door.ok("odoo_translate_field", arguments);
    assert_eq!((&result["applied"], &result["unchanged"]), (&json!([]), &json!(["fr_FR"])), "{result}");
    // Both languages at once.
    let name = unique("Screw");
    let both = json!({"translations": {"en_US": name, "fr_FR": "Vis"}});
    door.ok("odoo_translate_field", of(product.id, "name", both));
    assert_eq!(shown(world, product.id, "name", "en_US"), name);
    assert_eq!(shown(world, product.id, "name", "fr_FR"), "Vis");
    let none = json!({"translations": {"fr_FR": null}});
    door.ok("odoo_translate_field", of(product.id, "name", none));
    assert_eq!(shown(world, product.id, "name", "fr_FR"), name, "it shows the source again");
    assert_eq!(shown(world, product.id, "name", "en_US"), name);
}

fn a_rehearsal_of_a_translation_shows_and_writes_nothing(world: &World) {
    let front = world.front();
    let (door, product) = (world.door_through(&front), product(world));
    let source = shown(world, product.id, "name", "en_US");
    let texts = json!({"translations": {"fr_FR": "Boulon"}, "dry_run": true});
    let result = door.ok("odoo_translate_field", of(product.id, "name", texts));
    assert_eq!(result["dry_run"], true, "{result}");
    assert_eq!(result["applied"][0]["after"], "Boulon", "{result}");
    let terms = json!({"translations": {"fr_FR": {"Hello world": "Bonjour"}}, "dry_run": true});
    let result = door.ok("odoo_translate_html", of(product.id, "website_description", terms));
    assert_eq!(result["languages"][0]["applied"][0]["after"], "Bonjour", "{result}");
    let page = json!({"translations": {"fr_FR": PAGE.replace("Hello", "Salut")}, "mode": "replace", "dry_run": true});
    let result = door.ok("odoo_translate_html", of(product.id, "website_description", page));
    assert_eq!(result["languages"][0]["applied_count"], 1, "{result}");
    assert_eq!(changes(&front), 0, "a rehearsal wrote");
    assert_eq!(shown(world, product.id, "name", "fr_FR"), source);
}

fn texts_that_are_no_translation_are_refused(world: &World) {
    let front = world.front();
    let door = world.door_through(&front);
    let product = world.temporary(
        PRODUCTS,
        json!({"name": format!("{} for %s and {{name}}", unique("Bolt")), "website_description": PAGE}),
    );
    for texts in [
        json!({"fr_FR": "Boulon"}),
        json!({"fr_FR": "Boulon pour %d et {name}"}),
        json!({"fr_FR": "\u{200b}Boulon pour %s et {name}"}),
        json!({"xx_XX": "Boulon pour %s et {name}"}),
        json!({"fr_FR": "Boulon pour %s et {name}", "de_DE": "Bolzen für %s und {name}"}),
        json!({"en_US": null}),
        json!({}),
        json!({"fr_FR": 7}),
        json!({"fr_FR": {"a": "b"}}),
        json!("Boulon"),
        json!({"fr_FR": "x".repeat(2_000_000)}),
    ] {
        let arguments = of(product.id, "name", json!({"translations": texts}));
        door.refused("odoo_translate_field", arguments, &["invalid_arguments"]);
    }
    for terms in [
        json!({"fr_FR": {"Good <b>day</b> to you": "Bonne journée"}}),
        json!({"fr_FR": {"Good <b>day</b> to you": "Bonne <i>journée</i>"}}),
        json!({"fr_FR": {"Good <b>day</b> to you": "Bonne <b>journée"}}),
        json!({"fr_FR": {"Good <b>day</b> to you": "<b onclick=\"x()\">Bonne</b>"}}),
        json!({"fr_FR": {"Hello world": "<script>alert(1)</script>"}}),
        json!({"fr_FR": {"See the %s": "Voyez"}}),
        json!({"fr_FR": {"Hello world": "Bonjour", "See the %s": "Voyez"}}),
        json!({"fr_FR": {"Hello world": "Bon\u{200b}jour"}}),
        json!({"en_US": {"Hello world": "Hello, world"}}),
        json!({"xx_XX": {"Hello world": "Bonjour"}}),
        json!({"fr_FR": {"Hello world": 5}}),
        json!({"fr_FR": ["Hello world"]}),
        json!({}),
    ] {
        let arguments = of(product.id, "website_description", json!({"translations": terms}));
        door.refused("odoo_translate_html", arguments, &["invalid_arguments"]);
    }
    assert_eq!(changes(&front), 0, "something refused reached Odoo");
    assert_eq!(shown(world, product.id, "website_description", "fr_FR"), PAGE);
}

fn subjects_that_are_none_are_refused(world: &World) {
    let front = world.front();
    let (door, product) = (world.door_through(&front), product(world));
    let text = |field: &str| of(product.id, field, json!({"translations": {"fr_FR": "x"}}));
    let page = |field: &str| of(product.id, field, json!({"translations": {"fr_FR": {"x": "y"}}}));
    door.refused("odoo_translate_field", text("default_code"), &["not_translated"]);
    door.refused("odoo_translate_field", text("nmae"), &["unknown_field"]);
    door.refused("odoo_translate_field", text("website_description"), &["wrong_kind"]);
    door.refused("odoo_translate_html", page("name"), &["wrong_kind"]);
    door.refused("odoo_translate_html", page("list_price"), &["not_translated"]);
    door.refused("odoo_get_field_translations", of(product.id, "list_price", json!({})), &["not_translated"]);
    let unknown_language = of(product.id, "name", json!({"langs": ["xx_XX"]}));
    door.refused("odoo_get_field_translations", unknown_language, &["invalid_arguments"]);
    for id in [0, -1] {
        let arguments = of(id, "name", json!({"translations": {"fr_FR": "x"}}));
        door.refused("odoo_translate_field", arguments, &["invalid_arguments"]);
    }
    let gone = of(999_999_999, "name", json!({"translations": {"fr_FR": "x"}}));
    door.refused("odoo_translate_field", gone.clone(), &["not_found"]);
    let mut model = gone;
    model["model"] = "no.such.model".into();
    door.refused("odoo_translate_field", model, &["unknown_model"]);
    assert_eq!(changes(&front), 0);
}

fn an_empty_translation_is_told_from_none(world: &World) {
    let door = world.door();
    let values = json!({"name": unique("Bolt"), "description_sale": "Sold by the piece"});
    let product = world.temporary(PRODUCTS, values);
    let empty = of(product.id, "description_sale", json!({"translations": {"fr_FR": ""}}));
    if world.odoo.major < 16 {
        door.refused("odoo_translate_field", empty, &["version_unsupported"]);
        assert_eq!(shown(world, product.id, "description_sale", "fr_FR"), "Sold by the piece");
        return;
    }
    door.ok("odoo_translate_field", empty);
    assert_eq!(shown(world, product.id, "description_sale", "fr_FR"), "");
    assert_eq!(shown(world, product.id, "description_sale", "en_US"), "Sold by the piece");
}

fn a_translation_never_becomes_the_source(world: &World) {
    let door = world.door();
    let product = world.temporary(PRODUCTS, json!({"name": unique("Bolt")}));
    let alone = of(product.id, "description_sale", json!({"translations": {"fr_FR": "À la pièce"}}));
    door.refused("odoo_translate_field", alone, &["no_source"]);
    assert_eq!(shown(world, product.id, "description_sale", "en_US"), false);
    let both = json!({"translations": {"fr_FR": "À la pièce", "en_US": "By the piece"}});
    door.ok("odoo_translate_field", of(product.id, "description_sale", both));
    assert_eq!(shown(world, product.id, "description_sale", "en_US"), "By the piece");
    assert_eq!(shown(world, product.id, "description_sale", "fr_FR"), "À la pièce");
}

fn terms_are_translated_one_by_one(world: &World) {
    let (door, product) = (world.door(), product(world));
    let field = "website_description";
    let extracted = door.ok("odoo_translate_html", of(product.id, field, json!({"mode": "extract"})));
    let terms = json!(["Hello world", "Good <b>day</b> to you", "See the %s"]);
    assert_eq!(extracted["terms"], terms, "{extracted}");
    let some = json!({"fr_FR": {"Hello world": "Bonjour le monde", "No such term": "x", "Helo world": "y"}});
    let result = door.ok("odoo_translate_html", of(product.id, field, json!({"translations": some})));
    let french = &result["languages"][0];
    assert_eq!((&french["applied_count"], &french["unmatched_count"]), (&json!(1), &json!(2)), "{result}");
    assert_eq!(result["success"], false, "unmatched terms are no success: {result}");
    assert!(french["unmatched"].to_string().contains("Hello world"), "the nearest is named: {result}");
    let expected = PAGE.replace("Hello world", "Bonjour le monde");
    assert_eq!(shown(world, product.id, field, "fr_FR"), expected);
    assert_eq!(shown(world, product.id, field, "en_US"), PAGE, "the source was touched");
    // Another term joins; the first one stays.
    let more = json!({"fr_FR": {"Good <b>day</b> to you": "Bonne <b>journée</b> à vous"}});
    let result = door.ok("odoo_translate_html", of(product.id, field, json!({"translations": more})));
    assert_eq!(result["success"], true, "{result}");
    let expected = expected.replace("Good <b>day</b> to you", "Bonne <b>journée</b> à vous");
    assert_eq!(shown(world, product.id, field, "fr_FR"), expected);
    let got = door.ok("odoo_get_field_translations", of(product.id, field, json!({"limit": 2})));
    assert_eq!(got["terms"][0]["translations"]["fr_FR"], "Bonjour le monde", "{got}");
    assert_eq!((&got["total"], &got["next_offset"]), (&json!(3), &json!(2)), "{got}");
    let none = json!({"fr_FR": {"Hello world": null}});
    door.ok("odoo_translate_html", of(product.id, field, json!({"translations": none})));
    let expected = expected.replace("Bonjour le monde", "Hello world");
    assert_eq!(shown(world, product.id, field, "fr_FR"), expected);
    assert_eq!(shown(world, product.id, field, "en_US"), PAGE);
}

fn a_whole_page_is_paired_with_its_source(world: &World) {
    let (door, product) = (world.door(), product(world));
    let field = "website_description";
    let page = "<section><h2>Bonjour</h2><p>Bonne <b>journée</b></p><p>Voyez %s</p></section>";
    let arguments = of(product.id, field, json!({"mode": "replace", "translations": {"fr_FR": page}}));
    let result = door.ok("odoo_translate_html", arguments);
    assert_eq!(result["languages"][0]["applied_count"], 3, "{result}");
    assert_eq!(shown(world, product.id, field, "fr_FR"), page);
    assert_eq!(shown(world, product.id, field, "en_US"), PAGE, "the source was overwritten");
}

fn a_page_of_another_structure_is_refused(world: &World) {
    let front = world.front();
    let (door, product) = (world.door_through(&front), product(world));
    for page in [
        "<section><h2>Bonjour</h2></section>".to_owned(),
        PAGE.replace("h2", "h3"),
        PAGE.replace("<section>", "<section class=\"new\">"),
        PAGE.replace("</section>", "<script>x()</script></section>"),
        format!("{PAGE}<p>Encore</p>"),
        "Bonjour".to_owned(),
        String::new(),
        PAGE.replace("</h2>", ""),
    ] {
        let arguments = of(
            product.id,
            "website_description",
            json!({"mode": "replace", "translations": {"fr_FR": page}}),
        );
        door.refused("odoo_translate_html", arguments, &["structure_changed"]);
    }
    let tags = PAGE.replace("<b>day</b>", "day");
    let arguments =
        of(product.id, "website_description", json!({"mode": "replace", "translations": {"fr_FR": tags}}));
    door.refused("odoo_translate_html", arguments, &["invalid_arguments"]);
    let object = json!({"mode": "replace", "translations": {"fr_FR": {"Hello world": "x"}}});
    door.refused(
        "odoo_translate_html",
        of(product.id, "website_description", object),
        &["invalid_arguments"],
    );
    assert_eq!(changes(&front), 0);
    assert_eq!(shown(world, product.id, "website_description", "fr_FR"), PAGE);
}

fn markers_are_written_only_where_they_are_asked_for(world: &World) {
    let (door, product) = (world.door(), product(world));
    let field = "website_description";
    let same = json!({"fr_FR": {"Hello world": "Hello world"}});
    let result = door.ok("odoo_translate_html", of(product.id, field, json!({"translations": same})));
    assert_eq!(result["languages"][0]["unchanged_count"], 1, "{result}");
    assert_eq!(shown(world, product.id, field, "fr_FR"), PAGE, "something invisible was written");
    let marked = json!({"translations": same, "mark_identical_as_translated": true});
    door.ok("odoo_translate_html", of(product.id, field, marked));
    assert_eq!(shown(world, product.id, field, "fr_FR"), PAGE.replace("Hello world", "\u{200b}Hello world"));
    assert_eq!(shown(world, product.id, field, "en_US"), PAGE);
}

fn fields_and_languages_are_listed(world: &World) {
    let (door, product) = (world.door(), product(world));
    let list = door.ok("odoo_list_translatable_fields", json!({"model": PRODUCTS}));
    let kind_of = |name: &str| {
        let fields = list["fields"].as_array().expect("fields");
        fields.iter().find(|field| field["name"] == name).map(|field| field["translate"].clone())
    };
    assert_eq!(kind_of("name"), Some(json!("simple")), "{list}");
    assert_eq!(kind_of("website_description"), Some(json!("html")), "{list}");
    assert_eq!(kind_of("default_code"), None, "{list}");
    let codes: Vec<&Value> =
        list["languages"].as_array().expect("languages").iter().map(|l| &l["code"]).collect();
    assert!(codes.contains(&&json!("fr_FR")) && codes.contains(&&json!("en_US")), "{list}");
    door.ok("odoo_translate_field", of(product.id, "name", json!({"translations": {"fr_FR": "Boulon"}})));
    let got = door.ok("odoo_get_field_translations", of(product.id, "name", json!({})));
    assert_eq!(got["values"]["fr_FR"], "Boulon", "{got}");
    assert_eq!(got["translate"], "simple", "{got}");
    door.refused("odoo_list_translatable_fields", json!({"model": "no.such.model"}), &["unknown_model"]);
    door.refused("odoo_list_translatable_fields", json!({"model": PRODUCTS, "x": 1}), &["invalid_arguments"]);
}

/// A door under rules for models, and the front that sees what passes.
#[track_caller]
fn under(world: &World, models: Value) -> (Front, Door) {
    let policy = json!({"version": "1", "default": "allow", "models": models});
    let front = world.front();
    let settings = world.settings().variable("ODOO_URL", &front.url()).policy(&policy);
    (front, Door::open(settings))
}

fn rules_for_a_field_hold_for_its_translations(world: &World) {
    let product = product(world);
    let ops = json!(["read", "create", "write", "unlink", "execute"]);
    let all = json!({"ops": ops, "methods": {"allow": ["*"]}});
    let guarded = json!({"ops": ops, "methods": {"allow": ["*"]}, "fields": {"name": {"write": "deny"}, "website_description": {"write": "deny"}}});
    let (front, door) = under(world, json!({PRODUCTS: guarded, "*": all}));
    let text = of(product.id, "name", json!({"translations": {"fr_FR": "Boulon"}}));
    door.refused("odoo_translate_field", text.clone(), &["denied"]);
    let terms = json!({"translations": {"fr_FR": {"Hello world": "Bonjour"}}});
    door.refused("odoo_translate_html", of(product.id, "website_description", terms.clone()), &["denied"]);
    let draft = json!({"model": PRODUCTS, "ids": [product.id], "target_lang": "fr_FR"});
    let id = door.ok("odoo_translate_context_aware", draft.clone())["proposal_id"].clone();
    let mut write = draft;
    write["proposal_id"] = id;
    write["dry_run"] = false.into();
    write["items"] = json!([{"number": 1, "text": "Boulon"}]);
    door.refused("odoo_translate_context_aware", write, &["denied"]);
    assert_eq!(changes(&front), 0, "a refused change reached Odoo");
    // Reading and rehearsing is not writing.
    let mut rehearsed = text.clone();
    rehearsed["dry_run"] = true.into();
    door.ok("odoo_translate_field", rehearsed);
    // A model that only reads.
    let (front, door) = under(world, json!({PRODUCTS: {"ops": ["read"]}, "*": all}));
    door.refused("odoo_translate_field", text.clone(), &["denied"]);
    assert_eq!(changes(&front), 0);
    if world.odoo.major < 16 {
        // There a translation is a record of its own, and rules for those hold as well.
        let (front, door) = under(world, json!({"ir.translation": {"ops": ["read"]}, "*": all}));
        door.refused("odoo_translate_html", of(product.id, "website_description", terms), &["denied"]);
        door.refused("odoo_translate_field", text, &["denied"]);
        assert_eq!(changes(&front), 0);
    }
    assert_eq!(shown(world, product.id, "website_description", "fr_FR"), PAGE);
}

fn what_is_hidden_is_not_translated(world: &World) {
    let product = product(world);
    let ops = json!(["read", "create", "write", "unlink", "execute"]);
    let all = json!({"ops": ops, "methods": {"allow": ["*"]}});
    let with =
        |right: &str| json!({"ops": ops, "methods": {"allow": ["*"]}, "fields": {"name": {"read": right}}});
    let name = shown(world, product.id, "name", "en_US");
    let name = name.as_str().expect("a name");
    let (front, door) = under(world, json!({PRODUCTS: with("deny"), "*": all}));
    for (tool, more) in [
        ("odoo_get_field_translations", json!({})),
        ("odoo_translate_field", json!({"translations": {"fr_FR": "Boulon"}})),
    ] {
        let error = door.refused(tool, of(product.id, "name", more), &["denied", "unknown_field"]);
        assert!(!error.to_string().contains(name), "{error}");
    }
    let list = door.ok("odoo_list_translatable_fields", json!({"model": PRODUCTS}));
    let fields = list["fields"].as_array().expect("fields");
    assert!(fields.iter().all(|field| field["name"] != "name"), "{list}");
    assert_eq!(changes(&front), 0);
    let (front, door) = under(world, json!({PRODUCTS: with("mask"), "*": all}));
    let got = door.ok("odoo_get_field_translations", of(product.id, "name", json!({})));
    assert!(!got.to_string().contains(name), "a masked name came back: {got}");
    let arguments = of(product.id, "name", json!({"translations": {"fr_FR": "Boulon"}}));
    door.refused("odoo_translate_field", arguments, &["denied"]);
    assert_eq!(changes(&front), 0);
}

/// The answer says that all went well, and yet nothing was kept: the look afterwards finds out.
fn a_change_that_odoo_does_not_keep_is_told(world: &World) {
    use super::harness::Behaviour;
    let front = world.front();
    let (door, product) = (world.door_through(&front), product(world));
    let (model, method) =
        if world.odoo.major < 16 { (PRODUCTS, "write") } else { (PRODUCTS, "update_field_translations") };
    let body = json!({"jsonrpc": "2.0", "id": 1, "result": true}).to_string();
    front.behave(move |message| {
        let recorded = super::harness::Recorded { message: message.clone() };
        if !recorded.calls(model, method) {
            return Behaviour::Pass;
        }
        let is_json2 = message.path().starts_with("/json/2/");
        let body = if is_json2 { "true".to_owned() } else { body.clone() };
        Behaviour::Answer { status: 200, content_type: "application/json", body }
    });
    let arguments = of(product.id, "name", json!({"translations": {"fr_FR": "Boulon"}}));
    let error = door.refused("odoo_translate_field", arguments, &["not_stored"]);
    assert!(error["message"].as_str().expect("a message").contains("fr_FR"), "{error}");
    assert_eq!(shown(world, product.id, "name", "fr_FR"), shown(world, product.id, "name", "en_US"));
}

/// Odoo takes one language and refuses the next: afterwards both are as they were.
fn what_was_written_before_a_failure_is_put_back(world: &World) {
    use super::harness::Behaviour;
    let front = world.front();
    let (door, product) = (world.door_through(&front), product(world));
    let name = shown(world, product.id, "name", "en_US");
    let data = json!({"name": "odoo.exceptions.UserError", "message": "not today", "arguments": ["not today"], "context": {}, "debug": ""});
    let body = json!({"jsonrpc": "2.0", "id": 1, "error": {"code": 200, "message": "Odoo Server Error", "data": data}});
    let (by_rpc, by_json2) = (body.to_string(), data.to_string());
    front.behave(move |message| {
        let recorded = super::harness::Recorded { message: message.clone() };
        let one_by_one = recorded.calls(PRODUCTS, "write") && message.text().contains("fr_FR");
        if !one_by_one && !recorded.calls(PRODUCTS, "update_field_translations") {
            return Behaviour::Pass;
        }
        let is_json2 = message.path().starts_with("/json/2/");
        let (status, body) = if is_json2 { (422, by_json2.clone()) } else { (200, by_rpc.clone()) };
        Behaviour::Answer { status, content_type: "application/json", body }
    });
    let both = json!({"translations": {"en_US": "Screw", "fr_FR": "Vis"}});
    let error = door.refused("odoo_translate_field", of(product.id, "name", both), &["user_error"]);
    if world.odoo.major < 16 {
        assert!(error["message"].as_str().expect("a message").contains("has been put back"), "{error}");
    }
    assert_eq!(shown(world, product.id, "name", "en_US"), name);
    assert_eq!(shown(world, product.id, "name", "fr_FR"), name);
}
