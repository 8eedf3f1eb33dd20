//! Fields of `ir.ui.view`, named and labelled as the real ones; values come from `data`.

use super::Model;
use crate::sandbox::field::{boolean, char, integer, many2one, selection, text};

pub(super) static MODEL: Model = Model {
    name: "ir.ui.view",
    label_14: "View",
    label_19: "View",
    order_14: "priority,name,id",
    order_19: "priority,name,id",
    name_field: "name",
    only: None,
    fields: &[
        char("name", "View Name").required(),
        char("model", "Model"),
        char("key", "Key"),
        integer("priority", "Sequence").required(),
        selection("type", "View Type", &[("list", "List"), ("form", "Form"), ("qweb", "QWeb")]),
        text("arch", "View Architecture").unstored(),
        text("arch_base", "Base View Architecture").unstored(),
        text("arch_db", "Arch Blob").translated(),
        many2one("inherit_id", "Inherited View", "ir.ui.view"),
        selection(
            "mode",
            "View inheritance mode",
            &[("primary", "Base view"), ("extension", "Extension View")],
        )
        .required(),
        boolean("active", "Active"),
        many2one("website_id", "Website", "website"),
    ],
};
