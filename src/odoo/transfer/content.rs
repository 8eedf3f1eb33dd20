//! Content that is sent: its length is known, its bytes are read while they leave.

use std::pin::Pin;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use futures_util::{Stream, stream};
use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::pace::Pace;

/// How much is read at once: a multiple of three, so that each piece is whole in base64.
const PIECE_BYTES: usize = 48 * 1024;

/// A known number of bytes from anywhere.
pub struct Content {
    length: u64,
    source: Pin<Box<dyn AsyncRead + Send + Sync>>,
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Content({} bytes)", self.length)
    }
}

impl Content {
    /// Exactly `length` bytes of a source; one that ends earlier ends the request.
    pub fn new(length: u64, source: impl AsyncRead + Send + Sync + 'static) -> Self {
        Self { length, source: Box::pin(source) }
    }

    pub fn of_bytes(bytes: Vec<u8>) -> Self {
        Self::new(bytes.len() as u64, std::io::Cursor::new(bytes))
    }

    pub fn length(&self) -> u64 {
        self.length
    }

    pub(super) fn into_parts(self) -> (u64, Pin<Box<dyn AsyncRead + Send + Sync>>) {
        (self.length, self.source)
    }

    /// The length as base64.
    pub(super) fn encoded_length(&self) -> u64 {
        self.length.div_ceil(3) * 4
    }

    /// What stands before, the content as base64, what stands behind.
    pub(super) fn encoded_between(
        self,
        before: Vec<u8>,
        behind: Vec<u8>,
        pace: Pace,
    ) -> impl Stream<Item = std::io::Result<Bytes>> + Send + Sync + 'static {
        let start =
            Sending { stretch: Stretch::Before, before, behind, left: self.length, source: self.source };
        stream::try_unfold((start, pace), |(mut sending, pace)| async move {
            pace.moved();
            let piece = sending.next().await?;
            Ok(piece.map(|piece| (piece, (sending, pace))))
        })
    }
}

enum Stretch {
    Before,
    Content,
    Over,
}

struct Sending {
    stretch: Stretch,
    before: Vec<u8>,
    behind: Vec<u8>,
    left: u64,
    source: Pin<Box<dyn AsyncRead + Send + Sync>>,
}

impl Sending {
    async fn next(&mut self) -> std::io::Result<Option<Bytes>> {
        match self.stretch {
            Stretch::Before => {
                self.stretch = Stretch::Content;
                Ok(Some(std::mem::take(&mut self.before).into()))
            }
            Stretch::Content if self.left > 0 => {
                let wanted = self.left.min(PIECE_BYTES as u64);
                let mut piece = Vec::with_capacity(usize::try_from(wanted).unwrap_or(PIECE_BYTES));
                (&mut self.source).take(wanted).read_to_end(&mut piece).await?;
                if piece.len() as u64 != wanted {
                    return Err(std::io::Error::other("the content became shorter while it was sent"));
                }
                self.left -= wanted;
                Ok(Some(STANDARD.encode(&piece).into()))
            }
            Stretch::Content => {
                self.stretch = Stretch::Over;
                Ok(Some(std::mem::take(&mut self.behind).into()))
            }
            Stretch::Over => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt as _;

    use super::*;

    #[track_caller]
    fn check(length: usize) {
        let bytes: Vec<u8> = (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect();
        let content = Content::of_bytes(bytes.clone());
        let expected_length = content.encoded_length() + 2;
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let sent: Vec<u8> = runtime.block_on(async {
            let stream = content.encoded_between(b"<".to_vec(), b">".to_vec(), Pace::default());
            let pieces: Vec<_> = Box::pin(stream).collect().await;
            pieces.into_iter().flat_map(|piece| piece.unwrap().to_vec()).collect()
        });
        assert_eq!(sent, format!("<{}>", STANDARD.encode(&bytes)).into_bytes());
        assert_eq!(sent.len() as u64, expected_length);
    }

    #[test]
    fn content_is_base64_of_the_announced_length() {
        for length in [0, 1, 2, 3, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES + 2] {
            check(length);
        }
    }

    #[test]
    fn content_that_is_shorter_ends_the_request() {
        let content = Content::new(10, std::io::Cursor::new(vec![1, 2, 3]));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let pieces: Vec<_> = runtime.block_on(
            Box::pin(content.encoded_between(Vec::new(), Vec::new(), Pace::default())).collect::<Vec<_>>(),
        );
        assert!(pieces.last().unwrap().is_err());
    }
}
