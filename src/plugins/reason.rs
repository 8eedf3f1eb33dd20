//! The words that say why a plugin is not what it could be.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

/// Stable codes of reports and answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    Disabled,
    Forbidden,
    ReloadInProgress,
    DirectoryMissing,
    DirectoryNotAllowed,
    DirectoryInsecure,
    IgnoredName,
    NotRegularFile,
    Symlink,
    InsecurePermissions,
    TooLarge,
    ManifestMissing,
    ManifestInvalid,
    NameMismatch,
    DuplicatePlugin,
    LibraryMissing,
    HashMismatch,
    SignatureMissing,
    SignatureInvalid,
    SignerUnknown,
    SignerExpired,
    SignerRevoked,
    SignerNotAllowed,
    TargetMismatch,
    AbiMismatch,
    HostVersion,
    HeaderRejected,
    DlopenFailed,
    SymbolMissing,
    InfoMismatch,
    InitFailed,
    InitPanicked,
    InitTimeout,
    DescribeMismatch,
    ReservedStep,
    DuplicateStep,
    SequenceOutOfRange,
    CapabilityDenied,
    Quarantined,
    GenerationLimit,
    RestartRequired,
    /// A name in `only` that no directory bears.
    NotFound,
}

impl Reason {
    pub fn word(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Forbidden => "forbidden",
            Self::ReloadInProgress => "reload_in_progress",
            Self::DirectoryMissing => "directory_missing",
            Self::DirectoryNotAllowed => "directory_not_allowed",
            Self::DirectoryInsecure => "directory_insecure",
            Self::IgnoredName => "ignored_name",
            Self::NotRegularFile => "not_regular_file",
            Self::Symlink => "symlink",
            Self::InsecurePermissions => "insecure_permissions",
            Self::TooLarge => "too_large",
            Self::ManifestMissing => "manifest_missing",
            Self::ManifestInvalid => "manifest_invalid",
            Self::NameMismatch => "name_mismatch",
            Self::DuplicatePlugin => "duplicate_plugin",
            Self::LibraryMissing => "library_missing",
            Self::HashMismatch => "hash_mismatch",
            Self::SignatureMissing => "signature_missing",
            Self::SignatureInvalid => "signature_invalid",
            Self::SignerUnknown => "signer_unknown",
            Self::SignerExpired => "signer_expired",
            Self::SignerRevoked => "signer_revoked",
            Self::SignerNotAllowed => "signer_not_allowed",
            Self::TargetMismatch => "target_mismatch",
            Self::AbiMismatch => "abi_mismatch",
            Self::HostVersion => "host_version",
            Self::HeaderRejected => "header_rejected",
            Self::DlopenFailed => "dlopen_failed",
            Self::SymbolMissing => "symbol_missing",
            Self::InfoMismatch => "info_mismatch",
            Self::InitFailed => "init_failed",
            Self::InitPanicked => "init_panicked",
            Self::InitTimeout => "init_timeout",
            Self::DescribeMismatch => "describe_mismatch",
            Self::ReservedStep => "reserved_step",
            Self::DuplicateStep => "duplicate_step",
            Self::SequenceOutOfRange => "sequence_out_of_range",
            Self::CapabilityDenied => "capability_denied",
            Self::Quarantined => "quarantined",
            Self::GenerationLimit => "generation_limit",
            Self::RestartRequired => "restart_required",
            Self::NotFound => "not_found",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Why something was not loaded: a code and a sentence without any path of the server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    pub reason: Reason,
    pub message: String,
}

impl Refusal {
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into() }
    }
}
