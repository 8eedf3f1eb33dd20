//! `public_access_shop`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shop_page::{self, Product};
use crate::{
    facts::{
        Caller, Class, ConnectionAlias, Effect, FieldName, MethodName, ModelName, Operation, RecordEffect,
        Risk,
    },
    odoo::{OdooError, PagePath, PageRequest, web_page_effect},
    tools::{ArgumentsError, CallContext, Tool, ToolEntry, ToolError, row},
};

pub(in crate::tools::public) const TOOLS: &[ToolEntry] = &[row::<Shop>()];

/// A page of products with all its menus is a few hundred kilobytes.
const PAGE_BYTES_MAX: u64 = 8 * 1024 * 1024;
const PAGE_MAX: u32 = 10_000;
const SEARCH_CHARACTERS_MAX: usize = 200;
const PRODUCTS: &str = "product.template";

/// Arguments of `public_access_shop`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Shop {
    /// Connection alias.
    #[serde(default = "ConnectionAlias::default_alias")]
    connection: ConnectionAlias,
    /// Which page, from 1.
    #[serde(default = "first_page")]
    page: u32,
    /// Words to look for.
    #[serde(default)]
    search: String,
    /// Id of a category of the shop; all when 0.
    #[serde(default)]
    category: u32,
    /// Order, such as `list_price asc`, `name asc` or `create_date desc`.
    #[serde(default)]
    order: String,
    /// Least price.
    #[serde(default)]
    min_price: Option<f64>,
    /// Highest price.
    #[serde(default)]
    max_price: Option<f64>,
    /// Look as the connection's user instead of as a visitor; needs a web session.
    #[serde(default)]
    signed_in: bool,
}

fn first_page() -> u32 {
    1
}

/// Result of `public_access_shop`.
#[derive(Debug, Serialize, JsonSchema)]
struct ShopRows {
    rows: Vec<Product>,
    /// The page shown; the last one where a later one was asked for.
    page: u32,
    has_next: bool,
    url: String,
}

impl Shop {
    fn path(&self) -> Result<PagePath, OdooError> {
        let mut path = "/shop".to_owned();
        if self.category > 0 {
            path.push_str(&format!("/category/{}", self.category));
        }
        if self.page > 1 {
            path.push_str(&format!("/page/{}", self.page));
        }
        let mut query: Vec<(&str, String)> = Vec::new();
        if !self.search.is_empty() {
            query.push(("search", self.search.clone()));
        }
        if !self.order.is_empty() {
            query.push(("order", self.order.clone()));
        }
        query.extend(self.min_price.map(|price| ("min_price", price.to_string())));
        query.extend(self.max_price.map(|price| ("max_price", price.to_string())));
        Ok(PagePath::parse(&path)?.with_query(query.iter().map(|(name, value)| (*name, value.as_str()))))
    }
}

/// What of the products a page of the shop shows.
fn fields_shown() -> Vec<FieldName> {
    ["name", "list_price", "image_1920"].into_iter().map(FieldName::known).collect()
}

impl Tool for Shop {
    const NAME: &'static str = "public_access_shop";
    const TITLE: &'static str = "Products of the shop";
    const DESCRIPTION: &'static str = "Read a page of the online shop as visitors see it: products with prices, \
         links and pictures as rows.";
    const CLASS: Class = Class::Read;
    const RISK: Risk = Risk::Low;
    const IDEMPOTENT: bool = true;
    type Output = ShopRows;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        let products = ModelName::known(PRODUCTS);
        let shown =
            RecordEffect::new(&self.connection, &products, Operation::Read, MethodName::known("search_read"));
        let mut effects = vec![Effect::Records(shown.reading(&fields_shown()))];
        // A path that cannot be made was refused by `check`.
        effects
            .extend(self.path().map(|path| Effect::Records(web_page_effect(&self.connection, "GET", &path))));
        effects
    }

    fn check(&self) -> Result<(), ArgumentsError> {
        let refused = |message: String| Err(ArgumentsError { message, hint: None });
        if !(1..=PAGE_MAX).contains(&self.page) {
            return refused(format!("`page` is a whole number from 1 to {PAGE_MAX}"));
        }
        if self.search.chars().count() > SEARCH_CHARACTERS_MAX || self.search.chars().any(char::is_control) {
            return refused(format!("`search` has at most {SEARCH_CHARACTERS_MAX} plain characters"));
        }
        let is_order = self.order.is_empty()
            || self
                .order
                .split_once(' ')
                .is_some_and(|(field, way)| FieldName::parse(field).is_ok() && matches!(way, "asc" | "desc"));
        if !is_order {
            return refused("`order` is written `list_price asc`".to_owned());
        }
        let is_price = |price: Option<f64>| price.is_none_or(|price| price.is_finite() && price >= 0.0);
        if !is_price(self.min_price) || !is_price(self.max_price) {
            return refused("prices are numbers from 0 up".to_owned());
        }
        Ok(())
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<ShopRows, ToolError> {
        let odoo = cx.odoo(&self.connection)?;
        odoo.check_page_of(&ModelName::known(PRODUCTS), &fields_shown())?;
        let request = PageRequest::get(self.path()?).up_to(PAGE_BYTES_MAX);
        let request = if self.signed_in { request } else { request.anonymous() };
        let answer = cx.web(&self.connection)?.fetch(request).await?;
        let (status, is_html) = (answer.status, answer.media_type() == "text/html");
        let html = answer.text(PAGE_BYTES_MAX).await?;
        if status == 404 && self.category > 0 {
            return Err(ToolError::not_found(
                format!("the shop has no category {}", self.category),
                "leave `category` out to see all products",
            ));
        }
        let page = (status == 200 && is_html).then(|| shop_page::read(&html)).flatten();
        let Some(page) = page else { return Err(no_shop(status)) };
        let absolute = |path: Option<String>| path.and_then(|path| odoo.page_address(&path));
        let rows = page.products.into_iter().map(|product| Product {
            url: absolute(product.url),
            image: absolute(product.image),
            ..product
        });
        Ok(ShopRows {
            rows: if page.page < self.page { Vec::new() } else { rows.collect() },
            page: page.page,
            has_next: page.last_linked > self.page,
            url: odoo.page_address(self.path()?.path()).unwrap_or_default(),
        })
    }
}

fn no_shop(status: u16) -> ToolError {
    match status {
        404 => ToolError::Stopped {
            code: "not_installed",
            message: "this Odoo has no online shop".to_owned(),
            hint: Some("the module `website_sale` brings one".to_owned()),
        },
        status => ToolError::Stopped {
            code: "wrong_content",
            message: format!("odoo answered with something that is no page of the shop (HTTP {status})"),
            hint: None,
        },
    }
}
