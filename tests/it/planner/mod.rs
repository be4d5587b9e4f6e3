//! Trust in the planner: numbered cases, every finding, the laws, and the seal.

mod cases;
mod findings;
pub(crate) mod harness;
mod laws;
mod naive;
mod names;
mod resume;
mod seal;
mod undo;
mod wishes;
