//! `firebell check`.

use clap::Args;

use crate::cli::{ConfigFile, Ended, load, print};

/// Reads a configuration and reports every problem with its key, what it would cost, and the cure.
#[derive(Debug, Args)]
pub struct Check {
    #[command(flatten)]
    file: ConfigFile,
    /// Fail on warnings too.
    #[arg(long)]
    strict: bool,
}

impl Check {
    pub(super) fn run(self) -> Ended {
        let (_, warnings) = match load(&self.file) {
            Ok(loaded) => loaded,
            Err(ended) => return ended,
        };
        print::findings(&warnings);
        let file = self.file.config.display();
        match warnings.len() {
            0 => print::line(format_args!("{file} is good")),
            1 => print::line(format_args!("{file} can be used; 1 warning is above")),
            count => print::line(format_args!("{file} can be used; {count} warnings are above")),
        }
        if self.strict && !warnings.is_empty() { Ended::Misused } else { Ended::Well }
    }
}
