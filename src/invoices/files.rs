//! Files of bills, and which one of them is the bill.

use std::borrow::Borrow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::bill::text;
use crate::facts::JsonObject;

const PDF: &str = "application/pdf";
/// Pictures that can be read.
const PICTURES: [&str; 5] = ["image/png", "image/jpeg", "image/jpg", "image/gif", "image/webp"];

/// A file of a bill, without its content.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AttachmentFacts {
    pub id: i64,
    pub name: String,
    /// Empty where Odoo does not know.
    pub mimetype: String,
    /// In bytes.
    pub file_size: u64,
}

impl AttachmentFacts {
    pub(super) fn of(row: &JsonObject) -> Option<Self> {
        Some(Self {
            id: row.get("id").and_then(Value::as_i64)?,
            name: text(row, "name").unwrap_or_default(),
            mimetype: text(row, "mimetype").unwrap_or_default(),
            file_size: row.get("file_size").and_then(Value::as_u64).unwrap_or_default(),
        })
    }

    fn is_pdf(&self) -> bool {
        self.mimetype == PDF
    }

    /// A smaller picture is a logo or a signature.
    fn is_picture(&self, bytes_min: u64) -> bool {
        PICTURES.contains(&self.mimetype.as_str()) && self.file_size >= bytes_min
    }

    /// Could it be the bill: a PDF, or a picture that is no logo?
    pub fn is_readable(&self, picture_bytes_min: u64) -> bool {
        self.is_pdf() || self.is_picture(picture_bytes_min)
    }
}

/// The file that is the bill: the one that Odoo shows beside it, or the first PDF, or the largest picture
/// that is no logo.
pub fn chosen<F: Borrow<AttachmentFacts>>(
    files: &[F],
    main: Option<i64>,
    picture_bytes_min: u64,
) -> Option<&F> {
    let of_main = |file: &&F| {
        let file: &AttachmentFacts = (*file).borrow();
        Some(file.id) == main && file.is_readable(picture_bytes_min)
    };
    let is_picture = |file: &&F| (*file).borrow().is_picture(picture_bytes_min);
    files
        .iter()
        .find(of_main)
        .or_else(|| files.iter().find(|file| (*file).borrow().is_pdf()))
        .or_else(|| files.iter().filter(is_picture).max_by_key(|file| (*file).borrow().file_size))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(id: i64, mimetype: &str, file_size: u64) -> AttachmentFacts {
        AttachmentFacts { id, name: format!("{id}"), mimetype: mimetype.to_owned(), file_size }
    }

    #[test]
    fn the_bill_is_the_main_file_a_pdf_or_a_large_picture() {
        let logo = file(1, "image/png", 900);
        let photo = file(2, "image/jpeg", 90_000);
        let pdf = file(3, "application/pdf", 10);
        let xml = file(4, "application/xml", 10);
        let later = file(5, "application/pdf", 9_000);
        let check = |files: &[&AttachmentFacts], main: Option<i64>, expected: Option<i64>| {
            let chosen = chosen(files, main, 10_240).map(|file| file.id);
            assert_eq!(chosen, expected, "{files:?}");
            assert!(expected.is_none() || files.iter().any(|file| file.is_readable(10_240)), "{files:?}");
        };
        check(&[&logo, &photo, &pdf], None, Some(3));
        check(&[&logo, &photo, &pdf], Some(2), Some(2));
        check(&[&logo, &photo, &pdf], Some(1), Some(3));
        check(&[&logo, &photo, &pdf, &later], Some(5), Some(5));
        check(&[&xml, &pdf, &later], None, Some(3));
        check(&[&logo, &photo], None, Some(2));
        check(&[&pdf, &xml], Some(4), Some(3));
        check(&[&logo, &xml], None, None);
        check(&[&xml], Some(4), None);
        check(&[], Some(9), None);
        assert!(!logo.is_readable(10_240) && !xml.is_readable(0));
    }
}
