//! Plugins from outside: compiled in the test, put into a directory, loaded, called, replaced and broken.
#![cfg(target_os = "linux")]

mod calling;
mod fixture;
mod making;
mod refused;
mod reloading;
mod storm;
