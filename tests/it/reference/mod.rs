//! A second decision, slow and obvious, over the same policies and calls: the two must agree.

mod annex;
mod cases;
mod decide;
mod truth;
// With the compiled plan: `mod generate; mod properties; mod random; mod smaller;`
