//! PDF files: read with limits at every step, walked, written anew, and read again.
//!
//! A reader of our own, because the input is hostile: no number in a file is believed, nothing recurses
//! deeper than a limit, and whatever a limit forbids ends the work with a code.

mod attachments;
mod clean;
mod content;
mod destinations;
mod file;
mod filters;
mod lexer;
mod lzw;
mod matrix;
mod object;
mod pages;
mod parser;
mod predictor;
mod rebuild;
mod rules;
mod scan;
mod streams;
mod warnings;
mod writer;
mod xref;

use std::collections::BTreeSet;

use super::{
    RefusalCode, SanitizeReport,
    kind::pdf_header_at,
    limits::{Budget, Ends},
    refusal::Stop,
};
use file::File;
use object::Object;

/// Rounds until a result stays the same; the first is nearly always enough.
const ROUNDS_MAX: usize = 3;

pub(super) fn sanitize(
    bytes: &[u8],
    budget: &mut Budget<'_>,
    report: &mut SanitizeReport,
) -> Result<Vec<u8>, Stop> {
    let header = pdf_header_at(bytes).unwrap_or_default();
    let body = bytes.get(header..).unwrap_or_default();
    let file = File::read(body, budget)?;
    if file.rebuilt {
        report.warn("rebuilt", "the cross-reference was broken and was made anew from the objects found");
    }
    refuse_dynamic_form(&file, budget)?;
    let cleaned = clean::clean(&file, budget, report)?;
    report.pages = cleaned.pages;
    report.removed.unreachable_objects = unreachable(&file, budget)?;
    report.removed.revisions = file.updates;
    report.removed.stray_bytes += header as u64 + behind_the_end(body);
    let mut output = writer::write(&cleaned.objects, cleaned.info);
    drop((cleaned, file));
    for _ in 0..ROUNDS_MAX {
        let again = once_more(&output, budget, report)?;
        if again == output {
            let mut looks = budget.again();
            let file = File::read(&output, &mut looks)?;
            warnings::look_through(&file, &mut looks, report)?;
            return within_size(output, budget);
        }
        output = again;
    }
    Err(residue("cleaning it again still changes it"))
}

/// Reads the result as if it came from outside, and cleans it again.
fn once_more(output: &[u8], budget: &Budget<'_>, report: &SanitizeReport) -> Result<Vec<u8>, Stop> {
    let mut budget = budget.again();
    let file = File::read(output, &mut budget)?;
    if let Some(left) = scan::residue(&file, budget.limits.keep_metadata) {
        return Err(residue(&format!("{left} is still there")));
    }
    let mut second = SanitizeReport::default();
    let cleaned = clean::clean(&file, &mut budget, &mut second)?;
    if cleaned.pages != report.pages {
        return Err(residue("the number of pages changed"));
    }
    Ok(writer::write(&cleaned.objects, cleaned.info))
}

fn residue(what: &str) -> Stop {
    Stop::new(RefusalCode::Residue, format!("the cleaned file did not pass the last check: {what}"))
}

fn within_size(output: Vec<u8>, budget: &Budget<'_>) -> Result<Vec<u8>, Stop> {
    let most = budget.limits.input_bytes_max;
    if output.len() > most {
        return Err(Stop::new(RefusalCode::TooLarge, format!("cleaned, it is larger than {most} bytes")));
    }
    Ok(output)
}

/// Pages that only say «please wait» for a form that is drawn by one program.
fn refuse_dynamic_form(file: &File<'_>, budget: &mut Budget<'_>) -> Result<(), Stop> {
    let Some(catalog) = file.catalog() else { return Ok(()) };
    let form = file.dictionary(catalog.get("AcroForm").unwrap_or(&Object::Null));
    let has_xfa = form.is_some_and(|form| form.has("XFA"));
    if has_xfa
        && (*file.entry(catalog, "NeedsRendering") == Object::Boolean(true) || asks_to_wait(file, budget)?)
    {
        let message = "its pages are drawn from an XFA form when it is opened; print it to a PDF file first";
        return Err(Stop::new(RefusalCode::DynamicXfa, message));
    }
    Ok(())
}

/// The text that the one program puts on the only page for all others.
fn asks_to_wait(file: &File<'_>, budget: &mut Budget<'_>) -> Result<bool, Stop> {
    const TEXT: &[u8] = b"Please wait";
    let found = pages::pages(file, budget)?;
    let [page] = found.pages.as_slice() else { return Ok(false) };
    let contents = page.dictionary.get("Contents").unwrap_or(&Object::Null);
    let single = [contents.clone()];
    for part in file.array(contents).unwrap_or(&single) {
        let Object::Reference(number) = part else { continue };
        let Some((_, object)) = file.target(*number) else { continue };
        let (Some(range), Some(dictionary)) = (&object.stream, object.value.as_dictionary()) else {
            continue;
        };
        let bytes = file.unpacked(dictionary, range, budget)?.unwrap_or_default();
        if bytes.windows(TEXT.len()).any(|window| window == TEXT) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Objects that nothing points at from the trailer.
fn unreachable(file: &File<'_>, budget: &mut Budget<'_>) -> Result<u32, Stop> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&Object> = file.trailer.0.values().collect();
    while let Some(value) = open.pop() {
        budget.step()?;
        match value {
            Object::Reference(number) => {
                if reached.insert(*number)
                    && let Some(found) = file.objects.get(number)
                {
                    open.push(&found.value);
                }
            }
            Object::Array(items) => open.extend(items),
            Object::Dictionary(dictionary) => open.extend(dictionary.0.values()),
            _ => {}
        }
    }
    let missing = file.objects.keys().filter(|number| !reached.contains(number)).count();
    Ok(u32::try_from(missing).unwrap_or(u32::MAX))
}

/// Bytes after the last end mark and the end of its line.
fn behind_the_end(bytes: &[u8]) -> u64 {
    const END: &[u8] = b"%%EOF";
    let Some(at) = bytes.windows(END.len()).rposition(|window| window == END) else { return 0 };
    let rest = bytes.get(at + END.len()..).unwrap_or_default();
    if rest.iter().all(u8::is_ascii_whitespace) { 0 } else { rest.len() as u64 }
}

/// Pages by the page tree; by a count of words where there is none; at least one.
pub(super) fn page_count(bytes: &[u8], limits: &super::DocumentLimits) -> u32 {
    let body = pdf_header_at(bytes).and_then(|header| bytes.get(header..)).unwrap_or(bytes);
    /// More than any of them has; the limit of what is sent on does not count here.
    const PAGES_COUNTED_MAX: usize = 100_000;
    let limits = super::DocumentLimits { pages_max: PAGES_COUNTED_MAX, ..limits.clone() };
    let mut budget = Budget::new(&limits);
    let counted = File::read(body, &mut budget).and_then(|file| pages::pages(&file, &mut budget));
    match counted {
        Ok(found) => u32::try_from(found.pages.len()).unwrap_or(u32::MAX).max(1),
        Err(_) => by_words(body),
    }
}

/// `/Type /Page` without the `s`.
fn by_words(bytes: &[u8]) -> u32 {
    const WORD: &[u8] = b"/Type";
    let pages = file::positions(bytes, WORD).into_iter().filter(|at| {
        let rest = bytes.get(at + WORD.len()..).unwrap_or_default().trim_ascii_start();
        rest.strip_prefix(b"/Page").is_some_and(|rest| !rest.first().is_some_and(u8::is_ascii_alphanumeric))
    });
    u32::try_from(pages.count()).unwrap_or(u32::MAX).max(1)
}
