//! What language models cost: calls and billed documents in an embedded database, prices with dates,
//! budgets reserved before anything is spent.
//!
//! Deliberately absent: asking a model, and Odoo.
