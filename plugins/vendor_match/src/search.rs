//! The questions to Odoo, and what counts as an answer.

use odoo_mcp_plugin_sdk::{Failure, Host, LogLevel, Map, Query, Value, id, json, text};

use crate::{names, numbers};

/// Partners that are looked at per question. Where Odoo has more, nothing can be called unique.
const PARTNERS_MAX: u32 = 100;
const COMPANIES_MAX: u32 = 200;

/// What a partner was found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    Vat,
    CompanyNumber,
    Name,
}

impl By {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Vat => "vat",
            Self::CompanyNumber => "company_number",
            Self::Name => "name",
        }
    }

    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Vat => "VAT number",
            Self::CompanyNumber => "company number",
            Self::Name => "name",
        }
    }

    pub(crate) fn score(self) -> f64 {
        match self {
            Self::Vat => 1.0,
            Self::CompanyNumber => 0.95,
            Self::Name => 0.7,
        }
    }
}

/// A partner that may be the vendor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Partner {
    pub(crate) id: i64,
    pub(crate) name: String,
}

/// How a question ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    None,
    One(Partner),
    Several(Vec<Partner>),
    TooMany,
    /// It is one of our own companies.
    Own,
}

/// The companies of the database, who never are the vendor.
#[derive(Debug, Default)]
pub(crate) struct OwnCompanies {
    partners: Vec<i64>,
    numbers: Vec<String>,
}

impl OwnCompanies {
    pub(crate) fn read(host: &Host) -> Result<Self, Failure> {
        let rows = host.search_read("res.company", json!([]), &["partner_id", "vat"], COMPANIES_MAX)?;
        Ok(Self {
            partners: rows.iter().filter_map(|row| id(row, "partner_id")).collect(),
            numbers: rows.iter().filter_map(|row| numbers::plain(&text(row, "vat")?)).collect(),
        })
    }
}

/// One question: where to look, and which of the rows count.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) by: By,
    /// The number or name as it is compared.
    wanted: String,
    /// How it may stand in Odoo.
    spellings: Vec<String>,
}

pub(crate) fn by_vat(vat: &str) -> Option<Question> {
    let wanted = numbers::plain(vat)?;
    Some(Question { by: By::Vat, spellings: numbers::spellings(vat, &wanted), wanted })
}

pub(crate) fn by_company_number(number: &str) -> Option<Question> {
    let wanted = numbers::plain(number)?;
    Some(Question { by: By::CompanyNumber, spellings: numbers::spellings(number, &wanted), wanted })
}

pub(crate) fn by_name(name: &str) -> Option<Question> {
    let wanted = names::plain(name)?;
    let word = names::telling_word(&wanted)?.to_owned();
    Some(Question { by: By::Name, spellings: vec![word], wanted })
}

impl Question {
    pub(crate) fn ask(
        &self,
        host: &Host,
        own: &OwnCompanies,
        company: Option<i64>,
    ) -> Result<Found, Failure> {
        if self.by != By::Name && own.numbers.iter().any(|number| numbers::same(number, &self.wanted)) {
            return Ok(Found::Own);
        }
        let mut rows = Vec::new();
        for (leaf, field) in self.leaves() {
            let mut domain = vec![leaf];
            if let Some(company) = company {
                domain.extend([
                    json!("|"),
                    json!(["company_id", "=", false]),
                    json!(["company_id", "=", company]),
                ]);
            }
            let query =
                Query::of("res.partner").filtered(Value::Array(domain)).ordered("id").first(PARTNERS_MAX);
            let fields = ["id", "name", field, "commercial_partner_id"];
            match host.read(&query, &fields) {
                Ok(found) if found.len() as u64 >= u64::from(PARTNERS_MAX) => return Ok(Found::TooMany),
                Ok(found) => rows.extend(found.into_iter().filter(|row| self.is_meant(row, field))),
                // Odoo before 16 has no registry number at partners. The other way to ask remains.
                Err(failure) if field == REGISTRY => {
                    host.log(LogLevel::Debugging, &format!("no search by registry number: {failure}"));
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(only(&rows, own))
    }

    /// What to look for, and in which field.
    fn leaves(&self) -> Vec<(Value, &'static str)> {
        match self.by {
            By::Vat => vec![(json!(["vat", "in", self.spellings]), "vat")],
            By::CompanyNumber => vec![
                (json!([REGISTRY, "in", self.spellings]), REGISTRY),
                (json!(["vat", "in", self.spellings]), "vat"),
            ],
            By::Name => self.spellings.iter().map(|word| (json!(["name", "ilike", word]), "name")).collect(),
        }
    }

    /// Odoo compares more loosely than this step does.
    fn is_meant(&self, row: &Map<String, Value>, field: &str) -> bool {
        let Some(value) = text(row, field) else { return false };
        match self.by {
            By::Name => names::plain(&value).as_ref() == Some(&self.wanted),
            By::Vat | By::CompanyNumber => {
                numbers::plain(&value).is_some_and(|number| numbers::same(&number, &self.wanted))
            }
        }
    }
}

const REGISTRY: &str = "company_registry";

/// The companies behind the rows, without our own.
fn only(rows: &[Map<String, Value>], own: &OwnCompanies) -> Found {
    let mut partners: Vec<Partner> = Vec::new();
    let mut saw_own = false;
    for row in rows {
        let Some(id) = id(row, "commercial_partner_id").or_else(|| id(row, "id")) else { continue };
        if own.partners.contains(&id) {
            saw_own = true;
        } else if !partners.iter().any(|known| known.id == id) {
            let linked =
                row.get("commercial_partner_id").and_then(|pair| pair.get(1)).and_then(Value::as_str);
            let name = linked.map(str::to_owned).or_else(|| text(row, "name")).unwrap_or_default();
            partners.push(Partner { id, name });
        }
    }
    match (partners.len(), partners.pop()) {
        (1, Some(partner)) => Found::One(partner),
        (0, _) | (_, None) => {
            if saw_own {
                Found::Own
            } else {
                Found::None
            }
        }
        (_, Some(last)) => {
            partners.push(last);
            Found::Several(partners)
        }
    }
}
