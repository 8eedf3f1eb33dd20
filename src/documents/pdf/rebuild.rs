//! Files whose cross-reference is of no use: every object is looked for, and the last of a number counts.

use super::{
    Budget, Stop,
    file::{Reader, Table, encrypted},
    lexer::{Lexer, is_white},
    object::{Dictionary, Indirect, Object},
    parser::Parser,
};

pub(super) fn scan(reader: &mut Reader<'_>, budget: &mut Budget<'_>) -> Result<Table, Stop> {
    let mut table = Table::default();
    let mut containers = Vec::new();
    let mut at = 0;
    let bytes = reader.bytes;
    let mut trailer_parser = Parser::new(bytes.len());
    while let Some(found) = next_mark(bytes, at, budget)? {
        match found {
            Mark::Object { number, behind } => {
                let mut lexer = Lexer::new(bytes, behind);
                reader.object(number, &mut lexer, budget)?;
                // Text inside a stream or a string that looks like an object is none.
                let is_stream = reader.objects.get(&number).is_some_and(|object| object.stream.is_some());
                at = if is_stream || lexer.word(b"endobj") { lexer.at().max(behind) } else { behind };
                let kind = reader.objects.get(&number).and_then(|object| {
                    let dictionary = object.stream_dictionary()?;
                    Some((dictionary.get("Type")?.as_name()?.to_vec(), dictionary.clone()))
                });
                match kind {
                    Some((kind, dictionary)) if kind == b"XRef" => merge(&mut table.trailer, dictionary)?,
                    Some((kind, _)) if kind == b"ObjStm" => containers.push(number),
                    _ => {}
                }
            }
            Mark::Trailer { behind } => {
                at = behind;
                let mut lexer = Lexer::new(bytes, behind);
                if let Some(Object::Dictionary(trailer)) = trailer_parser.value(&mut lexer, budget)? {
                    merge(&mut table.trailer, trailer)?;
                }
            }
        }
    }
    reader.mend_lengths(budget)?;
    // Without a table nobody can tell which of two is newer; one that stands in the open is usually an update.
    for container in containers {
        let Some(found) = reader.contained_in(container, budget)? else { continue };
        for (number, value) in found {
            reader.objects.entry(number).or_insert(Indirect { value, stream: None });
        }
    }
    let root_is_there = match table.trailer.get("Root") {
        Some(Object::Reference(root)) => reader.objects.contains_key(root),
        _ => false,
    };
    if !root_is_there {
        let mut catalogs = reader.objects.iter().filter(|(_, object)| {
            let dictionary = object.value.as_dictionary();
            dictionary.and_then(|dictionary| dictionary.get("Type")?.as_name()) == Some(b"Catalog")
        });
        if let Some((number, _)) = catalogs.next_back() {
            table.trailer.set("Root", Object::Reference(*number));
        }
    }
    Ok(table)
}

/// Later trailers count more; encryption in any of them counts.
fn merge(trailer: &mut Dictionary, newer: Dictionary) -> Result<(), Stop> {
    if newer.has("Encrypt") {
        return Err(encrypted());
    }
    trailer.0.extend(newer.0);
    Ok(())
}

enum Mark {
    Object { number: u32, behind: usize },
    Trailer { behind: usize },
}

/// The next `5 0 obj` or `trailer`.
fn next_mark(bytes: &[u8], from: usize, budget: &mut Budget<'_>) -> Result<Option<Mark>, Stop> {
    const OBJECT: &[u8] = b"obj";
    const TRAILER: &[u8] = b"trailer";
    /// A piece of the file that is searched before the clock is asked.
    const PIECE_BYTES: usize = 64 * 1024;
    let mut at = from;
    while at < bytes.len() {
        budget.time()?;
        let end = (at + PIECE_BYTES).min(bytes.len());
        while at < end {
            match bytes.get(at) {
                Some(b'o') if bytes.get(at..).is_some_and(|rest| rest.starts_with(OBJECT)) => {
                    if let Some(number) = number_before(bytes, at) {
                        return Ok(Some(Mark::Object { number, behind: at + OBJECT.len() }));
                    }
                }
                Some(b't') if bytes.get(at..).is_some_and(|rest| rest.starts_with(TRAILER)) => {
                    return Ok(Some(Mark::Trailer { behind: at + TRAILER.len() }));
                }
                _ => {}
            }
            at += 1;
        }
    }
    Ok(None)
}

/// The object number in `5 0 obj`, read backwards from the word.
fn number_before(bytes: &[u8], at: usize) -> Option<u32> {
    /// Object numbers have so many digits at most.
    const DIGITS_MAX: usize = 10;
    /// White space between the three.
    const WHITE_MAX: usize = 64;
    let back = |end: usize, most: usize, wanted: fn(u8) -> bool| {
        let head = bytes.get(end.saturating_sub(most)..end).unwrap_or_default();
        head.iter().rev().take_while(|byte| wanted(**byte)).count()
    };
    let white = back(at, WHITE_MAX, is_white);
    let generation_end = at - white;
    let generation = back(generation_end, DIGITS_MAX, |byte| byte.is_ascii_digit());
    let number_end = generation_end - generation;
    let white = back(number_end, WHITE_MAX, is_white);
    if generation == 0 || white == 0 {
        return None;
    }
    let end = number_end - white;
    let digits = back(end, DIGITS_MAX, |byte| byte.is_ascii_digit());
    std::str::from_utf8(bytes.get(end - digits..end)?).ok()?.parse().ok()
}
