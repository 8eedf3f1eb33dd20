//! Fields of `ir.module.category`, named and labelled as the real ones; values come from `data`.

use super::Model;
use crate::sandbox::field::{char, integer};

pub(super) static MODEL: Model = Model {
    name: "ir.module.category",
    label_14: "Application",
    label_19: "Application",
    order_14: "name",
    order_19: "sequence, name, id",
    name_field: "name",
    only: None,
    fields: &[char("name", "Name").required().translated(), integer("sequence", "Sequence")],
};
