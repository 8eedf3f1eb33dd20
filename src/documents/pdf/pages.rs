//! The page tree, flattened: each page with what it takes from its parents.

use std::collections::BTreeSet;

use super::{
    Budget, Stop,
    file::File,
    object::{Dictionary, Object},
    rules::{INHERITED_KEYS, is_in},
};
use crate::documents::RefusalCode;

/// A page, and the number it has in the file if it has one.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) number: Option<u32>,
    pub(super) dictionary: Dictionary,
}

/// The pages of a file, and what else its tree held.
#[derive(Debug, Default)]
pub(super) struct Pages {
    pub(super) pages: Vec<Page>,
    /// Keys of inner nodes that no page may have from there.
    pub(super) node_keys: Vec<Vec<u8>>,
    /// Kids that are no pages, and branches that lead back to themselves.
    pub(super) broken: bool,
}

/// One level of the tree that is being walked.
struct Level {
    kids: Vec<Object>,
    next: usize,
    inherited: Dictionary,
}

pub(super) fn pages(file: &File<'_>, budget: &mut Budget<'_>) -> Result<Pages, Stop> {
    let mut found = Pages::default();
    let mut seen = BTreeSet::new();
    let root = file.catalog().and_then(|catalog| catalog.get("Pages")).cloned().unwrap_or(Object::Null);
    let mut levels = vec![Level { kids: vec![root], next: 0, inherited: Dictionary::default() }];
    while let Some(level) = levels.last_mut() {
        budget.step()?;
        let Some(kid) = level.kids.get(level.next).cloned() else {
            levels.pop();
            continue;
        };
        level.next += 1;
        let inherited = level.inherited.clone();
        let number = match &kid {
            Object::Reference(number) => file.target(*number).map(|(number, _)| number),
            _ => None,
        };
        let Some(dictionary) = file.dictionary(&kid) else {
            found.broken = true;
            continue;
        };
        // What says it is a page is one, whatever children it claims to have.
        let is_page = match file.name_of(dictionary, "Type") {
            Some(b"Page") => true,
            Some(b"Pages") => false,
            _ => !dictionary.has("Kids"),
        };
        if is_page {
            let mut page = dictionary.clone();
            for (key, value) in inherited.0 {
                let own = page.0.entry(key).or_insert(Object::Null);
                if *file.follow(own) == Object::Null {
                    *own = value;
                }
            }
            found.pages.push(Page { number, dictionary: page });
            if found.pages.len() > budget.limits.pages_max {
                let most = budget.limits.pages_max;
                return Err(Stop::new(RefusalCode::TooManyPages, format!("it has more than {most} pages")));
            }
            continue;
        }
        if number.is_some_and(|number| !seen.insert(number)) {
            found.broken = true;
            continue;
        }
        if levels.len() > budget.limits.nesting_max {
            let most = budget.limits.nesting_max;
            return Err(Stop::bomb(format!("its page tree is deeper than {most}")));
        }
        let mut passed_on = inherited;
        for (key, value) in dictionary.iter() {
            if is_in(INHERITED_KEYS, key) {
                if *file.follow(value) != Object::Null {
                    passed_on.0.insert(key.to_vec(), value.clone());
                }
            } else if !is_in(&["Type", "Kids", "Count", "Parent"], key) {
                found.node_keys.push(key.to_vec());
            }
        }
        let kids = file.array(dictionary.get("Kids").unwrap_or(&Object::Null)).unwrap_or_default().to_vec();
        levels.push(Level { kids, next: 0, inherited: passed_on });
    }
    if found.pages.is_empty() {
        return Err(Stop::malformed("it has no page"));
    }
    Ok(found)
}
