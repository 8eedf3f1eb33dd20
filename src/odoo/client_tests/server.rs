//! An HTTP server that plays a script: one step per request, in order of arrival.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use super::super::client::lock;

/// What the server does with the next request.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// Status line and headers as given, then the body.
    Answer { status: u16, headers: &'static str, body: String },
    /// Reads the request and closes the connection.
    Drop,
    /// Reads the request and says nothing.
    Silence,
    /// Answers after a while.
    After { ms: u64, body: String },
}

impl Step {
    pub(super) fn json(body: &Value) -> Self {
        Self::Answer { status: 200, headers: "content-type: application/json\r\n", body: body.to_string() }
    }

    pub(super) fn html(status: u16) -> Self {
        let body = "<!DOCTYPE html><html><body>Traceback /usr/lib/python3/x.py</body></html>".to_owned();
        Self::Answer { status, headers: "content-type: text/html\r\n", body }
    }

    pub(super) fn result(result: &Value) -> Self {
        Self::json(&json!({"jsonrpc": "2.0", "id": 1, "result": result}))
    }

    pub(super) fn error(code: i64, name: &str, message: &str) -> Self {
        let data = json!({"name": name, "message": message, "debug": "Traceback (most recent call last):\n  File \"/usr/lib/x.py\"", "arguments": [message]});
        Self::json(
            &json!({"jsonrpc": "2.0", "id": null, "error": {"code": code, "message": "Odoo Server Error", "data": data}}),
        )
    }

    /// A successful login on the web session.
    pub(super) fn login() -> Self {
        let info = json!({"uid": 2, "name": "Mitchell", "is_system": true, "server_version": "19.0",
            "server_version_info": [19, 0, 0, "final", 0, ""]});
        Self::Answer {
            status: 200,
            headers: "content-type: application/json\r\nset-cookie: session_id=abc; HttpOnly; Path=/\r\n",
            body: json!({"jsonrpc": "2.0", "id": 1, "result": info}).to_string(),
        }
    }
}

/// A running script and what it saw.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) port: u16,
    seen: Arc<Mutex<Vec<String>>>,
    /// Most requests at the same time.
    at_once: Arc<(AtomicUsize, AtomicUsize)>,
    /// Connections that the client closed before they were answered.
    pub(super) hung_up: Arc<AtomicUsize>,
}

impl Server {
    /// The last step is repeated for ever.
    pub(super) async fn play(steps: Vec<Step>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            port: listener.local_addr().unwrap().port(),
            seen: Arc::default(),
            at_once: Arc::default(),
            hung_up: Arc::default(),
        };
        let (seen, at_once, hung_up) = (server.seen.clone(), server.at_once.clone(), server.hung_up.clone());
        tokio::spawn(async move {
            let next = Arc::new(AtomicUsize::new(0));
            while let Ok((mut peer, _)) = listener.accept().await {
                let (steps, seen, next) = (steps.clone(), seen.clone(), next.clone());
                let (at_once, hung_up) = (at_once.clone(), hung_up.clone());
                tokio::spawn(async move {
                    let Some(request) = read_request(&mut peer).await else { return };
                    lock(&seen).push(request);
                    let index = next.fetch_add(1, Ordering::SeqCst);
                    let now = at_once.0.fetch_add(1, Ordering::SeqCst) + 1;
                    at_once.1.fetch_max(now, Ordering::SeqCst);
                    let answer = answer(&mut peer, &steps[index.min(steps.len() - 1)], &hung_up).await;
                    // Whoever has the answer may send the next request at once.
                    at_once.0.fetch_sub(1, Ordering::SeqCst);
                    if let Some((head, body)) = answer {
                        let _ = peer.write_all(head.as_bytes()).await;
                        let _ = peer.write_all(body.as_bytes()).await;
                    }
                });
            }
        });
        server
    }

    pub(super) fn requests(&self) -> Vec<String> {
        lock(&self.seen).clone()
    }

    /// Requests whose first line holds this text.
    pub(super) fn count(&self, part: &str) -> usize {
        self.requests().iter().filter(|request| request.lines().next().unwrap().contains(part)).count()
    }

    pub(super) fn most_at_once(&self) -> usize {
        self.at_once.1.load(Ordering::SeqCst)
    }
}

/// Head and body, when it is time for them; nothing where the peer gets none.
async fn answer<'a>(
    peer: &mut TcpStream,
    step: &'a Step,
    hung_up: &AtomicUsize,
) -> Option<(String, &'a String)> {
    let (status, headers, body) = match step {
        Step::Drop => return None,
        Step::Silence => {
            // Only the client can end this.
            let mut byte = [0_u8; 1];
            let _ = peer.read(&mut byte).await;
            hung_up.fetch_add(1, Ordering::SeqCst);
            return None;
        }
        Step::After { ms, body } => {
            tokio::time::sleep(Duration::from_millis(*ms)).await;
            (200, "content-type: application/json\r\n", body)
        }
        Step::Answer { status, headers, body } => (*status, *headers, body),
    };
    Some((format!("HTTP/1.0 {status} X\r\n{headers}content-length: {}\r\n\r\n", body.len()), body))
}

async fn read_request(peer: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut chunk = [0_u8; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).to_string();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok())
                .unwrap_or(0_usize);
            if body.len() >= length {
                return Some(text);
            }
        }
        match peer.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&chunk[..count]),
        }
    }
}
