//! The acceptance cases of the numbers.
