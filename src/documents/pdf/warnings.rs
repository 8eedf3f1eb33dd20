//! What a person should know about a file that is sent all the same.

use super::{
    Budget, Stop,
    content::suspicions,
    file::File,
    object::Object,
    pages::{Page, Pages},
};
use crate::documents::SanitizeReport;

/// Looks through the cleaned file.
pub(super) fn look_through(
    file: &File<'_>,
    budget: &mut Budget<'_>,
    report: &mut SanitizeReport,
) -> Result<(), Stop> {
    let Pages { pages, .. } = super::pages::pages(file, budget)?;
    let layers = hidden_layers(file);
    if layers > 0 {
        let message = format!("{layers} layers are hidden when the file is opened; a model may read them");
        report.warn("hidden_layers", message);
    }
    let annotations = hidden_annotations(file, &pages);
    if annotations > 0 {
        let message = format!("{annotations} annotations are not shown; a model may read them");
        report.warn("hidden_annotations", message);
    }
    let found = suspicions(file, &pages, budget)?;
    for (count, what) in [
        (found.invisible, "invisible text and no picture it could belong to"),
        (found.white, "white text on white"),
        (found.tiny, "text smaller than one point"),
        (found.outside, "text outside of the page"),
    ] {
        if count > 0 {
            report.warn("suspicious_text", format!("{count} pages hold {what}"));
        }
    }
    if found.incomplete {
        report.warn("not_fully_scanned", "the content is too large to look for hidden text in all of it");
    }
    Ok(())
}

/// Layers that are off by default.
fn hidden_layers(file: &File<'_>) -> usize {
    let layers = || {
        let properties = file.dictionary(file.catalog()?.get("OCProperties")?)?;
        let usual = file.dictionary(properties.get("D")?)?;
        let count = |dictionary: &super::object::Dictionary, key: &str| {
            file.array(dictionary.get(key).unwrap_or(&Object::Null)).map_or(0, <[Object]>::len)
        };
        Some(if file.name_of(usual, "BaseState") == Some(b"OFF") {
            count(properties, "OCGs").saturating_sub(count(usual, "ON"))
        } else {
            count(usual, "OFF")
        })
    };
    layers().unwrap_or_default()
}

/// Annotations with the flag «hidden» or «no view».
fn hidden_annotations(file: &File<'_>, pages: &[Page]) -> usize {
    const HIDDEN: i64 = 1 << 1;
    const NO_VIEW: i64 = 1 << 5;
    let annotations = pages.iter().flat_map(|page| {
        file.array(page.dictionary.get("Annots").unwrap_or(&Object::Null)).unwrap_or_default()
    });
    annotations
        .filter_map(|annotation| file.dictionary(annotation))
        // A closed note has a window of its own that is hidden until somebody opens it.
        .filter(|annotation| file.name_of(annotation, "Subtype") != Some(b"Popup"))
        .filter(|annotation| {
            file.entry(annotation, "F").as_integer().is_some_and(|flags| flags & (HIDDEN | NO_VIEW) != 0)
        })
        .count()
}
