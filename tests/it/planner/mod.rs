//! Trust in the planner: numbered cases, every finding, the laws, and the seal.

mod cases;
mod findings;
pub(crate) mod harness;
mod laws;
pub(crate) mod naive;
mod names;
mod seal;
mod wishes;
