//! JSON that commands take: as an argument, as a file, or from standard input.

use std::{collections::BTreeMap, fs::File, io::Read as _, path::Path};

use crate::{
    cli::Stop,
    facts::{JsonObject, ModelName},
    rehearsal::{self, Call, CaseError},
};

/// Larger than any call or case file that a person writes.
const BYTES_MAX: u64 = 64 * 1024 * 1024;

/// The text behind an argument: `-` is standard input, a brace begins JSON, the rest are files.
pub(super) fn text(argument: &str) -> Result<Vec<u8>, Stop> {
    if argument.trim_start().starts_with(['{', '[']) {
        return Ok(argument.as_bytes().to_vec());
    }
    let mut bytes = Vec::new();
    let read = if argument == "-" {
        std::io::stdin().lock().take(BYTES_MAX + 1).read_to_end(&mut bytes)
    } else {
        File::open(argument).and_then(|file| file.take(BYTES_MAX + 1).read_to_end(&mut bytes))
    };
    let read =
        read.map_err(|error| Stop::Settings(format!("`{argument}` cannot be read: {}", error.kind())))?;
    if read as u64 > BYTES_MAX {
        return Err(Stop::Settings(format!("`{argument}` is larger than {BYTES_MAX} bytes")));
    }
    Ok(bytes)
}

/// Field definitions from a file; without one there are none.
pub(super) fn definitions(path: Option<&str>) -> Result<BTreeMap<ModelName, JsonObject>, Stop> {
    let Some(path) = path else { return Ok(BTreeMap::new()) };
    rehearsal::read_definitions(&text(path)?).map_err(|error| Stop::Settings(format!("`{path}`: {error}")))
}

/// Does an argument stand for a file, for standard input or for JSON, and not for a name?
pub(super) fn is_call(argument: &str) -> bool {
    argument == "-"
        || argument.trim_start().starts_with(['{', '['])
        || argument.contains(std::path::MAIN_SEPARATOR)
        || Path::new(argument).extension().is_some_and(|extension| extension == "json")
}

/// The calls of an argument: one, or a list of them.
pub(super) fn calls(argument: &str) -> Result<Vec<Call>, Stop> {
    let text = text(argument)?;
    let is_list = text.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    let calls: Result<Vec<Call>, CaseError> =
        if is_list { Call::read_list(&text) } else { Call::read(&text).map(|call| vec![call]) };
    calls.map_err(|error| {
        let shown = if is_call_text(argument) { "the call" } else { argument };
        Stop::Settings(format!("{shown}: {error}"))
    })
}

fn is_call_text(argument: &str) -> bool {
    argument.trim_start().starts_with(['{', '['])
}
