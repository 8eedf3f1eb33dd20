//! Units, taxes, categories and products.

use serde_json::json;

use super::{Loader, id_at};

/// Name, parent.
const CATEGORIES: &[(&str, Option<i64>)] = &[
    ("All", None),
    ("Saleable", Some(1)),
    ("Office", Some(2)),
    ("Furniture", Some(3)),
    ("Supplies", Some(3)),
    ("Services", Some(1)),
    ("Packaging", Some(2)),
];

/// Code, name, price, cost, category, kind, unit, quantity at hand.
type Row = (&'static str, &'static str, f64, f64, i64, Kind, i64, f64);

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Goods,
    Service,
}

const PRODUCTS: &[Row] = &[
    ("DESK-120", "Desk 120 × 60", 249.0, 140.0, 4, Kind::Goods, 1, 24.0),
    ("DESK-160", "Desk 160 × 80", 329.0, 190.0, 4, Kind::Goods, 1, 11.0),
    ("CHAIR-01", "Office Chair", 189.5, 95.0, 4, Kind::Goods, 1, 63.0),
    ("CHAIR-02", "Visitor Chair", 79.0, 41.0, 4, Kind::Goods, 1, 120.0),
    ("LAMP-LED", "Desk Lamp LED", 49.9, 22.5, 4, Kind::Goods, 1, 85.0),
    ("SHELF-5", "Shelf, five boards", 119.0, 61.0, 4, Kind::Goods, 1, 17.0),
    ("CAB-3D", "Cabinet, three drawers", 159.0, 88.0, 4, Kind::Goods, 1, 9.0),
    ("BOARD-W", "Whiteboard", 99.0, 48.0, 5, Kind::Goods, 1, 31.0),
    ("PAPER-A4", "Paper A4, 500 sheets", 5.9, 3.1, 5, Kind::Goods, 1, 940.0),
    ("PEN-BLUE", "Ballpoint Pen, blue", 1.2, 0.4, 5, Kind::Goods, 1, 2300.0),
    ("BOX-M", "Shipping Box, medium", 2.4, 1.1, 7, Kind::Goods, 1, 600.0),
    ("BOX-L", "Shipping Box, large", 3.6, 1.7, 7, Kind::Goods, 1, 410.0),
    ("TAPE-50", "Packing Tape 50 mm", 3.2, 1.4, 7, Kind::Goods, 1, 280.0),
    ("ASSEMBLY", "Furniture Assembly", 65.0, 38.0, 6, Kind::Service, 3, 0.0),
    ("DELIVERY", "Delivery", 29.0, 18.0, 6, Kind::Service, 1, 0.0),
    ("PLANNING", "Workplace Planning", 110.0, 62.0, 6, Kind::Service, 3, 0.0),
];

/// How many products there are; their ids start at 1.
pub(super) fn count() -> usize {
    PRODUCTS.len()
}

/// Code, name and price of a product by its place.
pub(super) fn facts(index: usize) -> (&'static str, &'static str, f64, i64) {
    PRODUCTS.get(index).map_or(("", "", 0.0, 1), |row| (row.0, row.1, row.2, row.6))
}

pub(super) fn load(loader: &mut Loader) {
    units(loader);
    taxes(loader);
    for (index, (name, parent)) in CATEGORIES.iter().enumerate() {
        loader.put(
            "product.category",
            id_at(index),
            [("name", json!(name)), ("parent_id", json!(parent.map_or(json!(false), |id| json!(id))))],
        );
    }
    for (index, row) in PRODUCTS.iter().enumerate() {
        put(loader, index, row);
    }
}

fn units(loader: &mut Loader) {
    let units = [("Units", 1.0, 1), ("Dozens", 12.0, 1), ("Hours", 1.0, 2), ("Days", 8.0, 2)];
    if loader.is_14() {
        for (id, name) in [(1, "Unit"), (2, "Working Time")] {
            loader.put("uom.category", id, [("name", json!(name))]);
        }
    }
    for (index, (name, factor, category)) in units.into_iter().enumerate() {
        let id = id_at(index);
        let is_reference = factor == 1.0;
        if loader.is_14() {
            let values = [
                ("name", json!(name)),
                ("active", json!(true)),
                ("rounding", json!(0.01)),
                ("factor", json!(1.0 / factor)),
                ("factor_inv", json!(factor)),
                ("category_id", json!(category)),
                ("uom_type", json!(if is_reference { "reference" } else { "bigger" })),
            ];
            loader.put("uom.uom", id, values);
        } else {
            let values = [
                ("name", json!(name)),
                ("active", json!(true)),
                ("factor", json!(factor)),
                ("relative_factor", json!(factor)),
                ("relative_uom_id", if is_reference { json!(false) } else { json!(id - 1) }),
            ];
            loader.put("uom.uom", id, values);
        }
    }
}

fn taxes(loader: &mut Loader) {
    // Id, name, percent, use, company.
    for (id, name, amount, kind, company) in [
        (1, "19%", 19.0, "sale", 1),
        (2, "19%", 19.0, "purchase", 1),
        (3, "7%", 7.0, "sale", 1),
        (4, "21%", 21.0, "sale", 2),
        (5, "21%", 21.0, "purchase", 2),
    ] {
        let mut values = vec![
            ("name", json!(name)),
            ("amount", json!(amount)),
            ("amount_type", json!("percent")),
            ("type_tax_use", json!(kind)),
            ("active", json!(true)),
            ("company_id", json!(company)),
            ("sequence", json!(id)),
            ("description", json!(name)),
        ];
        if !loader.is_14() {
            values.push(("country_id", json!(if company == 1 { 2 } else { 1 })));
        }
        loader.put("account.tax", id, values);
    }
    for (id, name) in [(1, "Immediate Payment"), (2, "15 Days"), (3, "30 Days")] {
        let values = [
            ("name", json!(name)),
            ("active", json!(true)),
            ("note", json!(format!("<p>Payment terms: {name}</p>"))),
            ("sequence", json!(id)),
        ];
        loader.put("account.payment.term", id, values);
    }
}

fn put(loader: &mut Loader, index: usize, row: &Row) {
    let (code, name, price, cost, category, kind, unit, quantity) = *row;
    let id = id_at(index);
    let goods = kind == Kind::Goods;
    let mut values = vec![
        ("name", json!(name)),
        ("default_code", json!(code)),
        ("barcode", json!(format!("40123450{:05}", index + 1))),
        ("active", json!(true)),
        (
            "type",
            json!(match (goods, loader.is_14()) {
                (false, _) => "service",
                (true, true) => "product",
                (true, false) => "consu",
            }),
        ),
        ("list_price", json!(price)),
        ("standard_price", json!(cost)),
        ("categ_id", json!(category)),
        ("uom_id", json!(unit)),
        ("sale_ok", json!(true)),
        ("purchase_ok", json!(goods)),
        ("taxes_id", json!([1])),
        ("supplier_taxes_id", json!([2])),
        ("qty_available", json!(quantity)),
        ("weight", json!(if goods { 1.5 + index as f64 } else { 0.0 })),
        ("invoice_policy", json!("order")),
        ("tracking", json!("none")),
        ("sequence", json!(1)),
    ];
    if loader.is_14() {
        values.push(("uom_po_id", json!(unit)));
    } else {
        values.push(("is_storable", json!(goods)));
    }
    loader.put("product.template", id, values);
    loader.put(
        "product.product",
        id,
        [("product_tmpl_id", json!(id)), ("active", json!(true)), ("default_code", json!(code))],
    );
}
