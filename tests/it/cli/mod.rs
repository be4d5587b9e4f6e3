//! The command line, with the real binary: every command, every exit code, every way to be wrong.
#![expect(clippy::disallowed_methods, reason = "tests read and write files")]

mod access;
mod begin;
mod canary;
mod commands;
pub(crate) mod crm;
mod diff;
mod documents;
mod exits;
pub(crate) mod foreign;
pub(crate) mod harness;
pub(crate) mod hostile;
mod hostile_pager;
mod hostile_undo;
mod input;
mod markdown;
mod refused;
mod remarks;
pub(crate) mod review;
mod secrets;
mod storage;
pub(crate) mod stream;
mod terminal;
mod transport;
