//! Pictures made byte by byte, with something to hide.

use super::png::checksum;
use crate::documents::{DocumentKind, DocumentLimits, RefusalCode, SafeDocument, sanitize, sanitize_as};

const MARKER: &[u8] = b"MARKER-IN-A-PICTURE";

fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    [&length, name.as_slice(), data, &checksum(name, data).to_be_bytes()].concat()
}

fn png(width: u32, height: u32, extra: &[Vec<u8>]) -> Vec<u8> {
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 0, 0, 0, 0]].concat();
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    bytes.extend(chunk(b"IHDR", &header));
    bytes.extend(extra.concat());
    bytes.extend(chunk(b"IDAT", &[0x78, 0x9C, 0x63, 0, 0, 0, 2, 0, 1]));
    bytes.extend(chunk(b"IEND", b""));
    bytes
}

fn segment(marker: u8, data: &[u8]) -> Vec<u8> {
    [&[0xFF, marker], &u16::try_from(data.len() + 2).unwrap().to_be_bytes()[..], data].concat()
}

fn jpeg(width: u16, height: u16, extra: &[Vec<u8>]) -> Vec<u8> {
    let [h, w] = [height.to_be_bytes(), width.to_be_bytes()];
    let mut bytes = vec![0xFF, 0xD8];
    bytes.extend(segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"));
    bytes.extend(extra.concat());
    bytes.extend(segment(0xDB, &[0; 65]));
    bytes.extend(segment(0xC0, &[8, h[0], h[1], w[0], w[1], 1, 1, 0x11, 0]));
    bytes.extend(segment(0xDA, &[1, 1, 0, 0, 63, 0]));
    bytes.extend([1, 2, 3, 0xFF, 0, 4, 0xFF, 0xD0, 5, 0xFF, 0xD9]);
    bytes
}

fn gif(extra: &[u8]) -> Vec<u8> {
    let mut bytes = b"GIF89a\x02\0\x02\0\x80\0\0\0\0\0\xFF\xFF\xFF".to_vec();
    bytes.extend_from_slice(extra);
    bytes.extend_from_slice(b"!\xF9\x04\x03\x0A\0\x01\0,\0\0\0\0\x02\0\x02\0\0\x02\x03\x44\x02\x05\0");
    bytes
}

fn webp(flags: u8, extra: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let mut body = b"WEBP".to_vec();
    riff(&mut body, b"VP8X", &[flags, 0, 0, 0, 1, 0, 0, 1, 0, 0]);
    riff(&mut body, b"VP8L", &[0x2F, 1, 0x40, 0, 0, 7, 7]);
    for (name, data) in extra.iter().copied() {
        riff(&mut body, name, data);
    }
    [b"RIFF".as_slice(), &u32::try_from(body.len()).unwrap().to_le_bytes(), &body].concat()
}

fn riff(body: &mut Vec<u8>, name: &[u8], data: &[u8]) {
    body.extend_from_slice(name);
    body.extend_from_slice(&u32::try_from(data.len()).unwrap().to_le_bytes());
    body.extend_from_slice(data);
    if data.len() % 2 == 1 {
        body.push(0);
    }
}

fn holds_marker(bytes: &[u8]) -> bool {
    bytes.windows(MARKER.len()).any(|window| window == MARKER)
}

/// The marker is gone, the rest stays, and a second time changes nothing.
#[track_caller]
fn check_cleaned(bytes: &[u8], kind: DocumentKind, blocks: &[&str]) -> SafeDocument {
    let safe = sanitize_as(bytes, Some(kind.mime_type()), &DocumentLimits::default()).unwrap();
    assert_eq!((safe.kind, safe.pages), (kind, 1));
    assert!(!holds_marker(&safe.bytes));
    assert_eq!(safe.report.removed.picture_blocks, blocks);
    assert!(safe.report.modified);
    let again = sanitize(&safe.bytes, &DocumentLimits::default()).unwrap();
    assert_eq!(again.bytes, safe.bytes);
    assert!(!again.report.modified, "{:?}", again.report.removed);
    safe
}

#[track_caller]
fn check_unchanged(bytes: &[u8]) {
    let safe = sanitize(bytes, &DocumentLimits::default()).unwrap();
    assert_eq!(safe.bytes, bytes);
    assert!(!safe.report.modified);
    assert_eq!(Some(safe.report.input_sha256), safe.report.output_sha256);
}

#[track_caller]
fn check_refused(bytes: &[u8], code: RefusalCode) {
    let refusal = sanitize(bytes, &DocumentLimits::default()).unwrap_err();
    assert_eq!(refusal.code, code, "{}", refusal.message);
    assert!(!refusal.report.modified);
    assert_eq!(refusal.report.refused.as_deref(), Some(code.as_str()));
}

#[test]
fn png_keeps_the_picture_only() {
    check_unchanged(&png(2, 2, &[chunk(b"gAMA", &[0, 1, 2, 3])]));
    let mut bytes =
        png(2, 2, &[chunk(b"tEXt", MARKER), chunk(b"eXIf", MARKER), chunk(b"gAMA", &[0, 1, 2, 3])]);
    bytes.extend_from_slice(MARKER);
    let safe = check_cleaned(&bytes, DocumentKind::Png, &["tEXt", "eXIf"]);
    assert_eq!(safe.report.removed.stray_bytes, MARKER.len() as u64);
}

#[test]
fn png_that_lies_is_refused() {
    let mut wrong = png(2, 2, &[]);
    wrong[20] ^= 1;
    check_refused(&wrong, RefusalCode::Malformed);
    check_refused(&png(2, 2, &[chunk(b"EVIL", b"")]), RefusalCode::Malformed);
    check_refused(&png(0, 2, &[]), RefusalCode::Malformed);
    check_refused(&png(40_000, 40_000, &[]), RefusalCode::TooManyPixels);
    check_refused(&png(2, 2, &[])[..40], RefusalCode::Malformed);
    check_refused(&png(2, 2, &[chunk(b"IHDR", &[0; 13])]), RefusalCode::Malformed);
}

#[test]
fn jpeg_keeps_the_picture_only() {
    check_unchanged(&jpeg(2, 2, &[segment(0xEE, b"Adobe\0\x64\0\0\0\0\0")]));
    let thumbnail = [b"JFIF\0\x01\x01\0\0\x01\0\x01\x01\x01abc".as_slice(), MARKER].concat();
    let extra = [
        segment(0xE1, &[b"Exif\0\0", MARKER].concat()),
        segment(0xE2, MARKER),
        segment(0xFE, MARKER),
        segment(0xE0, &thumbnail),
    ];
    let mut bytes = jpeg(2, 2, &extra);
    bytes.extend_from_slice(MARKER);
    check_cleaned(&bytes, DocumentKind::Jpeg, &["APP1", "APP2", "COM", "thumbnail"]);
}

#[test]
fn jpeg_stays_the_right_way_up() {
    let entry = |tag: u8, value: u8| [0x12 - tag, 1, 3, 0, 1, 0, 0, 0, value, 0, 0, 0];
    let exif =
        [b"Exif\0\0II*\0\x08\0\0\0\x02\0".as_slice(), &entry(2, 9), &entry(0, 6), &[0; 4], MARKER].concat();
    let safe = check_cleaned(&jpeg(2, 2, &[segment(0xE1, &exif)]), DocumentKind::Jpeg, &["APP1"]);
    assert!(safe.bytes.windows(5).any(|window| window == b"Exif\0"));
    for broken in
        [b"Exif\0\0".as_slice(), b"Exif\0\0II*\0\xFF\xFF\xFF\xFF", b"Exif\0\0MM\0*\0\0\0\x08\xFF\xFF"]
    {
        let safe = check_cleaned(&jpeg(2, 2, &[segment(0xE1, broken)]), DocumentKind::Jpeg, &["APP1"]);
        assert!(!safe.bytes.windows(5).any(|window| window == b"Exif\0"));
    }
}

#[test]
fn jpeg_that_lies_is_refused() {
    check_refused(&jpeg(0, 2, &[]), RefusalCode::Malformed);
    check_refused(&jpeg(20_000, 20_000, &[]), RefusalCode::TooManyPixels);
    check_refused(&jpeg(2, 2, &[])[..60], RefusalCode::Malformed);
    let whole = jpeg(2, 2, &[]);
    check_refused(&whole[..whole.len() - 2], RefusalCode::Malformed);
    check_refused(&jpeg(2, 2, &[vec![0xFF, 0xE1, 0, 1]]), RefusalCode::Malformed);
}

#[test]
fn gif_keeps_its_first_frame() {
    let comment = [&[b'!', 0xFE, u8::try_from(MARKER.len()).unwrap()], MARKER, &[0]].concat();
    let mut bytes = gif(&comment);
    let frame = bytes[bytes.len() - 17..].to_vec();
    bytes.extend(frame);
    bytes.push(b';');
    bytes.extend_from_slice(MARKER);
    check_cleaned(&bytes, DocumentKind::Gif, &["comment", "frames"]);
    check_refused(&gif(b";"), RefusalCode::Malformed);
    check_refused(&gif(&[])[..30], RefusalCode::Malformed);
}

#[test]
fn webp_keeps_the_picture_only() {
    check_unchanged(&webp(0x10, &[]));
    let mut bytes = webp(0x1C, &[(b"EXIF", MARKER), (b"XMP ", MARKER)]);
    bytes.extend_from_slice(MARKER);
    check_cleaned(&bytes, DocumentKind::WebP, &["EXIF", "XMP"]);
    check_refused(&webp(0x02, &[]), RefusalCode::Malformed);
    check_refused(&webp(0, &[])[..30], RefusalCode::Malformed);
}

#[test]
fn other_pictures_and_wrong_labels_are_refused() {
    for (bytes, code) in [
        (b"II*\0rest of it".as_slice(), RefusalCode::UnsupportedPicture),
        (b"MM\0*rest of it", RefusalCode::UnsupportedPicture),
        (b"\0\0\0\x18ftypheic0000", RefusalCode::UnsupportedPicture),
        (b"\0\0\0\x18ftypavif0000", RefusalCode::UnsupportedPicture),
        (b"<?xml version='1.0'?><SVG onload='x'/>", RefusalCode::UnsupportedPicture),
        (b"BM rest of it", RefusalCode::UnsupportedPicture),
        (b"", RefusalCode::NotPdf),
        (b"PK\x03\x04", RefusalCode::NotPdf),
    ] {
        check_refused(bytes, code);
    }
    let limits = DocumentLimits::default();
    let refusal = sanitize_as(&png(2, 2, &[]), Some("image/jpeg"), &limits).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::WrongType);
    for label in ["image/png; name=a.png", "application/octet-stream", ""] {
        sanitize_as(&png(2, 2, &[]), Some(label), &limits).unwrap();
    }
    let small = DocumentLimits { picture_bytes_max: 20, ..DocumentLimits::default() };
    assert_eq!(sanitize(&png(2, 2, &[]), &small).unwrap_err().code, RefusalCode::TooLarge);
}
