//! Bytes that cross the border: borrowed for one call, or owned by whoever made them.
#![allow(unsafe_code, reason = "pointers of the C interface are read here")]

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
};

use odoo_mcp_plugin_abi::{Buf, Slice};

use crate::CallError;

/// The function with which a plugin takes its buffers back.
pub(crate) type FreeBuf = unsafe extern "C" fn(buf: *mut Buf);

pub(crate) const EMPTY: Buf = Buf { ptr: std::ptr::null_mut(), len: 0, cap: 0 };

/// Text of ours, lent for one call.
pub(crate) fn lent(text: &str) -> Slice {
    Slice { ptr: text.as_ptr(), len: text.len() }
}

/// Text that a plugin lends us, copied.
///
/// # Safety
/// A pointer that is not null is valid for `len` bytes until this returns.
pub(crate) unsafe fn copied_text(slice: Slice, bytes_max: usize) -> Result<String, &'static str> {
    if slice.len == 0 {
        return Ok(String::new());
    }
    if slice.ptr.is_null() {
        return Err("a text is null and has a length");
    }
    if slice.len > bytes_max {
        return Err("a text is too long");
    }
    // SAFETY: not null, and the caller promises the length, which is below `isize::MAX` by the limit.
    let bytes = unsafe { std::slice::from_raw_parts(slice.ptr, slice.len) };
    String::from_utf8(bytes.to_vec()).map_err(|_| "a text is not UTF-8")
}

/// What a plugin put into `buf`, copied; the buffer goes back to the plugin. One that cannot be true is
/// not read and not given back: what its maker would do with it is unknown, and losing it is harmless.
///
/// # Safety
/// `buf` was filled by the library that `free` belongs to, during a call that is over, and by nobody
/// else. A pointer that is not null is valid for `len` bytes.
pub(crate) unsafe fn taken(mut buf: Buf, free: FreeBuf, bytes_max: usize) -> Result<Vec<u8>, CallError> {
    if buf.ptr.is_null() {
        return if buf.len == 0 {
            Ok(Vec::new())
        } else {
            Err(CallError::Buffer("it is null and has a length"))
        };
    }
    if buf.len > buf.cap {
        return Err(CallError::Buffer("it holds more than it has room for"));
    }
    if isize::try_from(buf.cap).is_err() {
        return Err(CallError::Buffer("it is larger than memory"));
    }
    let bytes = buf.len;
    let copy = if bytes > bytes_max {
        Err(CallError::TooLarge { bytes, limit: bytes_max })
    } else {
        // SAFETY: not null, not longer than its capacity, and the caller promises the length.
        Ok(unsafe { std::slice::from_raw_parts(buf.ptr, bytes) }.to_vec())
    };
    // SAFETY: the buffer goes back once, as it came, to the library that made it.
    unsafe { free(&raw mut buf) };
    copy
}

/// Buffers that we gave to plugins and that have not come back. A buffer is freed from here and never
/// from what a plugin returns, so one that comes back twice or altered frees nothing it should not.
static GIVEN: OnceLock<Mutex<HashMap<usize, Box<[u8]>>>> = OnceLock::new();

fn given_out() -> MutexGuard<'static, HashMap<usize, Box<[u8]>>> {
    GIVEN.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner)
}

/// A buffer of ours for a plugin. It comes back through [`take_back`].
pub(crate) fn given(text: String) -> Buf {
    if text.is_empty() {
        return EMPTY;
    }
    let mut bytes = text.into_bytes().into_boxed_slice();
    let buf = Buf { ptr: bytes.as_mut_ptr(), len: bytes.len(), cap: bytes.len() };
    given_out().insert(buf.ptr.addr(), bytes);
    buf
}

/// What plugins call to return a buffer of ours. Null, unknown and returned ones are ignored.
///
/// # Safety
/// `buf` is null or points to a buffer that may be written.
pub(crate) unsafe extern "C" fn take_back(buf: *mut Buf) {
    if buf.is_null() || !buf.is_aligned() {
        return;
    }
    // SAFETY: not null, aligned, and the caller promises that it may be read and written.
    let given = unsafe { std::ptr::replace(buf, EMPTY) };
    drop(given_out().remove(&given.ptr.addr()));
}

/// For the tests: how many buffers of ours are out there with exactly this content.
#[cfg(test)]
pub(crate) fn still_out(content: &str) -> usize {
    given_out().values().filter(|bytes| bytes.as_ref() == content.as_bytes()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_of_ours_comes_back_once() {
        let text = "given and taken back";
        let mut buf = given(text.to_owned());
        assert_eq!(still_out(text), 1);
        let mut copy = Buf { ptr: buf.ptr, len: usize::MAX, cap: 3 };
        // SAFETY: both are buffers of this function.
        unsafe {
            take_back(&raw mut copy);
            take_back(&raw mut buf);
            take_back(&raw mut buf);
            take_back(std::ptr::null_mut());
        }
        assert_eq!(still_out(text), 0);
        assert!(buf.ptr.is_null());
    }

    #[test]
    fn borrowed_text_is_checked() {
        let check = |ptr: *const u8, len: usize, expected: Result<&str, &'static str>| {
            // SAFETY: the pointers of the cases are null or valid for their length.
            let text = unsafe { copied_text(Slice { ptr, len }, 4) };
            assert_eq!(text.as_deref(), expected.as_ref().map(|text| *text));
        };
        check(b"abcd".as_ptr(), 4, Ok("abcd"));
        check(std::ptr::null(), 0, Ok(""));
        check(std::ptr::null(), 1, Err("a text is null and has a length"));
        check(b"abcde".as_ptr(), 5, Err("a text is too long"));
        check([0xff_u8].as_ptr(), 1, Err("a text is not UTF-8"));
    }
}
