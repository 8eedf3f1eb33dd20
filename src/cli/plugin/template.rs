//! The files of a new plugin. The kit is part of this program, so that a plugin builds without our
//! repository.

use super::new::Language;

/// What the templates call the plugin, its type and its library.
const NAME: &str = "my_plugin";
const TYPE: &str = "MyPlugin";
const LIBRARY: &str = "libmy_plugin.so";

/// A section of our own packages that means nothing outside of our workspace.
const WORKSPACE_LINTS: &str = "\n[lints]\nworkspace = true\n";

/// One file: where, and what is in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct File {
    /// Below the directory of the plugin, with `/`.
    pub(super) path: &'static str,
    pub(super) text: String,
}

/// A file that begins as one of ours.
struct Part {
    path: &'static str,
    text: &'static str,
}

const fn part(path: &'static str, text: &'static str) -> Part {
    Part { path, text }
}

const RUST: &[Part] = &[
    part("Cargo.toml", include_str!("../../../plugins/sdk/templates/Cargo.toml.txt")),
    part("plugin.toml", include_str!("../../../plugins/sdk/templates/plugin.toml")),
    part("README.md", include_str!("../../../plugins/sdk/templates/README.rust.md")),
    part(".gitignore", "/target\n"),
    part("src/lib.rs", include_str!("../../../plugins/sdk/templates/lib.rs")),
];

const C: &[Part] = &[
    part("plugin.c", include_str!("../../../plugins/sdk/templates/plugin.c")),
    part("plugin.toml", include_str!("../../../plugins/sdk/templates/plugin.toml")),
    part("README.md", include_str!("../../../plugins/sdk/templates/README.c.md")),
    part("Makefile", include_str!("../../../plugins/sdk/templates/Makefile")),
    part(".gitignore", "/libmy_plugin.so\n"),
];

/// The interface and the kit, as path dependencies.
const KIT: &[Part] = &[
    part("odoo-mcp/abi/Cargo.toml", include_str!("../../../plugins/abi/Cargo.toml")),
    part("odoo-mcp/abi/build.rs", include_str!("../../../plugins/abi/build.rs")),
    part("odoo-mcp/abi/src/lib.rs", include_str!("../../../plugins/abi/src/lib.rs")),
    part("odoo-mcp/abi/src/note.rs", include_str!("../../../plugins/abi/src/note.rs")),
    part("odoo-mcp/sdk/Cargo.toml", include_str!("../../../plugins/sdk/Cargo.toml")),
    part("odoo-mcp/sdk/src/lib.rs", include_str!("../../../plugins/sdk/src/lib.rs")),
    part("odoo-mcp/sdk/src/answer.rs", include_str!("../../../plugins/sdk/src/answer.rs")),
    part("odoo-mcp/sdk/src/context.rs", include_str!("../../../plugins/sdk/src/context.rs")),
    part("odoo-mcp/sdk/src/exports.rs", include_str!("../../../plugins/sdk/src/exports.rs")),
    part("odoo-mcp/sdk/src/fields.rs", include_str!("../../../plugins/sdk/src/fields.rs")),
    part("odoo-mcp/sdk/src/host.rs", include_str!("../../../plugins/sdk/src/host.rs")),
    part("odoo-mcp/sdk/src/plugin.rs", include_str!("../../../plugins/sdk/src/plugin.rs")),
];

const HEADER: &[Part] =
    &[part("odoo_mcp_plugin.h", include_str!("../../../plugins/abi/include/odoo_mcp_plugin.h"))];

/// The files of a plugin with this name.
pub(super) fn files(name: &str, language: Language) -> Vec<File> {
    let (own, kit) = match language {
        Language::Rust => (RUST, KIT),
        Language::C => (C, HEADER),
    };
    let library = library_name(name);
    let named = |part: &Part| {
        let text = part.text.replace(LIBRARY, &library).replace(NAME, name).replace(TYPE, &type_name(name));
        File { path: part.path, text }
    };
    let copied = |part: &Part| File { path: part.path, text: part.text.replace(WORKSPACE_LINTS, "") };
    own.iter().map(named).chain(kit.iter().map(copied)).collect()
}

/// What a library is called where this program runs.
fn library_name(name: &str) -> String {
    if cfg!(windows) {
        format!("{name}.dll")
    } else if cfg!(target_os = "macos") {
        format!("lib{name}.dylib")
    } else {
        format!("lib{name}.so")
    }
}

/// `vendor_hint` is `VendorHint`.
fn type_name(name: &str) -> String {
    let capitalised = |word: &str| {
        let mut chars = word.chars();
        chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars).collect::<String>()
    };
    name.split('_').map(capitalised).collect()
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    #[test]
    fn every_file_bears_the_name() {
        for language in [Language::Rust, Language::C] {
            for file in files("vendor_hint", language) {
                assert!(!file.text.contains(NAME) && !file.text.contains(TYPE), "{}", file.path);
                assert!(!file.text.contains("workspace = true"), "{}", file.path);
            }
        }
        let files = files("vendor_hint", Language::Rust);
        let source = files.iter().find(|file| file.path == "src/lib.rs").unwrap();
        assert!(source.text.contains("export_plugin!(VendorHint)"));
    }

    /// A file that is added to the kit has to be added to the list above.
    #[test]
    fn the_whole_kit_is_written() {
        let written: BTreeSet<&str> = KIT.iter().map(|part| part.path).collect();
        let mut there = BTreeSet::new();
        for part in ["abi", "sdk"] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins").join(part).join("src");
            for entry in fs::read_dir(folder).unwrap() {
                let name = entry.unwrap().file_name().into_string().unwrap();
                there.insert(format!("odoo-mcp/{part}/src/{name}"));
            }
        }
        let sources = written.iter().filter(|path| path.contains("/src/")).map(|path| (*path).to_owned());
        assert_eq!(sources.collect::<BTreeSet<String>>(), there);
    }
}
