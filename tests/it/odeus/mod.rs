//! The Odeus machine against the seed, the rulings and a second opinion.

mod agree;
pub(crate) mod moves;
mod oracle;
mod translate;
pub(crate) mod worlds;
