//! Names and sizes of the files inside a file, for the report only.

use std::collections::BTreeSet;

use super::{
    clean::readable,
    file::File,
    object::{Dictionary, Object},
};
use crate::documents::report::{EmbeddedFile, LISTED_MAX};

/// Values that are looked at under one key; a report need not be complete, and the walk must end.
const LOOKS_MAX: usize = 2_000;

/// Adds the file specifications under a key that is being dropped: name trees, arrays, annotations.
pub(super) fn list_all(file: &File<'_>, key: &[u8], value: &Object, list: &mut Vec<EmbeddedFile>) {
    if !matches!(
        key,
        b"EmbeddedFiles" | b"AF" | b"EF" | b"FS" | b"Annot" | b"RichMediaContent" | b"EmbeddedFile"
    ) {
        return;
    }
    let mut seen = BTreeSet::new();
    let mut open = vec![value];
    let mut looks = 0;
    while let Some(value) = open.pop() {
        looks += 1;
        if looks > LOOKS_MAX || list.len() >= LISTED_MAX {
            return;
        }
        if let Object::Reference(number) = value
            && !seen.insert(*number)
        {
            continue;
        }
        match file.follow(value) {
            Object::Array(items) => open.extend(items),
            Object::Dictionary(dictionary) if dictionary.has("EF") => {
                let found = specification(file, dictionary);
                if !list.contains(&found) {
                    list.push(found);
                }
            }
            Object::Dictionary(dictionary) => {
                open.extend(
                    ["Kids", "Names", "FS", "Assets", "Content"].iter().filter_map(|key| dictionary.get(key)),
                );
            }
            _ => {}
        }
    }
}

fn specification(file: &File<'_>, dictionary: &Dictionary) -> EmbeddedFile {
    let name = ["UF", "F", "Unix", "DOS", "Mac"].iter().find_map(|key| match file.entry(dictionary, key) {
        Object::Text(name) => Some(text(name)),
        _ => None,
    });
    let streams = file.dictionary(dictionary.get("EF").unwrap_or(&Object::Null));
    let stream = streams.and_then(|streams| {
        ["F", "UF"].iter().find_map(|key| match streams.get(key)? {
            Object::Reference(number) => Some(file.target(*number)?.1),
            _ => None,
        })
    });
    let size = stream.and_then(|found| {
        let parameters = file.dictionary(found.stream_dictionary()?.get("Params")?);
        let said = parameters.and_then(|parameters| file.entry(parameters, "Size").as_integer());
        said.and_then(|said| u64::try_from(said).ok())
    });
    let stored = stream.and_then(|found| found.stream.as_ref()).map(|range| range.len() as u64);
    EmbeddedFile { name: name.unwrap_or_default(), size: size.or(stored) }
}

/// Text of a file: UTF-16 with its mark, or bytes.
fn text(bytes: &[u8]) -> String {
    match bytes {
        [0xFE, 0xFF, rest @ ..] => {
            let units: Vec<u16> =
                rest.as_chunks::<2>().0.iter().map(|pair| u16::from_be_bytes(*pair)).collect();
            readable(String::from_utf16_lossy(&units).as_bytes())
        }
        plain => readable(plain),
    }
}
