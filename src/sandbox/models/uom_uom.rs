//! Fields of `uom.uom`, named and labelled as the real ones; values come from `data`.

use super::Model;
use crate::sandbox::field::{boolean, char, float, many2one, selection};

pub(super) static MODEL: Model = Model {
    name: "uom.uom",
    label_14: "Product Unit of Measure",
    label_19: "Product Unit of Measure",
    order_14: "name",
    order_19: "relative_uom_id, id",
    name_field: "name",
    only: None,
    fields: &[
        char("name", "Unit Name").required().translated().only19(),
        char("name", "Unit of Measure").required().translated().only14(),
        boolean("active", "Active"),
        float("rounding", "Rounding Precision").readonly().unstored().only19(),
        float("rounding", "Rounding Precision").required().only14(),
        float("factor", "Absolute Quantity").readonly().only19(),
        float("factor", "Ratio").required().only14(),
        float("factor_inv", "Bigger Ratio").required().readonly().unstored().only14(),
        many2one("category_id", "Category", "uom.category").required().only14(),
        selection(
            "uom_type",
            "Type",
            &[
                ("bigger", "Bigger than the reference Unit of Measure"),
                ("reference", "Reference Unit of Measure for this category"),
                ("smaller", "Smaller than the reference Unit of Measure"),
            ],
        )
        .required()
        .only14(),
        float("relative_factor", "Contains").required().only19(),
        many2one("relative_uom_id", "Reference Unit", "uom.uom").only19(),
    ],
};
