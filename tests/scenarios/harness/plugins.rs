//! Plugins as an operator has them: the shipped ones, built, packed by the program, in a directory.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use super::{DoorSettings, program};

/// The plugins of this repository.
pub(crate) const SHIPPED: &[&str] = &["vendor_match", "duplicate_guard", "account_suggest"];

/// What they ask for.
pub(crate) const CAPABILITIES: &str =
    "odoo.read:res.company,odoo.read:res.partner,odoo.read:account.move,odoo.read:account.move.line";

/// A directory of plugins of one scenario.
#[derive(Debug)]
pub(crate) struct PluginDir(tempfile::TempDir);

impl PluginDir {
    /// With these of the shipped plugins.
    #[track_caller]
    pub(crate) fn with(names: &[&str]) -> Self {
        let dir = Self(tempfile::tempdir().expect("a folder"));
        for name in names {
            dir.install(name);
        }
        dir
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn of(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub(crate) fn library(&self, name: &str) -> PathBuf {
        self.of(name).join(file_name(name))
    }

    /// Puts a shipped plugin here, as the documentation says: its manifest, and the library packed to it.
    #[track_caller]
    pub(crate) fn install(&self, name: &str) {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins").join(name).join("plugin.toml");
        fs::create_dir_all(self.of(name)).expect("a folder");
        fs::copy(source, self.of(name).join("plugin.toml")).expect("a manifest");
        self.pack(name);
    }

    /// Another version of a plugin that lies here.
    #[track_caller]
    pub(crate) fn write_manifest(&self, name: &str, change: impl FnOnce(String) -> String) {
        let manifest = self.of(name).join("plugin.toml");
        let text = fs::read_to_string(&manifest).expect("a manifest");
        fs::write(&manifest, change(text)).expect("a manifest");
    }

    #[track_caller]
    fn pack(&self, name: &str) {
        let packed = program(self.path())
            .args(["plugin", "pack"])
            .arg(self.of(name))
            .arg(built().join(file_name(name)))
            .output()
            .expect("the program runs");
        assert!(packed.status.success(), "{}", String::from_utf8_lossy(&packed.stderr));
    }

    /// A server that takes them, in its own process or in processes of their own.
    pub(crate) fn settings(&self, settings: DoorSettings, in_process: bool) -> DoorSettings {
        let mode = if in_process { "declared" } else { "process" };
        settings
            .variable("AI_PLUGINS_ENABLED", "1")
            .variable("ODOO_MCP_PLUGINS_ALLOW_ROOT", "1")
            .variable("AI_INVOICE_PLUGINS_DIR", &self.path().to_string_lossy())
            .variable("AI_PLUGIN_UNSIGNED_MODE", mode)
            .variable("AI_PLUGIN_CAPABILITIES", CAPABILITIES)
    }
}

fn file_name(name: &str) -> String {
    format!("{}{name}{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX)
}

/// Where the libraries are, once they are built. The place is that of the tests of the kit, so that
/// what was built for one is there for the other.
#[expect(clippy::disallowed_methods, reason = "cargo builds the plugins")]
fn built() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("plugins");
        let ran = Command::new(env!("CARGO"))
            .args(["build", "--offline", "--quiet"])
            .args(SHIPPED.iter().flat_map(|name| ["-p", name]))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("CARGO_TARGET_DIR", &target)
            .output()
            .expect("cargo runs");
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        target.join("debug")
    })
}
