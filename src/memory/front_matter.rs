//! What a note says of itself in its first lines: `name`, `description` and `type`.
//!
//! Between two lines of three dashes stand `key: value` pairs, as YAML writes them: bare or in quotes,
//! with comments. Anything richer is left alone; a note with strange first lines is still a note.

/// The closing line has to come within so many bytes.
const HEAD_BYTES_MAX: usize = 2_048;
/// Longest piece of a value that lists show.
const VALUE_CHARS_MAX: usize = 300;
const FENCE: &str = "---";

/// What the first lines of a note say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FrontMatter {
    /// What people call it.
    pub title: Option<String>,
    pub description: Option<String>,
    pub kind: Option<String>,
}

impl FrontMatter {
    pub fn of(text: &str) -> Self {
        let mut found = Self::default();
        for line in head(text).unwrap_or_default() {
            let Some((key, value)) = line.split_once(':') else { continue };
            let Some(value) = scalar(value) else { continue };
            let place = match key {
                "name" | "title" => &mut found.title,
                "description" => &mut found.description,
                "type" => &mut found.kind,
                _ => continue,
            };
            // Twice means nothing certain; the first one stays.
            place.get_or_insert(value);
        }
        found
    }
}

/// The lines between the fences.
fn head(text: &str) -> Option<Vec<&str>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = text.lines();
    if lines.next()?.trim_end() != FENCE {
        return None;
    }
    let (mut found, mut bytes) = (Vec::new(), 0);
    for line in lines {
        if line.trim_end() == FENCE {
            return Some(found);
        }
        bytes += line.len() + 1;
        if bytes > HEAD_BYTES_MAX {
            return None;
        }
        found.push(line);
    }
    None
}

/// One value on one line; nothing where it is empty, a list, a block or a reference.
fn scalar(text: &str) -> Option<String> {
    let text = text.trim();
    let value = match text.chars().next()? {
        '"' => double_quoted(text.get(1..)?)?,
        '\'' => single_quoted(text.get(1..)?)?,
        '[' | '{' | '|' | '>' | '&' | '*' | '!' | '%' | '@' | '`' | '#' => return None,
        _ => text.split(" #").next()?.trim_end().to_owned(),
    };
    let shown: String =
        value.chars().map(|c| if c.is_control() { ' ' } else { c }).take(VALUE_CHARS_MAX).collect();
    let shown = shown.trim();
    (!shown.is_empty()).then(|| shown.to_owned())
}

fn double_quoted(text: &str) -> Option<String> {
    let (mut value, mut chars) = (String::new(), text.chars());
    loop {
        match chars.next()? {
            '"' => return Some(value),
            '\\' => match chars.next()? {
                'n' | 't' | 'r' => value.push(' '),
                other @ ('"' | '\\' | '/') => value.push(other),
                _ => return None,
            },
            other => value.push(other),
        }
    }
}

/// Two quotes in a row are one.
fn single_quoted(text: &str) -> Option<String> {
    let (mut value, mut chars) = (String::new(), text.chars().peekable());
    loop {
        match chars.next()? {
            '\'' if chars.peek() == Some(&'\'') => {
                chars.next();
                value.push('\'');
            }
            '\'' => return Some(value),
            other => value.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, title: Option<&str>, description: Option<&str>, kind: Option<&str>) {
        let found = FrontMatter::of(text);
        let got = (found.title.as_deref(), found.description.as_deref(), found.kind.as_deref());
        assert_eq!(got, (title, description, kind), "{text:?}");
    }

    #[test]
    fn the_usual_forms_are_read() {
        check("---\nname: A\ndescription: B # c\ntype: fact\n---\nx", Some("A"), Some("B"), Some("fact"));
        check("---\r\ndescription: \"a \\\"b\\\" #c\"\r\n---\r\n", None, Some("a \"b\" #c"), None);
        check("---\nname: 'it''s'\n---", Some("it's"), None, None);
        check("\u{feff}---\nname: a: b\n---\n", Some("a: b"), None, None);
        check("---\nname: one\nname: two\n---\n", Some("one"), None, None);
    }

    #[test]
    fn what_is_none_is_left_alone() {
        for text in [
            "",
            "---",
            "text",
            "---\nname: A\n",
            " ---\nname: A\n---\n",
            "# x\n---\nname: A\n---\n",
            "---\nname: [a]\n---\n",
            "---\nname: |\n  a\n---\n",
            "---\nname:\n---\n",
            "---\nname: \"open\n---\n",
            "---\n  name: nested\n---\n",
            "---\nNAME: A\n---\n",
            "---\nname: &a b\n---\n",
            "---\nname: \"\\u0041\"\n---\n",
        ] {
            check(text, None, None, None);
        }
        check(&format!("---\nx: {}\nname: A\n---\n", "y".repeat(HEAD_BYTES_MAX)), None, None, None);
        let long = FrontMatter::of(&format!("---\nname: {}\n---\n", "x".repeat(1_000))).title.unwrap();
        assert_eq!(long.len(), VALUE_CHARS_MAX);
    }
}
