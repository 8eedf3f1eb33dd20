//! Bytes between a writer that is not asynchronous and a file that is.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

/// What a format wrote since somebody looked. Clones share it.
#[derive(Debug, Clone, Default)]
pub(in crate::tools) struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Buffer {
    pub(in crate::tools) fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
