//! Memory files as resources: `memory://personal/notes.md`, `memory://shared/price%20rules.md`.
//!
//! They are listed and read by the tools that do so, so policy, counters and log are the same.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rmcp::{
    ErrorData,
    model::{MetaObject, Resource, ResourceContents},
};
use serde_json::{Value, json};

use super::{
    resources::{Context, not_found},
    server::Server,
};
use crate::{
    facts::{JsonObject, MemoryArea},
    files::{percent_decoded, percent_encoded},
    reply::Reply,
};

/// How memory files are addressed.
pub(super) const MEMORY_URI: &str = "memory://";
/// Memory files on one page of the list.
const PAGE_FILES: u64 = 200;
/// How a cursor into memory files begins; no path of the download area does.
const CURSOR_MARK: &str = "\u{1}";
const MIME_TYPE: &str = "text/markdown";

/// Area and name of an address; the name is checked where it is used.
pub(super) fn address(rest: &str) -> Result<(String, String), &'static str> {
    const NONE: &str = "there is no such resource";
    let (area, name) = rest.split_once('/').ok_or(NONE)?;
    MemoryArea::of_word(area).ok_or(NONE)?;
    let name = percent_decoded(name).ok_or("the address is wrongly encoded")?;
    if name.is_empty() || name.contains('/') { Err(NONE) } else { Ok((area.to_owned(), name)) }
}

/// The cursor of `memory_list` inside a cursor of the list of resources.
pub(super) fn memory_cursor(cursor: &str) -> Option<String> {
    let text = STANDARD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok())?;
    text.strip_prefix(CURSOR_MARK).map(str::to_owned)
}

impl Server {
    /// A page of the memory files that this caller may list, and the cursor of the next one.
    pub(super) async fn memory_resources(
        &self,
        after: Option<&str>,
        context: &Context,
    ) -> Result<(Vec<Resource>, Option<String>), ErrorData> {
        let mut arguments = json!({"limit": PAGE_FILES});
        if let (Some(after), Some(arguments)) = (after, arguments.as_object_mut()) {
            arguments.insert("cursor".to_owned(), after.into());
        }
        // Who may not list them sees none; that is no failure of the list of resources.
        let Ok(reply) = self.called("memory_list", arguments, MEMORY_URI, context).await else {
            return Ok((Vec::new(), None));
        };
        let lists =
            ["personal", "shared"].into_iter().filter_map(|name| reply.structured.get(name)?.as_array());
        let resources = lists.flatten().filter_map(resource).collect();
        let next = reply.structured.get("next_cursor").and_then(Value::as_str);
        Ok((resources, next.map(|next| STANDARD.encode(format!("{CURSOR_MARK}{next}")))))
    }

    pub(super) async fn memory_resource(
        &self,
        uri: &str,
        area: &str,
        name: &str,
        context: &Context,
    ) -> Result<ResourceContents, ErrorData> {
        let arguments = json!({"filename": name, "scope": area});
        let reply = self.called("memory_read", arguments, uri, context).await?;
        let text = |name: &str| reply.structured.get(name).and_then(Value::as_str);
        let content = text("content").ok_or_else(|| not_found(uri, "there is no such resource"))?;
        let contents = ResourceContents::text(content, uri).with_mime_type(MIME_TYPE);
        Ok(contents.with_meta(MetaObject(provenance(&reply))))
    }
}

/// Who wrote it, and whether to believe it.
fn provenance(reply: &Reply) -> JsonObject {
    let about = ["author", "modified", "etag", "untrusted", "notice", "next_offset"];
    let about =
        about.into_iter().filter_map(|name| Some((name.to_owned(), reply.structured.get(name)?.clone())));
    let mut meta = JsonObject::new();
    meta.insert("odoo-mcp/memory".to_owned(), Value::Object(about.collect()));
    meta
}

fn resource(item: &Value) -> Option<Resource> {
    let text = |name: &str| item.get(name).and_then(Value::as_str);
    let (name, area) = (text("filename")?, text("scope")?);
    let mut resource = Resource::new(format!("{MEMORY_URI}{area}/{}", percent_encoded(name)), name);
    resource.title = text("title").map(str::to_owned);
    resource.description = text("description").map(str::to_owned);
    resource.mime_type = Some(MIME_TYPE.to_owned());
    resource.size = item.get("size").and_then(Value::as_u64);
    Some(resource)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_an_area_and_a_file() {
        let read = |uri: &str| address(uri).ok().map(|(area, name)| format!("{area}|{name}"));
        assert_eq!(read("personal/a.md").as_deref(), Some("personal|a.md"));
        assert_eq!(read("shared/a%20b.md").as_deref(), Some("shared|a b.md"));
        for bad in
            ["", "personal", "personal/", "all/a", "users/a", "personal/a/b", "personal/..%2fb", "shared/%zz"]
        {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_cursor_of_files_is_none_of_memory() {
        assert_eq!(memory_cursor(&STANDARD.encode("a/b.txt")), None);
        assert_eq!(memory_cursor(&STANDARD.encode("\u{1}abc")).as_deref(), Some("abc"));
        assert_eq!(memory_cursor("not base64!"), None);
    }
}
