//! The ledger of a state directory, and whose rows are meant.

use clap::Args;

use crate::{
    approvals::visible,
    cli::Stop,
    config::Config,
    facts::ConnectionAlias,
    odoo::Connections,
    store::StateDir,
    usage::{DATABASE_NAME, Tenant, UsageError, UsageLedger},
};

/// Longest part of a text of the ledger that is shown.
pub(super) const SHOWN_CHARS_MAX: usize = 200;

/// Whose rows; needed only where the ledger has several tenants.
#[derive(Debug, Args)]
pub(super) struct Whose {
    /// The tenant: its code, or SERVER/DATABASE
    #[arg(long, global = true, value_name = "CODE", conflicts_with = "connection")]
    tenant: Option<String>,
    /// The tenant of this connection
    #[arg(long, global = true, value_name = "ALIAS")]
    connection: Option<String>,
}

/// The ledger, open.
pub(super) struct Place {
    config: Config,
    pub(super) state: StateDir,
    pub(super) ledger: UsageLedger,
    whose: Whose,
}

impl Place {
    pub(super) fn open(config: Config, whose: Whose) -> Result<Self, Stop> {
        let settings = |error: &dyn std::fmt::Display| Stop::Settings(error.to_string());
        let state = StateDir::open(&config.state_dir).map_err(|error| settings(&error))?;
        let ledger = UsageLedger::open(&state, &config.usage).map_err(|error| settings(&error))?;
        Ok(Self { config, state, ledger, whose })
    }

    /// The tenant that is meant; `None` where nothing was counted yet.
    pub(super) async fn tenant(&self) -> Result<Option<Tenant>, Stop> {
        let of_connection = self.whose.connection.as_ref().map(|alias| self.tenant_of(alias)).transpose()?;
        // Looking makes no database.
        if !self.state.path(DATABASE_NAME).exists() {
            return Ok(None);
        }
        // Calls that nobody will settle any more are rows from now on.
        self.ledger.sweep().await.map_err(|error| stopped(&error))?;
        match of_connection {
            Some(tenant) => Ok(Some(tenant)),
            None => choose(
                self.ledger.tenants().await.map_err(|error| stopped(&error))?,
                self.whose.tenant.as_deref(),
            ),
        }
    }

    fn tenant_of(&self, alias: &str) -> Result<Tenant, Stop> {
        let settings = |error: &dyn std::fmt::Display| Stop::Settings(error.to_string());
        let alias = ConnectionAlias::parse(alias).map_err(|error| settings(&error))?;
        let connections = Connections::open(&self.config, &self.state).map_err(|error| settings(&error))?;
        let client = connections.get(&alias).map_err(|error| settings(&error))?;
        Ok(self.ledger.tenant(client.definition()))
    }
}

/// The only tenant, or the one that is named.
fn choose(tenants: Vec<Tenant>, named: Option<&str>) -> Result<Option<Tenant>, Stop> {
    if tenants.is_empty() {
        return Ok(None);
    }
    let all = list(&tenants);
    let mut fitting: Vec<Tenant> =
        tenants.into_iter().filter(|tenant| named.is_none_or(|named| is_called(tenant, named))).collect();
    match (fitting.pop(), named) {
        (Some(tenant), _) if fitting.is_empty() => Ok(Some(tenant)),
        (None, named) => Err(Stop::FailedWith(format!(
            "the ledger has no tenant `{}`; it has:\n{all}",
            visible(named.unwrap_or_default(), SHOWN_CHARS_MAX)
        ))),
        (Some(_), None) => Err(Stop::Settings(format!(
            "the ledger has several tenants; add `--tenant CODE` or `--connection ALIAS`:\n{all}"
        ))),
        (Some(_), Some(named)) => Err(Stop::Settings(format!(
            "several tenants are called `{}`; add `--tenant SERVER/DATABASE`:\n{all}",
            visible(named, SHOWN_CHARS_MAX)
        ))),
    }
}

fn is_called(tenant: &Tenant, named: &str) -> bool {
    tenant.code == named || long_name(tenant) == named
}

fn long_name(Tenant { server, database, .. }: &Tenant) -> String {
    format!("{server}/{database}")
}

fn list(tenants: &[Tenant]) -> String {
    let lines = tenants.iter().map(|tenant| {
        let (code, long) = (&tenant.code, long_name(tenant));
        format!("  {}  {}", visible(code, SHOWN_CHARS_MAX), visible(&long, SHOWN_CHARS_MAX))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Wrong arguments are wrong usage; everything else is a failure of the ledger.
pub(super) fn stopped(error: &UsageError) -> Stop {
    match error {
        UsageError::Arguments { .. } => Stop::Settings(error.to_string()),
        _ => Stop::FailedWith(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(server: &str, database: &str) -> Tenant {
        Tenant { server: server.to_owned(), database: database.to_owned(), code: database.to_lowercase() }
    }

    fn chosen(tenants: &[(&str, &str)], named: Option<&str>) -> Result<Option<String>, Stop> {
        let tenants = tenants.iter().map(|(server, database)| tenant(server, database)).collect();
        choose(tenants, named).map(|tenant| tenant.map(|tenant| long_name(&tenant)))
    }

    const ONE: (&str, &str) = ("https://one.example", "Prod");
    const TWO: (&str, &str) = ("https://two.example", "Prod");
    const TEST: (&str, &str) = ("https://one.example", "Test");

    #[test]
    fn one_tenant_needs_no_name() {
        assert_eq!(chosen(&[], None).unwrap(), None);
        assert_eq!(chosen(&[], Some("prod")).unwrap(), None);
        for named in [None, Some("prod"), Some("https://one.example/Prod")] {
            assert_eq!(chosen(&[ONE], named).unwrap().unwrap(), "https://one.example/Prod");
        }
        assert_eq!(chosen(&[ONE, TEST], Some("test")).unwrap().unwrap(), "https://one.example/Test");
        let long = Some("https://two.example/Prod");
        assert_eq!(chosen(&[ONE, TWO], long).unwrap().unwrap(), "https://two.example/Prod");
    }

    #[test]
    fn several_need_one_and_foreign_names_none() {
        let refused = |tenants: &[(&str, &str)], named| match chosen(tenants, named).unwrap_err() {
            Stop::Settings(text) => (64, text),
            Stop::FailedWith(text) => (1, text),
            other => panic!("{other:?}"),
        };
        let (code, text) = refused(&[ONE, TEST], None);
        assert!(code == 64 && text.contains("\n  prod  https://one.example/Prod\n  test  "), "{text}");
        let (code, text) = refused(&[ONE, TWO, TEST], Some("prod"));
        assert!(code == 64 && text.contains("several tenants are called `prod`"), "{text}");
        for named in ["", "pro", "*", "https://one.example", "\u{1b}[2J"] {
            let (code, text) = refused(&[ONE], Some(named));
            assert!(code == 1 && !text.contains('\u{1b}'), "{text}");
        }
    }
}
