//! The program.

use std::process::ExitCode;

fn main() -> ExitCode {
    firebell::cli::run()
}
