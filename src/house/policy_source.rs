//! Where the policy comes from: a file, or one of those inside the binary.
//!
//! Reading only; when a file is read again is the keeper's matter.

use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use crate::{
    policy::{Policy, PolicyError},
    tools::Catalog,
};

/// The policy that rules when no file does.
pub const SHIPPED_POLICY: &str = include_str!("../../policy.json");
/// What `connect` and `doctor` may do, whatever clients may: connections, and nothing in them.
const OPERATOR_POLICY: &str = r#"{
  "version": "1", "default": "deny",
  "tools": { "odoo_connect": {}, "odoo_connections": {}, "odoo_cert_info": {}, "odoo_version": {} }
}"#;
/// The file that rules when nobody names one.
const POLICY_FILE_NAME: &str = "policy.json";
/// More than any policy may be; the reader says how large that is.
const BYTES_READ_MAX: u64 = 4 * 1024 * 1024;

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
        self.judge(&self.bytes(), catalog)
    }

    /// The text as it is now, or why there is none.
    pub fn bytes(&self) -> Result<Vec<u8>, io::ErrorKind> {
        match self {
            Self::Operator => Ok(OPERATOR_POLICY.as_bytes().to_vec()),
            Self::Shipped => Ok(SHIPPED_POLICY.as_bytes().to_vec()),
            Self::File(path) => {
                let mut text = Vec::new();
                let read = File::open(path).and_then(|file| file.take(BYTES_READ_MAX).read_to_end(&mut text));
                read.map(|_| text).map_err(|error| error.kind())
            }
        }
    }

    /// A policy of such a text.
    pub(super) fn judge(
        &self,
        text: &Result<Vec<u8>, io::ErrorKind>,
        catalog: &Catalog,
    ) -> Result<Policy, PolicyLoadError> {
        let path = match self {
            Self::Operator | Self::Shipped => PathBuf::new(),
            Self::File(path) => path.clone(),
        };
        match text {
            Ok(text) => Policy::load(text, catalog).map_err(|error| PolicyLoadError::Refused { path, error }),
            Err(kind) => Err(PolicyLoadError::Unreadable { path, kind: *kind }),
        }
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
