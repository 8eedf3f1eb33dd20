//! Small JSON documents from elsewhere: about a provider, its keys, or a client.
//!
//! One address, no redirect, no proxy, limits on size and time. What an operator named may be anywhere;
//! what a stranger named may only be on the public network, or the server could be sent to look around
//! in its own.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
    time::Duration,
};

use http::{HeaderValue, header};
use url::{Host, Url};

use crate::{config::is_loopback, odoo::web_config};

/// A document that is not there within this time is not there.
const FETCH_MAX: Duration = Duration::from_secs(5);
const USER_AGENT: &str = concat!("odoo-mcp/", env!("CARGO_PKG_VERSION"));

/// Who chose the address, and where it may therefore lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// The operator did: anywhere.
    Anywhere,
    /// A stranger did: public addresses, over https.
    Public,
    /// A stranger did, in a test: this machine, too.
    PublicAndLoopback,
}

/// Why a document could not be had. The texts name no address: some are not the reader's business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum FetchError {
    #[error("its address is not allowed")]
    Address,
    #[error("it could not be reached")]
    Unreachable,
    #[error("the answer was not `200 OK`")]
    Status,
    #[error("the answer is not JSON")]
    Kind,
    #[error("the answer is too large")]
    TooLarge,
}

/// What came, and for how long it may be kept.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) bytes: Vec<u8>,
    pub(super) max_age: Option<Duration>,
}

/// Fetches one document.
pub(super) async fn fetch_json(
    url: &Url,
    reach: Reach,
    ca_file: Option<&Path>,
    bytes_max: usize,
) -> Result<Fetched, FetchError> {
    if !may_lead_to(url, reach) {
        return Err(FetchError::Address);
    }
    let work = read(url, reach, ca_file, bytes_max);
    tokio::time::timeout(FETCH_MAX, work).await.unwrap_or(Err(FetchError::Unreachable))
}

async fn read(
    url: &Url,
    reach: Reach,
    ca_file: Option<&Path>,
    bytes_max: usize,
) -> Result<Fetched, FetchError> {
    let tls = web_config(url, ca_file).map_err(|_| FetchError::Unreachable)?;
    let mut builder = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .tls_backend_preconfigured(tls);
    if reach != Reach::Anywhere {
        builder = builder.dns_resolver(PublicResolver { reach });
    }
    let client = builder.build().map_err(|_| FetchError::Unreachable)?;
    let request =
        client.get(url.clone()).header(header::ACCEPT, HeaderValue::from_static("application/json"));
    let mut answer = request.send().await.map_err(|_| FetchError::Unreachable)?;
    if answer.status() != http::StatusCode::OK {
        return Err(FetchError::Status);
    }
    if !is_json(answer.headers().get(header::CONTENT_TYPE)) {
        return Err(FetchError::Kind);
    }
    let max_age = max_age(answer.headers().get(header::CACHE_CONTROL));
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|_| FetchError::Unreachable)? {
        if bytes.len() + chunk.len() > bytes_max {
            return Err(FetchError::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Fetched { bytes, max_age })
}

/// `application/json`, or a type built on it such as `application/jwk-set+json`.
fn is_json(kind: Option<&HeaderValue>) -> bool {
    let Some(Ok(kind)) = kind.map(HeaderValue::to_str) else { return false };
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

fn max_age(control: Option<&HeaderValue>) -> Option<Duration> {
    let parts = control?.to_str().ok()?.to_ascii_lowercase();
    let seconds = parts.split(',').find_map(|part| part.trim().strip_prefix("max-age=")?.parse().ok())?;
    Some(Duration::from_secs(seconds))
}

/// Is this an address that somebody of this reach may choose? Names are checked when they are resolved.
fn may_lead_to(url: &Url, reach: Reach) -> bool {
    let plain = url.username().is_empty() && url.password().is_none();
    let loopback = is_loopback(url);
    let scheme_fits = match url.scheme() {
        "https" => true,
        "http" => loopback && reach != Reach::Public,
        _ => false,
    };
    let host_fits = match (reach, url.host()) {
        (_, None) => false,
        (Reach::Anywhere, Some(_)) => true,
        (Reach::PublicAndLoopback, Some(_)) if loopback => true,
        (_, Some(Host::Ipv4(address))) => is_public_v4(address),
        (_, Some(Host::Ipv6(address))) => is_public_v6(address),
        (_, Some(Host::Domain(name))) => name.contains('.') && !name.ends_with(".localhost"),
    };
    plain && scheme_fits && host_fits
}

/// Resolves names and refuses those that lead anywhere else than to public addresses, at the moment of
/// the connection, so that a name cannot be turned after it was checked.
#[derive(Debug, Clone, Copy)]
struct PublicResolver {
    reach: Reach,
}

impl reqwest::dns::Resolve for PublicResolver {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let reach = self.reach;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let usable = |address: &SocketAddr| {
                is_public(address.ip()) || (reach == Reach::PublicAndLoopback && address.ip().is_loopback())
            };
            if found.is_empty() || !found.iter().all(usable) {
                return Err(io::Error::other("not a public address").into());
            }
            Ok(Box::new(found.into_iter()) as reqwest::dns::Addrs)
        })
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast()
        || a == 0
        // Carriers' shared addresses, IETF assignments, 6to4 relays, benchmarks, and the reserved rest.
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19))
        || a >= 240)
}

/// Only what the registries give out, without the parts of it that stand for something else.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    // 2000::/3 without Teredo and other special uses (2001::/23), documentation and 6to4.
    first & 0xe000 == 0x2000
        && !(first == 0x2001 && second < 0x0200)
        && !(first == 0x2001 && second == 0x0db8)
        && first != 0x2002
        && !(first == 0x3fff && second < 0x1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_is_what_everybody_can_reach() {
        for address in ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "2a00:1450:4001::1"] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
        for address in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.100.100.200",
            "0.0.0.0",
            "0.1.2.3",
            "255.255.255.255",
            "224.0.0.1",
            "192.0.2.1",
            "198.18.0.1",
            "192.0.0.192",
            "240.0.0.1",
            "::1",
            "::",
            "::ffff:127.0.0.1",
            "::ffff:1.1.1.1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
            "3fff::1",
            "100::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn strangers_choose_public_addresses_only() {
        let check = |text: &str, public: bool, loopback: bool, anywhere: bool| {
            let url = Url::parse(text).unwrap();
            assert_eq!(may_lead_to(&url, Reach::Public), public, "{text}");
            assert_eq!(may_lead_to(&url, Reach::PublicAndLoopback), loopback, "{text}");
            assert_eq!(may_lead_to(&url, Reach::Anywhere), anywhere, "{text}");
        };
        check("https://client.example.com/id.json", true, true, true);
        check("https://1.1.1.1/id.json", true, true, true);
        check("http://client.example.com/id.json", false, false, false);
        check("https://10.0.0.1/id.json", false, false, true);
        check("https://0x7f.1/id.json", false, true, true);
        check("https://[::ffff:10.0.0.1]/id.json", false, false, true);
        check("https://localhost/id.json", false, true, true);
        check("http://127.0.0.1:1/id.json", false, true, true);
        check("https://intranet/id.json", false, false, true);
        check("https://a.localhost/id.json", false, false, true);
        check("https://user@client.example.com/id.json", false, false, false);
        check("ftp://client.example.com/id.json", false, false, false);
        check("file:///etc/passwd", false, false, false);
    }

    #[test]
    fn json_says_that_it_is() {
        for (kind, expected) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/jwk-set+json", true),
            ("text/html", false),
            ("text/json", false),
            ("", false),
        ] {
            assert_eq!(is_json(Some(&HeaderValue::from_str(kind).unwrap())), expected, "{kind}");
        }
        assert!(!is_json(None));
        let age = |text| max_age(Some(&HeaderValue::from_static(text)));
        assert_eq!(age("public, max-age=60"), Some(Duration::from_secs(60)));
        assert_eq!(age("max-age=many"), None);
        assert_eq!(age("no-store"), None);
    }

    #[tokio::test]
    async fn a_name_of_this_machine_is_no_public_address() {
        use reqwest::dns::Resolve as _;
        let resolve = |reach| PublicResolver { reach }.resolve("localhost".parse().unwrap());
        assert!(resolve(Reach::Public).await.is_err());
        assert!(resolve(Reach::PublicAndLoopback).await.is_ok());
    }
}
