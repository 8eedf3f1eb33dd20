//! What a file is, by its content.

use serde::{Deserialize, Serialize};

/// The kinds of documents that can be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    Pdf,
    Png,
    Jpeg,
    Gif,
    WebP,
}

impl DocumentKind {
    pub fn mime_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Gif => "image/gif",
            Self::WebP => "image/webp",
        }
    }

    pub fn is_picture(self) -> bool {
        self != Self::Pdf
    }
}

/// What the first bytes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Known(DocumentKind),
    /// A picture of a kind that is not sent on, by its common name.
    Unsupported(&'static str),
    Unknown,
}

/// Where readers look for the header of a PDF file.
pub(super) const PDF_HEADER_WITHIN_BYTES: usize = 1_024;
pub(super) const PDF_HEADER: &[u8] = b"%PDF-";

pub(super) fn pdf_header_at(bytes: &[u8]) -> Option<usize> {
    let head = bytes.get(..PDF_HEADER_WITHIN_BYTES).unwrap_or(bytes);
    head.windows(PDF_HEADER.len()).position(|window| window == PDF_HEADER)
}

pub(super) fn kind_of(bytes: &[u8]) -> Found {
    const BEGINNINGS: &[(&[u8], Found)] = &[
        (b"\x89PNG\r\n\x1a\n", Found::Known(DocumentKind::Png)),
        (b"\xFF\xD8\xFF", Found::Known(DocumentKind::Jpeg)),
        (b"GIF87a", Found::Known(DocumentKind::Gif)),
        (b"GIF89a", Found::Known(DocumentKind::Gif)),
        (b"II*\0", Found::Unsupported("TIFF")),
        (b"MM\0*", Found::Unsupported("TIFF")),
        (b"II+\0", Found::Unsupported("TIFF")),
        (b"MM\0+", Found::Unsupported("TIFF")),
        (b"BM", Found::Unsupported("BMP")),
        (b"\0\0\x01\0", Found::Unsupported("ICO")),
        (b"\0\0\0\x0cjP  ", Found::Unsupported("JPEG 2000")),
        (b"\xFF\x4F\xFF\x51", Found::Unsupported("JPEG 2000")),
    ];
    for (beginning, found) in BEGINNINGS {
        // A PDF file may carry something in front; what begins as a picture is one all the same.
        if bytes.starts_with(beginning)
            && (*found != Found::Unsupported("BMP") || pdf_header_at(bytes).is_none())
        {
            return *found;
        }
    }
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        return Found::Known(DocumentKind::WebP);
    }
    if bytes.get(4..8) == Some(b"ftyp") {
        return match bytes.get(8..12) {
            Some(b"heic" | b"heix" | b"hevc" | b"heim" | b"heis" | b"mif1" | b"msf1") => {
                Found::Unsupported("HEIC")
            }
            Some(b"avif" | b"avis") => Found::Unsupported("AVIF"),
            _ => Found::Unknown,
        };
    }
    if pdf_header_at(bytes).is_some() {
        return Found::Known(DocumentKind::Pdf);
    }
    let head = bytes.get(..PDF_HEADER_WITHIN_BYTES).unwrap_or(bytes);
    if head.windows(4).any(|window| window.eq_ignore_ascii_case(b"<svg")) {
        return Found::Unsupported("SVG");
    }
    Found::Unknown
}

/// Whether a label such as `image/jpeg; charset=binary` says this kind. Labels that say nothing fit.
pub(super) fn label_fits(label: &str, kind: DocumentKind) -> bool {
    let essence = label.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "" | "application/octet-stream" | "binary/octet-stream" => true,
        "application/x-pdf" => kind == DocumentKind::Pdf,
        "image/jpg" | "image/pjpeg" => kind == DocumentKind::Jpeg,
        "image/x-png" => kind == DocumentKind::Png,
        other => other == kind.mime_type(),
    }
}
