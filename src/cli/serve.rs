//! `firebell serve`.

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{error, info};

use crate::app::{App, Options, Role};
use crate::cli::{ConfigFile, Ended, load, print};
use crate::telemetry;

/// Runs the bot until it is asked to stop (SIGTERM, SIGINT); SIGHUP reloads the configuration.
#[derive(Debug, Args)]
pub struct Serve {
    #[command(flatten)]
    file: ConfigFile,
    /// What this process does.
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["web", "worker", "gateway"])]
    roles: Vec<Role>,
    /// Do not bring the database's tables up to date; refuse to start when they are not.
    #[arg(long)]
    no_migrate: bool,
}

impl Serve {
    pub(super) async fn run(self) -> anyhow::Result<Ended> {
        let (config, warnings) = match load(&self.file) {
            Ok(loaded) => loaded,
            Err(ended) => return Ok(ended),
        };
        print::findings(&warnings);
        // Before anything else, so that no signal finds nobody listening.
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut hangup = signal(SignalKind::hangup())?;
        let hooks: Vec<String> = config
            .sources
            .keys()
            .filter_map(|source| Some(format!("{}/hooks/{source}", config.server.public_url.as_deref()?)))
            .collect();
        let options = Options {
            roles: self.roles.iter().copied().collect(),
            migrate: !self.no_migrate,
            metrics: telemetry::count(),
            ..Options::default()
        };
        let app = App::start(config, options).await?;
        if let Some(address) = app.address() {
            for hook in hooks {
                info!("alerts are taken in at {hook}");
            }
            info!("listening on http://{address}");
        }
        loop {
            tokio::select! {
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
                _ = hangup.recv() => match load(&self.file) {
                    Ok((config, warnings)) => {
                        print::findings(&warnings);
                        app.reload(config).await?;
                    }
                    Err(_) => error!("the configuration has errors and was not taken over; the old one stays"),
                },
            }
        }
        info!("stopping");
        app.stop().await;
        Ok(Ended::Well)
    }
}
