//! The embedded control plane over real HTTP and a real SQLite file.

mod client;
mod crash;
mod documented;
mod faults;
mod people;
mod plane;
mod protocol;
mod seed;
mod vendor;
