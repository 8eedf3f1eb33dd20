//! Fields of `ir.actions.report`, named and labelled as the real ones; values come from `data`.

use super::Model;
use crate::sandbox::field::{boolean, char, selection};

pub(super) static MODEL: Model = Model {
    name: "ir.actions.report",
    label_14: "Report Action",
    label_19: "Report Action",
    order_14: "name",
    order_19: "name, id",
    name_field: "name",
    only: None,
    fields: &[
        char("name", "Action Name").required().translated().only14(),
        char("name", "Name").required().translated().only19(),
        char("model", "Model Name").required(),
        selection(
            "report_type",
            "Report Type",
            &[("qweb-html", "HTML"), ("qweb-pdf", "PDF"), ("qweb-text", "Text")],
        )
        .required(),
        char("report_name", "Template Name").required(),
        char("report_file", "Report File"),
        boolean("multi", "On Multiple Doc."),
        char("print_report_name", "Printed Report Name").translated(),
    ],
};
