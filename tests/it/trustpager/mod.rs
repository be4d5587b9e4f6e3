//! TrustPager against the seed, the numbered cases and a second opinion: the machine, the planner, its findings, apply's
//! adapter.

mod adapter;
mod agree;
mod cases;
mod findings;
pub(crate) mod fixture;
mod laws;
mod lines;
pub(crate) mod oracle;
mod prefixes;
mod resolve;
pub(crate) mod translate;
mod undo;
mod view;
pub(crate) mod worlds;
