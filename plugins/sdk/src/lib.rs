//! Write a plugin for odoo-mcp as one trait; the C interface is made by a macro.
