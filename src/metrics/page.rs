//! The text format while it grows.

use std::fmt::Write as _;

/// A page of numbers.
#[derive(Debug, Default)]
pub struct Page {
    text: String,
}

impl Page {
    /// Opens a family of numbers. `kind` is `counter`, `gauge` or `histogram`.
    pub fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// One number of the family that was opened last.
    pub fn line(&mut self, name: &str, labels: &[(&str, &str)], value: &str) {
        self.text.push_str(name);
        for (index, (label, content)) in labels.iter().enumerate() {
            let content = content.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let _ = write!(self.text, "{}{label}=\"{content}\"", if index == 0 { '{' } else { ',' });
        }
        let _ = writeln!(self.text, "{} {value}", if labels.is_empty() { "" } else { "}" });
    }

    /// A family of one number.
    pub fn single(&mut self, name: &str, kind: &str, help: &str, value: &str) {
        self.head(name, kind, help);
        self.line(name, &[], value);
    }

    pub fn text(self) -> String {
        self.text
    }
}
