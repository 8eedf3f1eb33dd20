//! The C functions of a plugin. [`export_plugin`](crate::export_plugin) uses this; nobody else does.
//!
//! No panic leaves a function here: it would end the server. Each function catches it, forgets what the
//! panic carried if dropping that panics too, and returns the code for it.
#![allow(unsafe_code, reason = "functions of the C interface are defined here")]

use std::{
    any::Any,
    ffi::c_void,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use odoo_mcp_plugin_abi as abi;
use serde_json::{Value, json};

use crate::{Context, Failure, Host, LogLevel, Plugin, host};

pub use abi::{Host as AbiHost, Info, NOTE, Plugin as AbiPlugin, code::OK};

/// A description that never changes, so that it can be shared between threads.
#[derive(Debug)]
#[repr(transparent)]
pub struct StaticInfo(pub Info);

// SAFETY: the pointers in it point to constants.
unsafe impl Sync for StaticInfo {}

/// What a plugin built with this SDK says of itself.
pub const fn info(name: &'static str, version: &'static str) -> StaticInfo {
    assert!(
        is_plugin_name(name),
        "a plugin's name is a lower-case letter, then lower-case letters, digits and `_`"
    );
    StaticInfo(Info {
        magic: abi::MAGIC,
        abi_major: abi::ABI_MAJOR,
        abi_minor: abi::ABI_MINOR,
        struct_size: size_of::<Info>() as u32,
        // The trait asks for `Sync`, so several threads may be inside.
        flags: abi::FLAG_PANIC_UNWIND | abi::FLAG_THREAD_SAFE,
        name: text(name),
        version: text(version),
        target: text(abi::TARGET),
    })
}

const fn text(text: &'static str) -> abi::Slice {
    abi::Slice { ptr: text.as_ptr(), len: text.len() }
}

/// `^[a-z][a-z0-9_]{1,62}$`
const fn is_plugin_name(name: &str) -> bool {
    let mut rest = name.as_bytes();
    if rest.len() < 2 || rest.len() > 63 {
        return false;
    }
    let mut first = true;
    while let [byte, after @ ..] = rest {
        let fits = byte.is_ascii_lowercase() || (!first && (byte.is_ascii_digit() || *byte == b'_'));
        if !fits {
            return false;
        }
        first = false;
        rest = after;
    }
    true
}

/// What the `state` pointer points to.
struct State<P> {
    plugin: P,
    host: Host,
}

/// Starts the plugin and fills in its table.
///
/// # Safety
/// Both pointers are null or valid; the host's table lives as long as the process.
pub unsafe fn init<P: Plugin>(table: *const AbiHost, out: *mut AbiPlugin) -> i32 {
    // SAFETY: the promise of this function.
    let Some(table) = (unsafe { table.as_ref() }) else { return abi::code::BAD_INPUT };
    if out.is_null() || (table.struct_size as usize) < size_of::<AbiHost>() {
        return abi::code::BAD_INPUT;
    }
    let (Some(log), Some(call), Some(cancelled), Some(free)) =
        (table.log, table.call, table.cancelled, table.free_buf)
    else {
        return abi::code::BAD_INPUT;
    };
    let host = Host::over(Arc::new(Wire { host: table.host, log, call, cancelled, free }));
    let started = caught(|| P::new(&host));
    match started {
        Ok(plugin) => {
            let state = Box::into_raw(Box::new(State { plugin, host }));
            let plugin = AbiPlugin {
                struct_size: size_of::<AbiPlugin>() as u32,
                state: state.cast(),
                describe: Some(describe::<P>),
                applies: Some(applies::<P>),
                execute: Some(execute::<P>),
                free_buf: Some(free_buf),
            };
            // SAFETY: not null, and the host lends the place for the table.
            unsafe { out.write_unaligned(plugin) };
            OK
        }
        Err(failure) => {
            host.log(LogLevel::Error, &format!("the plugin did not start: {failure}"));
            failure.number()
        }
    }
}

unsafe extern "C" fn describe<P: Plugin>(_state: *mut c_void, out: *mut abi::Buf) -> i32 {
    answer(out, || Ok(json!({ "steps": P::STEPS })))
}

unsafe extern "C" fn applies<P: Plugin>(state: *mut c_void, step: u32, context: abi::Slice) -> i32 {
    let applies = caught(|| {
        // SAFETY: the host hands back the state of `init` and lends the context for this call.
        let (state, step, context) = unsafe { given::<P>(state, step, context)? };
        Ok(state.plugin.applies(step, &context))
    });
    match applies {
        Ok(true) => OK,
        Ok(false) => abi::code::NOT_APPLICABLE,
        Err(failure) => failure.number(),
    }
}

unsafe extern "C" fn execute<P: Plugin>(
    state: *mut c_void,
    step: u32,
    context: abi::Slice,
    out: *mut abi::Buf,
) -> i32 {
    answer(out, || {
        // SAFETY: the host hands back the state of `init` and lends the context for this call.
        let (state, step, context) = unsafe { given::<P>(state, step, context)? };
        state.plugin.execute(step, &context, &state.host).map(crate::Answer::into_json)
    })
}

/// The arguments of a call.
///
/// # Safety
/// `state` is null or from `init::<P>`; the context is valid for its length.
unsafe fn given<'a, P: Plugin>(
    state: *mut c_void,
    step: u32,
    context: abi::Slice,
) -> Result<(&'a State<P>, &'static str, Context), Failure> {
    // SAFETY: the state is never freed.
    let state = unsafe { state.cast::<State<P>>().as_ref() };
    let state = state.ok_or_else(|| Failure::bad_input("the state is missing"))?;
    let info = usize::try_from(step).ok().and_then(|step| P::STEPS.get(step));
    let info = info.ok_or_else(|| Failure::bad_input(format!("there is no step {step}")))?;
    if context.ptr.is_null() {
        return Err(Failure::bad_input("the context is missing"));
    }
    // SAFETY: not null, and the host promises the length.
    let bytes = unsafe { std::slice::from_raw_parts(context.ptr, context.len) };
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(context)) => Ok((state, info.name, Context::of(context))),
        Ok(_) => Err(Failure::bad_input("the context is not an object")),
        Err(error) => Err(Failure::bad_input(format!("the context is not JSON: {error}"))),
    }
}

/// Runs `inside`, writes what it says into `out`, and returns the code.
fn answer(out: *mut abi::Buf, inside: impl FnOnce() -> Result<Value, Failure>) -> i32 {
    let (code, value) = match caught(inside) {
        Ok(value) => (OK, value),
        Err(failure) => (failure.number(), failure.to_json()),
    };
    if !out.is_null() {
        // SAFETY: not null, and the host lends the place; what it holds is not read.
        unsafe { out.write_unaligned(owned(value.to_string())) };
    }
    code
}

/// A panic as a failure.
fn caught<T>(inside: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    match catch_unwind(AssertUnwindSafe(inside)) {
        Ok(result) => result,
        Err(panic) => Err(Failure::panicked(words(panic))),
    }
}

fn words(panic: Box<dyn Any + Send>) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    match text {
        Some(text) => text,
        None => {
            // Dropping something unknown could panic once more, outside of any catch.
            std::mem::forget(panic);
            "the plugin panicked without words".to_owned()
        }
    }
}

/// A buffer of ours for the host; it comes back through [`free_buf`].
fn owned(text: String) -> abi::Buf {
    let mut bytes = std::mem::ManuallyDrop::new(text.into_bytes());
    abi::Buf { ptr: bytes.as_mut_ptr(), len: bytes.len(), cap: bytes.capacity() }
}

unsafe extern "C" fn free_buf(buf: *mut abi::Buf) {
    // SAFETY: the host gives a buffer back as it came, once.
    unsafe {
        let Some(buf) = buf.as_mut() else { return };
        if !buf.ptr.is_null() {
            drop(Vec::from_raw_parts(buf.ptr, buf.len, buf.cap));
        }
        *buf = abi::Buf { ptr: std::ptr::null_mut(), len: 0, cap: 0 };
    }
}

/// The functions of the real host.
struct Wire {
    host: *mut c_void,
    log: unsafe extern "C" fn(*mut c_void, i32, abi::Slice),
    call: unsafe extern "C" fn(*mut c_void, abi::Slice, *mut abi::Buf) -> i32,
    cancelled: unsafe extern "C" fn(*mut c_void) -> i32,
    free: unsafe extern "C" fn(*mut abi::Buf),
}

// SAFETY: the host's functions may be called from any thread with this pointer.
unsafe impl Send for Wire {}
// SAFETY: as above.
unsafe impl Sync for Wire {}

impl host::Line for Wire {
    fn log(&self, level: i32, message: &str) {
        let message = abi::Slice { ptr: message.as_ptr(), len: message.len() };
        // SAFETY: the host's own pointer, and a message that lives until the call returns.
        unsafe { (self.log)(self.host, level, message) }
    }

    fn call(&self, request: &str) -> (i32, String) {
        let request = abi::Slice { ptr: request.as_ptr(), len: request.len() };
        let mut out = abi::Buf { ptr: std::ptr::null_mut(), len: 0, cap: 0 };
        // SAFETY: the host's own pointer, a request that lives until the call returns, an empty buffer.
        let code = unsafe { (self.call)(self.host, request, &raw mut out) };
        let text = if out.ptr.is_null() {
            String::new()
        } else {
            // SAFETY: the host filled the buffer; it is copied before it goes back.
            String::from_utf8_lossy(unsafe { std::slice::from_raw_parts(out.ptr, out.len) }).into_owned()
        };
        // SAFETY: the buffer goes back once, as it came.
        unsafe { (self.free)(&raw mut out) };
        (code, text)
    }

    fn cancelled(&self) -> bool {
        // SAFETY: the host's own pointer.
        unsafe { (self.cancelled)(self.host) != 0 }
    }
}

/// Exports a [`Plugin`] as the functions that the server looks for. Name and version are those of the
/// package; a package whose name has a hyphen says another one: `export_plugin!(Mine, name = "mine")`.
#[macro_export]
macro_rules! export_plugin {
    ($plugin:ty) => {
        $crate::export_plugin!($plugin, name = env!("CARGO_PKG_NAME"));
    };
    ($plugin:ty, name = $name:expr) => {
        const _: () = {
            /// Read by the server before the library is opened.
            #[used]
            #[unsafe(no_mangle)]
            #[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__omp.abi"))]
            #[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".omp.abi"))]
            pub static omp_abi_note: [u8; 8] = $crate::exports::NOTE;

            static INFO: $crate::exports::StaticInfo =
                $crate::exports::info($name, env!("CARGO_PKG_VERSION"));

            #[unsafe(no_mangle)]
            pub extern "C" fn omp_info_v1() -> *const $crate::exports::Info {
                &INFO.0
            }

            /// # Safety
            /// The host calls this with valid tables.
            #[unsafe(no_mangle)]
            pub unsafe extern "C" fn omp_init_v1(
                host: *const $crate::exports::AbiHost,
                out: *mut $crate::exports::AbiPlugin,
            ) -> i32 {
                // SAFETY: the promise of this function.
                unsafe { $crate::exports::init::<$plugin>(host, out) }
            }
        };
    };
}
