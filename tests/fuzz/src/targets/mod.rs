//! The targets: each takes bytes, and panics where a promise is broken.

pub mod approval;
pub mod arguments;
pub mod decide;
pub mod decimal;
pub mod documents;
pub mod domain;
pub mod extraction;
pub mod log;
pub mod manifest;
pub mod markup;
pub mod policy_file;
pub mod strict_json;
pub mod unfolding;

use std::sync::LazyLock;

use odoo_mcp::tools::Catalog;

pub static CATALOG: LazyLock<Catalog> = LazyLock::new(Catalog::new);
