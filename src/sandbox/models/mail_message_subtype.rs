//! Fields of `mail.message.subtype`, named and labelled as the real ones; values come from `data`.

use super::Model;
use crate::sandbox::field::{boolean, char, integer, text};

pub(super) static MODEL: Model = Model {
    name: "mail.message.subtype",
    label_14: "Message subtypes",
    label_19: "Message subtypes",
    order_14: "sequence, id",
    order_19: "sequence, id",
    name_field: "name",
    only: None,
    fields: &[
        char("name", "Message Type").required().translated(),
        text("description", "Description").translated(),
        boolean("internal", "Internal Only"),
        boolean("default", "Default"),
        char("res_model", "Model"),
        integer("sequence", "Sequence"),
        boolean("hidden", "Hidden"),
    ],
};
