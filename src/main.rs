//! The `scopeform` program. Everything is in the library; here it begins and ends.

use std::process::ExitCode;

use mimalloc::MiMalloc;
use scopeform::cli;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    cli::run(std::env::args_os()).into()
}
