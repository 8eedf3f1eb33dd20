//! Public pages of the website, read into rows: the shop and the site map. No session is used.

mod shop;
mod shop_page;
mod sitemap;
mod sitemap_xml;

pub(super) use shop::TOOLS as SHOP;
pub(super) use sitemap::TOOLS as SITEMAP;
