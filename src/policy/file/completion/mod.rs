//! What may be written at a place of a policy file, for whoever is writing it.
//!
//! The tables that the reader checks with say which keys and words there are; names of tools,
//! connections, grants and models come from the house.

mod names;
mod place;
#[cfg(test)]
mod tests;

use self::place::{Place, Slot, place};
use super::{
    keys,
    shape::{Form, Kind, Shape},
};
use crate::policy::KnownTools;

/// Offers of one answer; more of them help nobody.
pub const OFFERS_MAX: usize = 60;

static ROOT: Shape = Shape::Object(&keys::TOP);

/// Names that the house knows and the tables do not.
#[derive(Debug, Default)]
pub struct Vocabulary {
    pub connections: Vec<String>,
    pub grants: Vec<String>,
    pub models: Vec<String>,
    /// People who may approve.
    pub users: Vec<String>,
}

/// What may be written at the cursor.
#[derive(Debug, PartialEq, Eq)]
pub struct Offers {
    /// Bytes of the text that an offer takes the place of.
    pub from: usize,
    pub to: usize,
    pub offers: Vec<Offer>,
}

/// One of the things that may be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub label: String,
    pub about: String,
    pub insert: String,
    /// Where the cursor goes, in bytes of what is put in.
    pub caret: usize,
}

/// What may be written at a byte of a text that need not be JSON yet.
pub fn complete(text: &str, cursor: usize, known: &dyn KnownTools, vocabulary: &Vocabulary) -> Offers {
    let place = place(text, cursor);
    let (from, to) = (place.from, place.to);
    let mut house = names::House { known, vocabulary, text, place: &place };
    let mut offers = match &place.slot {
        Slot::Nothing => Vec::new(),
        Slot::Key => {
            let around = walk(&place.steps);
            around.into_iter().flat_map(|shape| keys_of(shape, &mut house)).collect()
        }
        Slot::Value(step) => {
            let steps: Vec<String> = place.steps.iter().chain([step]).cloned().collect();
            walk(&steps).into_iter().flat_map(|shape| values_of(shape, &mut house)).collect()
        }
    };
    narrow(&mut offers, &place);
    Offers { from, to, offers }
}

/// The shapes that the value at the end of a way may have.
fn walk(steps: &[String]) -> Vec<&'static Shape> {
    let mut shapes = vec![&ROOT];
    for step in steps {
        shapes = shapes.into_iter().flat_map(|shape| enter(shape, step)).collect();
    }
    shapes
}

fn enter(shape: &'static Shape, step: &str) -> Vec<&'static Shape> {
    match shape {
        Shape::Object(kind) => kind.key(step).map(|(_, key)| &key.shape).into_iter().collect(),
        Shape::Map(_, inner) => vec![*inner],
        Shape::List(inner) | Shape::Filled(inner) if step.parse::<usize>().is_ok() => vec![*inner],
        Shape::OneOf(shapes) => shapes.iter().flat_map(|shape| enter(shape, step)).collect(),
        Shape::Later(shape) => enter(shape(), step),
        _ => Vec::new(),
    }
}

fn keys_of(shape: &'static Shape, house: &mut names::House<'_>) -> Vec<Offer> {
    match shape {
        Shape::Object(kind) => keys_of_kind(kind, house.place),
        Shape::Map(form, inner) => {
            let taken = |name: &str| house.place.beside.iter().any(|(key, _)| key == name);
            let names = house.names(form).into_iter().filter(|(name, _)| !taken(name));
            names.map(|(name, about)| key_offer(&name, &about, inner, house.place)).collect()
        }
        Shape::OneOf(shapes) => shapes.iter().flat_map(|shape| keys_of(shape, house)).collect(),
        Shape::Later(shape) => keys_of(shape(), house),
        _ => Vec::new(),
    }
}

/// Keys that are not there yet and contradict none that is.
fn keys_of_kind(kind: &'static Kind, place: &Place) -> Vec<Offer> {
    let taken = |name: &str| place.beside.iter().any(|(key, _)| key == name);
    let is_excluded = |name: &str| {
        let one_of_one = kind.exactly_one.contains(&name) && kind.exactly_one.iter().any(|one| taken(one));
        let pairs = kind.not_together.iter();
        let excluded =
            pairs.map(|(one, other)| if *one == name { taken(other) } else { *other == name && taken(one) });
        one_of_one || excluded.into_iter().any(|is_excluded| is_excluded)
    };
    let free = kind.all_keys().filter(|key| !taken(key.name) && !is_excluded(key.name));
    free.map(|key| {
        let about = if key.required { format!("{} Needed.", key.about) } else { key.about.to_owned() };
        key_offer(key.name, &about, &key.shape, place)
    })
    .collect()
}

/// A key with room for its value, and the cursor in that room.
fn key_offer(name: &str, about: &str, shape: &'static Shape, place: &Place) -> Offer {
    let key = quoted(name);
    if place.has_value {
        let caret = key.len();
        return Offer { label: name.to_owned(), about: about.to_owned(), insert: key, caret };
    }
    let (room, inside) = room_of(shape);
    let caret = key.len() + 2 + inside;
    let comma = if place.wants_comma { "," } else { "" };
    Offer { label: name.to_owned(), about: about.to_owned(), insert: format!("{key}: {room}{comma}"), caret }
}

/// An empty value of a shape, and where in it one goes on writing.
fn room_of(shape: &'static Shape) -> (&'static str, usize) {
    match shape {
        Shape::Object(_) | Shape::Map(..) => ("{}", 1),
        Shape::List(_) | Shape::Filled(_) => ("[]", 1),
        Shape::Text | Shape::Form(_) | Shape::Word(_) => ("\"\"", 1),
        Shape::OneOf(shapes) => shapes.first().map_or(("", 0), room_of),
        Shape::Later(shape) => room_of(shape()),
        Shape::Flag | Shape::Whole(..) | Shape::Seconds(..) | Shape::Anything => ("", 0),
    }
}

fn values_of(shape: &'static Shape, house: &mut names::House<'_>) -> Vec<Offer> {
    let place = house.place;
    match shape {
        Shape::Word(words) => words.iter().map(|(word, about)| value_offer(word, about, place)).collect(),
        Shape::Flag => ["true", "false"].iter().map(|word| bare_offer(word, "", 0, place)).collect(),
        Shape::Form(form) => texts(form, house),
        Shape::Anything => {
            house.compared().iter().map(|(text, about)| value_offer(text, about, place)).collect()
        }
        Shape::Object(kind) if place.typed.is_empty() => {
            vec![bare_offer("{}", &format!("{}: {}", kind.name, kind.about), 1, place)]
        }
        Shape::Map(form, _) if place.typed.is_empty() => {
            vec![bare_offer("{}", &format!("by {}", form.said), 1, place)]
        }
        Shape::List(_) | Shape::Filled(_) if place.typed.is_empty() => {
            vec![bare_offer("[]", &shape.said(), 1, place)]
        }
        Shape::OneOf(shapes) => shapes.iter().flat_map(|shape| values_of(shape, house)).collect(),
        Shape::Later(shape) => values_of(shape(), house),
        _ => Vec::new(),
    }
}

fn texts(form: &'static Form, house: &mut names::House<'_>) -> Vec<Offer> {
    let place = house.place;
    house.names(form).iter().map(|(text, about)| value_offer(text, about, place)).collect()
}

fn value_offer(text: &str, about: &str, place: &Place) -> Offer {
    let insert = quoted(text);
    let caret = insert.len();
    let comma = if place.wants_comma { "," } else { "" };
    Offer { label: text.to_owned(), about: about.to_owned(), insert: format!("{insert}{comma}"), caret }
}

fn bare_offer(text: &str, about: &str, back: usize, place: &Place) -> Offer {
    let comma = if place.wants_comma { "," } else { "" };
    let caret = text.len().saturating_sub(back);
    Offer { label: text.to_owned(), about: about.to_owned(), insert: format!("{text}{comma}"), caret }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Only what begins with, or else contains, what was typed; each once.
fn narrow(offers: &mut Vec<Offer>, place: &Place) {
    let typed = place.typed.to_lowercase();
    let rank = |offer: &Offer| {
        let label = offer.label.to_lowercase();
        if label.starts_with(&typed) { 0 } else { 1 + usize::from(!label.contains(&typed)) }
    };
    offers.retain(|offer| rank(offer) < 2);
    offers.sort_by_key(rank);
    let mut seen = std::collections::HashSet::new();
    offers.retain(|offer| seen.insert(offer.label.clone()));
    offers.truncate(OFFERS_MAX);
}
