//! Numbers that carry their own proof: company and personal numbers, VAT numbers, IBAN, MRN.
//!
//! One function per kind of number takes text as it was printed and answers with a `Checked`: how the
//! number is written properly, whether it has the right shape, whether its check digit agrees, and what
//! a person should look at. `normalize_extraction` applies them to what was read from a document.
//!
//! Pure. Deliberately absent: asking a register whether a number is in use, and deciding whether a firm
//! is registered for VAT: a company number says nothing about that.

mod bulgarian_vat;
mod checked;
mod cleaned;
mod eik;
mod eu_check_digits;
mod eu_vat;
mod iban;
mod iban_structures;
mod masked;
mod mrn;
mod normalize;
mod personal;
#[cfg(test)]
mod tests;

pub use bulgarian_vat::bulgarian_vat;
pub use checked::{Checked, Kind, Warning};
pub use eik::eik;
pub use eu_vat::eu_vat;
pub use iban::{bic_matches, iban};
pub use masked::{masked, masked_extraction};
pub use mrn::mrn;
pub use normalize::{Change, Circumstances, Finding, Normalized, Report, Supply, normalize_extraction};
pub use personal::{egn, lnch, other_number, ten_digits};

use jiff::civil::Date;

/// A VAT number of any country: Bulgarian ones and bare numbers by the Bulgarian rules, others by those
/// of their prefix.
pub fn vat(text: &str, today: Date) -> Checked {
    let foreign = eu_vat(text);
    if foreign.country.is_some_and(|country| country != "BG") { foreign } else { bulgarian_vat(text, today) }
}
