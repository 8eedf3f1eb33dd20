//! Character references: read from markup, and written where a text becomes markup.

use std::borrow::Cow;

/// Longest reference that is read: `&thetasym;` and every number fit.
const REFERENCE_CHARS_MAX: usize = 12;

/// The names that pages really use; a name that is not here stays as it is written.
const NAMED: &[(&str, &str)] = &[
    ("amp", "&"),
    ("lt", "<"),
    ("gt", ">"),
    ("quot", "\""),
    ("apos", "'"),
    ("nbsp", "\u{a0}"),
    ("copy", "©"),
    ("reg", "®"),
    ("trade", "™"),
    ("hellip", "…"),
    ("mdash", "—"),
    ("ndash", "–"),
    ("lsquo", "‘"),
    ("rsquo", "’"),
    ("sbquo", "‚"),
    ("ldquo", "“"),
    ("rdquo", "”"),
    ("bdquo", "„"),
    ("laquo", "«"),
    ("raquo", "»"),
    ("lsaquo", "‹"),
    ("rsaquo", "›"),
    ("bull", "•"),
    ("middot", "·"),
    ("euro", "€"),
    ("pound", "£"),
    ("yen", "¥"),
    ("cent", "¢"),
    ("sect", "§"),
    ("para", "¶"),
    ("deg", "°"),
    ("plusmn", "±"),
    ("times", "×"),
    ("divide", "÷"),
    ("frac12", "½"),
    ("frac14", "¼"),
    ("frac34", "¾"),
    ("sup2", "²"),
    ("sup3", "³"),
    ("micro", "µ"),
    ("shy", "\u{ad}"),
    ("ensp", "\u{2002}"),
    ("emsp", "\u{2003}"),
    ("thinsp", "\u{2009}"),
    ("zwnj", "\u{200c}"),
    ("zwj", "\u{200d}"),
    ("larr", "←"),
    ("uarr", "↑"),
    ("rarr", "→"),
    ("darr", "↓"),
    ("check", "✓"),
    ("iexcl", "¡"),
    ("iquest", "¿"),
    ("agrave", "à"),
    ("aacute", "á"),
    ("acirc", "â"),
    ("atilde", "ã"),
    ("auml", "ä"),
    ("aring", "å"),
    ("aelig", "æ"),
    ("ccedil", "ç"),
    ("egrave", "è"),
    ("eacute", "é"),
    ("ecirc", "ê"),
    ("euml", "ë"),
    ("igrave", "ì"),
    ("iacute", "í"),
    ("icirc", "î"),
    ("iuml", "ï"),
    ("ntilde", "ñ"),
    ("ograve", "ò"),
    ("oacute", "ó"),
    ("ocirc", "ô"),
    ("otilde", "õ"),
    ("ouml", "ö"),
    ("oslash", "ø"),
    ("oelig", "œ"),
    ("ugrave", "ù"),
    ("uacute", "ú"),
    ("ucirc", "û"),
    ("uuml", "ü"),
    ("szlig", "ß"),
    ("Agrave", "À"),
    ("Aacute", "Á"),
    ("Acirc", "Â"),
    ("Auml", "Ä"),
    ("Aring", "Å"),
    ("AElig", "Æ"),
    ("Ccedil", "Ç"),
    ("Egrave", "È"),
    ("Eacute", "É"),
    ("Ecirc", "Ê"),
    ("Euml", "Ë"),
    ("Icirc", "Î"),
    ("Iuml", "Ï"),
    ("Ntilde", "Ñ"),
    ("Ocirc", "Ô"),
    ("Ouml", "Ö"),
    ("Oslash", "Ø"),
    ("OElig", "Œ"),
    ("Ucirc", "Û"),
    ("Uuml", "Ü"),
    // Browsers read these as punctuation in attributes too, which is how a scheme is hidden.
    ("colon", ":"),
    ("sol", "/"),
    ("bsol", "\\"),
    ("lpar", "("),
    ("rpar", ")"),
    ("Tab", "\t"),
    ("NewLine", "\n"),
    ("excl", "!"),
    ("num", "#"),
    ("percnt", "%"),
    ("equals", "="),
    ("commat", "@"),
    ("quest", "?"),
    ("comma", ","),
    ("period", "."),
    ("semi", ";"),
    ("lowbar", "_"),
    ("lbrace", "{"),
    ("rbrace", "}"),
    ("lcub", "{"),
    ("rcub", "}"),
    ("lbrack", "["),
    ("rbrack", "]"),
    ("lsqb", "["),
    ("rsqb", "]"),
];

/// The text that markup stands for.
pub fn decoded(markup: &str) -> Cow<'_, str> {
    if !markup.contains('&') {
        return Cow::Borrowed(markup);
    }
    let mut text = String::with_capacity(markup.len());
    let mut rest = markup;
    while let Some(place) = rest.find('&') {
        let (before, from) = rest.split_at(place);
        text.push_str(before);
        match reference(from) {
            Some((meant, length)) => {
                text.push_str(&meant);
                rest = from.get(length..).unwrap_or_default();
            }
            None => {
                text.push('&');
                rest = from.get(1..).unwrap_or_default();
            }
        }
    }
    text.push_str(rest);
    Cow::Owned(text)
}

/// What the reference at the start of the text means, and how many bytes it takes.
fn reference(text: &str) -> Option<(Cow<'static, str>, usize)> {
    let body = text.strip_prefix('&')?;
    if let Some(number) = body.strip_prefix('#') {
        let (radix, digits, prefix) = match number.strip_prefix(['x', 'X']) {
            Some(digits) => (16, digits, 3),
            None => (10, number, 2),
        };
        let length = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
        let value = digits.get(..length).filter(|digits| !digits.is_empty())?;
        // Leading zeros are legal and hide a number; a value beyond Unicode is no character.
        let value = value.trim_start_matches('0');
        let code = if value.is_empty() { 0 } else { u32::from_str_radix(value, radix).unwrap_or(u32::MAX) };
        let semicolon = usize::from(digits.get(length..).is_some_and(|rest| rest.starts_with(';')));
        let character = char::from_u32(code).filter(|c| *c != '\0').unwrap_or(char::REPLACEMENT_CHARACTER);
        return Some((Cow::Owned(character.to_string()), prefix + length + semicolon));
    }
    let end = body.bytes().take(REFERENCE_CHARS_MAX).position(|byte| byte == b';')?;
    let name = body.get(..end)?;
    let (_, meant) = NAMED.iter().find(|(known, _)| *known == name)?;
    Some((Cow::Borrowed(meant), end + 2))
}

/// Text as it is written between tags, in HTML and in XML.
pub fn escaped_text(text: &str) -> String {
    escaped(text, false)
}

/// Text as it is written between double quotes, in HTML and in XML.
pub fn escaped_attribute(text: &str) -> String {
    escaped(text, true)
}

fn escaped(text: &str, quotes: bool) -> String {
    let mut markup = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => markup.push_str("&amp;"),
            '<' => markup.push_str("&lt;"),
            '>' => markup.push_str("&gt;"),
            '"' if quotes => markup.push_str("&quot;"),
            // XML readers turn these into spaces, unless they are written as numbers.
            '\n' if quotes => markup.push_str("&#10;"),
            '\t' if quotes => markup.push_str("&#9;"),
            '\r' => markup.push_str("&#13;"),
            // No XML document may hold these, not even as references.
            c if is_unwritable(c) => {}
            c => markup.push(c),
        }
    }
    markup
}

fn is_unwritable(c: char) -> bool {
    matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_become_characters() {
        for (markup, text) in [
            ("a &amp; b &lt;c&gt; &#233;&#xE9;&nbsp;&eacute;", "a & b <c> éé\u{a0}é"),
            ("&unknown; & &; &#; &#x; &amp", "&unknown; & &; &#; &#x; &amp"),
            ("&#106;&#0000000000097&#x76a;", "ja\u{76a}"),
            ("&#0;&#1114112;&#xD800;&#99999999999999999999;", "\u{fffd}\u{fffd}\u{fffd}\u{fffd}"),
            ("&é;", "&é;"),
            ("java&Tab;script&colon;", "java\tscript:"),
        ] {
            assert_eq!(decoded(markup), text, "{markup}");
        }
    }

    #[test]
    fn text_survives_being_written() {
        for text in ["a & <b> \"c\" 'd'", "é\u{a0}\n\t", "&amp;"] {
            assert_eq!(decoded(&escaped_text(text)), text);
            assert_eq!(decoded(&escaped_attribute(text)), text);
        }
        assert_eq!(escaped_text("a\u{0}\u{8}b"), "ab");
    }
}
