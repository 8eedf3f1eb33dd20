//! The download area: files of one caller, kept for a while in the state directory.
