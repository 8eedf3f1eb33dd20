//! A file on its way to the caller: held in memory while it is small, then in the download area.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    facts::hex,
    files::{CallerFiles, NewFile, StoredFile, safe_name, type_of_content, type_of_name},
    tools::{Attached, ToolError},
};

/// What says nothing about a file.
const UNKNOWN_TYPE: &str = "application/octet-stream";

/// A file as the answer tells of it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(in crate::tools) struct Delivered {
    /// `saved` in the download area, or `inline` here.
    pub(in crate::tools) status: DeliveredAs,
    pub(in crate::tools) name: String,
    /// Path inside the caller's download area.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::tools) path: Option<String>,
    /// The resource that serves the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::tools) uri: Option<String>,
    pub(in crate::tools) mime_type: String,
    /// Bytes.
    pub(in crate::tools) size: u64,
    /// SHA-256 of the content, in hexadecimal.
    pub(in crate::tools) sha256: String,
    /// The content, where it is small and no `save_path` was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::tools) content_base64: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::tools) enum DeliveredAs {
    Saved,
    Inline,
}

impl Delivered {
    pub(in crate::tools) fn saved(file: StoredFile) -> Self {
        Self {
            status: DeliveredAs::Saved,
            name: file.name,
            path: Some(file.path),
            uri: Some(file.uri),
            mime_type: file.mime_type,
            size: file.size,
            sha256: file.sha256,
            content_base64: None,
        }
    }

    /// The link that goes beside the answer.
    pub(in crate::tools) fn link(&self) -> Option<Attached> {
        Some(Attached::Link {
            uri: self.uri.clone()?,
            name: self.name.clone(),
            mime_type: Some(self.mime_type.clone()),
            size_bytes: Some(self.size),
        })
    }
}

/// Where the bytes go.
#[derive(Debug)]
enum Place {
    Memory(Vec<u8>),
    Area(Box<NewFile>),
}

/// A file being received.
#[derive(Debug)]
pub(in crate::tools) struct Outgoing<'a> {
    files: &'a CallerFiles,
    name: String,
    place: Place,
    inline_bytes_max: u64,
}

impl<'a> Outgoing<'a> {
    /// A `save_path` is checked and taken at once, before anything is fetched; an empty one is none.
    pub(in crate::tools) async fn begin(
        files: &'a CallerFiles,
        name: &str,
        save_path: &str,
    ) -> Result<Self, ToolError> {
        let place = if save_path.is_empty() {
            Place::Memory(Vec::new())
        } else {
            Place::Area(Box::new(files.begin(name, Some(save_path)).await?))
        };
        let inline_bytes_max = files.limits().inline_bytes_max;
        Ok(Self { files, name: safe_name(name), place, inline_bytes_max })
    }

    pub(in crate::tools) async fn write(&mut self, bytes: &[u8]) -> Result<(), ToolError> {
        if let Place::Memory(held) = &mut self.place {
            if (held.len() + bytes.len()) as u64 <= self.inline_bytes_max {
                held.extend_from_slice(bytes);
                return Ok(());
            }
            let mut file = self.files.begin(&self.name, None).await?;
            file.write(held).await?;
            self.place = Place::Area(Box::new(file));
        }
        if let Place::Area(file) = &mut self.place {
            file.write(bytes).await?;
        }
        Ok(())
    }

    /// Refuses at once what was announced and will not fit.
    pub(in crate::tools) fn check_room(&self, bytes_to_come: u64) -> Result<(), ToolError> {
        match &self.place {
            Place::Area(file) => Ok(file.check_room(bytes_to_come)?),
            Place::Memory(_)
                if bytes_to_come > self.files.limits().file_bytes_max.max(self.inline_bytes_max) =>
            {
                let limit = self.files.limits().file_bytes_max;
                Err(crate::files::FilesError::TooLarge { limit }.into())
            }
            Place::Memory(_) => Ok(()),
        }
    }

    pub(in crate::tools) async fn finish(self, mime_type: &str) -> Result<Delivered, ToolError> {
        match self.place {
            Place::Area(file) => Ok(Delivered::saved(file.finish(mime_type).await?)),
            Place::Memory(content) => Ok(Delivered {
                status: DeliveredAs::Inline,
                mime_type: named_type(mime_type, &content, &self.name).to_owned(),
                name: self.name,
                path: None,
                uri: None,
                size: content.len() as u64,
                sha256: hex(ring::digest::digest(&ring::digest::SHA256, &content).as_ref()),
                content_base64: Some(STANDARD.encode(&content)),
            }),
        }
    }
}

fn named_type<'a>(told: &'a str, content: &[u8], name: &str) -> &'a str {
    if !told.is_empty() && told != UNKNOWN_TYPE {
        return told;
    }
    type_of_content(content).or_else(|| type_of_name(name)).unwrap_or(UNKNOWN_TYPE)
}
