//! Countries, currencies, companies, users and contacts.

use serde_json::{Value, json};

use super::{Loader, id_at};

/// Name, code, telephone prefix.
const COUNTRIES: &[(&str, &str, i64)] = &[
    ("Belgium", "BE", 32),
    ("Germany", "DE", 49),
    ("France", "FR", 33),
    ("Netherlands", "NL", 31),
    ("Austria", "AT", 43),
    ("Switzerland", "CH", 41),
    ("Denmark", "DK", 45),
    ("Sweden", "SE", 46),
    ("Norway", "NO", 47),
    ("Poland", "PL", 48),
    ("Italy", "IT", 39),
    ("Spain", "ES", 34),
    ("Portugal", "PT", 351),
    ("United Kingdom", "GB", 44),
    ("United States", "US", 1),
    ("Canada", "CA", 1),
    ("Japan", "JP", 81),
    ("Luxembourg", "LU", 352),
];

/// Name, code, country code.
const STATES: &[(&str, &str, &str)] = &[
    ("California", "CA", "US"),
    ("Illinois", "IL", "US"),
    ("New York", "NY", "US"),
    ("Oregon", "OR", "US"),
    ("Texas", "TX", "US"),
    ("Ontario", "ON", "CA"),
    ("Quebec", "QC", "CA"),
    ("Hokkaido", "01", "JP"),
    ("Barcelona", "B", "ES"),
    ("Milano", "MI", "IT"),
    ("Porto", "13", "PT"),
];

/// Name, symbol, full name, whether in use.
const CURRENCIES: &[(&str, &str, &str, bool)] = &[
    ("EUR", "€", "Euro", true),
    ("USD", "$", "United States dollar", true),
    ("GBP", "£", "Pound sterling", false),
    ("CHF", "CHF", "Swiss franc", false),
    ("JPY", "¥", "Japanese yen", false),
];

/// Name, parent.
const CATEGORIES: &[(&str, Option<i64>)] = &[
    ("Customer", None),
    ("Gold", Some(1)),
    ("Silver", Some(1)),
    ("Vendor", None),
    ("Logistics", Some(4)),
    ("Prospect", None),
];

/// A company among the contacts.
struct Firm {
    name: &'static str,
    short: &'static str,
    street: &'static str,
    zip: &'static str,
    city: &'static str,
    country: &'static str,
    state: Option<&'static str>,
    domain: &'static str,
    tag: i64,
    customer: bool,
}

const fn firm(
    names: (&'static str, &'static str),
    address: (&'static str, &'static str, &'static str, &'static str),
    domain: &'static str,
    tag: i64,
    customer: bool,
) -> Firm {
    Firm {
        name: names.0,
        short: names.1,
        street: address.0,
        zip: address.1,
        city: address.2,
        country: address.3,
        state: None,
        domain,
        tag,
        customer,
    }
}

impl Firm {
    const fn in_state(mut self, state: &'static str) -> Self {
        self.state = Some(state);
        self
    }
}

const FIRMS: &[Firm] = &[
    firm(
        ("Nordwind Logistics", "Nordwind"),
        ("Hafenstraße 12", "20457", "Hamburg", "DE"),
        "nordwind.example",
        2,
        true,
    ),
    firm(
        ("Harbour Foods", "Harbour"),
        ("Kaai 7", "2000", "Antwerpen", "BE"),
        "harbourfoods.example",
        2,
        true,
    ),
    firm(
        ("Atelier Mirabelle", "Mirabelle"),
        ("3 rue des Tanneurs", "67000", "Strasbourg", "FR"),
        "mirabelle.example",
        3,
        true,
    ),
    firm(
        ("Deltaworks Pumps", "Deltaworks"),
        ("Waterweg 101", "3011", "Rotterdam", "NL"),
        "deltaworks.example",
        3,
        true,
    ),
    firm(
        ("Alpenglas", "Alpenglas"),
        ("Seestrasse 44", "6020", "Innsbruck", "AT"),
        "alpenglas.example",
        4,
        false,
    ),
    firm(
        ("Bergbahn Systems", "Bergbahn"),
        ("Talweg 5", "3920", "Zermatt", "CH"),
        "bergbahn.example",
        1,
        true,
    ),
    firm(
        ("Øresund Cycles", "Øresund"),
        ("Cykelgade 9", "2100", "København", "DK"),
        "oresund.example",
        3,
        true,
    ),
    firm(
        ("Birch & Pine Furniture", "Birch"),
        ("Björkvägen 2", "90325", "Umeå", "SE"),
        "birchpine.example",
        4,
        false,
    ),
    firm(
        ("Fjord Seafood Supply", "Fjord"),
        ("Bryggen 18", "5003", "Bergen", "NO"),
        "fjord.example",
        5,
        false,
    ),
    firm(
        ("Bursztyn Print", "Bursztyn"),
        ("ul. Długa 30", "80827", "Gdańsk", "PL"),
        "bursztyn.example",
        4,
        false,
    ),
    firm(
        ("Officina Lombarda", "Lombarda"),
        ("Via Brera 21", "20121", "Milano", "IT"),
        "lombarda.example",
        1,
        true,
    )
    .in_state("MI"),
    firm(
        ("Taronja Events", "Taronja"),
        ("Carrer del Mar 8", "08003", "Barcelona", "ES"),
        "taronja.example",
        6,
        true,
    )
    .in_state("B"),
    firm(
        ("Azulejo Ceramics", "Azulejo"),
        ("Rua das Flores 64", "4050-262", "Porto", "PT"),
        "azulejo.example",
        4,
        false,
    )
    .in_state("13"),
    firm(
        ("Tidewater Instruments", "Tidewater"),
        ("14 Quay Road", "BS1 4UZ", "Bristol", "GB"),
        "tidewater.example",
        2,
        true,
    ),
    firm(
        ("Redwood Clinic Supplies", "Redwood"),
        ("900 Cedar Avenue", "94538", "Fremont", "US"),
        "redwoodclinic.example",
        2,
        true,
    )
    .in_state("CA"),
    firm(
        ("Prairie Grain Cooperative", "Prairie"),
        ("77 Silo Street", "60601", "Chicago", "US"),
        "prairiegrain.example",
        3,
        true,
    )
    .in_state("IL"),
    firm(
        ("Maple Ridge Schools", "Maple Ridge"),
        ("250 College Street", "M5T 1R5", "Toronto", "CA"),
        "mapleridge.example",
        6,
        true,
    )
    .in_state("ON"),
    firm(
        ("Shiokaze Robotics", "Shiokaze"),
        ("4-1 Minato", "060-0001", "Sapporo", "JP"),
        "shiokaze.example",
        1,
        true,
    )
    .in_state("01"),
];

/// The first firm's id; smaller ids are the house itself and its users.
pub(super) const FIRST_FIRM: i64 = 10;

/// Ids of a firm and its two contacts.
pub(super) fn firm_id(index: usize) -> i64 {
    FIRST_FIRM + 3 * (id_at(index) - 1)
}

pub(super) fn firms() -> usize {
    FIRMS.len()
}

/// Whether the firm at this place buys from the house.
pub(super) fn buys(index: usize) -> bool {
    FIRMS.get(index).is_some_and(|firm| firm.customer)
}

pub(super) fn firm_names(index: usize) -> (&'static str, &'static str, &'static str) {
    FIRMS.get(index).map_or(("", "", ""), |firm| (firm.name, firm.short, firm.domain))
}

fn country(code: &str) -> Value {
    COUNTRIES.iter().position(|(_, known, _)| *known == code).map_or(json!(false), |at| json!(id_at(at)))
}

fn state(code: Option<&str>, country: &str) -> Value {
    let at = STATES.iter().position(|(_, known, of)| Some(*known) == code && *of == country);
    at.map_or(json!(false), |at| json!(id_at(at)))
}

pub(super) fn load(loader: &mut Loader) {
    places(loader);
    house(loader);
    users(loader);
    for (index, firm) in FIRMS.iter().enumerate() {
        put_firm(loader, index, firm);
    }
}

fn places(loader: &mut Loader) {
    for (index, (name, symbol, full, active)) in CURRENCIES.iter().enumerate() {
        let values = [
            ("name", json!(name)),
            ("symbol", json!(symbol)),
            ("active", json!(active)),
            ("rounding", json!(if *name == "JPY" { 1.0 } else { 0.01 })),
            ("decimal_places", json!(if *name == "JPY" { 0 } else { 2 })),
            ("position", json!(if *name == "EUR" { "after" } else { "before" })),
            ("rate", json!(if *name == "USD" { 1.08 } else { 1.0 })),
        ];
        loader.put("res.currency", id_at(index), values);
        if !loader.is_14() {
            loader.db.set("res.currency", id_at(index), [("full_name", json!(full))]);
        }
    }
    for (index, (name, code, phone)) in COUNTRIES.iter().enumerate() {
        let currency = match *code {
            "US" => 2,
            "GB" => 3,
            "CH" => 4,
            "JP" => 5,
            _ => 1,
        };
        loader.put(
            "res.country",
            id_at(index),
            [
                ("name", json!(name)),
                ("code", json!(code)),
                ("phone_code", json!(phone)),
                ("currency_id", json!(currency)),
            ],
        );
    }
    for (index, (name, code, of)) in STATES.iter().enumerate() {
        loader.put(
            "res.country.state",
            id_at(index),
            [("name", json!(name)), ("code", json!(code)), ("country_id", country(of))],
        );
    }
    for (index, (name, parent)) in CATEGORIES.iter().enumerate() {
        let values = [
            ("name", json!(name)),
            ("parent_id", parent.map_or(json!(false), Value::from)),
            ("color", json!(id_at(index))),
            ("active", json!(true)),
        ];
        loader.put("res.partner.category", id_at(index), values);
    }
    for (index, (name, code, iso, url)) in
        [("English (US)", "en_US", "en", "en"), ("French / Français", "fr_FR", "fr", "fr")]
            .into_iter()
            .enumerate()
    {
        let values = [
            ("name", json!(name)),
            ("code", json!(code)),
            ("iso_code", json!(iso)),
            ("url_code", json!(url)),
            ("active", json!(true)),
            ("direction", json!("ltr")),
            ("date_format", json!("%m/%d/%Y")),
            ("time_format", json!("%H:%M:%S")),
            ("week_start", json!("7")),
            ("decimal_point", json!(".")),
            ("thousands_sep", json!(",")),
        ];
        loader.put("res.lang", id_at(index), values);
    }
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

fn put_firm(loader: &mut Loader, index: usize, firm: &Firm) {
    let id = firm_id(index);
    let seller = json!(if index.is_multiple_of(2) { 2 } else { 6 });
    let company = match index {
        14 | 15 => json!(2),
        3 => json!(1),
        _ => json!(false),
    };
    let phone = format!(
        "+{} 5550 {:03}",
        COUNTRIES.iter().find(|(_, code, _)| *code == firm.country).map_or(0, |found| found.2),
        index + 1
    );
    let address = |name: String, email: String| {
        vec![
            ("name", json!(name)),
            ("active", json!(true)),
            ("lang", json!(if firm.country == "FR" { "fr_FR" } else { "en_US" })),
            ("street", json!(firm.street)),
            ("zip", json!(firm.zip)),
            ("city", json!(firm.city)),
            ("country_id", country(firm.country)),
            ("state_id", state(firm.state, firm.country)),
            ("email", json!(email)),
            ("phone", json!(phone)),
            ("company_id", company.clone()),
        ]
    };
    let mut values = address(firm.name.to_owned(), format!("info@{}", firm.domain));
    values.extend([
        ("is_company", json!(true)),
        ("type", json!("contact")),
        ("website", json!(format!("https://www.{}", firm.domain))),
        ("ref", json!(format!("C{:04}", index + 1))),
        ("vat", json!(format!("{}{:09}", firm.country, 100_000_007 + 37 * index))),
        ("category_id", json!([firm.tag])),
        ("user_id", if firm.customer { seller } else { json!(false) }),
        ("customer_rank", json!(if firm.customer { 3 } else { 0 })),
        ("supplier_rank", json!(if firm.customer { 0 } else { 2 })),
        ("credit_limit", json!(if firm.customer { 5000.0 + 500.0 * index as f64 } else { 0.0 })),
        ("color", json!(index % 11)),
    ]);
    loader.put("res.partner", id, values);
    let contacts = [("Purchasing", "Purchasing Manager", "contact"), ("Accounts", "Accountant", "invoice")];
    for (offset, (desk, function, kind)) in (1..).zip(contacts) {
        let mut values =
            address(format!("{desk}, {}", firm.short), format!("{}@{}", desk.to_lowercase(), firm.domain));
        values.extend([
            ("parent_id", json!(id)),
            ("type", json!(kind)),
            ("function", json!(function)),
            ("is_company", json!(false)),
        ]);
        loader.put("res.partner", id + offset, values);
    }
    // One contact has left, so that archived records exist.
    if index == 9 {
        loader.db.set("res.partner", id + 2, [("active", json!(false))]);
    }
}
