//! Names of notes: one grammar for reading, writing, sharing and addresses.
//!
//! A name is one segment and never part of a path; it looks like what it is. Letters of two scripts in
//! one name are refused, because `раyment` with two Cyrillic letters is another file than `payment`; and
//! a new name that looks like one that exists is refused for the same reason.

use unicode_normalization::UnicodeNormalization as _;

use super::MemoryError;

/// The ending of every note.
const ENDING: &str = ".md";
/// Characters of a name without its ending.
const NAME_CHARS_MAX: usize = 96;
/// File systems allow 255 bytes; the rest is for the number of a version.
const NAME_BYTES_MAX: usize = 200;
/// Longest piece of a wrong name that a message repeats.
const SHOWN_CHARS_MAX: usize = 60;
/// Some systems keep these names for devices, with any ending.
const DEVICE_NAMES: &[&str] = &["con", "prn", "aux", "nul", "com", "lpt"];

/// The name of a note, with its ending, in composed form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NoteName(String);

impl NoteName {
    /// Reads a name; the ending may be left out.
    pub fn parse(text: &str) -> Result<Self, MemoryError> {
        let name: String = text.nfc().collect();
        let stem = name.strip_suffix(ENDING).unwrap_or(&name);
        match fault_of(stem) {
            None => Ok(Self(format!("{stem}{ENDING}"))),
            Some(why) => Err(MemoryError::Name { shown: shown(text), why }),
        }
    }

    /// With its ending.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Without its ending.
    pub fn stem(&self) -> &str {
        self.0.strip_suffix(ENDING).unwrap_or(&self.0)
    }

    /// The same with a number, for a name that is taken.
    pub fn numbered(&self, number: usize) -> Option<Self> {
        Self::parse(&format!("{}-{number}", self.stem())).ok()
    }

    /// What the name looks like: two names of one look are not told apart by people.
    pub(super) fn look(&self) -> String {
        self.stem().chars().flat_map(char::to_lowercase).map(lookalike).collect()
    }
}

impl std::fmt::Display for NoteName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

fn fault_of(stem: &str) -> Option<&'static str> {
    if stem.is_empty() {
        return Some("it is empty");
    }
    if stem.contains(['/', '\\']) {
        return Some("it is a path; memory files lie side by side");
    }
    if stem.len() > NAME_BYTES_MAX || stem.chars().count() > NAME_CHARS_MAX {
        return Some("it is too long");
    }
    if stem.chars().any(|c| !c.is_alphanumeric() && !matches!(c, '-' | '_' | '.' | ' ')) {
        return Some("it holds a character that is not allowed");
    }
    if stem.starts_with(['.', '-', ' ']) || stem.ends_with(['.', ' ']) {
        return Some("it begins or ends with a dot, a dash or a space");
    }
    if stem.contains("..") || stem.contains("  ") {
        return Some("it has two dots or two spaces in a row");
    }
    let mut scripts = stem.chars().filter(|c| c.is_alphabetic()).map(script_of);
    if let Some(first) = scripts.next()
        && scripts.any(|other| other != first)
    {
        return Some("it mixes letters of two scripts");
    }
    if stem.chars().any(|c| c.is_numeric() && !c.is_ascii_digit()) {
        return Some("its digits are not 0 to 9");
    }
    is_device(stem).then_some("it means a device on some systems")
}

/// Which alphabet a letter belongs to. Letters of none of these are each a script of their own block.
fn script_of(letter: char) -> u32 {
    const SCRIPTS: &[(u32, u32, u32)] = &[
        (0x0041, 0x024f, 1),
        (0x1e00, 0x1eff, 1),
        (0x0370, 0x03ff, 2),
        (0x1f00, 0x1fff, 2),
        (0x0400, 0x052f, 3),
        (0x0530, 0x058f, 4),
        (0x0590, 0x05ff, 5),
        (0x0600, 0x077f, 6),
        (0x0900, 0x097f, 7),
        (0x0e00, 0x0e7f, 8),
        (0x10a0, 0x10ff, 9),
        // Japanese mixes these by itself.
        (0x3040, 0x30ff, 10),
        (0x3400, 0x9fff, 10),
        (0xac00, 0xd7a3, 11),
    ];
    let code = u32::from(letter);
    let known = SCRIPTS.iter().find(|(from, to, _)| (*from..=*to).contains(&code));
    known.map_or(1_000 + (code >> 8), |(_, _, script)| *script)
}

/// The Latin letter or digit that a small letter looks like.
fn lookalike(letter: char) -> char {
    match letter {
        'а' | 'α' => 'a',
        'е' | 'ё' => 'e',
        'о' | 'ο' | '0' => 'o',
        'р' | 'ρ' => 'p',
        'с' => 'c',
        'у' | 'γ' => 'y',
        'х' | 'χ' => 'x',
        'і' | 'ι' | '1' | 'l' | 'ӏ' => 'i',
        'ј' => 'j',
        'ѕ' => 's',
        'ԁ' => 'd',
        'һ' => 'h',
        'к' | 'κ' => 'k',
        'ν' => 'v',
        'υ' => 'u',
        '_' | ' ' => '-',
        other => other,
    }
}

fn is_device(stem: &str) -> bool {
    let first = stem.split('.').next().unwrap_or_default().trim_end().to_ascii_lowercase();
    let word = first.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = first.len() - word.len();
    DEVICE_NAMES.contains(&word) && if matches!(word, "com" | "lpt") { digits == 1 } else { digits == 0 }
}

fn shown(text: &str) -> String {
    let visible =
        |c: char| if c.is_alphanumeric() || c.is_ascii_graphic() || c == ' ' { c } else { '\u{fffd}' };
    let mut short: String = text.chars().take(SHOWN_CHARS_MAX).map(visible).collect();
    if text.chars().nth(SHOWN_CHARS_MAX).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let name = NoteName::parse(text).ok();
        assert_eq!(name.as_ref().map(NoteName::as_str), expected, "{text:?}");
    }

    #[test]
    fn usual_names_are_taken_with_and_without_their_ending() {
        check("notes", Some("notes.md"));
        check("notes.md", Some("notes.md"));
        check("Price rules 2026", Some("Price rules 2026.md"));
        check("v1.2_final-b", Some("v1.2_final-b.md"));
        check("Цени и отстъпки", Some("Цени и отстъпки.md"));
        check("cafe\u{301}", Some("café.md"));
        check("見積もり", Some("見積もり.md"));
        check("7", Some("7.md"));
        check("notes.md.md", Some("notes.md.md"));
    }

    #[test]
    fn paths_and_tricks_are_no_names() {
        for bad in [
            "",
            ".",
            "..",
            "...",
            ".md",
            "..md",
            "../x",
            "x/..",
            "/etc/passwd",
            "a/b",
            "a\\b",
            "C:x",
            "~x",
            ".hidden",
            "-rf",
            " x",
            "x ",
            "x.",
            "a..b",
            "a  b",
            "a\0b",
            "a\nb",
            "a\tb",
            "a\u{202e}b",
            "a\u{200b}b",
            "a\u{ad}b",
            "\u{feff}a",
            "a*",
            "a?",
            "a|b",
            "a<b",
            "a\"b",
            "a:b",
            "%2e%2e",
            "a%2fb",
            "con",
            "NUL",
            "com1",
            "lpt9.txt",
            "aux.md",
            "pаyment",
            "αb",
            "цa",
            "x\u{e0001}",
            "１２",
            "x²",
            "a\u{0338}b",
            "emoji😀",
        ] {
            check(bad, None);
        }
        check(&"x".repeat(300), None);
        check(&"x".repeat(NAME_CHARS_MAX), Some(&format!("{}.md", "x".repeat(NAME_CHARS_MAX))));
        check(&"x".repeat(NAME_CHARS_MAX + 1), None);
        check(&"я".repeat(100), None);
    }

    #[test]
    fn a_refused_name_is_shown_short_and_without_tricks() {
        let error = NoteName::parse(&format!("a\u{202e}\n{}", "x".repeat(500))).unwrap_err().to_string();
        assert!(error.len() < 200 && !error.contains(['\n', '\u{202e}']), "{error}");
    }

    #[test]
    fn names_that_look_alike_have_one_look() {
        let look = |text: &str| NoteName::parse(text).unwrap().look();
        for (one, other) in
            [("сор", "cop"), ("Notes", "notes"), ("l0g", "IOg"), ("a b", "a_b"), ("a-b", "a b")]
        {
            assert_eq!(look(one), look(other), "{one} {other}");
        }
        assert_ne!(look("notes"), look("note"));
    }
}
