//! The cross-reference: tables, streams, both at once, and the chain of earlier ones.
//!
//! Anything that does not add up gives `None`: then the file is scanned instead.

use std::{collections::BTreeSet, ops::Range};

use super::{
    Budget, Stop,
    file::{Entry, Table, chain_is_short, encrypted},
    filters::{self, Filter},
    lexer::{Lexer, Token},
    object::{Dictionary, Object},
    parser::{Parser, object_header},
};

/// Updates of a file that are followed; each save may add one.
const SECTIONS_MAX: usize = 1_000;
/// Fields of a cross-reference stream are this wide at most.
const FIELD_BYTES_MAX: i64 = 8;

/// One section: what it says, and where the next is.
struct Section {
    entries: Vec<(u32, Entry)>,
    trailer: Dictionary,
}

pub(super) fn read(bytes: &[u8], budget: &mut Budget<'_>) -> Result<Option<Table>, Stop> {
    let Some(start) = start_of(bytes) else { return Ok(None) };
    let mut table = Table::default();
    let mut seen = BTreeSet::new();
    let mut next = Some(start);
    let mut parser = Parser::new(bytes.len());
    let mut sections = 0_u32;
    while let Some(at) = next {
        if !seen.insert(at) || seen.len() > SECTIONS_MAX {
            return Ok(None);
        }
        let Some(section) = section(bytes, at, &mut parser, budget)? else { return Ok(None) };
        sections += 1;
        if section.trailer.has("Encrypt") {
            return Err(encrypted());
        }
        // A hybrid file: objects that old readers shall not see are free in the table and stand in a stream.
        let hidden = match section.trailer.get("XRefStm") {
            None => Vec::new(),
            Some(value) => {
                let Some(at) = value.as_integer().and_then(|at| usize::try_from(at).ok()) else {
                    return Ok(None);
                };
                match stream_section(bytes, at, &mut parser, budget)? {
                    Some(section) => section.entries,
                    None => return Ok(None),
                }
            }
        };
        let (free, used): (Vec<_>, Vec<_>) =
            section.entries.into_iter().partition(|(_, entry)| *entry == Entry::Free);
        for (number, entry) in used.into_iter().chain(hidden).chain(free) {
            table.entries.entry(number).or_insert(entry);
        }
        if table.entries.len() > budget.limits.objects_max.saturating_mul(2) {
            return Err(Stop::bomb("its cross-reference names too many objects"));
        }
        next = match section.trailer.get("Prev") {
            None | Some(Object::Null) => None,
            Some(previous) => match previous.as_integer().and_then(|at| usize::try_from(at).ok()) {
                Some(at) => Some(at),
                None => return Ok(None),
            },
        };
        for (key, value) in section.trailer.0 {
            table.trailer.0.entry(key).or_insert(value);
        }
    }
    // A file prepared for reading page by page is cut in two from the start.
    let linearized = bytes.get(..1_024).unwrap_or(bytes).windows(11).any(|window| window == b"/Linearized");
    table.updates = sections.saturating_sub(if linearized { 2 } else { 1 });
    Ok(Some(table))
}

/// The offset after the last `startxref`.
fn start_of(bytes: &[u8]) -> Option<usize> {
    const MARK: &[u8] = b"startxref";
    let at = bytes.windows(MARK.len()).rposition(|window| window == MARK)?;
    let mut lexer = Lexer::new(bytes, at + MARK.len());
    let Token::Integer(offset) = lexer.token() else { return None };
    usize::try_from(offset).ok().filter(|offset| *offset < bytes.len())
}

fn section(
    bytes: &[u8],
    at: usize,
    parser: &mut Parser,
    budget: &mut Budget<'_>,
) -> Result<Option<Section>, Stop> {
    let mut lexer = Lexer::new(bytes, at);
    if !lexer.word(b"xref") {
        return stream_section(bytes, at, parser, budget);
    }
    let mut entries = Vec::new();
    loop {
        let first = match lexer.token() {
            Token::Word(b"trailer") => break,
            Token::Integer(first) => first,
            _ => return Ok(None),
        };
        let Token::Integer(count) = lexer.token() else { return Ok(None) };
        let Some(numbers) = numbers(first, count) else { return Ok(None) };
        for number in numbers {
            budget.step()?;
            let (Token::Integer(offset), Token::Integer(_)) = (lexer.token(), lexer.token()) else {
                return Ok(None);
            };
            let Ok(offset) = usize::try_from(offset) else { return Ok(None) };
            let entry = match lexer.token() {
                // Some programs mark free objects as used, at no place.
                Token::Word(b"n") if offset > 0 => Entry::At(offset),
                Token::Word(b"n" | b"f") => Entry::Free,
                _ => return Ok(None),
            };
            entries.push((number, entry));
            too_many(entries.len(), budget)?;
        }
    }
    Ok(match parser.value(&mut lexer, budget)? {
        Some(Object::Dictionary(trailer)) => Some(Section { entries, trailer }),
        _ => None,
    })
}

/// The objects of a subsection, if they all can have numbers.
fn numbers(first: i64, count: i64) -> Option<Range<u32>> {
    let (first, count) = (u32::try_from(first).ok()?, u32::try_from(count).ok()?);
    Some(first..first.checked_add(count)?)
}

fn too_many(entries: usize, budget: &Budget<'_>) -> Result<(), Stop> {
    if entries > budget.limits.objects_max.saturating_mul(2) {
        return Err(Stop::bomb("its cross-reference names too many objects"));
    }
    Ok(())
}

fn stream_section(
    bytes: &[u8],
    at: usize,
    parser: &mut Parser,
    budget: &mut Budget<'_>,
) -> Result<Option<Section>, Stop> {
    let mut lexer = Lexer::new(bytes, at);
    if object_header(&mut lexer).is_none() {
        return Ok(None);
    }
    let Some(Object::Dictionary(trailer)) = parser.value(&mut lexer, budget)? else { return Ok(None) };
    if trailer.get("Type").and_then(Object::as_name) != Some(b"XRef") || !lexer.word(b"stream") {
        return Ok(None);
    }
    let start = lexer.at()
        + match lexer.rest() {
            [b'\r', b'\n', ..] => 2,
            [b'\n' | b'\r', ..] => 1,
            _ => 0,
        };
    let length =
        trailer.get("Length").and_then(Object::as_integer).and_then(|length| usize::try_from(length).ok());
    let Some(raw) = length.and_then(|length| bytes.get(start..start.checked_add(length)?)) else {
        return Ok(None);
    };
    let chain = filters::chain(&trailer, Clone::clone);
    chain_is_short(chain.len(), budget)?;
    let mut data = std::borrow::Cow::Borrowed(raw);
    for (name, parameters) in &chain {
        let filter = filters::filter_named(name);
        if matches!(filter, Filter::Picture | Filter::Unknown) {
            return Ok(None);
        }
        data = filters::decode(filter, parameters.as_ref(), &data, raw.len(), budget)?.bytes.into();
    }
    let Some(entries) = rows(&trailer, &data, budget)? else { return Ok(None) };
    Ok(Some(Section { entries, trailer }))
}

fn rows(
    trailer: &Dictionary,
    data: &[u8],
    budget: &mut Budget<'_>,
) -> Result<Option<Vec<(u32, Entry)>>, Stop> {
    let widths: Option<Vec<usize>> = trailer.get("W").and_then(Object::as_array).and_then(|widths| {
        let width = |width: &Object| width.as_integer().filter(|width| (0..=FIELD_BYTES_MAX).contains(width));
        widths.iter().map(|given| usize::try_from(width(given)?).ok()).collect()
    });
    let Some([kind_width, second_width, third_width]) = widths.as_deref() else { return Ok(None) };
    let row = kind_width + second_width + third_width;
    if row == 0 {
        return Ok(None);
    }
    let whole = [Object::Integer(0), trailer.get("Size").cloned().unwrap_or(Object::Null)];
    let index = trailer.get("Index").and_then(Object::as_array).unwrap_or(&whole);
    let mut rows = data.chunks_exact(row);
    let mut entries = Vec::new();
    for [first, count] in index.as_chunks::<2>().0 {
        let (Some(first), Some(count)) = (first.as_integer(), count.as_integer()) else { return Ok(None) };
        let Some(numbers) = numbers(first, count) else { return Ok(None) };
        for number_of_object in numbers {
            budget.step()?;
            let Some(row) = rows.next() else { break };
            let (kind, rest) = row.split_at_checked(*kind_width).unwrap_or_default();
            let (second, _) = rest.split_at_checked(*second_width).unwrap_or_default();
            let kind = if kind.is_empty() { 1 } else { number(kind) };
            let entry = match (kind, number(second)) {
                (1, offset) => usize::try_from(offset).map_or(Entry::Free, Entry::At),
                (2, stream) => u32::try_from(stream).map_or(Entry::Free, Entry::InStream),
                _ => Entry::Free,
            };
            entries.push((number_of_object, entry));
            too_many(entries.len(), budget)?;
        }
    }
    Ok(Some(entries))
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte))
}
