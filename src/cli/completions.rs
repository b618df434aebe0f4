//! `firebell completions`.

use clap::{Args, CommandFactory};

use crate::cli::{Cli, Ended, print};

/// Prints the completions for a shell.
#[derive(Debug, Args)]
pub struct Completions {
    /// Which shell.
    shell: clap_complete::Shell,
}

impl Completions {
    pub(super) fn run(self) -> Ended {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "firebell", &mut script);
        print::text(String::from_utf8_lossy(&script));
        Ended::Well
    }
}
