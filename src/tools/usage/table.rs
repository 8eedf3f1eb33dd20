//! The ledger as a table: one record per call, every column.

use serde_json::Value;

use crate::{
    sheets::{Cell, Column},
    usage::CallRow,
};

const HEADERS: &[&str] = &[
    "id",
    "call_id",
    "created_at",
    "tenant_code",
    "odoo_url",
    "odoo_db",
    "company_id",
    "move_id",
    "attachment_id",
    "source",
    "source_message_id",
    "run_id",
    "model",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_creation_tokens",
    "cost_known",
    "cost_millicents",
    "cost_usd_millicents",
    "price_version",
    "pages",
    "duration_ms",
    "prompt_version",
    "state",
    "cache_hit",
    "billed",
    "error_message",
    "extra",
];

/// The header.
pub fn usage_columns() -> Vec<Column> {
    HEADERS.iter().copied().map(Column::new).collect()
}

/// The record of a call.
pub fn usage_cells(row: &CallRow) -> Vec<Cell> {
    let id = |id: Option<i64>| id.map_or(Cell::Empty, Cell::Integer);
    let text = |text: &str| Cell::Text(text.to_owned());
    let some = |text: &Option<String>| text.clone().map_or(Cell::Empty, Cell::Text);
    let count = |count: u64| i64::try_from(count).map_or_else(|_| text(&count.to_string()), Cell::Integer);
    let flag = |flag: bool| Cell::Integer(flag.into());
    vec![
        Cell::Integer(row.id),
        text(&row.call_id.0),
        text(&row.created_at),
        text(&row.tenant_code),
        text(&row.odoo_url),
        text(&row.odoo_db),
        id(row.company_id),
        id(row.move_id),
        id(row.attachment_id),
        text(&row.source),
        some(&row.source_message_id),
        some(&row.run_id),
        text(&row.model),
        count(row.input_tokens),
        count(row.output_tokens),
        count(row.cache_read_tokens),
        count(row.cache_creation_tokens),
        flag(row.cost_known),
        Cell::Integer(row.cost_millicents.0),
        Cell::Integer(row.cost_usd_millicents.0),
        some(&row.price_version),
        count(row.pages.into()),
        count(row.duration_ms),
        text(&row.prompt_version),
        text(row.state.name()),
        flag(row.cache_hit),
        flag(row.billed),
        some(&row.error_message),
        row.extra.as_ref().map(Value::to_string).map_or(Cell::Empty, Cell::Text),
    ]
}
