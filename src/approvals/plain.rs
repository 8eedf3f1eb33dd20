//! Text from records and callers as data: what a person reads in a question cannot hide, reorder or
//! imitate anything.

/// Longest name of a record that a question shows.
const NAME_CHARS_MAX: usize = 80;
/// Longest value that a question shows.
const VALUE_CHARS_MAX: usize = 160;

/// The name of a record, between quotes.
pub fn quoted_name(text: &str) -> String {
    quoted(text, NAME_CHARS_MAX)
}

/// A text value, between quotes.
pub fn quoted_value(text: &str) -> String {
    quoted(text, VALUE_CHARS_MAX)
}

/// A text without anything that is not seen, cut to a length. For words that stand without quotes.
pub fn visible(text: &str, chars_max: usize) -> String {
    let mut shown = String::new();
    for (count, c) in text.chars().filter_map(seen).enumerate() {
        if count == chars_max {
            shown.push('…');
            break;
        }
        shown.push(c);
    }
    shown
}

fn quoted(text: &str, chars_max: usize) -> String {
    // A quotation mark inside would look like the end of the text.
    format!("\"{}\"", visible(text, chars_max).replace(['"', '“', '”', '„'], "'"))
}

/// The character as it is shown: blanks of all kinds as one kind, what is not seen not at all.
fn seen(c: char) -> Option<char> {
    match c {
        _ if c.is_whitespace() => Some(' '),
        _ if c.is_control() || is_invisible(c) => None,
        _ => Some(c),
    }
}

/// Characters that change how others look without being seen: directions, joiners, fillers, tags,
/// variation selectors, and places that no standard gives a look.
fn is_invisible(c: char) -> bool {
    matches!(u32::from(c),
        0x00AD | 0x034F | 0x061C | 0x070F | 0x08E2 | 0x115F..=0x1160 | 0x17B4..=0x17B5
        | 0x0600..=0x0605 | 0x06DD | 0x180B..=0x180F | 0x200B..=0x200F | 0x202A..=0x202E
        | 0x2060..=0x206F | 0x2800 | 0x3164 | 0xFE00..=0xFE0F | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFFB
        | 0x110BD | 0x110CD | 0x13430..=0x1345F | 0x1BCA0..=0x1BCA3 | 0x1D173..=0x1D17A
        | 0xE000..=0xF8FF | 0xE0000..=0xE0FFF | 0xF0000..=0x10FFFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_hides_in_a_name() {
        for (text, shown) in [
            ("Azure Interior", "\"Azure Interior\""),
            ("Müller & Söhne 株式会社", "\"Müller & Söhne 株式会社\""),
            ("a\u{202e}b\u{2066}c\u{200b}d\u{feff}e", "\"abcde\""),
            ("line\nbreak\r\n\ttab\u{2028}x", "\"line break   tab x\""),
            ("\u{1b}[31mred\u{7}", "\"[31mred\""),
            ("say \"yes\" “now”", "\"say 'yes' 'now'\""),
            ("\u{e0041}\u{e0042}tags\u{fe0f}", "\"tags\""),
            ("\u{e000}\u{10fffd}private", "\"private\""),
            ("", "\"\""),
        ] {
            assert_eq!(quoted_name(text), shown, "{text:?}");
        }
    }

    #[test]
    fn long_texts_are_cut_by_what_is_seen() {
        let shown = quoted_name(&"é\u{200b}".repeat(500));
        assert_eq!(shown.chars().filter(|c| *c == 'é').count(), NAME_CHARS_MAX);
        assert!(shown.ends_with("…\""), "{shown}");
        assert_eq!(quoted_name(&"x".repeat(NAME_CHARS_MAX)), format!("\"{}\"", "x".repeat(NAME_CHARS_MAX)));
        assert!(quoted_value(&"x".repeat(10_000)).len() < 200);
    }
}
