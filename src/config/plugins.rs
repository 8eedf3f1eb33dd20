//! Plugins of the invoice pipeline: off, unless the operator switches them on. Read at start only, so
//! that nothing that runs later can loosen it.

use std::path::PathBuf;

use super::{Config, keys::Key, raw::Raw};

/// Which plugins may be loaded, and how far each is trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginSettings {
    pub enabled: bool,
    /// Where they are; `None` means `plugins/ai_invoice` in the state directory.
    pub dir: Option<PathBuf>,
    /// Further directories that a reload may name.
    pub allowed_dirs: Vec<PathBuf>,
    /// The file with the public keys of trusted signers.
    pub trusted_keys: Option<PathBuf>,
    /// `None` means: required once a file of keys is named, checked where present otherwise.
    pub signature: Option<SignaturePolicy>,
    pub unsigned_mode: UnsignedMode,
    /// What the operator grants; a plugin gets what it asks for and what stands here.
    pub capabilities: Vec<String>,
    /// A plugin that fails at start stops the start.
    pub strict: bool,
    /// Load plugins although the server runs as the superuser.
    pub allow_root: bool,
    /// The program that runs plugins in a process of their own: this one.
    pub runner: PathBuf,
}

/// Whether a plugin needs the signature of a trusted key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignaturePolicy {
    Required,
    IfPresent,
    Off,
}

/// How a plugin without a valid signature runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnsignedMode {
    /// In a process of its own, whatever its manifest says.
    Process,
    /// As its manifest says.
    Declared,
}

impl Default for PluginSettings {
    fn default() -> Self {
        Self {
            enabled: false,
            dir: None,
            allowed_dirs: Vec::new(),
            trusted_keys: None,
            signature: None,
            unsigned_mode: UnsignedMode::Process,
            capabilities: Vec::new(),
            strict: false,
            allow_root: false,
            runner: super::program(),
        }
    }
}

impl PluginSettings {
    /// The policy that holds: whoever names trusted keys wants them to be used.
    pub fn signature_policy(&self) -> SignaturePolicy {
        self.signature.unwrap_or(match self.trusted_keys {
            Some(_) => SignaturePolicy::Required,
            None => SignaturePolicy::IfPresent,
        })
    }
}

/// Directories and capabilities of one list.
const LIST_MAX: usize = 200;

pub(super) const KEYS: &[Key] = &[
    Key {
        path: "plugins.enabled",
        read: |config, raw| raw.yes_or_no().map(|yes| config.plugins.enabled = yes),
    },
    Key { path: "plugins.dir", read: |config, raw| raw.path().map(|path| config.plugins.dir = Some(path)) },
    Key {
        path: "plugins.allowed_dirs",
        read: |config, raw| {
            config.plugins.allowed_dirs = short_list(raw)?.into_iter().map(Into::into).collect();
            Ok(())
        },
    },
    Key {
        path: "plugins.trusted_keys",
        read: |config, raw| raw.path().map(|path| config.plugins.trusted_keys = Some(path)),
    },
    Key { path: "plugins.signature", read: read_signature },
    Key { path: "plugins.unsigned_mode", read: read_unsigned_mode },
    Key {
        path: "plugins.capabilities",
        read: |config, raw| short_list(raw).map(|list| config.plugins.capabilities = list),
    },
    Key {
        path: "plugins.strict",
        read: |config, raw| raw.yes_or_no().map(|yes| config.plugins.strict = yes),
    },
    Key {
        path: "plugins.allow_root",
        read: |config, raw| raw.yes_or_no().map(|yes| config.plugins.allow_root = yes),
    },
];

/// Other variables of the same keys.
pub(super) const OTHER_NAMES: &[(&str, &str)] = &[
    ("AI_PLUGINS_ENABLED", "plugins.enabled"),
    ("AI_INVOICE_PLUGINS_DIR", "plugins.dir"),
    ("AI_INVOICE_PLUGINS_ALLOWED_DIRS", "plugins.allowed_dirs"),
    ("AI_PLUGIN_TRUSTED_KEYS", "plugins.trusted_keys"),
    ("AI_PLUGIN_SIGNATURE", "plugins.signature"),
    ("AI_PLUGIN_UNSIGNED_MODE", "plugins.unsigned_mode"),
    ("AI_PLUGIN_CAPABILITIES", "plugins.capabilities"),
    ("AI_PLUGINS_STRICT", "plugins.strict"),
];

fn short_list(raw: Raw<'_>) -> Result<Vec<String>, String> {
    let list = raw.list()?;
    if list.len() > LIST_MAX {
        return Err(format!("at most {LIST_MAX} entries were expected"));
    }
    Ok(list)
}

fn read_signature(config: &mut Config, raw: Raw<'_>) -> Result<(), String> {
    config.plugins.signature = match raw.text()?.as_str() {
        "" | "auto" => None,
        "required" => Some(SignaturePolicy::Required),
        "if_present" => Some(SignaturePolicy::IfPresent),
        "off" => Some(SignaturePolicy::Off),
        _ => return Err("use auto, required, if_present or off".to_owned()),
    };
    Ok(())
}

fn read_unsigned_mode(config: &mut Config, raw: Raw<'_>) -> Result<(), String> {
    config.plugins.unsigned_mode = match raw.text()?.as_str() {
        "process" => UnsignedMode::Process,
        "declared" => UnsignedMode::Declared,
        _ => return Err("use process or declared".to_owned()),
    };
    Ok(())
}
