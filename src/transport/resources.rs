//! Resources: files of the caller's download area and of the memory, and records of Odoo by their addresses.
//!
//! A record is read by the tool that reads records, so a policy that hides or refuses the tool, the model
//! or the field says the same here. Files come straight from the caller's own area, in pieces that fit
//! into a message.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rmcp::{
    ErrorData, RoleServer,
    model::{
        CacheScope, ListResourceTemplatesResult, ListResourcesResult, MetaObject, PaginatedRequestParams,
        ReadResourceResult, Resource, ResourceContents, ResourceTemplate,
    },
    service::RequestContext,
};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};

use super::{
    memory_resources::{self, MEMORY_URI},
    server::{LIST_FRESH_MS, Server},
};
use crate::{
    approvals::CanAsk,
    facts::{Caller, JsonObject},
    files::{CallerFiles, FILES_URI, FilePath, FilesError, StoredFile},
    pipeline::Walked,
    reply::Reply,
};

/// Files on one page of the list.
const PAGE_FILES: usize = 200;
/// Most bytes of a file in one answer; base64 makes them a third more.
const PART_BYTES_MAX: u64 = 1024 * 1024;
/// How records are addressed.
const RECORDS_URI: &str = "odoo://";
/// Longest address that is read at all.
const URI_BYTES_MAX: usize = 4096;

/// What an address asks for.
#[derive(Debug, PartialEq)]
enum Asked {
    File { path: String, offset: u64, length: Option<u64> },
    Record { connection: String, model: String, id: i64 },
    Schema { connection: String, model: String },
    Content { connection: String, id: i64 },
    Memory { area: String, name: String },
}

pub(super) type Context = RequestContext<RoleServer>;

impl Server {
    /// The files of the caller, and what they may see of the memory: records are too many to be listed.
    pub(super) async fn resources(
        &self,
        page: Option<PaginatedRequestParams>,
        context: &Context,
    ) -> Result<ListResourcesResult, ErrorData> {
        let cursor = page.and_then(|page| page.cursor);
        let files = self.files_of(&self.caller(context))?;
        if let Some(after) = cursor.as_deref().and_then(memory_resources::memory_cursor) {
            let (notes, next) = self.memory_resources(Some(&after), context).await?;
            return Ok(listed(notes, next));
        }
        let after = cursor.map(|cursor| cursor_path(&cursor)).transpose()?;
        let files = match files.list().await {
            Ok(files) => files,
            // A server without an area has no files to list.
            Err(FilesError::Closed) => Vec::new(),
            Err(error) => return Err(file_error(&error, "")),
        };
        let rest = files.into_iter().filter(|file| after.as_ref().is_none_or(|after| file.path > *after));
        let mut rest: Vec<StoredFile> = rest.take(PAGE_FILES + 1).collect();
        let has_more = rest.len() > PAGE_FILES;
        rest.truncate(PAGE_FILES);
        let cursor = rest.last().filter(|_| has_more).map(|last| STANDARD.encode(&last.path));
        let mut resources: Vec<Resource> = rest.iter().map(resource).collect();
        if has_more {
            return Ok(listed(resources, cursor));
        }
        let (notes, next) = self.memory_resources(None, context).await?;
        resources.extend(notes);
        Ok(listed(resources, next))
    }

    /// The addresses that this caller could read something of.
    pub(super) fn resource_templates(&self, caller: &Caller) -> ListResourceTemplatesResult {
        let tools = self.corridor().list(caller);
        let has = |tool: &str| tools.iter().any(|found| found.entry.name() == tool);
        let templates = TEMPLATES.iter().filter(|template| template.tool.is_none_or(has));
        ListResourceTemplatesResult::with_all_items(templates.map(Template::shown).collect())
            .with_ttl_ms(LIST_FRESH_MS)
            .with_cache_scope(CacheScope::Private)
    }

    pub(super) async fn resource(
        &self,
        uri: &str,
        context: &Context,
    ) -> Result<ReadResourceResult, ErrorData> {
        let contents = match Asked::read(uri).map_err(|why| not_found(uri, why))? {
            Asked::File { path, offset, length } => {
                let files = self.files_of(&self.caller(context))?;
                part_of_file(&files, uri, &path, offset, length).await?
            }
            Asked::Record { connection, model, id } => {
                let arguments = json!({"connection": connection, "model": model, "ids": [id]});
                let reply = self.called("odoo_read", arguments, uri, context).await?;
                let record = reply.structured.pointer("/records/0");
                let record = record.ok_or_else(|| not_found(uri, "there is no such record"))?;
                ResourceContents::text(record.to_string(), uri).with_mime_type("application/json")
            }
            Asked::Schema { connection, model } => {
                let arguments = json!({"connection": connection, "model": model});
                let reply = self.called("odoo_fields_get", arguments, uri, context).await?;
                ResourceContents::text(reply.structured.to_string(), uri).with_mime_type("application/json")
            }
            Asked::Content { connection, id } => self.content(uri, &connection, id, context).await?,
            Asked::Memory { area, name } => self.memory_resource(uri, &area, &name, context).await?,
        };
        // What it shows may change with every call of a tool.
        Ok(ReadResourceResult::new(vec![contents]).with_ttl_ms(0).with_cache_scope(CacheScope::Private))
    }

    async fn content(
        &self,
        uri: &str,
        connection: &str,
        id: i64,
        context: &Context,
    ) -> Result<ResourceContents, ErrorData> {
        let arguments = json!({"connection": connection, "attachment_id": id});
        let reply = self.called("odoo_attachment_download", arguments, uri, context).await?;
        let text = |name: &str| reply.structured.get(name).and_then(Value::as_str);
        if let Some(content) = text("content_base64") {
            let bytes = STANDARD.decode(content).unwrap_or_default();
            return Ok(contents(uri, text("mimetype").unwrap_or_default(), bytes));
        }
        let Some(path) = text("saved_to") else {
            let what =
                text("url").map_or("it has no content".to_owned(), |url| format!("it is a link to {url}"));
            return Err(not_found(uri, &what));
        };
        let files = self.files_of(&self.caller(context))?;
        let size = reply.structured.get("size").and_then(Value::as_u64).unwrap_or(u64::MAX);
        if size > PART_BYTES_MAX {
            let kept = text("saved_to").and_then(|path| FilePath::parse(path).ok());
            let kept = kept.map(|path| path.uri()).unwrap_or_default();
            return Err(too_large(uri, size, &kept));
        }
        let part = part_of_file(&files, uri, path, 0, None).await;
        if let Err(error) = files.remove(path).await {
            tracing::debug!(%error, "a file that was read as a resource");
        }
        part
    }

    /// A call like any other: policy, counters, log.
    pub(super) async fn called(
        &self,
        tool: &str,
        arguments: Value,
        uri: &str,
        context: &Context,
    ) -> Result<Reply, ErrorData> {
        let Value::Object(arguments) = arguments else { return Err(not_found(uri, "")) };
        // A tool that does not exist for this caller has no resources either.
        if !self.corridor().list(&self.caller(context)).iter().any(|found| found.entry.name() == tool) {
            return Err(not_found(uri, "there is no such resource"));
        }
        match self.walk(tool, &arguments, CanAsk::default(), None, context).await? {
            Walked::Reply(reply) if reply.is_error => Err(refusal(uri, &reply)),
            Walked::Reply(reply) => Ok(reply),
            // Not reachable: who cannot ask is not given a question.
            Walked::Question(_) => Err(not_found(uri, "somebody would have to agree first")),
        }
    }

    /// The caller's own area, unless this caller may do nothing at all.
    fn files_of(&self, caller: &Caller) -> Result<CallerFiles, ErrorData> {
        let corridor = self.corridor();
        if !corridor.policy().knows_grant(caller) {
            return Err(ErrorData::invalid_request("no rules are made for this grant", None));
        }
        if let Some(pause) = corridor.pauses().found(caller, jiff::Timestamp::now()) {
            return Err(ErrorData::invalid_request(format!("paused: {}", pause.reason), None));
        }
        Ok(corridor.files(caller))
    }
}

struct Template {
    uri: &'static str,
    name: &'static str,
    title: &'static str,
    description: &'static str,
    mime_type: Option<&'static str>,
    /// The tool that reads it; without one it is the caller's own.
    tool: Option<&'static str>,
}

const TEMPLATES: &[Template] = &[
    Template {
        uri: "odoo://{connection}/{model}/{id}",
        name: "record",
        title: "Record",
        description: "One record, with a useful few of its fields, such as `odoo://default/res.partner/7`.",
        mime_type: Some("application/json"),
        tool: Some("odoo_read"),
    },
    Template {
        uri: "odoo://{connection}/{model}/schema",
        name: "schema",
        title: "Fields of a model",
        description: "The field definitions of a model, such as `odoo://default/sale.order/schema`.",
        mime_type: Some("application/json"),
        tool: Some("odoo_fields_get"),
    },
    Template {
        uri: "odoo://{connection}/ir.attachment/{id}/content",
        name: "attachment",
        title: "File of an attachment",
        description: "The content of an attachment; what is too large for an answer is kept in your download area.",
        mime_type: None,
        tool: Some("odoo_attachment_download"),
    },
    Template {
        uri: "odoo-mcp://files/{path}",
        name: "file",
        title: "File of your download area",
        description: "A file that a tool kept for you. Add `?offset=0&length=1048576` to read a part of a large one.",
        mime_type: None,
        tool: None,
    },
    Template {
        uri: "memory://{scope}/{name}",
        name: "memory",
        title: "Memory file",
        description: "A note, `personal` (yours alone) or `shared`, such as `memory://shared/rules.md`.",
        mime_type: Some("text/markdown"),
        tool: Some("memory_read"),
    },
];

impl Template {
    fn shown(&self) -> ResourceTemplate {
        let shown = ResourceTemplate::new(self.uri, self.name)
            .with_title(self.title)
            .with_description(self.description);
        match self.mime_type {
            Some(mime_type) => shown.with_mime_type(mime_type),
            None => shown,
        }
    }
}

impl Asked {
    fn read(uri: &str) -> Result<Self, &'static str> {
        if uri.len() > URI_BYTES_MAX {
            return Err("the address is too long");
        }
        if let Some(rest) = uri.strip_prefix(FILES_URI) {
            let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
            let (mut offset, mut length) = (0, None);
            for pair in query.split('&').filter(|pair| !pair.is_empty()) {
                let number =
                    |text: &str| text.parse::<u64>().map_err(|_| "`offset` and `length` are numbers");
                match pair.split_once('=') {
                    Some(("offset", value)) => offset = number(value)?,
                    Some(("length", value)) => length = Some(number(value)?),
                    _ => return Err("only `offset` and `length` can be asked for"),
                }
            }
            return Ok(Self::File { path: format!("{FILES_URI}{path}"), offset, length });
        }
        if let Some(rest) = uri.strip_prefix(MEMORY_URI) {
            return memory_resources::address(rest).map(|(area, name)| Self::Memory { area, name });
        }
        let rest = uri.strip_prefix(RECORDS_URI).ok_or("there is no such resource")?;
        let id = |text: &str| text.parse::<i64>().ok().filter(|id| *id > 0).ok_or("the id is no number");
        let named = |text: &str| {
            let fit = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
            if !text.is_empty() && text.chars().all(fit) {
                Ok(text.to_owned())
            } else {
                Err("there is no such resource")
            }
        };
        match rest.split('/').collect::<Vec<_>>().as_slice() {
            [connection, "ir.attachment", number, "content"] => {
                Ok(Self::Content { connection: named(connection)?, id: id(number)? })
            }
            [connection, model, "schema"] => {
                Ok(Self::Schema { connection: named(connection)?, model: named(model)? })
            }
            [connection, model, number] => {
                Ok(Self::Record { connection: named(connection)?, model: named(model)?, id: id(number)? })
            }
            _ => Err("there is no such resource"),
        }
    }
}

/// Any call of a tool may add a file.
fn listed(resources: Vec<Resource>, next: Option<String>) -> ListResourcesResult {
    let mut list = ListResourcesResult::with_all_items(resources);
    list.next_cursor = next;
    list.with_ttl_ms(0).with_cache_scope(CacheScope::Private)
}

fn resource(file: &StoredFile) -> Resource {
    let mut resource = Resource::new(file.uri.clone(), file.path.clone());
    resource.mime_type = Some(file.mime_type.clone());
    resource.size = Some(file.size);
    resource.description = Some(format!("SHA-256 {}", file.sha256));
    resource
}

fn cursor_path(cursor: &str) -> Result<String, ErrorData> {
    let path = STANDARD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    path.ok_or_else(|| ErrorData::invalid_params("this cursor was not given by this server", None))
}

/// A file, or the part of it that was asked for.
async fn part_of_file(
    files: &CallerFiles,
    uri: &str,
    path: &str,
    offset: u64,
    length: Option<u64>,
) -> Result<ResourceContents, ErrorData> {
    let (mut file, stored) = files.open(path).await.map_err(|error| file_error(&error, uri))?;
    let rest = stored.size.checked_sub(offset).filter(|rest| *rest > 0 || offset == 0);
    let rest = rest.ok_or_else(|| {
        ErrorData::invalid_params(
            format!("the file ends at {} bytes", stored.size),
            Some(json!({"uri": uri})),
        )
    })?;
    let is_part = offset > 0 || length.is_some();
    if rest > PART_BYTES_MAX && !is_part {
        return Err(too_large(uri, stored.size, &stored.uri));
    }
    let length = length.unwrap_or(PART_BYTES_MAX).min(PART_BYTES_MAX).min(rest);
    let failed = |error: std::io::Error| file_error(&FilesError::from(error), uri);
    file.seek(std::io::SeekFrom::Start(offset)).await.map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes).await.map_err(failed)?;
    let contents = contents(uri, &stored.mime_type, bytes);
    if !is_part {
        return Ok(contents);
    }
    let end = offset.saturating_add(length);
    let mut page = JsonObject::new();
    page.insert("size".to_owned(), json!(stored.size));
    page.insert("offset".to_owned(), json!(offset));
    if end < stored.size {
        page.insert("next_offset".to_owned(), json!(end));
    }
    let mut meta = JsonObject::new();
    meta.insert("odoo-mcp/part".to_owned(), page.into());
    Ok(contents.with_meta(MetaObject(meta)))
}

/// Text as text, everything else as base64.
fn contents(uri: &str, mime_type: &str, bytes: Vec<u8>) -> ResourceContents {
    let is_text = mime_type.starts_with("text/")
        || matches!(
            mime_type.split(';').next(),
            Some("application/json" | "application/xml" | "image/svg+xml")
        );
    let contents = match String::from_utf8(bytes) {
        Ok(text) if is_text => ResourceContents::text(text, uri),
        Ok(text) => ResourceContents::blob(STANDARD.encode(text), uri),
        Err(error) => ResourceContents::blob(STANDARD.encode(error.into_bytes()), uri),
    };
    if mime_type.is_empty() { contents } else { contents.with_mime_type(mime_type) }
}

pub(super) fn not_found(uri: &str, why: &str) -> ErrorData {
    let why = if why.is_empty() { "there is no such resource" } else { why };
    ErrorData::resource_not_found(format!("resource not found: {why}"), Some(json!({"uri": uri})))
}

fn too_large(uri: &str, size: u64, file: &str) -> ErrorData {
    let message = format!(
        "too_large: {size} bytes do not fit into one answer; read `{file}?offset=0&length={PART_BYTES_MAX}` and so on"
    );
    ErrorData::invalid_params(
        message,
        Some(json!({"uri": uri, "code": "too_large", "size": size, "file": file})),
    )
}

fn file_error(error: &FilesError, uri: &str) -> ErrorData {
    match error {
        FilesError::NotFound { .. } | FilesError::InvalidPath { .. } | FilesError::Closed => {
            not_found(uri, &error.to_string())
        }
        other => ErrorData::internal_error(format!("{}: {other}", other.code()), Some(json!({"uri": uri}))),
    }
}

/// What the tool said, in the words of the protocol.
fn refusal(uri: &str, reply: &Reply) -> ErrorData {
    let code = reply.structured.get("code").and_then(Value::as_str).unwrap_or_default();
    let message = reply.structured.get("message").and_then(Value::as_str).unwrap_or_default();
    match code {
        "not_found" | "unknown_model" | "unknown_connection" | "invalid_arguments" => not_found(uri, message),
        _ => {
            let data = json!({"uri": uri, "error": reply.structured});
            ErrorData::invalid_request(format!("{code}: {message}"), Some(data))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_in_one_way() {
        let record =
            |id| Asked::Record { connection: "shop".to_owned(), model: "res.partner".to_owned(), id };
        assert_eq!(Asked::read("odoo://shop/res.partner/7"), Ok(record(7)));
        let schema = Asked::Schema { connection: "shop".to_owned(), model: "sale.order".to_owned() };
        assert_eq!(Asked::read("odoo://shop/sale.order/schema"), Ok(schema));
        let content = Asked::Content { connection: "shop".to_owned(), id: 4 };
        assert_eq!(Asked::read("odoo://shop/ir.attachment/4/content"), Ok(content));
        let file = |path: &str, offset, length| {
            Ok(Asked::File { path: format!("odoo-mcp://files/{path}"), offset, length })
        };
        assert_eq!(Asked::read("odoo-mcp://files/a%20b/c.pdf"), file("a%20b/c.pdf", 0, None));
        assert_eq!(Asked::read("odoo-mcp://files/a?length=7&offset=9"), file("a", 9, Some(7)));
    }

    #[test]
    fn other_addresses_are_no_resources() {
        for uri in [
            "",
            "odoo://",
            "odoo://shop",
            "odoo://shop/res.partner",
            "odoo://shop/res.partner/",
            "odoo://shop/res.partner/0",
            "odoo://shop/res.partner/-1",
            "odoo://shop/res.partner/7/content",
            "odoo://shop/res.partner/7?x=1",
            "odoo://shop//7",
            "odoo://shop/res.partner/7/../8",
            "odoo://sh op/res.partner/7",
            "odoo-mcp://files/a?offset=-1",
            "odoo-mcp://files/a?x=1",
            "odoo-mcp://other/a",
            "file:///etc/passwd",
            "https://example.com/",
        ] {
            assert!(Asked::read(uri).is_err(), "{uri}");
        }
        assert!(Asked::read(&format!("odoo://shop/{}/7", "x".repeat(URI_BYTES_MAX))).is_err());
    }

    #[test]
    fn text_is_text_and_the_rest_is_base64() {
        let is_text = |mime_type: &str, bytes: &[u8]| {
            matches!(contents("u", mime_type, bytes.to_vec()), ResourceContents::TextResourceContents { .. })
        };
        assert!(is_text("text/csv", b"a,b"));
        assert!(is_text("application/json", b"{}"));
        assert!(!is_text("text/plain", b"\xff\xfe"));
        assert!(!is_text("application/pdf", b"%PDF-"));
    }
}
