//! Files become attachments of records: looked at first, sent piece by piece, compared afterwards.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    kept::{attachments, field_names},
    source::{Address, Prepared, check_id, refused},
};
use crate::{
    facts::{
        Caller, Class, Effect, FieldName, JsonObject, MethodName, ModelName, Operation, RecordEffect, Risk,
    },
    files::{is_active_content, safe_name, type_of_content, type_of_name},
    odoo::{Context, Domain, PageQuery, PermittedOdoo},
    tools::{ArgumentsError, CallContext, Tool, ToolEntry, ToolError, records::scope::Scope, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<Upload>()];

/// Longest media type; the longest of office documents has 73 letters.
const MIMETYPE_BYTES_MAX: usize = 127;
const SOURCES: &str = "give exactly one of `content_base64`, `path` and `url`";

/// Arguments of `odoo_attachment_upload`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
struct Upload {
    /// Model of the record that gets the file, such as `res.partner`.
    model: ModelName,
    /// Id of that record.
    res_id: i64,
    /// Name of the file.
    filename: String,
    /// The content as base64. Exactly one of this, `path` and `url`.
    #[serde(default)]
    #[schemars(with = "String")]
    content_base64: Option<String>,
    /// A file of your download area, by its path or its resource URI.
    #[serde(default)]
    #[schemars(with = "String")]
    path: Option<String>,
    /// A file of the same Odoo, such as `/web/content/42` or `/web/image/product.product/7/image_1920`.
    #[serde(default)]
    #[schemars(with = "String")]
    url: Option<String>,
    /// Media type, such as `application/pdf`; without it Odoo looks at the content.
    #[serde(default)]
    #[schemars(with = "String")]
    mimetype: Option<String>,
    /// Refuse unless the content has this SHA-256.
    #[serde(default)]
    #[schemars(with = "String")]
    sha256: Option<String>,
    /// Attach the file even if the record has one with the same content.
    #[serde(default)]
    allow_duplicate: bool,
    /// Attach HTML, SVG and scripts, which a browser may run for whoever opens them.
    #[serde(default)]
    allow_active_content: bool,
    #[serde(flatten)]
    scope: Scope,
}

/// Result of `odoo_attachment_upload`.
#[derive(Debug, Default, Serialize, JsonSchema)]
struct Uploaded {
    attachment_id: i64,
    filename: String,
    model: String,
    res_id: i64,
    /// Bytes.
    size: u64,
    /// As Odoo keeps it.
    mimetype: String,
    /// What the first bytes look like.
    #[serde(skip_serializing_if = "Option::is_none")]
    detected_mimetype: Option<String>,
    /// SHA-1 of what was sent, which is what Odoo keeps of files.
    checksum: String,
    /// SHA-256 of what was sent.
    sha256: String,
    /// Odoo keeps exactly what was sent.
    verified: bool,
    /// The record had this very content already, and `attachment_id` is that attachment; nothing was uploaded.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    duplicate: bool,
    /// A browser may run it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    active_content: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl Tool for Upload {
    const NAME: &'static str = "odoo_attachment_upload";
    const TITLE: &'static str = "Attach a file";
    const DESCRIPTION: &'static str = "Attach a file to a record: from base64, from your download area or \
         from another place in the same Odoo. The record must exist; the same content is not attached \
         twice; HTML, SVG and scripts are refused unless allowed.";
    const CLASS: Class = Class::Write;
    const RISK: Risk = Risk::Medium;
    type Output = Uploaded;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        let (connection, stated) = (&self.scope.connection, self.scope.stated());
        let effect = |model: &ModelName, operation, method| {
            RecordEffect::new(connection, model, operation, method).in_context(Arc::clone(&stated))
        };
        let mut values = self.values();
        if let Some(content) = &self.content_base64 {
            values.insert("datas".to_owned(), json!(content));
        }
        let mut written: Vec<FieldName> =
            values.keys().filter_map(|name| FieldName::parse(name).ok()).collect();
        if self.content_base64.is_none() {
            written.extend(field_names(&["datas"]));
        }
        let create = effect(&attachments(), Operation::Create, MethodName::known("create"))
            .writing(written)
            .with_values([values].into())
            .bounded(1);
        // Odoo asks for the right to change the record as well.
        let owner = effect(&self.model, Operation::Write, MethodName::known("write"))
            .with_ids(&[self.res_id])
            .bounded(1);
        let find_owner = effect(&self.model, Operation::Read, MethodName::known("search"))
            .filtering(vec!["id".to_owned()])
            .within(owner_domain(self.res_id))
            .bounded(1)
            .auxiliary();
        let find_same = effect(&attachments(), Operation::Read, MethodName::known("search_read"))
            .reading(&field_names(READ_BACK))
            .filtering(["checksum", "res_id", "res_model"].map(str::to_owned).to_vec())
            .bounded(1)
            .auxiliary();
        let read_back = effect(&attachments(), Operation::Read, MethodName::known("read"))
            .reading(&field_names(READ_BACK))
            .bounded(1)
            .auxiliary();
        let mut effects = vec![create, owner, find_owner, find_same, read_back];
        if let Some(Ok(address)) = self.url.as_deref().map(Address::parse) {
            effects.push(address.effect(connection).in_context(stated));
        }
        effects.into_iter().map(Effect::Records).collect()
    }

    fn check(&self) -> Result<(), ArgumentsError> {
        check_id("res_id", self.res_id)?;
        let sources = [&self.content_base64, &self.path, &self.url];
        if sources.into_iter().filter(|source| source.is_some()).count() != 1 {
            return Err(refused("the content of the file is missing, or given more than once", SOURCES));
        }
        if self.filename.trim().is_empty() {
            return Err(refused("argument `filename`: it is empty", "give a name such as `offer.pdf`"));
        }
        if let Some(mimetype) = &self.mimetype
            && !is_media_type(mimetype)
        {
            let message = format!("argument `mimetype`: `{}` is no media type", safe_name(mimetype));
            return Err(refused(message, "give one such as `application/pdf`, or leave it out"));
        }
        if let Some(sum) = &self.sha256
            && (sum.len() != 64 || !sum.bytes().all(|byte| byte.is_ascii_hexdigit()))
        {
            return Err(refused("argument `sha256`: it is no SHA-256", "give 64 hexadecimal digits"));
        }
        if self.scope.stated().keys().any(|key| key.starts_with("default_")) {
            let message = "argument `context`: defaults would change what the attachment is";
            return Err(refused(message, "leave `default_…` out; attachments are never made public here"));
        }
        self.url.as_deref().map_or(Ok(()), |url| Address::parse(url).map(drop))
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Uploaded, ToolError> {
        let odoo = cx.odoo(&self.scope.connection)?;
        let context = self.scope.context()?;
        self.check_owner(&odoo).await?;
        let mut prepared = self.prepared(cx, &odoo, &context).await?;
        let passing = prepared.passing.take();
        let uploaded = self.attach(cx, &odoo, prepared, &context).await;
        if let Some(passing) = passing
            && let Err(error) = cx.files().remove(&passing.path).await
        {
            tracing::debug!(%error, "a file that passed through the download area");
        }
        uploaded
    }
}

/// Of an attachment, to compare it with what was sent.
const READ_BACK: &[&str] = &["name", "mimetype", "file_size", "checksum"];

impl Upload {
    /// Everything of the new record but its content. Never `public`.
    fn values(&self) -> JsonObject {
        let mut values = JsonObject::new();
        values.insert("name".to_owned(), json!(safe_name(&self.filename)));
        values.insert("type".to_owned(), json!("binary"));
        values.insert("res_model".to_owned(), json!(self.model.as_str()));
        values.insert("res_id".to_owned(), json!(self.res_id));
        if let Some(mimetype) = &self.mimetype {
            values.insert("mimetype".to_owned(), json!(mimetype));
        }
        values
    }

    /// Odoo attaches files to records that are not there.
    async fn check_owner(&self, odoo: &PermittedOdoo<'_>) -> Result<(), ToolError> {
        let archived_too: JsonObject = [("active_test".to_owned(), Value::Bool(false))].into_iter().collect();
        let found = odoo
            .search(&PageQuery {
                model: self.model.clone(),
                domain: Domain::parse(owner_domain(self.res_id).to_vec().into())?,
                fields: Vec::new(),
                limit: 1,
                offset: 0,
                order: None,
                context: self.scope.context_over(archived_too)?,
            })
            .await?;
        if found.contains(&self.res_id) {
            return Ok(());
        }
        Err(ToolError::not_found(
            format!("`{}` has no record with id {}; nothing was uploaded", self.model, self.res_id),
            "find the right record with odoo_search",
        ))
    }

    async fn prepared(
        &self,
        cx: &CallContext<'_>,
        odoo: &PermittedOdoo<'_>,
        context: &Context,
    ) -> Result<Prepared, ToolError> {
        if let Some(text) = &self.content_base64 {
            return Prepared::of_base64(cx, text);
        }
        if let Some(path) = &self.path {
            return Prepared::of_path(cx, path).await;
        }
        let url = self.url.as_deref().unwrap_or_default();
        let address = Address::parse(url).map_err(|error| ToolError::arguments(error.message))?;
        Prepared::of_address(cx, odoo, &address, context).await
    }

    async fn attach(
        &self,
        cx: &CallContext<'_>,
        odoo: &PermittedOdoo<'_>,
        prepared: Prepared,
        context: &Context,
    ) -> Result<Uploaded, ToolError> {
        let checked = prepared.checked.clone();
        if let Some(expected) = &self.sha256
            && !expected.eq_ignore_ascii_case(&checked.sha256)
        {
            return Err(ToolError::Stopped {
                code: "checksum_mismatch",
                message: format!("the content has the SHA-256 {}, not the expected one", checked.sha256),
                hint: Some("the file is not the one that was meant; nothing was uploaded".to_owned()),
            });
        }
        let name = safe_name(&self.filename);
        let detected = type_of_content(&checked.head);
        let kinds = [detected, type_of_name(&name), self.mimetype.as_deref()];
        let active_content = kinds.into_iter().flatten().any(is_active_content);
        if active_content && !self.allow_active_content {
            return Err(ToolError::Stopped {
                code: "active_content",
                message: format!(
                    "`{name}` is HTML, SVG or a script, which a browser may run; nothing was uploaded"
                ),
                hint: Some("set `allow_active_content` if that is what is wanted".to_owned()),
            });
        }
        let uploaded = Uploaded {
            filename: name.clone(),
            model: self.model.to_string(),
            res_id: self.res_id,
            size: checked.size,
            mimetype: self.mimetype.clone().or(detected.map(str::to_owned)).unwrap_or_default(),
            detected_mimetype: detected.map(str::to_owned),
            checksum: checked.sha1.clone(),
            sha256: checked.sha256.clone(),
            active_content,
            ..Uploaded::default()
        };
        if !self.allow_duplicate
            && let Some(same) = self.same_content(odoo, &checked.sha1, context).await?
        {
            return Ok(uploaded.told_as_duplicate(&same));
        }
        let attachment_id = if odoo.fits_one_call(checked.size).await? {
            let (values, content) = (self.values(), prepared.into_content());
            odoo.create_with_content(&attachments(), values, "datas", content, context).await?
        } else {
            let web = cx.web(&self.scope.connection)?;
            web.upload_attachment(&self.model, self.res_id, &name, prepared.into_content()).await?
        };
        // The attachment exists now: whatever reading it back meets, the call succeeded.
        let mut uploaded = Uploaded { attachment_id, ..uploaded };
        match odoo.read(&attachments(), &[attachment_id], &field_names(READ_BACK), context).await {
            Ok(rows) => uploaded.compare(rows.first()),
            Err(error) => uploaded.note = Some(format!("uploaded, but could not be read back: {error}")),
        }
        Ok(uploaded)
    }

    async fn same_content(
        &self,
        odoo: &PermittedOdoo<'_>,
        checksum: &str,
        context: &Context,
    ) -> Result<Option<JsonObject>, ToolError> {
        let domain = json!([
            ["res_model", "=", self.model.as_str()],
            ["res_id", "=", self.res_id],
            ["checksum", "=", checksum]
        ]);
        let rows = odoo
            .search_rows(&PageQuery {
                model: attachments(),
                domain: Domain::parse(domain)?,
                fields: field_names(READ_BACK),
                limit: 1,
                offset: 0,
                order: None,
                context: context.clone(),
            })
            .await?;
        Ok(rows.into_iter().next())
    }
}

impl Uploaded {
    fn told_as_duplicate(mut self, same: &JsonObject) -> Self {
        self.attachment_id = same.get("id").and_then(Value::as_i64).unwrap_or_default();
        self.duplicate = true;
        self.verified = true;
        if let Some(name) = same.get("name").and_then(Value::as_str) {
            self.note = Some(format!(
                "the record has this content already, as `{name}`; set `allow_duplicate` to attach it again"
            ));
        }
        self.take_type(same);
        self
    }

    fn compare(&mut self, row: Option<&JsonObject>) {
        let Some(row) = row else { return };
        self.take_type(row);
        let checksum = row.get("checksum").and_then(Value::as_str);
        self.verified = checksum == Some(self.checksum.as_str());
        if checksum.is_some() && !self.verified {
            let size = row.get("file_size").cloned().unwrap_or_default();
            self.note = Some(format!(
                "Odoo keeps something else than what was sent ({size} bytes): it makes large pictures smaller"
            ));
        }
    }

    fn take_type(&mut self, row: &JsonObject) {
        if let Some(kind) = row.get("mimetype").and_then(Value::as_str) {
            kind.clone_into(&mut self.mimetype);
        }
    }
}

fn owner_domain(id: i64) -> Arc<[Value]> {
    [json!(["id", "=", id])].into()
}

fn is_media_type(text: &str) -> bool {
    let fit = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&byte))
    };
    text.len() <= MIMETYPE_BYTES_MAX
        && text.split_once('/').is_some_and(|(kind, name)| fit(kind) && fit(name))
}
