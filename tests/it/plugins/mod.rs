//! Plugins from outside: compiled in the test, put into a directory, loaded, called, replaced and broken.
#![cfg(target_os = "linux")]
#![allow(
    clippy::disallowed_methods,
    reason = "the C compiler and the program are started here, and a script says how long the storm lasts"
)]

mod calling;
mod fixture;
mod making;
mod pipeline_storm;
mod refused;
mod reloading;
mod storm;
