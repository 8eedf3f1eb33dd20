//! Company numbers: nine digits of a legal entity, thirteen of a branch.

use super::{
    checked::{Checked, Kind, Warning},
    cleaned::{COMPANY_LABELS, cleaned, digits, weighted},
};

/// A company number as it was printed.
pub fn eik(text: &str) -> Checked {
    let Some(cleaned) = cleaned(text, COMPANY_LABELS) else { return Checked::too_long() };
    of_digits(&cleaned.text).unwrap_or_else(|| Checked::new(cleaned.text, Kind::Unknown))
}

/// A company number of nothing but digits; nothing where it has another length.
pub(super) fn of_digits(text: &str) -> Option<Checked> {
    let digits = digits(text)?;
    let entity = text.get(..9)?;
    let (kind, agrees) = match digits.len() {
        9 => (Kind::Eik, entity_agrees(&digits)),
        13 => (Kind::EikBranch, entity_agrees(&digits) && branch_agrees(&digits)),
        _ => return None,
    };
    let mut checked = Checked::new(text, kind).proven(agrees);
    checked.country = Some("BG");
    if agrees {
        checked.eik = Some(entity.to_owned());
        checked.candidate = Some(format!("BG{entity}"));
    }
    Some(checked)
}

/// A company number given as a VAT number: what it proposes is a candidate and no more.
pub(super) fn given_as_vat(text: &str) -> Option<Checked> {
    Some(of_digits(text)?.warn(Warning::NotAVatNumber))
}

fn entity_agrees(digits: &[u32]) -> bool {
    let expected = first_below_ten(digits, [&[1, 2, 3, 4, 5, 6, 7, 8], &[3, 4, 5, 6, 7, 8, 9, 10]]);
    digits.get(8) == Some(&expected)
}

/// The parent's last digit counts again as the branch's first.
fn branch_agrees(digits: &[u32]) -> bool {
    let tail = digits.get(8..).unwrap_or_default();
    let expected = first_below_ten(tail, [&[2, 7, 3, 5], &[4, 9, 5, 7]]);
    digits.get(12) == Some(&expected)
}

/// The remainder by eleven with the first weights that give one digit; zero if none do.
fn first_below_ten(digits: &[u32], weights: [&[u32]; 2]) -> u32 {
    weights.iter().map(|weights| weighted(digits, weights) % 11).find(|rest| *rest < 10).unwrap_or(0)
}
