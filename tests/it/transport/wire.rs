//! A client that sends exactly the bytes it is given.

use std::{net::SocketAddr, time::Duration};

use serde_json::Value;
use tokio::{
    io::{
        AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, ReadHalf,
        WriteHalf,
    },
    net::TcpStream,
};

/// Nothing here takes this long unless the server is stuck.
const STUCK_MS: u64 = 20_000;

pub(crate) async fn in_time<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_millis(STUCK_MS), work).await.expect("the server is stuck")
}

/// The client's end of a line stream.
pub(crate) struct Lines {
    reader: BufReader<ReadHalf<DuplexStream>>,
    writer: Option<WriteHalf<DuplexStream>>,
}

impl Lines {
    pub(crate) fn new(stream: DuplexStream) -> Self {
        let (reader, writer) = tokio::io::split(stream);
        Self { reader: BufReader::new(reader), writer: Some(writer) }
    }

    pub(crate) async fn send_raw(&mut self, bytes: &[u8]) {
        in_time(self.writer.as_mut().unwrap().write_all(bytes)).await.unwrap();
    }

    pub(crate) async fn send(&mut self, message: &Value) {
        self.send_raw(format!("{message}\n").as_bytes()).await;
    }

    /// The next message of the server, or `None` when it closed the stream.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        let mut line = String::new();
        in_time(self.reader.read_line(&mut line)).await.unwrap();
        (!line.is_empty()).then(|| serde_json::from_str(&line).expect("only JSON on the output"))
    }

    /// The answer to one request; notifications before it are left out.
    pub(crate) async fn answer(&mut self, id: i64) -> Value {
        loop {
            let message = self.next().await.expect("the server closed the stream");
            if message["id"] == id {
                return message;
            }
            assert!(message.get("id").is_none(), "an answer to something else: {message}");
        }
    }

    pub(crate) async fn ask(&mut self, message: &Value) -> Value {
        self.send(message).await;
        self.answer(message["id"].as_i64().unwrap()).await
    }

    /// The handshake of the older revisions.
    pub(crate) async fn initialize(&mut self, revision: &str) -> Value {
        let answer = self.ask(&super::initialize(0, revision)).await;
        self.send(&serde_json::json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).await;
        answer
    }

    /// Ends the input; what is still to come can be read.
    pub(crate) async fn hang_up(&mut self) {
        if let Some(mut writer) = self.writer.take() {
            writer.shutdown().await.unwrap();
        }
    }
}

/// What came back over HTTP.
#[derive(Debug)]
pub(crate) struct HttpAnswer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl HttpAnswer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// All messages of the body, be it plain JSON or an event stream.
    pub(crate) fn messages(&self) -> Vec<Value> {
        if let Ok(message) = serde_json::from_str(&self.body) {
            return vec![message];
        }
        let data = self.body.lines().filter_map(|line| line.strip_prefix("data:"));
        data.filter_map(|text| serde_json::from_str(text).ok()).collect()
    }

    #[track_caller]
    pub(crate) fn message(&self) -> Value {
        self.messages().pop().unwrap_or_else(|| panic!("no message in {self:?}"))
    }
}

/// One HTTP request, written by hand.
#[derive(Debug, Clone)]
pub(crate) struct HttpRequest {
    method: &'static str,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl HttpRequest {
    /// A request as a well-behaved client sends it. [`HttpRequest::with`] replaces a header.
    pub(crate) fn post(body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        let length = body.len().to_string();
        let headers = [
            ("host", "localhost"),
            ("connection", "close"),
            ("content-type", "application/json"),
            ("accept", "application/json, text/event-stream"),
            ("content-length", length.as_str()),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Self { method: "POST", path: "/mcp".to_owned(), headers, body }
    }

    /// A message with the headers that its revision asks for.
    pub(crate) fn message(message: &Value) -> Self {
        let request = Self::post(message.to_string());
        let revision = &message["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"];
        let Some(revision) = revision.as_str() else { return request };
        let request = request
            .with("mcp-protocol-version", revision)
            .with("mcp-method", message["method"].as_str().unwrap());
        match message["params"]["name"].as_str() {
            Some(name) => request.with("mcp-name", name),
            None => request,
        }
    }

    pub(crate) fn get(path: &str) -> Self {
        let mut request = Self::post("");
        request.method = "GET";
        request.path = path.to_owned();
        request
    }

    pub(crate) fn method(mut self, method: &'static str) -> Self {
        self.method = method;
        self
    }

    pub(crate) fn path(mut self, path: &str) -> Self {
        self.path = path.to_owned();
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(own, _)| own != name);
        self
    }

    pub(crate) fn with(self, name: &str, value: &str) -> Self {
        let mut request = self.without(name);
        request.headers.push((name.to_owned(), value.to_owned()));
        request
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = format!("{} {} HTTP/1.1\r\n", self.method, self.path).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// Opens a connection and sends; the caller reads, or goes away.
    pub(crate) async fn open(&self, address: SocketAddr) -> TcpStream {
        let mut tcp = TcpStream::connect(address).await.unwrap();
        let bytes = self.bytes();
        // A server that refuses early may close before it has read everything.
        let _ = in_time(tcp.write_all(&bytes)).await;
        tcp
    }

    pub(crate) async fn send(&self, address: SocketAddr) -> HttpAnswer {
        let mut tcp = self.open(address).await;
        let mut bytes = Vec::new();
        let _ = in_time(tcp.read_to_end(&mut bytes)).await;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head in {text:?}"));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap();
        let answer = HttpAnswer { status, head: head.to_owned(), body: String::new() };
        let chunked = answer.header("transfer-encoding") == Some("chunked");
        let body = if chunked { unchunked(body) } else { body.to_owned() };
        HttpAnswer { body, ..answer }
    }
}

fn unchunked(mut text: &str) -> String {
    let mut whole = String::new();
    while let Some((size, rest)) = text.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
        let Some((chunk, rest)) = rest.split_at_checked(size).filter(|_| size > 0) else { break };
        whole.push_str(chunk);
        text = rest.strip_prefix("\r\n").unwrap_or_default();
    }
    whole
}
