//! Fields of `ir.model.fields`, named and labelled as the real ones; values come from `data`.

use super::Model;
use crate::sandbox::field::{boolean, char, integer, many2one, selection, text};

pub(super) static MODEL: Model = Model {
    name: "ir.model.fields",
    label_14: "Fields",
    label_19: "Fields",
    order_14: "name",
    order_19: "name, id",
    name_field: "field_description",
    only: None,
    fields: &[
        char("name", "Field Name").required(),
        char("model", "Model Name").required(),
        many2one("model_id", "Model", "ir.model").required(),
        char("field_description", "Field Label").required().translated(),
        selection(
            "ttype",
            "Field Type",
            &[
                ("binary", "binary"),
                ("boolean", "boolean"),
                ("char", "char"),
                ("date", "date"),
                ("datetime", "datetime"),
                ("float", "float"),
                ("html", "html"),
                ("integer", "integer"),
                ("many2many", "many2many"),
                ("many2one", "many2one"),
                ("many2one_reference", "many2one_reference"),
                ("monetary", "monetary"),
                ("one2many", "one2many"),
                ("reference", "reference"),
                ("selection", "selection"),
                ("text", "text"),
            ],
        )
        .required(),
        char("relation", "Related Model"),
        char("relation_field", "Relation Field"),
        text("help", "Field Help").translated(),
        boolean("required", "Required"),
        boolean("readonly", "Readonly"),
        boolean("index", "Indexed"),
        selection(
            "translate",
            "Translatable",
            &[
                ("standard", "Translate as a whole"),
                ("html_translate", "Translate HTML terms"),
                ("xml_translate", "Translate XML terms"),
            ],
        )
        .only19(),
        boolean("translate", "Translatable").only14(),
        boolean("store", "Stored"),
        selection("state", "Type", &[("manual", "Custom Field"), ("base", "Base Field")])
            .required()
            .readonly(),
        boolean("copied", "Copied"),
        integer("size", "Size"),
        char("modules", "In Apps").readonly().unstored(),
        char("complete_name", "Complete Name").only14(),
        integer("tracking", "Enable Ordered Tracking"),
    ],
};
