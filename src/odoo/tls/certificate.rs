//! What a certificate says, for people who compare fingerprints.

use jiff::Timestamp;
use ring::digest::{SHA256, digest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use x509_parser::{
    certificate::X509Certificate, extensions::GeneralName, oid_registry::OidRegistry, parse_x509_certificate,
    public_key::PublicKey,
};

use crate::facts::hex;

/// Most alternative names that are listed; certificates of large hosters hold hundreds.
const NAMES_LISTED_MAX: usize = 50;
/// Longest piece of a name that is repeated: the peer chose it, we do not know it.
const NAME_CHARS_MAX: usize = 200;
const SECONDS_PER_DAY: i64 = 86_400;

/// One certificate as a person reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CertificateFacts {
    /// Distinguished name of the holder, as the certificate states it.
    pub subject: String,
    /// Distinguished name of the issuer.
    pub issuer: String,
    /// Host names and addresses the certificate is for.
    pub alternative_names: Vec<String>,
    /// Serial number in hexadecimal.
    pub serial: String,
    /// First moment of validity, in UTC.
    pub not_before: String,
    /// Last moment of validity, in UTC.
    pub not_after: String,
    /// Whole days until the end of validity; negative once it has expired.
    pub days_left: i64,
    /// Kind of public key, such as `RSA` or `EC P-256`.
    pub key_type: String,
    /// Size of the public key in bits; 0 where unknown.
    pub key_bits: u32,
    /// Algorithm of the issuer's signature.
    pub signature_algorithm: String,
    /// True where holder and issuer are the same and the certificate signs itself.
    pub self_signed: bool,
    /// SHA-256 of the certificate, as `sha256:` and hexadecimal digits.
    pub certificate_sha256: String,
    /// SHA-256 of the public key (SPKI), which is what a pin compares.
    pub public_key_sha256: String,
}

impl CertificateFacts {
    /// Reads a DER certificate; `None` where it is not one.
    pub fn read(der: &[u8]) -> Option<Self> {
        let (rest, certificate) = parse_x509_certificate(der).ok()?;
        if !rest.is_empty() {
            return None;
        }
        let (key_type, key_bits) = key_of(&certificate);
        let validity = certificate.validity();
        Some(Self {
            subject: readable(&certificate.subject().to_string()),
            issuer: readable(&certificate.issuer().to_string()),
            alternative_names: alternative_names(&certificate),
            serial: hex(certificate.raw_serial()),
            not_before: moment(validity.not_before.timestamp()),
            not_after: moment(validity.not_after.timestamp()),
            days_left: days_until(validity.not_after.timestamp()),
            key_type,
            key_bits,
            signature_algorithm: oid_name(&certificate.signature_algorithm.algorithm),
            self_signed: is_self_signed(&certificate),
            certificate_sha256: fingerprint(&sha256(der)),
            public_key_sha256: fingerprint(&sha256(certificate.public_key().raw)),
        })
    }

    /// A certificate that was read some time ago, with the days that are left now.
    pub fn as_of_now(&self) -> Self {
        let not_after = self.not_after.parse::<Timestamp>();
        let days_left = not_after.map_or(self.days_left, |moment| days_until(moment.as_second()));
        Self { days_left, ..self.clone() }
    }
}

/// SHA-256 of a certificate's public key (SPKI); `None` where the certificate cannot be read.
pub(super) fn spki_sha256(der: &[u8]) -> Option<[u8; 32]> {
    let (rest, certificate) = parse_x509_certificate(der).ok()?;
    rest.is_empty().then(|| sha256(certificate.public_key().raw))
}

/// A digest as people compare it.
pub(in crate::odoo) fn fingerprint(digest: &[u8; 32]) -> String {
    format!("sha256:{}", hex(digest))
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0_u8; 32];
    out.copy_from_slice(digest(&SHA256, bytes).as_ref());
    out
}

fn is_self_signed(certificate: &X509Certificate<'_>) -> bool {
    certificate.subject().as_raw() == certificate.issuer().as_raw()
        && certificate.verify_signature(None).is_ok()
}

fn alternative_names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return Vec::new() };
    extension.value.general_names.iter().take(NAMES_LISTED_MAX).map(general_name).collect()
}

fn general_name(name: &GeneralName<'_>) -> String {
    match name {
        GeneralName::DNSName(dns) => readable(&format!("DNS:{dns}")),
        GeneralName::IPAddress(bytes) => match (<[u8; 4]>::try_from(*bytes), <[u8; 16]>::try_from(*bytes)) {
            (Ok(v4), _) => format!("IP:{}", std::net::Ipv4Addr::from(v4)),
            (_, Ok(v6)) => format!("IP:{}", std::net::Ipv6Addr::from(v6)),
            _ => format!("IP:{}", hex(bytes)),
        },
        GeneralName::URI(uri) => readable(&format!("URI:{uri}")),
        GeneralName::RFC822Name(mail) => readable(&format!("email:{mail}")),
        _ => "other".to_owned(),
    }
}

fn key_of(certificate: &X509Certificate<'_>) -> (String, u32) {
    let key = certificate.public_key();
    let bits = |size: usize| u32::try_from(size).unwrap_or_default();
    match key.parsed() {
        Ok(PublicKey::RSA(rsa)) => ("RSA".to_owned(), bits(bit_length(rsa.modulus))),
        Ok(PublicKey::EC(point)) => {
            let curve = key.algorithm.parameters.as_ref().and_then(|any| any.as_oid().ok());
            let curve = curve.map(|oid| oid.to_id_string());
            let name = match curve.as_deref() {
                Some("1.2.840.10045.3.1.7") => "EC P-256",
                Some("1.3.132.0.34") => "EC P-384",
                Some("1.3.132.0.35") => "EC P-521",
                Some("1.3.132.0.10") => "EC secp256k1",
                _ => "EC",
            };
            let size = if name == "EC P-521" { 521 } else { point.key_size() };
            (name.to_owned(), bits(size))
        }
        _ => match key.algorithm.algorithm.to_id_string().as_str() {
            "1.3.101.112" => ("Ed25519".to_owned(), 256),
            "1.3.101.113" => ("Ed448".to_owned(), 456),
            other => (other.to_owned(), 0),
        },
    }
}

/// Bits of a number without its leading zeros.
fn bit_length(number: &[u8]) -> usize {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let unused = number.get(zeros).map_or(0, |first| first.leading_zeros() as usize);
    (number.len() - zeros) * 8 - unused
}

fn oid_name(oid: &x509_parser::der_parser::Oid<'_>) -> String {
    let registry = OidRegistry::default().with_crypto();
    registry.get(oid).map_or_else(|| oid.to_id_string(), |entry| entry.sn().to_owned())
}

fn days_until(seconds: i64) -> i64 {
    (seconds - Timestamp::now().as_second()).div_euclid(SECONDS_PER_DAY)
}

fn moment(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| "out of range".to_owned(), |moment| moment.to_string())
}

/// Text the peer chose, shortened and without control or direction characters.
fn readable(text: &str) -> String {
    text.chars().filter(|c| !is_invisible(*c)).take(NAME_CHARS_MAX).collect()
}

fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}
