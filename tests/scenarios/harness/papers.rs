//! Documents of the tests: small PDF files and pictures that every reader opens.

use base64::{Engine as _, prelude::BASE64_STANDARD};

/// A PDF file with so many pages and a text of its own.
pub(crate) fn pdf(pages: usize, text: &str) -> Vec<u8> {
    made(pages, text, "")
}

/// The same with a script that a reader would run when it opens the file.
pub(crate) fn pdf_with_script(text: &str) -> Vec<u8> {
    made(1, text, "/OpenAction << /Type /Action /S /JavaScript /JS (app.alert\\('canary-script'\\)) >>")
}

fn made(pages: usize, text: &str, of_catalog: &str) -> Vec<u8> {
    let kids: Vec<String> = (0..pages).map(|page| format!("{} 0 R", 4 + page * 2)).collect();
    let mut objects = vec![
        format!("<< /Type /Catalog /Pages 2 0 R {of_catalog} >>"),
        format!("<< /Type /Pages /Kids [{}] /Count {pages} >>", kids.join(" ")),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    for page in 0..pages {
        let content = format!("BT /F1 12 Tf 72 720 Td ({text} {page}) Tj ET");
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {} 0 R /Resources << /Font << /F1 3 0 R >> >> >>",
            5 + page * 2
        ));
        objects.push(format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()));
    }
    let mut file = b"%PDF-1.4\n".to_vec();
    let mut offsets = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        offsets.push(file.len());
        file.extend(format!("{} 0 obj\n{object}\nendobj\n", index + 1).into_bytes());
    }
    let table = file.len();
    let entries: String = offsets.iter().map(|offset| format!("{offset:010} 00000 n \n")).collect();
    let count = objects.len() + 1;
    file.extend(
        format!(
            "xref\n0 {count}\n0000000000 65535 f \n{entries}trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n"
        )
        .into_bytes(),
    );
    file
}

/// A picture of one pixel.
pub(crate) fn png() -> Vec<u8> {
    let base64 =
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    BASE64_STANDARD.decode(base64).expect("a picture")
}

pub(crate) fn base64_of(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}
