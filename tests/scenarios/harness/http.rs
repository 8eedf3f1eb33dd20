//! HTTP/1.1 by hand, both ends: the tests must not share a client with the program they test.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpStream,
    time::Duration,
};

/// A request or an answer, read whole.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    /// `POST /jsonrpc HTTP/1.1` or `HTTP/1.1 200 OK`.
    pub(crate) start: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Message {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub(crate) fn path(&self) -> &str {
        self.start.split(' ').nth(1).unwrap_or_default()
    }

    pub(crate) fn status(&self) -> u16 {
        self.start.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Head and body as they would travel, for searching.
    pub(crate) fn everything(&self) -> String {
        let headers: String = self.headers.iter().map(|(key, value)| format!("{key}: {value}\n")).collect();
        format!("{}\n{headers}\n{}", self.start, self.text())
    }
}

/// The next request of a connection, or `None` where the peer has closed it.
pub(crate) fn read_request(stream: &mut impl BufRead) -> io::Result<Option<Message>> {
    let Some((start, headers)) = read_head(stream)? else { return Ok(None) };
    let mut message = Message { start, headers, body: Vec::new() };
    message.body = read_body(stream, &message, false)?;
    Ok(Some(message))
}

pub(crate) fn read_response(stream: &mut impl BufRead) -> io::Result<Message> {
    let (start, headers) = read_head(stream)?.ok_or(io::ErrorKind::UnexpectedEof)?;
    let mut message = Message { start, headers, body: Vec::new() };
    message.body = read_body(stream, &message, true)?;
    Ok(message)
}

pub(crate) fn write_message(
    stream: &mut impl Write,
    start: &str,
    headers: &[(String, String)],
    body: &[u8],
) -> io::Result<()> {
    let mut head = format!("{start}\r\n");
    for (key, value) in headers {
        head.push_str(&format!("{key}: {value}\r\n"));
    }
    head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
    stream.write_all(&[head.as_bytes(), body].concat())?;
    stream.flush()
}

/// One POST on a connection of its own.
pub(crate) fn post(
    authority: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
    timeout: Duration,
) -> io::Result<Message> {
    let mut stream = TcpStream::connect(authority)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(timeout))?;
    let mut all = vec![
        ("Host".to_owned(), authority.to_owned()),
        ("Content-Type".to_owned(), "application/json".to_owned()),
        ("Connection".to_owned(), "close".to_owned()),
    ];
    for (key, value) in headers {
        all.retain(|(name, _)| !name.eq_ignore_ascii_case(key));
        all.push(((*key).to_owned(), (*value).to_owned()));
    }
    write_message(&mut stream, &format!("POST {path} HTTP/1.1"), &all, body)?;
    read_response(&mut BufReader::new(stream))
}

type Head = (String, Vec<(String, String)>);

fn read_head(stream: &mut impl BufRead) -> io::Result<Option<Head>> {
    let Some(start) = read_line(stream)? else { return Ok(None) };
    let mut headers = Vec::new();
    loop {
        let line = read_line(stream)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        if line.is_empty() {
            return Ok(Some((start, headers)));
        }
        if let Some((key, value)) = line.split_once(':') {
            headers.push((key.to_owned(), value.trim().to_owned()));
        }
    }
}

fn read_line(stream: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    if stream.read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    Ok(Some(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned()))
}

fn read_body(stream: &mut impl BufRead, message: &Message, is_answer: bool) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    if message.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        loop {
            let size = read_line(stream)?.ok_or(io::ErrorKind::UnexpectedEof)?;
            let size = size.split(';').next().unwrap_or_default().trim().to_owned();
            let size = u64::from_str_radix(&size, 16).map_err(|_| io::ErrorKind::InvalidData)?;
            stream.by_ref().take(size).read_to_end(&mut body)?;
            read_line(stream)?;
            if size == 0 {
                return Ok(body);
            }
        }
    }
    match message.header("content-length").and_then(|length| length.parse::<u64>().ok()) {
        Some(length) => {
            stream.take(length).read_to_end(&mut body)?;
            if (body.len() as u64) < length {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        None if is_answer && !matches!(message.status(), 202 | 204 | 304) => {
            stream.read_to_end(&mut body)?;
        }
        None => {}
    }
    Ok(body)
}
