//! Two policy files side by side: what became wider, what narrower, and which budgets begin anew.
//!
//! Only what the files say is compared; which past calls would be decided differently is a rehearsal's
//! matter. A change whose direction nobody can tell without knowing the calls is called `changed`.

mod models;
mod rules;
mod sections;

use serde_json::Value;

/// One difference between two files.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// JSON pointer; into the new file, or into the old one where something is gone.
    pub pointer: String,
    pub direction: Direction,
    pub what: String,
}

/// What a difference does to what callers may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// More is allowed.
    Wider,
    /// A counter begins at zero again.
    Reset,
    /// Nobody can tell without knowing the calls.
    Changed,
    /// Less is allowed.
    Narrower,
}

impl Direction {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Wider => "wider",
            Self::Reset => "reset",
            Self::Changed => "changed",
            Self::Narrower => "narrower",
        }
    }
}

/// All differences of two checked files, what became wider first.
pub fn compare(old: &Value, new: &Value) -> Vec<Change> {
    let mut found = Changes { list: Vec::new() };
    sections::top(&mut found, old, new);
    found.list.sort_by(|a, b| (a.direction, &a.pointer, &a.what).cmp(&(b.direction, &b.pointer, &b.what)));
    found.list.dedup();
    found.list
}

/// Where differences are gathered.
struct Changes {
    list: Vec<Change>,
}

impl Changes {
    fn add(&mut self, pointer: &str, direction: Direction, what: impl Into<String>) {
        self.list.push(Change { pointer: pointer.to_owned(), direction, what: what.into() });
    }

    fn wider(&mut self, pointer: &str, what: impl Into<String>) {
        self.add(pointer, Direction::Wider, what);
    }

    fn narrower(&mut self, pointer: &str, what: impl Into<String>) {
        self.add(pointer, Direction::Narrower, what);
    }

    fn changed(&mut self, pointer: &str, what: impl Into<String>) {
        self.add(pointer, Direction::Changed, what);
    }

    /// Entries of a list that restricts: fewer of them allow more.
    fn restrictions(&mut self, at: &str, old: Option<&Value>, new: Option<&Value>, what: &str) {
        let (old, new) = (items(old), items(new));
        for item in old.iter().filter(|item| !new.contains(item)) {
            self.wider(at, format!("{what} is gone: {item}"));
        }
        for item in new.iter().filter(|item| !old.contains(item)) {
            self.narrower(at, format!("{what} is new: {item}"));
        }
    }

    /// Entries of a list that allows: more of them allow more.
    fn permissions(&mut self, at: &str, old: &[Value], new: &[Value], what: &str) {
        for item in new.iter().filter(|item| !old.contains(item)) {
            self.wider(at, format!("{what} is new: {item}"));
        }
        for item in old.iter().filter(|item| !new.contains(item)) {
            self.narrower(at, format!("{what} is gone: {item}"));
        }
    }

    /// A choice among ordered words, the laxest last.
    fn ranked(&mut self, at: &str, old: usize, new: usize, what: &str) {
        match old.cmp(&new) {
            std::cmp::Ordering::Less => self.wider(at, what),
            std::cmp::Ordering::Greater => self.narrower(at, what),
            std::cmp::Ordering::Equal => {}
        }
    }
}

fn items(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

/// The members of a section that mean something.
fn members(value: Option<&Value>) -> impl Iterator<Item = (&str, &Value)> {
    let meant = |name: &&str| *name != "description" && !name.starts_with("x-");
    let object = value.and_then(Value::as_object);
    object
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.as_str(), value))
        .filter(move |(name, _)| meant(name))
}

fn below(at: &str, key: &str) -> String {
    format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests;
