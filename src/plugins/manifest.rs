//! `plugin.toml`: what a plugin says of itself, read strictly, before anything of it runs.

use std::{collections::BTreeSet, time::Duration};

use semver::{Version, VersionReq};
use serde::Deserialize;

use super::{
    BUILT_IN_STEPS,
    capability::Capability,
    reason::{Reason, Refusal},
    registry::{OnError, RunMode},
};
use crate::facts::from_hex;

/// Largest manifest.
pub(super) const MANIFEST_BYTES_MAX: u64 = 64 * 1024;
/// Steps of one plugin.
const STEPS_MAX: usize = 32;
/// Capabilities of one plugin.
const CAPABILITIES_MAX: usize = 100;
const DESCRIPTION_CHARS_MAX: usize = 500;
/// Letters, digits and underscores of a name.
const NAME_CHARS: std::ops::RangeInclusive<usize> = 2..=63;
/// Below are the built-in steps.
const SEQUENCES: std::ops::RangeInclusive<u32> = 500..=9_999;
const TIMEOUTS_MS: std::ops::RangeInclusive<u64> = 100..=600_000;
const TIMEOUT_MS: u64 = 30_000;

/// A manifest whose every value was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    pub name: String,
    pub version: Version,
    /// Major and minor version of the interface.
    pub abi: (u16, u16),
    /// The library's file name.
    pub library: String,
    pub sha256: [u8; 32],
    pub target: String,
    pub host: Option<VersionReq>,
    pub description: String,
    pub enabled: bool,
    pub mode: RunMode,
    pub capabilities: Vec<Capability>,
    pub steps: Vec<ManifestStep>,
}

/// One step that the plugin adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestStep {
    pub name: String,
    pub sequence: u32,
    pub on_error: OnError,
    pub timeout: Duration,
    pub description: String,
}

/// The file as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    version: String,
    abi: String,
    library: String,
    sha256: String,
    target: String,
    host: Option<String>,
    #[serde(default)]
    description: String,
    #[serde(default = "yes")]
    enabled: bool,
    #[serde(default)]
    mode: WrittenMode,
    #[serde(default)]
    capabilities: Vec<String>,
    steps: Vec<WrittenStep>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WrittenMode {
    #[default]
    InProcess,
    Process,
}

/// A step in a manifest, and in what a plugin says of itself.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenStep {
    name: String,
    sequence: u32,
    #[serde(default)]
    on_error: WrittenOnError,
    #[serde(default = "usual_timeout_ms")]
    timeout_ms: u64,
    #[serde(default)]
    description: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WrittenOnError {
    Abort,
    #[default]
    Skip,
}

fn yes() -> bool {
    true
}

fn usual_timeout_ms() -> u64 {
    TIMEOUT_MS
}

impl Manifest {
    /// Reads a manifest. That its name is that of its directory, and that it fits this server, is looked
    /// at by the caller.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        let invalid = |message: String| Refusal::new(Reason::ManifestInvalid, message);
        if bytes.len() as u64 > MANIFEST_BYTES_MAX {
            return Err(Refusal::new(
                Reason::TooLarge,
                format!("the manifest is larger than {MANIFEST_BYTES_MAX} bytes"),
            ));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| invalid("the manifest is not UTF-8".into()))?;
        let written: Written =
            toml::from_str(text).map_err(|error| invalid(format!("the manifest: {}", first_line(&error))))?;
        if !is_plain_name(&written.name) {
            return Err(invalid(
                "`name` begins with a small letter and has 2 to 63 small letters, digits and underscores"
                    .into(),
            ));
        }
        let version = Version::parse(&written.version)
            .map_err(|error| invalid(format!("`version` is no semantic version: {error}")))?;
        let abi =
            abi_version(&written.abi).ok_or_else(|| invalid("`abi` is a version such as `1.0`".into()))?;
        if !is_file_name(&written.library) {
            return Err(invalid("`library` is the name of a file beside the manifest".into()));
        }
        let sha256 =
            digest(&written.sha256).ok_or_else(|| invalid("`sha256` is 64 hexadecimal digits".into()))?;
        if written.target.is_empty() || !written.target.chars().all(is_target_char) {
            return Err(invalid("`target` is a target triple".into()));
        }
        let host = match written.host.as_deref() {
            None => None,
            Some(range) => Some(
                VersionReq::parse(range)
                    .map_err(|error| invalid(format!("`host` is no range of versions: {error}")))?,
            ),
        };
        check_description(&written.description).map_err(invalid)?;
        if written.capabilities.len() > CAPABILITIES_MAX {
            return Err(invalid(format!("at most {CAPABILITIES_MAX} capabilities are read")));
        }
        let capabilities = written
            .capabilities
            .iter()
            .map(|text| Capability::parse(text).map_err(|why| invalid(format!("`capabilities`: {why}"))))
            .collect::<Result<_, _>>()?;
        let steps = steps(&written.name, written.steps)?;
        Ok(Self {
            version,
            abi,
            library: written.library,
            sha256,
            target: written.target,
            host,
            description: written.description,
            enabled: written.enabled,
            mode: match written.mode {
                WrittenMode::InProcess => RunMode::InProcess,
                WrittenMode::Process => RunMode::Process,
            },
            capabilities,
            steps,
            name: written.name,
        })
    }
}

/// Checks steps, those of a manifest or those that a plugin describes.
pub(super) fn steps(plugin: &str, written: Vec<WrittenStep>) -> Result<Vec<ManifestStep>, Refusal> {
    let invalid = |message: String| Refusal::new(Reason::ManifestInvalid, message);
    if written.is_empty() || written.len() > STEPS_MAX {
        return Err(invalid(format!("a plugin has 1 to {STEPS_MAX} steps")));
    }
    let mut names = BTreeSet::new();
    let mut steps = Vec::new();
    for step in written {
        let name = step.name;
        let bare = match name.split_once('.') {
            Some((owner, bare)) if owner == plugin => bare,
            Some(_) => return Err(invalid(format!("a step is named `{plugin}.<step>` or `<step>`"))),
            None => name.as_str(),
        };
        if !is_plain_name(bare) {
            return Err(invalid("the name of a step has small letters, digits and underscores".into()));
        }
        if BUILT_IN_STEPS.contains(&name.as_str()) {
            return Err(Refusal::new(
                Reason::ReservedStep,
                format!("the name `{name}` belongs to a step of the server"),
            ));
        }
        if !names.insert(name.clone()) {
            return Err(Refusal::new(Reason::DuplicateStep, format!("the step `{name}` is there twice")));
        }
        if !SEQUENCES.contains(&step.sequence) {
            return Err(Refusal::new(
                Reason::SequenceOutOfRange,
                format!("the sequence of `{name}` is not from {} to {}", SEQUENCES.start(), SEQUENCES.end()),
            ));
        }
        if !TIMEOUTS_MS.contains(&step.timeout_ms) {
            return Err(invalid(format!(
                "`timeout_ms` of `{name}` is not from {} to {}",
                TIMEOUTS_MS.start(),
                TIMEOUTS_MS.end()
            )));
        }
        check_description(&step.description).map_err(invalid)?;
        steps.push(ManifestStep {
            sequence: step.sequence,
            on_error: match step.on_error {
                WrittenOnError::Abort => OnError::Abort,
                WrittenOnError::Skip => OnError::Skip,
            },
            timeout: Duration::from_millis(step.timeout_ms),
            description: step.description,
            name,
        });
    }
    Ok(steps)
}

/// What a plugin describes: its steps, in the order of their numbers.
#[derive(Debug, Deserialize)]
struct Described {
    steps: Vec<WrittenStep>,
}

/// The steps that a plugin describes have to be those of the manifest, in the same order.
pub(super) fn check_described(manifest: &Manifest, described: &str) -> Result<(), Refusal> {
    let mismatch = |message: String| Refusal::new(Reason::DescribeMismatch, message);
    let described: Described = serde_json::from_str(described)
        .map_err(|_| mismatch("what the plugin describes cannot be read".into()))?;
    let described = steps(&manifest.name, described.steps)
        .map_err(|why| mismatch(format!("what the plugin describes is wrong: {}", why.message)))?;
    if described == manifest.steps {
        return Ok(());
    }
    let differing = described.iter().zip(&manifest.steps).find(|(one, other)| one != other);
    Err(mismatch(match differing {
        Some((_, step)) => {
            format!("the plugin describes the step `{}` otherwise than its manifest", step.name)
        }
        None => format!(
            "the plugin describes {} steps and its manifest {}",
            described.len(),
            manifest.steps.len()
        ),
    }))
}

/// Names of plugins and steps: `^[a-z][a-z0-9_]{1,62}$`.
pub(super) fn is_plain_name(name: &str) -> bool {
    NAME_CHARS.contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// A base name without anything that a path or a loader could read in another way.
fn is_file_name(name: &str) -> bool {
    const FILE_NAME_BYTES_MAX: usize = 200;
    (1..=FILE_NAME_BYTES_MAX).contains(&name.len())
        && !name.starts_with('.')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

fn is_target_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')
}

fn digest(text: &str) -> Option<[u8; 32]> {
    let only_digits = text.chars().all(|c| c.is_ascii_hexdigit());
    from_hex(text).filter(|_| only_digits)?.try_into().ok()
}

fn abi_version(text: &str) -> Option<(u16, u16)> {
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    let (major, minor) = text.split_once('.')?;
    Some((digits(major)?, digits(minor)?))
}

fn check_description(text: &str) -> Result<(), String> {
    if text.chars().count() > DESCRIPTION_CHARS_MAX || text.chars().any(char::is_control) {
        return Err(format!("a description has at most {DESCRIPTION_CHARS_MAX} characters in one line"));
    }
    Ok(())
}

fn first_line(error: &toml::de::Error) -> String {
    error.message().lines().next().unwrap_or("not TOML").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
name = "vendor_hint"
version = "1.2.3"
abi = "1.0"
library = "libvendor_hint.so"
sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
target = "x86_64-unknown-linux-gnu"
capabilities = ["odoo.read:res.partner", "ledger.read"]

[[steps]]
name = "vendor_hint.look"
sequence = 510
"#;

    #[track_caller]
    fn check(from: &str, to: &str, expected: Reason) {
        assert!(GOOD.contains(from), "{from}");
        let refusal = Manifest::parse(GOOD.replacen(from, to, 1).as_bytes()).unwrap_err();
        assert_eq!(refusal.reason, expected, "{to}: {refusal}");
    }

    #[test]
    fn a_good_manifest_is_read_with_its_defaults() {
        let manifest = Manifest::parse(GOOD.as_bytes()).unwrap();
        assert!(manifest.enabled);
        assert_eq!(manifest.mode, RunMode::InProcess);
        assert_eq!(manifest.steps[0].timeout, Duration::from_secs(30));
        assert_eq!(manifest.steps[0].on_error, OnError::Skip);
        assert_eq!(manifest.capabilities.len(), 2);
    }

    #[test]
    fn whatever_is_not_as_it_should_be_is_refused() {
        use Reason::{DuplicateStep, ManifestInvalid, ReservedStep, SequenceOutOfRange};
        check("name = \"vendor_hint\"", "name = \"Vendor\"", ManifestInvalid);
        check("name = \"vendor_hint\"", "name = \"v\"", ManifestInvalid);
        check("name = \"vendor_hint\"", "name = \"../x\"", ManifestInvalid);
        check("1.2.3", "1.2", ManifestInvalid);
        check("abi = \"1.0\"", "abi = \"1\"", ManifestInvalid);
        check("abi = \"1.0\"", "abi = \"+1.0\"", ManifestInvalid);
        check("abi = \"1.0\"", "abi = \"1.99999\"", ManifestInvalid);
        for library in ["../l.so", "/l.so", "a/b.so", ".l.so", "", "a b.so", "a\\\\b.dll"] {
            check("libvendor_hint.so", library, ManifestInvalid);
        }
        check("0000\"", "000\"", ManifestInvalid);
        check("0000\"", "000g\"", ManifestInvalid);
        check("target = \"x86_64-unknown-linux-gnu\"", "target = \"\"", ManifestInvalid);
        check("abi = ", "surprise = 1\nabi = ", ManifestInvalid);
        check("abi = ", "host = \"soon\"\nabi = ", ManifestInvalid);
        check("abi = ", "mode = \"wasm\"\nabi = ", ManifestInvalid);
        check("ledger.read", "ledger.write", ManifestInvalid);
        check("sequence = 510", "sequence = 10", SequenceOutOfRange);
        check("sequence = 510", "sequence = 10000", SequenceOutOfRange);
        check("sequence = 510", "sequence = -1", ManifestInvalid);
        check("sequence = 510", "sequence = 510\ntimeout_ms = 99", ManifestInvalid);
        check("sequence = 510", "sequence = 510\non_error = \"retry\"", ManifestInvalid);
        check("sequence = 510", "sequence = 510\nmore = 1", ManifestInvalid);
        check("vendor_hint.look", "other.look", ManifestInvalid);
        check("vendor_hint.look", "extract_vision", ReservedStep);
        check(
            "sequence = 510",
            "sequence = 510\n[[steps]]\nname = \"vendor_hint.look\"\nsequence = 511",
            DuplicateStep,
        );
        let long = format!("description = \"{}\"\nabi = ", "x".repeat(501));
        check("abi = ", &long, ManifestInvalid);
        let steps = |count: usize| {
            let step = |n| format!("[[steps]]\nname = \"step_{n}\"\nsequence = 600\n");
            (0..count).map(step).collect::<String>()
        };
        check("sequence = 510\n", &format!("sequence = 510\n{}", steps(32)), ManifestInvalid);
        assert_eq!(Manifest::parse(&vec![b'#'; 70_000]).unwrap_err().reason, Reason::TooLarge);
        assert_eq!(Manifest::parse(&[0xff]).unwrap_err().reason, ManifestInvalid);
    }

    #[test]
    fn what_a_plugin_describes_has_to_be_its_manifest() {
        let manifest = Manifest::parse(GOOD.as_bytes()).unwrap();
        let check = |described: &str, fits: bool| {
            let outcome = check_described(&manifest, described);
            assert_eq!(outcome.is_ok(), fits, "{described}: {outcome:?}");
        };
        check(r#"{"steps": [{"name": "vendor_hint.look", "sequence": 510}]}"#, true);
        check(
            r#"{"steps": [{"name": "vendor_hint.look", "sequence": 510, "on_error": "skip",
                "timeout_ms": 30000, "description": ""}], "thread_safe": true}"#,
            true,
        );
        check(r#"{"steps": [{"name": "vendor_hint.look", "sequence": 511}]}"#, false);
        check(r#"{"steps": [{"name": "vendor_hint.look", "sequence": 510, "on_error": "abort"}]}"#, false);
        check(r#"{"steps": []}"#, false);
        check(r#"{"steps": [{"name": "probe_move", "sequence": 510}]}"#, false);
        check("[]", false);
    }
}
