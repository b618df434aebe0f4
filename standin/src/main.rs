//! The stand-in as a program: starts, says where it is, and runs until it is interrupted.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use standin::seed::{Seed, UnknownName};
use standin::{Discord, Options, StartError};

/// A stand-in for Discord on loopback. The control API describes itself at /.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Port of the REST server, with TLS; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    rest_port: u16,
    /// Port of the gateway; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    gateway_port: u16,
    /// Port of the control API; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    control_port: u16,
    /// The bot's token
    #[arg(long, env = "STANDIN_TOKEN", default_value_t = Options::default().token)]
    token: String,
    /// JSON file with the roles, people and channels to start with
    #[arg(long)]
    seed: Option<PathBuf>,
    /// File for the certificate that a client must trust
    #[arg(long)]
    ca_out: Option<PathBuf>,
    /// File for all traffic, one JSON object a line
    #[arg(long)]
    record: Option<PathBuf>,
    /// Leave rate limits out
    #[arg(long)]
    no_rate_limits: bool,
}

/// Why the program ended early.
#[derive(Debug, thiserror::Error)]
enum RunError {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("cannot use {path}")]
    File { path: PathBuf, source: io::Error },
    #[error("{path} is no seed")]
    Seed { path: PathBuf, source: serde_json::Error },
    #[error(transparent)]
    Name(#[from] UnknownName),
    #[error("cannot write to the terminal")]
    Terminal(#[from] io::Error),
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut line = format!("standin: {error}");
            let mut cause = std::error::Error::source(&error);
            while let Some(inner) = cause {
                line.push_str(&format!(": {inner}"));
                cause = inner.source();
            }
            // Nowhere is left to report that this failed.
            let _ = writeln!(io::stderr(), "{line}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), RunError> {
    let discord = Discord::start(Options {
        token: arguments.token,
        rest_port: arguments.rest_port,
        gateway_port: arguments.gateway_port,
        control_port: Some(arguments.control_port),
        rate_limits: !arguments.no_rate_limits,
        // A program may run for days: what is to be kept goes to the file.
        record: false,
        ..Options::default()
    })
    .await?;
    if let Some(path) = arguments.seed {
        let text = fs::read(&path).map_err(|source| RunError::File { path: path.clone(), source })?;
        let seed: Seed = serde_json::from_slice(&text).map_err(|source| RunError::Seed { path, source })?;
        seed.plant(&discord)?;
    }
    if let Some(path) = arguments.record {
        discord.record_to(&path).map_err(|source| RunError::File { path, source })?;
    }
    if let Some(path) = arguments.ca_out {
        fs::write(&path, discord.ca_pem()).map_err(|source| RunError::File { path, source })?;
    }
    let mut out = io::stdout().lock();
    writeln!(out, "REST     https://{} (as discord.com)", discord.address())?;
    writeln!(out, "gateway  ws://{}", discord.gateway_address())?;
    if let Some(address) = discord.control_address() {
        writeln!(out, "page     http://{address} (what a script can do there is told at /routes)")?;
    }
    writeln!(out, "guild    {}", discord.guild())?;
    drop(out);
    tokio::signal::ctrl_c().await?;
    discord.stop().await;
    Ok(())
}
