//! The TrustPager half of the language: clients with tiers per resource, their tokens, API keys, worlds and catalogues.
//!
//! A tier, a resource or a verb is only checked for what its name may look like here: which ones exist is in the
//! catalogue, and the planner finds the line of a wrong one through the origins.

pub mod catalog;
pub(super) mod leaf;
mod lower;
mod raw;
pub(super) mod world;

pub(super) use raw::{HOMES, NAMED, RawTrustpager};
