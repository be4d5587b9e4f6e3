//! From what is wanted and what is live to a plan.
pub mod laws;
mod types;

pub use types::*;
