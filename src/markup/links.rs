//! Which addresses a page may point at.

/// Schemes of links.
const LINK_SCHEMES: &[&str] = &["http", "https", "mailto", "tel"];

/// Schemes of what a page loads by itself.
const SOURCE_SCHEMES: &[&str] = &["http", "https"];

/// Pictures that may stand in the page itself. SVG is not one of them: it may hold scripts.
const INLINE_PICTURES: &[&str] = &[
    "data:image/png;base64,",
    "data:image/jpeg;base64,",
    "data:image/gif;base64,",
    "data:image/webp;base64,",
];

/// May a link lead there? Relative addresses may.
pub fn is_safe_link(address: &str) -> bool {
    has_scheme_of(address, LINK_SCHEMES)
}

/// May a page load a picture from there?
pub fn is_safe_source(address: &str) -> bool {
    let start: String = address.trim().chars().take(40).collect::<String>().to_ascii_lowercase();
    let inline = INLINE_PICTURES.iter().any(|picture| start.starts_with(picture));
    (inline
        && address
            .trim()
            .chars()
            .all(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\'' | '<' | '>' | '\\')))
        || has_scheme_of(address, SOURCE_SCHEMES)
}

/// Browsers trim spaces and control characters and drop tabs and line breaks anywhere: an address with
/// control characters has no good reason to be one.
fn has_scheme_of(address: &str, schemes: &[&str]) -> bool {
    let address = address.trim();
    if address.chars().any(|c| c.is_control() || is_invisible(c)) {
        return false;
    }
    let Some(colon) = address.find(':') else { return true };
    let Some(scheme) = address.get(..colon) else { return false };
    if scheme.contains(['/', '?', '#']) {
        return true;
    }
    schemes.iter().any(|known| known.eq_ignore_ascii_case(scheme))
}

/// Characters that are not seen and that some readers skip.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_schemes_and_relative_addresses_are_links() {
        for good in [
            "https://a.example/b?c=d:e",
            "HTTP://a",
            "mailto:a@b.c",
            "tel:+331",
            "/a",
            "a/b:c",
            "#x:y",
            "?a=b:c",
            "",
            "//a.example",
        ] {
            assert!(is_safe_link(good), "{good}");
        }
        for bad in [
            "javascript:alert(1)",
            " JavaScript:x",
            "java\tscript:x",
            "java\nscript:x",
            "\u{1}javascript:x",
            "data:text/html,x",
            "vbscript:x",
            "file:///etc/passwd",
            "blob:x",
            "x:y",
            "java\u{200b}script:x",
            ":x",
        ] {
            assert!(!is_safe_link(bad), "{bad}");
        }
    }

    #[test]
    fn pictures_may_stand_in_the_page_but_not_as_svg() {
        assert!(is_safe_source("data:image/png;base64,AAAA") && is_safe_source("/web/image/1"));
        for bad in
            ["data:image/svg+xml;base64,AAAA", "data:text/html,x", "mailto:a@b", "data:image/png;base64,\"x"]
        {
            assert!(!is_safe_source(bad), "{bad}");
        }
    }
}
