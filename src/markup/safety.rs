//! Which attributes may be written into a page.

use super::{
    directives::is_directive,
    links::{is_safe_link, is_safe_source},
    styles::style_problem,
};

/// Attributes that hold an address to go to.
const LINKS: &[&str] =
    &["href", "action", "formaction", "cite", "ping", "longdesc", "xlink:href", "manifest"];

/// Attributes that hold an address to load from.
const SOURCES: &[&str] =
    &["src", "poster", "background", "data", "lowsrc", "dynsrc", "data-bg-src", "data-original-src"];

/// Attributes whose value some script takes for markup or for its own settings.
const SCRIPTED: &[&str] = &[
    "srcdoc",
    "data-content",
    "data-bs-content",
    "data-html",
    "data-bs-html",
    "data-template",
    "data-bs-template",
    "data-sanitize",
    "data-bs-sanitize",
    "data-sanitize-fn",
    "data-white-list",
    "data-bs-allow-list",
    "data-original-title",
    "data-bs-original-title",
    "http-equiv",
    "is",
    "slot",
];

/// What is wrong with writing this attribute, in words; nothing where it is safe.
pub fn attribute_problem(element: &str, name: &str, value: &str) -> Option<String> {
    let name = name.to_ascii_lowercase();
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':' | '.'));
    if !plain || !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') || name.len() > 100 {
        return Some("that is no name of an attribute".to_owned());
    }
    if name.starts_with("on") {
        return Some("attributes that run scripts are refused".to_owned());
    }
    if is_directive(&name) {
        return Some("QWeb directives are instructions to the server and are refused".to_owned());
    }
    if name == "xmlns" || name.starts_with("xmlns:") {
        return Some("namespaces are refused".to_owned());
    }
    if name.starts_with("data-oe-") {
        return Some("`data-oe-…` tells Odoo what to save where, and is refused".to_owned());
    }
    if SCRIPTED.contains(&name.as_str()) || name == "groups" {
        return Some("this attribute is taken for code or rights, and is refused".to_owned());
    }
    if ["script", "iframe", "object", "embed", "base", "meta", "link", "style", "template", "t"]
        .iter()
        .any(|refused| refused.eq_ignore_ascii_case(element))
    {
        return Some(format!("attributes of `<{element}>` are not set by way of this tool"));
    }
    if LINKS.contains(&name.as_str()) && !is_safe_link(value) {
        return Some("links go to `http`, `https`, `mailto`, `tel` or stay on the site".to_owned());
    }
    if SOURCES.contains(&name.as_str()) && !is_safe_source(value) {
        return Some("pictures come by `http`, `https` or from the site itself".to_owned());
    }
    if name == "srcset"
        && !value.split(',').all(|one| is_safe_source(one.split_whitespace().next().unwrap_or("")))
    {
        return Some("pictures come by `http`, `https` or from the site itself".to_owned());
    }
    if name == "style" { style_problem(value) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_or_steers_is_refused() {
        for (element, name, value) in [
            ("a", "onclick", "x"),
            ("a", "ONCLICK", "x"),
            ("a", "href", "javascript:x"),
            ("a", "HREF", "java\nscript:x"),
            ("form", "action", "data:text/html,x"),
            ("p", "t-out", "x"),
            ("p", "T-Out", "x"),
            ("p", "t-att-href", "x"),
            ("img", "src", "data:image/svg+xml,x"),
            ("p", "style", "background: url(javascript:x)"),
            ("p", "data-oe-model", "x"),
            ("iframe", "src", "https://x"),
            ("p", "srcdoc", "x"),
            ("p", "a b", "x"),
            ("p", "a\"", "x"),
            ("p", "", "x"),
            ("p", "groups", "base.group_user"),
            ("img", "srcset", "a 1x, javascript:x 2x"),
            ("use", "xlink:href", "javascript:x"),
            ("a", "data-bs-content", "<img onerror=x>"),
            ("p", "xmlns:t", "x"),
            ("t", "name", "x"),
        ] {
            assert!(attribute_problem(element, name, value).is_some(), "{element} {name}={value}");
        }
        for (element, name, value) in [
            ("a", "href", "/shop"),
            ("img", "src", "/web/image/1"),
            ("p", "class", "a b"),
            ("p", "data-name", "Text"),
            ("p", "style", "color: red"),
            ("a", "data-bs-toggle", "tooltip"),
            ("svg", "viewBox", "0 0 1 1"),
            ("p", "aria-label", "x"),
            ("img", "alt", "a <b> \"c\""),
        ] {
            assert_eq!(attribute_problem(element, name, value), None, "{element} {name}={value}");
        }
    }
}
