//! Whose wrong tokens are whose, with a proxy in front and without.

use super::place::{MEMBER, Place, open};
use crate::transport::wire::HttpRequest;

const WRONG: &str = "a wrong token of somebody";
/// More than cost nothing.
const TRIES: u32 = 25;

async fn status(place: &Place, token: &str, forwarded: &str) -> u16 {
    let request = HttpRequest::get("/mcp").with("x-forwarded-for", forwarded);
    place.send(request, Some(token)).await.status
}

#[tokio::test]
async fn a_client_cannot_make_up_where_it_is() {
    let place = open("").await;
    let mut last = 0;
    for n in 0..TRIES {
        last = status(&place, WRONG, &format!("192.0.2.{n}")).await;
    }
    assert_eq!(last, 429);
}

#[tokio::test]
async fn behind_a_proxy_of_ours_each_client_is_counted_alone() {
    let place = open("[http]\ntrusted_proxies = [\"127.0.0.1\"]\n").await;
    for n in 0..TRIES {
        // Whatever else the client wrote in front of it.
        let line = format!("10.9.8.{n}, 192.0.2.1");
        let expected = if n < 20 { 401 } else { 429 };
        assert_eq!(status(&place, WRONG, &line).await, expected, "{n}");
    }
    assert_eq!(status(&place, WRONG, "192.0.2.1, 192.0.2.2").await, 401, "another one");
    assert_eq!(status(&place, WRONG, "10.9.8.7, 192.0.2.1").await, 429);
    // A right token passes from anywhere.
    assert_ne!(status(&place, MEMBER, "192.0.2.1").await, 429);
}
