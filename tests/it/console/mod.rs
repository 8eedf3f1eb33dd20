//! The console through the real HTTP door, as a browser reaches it.

mod certificates;
mod editor;
mod newcomers;
mod people;
mod place;
mod policy;
mod refusals;
mod showing;
