//! `firebell demo`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::cli::{Ended, print};
use crate::clock::Clock;
use crate::demo::world::{API_TOKEN, HOOK_SECRET, Setting, World};
use crate::demo::{EXAMPLE, keep, play, show};
use crate::store::incident::Listing;

/// How many ports are tried.
const PORTS: u16 = 20;

/// Shows the whole thing in the browser, on a stand-in for Discord, with nothing to set up.
#[derive(Debug, Args)]
pub struct Demo {
    /// Play a scripted game day, print the transcript, and fail when an expectation in it is not met.
    #[arg(long, value_name = "FILE")]
    play: Option<PathBuf>,
    /// Record all traffic between Firebell and the stand-in, as JSON lines.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// The port of the page; if it is taken, the next that is free.
    #[arg(long, default_value_t = 8080, conflicts_with = "play")]
    port: u16,
    /// Keep the database and the stand-in's world in this folder, and go on with what is there.
    #[arg(long, value_name = "FOLDER", conflicts_with = "play")]
    keep: Option<PathBuf>,
    /// The database, in place of an embedded one: `postgres://…`.
    #[arg(long, value_name = "URL", conflicts_with = "play")]
    database: Option<String>,
    /// Open the page in the browser.
    #[arg(long, conflicts_with = "play")]
    open: bool,
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
        // Before anything else, so that no signal finds nobody listening.
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let (folder, is_kept) = match &self.keep {
            Some(folder) => (folder.clone(), true),
            None => (play::temporary_folder()?, false),
        };
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let mut world = self.start(&folder).await?;
        let following = CancellationToken::new();
        let follower = tokio::spawn(show::follow(&world, following.clone()));
        let keeping = CancellationToken::new();
        let keeper = is_kept.then(|| tokio::spawn(keep::keep(world.discord.clone(), folder.clone(), keeping.clone())));
        self.say_where(&world)?;
        tokio::select! {
            _ = terminate.recv() => (),
            _ = interrupt.recv() => (),
        }
        print::aside("stopping");
        following.cancel();
        follower.await?;
        world.stop_app().await;
        // After Firebell, so that the world has all that it did.
        keeping.cancel();
        if let Some(keeper) = keeper {
            keeper.await??;
        }
        world.discord.stop().await;
        if !is_kept {
            // Left for the next clean-up of the machine when it cannot be removed.
            let _ = std::fs::remove_dir_all(&folder);
        }
        Ok(Ended::Well)
    }

    /// Firebell and the stand-in with its page.
    async fn start(&self, folder: &Path) -> anyhow::Result<World> {
        let page = free(self.port, "the page").await?;
        let hooks = free(page.port().saturating_add(1), "Firebell").await?;
        let embedded = || format!("sqlite:{}", folder.join("firebell.db").display());
        let setting = Setting {
            text: EXAMPLE.to_owned(),
            folder: folder.to_owned(),
            database: self.database.clone().unwrap_or_else(embedded),
            listen: hooks,
            clock: Clock::system(),
            lease: std::time::Duration::from_secs(12),
            secrets: std::collections::BTreeMap::new(),
        };
        let options = standin::Options {
            control_port: Some(page.port()),
            guild_name: "Example Payments".to_owned(),
            bot_name: "Firebell".to_owned(),
            record: false,
            ..standin::Options::default()
        };
        let mut world = World::build(setting, options).await?;
        if let Some(record) = &self.record {
            world.discord.record_to(record).with_context(|| format!("cannot record to {}", record.display()))?;
        }
        let is_known = keep::restore(&world.discord, world.clock(), folder)?;
        world.start_app().await?;
        if !is_known && !world.app().engine().incidents(Listing::All, 1).await?.is_empty() {
            print::aside(
                "the database has incidents of an earlier demo, whose rooms are gone: keep both with --keep FOLDER",
            );
        }
        show::open(&world)?;
        Ok(world)
    }

    fn say_where(&self, world: &World) -> anyhow::Result<()> {
        let page = world.discord.control_address().context("there is no page")?;
        let hooks = world.app().address().context("Firebell does not listen")?;
        print::line(format_args!(
            "Open http://{page}\n\n\
             It is a stand-in, not Discord: everything runs on this machine, and nothing leaves it. Ctrl-C ends it.\n"
        ));
        print::line(format_args!(
            "ring    curl -X POST http://{hooks}/hooks/alertmanager -H 'Authorization: Bearer {HOOK_SECRET}' \\\n          \
             -d @plays/payloads/fraud-score-drift.firing.json"
        ));
        print::line(format_args!(
            "read    curl http://{hooks}/api/v1/incidents -H 'Authorization: Bearer {API_TOKEN}'"
        ));
        print::line(format_args!("script  curl http://{page}/routes"));
        if self.open
            && let Err(error) = open::that_detached(format!("http://{page}"))
        {
            print::aside(format_args!("no browser can be opened ({error}): open the address above"));
        }
        Ok(())
    }
}

/// The first free port from `port` on, on loopback.
async fn free(port: u16, what: &str) -> anyhow::Result<SocketAddr> {
    for candidate in port..port.saturating_add(PORTS) {
        let address = SocketAddr::from(([127, 0, 0, 1], candidate));
        match tokio::net::TcpListener::bind(address).await {
            Ok(listener) => return Ok(listener.local_addr()?),
            Err(error) => {
                print::aside(format_args!("port {candidate} cannot be taken for {what} ({error}): trying the next"));
            }
        }
    }
    anyhow::bail!("no port from {port} on is free: name another with --port")
}
