//! Running the server: probes, numbers, switches, backups, and the files it is deployed with.

mod answers;
mod backups;
mod collector;
mod deployment;
mod numbers;
mod place;
mod probes;
mod proxies;
mod sessions;
mod switches;
mod traces;
