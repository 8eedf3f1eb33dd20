//! The state directory: private, locked, replaced whole.

mod state_dir;

pub use state_dir::{StateDir, StoreError};
