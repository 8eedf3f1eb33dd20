//! The host side of plugins: found, checked, loaded, called, replaced.
//!
//! Opening a library and calling it is unsafe and lives in the crate `odoo-mcp-plugin-host`; here is
//! everything that is decided before and after.
