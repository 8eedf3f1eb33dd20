//! The state directory of the settings, and the store that replicas share where they name one.

use std::time::{Duration, Instant};

use crate::{
    config::Config,
    facts::Secret,
    odoo::{OdooError, resolve_secret, seal_keys},
    store::{DocumentError, KeyError, Postgres, PostgresError, SealError, StateDir, StoreError},
};

/// A document that only the right key opens. Whoever comes first writes it.
const KEY_CHECK: &str = "key-check";
const KEY_CHECK_TEXT: &str = "the key of this store";
/// Between two tries to reach a store that does not answer yet.
const WAIT_PAUSE: Duration = Duration::from_millis(500);

/// Why there is no state to work with. Each is a setting to mend, or a store to start.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error("the state directory cannot be used: {0}")]
    Directory(StoreError),
    #[error("{address}: {source}")]
    Store { address: String, source: PostgresError },
    #[error("{0}")]
    Secret(#[from] OdooError),
    #[error("{0}")]
    Key(#[from] KeyError),
    #[error("{0}")]
    Sealed(#[from] SealError),
    #[error("{0}")]
    Document(#[from] DocumentError),
    #[error(
        "what the shared store holds was sealed with another key; give all processes the same one with \
         `ODOO_MCP_KEY` or `ODOO_MCP_KEY_FILE`"
    )]
    OtherKey,
    #[error(
        "`{setting}` cannot be used together with a shared `store`: {why}. Use `store = \"files\"`, or take \
         the setting out"
    )]
    HalfShared { setting: &'static str, why: &'static str },
}

/// Opens the state directory, reaches the store, and proves that both are sealed with our key.
pub async fn open_state(config: &Config) -> Result<StateDir, StateError> {
    let state = StateDir::open(&config.state_dir).map_err(StateError::Directory)?;
    let Some(address) = &config.store else { return Ok(state) };
    refuse_half_shared(config)?;
    let password = store_password(config).await?;
    let store = Postgres::open(address, password.as_ref())
        .map_err(|source| StateError::Store { address: address.shown(), source })?;
    let state = state.with_store(Some(store));
    check_key(config, &state)?;
    Ok(state)
}

/// Waits until the shared store answers, as long as the settings say, where it only does not answer yet.
/// Whatever somebody has to mend first is not waited for; `open_state` says what it is.
pub async fn wait_for_store(config: &Config) -> Result<(), StateError> {
    let Some(address) = &config.store else { return Ok(()) };
    refuse_half_shared(config)?;
    let password = store_password(config).await?;
    let until = Instant::now() + Duration::from_millis(config.store_wait_ms);
    let mut has_said = false;
    loop {
        let (tried, with) = (address.clone(), password.clone());
        let reached = tokio::task::spawn_blocking(move || Postgres::open(&tried, with.as_ref()).map(drop));
        match reached.await {
            Ok(Err(source)) if source.may_pass() => {
                if Instant::now() + WAIT_PAUSE > until {
                    return Err(StateError::Store { address: address.shown(), source });
                }
                if !has_said {
                    tracing::warn!(store = address.shown(), "waiting for the shared store: {source}");
                    has_said = true;
                }
            }
            _ => return Ok(()),
        }
        tokio::time::sleep(WAIT_PAUSE).await;
    }
}

/// The password of the store, from where the settings have it.
pub async fn store_password(config: &Config) -> Result<Option<Secret>, OdooError> {
    if let Some(source) = &config.store_password {
        return resolve_secret(source).await.map(Some);
    }
    Ok(config.store.as_ref().and_then(|address| address.password.clone()))
}

/// What counts or remembers in files of one machine would count each replica alone.
fn refuse_half_shared(config: &Config) -> Result<(), StateError> {
    if config.language_model.provider.is_some() {
        return Err(StateError::HalfShared {
            setting: "language_model.provider",
            why: "budgets of language models and journals of bills are kept by each process alone",
        });
    }
    Ok(())
}

/// A replica with another key would see sealed documents as damaged, one by one; so it does not start.
pub fn check_key(config: &Config, state: &StateDir) -> Result<(), StateError> {
    let keys = seal_keys(config, state)?;
    let shared = state.shared();
    let file = shared.lock(KEY_CHECK).map_err(StateError::Directory)?;
    let key = keys.for_sealing()?;
    let Some(sealed) = file.read().map_err(StateError::Directory)? else {
        let sealed = key.seal(&[KEY_CHECK], &Secret::new(KEY_CHECK_TEXT.to_owned()))?;
        return file.replace(sealed.as_bytes()).map_err(StateError::Directory);
    };
    let sealed = String::from_utf8(sealed).map_err(|_| StateError::OtherKey)?;
    match key.open(&[KEY_CHECK], &sealed) {
        Ok(text) if text.same_as(KEY_CHECK_TEXT) => Ok(()),
        Ok(_) | Err(_) => Err(StateError::OtherKey),
    }
}
