//! The words between the server and a plugin in a process of its own: JSON texts, each after its length.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// Longest text; a context and an answer with everything escaped fit.
const FRAME_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What the server says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ToChild {
    Applies {
        step: u32,
        context: String,
    },
    Execute {
        step: u32,
        context: String,
    },
    /// The answer to the one request that is open.
    Answer {
        code: i32,
        text: String,
    },
}

/// What the child says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FromChild {
    Hello {
        name: String,
        version: String,
        target: String,
        abi: (u16, u16),
        flags: u32,
        described: String,
    },
    /// The plugin could not be started.
    Refused {
        reason: String,
        message: String,
    },
    Log {
        level: u8,
        message: String,
    },
    Ask {
        request: String,
    },
    Applied {
        applies: bool,
    },
    Executed {
        code: i32,
        text: String,
    },
    /// The call gave no answer; `kind` is a word of `PluginError`.
    Fault {
        kind: String,
        code: String,
        message: String,
    },
}

pub(super) fn read<T: DeserializeOwned>(from: &mut impl Read) -> io::Result<T> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let mut bytes = vec![0; checked(u32::from_le_bytes(length))?];
    from.read_exact(&mut bytes)?;
    serde_json::from_slice(&bytes).map_err(|_| malformed())
}

pub(super) fn write<T: Serialize>(to: &mut impl Write, message: &T) -> io::Result<()> {
    to.write_all(&framed(message)?)?;
    to.flush()
}

pub(super) async fn receive<T: DeserializeOwned>(from: &mut (impl AsyncRead + Unpin)) -> io::Result<T> {
    let length = checked(from.read_u32_le().await?)?;
    // Grows with what really comes, not with what is announced.
    let mut bytes = Vec::new();
    from.take(length as u64).read_to_end(&mut bytes).await?;
    if bytes.len() < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    serde_json::from_slice(&bytes).map_err(|_| malformed())
}

pub(super) async fn send<T: Serialize>(to: &mut (impl AsyncWrite + Unpin), message: &T) -> io::Result<()> {
    to.write_all(&framed(message)?).await?;
    to.flush().await
}

fn framed<T: Serialize>(message: &T) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; 4];
    serde_json::to_writer(&mut bytes, message).map_err(|_| malformed())?;
    let length = u32::try_from(bytes.len() - 4).map_err(|_| malformed())?;
    checked(length)?;
    if let Some(place) = bytes.first_chunk_mut() {
        *place = length.to_le_bytes();
    }
    Ok(bytes)
}

fn checked(length: u32) -> io::Result<usize> {
    usize::try_from(length).ok().filter(|length| *length <= FRAME_BYTES_MAX).ok_or_else(malformed)
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a message that cannot be read")
}
