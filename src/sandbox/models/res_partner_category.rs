//! Fields of `res.partner.category`, named and labelled as the real ones; values come from `data`.

use super::Model;
use crate::sandbox::field::{boolean, char, integer, many2many, many2one, one2many};

pub(super) static MODEL: Model = Model {
    name: "res.partner.category",
    label_14: "Partner Tags",
    label_19: "Partner Tags",
    order_14: "name",
    order_19: "name, id",
    name_field: "name",
    only: None,
    fields: &[
        char("name", "Name").required().translated().only19(),
        char("name", "Tag Name").required().translated().only14(),
        integer("color", "Color").only19(),
        integer("color", "Color Index").only14(),
        many2one("parent_id", "Category", "res.partner.category").only19(),
        many2one("parent_id", "Parent Category", "res.partner.category").only14(),
        one2many("child_ids", "Child Tags", "res.partner.category", "parent_id"),
        boolean("active", "Active"),
        char("parent_path", "Parent Path"),
        many2many("partner_ids", "Partners", "res.partner"),
    ],
};
