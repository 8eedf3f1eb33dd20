//! Limits that count money: what an id of a currency is, and which currency a company has, is asked of
//! Odoo before anything is changed, and an amount in another currency changes nothing.

use std::hash::{BuildHasher, RandomState};

use serde_json::{Value, json};

use super::{
    harness::{Door, Front, World, unique},
    hidden_effects::reached,
};

super::scenarios![
    an_amount_in_another_currency_reaches_nothing,
    the_same_currency_is_charged_however_it_is_named,
    a_currency_by_its_code_asks_nothing,
];

const LOOK_UPS: [&str; 2] = ["res.currency.search_read", "res.company.search_read"];

/// Id and code of the currency of the user's company, and of another one.
struct Money {
    own: (i64, String),
    other: (i64, String),
}

impl Money {
    fn of(world: &World) -> Self {
        let oracle = world.oracle();
        let company = oracle.field("res.users", oracle.uid(), "company_id")[0].as_i64().unwrap();
        let own = oracle.field("res.company", company, "currency_id")[0].as_i64().unwrap();
        let other = oracle.search("res.currency", json!([["id", "!=", own]]))[..]
            .first()
            .copied()
            .unwrap_or_else(|| {
                let archived = json!([[["id", "!=", own], ["active", "=", false]]]);
                let found = oracle.call("res.currency", "search", archived, json!({}));
                found[0].as_i64().expect("a second currency")
            });
        let code = |id: i64| oracle.field("res.currency", id, "name").as_str().unwrap().to_owned();
        Self { own: (own, code(own)), other: (other, code(other)) }
    }
}

/// Countries stand for payments: they exist everywhere, with a number and a currency.
fn counting(world: &World, money: &Money, currency_from: &str) -> (Front, Door) {
    let limit = json!({
        "counter": "spent", "window": "day", "max": "10.00", "increment_from": "odoo.values.phone_code",
        "unit": format!("money:{}", money.own.1), "currency_from": currency_from,
    });
    let policy = json!({
        "version": "1", "default": "allow",
        "tools": {"odoo_create": {"limits": [limit]}},
    });
    let front = world.front();
    let settings = world.settings().variable("ODOO_URL", &front.url()).policy(&policy);
    (front, Door::open(settings))
}

/// A country that costs so much; its code is unlike that of any other.
fn country(amount: i64, more: Value) -> Value {
    let random = RandomState::new().hash_one(unique("Country"));
    let letter = |bits: u64| char::from_u32(0x4E00 + u32::try_from(bits & 0x3FFF).unwrap()).unwrap();
    let code: String = [letter(random), letter(random >> 20)].into_iter().collect();
    let mut values = json!({"name": unique("Country"), "code": code, "phone_code": amount});
    values.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"model": "res.country", "values": values})
}

#[track_caller]
fn check_refused(front: &Front, door: &Door, call: Value, code: &str) {
    front.forget();
    let name = call["values"]["name"].clone();
    let error = door.refused("odoo_create", call, &[code]);
    assert_eq!(error["rule"], "/tools/odoo_create/limits/0", "{error}");
    let mut reached = reached(front);
    reached.retain(|call| !LOOK_UPS.contains(&call.as_str()));
    assert!(reached.is_empty(), "{name} reached Odoo: {reached:?}");
}

fn an_amount_in_another_currency_reaches_nothing(world: &World) {
    let money = Money::of(world);
    let (front, door) = counting(world, &money, "odoo.values.currency_id");
    for currency in [
        json!(money.other.0),
        json!([money.other.0, money.own.1]),
        json!(money.other.1),
        json!(money.own.0 + 1_000_000),
        json!(0),
        json!("1"),
        json!(false),
        json!([]),
    ] {
        check_refused(&front, &door, country(1, json!({"currency_id": currency})), "bad_amount");
    }
    let mut elsewhere = country(1, json!({}));
    elsewhere["context"] = json!({"allowed_company_ids": [1_000_000]});
    check_refused(&front, &door, elsewhere, "bad_amount");
    let mut hidden = country(1, json!({}));
    hidden["context"] = json!({"default_currency_id": money.other.0});
    check_refused(&front, &door, hidden, "bad_amount");
}

fn the_same_currency_is_charged_however_it_is_named(world: &World) {
    let money = Money::of(world);
    let (front, door) = counting(world, &money, "odoo.values.currency_id");
    let mut made = Vec::new();
    for more in [json!({"currency_id": money.own.0}), json!({})] {
        let result = door.ok("odoo_create", country(4, more));
        made.push(world.adopt("res.country", super::records_write::created(&result)[0]));
    }
    for more in [json!({"currency_id": money.own.0}), json!({"currency_id": [money.own.0, "x"]}), json!({})] {
        check_refused(&front, &door, country(4, more), "denied");
    }
    assert_eq!(front.calls_of("res.currency", "search_read"), 0, "the table is kept");
}

fn a_currency_by_its_code_asks_nothing(world: &World) {
    let money = Money::of(world);
    let (front, door) = counting(world, &money, "odoo.values.vat_label");
    check_refused(&front, &door, country(4, json!({"vat_label": money.other.1})), "bad_amount");
    let result = door.ok("odoo_create", country(8, json!({"vat_label": money.own.1})));
    let _made = world.adopt("res.country", super::records_write::created(&result)[0]);
    check_refused(&front, &door, country(4, json!({"vat_label": money.own.1})), "denied");
    assert_eq!(front.calls_of("res.currency", "search_read"), 0, "a code needs no table");
}
