//! Fields of `res.currency`, named and labelled as the real ones; values come from `data`.

use super::Model;
use crate::sandbox::field::{boolean, char, float, integer, selection};

pub(super) static MODEL: Model = Model {
    name: "res.currency",
    label_14: "Currency",
    label_19: "Currency",
    order_14: "active desc, name",
    order_19: "active desc, name",
    name_field: "name",
    only: None,
    fields: &[
        char("name", "Currency").required(),
        char("symbol", "Symbol").required(),
        char("full_name", "Name").only19(),
        float("rounding", "Rounding Factor").digits(12, 6),
        integer("decimal_places", "Decimal Places").readonly(),
        boolean("active", "Active"),
        selection("position", "Symbol Position", &[("after", "After Amount"), ("before", "Before Amount")]),
        float("rate", "Current Rate").readonly().unstored(),
    ],
};
