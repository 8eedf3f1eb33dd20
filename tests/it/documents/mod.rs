//! The sanitizer of PDF files against a corpus of crafted ones.

mod builder;
mod corpus;

use std::{io::Read as _, path::PathBuf};

use corpus::{Fate, MARK, corpus};
use odoo_mcp::documents::{DocumentLimits, Sent, page_count, sanitize};

/// No part of a payload may stand in a result, packed or not.
fn holds_mark(bytes: &[u8]) -> bool {
    let finds = |bytes: &[u8]| bytes.windows(MARK.len()).any(|window| window == MARK.as_bytes());
    let hex: String = MARK.bytes().map(|byte| format!("{byte:02x}")).collect();
    let word = b"stream\n";
    let mut streams = bytes.windows(word.len()).enumerate().filter(|(_, window)| window == word);
    finds(bytes)
        || bytes.windows(hex.len()).any(|window| window.eq_ignore_ascii_case(hex.as_bytes()))
        || streams.any(|(at, _)| {
            let mut unpacked = Vec::new();
            let _ = flate2::read::ZlibDecoder::new(&bytes[at + word.len()..]).read_to_end(&mut unpacked);
            finds(&unpacked)
        })
}

#[test]
fn every_file_of_the_corpus_meets_its_fate() {
    let limits = DocumentLimits::default();
    let cases = corpus();
    assert!(cases.len() >= 40);
    let mut wrong = Vec::new();
    for case in &cases {
        let name = case.name;
        let result = sanitize(&case.bytes, &limits);
        match (&result, case.fate) {
            (Ok(safe), Fate::Clean | Fate::Cleaned(_)) => {
                let report = &safe.report;
                let pages = if let Fate::Cleaned(pages) = case.fate { pages } else { safe.pages };
                let again = sanitize(&safe.bytes, &limits);
                for (holds, what) in [
                    (!holds_mark(&safe.bytes), "the payload is still there"),
                    (safe.pages == pages && report.pages == pages, "the number of pages"),
                    (page_count(&safe.bytes, &limits) == safe.pages, "the number of pages, counted again"),
                    (report.modified == (case.fate != Fate::Clean), "what the report says of changes"),
                    (
                        report.sent == Sent::Sanitized && report.refused.is_none(),
                        "what the report says was sent",
                    ),
                    (
                        again.is_ok_and(|again| again.bytes == safe.bytes && !again.report.modified),
                        "a second time",
                    ),
                    (safe.bytes.starts_with(b"%PDF-1.7\n") && safe.bytes.ends_with(b"%%EOF\n"), "both ends"),
                ] {
                    if !holds {
                        wrong.push(format!("{name}: {what}: {:?}", report.removed));
                    }
                }
            }
            (Err(refusal), Fate::Refused(code)) => {
                let report = &refusal.report;
                let honest = !report.modified && report.sent == Sent::None && report.output_sha256.is_none();
                if refusal.code.as_str() != code || !honest || report.refused.as_deref() != Some(code) {
                    wrong.push(format!("{name}: refused as {}: {}", refusal.code, refusal.message));
                }
            }
            (Ok(_), Fate::Refused(code)) => wrong.push(format!("{name}: not refused as {code}")),
            (Err(refusal), _) => {
                wrong.push(format!("{name}: refused as {}: {}", refusal.code, refusal.message))
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// Writes each file and its result for other programs to open: `tests/independent/documents` asks for it.
#[test]
fn the_corpus_is_written_where_it_is_asked_for() {
    #[expect(clippy::disallowed_methods, reason = "where a test writes is no setting of the product")]
    let Some(folder) = std::env::var_os("DOCUMENTS_FOLDER").map(PathBuf::from) else { return };
    let limits = DocumentLimits::default();
    let mut list = String::new();
    for case in corpus() {
        std::fs::write(folder.join(format!("{}.in.pdf", case.name)), &case.bytes).unwrap();
        if let Ok(safe) = sanitize(&case.bytes, &limits) {
            std::fs::write(folder.join(format!("{}.out.pdf", case.name)), &safe.bytes).unwrap();
            list.push_str(&format!("{} {}\n", case.name, safe.pages));
        }
    }
    std::fs::write(folder.join("list"), list).unwrap();
}
