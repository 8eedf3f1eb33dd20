//! The rooms put together: from settings to a corridor that calls can walk.
//!
//! Building a house sends nothing, starts nothing that was not asked for and makes no schema: a
//! client waits for it. What a call needs from the network or from sealed files is fetched by the
//! first call that needs it.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    audit::{AuditError, AuditLog},
    config::Config,
    facts::{ConnectionAlias, Credential, Definition, Origin, Protocol, Secret, SecretSource, Trust},
    odoo::{Connections, OdooError, seal_keys},
    pipeline::Corridor,
    policy::{Policy, PolicyError},
    sandbox::{self, Sandbox, SandboxOptions},
    store::{StateDir, StoreError},
    tools::Catalog,
};

/// The policy that rules when no file does.
pub const SHIPPED_POLICY: &str = include_str!("../policy.json");
/// What `connect` and `doctor` may do, whatever clients may: connections, and nothing in them.
const OPERATOR_POLICY: &str = r#"{
  "version": "1", "default": "deny",
  "tools": { "odoo_connect": {}, "odoo_connections": {}, "odoo_cert_info": {}, "odoo_version": {} }
}"#;
/// The file that rules when nobody names one.
const POLICY_FILE_NAME: &str = "policy.json";
/// The audit log inside the state directory.
pub const AUDIT_FILE_NAME: &str = "audit.jsonl";

/// Everything a door needs, ready for calls.
#[derive(Debug)]
pub struct House {
    pub corridor: Arc<Corridor>,
    pub config: Config,
    pub policy_source: PolicySource,
    /// Dropping it stops it.
    _sandbox: Option<Sandbox>,
}

/// Why a house cannot be built. Each is a setting to mend.
#[derive(Debug, thiserror::Error)]
pub enum HouseError {
    #[error("the state directory cannot be used: {0}")]
    Store(#[from] StoreError),
    #[error("the audit log cannot be used: {0}")]
    Audit(#[from] AuditError),
    #[error("{0}")]
    Policy(#[from] PolicyLoadError),
    #[error("{0}")]
    Connections(#[from] OdooError),
    #[error("the practice Odoo did not start: {0}")]
    Sandbox(String),
}

/// Why a policy is not in force.
#[derive(Debug, thiserror::Error)]
pub enum PolicyLoadError {
    #[error("{shown} cannot be read: {kind}", shown = place(path))]
    Unreadable { path: PathBuf, kind: io::ErrorKind },
    #[error("{shown}: {error}", shown = place(path))]
    Refused { path: PathBuf, error: PolicyError },
}

/// Where a policy comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicySource {
    /// The one inside the binary.
    Shipped,
    /// For commands of the person who owns the settings; no client ever walks under it.
    Operator,
    File(PathBuf),
}

impl PolicySource {
    /// The named file, else `policy.json` of the working directory, else the shipped one.
    pub fn choose(named: Option<&Path>) -> Self {
        match named {
            Some(path) => Self::File(path.to_owned()),
            None if Path::new(POLICY_FILE_NAME).exists() => Self::File(POLICY_FILE_NAME.into()),
            None => Self::Shipped,
        }
    }

    pub fn read(&self, catalog: &Catalog) -> Result<Policy, PolicyLoadError> {
        let (text, path) = match self {
            Self::Operator => (OPERATOR_POLICY.as_bytes().to_vec(), PathBuf::new()),
            Self::Shipped => (SHIPPED_POLICY.as_bytes().to_vec(), PathBuf::new()),
            Self::File(path) => {
                let text = std::fs::read(path).map_err(|error| PolicyLoadError::Unreadable {
                    path: path.clone(),
                    kind: error.kind(),
                })?;
                (text, path.clone())
            }
        };
        Policy::load(&text, catalog).map_err(|error| PolicyLoadError::Refused { path, error })
    }
}

impl std::fmt::Display for PolicySource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Shipped => f.write_str("the shipped policy"),
            Self::Operator => f.write_str("the policy of operators"),
            Self::File(path) => write!(f, "`{}`", path.display()),
        }
    }
}

fn place(path: &Path) -> String {
    if path.as_os_str().is_empty() {
        "the shipped policy".to_owned()
    } else {
        format!("the policy `{}`", path.display())
    }
}

impl House {
    /// Builds the house. The state directory is made, the policy read, and nothing sent.
    pub async fn build(config: Config) -> Result<Self, HouseError> {
        let policy_source = PolicySource::choose(config.policy.as_deref());
        Self::build_under(config, policy_source).await
    }

    /// Builds the house under a policy of the caller's choice.
    pub async fn build_under(config: Config, policy_source: PolicySource) -> Result<Self, HouseError> {
        let catalog = Catalog::new();
        let policy = policy_source.read(&catalog)?;
        for warning in policy.warnings() {
            tracing::warn!(policy = %policy_source, "{warning}");
        }
        for warning in &config.warnings {
            tracing::warn!("{warning}");
        }
        let state = StateDir::open(&config.state_dir)?;
        let audit = AuditLog::open_sealed(&state.path(AUDIT_FILE_NAME), seal_keys(&config, &state)?)?;
        let connections = Arc::new(Connections::open(&config, &state)?);
        let sandbox = if config.sandbox { Some(start_sandbox(&config, &connections).await?) } else { None };
        tracing::info!(
            policy = %policy_source,
            digest = %policy.digest().0,
            state = %config.state_dir.display(),
            "ready"
        );
        let corridor = Arc::new(Corridor::new(catalog, policy, audit, connections));
        Ok(Self { corridor, config, policy_source, _sandbox: sandbox })
    }

    /// Reads the policy again. A bad one changes nothing: the old one stays in force.
    pub fn reload_policy(&self) {
        match self.policy_source.read(self.corridor.catalog()) {
            Ok(policy) => {
                for warning in policy.warnings() {
                    tracing::warn!(policy = %self.policy_source, "{warning}");
                }
                tracing::info!(policy = %self.policy_source, digest = %policy.digest().0, "policy replaced");
                self.corridor.replace_policy(policy);
            }
            Err(error) => {
                self.corridor.metrics().policy_refused();
                tracing::error!("the policy stays as it was: {error}");
            }
        }
    }
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
    use crate::policy::Verdict;

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
        house.reload_policy();
        assert_eq!(*house.corridor.policy().digest(), before);

        let mut changes = house.corridor.list_changes();
        std::fs::write(&path, r#"{"version":"1","default":"deny"}"#).unwrap();
        house.reload_policy();
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
