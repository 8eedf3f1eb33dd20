//! One plugin as it lies in its directory: read once, and checked as far as that goes without running it.

use jiff::Timestamp;
use ring::digest::{SHA256, digest};
use semver::Version;

use super::{
    folder::Folder,
    header,
    manifest::{MANIFEST_BYTES_MAX, Manifest},
    reason::{Reason, Refusal},
    registry::RunMode,
    report::{SignatureReport, SignatureStatus},
    signature::{SIGNATURE_BYTES_MAX, SIGNATURE_FILE, TrustedKeys},
};
use crate::{
    config::{SignaturePolicy, UnsignedMode},
    facts::hex,
};

/// The file that makes a directory a plugin.
pub(super) const MANIFEST_FILE: &str = "plugin.toml";
/// Largest library.
pub(super) const LIBRARY_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// How strict to be; fixed at start.
#[derive(Debug, Clone)]
pub(super) struct Strictness {
    pub(super) signature: SignaturePolicy,
    pub(super) unsigned_mode: UnsignedMode,
    pub(super) keys: TrustedKeys,
}

/// A plugin that passed every check that needs nothing to run.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) manifest: Manifest,
    /// Of the manifest's bytes.
    pub(super) manifest_digest: [u8; 32],
    pub(super) library: Vec<u8>,
    pub(super) signature: SignatureReport,
    /// How it will run, which may be stricter than its manifest says.
    pub(super) mode: RunMode,
}

/// As much of a plugin as could be read before something was wrong with it.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) manifest: Option<Manifest>,
    pub(super) signature: Option<SignatureReport>,
    pub(super) mode: Option<RunMode>,
}

impl Candidate {
    /// Reads the plugin of that name and checks it. What could be read is left in `seen`.
    pub(super) fn read(
        folder: &Folder,
        name: &str,
        strictness: &Strictness,
        seen: &mut Seen,
    ) -> Result<Self, Refusal> {
        let folder = folder.sub(name)?;
        let bytes = folder
            .read(MANIFEST_FILE, MANIFEST_BYTES_MAX)?
            .ok_or_else(|| Refusal::new(Reason::ManifestMissing, format!("there is no `{MANIFEST_FILE}`")))?;
        let manifest = seen.manifest.insert(Manifest::parse(&bytes)?).clone();
        if manifest.name != name {
            return Err(Refusal::new(
                Reason::NameMismatch,
                format!("the manifest is of `{}`, its directory is `{name}`", manifest.name),
            ));
        }
        if !manifest.enabled {
            return Err(Refusal::new(Reason::Disabled, "the manifest says `enabled = false`"));
        }
        let line = match strictness.signature {
            SignaturePolicy::Off => None,
            SignaturePolicy::Required | SignaturePolicy::IfPresent => {
                folder.read(SIGNATURE_FILE, SIGNATURE_BYTES_MAX)?
            }
        };
        let (signature, outcome) =
            strictness.keys.judge(strictness.signature, name, &bytes, line.as_deref(), Timestamp::now());
        let mode = match (signature.status, strictness.unsigned_mode) {
            (SignatureStatus::Valid, _) | (_, UnsignedMode::Declared) => manifest.mode,
            (_, UnsignedMode::Process) => RunMode::Process,
        };
        seen.signature = Some(signature.clone());
        seen.mode = Some(mode);
        outcome?;
        check_fit(&manifest)?;
        let library = folder.read(&manifest.library, LIBRARY_BYTES_MAX)?.ok_or_else(|| {
            Refusal::new(Reason::LibraryMissing, format!("there is no `{}`", manifest.library))
        })?;
        if digest(&SHA256, &library).as_ref() != manifest.sha256 {
            return Err(Refusal::new(
                Reason::HashMismatch,
                format!("`{}` is not the file that the manifest means", manifest.library),
            ));
        }
        header::check(&library, manifest.abi)?;
        Ok(Self { manifest_digest: sha256(&bytes), manifest, library, signature, mode })
    }
}

/// Is it for this machine, this interface and this server?
fn check_fit(manifest: &Manifest) -> Result<(), Refusal> {
    let target = header::host_target();
    if manifest.target != target {
        return Err(Refusal::new(
            Reason::TargetMismatch,
            format!("the plugin is built for `{}`, this server for `{target}`", manifest.target),
        ));
    }
    header::check_spoken(manifest.abi)?;
    let version = env!("CARGO_PKG_VERSION");
    let fits = |range: &semver::VersionReq| Version::parse(version).is_ok_and(|own| range.matches(&own));
    match manifest.host.as_ref().filter(|range| !fits(range)) {
        Some(range) => Err(Refusal::new(
            Reason::HostVersion,
            format!("the plugin is for servers {range}, this is {version}"),
        )),
        None => Ok(()),
    }
}

pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    digest(&SHA256, bytes).as_ref().try_into().unwrap_or_default()
}

/// The hash of a library as text.
pub(super) fn sha256_text(manifest: &Manifest) -> String {
    hex(&manifest.sha256)
}
