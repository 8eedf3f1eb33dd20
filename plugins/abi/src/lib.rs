//! The C interface between odoo-mcp and its plugins: plain types, no behaviour.
