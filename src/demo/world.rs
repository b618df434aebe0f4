//! A world for Firebell to live in: a stand-in Discord with the guild, channels and people that a configuration names.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, anyhow};
use standin::{ChannelKind, Discord, NewChannel, Person};

use crate::app::{App, Options};
use crate::clock::Clock;
use crate::config::{self, Config, Secret, StandIn};
use crate::domain::id::{PersonId, Snowflake};
use crate::domain::organisation::Organisation;
use crate::domain::update::Sink;
use crate::outbox::EDITS_APART;
use crate::web::Amazon;

/// How long a running demo may take to come to rest, or to connect.
const PATIENCE: Duration = Duration::from_secs(20);

/// A configuration and where it runs.
pub struct Setting {
    /// The configuration, as written.
    pub text: String,
    /// Where paths in it go from, and where the certificate is put.
    pub folder: PathBuf,
    /// The database, in place of the configuration's.
    pub database: String,
    /// Where to listen, in place of the configuration's.
    pub listen: SocketAddr,
    /// The clock that Firebell decides by.
    pub clock: Clock,
    /// How long leases last.
    pub lease: Duration,
    /// Secrets beside those that every demo has, by name.
    pub secrets: BTreeMap<String, String>,
}

/// The stand-in Discord, and Firebell beside it.
pub struct World {
    /// The stand-in.
    pub discord: Discord,
    /// The people and the rest, as configured.
    pub organisation: Organisation,
    /// Asks Amazon for what messages of SNS are verified by.
    pub amazon: Amazon,
    setting: Setting,
    app: Option<App>,
    runtime: Option<tokio::runtime::Runtime>,
    channels: BTreeMap<&'static str, Snowflake>,
    edits_apart: Duration,
}

impl World {
    /// Builds the world that `setting` names and starts Firebell in it.
    pub async fn start(setting: Setting, options: standin::Options) -> anyhow::Result<Self> {
        let mut world = Self::build(setting, options).await?;
        world.start_app().await?;
        Ok(world)
    }

    /// Builds the world, without Firebell.
    pub async fn build(setting: Setting, options: standin::Options) -> anyhow::Result<Self> {
        let config = parse(&setting, &secrets(&setting, "unused: the stand-in is not there yet"))?;
        let discord = Discord::start(standin::Options { guild: config.discord.guild.0, ..options })
            .await
            .context("the stand-in Discord cannot start")?;
        let channels = seed(&discord, &config);
        std::fs::write(ca_file(&setting.folder), discord.ca_pem())
            .context("cannot write the stand-in's certificate")?;
        Ok(Self {
            discord,
            organisation: config.organisation,
            amazon: Amazon::default(),
            setting,
            app: None,
            runtime: None,
            channels,
            edits_apart: EDITS_APART,
        })
    }

    /// Has edits of one message stand at least so far apart, from the next start on.
    pub fn space_edits(&mut self, apart: Duration) {
        self.edits_apart = apart;
    }

    /// Starts Firebell, or starts it again; waits until it is connected.
    pub async fn start_app(&mut self) -> anyhow::Result<()> {
        let options = Options {
            clock: self.setting.clock.clone(),
            lease: self.setting.lease,
            edits_apart: self.edits_apart,
            metrics: crate::telemetry::count(),
            amazon: self.amazon.clone(),
            ..Options::default()
        };
        let config = self.config()?;
        // A runtime of its own, so that a kill takes everything with it, as that of a process does.
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let started = runtime.spawn(App::start(config, options)).await;
        self.runtime = Some(runtime);
        let app = started??;
        let mut connected = app.connected();
        self.app = Some(app);
        tokio::time::timeout(PATIENCE, connected.wait_for(|connected| *connected))
            .await
            .context("Firebell did not connect to the stand-in in time")??;
        Ok(())
    }

    /// The configuration, with this world's addresses in it.
    pub fn config(&self) -> anyhow::Result<Config> {
        let mut config = parse(&self.setting, &secrets(&self.setting, self.discord.token()))?;
        config.discord.stand_in = Some(StandIn { address: self.discord.address(), ca: ca_file(&self.setting.folder) });
        config.database.url = Some(Secret::new(self.setting.database.clone()));
        config.server.listen = self.setting.listen;
        Ok(config)
    }

    /// The running Firebell.
    pub fn app(&self) -> &App {
        self.app.as_ref().expect("it was started, and stopped only at the end or between two starts")
    }

    /// The clock that Firebell decides by.
    pub fn clock(&self) -> &Clock {
        &self.setting.clock
    }

    /// Ends Firebell in good order.
    pub async fn stop_app(&mut self) {
        if let Some(app) = self.app.take() {
            app.stop().await;
        }
        self.kill_app();
    }

    /// Ends Firebell as `kill -9` would.
    pub fn kill_app(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
        self.app = None;
    }

    /// A channel by what it is for: `announcements`, `operators`, `public`.
    pub fn channel(&self, purpose: &str) -> anyhow::Result<u64> {
        let found = self.channels.get(purpose).map(|channel| channel.0);
        found.ok_or_else(|| anyhow!("there is no channel for {purpose}"))
    }

    /// A person's account, by the key in the configuration.
    pub fn account(&self, person: &str) -> anyhow::Result<u64> {
        let account = self.organisation.account_of(&PersonId::from(person));
        account.map(|account| account.0).ok_or_else(|| anyhow!("there is no {person} in the configuration"))
    }

    /// The room of an incident: the channel, or the thread, whose name begins so.
    pub fn room(&self, incident: &str) -> Option<u64> {
        let prefix = format!("{}-", incident.to_lowercase());
        let exact = incident.to_lowercase();
        let channels = self.discord.channels();
        let room = channels.iter().find(|channel| channel.name.starts_with(&prefix) || channel.name == exact);
        room.map(|channel| channel.id)
    }

    /// Posts a body to a source's hook with its secret; the answer's status and body.
    pub async fn post(&self, source: &str, body: Vec<u8>) -> anyhow::Result<(u16, String)> {
        let address = self.app().address().context("Firebell does not listen")?;
        let client = reqwest::Client::builder().no_proxy().build()?;
        let request = client
            .post(format!("http://{address}/hooks/{source}"))
            .bearer_auth(HOOK_SECRET)
            .header("content-type", "application/json")
            .body(body);
        let response = request.send().await?;
        Ok((response.status().as_u16(), response.text().await?))
    }

    /// Waits until Firebell has nothing to do now.
    pub async fn rest(&self) -> anyhow::Result<()> {
        let rest = async {
            let mut calm = 0;
            // Twice in a row: a hand-over between two loops is not rest.
            while calm < 2 {
                calm = if self.app().is_idle().await? { calm + 1 } else { 0 };
                tokio::time::sleep(Duration::from_millis(4)).await;
            }
            anyhow::Ok(())
        };
        tokio::time::timeout(PATIENCE, rest).await.context("Firebell did not come to rest")?
    }

    /// Lets time pass for Firebell and for the stand-in.
    pub async fn pass(&self, by: chrono::Duration) -> anyhow::Result<()> {
        self.setting.clock.advance(by);
        self.discord.advance(by.to_std()?);
        self.rest().await
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // A runtime may not be dropped where something waits on another.
        self.kill_app();
    }
}

/// The secret of every source in a demo; it opens nothing outside this machine.
pub const HOOK_SECRET: &str = "demo-hook-secret";
/// The token of the read-only interface in a demo.
pub const API_TOKEN: &str = "demo-api-token";

/// The secrets that the example configuration refers to.
fn secrets(setting: &Setting, token: &str) -> BTreeMap<String, String> {
    let own = [
        ("FIREBELL_DISCORD_TOKEN", token),
        ("FIREBELL_API_TOKEN", API_TOKEN),
        ("FIREBELL_ALERTMANAGER_SECRET", HOOK_SECRET),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    setting.secrets.clone().into_iter().chain(own).collect()
}

fn parse(setting: &Setting, secrets: &BTreeMap<String, String>) -> anyhow::Result<Config> {
    match config::parse(&setting.text, &setting.folder, secrets, setting.clock.now()) {
        Ok((config, _)) => Ok(config),
        Err(findings) => {
            let findings: Vec<String> = findings.iter().map(ToString::to_string).collect();
            Err(anyhow!("the configuration cannot be used:\n{}", findings.join("\n")))
        }
    }
}

fn ca_file(folder: &Path) -> PathBuf {
    folder.join("stand-in.pem")
}

/// Puts the guild's channels and people there.
fn seed(discord: &Discord, config: &Config) -> BTreeMap<&'static str, Snowflake> {
    let place = |id: Snowflake, name: &str, kind| {
        discord.add_channel(NewChannel { id: Some(id.0), name, kind, parent: None });
    };
    place(config.discord.incidents_category, "Incidents", ChannelKind::Category);
    place(config.discord.announcements, "incidents", ChannelKind::Text);
    place(config.discord.operators, "firebell-operators", ChannelKind::Text);
    let mut channels =
        BTreeMap::from([("announcements", config.discord.announcements), ("operators", config.discord.operators)]);
    let sinks = config.organisation.audiences.values().flat_map(|audience| &audience.sinks);
    for sink in sinks {
        if let Sink::Channel(channel) = sink
            && !channels.values().any(|known| known == channel)
        {
            place(*channel, "status", ChannelKind::Text);
            channels.insert("public", *channel);
        }
    }
    for person in config.organisation.people.values() {
        discord.add_person(Person { id: Some(person.discord.0), name: &person.name, roles: Vec::new() });
    }
    channels
}
