//! Values to text; no decisions, no IO.
//!
//! Every renderer is a pure function that writes to [`std::fmt::Write`], and the same input gives the same bytes on any
//! machine. Text that may come from the live system passes through [`neutral`] on its way out.

mod alike;
pub mod annotations;
pub mod code_quality;
pub mod codes;
pub mod csv;
pub mod diagnostic;
pub mod diff;
pub mod given;
mod grave;
pub mod history;
mod holders;
pub mod html;
mod hunks;
pub mod json;
pub mod markdown;
pub mod marks;
pub mod neutral;
mod outline;
pub mod palette;
pub mod report;
pub mod sarif;
pub mod status;
pub mod stream;
mod table;
pub mod text;
pub mod undo;
