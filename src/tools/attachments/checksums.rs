//! What bytes are, found out while they pass: length, first bytes, SHA-1 as Odoo keeps it, SHA-256.

use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256};
use tokio::io::AsyncReadExt as _;

use crate::{facts::hex, files::FilesError};

/// First bytes that tell what kind of file it is.
const HEAD_BYTES: usize = 1024;
/// How much of a file is read at once.
const PIECE_BYTES: usize = 64 * 1024;

pub(super) struct Checksums {
    sha1: Context,
    sha256: Context,
    head: Vec<u8>,
    size: u64,
}

/// The outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Checked {
    pub(super) size: u64,
    pub(super) sha1: String,
    pub(super) sha256: String,
    pub(super) head: Vec<u8>,
}

impl Checksums {
    pub(super) fn new() -> Self {
        let (sha1, sha256) = (Context::new(&SHA1_FOR_LEGACY_USE_ONLY), Context::new(&SHA256));
        Self { sha1, sha256, head: Vec::new(), size: 0 }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        let missing = HEAD_BYTES.saturating_sub(self.head.len());
        self.head.extend_from_slice(bytes.get(..missing.min(bytes.len())).unwrap_or_default());
        self.sha1.update(bytes);
        self.sha256.update(bytes);
        self.size += bytes.len() as u64;
    }

    pub(super) fn finish(self) -> Checked {
        Checked {
            size: self.size,
            sha1: hex(self.sha1.finish().as_ref()),
            sha256: hex(self.sha256.finish().as_ref()),
            head: self.head,
        }
    }

    /// Reads a file from where it stands to its end.
    pub(super) async fn of_file(mut file: tokio::fs::File) -> Result<Checked, FilesError> {
        let mut checksums = Self::new();
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let count = file.read(&mut piece).await?;
            if count == 0 {
                return Ok(checksums.finish());
            }
            checksums.update(piece.get(..count).unwrap_or_default());
        }
    }

    pub(super) fn of(bytes: &[u8]) -> Checked {
        let mut checksums = Self::new();
        checksums.update(bytes);
        checksums.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_checksums_are_those_everybody_knows() {
        let checked = Checksums::of(b"abc");
        assert_eq!(checked.sha1, "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_eq!(checked.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!((checked.size, checked.head), (3, b"abc".to_vec()));
    }
}
