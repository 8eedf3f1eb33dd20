//! What is known of a number after it was checked.

use std::fmt;

use jiff::civil::Date;
use serde::Serialize;

use super::masked::masked;

/// The answer of every check. Never a bare yes or no: a shape can be right and the check digit wrong.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// The number as it is written properly; what was given, cleaned, where it has no valid shape.
    pub normalized: String,
    pub kind: Kind,
    pub valid_shape: bool,
    /// Nothing where the shape is wrong or numbers of this kind have no check digit that is known here.
    pub valid_checksum: Option<bool>,
    pub warnings: Vec<Warning>,
    /// The legal entity's nine digits, where the number names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eik: Option<String>,
    /// The VAT number that a firm with this company number has, if it has one at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub candidate: Option<String>,
    /// Two letters: the country that gave out the number, in ISO 3166 (`GR` for Greece, `XI` kept).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<&'static str>,
    /// Day of birth in a personal number; left out of every output.
    #[serde(skip)]
    pub born: Option<Date>,
}

/// What kind of number it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Company number of nine digits.
    Eik,
    /// Company number of thirteen digits: a branch.
    EikBranch,
    /// Personal number of a citizen.
    Egn,
    /// Personal number of a foreigner.
    Lnch,
    /// Any other tax number of ten digits.
    OtherNumber,
    /// VAT number of another country.
    EuVat,
    Iban,
    Mrn,
    Unknown,
}

/// What a person should look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Warning {
    #[error("longer than any such number; it was not looked at")]
    TooLong,
    #[error("Cyrillic letters that look like Latin ones were read as Latin")]
    CyrillicLetters,
    #[error("the check digit does not agree")]
    CheckDigit,
    #[error("the date in the number lies in the future")]
    BornInTheFuture,
    #[error(
        "a company number without the country prefix: whether the firm is registered for VAT is not known"
    )]
    NotAVatNumber,
    #[error("a number of a person")]
    PersonalNumber,
    #[error("no country or territory has such a code")]
    UnknownCountry,
}

impl Warning {
    /// One stable word, as it stands in JSON.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooLong => "too_long",
            Self::CyrillicLetters => "cyrillic_letters",
            Self::CheckDigit => "check_digit",
            Self::BornInTheFuture => "born_in_the_future",
            Self::NotAVatNumber => "not_a_vat_number",
            Self::PersonalNumber => "personal_number",
            Self::UnknownCountry => "unknown_country",
        }
    }
}

impl Checked {
    pub(super) fn new(normalized: impl Into<String>, kind: Kind) -> Self {
        Self {
            normalized: normalized.into(),
            kind,
            valid_shape: false,
            valid_checksum: None,
            warnings: Vec::new(),
            eik: None,
            candidate: None,
            country: None,
            born: None,
        }
    }

    /// What no check was made of: longer than any number of any kind.
    pub(super) fn too_long() -> Self {
        Self::new("", Kind::Unknown).warn(Warning::TooLong)
    }

    #[must_use]
    pub(super) fn warn(mut self, warning: Warning) -> Self {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
        self
    }

    #[must_use]
    pub(super) fn warn_if(self, is_so: bool, warning: Warning) -> Self {
        if is_so { self.warn(warning) } else { self }
    }

    /// The shape is right and the check digit is, or is not.
    #[must_use]
    pub(super) fn proven(mut self, agrees: bool) -> Self {
        self.valid_shape = true;
        self.valid_checksum = Some(agrees);
        self.warn_if(!agrees, Warning::CheckDigit)
    }

    /// Shape right and no check digit that contradicts it.
    pub fn is_valid(&self) -> bool {
        self.valid_shape && self.valid_checksum != Some(false)
    }

    /// Is it the number of a person, or a number of ten digits that may be a misread one?
    pub fn is_personal(&self) -> bool {
        match self.kind {
            Kind::Egn | Kind::Lnch => true,
            Kind::OtherNumber => self.valid_checksum != Some(true),
            Kind::Eik | Kind::EikBranch | Kind::EuVat | Kind::Iban | Kind::Mrn | Kind::Unknown => false,
        }
    }

    /// The number as it may be shown: that of a person without all but its last digits.
    pub fn shown(&self) -> String {
        if self.is_personal() { masked(&self.normalized) } else { self.normalized.clone() }
    }
}

impl fmt::Debug for Checked {
    /// Personal numbers do not reach a log this way.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checked")
            .field("normalized", &self.shown())
            .field("kind", &self.kind)
            .field("valid_shape", &self.valid_shape)
            .field("valid_checksum", &self.valid_checksum)
            .field("warnings", &self.warnings)
            .finish_non_exhaustive()
    }
}
