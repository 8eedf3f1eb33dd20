//! Files that a tool hands out: small ones inside the answer, others in the caller's download area.
//!
//! Every tool that fetches or makes a file goes through here, so that all of them count, hash and check
//! in the same way, and none holds a large file in memory.

mod buffer;
mod checked;
mod outgoing;
mod pdf_pages;

pub(in crate::tools) use buffer::Buffer;
pub(in crate::tools) use checked::{Expected, Kept, keep_answer};
pub(in crate::tools) use outgoing::{Delivered, DeliveredAs, Outgoing};
