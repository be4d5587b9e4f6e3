//! The `scopeform` program. Everything is in the library; here it begins and ends.

use std::process::ExitCode;

use scopeform::cli::{self, exit::Exit};

fn main() -> ExitCode {
    // A panic is a bug of ours, and scripts must never mistake it for drift.
    let ran = std::panic::catch_unwind(|| cli::run(std::env::args_os()));
    ran.unwrap_or(Exit::Bug).into()
}
