//! What the normaliser found.

use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::identifiers::{Kind, Supply};

/// The fields of the older report keep their names; the others came later. Empty for what is no object.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    pub looked_at: bool,
    pub vat_changed: bool,
    pub eik_filled: bool,
    /// Nothing where the document has no customs number. The shape alone decides.
    pub mrn_valid: Option<bool>,
    pub art_117_hint: bool,
    pub art_117_note: Option<String>,
    /// What kind of number stands, or stood, where the VAT number is expected.
    pub vat_kind: Option<Kind>,
    pub vat_valid: Option<bool>,
    /// The VAT number that goes with the company number, if the firm has one.
    pub vat_candidate: Option<String>,
    pub supply: Option<Supply>,
    /// The code of `l10n_bg_type_vat` that the hint proposes.
    pub vat_type_proposed: Option<&'static str>,
    pub findings: Vec<Finding>,
}

/// Something a person should look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// One stable word.
    pub code: &'static str,
    /// The field.
    pub path: String,
    pub message: String,
}

impl Report {
    /// Was such a thing found?
    pub fn has(&self, code: &str) -> bool {
        self.findings.iter().any(|finding| finding.code == code)
    }
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if !self.looked_at {
            return map.end();
        }
        map.serialize_entry("vat_changed", &self.vat_changed)?;
        map.serialize_entry("eik_filled", &self.eik_filled)?;
        map.serialize_entry("mrn_valid", &self.mrn_valid)?;
        map.serialize_entry("art_117_hint", &self.art_117_hint)?;
        if let Some(note) = &self.art_117_note {
            map.serialize_entry("art_117_note", note)?;
        }
        if let Some(kind) = &self.vat_kind {
            map.serialize_entry("vat_kind", kind)?;
        }
        if let Some(valid) = &self.vat_valid {
            map.serialize_entry("vat_valid", valid)?;
        }
        if let Some(candidate) = &self.vat_candidate {
            map.serialize_entry("vat_candidate", candidate)?;
        }
        if let Some(supply) = &self.supply {
            map.serialize_entry("supply", supply)?;
        }
        if let Some(code) = &self.vat_type_proposed {
            map.serialize_entry("vat_type_proposed", code)?;
        }
        map.serialize_entry("findings", &self.findings)?;
        map.end()
    }
}
