//! PDF files and pictures: whatever comes in, what goes out is safe and stays as it is.
//!
//! The first byte chooses: the bytes as they are, or as objects of a file that has a page.

use std::time::Duration;

use odoo_mcp::documents::{DocumentLimits, Sent, page_count, sanitize};

pub fn run(data: &[u8]) {
    let Some((choice, rest)) = data.split_first() else { return };
    match choice % 4 {
        0 => check(rest),
        1 => check(&[b"%PDF-1.7\n", rest].concat()),
        2 => check(&with_page(rest, b"")),
        _ => {
            let (catalog, objects) = rest.split_at(rest.len().min(usize::from(*choice)));
            check(&with_page(objects, catalog));
        }
    }
}

fn check(bytes: &[u8]) {
    // Small, so that the walls are reached.
    let limits = DocumentLimits {
        decoded_bytes_max: 8 << 20,
        ratio_counts_from_bytes: 1 << 20,
        objects_max: 2_000,
        time_max: Duration::from_secs(5),
        ..DocumentLimits::default()
    };
    assert!(page_count(bytes, &limits) >= 1);
    match sanitize(bytes, &limits) {
        Ok(safe) => {
            assert_eq!((safe.report.sent, &safe.report.refused), (Sent::Sanitized, &None));
            let again = sanitize(&safe.bytes, &limits).expect("what was cleaned is clean");
            assert_eq!(again.bytes, safe.bytes, "cleaning twice changes something");
            assert!(!again.report.modified, "cleaning left something behind: {:?}", again.report.removed);
            assert_eq!(again.pages, safe.pages);
        }
        Err(refusal) => {
            assert_ne!(refusal.code.as_str(), "residue", "{}", refusal.message);
            assert_ne!(refusal.code.as_str(), "timeout", "{}", refusal.message);
            assert!(!refusal.report.modified && refusal.report.sent == Sent::None);
        }
    }
}

/// A file without a table, so that any object counts.
fn with_page(objects: &[u8], catalog: &[u8]) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n2 0 obj<</Type/Pages/Kids[3 0 R]>>endobj 3 0 obj<</Type/Page/Contents 4 0 R/Annots[6 0 R]".to_vec();
    file.extend_from_slice(b"/Resources<</XObject<</X 7 0 R>>>>>>endobj\n1 0 obj<</Type/Catalog/Pages 2 0 R/Outlines 8 0 R/Names 9 0 R");
    file.extend_from_slice(catalog);
    file.extend_from_slice(b">>endobj\n");
    file.extend_from_slice(objects);
    file
}
