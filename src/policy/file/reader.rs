//! What every part of the reader uses: problems and warnings with their places, and objects whose keys
//! were checked against their table.

use std::{
    cell::Cell,
    collections::{HashMap, HashSet},
    sync::Arc,
};

use serde_json::Value;

use super::{
    catalogue::Catalogue,
    document::{At, Mode, Pattern},
    shape::{Kind, child, is_comment, is_entry, shown},
};
use crate::{
    facts::{JsonObject, nearest},
    policy::{PolicyProblem, RuleId},
};

/// More problems than this help nobody; the rest is told as a number.
pub(super) const PROBLEMS_MAX: usize = 1_000;

/// Reads one file and gathers everything that is wrong with it.
pub(super) struct Reader<'a> {
    pub(super) catalogue: Catalogue<'a>,
    problems: Vec<PolicyProblem>,
    warnings: Vec<PolicyProblem>,
    /// Places that already have a problem: what follows from it is not told as well.
    places: HashSet<String>,
    untold: usize,
}

/// An object of the file whose keys have been checked.
pub(super) struct Object<'a> {
    pub(super) at: String,
    kind: &'static Kind,
    members: &'a JsonObject,
    /// Which keys of the table were asked for: one that nobody reads would be accepted and do nothing.
    asked: Cell<u64>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(catalogue: Catalogue<'a>) -> Self {
        Self { catalogue, problems: Vec::new(), warnings: Vec::new(), places: HashSet::new(), untold: 0 }
    }

    /// A problem that follows from no other one.
    pub(super) fn refuse(&mut self, at: &str, message: impl Into<String>) {
        if self.problems.len() >= PROBLEMS_MAX {
            self.untold += 1;
            return;
        }
        self.places.insert(at.to_owned());
        self.problems.push(PolicyProblem { pointer: at.to_owned(), message: message.into() });
    }

    /// A problem with what something says; not told where its form is wrong already.
    pub(super) fn problem(&mut self, at: &str, message: impl Into<String>) {
        if !self.places.contains(at) {
            self.refuse(at, message);
        }
    }

    pub(super) fn warn(&mut self, at: &str, message: impl Into<String>) {
        if self.warnings.len() < PROBLEMS_MAX {
            self.warnings.push(PolicyProblem { pointer: at.to_owned(), message: message.into() });
        }
    }

    pub(super) fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }

    /// Has this condition, or a part of it, a problem already?
    pub(super) fn is_wrong(&self, condition: &str) -> bool {
        let parts = ["path", "op", "value"];
        if self.places.is_empty() {
            return false;
        }
        self.places.contains(condition)
            || parts.iter().any(|part| self.places.contains(&child(condition, part)))
    }

    /// Problems and warnings, in the order in which they stand in the file.
    pub(super) fn finish(mut self, file: &Value) -> (Vec<PolicyProblem>, Vec<PolicyProblem>) {
        let mut keys = KeyPlaces::default();
        self.problems.sort_by_cached_key(|problem| keys.order(file, &problem.pointer));
        self.warnings.sort_by_cached_key(|warning| keys.order(file, &warning.pointer));
        if self.untold > 0 {
            let message = format!("{} more problems are not shown", self.untold);
            self.problems.push(PolicyProblem { pointer: String::new(), message });
        }
        (self.problems, self.warnings)
    }

    /// Looks at every key of an object. Nothing where it is no object, which its owner has said.
    pub(super) fn object(&mut self, at: &str, value: &'a Value, kind: &'static Kind) -> Option<Object<'a>> {
        let members = value.as_object()?;
        for (name, value) in members {
            match kind.key(name) {
                Some((_, key)) => {
                    let at = child(at, name);
                    key.shape.check(value, &at, &mut |at, message| self.refuse(&at, message));
                }
                None if is_comment(name) => {}
                None => self.unknown_key(at, name, kind),
            }
        }
        for key in kind.all_keys().filter(|key| key.required && !members.contains_key(key.name)) {
            self.missing(at, key.name, &format!("use {}", key.shape.said()));
        }
        for (one, other) in kind.not_together {
            if members.contains_key(*one) && members.contains_key(*other) {
                self.refuse(at, format!("`{one}` and `{other}` stand together; use one of them"));
            }
        }
        for (one, others) in kind.needs.iter().filter(|(one, _)| members.contains_key(*one)) {
            for other in others.iter().filter(|other| !members.contains_key(**other)) {
                self.missing(at, other, &format!("it belongs beside `{one}`"));
            }
        }
        let there: Vec<&str> =
            kind.exactly_one.iter().copied().filter(|key| members.contains_key(*key)).collect();
        if there.len() != usize::from(!kind.exactly_one.is_empty()) {
            let keys = kind.exactly_one.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
            match there.as_slice() {
                [] if kind.exactly_one.len() == 1 => self.refuse(at, format!("{} needs {keys}", kind.name)),
                [] => self.refuse(at, format!("{} needs one of {keys}", kind.name)),
                _ => self.refuse(at, format!("{} has just one of {keys}, not several", kind.name)),
            }
        }
        Some(Object { at: at.to_owned(), kind, members, asked: Cell::new(0) })
    }

    /// A key that has to be there is not.
    pub(super) fn missing(&mut self, at: &str, key: &str, advice: &str) {
        // At the top there is nothing above that could be pointed at.
        let place = if at.is_empty() { String::new() } else { child(at, key) };
        self.refuse(&place, format!("`{key}` is missing; {advice}"));
    }

    fn unknown_key(&mut self, at: &str, name: &str, kind: &Kind) {
        let known = || kind.all_keys().map(|key| key.name);
        let lower = name.to_lowercase();
        let meant = known().find(|key| *key == lower).or_else(|| nearest(name, known(), 1).first().copied());
        let message = match meant {
            Some(key) => format!("unknown key `{}`; did you mean `{key}`?", shown(name)),
            None => format!(
                "unknown key `{}`; {} knows {} (remarks go under `description`)",
                shown(name),
                kind.name,
                known().collect::<Vec<_>>().join(", ")
            ),
        };
        self.refuse(&child(at, name), message);
    }
}

impl<'a> Object<'a> {
    /// The value under a key of the table.
    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        let key = self.kind.key(name);
        debug_assert!(key.is_some(), "{} has no key `{name}`", self.kind.name);
        if let Some((index, _)) = key {
            self.asked
                .set(self.asked.get() | 1_u64.checked_shl(u32::try_from(index).unwrap_or(63)).unwrap_or(0));
        }
        self.members.get(name)
    }

    /// Does the table hold this key at all?
    pub(super) fn knows(&self, name: &str) -> bool {
        self.kind.key(name).is_some()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    pub(super) fn place(&self, name: &str) -> String {
        child(&self.at, name)
    }

    pub(super) fn rule(&self) -> RuleId {
        RuleId(Arc::from(self.at.as_str()))
    }

    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.get(name).and_then(Value::as_str)
    }

    pub(super) fn owned(&self, name: &str) -> Option<Arc<str>> {
        self.text(name).map(Arc::from)
    }

    pub(super) fn whole(&self, name: &str) -> Option<u64> {
        self.get(name).and_then(Value::as_u64)
    }

    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        self.get(name).and_then(Value::as_bool)
    }

    /// The elements of a list with their places; none where it is absent or no list.
    pub(super) fn list(&self, name: &str) -> impl Iterator<Item = (String, &'a Value)> + use<'a> {
        let at = self.place(name);
        let items = self.get(name).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        items.iter().enumerate().map(move |(index, item)| (format!("{at}/{index}"), item))
    }

    /// The texts of a list with their places.
    pub(super) fn texts(&self, name: &str) -> impl Iterator<Item = (String, &'a str)> + use<'a> {
        self.list(name).filter_map(|(at, item)| Some((at, item.as_str()?)))
    }

    pub(super) fn patterns(&self, name: &str) -> Vec<At<Pattern>> {
        self.texts(name).map(|(at, text)| At { at: rule_id(&at), it: pattern(text) }).collect()
    }

    /// The entries of a map from names, with their places. Remarks are left out.
    pub(super) fn entries(&self, name: &str) -> Vec<(String, &'a str, &'a Value)> {
        let at = self.place(name);
        let shape = self.kind.key(name).map(|(_, key)| &key.shape);
        let members = self.get(name).and_then(Value::as_object);
        let (Some(super::shape::Shape::Map(_, shape)), Some(members)) = (shape, members) else {
            return Vec::new();
        };
        let entries = members.iter().filter(|(key, value)| is_entry(key, value, shape));
        entries.map(|(key, value)| (child(&at, key), key.as_str(), value)).collect()
    }

    /// The value with its place, put into a type.
    pub(super) fn word<T>(&self, name: &str, read: impl Fn(&str) -> Option<T>) -> Option<At<T>> {
        let it = self.text(name).and_then(read)?;
        Some(At { at: rule_id(&self.place(name)), it })
    }

    pub(super) fn mode(&self) -> Mode {
        match self.text("mode") {
            Some("shadow") => Mode::Shadow,
            _ => Mode::Enforce,
        }
    }

    /// `reason`, or `on_deny`, which means the same.
    pub(super) fn reason(&self) -> Option<Arc<str>> {
        let (reason, on_deny) = (self.owned("reason"), self.owned("on_deny"));
        reason.or(on_deny)
    }

    /// To be called when all keys were read.
    pub(super) fn done(&self) {
        for (index, key) in self.kind.all_keys().enumerate() {
            let asked = self.asked.get() >> index & 1 == 1;
            debug_assert!(asked, "nobody reads `{}` of {}", key.name, self.kind.name);
        }
    }
}

/// The places of keys in objects that were looked at, by the address of the object.
#[derive(Default)]
struct KeyPlaces<'a>(HashMap<*const JsonObject, HashMap<&'a str, usize>>);

impl<'a> KeyPlaces<'a> {
    /// Where a pointer stands among the others. What is missing comes after what is there.
    fn order(&mut self, file: &'a Value, pointer: &str) -> Vec<usize> {
        let mut here = Some(file);
        let mut order = Vec::new();
        for step in pointer.split('/').skip(1) {
            let step = step.replace("~1", "/").replace("~0", "~");
            let found = match here {
                Some(Value::Object(members)) => {
                    self.place(members, &step).map(|place| (place, members.get(&step)))
                }
                Some(Value::Array(items)) => {
                    step.parse::<usize>().ok().map(|place| (place, items.get(place)))
                }
                _ => None,
            };
            let (place, next) = found.unwrap_or((usize::MAX, None));
            order.push(place);
            here = next;
        }
        if order.is_empty() { vec![usize::MAX] } else { order }
    }

    fn place(&mut self, members: &'a JsonObject, key: &str) -> Option<usize> {
        let places = self.0.entry(std::ptr::from_ref(members)).or_insert_with(|| {
            members.keys().enumerate().map(|(place, key)| (key.as_str(), place)).collect()
        });
        places.get(key).copied()
    }
}

pub(super) fn rule_id(at: &str) -> RuleId {
    RuleId(Arc::from(at))
}

pub(super) fn pattern(text: &str) -> Pattern {
    Pattern(Arc::from(text))
}
