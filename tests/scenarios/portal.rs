//! The lists of the portal: the same documents that Odoo's own pages list for the same user.

use serde_json::{Value, json};

use super::harness::{Door, DoorSettings, Oracle, World, unique};

super::scenarios![
    an_order_of_the_customer_is_a_row,
    pages_of_orders_follow_each_other,
    a_search_and_days_choose_orders,
    an_internal_user_sees_what_the_portal_shows_him,
    invoices_are_rows_with_amounts,
    invoices_can_be_chosen,
    what_is_not_installed_is_said,
    the_home_counts_what_the_lists_list,
    what_cannot_be_meant_is_refused,
    a_policy_on_the_model_holds_for_its_list,
    a_policy_on_the_contact_holds_too,
    formulas_and_markup_in_names_stay_text,
];

/// The portal user of the demo data.
const PORTAL: &str = "portal";

fn portal_oracle(world: &World) -> Oracle {
    Oracle::signed_in_as(&world.odoo, PORTAL, PORTAL)
}

#[track_caller]
fn portal_door(world: &World) -> Door {
    let settings = DoorSettings::new(world.via)
        .variable("ODOO_URL", &world.odoo.url)
        .variable("ODOO_DB", &world.odoo.db)
        .variable("ODOO_USERNAME", PORTAL)
        .variable("ODOO_PASSWORD", PORTAL);
    Door::open(settings)
}

/// The contact of a user and the company behind it.
fn contact_of(oracle: &Oracle) -> (i64, i64) {
    let rows = oracle.call("res.users", "read", json!([[oracle.uid()], ["partner_id"]]), json!({}));
    let partner = rows[0]["partner_id"][0].as_i64().expect("a contact");
    let rows = oracle.call("res.partner", "read", json!([[partner], ["commercial_partner_id"]]), json!({}));
    (partner, rows[0]["commercial_partner_id"][0].as_i64().expect("a company"))
}

/// The domain of `/my/orders` as the controllers of 14 and 19 write it.
fn orders_of(major: u32, company: i64) -> Value {
    if major >= 19 {
        json!([["partner_id", "child_of", [company]], ["state", "=", "sale"]])
    } else {
        json!([["message_partner_ids", "child_of", [company]], ["state", "in", ["sale", "done"]]])
    }
}

/// A confirmed order of the portal's customer, taken back when the scenario ends.
struct Order {
    oracle: Oracle,
    id: i64,
    name: String,
}

impl Order {
    #[track_caller]
    fn of_portal_customer(world: &World) -> Self {
        let (partner, _) = contact_of(&portal_oracle(world));
        Self::of(world, partner, &unique("S"))
    }

    #[track_caller]
    fn of(world: &World, partner: i64, name: &str) -> Self {
        let oracle = world.oracle();
        let id = oracle.create("sale.order", json!({"partner_id": partner, "name": name}));
        let order = Self { oracle, id, name: name.to_owned() };
        order.oracle.call("sale.order", "write", json!([[id], {"state": "sale"}]), json!({}));
        // Up to 17 the portal lists what a customer follows.
        let _ = order.oracle.try_call("sale.order", "message_subscribe", json!([[id], [partner]]), json!({}));
        order
    }
}

impl Drop for Order {
    fn drop(&mut self) {
        let _ =
            self.oracle.try_call("sale.order", "write", json!([[self.id], {"state": "cancel"}]), json!({}));
        let _ = self.oracle.try_call("sale.order", "unlink", json!([[self.id]]), json!({}));
    }
}

#[track_caller]
fn row_of<'a>(page: &'a Value, name: &str) -> &'a Value {
    let rows = page["rows"].as_array().expect("rows");
    rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("no row `{name}`: {page}"))
}

fn an_order_of_the_customer_is_a_row(world: &World) {
    let order = Order::of_portal_customer(world);
    let (oracle, door) = (portal_oracle(world), portal_door(world));
    let page = door.ok("public_access_portal_orders", json!({"search": order.name}));
    assert_eq!(page["total"], 1, "{page}");
    let row = row_of(&page, &order.name);
    assert_eq!(row["id"], order.id);
    assert_eq!(row["state"], "sale");
    assert_eq!(row["state_label"], "Sales Order");
    assert_eq!(row["amount"], oracle.field("sale.order", order.id, "amount_total"));
    assert_eq!(row["date"], oracle.field("sale.order", order.id, "date_order"));
    let currency = oracle.field("sale.order", order.id, "currency_id");
    assert_eq!(row["currency"], currency[1]);
    let path = format!("/my/orders/{}", order.id);
    let url = row["url"].as_str().expect("a url");
    assert!(url.starts_with(&world.odoo.url) && url.contains(&path), "{url}");
    let pdf = row["pdf_url"].as_str().expect("a url");
    assert!(pdf.contains(&path) && pdf.contains("report_type=pdf"), "{pdf}");
    // A draft is not in the portal.
    world.oracle().call("sale.order", "write", json!([[order.id], {"state": "draft"}]), json!({}));
    let page = door.ok("public_access_portal_orders", json!({"search": order.name}));
    assert_eq!(page["total"], 0, "{page}");
    assert_eq!(page["rows"], json!([]));
}

fn pages_of_orders_follow_each_other(world: &World) {
    let prefix = unique("Pages");
    let (partner, _) = contact_of(&portal_oracle(world));
    let _orders: Vec<Order> =
        (0..5).map(|number| Order::of(world, partner, &format!("{prefix}-{number}"))).collect();
    let door = portal_door(world);
    let mut seen = Vec::new();
    for page in 1..=3 {
        let asked = json!({"page": page, "page_size": 2, "sortby": "name", "search": prefix});
        let answer = door.ok("public_access_portal_orders", asked);
        assert_eq!(answer["total"], 5, "{answer}");
        assert_eq!(answer["has_next"], page < 3, "{answer}");
        let rows = answer["rows"].as_array().expect("rows");
        seen.extend(rows.iter().map(|row| row["name"].as_str().expect("a name").to_owned()));
    }
    let expected: Vec<String> = (0..5).map(|number| format!("{prefix}-{number}")).collect();
    assert_eq!(seen, expected);
    let beyond = door.ok("public_access_portal_orders", json!({"page": 9, "page_size": 2, "search": prefix}));
    assert_eq!(beyond["rows"], json!([]));
    assert_eq!(beyond["has_next"], false);
}

fn a_search_and_days_choose_orders(world: &World) {
    let order = Order::of_portal_customer(world);
    let door = portal_door(world);
    let made = world.oracle().field("sale.order", order.id, "create_date");
    let day = made.as_str().expect("a moment").split(' ').next().expect("a day").to_owned();
    let count = |more: Value| {
        let mut asked = json!({"search": order.name});
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        door.ok("public_access_portal_orders", asked)["total"].as_u64()
    };
    assert_eq!(count(json!({"date_begin": day, "date_end": day})), Some(1));
    assert_eq!(count(json!({"date_begin": "2100-01-01"})), Some(0));
    assert_eq!(count(json!({"date_end": "2001-01-01"})), Some(0));
    assert_eq!(count(json!({"filterby": "quotations"})), Some(0));
}

fn an_internal_user_sees_what_the_portal_shows_him(world: &World) {
    let (oracle, door) = (world.oracle(), world.door());
    let (partner, company) = contact_of(&oracle);
    let order = Order::of(world, partner, &unique("S"));
    let page = door.ok("public_access_portal_orders", json!({"search": order.name}));
    assert_eq!(page["total"], 1, "{page}");
    // Others' orders, which he may read, are not in his portal.
    let foreign = Order::of_portal_customer(world);
    let page = door.ok("public_access_portal_orders", json!({"search": foreign.name}));
    let mut domain = orders_of(world.odoo.major, company);
    domain.as_array_mut().unwrap().push(json!(["name", "=", foreign.name]));
    let expected = oracle.count("sale.order", domain);
    assert_eq!(page["total"].as_u64(), Some(expected as u64), "{page}");
}

fn invoices_are_rows_with_amounts(world: &World) {
    let (oracle, door) = (world.oracle(), world.door());
    let page = door.ok("public_access_portal_invoices", json!({"page_size": 80, "filterby": "invoices"}));
    let rows = page["rows"].as_array().expect("rows");
    assert!(!rows.is_empty(), "demo data has invoices: {page}");
    for row in rows.iter().take(5) {
        let id = row["id"].as_i64().expect("an id");
        let fields = json!(["name", "amount_total", "amount_residual", "invoice_date", "state", "move_type"]);
        let record = &oracle.call("account.move", "read", json!([[id], fields]), json!({}))[0];
        assert_eq!(row["amount"], record["amount_total"], "{row}");
        assert_eq!(row["amount_due"], record["amount_residual"], "{row}");
        assert_eq!(row["state"], record["state"], "{row}");
        assert_eq!(row["type"], record["move_type"], "{row}");
        assert!(row["type"].as_str().is_some_and(|kind| kind.starts_with("out_")), "{row}");
        if world.odoo.major >= 15 {
            assert_eq!(record["state"], "posted", "{row}");
        }
        assert!(row["url"].as_str().is_some_and(|url| url.ends_with(&format!("/my/invoices/{id}"))), "{row}");
    }
}

fn invoices_can_be_chosen(world: &World) {
    let door = world.door();
    let total = |filter: &str| {
        let page = door.ok("public_access_portal_invoices", json!({"filterby": filter, "page_size": 1}));
        assert_eq!(page["filterby"], filter);
        page["total"].as_u64().expect("a number")
    };
    let all = total("all");
    assert!(total("invoices") <= all && total("bills") <= all && total("overdue_invoices") <= all);
    let page = door.ok("public_access_portal_invoices", json!({"filterby": "bills", "page_size": 80}));
    for row in page["rows"].as_array().expect("rows") {
        assert!(row["type"].as_str().is_some_and(|kind| kind.starts_with("in_")), "{row}");
    }
}

/// Whether the server has a model, asked of the server itself.
fn has(world: &World, model: &str) -> bool {
    world.oracle().try_call(model, "search_count", json!([[]]), json!({})).is_ok()
}

fn what_is_not_installed_is_said(world: &World) {
    let door = world.door();
    for (tool, model) in [
        ("public_access_portal_tickets", "helpdesk.ticket"),
        ("public_access_portal_purchases", "purchase.order"),
        ("public_access_portal_orders", "sale.order"),
    ] {
        match door.call(tool, json!({})) {
            Ok(page) => {
                assert!(has(world, model), "{tool} without {model}: {page}");
                assert!(page["rows"].is_array());
            }
            Err(error) => {
                assert!(!has(world, model), "{tool}: {error}");
                assert_eq!(error["code"], "not_installed", "{tool}: {error}");
                assert!(error["hint"].is_string(), "{error}");
            }
        }
    }
}

fn the_home_counts_what_the_lists_list(world: &World) {
    let order = Order::of_portal_customer(world);
    let (oracle, door) = (portal_oracle(world), portal_door(world));
    let (_, company) = contact_of(&oracle);
    let home = door.ok("public_access_portal_home", json!({"counters": ["orders", "tickets", "invoices"]}));
    let orders = home["counters"]["orders"].as_u64().expect("a number");
    assert!(orders >= 1, "{home} {}", order.name);
    // Other scenarios make orders of the same customer meanwhile.
    let counted =
        oracle.call("sale.order", "search_count", json!([orders_of(world.odoo.major, company)]), json!({}));
    assert!(counted.as_u64().is_some_and(|counted| counted.abs_diff(orders) <= 12), "{counted} {home}");
    let tickets = json!(["tickets"]);
    assert_eq!(home["not_installed"] == tickets, !has(world, "helpdesk.ticket"), "{home}");
    let everything = world.door().ok("public_access_portal_home", json!({}));
    assert!(everything["counters"]["invoices"].is_u64(), "{everything}");
    assert!(everything["url"].as_str().is_some_and(|url| url.ends_with("/my/home")));
}

fn what_cannot_be_meant_is_refused(world: &World) {
    let door = world.door();
    for (tool, arguments) in [
        ("public_access_portal_orders", json!({"page": 0})),
        ("public_access_portal_orders", json!({"page": "2; DROP"})),
        ("public_access_portal_orders", json!({"page_size": 100_000})),
        ("public_access_portal_orders", json!({"sortby": "partner_id.vat"})),
        ("public_access_portal_invoices", json!({"filterby": "drafts"})),
        ("public_access_portal_invoices", json!({"date_begin": "yesterday"})),
        ("public_access_portal_purchases", json!({"date_begin": "2026-02-01", "date_end": "2026-01-01"})),
        ("public_access_portal_tickets", json!({"search": "x".repeat(500)})),
        ("public_access_portal_home", json!({"counters": ["salaries"]})),
        ("public_access_portal_home", json!({"page": 1})),
    ] {
        let error = door.call(tool, arguments.clone()).expect_err("a refusal");
        assert_eq!(error["code"], "invalid_arguments", "{tool} {arguments}: {error}");
    }
}

fn a_policy_on_the_model_holds_for_its_list(world: &World) {
    let policy = json!({"version": "1", "default": "allow", "models": {
        "*": {"ops": ["read"]}, "sale.order": {"ops": []}
    }});
    let door = world.door_under(&policy);
    let error = door.call("public_access_portal_orders", json!({})).expect_err("a refusal");
    assert_eq!(error["code"], "denied", "{error}");
    let error =
        door.call("public_access_portal_home", json!({"counters": ["orders"]})).expect_err("a refusal");
    assert_eq!(error["code"], "denied", "{error}");
    door.ok("public_access_portal_home", json!({"counters": ["invoices"]}));
}

fn a_policy_on_the_contact_holds_too(world: &World) {
    let policy = json!({"version": "1", "default": "allow", "models": {
        "*": {"ops": ["read"]}, "res.partner": {"ops": []}
    }});
    let door = world.door_under(&policy);
    let error = door.call("public_access_portal_orders", json!({})).expect_err("a refusal");
    assert_eq!(error["code"], "denied", "{error}");
}

fn formulas_and_markup_in_names_stay_text(world: &World) {
    let (partner, _) = contact_of(&portal_oracle(world));
    let name = format!("<img src=x onerror=alert(1)> =1+1 {}", unique("S"));
    let order = Order::of(world, partner, &name);
    let page = portal_door(world).ok("public_access_portal_orders", json!({"search": order.name}));
    assert_eq!(row_of(&page, &name)["id"], order.id);
}
