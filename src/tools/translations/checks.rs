//! What a translation must keep of its source: placeholders, tags, links. And what it must not bring:
//! invisible characters and scripts.

use crate::markup::{Mode, inline_tags};

/// Marks that a reader does not see and that break searching, sorting and exports.
const INVISIBLE: [char; 4] = ['\u{200b}', '\u{2060}', '\u{feff}', '\u{180e}'];
/// Stands before a text that is the same in both languages, where somebody asks for that.
pub(super) const MARKER: char = '\u{200b}';
/// Placeholders that a message names.
const SHOWN_MAX: usize = 5;

/// How a text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Plain,
    /// A term of markup: its tags belong to the structure.
    Term(Mode),
    /// A page of its own in each language.
    WholeHtml,
}

/// Why a text is no translation of its source; `Ok` when it may be one.
pub(super) fn check(source: &str, text: &str, form: Form) -> Result<(), String> {
    if let Some(found) = INVISIBLE.iter().find(|mark| text.contains(**mark) && !source.contains(**mark)) {
        return Err(format!("it holds the invisible character U+{:04X}", u32::from(*found)));
    }
    if !source.is_empty() {
        same_placeholders(source, text)?;
    }
    match form {
        Form::Plain => Ok(()),
        Form::Term(mode) => same_tags(source, text, mode),
        Form::WholeHtml => no_new_scripts(source, text),
    }
}

fn same_placeholders(source: &str, text: &str) -> Result<(), String> {
    let (wanted, found) = (placeholders(source), placeholders(text));
    if wanted == found {
        return Ok(());
    }
    let list = |names: &[String]| match names {
        [] => "none".to_owned(),
        names => names.iter().take(SHOWN_MAX).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
    };
    Err(format!("its placeholders are {}, those of the source are {}", list(&found), list(&wanted)))
}

fn same_tags(source: &str, text: &str, mode: Mode) -> Result<(), String> {
    let found = inline_tags(text, mode).map_err(|error| error.to_string())?;
    // A source that cannot be read is Odoo's own; then nothing can be compared.
    let Ok(wanted) = inline_tags(source, mode) else { return Ok(()) };
    if wanted == found {
        return Ok(());
    }
    let differs = |one: &[String], other: &[String]| one.iter().find(|tag| !other.contains(tag)).cloned();
    Err(match (differs(&found, &wanted), differs(&wanted, &found)) {
        (Some(new), _) => format!("its tag `{}>` is not one of the source", shortened(&new)),
        (None, Some(gone)) => format!("the tag `{}>` of the source is missing", shortened(&gone)),
        (None, None) => "it has another number of tags than the source".to_owned(),
    })
}

fn no_new_scripts(source: &str, text: &str) -> Result<(), String> {
    let tags = |markup: &str| inline_tags(markup, Mode::Html).unwrap_or_default();
    let known = tags(source);
    let runs = |tag: &str| {
        let tag = tag.to_ascii_lowercase();
        tag.starts_with("<script")
            || tag.contains("javascript:")
            || tag.split(' ').any(|word| word.starts_with("on"))
    };
    match tags(text).into_iter().find(|tag| runs(tag) && !known.contains(tag)) {
        Some(tag) => Err(format!("its tag `{}>` would run a script", shortened(&tag))),
        None => Ok(()),
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

/// `%s`, `%(name)s`, `{}`, `{name}`, `{{ … }}`, `${…}`, `#{…}`, sorted.
fn placeholders(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut before = None;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        match placeholder(rest, before) {
            Some(placeholder) => {
                found.push(placeholder.to_owned());
                before = None;
                rest = rest.get(placeholder.len()..).unwrap_or_default();
            }
            None => {
                before = Some(first);
                rest = rest.get(first.len_utf8()..).unwrap_or_default();
            }
        }
    }
    found.sort();
    found
}

/// The placeholder that the text begins with; `before` is the character before it.
pub(super) fn placeholder_at(text: &str, before: Option<char>) -> Option<&str> {
    placeholder(text, before)
}

/// The placeholder that the text begins with.
fn placeholder(text: &str, before: Option<char>) -> Option<&str> {
    for (open, close) in [("{{", "}}"), ("${", "}"), ("#{", "}")] {
        if text.starts_with(open) {
            let end = text.find(close)? + close.len();
            return text.get(..end);
        }
    }
    if let Some(inside) = text.strip_prefix('{') {
        let end = inside.find('}')?;
        let name = inside.get(..end)?;
        let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ':' | '!'));
        return if is_name { text.get(..end + 2) } else { None };
    }
    let inside = text.strip_prefix('%')?;
    let (name_length, rest) = match inside.strip_prefix('(') {
        Some(name) => {
            let end = name.find(')')? + 2;
            (end, inside.get(end..)?)
        }
        None => (0, inside),
    };
    let width = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
    let conversion = rest.get(width..)?.chars().next()?;
    let next = rest.get(width + 1..).and_then(|after| after.chars().next());
    // `50%discount` is a number and a word.
    let is_word = name_length == 0
        && before.is_some_and(|c| c.is_ascii_digit())
        && next.is_some_and(char::is_alphabetic);
    let is_conversion = matches!(conversion, 's' | 'd' | 'i' | 'f' | 'r' | 'x' | 'u' | 'g');
    if is_conversion && !is_word { text.get(..1 + name_length + width + 1) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_found() {
        for (text, expected) in [
            ("no placeholders, 50% off, 100 %", &[][..]),
            ("50%discount", &[]),
            ("Hello %s, %(name)s has %d and %.2f", &["%(name)s", "%.2f", "%d", "%s"]),
            ("%dpx of {} {0} {name} {{ object.name }}", &["%d", "{0}", "{name}", "{{ object.name }}", "{}"]),
            ("${object.name} #{x} { not } {not open", &["#{x}", "${object.name}"]),
            ("ünï%s漢{}", &["%s", "{}"]),
        ] {
            assert_eq!(placeholders(text), expected, "{text}");
        }
    }

    #[test]
    fn what_a_translation_must_keep() {
        let term = Form::Term(Mode::Html);
        for (source, text, form) in [
            ("Hello %s", "Bonjour %s", Form::Plain),
            ("a < b", "c < d", Form::Plain),
            ("Good <b>day</b>", "Bonne <b>journée</b>", term),
            ("<b>a</b> <i>b</i>", "<i>b</i> <b>a</b>", term),
            ("<span title=\"a\">x</span>", "<span title=\"b\">y</span>", term),
            ("x\u{feff}", "y\u{feff}", Form::Plain),
            ("", "anything", Form::Plain),
        ] {
            assert_eq!(check(source, text, form), Ok(()), "{text}");
        }
        for (source, text, form, why) in [
            ("Hello %s", "Bonjour", Form::Plain, "placeholders"),
            ("Hello", "Bonjour {}", Form::Plain, "placeholders"),
            ("%s of %d", "%d von %d", Form::Plain, "placeholders"),
            ("Hello", "\u{200b}Hello", Form::Plain, "U+200B"),
            ("Good <b>day</b>", "Bonne journée", term, "missing"),
            ("Good day", "Bonne <b>journée</b>", term, "not one of the source"),
            ("Good <b>day</b>", "Bonne <b>journée", term, "b"),
            ("Good <b>day</b>", "<b>Bonne</b> <b>journée</b>", term, "number of tags"),
            ("<span data-x=\"/a\">x</span>", "<span data-x=\"/b\">x</span>", term, "not one"),
            ("day", "<script>alert(1)</script>", term, "not one"),
            ("day", "<img src=x onerror=alert(1)>", Form::WholeHtml, "script"),
            ("day", "<a href=\"javascript:x()\">y</a>", Form::WholeHtml, "script"),
            ("day", "<script>x</script>", Form::WholeHtml, "script"),
        ] {
            let error = check(source, text, form).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
