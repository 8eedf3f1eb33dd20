//! The rooms put together.
