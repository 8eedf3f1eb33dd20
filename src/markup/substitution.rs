//! One change of a snippet, as it is asked for: a path with a purpose, and a value.

use serde_json::Value;

use super::{
    changes::Changes,
    directives::{computes_content, directive_within},
    error::EditError,
    path::{Path, Place, Within},
    safety::attribute_problem,
    sanitize::sanitised,
    serialize::{as_template, text_in},
    styles::{declarations, with_property},
    tokens::Mode,
    tree::{Document, Kind, NodeId},
};

/// What is changed about the nodes that the path names.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Purpose {
    Text,
    /// Markup in it, sanitised.
    Inner,
    Attribute(String),
    StyleProperty(String),
    /// Present or not.
    Class(String),
}

/// A key of the substitutions, understood: `xpath`, `xpath/@attr`, `xpath/@style:prop`,
/// `xpath/@class:name` or `xpath/html()`.
#[derive(Debug, Clone, PartialEq)]
pub struct Substitution {
    key: String,
    path: Path,
    purpose: Purpose,
    value: Option<String>,
}

/// What one substitution did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    pub key: String,
    pub matches: usize,
    /// What was lost or is worth knowing.
    pub note: Option<String>,
}

impl Substitution {
    pub fn parse(key: &str, value: &Value) -> Result<Self, EditError> {
        let (path, purpose) = purpose_of(key.trim());
        let path = if path.is_empty() { "." } else { path };
        let path = Path::parse(path)?;
        let bad = |why: &str| EditError::BadSubstitution { key: shown(key), why: why.to_owned() };
        let value = match (&purpose, value) {
            (Purpose::Class(_), Value::Bool(present)) => present.then(String::new),
            (Purpose::Class(_), _) => return Err(bad("a class is there or not: `true` or `false`")),
            (_, Value::String(text)) => Some(text.clone()),
            (_, Value::Number(number)) => Some(number.to_string()),
            (Purpose::Attribute(_) | Purpose::StyleProperty(_), Value::Null) => None,
            (Purpose::Attribute(_), Value::Bool(truth)) => truth.then(String::new),
            _ => return Err(bad("the value is text, a number, or for attributes `null` to remove them")),
        };
        if value.as_ref().is_some_and(|value| value.contains('\0')) {
            return Err(bad("the value holds a zero byte"));
        }
        Ok(Self { key: shown(key), path, purpose, value })
    }

    /// The snippet with this change made at every match. `snippet` is one element, as it is written.
    pub fn apply(&self, snippet: &str, mode: Mode) -> Result<(String, Applied), EditError> {
        let document = Document::parse(snippet, mode);
        let root = document.child_elements(document.root()).next();
        let root = root.ok_or_else(|| EditError::NoMatch { key: self.key.clone() })?;
        let mut changes = Changes::default();
        let mut applied = Applied { key: self.key.clone(), matches: 0, note: None };
        let mut inside_of: Option<NodeId> = None;
        for place in self.path.find(&document, Within::Element(root))? {
            let Place::Node(id) = place else { continue };
            // Setting the content of an element takes away what was found in it.
            let gone = inside_of.is_some_and(|outer| document.ancestors(id).any(|up| up == outer));
            if gone && matches!(self.purpose, Purpose::Text | Purpose::Inner) {
                continue;
            }
            inside_of = Some(id);
            self.change(&document, id, &mut changes, &mut applied)?;
            applied.matches += 1;
        }
        if applied.matches == 0 {
            return Err(EditError::NoMatch { key: self.key.clone() });
        }
        Ok((changes.apply(snippet)?, applied))
    }

    fn change(
        &self,
        document: &Document<'_>,
        id: NodeId,
        changes: &mut Changes,
        applied: &mut Applied,
    ) -> Result<(), EditError> {
        let value = self.value.as_deref();
        match &self.purpose {
            Purpose::Text => self.set_text(document, id, value.unwrap_or_default(), changes, applied),
            Purpose::Inner => {
                self.check_content(document, id)?;
                let clean = sanitised(value.unwrap_or_default());
                if !clean.removed.is_empty() {
                    return Err(self.not_safe(format!("it holds {}", clean.removed.join(", "))));
                }
                let markup = match document.mode() {
                    Mode::Html => clean.markup,
                    Mode::Xml => {
                        let clean = Document::parse(&clean.markup, Mode::Html);
                        as_template(&clean, clean.root())
                    }
                };
                changes.set_inner(document, id, &markup)
            }
            Purpose::Attribute(name) => {
                let element = document.name(id);
                if let Some(problem) = attribute_problem(element, name, value.unwrap_or_default()) {
                    return Err(self.not_safe(problem));
                }
                self.check_computed(document, id, name)?;
                changes.set_attribute(document, id, name, value)
            }
            Purpose::StyleProperty(property) => self.set_style(document, id, property, value, changes),
            Purpose::Class(class) => {
                self.check_computed(document, id, "class")?;
                let old = document.value(id, "class").unwrap_or_default().into_owned();
                let mut classes: Vec<&str> =
                    old.split_ascii_whitespace().filter(|one| *one != class.as_str()).collect();
                if value.is_some() {
                    classes.push(class.as_str());
                }
                changes.set_attribute(document, id, "class", Some(&classes.join(" ")))
            }
        }
    }

    fn set_text(
        &self,
        document: &Document<'_>,
        id: NodeId,
        text: &str,
        changes: &mut Changes,
        applied: &mut Applied,
    ) -> Result<(), EditError> {
        if matches!(document.node(id).kind, Kind::Text) {
            changes.replace(document.node(id).span, text_in(document.mode(), text));
            return Ok(());
        }
        self.check_content(document, id)?;
        if document.child_elements(id).next().is_some() && applied.note.is_none() {
            applied.note =
                Some("markup that stood in it is gone; `…/html()` sets text with markup".to_owned());
        }
        changes.set_text(document, id, text)
    }

    /// Content that runs, or that the server computes, is not set.
    fn check_content(&self, document: &Document<'_>, id: NodeId) -> Result<(), EditError> {
        let refused = ["script", "style", "iframe", "object", "noscript", "template", "textarea", "title"];
        if refused.iter().any(|name| document.is(id, name)) {
            return Err(self.not_safe(format!(
                "the content of `<{}>` is not set by way of this tool",
                document.name(id)
            )));
        }
        let directive = computes_content(document, id)
            .map(|name| format!("`{name}` decides what stands there, so a text would never show"))
            .or_else(|| {
                directive_within(document, id)
                    .filter(|_| !document.is(id, "t"))
                    .filter(|_| {
                        document.child_elements(id).any(|child| directive_within(document, child).is_some())
                    })
                    .map(|name| format!("it holds the QWeb directive `{name}`, which would be lost"))
            });
        match directive {
            Some(why) => Err(EditError::Directive { key: self.key.clone(), why }),
            None => Ok(()),
        }
    }

    /// An attribute that the server computes is not set beside it.
    fn check_computed(&self, document: &Document<'_>, id: NodeId, name: &str) -> Result<(), EditError> {
        let computed = [format!("t-att-{name}"), format!("t-attf-{name}")];
        match computed.iter().find(|computed| document.attribute(id, computed).is_some()) {
            Some(computed) => {
                let why = format!("`{computed}` decides what stands there");
                Err(EditError::Directive { key: self.key.clone(), why })
            }
            None => Ok(()),
        }
    }

    fn set_style(
        &self,
        document: &Document<'_>,
        id: NodeId,
        property: &str,
        value: Option<&str>,
        changes: &mut Changes,
    ) -> Result<(), EditError> {
        let plain = property.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
        if !plain || property.is_empty() {
            return Err(self.not_safe("that is no name of a style property".to_owned()));
        }
        self.check_computed(document, id, "style")?;
        let (property, value) = (property.to_ascii_lowercase(), value.unwrap_or_default().trim());
        if !value.is_empty() {
            let alone = format!("{property}: {value}");
            // One property, and not a second one behind a semicolon or a quote that never ends.
            let one = declarations(&alone).len() == 1 && declarations(&format!("{alone};x:y")).len() == 2;
            if !one || value.ends_with(';') || value.contains(['{', '}']) {
                return Err(
                    self.not_safe("the value is that of one property, without a semicolon".to_owned())
                );
            }
            if let Some(problem) = attribute_problem(document.name(id), "style", &alone) {
                return Err(self.not_safe(problem));
            }
        }
        let old = document.value(id, "style").unwrap_or_default();
        let new = with_property(&old, &property, value);
        changes.set_attribute(document, id, "style", (!new.is_empty()).then_some(new.as_str()))
    }

    fn not_safe(&self, why: String) -> EditError {
        EditError::Unsafe { key: self.key.clone(), why }
    }
}

fn shown(key: &str) -> String {
    key.chars().take(200).collect()
}

/// What the end of the key says is changed, and the path before it.
fn purpose_of(key: &str) -> (&str, Purpose) {
    if let Some(path) = key.strip_suffix("html()") {
        let path = path.strip_suffix('/').unwrap_or(path);
        return (path, Purpose::Inner);
    }
    let (path, name) = match key.rsplit_once("/@") {
        Some((path, name)) => (path, name),
        None => match key.strip_prefix('@') {
            Some(name) => ("", name),
            None => return (key, Purpose::Text),
        },
    };
    // An `@` inside a predicate belongs to the path.
    if name.is_empty() || name.contains([']', '[', '(', ')', '\'', '"', '/', '=']) {
        return (key, Purpose::Text);
    }
    match name.split_once(':') {
        Some(("style", property)) => (path, Purpose::StyleProperty(property.to_owned())),
        Some(("class", class)) => (path, Purpose::Class(class.to_owned())),
        _ => (path, Purpose::Attribute(name.to_owned())),
    }
}

#[cfg(test)]
mod tests;
