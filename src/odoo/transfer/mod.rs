//! Large values of single fields, on their way through without ever being in memory as a whole.
//!
//! Upload: the call is written with a mark where the value belongs, cut in two there, and the base64 of
//! the content goes between the halves while it is read. Download: the base64 is taken out of the JSON
//! answer while it comes in, and what is left is an answer like any other; a connection with a web
//! session fetches the content of attachments as it is. Both are one call like the others: the permit is
//! asked, the caller's view is asked, and a change is sent once.

mod content;
mod download;
mod form;
mod pace;
mod scan;
mod upload;

pub use content::Content;
pub use download::Download;
