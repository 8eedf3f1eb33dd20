//! Read settings, build the house, serve, drain.

fn main() {}
