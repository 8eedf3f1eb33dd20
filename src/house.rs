//! The rooms put together: from settings to a corridor that calls can walk.
//!
//! Building a house sends nothing, starts nothing that was not asked for and makes no schema: a
//! client waits for it. What a call needs from the network or from sealed files is fetched by the
//! first call that needs it.

mod desk;
mod keeper;
mod moving;
mod policy_source;
mod state;

use std::sync::Arc;

pub use desk::Desk;
pub use keeper::{Look, PolicyKeeper};
pub use moving::{MoveError, move_to_files, move_to_store};
pub use policy_source::{PolicyLoadError, PolicySource, SHIPPED_POLICY};
pub use state::{StateError, check_key, open_state, store_password, wait_for_store};

use crate::{
    approvals::Approvals,
    audit::{AuditError, AuditLog},
    config::{Config, PublicUrl},
    facts::{ConnectionAlias, Credential, Definition, Origin, Protocol, Secret, SecretSource, Trust},
    files::DownloadArea,
    identity::{Enrolments, People},
    invoices::{Engine, extraction::Extractor},
    language::{KeyReader, LanguageModel},
    memory::Memory,
    odoo::{Connections, OdooError, resolve_secret, seal_keys},
    operator::Pauses,
    pipeline::Corridor,
    plugins::{Plugins, StartError},
    sandbox::{self, Sandbox, SandboxOptions},
    store::{Cabinet, StoreError},
    tools::{Catalog, Drafts, Helpers, UnknownFeature},
    traces::{Exporter, TraceError},
    usage::{PriceFileError, UsageLedger},
};

/// The audit log inside the state directory.
pub const AUDIT_FILE_NAME: &str = "audit.jsonl";

/// Everything a door needs, ready for calls.
#[derive(Debug)]
pub struct House {
    pub corridor: Arc<Corridor>,
    pub config: Config,
    pub keeper: Arc<PolicyKeeper>,
    /// The policy as the console changes it.
    pub desk: Arc<Desk>,
    /// State that all processes of this state directory share.
    pub cabinet: Cabinet,
    /// Who has an account.
    pub people: People,
    /// Dropping it stops it.
    _sandbox: Option<Sandbox>,
}

/// Why a house cannot be built. Each is a setting to mend.
#[derive(Debug, thiserror::Error)]
pub enum HouseError {
    #[error("{0}")]
    State(#[from] StateError),
    #[error("the state directory cannot be used: {0}")]
    Store(#[from] StoreError),
    #[error("the audit log cannot be used: {0}")]
    Audit(#[from] AuditError),
    #[error("{0}")]
    Policy(#[from] PolicyLoadError),
    #[error("{0}")]
    Connections(#[from] OdooError),
    #[error("{0}")]
    Prices(#[from] PriceFileError),
    #[error("{0}")]
    Features(#[from] UnknownFeature),
    #[error("{0}")]
    Plugins(#[from] StartError),
    #[error("the practice Odoo did not start: {0}")]
    Sandbox(String),
}

impl House {
    /// Builds the house. The state directory is made, the policy read, and nothing sent.
    pub async fn build(config: Config) -> Result<Self, HouseError> {
        let policy_source = PolicySource::choose(config.policy.as_deref());
        Self::build_under(config, policy_source).await
    }

    /// Builds the house under a policy of the caller's choice.
    pub async fn build_under(config: Config, policy_source: PolicySource) -> Result<Self, HouseError> {
        let catalog = Catalog::new().without(&config.features_off)?;
        let text = policy_source.bytes();
        let policy = policy_source.judge(&text, &catalog)?;
        for warning in policy.warnings() {
            tracing::warn!(policy = %policy_source, "{warning}");
        }
        for warning in &config.warnings {
            tracing::warn!("{warning}");
        }
        let state = open_state(&config).await?;
        let audit = AuditLog::open_in_state(&state, AUDIT_FILE_NAME, seal_keys(&config, &state)?)?;
        let cabinet = Cabinet::open(&state);
        let connections = Arc::new(Connections::open(&config, &state)?.keeping_own_in(&cabinet));
        let sandbox = if config.sandbox { Some(start_sandbox(&config, &connections).await?) } else { None };
        tracing::info!(
            policy = %policy_source,
            digest = %policy.digest().0,
            state = %config.state_dir.display(),
            "ready"
        );
        // The operator can look at connections while everybody else is stopped.
        let pauses = match policy_source {
            PolicySource::Operator => Pauses::none(),
            PolicySource::Shipped | PolicySource::File(_) => Pauses::of(&state, jiff::Timestamp::now()),
        };
        let approvals = Approvals::open(&state, seal_keys(&config, &state)?)?;
        let language_model = LanguageModel::of(&config.language_model, key_reader()).map(Arc::new);
        let usage = Arc::new(UsageLedger::open(&state, &config.usage)?);
        let plugins = Arc::new(Plugins::open(&config.plugins, &state));
        plugins.start().await?;
        let settings = Arc::new(config.invoices.clone());
        let invoices = Engine::new(
            &state,
            Arc::clone(&usage),
            Arc::clone(&plugins),
            language_model.clone(),
            Arc::clone(&settings),
        );
        let people = People::new(&cabinet, &config.auth, Arc::new(seal_keys(&config, &state)?))
            .with_connections(Arc::clone(&connections));
        let public = config.http.public_url.as_ref().map(PublicUrl::of);
        let is_alone = state.store().is_none();
        let helpers = Helpers {
            enrolments: Some(Enrolments::new(&cabinet, people.clone(), public)),
            extractor: is_alone.then(|| Extractor::new(language_model.clone(), Arc::clone(&usage), settings)),
            language_model,
            memory: Memory::of_state(&state, config.memory),
            drafts: Drafts::open(&state, seal_keys(&config, &state)?)?,
            usage: Some(usage),
            plugins: Some(plugins),
            // Their journal is one of this machine: another replica would do a bill again.
            invoices: is_alone.then_some(invoices),
        };
        let corridor = Corridor::new(catalog, policy, audit, connections)
            .keeping_files_in(DownloadArea::open(&state, config.files)?)
            .with_settings(config.tools.clone())
            .helped_by(helpers)
            .stopped_by(Arc::new(pauses))
            .approved_in(approvals)
            .keeping_state_in(cabinet.clone());
        let corridor = Arc::new(corridor);
        if config.tools.refresh.after_changes {
            corridor.tell_of_changes();
        }
        let keeper = Arc::new(PolicyKeeper::new(policy_source, &text, state.clone(), Arc::clone(&corridor)));
        let desk = Arc::new(Desk::new(Arc::clone(&keeper), state));
        Ok(Self { corridor, config, keeper, desk, cabinet, people, _sandbox: sandbox })
    }
}

impl House {
    /// Starts to send spans, where the settings name a collector. Ending the exporter ends that.
    pub fn start_traces(&self) -> Result<Option<Exporter>, TraceError> {
        let exporter = Exporter::start(&self.config.traces)?;
        if let Some(exporter) = &exporter {
            self.corridor.numbers().trace_with(exporter.tracer());
        }
        Ok(exporter)
    }
}

/// The key of a language model is read where the secrets of connections are.
fn key_reader() -> KeyReader {
    Arc::new(|source| {
        Box::pin(async move { resolve_secret(&source).await.map_err(|error| error.to_string()) })
    })
}

/// Starts the practice Odoo and makes it the connection `default`, whatever the settings say of that alias.
async fn start_sandbox(config: &Config, connections: &Connections) -> Result<Sandbox, HouseError> {
    let failed = |why: String| HouseError::Sandbox(why);
    let options = SandboxOptions {
        control_token: config.sandbox_token.as_ref().map(|token| token.reveal().to_owned()),
        ..SandboxOptions::default()
    };
    let sandbox = sandbox::start(options).await.map_err(|error| failed(error.to_string()))?;
    let definition = Definition {
        alias: ConnectionAlias::default_alias(),
        url: sandbox.url().parse().map_err(|_| failed("its address cannot be read".to_owned()))?,
        db: sandbox.database().to_owned(),
        username: sandbox.login().to_owned(),
        credential: Credential::Password(SecretSource::Inline(Secret::new(sandbox.password().to_owned()))),
        protocol: Protocol::Auto,
        trust: Trust::System,
        origin: Origin::Sandbox,
    };
    connections.add(definition, config.odoo);
    Ok(sandbox)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Policy, Verdict};

    fn verdict(policy: &Policy, name: &str) -> Verdict {
        let catalog = Catalog::new();
        policy.verdict(&catalog.find(name).unwrap_or_else(|| panic!("no tool {name}")).facts())
    }

    fn build(config: Config) -> Result<House, HouseError> {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(House::build(config))
    }

    #[test]
    fn the_shipped_policy_fits_the_catalogue_without_warnings() {
        // A tool the file does not name yet is not offered; the README's table shows which those are.
        let policy = PolicySource::Shipped.read(&Catalog::new()).unwrap();
        assert_eq!(policy.warnings(), &[] as &[String]);
        assert!(matches!(verdict(&policy, "odoo_search_count"), Verdict::Allowed { .. }));
    }

    #[test]
    fn a_bad_policy_leaves_the_old_one_in_force() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("mine.json");
        std::fs::write(&path, r#"{"version":"1","default":"deny","tools":{"odoo_search_count":{}}}"#)
            .unwrap();
        let mut config = Config::with_state_dir(dir.path().join("state"));
        config.policy = Some(path.clone());
        let house = build(config).unwrap();
        let before = house.corridor.policy().digest().clone();

        std::fs::write(&path, "{").unwrap();
        house.keeper.reload();
        assert_eq!(*house.corridor.policy().digest(), before);

        let mut changes = house.corridor.policy_changes();
        std::fs::write(&path, r#"{"version":"1","default":"deny"}"#).unwrap();
        house.keeper.reload();
        assert_ne!(*house.corridor.policy().digest(), before);
        assert!(changes.try_recv().is_ok());
    }

    #[test]
    fn a_policy_that_is_not_there_builds_no_house() {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config::with_state_dir(dir.path().join("state"));
        config.policy = Some(dir.path().join("none.json"));
        let error = build(config).unwrap_err().to_string();
        assert!(error.contains("none.json"), "{error}");
        assert!(!dir.path().join("state").exists());
    }
}
