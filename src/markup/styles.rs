//! `style` attributes: taken apart into declarations, checked, changed one property at a time.

use super::{entities::decoded, links::is_safe_source, span::Span};

/// One `property: value` with its place in the style.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Declaration<'a> {
    pub property: &'a str,
    pub value: &'a str,
    /// From the property up to the semicolon.
    pub place: Span,
}

/// What has run scripts or loaded code in some browser.
const DANGEROUS: &[&str] =
    &["expression", "javascript:", "vbscript:", "-moz-binding", "behavior", "@import", "@charset", "<", "\\"];

/// The declarations of a style, in order. Semicolons in quotes and parentheses separate nothing.
pub fn declarations(style: &str) -> Vec<Declaration<'_>> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut quote: Option<char> = None;
    let mut depth = 0_usize;
    for (place, c) in style.char_indices().chain([(style.len(), ';')]) {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) if place < style.len() => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            (_, ';') if depth == 0 || place == style.len() => {
                found.extend(declaration(style, Span::new(start, place)));
                start = place + 1;
            }
            _ => {}
        }
    }
    found
}

fn declaration(style: &str, place: Span) -> Option<Declaration<'_>> {
    let (property, value) = place.of(style).split_once(':')?;
    let (property, value) = (property.trim(), value.trim());
    (!property.is_empty()).then_some(Declaration { property, value, place })
}

/// What is wrong with a style, in words; nothing where it is safe.
pub fn style_problem(style: &str) -> Option<String> {
    let plain = without_comments(&decoded(style)).to_ascii_lowercase();
    if let Some(word) = DANGEROUS.iter().find(|word| plain.contains(**word)) {
        return Some(format!("a style must not hold `{word}`"));
    }
    if plain.chars().any(|c| c.is_control() && !c.is_ascii_whitespace()) {
        return Some("a style must not hold control characters".to_owned());
    }
    let mut rest = plain.as_str();
    while let Some((_, after)) = rest.split_once("url(") {
        let (address, further) = after.split_once(')').unwrap_or((after, ""));
        let address = address.trim().trim_matches(['"', '\'']).trim();
        if !is_safe_source(address) {
            return Some(
                "a style may load pictures from `http`, `https` and the site itself only".to_owned(),
            );
        }
        rest = further;
    }
    None
}

fn without_comments(style: &str) -> String {
    let mut plain = String::with_capacity(style.len());
    let mut rest = style;
    while let Some((before, after)) = rest.split_once("/*") {
        plain.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, further)| further);
    }
    plain.push_str(rest);
    plain
}

/// The style with one property set, or without it where the value is empty; the others stay as written.
pub fn with_property(style: &str, property: &str, value: &str) -> String {
    let same = |one: &&Declaration<'_>| one.property.eq_ignore_ascii_case(property);
    let all = declarations(style);
    let mut places = all.iter().filter(same).map(|one| one.place).peekable();
    let mut result = String::with_capacity(style.len() + property.len() + value.len() + 4);
    if places.peek().is_none() {
        let kept = style.trim_end();
        result.push_str(kept);
        if value.is_empty() {
            return style.to_owned();
        }
        if !kept.is_empty() {
            result.push_str(if kept.ends_with(';') { " " } else { "; " });
        }
        result.push_str(&format!("{property}: {value};"));
        return result;
    }
    let mut from = 0;
    let mut written = value.is_empty();
    for place in places {
        result.push_str(Span::new(from, place.start).of(style));
        from = place.end;
        if written {
            // The same property twice: the last one counts, so the others go.
            from = (from + 1).min(style.len());
            continue;
        }
        let lead: String = place.of(style).chars().take_while(|c| c.is_whitespace()).collect();
        result.push_str(&format!("{lead}{property}: {value}"));
        written = true;
    }
    result.push_str(Span::new(from, style.len()).of(style));
    result.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_property_changes_and_the_others_stay() {
        for (style, property, value, expected) in [
            ("", "color", "red", "color: red;"),
            ("color:blue", "color", "red", "color: red"),
            ("a: b; color:blue ; c: d", "color", "red", "a: b; color: red; c: d"),
            ("a: b", "color", "red", "a: b; color: red;"),
            ("a: url('x;y'); c: d;", "c", "e", "a: url('x;y'); c: e;"),
            ("a: b; c: d;", "a", "", "c: d;"),
            ("a: b;", "z", "", "a: b;"),
            ("color: red; COLOR: blue; x: y", "color", "green", "color: green; x: y"),
        ] {
            assert_eq!(with_property(style, property, value), expected, "{style}");
        }
    }

    #[test]
    fn code_in_styles_is_seen() {
        for bad in [
            "width: expression(alert(1))",
            "width: expr/**/ession(1)",
            "background: url(javascript:x)",
            "background: url( 'data:text/html,x' )",
            "-moz-binding: url(x)",
            "a: \\65xpression(1)",
            "a: </style>",
            "background: &#117;rl(javascript&colon;x)",
        ] {
            assert!(style_problem(bad).is_some(), "{bad}");
        }
        for good in [
            "color: red; background-image: url('/web/image/5?x=1');",
            "",
            "width: calc(100% - 2px)",
            "a: url(\"https://x/y\")",
        ] {
            assert_eq!(style_problem(good), None, "{good}");
        }
    }
}
