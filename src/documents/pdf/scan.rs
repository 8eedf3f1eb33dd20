//! The last look at what was written: read again as a stranger's file, nothing forbidden may be found.

use super::{
    file::File,
    object::{Dictionary, Object},
    rules,
};

/// What is left that may not be there; `None` where all is well.
pub(super) fn residue(file: &File<'_>, keep_metadata: bool) -> Option<String> {
    if file.rebuilt || file.updates > 0 || file.scaffolding > 0 {
        return Some("the structure of the result".to_owned());
    }
    for key in file.trailer.0.keys() {
        if !rules::is_in(&["Info", "Root", "Size"], key) {
            return Some("the trailer of the result".to_owned());
        }
    }
    file.objects
        .values()
        .find_map(|found| in_value(file, &found.value, found.stream.is_some(), keep_metadata))
}

fn in_value(file: &File<'_>, value: &Object, is_stream: bool, keep_metadata: bool) -> Option<String> {
    match value {
        Object::Array(items) => items.iter().find_map(|item| in_value(file, item, false, keep_metadata)),
        Object::Dictionary(dictionary) => forbidden(file, dictionary, is_stream, keep_metadata)
            .or_else(|| dictionary.0.values().find_map(|value| in_value(file, value, false, keep_metadata))),
        _ => None,
    }
}

fn forbidden(
    file: &File<'_>,
    dictionary: &Dictionary,
    is_stream: bool,
    keep_metadata: bool,
) -> Option<String> {
    for key in dictionary.0.keys() {
        if rules::is_in(rules::FORBIDDEN_KEYS, key)
            || key == b"Encrypt"
            || (key == b"Metadata" && !keep_metadata)
        {
            return Some(format!("the key `{}`", String::from_utf8_lossy(key)));
        }
    }
    // Pages and the catalog are there once, where they belong.
    let kind = file.name_of(dictionary, "Type");
    if matches!(kind, Some(b"Page" | b"Pages" | b"Catalog")) && !is_stream {
        return None;
    }
    rules::verdict(dictionary, is_stream, |dictionary, key| file.name_of(dictionary, key))
        .map(|reason| format!("a dictionary of the kind {reason:?}"))
}
