//! Where the sealing key is: given by the operator, in a file of the state directory, or in the
//! keyring of the operating system.

use std::sync::{Arc, OnceLock};

use super::{SealError, SealKey, StateDir, StoreError};
use crate::facts::Secret;

/// The key file inside the state directory.
pub(super) const KEY_FILE: &str = "sealing.key";

/// The sealing key, fetched when the first secret needs it and not before.
#[derive(Debug)]
pub struct SealKeys {
    place: Place,
    key: OnceLock<Arc<SealKey>>,
}

#[derive(Debug)]
enum Place {
    Given,
    File(StateDir),
    #[cfg(feature = "os-keyring")]
    Keyring,
}

/// Why there is no sealing key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("the key file `{KEY_FILE}` is gone")]
    NoFile,
    #[error("other users can read the key file `{KEY_FILE}` of the state directory")]
    OpenToOthers,
    #[error("the key file `{KEY_FILE}` of the state directory is damaged")]
    Damaged,
    #[error("{}", .0.without_directory())]
    Store(#[from] StoreError),
    #[error(transparent)]
    Seal(#[from] SealError),
    #[error("the keyring of the operating system {0}")]
    Keyring(String),
}

impl KeyError {
    /// What the operator can do.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoFile | Self::Damaged => {
                "restore the key file from a backup; without it the saved connections have to be made again"
            }
            Self::OpenToOthers => {
                "run `chmod 600` on it if nobody else can have read it; otherwise delete it and make the connections again"
            }
            Self::Store(_) => "check the state directory",
            Self::Seal(_) => "check `ODOO_MCP_KEY`",
            Self::Keyring(_) => "unlock the keyring, or set `connect.os_keyring` to false",
        }
    }
}

impl SealKeys {
    /// The operator's own key; an unusable one is an error at once.
    pub fn given(text: &Secret) -> Result<Self, SealError> {
        let key = OnceLock::from(Arc::new(SealKey::parse(text)?));
        Ok(Self { place: Place::Given, key })
    }

    /// A key file in the state directory, made with the first secret.
    pub fn in_file(dir: &StateDir) -> Self {
        Self { place: Place::File(dir.clone()), key: OnceLock::new() }
    }

    /// The keyring of the operating system.
    #[cfg(feature = "os-keyring")]
    pub fn in_keyring() -> Self {
        Self { place: Place::Keyring, key: OnceLock::new() }
    }

    /// The key that exists already.
    pub fn for_opening(&self) -> Result<Arc<SealKey>, KeyError> {
        self.cached(|place| match place {
            Place::Given => Err(KeyError::NoFile),
            Place::File(dir) => read_file(dir)?.ok_or(KeyError::NoFile),
            #[cfg(feature = "os-keyring")]
            Place::Keyring => {
                super::keyring::read()?.ok_or_else(|| KeyError::Keyring("has no key of ours".to_owned()))
            }
        })
    }

    /// The key, made now if there is none.
    pub fn for_sealing(&self) -> Result<Arc<SealKey>, KeyError> {
        self.cached(|place| match place {
            Place::Given => Err(KeyError::NoFile),
            Place::File(dir) => read_or_make_file(dir),
            #[cfg(feature = "os-keyring")]
            Place::Keyring => super::keyring::read_or_make(),
        })
    }

    fn cached(
        &self,
        fetch: impl FnOnce(&Place) -> Result<SealKey, KeyError>,
    ) -> Result<Arc<SealKey>, KeyError> {
        if let Some(key) = self.key.get() {
            return Ok(Arc::clone(key));
        }
        let fetched = Arc::new(fetch(&self.place)?);
        Ok(Arc::clone(self.key.get_or_init(|| fetched)))
    }
}

fn read_file(dir: &StateDir) -> Result<Option<SealKey>, KeyError> {
    let Some(bytes) = dir.read(KEY_FILE)?.map(zeroize::Zeroizing::new) else { return Ok(None) };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let open =
            std::fs::metadata(dir.path(KEY_FILE)).is_ok_and(|data| data.permissions().mode() & 0o077 != 0);
        if open {
            return Err(KeyError::OpenToOthers);
        }
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| KeyError::Damaged)?;
    SealKey::parse(&Secret::new(text.to_owned())).map(Some).map_err(|_| KeyError::Damaged)
}

fn read_or_make_file(dir: &StateDir) -> Result<SealKey, KeyError> {
    let file = dir.lock(KEY_FILE)?;
    if let Some(key) = read_file(dir)? {
        return Ok(key);
    }
    let (key, text) = SealKey::generate()?;
    file.replace(text.reveal().as_bytes())?;
    Ok(key)
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    fn dir() -> (tempfile::TempDir, StateDir) {
        let outer = tempfile::tempdir().unwrap();
        let dir = StateDir::open(&outer.path().join("state")).unwrap();
        (outer, dir)
    }

    #[test]
    fn a_key_file_is_made_for_the_first_secret_only_and_found_again() {
        let (_outer, dir) = dir();
        let keys = SealKeys::in_file(&dir);
        assert!(matches!(keys.for_opening(), Err(KeyError::NoFile)));
        assert!(!dir.path(KEY_FILE).exists());
        let sealed = keys.for_sealing().unwrap().seal(&[], &Secret::new("canary".to_owned())).unwrap();
        let mode = fs::metadata(dir.path(KEY_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let later = SealKeys::in_file(&dir);
        assert!(later.for_opening().unwrap().open(&[], &sealed).unwrap().same_as("canary"));
    }

    #[test]
    fn two_processes_that_start_together_make_one_key() {
        let (_outer, dir) = dir();
        let ids: Vec<String> = std::thread::scope(|scope| {
            let make = || format!("{:?}", SealKeys::in_file(&dir).for_sealing().unwrap());
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(make)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    }

    #[test]
    fn an_unfit_key_file_is_refused_and_kept() {
        let (_outer, dir) = dir();
        for (text, mode, part) in
            [("short", 0o600, "damaged"), ("", 0o600, "damaged"), ("x", 0o640, "other users")]
        {
            fs::write(dir.path(KEY_FILE), text).unwrap();
            fs::set_permissions(dir.path(KEY_FILE), fs::Permissions::from_mode(mode)).unwrap();
            let keys = SealKeys::in_file(&dir);
            for error in [keys.for_opening().unwrap_err(), keys.for_sealing().unwrap_err()] {
                assert!(error.to_string().contains(part), "{error}");
                assert!(!error.to_string().contains('/'), "{error}");
            }
            assert_eq!(fs::read_to_string(dir.path(KEY_FILE)).unwrap(), text);
        }
    }

    #[test]
    fn an_unfit_key_of_the_operator_is_refused_at_once() {
        assert!(SealKeys::given(&Secret::new("hunter2".to_owned())).is_err());
    }
}
