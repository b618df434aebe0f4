//! `firebell demo`.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use crate::cli::{Ended, print};
use crate::clock::Clock;
use crate::demo::world::{API_TOKEN, HOOK_SECRET, Setting, World};
use crate::demo::{EXAMPLE, play};

/// Shows the whole thing on a stand-in for Discord, with nothing to set up.
#[derive(Debug, Args)]
pub struct Demo {
    /// Play a scripted game day, print the transcript, and fail when an expectation in it is not met.
    #[arg(long, value_name = "FILE")]
    play: Option<PathBuf>,
    /// Record all traffic between Firebell and the stand-in, as JSON lines.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// The port that Firebell listens on, when nothing is played.
    #[arg(long, default_value_t = 8080, conflicts_with = "play")]
    port: u16,
}

impl Demo {
    pub(super) async fn run(self) -> anyhow::Result<Ended> {
        match &self.play {
            Some(file) => {
                play::play(file, self.record.as_deref(), &mut |text| print::line(text)).await?;
                Ok(Ended::Well)
            }
            None => self.stay().await,
        }
    }

    /// Starts both and stays until it is interrupted.
    async fn stay(self) -> anyhow::Result<Ended> {
        let folder = std::env::temp_dir().join(format!("firebell-demo-{:016x}", rand::random::<u64>()));
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let setting = Setting {
            text: EXAMPLE.to_owned(),
            folder: folder.clone(),
            database: format!("sqlite:{}", folder.join("firebell.db").display()),
            listen: free(self.port).await?,
            clock: Clock::system(),
            lease: std::time::Duration::from_secs(12),
            secrets: std::collections::BTreeMap::new(),
        };
        let options = standin::Options { control_port: Some(0), record: false, ..standin::Options::default() };
        let mut world = World::build(setting, options).await?;
        if let Some(record) = &self.record {
            world.discord.record_to(record).with_context(|| format!("cannot record to {}", record.display()))?;
        }
        world.start_app().await?;
        let address = world.app().address().context("Firebell does not listen")?;
        print::line(format_args!("Firebell            http://{address}"));
        print::line(format_args!(
            "stand-in Discord    https://{} (REST), ws://{} (gateway)",
            world.discord.address(),
            world.discord.gateway_address()
        ));
        if let Some(control) = world.discord.control_address() {
            print::line(format_args!("act as somebody     http://{control}"));
        }
        print::line(format_args!(
            "\nring it:\n  curl -X POST http://{address}/hooks/alertmanager -H 'Authorization: Bearer {HOOK_SECRET}' \\\n       -d @plays/payloads/fraud-score-drift.firing.json"
        ));
        print::line(format_args!(
            "look at it:\n  curl http://{address}/api/v1/incidents -H 'Authorization: Bearer {API_TOKEN}'\n\nThis is a stand-in, not Discord. Ctrl-C ends both."
        ));
        tokio::signal::ctrl_c().await?;
        world.stop_app().await;
        world.discord.stop().await;
        // Left for the next clean-up of the machine when it cannot be removed.
        let _ = std::fs::remove_dir_all(&folder);
        Ok(Ended::Well)
    }
}

/// The first free port from `port` on, on loopback.
async fn free(port: u16) -> anyhow::Result<std::net::SocketAddr> {
    for candidate in port..port.saturating_add(20) {
        let address = std::net::SocketAddr::from(([127, 0, 0, 1], candidate));
        match tokio::net::TcpListener::bind(address).await {
            Ok(_) => return Ok(address),
            Err(error) => print::aside(format_args!("port {candidate} cannot be taken ({error}); trying the next")),
        }
    }
    anyhow::bail!("no port from {port} on is free: name another with --port")
}
