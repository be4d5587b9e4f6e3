//! The Odeus machine against the seed, the rulings and a second opinion.

mod agree;
mod cases;
mod compare;
mod coverage;
pub(crate) mod fixture;
pub(crate) mod moves;
pub(crate) mod oracle;
mod seed_tables;
pub(crate) mod translate;
pub(crate) mod worlds;
