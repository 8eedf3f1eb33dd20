//! The command line from outside: exit codes, what goes to which stream, and what never does.

mod approvals;
mod calls;
mod connect;
mod demo;
mod files;
mod ledger_of_models;
mod people;
mod policies;
mod program;
mod secrets;
mod serve;
mod steering;
mod usage;
