//! Values to text; no decisions, no IO.

pub mod diagnostic;
