//! Canonical bytes, digest, plan documents, and consent.
//!
//! ```text
//! Plan -> SealedPlan (digest) -> Consent -> ApprovedPlan -> apply
//! ```
//!
//! The digest covers [`crate::plan::Bound`] and nothing else, so it moves only when a decision moves. `apply` takes an
//! [`ApprovedPlan`], and the only door to one is [`Consent`]. Where the rules in force ask for approvals, they are part of it.

mod acceptance;
pub mod approval;
mod consent;
mod digest;
pub mod document;
pub mod signature;
pub mod signers;

pub use acceptance::{Acceptance, AcceptanceError};
pub use consent::{ApprovedPlan, Consent, Refusal, for_this, seen, standing};
pub use digest::{Digest, SealedPlan};
