//! Values to text; no decisions, no IO.
