//! `plugin new`: a template that compiles, to start a plugin from.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::{Session, Stop};

/// Write the template of a new plugin
#[derive(Debug, Args)]
pub(super) struct New {
    /// Name of the plugin: a lower-case letter, then lower-case letters, digits and `_`
    #[arg(value_name = "NAME")]
    name: String,
    /// The language of the template
    #[arg(long, value_enum, default_value = "rust")]
    language: Language,
    /// Where the directory `NAME` is made
    #[arg(long, value_name = "PATH", default_value = ".")]
    dir: PathBuf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Language {
    Rust,
    C,
}

impl New {
    pub(super) fn run(self, _session: &Session) -> Result<(), Stop> {
        let what = match self.language {
            Language::Rust => "Rust",
            Language::C => "C",
        };
        let place = self.dir.join(self.name);
        Err(Stop::FailedWith(format!("the {what} template for `{}` is not there yet", place.display())))
    }
}
