//! What a library says of itself without being run: its note, and the target it was built for.

use crate::{ABI_MAJOR, ABI_MINOR, MAGIC};

/// The target triple of this build.
pub const TARGET: &str = env!("ODOO_MCP_PLUGIN_TARGET");

/// Where the note stands. Mach-O calls the same section `__DATA,__omp.abi`.
pub const NOTE_SECTION: &str = ".omp.abi";

/// The note: magic, major and minor version, all little-endian.
pub const NOTE: [u8; 8] = {
    let magic = MAGIC.to_le_bytes();
    let major = ABI_MAJOR.to_le_bytes();
    let minor = ABI_MINOR.to_le_bytes();
    [magic[0], magic[1], magic[2], magic[3], major[0], major[1], minor[0], minor[1]]
};
