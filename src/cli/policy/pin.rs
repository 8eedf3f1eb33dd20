//! `policy pin`: the digests of tools, for the section `pins`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Args;
use serde_json::{Map, Value, json};

use crate::{
    cli::{Session, Stop},
    facts::check_strict_json,
    policy::{KnownTools as _, Policy},
    tools::Catalog,
};

/// As deep as a policy may be.
const DEPTH_MAX: usize = 32;

/// Print pins for tools, or write them into a policy file
#[derive(Debug, Args)]
#[command(after_help = "\
A pin is a digest over name, description, schemas and annotations of a tool. A tool whose pin in the
policy is another one is denied until somebody has looked and pinned it again.

Examples:
  odoo-mcp policy pin
  odoo-mcp policy pin odoo_execute odoo_unlink
  odoo-mcp policy pin odoo_execute --update policy.json")]
pub(super) struct Pin {
    /// Tools to pin; without any all of them, or with --update those that the file pins
    #[arg(value_name = "TOOL")]
    tools: Vec<String>,
    /// Write the pins into this policy file
    #[arg(long, value_name = "FILE")]
    update: Option<PathBuf>,
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
}

impl Pin {
    pub(super) fn run(self, session: &Session) -> Result<(), Stop> {
        let catalog = Catalog::new();
        let Some(path) = &self.update else {
            let mut names = self.tools.clone();
            if names.is_empty() {
                names = catalog.iter().map(|found| found.entry.name().to_owned()).collect();
            }
            let pins = json!({ "pins": pins(&catalog, &names)? });
            if self.json {
                return Ok(session.terminal.json(&pins)?);
            }
            return Ok(session.terminal.line(&format!("{pins:#}"))?);
        };
        let mut file = read(path)?;
        let mut known = match file.get("pins") {
            Some(Value::Object(pins)) => pins.clone(),
            _ => Map::new(),
        };
        let names = if self.tools.is_empty() { known.keys().cloned().collect() } else { self.tools.clone() };
        let mut changed: Vec<String> = Vec::new();
        for (name, pin) in pins(&catalog, &names)? {
            if known.get(&name) != Some(&pin) {
                changed.push(name.clone());
                known.insert(name, pin);
            }
        }
        if !changed.is_empty() {
            file.insert("pins".to_owned(), Value::Object(known));
            write(path, &file, &catalog)?;
        }
        if self.json {
            return Ok(session.terminal.json(&json!({ "changed": changed }))?);
        }
        let told = match changed.as_slice() {
            [] => "all pins are those of the tools".to_owned(),
            changed => format!("pinned: {}", changed.join(", ")),
        };
        Ok(session.terminal.line(&told)?)
    }
}

fn pins(catalog: &Catalog, names: &[String]) -> Result<Map<String, Value>, Stop> {
    names
        .iter()
        .map(|name| {
            let pin = catalog.pin(name);
            let pin = pin.ok_or_else(|| Stop::Settings(format!("there is no tool `{name}` to pin")))?;
            Ok((name.clone(), Value::from(pin)))
        })
        .collect()
}

fn read(path: &Path) -> Result<Map<String, Value>, Stop> {
    let shown = path.display();
    let text = fs::read(path)
        .map_err(|error| Stop::Settings(format!("`{shown}` cannot be read: {}", error.kind())))?;
    check_strict_json(&text, DEPTH_MAX)
        .map_err(|_| Stop::Settings(format!("`{shown}` is no policy: `odoo-mcp policy check` says why")))?;
    serde_json::from_slice(&text).map_err(|_| Stop::Settings(format!("`{shown}` is not a JSON object")))
}

/// Replaces the file as a whole; a server that watches it sees the old or the new one.
fn write(path: &Path, file: &Map<String, Value>, catalog: &Catalog) -> Result<(), Stop> {
    let text = format!("{:#}\n", Value::Object(file.clone()));
    if let Err(error) = Policy::load(text.as_bytes(), catalog) {
        return Err(Stop::Settings(format!("`{}` would not load with its pins: {error}", path.display())));
    }
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = PathBuf::from(new);
    fs::write(&new, text).and_then(|()| fs::rename(&new, path)).map_err(|error| {
        Stop::FailedWith(format!("`{}` cannot be written: {}", path.display(), error.kind()))
    })
}
