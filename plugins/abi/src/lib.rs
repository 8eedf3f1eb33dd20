//! The C interface between odoo-mcp and its plugins: plain C types, UTF-8 JSON as payload, and a clear
//! owner for every buffer. No Rust type crosses it, and neither side frees what the other allocated.
//!
//! The header `include/odoo_mcp_plugin.h` is generated from this file; a test compares sizes and
//! offsets. What C has no use for stands in `note.rs`.

mod note;

use core::ffi::c_void;

pub use note::{NOTE, NOTE_SECTION, TARGET};

/// `"OMP1"` read as a little-endian number.
pub const MAGIC: u32 = 0x3150_4D4F;
/// Another major version is another interface.
pub const ABI_MAJOR: u16 = 1;
/// A higher minor version only adds fields at the end.
pub const ABI_MINOR: u16 = 0;

/// The plugin was built so that a panic unwinds and is caught inside it.
pub const FLAG_PANIC_UNWIND: u32 = 1;
/// The plugin may be called from several threads at once.
pub const FLAG_THREAD_SAFE: u32 = 2;

/// The function that a library exports to say what it is.
pub const INFO_SYMBOL: &str = "omp_info_v1";
/// The function that a library exports to be started.
pub const INIT_SYMBOL: &str = "omp_init_v1";

/// What functions return. Anything else is an error.
pub mod code {
    /// Done; for `applies`: yes.
    pub const OK: i32 = 0;
    /// The step does not apply to this bill.
    pub const NOT_APPLICABLE: i32 = 1;
    /// The step failed; `out` holds `{"code", "message"}`.
    pub const ERROR: i32 = 2;
    /// The whole run is to stop; `out` holds `{"code", "message"}`.
    pub const ABORT: i32 = 3;
    /// The plugin panicked and caught it; `out` holds `{"code", "message"}`.
    pub const PANIC: i32 = 4;
    /// The plugin could not read what it was given; `out` holds `{"code", "message"}`.
    pub const BAD_INPUT: i32 = 5;
    /// The plugin stopped because nobody waited any more.
    pub const CANCELLED: i32 = 6;
}

/// Bytes that are borrowed for the time of one call. UTF-8 text.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Slice {
    pub ptr: *const u8,
    pub len: usize,
}

/// Bytes that belong to whoever made them: they are given back to the maker's `free_buf`.
#[repr(C)]
#[derive(Debug)]
pub struct Buf {
    pub ptr: *mut u8,
    pub len: usize,
    pub cap: usize,
}

/// What a library is, told before anything of it runs but its initialisers.
#[repr(C)]
#[derive(Debug)]
pub struct Info {
    pub magic: u32,
    pub abi_major: u16,
    pub abi_minor: u16,
    /// Size of this struct as the plugin knows it.
    pub struct_size: u32,
    pub flags: u32,
    pub name: Slice,
    pub version: Slice,
    pub target: Slice,
}

/// What the host offers. The functions answer for the call that runs on the same thread; anywhere else
/// `call` returns `ERROR` and `cancelled` is not zero. The table lives as long as the process.
#[repr(C)]
#[derive(Debug)]
pub struct Host {
    pub struct_size: u32,
    pub host: *mut c_void,
    /// Writes a line to the server's log. Levels: 1 error, 2 warning, 3 information, 4 debugging.
    pub log: Option<unsafe extern "C" fn(host: *mut c_void, level: i32, message: Slice)>,
    /// Asks for something that the plugin's capabilities allow; the answer is freed with `free_buf`.
    pub call: Option<unsafe extern "C" fn(host: *mut c_void, request: Slice, out: *mut Buf) -> i32>,
    /// Not zero: nobody waits for the result any more.
    pub cancelled: Option<unsafe extern "C" fn(host: *mut c_void) -> i32>,
    pub free_buf: Option<unsafe extern "C" fn(buf: *mut Buf)>,
}

/// What the plugin offers; `init` fills it in.
#[repr(C)]
#[derive(Debug)]
pub struct Plugin {
    pub struct_size: u32,
    pub state: *mut c_void,
    /// Writes `{"steps": [{"name", "sequence", "on_error", "timeout_ms", "description"}]}`.
    pub describe: Option<unsafe extern "C" fn(state: *mut c_void, out: *mut Buf) -> i32>,
    /// Does this step concern the bill? `OK` or `NOT_APPLICABLE`.
    pub applies: Option<unsafe extern "C" fn(state: *mut c_void, step: u32, context: Slice) -> i32>,
    /// Runs a step; writes `{"data": {...}, "abort": null | {"reason": "..."}, "log": {...}}`.
    pub execute:
        Option<unsafe extern "C" fn(state: *mut c_void, step: u32, context: Slice, out: *mut Buf) -> i32>,
    pub free_buf: Option<unsafe extern "C" fn(buf: *mut Buf)>,
}

/// `omp_info_v1`.
pub type InfoFn = unsafe extern "C" fn() -> *const Info;
/// `omp_init_v1`.
pub type InitFn = unsafe extern "C" fn(host: *const Host, out: *mut Plugin) -> i32;
