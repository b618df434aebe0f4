//! The line to Discord: held, watched, begun anew; and the commands registered on it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serenity::all::{ConnectionStage, GatewayIntents, ShardManager};
use serenity::model::id::GuildId;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::discord::client::{ClientError, check_gateway};
use crate::discord::gateway::Gateway;
use crate::discord::pace::Turn;
use crate::discord::{client, commands};
use crate::fault::{self, Point};

/// The calls that beginning to hear takes: who we are, the gateway's address for us and for serenity, and for its shards.
const CALLS: u32 = 4;
/// After how long the commands are registered again where that failed, doubled each time, and how often.
const REGISTERED_AGAIN_AFTER: Duration = Duration::from_secs(1);
const REGISTERED_AGAIN: u32 = 10;
/// How often it is looked whether the gateway is heard, and after how long of not hearing the client is begun anew.
const LOOKED_EVERY: Duration = Duration::from_millis(250);
const DEAF_FOR: Duration = Duration::from_secs(60);
/// How long the client may take to end when it is asked to; it does not end while it cannot connect.
const END_WITHIN: Duration = Duration::from_secs(3);

/// What we must hear of: commands and buttons come without an intent; the guild tells of channels and of ourselves.
fn intents() -> GatewayIntents {
    GatewayIntents::GUILDS
}

impl Gateway {
    /// Hears until `stop`, or until the connection is lost for good.
    pub(super) async fn hear(&self, stop: &CancellationToken) -> Result<(), ClientError> {
        let (shards, mut running) = self.pace.keep_all(Turn::Then, CALLS, Box::pin(self.begin())).await?;
        tokio::select! {
            ended = &mut running => match ended {
                Ok(result) => Ok(result?),
                Err(panic) => {
                    error!(error = &panic as &dyn std::error::Error, "the gateway client panicked");
                    Ok(())
                }
            },
            () = self.until_deaf(&shards) => {
                warn!("the gateway was not heard for a while: beginning anew");
                end(&shards, running).await;
                Ok(())
            }
            () = stop.cancelled() => {
                end(&shards, running).await;
                Ok(())
            }
        }
    }

    /// Begins to hear.
    async fn begin(&self) -> Result<(Arc<ShardManager>, JoinHandle<serenity::Result<()>>), ClientError> {
        let application = self.http.get_current_application_info().await?;
        self.http.set_application_id(application.id);
        let gateway = self.http.get_gateway().await?;
        check_gateway(&gateway.url, self.credentials.stand_in.as_ref())?;

        // The client wants one of its own; it asks for little.
        let http = client::build(&self.credentials)?;
        http.set_application_id(application.id);
        let mut client =
            serenity::client::ClientBuilder::new_with_http(http, intents()).event_handler(self.clone()).await?;
        // serenity asked for the gateway's address once more, and falls back to the real one when that fails.
        check_gateway(&client.ws_url.lock().await.clone(), self.credentials.stand_in.as_ref())?;
        Ok((client.shard_manager.clone(), tokio::spawn(async move { client.start().await })))
    }

    /// Says whether the gateway is heard; ends when it was not for so long that the client may have lost its way. The
    /// client says when it connects, but not when it fails to connect again.
    async fn until_deaf(&self, shards: &ShardManager) {
        let mut heard = Instant::now();
        let mut looks_alike = 0;
        while heard.elapsed() < DEAF_FOR {
            tokio::time::sleep(LOOKED_EVERY).await;
            let connected =
                shards.runners.lock().await.values().any(|runner| runner.stage == ConnectionStage::Connected);
            if connected {
                heard = Instant::now();
            }
            // Its own word comes a moment before its list shows it.
            looks_alike = if connected == *self.connected.borrow() { 0 } else { looks_alike + 1 };
            if 2 < looks_alike && self.was_ready.load(Ordering::Relaxed) {
                self.connected.send_replace(connected);
            }
        }
    }

    /// Registers the commands; tries again for a while when that fails, since without them nobody can ask for anything.
    pub(super) async fn register(&self) {
        if self.try_to_register().await {
            return;
        }
        let gateway = self.clone();
        tokio::spawn(async move {
            let mut wait = REGISTERED_AGAIN_AFTER;
            for _ in 0..REGISTERED_AGAIN {
                tokio::time::sleep(wait).await;
                if gateway.try_to_register().await {
                    return;
                }
                wait *= 2;
            }
        });
    }

    async fn try_to_register(&self) -> bool {
        if fault::pass(Point::RegisterBefore).await.is_err() {
            return false;
        }
        let guild = GuildId::new(self.credentials.guild);
        let commands = commands::registration();
        let register = Box::pin(self.http.create_guild_commands(guild, &commands));
        match self.pace.keep(Turn::Then, register).await {
            Ok(registered) => {
                info!(commands = registered.len(), "registered the commands");
                fault::pass(Point::RegisterAfter).await.is_ok()
            }
            Err(error) => {
                error!(
                    error = &error as &dyn std::error::Error,
                    "the commands cannot be registered: was the bot invited with applications.commands?"
                );
                false
            }
        }
    }
}

async fn end(shards: &ShardManager, mut running: JoinHandle<serenity::Result<()>>) {
    let ended = async {
        shards.shutdown_all().await;
        let _ = (&mut running).await;
    };
    if tokio::time::timeout(END_WITHIN, ended).await.is_err() {
        running.abort();
    }
}
