//! Where the bytes of a document come from: the arguments, or the caller's download area.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use tokio::io::AsyncReadExt as _;

use crate::tools::{ArgumentsError, CallContext, ToolError};

/// Largest document; as base64 it fits the body of a request.
const DOCUMENT_BYTES_MAX: usize = 18 * 1024 * 1024;

/// Exactly one of the two, and base64 as the standard has it.
pub(super) fn check(file_b64: Option<&str>, path: Option<&str>) -> Result<(), ArgumentsError> {
    let refused = |message: &str, hint: &str| {
        Err(ArgumentsError { message: message.to_owned(), hint: Some(hint.to_owned()) })
    };
    match (file_b64, path) {
        (Some(""), None) => {
            refused("argument `file_b64`: there is no file in it", "give the bytes of the document as base64")
        }
        (Some(_), None) | (None, Some(_)) => Ok(()),
        (None, None) => refused(
            "there is no file: neither `file_b64` nor `path` is given",
            "give the bytes of the document as base64 in `file_b64`, or a file of the download area in `path`",
        ),
        (Some(_), Some(_)) => {
            refused("both `file_b64` and `path` are given", "give the document once, one way or the other")
        }
    }
}

pub(super) async fn bytes_of(
    cx: &CallContext<'_>,
    file_b64: Option<String>,
    path: Option<&str>,
) -> Result<Vec<u8>, ToolError> {
    let bytes = match (file_b64, path) {
        (Some(text), _) => decode(&text)?,
        (None, Some(path)) => read(cx, path).await?,
        (None, None) => Vec::new(),
    };
    if bytes.is_empty() {
        return Err(ToolError::arguments("the file is empty"));
    }
    Ok(bytes)
}

/// Strictly: no white space, no `data:` in front, padding as it belongs.
fn decode(text: &str) -> Result<Vec<u8>, ToolError> {
    if text.len() > DOCUMENT_BYTES_MAX.div_ceil(3) * 4 {
        return Err(too_large());
    }
    BASE64_STANDARD.decode(text).map_err(|_| {
        ToolError::arguments_with_hint(
            "argument `file_b64`: this is no base64",
            "give the bytes of the file as base64 with padding, without line breaks and without `data:` in front",
        )
    })
}

async fn read(cx: &CallContext<'_>, path: &str) -> Result<Vec<u8>, ToolError> {
    let (file, stored) = cx.files().open(path).await?;
    if stored.size > DOCUMENT_BYTES_MAX as u64 {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    let failed = |error: std::io::Error| ToolError::from(crate::files::FilesError::from(error));
    file.take(DOCUMENT_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).await.map_err(failed)?;
    if bytes.len() > DOCUMENT_BYTES_MAX { Err(too_large()) } else { Ok(bytes) }
}

fn too_large() -> ToolError {
    ToolError::too_large(
        format!("the document is larger than {DOCUMENT_BYTES_MAX} bytes"),
        "split it, or make its pictures smaller",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_strictly() {
        assert_eq!(decode("aGVsbG8=").unwrap(), b"hello");
        for text in ["aGVsbG8", "aGVs bG8=", "aGVsbG8=\n", "data:application/pdf;base64,aGVsbG8=", "aGVs-_8="]
        {
            assert!(decode(text).is_err(), "{text}");
        }
        assert!(matches!(
            decode(&"A".repeat(DOCUMENT_BYTES_MAX / 3 * 4 + 8)),
            Err(ToolError::Stopped { code: "too_large", .. })
        ));
    }

    #[test]
    fn there_is_one_document() {
        assert!(check(Some("aGk="), None).is_ok() && check(None, Some("file")).is_ok());
        for (file, path) in [(None, None), (Some(""), None), (Some("aGk="), Some("file"))] {
            assert!(check(file, path).is_err(), "{file:?} {path:?}");
        }
    }
}
