//! What is asked of the web server, and what Odoo's addresses are about.

use serde_json::Value;

use super::{OdooError, PageBody, PagePath};
use crate::facts::{ConnectionAlias, FieldName, MethodName, ModelName, Operation, RecordEffect};

/// Pages that show something and change nothing, in every version: the first segments of their paths.
const KNOWN_PAGES: &[&[&str]] = &[
    &[],
    &["web"],
    &["odoo"],
    &["my"],
    &["blog"],
    &["event"],
    &["events"],
    &["slides"],
    &["forum"],
    &["jobs"],
    &["contactus"],
    &["aboutus"],
    &["sitemap.xml"],
    &["robots.txt"],
    &["website", "info"],
    &["web", "health"],
    &["web", "version"],
];
/// Pages whose every sub-page is of the same kind.
const KNOWN_TREES: &[&[&str]] =
    &[&["blog"], &["event"], &["events"], &["report", "barcode"], &["web", "static"]];
/// Lists and documents of the portal.
const PORTAL_LISTS: &[&str] = &[
    "home",
    "orders",
    "quotes",
    "invoices",
    "purchase",
    "rfq",
    "tasks",
    "projects",
    "project",
    "task",
    "tickets",
    "ticket",
    "leads",
    "opportunities",
    "timesheets",
    "productions",
    "picking",
    "subscription",
    "subscriptions",
];

/// A request for a page or a file of the connection.
#[derive(Debug)]
pub struct PageRequest {
    pub(super) path: PagePath,
    pub(super) body: Option<PageBody>,
    pub(super) anonymous: bool,
    pub(super) bytes_max: Option<u64>,
}

impl PageRequest {
    pub fn get(path: PagePath) -> Self {
        Self { path, body: None, anonymous: false, bytes_max: None }
    }

    pub fn post(path: PagePath, body: PageBody) -> Self {
        Self { path, body: Some(body), anonymous: false, bytes_max: None }
    }

    /// Without a session: the page as anybody on the network sees it.
    #[must_use]
    pub fn anonymous(mut self) -> Self {
        self.anonymous = true;
        self
    }

    /// Largest body that is read, where it is not the connection's limit for answers.
    #[must_use]
    pub fn up_to(mut self, bytes: u64) -> Self {
        self.bytes_max = Some(bytes);
        self
    }

    pub(super) fn http_method(&self) -> &'static str {
        if self.body.is_some() { "POST" } else { "GET" }
    }
}

/// The effect of asking for a page that is neither a report nor the content of a record.
pub fn web_page_effect(connection: &ConnectionAlias, http_method: &str, path: &PagePath) -> RecordEffect {
    RecordEffect::of_page(connection, http_method, path.path(), http_method == "GET" && is_known_page(path))
}

/// Does a GET of this page show something and change nothing?
pub fn is_known_page(path: &PagePath) -> bool {
    let segments = path.segments();
    let behind_language = match segments.split_first() {
        Some((first, rest)) if is_language(first) => rest,
        _ => segments.as_slice(),
    };
    let begins = |tree: &&&[&str]| behind_language.starts_with(tree);
    KNOWN_PAGES.contains(&behind_language)
        || KNOWN_TREES.iter().any(|tree| begins(&tree))
        || matches!(behind_language, ["my", list, ..] if PORTAL_LISTS.contains(list) && behind_language.len() <= 4)
        || is_shop(behind_language)
        || matches!(behind_language, [name] if name.starts_with("sitemap-") && name.ends_with(".xml"))
}

/// The catalogue of the shop; the cart and what follows it are steps, not pages.
fn is_shop(segments: &[&str]) -> bool {
    match segments {
        ["shop"] | ["shop", "cart"] => true,
        ["shop", "category" | "page" | "product", _] | ["shop", "category", _, "page", _] => true,
        ["shop", product] | ["shop", _, product] => product.rsplit('-').next().is_some_and(is_id),
        _ => false,
    }
}

fn is_id(text: &str) -> bool {
    text.parse::<u32>().is_ok_and(|id| id > 0)
}

/// `fr`, `fr_BE`, `sr@latin`, `en-us`: what a website puts in front of a path.
pub(super) fn is_language(segment: &str) -> bool {
    let is_word = |text: &str, most| {
        (2..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphabetic())
    };
    match segment.split_once(['_', '-', '@']) {
        Some((first, rest)) => is_word(first, 3) && is_word(rest, 5),
        None => is_word(segment, 2) && segment != "my",
    }
}

/// What an address is about, as far as the address itself tells.
#[derive(Debug, PartialEq)]
pub(super) enum About {
    /// A page of the web server.
    Page,
    /// A printed report of records.
    Report { name: String, ids: Vec<i64> },
    /// The content of one field of one record.
    Content { model: ModelName, id: i64, fields: Vec<FieldName> },
    /// A file of many records, described by its form.
    Export { asked: Value },
}

impl About {
    pub(super) fn of(path: &PagePath, body: Option<&PageBody>) -> Result<Self, OdooError> {
        match path.segments().as_slice() {
            ["report", "barcode", ..] => Ok(Self::Page),
            ["report", "download"] => {
                let asked: Value = body
                    .and_then(|body| body.field("data"))
                    .and_then(|data| serde_json::from_str(data).ok())
                    .unwrap_or_default();
                let inner = asked.get(0).and_then(Value::as_str).unwrap_or_default();
                match PagePath::parse(inner)?.segments().as_slice() {
                    ["report", _, name, ids] => report(name, ids),
                    _ => Err(unclear("the form does not say which report of which records")),
                }
            }
            ["report", "pdf" | "html" | "text" | "xlsx" | "csv", name, ids] => report(name, ids),
            ["report", "pdf" | "html" | "text" | "xlsx" | "csv", ..] => {
                Err(unclear("a report is asked for as `/report/pdf/NAME/ID,ID`"))
            }
            ["web", "content" | "image", rest @ ..] => Ok(content(rest, path)?.unwrap_or(Self::Page)),
            ["web", "export", "csv" | "xlsx"] => {
                let asked =
                    body.and_then(|body| body.field("data")).and_then(|data| serde_json::from_str(data).ok());
                asked
                    .map(|asked| Self::Export { asked })
                    .ok_or_else(|| unclear("an export is described by its form"))
            }
            // The same behind a language, or in another spelling: not to be told apart from a page.
            [_, "report", "pdf" | "html" | "text" | "xlsx" | "csv" | "download", ..]
            | [_, "web", "content" | "image" | "export", ..] => {
                Err(unclear("reports, contents and exports are asked for without a language in front"))
            }
            _ => Ok(Self::Page),
        }
    }
}

/// The record and the fields whose content an address is, where it is one of `/web/content` or
/// `/web/image` that names a record.
pub fn content_address(path: &PagePath) -> Result<Option<(ModelName, i64, Vec<FieldName>)>, OdooError> {
    match About::of(path, None)? {
        About::Content { model, id, fields } => Ok(Some((model, id, fields))),
        About::Page | About::Report { .. } | About::Export { .. } => Ok(None),
    }
}

fn report(name: &str, ids: &str) -> Result<About, OdooError> {
    let ids: Option<Vec<i64>> =
        ids.replace("%2C", ",").split(',').map(|id| id.parse().ok().filter(|id| *id > 0)).collect();
    match ids {
        Some(ids) if crate::odoo::is_report_name(name) => Ok(About::Report { name: name.to_owned(), ids }),
        _ => Err(unclear("a report is asked for as `/report/pdf/NAME/ID,ID`")),
    }
}

/// `/web/content` and `/web/image` name a record in their path or in their query; `None` where it is
/// neither, such as a script of the web client.
fn content(rest: &[&str], path: &PagePath) -> Result<Option<About>, OdooError> {
    let pairs: Vec<(String, String)> =
        url::form_urlencoded::parse(path.query().as_bytes()).into_owned().collect();
    let named = |wanted: &str| pairs.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    if ["xmlid", "model", "id", "field"]
        .iter()
        .any(|name| pairs.iter().filter(|(key, _)| key == name).count() > 1)
    {
        return Err(unclear("a part of its query is there twice"));
    }
    let (model, id, field) = match rest {
        // What the path says wins over the query in Odoo; both at once is refused here.
        [id, ..] if is_id(first_id(id)) => ("ir.attachment", first_id(id), named("field")),
        [model, id, field, ..] if is_id(first_id(id)) => (*model, first_id(id), Some(*field)),
        [] if named("id").is_some() => {
            (named("model").unwrap_or("ir.attachment"), named("id").unwrap_or_default(), named("field"))
        }
        [name, ..] if name.contains('.') => {
            return Err(unclear("a record is named by its id, not by an external id"));
        }
        [] if named("xmlid").is_some() => {
            return Err(unclear("a record is named by its id, not by an external id"));
        }
        _ => return Ok(None),
    };
    if !rest.is_empty() && ["model", "id", "xmlid"].iter().any(|name| named(name).is_some()) {
        return Err(unclear("a record is named in the path or in the query, not in both"));
    }
    let id = id.parse().ok().filter(|id| *id > 0).ok_or_else(|| unclear("the id is no number"))?;
    let fields = match field {
        Some(field) => vec![FieldName::parse(field)?],
        None => ["raw", "datas"].into_iter().map(FieldName::parse).collect::<Result<_, _>>()?,
    };
    Ok(Some(About::Content { model: ModelName::parse(model)?, id, fields }))
}

/// `7-0a1b2c3` is id 7 with a checksum that steers caches.
fn first_id(text: &str) -> &str {
    text.split_once('-').map_or(text, |(id, _)| id)
}

fn unclear(why: &str) -> OdooError {
    OdooError::BadCall { why: why.to_owned(), hint: None }
}

/// What a request does, in the words of the policy, as far as its address and its form tell.
pub fn request_effects(
    connection: &ConnectionAlias,
    http_method: &str,
    path: &PagePath,
    body: Option<&PageBody>,
) -> Result<Vec<RecordEffect>, OdooError> {
    Ok(match About::of(path, body)? {
        About::Page => vec![web_page_effect(connection, http_method, path)],
        About::Report { name, ids } => vec![RecordEffect::of_report(connection, &name, &ids)],
        About::Content { model, id, fields } => {
            let read = RecordEffect::new(connection, &model, Operation::Read, MethodName::known("read"));
            vec![read.with_ids(&[id]).reading(&fields).bounded(1)]
        }
        About::Export { .. } => return Err(unclear("exports have a tool of their own")),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn about(path: &str, body: Option<&PageBody>) -> Option<About> {
        About::of(&PagePath::parse(path).unwrap(), body).ok()
    }

    #[track_caller]
    fn check_page(path: &str, known: bool) {
        let path = PagePath::parse(path).unwrap();
        assert_eq!(is_known_page(&path), known, "{}", path.path());
    }

    #[test]
    fn pages_that_only_show_are_known() {
        for page in [
            "/",
            "/shop",
            "/fr/shop",
            "/fr_BE/shop/desk-7",
            "/shop/category/desks-3",
            "/my",
            "/my/orders/7",
            "/my/invoices/page/2",
            "/blog/x-1/y-2",
            "/robots.txt",
            "/report/barcode/QR/x",
        ] {
            check_page(page, true);
        }
        for page in [
            "/shop/cart/update",
            "/shop/checkout",
            "/my/account/save",
            "/my/security",
            "/website/lang/fr",
            "/web/content/7",
            "/pos/web",
            "/my/my/orders",
            "/web/become",
            "/x",
        ] {
            check_page(page, false);
        }
    }

    #[test]
    fn reports_say_their_records() {
        let report =
            |name: &str, ids: &[i64]| Some(About::Report { name: name.to_owned(), ids: ids.to_vec() });
        assert_eq!(
            about("/report/pdf/sale.report_saleorder/7,8", None),
            report("sale.report_saleorder", &[7, 8])
        );
        let form = PageBody::Form(vec![(
            "data".to_owned(),
            json!(["/report/pdf/a.b/7?x=1", "qweb-pdf"]).to_string(),
        )]);
        assert_eq!(about("/report/download", Some(&form)), report("a.b", &[7]));
        for bad in [
            "/report/pdf/a.b",
            "/report/pdf/a.b/x",
            "/report/pdf/a.b/0",
            "/report/pdf/a.b/7/8",
            "/report/download",
            "/fr/report/pdf/a.b/7",
        ] {
            assert_eq!(about(bad, None), None, "{bad}");
        }
    }

    #[test]
    fn contents_say_their_record() {
        let content = |model: &str, id: i64, fields: &[&str]| {
            let fields = fields.iter().map(|field| FieldName::parse(field).unwrap()).collect();
            Some(About::Content { model: ModelName::parse(model).unwrap(), id, fields })
        };
        assert_eq!(about("/web/content/7", None), content("ir.attachment", 7, &["raw", "datas"]));
        assert_eq!(about("/web/content/7-0a1b/x.pdf", None), content("ir.attachment", 7, &["raw", "datas"]));
        assert_eq!(about("/web/image/7/64x64/x.png", None), content("ir.attachment", 7, &["raw", "datas"]));
        assert_eq!(
            about("/web/image/res.partner/7/image_128", None),
            content("res.partner", 7, &["image_128"])
        );
        let query = "/web/content?model=res.partner&id=7&field=image_128";
        assert_eq!(about(query, None), content("res.partner", 7, &["image_128"]));
        for bad in [
            "/web/content/base.x",
            "/web/content?xmlid=base.x",
            "/web/content/7?model=res.users",
            "/web/content?id=7&id=8",
            "/web/image/res.partner/x/y",
            "/web/content?id=x",
            "/fr/web/content/7",
        ] {
            assert_eq!(about(bad, None), None, "{bad}");
        }
    }
}
