//! Diagnostics: what is wrong with the user's text, where, and what to do about it.

mod problem;

pub use problem::Problem;
