//! Handshakes with real servers on loopback ports: who is accepted, who is refused, and when.

use std::{net::SocketAddr, time::Duration};

use super::{testing::*, *};
use crate::facts::{Credential, Origin, Protocol, Secret, SecretSource};

fn definition(url: &str, trust: Trust) -> Definition {
    Definition {
        alias: ConnectionAlias::default_alias(),
        url: Url::parse(url).unwrap(),
        db: "lab".to_owned(),
        username: "admin".to_owned(),
        credential: Credential::Password(SecretSource::Inline(Secret::new("x".to_owned()))),
        protocol: Protocol::Auto,
        trust,
        origin: Origin::Saved,
    }
}

fn pinned(address: SocketAddr, spki_sha256: [u8; 32]) -> Trust {
    Trust::Pinned(Pin { host: address.ip().to_string(), port: address.port(), spki_sha256 })
}

fn ca_file(pem: &str) -> (tempfile::NamedTempFile, Trust) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), pem).unwrap();
    let trust = Trust::CaFile(file.path().to_owned());
    (file, trust)
}

fn client(definition: &Definition) -> reqwest::Client {
    let config = client_config(definition).unwrap();
    reqwest::Client::builder().no_proxy().tls_backend_preconfigured(config).build().unwrap()
}

async fn post(client: &reqwest::Client, definition: &Definition) -> Result<(), OdooError> {
    match client.post(definition.url.clone()).body("the credential").send().await {
        Ok(_) => Ok(()),
        Err(error) => Err(tls_failure(&error, definition).unwrap_or_else(|| panic!("{error:?}"))),
    }
}

async fn check(server: &TlsServer, trust: Trust, expected: Result<(), &str>) {
    check_url(server, &format!("https://{}/", server.address), trust, expected).await;
}

async fn check_url(server: &TlsServer, url: &str, trust: Trust, expected: Result<(), &str>) {
    let definition = definition(url, trust);
    let before = server.bytes_received();
    let got = post(&client(&definition), &definition).await;
    match (got, expected) {
        (Ok(()), Ok(())) => assert!(server.bytes_received() > before),
        (Err(error), Err(part)) => {
            assert_eq!(error.code(), "untrusted_certificate", "{error}");
            assert!(error.was_not_sent());
            assert!(error.to_string().contains(part), "{error}");
            assert_eq!(server.bytes_received(), before, "a request byte arrived before the refusal");
        }
        (got, expected) => panic!("{got:?}, expected {expected:?}"),
    }
}

#[tokio::test]
async fn the_pinned_key_is_accepted_and_its_renewal_too() {
    let identity = Identity::new();
    let server = TlsServer::start(&identity).await;
    check(&server, pinned(server.address, identity.spki()), Ok(())).await;
    server.rotate(&identity.renewed());
    check(&server, pinned(server.address, identity.spki()), Ok(())).await;
}

#[tokio::test]
async fn the_older_protocol_version_is_no_way_around() {
    let identity = Identity::new();
    let server = TlsServer::start(&identity).await;
    server.rotate_to_tls12(&identity);
    check(&server, pinned(server.address, identity.spki()), Ok(())).await;
    check(&server, pinned(server.address, [0; 32]), Err("changed")).await;
    check(&server, Trust::System, Err("no trusted authority")).await;
    let alias = ConnectionAlias::default_alias();
    let timeouts = ProbeTimeouts { connect: Duration::from_secs(5), handshake: Duration::from_secs(5) };
    let seen = probe(&alias, "127.0.0.1", server.address.port(), timeouts).await.unwrap();
    assert_eq!(seen.spki_sha256, identity.spki());
    server.rotate_to_tls12(&Identity { key: rcgen::KeyPair::generate().unwrap(), ..identity });
    assert!(probe(&alias, "127.0.0.1", server.address.port(), timeouts).await.is_err());
}

#[tokio::test]
async fn another_key_is_refused_before_any_request_byte_also_by_a_client_in_use() {
    let (old, new) = (Identity::new(), Identity::new());
    let server = TlsServer::start(&old).await;
    let definition = definition(&format!("https://{}/", server.address), pinned(server.address, old.spki()));
    let client = client(&definition);
    post(&client, &definition).await.unwrap();
    let before = server.bytes_received();
    server.rotate(&new);
    let error = post(&client, &definition).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the server behind `default` is not trusted: the certificate's key changed: pinned sha256:{}, seen sha256:{}",
            crate::facts::hex(&old.spki()),
            crate::facts::hex(&new.spki())
        )
    );
    assert_eq!(server.bytes_received(), before);
}

#[tokio::test]
async fn a_copied_certificate_without_its_key_is_refused() {
    let victim = Identity::new();
    let thief =
        Identity { key: rcgen::KeyPair::generate().unwrap(), certificate: victim.certificate.clone() };
    let server = TlsServer::start(&thief).await;
    check(&server, pinned(server.address, victim.spki()), Err("signature")).await;
    let alias = ConnectionAlias::default_alias();
    let timeouts = ProbeTimeouts { connect: Duration::from_secs(5), handshake: Duration::from_secs(5) };
    let seen = probe(&alias, "127.0.0.1", server.address.port(), timeouts).await;
    assert_eq!(seen.unwrap_err().code(), "untrusted_certificate");
}

#[tokio::test]
async fn a_pin_holds_for_its_own_host_and_port_only() {
    let identity = Identity::new();
    let server = TlsServer::start(&identity).await;
    let url = format!("https://{}/", server.address);
    for (host, port) in [("localhost", server.address.port()), ("127.0.0.1", 443)] {
        let pin = Pin { host: host.to_owned(), port, spki_sha256: identity.spki() };
        let error = client_config(&definition(&url, Trust::Pinned(pin))).unwrap_err();
        assert_eq!(error.code(), "untrusted_certificate", "{error}");
    }
}

#[tokio::test]
async fn a_client_with_a_pin_does_not_follow_to_another_host() {
    let identity = Identity::new();
    let server = TlsServer::start(&identity).await;
    let here = definition(&format!("https://{}/", server.address), pinned(server.address, identity.spki()));
    let elsewhere = definition(&format!("https://localhost:{}/", server.address.port()), here.trust.clone());
    let error = post(&client(&here), &elsewhere).await.unwrap_err();
    assert!(error.to_string().contains("another host"), "{error}");
    assert_eq!(server.bytes_received(), 0);
}

#[tokio::test]
async fn a_ca_file_is_believed_and_nothing_else() {
    let authority = Authority::new();
    let server = TlsServer::start(&authority.sign(&params(&["127.0.0.1"]))).await;
    let (_good, trust) = ca_file(&authority.pem);
    check(&server, trust, Ok(())).await;
    let (_namesake, trust) = ca_file(&Authority::new().pem);
    check(&server, trust, Err("signature")).await;
    let (_other, trust) = ca_file(&Identity::new().pem());
    check(&server, trust, Err("signature")).await;
    check(&server, Trust::System, Err("no trusted authority")).await;
}

#[tokio::test]
async fn a_self_signed_certificate_can_be_its_own_ca_file() {
    let identity = Identity::new();
    let server = TlsServer::start(&identity).await;
    let (_file, trust) = ca_file(&identity.pem());
    check(&server, trust, Ok(())).await;
}

#[tokio::test]
async fn names_and_dates_are_checked_with_a_ca_file() {
    let authority = Authority::new();
    let (_file, trust) = ca_file(&authority.pem);

    let server = TlsServer::start(&authority.sign(&params(&["odoo.example"]))).await;
    check(&server, trust.clone(), Err("another host name")).await;

    let mut expired = params(&["127.0.0.1"]);
    expired.not_before = rcgen::date_time_ymd(2001, 1, 1);
    expired.not_after = rcgen::date_time_ymd(2002, 1, 1);
    server.rotate(&authority.sign(&expired));
    check(&server, trust.clone(), Err("expired")).await;

    let mut early = params(&["127.0.0.1"]);
    early.not_before = rcgen::date_time_ymd(4000, 1, 1);
    server.rotate(&authority.sign(&early));
    check(&server, trust, Err("not valid yet")).await;
}

#[test]
fn a_ca_file_that_holds_nothing_usable_is_refused() {
    for (text, part) in
        [("", "no certificate"), ("-----BEGIN CERTIFICATE-----\n!", "PEM"), ("hello", "no certificate")]
    {
        let (_file, trust) = ca_file(text);
        let error = client_config(&definition("https://127.0.0.1/", trust)).unwrap_err().to_string();
        assert!(error.contains(part), "{text:?}: {error}");
    }
    let missing = Trust::CaFile("/no/such/file.pem".into());
    let error = client_config(&definition("https://127.0.0.1/", missing)).unwrap_err().to_string();
    assert!(!error.contains("/no/such"), "{error}");
}

#[tokio::test]
async fn a_client_of_a_plain_url_trusts_no_tls_server() {
    let server = TlsServer::start(&Identity::new()).await;
    let plain = definition("http://127.0.0.1/", Trust::System);
    let elsewhere = definition(&format!("https://{}/", server.address), Trust::System);
    let error = post(&client(&plain), &elsewhere).await.unwrap_err();
    assert!(error.to_string().contains("does not use TLS"), "{error}");
    assert_eq!(server.bytes_received(), 0);
}

#[tokio::test]
async fn a_probe_tells_what_it_saw_and_sends_nothing() {
    let identity = Identity::new();
    let server = TlsServer::start(&identity).await;
    let alias = ConnectionAlias::default_alias();
    let timeouts = ProbeTimeouts { connect: Duration::from_secs(5), handshake: Duration::from_secs(5) };
    let seen = probe(&alias, "127.0.0.1", server.address.port(), timeouts).await.unwrap();
    assert_eq!(seen.spki_sha256, identity.spki());
    assert_eq!(seen.chain_length(), 1);
    let refused = judge(&Trust::System, &seen).unwrap_err();
    assert_eq!(refused, "no trusted authority signed its certificate");
    assert_eq!(judge(&pinned(server.address, identity.spki()), &seen), Ok(()));
    assert!(judge(&pinned(server.address, [0; 32]), &seen).unwrap_err().contains("changed"));
    assert!(seen.facts.self_signed);
    assert_eq!(seen.facts.key_type, "EC P-256");
    assert_eq!(seen.facts.key_bits, 256);
    assert_eq!(seen.facts.alternative_names, ["IP:127.0.0.1", "DNS:localhost"]);
    assert_eq!(server.bytes_received(), 0);
}

#[tokio::test]
async fn a_probe_of_what_is_no_tls_server_fails_with_the_reason() {
    let alias = ConnectionAlias::default_alias();
    let timeouts = ProbeTimeouts { connect: Duration::from_secs(5), handshake: Duration::from_millis(50) };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = listener.local_addr().unwrap().port();
    assert_eq!(probe(&alias, "127.0.0.1", silent, timeouts).await.unwrap_err().code(), "timeout");
    drop(listener);
    assert_eq!(probe(&alias, "127.0.0.1", silent, timeouts).await.unwrap_err().code(), "unreachable");
    let error = probe(&alias, "169.254.169.254", 443, timeouts).await.unwrap_err();
    assert!(error.to_string().contains("link-local"), "{error}");

    let plain = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = plain.local_addr().unwrap().port();
    tokio::spawn(async move {
        use tokio::io::AsyncWriteExt as _;
        let (mut stream, _) = plain.accept().await.unwrap();
        let _ = stream.write_all(b"HTTP/1.0 400 Bad Request\r\n\r\n").await;
        std::future::pending::<()>().await;
    });
    let patient = ProbeTimeouts { connect: Duration::from_secs(5), handshake: Duration::from_secs(5) };
    let error = probe(&alias, "127.0.0.1", port, patient).await.unwrap_err();
    assert!(error.to_string().contains("no TLS"), "{error}");
}
