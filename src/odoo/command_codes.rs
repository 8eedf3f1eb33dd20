//! The numbers that x2many commands begin with.

pub(super) const CREATE: i64 = 0;
pub(super) const UPDATE: i64 = 1;
pub(super) const DELETE: i64 = 2;
pub(super) const UNLINK: i64 = 3;
pub(super) const LINK: i64 = 4;
pub(super) const CLEAR: i64 = 5;
pub(super) const SET: i64 = 6;
