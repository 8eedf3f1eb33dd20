//! A second decision, slow and obvious, over the same policies and calls: the two must agree.

mod annex;
mod cases;
mod decide;
mod generate;
mod properties;
mod random;
mod smaller;
mod truth;
