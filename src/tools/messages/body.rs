//! What a message says, as HTML that is safe to show and to mail.

use crate::{
    markup::{MarkdownOptions, markdown_to_html_with, sanitised},
    tools::ToolError,
};

/// Longest body, as the caller writes it: far above any message, far below what a mail server takes.
const BODY_BYTES_MAX: usize = 200_000;

/// A body that can be sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Body {
    pub(super) html: String,
    /// What was left out of raw HTML because it could do something.
    pub(super) removed: Vec<String>,
}

/// The HTML of a body: of Markdown, in which HTML is only text, or of HTML without what could run or
/// load anything.
pub(super) fn html_of(body: &str, is_html: bool) -> Result<Body, ToolError> {
    if body.len() > BODY_BYTES_MAX {
        return Err(ToolError::too_large(
            format!("`body` is {} bytes; at most {BODY_BYTES_MAX} are posted", body.len()),
            "post a summary and attach the rest",
        ));
    }
    if is_html {
        let safe = sanitised(body);
        return Ok(Body { html: safe.markup.trim().to_owned(), removed: safe.removed });
    }
    let options = MarkdownOptions { raw_html: false, line_breaks: true };
    Ok(Body { html: markdown_to_html_with(body, options).trim().to_owned(), removed: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, is_html: bool, expected: &str) {
        assert_eq!(html_of(body, is_html).unwrap().html, expected, "{body}");
    }

    #[test]
    fn markdown_becomes_html_and_html_text() {
        check("Hello **you**", false, "<p>Hello <strong>you</strong></p>");
        check("<b>x</b>", false, "<p>&lt;b&gt;x&lt;/b&gt;</p>");
        check("<b>x</b>", true, "<b>x</b>");
        check("", false, "");
    }

    #[test]
    fn raw_html_loses_what_could_do_something() {
        let body = html_of("<p onclick=\"x()\">a<script>alert(1)</script></p>", true).unwrap();
        assert!(!body.html.contains("script") && !body.html.contains("onclick"), "{body:?}");
        assert!(!body.removed.is_empty());
        assert!(html_of(&"x".repeat(BODY_BYTES_MAX + 1), false).is_err());
    }
}
