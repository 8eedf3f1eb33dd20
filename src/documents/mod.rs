//! Documents that leave the house: PDF files and pictures, made safe before anybody reads them.
//!
//! Pure: bytes in, safe bytes and a truthful report out. Deliberately absent: I/O, and what a
//! document says. The functions are synchronous and may work for seconds: callers run them beside
//! the async threads.

mod kind;
mod limits;
mod pdf;
mod pictures;
mod refusal;
mod report;

pub use kind::DocumentKind;
pub use limits::{
    DECODED_BYTES_MAX, DocumentLimits, FILTERS_MAX, INPUT_BYTES_MAX, NESTING_MAX, OBJECTS_MAX, PAGES_MAX,
    PICTURE_BYTES_MAX, PIXELS_MAX, RATIO_COUNTS_FROM_BYTES, RATIO_MAX, TIME_MAX,
};
pub use refusal::{DocumentRefusal, RefusalCode};
pub use report::{DocumentWarning, EmbeddedFile, LISTED_MAX, Removed, SanitizeReport, Sent};

use kind::{Found, kind_of, label_fits};
use limits::Budget;
use refusal::Stop;
use ring::digest;

use crate::facts::hex;

/// Changes whenever the same input may give another output: part of the key of whatever is cached.
pub const SANITIZER_VERSION: u32 = 1;

/// A document that may be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct SafeDocument {
    pub bytes: Vec<u8>,
    pub kind: DocumentKind,
    /// Pages of a PDF file; a picture has one.
    pub pages: u32,
    pub report: SanitizeReport,
}

/// Makes a document safe: a new file without anything that runs, hides or was left behind.
pub fn sanitize(bytes: &[u8], limits: &DocumentLimits) -> Result<SafeDocument, DocumentRefusal> {
    sanitize_as(bytes, None, limits)
}

/// The same for a document with a label, which its content has to fit.
pub fn sanitize_as(
    bytes: &[u8],
    claimed_mime_type: Option<&str>,
    limits: &DocumentLimits,
) -> Result<SafeDocument, DocumentRefusal> {
    let mut report = SanitizeReport {
        available: true,
        input_bytes: bytes.len() as u64,
        input_sha256: sha256(bytes),
        ..SanitizeReport::default()
    };
    match made_safe(bytes, claimed_mime_type, limits, &mut report) {
        Ok((safe, kind)) => {
            report.output_bytes = safe.len() as u64;
            report.output_sha256 = Some(sha256(&safe));
            report.modified = !report.removed.is_empty();
            report.sent = Sent::Sanitized;
            report.settle();
            Ok(SafeDocument { bytes: safe, kind, pages: report.pages, report })
        }
        Err(stop) => {
            report.refused = Some(stop.code.as_str().to_owned());
            if stop.code == RefusalCode::Malformed {
                report.parse_error = Some(stop.message.clone());
            }
            // Nothing is sent, so nothing was taken out of what is sent.
            report.removed = Removed::default();
            report.settle();
            Err(DocumentRefusal { code: stop.code, message: stop.message, report: Box::new(report) })
        }
    }
}

/// Pages of a document, at least one. For choosing a model only: it never fails.
pub fn page_count(bytes: &[u8], limits: &DocumentLimits) -> u32 {
    match kind_of(bytes) {
        Found::Known(DocumentKind::Pdf) => pdf::page_count(bytes, limits),
        _ => 1,
    }
}

fn made_safe(
    bytes: &[u8],
    claimed_mime_type: Option<&str>,
    limits: &DocumentLimits,
    report: &mut SanitizeReport,
) -> Result<(Vec<u8>, DocumentKind), Stop> {
    if bytes.len() > limits.input_bytes_max {
        let most = limits.input_bytes_max;
        return Err(Stop::new(RefusalCode::TooLarge, format!("the document is larger than {most} bytes")));
    }
    let kind = match kind_of(bytes) {
        Found::Known(kind) => kind,
        Found::Unsupported(name) => {
            let message = format!("a {name} picture cannot be sent; save it as PNG, JPEG or PDF");
            return Err(Stop::new(RefusalCode::UnsupportedPicture, message));
        }
        Found::Unknown => {
            return Err(Stop::new(RefusalCode::NotPdf, "this is neither a PDF file nor a picture"));
        }
    };
    report.kind = Some(kind);
    if claimed_mime_type.is_some_and(|label| !label_fits(label, kind)) {
        let message = format!("the content is `{}`, its label says otherwise", kind.mime_type());
        return Err(Stop::new(RefusalCode::WrongType, message));
    }
    let mut budget = Budget::new(limits);
    let safe = match kind {
        DocumentKind::Pdf => pdf::sanitize(bytes, &mut budget, report)?,
        DocumentKind::Png | DocumentKind::Jpeg | DocumentKind::Gif | DocumentKind::WebP => {
            report.pages = 1;
            pictures::sanitize(bytes, kind, &budget, report)?
        }
    };
    Ok((safe, kind))
}

fn sha256(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}
