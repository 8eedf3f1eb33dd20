//! A fact as conditions see it: JSON, or a typed value that stands for the same JSON.

use serde_json::Value;

use crate::{
    facts::{ConnectionAlias, Decimal, FieldName, JsonObject},
    policy::plan::BodyPlan,
};

/// A value on the way of a path.
#[derive(Debug, Clone, Copy)]
pub(super) enum Seen<'a> {
    Json(&'a Value),
    Object(&'a JsonObject),
    Text(&'a str),
    Whole(u64),
    Id(i64),
    Flag(bool),
    List(List<'a>),
    /// The path leads nowhere.
    Absent,
}

/// A list, wherever it is kept.
#[derive(Debug, Clone, Copy)]
pub(super) enum List<'a> {
    Json(&'a [Value]),
    Objects(&'a [JsonObject]),
    Ids(&'a [i64]),
    Fields(&'a [FieldName]),
    Paths(&'a [String]),
    Groups(&'a [std::sync::Arc<str>]),
    Environments(Environments<'a>),
}

/// The environments of a connection, as the rules of one body or two name them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Environments<'a> {
    bodies: [Option<&'a BodyPlan>; 2],
    alias: &'a str,
}

impl<'a> Environments<'a> {
    pub(super) fn of(body: &'a BodyPlan, above: Option<&'a BodyPlan>, alias: &'a ConnectionAlias) -> Self {
        Self { bodies: [Some(body), above], alias: alias.as_str() }
    }

    /// Each name once.
    pub(super) fn iter(self) -> impl Iterator<Item = &'a str> {
        let all = move || {
            let bodies = self.bodies.into_iter().flatten();
            bodies.flat_map(move |body| body.connections.environments_of(self.alias))
        };
        all()
            .enumerate()
            .filter(move |(at, name)| !all().take(*at).any(|other| other == *name))
            .map(|(_, name)| name)
    }
}

impl<'a> Seen<'a> {
    pub(super) fn list(self) -> Option<List<'a>> {
        match self {
            Self::List(list) => Some(list),
            Self::Json(Value::Array(items)) => Some(List::Json(items)),
            _ => None,
        }
    }

    /// A member of an object.
    pub(super) fn member(self, key: &str) -> Self {
        let member = match self {
            Self::Json(Value::Object(members)) => member(members, key),
            Self::Object(members) => member(members, key),
            _ => None,
        };
        member.map_or(Self::Absent, Self::Json)
    }

    pub(super) fn is_absent(self) -> bool {
        matches!(self, Self::Absent)
    }

    pub(super) fn text(self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Json(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// A number that can be held exactly.
    pub(super) fn number(self) -> Option<Decimal> {
        match self {
            Self::Json(Value::Number(number)) => Decimal::of_json(number).ok(),
            Self::Whole(number) => Some(Decimal::from(number)),
            Self::Id(number) => Some(Decimal::whole(number.into())),
            _ => None,
        }
    }
}

/// Objects up to this size are searched faster than a key is hashed.
const SEARCHED_MEMBERS_MAX: usize = 12;

fn member<'a>(members: &'a JsonObject, key: &str) -> Option<&'a Value> {
    if members.len() > SEARCHED_MEMBERS_MAX {
        return members.get(key);
    }
    members.iter().find(|(name, _)| *name == key).map(|(_, value)| value)
}

impl<'a> List<'a> {
    pub(super) fn len(self) -> usize {
        match self {
            Self::Json(items) => items.len(),
            Self::Objects(items) => items.len(),
            Self::Ids(items) => items.len(),
            Self::Fields(items) => items.len(),
            Self::Paths(items) => items.len(),
            Self::Groups(items) => items.len(),
            Self::Environments(named) => named.iter().count(),
        }
    }

    pub(super) fn iter(self) -> impl Iterator<Item = Seen<'a>> {
        (0..self.len()).map(move |at| self.item(at))
    }

    fn item(self, at: usize) -> Seen<'a> {
        let item = match self {
            Self::Json(items) => items.get(at).map(Seen::Json),
            Self::Objects(items) => items.get(at).map(Seen::Object),
            Self::Ids(items) => items.get(at).map(|id| Seen::Id(*id)),
            Self::Fields(items) => items.get(at).map(|field| Seen::Text(field.as_str())),
            Self::Paths(items) => items.get(at).map(|path| Seen::Text(path)),
            Self::Groups(items) => items.get(at).map(|group| Seen::Text(group)),
            Self::Environments(named) => named.iter().nth(at).map(Seen::Text),
        };
        item.unwrap_or(Seen::Absent)
    }
}
