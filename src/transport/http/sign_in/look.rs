//! How pages for people look, and what a browser may do with them: no scripts, nothing from elsewhere.

use std::sync::LazyLock;

use axum::response::{IntoResponse as _, Response};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{HeaderName, HeaderValue, StatusCode, header};
use ring::digest::{SHA256, digest};

const STYLE: &str = include_str!("look.css");

/// The policy of a page whose forms go to this server alone.
static POLICY: LazyLock<String> = LazyLock::new(|| policy(&[]));

fn policy(form_targets: &[&str]) -> String {
    let hash = BASE64_STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
    let targets: String = form_targets.iter().map(|target| format!(" {target}")).collect();
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'{targets}; frame-ancestors 'none'; \
         base-uri 'none'"
    )
}

/// A page with our look. `body` is HTML; whatever comes from outside in it is [`escaped`].
pub(in crate::transport::http) fn page(status: StatusCode, title: &str, body: &str) -> Response {
    respond(status, title, body, &POLICY)
}

/// The same with forms whose answer leads the browser to these origins. Each is written by us.
pub(in crate::transport::http) fn page_leading_to(
    status: StatusCode,
    title: &str,
    body: &str,
    origins: &[&str],
) -> Response {
    respond(status, title, body, &policy(origins))
}

fn respond(status: StatusCode, title: &str, body: &str, policy: &str) -> Response {
    let title = escaped(title);
    let html = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title} - odoo-mcp</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"robots\" \
         content=\"noindex\"><style>{STYLE}</style></head><body><main><h1>{title}</h1>{body}</main></body></html>\n"
    );
    let fixed = |name: HeaderName, value: &'static str| (name, HeaderValue::from_static(value));
    let headers = [
        fixed(header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_str(policy).unwrap_or_else(|_| strictest())),
        fixed(header::CACHE_CONTROL, "no-store"),
        // With no referrer at all the browser would not say where the form was either.
        fixed(header::REFERRER_POLICY, "same-origin"),
        fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        fixed(header::X_FRAME_OPTIONS, "DENY"),
        fixed(
            HeaderName::from_static("permissions-policy"),
            "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        ),
    ];
    (status, headers, html).into_response()
}

fn strictest() -> HeaderValue {
    HeaderValue::from_static(
        "default-src 'none'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
    )
}

pub(in crate::transport::http) fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            c => html.push(c),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_becomes_markup() {
        assert_eq!(escaped("<a href='x'>\"&\""), "&lt;a href=&#39;x&#39;&gt;&quot;&amp;&quot;");
        assert!(!STYLE.contains("</") && !STYLE.contains("url(") && !STYLE.contains("@import"));
    }

    #[test]
    fn a_page_runs_nothing_and_is_framed_by_nobody() {
        let response = page(StatusCode::OK, "Title", "");
        let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"));
        assert!(policy.contains("form-action 'self';") && policy.contains("frame-ancestors 'none'"));
        let leading = page_leading_to(StatusCode::OK, "Title", "", &["https://app.example.com"]);
        let policy = leading.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("form-action 'self' https://app.example.com;"), "{policy}");
    }
}
