//! Names and paths of files: what a caller may write, and what becomes of a name that somebody else chose.

use unicode_normalization::UnicodeNormalization as _;

use super::FilesError;
use crate::facts::hex;

/// How the resource of every file begins.
pub const FILES_URI: &str = "odoo-mcp://files/";

/// File systems allow 255 bytes; the rest is for a number that makes a name unique.
const SEGMENT_BYTES_MAX: usize = 200;
/// Folders in folders beyond this help nobody.
pub(super) const SEGMENTS_MAX: usize = 8;
/// Longest ending that is kept when a name is cut.
const ENDING_BYTES_MAX: usize = 16;
/// Longest piece of a wrong path that a message repeats.
const SHOWN_CHARS_MAX: usize = 80;
/// A name that holds nothing usable.
const NAMELESS: &str = "file";
/// Some systems keep these names for devices, with any ending.
const DEVICE_NAMES: &[&str] = &["con", "prn", "aux", "nul", "com", "lpt"];

/// A relative path inside a download area whose every segment was checked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FilePath(String);

impl FilePath {
    /// Reads a path, or the URI of a file.
    pub fn parse(text: &str) -> Result<Self, FilesError> {
        let refused = |why| FilesError::InvalidPath { shown: shown(text), why };
        let decoded = match text.strip_prefix(FILES_URI) {
            Some(rest) => percent_decoded(rest).ok_or_else(|| refused("it is wrongly encoded"))?,
            None => text.to_owned(),
        };
        let path: String = decoded.nfc().collect();
        let segments: Vec<&str> = path.split('/').collect();
        if segments.len() > SEGMENTS_MAX {
            return Err(refused("it has too many folders"));
        }
        for segment in segments {
            check_segment(segment).map_err(refused)?;
        }
        Ok(Self(path))
    }

    /// A safe name in the folder that this path is.
    pub(super) fn with(&self, name: &str) -> Result<Self, FilesError> {
        Self::parse(&format!("{}/{name}", self.0))
    }

    /// A path of one segment, from a name that `safe_name` made.
    pub(super) fn of_name(name: &str) -> Self {
        Self(safe_name(name))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }

    /// The last segment.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// The same with a number before the ending, for a name that is taken.
    pub(super) fn numbered(&self, number: usize) -> Self {
        let (folders, name) =
            self.0.rsplit_once('/').map_or(("", self.0.as_str()), |(before, name)| (before, name));
        let slash = if folders.is_empty() { "" } else { "/" };
        let (stem, ending) = stem_and_ending(name);
        Self(format!("{folders}{slash}{stem}-{number}{ending}"))
    }

    pub fn uri(&self) -> String {
        format!("{FILES_URI}{}", percent_encoded(&self.0))
    }
}

fn check_segment(segment: &str) -> Result<(), &'static str> {
    if segment.is_empty() {
        return Err("it is empty, absolute or has an empty segment");
    }
    if segment == "." || segment == ".." {
        return Err("`.` and `..` are no names");
    }
    if segment.starts_with('.') {
        return Err("hidden names are not allowed");
    }
    // To people it is somebody's home, to us it would be a folder of that name.
    if segment.starts_with('~') {
        return Err("`~` stands for no folder here");
    }
    if segment.len() > SEGMENT_BYTES_MAX {
        return Err("a name in it is too long");
    }
    if segment.chars().any(is_unfit) {
        return Err("it holds a character that is not allowed in names");
    }
    if segment.starts_with(' ') || segment.ends_with([' ', '.']) {
        return Err("a name in it begins with a space or ends with a space or a dot");
    }
    if is_device(segment) { Err("a name in it means a device on some systems") } else { Ok(()) }
}

/// One safe segment from any name: the last part of a path, without characters that a file system, a
/// terminal or a person reading could take for something else.
pub fn safe_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let fit: String = last.nfc().map(|c| if is_unfit(c) { '_' } else { c }).collect();
    let trimmed = fit.trim().trim_start_matches(['.', ' ']).trim_end_matches(['.', ' ']);
    let trimmed = if trimmed.is_empty() { NAMELESS } else { trimmed };
    let (stem, ending) = stem_and_ending(trimmed);
    let room = SEGMENT_BYTES_MAX.saturating_sub(ending.len() + 1);
    let stem = cut(stem, room).trim_end_matches(['.', ' ']);
    let whole = format!("{stem}{ending}");
    if is_device(&whole) { format!("_{whole}") } else { whole }
}

/// Control characters, what separates or matches names somewhere, and what turns the reading direction or
/// cannot be seen.
fn is_unfit(c: char) -> bool {
    c.is_control()
        || matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|')
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn is_device(segment: &str) -> bool {
    let stem = segment.split('.').next().unwrap_or_default().trim_end().to_ascii_lowercase();
    let word = stem.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = stem.len() - word.len();
    DEVICE_NAMES.contains(&word) && if matches!(word, "com" | "lpt") { digits == 1 } else { digits == 0 }
}

fn stem_and_ending(name: &str) -> (&str, &str) {
    match name.rfind('.').map(|at| name.split_at(at)) {
        Some((stem, ending)) if !stem.is_empty() && ending.len() <= ENDING_BYTES_MAX => (stem, ending),
        _ => (name, ""),
    }
}

/// The beginning of a text, cut between characters.
fn cut(text: &str, bytes_max: usize) -> &str {
    let end = (0..=bytes_max.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

pub(super) fn shown(text: &str) -> String {
    let mut short: String = text
        .chars()
        .take(SHOWN_CHARS_MAX)
        .map(|c| if c.is_control() || is_unfit(c) && !"/\\:*?\"<>|".contains(c) { '\u{fffd}' } else { c })
        .collect();
    if text.chars().nth(SHOWN_CHARS_MAX).is_some() {
        short.push('…');
    }
    short
}

/// The text for an address: everything but letters, digits and a few signs behind percent signs.
pub fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                encoded.push(char::from(byte));
            }
            other => {
                encoded.push('%');
                encoded.push_str(&hex(&[other]).to_ascii_uppercase());
            }
        }
    }
    encoded
}

/// The text behind percent signs; `None` where a sign is not followed by two digits, or the bytes are no text.
pub fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let mut digit =
                || char::from(rest.next()?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            let (high, low) = (digit()?, digit()?);
            bytes.push(high << 4 | low);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_relative_visible_and_plain() {
        let good =
            ["a.pdf", "reports/2024/Märzbericht 1.pdf", "x/y/z/1/2/3/4/5", "a..b", "com10", "常用.txt"];
        for text in good {
            assert_eq!(FilePath::parse(text).unwrap().as_str(), text);
        }
        let long = "n".repeat(SEGMENT_BYTES_MAX + 1);
        let bad = [
            "",
            "/",
            "/etc/passwd",
            "a//b",
            "a/",
            "..",
            "a/../b",
            "./a",
            ".hidden",
            "~/x",
            "a/.partial/x",
            "a\\b",
            "c:/a",
            "c:",
            "a\0b",
            "a\nb",
            "a/b ",
            " a",
            "a.",
            "con",
            "NUL.txt",
            "a/com1.log",
            "1/2/3/4/5/6/7/8/9",
            "a\u{202e}fdp.exe",
            "a\u{200b}b",
            "a*b",
            "~/x\u{7f}",
            &long,
        ];
        for text in bad {
            let error = FilePath::parse(text).unwrap_err();
            assert_eq!(error.code(), "invalid_path", "{text:?}");
            assert!(!error.to_string().chars().any(char::is_control), "{text:?}");
        }
    }

    #[test]
    fn a_uri_names_the_same_file_and_nothing_else() {
        for text in ["a b/ü%20&?#.pdf".replace('?', ""), "a.pdf".to_owned()] {
            let path = FilePath::parse(&text).unwrap();
            let uri = path.uri();
            assert!(uri.is_ascii() && !uri.contains(' '), "{uri}");
            assert_eq!(FilePath::parse(&uri).unwrap(), path);
        }
        for text in ["%2e%2e/a", "..%2fa", "%2Fetc", "a%00", "a%5cb", "%zz", "%e", "%ff", ".%70artial/a", ""]
        {
            assert_eq!(
                FilePath::parse(&format!("{FILES_URI}{text}")).unwrap_err().code(),
                "invalid_path",
                "{text}"
            );
        }
    }

    #[test]
    fn any_name_becomes_a_safe_one() {
        let cases = [
            ("report.pdf", "report.pdf"),
            ("../../etc/passwd", "passwd"),
            ("C:\\temp\\a.txt", "a.txt"),
            ("INV/2024/0001.pdf", "0001.pdf"),
            ("  .bashrc ", "bashrc"),
            ("...", "file"),
            ("", "file"),
            ("a\r\nb:c?.pdf", "a__b_c_.pdf"),
            ("invoice\u{202e}fdp.exe", "invoice_fdp.exe"),
            ("con.txt", "_con.txt"),
            ("Größe.csv", "Größe.csv"),
        ];
        for (name, expected) in cases {
            assert_eq!(safe_name(name), expected);
            FilePath::parse(&safe_name(name)).unwrap();
        }
        let long = safe_name(&format!("{}.pdf", "ü".repeat(300)));
        assert!(long.len() <= SEGMENT_BYTES_MAX && long.ends_with("ü.pdf"), "{long}");
        assert_eq!(FilePath::of_name("a.tar.gz").numbered(2).as_str(), "a.tar-2.gz");
        assert_eq!(FilePath::parse("x/a").unwrap().numbered(3).as_str(), "x/a-3");
    }
}
