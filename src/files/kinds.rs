//! What kind of file it is: by its first bytes, by its name, and whether a browser would run it.

use std::path::Path;

/// What says nothing about a file.
const UNKNOWN: &str = "application/octet-stream";
/// Bytes that are looked at; the mark of a tar archive stands furthest back.
pub(super) const HEAD_BYTES: usize = 1024;

/// A mark, where it stands, and what it means.
type Mark = (usize, &'static [u8], &'static str);

const MARKS: &[Mark] = &[
    (0, b"%PDF-", "application/pdf"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"BM", "image/bmp"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (0, b"\0\0\x01\0", "image/x-icon"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (257, b"ustar", "application/x-tar"),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (4, b"ftyp", "video/mp4"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"OggS", "audio/ogg"),
    (8, b"WAVE", "audio/wav"),
    (0, b"\x7fELF", "application/x-executable"),
    (0, b"MZ", "application/vnd.microsoft.portable-executable"),
];

/// What the first entries of a ZIP file give away.
const ZIP_PARTS: &[(&[u8], &str)] = &[
    (b"application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.text"),
    (b"application/vnd.oasis.opendocument.spreadsheet", "application/vnd.oasis.opendocument.spreadsheet"),
    (b"xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (b"word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    (b"ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
];

const ENDINGS: &[(&str, &str)] = &[
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("svg", "image/svg+xml"),
    ("svgz", "image/svg+xml"),
    ("htm", "text/html"),
    ("html", "text/html"),
    ("xhtml", "application/xhtml+xml"),
    ("xht", "application/xhtml+xml"),
    ("mhtml", "multipart/related"),
    ("js", "text/javascript"),
    ("mjs", "text/javascript"),
    ("css", "text/css"),
    ("csv", "text/csv"),
    ("txt", "text/plain"),
    ("log", "text/plain"),
    ("md", "text/markdown"),
    ("json", "application/json"),
    ("xml", "application/xml"),
    ("zip", "application/zip"),
    ("gz", "application/gzip"),
    ("doc", "application/msword"),
    ("xls", "application/vnd.ms-excel"),
    ("ppt", "application/vnd.ms-powerpoint"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    ("odt", "application/vnd.oasis.opendocument.text"),
    ("ods", "application/vnd.oasis.opendocument.spreadsheet"),
    ("eml", "message/rfc822"),
    ("ics", "text/calendar"),
];

/// Types that a browser runs scripts of when it shows the file from Odoo's own address.
const ACTIVE: &[&str] = &[
    "text/html",
    "application/xhtml+xml",
    "image/svg+xml",
    "text/javascript",
    "application/javascript",
    "application/x-javascript",
    "application/ecmascript",
    "text/ecmascript",
    "application/xslt+xml",
    "text/xsl",
    "multipart/related",
    "application/x-shockwave-flash",
];

/// The type that the first bytes of a file show; text is told from other bytes, and `None` means unknown.
pub fn type_of_content(head: &[u8]) -> Option<&'static str> {
    let head = head.get(..HEAD_BYTES.min(head.len())).unwrap_or_default();
    if head.starts_with(b"PK\x03\x04") {
        let known = ZIP_PARTS.iter().find(|(part, _)| head.windows(part.len()).any(|window| window == *part));
        return Some(known.map_or("application/zip", |(_, mime_type)| mime_type));
    }
    let marked =
        MARKS.iter().find(|(at, mark, _)| head.get(*at..).is_some_and(|rest| rest.starts_with(mark)));
    if let Some((_, _, mime_type)) = marked {
        return Some(mime_type);
    }
    type_of_text(head)
}

/// The type that the ending of a name stands for.
pub fn type_of_name(name: &str) -> Option<&'static str> {
    let ending = Path::new(name).extension()?.to_str()?.to_ascii_lowercase();
    ENDINGS.iter().find(|(known, _)| *known == ending).map(|(_, mime_type)| *mime_type)
}

/// Would a browser run scripts in it? Any of the types that are known of a file may be asked about.
pub fn is_active_content(mime_type: &str) -> bool {
    let plain = mime_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    ACTIVE.contains(&plain.as_str()) || plain.ends_with("+xml") && !plain.contains("opendocument")
}

/// The best guess of both: a name may say more of a text or an archive than its bytes.
pub(super) fn guessed(head: &[u8], name: &str) -> &'static str {
    let by_name = type_of_name(name);
    match type_of_content(head) {
        Some("text/plain") => by_name.filter(|kind| !is_binary_kind(kind)).unwrap_or("text/plain"),
        Some("application/zip" | "application/x-ole-storage") => by_name.unwrap_or("application/zip"),
        Some(known) => known,
        None => by_name.unwrap_or(UNKNOWN),
    }
}

/// A text that calls itself a picture or a document is a text.
fn is_binary_kind(kind: &str) -> bool {
    kind == "application/pdf"
        || kind.starts_with("application/vnd.")
        || kind.starts_with("image/") && kind != "image/svg+xml"
}

fn type_of_text(head: &[u8]) -> Option<&'static str> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let wide = head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff");
    // Markup in sixteen bits is markup all the same.
    let narrow: Vec<u8> = head.iter().copied().filter(|byte| !wide || *byte != 0 && *byte < 0x80).collect();
    if !wide && narrow.contains(&0) || !is_text(&narrow) {
        return None;
    }
    let lower = narrow.to_ascii_lowercase();
    let begins = lower.trim_ascii_start();
    let holds = |word: &[u8]| lower.windows(word.len()).any(|window| window == word);
    if !begins.starts_with(b"<") {
        return Some("text/plain");
    }
    if holds(b"<svg") {
        Some("image/svg+xml")
    } else if [&b"<!doctype html"[..], b"<html", b"<head", b"<body", b"<script", b"<iframe", b"<img", b"<div"]
        .iter()
        .any(|word| holds(word))
    {
        Some("text/html")
    } else if begins.starts_with(b"<?xml") {
        Some("application/xml")
    } else {
        Some("text/plain")
    }
}

/// UTF-8 as far as it goes: the last character may be cut.
fn is_text(head: &[u8]) -> bool {
    let valid = match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    valid && !head.iter().any(|byte| *byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_tells_its_type() {
        let cases: &[(&[u8], Option<&str>)] = &[
            (b"%PDF-1.4\n", Some("application/pdf")),
            (
                b"PK\x03\x04....[Content_Types].xml..xl/workbook.xml",
                Some("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
            ),
            (b"PK\x03\x04....readme", Some("application/zip")),
            (b"id,name\n1,a\n", Some("text/plain")),
            ("Größ".as_bytes().get(..5).unwrap(), Some("text/plain")),
            (b"  <!DOCTYPE html><p>", Some("text/html")),
            (b"\xef\xbb\xbf<html>", Some("text/html")),
            (b"<?xml version='1.0'?><svg onload='x()'>", Some("image/svg+xml")),
            (b"\xff\xfe<\0s\0v\0g\0>\0", Some("image/svg+xml")),
            (b"<?xml version='1.0'?><Invoice/>", Some("application/xml")),
            (b"\0\x01\x02\x03", None),
            (b"", Some("text/plain")),
        ];
        for (head, expected) in cases {
            assert_eq!(type_of_content(head), *expected, "{}", String::from_utf8_lossy(head));
        }
    }

    #[test]
    fn the_name_helps_where_bytes_say_little() {
        assert_eq!(guessed(b"a,b\n", "x.csv"), "text/csv");
        assert_eq!(guessed(b"hello", "x.pdf"), "text/plain");
        assert_eq!(guessed(b"%PDF-1.7", "x.txt"), "application/pdf");
        assert_eq!(guessed(b"alert(1)", "x.JS"), "text/javascript");
        assert_eq!(guessed(b"\0\0\0\x09", "x"), UNKNOWN);
        assert!(is_active_content("image/svg+xml; charset=utf-8"));
        assert!(is_active_content("Text/HTML"));
        assert!(!is_active_content("application/pdf"));
    }
}
