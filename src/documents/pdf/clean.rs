//! The walk over everything a page can reach, and the new objects it makes.
//!
//! INVARIANT: a number is given to an object at the moment a reference to it is kept, in the order of the
//! keys; so a file that is cleaned already keeps its numbers, and cleaning it again gives the same bytes.

use std::{
    borrow::Cow,
    collections::{BTreeMap, VecDeque},
};

use super::{
    Budget, Stop, attachments,
    destinations::Destinations,
    file::File,
    object::{Dictionary, Indirect, Object},
    pages::{self, Page},
    rules::{self, Reason},
    streams,
    writer::Written,
};
use crate::documents::{
    SanitizeReport,
    report::{Removed, list_once},
};

/// A name this short is written where it is used, so that no reference can hide it from a reader.
const INLINE_NAME_BYTES_MAX: usize = 255;
/// The catalog is the first object, the page tree the second; pages follow.
const PAGES: u32 = 2;
const FIRST_PAGE: u32 = 3;

/// What an object is used as. One that is used as two things becomes two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    Anything,
    /// Annotations and form fields, which may be one object.
    Annotation,
    Outline,
}

/// Where the walk is, for counting what it drops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Catalog,
    Page,
    Annotation,
    Outline,
    Elsewhere,
}

/// A cleaned file, ready to be written.
#[derive(Debug)]
pub(super) struct Cleaned<'a> {
    pub(super) objects: Vec<Written<'a>>,
    pub(super) info: Option<u32>,
    pub(super) pages: u32,
}

pub(super) struct Cleaner<'f, 'a, 'b, 'l> {
    pub(super) file: &'f File<'a>,
    pub(super) budget: &'b mut Budget<'l>,
    pub(super) report: &'b mut SanitizeReport,
    numbers: BTreeMap<(u32, Role), u32>,
    queue: VecDeque<(u32, Role)>,
    places: Destinations,
    place: Place,
    next: u32,
}

pub(super) fn clean<'a>(
    file: &File<'a>,
    budget: &mut Budget<'_>,
    report: &mut SanitizeReport,
) -> Result<Cleaned<'a>, Stop> {
    let found = pages::pages(file, budget)?;
    if found.broken {
        report.warn("broken_page_tree", "the page tree holds branches that are no pages");
    }
    let mut cleaner = Cleaner {
        file,
        budget,
        report,
        numbers: BTreeMap::new(),
        queue: VecDeque::new(),
        places: Destinations::default(),
        place: Place::Catalog,
        next: FIRST_PAGE,
    };
    for key in found.node_keys {
        cleaner.dropped_key(&key, Place::Page);
    }
    cleaner.walk(&found.pages)
}

impl<'a> Cleaner<'_, 'a, '_, '_> {
    fn walk(mut self, pages: &[Page]) -> Result<Cleaned<'a>, Stop> {
        for page in pages {
            let number = self.number()?;
            self.places.order.push(number);
            if let Some(old) = page.number {
                self.places.pages.entry(old).or_insert(number);
            }
        }
        self.places.read_names(self.file, self.budget)?;
        if self.places.dropped {
            self.dropped_part("destination");
        }
        let mut objects = vec![plain(self.catalog()?), plain(self.page_tree())];
        for page in pages {
            let cleaned = self.page(page)?;
            objects.push(plain(cleaned));
        }
        // In the order of the numbers, because each takes the next one when it joins the queue.
        while let Some((old, role)) = self.queue.pop_front() {
            self.budget.step()?;
            let written = match self.file.objects.get(&old) {
                Some(found) => self.indirect(found, role)?,
                None => plain(Object::Null),
            };
            objects.push(written);
        }
        let info = match self.info() {
            Some(info) => {
                objects.push(plain(info));
                Some(self.number()?)
            }
            None => None,
        };
        Ok(Cleaned { objects, info, pages: u32::try_from(pages.len()).unwrap_or(u32::MAX) })
    }

    fn number(&mut self) -> Result<u32, Stop> {
        let number = self.next;
        self.next += 1;
        let most = self.budget.limits.objects_max;
        if usize::try_from(number).unwrap_or(usize::MAX) > most {
            return Err(Stop::bomb(format!("it has more than {most} objects")));
        }
        Ok(number)
    }

    fn catalog(&mut self) -> Result<Object, Stop> {
        self.place = Place::Catalog;
        let file = self.file;
        let catalog = file.catalog().cloned().unwrap_or_default();
        let mut kept = Dictionary::default().with("Type", Object::name("Catalog"));
        for (key, value) in catalog.iter() {
            let new = match key {
                b"Type" | b"Version" => continue,
                b"Pages" => Some(Object::Reference(PAGES)),
                b"Names" => self.names(value),
                b"Dests" => self.old_destinations(),
                b"AcroForm" => self.form(value)?,
                b"Outlines" => self.value(value, Role::Outline)?,
                b"PageMode" => match file.follow(value).as_name() {
                    Some(mode @ (b"UseNone" | b"UseOutlines" | b"UseThumbs" | b"UseOC")) => {
                        Some(Object::Name(mode.to_vec()))
                    }
                    _ => None,
                },
                key if rules::is_in(rules::CATALOG_KEYS, key) => self.value(value, Role::Anything)?,
                b"Metadata" if self.budget.limits.keep_metadata => self.value(value, Role::Anything)?,
                key => {
                    attachments::list_all(file, key, value, &mut self.report.removed.embedded_files);
                    self.dropped_key(key, Place::Catalog);
                    None
                }
            };
            if let Some(new) = new {
                kept.0.insert(key.to_vec(), new);
            }
        }
        Ok(Object::Dictionary(kept))
    }

    fn page_tree(&self) -> Object {
        let kids: Vec<Object> = self.places.order.iter().map(|number| Object::Reference(*number)).collect();
        Object::Dictionary(
            Dictionary::default()
                .with("Type", Object::name("Pages"))
                .with("Count", Object::integer(kids.len()))
                .with("Kids", Object::Array(kids)),
        )
    }

    fn page(&mut self, page: &Page) -> Result<Object, Stop> {
        self.place = Place::Page;
        let mut kept = Dictionary::default();
        for (key, value) in page.dictionary.iter() {
            let new = match key {
                b"Parent" | b"Type" => continue,
                b"Annots" => self.annotations(value)?,
                key if rules::is_in(rules::PAGE_KEYS, key) => self.value(value, Role::Anything)?,
                key => {
                    attachments::list_all(self.file, key, value, &mut self.report.removed.embedded_files);
                    self.dropped_key(key, Place::Page);
                    None
                }
            };
            if let Some(new) = new {
                kept.0.insert(key.to_vec(), new);
            }
        }
        kept.set("Type", Object::name("Page"));
        kept.set("Parent", Object::Reference(PAGES));
        Ok(Object::Dictionary(kept))
    }

    /// The annotations of a page, without those that are more than ink.
    fn annotations(&mut self, value: &Object) -> Result<Option<Object>, Stop> {
        let mut kept = Vec::new();
        for item in self.file.array(value).unwrap_or_default() {
            let Some(dictionary) = self.file.dictionary(item) else { continue };
            let subtype = self.file.name_of(dictionary, "Subtype");
            if !subtype.is_some_and(|subtype| rules::is_in(rules::ANNOTATION_SUBTYPES, subtype)) {
                attachments::list_all(self.file, b"Annot", item, &mut self.report.removed.embedded_files);
                self.removed().annotations += 1;
                continue;
            }
            kept.extend(self.value(item, Role::Annotation)?);
        }
        Ok((!kept.is_empty()).then_some(Object::Array(kept)))
    }

    fn names(&mut self, value: &Object) -> Option<Object> {
        let file = self.file;
        for (key, value) in file.dictionary(value)?.iter() {
            if key != b"Dests" {
                attachments::list_all(file, key, value, &mut self.report.removed.embedded_files);
                list_once(&mut self.report.removed.names, readable(key));
            }
        }
        Some(Object::Dictionary(Dictionary::default().with("Dests", self.places.tree()?)))
    }

    fn old_destinations(&self) -> Option<Object> {
        let places: BTreeMap<_, _> = self
            .places
            .by_name
            .iter()
            .filter(|(name, _)| !rules::is_in(rules::FORBIDDEN_KEYS, name))
            .map(|(name, place)| (name.clone(), place.clone()))
            .collect();
        (!places.is_empty()).then_some(Object::Dictionary(Dictionary(places)))
    }

    fn form(&mut self, value: &Object) -> Result<Option<Object>, Stop> {
        let Some(form) = self.file.dictionary(value) else { return Ok(None) };
        let mut kept = Dictionary::default();
        for (key, value) in form.iter() {
            let new = match key {
                b"Fields" => self.fields(value)?,
                b"DA" | b"DR" | b"NeedAppearances" | b"Q" => self.value(value, Role::Anything)?,
                key => {
                    self.dropped_key(key, Place::Elsewhere);
                    None
                }
            };
            if let Some(new) = new {
                kept.0.insert(key.to_vec(), new);
            }
        }
        kept.0.entry(b"Fields".to_vec()).or_insert(Object::Array(Vec::new()));
        Ok(Some(Object::Dictionary(kept)))
    }

    fn fields(&mut self, value: &Object) -> Result<Option<Object>, Stop> {
        let mut kept = Vec::new();
        for item in self.file.array(value).unwrap_or_default() {
            if self.file.dictionary(item).is_some() {
                kept.extend(self.value(item, Role::Annotation)?);
            }
        }
        Ok(Some(Object::Array(kept)))
    }

    /// A value as it may stay; `None` where it may not, or is nothing.
    pub(super) fn value(&mut self, value: &Object, role: Role) -> Result<Option<Object>, Stop> {
        self.budget.step()?;
        Ok(match value {
            Object::Null => None,
            Object::Reference(number) => self.reference(*number, role)?,
            Object::Array(items) => {
                let mut kept = Vec::with_capacity(items.len());
                for item in items {
                    kept.push(self.value(item, role)?.unwrap_or(Object::Null));
                }
                Some(Object::Array(kept))
            }
            Object::Dictionary(dictionary) => match self.verdict(dictionary, false) {
                Some(reason) => {
                    self.dropped(reason, value);
                    None
                }
                None => Some(Object::Dictionary(self.dictionary(dictionary, role)?)),
            },
            plain => Some(plain.clone()),
        })
    }

    fn reference(&mut self, number: u32, role: Role) -> Result<Option<Object>, Stop> {
        let Some((number, found)) = self.file.target(number) else { return Ok(None) };
        if let Some(page) = self.places.pages.get(&number) {
            return Ok(Some(Object::Reference(*page)));
        }
        match &found.value {
            Object::Null => return Ok(None),
            Object::Name(name) if name.len() > INLINE_NAME_BYTES_MAX => {}
            plain @ (Object::Boolean(_) | Object::Integer(_) | Object::Real(_) | Object::Name(_)) => {
                return Ok(Some(plain.clone()));
            }
            Object::Dictionary(dictionary) => {
                if let Some(reason) = self.verdict(dictionary, found.stream.is_some()) {
                    self.dropped(reason, &found.value);
                    return Ok(None);
                }
            }
            Object::Array(_) | Object::Text(_) | Object::Reference(_) => {}
        }
        if let Some(known) = self.numbers.get(&(number, role)) {
            return Ok(Some(Object::Reference(*known)));
        }
        let new = self.number()?;
        self.numbers.insert((number, role), new);
        self.queue.push_back((number, role));
        Ok(Some(Object::Reference(new)))
    }

    fn verdict(&self, dictionary: &Dictionary, is_stream: bool) -> Option<Reason> {
        let file = self.file;
        rules::verdict(dictionary, is_stream, |dictionary, key| file.name_of(dictionary, key))
    }

    fn indirect(&mut self, found: &Indirect, role: Role) -> Result<Written<'a>, Stop> {
        self.place = match role {
            Role::Anything => Place::Elsewhere,
            Role::Annotation => Place::Annotation,
            Role::Outline => Place::Outline,
        };
        match (&found.stream, &found.value) {
            (Some(stream), Object::Dictionary(dictionary)) if role == Role::Anything => {
                let mut kept = self.dictionary(&streams::without_storage(dictionary), role)?;
                let bytes = streams::normal(self, dictionary, stream, &mut kept)?;
                Ok(Written { value: Object::Dictionary(kept), stream: Some(bytes) })
            }
            (_, Object::Dictionary(dictionary)) => {
                Ok(plain(Object::Dictionary(self.dictionary(dictionary, role)?)))
            }
            (_, value) => Ok(plain(self.value(value, role)?.unwrap_or(Object::Null))),
        }
    }

    fn dictionary(&mut self, dictionary: &Dictionary, role: Role) -> Result<Dictionary, Stop> {
        let mut kept = Dictionary::default();
        // A jump keeps its place and loses what follows it.
        let is_jump = self.file.name_of(dictionary, "S") == Some(b"GoTo") && dictionary.has("D");
        for (key, value) in dictionary.iter() {
            self.budget.step()?;
            let new = if is_jump {
                self.of_jump(key, value)
            } else {
                match role {
                    Role::Anything => self.of_anything(key, value)?,
                    Role::Annotation => self.of_annotation(key, value)?,
                    Role::Outline => self.of_outline(key, value)?,
                }
            };
            if let Some(new) = new {
                kept.0.insert(key.to_vec(), new);
            }
        }
        Ok(kept)
    }

    fn of_anything(&mut self, key: &[u8], value: &Object) -> Result<Option<Object>, Stop> {
        let keeps = self.budget.limits.keep_metadata && key == b"Metadata";
        if !keeps && (key == b"Metadata" || rules::is_in(rules::FORBIDDEN_KEYS, key)) {
            attachments::list_all(self.file, key, value, &mut self.report.removed.embedded_files);
            self.dropped_key(key, self.place);
            return Ok(None);
        }
        self.value(value, Role::Anything)
    }

    fn of_annotation(&mut self, key: &[u8], value: &Object) -> Result<Option<Object>, Stop> {
        self.place = Place::Annotation;
        let kept = match key {
            b"A" => self.action(value),
            b"Dest" => self.destination(value),
            b"Parent" | b"Popup" | b"IRT" => self.value(value, Role::Annotation)?,
            b"Kids" => self.fields(value)?,
            b"P" => match value {
                Object::Reference(number) => self
                    .file
                    .target(*number)
                    .and_then(|(number, _)| self.places.pages.get(&number))
                    .map(|page| Object::Reference(*page)),
                _ => None,
            },
            // A signature covers bytes that are not there any more.
            b"V" if self.file.dictionary(value).is_some_and(|value| value.has("ByteRange")) => {
                self.dropped_part("signature");
                None
            }
            key if rules::is_in(rules::ANNOTATION_KEYS, key) => self.value(value, Role::Anything)?,
            key => {
                self.dropped_key(key, Place::Annotation);
                None
            }
        };
        self.place = Place::Annotation;
        Ok(kept)
    }

    fn of_outline(&mut self, key: &[u8], value: &Object) -> Result<Option<Object>, Stop> {
        self.place = Place::Outline;
        Ok(match key {
            b"A" => self.action(value),
            b"Dest" => self.destination(value),
            b"First" | b"Last" | b"Next" | b"Parent" | b"Prev" => self.value(value, Role::Outline)?,
            key if rules::is_in(rules::OUTLINE_KEYS, key) => self.value(value, Role::Anything)?,
            key => {
                self.dropped_key(key, Place::Outline);
                None
            }
        })
    }

    fn destination(&mut self, value: &Object) -> Option<Object> {
        let kept = self.places.kept(self.file, value);
        if kept.is_none() {
            self.dropped_part("destination");
        }
        kept
    }

    /// What `/A` may be: a jump within the file, alone.
    fn action(&mut self, value: &Object) -> Option<Object> {
        let jump =
            self.file.dictionary(value).filter(|action| self.file.name_of(action, "S") == Some(b"GoTo"));
        let place = jump.and_then(|jump| self.places.kept(self.file, jump.get("D")?));
        if place.is_none() || jump.is_some_and(|jump| jump.has("Next")) {
            self.count_action(self.place);
        }
        let jump = Dictionary::default().with("S", Object::name("GoTo")).with("D", place?);
        Some(Object::Dictionary(jump))
    }

    fn of_jump(&mut self, key: &[u8], value: &Object) -> Option<Object> {
        match key {
            b"S" => Some(Object::name("GoTo")),
            b"D" => self.places.kept(self.file, value),
            b"Type" => None,
            _ => {
                self.count_action(self.place);
                None
            }
        }
    }

    /// Dates of the file, and the rest where the operator wants it kept.
    fn info(&mut self) -> Option<Object> {
        let file = self.file;
        let info = file.dictionary(file.trailer.get("Info")?)?;
        let mut kept = Dictionary::default();
        for (key, value) in info.iter() {
            let Object::Text(text) = file.follow(value) else { continue };
            let is_date = is_date(text) && matches!(key, b"CreationDate" | b"ModDate");
            let may_stay = self.budget.limits.keep_metadata && !rules::is_in(rules::FORBIDDEN_KEYS, key);
            if is_date || may_stay {
                kept.0.insert(key.to_vec(), Object::Text(text.clone()));
            }
        }
        let kept_all = kept.0.len() == info.0.len();
        self.removed().metadata |= !kept_all;
        (!kept.0.is_empty()).then_some(Object::Dictionary(kept))
    }

    fn removed(&mut self) -> &mut Removed {
        &mut self.report.removed
    }

    /// Something without a counter of its own.
    pub(super) fn dropped_part(&mut self, what: &str) {
        list_once(&mut self.report.removed.other_keys, what.to_owned());
    }

    fn count_action(&mut self, place: Place) {
        let removed = self.removed();
        match place {
            Place::Page => removed.page_actions += 1,
            Place::Annotation => removed.annotation_actions += 1,
            Place::Outline => removed.outline_actions += 1,
            Place::Catalog | Place::Elsewhere => removed.other_actions += 1,
        }
    }

    /// A dictionary that is not copied.
    fn dropped(&mut self, reason: Reason, value: &Object) {
        match reason {
            Reason::Action => self.count_action(self.place),
            Reason::Annotation => self.removed().annotations += 1,
            Reason::EmbeddedFile => {
                attachments::list_all(self.file, b"EF", value, &mut self.report.removed.embedded_files);
                self.dropped_part("file specification");
            }
            Reason::Other(what) => self.dropped_part(what),
        }
    }

    /// A key that is not copied.
    fn dropped_key(&mut self, key: &[u8], place: Place) {
        let is_action = matches!(key, b"OpenAction" | b"AA" | b"JS" | b"JavaScript");
        match key {
            b"XFA" => self.removed().xfa = true,
            b"Metadata" => self.removed().metadata = true,
            _ if is_action && place == Place::Catalog => {
                list_once(&mut self.report.removed.doc_actions, readable(key));
            }
            b"PresSteps" if place == Place::Page => self.removed().page_actions += 1,
            _ if is_action || key == b"PA" => self.count_action(place),
            _ => list_once(&mut self.report.removed.other_keys, readable(key)),
        }
    }
}

fn plain<'a>(value: Object) -> Written<'a> {
    Written { value, stream: None::<Cow<'a, [u8]>> }
}

/// `D:20260131120000+02'00'` and nothing longer.
fn is_date(text: &[u8]) -> bool {
    const DATE_BYTES_MAX: usize = 32;
    text.len() <= DATE_BYTES_MAX
        && text.starts_with(b"D:")
        && text.iter().skip(2).all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'Z' | b'\''))
}

/// A key as a report shows it.
pub(super) fn readable(name: &[u8]) -> String {
    const CHARACTERS_MAX: usize = 64;
    String::from_utf8_lossy(name).chars().filter(|c| !c.is_control()).take(CHARACTERS_MAX).collect()
}
