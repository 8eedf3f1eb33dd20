//! A plugin that is initialised and can be called.
#![allow(unsafe_code, reason = "functions of the plugin are called")]

use std::{ffi::c_void, sync::Arc};

use odoo_mcp_plugin_abi::{self as abi, Buf, Host, Slice, code};

use crate::{
    CallError, CallScope, HostCalls,
    buffers::{self, FreeBuf},
    callbacks,
    turn::Turn,
};

/// What a function of a plugin returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    Ok,
    NotApplicable,
    Error,
    Abort,
    Panic,
    BadInput,
    Cancelled,
}

impl Code {
    /// A number that the interface does not know is an error.
    pub fn of_number(number: i32) -> Result<Self, CallError> {
        match number {
            code::OK => Ok(Self::Ok),
            code::NOT_APPLICABLE => Ok(Self::NotApplicable),
            code::ERROR => Ok(Self::Error),
            code::ABORT => Ok(Self::Abort),
            code::PANIC => Ok(Self::Panic),
            code::BAD_INPUT => Ok(Self::BadInput),
            code::CANCELLED => Ok(Self::Cancelled),
            unknown => Err(CallError::UnknownCode(unknown)),
        }
    }

    pub fn number(self) -> i32 {
        match self {
            Self::Ok => code::OK,
            Self::NotApplicable => code::NOT_APPLICABLE,
            Self::Error => code::ERROR,
            Self::Abort => code::ABORT,
            Self::Panic => code::PANIC,
            Self::BadInput => code::BAD_INPUT,
            Self::Cancelled => code::CANCELLED,
        }
    }

    /// The word for it in messages and traces.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NotApplicable => "not_applicable",
            Self::Error => "error",
            Self::Abort => "abort",
            Self::Panic => "panic",
            Self::BadInput => "bad_input",
            Self::Cancelled => "cancelled",
        }
    }
}

/// What a step answered: how it ended, and the text that came with it, still unchecked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executed {
    pub code: Code,
    pub bytes: Vec<u8>,
}

type Describe = unsafe extern "C" fn(state: *mut c_void, out: *mut Buf) -> i32;
type Applies = unsafe extern "C" fn(state: *mut c_void, step: u32, context: Slice) -> i32;
type Execute = unsafe extern "C" fn(state: *mut c_void, step: u32, context: Slice, out: *mut Buf) -> i32;

/// An initialised plugin. It is never torn down: its library stays, and so does its state.
#[derive(Debug)]
pub struct RunningPlugin {
    host: &'static Host,
    state: *mut c_void,
    describe: Describe,
    applies: Applies,
    execute: Execute,
    free: FreeBuf,
    turn: Turn,
}

// SAFETY: the state is used only through the plugin's functions, which may be called from any thread,
// one at a time; `turn` sees to that unless the plugin promises to be thread safe.
unsafe impl Send for RunningPlugin {}
// SAFETY: as above.
unsafe impl Sync for RunningPlugin {}

impl RunningPlugin {
    /// # Safety
    /// `init` is `omp_init_v1` of a library that passed the handshake and is never closed.
    pub(crate) unsafe fn start(
        init: abi::InitFn,
        callbacks: Arc<dyn HostCalls>,
        thread_safe: bool,
    ) -> Result<Self, CallError> {
        let host = callbacks::table(callbacks);
        let size = size_of::<abi::Plugin>() as u32;
        let mut table = abi::Plugin {
            struct_size: size,
            state: std::ptr::null_mut(),
            describe: None,
            applies: None,
            execute: None,
            free_buf: None,
        };
        // SAFETY: both tables are valid and as large as they say; the host's lives for ever.
        let returned = unsafe { init(host, &raw mut table) };
        if returned != code::OK {
            return Err(CallError::Init(returned));
        }
        if table.struct_size < size {
            return Err(CallError::TooSmall(table.struct_size));
        }
        Ok(Self {
            host,
            state: table.state,
            describe: table.describe.ok_or(CallError::MissingFunction("describe"))?,
            applies: table.applies.ok_or(CallError::MissingFunction("applies"))?,
            execute: table.execute.ok_or(CallError::MissingFunction("execute"))?,
            free: table.free_buf.ok_or(CallError::MissingFunction("free_buf"))?,
            turn: Turn::new(thread_safe),
        })
    }

    /// The steps of the plugin, as JSON. No bill is there yet, so the plugin reaches nothing but its log.
    pub fn describe(&self, bytes_max: usize) -> Result<String, CallError> {
        let _taken = self.turn.take(|| false)?;
        let described = self.answered(bytes_max, |out| {
            // SAFETY: the state is the plugin's own and `out` is an empty buffer of ours.
            Ok(unsafe { (self.describe)(self.state, out) })
        })?;
        let text = String::from_utf8(described.bytes).map_err(|_| CallError::NotUtf8)?;
        match described.code {
            Code::Ok => Ok(text),
            code => Err(CallError::Refused { code, message: text }),
        }
    }

    /// Does the step concern the bill in this context?
    pub fn applies(&self, step: u32, context: &str, scope: &dyn CallScope) -> Result<bool, CallError> {
        let _taken = self.turn.take(|| scope.cancelled())?;
        let returned = callbacks::in_scope(self.host.host, scope, || {
            // SAFETY: the state is the plugin's own, and the context lives until the call returns.
            unsafe { (self.applies)(self.state, step, buffers::lent(context)) }
        })?;
        match Code::of_number(returned)? {
            Code::Ok => Ok(true),
            Code::NotApplicable => Ok(false),
            code => Err(CallError::Refused { code, message: "no answer to whether it applies".to_owned() }),
        }
    }

    /// Runs the step, however long it takes. An answer of more than `bytes_max` bytes is an error.
    pub fn execute(
        &self,
        step: u32,
        context: &str,
        bytes_max: usize,
        scope: &dyn CallScope,
    ) -> Result<Executed, CallError> {
        let _taken = self.turn.take(|| scope.cancelled())?;
        self.answered(bytes_max, |out| {
            callbacks::in_scope(self.host.host, scope, || {
                // SAFETY: the state is the plugin's own, `out` is an empty buffer of ours, and the
                // context lives until the call returns.
                unsafe { (self.execute)(self.state, step, buffers::lent(context), out) }
            })
        })
    }

    /// A call that answers with a buffer.
    fn answered(
        &self,
        bytes_max: usize,
        call: impl FnOnce(*mut Buf) -> Result<i32, CallError>,
    ) -> Result<Executed, CallError> {
        let mut out = buffers::EMPTY;
        let returned = call(&raw mut out)?;
        // SAFETY: the call is over, and only the library that `free` belongs to has filled the buffer.
        // It goes back to the plugin whatever the code says.
        let bytes = unsafe { buffers::taken(out, self.free, bytes_max) };
        Ok(Executed { code: Code::of_number(returned)?, bytes: bytes? })
    }
}
