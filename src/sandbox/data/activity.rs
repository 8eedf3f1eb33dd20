//! Leads, files and messages.

use serde_json::json;

use super::{
    Loader,
    documents::{company_of, customer},
    firms, id_at,
};

/// Puts all of it in place.
pub(super) fn load(loader: &mut Loader) {
    leads(loader);
    kinds_of_message(loader);
    files_and_messages(loader);
}

fn kinds_of_message(loader: &mut Loader) {
    let kinds =
        [("Discussions", false, true, 0), ("Note", true, false, 100), ("Activities", true, false, 90)];
    for (index, (name, internal, default, sequence)) in kinds.into_iter().enumerate() {
        let values = [
            ("name", json!(name)),
            ("internal", json!(internal)),
            ("default", json!(default)),
            ("hidden", json!(false)),
            ("sequence", json!(sequence)),
        ];
        loader.put("mail.message.subtype", id_at(index), values);
    }
}

fn leads(loader: &mut Loader) {
    for (id, name, won) in
        [(1, "New", false), (2, "Qualified", false), (3, "Proposition", false), (4, "Won", true)]
    {
        loader.put(
            "crm.stage",
            id,
            [("name", json!(name)), ("sequence", json!(id)), ("is_won", json!(won)), ("fold", json!(won))],
        );
    }
    for (id, name) in [(1, "Product"), (2, "Software"), (3, "Services"), (4, "Training")] {
        loader.put("crm.tag", id, [("name", json!(name)), ("color", json!(id))]);
    }
    let subjects = [
        "Furniture for a new floor",
        "Standing desks",
        "Planning of an office",
        "Yearly supply of paper",
        "Shelves for an archive",
        "Chairs for a meeting room",
        "Lamps for a workshop",
        "Packaging for a web shop",
        "Furniture for a clinic",
        "Desks for schools",
        "Moving of an office",
        "Whiteboards",
    ];
    for (index, subject) in subjects.into_iter().enumerate() {
        let firm = customer(index + 2);
        let (name, short, domain) = firms::firm_names(firm);
        let lost = index == 11;
        let lead = index % 4 == 3;
        let values = [
            ("name", json!(subject)),
            ("type", json!(if lead { "lead" } else { "opportunity" })),
            ("active", json!(!lost)),
            ("partner_id", if lead { json!(false) } else { json!(firms::firm_id(firm)) }),
            ("partner_name", json!(name)),
            ("contact_name", json!(format!("Purchasing, {short}"))),
            ("email_from", json!(format!("purchasing@{domain}"))),
            ("phone", json!(format!("+49 30 5550{index:03}"))),
            ("user_id", json!(if index % 2 == 0 { 2 } else { 6 })),
            ("team_id", json!(1)),
            ("stage_id", json!(1 + index % 4)),
            ("priority", json!((index % 4).to_string())),
            (
                "probability",
                json!(if lost {
                    0.0
                } else {
                    [10.0, 30.0, 60.0, 100.0].get(index % 4).copied().unwrap_or(10.0)
                }),
            ),
            ("expected_revenue", json!(1200.0 + 850.0 * index as f64)),
            ("date_deadline", json!(format!("2026-12-{:02}", 1 + index * 2))),
            ("tag_ids", json!([1 + index % 4])),
            ("company_id", json!(company_of(firm))),
            ("description", json!("<p>Came in through the website.</p>")),
        ];
        loader.put("crm.lead", id_at(index), values);
    }
}

fn files_and_messages(loader: &mut Loader) {
    // "Price list", "Terms of delivery" and "Floor plan" in base64.
    let files = [
        ("price-list.txt", "text/plain", "UHJpY2UgbGlzdA==", "res.partner", firms::firm_id(0)),
        ("terms.txt", "text/plain", "VGVybXMgb2YgZGVsaXZlcnk=", "sale.order", 1),
        ("floor-plan.txt", "text/plain", "Rmxvb3IgcGxhbg==", "crm.lead", 1),
        ("notes.txt", "text/plain", "Rmxvb3IgcGxhbg==", "sale.order", 4),
        ("logo.png", "image/png", "iVBORw0KGgo=", "res.company", 1),
    ];
    for (index, (name, kind, data, model, record)) in files.into_iter().enumerate() {
        let values = [
            ("name", json!(name)),
            ("mimetype", json!(kind)),
            ("datas", json!(data)),
            ("checksum", crate::sandbox::orm::attachments::checksum(data)),
            ("type", json!("binary")),
            ("res_model", json!(model)),
            ("res_id", json!(record)),
            ("company_id", json!(1)),
            ("public", json!(index == 4)),
        ];
        loader.put("ir.attachment", id_at(index), values);
    }
    let notes = [
        ("res.partner", firms::firm_id(0), "<p>Prefers deliveries before noon.</p>"),
        ("res.partner", firms::firm_id(1), "<p>Contact created</p>"),
        ("sale.order", 1, "<p>Quotation confirmed</p>"),
        ("sale.order", 1, "<p>Goods are on their way.</p>"),
        ("sale.order", 2, "<p>Sales Order created</p>"),
        ("account.move", 1, "<p>Invoice validated</p>"),
        ("crm.lead", 1, "<p>Called back, waits for an offer.</p>"),
        ("crm.lead", 2, "<p>Lead created</p>"),
    ];
    for (index, (model, record, body)) in notes.into_iter().enumerate() {
        let values = [
            ("model", json!(model)),
            ("res_id", json!(record)),
            ("body", json!(body)),
            ("date", json!(format!("2026-10-{:02} 10:00:00", index + 1))),
            ("message_type", json!(if index % 3 == 0 { "comment" } else { "notification" })),
            ("author_id", json!(3)),
            ("email_from", json!("\"Administrator\" <admin@trading.example>")),
            ("record_name", json!(false)),
        ];
        loader.put("mail.message", id_at(index), values);
    }
}
