//! Names that fit a place: of tools, of things in the file itself, and paths into the facts.

use std::sync::Arc;

use serde_json::Value;

use super::{
    super::{
        facts_schema::{CTX, Leads, ODOO, follow, types_of},
        keys, path,
        shape::Form,
    },
    Vocabulary,
    place::{Place, Slot},
};
use crate::policy::{KnownTools, file::document::Root};

/// A name and what it stands for.
pub(super) type Named = (String, String);

/// What is known while one answer is made.
pub(super) struct House<'a> {
    pub(super) known: &'a dyn KnownTools,
    pub(super) vocabulary: &'a Vocabulary,
    pub(super) text: &'a str,
    pub(super) place: &'a Place,
}

impl House<'_> {
    /// Texts of a form that make sense here.
    pub(super) fn names(&mut self, form: &'static Form) -> Vec<Named> {
        let is = |other: &'static Form| std::ptr::eq(form, other);
        let plain = |names: &[String], about: &str| {
            names.iter().map(|name| (name.clone(), about.to_owned())).collect::<Vec<_>>()
        };
        let written = |texts: &[(&str, &str)]| {
            texts.iter().map(|(text, about)| ((*text).to_owned(), (*about).to_owned())).collect::<Vec<_>>()
        };
        if is(&keys::TOOL) || is(&keys::TOOLS) {
            let tools = self.known.tools();
            let about = |tool: &crate::facts::ToolFacts| {
                format!("{}, risk {}", tool.class.as_str(), tool.risk.as_str())
            };
            let mut names: Vec<Named> =
                tools.iter().map(|tool| (tool.name.to_owned(), about(tool))).collect();
            if is(&keys::TOOLS) {
                names.push(("*".to_owned(), "every tool".to_owned()));
            }
            return names;
        }
        if is(&keys::ALIAS) {
            let mut names = plain(&self.vocabulary.connections, "connection");
            names.push(("*".to_owned(), "every other connection".to_owned()));
            return names;
        }
        if is(&keys::GRANT_NAME) {
            return plain(&self.vocabulary.grants, "grant");
        }
        if is(&keys::MODELS) {
            let mut names = plain(&self.vocabulary.models, "model");
            names
                .extend(self.members_everywhere("models").into_iter().map(|name| (name, "model".to_owned())));
            names.push(("*".to_owned(), "every other model".to_owned()));
            return names;
        }
        if is(&keys::OWN_NAME) {
            return self.own_names();
        }
        if is(&keys::PATH) || is(&keys::ANY_PATH) {
            return self.paths();
        }
        if is(&keys::DIGEST) {
            let tool = match &self.place.slot {
                Slot::Value(tool) => self.known.pin(tool),
                _ => None,
            };
            return tool.map(|pin| (pin, "the tool as it is now".to_owned())).into_iter().collect();
        }
        if is(&keys::UNIT) {
            return written(&[
                ("calls", "how often"),
                ("records", "records that are touched"),
                ("rows", "rows that come back"),
                ("bytes", "bytes that come back"),
                ("money:EUR", "an amount in a currency"),
            ]);
        }
        if is(&keys::WEIGHT) {
            return written(&[
                ("odoo.count", "records that the call touches"),
                ("rows", "rows of the result"),
                ("bytes", "bytes of the result"),
            ])
            .into_iter()
            .chain(self.paths().into_iter().filter(|(path, _)| path.starts_with("args.")))
            .collect();
        }
        if is(&keys::RATE_TEXT) {
            return written(&[
                ("10/minute", "ten calls a minute"),
                ("60/hour", "sixty calls an hour"),
                ("100/day", "a hundred calls a day"),
            ]);
        }
        if is(&keys::APPROVER) {
            let users = self.vocabulary.users.iter();
            return users.map(|user| (format!("user:{user}"), "may agree".to_owned())).collect();
        }
        Vec::new()
    }

    /// Names that the file gives to its own things, by the key they are asked for at.
    fn own_names(&self) -> Vec<Named> {
        let Slot::Value(key) = &self.place.slot else { return Vec::new() };
        let (section, about) = match key.as_str() {
            "counter" => ("counters", "shared counter"),
            "environment" => ("environments", "environment of this file"),
            "time" => ("time_windows", "time window of this file"),
            _ => return Vec::new(),
        };
        self.members_everywhere(section).into_iter().map(|name| (name, about.to_owned())).collect()
    }

    /// Names of the members of every object under this key, as far as the text can be read.
    fn members_everywhere(&self, section: &str) -> Vec<String> {
        let Ok(file) = serde_json::from_str::<Value>(&repaired(self.text, self.place)) else {
            return Vec::new();
        };
        let mut names = Vec::new();
        let grants =
            file.get("grants").and_then(Value::as_object).into_iter().flatten().map(|(_, body)| body);
        for body in [&file].into_iter().chain(grants) {
            let members = body.get(section).and_then(Value::as_object).into_iter().flatten();
            names.extend(members.map(|(name, _)| name.clone()).filter(|name| *name != "*"));
        }
        names
    }

    /// The name of the tool whose rule the cursor is in.
    fn tool(&self) -> Option<&str> {
        let at = self.place.steps.iter().position(|step| step == "tools")?;
        self.place.steps.get(at + 1).map(String::as_str)
    }

    fn paths(&self) -> Vec<Named> {
        let mut paths = Vec::new();
        if let Some(schema) = self.tool().and_then(|tool| self.known.input_schema(tool)) {
            let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
            for (name, property) in properties {
                let about = property.get("description").and_then(Value::as_str).unwrap_or_default();
                let about = about.lines().next().unwrap_or_default();
                paths.push((format!("args.{name}"), format!("{} {about}", types_of(property).join(" or "))));
            }
        }
        for (root, schema) in [("odoo", &*ODOO), ("ctx", &*CTX)] {
            let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
            for (name, property) in properties.filter(|(name, _)| *name != "time") {
                paths.push((format!("{root}.{name}"), types_of(property).join(" or ")));
            }
        }
        let windows = self.members_everywhere("time_windows");
        paths.extend(windows.into_iter().map(|name| (format!("ctx.time.{name}"), "boolean".to_owned())));
        paths
    }

    /// Values that what stands at the path beside the cursor can have.
    pub(super) fn compared(&self) -> Vec<Named> {
        let beside = |key: &str| {
            let found = self.place.beside.iter().find(|(name, _)| name == key);
            found.and_then(|(_, value)| value.as_deref())
        };
        let Some(read) = beside("path").and_then(|text| path::read_fact(text).ok()) else {
            return Vec::new();
        };
        let names = |names: &[String]| names.iter().map(|name| (name.clone(), String::new())).collect();
        match &*read.text {
            "odoo.model" => return names(&self.vocabulary.models),
            "odoo.connection" | "ctx.connection" => return names(&self.vocabulary.connections),
            "ctx.grant" => return names(&self.vocabulary.grants),
            "ctx.user" => return names(&self.vocabulary.users),
            _ => {}
        }
        let schema = match read.root {
            Root::Odoo => Some(Arc::clone(&ODOO)),
            Root::Ctx => Some(Arc::clone(&CTX)),
            Root::Args => {
                let schema = self.tool().and_then(|tool| self.known.input_schema(tool));
                schema.map(|schema| Arc::new(Value::Object(schema)))
            }
            Root::State | Root::Result => None,
        };
        let Some(schema) = schema else { return Vec::new() };
        let Leads::To { schemas, .. } = follow(&schema, &read.steps) else { return Vec::new() };
        let words =
            schemas.iter().filter_map(|schema| schema.get("enum").and_then(Value::as_array)).flatten();
        words.filter_map(Value::as_str).map(|word| (word.to_owned(), String::new())).collect()
    }
}

/// The text with a whole word where the cursor is, so that what stands elsewhere can be read.
fn repaired(text: &str, place: &Place) -> String {
    let (before, after) =
        (text.get(..place.from).unwrap_or_default(), text.get(place.to..).unwrap_or_default());
    let word = match place.slot {
        Slot::Key if place.has_value => "\"x-here\"",
        Slot::Key => "\"x-here\": 0",
        Slot::Value(_) => "0",
        Slot::Nothing => "",
    };
    let comma = if place.wants_comma && !word.is_empty() { "," } else { "" };
    let text = format!("{before}{word}{comma}{after}");
    // A comma that nothing follows is what somebody leaves who goes on writing.
    let mut kept = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        let rest = text.get(at + c.len_utf8()..).unwrap_or_default().trim_start();
        if !(c == ',' && (rest.starts_with('}') || rest.starts_with(']'))) {
            kept.push(c);
        }
    }
    kept
}
