//! Proxies in front of this server whose word about the address of a client is believed.

use std::net::IpAddr;

use super::raw::{Raw, shown};

/// Networks that our own proxies are in, and which header they write.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies {
    pub(super) networks: Vec<Network>,
    /// `Forwarded` of RFC 7239 in place of `X-Forwarded-For`. One of both, because a proxy passes on the
    /// other one as a client wrote it.
    pub standard_header: bool,
}

/// Addresses that begin with the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Network {
    first: IpAddr,
    bits: u32,
}

impl TrustedProxies {
    pub fn is_empty(&self) -> bool {
        self.networks.is_empty()
    }

    /// Is this the address of one of them?
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|network| network.contains(address))
    }
}

impl Network {
    /// `10.0.0.0/8`, `fd00::/8`, or one address alone.
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{}` is no address or network, such as `10.0.0.0/8`", shown(text));
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let first: IpAddr = address.parse().map_err(|_| wrong())?;
        let first = first.to_canonical();
        let most = if first.is_ipv4() { u32::BITS } else { u128::BITS };
        let bits = match bits {
            None => most,
            Some(bits) if bits.bytes().all(|byte| byte.is_ascii_digit()) => {
                bits.parse().ok().filter(|bits| *bits <= most).ok_or_else(wrong)?
            }
            Some(_) => return Err(wrong()),
        };
        if bits == 0 {
            return Err(format!("`{}` is everybody, and everybody would say who they are", shown(text)));
        }
        Ok(Self { first, bits })
    }

    fn contains(self, address: IpAddr) -> bool {
        match (self.first, address) {
            (IpAddr::V4(first), IpAddr::V4(other)) => same_bits(
                first.to_bits().into(),
                other.to_bits().into(),
                u32::BITS - self.bits.min(u32::BITS),
            ),
            (IpAddr::V6(first), IpAddr::V6(other)) => {
                same_bits(first.to_bits(), other.to_bits(), u128::BITS - self.bits.min(u128::BITS))
            }
            _ => false,
        }
    }
}

/// Do both agree in all bits but these last ones?
fn same_bits(one: u128, other: u128, but_last: u32) -> bool {
    one.checked_shr(but_last) == other.checked_shr(but_last)
}

pub(super) fn read_networks(raw: Raw<'_>) -> Result<Vec<Network>, String> {
    raw.list()?.iter().map(|text| Network::parse(text)).collect()
}

/// True for `forwarded`.
pub(super) fn read_header(raw: Raw<'_>) -> Result<bool, String> {
    match raw.text()?.to_ascii_lowercase().as_str() {
        "x-forwarded-for" => Ok(false),
        "forwarded" => Ok(true),
        other => Err(format!("`{}` is no header of proxies; use x-forwarded-for or forwarded", shown(other))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_what_begins_the_same() {
        for (network, address, expected) in [
            ("127.0.0.1", "127.0.0.1", true),
            ("127.0.0.1", "127.0.0.2", false),
            ("127.0.0.1", "::ffff:127.0.0.1", true),
            ("::ffff:127.0.0.1", "127.0.0.1", true),
            ("127.0.0.1", "::1", false),
            ("10.0.0.0/8", "10.255.1.2", true),
            ("10.1.2.3/8", "10.255.1.2", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("192.0.2.128/25", "192.0.2.127", false),
            ("192.0.2.128/25", "192.0.2.255", true),
            ("fd00::/8", "fdff::1", true),
            ("fd00::/8", "fe80::1", false),
            ("2001:db8::1/128", "2001:db8::2", false),
        ] {
            let networks = vec![Network::parse(network).unwrap()];
            let proxies = TrustedProxies { networks, standard_header: false };
            assert_eq!(proxies.contains(address.parse().unwrap()), expected, "{network} {address}");
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for wrong in [
            "",
            "x",
            "10.0.0.0/33",
            "::/129",
            "10.0.0.0/",
            "10.0.0.0/-1",
            "10.0.0.0/+8",
            "10/8",
            "0.0.0.0/0",
            "::/0",
            "[::1]",
            "10.0.0.1:80",
        ] {
            assert!(Network::parse(wrong).is_err(), "{wrong}");
        }
    }
}
