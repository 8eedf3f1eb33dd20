//! Fields of `uom.category`, named and labelled as the real ones; values come from `data`.

use super::Model;
use crate::sandbox::field::{SandboxVersion, char};

pub(super) static MODEL: Model = Model {
    name: "uom.category",
    label_14: "Product UoM Categories",
    label_19: "Product UoM Categories",
    order_14: "name",
    order_19: "name",
    name_field: "name",
    only: Some(SandboxVersion::V14),
    fields: &[char("name", "Unit of Measure Category").required().translated().only14()],
};
