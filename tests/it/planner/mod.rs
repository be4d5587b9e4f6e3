//! Trust in the planner: numbered cases, every finding, the laws, and the seal.

mod cases;
mod findings;
pub(crate) mod harness;
pub(crate) mod laws;
pub(crate) mod naive;
mod names;
mod seal;
pub(crate) mod wishes;
