//! The four ways a call travels, one file each. A route writes a request and reads its answer;
//! it knows nothing of sessions, retries or limits.

pub(super) mod arguments;
pub(super) mod envelope;
pub(super) mod json2;
pub(super) mod jsonrpc;
pub(super) mod session;
pub(super) mod xmlrpc;
