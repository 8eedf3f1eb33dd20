//! What a token may be used for at most, and what somebody is on this server.
//!
//! Scopes and roles only take away: what a call may do is decided by the policy.

use std::fmt;

use super::{Class, ConnectionChange, Effect, OwnChange, ToolFacts};

/// Families whose tools change what all callers share.
const SERVER_FAMILIES: [&str; 2] = ["connections", "certificates"];
/// Tools of other families that do so.
const SERVER_TOOLS: [&str; 1] = ["ai_invoice_plugins_reload"];

impl ToolFacts {
    fn steers_server(&self) -> bool {
        SERVER_FAMILIES.contains(&self.family) || SERVER_TOOLS.contains(&self.name)
    }
}

/// One thing a token may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Calls that only look.
    Read,
    /// Calls that change records, run methods, send mail or move money.
    Write,
    /// Calls that destroy, and those that change connections, certificates or plugins.
    Admin,
}

impl Scope {
    pub const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Admin];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "odoo:read",
            Self::Write => "odoo:write",
            Self::Admin => "odoo:admin",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text)
    }

    /// What a call of this class with these effects needs. A change of the server itself is never an
    /// ordinary one, whatever class its tool has.
    pub fn of_call(tool: &ToolFacts, class: Class, effects: &[Effect]) -> Self {
        let changes_server = effects.iter().any(|effect| match effect {
            Effect::Connection { change, .. } | Effect::AllConnections { change } => match change {
                ConnectionChange::Connect | ConnectionChange::Disconnect | ConnectionChange::Repin => true,
                ConnectionChange::Inspect | ConnectionChange::SignIn | ConnectionChange::SignOut => false,
            },
            // Who may come in is a matter of the server.
            Effect::Own { change, .. } => *change == OwnChange::Enrol,
            Effect::Records(_) | Effect::Memory { .. } => false,
        });
        if (changes_server || tool.steers_server()) && class != Class::Read {
            Self::Admin
        } else {
            Self::of_class(class)
        }
    }

    /// What the calls of a tool need as a rule: a dry run of it may need less, an odd call more.
    pub fn of_tool(tool: &ToolFacts) -> Self {
        if tool.steers_server() && tool.class != Class::Read {
            Self::Admin
        } else {
            Self::of_class(tool.class)
        }
    }

    fn of_class(class: Class) -> Self {
        match class {
            Class::Read => Self::Read,
            Class::Write | Class::Execute | Class::Financial | Class::Other => Self::Write,
            Class::Destructive => Self::Admin,
        }
    }
}

/// A set of scopes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Scopes(u8);

impl Scopes {
    pub const NONE: Self = Self(0);
    pub const ALL: Self = Self(0b111);

    /// Reads scopes between spaces or commas, as tokens and people write them; `None` if one is unknown.
    pub fn parse(text: &str) -> Option<Self> {
        let mut names = text.split([' ', ',']).filter(|name| !name.is_empty());
        names.try_fold(Self::NONE, |scopes, name| Some(scopes.with(Scope::parse(name)?)))
    }

    #[must_use]
    pub const fn with(self, scope: Scope) -> Self {
        Self(self.0 | 1 << scope as u8)
    }

    pub fn contains(self, scope: Scope) -> bool {
        self.0 & 1 << scope as u8 != 0
    }

    /// What is in both.
    #[must_use]
    pub fn within(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.contains(*scope))
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        scopes.into_iter().fold(Self::NONE, Self::with)
    }
}

/// Between spaces, as OAuth writes them.
impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope.as_str())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl serde::Serialize for Scopes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Scopes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("an unknown scope"))
    }
}

/// What somebody is on this server. It says who may steer the server, not what a call may do in Odoo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything, accounts and roles included.
    Owner,
    /// Connections, policy, approvals, tokens.
    Operator,
    /// Looks at everything and changes nothing.
    Auditor,
    /// Uses tools, and sees what is their own.
    Member,
}

impl Role {
    pub const ALL: [Self; 4] = [Self::Owner, Self::Operator, Self::Auditor, Self::Member];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Operator => "operator",
            Self::Auditor => "auditor",
            Self::Member => "member",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }

    /// What tokens of somebody in this role may be used for at most.
    pub fn scopes_max(self) -> Scopes {
        match self {
            Self::Auditor => Scopes::NONE.with(Scope::Read),
            Self::Owner | Self::Operator | Self::Member => Scopes::ALL,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{ConnectionAlias, Risk};

    #[test]
    fn scopes_are_read_and_written_and_unknown_ones_refused() {
        for (text, shown) in [
            ("", ""),
            ("odoo:read", "odoo:read"),
            ("odoo:write odoo:read", "odoo:read odoo:write"),
            ("odoo:admin,odoo:read, odoo:read", "odoo:read odoo:admin"),
        ] {
            assert_eq!(Scopes::parse(text).unwrap().to_string(), shown);
        }
        for text in ["odoo:everything", "read", "odoo:read;odoo:write", "ODOO:READ", "odoo:read\n"] {
            assert_eq!(Scopes::parse(text), None, "{text}");
        }
        assert_eq!(Scope::ALL.into_iter().collect::<Scopes>(), Scopes::ALL);
    }

    #[test]
    fn a_set_holds_what_was_put_in_and_no_more() {
        let some = Scopes::NONE.with(Scope::Read).with(Scope::Admin);
        assert!(some.contains(Scope::Read) && some.contains(Scope::Admin) && !some.contains(Scope::Write));
        assert_eq!(some.within(Scopes::NONE.with(Scope::Write)), Scopes::NONE);
        assert_eq!(Role::Auditor.scopes_max().within(Scopes::ALL).to_string(), "odoo:read");
    }

    fn tool(name: &'static str, family: &'static str, class: Class) -> ToolFacts {
        ToolFacts { name, family, class, risk: Risk::Low }
    }

    #[test]
    fn each_class_has_a_scope() {
        for (class, scope) in [
            (Class::Read, Scope::Read),
            (Class::Write, Scope::Write),
            (Class::Execute, Scope::Write),
            (Class::Financial, Scope::Write),
            (Class::Other, Scope::Write),
            (Class::Destructive, Scope::Admin),
        ] {
            assert_eq!(Scope::of_call(&tool("tool", "records", class), class, &[]), scope, "{class:?}");
        }
    }

    #[test]
    fn a_change_of_the_server_is_no_ordinary_write() {
        let effect = |change| Effect::Connection { connection: ConnectionAlias::default_alias(), change };
        for (change, class, scope) in [
            (ConnectionChange::Connect, Class::Write, Scope::Admin),
            (ConnectionChange::Repin, Class::Write, Scope::Admin),
            (ConnectionChange::Repin, Class::Read, Scope::Read),
            (ConnectionChange::Disconnect, Class::Destructive, Scope::Admin),
            (ConnectionChange::SignIn, Class::Write, Scope::Write),
            (ConnectionChange::Inspect, Class::Read, Scope::Read),
        ] {
            let tool = tool("tool", "other", class);
            assert_eq!(Scope::of_call(&tool, class, &[effect(change)]), scope, "{change:?} {class:?}");
        }
        for (name, family, class, scope) in [
            ("tool", "connections", Class::Write, Scope::Admin),
            ("tool", "connections", Class::Read, Scope::Read),
            ("tool", "records", Class::Write, Scope::Write),
            ("ai_invoice_plugins_reload", "invoices", Class::Execute, Scope::Admin),
        ] {
            let tool = tool(name, family, class);
            assert_eq!(Scope::of_tool(&tool), scope, "{name} {family}");
            assert_eq!(Scope::of_call(&tool, class, &[]), scope, "{name} {family}");
            assert_eq!(Scope::of_call(&tool, Class::Read, &[]), Scope::Read, "{name} {family}");
        }
    }
}
