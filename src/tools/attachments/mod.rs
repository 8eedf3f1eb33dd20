//! The family `attachments`: files of records, up and down, whatever their size.

use super::Family;

mod checksums;
mod download;
mod kept;
mod source;
mod upload;

pub(in crate::tools) use download::Download;

pub(super) const FAMILY: Family = Family { name: "attachments", tools: &[upload::TOOLS, download::TOOLS] };
