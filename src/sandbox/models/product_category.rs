//! Fields of `product.category`, named and labelled as the real ones; values come from `data`.

use super::Model;
use crate::sandbox::field::{char, integer, many2one, one2many};

pub(super) static MODEL: Model = Model {
    name: "product.category",
    label_14: "Product Category",
    label_19: "Product Category",
    order_14: "complete_name",
    order_19: "complete_name",
    name_field: "name",
    only: None,
    fields: &[
        char("name", "Name").required(),
        char("complete_name", "Complete Name").readonly(),
        many2one("parent_id", "Parent Category", "product.category"),
        one2many("child_id", "Child Categories", "product.category", "parent_id"),
        char("parent_path", "Parent Path"),
        integer("product_count", "# Products").readonly().unstored(),
    ],
};
