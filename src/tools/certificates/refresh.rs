//! Trusting the key a server shows now.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    facts::{Caller, Class, ConnectionAlias, ConnectionChange, Effect, Risk},
    odoo::{CertificateFacts, Repinned},
    tools::{CallContext, Tool, ToolEntry, ToolError, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<CertRefresh>()];

/// Arguments of `odoo_cert_refresh`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CertRefresh {
    /// The connection whose pin is renewed.
    #[serde(default = "ConnectionAlias::default_alias")]
    alias: ConnectionAlias,
    /// SHA-256 of the certificate or of its public key as the server's administrator knows it, 64 hexadecimal digits with or without colons. Anything else is refused.
    #[serde(default)]
    #[schemars(with = "String")]
    expected_sha256: Option<String>,
    /// Show old and new side by side; change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// Result of `odoo_cert_refresh`.
#[derive(Debug, Serialize, JsonSchema)]
struct Answer {
    /// `refreshed`, `unchanged` (the same certificate is served), or `checked` after a dry run.
    status: &'static str,
    /// The connection.
    alias: ConnectionAlias,
    /// Host the pin is for.
    host: String,
    /// Port the pin is for.
    port: u16,
    /// What differs between old and new, by name.
    changes: Vec<&'static str>,
    /// The certificate that was trusted before.
    old: CertificateFacts,
    /// The certificate that is served now.
    new: CertificateFacts,
    /// How many earlier pins are remembered.
    previous_pins: usize,
}

impl Tool for CertRefresh {
    const NAME: &'static str = "odoo_cert_refresh";
    const TITLE: &'static str = "Renew the pinned key of a connection";
    const DESCRIPTION: &'static str = "Fetch the certificate that the server shows now, answer old and new side \
         by side, and trust the new key from then on. With `expected_sha256` every other certificate is refused \
         and nothing changes; without it whoever answers is trusted. Only for connections with a pinned key.";
    const CLASS: Class = Class::Write;
    const RISK: Risk = Risk::High;
    type Output = Answer;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        let change = if self.dry_run { ConnectionChange::Inspect } else { ConnectionChange::Repin };
        vec![Effect::Connection { connection: self.alias.clone(), change }]
    }

    fn class(&self) -> Class {
        if self.dry_run { Class::Read } else { Self::CLASS }
    }

    fn is_rehearsal(&self) -> bool {
        self.dry_run
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Answer, ToolError> {
        // An empty text is a mistake, never leave to trust whatever is served.
        let expected = self.expected_sha256.as_deref();
        let repinned = cx.connections().repin(&self.alias, expected, self.dry_run).await?;
        Ok(Answer::of(self.alias, repinned))
    }
}

impl Answer {
    fn of(alias: ConnectionAlias, repinned: Repinned) -> Self {
        let changes = changes(&repinned.old, &repinned.new);
        Self {
            status: match (repinned.saved, changes.is_empty()) {
                (false, _) => "checked",
                (true, true) => "unchanged",
                (true, false) => "refreshed",
            },
            alias,
            host: repinned.host,
            port: repinned.port,
            changes,
            old: repinned.old,
            new: repinned.new,
            previous_pins: repinned.previous_pins,
        }
    }
}

fn changes(old: &CertificateFacts, new: &CertificateFacts) -> Vec<&'static str> {
    let pairs = [
        ("public_key", old.public_key_sha256 != new.public_key_sha256),
        ("certificate", old.certificate_sha256 != new.certificate_sha256),
        ("subject", old.subject != new.subject),
        ("issuer", old.issuer != new.issuer),
        ("alternative_names", old.alternative_names != new.alternative_names),
        ("validity", (&old.not_before, &old.not_after) != (&new.not_before, &new.not_after)),
        ("key_type", (&old.key_type, old.key_bits) != (&new.key_type, new.key_bits)),
        ("serial", old.serial != new.serial),
    ];
    pairs.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
}
