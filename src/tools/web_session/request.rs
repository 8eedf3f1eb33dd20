//! Any page or route of the web server that no other tool is for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    outcome,
    page_view::{PageView, TEXT_CHARS_DEFAULT},
    parts::{self, FilePart},
};
use crate::{
    facts::{Caller, Class, ConnectionAlias, Effect, JsonObject, Operation, RecordEffect, Risk},
    files::StoredFile,
    odoo::{OdooError, PageAnswer, PageBody, PagePath, PageRequest, Reserved, request_effects},
    tools::{
        ArgumentsError, Attached, CallContext, Tool, ToolEntry, ToolError,
        records::budget::{MaxBytes, Offset},
        row,
    },
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<WebRequest>()];

/// Largest page whose words are read.
const PAGE_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// How the request is made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
enum HttpMethod {
    #[default]
    #[serde(rename = "GET")]
    Get,
    #[serde(rename = "POST")]
    Post,
}

/// How `data` is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum BodyKind {
    /// Plain JSON.
    #[default]
    Json,
    /// The `params` of a JSON-RPC call, as most JSON routes of Odoo want it.
    Jsonrpc,
    /// A form; Odoo's token is added by itself.
    Form,
    /// A form with `files`.
    Multipart,
}

/// Arguments of `odoo_web_request`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WebRequest {
    /// Connection alias.
    #[serde(default = "ConnectionAlias::default_alias")]
    connection: ConnectionAlias,
    /// Path on the connection's own server, such as `/my/invoices`.
    path: String,
    /// `GET` or `POST`.
    #[serde(default)]
    method: HttpMethod,
    /// Body of a POST.
    #[serde(default)]
    data: JsonObject,
    /// Query, added to the path.
    #[serde(default)]
    params: JsonObject,
    /// How `data` is written.
    #[serde(default)]
    body: BodyKind,
    /// Files of a `multipart` body.
    #[serde(default)]
    files: Vec<FilePart>,
    /// Characters of a page's text to skip.
    #[serde(default)]
    offset: Offset,
    /// Most characters of a page's text to return.
    #[serde(default = "text_chars")]
    length: u32,
    /// Most bytes of JSON to return.
    #[serde(default)]
    max_bytes: MaxBytes,
    /// Name for a file inside the download area; Odoo's own name when empty.
    #[serde(default)]
    save_path: String,
}

fn text_chars() -> u32 {
    TEXT_CHARS_DEFAULT
}

/// Result of `odoo_web_request`.
#[derive(Debug, Serialize, JsonSchema)]
struct Answered {
    /// HTTP status.
    status: u16,
    /// Media type of the answer.
    content_type: String,
    /// The path that answered in the end.
    final_path: String,
    /// The answer, where it is JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    json: Option<Value>,
    /// The words of the answer, where it is a page or text.
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<PageView>,
    /// The answer in the download area, where it is anything else.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<StoredFile>,
}

impl Tool for WebRequest {
    const NAME: &'static str = "odoo_web_request";
    const TITLE: &'static str = "Request a page or route";
    const DESCRIPTION: &'static str = "Ask Odoo's web server for a page, or send it a form or JSON, with your web \
         session. Pages come as readable text with links and tables, files go to the download area. Stays on the \
         connection's server; logins, databases, method calls and payments are out of reach.";
    const CLASS: Class = Class::Execute;
    const RISK: Risk = Risk::High;
    type Output = Answered;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        // What cannot be read is refused by `check`, before anybody decides.
        self.stated().unwrap_or_default().into_iter().map(Effect::Records).collect()
    }

    fn class(&self) -> Class {
        let reads = |effect: &RecordEffect| matches!(effect.operation, Operation::Read | Operation::Report);
        match self.stated() {
            Ok(effects) if self.method == HttpMethod::Get && effects.iter().all(reads) => Class::Read,
            _ => Class::Execute,
        }
    }

    fn check(&self) -> Result<(), ArgumentsError> {
        let refused = |message: &str| Err(ArgumentsError { message: message.to_owned(), hint: None });
        let is_get = self.method == HttpMethod::Get;
        if is_get && (!self.data.is_empty() || !self.files.is_empty()) {
            return refused("a GET carries no `data`; give the query as `params`");
        }
        if !self.files.is_empty() && self.body != BodyKind::Multipart {
            return refused("`files` need `body: \"multipart\"`");
        }
        match self.stated() {
            Ok(_) => Ok(()),
            Err(OdooError::BadCall { why, hint }) => Err(ArgumentsError { message: why, hint }),
            Err(error) => Err(ArgumentsError { message: error.to_string(), hint: error.hint() }),
        }
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Answered, ToolError> {
        let web = cx.web(&self.connection)?;
        let path = self.whole_path()?;
        let request = match self.method {
            HttpMethod::Get => PageRequest::get(path),
            HttpMethod::Post => PageRequest::post(path, self.whole_body(cx).await?),
        };
        let file_bytes_max = cx.files().limits().file_bytes_max;
        let answer = web.fetch(request.up_to(file_bytes_max.max(PAGE_BYTES_MAX))).await?;
        let answer = outcome::checked(answer, self.method == HttpMethod::Post).await?;
        self.shown(answer, cx).await
    }

    /// A page is read as it stands; JSON and files have their general form.
    fn text(output: &Answered) -> Option<String> {
        output.page.as_ref().map(|page| page.readable(output.status, &output.final_path))
    }

    fn attached(output: &Answered) -> Vec<Attached> {
        output.file.iter().map(Attached::file).collect()
    }
}

impl WebRequest {
    fn whole_path(&self) -> Result<PagePath, OdooError> {
        let path = PagePath::parse(&self.path)?;
        let pairs = parts::pairs(&self.params)?;
        if pairs.is_empty() {
            return Ok(path);
        }
        Ok(path.with_query(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))))
    }

    /// What the request does, by its address and its form.
    fn stated(&self) -> Result<Vec<RecordEffect>, OdooError> {
        let path = self.whole_path()?;
        if let Some(reserved) = Reserved::of(&path) {
            return Err(reserved.refusal(&path));
        }
        let (http_method, body) = match self.method {
            HttpMethod::Get => ("GET", None),
            HttpMethod::Post => ("POST", Some(self.plain_body()?)),
        };
        request_effects(&self.connection, http_method, &path, body.as_ref())
    }

    /// The body without files.
    fn plain_body(&self) -> Result<PageBody, OdooError> {
        Ok(match self.body {
            BodyKind::Json => PageBody::Json(Value::Object(self.data.clone())),
            BodyKind::Jsonrpc => PageBody::JsonRpc(Value::Object(self.data.clone())),
            BodyKind::Form | BodyKind::Multipart => PageBody::Form(parts::pairs(&self.data)?),
        })
    }

    async fn whole_body(&self, cx: &CallContext<'_>) -> Result<PageBody, ToolError> {
        if self.body != BodyKind::Multipart {
            return Ok(self.plain_body()?);
        }
        Ok(PageBody::Multipart(parts::multipart(parts::pairs(&self.data)?, &self.files, cx).await?))
    }

    async fn shown(self, answer: PageAnswer, cx: &CallContext<'_>) -> Result<Answered, ToolError> {
        let mut shown = Answered {
            status: answer.status,
            content_type: answer.media_type().to_owned(),
            final_path: answer.final_path.clone(),
            json: None,
            page: None,
            file: None,
        };
        let kind = answer.media_type();
        let is_page = matches!(kind, "text/html" | "application/xhtml+xml");
        let is_text =
            matches!(kind, "text/plain" | "text/xml" | "application/xml" | "") || answer.length == Some(0);
        let is_json = kind == "application/json" || kind.ends_with("+json");
        let offered = answer.file_name.is_some() && !is_page && !is_json;
        if !self.save_path.is_empty() || offered || !(is_page || is_text || is_json) {
            shown.file = Some(outcome::into_file(answer, &self.save_path, cx).await?);
            return Ok(shown);
        }
        let text = answer.text(PAGE_BYTES_MAX).await?;
        let (offset, chars) = (self.offset.get() as usize, (self.length as usize).min(self.max_bytes.get()));
        if is_json {
            shown.json = Some(outcome::json(&text, self.max_bytes.get())?);
        } else if is_page {
            shown.page = Some(PageView::of_html(&text, offset, chars));
        } else {
            shown.page = Some(PageView::of_text(&text, offset, chars));
        }
        Ok(shown)
    }
}
