//! What one field says of another, and the document of what is known.

use jiff::{ToSpan, civil::Date};

use super::{Work, fields};
use crate::identifiers::{bic_matches, eik, iban, vat};

/// Bulgaria's money became the euro on this day.
const EURO_DAY: (i16, i8, i8) = (2026, 1, 1);
/// Years after which a claim lapses.
const LIMITATION_YEARS: i32 = 5;

pub(super) fn run(work: &mut Work<'_>) {
    company_and_vat(work);
    seller_and_buyer(work);
    dates(work);
    accounts(work);
}

/// The company number in the VAT number is that of the company.
fn company_and_vat(work: &mut Work<'_>) {
    let of_vat = work.text("partner_vat").and_then(|text| vat(text, work.circumstances.today).eik);
    let of_company = work.text("partner_eik").and_then(|text| eik(text).eik);
    if let (Some(one), Some(other)) = (of_vat, of_company)
        && one != other
    {
        work.find("eik_not_of_vat", "partner_eik", "company number and VAT number name different firms");
    }
}

/// On a bill the supplier is somebody else.
fn seller_and_buyer(work: &mut Work<'_>) {
    let today = work.circumstances.today;
    let own_number = work.circumstances.own_vat.as_deref().map(|text| vat(text, today));
    let own_company = work
        .circumstances
        .own_eik
        .as_deref()
        .and_then(|text| eik(text).eik)
        .or_else(|| own_number.as_ref()?.eik.clone());
    let seller = work.text("partner_vat").map(|text| vat(text, today));
    let seller_company =
        work.text("partner_eik").and_then(|text| eik(text).eik).or_else(|| seller.as_ref()?.eik.clone());
    let same_company = seller_company.is_some() && seller_company == own_company;
    let same_number = match (&seller, &own_number) {
        (Some(seller), Some(own)) => seller.valid_shape && seller.normalized == own.normalized,
        _ => false,
    };
    if same_company || same_number {
        let (path, message) = if work.is_sale() {
            ("partner_vat", "the customer has the company's own number; buyer and seller may be swapped")
        } else {
            ("partner_vat", "the supplier has the company's own number; buyer and seller may be swapped")
        };
        work.find("own_number", path, message);
    }
}

fn dates(work: &mut Work<'_>) {
    let today = work.circumstances.today;
    let Some(issued) = work.text("invoice_date").and_then(fields::date) else { return };
    if issued > today {
        work.find("date_in_the_future", "invoice_date", "the invoice date lies in the future");
    }
    if today.checked_sub(LIMITATION_YEARS.years()).is_ok_and(|oldest| issued < oldest) {
        work.find(
            "date_too_old",
            "invoice_date",
            format!("older than {LIMITATION_YEARS} years; it may be misread"),
        );
    }
    let (year, month, day) = EURO_DAY;
    let euro_day = Date::constant(year, month, day);
    if issued >= euro_day && work.text("currency") == Some("BGN") {
        work.find("currency_of_the_past", "currency", format!("invoices are not in lev since {euro_day}"));
    }
}

/// A known supplier with an account that nobody has seen before is how payments are stolen.
fn accounts(work: &mut Work<'_>) {
    let Some(account) = work.text("partner_iban").map(iban) else { return };
    if let Some(bic) = work.text("partner_bic").map(str::to_owned)
        && bic_matches(&account, &bic) == Some(false)
    {
        work.find("bic_of_another_bank", "partner_bic", "the bank code does not belong to the account");
    }
    let Some(known) = &work.circumstances.known_ibans else { return };
    if !known.is_empty() && !known.iter().any(|other| iban(other).normalized == account.normalized) {
        work.find(
            "new_iban",
            "partner_iban",
            "the supplier has other accounts in Odoo; ask before paying to this one",
        );
    }
}
