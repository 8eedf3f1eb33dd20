//! The integration binary: one program, many modules, linked once.
#![cfg(test)]

mod policies;
mod tidy;
