//! The embedded control plane over real HTTP and a real SQLite file.

mod client;
mod crash;
mod documented;
mod people;
pub(crate) mod plane;
mod protocol;
mod seed;
mod vendor;
