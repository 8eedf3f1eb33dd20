//! The registry over real files and real handshakes.
