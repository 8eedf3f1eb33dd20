//! The integration binary: one program, many modules, linked once.
#![cfg(test)]

mod catalogue;
mod cli;
mod policies;
mod readme;
mod records;
mod tidy;
mod transport;
