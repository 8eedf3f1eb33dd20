//! `public_access_sitemap`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use super::sitemap_xml::{self, Entry};
use crate::{
    facts::{Caller, Class, ConnectionAlias, Effect, Risk},
    odoo::{OdooError, PagePath, PageRequest, PermittedOdoo, web_page_effect},
    tools::{ArgumentsError, CallContext, Tool, ToolEntry, ToolError, row},
};

pub(in crate::tools::public) const TOOLS: &[ToolEntry] = &[row::<Sitemap>()];

/// The largest site map that Odoo writes before it splits it is smaller.
const MAP_BYTES_MAX: u64 = 16 * 1024 * 1024;
const WHOLE: &str = "/sitemap.xml";
const PAGE_SIZE_DEFAULT: u32 = 200;
const PAGE_SIZE_MAX: u32 = 1_000;
const FILTER_CHARACTERS_MAX: usize = 200;

/// Arguments of `public_access_sitemap`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Sitemap {
    /// Connection alias.
    #[serde(default = "ConnectionAlias::default_alias")]
    connection: ConnectionAlias,
    /// Which page of the list, from 1.
    #[serde(default = "first_page")]
    page: u32,
    /// Addresses of a page of the list.
    #[serde(default = "page_size_default")]
    page_size: u32,
    /// Only addresses with this text in them.
    #[serde(default)]
    filter: String,
    /// One of the `parts` that an earlier answer named; large sites are split.
    #[serde(default)]
    part: String,
}

fn first_page() -> u32 {
    1
}

fn page_size_default() -> u32 {
    PAGE_SIZE_DEFAULT
}

/// Result of `public_access_sitemap`.
#[derive(Debug, Serialize, JsonSchema)]
struct Listed {
    urls: Vec<Address>,
    page: u32,
    /// Addresses that match.
    total: u64,
    has_next: bool,
    /// The site map is split; pass one of these as `part`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Address {
    loc: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    lastmod: Option<String>,
    /// The address is of another host than the connection.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    other_host: bool,
}

impl Sitemap {
    fn path(&self) -> Result<PagePath, OdooError> {
        PagePath::parse(if self.part.is_empty() { WHOLE } else { &self.part })
    }
}

/// `/sitemap-1-2.xml`: what Odoo calls the parts.
fn is_part(path: &str) -> bool {
    let name = path.strip_prefix("/sitemap").and_then(|rest| rest.strip_suffix(".xml"));
    name.is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-'))
}

impl Tool for Sitemap {
    const NAME: &'static str = "public_access_sitemap";
    const TITLE: &'static str = "Addresses of the website";
    const DESCRIPTION: &'static str =
        "List the public pages of the website from its site map, with paging and a filter.";
    const CLASS: Class = Class::Read;
    const RISK: Risk = Risk::Low;
    const IDEMPOTENT: bool = true;
    type Output = Listed;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        let path = self.path().ok();
        path.map(|path| Effect::Records(web_page_effect(&self.connection, "GET", &path)))
            .into_iter()
            .collect()
    }

    fn check(&self) -> Result<(), ArgumentsError> {
        let refused = |message: String| Err(ArgumentsError { message, hint: None });
        if self.page == 0 {
            return refused("`page` is a whole number from 1 up".to_owned());
        }
        if !(1..=PAGE_SIZE_MAX).contains(&self.page_size) {
            return refused(format!("`page_size` is a whole number from 1 to {PAGE_SIZE_MAX}"));
        }
        if self.filter.chars().count() > FILTER_CHARACTERS_MAX {
            return refused(format!("`filter` has at most {FILTER_CHARACTERS_MAX} characters"));
        }
        if !self.part.is_empty() && !is_part(&self.part) {
            return refused("`part` is one of the parts that an earlier answer named".to_owned());
        }
        Ok(())
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Listed, ToolError> {
        let odoo = cx.odoo(&self.connection)?;
        let request = PageRequest::get(self.path()?).anonymous().up_to(MAP_BYTES_MAX);
        let answer = cx.web(&self.connection)?.fetch(request).await?;
        let status = answer.status;
        let xml = answer.text(MAP_BYTES_MAX).await?;
        let map = (status == 200).then(|| sitemap_xml::read(&xml)).flatten();
        let Some(map) = map else { return Err(no_map(status)) };
        let matches = |entry: &Entry| self.filter.is_empty() || entry.loc.contains(&self.filter);
        let matching: Vec<Entry> = map.pages.into_iter().filter(matches).collect();
        let offset = (self.page as usize - 1).saturating_mul(self.page_size as usize);
        let total = matching.len();
        let urls: Vec<Address> = matching
            .into_iter()
            .skip(offset)
            .take(self.page_size as usize)
            .map(|entry| Address {
                other_host: !is_own(&odoo, &entry.loc),
                loc: entry.loc,
                lastmod: entry.lastmod,
            })
            .collect();
        let parts = map.parts.iter().filter_map(|part| Some(Url::parse(&part.loc).ok()?.path().to_owned()));
        Ok(Listed {
            has_next: offset + urls.len() < total && !urls.is_empty(),
            urls,
            page: self.page,
            total: total as u64,
            parts: parts.filter(|path| is_part(path) && path != WHOLE).collect(),
        })
    }
}

/// Is this an address of the connection's own host?
fn is_own(odoo: &PermittedOdoo<'_>, loc: &str) -> bool {
    let own = odoo.page_address("/").and_then(|own| Url::parse(&own).ok());
    let given = Url::parse(loc).ok();
    own.zip(given).is_some_and(|(own, given)| own.origin() == given.origin())
}

fn no_map(status: u16) -> ToolError {
    match status {
        404 => ToolError::Stopped {
            code: "not_installed",
            message: "this Odoo has no site map".to_owned(),
            hint: Some("the module `website` brings one".to_owned()),
        },
        status => ToolError::Stopped {
            code: "wrong_content",
            message: format!("odoo answered with something that is no site map (HTTP {status})"),
            hint: None,
        },
    }
}
