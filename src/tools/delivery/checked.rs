//! The answer of a web server as a file, after it was seen to be the file that was asked for.

use bytes::Bytes;

use super::{Delivered, Outgoing, pdf_pages::PdfPages};
use crate::{odoo::PageAnswer, tools::ToolError};

/// Bytes that tell what a file is.
const HEAD_BYTES: usize = 16;
/// A page that came instead of a file is read so far, to see what it says.
const PAGE_BYTES_MAX: u64 = 512 * 1024;

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tools) enum Expected {
    Pdf,
    Xlsx,
    Image,
    /// Whatever the server names as a file.
    File,
}

impl Expected {
    fn mime_type(self, told: &str) -> &str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Image | Self::File => told,
        }
    }

    fn fits(self, answer: &PageAnswer, head: &[u8]) -> bool {
        match self {
            Self::Image => {
                answer.media_type().starts_with("image/")
                    && (answer.media_type() == "image/svg+xml"
                        || head.trim_ascii_start().first() != Some(&b'<'))
            }
            Self::File => answer.file_name.is_some(),
            Self::Pdf => head.starts_with(b"%PDF-"),
            Self::Xlsx => head.starts_with(b"PK\x03\x04"),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Pdf => "a PDF",
            Self::Xlsx => "a spreadsheet",
            Self::Image => "a picture",
            Self::File => "a file",
        }
    }
}

/// What became of an answer.
#[derive(Debug)]
pub(in crate::tools) enum Kept {
    File {
        file: Delivered,
        /// Pages of a PDF, where they can be seen.
        pages: Option<u64>,
    },
    /// Something else came; its text, for saying why.
    Page { status: u16, text: String },
}

/// Streams the body to its place. A login page, an error page or another kind of file is never kept
/// as the file.
pub(in crate::tools) async fn keep_answer(
    mut answer: PageAnswer,
    expected: Expected,
    mut outgoing: Outgoing<'_>,
) -> Result<Kept, ToolError> {
    if answer.status != 200 {
        return page(answer, Vec::new()).await;
    }
    if let Some(length) = answer.length {
        outgoing.check_room(length)?;
    }
    let mut head = Vec::new();
    while head.len() < HEAD_BYTES {
        match answer.chunk().await? {
            Some(piece) => head.extend_from_slice(&piece),
            None => break,
        }
    }
    let media_type = answer.media_type().to_owned();
    if !expected.fits(&answer, &head) {
        if media_type.starts_with("text/") || media_type.is_empty() || head.starts_with(b"<") {
            return page(answer, head).await;
        }
        return Err(ToolError::Stopped {
            code: "wrong_content",
            message: format!("odoo answered with `{media_type}` instead of {}", expected.name()),
            hint: None,
        });
    }
    let mut pages = (expected == Expected::Pdf).then(PdfPages::default);
    let mut piece = Some(Bytes::from(head));
    while let Some(bytes) = piece.take() {
        if let Some(pages) = &mut pages {
            pages.feed(&bytes);
        }
        outgoing.write(&bytes).await?;
        piece = answer.chunk().await?;
    }
    let pages = pages.map(PdfPages::finish);
    if pages == Some(Some(0)) {
        return Ok(Kept::Page { status: 200, text: "a PDF without pages".to_owned() });
    }
    let file = outgoing.finish(expected.mime_type(&media_type)).await?;
    Ok(Kept::File { file, pages: pages.flatten() })
}

async fn page(mut answer: PageAnswer, head: Vec<u8>) -> Result<Kept, ToolError> {
    let status = answer.status;
    let mut bytes = head;
    while (bytes.len() as u64) < PAGE_BYTES_MAX
        && let Some(piece) = answer.chunk().await?
    {
        bytes.extend_from_slice(&piece);
    }
    Ok(Kept::Page { status, text: String::from_utf8_lossy(&bytes).into_owned() })
}
