//! The house itself: its companies, users and groups, and the tags of contacts.

use serde_json::{Value, json};

use super::{Loader, firms::firm_id, id_at, places::country};

/// Name, parent.
const CATEGORIES: &[(&str, Option<i64>)] = &[
    ("Customer", None),
    ("Gold", Some(1)),
    ("Silver", Some(1)),
    ("Vendor", None),
    ("Logistics", Some(4)),
    ("Prospect", None),
];

pub(super) fn load(loader: &mut Loader) {
    categories(loader);
    house(loader);
    users(loader);
}

/// The two companies the database belongs to.
fn house(loader: &mut Loader) {
    let companies = [
        (1, 1, "Sandbox Trading", "Marktplatz 1", "50667", "Köln", "DE"),
        (2, 4, "Sandbox Services", "Place du Marché 2", "1000", "Bruxelles", "BE"),
    ];
    for (id, partner, name, street, zip, city, code) in companies {
        let email = if id == 1 { "info@trading.example" } else { "info@services.example" };
        let values = [
            ("name", json!(name)),
            ("is_company", json!(true)),
            ("active", json!(true)),
            ("type", json!("contact")),
            ("lang", json!("en_US")),
            ("street", json!(street)),
            ("zip", json!(zip)),
            ("city", json!(city)),
            ("country_id", country(code)),
            ("email", json!(email)),
            ("phone", json!("+49 221 5550100")),
            ("website", json!("https://trading.example")),
        ];
        loader.put("res.partner", partner, values);
        // Made while the database was, when there was no user yet.
        loader.db.set("res.partner", partner, [("create_uid", json!(false))]);
        let values = [
            ("name", json!(name)),
            ("partner_id", json!(partner)),
            ("currency_id", json!(1)),
            ("sequence", json!(id)),
        ];
        loader.put("res.company", id, values);
        if !loader.is_14() {
            loader.db.set("res.company", id, [("active", json!(true))]);
        }
    }
}

fn users(loader: &mut Loader) {
    // Id, partner, name, login, portal user of which firm, companies, groups.
    let users: [(i64, i64, &str, &str, Value, Value, Value); 4] = [
        (1, 2, "System", "__system__", json!(false), json!([1]), json!([1, 2])),
        (2, 3, "Administrator", "admin", json!(false), json!([1, 2]), json!([1, 2, 4, 5])),
        (6, 6, "Sales Desk", "demo", json!(false), json!([1]), json!([1, 4])),
        (7, 7, "Harbour Portal", "portal", json!(firm_id(1)), json!([1]), json!([3])),
    ];
    let groups = [
        (1, if loader.is_14() { "Internal User" } else { "Role / User" }),
        (2, if loader.is_14() { "Settings" } else { "Role / Administrator" }),
        (3, "Portal"),
        (4, "User: All Documents"),
        (5, "Billing"),
    ];
    for (id, name) in groups {
        loader.put("res.groups", id, [("name", json!(name)), ("share", json!(id == 3))]);
    }
    for (id, partner, name, login, parent, companies, group_ids) in users {
        let active = id != 1;
        let address = format!("{}@trading.example", if id == 1 { "system" } else { login });
        let values = [
            ("name", json!(name)),
            ("active", json!(active)),
            ("type", json!("contact")),
            ("lang", json!("en_US")),
            ("tz", json!("Europe/Brussels")),
            ("email", json!(address)),
            ("parent_id", if id == 7 { parent } else { json!(1) }),
            ("function", json!(if id == 6 { "Sales" } else { "" })),
        ];
        loader.put("res.partner", partner, values);
        if id == 1 {
            loader.db.set("res.partner", partner, [("parent_id", json!(false))]);
        }
        let group_field = if loader.is_14() { "groups_id" } else { "group_ids" };
        let values = [
            ("login", json!(login)),
            ("active", json!(active)),
            ("partner_id", json!(partner)),
            ("company_id", json!(1)),
            ("company_ids", companies),
            (group_field, group_ids),
            ("share", json!(id == 7)),
            ("notification_type", json!("email")),
            ("signature", json!(format!("<p>{name}</p>"))),
        ];
        loader.put("res.users", id, values);
    }
}

fn categories(loader: &mut Loader) {
    for (index, (name, parent)) in CATEGORIES.iter().enumerate() {
        let values = [
            ("name", json!(name)),
            ("parent_id", parent.map_or(json!(false), Value::from)),
            ("color", json!(id_at(index))),
            ("active", json!(true)),
        ];
        loader.put("res.partner.category", id_at(index), values);
    }
}
