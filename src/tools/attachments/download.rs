//! Files of attachments: into the answer where they are small, else into the caller's download area.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::BytesMut;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::io::AsyncReadExt as _;

use super::{
    checksums::{Checked, Checksums},
    kept::{Kept, attachments, field_names},
};
use crate::{
    facts::{Caller, Class, Effect, Risk},
    files::{FilesError, NewFile, StoredFile, type_of_content},
    odoo::{Context, Download as Content, PermittedOdoo},
    tools::{ArgumentsError, Attached, CallContext, Tool, ToolEntry, ToolError, records::scope::Scope, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<Download>()];

/// Progress is told after so many bytes.
const TOLD_EVERY_BYTES: u64 = 4 * 1024 * 1024;
/// How much of a file is read at once.
const PIECE_BYTES: usize = 64 * 1024;

/// Arguments of `odoo_attachment_download`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
pub(in crate::tools) struct Download {
    /// Id of the `ir.attachment`.
    attachment_id: i64,
    /// Where to keep the file in your download area, such as `invoices/march.pdf`; a path that ends with `/` is a folder. Without it small files come in the answer and larger ones get a name by themselves.
    #[serde(default)]
    save_path: String,
    /// Keep the file in the download area even if it is small.
    #[serde(default)]
    as_file: bool,
    #[serde(flatten)]
    scope: Scope,
}

/// Result of `odoo_attachment_download`.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(in crate::tools) struct Downloaded {
    pub(in crate::tools) attachment_id: i64,
    pub(in crate::tools) filename: String,
    pub(in crate::tools) mimetype: String,
    /// Bytes.
    pub(in crate::tools) size: u64,
    /// SHA-1 of the content, as Odoo keeps it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::tools) checksum: Option<String>,
    /// The content is exactly what Odoo's checksum says.
    pub(in crate::tools) verified: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    res_model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    res_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::tools) content_base64: Option<String>,
    /// Path of the file in your download area.
    #[serde(skip_serializing_if = "Option::is_none")]
    saved_to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes_written: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::tools) file: Option<StoredFile>,
    /// The attachment is a link to this address and has no content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::tools) url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::tools) note: Option<String>,
}

impl Tool for Download {
    const NAME: &'static str = "odoo_attachment_download";
    const TITLE: &'static str = "Download an attachment";
    const DESCRIPTION: &'static str = "Fetch the file of an attachment. Small files come as base64; larger \
         ones, or any with `save_path`, go to your download area and come back as a resource link. The \
         content is checked against Odoo's checksum.";
    const CLASS: Class = Class::Read;
    const RISK: Risk = Risk::Low;
    type Output = Downloaded;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        let effect = Kept::effect(&self.scope.connection, &[self.attachment_id]);
        vec![Effect::Records(effect.in_context(self.scope.stated()))]
    }

    fn check(&self) -> Result<(), ArgumentsError> {
        super::source::check_id("attachment_id", self.attachment_id)
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Downloaded, ToolError> {
        let odoo = cx.odoo(&self.scope.connection)?;
        let context = self.scope.context()?;
        let kept = Kept::read(&odoo, self.attachment_id, &context).await?;
        let mut downloaded = Downloaded {
            attachment_id: kept.id,
            filename: kept.name.clone(),
            mimetype: kept.mimetype.clone().unwrap_or_else(|| "application/octet-stream".to_owned()),
            size: kept.size.unwrap_or_default(),
            checksum: kept.checksum.clone(),
            res_model: kept.owner.as_ref().map(|(model, _)| model.to_string()),
            res_id: kept.owner.as_ref().map(|(_, id)| *id),
            ..Downloaded::default()
        };
        if kept.is_link {
            downloaded.url.clone_from(&kept.url);
            downloaded.note = Some("this attachment is a link; Odoo keeps no content of it".to_owned());
            return Ok(downloaded);
        }
        let save_path = (!self.save_path.is_empty()).then_some(self.save_path.as_str());
        let is_small = kept.size.is_some_and(|size| size <= cx.files().limits().inline_bytes_max);
        let checked = if is_small && save_path.is_none() && !self.as_file {
            let (bytes, checked) = whole(&odoo, &kept, &context).await?;
            downloaded.content_base64 = Some(STANDARD.encode(bytes));
            checked
        } else {
            let new = cx.files().begin(&kept.name, save_path).await?;
            new.check_room(kept.size.unwrap_or_default())?;
            let (stored, checked) = into_file(cx, &odoo, &kept, new, &context).await?;
            downloaded.saved_to = Some(stored.path.clone());
            downloaded.bytes_written = Some(stored.size);
            downloaded.file = Some(stored);
            checked
        };
        downloaded.size = checked.size;
        downloaded.verified = kept.checksum.is_some();
        downloaded.note = other_type(&downloaded.mimetype, &checked);
        Ok(downloaded)
    }

    fn attached(output: &Downloaded) -> Vec<Attached> {
        output.file.iter().map(Attached::file).collect()
    }
}

impl Download {
    /// The same download for tools that know it under another name.
    pub(in crate::tools) fn of(attachment_id: i64, save_path: String, scope: Scope) -> Self {
        Self { attachment_id, save_path, as_file: false, scope }
    }
}

/// A small file, in memory.
async fn whole(
    odoo: &PermittedOdoo<'_>,
    kept: &Kept,
    context: &Context,
) -> Result<(Vec<u8>, Checked), ToolError> {
    let mut bytes = Vec::new();
    if kept.size != Some(0) {
        let mut content = odoo.download(&attachments(), kept.id, &datas()?, context).await?;
        while let Some(arrived) = content.next_arrived().await? {
            bytes.extend_from_slice(&content.decode(arrived)?);
            within_announced(bytes.len() as u64, kept)?;
        }
        content.finish()?;
    }
    let checked = Checksums::of(&bytes);
    compare(kept, &checked)?;
    Ok((bytes, checked))
}

/// A file of any size, piece by piece. It gets its name when it is known to be right.
pub(super) async fn into_file(
    cx: &CallContext<'_>,
    odoo: &PermittedOdoo<'_>,
    kept: &Kept,
    mut new: NewFile,
    context: &Context,
) -> Result<(StoredFile, Checked), ToolError> {
    if kept.size != Some(0) {
        let content = odoo.download(&attachments(), kept.id, &datas()?, context).await?;
        arrive(cx, content, &mut new, kept.size).await?;
    }
    let checked = Checksums::of_file(new.written_content().await?).await?;
    compare(kept, &checked)?;
    let stored = new.finish(kept.mimetype.as_deref().unwrap_or_default()).await?;
    Ok((stored, checked))
}

/// Takes in what arrives as fast as it comes, and decodes it from the disk.
pub(super) async fn arrive(
    cx: &CallContext<'_>,
    mut content: Content,
    new: &mut NewFile,
    size: Option<u64>,
) -> Result<(), ToolError> {
    let mut told = Told { cx, size, at: 0 };
    if !content.is_encoded() {
        while let Some(arrived) = content.next_arrived().await? {
            new.write(&content.decode(arrived)?).await?;
            told.now(new.written());
        }
        return Ok(content.finish()?);
    }
    // Never finished, so it is gone with the end of this call.
    let mut passing = cx.files().begin("passing through", None).await?.passing();
    while let Some(arrived) = content.next_arrived().await? {
        passing.write(&arrived).await?;
        told.now(passing.written() / 4 * 3);
    }
    let mut encoded = passing.written_content().await?;
    loop {
        let mut piece = BytesMut::with_capacity(PIECE_BYTES);
        if encoded.read_buf(&mut piece).await.map_err(FilesError::from)? == 0 {
            break;
        }
        new.write(&content.decode(piece.freeze())?).await?;
    }
    Ok(content.finish()?)
}

/// How far a download is, told now and then.
struct Told<'a> {
    cx: &'a CallContext<'a>,
    size: Option<u64>,
    at: u64,
}

impl Told<'_> {
    fn now(&mut self, bytes: u64) {
        if bytes - self.at >= TOLD_EVERY_BYTES {
            self.at = bytes;
            self.cx.progress().report(as_float(bytes), self.size.map(as_float), "downloading");
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "progress needs no exact bytes")]
fn as_float(bytes: u64) -> f64 {
    bytes as f64
}

fn datas() -> Result<crate::facts::FieldName, ToolError> {
    field_names(&["datas"]).pop().ok_or(ToolError::Internal { detail: "`datas` is no field name".into() })
}

/// A server that sends more than it keeps is not listened to for longer.
fn within_announced(received: u64, kept: &Kept) -> Result<(), ToolError> {
    if kept.size.is_some_and(|size| received > size) { Err(changed(kept)) } else { Ok(()) }
}

/// The content must be what Odoo says that it is.
fn compare(kept: &Kept, checked: &Checked) -> Result<(), ToolError> {
    let is_other = kept.checksum.as_ref().is_some_and(|sum| !sum.eq_ignore_ascii_case(&checked.sha1));
    if kept.size.is_some_and(|size| size != checked.size) || is_other { Err(changed(kept)) } else { Ok(()) }
}

fn changed(kept: &Kept) -> ToolError {
    ToolError::Stopped {
        code: "checksum_mismatch",
        message: format!(
            "the content of attachment {} is not what its size and checksum say; nothing was kept",
            kept.id
        ),
        hint: Some("call again; if it stays, the file is damaged in Odoo's file store".to_owned()),
    }
}

fn other_type(mimetype: &str, checked: &Checked) -> Option<String> {
    let looks_like = type_of_content(&checked.head)?;
    let is_page = |kind: &str| kind.contains("html");
    (is_page(looks_like) && !is_page(mimetype))
        .then(|| format!("the content looks like `{looks_like}`, not `{mimetype}`"))
}
