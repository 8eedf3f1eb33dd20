//! A directory of plugins that a test fills with libraries of its own, and the server's side of it.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use futures_util::future::BoxFuture;
use odoo_mcp::{
    config::{PluginSettings, SignaturePolicy, UnsignedMode},
    plugins::{
        Broker, BrokerError, PluginError, PluginReport, PluginStep, Plugins, ReloadReport, ReloadRequest,
        StepAnswer, host_target,
    },
    store::StateDir,
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

/// The place of one test.
pub(super) struct Place {
    pub(super) dir: tempfile::TempDir,
    pub(super) settings: PluginSettings,
}

/// What a plugin of the test is, before it is compiled.
#[derive(Clone)]
pub(super) struct Spec {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) definitions: Vec<String>,
    pub(super) linked: Vec<String>,
    /// Lines of the manifest before the steps.
    pub(super) manifest: Vec<String>,
    pub(super) steps: String,
}

pub(super) fn spec(name: &str) -> Spec {
    Spec {
        name: name.to_owned(),
        version: "1.0.0".to_owned(),
        definitions: Vec::new(),
        linked: Vec::new(),
        manifest: Vec::new(),
        steps: format!("[[steps]]\nname = \"{name}.run\"\nsequence = 600\ntimeout_ms = 2000\n"),
    }
}

impl Spec {
    pub(super) fn version(mut self, version: &str) -> Self {
        self.version = version.to_owned();
        self
    }

    pub(super) fn defining(mut self, definition: &str) -> Self {
        self.definitions.push(definition.to_owned());
        self
    }

    pub(super) fn linked(mut self, option: &str) -> Self {
        self.linked.push(option.to_owned());
        self
    }

    pub(super) fn saying(mut self, line: &str) -> Self {
        self.manifest.push(line.to_owned());
        self
    }

    /// One step with this name, sequence and time, in the manifest and in what the plugin describes.
    pub(super) fn step(mut self, name: &str, sequence: u32, timeout_ms: u32) -> Self {
        self.steps =
            format!("[[steps]]\nname = \"{name}\"\nsequence = {sequence}\ntimeout_ms = {timeout_ms}\n");
        let described = json!({"name": name, "sequence": sequence, "timeout_ms": timeout_ms});
        let text = described.to_string().replace('"', "\\\"");
        self.defining(&format!("STEPS=\"{text}\""))
    }
}

impl Place {
    /// Unsigned plugins run as their manifest says, which is in this process.
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("plugins");
        fs::create_dir(&root).unwrap();
        let settings = PluginSettings {
            enabled: true,
            dir: Some(root),
            unsigned_mode: UnsignedMode::Declared,
            allow_root: true,
            signature: Some(SignaturePolicy::IfPresent),
            runner: PathBuf::from(env!("CARGO_BIN_EXE_odoo-mcp")),
            ..PluginSettings::default()
        };
        Self { dir, settings }
    }

    /// The same with every plugin in a process of its own.
    pub(super) fn apart() -> Self {
        let mut place = Self::new();
        place.settings.unsigned_mode = UnsignedMode::Process;
        place
    }

    pub(super) fn root(&self) -> PathBuf {
        self.dir.path().join("plugins")
    }

    pub(super) fn of(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    pub(super) fn library(&self, name: &str) -> PathBuf {
        self.of(name).join(format!("lib{name}.so"))
    }

    pub(super) fn marker(&self) -> PathBuf {
        self.dir.path().join("marker")
    }

    pub(super) fn open(&self) -> Plugins {
        Plugins::open(&self.settings, &StateDir::open(&self.dir.path().join("state")).unwrap())
    }

    /// Compiles the plugin and puts it where it belongs, replacing an older one as an installer would.
    pub(super) fn install(&self, spec: &Spec) {
        let dir = self.of(&spec.name);
        fs::create_dir_all(&dir).unwrap();
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).unwrap();
        let library = self.library(&spec.name);
        let built = self.dir.path().join(format!("build-{}.so", spec.name));
        compile(spec, &self.marker(), &built);
        let _ = fs::remove_file(&library);
        fs::rename(&built, &library).unwrap();
        self.write_manifest(spec);
    }

    /// Writes the manifest of what lies there.
    pub(super) fn write_manifest(&self, spec: &Spec) {
        let bytes = fs::read(self.library(&spec.name)).unwrap();
        let sha256 = odoo_mcp::facts::hex(ring::digest::digest(&ring::digest::SHA256, &bytes).as_ref());
        let mut lines = vec![
            format!("name = \"{}\"", spec.name),
            format!("version = \"{}\"", spec.version),
            "abi = \"1.0\"".to_owned(),
            format!("library = \"lib{}.so\"", spec.name),
            format!("sha256 = \"{sha256}\""),
            format!("target = \"{}\"", host_target()),
        ];
        // A line of the case replaces the usual one.
        lines.retain(|line| {
            let key = line.split(' ').next().unwrap();
            !spec.manifest.iter().any(|other| other.split(' ').next() == Some(key))
        });
        lines.extend(spec.manifest.iter().cloned());
        let path = self.of(&spec.name).join("plugin.toml");
        let _ = fs::remove_file(&path);
        fs::write(&path, format!("{}\n\n{}", lines.join("\n"), spec.steps)).unwrap();
    }
}

fn compile(spec: &Spec, marker: &Path, library: &Path) {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new("cc")
        .args(["-std=c11", "-O1", "-shared", "-fPIC", "-w"])
        .arg("-I")
        .arg(package.join("plugins/abi/include"))
        .arg(format!("-DNAME=\"{}\"", spec.name))
        .arg(format!("-DVERSION=\"{}\"", spec.version))
        .arg(format!("-DMARKER=\"{}\"", marker.display()))
        .args(spec.definitions.iter().map(|definition| format!("-D{definition}")))
        .arg(package.join("tests/it/plugins/fixture.c"))
        .args(&spec.linked)
        .arg("-o")
        .arg(library)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

pub(super) async fn reload(plugins: &Plugins) -> ReloadReport {
    plugins.reload(ReloadRequest::default()).await
}

/// What the report says of one plugin.
#[track_caller]
pub(super) fn of<'a>(report: &'a ReloadReport, name: &str) -> &'a PluginReport {
    report.plugins.iter().find(|plugin| plugin.name == name).unwrap_or_else(|| panic!("{report:#?}"))
}

/// Status and reason of one plugin, as a client sees them.
#[track_caller]
pub(super) fn fate(report: &ReloadReport, name: &str) -> (String, String) {
    let plugin = serde_json::to_value(of(report, name)).unwrap();
    let text = |key: &str| plugin[key].as_str().unwrap_or_default().to_owned();
    (text("status"), text("reason_code"))
}

#[track_caller]
pub(super) fn check_fate(report: &ReloadReport, name: &str, status: &str, reason: &str) {
    assert_eq!(fate(report, name), (status.to_owned(), reason.to_owned()), "{report:#?}");
}

#[track_caller]
pub(super) fn step(plugins: &Plugins, name: &str) -> Arc<PluginStep> {
    Arc::clone(plugins.registry().step(name).unwrap_or_else(|| panic!("no step {name}")))
}

/// Runs a step that is told to do something.
pub(super) async fn told(step: &PluginStep, what: &str) -> Result<StepAnswer, PluginError> {
    step.execute(&json!({"do": what}), &Nobody, &CancellationToken::new()).await
}

/// The version that a step says it is.
pub(super) async fn version_of(step: &PluginStep) -> Value {
    told(step, "answer").await.unwrap().data["version"].clone()
}

/// Answers nothing.
pub(super) struct Nobody;

impl Broker for Nobody {
    fn ask<'a>(&'a self, _: &'a str, _: &'a Value) -> BoxFuture<'a, Result<Value, BrokerError>> {
        Box::pin(async { Err(BrokerError::new("nobody", "nobody answers")) })
    }
}

/// Counts what it is asked and answers with the request.
#[derive(Default)]
pub(super) struct Echo(pub(super) AtomicU32);

impl Broker for Echo {
    fn ask<'a>(&'a self, plugin: &'a str, request: &'a Value) -> BoxFuture<'a, Result<Value, BrokerError>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move { Ok(json!({"plugin": plugin, "request": request})) })
    }
}
