//! The TrustPager control plane over real HTTP and a real SQLite file.

mod cases;
mod client;
mod keys;
mod outcome;
pub(crate) mod plane;
mod protocol;
mod queue;
mod seed;
