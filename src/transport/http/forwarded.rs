//! Whose request it is where a proxy of ours stands in front: the address counts failures and is in the
//! log, and nothing is allowed because of it.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderMap, HeaderName, header};

use super::door::PeerAddress;
use crate::config::TrustedProxies;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// Proxies behind each other; nobody has more, and who sends more wants us to read.
const HOPS_MAX: usize = 16;
/// A longer header is not looked at.
const HEADER_BYTES_MAX: usize = 4 * 1024;

/// Puts the address of the client in the place of the proxy's.
pub(super) async fn believed(
    State(proxies): State<Arc<TrustedProxies>>,
    mut request: Request,
    next: Next,
) -> Response {
    if let Some(PeerAddress(peer)) = request.extensions().get::<PeerAddress>().copied() {
        let address = client(&proxies, peer.ip(), request.headers());
        if address != peer.ip() {
            request.extensions_mut().insert(PeerAddress(SocketAddr::new(address, 0)));
        }
    }
    next.run(request).await
}

/// The nearest address that is none of our proxies. What stands further away, the client wrote.
fn client(proxies: &TrustedProxies, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let mut nearest = peer.to_canonical();
    if !proxies.contains(nearest) {
        return nearest;
    }
    let name = if proxies.standard_header { header::FORWARDED } else { X_FORWARDED_FOR };
    let lines: Vec<&str> = headers.get_all(name).iter().map(|line| line.to_str().unwrap_or("?")).collect();
    if lines.iter().map(|line| line.len()).sum::<usize>() > HEADER_BYTES_MAX {
        return nearest;
    }
    let hops = lines.iter().rev().flat_map(|line| line.rsplit(','));
    for hop in hops.take(HOPS_MAX) {
        let read = if proxies.standard_header { for_of(hop) } else { address_of(hop.trim()) };
        // What cannot be read hides everything behind it.
        let Some(address) = read else { return nearest };
        nearest = address;
        if !proxies.contains(nearest) {
            return nearest;
        }
    }
    nearest
}

/// The `for` of one element of `Forwarded`. Written twice, it says nothing.
fn for_of(element: &str) -> Option<IpAddr> {
    let mut named = element.split(';').filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then(|| value.trim())
    });
    let (Some(value), None) = (named.next(), named.next()) else { return None };
    match value.strip_prefix('"') {
        Some(quoted) => address_of(quoted.strip_suffix('"')?),
        None => address_of(value),
    }
}

/// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`.
fn address_of(text: &str) -> Option<IpAddr> {
    let plain = text.parse::<IpAddr>().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse::<std::net::Ipv6Addr>().ok();
    let address = plain.or_else(with_port).or_else(|| bracketed().map(IpAddr::V6))?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;
    use crate::config::{Config, Environment, Flags};

    fn proxies(networks: &str, header: &str) -> TrustedProxies {
        let environment = Environment::of(&[
            ("HOME", "/nowhere"),
            ("ODOO_MCP_HTTP_TRUSTED_PROXIES", networks),
            ("ODOO_MCP_HTTP_FORWARDED_BY", header),
        ]);
        Config::load(&Flags::default(), &environment).unwrap().http.trusted_proxies
    }

    #[track_caller]
    fn check(proxies: &TrustedProxies, peer: &str, lines: &[(&'static str, &str)], expected: &str) {
        let mut headers = HeaderMap::new();
        for (name, line) in lines {
            headers.append(*name, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        let found = client(proxies, peer.parse().unwrap(), &headers);
        assert_eq!(found, expected.parse::<IpAddr>().unwrap(), "{peer} {lines:?}");
    }

    #[test]
    fn the_nearest_address_that_is_none_of_ours() {
        let ours = proxies("127.0.0.1, 10.0.0.0/8", "");
        let many = format!("192.0.2.66, {}", ["10.0.0.1"; 40].join(","));
        let long = format!("{}192.0.2.1", " ,".repeat(HEADER_BYTES_MAX));
        for (peer, line, expected) in [
            ("127.0.0.1", "192.0.2.1", "192.0.2.1"),
            ("::ffff:127.0.0.1", "192.0.2.1", "192.0.2.1"),
            // Whoever is no proxy of ours is not believed.
            ("192.0.2.9", "192.0.2.1", "192.0.2.9"),
            ("11.0.0.1", "127.0.0.1", "11.0.0.1"),
            // What stands further left was written by the client.
            ("127.0.0.1", "192.0.2.66, 192.0.2.1", "192.0.2.1"),
            ("127.0.0.1", "127.0.0.1, 192.0.2.1", "192.0.2.1"),
            ("127.0.0.1", "192.0.2.66,192.0.2.1 , 10.1.2.3", "192.0.2.1"),
            ("127.0.0.1", "2001:db8::1", "2001:db8::1"),
            ("127.0.0.1", "[2001:db8::1]", "2001:db8::1"),
            ("127.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"),
            ("127.0.0.1", "192.0.2.1:4711", "192.0.2.1"),
            ("127.0.0.1", "::ffff:192.0.2.1", "192.0.2.1"),
            // What cannot be read is no client; the nearest that can be is.
            ("127.0.0.1", "192.0.2.66, nobody, 10.1.2.3", "10.1.2.3"),
            ("127.0.0.1", "192.0.2.66,,", "127.0.0.1"),
            ("127.0.0.1", "", "127.0.0.1"),
            ("127.0.0.1", "unknown", "127.0.0.1"),
            ("127.0.0.1", "192.0.2.1\t<script>", "127.0.0.1"),
            ("127.0.0.1", "[192.0.2.1]", "127.0.0.1"),
            ("127.0.0.1", "192.0.2.01", "127.0.0.1"),
            ("127.0.0.1", "192.0.2.1:99999", "127.0.0.1"),
            ("127.0.0.1", "käse", "127.0.0.1"),
            ("127.0.0.1", "10.0.0.1, 10.0.0.2", "10.0.0.1"),
            ("127.0.0.1", &many, "10.0.0.1"),
            ("127.0.0.1", &long, "127.0.0.1"),
        ] {
            check(&ours, peer, &[("x-forwarded-for", line)], expected);
        }
        // Several lines are one list, and the other header is the client's.
        let lines = [("x-forwarded-for", "192.0.2.66"), ("x-forwarded-for", "192.0.2.1, 10.0.0.1")];
        check(&ours, "127.0.0.1", &lines, "192.0.2.1");
        check(&ours, "127.0.0.1", &[("forwarded", "for=192.0.2.66")], "127.0.0.1");
        check(&proxies("", ""), "127.0.0.1", &[("x-forwarded-for", "192.0.2.66")], "127.0.0.1");
    }

    #[test]
    fn the_header_of_the_standard() {
        let ours = proxies("127.0.0.1", "Forwarded");
        for (line, expected) in [
            ("for=192.0.2.1", "192.0.2.1"),
            ("For=\"[2001:db8::1]:4711\";proto=https;by=203.0.113.43", "2001:db8::1"),
            ("for=192.0.2.66, for=192.0.2.1;host=x", "192.0.2.1"),
            ("for=192.0.2.66;for=192.0.2.1", "127.0.0.1"),
            ("for=_hidden", "127.0.0.1"),
            ("for=\"192.0.2.1", "127.0.0.1"),
            ("by=192.0.2.1", "127.0.0.1"),
            ("for", "127.0.0.1"),
        ] {
            check(&ours, "127.0.0.1", &[("forwarded", line), ("x-forwarded-for", "192.0.2.66")], expected);
        }
    }
}
