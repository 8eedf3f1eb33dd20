//! Pictures of records.
//!
//! The field itself is read, so that an empty one is an error and not the placeholder that the web
//! server shows, and so that API keys are enough. Only another size is asked of the web server.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    facts::{
        Caller, Class, ConnectionAlias, Effect, FieldName, MethodName, ModelName, Operation, RecordEffect,
        Risk,
    },
    files::type_of_content,
    odoo::{Context, PagePath, PageRequest, PermittedOdoo},
    tools::{
        ArgumentsError, Attached, CallContext, Tool, ToolEntry, ToolError,
        delivery::{Delivered, Expected, Kept, Outgoing, keep_answer},
        row,
    },
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<Image>()];

/// A picture that goes into the answer to be looked at. Larger ones are links only.
const SHOWN_BYTES_MAX: usize = 256 * 1024;
/// What clients can show.
const SHOWN_TYPES: &[&str] = &["image/png", "image/jpeg", "image/gif", "image/webp"];
/// Odoo makes no larger pictures.
const SIDE_MAX: u32 = 1920;
/// What a header of a picture takes at most to be known by.
const HEAD_BYTES: usize = 512;

/// Arguments of `public_access_image`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Image {
    /// Connection alias.
    #[serde(default = "ConnectionAlias::default_alias")]
    connection: ConnectionAlias,
    /// Technical model name, such as `product.template`.
    model: ModelName,
    /// Id of the record.
    record_id: i64,
    /// Field with the picture.
    #[serde(default = "default_field")]
    #[schemars(with = "String")]
    field: FieldName,
    /// Path in the download area to save the picture under; nothing is overwritten.
    #[serde(default)]
    save_path: String,
    /// Scale to this width in pixels; needs a web session.
    #[serde(default)]
    width: u32,
    /// Scale to this height in pixels; needs a web session.
    #[serde(default)]
    height: u32,
    /// Cut to `width` and `height` instead of fitting into them.
    #[serde(default)]
    crop: bool,
}

fn default_field() -> FieldName {
    FieldName::known("image_1920")
}

/// Result of `public_access_image`.
#[derive(Debug, Serialize, JsonSchema)]
struct Picture {
    content_type: String,
    #[serde(flatten)]
    file: Delivered,
    #[serde(skip)]
    shown: Option<Attached>,
}

impl Tool for Image {
    const NAME: &'static str = "public_access_image";
    const TITLE: &'static str = "Picture of a record";
    const DESCRIPTION: &'static str = "Fetch the picture of a record, such as a product or a contact, and show it \
         if it is small; `image_128` to `image_1920` are the same picture in five sizes. A record without a \
         picture is an error.";
    const CLASS: Class = Class::Read;
    const RISK: Risk = Risk::Low;
    const IDEMPOTENT: bool = true;
    type Output = Picture;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        let read =
            RecordEffect::new(&self.connection, &self.model, Operation::Read, MethodName::known("read"))
                .with_ids(&[self.record_id])
                .reading(std::slice::from_ref(&self.field))
                .bounded(1);
        vec![Effect::Records(read)]
    }

    fn check(&self) -> Result<(), ArgumentsError> {
        let refused = |message: String| Err(ArgumentsError { message, hint: None });
        if self.record_id < 1 || self.record_id > i64::from(i32::MAX) {
            return refused("`record_id` is the id of a record, a whole number from 1 up".to_owned());
        }
        if self.width > SIDE_MAX || self.height > SIDE_MAX {
            return refused(format!("`width` and `height` are at most {SIDE_MAX}"));
        }
        if self.crop && (self.width == 0 || self.height == 0) {
            return refused("`crop` needs `width` and `height`".to_owned());
        }
        Ok(())
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Picture, ToolError> {
        let odoo = cx.odoo(&self.connection)?;
        self.must_be_there(&odoo).await?;
        let name = format!("{}-{}-{}", self.model, self.record_id, self.field);
        if self.width > 0 || self.height > 0 {
            return self.scaled(&name, cx).await;
        }
        let mut content =
            odoo.download(&self.model, self.record_id, &self.field, &Context::default()).await?;
        let mut shown = Vec::new();
        let mut begun: Option<(Outgoing<'_>, &'static str)> = None;
        loop {
            let arrived = content.next_arrived().await?;
            let is_last = arrived.is_none();
            let piece = arrived.map(|arrived| content.decode(arrived)).transpose()?.unwrap_or_default();
            if shown.len() <= SHOWN_BYTES_MAX {
                shown.extend_from_slice(&piece);
            }
            match &mut begun {
                Some((outgoing, _)) => outgoing.write(&piece).await?,
                // The first bytes say what it is, and so how the file is called.
                None if shown.len() >= HEAD_BYTES || is_last => {
                    let kind = picture_type(&shown)?;
                    let name = format!("{name}.{}", ending(kind));
                    let mut outgoing = Outgoing::begin(cx.files(), &name, &self.save_path).await?;
                    outgoing.write(&shown).await?;
                    begun = Some((outgoing, kind));
                }
                None => {}
            }
            if is_last {
                break;
            }
        }
        content.finish()?;
        let Some((outgoing, kind)) = begun else {
            return Err(ToolError::Internal { detail: "a picture ended before it began".into() });
        };
        let file = outgoing.finish(kind).await?;
        Ok(Picture { content_type: kind.to_owned(), shown: shown_beside(kind, &shown), file })
    }

    fn attached(output: &Picture) -> Vec<Attached> {
        output.file.link().into_iter().chain(output.shown.clone()).collect()
    }
}

impl Image {
    /// The web server would show a placeholder for a record that is gone or has no picture.
    async fn must_be_there(&self, odoo: &PermittedOdoo<'_>) -> Result<(), ToolError> {
        let field = odoo.schema(&self.model).await?.expect_field(self.field.as_str())?.clone();
        if !field.kind.is_binary() {
            return Err(ToolError::arguments(format!("`{}` of `{}` is no picture", self.field, self.model)));
        }
        let sizes = std::iter::once(("bin_size".to_owned(), Value::Bool(true))).collect();
        let context = Context::new(sizes).map_err(crate::odoo::OdooError::from)?;
        let fields = std::slice::from_ref(&self.field);
        let found = odoo.read(&self.model, &[self.record_id], fields, &context).await?;
        let Some(record) = found.first() else {
            return Err(ToolError::not_found(
                format!("`{}` has no record with id {}", self.model, self.record_id),
                "find the right one with odoo_search",
            ));
        };
        match record.get(self.field.as_str()) {
            Some(Value::String(size)) if !size.is_empty() => Ok(()),
            _ => Err(ToolError::Stopped {
                code: "no_image",
                message: format!("record {} of `{}` has no `{}`", self.record_id, self.model, self.field),
                hint: Some("Odoo would show a placeholder in its place".to_owned()),
            }),
        }
    }

    /// The picture in another size, as the web server makes it.
    async fn scaled(&self, name: &str, cx: &CallContext<'_>) -> Result<Picture, ToolError> {
        let size = match (self.width, self.height) {
            (width, 0) => format!("{width}x{SIDE_MAX}"),
            (0, height) => format!("{SIDE_MAX}x{height}"),
            (width, height) => format!("{width}x{height}"),
        };
        let path =
            PagePath::parse(&format!("/web/image/{}/{}/{}/{size}", self.model, self.record_id, self.field))?;
        let path = if self.crop { path.with_query([("crop", "1")]) } else { path };
        let outgoing = Outgoing::begin(cx.files(), name, &self.save_path).await?;
        let answer = cx.web(&self.connection)?.fetch(PageRequest::get(path)).await?;
        let content_type = answer.media_type().to_owned();
        match keep_answer(answer, Expected::Image, outgoing).await? {
            Kept::File { file, .. } => {
                let content = file.content_base64.as_deref().and_then(|text| STANDARD.decode(text).ok());
                let shown = content.and_then(|content| shown_beside(&content_type, &content));
                Ok(Picture { content_type, shown, file })
            }
            Kept::Page { status, .. } => Err(ToolError::Stopped {
                code: "wrong_content",
                message: format!("odoo answered with a page instead of a picture (HTTP {status})"),
                hint: None,
            }),
        }
    }
}

fn picture_type(head: &[u8]) -> Result<&'static str, ToolError> {
    match type_of_content(head) {
        Some(kind) if kind.starts_with("image/") => Ok(kind),
        _ => Err(ToolError::Stopped {
            code: "wrong_content",
            message: "the field holds something that is no picture".to_owned(),
            hint: Some("public_access_download and odoo_attachment_download fetch other files".to_owned()),
        }),
    }
}

/// What names of such pictures end with.
fn ending(kind: &str) -> &str {
    match kind {
        "image/jpeg" => "jpg",
        "image/svg+xml" => "svg",
        other => other.strip_prefix("image/").unwrap_or("bin"),
    }
}

fn shown_beside(kind: &str, content: &[u8]) -> Option<Attached> {
    let fits = content.len() <= SHOWN_BYTES_MAX && SHOWN_TYPES.contains(&kind);
    fits.then(|| Attached::Image { mime_type: kind.to_owned(), content_base64: STANDARD.encode(content) })
}
