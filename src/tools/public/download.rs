//! Files of attachments by their id, as the web server's `/web/content/ID` gives them.
//!
//! Fetched as odoo_attachment_download does it, which needs no web session; with an access token as
//! anybody who has the link.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    facts::{Caller, Class, Effect, Risk, hex},
    odoo::{PagePath, PageRequest},
    tools::{
        ArgumentsError, Attached, CallContext, Tool, ToolEntry, ToolError,
        attachments::Download as AttachmentDownload,
        delivery::{Delivered, DeliveredAs, Expected, Kept, Outgoing, keep_answer},
        records::scope::Scope,
        row,
    },
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<Download>()];

/// Access tokens are 36 characters.
const TOKEN_CHARACTERS_MAX: usize = 100;

/// Arguments of `public_access_download`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
struct Download {
    /// Id of the `ir.attachment`.
    content_id: i64,
    /// Path in the download area to save the file under; nothing is overwritten.
    #[serde(default)]
    save_path: String,
    /// Access token of the attachment, to fetch it as anybody who has its link.
    #[serde(default)]
    access_token: String,
    #[serde(flatten)]
    scope: Scope,
}

/// Result of `public_access_download`.
#[derive(Debug, Serialize, JsonSchema)]
struct Downloaded {
    content_type: String,
    filename: String,
    /// The file; absent where the attachment is a link.
    #[serde(flatten)]
    file: Option<Delivered>,
    /// The attachment is a link to this address and has no content.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl Download {
    fn inner(self) -> AttachmentDownload {
        AttachmentDownload::of(self.content_id, self.save_path, self.scope)
    }

    /// The page of the file, for whoever has its token.
    async fn by_token(self, cx: &CallContext<'_>) -> Result<Downloaded, ToolError> {
        let name = format!("attachment {}", self.content_id);
        let outgoing = Outgoing::begin(cx.files(), &name, &self.save_path).await?;
        let path = PagePath::parse(&format!("/web/content/{}", self.content_id))?;
        let path = path.with_query([("access_token", self.access_token.as_str()), ("download", "true")]);
        let limits = cx.files().limits();
        let most = limits.file_bytes_max.max(limits.inline_bytes_max);
        let answer =
            cx.web(&self.scope.connection)?.fetch(PageRequest::get(path).anonymous().up_to(most)).await?;
        let (content_type, told) = (answer.content_type.clone(), answer.file_name.clone());
        match keep_answer(answer, Expected::File, outgoing).await? {
            Kept::File { file, .. } => Ok(Downloaded {
                content_type,
                filename: told.unwrap_or_else(|| file.name.clone()),
                file: Some(file),
                url: None,
                note: None,
            }),
            Kept::Page { .. } => Err(ToolError::not_found(
                format!("odoo gives nobody attachment {} for this token", self.content_id),
                "it is gone, or the token is of another file; without a token the rights of the user count",
            )),
        }
    }
}

impl Tool for Download {
    const NAME: &'static str = "public_access_download";
    const TITLE: &'static str = "Download a file by its id";
    const DESCRIPTION: &'static str = "Fetch the file of an attachment by its id, with the rights of the \
         connection's user or with an access token. A large file goes to the download area and comes as a link.";
    const CLASS: Class = Class::Read;
    const RISK: Risk = Risk::Low;
    type Output = Downloaded;

    fn effects(&self, caller: &Caller) -> Vec<Effect> {
        let inner = AttachmentDownload::of(self.content_id, self.save_path.clone(), self.scope.clone());
        Tool::effects(&inner, caller)
    }

    fn check(&self) -> Result<(), ArgumentsError> {
        let refused = |message: &str| Err(ArgumentsError { message: message.to_owned(), hint: None });
        if self.content_id < 1 || self.content_id > i64::from(i32::MAX) {
            return refused("`content_id` is the id of an attachment, a whole number from 1 up");
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if self.access_token.len() > TOKEN_CHARACTERS_MAX || !self.access_token.chars().all(plain) {
            return refused("`access_token` holds letters, digits and `-`");
        }
        Ok(())
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Downloaded, ToolError> {
        if !self.access_token.is_empty() {
            return self.by_token(cx).await;
        }
        let fetched = self.inner().run(cx).await?;
        let file = match (fetched.file, fetched.content_base64) {
            (Some(stored), _) => Some(Delivered::saved(stored)),
            (None, Some(content_base64)) => {
                Some(inline(&fetched.filename, &fetched.mimetype, content_base64)?)
            }
            (None, None) => None,
        };
        Ok(Downloaded {
            content_type: fetched.mimetype,
            filename: fetched.filename,
            file,
            url: fetched.url,
            note: fetched.note,
        })
    }

    fn attached(output: &Downloaded) -> Vec<Attached> {
        output.file.as_ref().and_then(Delivered::link).into_iter().collect()
    }
}

/// A small file with its digest.
fn inline(name: &str, mime_type: &str, content_base64: String) -> Result<Delivered, ToolError> {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let content = STANDARD
        .decode(&content_base64)
        .map_err(|error| ToolError::Internal { detail: error.to_string().into() })?;
    Ok(Delivered {
        status: DeliveredAs::Inline,
        name: name.to_owned(),
        path: None,
        uri: None,
        mime_type: mime_type.to_owned(),
        size: content.len() as u64,
        sha256: hex(ring::digest::digest(&ring::digest::SHA256, &content).as_ref()),
        content_base64: Some(content_base64),
    })
}
