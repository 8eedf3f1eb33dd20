//! A collector of traces: keeps what is sent to it, answers as it is told, or not at all.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

/// How it behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    Answers(u16),
    /// Reads everything and says nothing.
    Silent,
}

#[derive(Debug, Default)]
struct Kept {
    heads: Mutex<Vec<String>>,
    bodies: Mutex<Vec<String>>,
    more: Notify,
}

pub(super) struct Collector {
    pub(super) address: SocketAddr,
    kept: Arc<Kept>,
}

impl Collector {
    pub(super) async fn open(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let kept = Arc::new(Kept::default());
        let keeping = Arc::clone(&kept);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, manner, Arc::clone(&keeping)));
            }
        });
        Self { address, kept }
    }

    /// The settings that lead here.
    pub(super) fn settings(&self) -> String {
        format!("[traces]\nendpoint = \"http://{}\"\n", self.address)
    }

    pub(super) fn heads(&self) -> Vec<String> {
        self.kept.heads.lock().unwrap().clone()
    }

    pub(super) fn text(&self) -> String {
        self.kept.bodies.lock().unwrap().join("\n")
    }

    pub(super) async fn has_got_something(&self) {
        loop {
            let more = self.kept.more.notified();
            if !self.kept.heads.lock().unwrap().is_empty() {
                return;
            }
            more.await;
        }
    }

    /// All spans so far, in the order of their beginnings.
    pub(super) fn spans(&self) -> Vec<Value> {
        let bodies = self.kept.bodies.lock().unwrap();
        let mut spans = Vec::new();
        for body in bodies.iter() {
            let request: Value = serde_json::from_str(body).unwrap();
            let batch = &request["resourceSpans"][0]["scopeSpans"][0]["spans"];
            spans.extend(batch.as_array().unwrap().iter().cloned());
        }
        spans.sort_by_key(|span| span["startTimeUnixNano"].as_str().unwrap().parse::<u128>().unwrap());
        spans
    }
}

async fn serve(mut stream: TcpStream, manner: Manner, kept: Arc<Kept>) {
    let mut read = Vec::new();
    loop {
        let end = loop {
            if let Some(at) = read.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            if stream.read_buf(&mut read).await.unwrap_or(0) == 0 {
                return;
            }
        };
        let head = String::from_utf8_lossy(&read[..end]).to_ascii_lowercase();
        let length: usize = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"))
            .map_or(0, |text| text.trim().parse().unwrap());
        while read.len() < end + length {
            if stream.read_buf(&mut read).await.unwrap_or(0) == 0 {
                return;
            }
        }
        let body = String::from_utf8(read[end..end + length].to_vec()).unwrap();
        read.drain(..end + length);
        kept.bodies.lock().unwrap().push(body);
        kept.heads.lock().unwrap().push(head);
        kept.more.notify_waiters();
        let Manner::Answers(status) = manner else { continue };
        let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: 2\r\n\r\n{{}}");
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}
