//! The host side of plugins: found, checked, loaded, called, replaced.
//!
//! Opening a library and calling it is unsafe and lives in the crate `odoo-mcp-plugin-host`; here is
//! everything that is decided before and after.
//!
//! ```text
//! folder      the directory and its files, through descriptors that cannot be swapped
//! manifest    plugin.toml, read strictly
//! signature   who vouches for it
//! header      what the library is, read without running it
//! candidate   all of these for one directory, before anything is opened
//! loading     the private copy, opened in this process or in one of its own
//! calls       steps with a deadline, on threads or in a child, and what they answer
//! reload      one new registry, or the old one
//! ```

mod answer;
mod broker;
mod calls;
mod candidate;
mod capability;
mod error;
mod folder;
mod frames;
mod handshake;
mod header;
mod images;
mod loaded;
mod making;
mod manifest;
mod process;
mod reason;
mod registry;
mod reload;
mod report;
mod requested;
mod runner;
mod service;
mod signature;

pub use broker::{Broker, BrokerError};
pub use capability::Capability;
pub use error::PluginError;
pub use header::host_target;
pub use making::{make_key, pack, sign};
pub use manifest::{Manifest, ManifestStep};
pub use process::RUNNER_COMMAND;
pub use reason::{Reason, Refusal};
pub use registry::{OnError, PluginStep, Provenance, Registry, RunMode, StepAnswer};
pub use report::{
    PluginReport, ReloadCounts, ReloadReport, ReloadRequest, SignatureReport, SignatureStatus, Status,
    StepReport,
};
pub use runner::run as run_alone;
pub use service::{Plugins, StartError};

/// Steps that are part of the server. No plugin may use these names.
pub const BUILT_IN_STEPS: &[&str] = &[
    "probe_move",
    "guard_monthly_budget",
    "guard_already_extracted",
    "retrieve_few_shot_examples",
    "extract_vision",
    "normalize_bg_fields",
    "log_usage",
    "write_back_move",
    "invoke_posting_skill",
];
