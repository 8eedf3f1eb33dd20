//! The acceptance cases of the normaliser.

use jiff::civil::{Date, date};
use serde_json::{Value, json};

use super::*;

const TODAY: Date = date(2026, 3, 1);

fn normalized(extraction: Value) -> Normalized {
    among(extraction, |_| {})
}

/// Every case is run twice: the second time nothing may change.
#[track_caller]
fn among(extraction: Value, set: impl FnOnce(&mut Circumstances)) -> Normalized {
    let mut circumstances = Circumstances::on(TODAY);
    set(&mut circumstances);
    let once = normalize_extraction(&extraction, &circumstances);
    let twice = normalize_extraction(&once.data, &circumstances);
    assert_eq!(twice.changes, [], "the second run changed something");
    assert_eq!(twice.data, once.data);
    once
}

#[track_caller]
fn finds(normalized: &Normalized, codes: &[&str]) {
    let found: Vec<&str> = normalized.report.findings.iter().map(|finding| finding.code).collect();
    assert_eq!(found, codes);
}

#[test]
fn a_vat_number_is_cleaned_and_fills_the_company_number() {
    let done = normalized(json!({"partner_vat": "BG 200 000 002"}));
    assert_eq!(done.data, json!({"partner_vat": "BG200000002", "partner_eik": "200000002"}));
    assert!(done.report.vat_changed && done.report.eik_filled);
    let rules: Vec<_> = done.changes.iter().map(|change| (change.path.as_str(), change.rule)).collect();
    assert_eq!(rules, [("partner_vat", "vat_written_properly"), ("partner_eik", "eik_from_vat")]);
    assert_eq!(done.changes[0].before, json!("BG 200 000 002"));
    let kept = normalized(json!({"partner_vat": "BG200000002", "partner_eik": "2000000020019"}));
    assert_eq!(kept.data["partner_eik"], "2000000020019");
    assert!(!kept.report.vat_changed && !kept.report.eik_filled);
    finds(&kept, &[]);
}

#[test]
fn a_bare_company_number_stays_a_company_number() {
    let done = normalized(json!({"partner_vat": "200000002", "partner_eik": null}));
    assert_eq!(
        done.data,
        json!({"partner_vat": null, "partner_eik": "200000002", "partner_vat_candidate": "BG200000002"})
    );
    assert_eq!(done.report.vat_candidate.as_deref(), Some("BG200000002"));
    finds(&done, &["not_a_vat_number"]);
    let branch = normalized(json!({"partner_vat": "2000000020019", "partner_eik": "2000000020019"}));
    assert_eq!(branch.data["partner_eik"], "2000000020019");
    assert_eq!(branch.data["partner_vat_candidate"], "BG200000002");
    let alone = normalized(json!({"partner_eik": "ЕИК 200000002"}));
    assert_eq!(alone.data["partner_vat_candidate"], "BG200000002");
    let misread = normalized(json!({"partner_vat": "200000003"}));
    assert_eq!(misread.data, json!({"partner_vat": null, "partner_eik": "200000003"}));
}

#[test]
fn numbers_of_people_are_masked_or_dropped() {
    let done = normalized(json!({"partner_vat": "0442290010"}));
    assert_eq!(done.data["partner_personal_number"], "0442290010");
    assert_eq!(done.data["partner_vat"], Value::Null);
    assert!(!serde_json::to_string(&done.changes).unwrap().contains("044229"), "{:?}", done.changes);
    assert!(!serde_json::to_string(&super::super::masked_extraction(&done.data)).unwrap().contains("044229"));
    assert!(!done.report.art_117_hint);
    let dropped = among(json!({"partner_vat": "BG0442290010"}), |known| known.reject_personal_numbers = true);
    assert_eq!(dropped.data, json!({"partner_vat": null}));
}

#[test]
fn a_customs_number_is_cleaned_where_it_is_one() {
    let done = normalized(json!({"customs_mrn": " 25bg005100007654r1 "}));
    assert_eq!(
        (done.data["customs_mrn"].as_str(), done.report.mrn_valid),
        (Some("25BG005100007654R1"), Some(true))
    );
    let kept = normalized(json!({"customs_mrn": "HELLO"}));
    assert_eq!((kept.data["customs_mrn"].as_str(), kept.report.mrn_valid), (Some("HELLO"), Some(false)));
    assert_eq!(normalized(json!({})).report.mrn_valid, None);
    finds(&normalized(json!({"customs_mrn": "25BG005100007654R2"})), &["mrn_doubtful"]);
}

#[test]
fn what_is_no_object_is_handed_back() {
    for value in [Value::Null, json!([1]), json!("text"), json!(7)] {
        let done = normalized(value.clone());
        assert_eq!(done.data, value);
        assert_eq!(serde_json::to_value(&done.report).unwrap(), json!({}));
    }
    let report = serde_json::to_value(normalized(json!({})).report).unwrap();
    assert_eq!(report["mrn_valid"], Value::Null);
    assert_eq!(report["vat_changed"], false);
}

#[track_caller]
fn hint(extraction: Value, proposed: Option<&str>) {
    let done = normalized(extraction);
    assert!(done.report.art_117_hint, "{:?}", done.report);
    assert!(done.report.art_117_note.unwrap().contains("117"));
    assert_eq!(done.report.vat_type_proposed, proposed);
}

#[track_caller]
fn no_hint(extraction: Value) {
    let done = normalized(extraction);
    assert!(!done.report.art_117_hint, "{:?}", done.report.art_117_note);
}

#[test]
fn a_protocol_is_expected_by_country_and_kind_of_supply() {
    hint(json!({"partner_vat": "ATU12345675", "l10n_bg_document_type": "01"}), None);
    hint(json!({"partner_vat": "ATU12345675", "supply_kind": "goods"}), Some("117_protocol_84"));
    hint(json!({"partner_vat": "EL094259216", "supply_kind": "services"}), Some("117_protocol_82_2"));
    hint(json!({"partner_vat": "XI980780684", "supply_kind": "goods"}), Some("117_protocol_84"));
    hint(json!({"partner_vat": "DE136695976", "supply_kind": "triangular"}), Some("117_protocol_15"));
    hint(json!({"partner_vat": "CHE123456788MWST", "supply_kind": "services"}), Some("117_protocol_82_2"));
    hint(json!({"partner_country": "US"}), None);
    hint(json!({"partner_vat": "BG200000002", "l10n_bg_document_type": "117_protocol_84"}), None);
    hint(json!({"partner_vat": "200000002", "l10n_bg_type_vat": "117_protocol_84"}), None);
    no_hint(json!({"partner_vat": "ATU12345675", "l10n_bg_document_type": "117_protocol_84"}));
    no_hint(json!({"partner_vat": "ATU12345675", "l10n_bg_type_vat": "117_protocol_84"}));
    no_hint(json!({"partner_vat": "ATU12345675", "document_type": "out_invoice"}));
    no_hint(json!({"partner_vat": "BG200000002", "l10n_bg_document_type": "01"}));
    no_hint(json!({"partner_vat": "200000002"}));
    no_hint(json!({"partner_vat": "0442290010"}));
    no_hint(json!({"partner_country": "CN", "customs_mrn": "25BG005100007654R1"}));
    no_hint(json!({"partner_country": "DE", "supply_kind": "goods"}));
    no_hint(json!({"partner_name": "Nobody knows where"}));
}

#[test]
fn a_code_that_the_database_lacks_is_not_proposed() {
    let done = among(json!({"partner_vat": "ATU12345675", "supply_kind": "goods"}), |known| {
        known.vat_types = Some(vec!["standard".to_owned()]);
    });
    assert_eq!((done.report.art_117_hint, done.report.vat_type_proposed), (true, None));
    let at_odoo = among(json!({}), |known| {
        known.supplier_country = Some("EL".to_owned());
        known.supply = Some(Supply::Services);
    });
    assert_eq!(at_odoo.report.vat_type_proposed, Some("117_protocol_82_2"));
}

#[test]
fn one_field_is_held_against_another() {
    finds(
        &normalized(json!({"partner_vat": "BG200000002", "partner_eik": "200001193"})),
        &["eik_not_of_vat"],
    );
    let swapped =
        among(json!({"partner_vat": "BG200000002"}), |known| known.own_vat = Some("bg 200000002".to_owned()));
    finds(&swapped, &["own_number"]);
    let by_company =
        among(json!({"partner_eik": "2000000020019"}), |known| known.own_eik = Some("200000002".to_owned()));
    finds(&by_company, &["own_number"]);
    let other =
        among(json!({"partner_vat": "BG200001193"}), |known| known.own_vat = Some("BG200000002".to_owned()));
    finds(&other, &[]);
}

#[test]
fn invoice_numbers_keep_their_zeros() {
    let vat = "BG200000002";
    let done = normalized(json!({"partner_vat": vat, "invoice_number": "Фактура № 0000000123"}));
    assert_eq!(done.data["invoice_number"], "0000000123");
    finds(&done, &[]);
    finds(
        &normalized(json!({"partner_vat": vat, "invoice_number": "123"})),
        &["invoice_number_not_ten_digits"],
    );
    let as_number = normalized(json!({"partner_vat": vat, "invoice_number": 1000000123}));
    assert_eq!(as_number.data["invoice_number"], "1000000123");
    finds(&as_number, &["invoice_number_as_number"]);
    let foreign = normalized(json!({"partner_vat": "ATU12345675", "invoice_number": " Invoice No. INV/7 "}));
    assert_eq!(foreign.data["invoice_number"], "INV/7");
    assert_eq!(normalized(json!({"invoice_number": "Invoicer 7"})).data["invoice_number"], "Invoicer 7");
}

#[test]
fn dates_and_currencies() {
    let dotted = normalized(json!({"invoice_date": "31.12.2025 г.", "currency": "лв."}));
    assert_eq!(
        (&dotted.data["invoice_date"], &dotted.data["currency"]),
        (&json!("2025-12-31"), &json!("BGN"))
    );
    finds(&dotted, &[]);
    finds(&normalized(json!({"invoice_date": "2026-01-02", "currency": "BGN"})), &["currency_of_the_past"]);
    finds(&normalized(json!({"invoice_date": "2026-03-02"})), &["date_in_the_future"]);
    finds(&normalized(json!({"invoice_date": "2021-02-28"})), &["date_too_old"]);
    finds(&normalized(json!({"invoice_date": "2026-02-30"})), &["date_shape"]);
    finds(&normalized(json!({"invoice_date": "2026-03-01"})), &[]);
    finds(&normalized(json!({"currency": "money"})), &["currency_shape"]);
}

#[test]
fn sums_agree_within_what_rounding_explains() {
    let invoice = |lines: &[f64], untaxed: f64, tax: f64, total: f64| {
        let lines: Vec<Value> = lines.iter().map(|amount| json!({"amount_subtotal": amount})).collect();
        json!({"lines": lines, "amount_untaxed": untaxed, "amount_tax": tax, "amount_total": total})
    };
    finds(&normalized(invoice(&[40.00, 35.50], 75.50, 15.10, 90.60)), &[]);
    finds(&normalized(invoice(&[40.00], 75.50, 15.10, 90.60)), &["lines_and_untaxed_differ"]);
    finds(&normalized(invoice(&[], 75.50, 15.10, 95.00)), &["sum_and_total_differ"]);
    finds(&normalized(invoice(&[40.01], 40.00, 8.00, 48.00)), &[]);
    finds(&normalized(invoice(&[40.10], 40.00, 8.00, 48.00)), &["lines_and_untaxed_differ"]);
    finds(&normalized(invoice(&[-40.00], -40.00, -8.00, -48.00)), &[]);
    finds(&normalized(json!({"amount_total": "12,50"})), &["amount_not_a_number"]);
    finds(
        &normalized(json!({"lines": [{"description": "x"}], "amount_untaxed": 1})),
        &["lines_without_amount"],
    );
    finds(&normalized(json!({"amount_total_eur": 100, "amount_total_bgn": 195.58})), &[]);
    finds(&normalized(json!({"amount_total_eur": 100, "amount_total_bgn": 200})), &["euro_and_lev_differ"]);
}

#[test]
fn an_account_nobody_knows_is_told_of() {
    let iban = "BG80 BNBG 9661 1020 3456 78";
    let known = |accounts: &[&str]| {
        let accounts = accounts.iter().map(|&account| account.to_owned()).collect();
        among(json!({"partner_iban": iban}), |known| known.known_ibans = Some(accounts))
    };
    finds(&known(&["bg80bnbg96611020345678"]), &[]);
    finds(&known(&["BG45TEST123410AB12CD34"]), &["new_iban"]);
    finds(&known(&[]), &[]);
    finds(&normalized(json!({"partner_iban": "BG81BNBG96611020345678"})), &["iban_invalid"]);
    finds(&normalized(json!({"partner_iban": iban, "partner_bic": "UNCRBGSF"})), &["bic_of_another_bank"]);
}

#[test]
fn hostile_values_are_left_where_they_are() {
    let long = "9".repeat(100_000);
    let hostile = json!({
        "partner_vat": long, "partner_eik": ["x"], "customs_mrn": {"a": 1}, "invoice_number": true,
        "invoice_date": 7, "currency": "€€€€€€€€€€€€€€€€€€€€", "lines": {"0": 1}, "amount_total": 1e300,
        "partner_iban": "ŽŽ", "partner_bic": "\u{0}",
    });
    let done = normalized(hostile.clone());
    assert_eq!(done.data, hostile);
}
