//! The one place that writes on the terminal.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is the command line's own output")]

use crate::config::Finding;

/// A line of the answer.
pub fn line(text: impl std::fmt::Display) {
    println!("{text}");
}

/// A text of the answer that ends its own lines.
pub fn text(text: impl std::fmt::Display) {
    print!("{text}");
}

/// Something beside the answer.
pub fn aside(text: impl std::fmt::Display) {
    eprintln!("{text}");
}

/// An error with its causes.
pub fn error(error: &anyhow::Error) {
    eprintln!("error: {error}");
    for cause in error.chain().skip(1) {
        eprintln!("  because {cause}");
    }
}

/// What was found in a configuration.
pub fn findings(findings: &[Finding]) {
    for finding in findings {
        eprintln!("{finding}\n");
    }
}
