//! The `scopeform` program. Everything is in the library; here it begins and ends.

use std::process::ExitCode;

use scopeform::cli;

fn main() -> ExitCode {
    cli::run(std::env::args_os()).into()
}
