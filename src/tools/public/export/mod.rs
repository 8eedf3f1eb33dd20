//! Rows of any model as a spreadsheet or as comma-separated values.
//!
//! Odoo's own `export_data` gives the cells, batch by batch, over any route and with the rights and
//! rules that hold for reading; the file is written here. So it works with API keys, in little memory,
//! and a policy that masks fields masks them in the file as well.

mod arguments;
mod cells;
mod columns;
mod grouped;
mod rows;
mod tools;

pub(super) use tools::TOOLS;
