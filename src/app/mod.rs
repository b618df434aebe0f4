//! The only place that knows all parts: builds them, runs the roles, shuts down.

mod lease;
mod parts;
mod rounds;
mod triage;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::app::lease::Leases;
use crate::app::parts::{access, credentials, places};
use crate::app::rounds::{listen_for_heartbeats, prune};
use crate::app::triage::triage;
use crate::auditor::{Auditor, Heart};
use crate::clock::{Clock, real_time};
use crate::config::Config;
use crate::discord::gateway::Gateway;
use crate::discord::{Chat, client};
use crate::domain::effect::Performer;
use crate::engine::triage::Triager;
use crate::engine::{Engine, Setup};
use crate::fault::{self, Fault, Point};
use crate::outbox::{EDITS_APART, Outbox, Places};
use crate::render::Renderer;
use crate::store::handed::Handed;
use crate::store::inbox_writer::Inbox;
use crate::store::{Db, StoreError};
use crate::web::{Access, Amazon, ChatState, Limits, Web};

pub use parts::setup;

/// How long work may take to end when the process is asked to.
const DRAIN: Duration = Duration::from_secs(20);
/// The furthest that the database's clock may be from ours: leases compare the two.
const CLOCK_TOLERANCE: chrono::Duration = chrono::Duration::seconds(2);

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Role {
    /// Takes alerts in and answers HTTP.
    Web,
    /// Triages alerts and keeps timers.
    Worker,
    /// Hears and speaks in Discord; one process at a time, by lease.
    Gateway,
}

/// How to start.
pub struct Options {
    /// What this process does.
    pub roles: BTreeSet<Role>,
    /// Whether the tables are brought up to date first.
    pub migrate: bool,
    /// The clock that decisions are made by.
    pub clock: Clock,
    /// How long a lease lasts without being renewed; renewed at a third of it.
    pub lease: Duration,
    /// How far apart edits of one message are at least, in real time.
    pub edits_apart: Duration,
    /// Renders `/metrics`.
    pub metrics: Option<PrometheusHandle>,
    /// Asks Amazon for what messages of SNS are verified by.
    pub amazon: Amazon,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            roles: [Role::Web, Role::Worker, Role::Gateway].into(),
            migrate: true,
            clock: Clock::system(),
            lease: Duration::from_secs(12),
            edits_apart: EDITS_APART,
            metrics: None,
            amazon: Amazon::default(),
        }
    }
}

/// What can be replaced while the process runs.
struct Changeable {
    setup: watch::Sender<Arc<Setup>>,
    access: watch::Sender<Arc<Access>>,
    places: watch::Sender<Places>,
    /// Counts what may call for a comparison of Discord with what should stand there.
    guild: watch::Sender<u64>,
}

/// A running Firebell.
pub struct App {
    engine: Engine,
    changeable: Changeable,
    address: Option<SocketAddr>,
    connected: watch::Receiver<bool>,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl App {
    /// Starts what `options` name, by `config`.
    pub async fn start(config: Config, options: Options) -> anyhow::Result<Self> {
        let url = config.database.url.as_ref().context("database.url is not set: run `firebell check`")?;
        let db = Db::connect(url.expose()).await?;
        if options.migrate {
            db.migrate().await.context("cannot bring the database up to date")?;
        } else if let pending = db.pending_migrations().await?
            && !pending.is_empty()
        {
            bail!("the database lacks {}: run `firebell migrate`, or start without --no-migrate", pending.join(", "));
        }
        let apart = (db.time().await? - real_time()).abs();
        if CLOCK_TOLERANCE < apart {
            bail!("the database's clock is {} ms from this machine's: set both by NTP", apart.num_milliseconds());
        }

        let credentials = credentials(&config).await?;
        let places = places(&config);
        let access = access(&config);
        let heart = match &config.auditor.heartbeat_url {
            Some(url) => Some(Heart::new(url.expose().to_owned()).context("cannot make a client for the heartbeat")?),
            None => None,
        };
        // Without a token there is no gateway to be held.
        let held: &[&str] = if config.discord.token.is_some() { &["triage", "gateway"] } else { &["triage"] };
        let limits = Limits { body: config.server.body_limit, timeout: config.server.request_timeout };
        let listen = config.server.listen;
        let retention = config.retention;
        let setup = Arc::new(setup(config));
        let changeable = Changeable {
            setup: watch::Sender::new(setup),
            access: watch::Sender::new(Arc::new(access)),
            places: watch::Sender::new(places),
            guild: watch::Sender::new(0),
        };
        let engine = Engine::new(db.clone(), options.clock.clone(), changeable.setup.subscribe());
        let renderer = Arc::new(Renderer::new().context("a template is broken")?);
        let stop = CancellationToken::new();
        let connected = watch::Sender::new(false);
        let connection = connected.subscribe();
        let lacking = watch::Sender::new(Vec::new());
        let holder = format!("{}-{:08x}", std::process::id(), rand::random::<u32>());
        let leases = Leases { db: db.clone(), holder: holder.clone(), length: options.lease };
        let mut tasks = JoinSet::new();
        let mut address = None;
        let listener = if options.roles.contains(&Role::Web) {
            Some(TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?)
        } else {
            None
        };
        // After the port, which a second process started by mistake does not get.
        if matches!(db, Db::Sqlite { .. }) {
            // An embedded database belongs to one process: what an earlier one held is free.
            let mut tx = db.begin().await?;
            tx.break_leases().await?;
            tx.commit().await?;
        }

        if let Some(listener) = listener {
            address = Some(listener.local_addr()?);
            // Before a timer looks: it must not find fault with those whom nobody could hear.
            engine.listen_for_heartbeats().await.context("heartbeats cannot be listened for")?;
            let inbox = Inbox::start(db.apart());
            let web = Web::new(
                engine.clone(),
                inbox.clone(),
                changeable.access.subscribe(),
                ChatState { connected: connection.clone(), lacking: lacking.subscribe() },
                options.metrics,
                options.amazon,
            );
            let router = web.router(limits);
            let ended = stop.clone();
            tasks.spawn(async move {
                let served = axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>())
                    .with_graceful_shutdown(ended.cancelled_owned())
                    .await;
                if let Err(error) = served {
                    error!(error = &error as &dyn std::error::Error, "the web server ended");
                }
            });
            tasks.spawn(listen_for_heartbeats(engine.clone(), changeable.setup.subscribe(), stop.clone()));
            if options.roles.contains(&Role::Worker) {
                let engine = engine.apart();
                tasks.spawn(leases.clone().while_held("triage", stop.clone(), move |stop| {
                    triage(Triager::new(engine.clone(), inbox.handed()), stop)
                }));
            }
        } else if options.roles.contains(&Role::Worker) {
            let engine = engine.apart();
            tasks.spawn(leases.clone().while_held("triage", stop.clone(), move |stop| {
                triage(Triager::new(engine.clone(), Handed::default()), stop)
            }));
        }

        let chat_client = match (options.roles.contains(&Role::Gateway), credentials) {
            (true, Some(credentials)) => Some((client::http(&credentials)?, credentials)),
            (true, None) => {
                warn!("discord.token is not set: nobody will hear of anything; run `firebell check`");
                None
            }
            (false, _) => None,
        };
        let (copying, copied) = (db.clone(), stop.clone());
        tasks.spawn(async move {
            tokio::select! {
                () = copied.cancelled() => (),
                () = copying.keep_log_short() => (),
            }
        });
        if options.roles.contains(&Role::Worker) {
            let worker = outbox_for(&engine, &options.clock, None, &renderer, &changeable, &holder, options.lease);
            tasks.spawn(worker.run(Performer::Clock, stop.clone()));
            let auditor = Auditor::new(engine.clone(), options.clock.clone(), heart, held, options.lease * 2);
            tasks.spawn(leases.clone().while_held("auditor", stop.clone(), move |stop| auditor.clone().run(stop)));
            tasks.spawn(prune(db.clone(), options.clock.clone(), retention, stop.clone()));
        }
        if let Some((http, credentials)) = chat_client {
            let chat = Chat::new(http.clone(), crate::domain::id::Snowflake(credentials.guild));
            let pace = chat.pace();
            let outbox =
                outbox_for(&engine, &options.clock, Some(chat), &renderer, &changeable, &holder, options.lease)
                    .with_edits_apart(options.edits_apart);
            let gateway =
                Gateway::new(engine.clone(), http, pace, credentials, renderer, connected, changeable.guild.clone());
            let guild = changeable.guild.clone();
            tasks.spawn(leases.clone().while_held("gateway", stop.clone(), move |stop| {
                let (outbox, gateway) = (outbox.clone(), gateway.clone());
                let (changed, lacking) = (guild.subscribe(), lacking.clone());
                async move {
                    tokio::join!(
                        gateway.run(stop.clone()),
                        outbox.clone().attend(stop.clone()),
                        outbox.clone().run(Performer::Page, stop.clone()),
                        outbox.clone().reconcile(changed, lacking, stop.clone()),
                        outbox.run(Performer::Chat, stop),
                    );
                }
            }));
        }
        Ok(Self { engine, changeable, address, connected: connection, stop, tasks })
    }

    /// Where HTTP is answered.
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// The engine, for those who look.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Whether the gateway is connected.
    pub fn connected(&self) -> watch::Receiver<bool> {
        self.connected.clone()
    }

    /// Takes a new configuration over. What cannot change while the process runs is named. It fails only where a test
    /// has it fail.
    pub async fn reload(&self, config: Config) -> Result<(), Fault> {
        fault::pass(Point::ReloadBefore).await?;
        self.changeable.places.send_replace(places(&config));
        self.changeable.access.send_replace(Arc::new(access(&config)));
        self.changeable.setup.send_replace(Arc::new(setup(config)));
        // Where things stand may be another place now, and what was refused there may be taken here.
        self.changeable.guild.send_modify(|count| *count += 1);
        info!(
            "the configuration was reloaded; [database], [retention], [server] but for its tokens, and the token, guild \
             and stand-in of [discord] take a restart"
        );
        fault::pass(Point::ReloadAfter).await
    }

    /// Whether nothing is due, under way, or waiting in the inbox.
    pub async fn is_idle(&self) -> Result<bool, StoreError> {
        let mut tx = self.engine.db().read().await?;
        Ok(tx.inbox_behind().await?.waiting == 0 && tx.open_jobs(self.engine.now()).await? == 0)
    }

    /// Stops taking work, lets what is under way end within a limit, and leaves the rest to the leases.
    pub async fn stop(mut self) {
        self.stop.cancel();
        let drained = tokio::time::timeout(DRAIN, async { while self.tasks.join_next().await.is_some() {} }).await;
        if drained.is_err() {
            warn!("some work did not end within {} s and is left to its leases", DRAIN.as_secs());
            self.tasks.shutdown().await;
        }
        self.engine.db().close().await;
    }
}

fn outbox_for(
    engine: &Engine,
    clock: &Clock,
    chat: Option<Chat>,
    renderer: &Arc<Renderer>,
    changeable: &Changeable,
    holder: &str,
    lease: Duration,
) -> Outbox {
    Outbox::new(engine.clone(), clock.clone(), chat, renderer.clone(), changeable.places.subscribe(), holder, lease)
}
