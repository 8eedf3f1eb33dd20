//! Network addresses that are never an Odoo: link-local ones, where clouds keep their metadata.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use url::{Host, Url};

/// Is this an address no connection may lead to?
pub(super) fn is_forbidden(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_forbidden_v4(v4),
        IpAddr::V6(v6) => {
            let embedded = v6.to_ipv4_mapped().or_else(|| nat64(v6.octets()));
            v6.is_unicast_link_local()
                || v6.is_unspecified()
                || v6.is_multicast()
                // The metadata address of one large cloud, outside the link-local range.
                || v6.segments() == [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254]
                || embedded.is_some_and(is_forbidden_v4)
        }
    }
}

fn is_forbidden_v4(address: Ipv4Addr) -> bool {
    address.is_link_local()
        || address.is_unspecified()
        || address.is_broadcast()
        || address.is_multicast()
        // Metadata addresses of two clouds, outside the link-local range.
        || address == Ipv4Addr::new(100, 100, 100, 200)
        || address == Ipv4Addr::new(192, 0, 0, 192)
}

/// The IPv4 address behind `64:ff9b::/96`.
fn nat64(octets: [u8; 16]) -> Option<Ipv4Addr> {
    match octets {
        [0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d] => Some(Ipv4Addr::new(a, b, c, d)),
        _ => None,
    }
}

/// Is the host of this URL a forbidden address? Names are checked when they are resolved.
pub(super) fn leads_to_forbidden(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => is_forbidden(address.into()),
        Some(Host::Ipv6(address)) => is_forbidden(address.into()),
        Some(Host::Domain(_)) | None => false,
    }
}

/// The addresses of a name without the forbidden ones; an error when nothing remains.
pub(super) fn reachable(host: &str, addresses: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, io::Error> {
    let found = addresses.len();
    let allowed: Vec<_> = addresses.into_iter().filter(|address| !is_forbidden(address.ip())).collect();
    if allowed.is_empty() {
        let why = if found == 0 { "has no address" } else { "leads to a link-local address" };
        return Err(io::Error::other(format!("host `{host}` {why}")));
    }
    Ok(allowed)
}

/// Resolves names for the HTTP client and drops forbidden addresses, so that a name cannot be
/// turned towards the metadata service after it was checked.
#[derive(Debug, Clone, Copy)]
pub(super) struct GuardedResolver;

impl reqwest::dns::Resolve for GuardedResolver {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        Box::pin(async move {
            let host = name.as_str();
            let found = tokio::net::lookup_host((host, 0)).await?.collect();
            let allowed = reachable(host, found)?;
            Ok(Box::new(allowed.into_iter()) as reqwest::dns::Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(address: &str, forbidden: bool) {
        assert_eq!(is_forbidden(address.parse().unwrap()), forbidden, "{address}");
    }

    #[test]
    fn metadata_addresses_are_forbidden_in_every_spelling() {
        check("169.254.169.254", true);
        check("169.254.0.1", true);
        check("::ffff:169.254.169.254", true);
        check("64:ff9b::a9fe:a9fe", true);
        check("fe80::1", true);
        check("fd00:ec2::254", true);
        check("100.100.100.200", true);
        check("0.0.0.0", true);
        check("::", true);
        check("224.0.0.1", true);
        check("127.0.0.1", false);
        check("10.0.0.5", false);
        check("192.168.1.1", false);
        check("::1", false);
        check("2001:db8::1", false);
    }
}
