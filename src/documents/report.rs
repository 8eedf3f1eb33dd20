//! What was found in a document, what was taken out, and what became of it.

use serde::{Deserialize, Serialize};

/// Names and warnings a report holds of one kind; a hostile file could fill it otherwise.
pub const LISTED_MAX: usize = 50;

/// A file that was attached inside the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbeddedFile {
    /// As the document calls it, cut to a length; not to be trusted.
    pub name: String,
    /// Bytes as stored; `None` where the file specification points at nothing.
    pub size: Option<u64>,
}

/// What is not in the result any more.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removed {
    /// Keys of the catalog that start something: `OpenAction`, `AA`, `JS`.
    pub doc_actions: Vec<String>,
    /// Parts of the catalog's name tree: `JavaScript`, `EmbeddedFiles`.
    pub names: Vec<String>,
    pub page_actions: u32,
    pub annotation_actions: u32,
    /// Whole annotations: attachments, films, sounds.
    pub annotations: u32,
    pub embedded_files: Vec<EmbeddedFile>,
    pub xfa: bool,
    pub metadata: bool,
    pub outline_actions: u32,
    /// Actions in form fields that are no annotations, and anywhere else.
    pub other_actions: u32,
    /// Other keys that were dropped, once each.
    pub other_keys: Vec<String>,
    /// Objects that nothing in the current document points at.
    pub unreachable_objects: u32,
    /// Earlier revisions kept in the file.
    pub revisions: u32,
    /// Bytes before the header and behind the end of the file or of its streams.
    pub stray_bytes: u64,
    /// Blocks of a picture that are no picture: EXIF, comments, text.
    pub picture_blocks: Vec<String>,
}

impl Removed {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Something that could have run or carried another file, as opposed to leftovers.
    pub fn was_active(&self) -> bool {
        !self.doc_actions.is_empty()
            || !self.names.is_empty()
            || !self.embedded_files.is_empty()
            || self.page_actions + self.annotation_actions + self.annotations > 0
            || self.outline_actions + self.other_actions > 0
            || self.xfa
    }
}

/// Something a person should know; the document is sent all the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentWarning {
    /// `hidden_layers`, `suspicious_text`, `rebuilt`, and others.
    pub code: String,
    pub message: String,
}

/// Which bytes go on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sent {
    Sanitized,
    Original,
    Rasterized,
    /// Nothing was sent; also the state before anything is.
    #[default]
    None,
}

/// The report of one document. It never holds its text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SanitizeReport {
    /// That the check was made; always true here.
    pub available: bool,
    pub kind: Option<super::DocumentKind>,
    pub input_bytes: u64,
    pub output_bytes: u64,
    pub input_sha256: String,
    pub output_sha256: Option<String>,
    pub pages: u32,
    pub removed: Removed,
    pub warnings: Vec<DocumentWarning>,
    /// The code of the refusal.
    pub refused: Option<String>,
    /// Why a refused file could not be read.
    pub parse_error: Option<String>,
    /// That something of the content is not in what is sent. A file that is only written anew, with
    /// nothing taken out, is not modified; its hashes differ all the same.
    pub modified: bool,
    pub sent: Sent,
    /// Older name of `removed.doc_actions`.
    pub removed_doc_actions: Vec<String>,
    /// Older name of `removed.names`.
    pub removed_names: Vec<String>,
    /// Older name of `removed.page_actions`.
    pub removed_page_actions: u32,
    /// Older name of `removed.annotation_actions`.
    pub removed_annotation_actions: u32,
}

impl SanitizeReport {
    pub(super) fn warn(&mut self, code: &str, message: impl Into<String>) {
        let warning = DocumentWarning { code: code.to_owned(), message: message.into() };
        if self.warnings.len() < LISTED_MAX && !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// Fills the older names, when everything else is known.
    pub(super) fn settle(&mut self) {
        self.removed_doc_actions.clone_from(&self.removed.doc_actions);
        self.removed_names.clone_from(&self.removed.names);
        self.removed_page_actions = self.removed.page_actions;
        self.removed_annotation_actions = self.removed.annotation_actions;
    }
}

/// Adds a name once, while the list is short.
pub(super) fn list_once(list: &mut Vec<String>, name: String) {
    if list.len() < LISTED_MAX && !list.contains(&name) {
        list.push(name);
    }
}
