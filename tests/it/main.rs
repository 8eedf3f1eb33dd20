//! The integration binary: one program, many modules, linked once.
#![cfg(test)]

mod catalogue;
mod policies;
mod records;
mod tidy;
mod transport;
