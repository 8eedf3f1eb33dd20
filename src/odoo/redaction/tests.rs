//! The walk over answers with definitions and rights at hand. Every hidden value holds the canary.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::{Value, json};

use super::{Asked, Known, Rights, Walk};
use crate::{
    facts::{FieldName, MethodName, ModelName},
    odoo::{Call, ModelSchema, connections::Digests},
    policy::Shown,
};

const CANARY: &str = "canary-7f3a";

fn model(name: &str) -> ModelName {
    ModelName::parse(name).unwrap()
}

/// Rights as a test states them: `model.field`, and models with a scope.
#[derive(Default)]
struct Stated {
    shown: BTreeMap<String, Shown>,
    scoped: BTreeSet<String>,
}

impl Rights for Stated {
    fn shown(&self, model: &ModelName, field: &FieldName) -> Shown {
        let right = |name: &str| self.shown.get(&format!("{model}.{name}")).copied().unwrap_or_default();
        match field.as_str() {
            "display_name" => right("name").max(right("display_name")),
            other => right(other),
        }
    }

    fn redacts(&self, model: &ModelName) -> bool {
        self.shown.keys().any(|known| known.starts_with(&format!("{model}.")))
    }

    fn shows_what_nobody_knows(&self, model: &ModelName) -> bool {
        !self.redacts(model)
    }

    fn narrows(&self) -> bool {
        true
    }

    fn read_domains(&self, model: &ModelName) -> Vec<Arc<[Value]>> {
        if !self.scoped.contains(model.as_str()) {
            return Vec::new();
        }
        vec![Arc::from([json!(["id", "<", 10])])]
    }
}

fn rights(shown: &[(&str, Shown)]) -> Stated {
    Stated {
        shown: shown.iter().map(|(name, shown)| ((*name).to_owned(), *shown)).collect(),
        ..Stated::default()
    }
}

fn scoped(mut rights: Stated, name: &str) -> Stated {
    rights.scoped.insert(name.to_owned());
    rights
}

/// Definitions of a small shop; of records asked about, those below 10 are within scope.
fn known() -> Known {
    let mut known = Known::default();
    let schemas = [
        (
            "res.partner",
            json!({
                "id": {"type": "integer"}, "name": {"type": "char"}, "display_name": {"type": "char"},
                "email": {"type": "char"}, "phone": {"type": "char"}, "active": {"type": "boolean"},
                "credit": {"type": "monetary"},
                "parent_id": {"type": "many2one", "relation": "res.partner"},
                "child_ids": {"type": "one2many", "relation": "res.partner"},
                "user_id": {"type": "many2one", "relation": "res.users"},
                "props": {"type": "properties"},
                "email_formatted": {"type": "char", "depends": ["name", "email", "parent_id.name"]},
                "mail_to": {"type": "char", "depends": ["email_formatted"]},
                "complete_name": {"type": "char", "depends": ["name", "email"]},
            }),
        ),
        (
            "res.users",
            json!({
                "id": {"type": "integer"}, "login": {"type": "char"}, "display_name": {"type": "char"},
                "partner_id": {"type": "many2one", "relation": "res.partner"},
                "name": {"type": "char", "related": "partner_id.name"},
                "email": {"type": "char", "related": "partner_id.email"},
            }),
        ),
        (
            "sale.order",
            json!({
                "id": {"type": "integer"}, "name": {"type": "char"}, "display_name": {"type": "char"},
                "date": {"type": "date"}, "amount": {"type": "monetary"},
                "partner_id": {"type": "many2one", "relation": "res.partner"},
                "user_id": {"type": "many2one", "relation": "res.users"},
                "mail": {"type": "char", "related": "partner_id.email"},
                "seller_mail": {"type": "char", "related": "user_id.email"},
                "lost": {"type": "char", "related": "nobody_id.email"},
                "origin": {"type": "reference"},
            }),
        ),
    ];
    for (name, fields) in schemas {
        let schema = ModelSchema::read(&model(name), fields.as_object().unwrap());
        known.schemas.insert(model(name), Arc::new(schema));
    }
    for name in ["res.partner", "res.users", "sale.order"] {
        known.asked.insert(model(name), (1..100).collect());
        known.within.insert(model(name), (1..10).collect());
    }
    known
}

fn call(name: &str, method: &str) -> Call {
    Call::new(&model(name), MethodName::parse(method).unwrap())
}

#[track_caller]
fn redacted(rights: &Stated, call: &Call, mut answer: Value) -> Value {
    let (known, digests) = (known(), Digests::without_key());
    let mut walk = Walk::new(rights, &digests, &known);
    walk.answer(&Asked::of(call), &mut answer).unwrap();
    assert!(walk.into_needs().is_empty(), "{answer}");
    answer
}

#[track_caller]
fn check(rights: &Stated, call: &Call, answer: Value, expected: Value) {
    let shown = redacted(rights, call, answer);
    assert!(!shown.to_string().contains(CANARY), "{shown}");
    assert_eq!(shown, expected);
}

#[test]
fn hidden_fields_go_and_masked_ones_keep_their_place() {
    let rights = rights(&[
        ("res.partner.email", Shown::Mask),
        ("res.partner.phone", Shown::Never),
        ("res.partner.credit", Shown::Last4),
        ("res.partner.active", Shown::Mask),
    ]);
    let row = json!({"id": 7, "name": "Azure", "email": CANARY, "phone": CANARY, "credit": 12345678, "active": false});
    let seen = json!({"id": 7, "name": "Azure", "email": "***", "credit": "***5678", "active": "***"});
    for method in ["read", "search_read", "web_read", "web_save"] {
        check(&rights, &call("res.partner", method), json!([row]), json!([seen]));
    }
    check(
        &rights,
        &call("res.partner", "web_search_read"),
        json!({"records": [row], "length": 1}),
        json!({"records": [seen], "length": 1}),
    );
}

#[test]
fn a_mask_does_not_tell_whether_there_is_a_value() {
    let rights = rights(&[("res.partner.email", Shown::Mask), ("res.partner.phone", Shown::Last4)]);
    for (email, phone) in
        [(json!(false), json!(false)), (json!(""), json!("1234")), (json!("x"), json!(null))]
    {
        let row = json!([{"id": 7, "email": email, "phone": phone}]);
        let seen = json!([{"id": 7, "email": "***", "phone": "***"}]);
        check(&rights, &call("res.partner", "read"), row, seen);
    }
}

#[test]
fn names_of_other_records_are_seen_by_their_own_right() {
    let hidden = rights(&[("res.partner.name", Shown::Mask)]);
    let row = json!([{"id": 1, "partner_id": [7, CANARY], "user_id": [2, CANARY], "name": "S1"}]);
    // The name of a user is that of a contact.
    let seen = json!([{"id": 1, "partner_id": 7, "user_id": 2, "name": "S1"}]);
    check(&hidden, &call("sale.order", "read"), row, seen);
    let names = json!([[7, CANARY], [8, CANARY]]);
    check(&hidden, &call("res.partner", "name_search"), names.clone(), json!([[7, "***"], [8, "***"]]));
    let gone = rights(&[("res.partner.display_name", Shown::Never)]);
    check(&gone, &call("res.partner", "name_get"), names, json!([[7, false], [8, false]]));
    check(&gone, &call("res.partner", "name_create"), json!([7, CANARY]), json!([7, false]));
    let plain = rights(&[("res.partner.email", Shown::Never)]);
    check(
        &plain,
        &call("sale.order", "read"),
        json!([{"partner_id": [7, "Azure"]}]),
        json!([{"partner_id": [7, "Azure"]}]),
    );
}

#[test]
fn a_related_field_is_seen_as_what_it_shows() {
    let rights = rights(&[("res.partner.email", Shown::Never)]);
    let row = json!([{"id": 1, "mail": CANARY, "seller_mail": CANARY, "lost": CANARY, "name": "S1"}]);
    check(&rights, &call("sale.order", "read"), row, json!([{"id": 1, "lost": "***", "name": "S1"}]));
}

#[test]
fn a_computed_field_is_seen_as_what_it_is_computed_from() {
    let masked = rights(&[("res.partner.email", Shown::Mask)]);
    let row = json!([{"id": 1, "email_formatted": CANARY, "mail_to": CANARY, "complete_name": "Azure"}]);
    let seen = json!([{"id": 1, "email_formatted": "***", "mail_to": "***", "complete_name": "Azure"}]);
    check(&masked, &call("res.partner", "read"), row.clone(), seen);
    let gone = rights(&[("res.partner.email", Shown::Never)]);
    check(&gone, &call("res.partner", "read"), row, json!([{"id": 1, "complete_name": "Azure"}]));
    let nameless = rights(&[("res.partner.name", Shown::Mask)]);
    let row = json!([{"id": 1, "complete_name": CANARY, "mail_to": CANARY}]);
    check(
        &nameless,
        &call("res.partner", "read"),
        row,
        json!([{"id": 1, "complete_name": "***", "mail_to": "***"}]),
    );
}

#[test]
fn nested_records_are_seen_by_their_own_model() {
    let rights = rights(&[("res.partner.email", Shown::Mask), ("res.users.login", Shown::Never)]);
    let answer = json!([{
        "id": 1,
        "partner_id": {"id": 7, "email": CANARY, "user_id": {"id": 2, "login": CANARY, "email": CANARY}},
        "origin": {"id": {"id": 8, "model": "res.partner"}, "email": CANARY},
    }]);
    let seen = json!([{
        "id": 1,
        "partner_id": {"id": 7, "email": "***", "user_id": {"id": 2, "email": "***"}},
        "origin": {"id": {"id": 8, "model": "res.partner"}, "email": "***"},
    }]);
    check(&rights, &call("sale.order", "web_read"), answer, seen);
    let children = json!([{"id": 1, "child_ids": [{"id": 3, "email": CANARY}, 4]}]);
    let seen = json!([{"id": 1, "child_ids": [{"id": 3, "email": "***"}, 4]}]);
    check(&rights, &call("res.partner", "web_read"), children, seen);
    let reference = json!([{"id": 1, "origin": {"id": 8, "email": CANARY}, "unknown": [8, CANARY]}]);
    let seen = json!([{"id": 1, "origin": {"id": 8}, "unknown": 8}]);
    check(&rights, &call("sale.order", "web_read"), reference, seen);
}

#[test]
fn related_records_out_of_scope_are_ids() {
    let rights = scoped(rights(&[]), "res.partner");
    let answer = json!([{
        "id": 1,
        "partner_id": [77, CANARY],
        "user_id": {"id": 2, "partner_id": {"id": 78, "email": CANARY}},
    }, {"id": 2, "partner_id": [7, "Azure"]}]);
    let seen = json!([
        {"id": 1, "partner_id": 77, "user_id": {"id": 2, "partner_id": {"id": 78}}},
        {"id": 2, "partner_id": [7, "Azure"]},
    ]);
    check(&rights, &call("sale.order", "web_read"), answer, seen);
}

#[test]
fn what_is_not_known_is_asked_for() {
    let rights = scoped(rights(&[]), "res.partner");
    let (known, digests) = (Known::default(), Digests::without_key());
    let mut walk = Walk::new(&rights, &digests, &known);
    let mut answer = json!([{"id": 1, "partner_id": [7, "Azure"]}]);
    walk.answer(&Asked::of(&call("sale.order", "read")), &mut answer).unwrap();
    assert!(walk.into_needs().schemas.contains(&model("sale.order")));
}

#[test]
fn properties_show_names_as_relations_do() {
    let rights = rights(&[("res.users.name", Shown::Mask)]);
    let answer = json!([{"id": 1, "props": [
        {"name": "a", "type": "many2one", "comodel": "res.users", "value": [2, CANARY]},
        {"name": "b", "type": "many2many", "comodel": "res.users", "value": [[2, CANARY]]},
        {"name": "c", "type": "char", "value": "kept"},
    ]}]);
    let seen = json!([{"id": 1, "props": [
        {"name": "a", "type": "many2one", "comodel": "res.users", "value": 2},
        {"name": "b", "type": "many2many", "comodel": "res.users", "value": [2]},
        {"name": "c", "type": "char", "value": "kept"},
    ]}]);
    check(&rights, &call("res.partner", "read"), answer, seen);
}

#[test]
fn groups_are_seen_by_what_they_are_made_of() {
    let rights = rights(&[("sale.order.amount", Shown::Mask), ("res.partner.name", Shown::Never)]);
    let groups = json!([{
        "partner_id": [7, CANARY], "amount:sum": 42, "total": 42, "date:month": "May 2026",
        "partner_id_count": 3, "__count": 3, "__domain": [["partner_id", "=", 7]],
    }]);
    let seen = json!([{
        "partner_id": 7, "amount:sum": "***", "total": "***", "date:month": "May 2026",
        "partner_id_count": 3, "__count": 3,
    }]);
    let asked =
        call("sale.order", "read_group").unnamed_arg(json!([])).unnamed_arg(json!(["total:sum(amount)"]));
    check(&rights, &asked, groups.clone(), seen.clone());
    let asked = call("sale.order", "web_read_group").named("aggregates", json!(["total:sum(amount)"]));
    let answer =
        json!({"groups": [{"__records": [{"id": 1, "amount": 42}], "partner_id": [7, CANARY]}], "length": 1});
    let opened =
        json!({"groups": [{"__records": [{"id": 1, "amount": "***"}], "partner_id": 7}], "length": 1});
    check(&rights, &asked, answer, opened);
    let dotted = json!([{"partner_id.name": CANARY, "partner_id.nobody": 1, "__count": 1}]);
    check(&rights, &asked, dotted, json!([{"partner_id.nobody": 1, "__count": 1}]));
}

#[test]
fn exported_columns_are_seen_by_the_end_of_their_paths() {
    let shown = rights(&[("res.partner.email", Shown::Mask), ("res.partner.name", Shown::Never)]);
    let asked = call("sale.order", "export_data").unnamed_arg(json!([
        "name",
        "partner_id",
        "partner_id/email",
        "partner_id/id",
        "partner_id/.id",
        "user_id/name"
    ]));
    let answer =
        json!({"datas": [["S1", CANARY, CANARY, "base.p7", 7, CANARY], ["", "", "", "", "", "", CANARY]]});
    let seen = json!({"datas": [["S1", "***", "***", "base.p7", 7, "***"], ["", "", "", "", "", "", "***"]]});
    check(&shown, &asked, answer, seen);
    let through = scoped(rights(&[]), "res.partner");
    let asked =
        call("sale.order", "export_data").named("fields_to_export", json!(["name", "partner_id/phone"]));
    check(&through, &asked, json!({"datas": [["S1", CANARY]]}), json!({"datas": [["S1", "***"]]}));
}

#[test]
fn definitions_do_not_name_hidden_fields() {
    let rights = rights(&[("res.partner.phone", Shown::Never), ("res.partner.email", Shown::Mask)]);
    let answer = json!({"phone": {"type": "char", "help": CANARY}, "email": {"type": "char"},
        "name": {"type": "char", "depends": ["phone", "email"]}});
    let seen = json!({"email": {"type": "char"}, "name": {"type": "char", "depends": ["email"]}});
    check(&rights, &call("res.partner", "fields_get"), answer, seen);
    check(
        &rights,
        &call("res.partner", "default_get"),
        json!({"phone": CANARY, "email": CANARY, "user_id": 2}),
        json!({"email": "***", "user_id": 2}),
    );
    let (known, digests) = (known(), Digests::without_key());
    for (arch, is_shown) in [
        ("<list><field name=\"name\"/></list>", true),
        ("<list><field name=\"telephone\"/></list>", true),
        ("<list><field name=\"phone\"/></list>", false),
        ("<list><field name=\"name\" invisible=\"not phone\"/></list>", false),
    ] {
        let mut answer = json!({"arch": arch, "models": {"res.partner": ["name", "phone"]}});
        let mut walk = Walk::new(&rights, &digests, &known);
        let outcome = walk.answer(&Asked::of(&call("res.partner", "get_view")), &mut answer);
        assert_eq!(outcome.is_ok(), is_shown, "{arch}");
    }
}

#[test]
fn answers_of_unknown_methods_are_searched_for_fields() {
    let rights = rights(&[("res.partner.email", Shown::Mask), ("res.partner.phone", Shown::Never)]);
    let answer = json!({"value": {"email": CANARY, "phone": CANARY, "name": "x"}, "list": [{"deep": {"email": CANARY}}]});
    let seen = json!({"value": {"email": "***", "name": "x"}, "list": [{"deep": {"email": "***"}}]});
    check(&rights, &call("res.partner", "onchange"), answer, seen);
    check(
        &rights,
        &call("res.partner", "load"),
        json!({"ids": false, "messages": [{"type": "error", "message": CANARY, "record": {"email": CANARY}}]}),
        json!({"ids": false, "messages": [{"type": "error", "message": super::fault::CLOSED_MESSAGE}]}),
    );
    let asked = call("res.partner", "get_field_translations").unnamed_arg(json!("email"));
    check(
        &rights,
        &asked,
        json!([[{"lang": "fr_FR", "source": CANARY, "value": CANARY}], {"x": 1}]),
        json!([[{"lang": "fr_FR", "source": "***", "value": "***"}], {"x": 1}]),
    );
}

#[test]
fn what_could_hold_anything_is_withheld_where_fields_are_hidden() {
    let rights = rights(&[("res.partner.email", Shown::Mask)]);
    for answer in [json!([CANARY]), json!(CANARY), json!({"x": CANARY}), json!([7, CANARY]), json!(7)] {
        let shown = redacted(&rights, &call("res.partner", "mapped"), answer);
        assert!(!shown.to_string().contains(CANARY) && shown["withheld"].is_string(), "{shown}");
    }
    for answer in [json!(true), json!(false), json!(null)] {
        check(&rights, &call("res.partner", "mapped"), answer.clone(), answer);
    }
    check(
        &rights,
        &call("res.partner", "open_it"),
        json!({"type": "ir.actions.act_window", "res_id": 7, "name": CANARY, "context": {"default_email": CANARY}, "id": [CANARY]}),
        json!({"type": "ir.actions.act_window", "res_id": 7}),
    );
    // Where nothing is hidden, nothing is withheld.
    check(&rights, &call("sale.order", "total"), json!([7]), json!([7]));
}

#[test]
fn digests_are_equal_for_equal_values_of_one_grant() {
    let folder = tempfile::tempdir().unwrap();
    let dir = crate::store::StateDir::open(&folder.path().join("state")).unwrap();
    let rights = rights(&[("res.partner.email", Shown::Hash), ("sale.order.partner_id", Shown::Hash)]);
    let digest = |grant: &str, name: &str, row: Value| {
        let (known, digests) = (known(), Digests::in_directory(&dir, grant));
        let mut walk = Walk::new(&rights, &digests, &known);
        let mut answer = json!([row]);
        walk.answer(&Asked::of(&call(name, "read")), &mut answer).unwrap();
        assert!(!answer.to_string().contains(CANARY), "{answer}");
        answer
    };
    let one = digest("a", "res.partner", json!({"id": 1, "email": CANARY}));
    assert_eq!(one, digest("a", "res.partner", json!({"id": 1, "email": CANARY})));
    assert_ne!(one, digest("b", "res.partner", json!({"id": 1, "email": CANARY})));
    assert_ne!(one, digest("a", "res.partner", json!({"id": 1, "email": "other"})));
    let pair = digest("a", "sale.order", json!({"id": 1, "partner_id": [7, CANARY]}));
    assert_eq!(pair, digest("a", "sale.order", json!({"id": 1, "partner_id": 7})));
    assert!(one[0]["email"].as_str().unwrap().starts_with("hash:"), "{one}");
}
