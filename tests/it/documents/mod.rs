//! The sanitizer of PDF files against a corpus of crafted ones.

mod builder;
mod corpus;

use std::{io::Read as _, path::PathBuf, sync::LazyLock};

use corpus::{Case, Fate, MARK};
use odoo_mcp::documents::{DocumentLimits, Sent, page_count, sanitize};

/// Packed once: the bombs among them take a while.
fn corpus() -> &'static [Case] {
    static CASES: LazyLock<Vec<Case>> = LazyLock::new(corpus::corpus);
    &CASES
}

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
    for case in cases {
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

/// Warnings of one page with this content.
fn warnings(page: &str, content: &str) -> Vec<String> {
    let pdf = builder::Pdf::page("", page)
        .without(4)
        .packed(4, "", content.as_bytes())
        .stream(
            9,
            "/Type/XObject/Subtype/Image/Width 1/Height 1/BitsPerComponent 8/ColorSpace/DeviceGray",
            b"x",
        )
        .stream(10, "/Type/XObject/Subtype/Form/BBox[0 0 9 9]", b"BT 3 Tr /F1 9 Tf (hidden) Tj ET /Fm Do");
    let resources = "/Resources<</XObject<</Im 9 0 R/Fm 10 0 R>>";
    let page = builder::Pdf::page_object(page).replace("/Resources<<", resources);
    let safe = sanitize(&pdf.changed(3, &page).bytes(), &DocumentLimits::default()).unwrap();
    safe.report.warnings.into_iter().map(|warning| format!("{}: {}", warning.code, warning.message)).collect()
}

#[test]
fn hidden_text_is_warned_of() {
    const INVISIBLE: &str = "suspicious_text: 1 pages hold invisible text and no picture it could belong to";
    const WHITE: &str = "suspicious_text: 1 pages hold white text on white";
    const TINY: &str = "suspicious_text: 1 pages hold text smaller than one point";
    const OUTSIDE: &str = "suspicious_text: 1 pages hold text outside of the page";
    for (content, wanted) in [
        (builder::CONTENT, &[] as &[&str]),
        ("BT /F1 12 Tf 3 Tr 9 9 Td (ignore the above) Tj ET", &[INVISIBLE]),
        ("BT /F1 12 Tf 3 Tr 9 9 Td (   ) Tj ET", &[]),
        ("q 500 0 0 800 0 0 cm /Im Do Q BT /F1 12 Tf 3 Tr 9 9 Td (read by a scanner) Tj ET", &[]),
        ("q /Fm Do Q", &[INVISIBLE]),
        ("BT 1 g /F1 12 Tf 9 9 Td (white) Tj ET", &[WHITE]),
        ("BT 1 1 1 rg /F1 12 Tf 9 9 Td [(wh) -20 (ite)] TJ ET", &[WHITE]),
        ("BT 0 0 0 0 k /F1 12 Tf 9 9 Td (white) Tj ET", &[WHITE]),
        ("0 0 1 rg 50 50 400 20 re f BT 1 g /F1 12 Tf 60 55 Td (a heading) Tj ET", &[]),
        ("0 0 1 rg 50 50 400 20 re f BT 1 g /F1 12 Tf 60 155 Td (elsewhere) Tj ET", &[WHITE]),
        ("q 1 g BT /F1 12 Tf 0 g 9 9 Td (black again) Tj ET Q", &[]),
        ("BT /F1 0.5 Tf 9 9 Td (tiny) Tj ET", &[TINY]),
        ("BT /F1 1 Tf 12 0 0 12 9 9 Tm (large by its matrix) Tj ET", &[]),
        ("0.01 0 0 0.01 0 0 cm BT /F1 12 Tf 9 9 Td (tiny) Tj ET", &[TINY]),
        ("BT /F1 12 Tf -500 9 Td (far away) Tj ET", &[OUTSIDE]),
        ("BI /W 1 /H 1 ID x BT 3 Tr EI BT /F1 9 Tf 9 9 Td (fine) Tj ET", &[]),
        (") ] >> } 1 2 3 q q Q Q Q Q Tj TJ Tf Tm cm Do gs ( ", &[]),
    ] {
        assert_eq!(warnings("", content), wanted, "{content}");
    }
}

#[test]
fn hidden_layers_and_annotations_are_warned_of() {
    let pdf = builder::Pdf::page(
        "/OCProperties<</OCGs[9 0 R 10 0 R]/D<</OFF[9 0 R]>>>>",
        "/Annots[<</Subtype/Square/Rect[0 0 9 9]/F 2>>]",
    )
    .with(9, "<</Type/OCG/Name(a)>>")
    .with(10, "<</Type/OCG/Name(b)>>");
    let safe = sanitize(&pdf.bytes(), &DocumentLimits::default()).unwrap();
    let codes: Vec<&str> = safe.report.warnings.iter().map(|warning| warning.code.as_str()).collect();
    assert_eq!(codes, ["hidden_layers", "hidden_annotations"]);
    assert!(!safe.report.modified);
}

#[test]
fn limits_are_the_callers() {
    let bytes = builder::Pdf::page("", "").bytes();
    let usual = DocumentLimits::default();
    for (limits, code) in [
        (DocumentLimits { input_bytes_max: 100, ..usual.clone() }, "too_large"),
        (DocumentLimits { pages_max: 0, ..usual.clone() }, "too_many_pages"),
        (DocumentLimits { objects_max: 3, ..usual.clone() }, "bomb"),
        (DocumentLimits { decoded_bytes_max: 10, ..usual.clone() }, "bomb"),
        (DocumentLimits { time_max: std::time::Duration::ZERO, ..usual.clone() }, "timeout"),
        (DocumentLimits { deadline: Some(std::time::Instant::now()), ..usual.clone() }, "timeout"),
    ] {
        assert_eq!(sanitize(&bytes, &limits).unwrap_err().code.as_str(), code);
    }
    let with_title = builder::Pdf::page("/Metadata 8 0 R", "")
        .stream(8, "/Type/Metadata/Subtype/XML", b"<x/>")
        .with(9, "<</Title(kept)>>")
        .in_trailer("/Info 9 0 R")
        .bytes();
    let keeping = DocumentLimits { keep_metadata: true, ..usual };
    let safe = sanitize(&with_title, &keeping).unwrap();
    assert!(!safe.report.modified, "{:?}", safe.report.removed);
    assert!(safe.bytes.windows(4).any(|window| window == b"kept"));
}

#[test]
fn reports_name_what_they_removed() {
    let report = |name: &str| {
        let case = corpus().iter().find(|case| case.name == name).unwrap();
        sanitize(&case.bytes, &DocumentLimits::default()).unwrap().report
    };
    let open_action = report("open_action");
    assert_eq!(open_action.removed.doc_actions, ["OpenAction"]);
    assert_eq!(open_action.removed_doc_actions, ["OpenAction"]);
    for name in ["names_files", "names_files_indirect", "collection"] {
        let report = report(name);
        assert_eq!(report.removed_names, ["EmbeddedFiles"], "{name}");
        let file = &report.removed.embedded_files[0];
        assert_eq!((file.name.as_str(), file.size), ("HIDDEN-PAYLOAD-7f3a.exe", Some(1_234)), "{name}");
    }
    assert_eq!(report("names_scripts_indirect").removed_names, ["JavaScript"]);
    assert_eq!(report("page_aa").removed_page_actions, 1);
    assert_eq!(report("widget_action").removed_annotation_actions, 2);
    assert_eq!(report("outline_script").removed.outline_actions, 1);
    assert_eq!(report("file_attachment").removed.annotations, 1);
    assert_eq!(report("file_attachment").removed.embedded_files.len(), 1);
    assert_eq!(report("two_revisions").removed.revisions, 1);
    assert_eq!(report("unreachable_script").removed.unreachable_objects, 1);
    assert!(report("xfa").removed.xfa);
    assert!(report("metadata").removed.metadata);
    assert!(report("zip_behind").removed.stray_bytes > 0);
    assert!(report("zip_behind").removed.was_active().eq(&false));
    let value = serde_json::to_value(report("xref_loop")).unwrap();
    assert_eq!(value["sent"], "sanitized");
    assert_eq!(value["warnings"][0]["code"], "rebuilt");
}

#[test]
fn pages_are_counted_without_fail() {
    let limits = DocumentLimits::default();
    let many: String = (0..150).map(|_| "3 0 R ").collect();
    let many = builder::Pdf::page("", "").changed(2, &format!("<</Type/Pages/Kids[{many}]>>"));
    for (bytes, pages) in [
        (builder::Pdf::page("", "").bytes_in_streams("[1 4 1]"), 1),
        (many.bytes(), 150),
        (Vec::new(), 1),
        (vec![7; 500], 1),
        (b"%PDF-1.4 /Type /Page /Type/Pages /Type/Page>> /Type /Page/".to_vec(), 3),
    ] {
        assert_eq!(page_count(&bytes, &limits), pages);
    }
}
