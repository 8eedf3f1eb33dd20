//! A second decision, slow and obvious, over the same policies and calls: the two must agree.

mod annex;
mod calls;
mod cases;
mod conditions;
mod currencies;
mod decide;
mod generate;
mod look;
mod mistyped;
mod model;
mod outcome;
mod properties;
mod random;
mod rules;
mod scope;
mod smaller;
mod truth;
mod weigh;
