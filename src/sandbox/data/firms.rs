//! The companies among the contacts, each with a desk that buys and one that pays.

use serde_json::json;

use super::{
    Loader, id_at,
    places::{country, prefix, state},
};

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

fn put_firm(loader: &mut Loader, index: usize, firm: &Firm) {
    let id = firm_id(index);
    let seller = json!(if index.is_multiple_of(2) { 2 } else { 6 });
    let company = match index {
        14 | 15 => json!(2),
        3 => json!(1),
        _ => json!(false),
    };
    let phone = format!("+{} 5550 {:03}", prefix(firm.country), index + 1);
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

/// Puts every firm in place.
pub(super) fn load(loader: &mut Loader) {
    for (index, firm) in FIRMS.iter().enumerate() {
        put_firm(loader, index, firm);
    }
}
