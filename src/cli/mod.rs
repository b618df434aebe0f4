//! The command line: one file a sub-command, no logic.

mod check;
mod completions;
#[cfg(feature = "demo")]
mod demo;
mod doctor;
mod explain;
#[cfg(feature = "faults")]
mod faults;
mod migrate;
mod print;
mod refused;
#[cfg(feature = "faults")]
mod rehearse;
mod replay;
mod serve;
mod source;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};

use crate::telemetry::LogFormat;

/// The version with the commit it was built from.
pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("FIREBELL_COMMIT"), ")");

/// A chat-ops bot for incident response on Discord, for teams that run machine-learning systems.
#[derive(Debug, Parser)]
#[command(name = "firebell", version = VERSION, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// How log lines look.
    #[arg(long, global = true, value_enum, default_value = "text")]
    log: LogFormat,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the bot.
    Serve(serve::Serve),
    /// Read the configuration and report every problem with its cure.
    Check(check::Check),
    /// Read payload files as if they were posted; print their alerts and what triage makes of them.
    Explain(explain::Explain),
    /// Set up a source of alerts, and try it.
    #[command(subcommand)]
    Source(source::Source),
    /// Show what sources sent that could not be read, and take it in once it can.
    Refused(refused::Refused),
    /// Say what the rules of today would have made of the alerts that came lately, without acting.
    Replay(replay::Replay),
    /// Bring the database's tables up to date.
    Migrate(migrate::Migrate),
    /// Try everything the bot depends on, and say what each missing thing costs.
    Doctor(doctor::Doctor),
    /// Show the whole thing on a stand-in for Discord, with nothing to set up.
    #[cfg(feature = "demo")]
    Demo(demo::Demo),
    /// List the fault points, which tests strike.
    #[cfg(feature = "faults")]
    Faults(faults::Faults),
    /// Run the bot with a clock and leases that a test rules.
    #[cfg(feature = "faults")]
    Rehearse(rehearse::Rehearse),
    /// Print the completions for a shell.
    Completions(completions::Completions),
}

/// Where the configuration is.
#[derive(Debug, Args)]
struct ConfigFile {
    /// The configuration.
    #[arg(long, value_name = "FILE", default_value = "firebell.toml", env = "FIREBELL_CONFIG")]
    config: PathBuf,
}

/// How a sub-command ended, as an exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// All went well.
    Well,
    /// The work failed.
    Badly,
    /// It was used or configured wrongly.
    Misused,
}

impl From<Ended> for ExitCode {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Well => Self::SUCCESS,
            Ended::Badly => Self::from(1),
            Ended::Misused => Self::from(2),
        }
    }
}

/// Runs what the command line asks for.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let otherwise = match &cli.command {
        // What is played is the output; a line of log in between is for those who ask for it.
        #[cfg(feature = "demo")]
        Command::Demo(_) => "error",
        _ => "warn,firebell=info",
    };
    crate::telemetry::log(cli.log, otherwise);
    #[cfg(feature = "faults")]
    let _scenario = crate::fault::scenario();
    let ended = match cli.command {
        Command::Check(check) => Ok(check.run()),
        Command::Explain(explain) => explain.run(),
        #[cfg(feature = "faults")]
        Command::Faults(faults) => Ok(faults.run()),
        Command::Source(source) => source.run(),
        Command::Completions(completions) => Ok(completions.run()),
        #[cfg(feature = "faults")]
        Command::Rehearse(rehearse) => on_runtime(rehearse.run()),
        Command::Serve(serve) => on_runtime(serve.run()),
        Command::Replay(replay) => on_runtime(replay.run()),
        Command::Refused(refused) => on_runtime(refused.run()),
        Command::Migrate(migrate) => on_runtime(migrate.run()),
        Command::Doctor(doctor) => on_runtime(doctor.run()),
        #[cfg(feature = "demo")]
        Command::Demo(demo) => on_runtime(demo.run()),
    };
    match ended {
        Ok(ended) => ended.into(),
        Err(error) => {
            print::error(&error);
            Ended::Badly.into()
        }
    }
}

fn on_runtime<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}

/// Reads the configuration; findings that stop it are printed, the others returned.
fn load(file: &ConfigFile) -> Result<(crate::config::Config, Vec<crate::config::Finding>), Ended> {
    let loaded = crate::config::load(&file.config, &crate::config::ProcessSecrets, crate::clock::real_time());
    loaded.map_err(|findings| {
        print::findings(&findings);
        Ended::Misused
    })
}

/// The database of a configuration, whose tables must be there; nothing in it is changed.
async fn open(config: &crate::config::Config) -> anyhow::Result<crate::store::Db> {
    let url = config.database.url.as_ref().context("database.url is not set: run `firebell check`")?;
    let db = crate::store::Db::connect(url.expose()).await?;
    let pending = db.pending_migrations().await?;
    anyhow::ensure!(pending.is_empty(), "the database lacks {}: run `firebell migrate`", pending.join(", "));
    Ok(db)
}
