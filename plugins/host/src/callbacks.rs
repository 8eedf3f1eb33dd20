//! What a plugin may ask the host, and on whose behalf.
//!
//! The functions answer for the call that runs on the same thread. Whatever comes from another thread,
//! or while no call runs, belongs to nobody: it is logged or refused, and nothing breaks.
#![allow(unsafe_code, reason = "the functions are called through the C interface")]

use std::{
    cell::RefCell,
    ffi::c_void,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use odoo_mcp_plugin_abi::{Buf, Host, Slice, code};

use crate::{CallError, REQUEST_BYTES_MAX, buffers};

/// How loud a line of a plugin's log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    Error,
    Warning,
    Information,
    Debugging,
}

impl LogLevel {
    /// Levels that the interface does not know are the quietest.
    fn of_number(level: i32) -> Self {
        match level {
            1 => Self::Error,
            2 => Self::Warning,
            3 => Self::Information,
            _ => Self::Debugging,
        }
    }
}

/// What a plugin can reach while no step of it runs: its log.
pub trait HostCalls: Send + Sync {
    fn log(&self, level: LogLevel, message: &str);
}

/// What a plugin can reach while a step of it runs.
pub trait CallScope: Sync {
    fn log(&self, level: LogLevel, message: &str);
    /// A request to the broker: a code of the interface and the text for the plugin.
    fn call(&self, request: &str) -> (i32, String);
    /// Nobody waits for the result any more.
    fn cancelled(&self) -> bool;
}

/// What the `host` pointer of a plugin points to. It is never freed, as the plugin's library is never
/// closed and a thread of it may use the pointer at any time.
pub(crate) struct HostState {
    calls: Arc<dyn HostCalls>,
}

/// One running call: whose it is, and what it may reach.
struct Running {
    host: usize,
    scope: *const (dyn CallScope + 'static),
}

thread_local! {
    /// The calls that run on this thread, the innermost last.
    static RUNNING: RefCell<Vec<Running>> = const { RefCell::new(Vec::new()) };
}

/// The table for one plugin. It lives as long as the process.
pub(crate) fn table(calls: Arc<dyn HostCalls>) -> &'static Host {
    let state: &'static HostState = Box::leak(Box::new(HostState { calls }));
    Box::leak(Box::new(Host {
        // The table has six fields; its size cannot reach the limit of the type.
        struct_size: size_of::<Host>() as u32,
        host: std::ptr::from_ref(state).cast_mut().cast(),
        log: Some(log),
        call: Some(call),
        cancelled: Some(cancelled),
        free_buf: Some(buffers::take_back),
    }))
}

/// Runs `inside` as a call of the plugin with this table.
pub(crate) fn in_scope<T>(
    host: *mut c_void,
    scope: &dyn CallScope,
    inside: impl FnOnce() -> T,
) -> Result<T, CallError> {
    let host = host.addr();
    if RUNNING.with_borrow(|running| running.iter().any(|call| call.host == host)) {
        return Err(CallError::Nested);
    }
    // SAFETY: only the lifetime changes. The pointer is on the list of this thread alone, and it leaves
    // the list before `scope` ends, as `Leave` is dropped on every way out of this function.
    let scope = unsafe {
        std::mem::transmute::<*const (dyn CallScope + '_), *const (dyn CallScope + 'static)>(
            std::ptr::from_ref(scope),
        )
    };
    RUNNING.with_borrow_mut(|running| running.push(Running { host, scope }));
    let _leave = Leave;
    Ok(inside())
}

struct Leave;

impl Drop for Leave {
    fn drop(&mut self) {
        RUNNING.with_borrow_mut(|running| {
            running.pop();
        });
    }
}

/// The call that the plugin with this pointer is inside of, on this thread.
fn with_scope<T>(host: *mut c_void, use_it: impl FnOnce(Option<&dyn CallScope>) -> T) -> T {
    let scope = RUNNING
        .try_with(|running| {
            running.borrow().last().filter(|call| call.host == host.addr()).map(|call| call.scope)
        })
        .ok()
        .flatten();
    // SAFETY: an entry is on this thread's list only while `in_scope` holds the scope it points to, and
    // that cannot end before this function returns, as both run on this thread.
    use_it(scope.map(|scope| unsafe { &*scope }))
}

unsafe extern "C" fn log(host: *mut c_void, level: i32, message: Slice) {
    // SAFETY: the plugin lends the message for the time of this call.
    let Ok(message) = (unsafe { buffers::copied_text(message, REQUEST_BYTES_MAX) }) else { return };
    let level = LogLevel::of_number(level);
    let written = AssertUnwindSafe(|| {
        with_scope(host, |scope| match scope {
            Some(scope) => scope.log(level, &message),
            None => {
                // SAFETY: a plugin has this pointer from `table`, and it is never freed.
                if let Some(state) = unsafe { host.cast::<HostState>().as_ref() } {
                    state.calls.log(level, &message);
                }
            }
        });
    });
    // What the log does with a line must not end the plugin's call, let alone the process.
    let _ = catch_unwind(written);
}

unsafe extern "C" fn call(host: *mut c_void, request: Slice, out: *mut Buf) -> i32 {
    // SAFETY: the plugin lends the request for the time of this call.
    let request = unsafe { buffers::copied_text(request, REQUEST_BYTES_MAX) };
    let answer = AssertUnwindSafe(|| {
        with_scope(host, |scope| match (scope, request) {
            (None, _) => {
                (code::ERROR, refusal("outside_of_a_call", "no step of this plugin runs on this thread"))
            }
            (Some(_), Err(why)) => (code::BAD_INPUT, refusal("bad_request", why)),
            (Some(scope), Ok(request)) => scope.call(&request),
        })
    });
    let (code, text) = catch_unwind(answer)
        .unwrap_or_else(|_| (code::PANIC, refusal("internal", "the host could not answer")));
    if out.is_null() {
        return code;
    }
    // SAFETY: not null, and the plugin lends the place for the answer; what it holds is not read.
    unsafe { out.write_unaligned(buffers::given(text)) };
    code
}

unsafe extern "C" fn cancelled(host: *mut c_void) -> i32 {
    // Outside of a call nobody waits.
    let asked = AssertUnwindSafe(|| with_scope(host, |scope| scope.is_none_or(CallScope::cancelled)));
    i32::from(catch_unwind(asked).unwrap_or(true))
}

fn refusal(code: &str, message: &str) -> String {
    format!("{{\"error\":{{\"code\":\"{code}\",\"message\":\"{message}\"}}}}")
}
