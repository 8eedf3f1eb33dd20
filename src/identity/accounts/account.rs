//! One account: who somebody is on this server, and what proves it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{password::PasswordDigest, second_factor::SecondFactor};
use crate::{
    config::AuthSettings,
    facts::{ConnectionAlias, GrantName, NameError, Role, UserName},
};

/// An account as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Account {
    /// Never given twice: what was handed out to an account dies with it, whatever comes to be called
    /// the same later.
    pub id: String,
    pub name: UserName,
    pub role: Role,
    pub disabled: bool,
    /// The grant of its calls, where it has one of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_grant: Option<GrantName>,
    pub created_at: Timestamp,
    /// Counts up when the password changes: sessions and tokens from signing in before are over.
    pub epoch: u64,
    pub proof: Proof,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) second_factor: Option<SecondFactor>,
}

/// What somebody shows to be let in.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Proof {
    /// A password of this server. Without one nobody can sign in.
    Password { digest: Option<PasswordDigest> },
    /// The password of this user of an Odoo, which the Odoo checks.
    Odoo { connection: ConnectionAlias, uid: i64 },
}

impl Account {
    /// The grant whose rules and counters apply to its calls.
    pub fn grant(&self, settings: &AuthSettings) -> GrantName {
        let usual = match &self.proof {
            Proof::Password { .. } => GrantName::parse(self.name.as_str()),
            Proof::Odoo { connection, .. } => GrantName::parse(connection.as_str()),
        };
        self.own_grant
            .clone()
            .or_else(|| settings.grant.clone())
            // Both kinds of names have the grammar of grants; a test says so.
            .or_else(|| usual.ok())
            .unwrap_or_else(GrantName::nobody)
    }

    pub fn has_second_factor(&self) -> bool {
        self.second_factor.is_some()
    }

    /// Recovery codes that were not used yet.
    pub fn recovery_codes_left(&self) -> usize {
        self.second_factor.as_ref().map_or(0, SecondFactor::recovery_codes_left)
    }

    /// The same account, and in use.
    pub(in crate::identity) fn is_still(&self, id: &str) -> bool {
        !self.disabled && self.id == id
    }
}

/// Longest name of a local account; it is a name of a grant, too.
const LOCAL_NAME_BYTES_MAX: usize = 64;
/// Names that mean something else already.
const RESERVED: [&str; 2] = ["local", "nobody"];

/// The name of an account of this server. Plain names are never those of an Odoo user or of another
/// provider's, which have a slash in them; there is one way only to write each.
pub fn local_name(text: &str) -> Result<UserName, String> {
    // Letters of other alphabets stay what they are: a Kelvin sign is no `k`.
    let name = text.trim_ascii().to_ascii_lowercase();
    let fits = name.len() <= LOCAL_NAME_BYTES_MAX
        && name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.'));
    if !fits {
        return Err(
            "a name of an account has 1 to 64 lower-case letters, digits, `-`, `_` and `.`, and begins \
                    with a letter or digit"
                .to_owned(),
        );
    }
    if RESERVED.contains(&name.as_str()) {
        return Err(format!("the name `{name}` is taken by the server itself"));
    }
    UserName::parse(&name).map_err(|error| error.to_string())
}

/// The name of an Odoo user here. Nobody chooses it, so it cannot be that of somebody else.
pub(in crate::identity) fn odoo_name(
    connection: &ConnectionAlias,
    login: &str,
) -> Result<UserName, NameError> {
    UserName::parse(&format!("{connection}/{login}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_accounts_have_one_form() {
        for (text, name) in [("anna", "anna"), (" Anna ", "anna"), ("0-a_b.c", "0-a_b.c")] {
            assert_eq!(local_name(text).unwrap().as_str(), name);
        }
        for text in ["", ".", "..", "-a", "a/b", "default/anna", "a b", "anna@example.com", "аnna", "local"]
        {
            assert!(local_name(text).is_err(), "{text:?}");
        }
        for text in [
            "../anna",
            "..\\anna",
            "/anna",
            "a\\b",
            "C:anna",
            "anna\0",
            "anna\n",
            "an\tna",
            "anna\u{200b}",
            "anna\u{202e}",
            "\u{200f}anna",
            "\u{feff}anna",
            "anna\u{ad}",
            "\u{a0}anna",
            "\u{2003}anna",
            "\u{ff41}nna",
            "ann\u{e1}",
            "a\u{301}nna",
            // Letters that Unicode folds into plain ones.
            "\u{212a}arl",
            "\u{17f}am",
            "\u{130}vo",
            "%61nna",
            "anna%00",
            "~anna",
            ".anna",
            "_anna",
            "an*na",
            "an'na",
            "anna;x",
            "nobody",
            "LOCAL",
        ] {
            let found = local_name(text).map(|name| name.as_str().to_owned());
            // Only what a shell or a form adds at the ends is taken away.
            assert!(found.is_err() || text.trim_ascii() == "anna", "{text:?}: {found:?}");
        }
        assert!(local_name(&"a".repeat(65)).is_err());
        let odoo = odoo_name(&ConnectionAlias::default_alias(), "anna").unwrap();
        assert!(odoo.as_str() == "default/anna" && local_name(odoo.as_str()).is_err());
    }

    #[test]
    fn every_name_of_an_account_is_one_of_a_grant() {
        for name in ["a", "0-a_b.c", &"z".repeat(64)] {
            assert!(GrantName::parse(local_name(name).unwrap().as_str()).is_ok(), "{name}");
        }
    }
}
