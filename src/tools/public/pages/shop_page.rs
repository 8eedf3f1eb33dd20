//! A page of the shop as rows. Pure: HTML in, products out, of 14 and of 19.

use schemars::JsonSchema;
use serde::Serialize;

use crate::markup::{Document, NodeId, Page, text_in_a_line};

/// Around one product.
const PRODUCT: &str = "oe_product_cart";
const TITLE: &str = "o_wsale_products_item_title";
const PRICE: &str = "product_price";
const AMOUNT: &str = "oe_currency_value";
const PAGER: &str = "pagination";

/// A product of the shop.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(super) struct Product {
    /// Id of the `product.template`, as its address has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<i64>,
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) price: Option<f64>,
    /// The price before a discount.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) list_price: Option<f64>,
    /// Code or sign, as the page shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) currency: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) image: Option<String>,
}

/// What a page of the shop shows. Addresses are as the page has them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ShopPage {
    pub(super) products: Vec<Product>,
    /// The page that the pager marks; one where there is no pager.
    pub(super) page: u32,
    /// The last page that the pager links to.
    pub(super) last_linked: u32,
}

/// Reads a page; `None` where it is no page of a shop.
pub(super) fn read(html: &str) -> Option<ShopPage> {
    let page = Page::parse(html);
    let document = page.document();
    let products: Vec<Product> = with_class(document, document.root(), PRODUCT)
        .filter_map(|product| read_product(document, product))
        .collect();
    let is_shop =
        !products.is_empty() || html.contains("o_wsale_products") || html.contains("oe_website_sale");
    is_shop.then(|| {
        let (page, last_linked) = read_pager(&page);
        ShopPage { products, page, last_linked }
    })
}

fn read_product(document: &Document<'_>, product: NodeId) -> Option<Product> {
    let title = with_class(document, product, TITLE).next();
    let links = |within: NodeId| document.elements_within(within).filter(|id| document.is(*id, "a"));
    let link = title.and_then(|title| links(title).next()).or_else(|| {
        links(product).find(|id| document.value(*id, "href").is_some_and(|href| href.contains("/shop/")))
    })?;
    let href = document.value(link, "href").map(|href| href.trim().to_owned());
    let name = title.map(|title| text_in_a_line(document, title)).filter(|name| !name.is_empty());
    let name = name.unwrap_or_else(|| text_in_a_line(document, link));
    let image = document.elements_within(product).find(|id| document.is(*id, "img"));
    let price = with_class(document, product, PRICE).next();
    Some(Product {
        id: href.as_deref().and_then(id_of),
        name,
        price: price.and_then(|price| shown_price(document, price)),
        list_price: price.and_then(|price| former_price(document, price)),
        currency: price.and_then(|price| currency(document, price)),
        url: href,
        image: image.and_then(|image| document.value(image, "src")).map(|src| src.trim().to_owned()),
    })
}

/// `/shop/customizable-desk-9?x=1` is product 9; `/shop/desks-1/desk-9` as well.
fn id_of(href: &str) -> Option<i64> {
    let path = href.split(['?', '#']).next()?;
    let segment = path.trim_end_matches('/').rsplit('/').next()?;
    segment.rsplit('-').next()?.parse().ok().filter(|id| *id > 0)
}

fn shown_price(document: &Document<'_>, price: NodeId) -> Option<f64> {
    let exact = with_attribute(document, price, "itemprop", "price");
    if let Some(number) = exact.and_then(|id| text_in_a_line(document, id).parse().ok()) {
        return Some(number);
    }
    let amounts = with_class(document, price, AMOUNT).find(|id| !is_struck(document, *id, price))?;
    amount(&text_in_a_line(document, amounts))
}

fn former_price(document: &Document<'_>, price: NodeId) -> Option<f64> {
    let struck = document.elements_within(price).find(|id| document.is(*id, "del"))?;
    if document.has_class(struck, "d-none") {
        return None;
    }
    amount(&text_in_a_line(document, with_class(document, struck, AMOUNT).next()?))
}

fn is_struck(document: &Document<'_>, id: NodeId, within: NodeId) -> bool {
    document.ancestors(id).take_while(|up| *up != within).any(|up| document.is(up, "del"))
}

fn currency(document: &Document<'_>, price: NodeId) -> Option<String> {
    if let Some(code) = with_attribute(document, price, "itemprop", "priceCurrency") {
        return Some(text_in_a_line(document, code)).filter(|code| !code.is_empty());
    }
    let value = with_class(document, price, AMOUNT).find(|id| !is_struck(document, *id, price))?;
    let around = document.parent(value)?;
    let sign = text_in_a_line(document, around).replace(&text_in_a_line(document, value), "");
    Some(sign.trim().to_owned()).filter(|sign| !sign.is_empty())
}

/// `1,234.50`, `1.234,50`, `1 234,50`, `1'234.50`: the last separator divides, unless three digits
/// behind it and others like it say that it groups.
fn amount(text: &str) -> Option<f64> {
    let kept: String = text.chars().filter(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | '-')).collect();
    let last = kept.rfind(['.', ',']);
    let (whole, fraction) = match last.map(|at| kept.split_at(at)) {
        Some((whole, rest)) => {
            let digits = rest.get(1..).unwrap_or_default();
            let separator = rest.get(..1).unwrap_or_default();
            let groups = digits.len() == 3 && (whole.contains(separator) || separator == ",");
            if groups { (kept.as_str(), "") } else { (whole, digits) }
        }
        None => (kept.as_str(), ""),
    };
    if !kept.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let whole: String = whole.chars().filter(|c| c.is_ascii_digit() || *c == '-').collect();
    format!("{whole}.{fraction}0").parse().ok()
}

/// The marked page, and the largest that is linked.
fn read_pager(page: &Page<'_>) -> (u32, u32) {
    let document = page.document();
    let Some(pager) = with_class(document, document.root(), PAGER).next() else { return (1, 1) };
    let marked = with_class(document, pager, "active").next();
    let marked = marked.and_then(|id| text_in_a_line(document, id).parse().ok()).unwrap_or(1);
    let linked = page.links_within(pager).into_iter().filter_map(|link| page_number(&link.href)).max();
    (marked, linked.unwrap_or(marked).max(marked))
}

/// The number behind `/page/`.
fn page_number(href: &str) -> Option<u32> {
    let (_, behind) = href.rsplit_once("/page/")?;
    let digits: String = behind.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

fn with_class<'a>(
    document: &'a Document<'_>,
    within: NodeId,
    class: &'a str,
) -> impl Iterator<Item = NodeId> + 'a {
    document.elements_within(within).filter(move |id| document.has_class(*id, class))
}

fn with_attribute(document: &Document<'_>, within: NodeId, name: &str, wanted: &str) -> Option<NodeId> {
    document.elements_within(within).find(|id| document.value(*id, name).is_some_and(|value| value == wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE_19: &str = r#"<html><body><div class="o_wsale_products_main_row"><div id="o_wsale_products_grid">
        <form role="article" class="oe_product_cart h-100"><div class="oe_product_image">
        <a href="/shop/customizable-desk-9" title="x"><span><img src="/web/image/product.product/13/image_1024/Desk?unique=5" alt="Desk"/></span></a></div>
        <h2 class="o_wsale_products_item_title"><a href="/shop/customizable-desk-9"><span>Customizable &amp; Desk</span></a></h2>
        <div class="product_price"><span data-oe-type="monetary">$ <span class="oe_currency_value">1,675.00</span></span>
        <del><small data-oe-type="monetary">$ <span class="oe_currency_value">1,750.00</span></small></del></div></form></div>
        <ul class=" pagination m-0 "><li class="page-item disabled"><a class="page-link"></a></li>
        <li class="page-item active "><a href="/shop">1</a></li><li><a href="/shop/page/2?order=name+asc">2</a></li></ul></div></body></html>"#;
    const PAGE_14: &str = r#"<table><tr><td class="oe_product"><form action="/shop/cart/update" class="card oe_product_cart">
        <a itemprop="url" href="/shop/warranty-43"><img src="/web/image/product.template/43/image_256/Warranty"/></a>
        <h6 class="o_wsale_products_item_title"><a itemprop="name" href="/shop/warranty-43" content="Warranty">Warranty</a></h6>
        <div class="product_price"><del class="text-danger d-none">$ <span class="oe_currency_value">20.00</span></del>
        <span>$ <span class="oe_currency_value">20.00</span></span><span itemprop="price" style="display:none;">20.0</span>
        <span itemprop="priceCurrency" style="display:none;">USD</span></div></form></td></tr></table>"#;

    #[test]
    fn products_of_both_versions_are_rows() {
        let page = read(PAGE_19).unwrap();
        assert_eq!((page.page, page.last_linked), (1, 2));
        let expected = Product {
            id: Some(9),
            name: "Customizable & Desk".to_owned(),
            price: Some(1675.0),
            list_price: Some(1750.0),
            currency: Some("$".to_owned()),
            url: Some("/shop/customizable-desk-9".to_owned()),
            image: Some("/web/image/product.product/13/image_1024/Desk?unique=5".to_owned()),
        };
        assert_eq!(page.products, [expected]);
        let page = read(PAGE_14).unwrap();
        let product = &page.products[0];
        assert_eq!((product.id, product.price, product.list_price), (Some(43), Some(20.0), None));
        assert_eq!(product.currency.as_deref(), Some("USD"));
        assert_eq!((page.page, page.last_linked), (1, 1));
    }

    #[test]
    fn other_pages_are_no_shop() {
        assert_eq!(read("<html><body><h1>Home</h1></body></html>"), None);
        assert_eq!(read(""), None);
        assert!(read("<form class='oe_product_cart'><a>").is_none());
    }

    #[track_caller]
    fn check_amount(text: &str, expected: Option<f64>) {
        assert_eq!(amount(text), expected, "{text}");
    }

    #[test]
    fn amounts_are_read_in_many_spellings() {
        check_amount("1,234.50", Some(1234.5));
        check_amount("1.234,50", Some(1234.5));
        check_amount("1\u{a0}234,50", Some(1234.5));
        check_amount("1'234.5", Some(1234.5));
        check_amount("1,234,567", Some(1_234_567.0));
        check_amount("1,234", Some(1234.0));
        check_amount("12", Some(12.0));
        check_amount("0.125", Some(0.125));
        check_amount("-3.00", Some(-3.0));
        check_amount("free", None);
    }
}
