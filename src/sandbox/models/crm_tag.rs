//! Fields of `crm.tag`, named and labelled as the real ones; values come from `data`.

use super::Model;
use crate::sandbox::field::{char, integer};

pub(super) static MODEL: Model = Model {
    name: "crm.tag",
    label_14: "CRM Tag",
    label_19: "CRM Tag",
    order_14: "id",
    order_19: "id",
    name_field: "name",
    only: None,
    fields: &[char("name", "Tag Name").required().translated(), integer("color", "Color")],
};
