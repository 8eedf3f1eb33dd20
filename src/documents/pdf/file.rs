//! A whole file in memory: every object of its newest state, by number.

use std::{borrow::Cow, collections::BTreeMap, ops::Range};

use super::{
    Budget, Stop,
    filters::{self, Filter},
    lexer::{Lexer, Token},
    object::{Dictionary, Indirect, Object},
    parser::{Parser, object_header},
    rebuild, xref,
};
use crate::documents::RefusalCode;

/// A reference to a reference to a reference is followed so far.
const HOPS_MAX: usize = 16;

/// Where an object stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    Free,
    At(usize),
    InStream(u32),
}

/// What the cross-reference says, newest first.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) entries: BTreeMap<u32, Entry>,
    pub(super) trailer: Dictionary,
    /// Tables that update an earlier one.
    pub(super) updates: u32,
}

/// The file.
#[derive(Debug)]
pub(super) struct File<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) objects: BTreeMap<u32, Indirect>,
    pub(super) trailer: Dictionary,
    pub(super) updates: u32,
    /// That the cross-reference was of no use.
    pub(super) rebuilt: bool,
    /// Objects that exist for the file's own sake: cross-references and containers of other objects.
    pub(super) scaffolding: u32,
}

impl<'a> File<'a> {
    /// Reads a file that begins with its header.
    pub(super) fn read(bytes: &'a [u8], budget: &mut Budget<'_>) -> Result<Self, Stop> {
        if let Some(table) = xref::read(bytes, budget)? {
            let mut reader = Reader::new(bytes);
            if reader.fill(&table, budget)? {
                let file = reader.finish(table, false, budget)?;
                if file.has_pages() {
                    return Ok(file);
                }
            }
        }
        let mut reader = Reader::new(bytes);
        let table = rebuild::scan(&mut reader, budget)?;
        let file = reader.finish(table, true, budget)?;
        if !file.has_pages() {
            return Err(Stop::malformed("it has no catalog with pages"));
        }
        Ok(file)
    }

    fn has_pages(&self) -> bool {
        self.catalog().and_then(|catalog| self.dictionary(catalog.get("Pages")?)).is_some()
    }

    pub(super) fn catalog(&self) -> Option<&Dictionary> {
        self.dictionary(self.trailer.get("Root")?)
    }

    /// The object of a number, references followed.
    pub(super) fn target(&self, number: u32) -> Option<(u32, &Indirect)> {
        let mut number = number;
        for _ in 0..HOPS_MAX {
            let found = self.objects.get(&number)?;
            match found.value {
                Object::Reference(next) => number = next,
                _ => return Some((number, found)),
            }
        }
        None
    }

    /// The value itself, or what it refers to.
    pub(super) fn follow<'o>(&'o self, value: &'o Object) -> &'o Object {
        match value {
            Object::Reference(number) => {
                self.target(*number).map_or(&Object::Null, |(_, found)| &found.value)
            }
            direct => direct,
        }
    }

    pub(super) fn dictionary<'o>(&'o self, value: &'o Object) -> Option<&'o Dictionary> {
        self.follow(value).as_dictionary()
    }

    pub(super) fn array<'o>(&'o self, value: &'o Object) -> Option<&'o [Object]> {
        self.follow(value).as_array()
    }

    /// An entry of a dictionary, followed.
    pub(super) fn entry<'o>(&'o self, dictionary: &'o Dictionary, key: &str) -> &'o Object {
        dictionary.get(key).map_or(&Object::Null, |value| self.follow(value))
    }

    pub(super) fn name_of<'o>(&'o self, dictionary: &'o Dictionary, key: &str) -> Option<&'o [u8]> {
        self.entry(dictionary, key).as_name()
    }

    pub(super) fn raw(&self, range: &Range<usize>) -> &'a [u8] {
        self.bytes.get(range.clone()).unwrap_or_default()
    }

    /// A stream unpacked until its bytes or a picture are left; `None` where an encoding is unknown.
    pub(super) fn unpacked(
        &self,
        dictionary: &Dictionary,
        stream: &Range<usize>,
        budget: &mut Budget<'_>,
    ) -> Result<Option<Cow<'a, [u8]>>, Stop> {
        let raw = self.raw(stream);
        let chain = filters::chain(dictionary, |value| self.follow(value).clone());
        unpacked(raw, &chain, budget)
    }
}

fn unpacked<'a>(
    raw: &'a [u8],
    chain: &[(Vec<u8>, Option<Dictionary>)],
    budget: &mut Budget<'_>,
) -> Result<Option<Cow<'a, [u8]>>, Stop> {
    chain_is_short(chain.len(), budget)?;
    let mut bytes = Cow::Borrowed(raw);
    for (name, parameters) in chain {
        match filters::filter_named(name) {
            Filter::Unknown => return Ok(None),
            Filter::Picture => return Ok(Some(bytes)),
            filter => {
                let decoded = filters::decode(filter, parameters.as_ref(), &bytes, raw.len(), budget)?;
                bytes = Cow::Owned(decoded.bytes);
            }
        }
    }
    Ok(Some(bytes))
}

pub(super) fn chain_is_short(length: usize, budget: &Budget<'_>) -> Result<(), Stop> {
    let most = budget.limits.filters_max;
    if length > most {
        return Err(Stop::bomb(format!("a stream is packed more than {most} times")));
    }
    Ok(())
}

/// Collects objects.
pub(super) struct Reader<'a> {
    pub(super) bytes: &'a [u8],
    parser: Parser,
    pub(super) objects: BTreeMap<u32, Indirect>,
    scaffolding: u32,
    /// Every `endstream`, found once when a length is wrong for the first time.
    stream_ends: Option<Vec<usize>>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            parser: Parser::new(bytes.len()),
            objects: BTreeMap::new(),
            scaffolding: 0,
            stream_ends: None,
        }
    }

    /// Reads all objects of a table; false where one is not where the table says.
    fn fill(&mut self, table: &Table, budget: &mut Budget<'_>) -> Result<bool, Stop> {
        let mut in_streams: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (number, entry) in &table.entries {
            budget.step()?;
            match entry {
                Entry::Free => {}
                Entry::InStream(stream) => in_streams.entry(*stream).or_default().push(*number),
                Entry::At(offset) => {
                    let mut lexer = Lexer::new(self.bytes, *offset);
                    if object_header(&mut lexer) != Some(*number) {
                        return Ok(false);
                    }
                    self.object(*number, &mut lexer, budget)?;
                }
            }
        }
        self.mend_lengths(budget)?;
        for (stream, numbers) in in_streams {
            let Some(found) = self.contained_in(stream, budget)? else { return Ok(false) };
            for (number, value) in found {
                // In order, as the table is.
                if numbers.binary_search(&number).is_ok() {
                    self.objects.insert(number, Indirect { value, stream: None });
                }
            }
        }
        Ok(true)
    }

    fn finish(self, table: Table, rebuilt: bool, budget: &Budget<'_>) -> Result<File<'a>, Stop> {
        if table.trailer.has("Encrypt") {
            return Err(encrypted());
        }
        within_objects(self.objects.len(), budget)?;
        let mut file = File {
            bytes: self.bytes,
            objects: self.objects,
            trailer: table.trailer,
            updates: table.updates,
            rebuilt,
            scaffolding: self.scaffolding,
        };
        // A container was emptied into its objects; left among them it would be a way to hide something.
        let before = file.objects.len();
        file.objects.retain(|_, object| {
            let kind = object.stream_dictionary().and_then(|dictionary| dictionary.get("Type")?.as_name());
            !matches!(kind, Some(b"ObjStm" | b"XRef"))
        });
        file.scaffolding = u32::try_from(before - file.objects.len()).unwrap_or(u32::MAX);
        Ok(file)
    }

    /// The object after its header. Where it ends is where the lexer stands afterwards.
    pub(super) fn object(
        &mut self,
        number: u32,
        lexer: &mut Lexer<'_>,
        budget: &mut Budget<'_>,
    ) -> Result<(), Stop> {
        // One object may be as long as the file, so the clock is asked for each.
        budget.time()?;
        let value = self.parser.value(lexer, budget)?.unwrap_or(Object::Null);
        let mut stream = None;
        if let Object::Dictionary(dictionary) = &value
            && lexer.word(b"stream")
        {
            let rest = lexer.rest();
            let line = match rest {
                [b'\r', b'\n', ..] => 2,
                [b'\n' | b'\r', ..] => 1,
                _ => 0,
            };
            let start = lexer.at() + line;
            let length = dictionary.get("Length").and_then(Object::as_integer);
            let end = match length.and_then(|length| self.end_by_length(start, length)) {
                Some(end) => end,
                None => self.end_by_mark(start),
            };
            stream = Some(start..end);
            lexer.go_to(end);
            lexer.word(b"endstream");
        }
        self.objects.insert(number, Indirect { value, stream });
        within_objects(self.objects.len(), budget)
    }

    /// The end that the length says, where `endstream` follows.
    fn end_by_length(&self, start: usize, length: i64) -> Option<usize> {
        let end = start.checked_add(usize::try_from(length).ok()?)?;
        let rest = self.bytes.get(end..)?;
        let white = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n' | b' ')).count();
        rest.get(white..)?.starts_with(STREAM_END).then_some(end)
    }

    /// The end that the next `endstream` says; the end of the file where there is none.
    fn end_by_mark(&mut self, start: usize) -> usize {
        let bytes = self.bytes;
        let ends = self.stream_ends.get_or_insert_with(|| positions(bytes, STREAM_END));
        let place = ends.partition_point(|at| *at < start);
        let Some(end) = ends.get(place).copied() else { return bytes.len().max(start) };
        let before = bytes.get(start..end).unwrap_or_default();
        match before {
            [.., b'\r', b'\n'] => end - 2,
            [.., b'\n' | b'\r'] => end - 1,
            _ => end,
        }
    }

    /// Streams whose length is an object of its own: known only now that all objects are.
    pub(super) fn mend_lengths(&mut self, budget: &mut Budget<'_>) -> Result<(), Stop> {
        let mut mended = Vec::new();
        for (number, object) in &self.objects {
            budget.step()?;
            let (Some(stream), Object::Dictionary(dictionary)) = (&object.stream, &object.value) else {
                continue;
            };
            let Some(Object::Reference(length)) = dictionary.get("Length") else { continue };
            let Some(length) = self.objects.get(length).and_then(|length| length.value.as_integer()) else {
                continue;
            };
            if let Some(end) = self.end_by_length(stream.start, length) {
                mended.push((*number, stream.start..end));
            }
        }
        for (number, stream) in mended {
            if let Some(object) = self.objects.get_mut(&number) {
                object.stream = Some(stream);
            }
        }
        Ok(())
    }

    /// The objects inside an object stream; `None` where it is none.
    pub(super) fn contained_in(
        &mut self,
        number: u32,
        budget: &mut Budget<'_>,
    ) -> Result<Option<Vec<(u32, Object)>>, Stop> {
        let Some(container) = self.objects.get(&number) else { return Ok(None) };
        let (Some(stream), Object::Dictionary(dictionary)) = (&container.stream, &container.value) else {
            return Ok(None);
        };
        if dictionary.get("Type").and_then(Object::as_name) != Some(b"ObjStm") {
            return Ok(None);
        }
        let objects = &self.objects;
        let follow = |value: &Object| match value {
            Object::Reference(number) => {
                objects.get(number).map_or(Object::Null, |found| found.value.clone())
            }
            direct => direct.clone(),
        };
        let integer = |key: &str| {
            let value = dictionary.get(key).map(&follow)?;
            usize::try_from(value.as_integer()?).ok()
        };
        let (Some(count), Some(first)) = (integer("N"), integer("First")) else { return Ok(None) };
        let chain = filters::chain(dictionary, follow);
        let raw = self.bytes.get(stream.clone()).unwrap_or_default();
        let Some(bytes) = unpacked(raw, &chain, budget)? else { return Ok(None) };
        within_objects(count, budget)?;
        self.parser.also(bytes.len());
        let mut header = Lexer::new(&bytes, 0);
        let mut found = Vec::new();
        for _ in 0..count {
            let (Token::Integer(number), Token::Integer(offset)) = (header.token(), header.token()) else {
                break;
            };
            let (Ok(number), Ok(offset)) = (u32::try_from(number), usize::try_from(offset)) else { continue };
            let mut lexer = Lexer::new(&bytes, first.saturating_add(offset));
            budget.time()?;
            let value = self.parser.value(&mut lexer, budget)?.unwrap_or(Object::Null);
            found.push((number, value));
        }
        Ok(Some(found))
    }
}

const STREAM_END: &[u8] = b"endstream";

pub(super) fn positions(bytes: &[u8], word: &[u8]) -> Vec<usize> {
    bytes.windows(word.len()).enumerate().filter(|(_, window)| *window == word).map(|(at, _)| at).collect()
}

fn within_objects(count: usize, budget: &Budget<'_>) -> Result<(), Stop> {
    let most = budget.limits.objects_max;
    if count > most {
        return Err(Stop::bomb(format!("it has more than {most} objects")));
    }
    Ok(())
}

pub(super) fn encrypted() -> Stop {
    Stop::new(RefusalCode::Encrypted, "it is encrypted; save it without a password")
}
