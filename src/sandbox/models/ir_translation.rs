//! Fields of `ir.translation`, which only 14 has; the sandbox keeps the translations of both versions in it.

use super::Model;
use crate::sandbox::field::{SandboxVersion, char, integer, selection, text};

pub(super) static MODEL: Model = Model {
    name: "ir.translation",
    label_14: "Translation",
    label_19: "Translation",
    order_14: "id",
    order_19: "id",
    name_field: "name",
    only: Some(SandboxVersion::V14),
    fields: &[
        char("name", "Translated field").required(),
        integer("res_id", "Record ID"),
        selection("lang", "Language", &[("en_US", "English (US)"), ("fr_FR", "French / Français")]),
        selection(
            "type",
            "Type",
            &[("model", "Model Field"), ("model_terms", "Structured Model Field"), ("code", "Code")],
        ),
        text("src", "Internal Source"),
        text("value", "Translation Value"),
        char("module", "Module"),
        selection(
            "state",
            "Status",
            &[
                ("to_translate", "To Translate"),
                ("inprogress", "Translation in Progress"),
                ("translated", "Translated"),
            ],
        ),
    ],
};
