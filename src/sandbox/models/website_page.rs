//! Fields of `website.page`, named and labelled as the real ones. Most of a page is its view.

use super::Model;
use crate::sandbox::field::{boolean, char, many2one, text};

pub(super) static MODEL: Model = Model {
    name: "website.page",
    label_14: "Page",
    label_19: "Page",
    order_14: "id",
    order_19: "id",
    name_field: "url",
    only: None,
    fields: &[
        char("url", "Page URL"),
        many2one("view_id", "View", "ir.ui.view").required(),
        boolean("is_published", "Is Published"),
        boolean("website_published", "Visible on current website").unstored(),
        char("name", "View Name").unstored().searchable(),
        char("key", "Key").unstored().searchable(),
        text("arch_db", "Arch Blob").translated().unstored(),
        many2one("website_id", "Website", "website").unstored().searchable(),
    ],
};
