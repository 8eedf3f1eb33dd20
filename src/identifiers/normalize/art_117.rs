//! Whether the buyer has to charge VAT itself (a protocol under art. 117 of the VAT act).
//!
//! Decided by the supplier's country and what is supplied, not by the look of the number alone.

use serde::{Deserialize, Serialize};

use super::Work;
use crate::identifiers::{eik, eu_vat::is_member_state, iban_structures::country, vat};

/// What is supplied, as far as the place of taxation depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Supply {
    Goods,
    Services,
    /// Goods in a chain of three firms in three member states.
    Triangular,
}

/// Codes of `l10n_bg_type_vat`.
const SERVICES: &str = "117_protocol_82_2";
const ACQUISITION: &str = "117_protocol_84";
const TRIANGULAR: &str = "117_protocol_15";

/// Where a supplier sits, as far as VAT is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Bulgaria,
    Union,
    /// In the Union for goods and outside of it for services.
    NorthernIreland,
    ThirdCountry,
}

/// A note, and the code that it proposes if there is only one.
type Hint = (String, Option<&'static str>);

pub(super) fn hint(work: &mut Work<'_>) {
    if work.is_sale() {
        return;
    }
    let supply = supply(work);
    work.report.supply = supply;
    let Some((place, has_number)) = place(work) else { return };
    let is_protocol = ["l10n_bg_document_type", "l10n_bg_type_vat"]
        .iter()
        .any(|field| work.text(field).is_some_and(|code| code.starts_with("117")));
    let found = match (place, is_protocol) {
        (Place::Bulgaria, true) => Some((
            "the document is classified as a protocol under art. 117, but the supplier is Bulgarian; \
             it is probably misclassified"
                .to_owned(),
            None,
        )),
        (Place::Bulgaria, false) | (_, true) => None,
        (place, false) => expected(place, supply, has_number),
    };
    let Some((mut note, proposed)) = found else { return };
    let known = work.circumstances.vat_types.as_ref();
    let proposed = proposed.filter(|code| known.is_none_or(|known| known.iter().any(|one| one == code)));
    if let Some(code) = proposed {
        note.push_str(&format!(" (`{code}`)"));
    }
    work.report.art_117_hint = true;
    work.report.art_117_note = Some(note);
    work.report.vat_type_proposed = proposed;
}

/// What a foreign supply calls for.
fn expected(place: Place, supply: Option<Supply>, has_number: bool) -> Option<Hint> {
    let note = |text: &str, code| Some((format!("a protocol under art. 117 is expected: {text}"), code));
    match (place, supply) {
        (Place::Bulgaria, _) => None,
        (_, Some(Supply::Services)) => note("services of a foreign supplier, art. 82(2)", Some(SERVICES)),
        (Place::ThirdCountry, Some(Supply::Goods)) => None,
        (_, Some(Supply::Triangular)) => note("triangular operation, art. 15", Some(TRIANGULAR)),
        // A supplier without a VAT number makes no supply that the buyer would have to tax as acquisition.
        (_, Some(Supply::Goods)) if !has_number => None,
        (_, Some(Supply::Goods)) => note("goods from another member state, art. 84", Some(ACQUISITION)),
        (Place::ThirdCountry, None) => note(
            "services of a supplier from a third country, art. 82(2); goods need a customs declaration",
            None,
        ),
        (_, None) if !has_number => note("services of a foreign supplier, art. 82(2)", Some(SERVICES)),
        (_, None) => note(
            "goods from another member state (art. 84), or services of a foreign supplier (art. 82(2))",
            None,
        ),
    }
}

/// What is supplied: as is known, as the document says, or goods where it names a customs declaration.
fn supply(work: &Work<'_>) -> Option<Supply> {
    let said = work.text("supply_kind").and_then(|text| match text {
        "goods" => Some(Supply::Goods),
        "services" => Some(Supply::Services),
        "triangular" => Some(Supply::Triangular),
        _ => None,
    });
    let declared = work.report.mrn_valid == Some(true);
    work.circumstances.supply.or(said).or(declared.then_some(Supply::Goods))
}

/// The number decides; without one, the country that is printed or known. Nothing where neither is.
fn place(work: &Work<'_>) -> Option<(Place, bool)> {
    if let Some(given) = work.text("partner_vat") {
        let checked = vat(given, work.circumstances.today);
        if let Some(code) = checked.country {
            return Some((place_of(code), true));
        }
    }
    if work.text("partner_eik").is_some_and(|number| eik(number).is_valid())
        || work.data.get("partner_personal_number").is_some_and(serde_json::Value::is_string)
    {
        return Some((Place::Bulgaria, false));
    }
    let code =
        work.text("partner_country").or(work.circumstances.supplier_country.as_deref())?.to_uppercase();
    Some((place_of(country(if code == "EL" { "GR" } else { &code })?), false))
}

fn place_of(code: &str) -> Place {
    match code {
        "BG" => Place::Bulgaria,
        "XI" => Place::NorthernIreland,
        // Counts as French territory.
        "MC" => Place::Union,
        code if is_member_state(code) => Place::Union,
        _ => Place::ThirdCountry,
    }
}
