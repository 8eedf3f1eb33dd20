//! Pages with words on them, and the token that forms of a session carry.

use http::StatusCode;

use crate::sandbox::server::Response;

/// The token of a session: as long as the real one, and as bound to its session.
pub(super) fn form_token(session: &str) -> String {
    let mut state: u64 = 0xcbf2_9ce4_8422_2325;
    let mut digits = String::new();
    for round in 0..5u8 {
        for byte in session.bytes().chain([round]) {
            state = (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        digits.push_str(&format!("{:08x}", state >> 32));
    }
    format!("{digits}o1999999999")
}

/// The start page of the portal.
pub(super) fn home(name: &str, token: &str) -> Response {
    let rows = ["Quotations", "Orders", "Invoices"].map(|what| {
        format!("<tr><td><a href=\"/my/{}\">{what}</a></td><td>0</td></tr>", what.to_lowercase())
    });
    Response::html(
        StatusCode::OK,
        format!(
            "<!DOCTYPE html>\n<html lang=\"en-US\"><head><title>My Account | Sandbox</title>\
             <script>var odoo = {{ csrf_token: \"{token}\", debug: \"\" }};</script></head>\
             <body><div id=\"wrapwrap\"><main><div id=\"wrap\"><h3>Documents</h3><p>Welcome, {}</p>\
             <table><tr><th>What</th><th>Count</th></tr>{}</table></div></main></div></body></html>\n",
            super::envelope::escape(name),
            rows.concat()
        ),
    )
}

pub(super) fn robots() -> Response {
    Response::new(StatusCode::OK, "text/plain;charset=utf-8", "User-agent: *\nDisallow: /web/\n")
}
