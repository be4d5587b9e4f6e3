//! Trust in the planner: numbered cases, every finding, the laws, and the seal.

mod cases;
mod causes;
mod findings;
pub(crate) mod harness;
pub(crate) mod laws;
pub(crate) mod naive;
mod names;
mod renamed;
mod resume;
mod seal;
mod undo;
mod widens;
pub(crate) mod wishes;
