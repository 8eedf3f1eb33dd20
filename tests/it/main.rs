//! The integration binary: one program, many modules, linked once.
#![cfg(test)]

mod catalogue;
mod policies;
mod tidy;
mod transport;
