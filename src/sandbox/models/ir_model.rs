//! Fields of `ir.model`, named and labelled as the real ones; values come from `data`.

use super::Model;
use crate::sandbox::field::{boolean, char, integer, one2many, selection, text};

pub(super) static MODEL: Model = Model {
    name: "ir.model",
    label_14: "Models",
    label_19: "Models",
    order_14: "model",
    order_19: "is_mail_thread desc, name asc",
    name_field: "name",
    only: None,
    fields: &[
        char("name", "Model Description").required().translated(),
        char("model", "Model").required(),
        text("info", "Information"),
        char("order", "Order").required(),
        selection("state", "Type", &[("manual", "Custom Object"), ("base", "Base Object")]).readonly(),
        boolean("transient", "Transient Model"),
        char("modules", "In Apps").readonly().unstored(),
        one2many("field_id", "Fields", "ir.model.fields", "model_id").required(),
        integer("count", "Count (Incl. Archived)").readonly().unstored(),
        boolean("abstract", "Abstract Model").only19(),
        boolean("is_mail_thread", "Has Mail Thread").only19(),
        boolean("is_mail_thread", "Mail Thread").only14(),
        boolean("is_mail_activity", "Has Mail Activity").only19(),
        boolean("is_mail_activity", "Mail Activity").only14(),
    ],
};
