//! Fields of `ai.pipeline.step`, `ai.skill` and the models of the add-on for tests: what
//! `odoo_mcp_ai_test` brings to a real Odoo.

use super::Model;
use crate::sandbox::field::{boolean, char, datetime, integer, many2one, selection, text};

pub(super) static SKILL: Model = Model {
    name: "ai.skill",
    label_14: "AI skill",
    label_19: "AI skill",
    order_14: "id",
    order_19: "id",
    name_field: "name",
    only: None,
    fields: &[char("name", "Name").required()],
};

pub(super) static MODEL: Model = Model {
    name: "ai.pipeline.step",
    label_14: "AI pipeline step",
    label_19: "AI pipeline step",
    order_14: "pipeline, sequence, id",
    order_19: "pipeline, sequence, id",
    name_field: "name",
    only: None,
    fields: &[
        char("name", "Name").required(),
        char("pipeline", "Pipeline").required(),
        integer("sequence", "Sequence"),
        char("model", "Model").required(),
        char("method", "Method").required(),
        many2one("skill_id", "Skill", "ai.skill"),
        text("trigger_domain", "Trigger Domain"),
        selection("on_error", "On Error", &[("skip", "Skip"), ("abort", "Abort")]).required(),
        boolean("active", "Active"),
        char("module", "Module"),
        selection(
            "last_run_state",
            "Last Run State",
            &[("ok", "OK"), ("skipped", "Skipped"), ("error", "Error")],
        ),
        text("last_run_message", "Last Run Message"),
        datetime("last_run_date", "Last Run Date"),
    ],
};

/// One line per step that was called.
pub(super) static CALL: Model = Model {
    name: "ai.test.call",
    label_14: "Call of a test step",
    label_19: "Call of a test step",
    order_14: "id",
    order_19: "id",
    name_field: "id",
    only: None,
    fields: &[
        char("method", "Method").required(),
        char("source_model", "Source Model"),
        integer("source_id", "Source"),
        text("context", "Context"),
    ],
};

/// The model whose methods steps call.
pub(super) static STEPS: Model = Model {
    name: "ai.test.steps",
    label_14: "Methods for test steps",
    label_19: "Methods for test steps",
    order_14: "id",
    order_19: "id",
    name_field: "name",
    only: None,
    fields: &[char("name", "Name")],
};
