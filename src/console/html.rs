//! HTML that is safe by its type: names of tags and attributes are written in this program, and every
//! text from elsewhere is escaped on its way in.
//!
//! Deliberately absent: a way to put in markup that was a text at run time.

use std::fmt::Write as _;

/// A piece of a page.
#[derive(Debug, Clone, Default)]
pub struct Html(String);

/// Attributes of a tag.
type Attributes<'a> = &'a [(&'static str, &'a str)];

impl Html {
    pub fn new() -> Self {
        Self::default()
    }

    /// A text and nothing else.
    pub fn of(text: &str) -> Self {
        let mut html = Self::new();
        html.text(text);
        html
    }

    pub fn link(address: &str, text: &str) -> Self {
        let mut html = Self::new();
        html.tag("a", &[("href", address)], |html| html.text(text));
        html
    }

    pub fn code(text: &str) -> Self {
        let mut html = Self::new();
        html.tag("code", &[], |html| html.text(text));
        html
    }

    pub fn text(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                // Nobody sees these, and some of them turn the reading direction around.
                c if is_unseen(c) => {
                    let _ = write!(self.0, "\u{fffd}");
                }
                c => self.0.push(c),
            }
        }
    }

    pub fn put(&mut self, other: &Self) {
        self.0.push_str(&other.0);
    }

    fn open(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.0.push('<');
        self.0.push_str(name);
        for (attribute, value) in attributes {
            self.0.push(' ');
            self.0.push_str(attribute);
            self.0.push_str("=\"");
            self.text(value);
            self.0.push('"');
        }
        self.0.push('>');
    }

    pub fn tag(&mut self, name: &'static str, attributes: Attributes<'_>, inside: impl FnOnce(&mut Self)) {
        self.open(name, attributes);
        inside(self);
        let _ = write!(self.0, "</{name}>");
    }

    /// A tag that has no inside, such as `input`.
    pub fn void(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.open(name, attributes);
    }

    /// A tag around a text.
    pub fn say(&mut self, name: &'static str, text: &str) {
        self.tag(name, &[], |html| html.text(text));
    }

    /// A tag of this class around a text.
    pub fn say_as(&mut self, name: &'static str, class: &'static str, text: &str) {
        self.tag(name, &[("class", class)], |html| html.text(text));
    }

    /// A table that scrolls by itself on a phone; its caption is read out and shown.
    pub fn table(&mut self, caption: &str, heads: &[&'static str], rows: Vec<Vec<Self>>) {
        self.tag(
            "div",
            &[("class", "wide"), ("role", "region"), ("aria-label", caption), ("tabindex", "0")],
            |html| {
                html.tag("table", &[], |html| {
                    html.say("caption", caption);
                    html.tag("thead", &[], |html| {
                        html.tag("tr", &[], |html| {
                            for head in heads {
                                html.tag("th", &[("scope", "col")], |html| html.text(head));
                            }
                        });
                    });
                    html.tag("tbody", &[], |html| {
                        for row in rows {
                            html.tag("tr", &[], |html| {
                                for cell in row {
                                    html.tag("td", &[], |html| html.put(&cell));
                                }
                            });
                        }
                    });
                });
            },
        );
    }

    /// A form of this session that changes something.
    pub fn form(&mut self, csrf: &str, action: &str, inside: impl FnOnce(&mut Self)) {
        self.tag("form", &[("method", "post"), ("action", action), ("autocomplete", "off")], |html| {
            html.hidden("csrf", csrf);
            inside(html);
        });
    }

    pub fn hidden(&mut self, name: &str, value: &str) {
        self.void("input", &[("type", "hidden"), ("name", name), ("value", value)]);
    }

    /// A labelled field of one line.
    pub fn field(&mut self, label: &str, name: &str, value: &str) {
        self.tag("label", &[], |html| {
            html.say("span", label);
            html.void("input", &[("name", name), ("value", value), ("maxlength", "200")]);
        });
    }

    /// A labelled field for something that is not shown while it is typed.
    pub fn password(&mut self, label: &str, name: &str, kind: &'static str) {
        self.tag("label", &[], |html| {
            html.say("span", label);
            html.void(
                "input",
                &[("type", "password"), ("name", name), ("autocomplete", kind), ("maxlength", "1024")],
            );
        });
    }

    /// A box to tick.
    pub fn tick(&mut self, label: &str, name: &str, is_ticked: bool) {
        self.tag("label", &[("class", "tick")], |html| {
            let all = [("type", "checkbox"), ("name", name), ("value", "yes"), ("checked", "")];
            html.void("input", if is_ticked { &all } else { all.get(..3).unwrap_or_default() });
            html.text(" ");
            html.text(label);
        });
    }

    /// Something that is shown this one time, with a button that copies it.
    pub fn once(&mut self, label: &str, id: &str, value: &str) {
        self.tag("div", &[("class", "fields")], |html| {
            html.tag("label", &[("class", "long")], |html| {
                html.say("span", label);
                html.void(
                    "input",
                    &[("id", id), ("readonly", ""), ("value", value), ("spellcheck", "false")],
                );
            });
            // Without a script there is nothing that it could do.
            let button = [("type", "button"), ("class", "second"), ("data-copy", id), ("hidden", "")];
            html.tag("button", &button, |html| html.text("Copy"));
        });
    }

    /// A labelled choice; the empty value stands for all.
    pub fn choice(&mut self, label: &str, name: &str, values: &[&str], chosen: &str) {
        self.tag("label", &[], |html| {
            html.say("span", label);
            html.tag("select", &[("name", name)], |html| {
                for value in values {
                    let shown = if value.is_empty() { "any" } else { value };
                    if *value == chosen {
                        html.tag("option", &[("value", value), ("selected", "")], |html| html.text(shown));
                    } else {
                        html.tag("option", &[("value", value)], |html| html.text(shown));
                    }
                }
            });
        });
    }

    pub fn button(&mut self, class: &'static str, text: &str) {
        self.tag("button", &[("class", class)], |html| html.text(text));
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_unseen(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t' | '\r'))
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_never_becomes_markup() {
        let mut html = Html::new();
        html.tag("a", &[("href", "\"><script>")], |html| html.text("<img src=x onerror='a'>&\u{202e}\0"));
        assert_eq!(
            html.as_str(),
            "<a href=\"&quot;&gt;&lt;script&gt;\">&lt;img src=x onerror=&#39;a&#39;&gt;&amp;\u{fffd}\u{fffd}</a>"
        );
    }

    #[test]
    fn a_form_holds_the_token_of_its_session() {
        let mut html = Html::new();
        html.form("abc", "/console/x", |html| html.button("own", "Go"));
        assert!(html.as_str().contains("name=\"csrf\" value=\"abc\"") && html.as_str().contains("\"post\""));
    }
}
