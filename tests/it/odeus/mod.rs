//! The Odeus machine against the seed, the rulings and a second opinion.

mod agree;
mod cases;
mod coverage;
pub(crate) mod fixture;
pub(crate) mod moves;
mod oracle;
mod seed_tables;
mod translate;
pub(crate) mod worlds;
