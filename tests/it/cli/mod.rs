//! The command line, with the real binary: every command, every exit code, every way to be wrong.
#![expect(clippy::disallowed_methods, reason = "tests read and write files")]

pub(crate) mod harness;
