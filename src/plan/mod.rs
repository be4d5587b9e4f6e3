//! From what is wanted and what is live to a plan.
mod approvals;
pub mod assemble;
pub mod carried;
pub mod consequence;
pub mod denial;
pub mod guard;
pub mod laws;
pub mod order;
mod people;
pub mod policy;
mod rule;
pub mod shown;
pub(crate) mod spread;
pub mod told;
mod types;
pub mod weaken;

pub use people::{
    PeopleEffect, ReconnectReason, StillHolds, TokenChange, TokenEffect, TokenUnchanged,
};
pub use rule::Rule;
pub use types::*;

/// Returns `1 action`, `3 actions`.
#[must_use]
pub fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}
