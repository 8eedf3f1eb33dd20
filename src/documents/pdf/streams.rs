//! Streams in one form: packed once with Flate, as a picture, or plain; nothing behind the end.

use std::{borrow::Cow, ops::Range};

use super::{
    Stop,
    clean::{Cleaner, Role},
    file::chain_is_short,
    filters::{self, Filter},
    lexer::is_white,
    object::{Dictionary, Object},
    rules,
};

/// The dictionary without what says how the stream is stored.
pub(super) fn without_storage(dictionary: &Dictionary) -> Dictionary {
    let kept = dictionary.0.iter().filter(|(key, _)| !rules::is_in(rules::STORAGE_KEYS, key));
    Dictionary(kept.map(|(key, value)| (key.clone(), value.clone())).collect())
}

/// The bytes to write; the encoding is noted in the dictionary.
pub(super) fn normal<'a>(
    cleaner: &mut Cleaner<'_, 'a, '_, '_>,
    dictionary: &Dictionary,
    stream: &Range<usize>,
    kept: &mut Dictionary,
) -> Result<Cow<'a, [u8]>, Stop> {
    let file = cleaner.file;
    let raw = file.raw(stream);
    let mut chain = filters::chain(dictionary, |value| file.follow(value).clone());
    chain_is_short(chain.len(), cleaner.budget)?;
    // Without encryption this filter does nothing.
    chain.retain(|(name, _)| name != b"Crypt");
    if let [(name, parameters)] = chain.as_slice()
        && filters::filter_named(name) == Filter::Flate
    {
        let decoded = filters::decode(Filter::Flate, None, raw, raw.len(), cleaner.budget)?;
        if decoded.whole {
            kept.set("Filter", Object::name("FlateDecode"));
            if let Some(parameters) = parameters {
                set_parameters(kept, predictor_of(parameters));
            }
            return Ok(Cow::Borrowed(cut(cleaner, raw, decoded.used)));
        }
    }
    let mut bytes = Cow::Borrowed(raw);
    cleaner.budget.decoded(raw.len() as u64)?;
    let was_packed = !chain.is_empty();
    for (place, (name, parameters)) in chain.into_iter().enumerate() {
        match filters::filter_named(&name) {
            Filter::Unknown => {
                // No reader can show it either.
                let message = "a stream in an unknown encoding was emptied";
                cleaner.report.warn("unknown_encoding", message);
                cleaner.dropped_part("unknown encoding");
                return Ok(Cow::Borrowed(&[]));
            }
            Filter::Picture => {
                kept.set("Filter", Object::Name(full_name(&name).to_vec()));
                if let Some(parameters) = parameters
                    && let Some(Object::Dictionary(parameters)) =
                        cleaner.value(&Object::Dictionary(parameters), Role::Anything)?
                {
                    set_parameters(kept, parameters);
                }
                return Ok(bytes);
            }
            filter => {
                let decoded =
                    filters::decode(filter, parameters.as_ref(), &bytes, raw.len(), cleaner.budget)?;
                if place == 0 && decoded.whole {
                    cut(cleaner, raw, decoded.used);
                }
                bytes = Cow::Owned(decoded.bytes);
            }
        }
    }
    if was_packed {
        kept.set("Filter", Object::name("FlateDecode"));
        bytes = Cow::Owned(filters::deflate(&bytes));
    }
    Ok(bytes)
}

/// What is used of a stream; the rest is counted, unless it is the end of a line.
fn cut<'a>(cleaner: &mut Cleaner<'_, 'a, '_, '_>, raw: &'a [u8], used: usize) -> &'a [u8] {
    let (kept, rest) = raw.split_at_checked(used).unwrap_or((raw, &[]));
    if !rest.iter().all(|byte| is_white(*byte)) {
        cleaner.report.removed.stray_bytes += rest.len() as u64;
    }
    kept
}

fn set_parameters(kept: &mut Dictionary, parameters: Dictionary) {
    if !parameters.0.is_empty() {
        kept.set("DecodeParms", Object::Dictionary(parameters));
    }
}

fn predictor_of(parameters: &Dictionary) -> Dictionary {
    let known = ["BitsPerComponent", "Colors", "Columns", "Predictor"];
    let numbers =
        known.iter().filter_map(|key| Some((key.as_bytes().to_vec(), parameters.get(key)?.as_integer()?)));
    Dictionary(numbers.map(|(key, value)| (key, Object::Integer(value))).collect())
}

fn full_name(name: &[u8]) -> &[u8] {
    match name {
        b"DCT" => b"DCTDecode",
        b"CCF" => b"CCITTFaxDecode",
        full => full,
    }
}
