//! Opens a plugin's library and calls it. All that is unsafe about plugins is here, behind safe types.
//!
//! Nothing here decides whether a library may be opened: hash, signature, owner and header are checked
//! before. A library that is open stays open until the process ends, because threads and thread-local
//! destructors of it would run code that is not mapped any more.
//!
//! ```text
//! OpenLibrary::open(path)   the library is mapped and says what it is
//!            .start(calls)  the plugin is initialised
//! RunningPlugin.describe    which steps it has
//!              .applies     does this step concern this bill?
//!              .execute     do it; blocks, so the caller gives it a thread
//! ```

mod buffers;
mod callbacks;
mod errors;
mod opened;
mod running;
mod turn;

pub use callbacks::{CallScope, HostCalls, LogLevel};
pub use errors::{CallError, OpenError};
pub use opened::{Info, OpenLibrary};
pub use running::{Code, Executed, RunningPlugin};

/// The interface that this host speaks.
pub use odoo_mcp_plugin_abi::{
    ABI_MAJOR, ABI_MINOR, FLAG_PANIC_UNWIND, FLAG_THREAD_SAFE, NOTE, NOTE_SECTION, TARGET, code,
};

/// Name, version and target of a plugin may be this long each.
pub const INFO_TEXT_BYTES_MAX: usize = 64 * 1024;

/// What a step may answer with at most; callers may set less.
pub const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;

/// What a plugin may ask the host in one request, and how long a line of its log may be.
pub const REQUEST_BYTES_MAX: usize = 8 * 1024 * 1024;
