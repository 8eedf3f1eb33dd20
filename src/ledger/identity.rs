//! Which counter: the one place that says when two charges meet in one cell.

use serde::{Deserialize, Serialize};

use super::window::{window_of_text, window_text};
use crate::policy::{Charge, Scope, Scopes, Window};

/// An odd number without a pattern, for mixing.
const MIXER: u64 = 0x9e37_79b9_7f4a_7c15;

/// A counter as a charge names it, borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct View<'a> {
    body: &'a str,
    namespace: &'a str,
    name: &'a str,
    window: &'a Window,
    scopes: Scopes,
    /// A limit in shadow has a counter of its own.
    shadow: bool,
    values: [Option<&'a str>; 5],
}

/// The same, owned, as it stands in the log: `{"body":"","ns":"tools/t","name":"c","window":"day"}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Identity {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    body: String,
    #[serde(rename = "ns")]
    namespace: String,
    pub(super) name: String,
    #[serde(with = "as_text")]
    pub(super) window: Window,
    #[serde(with = "as_letters")]
    by: Scopes,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    shadow: bool,
    #[serde(flatten)]
    values: ScopeValues,
}

/// The values of a scope, owned.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct ScopeValues {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    grant: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    connection: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tool: Option<String>,
}

impl<'a> View<'a> {
    pub(super) fn of(charge: &'a Charge) -> Self {
        let counter = &charge.limit.counter;
        Self {
            body: &counter.body,
            namespace: &counter.namespace,
            name: &counter.name,
            window: &counter.window,
            scopes: counter.scopes,
            shadow: charge.limit.shadow,
            values: values(&charge.scope),
        }
    }

    pub(super) fn to_identity(self) -> Identity {
        Identity {
            body: self.body.to_owned(),
            namespace: self.namespace.to_owned(),
            name: self.name.to_owned(),
            window: self.window.clone(),
            by: self.scopes,
            shadow: self.shadow,
            values: ScopeValues::of(self.values),
        }
    }

    /// A number that differs from counter to counter; `seed` is this process's own, so that nobody
    /// can choose names that collide.
    pub(super) fn fingerprint(&self, seed: u64) -> u64 {
        let mut state = seed;
        for text in [self.name, self.namespace, self.body] {
            state = mix_text(state, text);
        }
        for (place, value) in (1_u64..).zip(self.values) {
            if let Some(value) = value {
                state = mix_text(state ^ place, value);
            }
        }
        state
    }
}

impl Identity {
    pub(super) fn view(&self) -> View<'_> {
        View {
            body: &self.body,
            namespace: &self.namespace,
            name: &self.name,
            window: &self.window,
            scopes: self.by,
            shadow: self.shadow,
            values: self.values.view(),
        }
    }

    /// `tools/odoo_write/rate`: without the caller, so that there are as many as the policy has.
    pub(super) fn label(&self) -> String {
        let body = if self.body.is_empty() { String::new() } else { format!("grants/{}/", self.body) };
        format!("{body}{}/{}", self.namespace, self.name)
    }
}

impl ScopeValues {
    pub(super) fn of_scope(scope: &Scope) -> Self {
        Self::of(values(scope))
    }

    fn of(values: [Option<&str>; 5]) -> Self {
        let [grant, user, client, connection, tool] = values.map(|value| value.map(str::to_owned));
        Self { grant, user, client, connection, tool }
    }

    fn view(&self) -> [Option<&str>; 5] {
        [&self.grant, &self.user, &self.client, &self.connection, &self.tool].map(|value| value.as_deref())
    }
}

fn values(scope: &Scope) -> [Option<&str>; 5] {
    [
        scope.grant.as_ref().map(|grant| grant.as_str()),
        scope.user.as_ref().map(|user| user.as_str()),
        scope.client.as_deref(),
        scope.connection.as_ref().map(|connection| connection.as_str()),
        scope.tool,
    ]
}

fn mix_text(state: u64, text: &str) -> u64 {
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    let state =
        words.iter().fold(state ^ text.len() as u64, |state, word| mix(state, u64::from_le_bytes(*word)));
    let last = rest.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
    mix(state, last)
}

fn mix(state: u64, word: u64) -> u64 {
    let product = u128::from(state ^ word) * u128::from(MIXER);
    (product >> 64) as u64 ^ product as u64
}

mod as_text {
    use super::{Window, window_of_text, window_text};
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(window: &Window, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&window_text(window))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Window, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        window_of_text(&text).ok_or_else(|| D::Error::custom("not a window"))
    }
}

/// By what a counter tells callers apart, one letter each: `gucot`.
mod as_letters {
    use super::Scopes;
    use serde::{Deserialize as _, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes the member by reference")]
    pub(super) fn serialize<S: Serializer>(scopes: &Scopes, serializer: S) -> Result<S::Ok, S::Error> {
        let letters = [
            (scopes.grant, 'g'),
            (scopes.user, 'u'),
            (scopes.client, 'c'),
            (scopes.connection, 'o'),
            (scopes.tool, 't'),
        ];
        let text: String = letters.iter().filter(|(is, _)| *is).map(|(_, letter)| *letter).collect();
        serializer.serialize_str(&text)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Scopes, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let is = |letter: char| text.contains(letter);
        Ok(Scopes { grant: is('g'), user: is('u'), client: is('c'), connection: is('o'), tool: is('t') })
    }
}
