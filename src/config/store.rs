//! Where shared state is kept: in files, or in a PostgreSQL that replicas share.

use std::path::PathBuf;

use url::{Host, Url};

use super::{Config, raw::Raw};
use crate::facts::{Secret, SecretSource};

const PORT: u16 = 5432;

/// A PostgreSQL database. The password is beside it, or comes by reference.
#[derive(Debug, Clone)]
pub struct StoreAddress {
    pub host: String,
    pub port: u16,
    pub user: String,
    pub database: String,
    pub password: Option<Secret>,
    pub tls: StoreTls,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreTls {
    /// On this machine, or because the operator said so.
    Off,
    /// Verified by the system's authorities, or by those of one file.
    Verified { root: Option<PathBuf> },
}

impl StoreAddress {
    /// Reads `postgres://USER@HOST:PORT/DATABASE`. No message repeats the text: it may hold a password.
    pub fn parse(text: &str) -> Result<Self, String> {
        const FORM: &str = "write `files` or `postgres://USER@HOST/DATABASE`";
        let url = Url::parse(text).map_err(|_| FORM.to_owned())?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(FORM.to_owned());
        }
        let named = |what: &str| format!("the address of the store names no {what}; {FORM}");
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| named("host"))?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let host = plain(host).ok_or_else(|| named("host"))?;
        let user = plain(url.username()).filter(|user| !user.is_empty()).ok_or_else(|| named("user"))?;
        let database = plain(url.path().trim_start_matches('/'))
            .filter(|name| !name.is_empty() && !name.contains('/'))
            .ok_or_else(|| named("database"))?;
        let password = match url.password() {
            Some(password) => {
                Some(Secret::new(plain(password).ok_or("the password of the store cannot be read")?))
            }
            None => None,
        };
        let tls = tls(&url, &host)?;
        Ok(Self { host, port: url.port().unwrap_or(PORT), user, database, password, tls })
    }

    /// For people: the address without the password.
    pub fn shown(&self) -> String {
        format!("postgres://{}@{}:{}/{}", self.user, self.host, self.port, self.database)
    }
}

/// The folder of a socket stands where a host does, as `%2Frun%2Fpostgresql`.
fn is_socket(host: &str) -> bool {
    host.starts_with('/')
}

fn tls(url: &Url, host: &str) -> Result<StoreTls, String> {
    let is_loopback = is_loopback(host);
    let (mut mode, mut root) = (None, None);
    for (name, value) in url.query_pairs() {
        match &*name {
            "sslmode" => mode = Some(value.into_owned()),
            "sslrootcert" => root = Some(PathBuf::from(value.into_owned())),
            _ => return Err("the address of the store takes `sslmode` and `sslrootcert` only".to_owned()),
        }
    }
    if is_socket(host) {
        return match (mode.as_deref(), root) {
            (None | Some("disable"), None) => Ok(StoreTls::Off),
            _ => Err("a socket of this machine has no TLS; leave `sslmode` and `sslrootcert` out".to_owned()),
        };
    }
    match mode.as_deref() {
        Some("disable") if root.is_some() => {
            Err("`sslmode=disable` uses no `sslrootcert`; leave one of them out".to_owned())
        }
        Some("disable") => Ok(StoreTls::Off),
        None if is_loopback && root.is_none() => Ok(StoreTls::Off),
        // All of them are verified: what is not is no protection.
        None | Some("require" | "verify-ca" | "verify-full") => Ok(StoreTls::Verified { root }),
        Some(_) => {
            Err("`sslmode` is `verify-full` or `disable`; `require` and `verify-ca` mean `verify-full`"
                .to_owned())
        }
    }
}

fn is_loopback(host: &str) -> bool {
    match Host::parse(host) {
        Ok(Host::Domain(name)) => name == "localhost",
        Ok(Host::Ipv4(address)) => address.is_loopback(),
        Ok(Host::Ipv6(address)) => address.is_loopback(),
        // Six groups have brackets in an address, and were taken out of them.
        Err(_) => host.parse::<std::net::Ipv6Addr>().is_ok_and(|address| address.is_loopback()),
    }
}

/// Text of an address without its `%` signs.
fn plain(text: &str) -> Option<String> {
    let with_plus = text.replace('+', "%2B");
    let mut found = url::form_urlencoded::parse(with_plus.as_bytes());
    match (found.next(), found.next()) {
        (Some((text, value)), None) if value.is_empty() => Some(text.into_owned()),
        (None, None) => Some(String::new()),
        _ => None,
    }
}

pub(super) fn read(config: &mut Config, raw: Raw<'_>) -> Result<(), String> {
    let text = raw.text()?;
    config.store = if text == "files" { None } else { Some(StoreAddress::parse(&text)?) };
    Ok(())
}

pub(super) fn read_password(config: &mut Config, raw: Raw<'_>) -> Result<(), String> {
    config.store_password = Some(raw.secret()?);
    Ok(())
}

/// Is there one password, and one only?
pub(super) fn check(config: &Config) -> Result<Option<&SecretSource>, &'static str> {
    match (&config.store, &config.store_password) {
        (Some(store), Some(_)) if store.password.is_some() => {
            Err("the password stands in the address of `store` already")
        }
        (_, password) => Ok(password.as_ref()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, tls: &StoreTls) {
        let address = StoreAddress::parse(text).unwrap();
        assert_eq!(&address.tls, tls, "{text}");
    }

    #[test]
    fn an_address_is_read_and_its_password_is_never_shown() {
        let address = StoreAddress::parse("postgres://anna:can%40ary+1@db.example:6000/shop").unwrap();
        assert_eq!(address.shown(), "postgres://anna@db.example:6000/shop");
        assert!(address.password.as_ref().unwrap().same_as("can@ary+1"));
        assert!(!format!("{address:?}").contains("ary"));
        assert_eq!(StoreAddress::parse("postgres://a@[::1]/b").unwrap().host, "::1");
        let socket = StoreAddress::parse("postgres://a@%2Frun%2Fpostgresql/b").unwrap();
        assert_eq!((socket.host.as_str(), socket.tls), ("/run/postgresql", StoreTls::Off));
    }

    #[test]
    fn only_this_machine_or_a_word_of_the_operator_goes_without_tls() {
        let verified = StoreTls::Verified { root: None };
        check("postgres://a@127.0.0.1/b", &StoreTls::Off);
        check("postgres://a@localhost/b", &StoreTls::Off);
        check("postgres://a@[::1]/b", &StoreTls::Off);
        check("postgres://a@db.example/b?sslmode=disable", &StoreTls::Off);
        check("postgres://a@db.example/b", &verified);
        check("postgres://a@db.example/b?sslmode=require", &verified);
        check("postgres://a@127.0.0.1/b?sslmode=verify-full", &verified);
        check(
            "postgres://a@db.example/b?sslrootcert=ca.pem",
            &StoreTls::Verified { root: Some("ca.pem".into()) },
        );
    }

    #[test]
    fn what_is_no_address_is_refused_without_being_repeated() {
        for bad in [
            "",
            "file",
            "mysql://a:canary@b/c",
            "postgres://",
            "postgres://a:canary@/c",
            "postgres://host/b",
            "postgres://a:canary@host",
            "postgres://a:canary@host/",
            "postgres://a:canary@host/b/c",
            "postgres://a:canary@host/b?sslmode=prefer",
            "postgres://a:canary@host/b?sslmode=allow",
            "postgres://a:canary@host/b?sslmode=",
            "postgres://a:canary@host/b?sslmode=disable&sslrootcert=ca.pem",
            "postgres://a:canary@%2Frun/b?sslmode=verify-full",
            "postgres://a:canary@host/b?options=x",
        ] {
            let error = StoreAddress::parse(bad).unwrap_err();
            assert!(!error.contains("canary"), "{error}");
        }
    }
}
