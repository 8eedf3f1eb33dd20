//! What every answer of the door has, and what becomes of a request that was not read to its end.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::place::{Place, open};
use crate::transport::wire::{HttpRequest, in_time};

/// More than is read of what nobody wants.
const LONG_BYTES: usize = 300_000;
const NEXT: &str = "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// Everything that comes back for a request with a body of this length and another one behind it.
async fn both(place: &Place, path: &str, length: usize) -> String {
    let mut tcp = tokio::net::TcpStream::connect(place.address).await.unwrap();
    let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n");
    let bytes = [head.as_bytes(), "a".repeat(length).as_bytes(), NEXT.as_bytes()].concat();
    // A server that closes early does not read everything.
    let _ = in_time(tcp.write_all(&bytes)).await;
    let mut got = Vec::new();
    let _ = in_time(tcp.read_to_end(&mut got)).await;
    String::from_utf8_lossy(&got).into_owned()
}

#[tokio::test]
async fn a_connection_goes_on_after_an_early_answer_or_the_answer_says_that_it_closes() {
    let place = open("").await;
    for path in ["/mcp", "/approve/secret", "/api/ai/extract-raw", "/livez", "/nothing"] {
        let short = both(&place, path, 1_000).await;
        assert_eq!(short.matches("HTTP/1.1 ").count(), 2, "{path}: {short}");
        assert!(short.contains("HTTP/1.1 200 OK"), "{path}: {short}");
        let long = both(&place, path, LONG_BYTES).await;
        let head = long.split("\r\n\r\n").next().unwrap();
        assert!(head.starts_with("HTTP/1.1 4") && head.contains("connection: close"), "{path}: {long}");
        assert_eq!(long.matches("HTTP/1.1 ").count(), 1, "{path}: {long}");
    }
}

#[tokio::test]
async fn every_answer_is_what_it_says_and_stays_here() {
    let place = open("").await;
    let public = open("[http]\npublic_url = \"https://mcp.example.com\"\n").await;
    for path in ["/mcp", "/livez", "/readyz", "/health", "/nothing", "/"] {
        for (place, keeps_https) in [(&place, false), (&public, true)] {
            let answer = place.send(HttpRequest::get(path), None).await;
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
            assert_eq!(answer.header("cross-origin-resource-policy"), Some("same-origin"), "{path}");
            assert_eq!(answer.header("strict-transport-security").is_some(), keeps_https, "{path}");
        }
    }
}
