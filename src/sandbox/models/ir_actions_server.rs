//! Fields of `ir.actions.server`, named and labelled as the real ones; records come from callers.

use super::Model;
use crate::sandbox::field::{char, integer, many2many, many2one, selection, text};

pub(super) static MODEL: Model = Model {
    name: "ir.actions.server",
    label_14: "Server Actions",
    label_19: "Server Action",
    order_14: "sequence,name",
    order_19: "sequence,name,id",
    name_field: "name",
    only: None,
    fields: &[
        char("name", "Action Name").required().translated(),
        many2one("model_id", "Model", "ir.model").required(),
        selection(
            "state",
            "Type",
            &[
                ("code", "Execute Code"),
                ("object_create", "Create Record"),
                ("object_write", "Update Record"),
            ],
        )
        .required(),
        text("code", "Code"),
        integer("sequence", "Sequence"),
        many2many("group_ids", "Allowed Groups", "res.groups").only19(),
        many2many("groups_id", "Groups", "res.groups").only14(),
    ],
};
