//! Lines of a byte stream, none longer than a limit.

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};

/// A buffer that grew beyond this is given back after its line.
const BUFFER_KEPT_BYTES_MAX: usize = 1024 * 1024;
/// How much is read from the stream at once.
const READ_BYTES: usize = 64 * 1024;

/// One piece of input.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// A whole line without its end; the last one of a stream may lack it.
    Whole(&'a [u8]),
    /// The beginning of a line that is longer than the limit. The rest of it is skipped.
    TooLong(&'a [u8]),
}

/// Reads lines. [`Lines::next`] may be dropped at any await and called again: nothing is lost.
#[derive(Debug)]
pub(super) struct Lines<R> {
    reader: BufReader<R>,
    buffer: Vec<u8>,
    bytes_max: usize,
    /// The buffer was handed out and is to be emptied before the next line.
    handed_out: bool,
    /// Skipping the rest of a line that was too long.
    skipping: bool,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(reader: R, bytes_max: usize) -> Self {
        Self {
            reader: BufReader::with_capacity(READ_BYTES, reader),
            buffer: Vec::new(),
            bytes_max,
            handed_out: false,
            skipping: false,
        }
    }

    /// The next line that is not blank; `None` at the end of the stream.
    pub(super) async fn next(&mut self) -> std::io::Result<Option<Line<'_>>> {
        if self.handed_out {
            self.handed_out = false;
            self.buffer.clear();
            if self.buffer.capacity() > BUFFER_KEPT_BYTES_MAX {
                self.buffer = Vec::new();
            }
        }
        loop {
            let available = self.reader.fill_buf().await?;
            if available.is_empty() {
                let last = !self.skipping && !self.buffer.trim_ascii().is_empty();
                self.handed_out = true;
                return Ok(last.then(|| Line::Whole(self.buffer.trim_ascii())));
            }
            let newline = available.iter().position(|byte| *byte == b'\n');
            let taken = newline.map_or(available.len(), |at| at + 1);
            if !self.skipping {
                let room = (self.bytes_max + 1).saturating_sub(self.buffer.len());
                self.buffer.extend(available.iter().take(taken.min(room)));
            }
            self.reader.consume(taken);
            let skipped = self.skipping;
            if self.buffer.len() > self.bytes_max && !skipped && !self.buffer.ends_with(b"\n") {
                self.skipping = newline.is_none();
                self.handed_out = true;
                return Ok(Some(Line::TooLong(&self.buffer)));
            }
            if newline.is_none() {
                continue;
            }
            self.skipping = false;
            if skipped {
                continue;
            }
            if self.buffer.trim_ascii().is_empty() {
                self.buffer.clear();
                continue;
            }
            self.handed_out = true;
            return Ok(Some(Line::Whole(self.buffer.trim_ascii())));
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    async fn check(input: &[u8], expected: &[&str]) {
        // One byte at a time and all at once must read the same.
        for piece in [1, 3, input.len().max(1)] {
            let (mut writer, reader) = tokio::io::duplex(piece);
            let bytes = input.to_vec();
            let writing = tokio::spawn(async move { writer.write_all(&bytes).await });
            let mut lines = Lines::new(reader, 8);
            let mut found = Vec::new();
            while let Some(line) = lines.next().await.unwrap() {
                found.push(match line {
                    Line::Whole(text) => String::from_utf8_lossy(text).into_owned(),
                    Line::TooLong(text) => format!("!{}", String::from_utf8_lossy(text)),
                });
            }
            assert_eq!(found, expected, "pieces of {piece}");
            let _ = writing.await;
        }
    }

    #[tokio::test]
    async fn lines_are_found_and_blank_ones_skipped() {
        check(b"", &[]).await;
        check(b"\n \r\n\n", &[]).await;
        check(b"one\r\ntwo\n\nthree", &["one", "two", "three"]).await;
    }

    #[tokio::test]
    async fn a_long_line_is_reported_once_and_the_next_one_read() {
        check(b"12345678\nx\n", &["12345678", "x"]).await;
        check(b"123456789\nx\n", &["!123456789", "x"]).await;
        check(b"1234567890abcdef\nx\n", &["!123456789", "x"]).await;
        check(b"1234567890abcdef", &["!123456789"]).await;
    }
}
