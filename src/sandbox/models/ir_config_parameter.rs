//! Fields of `ir.config_parameter`, named and labelled as the real ones; values come from `data`.

use super::Model;
use crate::sandbox::field::{char, text};

pub(super) static MODEL: Model = Model {
    name: "ir.config_parameter",
    label_14: "System Parameter",
    label_19: "System Parameter",
    order_14: "key",
    order_19: "key",
    name_field: "key",
    only: None,
    fields: &[char("key", "Key").required(), text("value", "Value").required()],
};
