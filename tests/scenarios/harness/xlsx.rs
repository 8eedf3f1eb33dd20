//! Reads the sheet of an XLSX file: a reader that shares nothing with the writer.

use std::{collections::HashMap, io::Read};

use flate2::read::DeflateDecoder;
use quick_xml::{Reader, events::Event};

/// A cell as the file has it: its type, the number of its style, its text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ReadCell {
    pub(crate) kind: String,
    pub(crate) style: String,
    pub(crate) text: String,
}

/// The rows of the first sheet.
#[track_caller]
pub(crate) fn rows_of(file: &[u8]) -> Vec<Vec<ReadCell>> {
    let members = members(file);
    for part in ["[Content_Types].xml", "_rels/.rels", "xl/workbook.xml", "xl/styles.xml"] {
        assert!(members.contains_key(part), "no {part}");
    }
    let sheet = &members["xl/worksheets/sheet1.xml"];
    let mut reader = Reader::from_str(sheet);
    let mut rows: Vec<Vec<ReadCell>> = Vec::new();
    let mut inside = false;
    loop {
        match reader.read_event().expect("well-formed XML") {
            Event::Start(tag) | Event::Empty(tag) if tag.name().as_ref() == b"row" => rows.push(Vec::new()),
            Event::Start(tag) | Event::Empty(tag) if tag.name().as_ref() == b"c" => {
                let attribute = |name: &str| {
                    let found = tag.try_get_attribute(name).expect("attributes");
                    found
                        .map(|found| String::from_utf8(found.value.into_owned()).unwrap())
                        .unwrap_or_default()
                };
                let cell = ReadCell { kind: attribute("t"), style: attribute("s"), text: String::new() };
                rows.last_mut().expect("a row").push(cell);
            }
            Event::Start(tag) if matches!(tag.name().as_ref(), b"v" | b"t") => inside = true,
            Event::End(tag) if matches!(tag.name().as_ref(), b"v" | b"t") => inside = false,
            Event::Text(text) if inside => {
                let cell = rows.last_mut().and_then(|row| row.last_mut()).expect("a cell");
                cell.text.push_str(&text.decode().expect("text"));
            }
            Event::GeneralRef(name) if inside => {
                let cell = rows.last_mut().and_then(|row| row.last_mut()).expect("a cell");
                let decoded = match &*name.decode().expect("a reference") {
                    "amp" => '&',
                    "lt" => '<',
                    "gt" => '>',
                    "quot" => '"',
                    other => panic!("an entity nobody declared: {other}"),
                };
                cell.text.push(decoded);
            }
            Event::Eof => return rows,
            _ => {}
        }
    }
}

/// The members of a ZIP file by its central directory, each checked against its checksum.
#[track_caller]
fn members(file: &[u8]) -> HashMap<String, String> {
    let number = |at: usize, bytes: usize| {
        (0..bytes).rev().fold(0_usize, |sum, byte| (sum << 8) | usize::from(file[at + byte]))
    };
    let end = file.windows(4).rposition(|window| window == b"PK\x05\x06").expect("a directory");
    let (count, mut at) = (number(end + 10, 2), number(end + 16, 4));
    let mut members = HashMap::new();
    for _ in 0..count {
        let (name_length, extra, comment) = (number(at + 28, 2), number(at + 30, 2), number(at + 32, 2));
        let name = String::from_utf8(file[at + 46..at + 46 + name_length].to_vec()).expect("a name");
        let (crc, compressed, local) = (number(at + 16, 4), number(at + 20, 4), number(at + 42, 4));
        let data = local + 30 + number(local + 26, 2) + number(local + 28, 2);
        let mut text = String::new();
        DeflateDecoder::new(&file[data..data + compressed]).read_to_string(&mut text).expect("deflated text");
        let mut sum = flate2::Crc::new();
        sum.update(text.as_bytes());
        assert_eq!(sum.sum() as usize, crc, "{name}");
        members.insert(name, text);
        at += 46 + name_length + extra + comment;
    }
    members
}
