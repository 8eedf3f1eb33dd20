//! Places in the file that a link may lead to.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Budget, Stop,
    file::File,
    object::{Dictionary, Object},
};

/// Page, kind and four numbers are the most a destination has.
const PARTS_MAX: usize = 8;

/// Which pages there are and which places have names.
#[derive(Debug, Default)]
pub(super) struct Destinations {
    /// Number in the file and number in the result.
    pub(super) pages: BTreeMap<u32, u32>,
    /// The numbers in the result, in order.
    pub(super) order: Vec<u32>,
    /// By the text of the name tree.
    pub(super) by_text: BTreeMap<Vec<u8>, Object>,
    /// By name, as old files have them.
    pub(super) by_name: BTreeMap<Vec<u8>, Object>,
    /// Names that lead out of the file or nowhere, and what else stood beside the others.
    pub(super) dropped: bool,
}

impl Destinations {
    /// Reads the names; the pages are known.
    pub(super) fn read_names(&mut self, file: &File<'_>, budget: &mut Budget<'_>) -> Result<(), Stop> {
        let Some(catalog) = file.catalog() else { return Ok(()) };
        if let Some(old) = file.dictionary(catalog.get("Dests").unwrap_or(&Object::Null)) {
            for (name, value) in old.iter() {
                budget.step()?;
                self.dropped |= !is_plain(file, value);
                match self.explicit(file, value) {
                    Some(place) => {
                        self.by_name.insert(name.to_vec(), place);
                    }
                    None => self.dropped = true,
                }
            }
        }
        let tree = file.dictionary(catalog.get("Names").unwrap_or(&Object::Null));
        let Some(root) = tree.and_then(|tree| tree.get("Dests")) else { return Ok(()) };
        let mut seen = BTreeSet::new();
        let mut open = vec![root];
        while let Some(node) = open.pop() {
            budget.step()?;
            if let Object::Reference(number) = node
                && !seen.insert(*number)
            {
                continue;
            }
            let Some(node) = file.dictionary(node) else { continue };
            for [name, value] in
                file.array(node.get("Names").unwrap_or(&Object::Null)).unwrap_or_default().as_chunks::<2>().0
            {
                budget.step()?;
                self.dropped |= !is_plain(file, value);
                match (file.follow(name), self.explicit(file, value)) {
                    (Object::Text(name), Some(place)) => {
                        self.by_text.entry(name.clone()).or_insert(place);
                    }
                    _ => self.dropped = true,
                }
            }
            open.extend(file.array(node.get("Kids").unwrap_or(&Object::Null)).unwrap_or_default());
        }
        Ok(())
    }

    /// A destination as it may be written: a page of this file, or a known name.
    pub(super) fn kept(&self, file: &File<'_>, value: &Object) -> Option<Object> {
        match file.follow(value) {
            Object::Text(name) => self.by_text.contains_key(name).then(|| Object::Text(name.clone())),
            Object::Name(name) => self.by_name.contains_key(name).then(|| Object::Name(name.clone())),
            _ => self.explicit(file, value),
        }
    }

    /// `[page /XYZ left top zoom]`, or a dictionary with one.
    fn explicit(&self, file: &File<'_>, value: &Object) -> Option<Object> {
        let parts = match file.follow(value) {
            Object::Array(parts) => parts,
            Object::Dictionary(dictionary) => file.array(dictionary.get("D")?)?,
            _ => return None,
        };
        let (page, rest) = parts.split_first()?;
        let page = match page {
            Object::Reference(number) => self.pages.get(&file.target(*number)?.0)?,
            // Some programs write the place of the page instead.
            Object::Integer(place) => self.order.get(usize::try_from(*place).ok()?)?,
            _ => return None,
        };
        let mut place = vec![Object::Reference(*page)];
        for part in rest.iter().take(PARTS_MAX) {
            place.push(match file.follow(part) {
                plain @ (Object::Name(_) | Object::Integer(_) | Object::Real(_)) => plain.clone(),
                _ => Object::Null,
            });
        }
        Some(Object::Array(place))
    }

    /// The name tree in one piece.
    pub(super) fn tree(&self) -> Option<Object> {
        if self.by_text.is_empty() {
            return None;
        }
        let names = self.by_text.iter().flat_map(|(name, place)| [Object::Text(name.clone()), place.clone()]);
        Some(Object::Dictionary(Dictionary::default().with("Names", Object::Array(names.collect()))))
    }
}

/// A place without anything beside it.
fn is_plain(file: &File<'_>, value: &Object) -> bool {
    file.dictionary(value)
        .is_none_or(|dictionary| dictionary.0.keys().all(|key| key == b"D" || key == b"Type"))
}
