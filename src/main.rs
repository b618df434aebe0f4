//! The program.

use std::process::ExitCode;

/// Half of what taking an alert in costs beside the commit is memory, and this one gives it out faster than the system's.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    firebell::cli::run()
}
