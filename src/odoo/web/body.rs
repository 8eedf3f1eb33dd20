//! Bodies of page requests: JSON, forms, and forms with files.

use std::pin::Pin;

use bytes::Bytes;
use futures_util::stream;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::wire;
use crate::{
    facts::Secret,
    odoo::{Failure, http::Outgoing, routes::envelope::Envelope},
};

/// How much of a file is in memory at once while it is sent.
const PIECE_BYTES: usize = 64 * 1024;
/// Begins what separates the parts of a form with files; random digits follow.
const BOUNDARY_PREFIX: &str = "odoo-mcp-part";
const FORM_TOKEN: &str = "csrf_token";

/// What a page request carries.
#[derive(Debug)]
pub enum PageBody {
    /// Plain JSON.
    Json(Value),
    /// JSON as the `params` of a JSON-RPC call, which most of Odoo's JSON routes want.
    JsonRpc(Value),
    /// A form; the token is added by itself.
    Form(Vec<(String, String)>),
    /// A form with files; the token is added by itself.
    Multipart(Vec<FormPart>),
}

/// One part of a form with files.
#[derive(Debug)]
pub struct FormPart {
    pub name: String,
    pub file_name: Option<String>,
    pub content_type: Option<String>,
    pub content: PartContent,
}

/// What stands in a part.
pub enum PartContent {
    Bytes(Vec<u8>),
    /// Read while it is sent, so a large file never is in memory.
    Stream {
        length: u64,
        source: Pin<Box<dyn AsyncRead + Send + Sync>>,
    },
}

impl std::fmt::Debug for PartContent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
            Self::Stream { length, .. } => write!(f, "Stream({length})"),
        }
    }
}

impl PageBody {
    /// Does Odoo want its token with this?
    pub(super) fn wants_token(&self) -> bool {
        match self {
            Self::Form(pairs) => !pairs.iter().any(|(name, _)| name == FORM_TOKEN),
            Self::Multipart(parts) => !parts.iter().any(|part| part.name == FORM_TOKEN),
            Self::Json(_) | Self::JsonRpc(_) => false,
        }
    }

    /// Can the same be sent a second time?
    pub(super) fn is_repeatable(&self) -> bool {
        match self {
            Self::Json(_) | Self::JsonRpc(_) | Self::Form(_) => true,
            Self::Multipart(parts) => parts.iter().all(|part| matches!(part.content, PartContent::Bytes(_))),
        }
    }

    /// The value of a form's field.
    pub(super) fn field(&self, wanted: &str) -> Option<&str> {
        match self {
            Self::Form(pairs) => {
                pairs.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
            }
            Self::Json(_) | Self::JsonRpc(_) | Self::Multipart(_) => None,
        }
    }

    /// The bytes to send. What is streamed is taken out of the body.
    pub(super) fn outgoing(&mut self, token: Option<&Secret>) -> Result<Outgoing, Failure> {
        match self {
            Self::Json(value) => wire::json(value),
            Self::JsonRpc(value) => wire::json(&Envelope::new(&*value)),
            Self::Form(pairs) => {
                let mut form = url::form_urlencoded::Serializer::new(String::new());
                form.extend_pairs(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
                form.extend_pairs(token.map(|token| (FORM_TOKEN, token.reveal())));
                let form = form.finish();
                Ok(Outgoing {
                    content_type: "application/x-www-form-urlencoded".to_owned(),
                    length: form.len() as u64,
                    content: form.into(),
                })
            }
            Self::Multipart(parts) => multipart(parts, token),
        }
    }
}

/// A stretch of a body.
enum Stretch {
    Bytes(Bytes),
    Stream { left: u64, source: Pin<Box<dyn AsyncRead + Send + Sync>> },
}

fn multipart(parts: &mut [FormPart], token: Option<&Secret>) -> Result<Outgoing, Failure> {
    let boundary = boundary()?;
    let mut stretches = Vec::new();
    let mut length = 0;
    let mut add = |stretch: Stretch| {
        length += match &stretch {
            Stretch::Bytes(bytes) => bytes.len() as u64,
            Stretch::Stream { left, .. } => *left,
        };
        stretches.push(stretch);
    };
    if let Some(token) = token {
        let head = part_head(&boundary, FORM_TOKEN, None, None);
        add(Stretch::Bytes(format!("{head}{}\r\n", token.reveal()).into()));
    }
    for part in parts {
        let head = part_head(&boundary, &part.name, part.file_name.as_deref(), part.content_type.as_deref());
        add(Stretch::Bytes(head.into()));
        let left_behind = PartContent::Bytes(Vec::new());
        match &mut part.content {
            PartContent::Bytes(bytes) => add(Stretch::Bytes(bytes.clone().into())),
            content @ PartContent::Stream { .. } => {
                if let PartContent::Stream { length, source } = std::mem::replace(content, left_behind) {
                    add(Stretch::Stream { left: length, source });
                }
            }
        }
        add(Stretch::Bytes(Bytes::from_static(b"\r\n")));
    }
    add(Stretch::Bytes(format!("--{boundary}--\r\n").into()));
    stretches.reverse();
    Ok(Outgoing {
        content_type: format!("multipart/form-data; boundary={boundary}"),
        length,
        content: reqwest::Body::wrap_stream(stream::try_unfold(stretches, next_piece)),
    })
}

/// The next bytes, from the last stretch of the list.
async fn next_piece(mut stretches: Vec<Stretch>) -> Result<Option<(Bytes, Vec<Stretch>)>, std::io::Error> {
    loop {
        match stretches.pop() {
            None => return Ok(None),
            Some(Stretch::Bytes(bytes)) if bytes.is_empty() => {}
            Some(Stretch::Bytes(bytes)) => return Ok(Some((bytes, stretches))),
            Some(Stretch::Stream { left: 0, .. }) => {}
            Some(Stretch::Stream { left, mut source }) => {
                let mut piece =
                    Vec::with_capacity(PIECE_BYTES.min(usize::try_from(left).unwrap_or(PIECE_BYTES)));
                let wanted = left.min(PIECE_BYTES as u64);
                (&mut source).take(wanted).read_to_end(&mut piece).await?;
                if piece.is_empty() {
                    return Err(std::io::Error::other("the file became shorter while it was sent"));
                }
                let left = left.saturating_sub(piece.len() as u64);
                stretches.push(Stretch::Stream { left, source });
                return Ok(Some((piece.into(), stretches)));
            }
        }
    }
}

/// Nobody who made a file for this could have guessed it.
fn boundary() -> Result<String, Failure> {
    use ring::rand::{SecureRandom as _, SystemRandom};
    let mut random = [0; 16];
    SystemRandom::new()
        .fill(&mut random)
        .map_err(|_| Failure::NotSent { why: "this machine gives no random numbers".to_owned() })?;
    Ok(format!("{BOUNDARY_PREFIX}-{}", crate::facts::hex(&random)))
}

fn part_head(boundary: &str, name: &str, file_name: Option<&str>, content_type: Option<&str>) -> String {
    let mut head = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"", quoted(name));
    if let Some(file_name) = file_name {
        head.push_str(&format!("; filename=\"{}\"", quoted(file_name)));
    }
    let plain = |kind: &&str| kind.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    if let Some(content_type) = content_type.filter(plain).or(file_name.map(|_| "application/octet-stream")) {
        head.push_str(&format!("\r\nContent-Type: {content_type}"));
    }
    head.push_str("\r\n\r\n");
    head
}

/// As browsers write it: what would end the quotes or the line is escaped.
fn quoted(text: &str) -> String {
    text.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn sent(mut body: PageBody, token: Option<&str>) -> (String, u64, Vec<u8>) {
        let token = token.map(|token| Secret::new(token.to_owned()));
        let outgoing = body.outgoing(token.as_ref()).unwrap();
        let content = http_body_util::BodyExt::collect(outgoing.content).await.unwrap().to_bytes().to_vec();
        (outgoing.content_type, outgoing.length, content)
    }

    #[tokio::test]
    async fn a_form_is_written_with_its_token() {
        let form = PageBody::Form(vec![("a b".to_owned(), "c&d".to_owned())]);
        assert!(form.wants_token());
        let (kind, length, content) = sent(form, Some("tok")).await;
        assert_eq!(content, b"a+b=c%26d&csrf_token=tok");
        assert_eq!((kind.as_str(), length), ("application/x-www-form-urlencoded", content.len() as u64));
    }

    #[tokio::test]
    async fn a_stream_is_sent_as_long_as_it_was_said_to_be() {
        let file: Vec<u8> = (0..200_000u32).map(|n| u8::try_from(n % 251).unwrap()).collect();
        let part = |name: &str, file_name: Option<&str>, content| FormPart {
            name: name.to_owned(),
            file_name: file_name.map(str::to_owned),
            content_type: None,
            content,
        };
        let source = Box::pin(std::io::Cursor::new(file.clone()));
        let body = PageBody::Multipart(vec![
            part("id", None, PartContent::Bytes(b"7".to_vec())),
            part("ufile", Some("a\"\r\nb.txt"), PartContent::Stream { length: file.len() as u64, source }),
        ]);
        assert!(!body.is_repeatable());
        let (kind, length, content) = sent(body, Some("tok")).await;
        assert_eq!(length, content.len() as u64);
        let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
        let text = String::from_utf8_lossy(&content);
        assert!(
            text.starts_with(&format!("--{boundary}\r\nContent-Disposition: form-data; name=\"csrf_token\""))
        );
        assert!(text.contains("filename=\"a%22%0D%0Ab.txt\"\r\nContent-Type: application/octet-stream"));
        assert!(text.ends_with(&format!("\r\n--{boundary}--\r\n")));
        assert!(content.windows(file.len()).any(|window| window == file));
    }

    #[tokio::test]
    async fn a_file_that_becomes_shorter_breaks_the_request() {
        let source = Box::pin(std::io::Cursor::new(b"abc".to_vec()));
        let part = FormPart {
            name: "ufile".to_owned(),
            file_name: Some("x".to_owned()),
            content_type: None,
            content: PartContent::Stream { length: 10, source },
        };
        let outgoing = PageBody::Multipart(vec![part]).outgoing(None).unwrap();
        assert!(http_body_util::BodyExt::collect(outgoing.content).await.is_err());
    }
}
