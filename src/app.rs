//! The only file that knows all parts: builds them, runs the roles, shuts down.

use std::collections::BTreeSet;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::auditor::{Auditor, Heart};
use crate::clock::{Clock, real_time};
use crate::config::Config;
use crate::discord::client::{Credentials, StandIn};
use crate::discord::gateway::Gateway;
use crate::discord::{Chat, client};
use crate::domain::effect::Performer;
use crate::engine::triage::{ALERTS_A_COMMIT, Digested, Look, Triager};
use crate::engine::{Engine, EngineError, Setup};
use crate::fault::{self, Fault, Point};
use crate::outbox::{EDITS_APART, Outbox, Places};
use crate::render::Renderer;
use crate::store::handed::Handed;
use crate::store::inbox_writer::Inbox;
use crate::store::{Db, StoreError};
use crate::web::{Access, Amazon, ChatState, Door, Limits, Web};

/// How long work may take to end when the process is asked to.
const DRAIN: Duration = Duration::from_secs(20);
/// How long a loop waits after the database failed it.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// How long a batch may take to be digested; a database that does not answer at all must not hold triage for ever.
const DIGEST: Duration = Duration::from_secs(60);
/// How long after a batch the next one begins at most, so that in a storm batches are larger than requests; after one that
/// took less, twice as long as it took. The first alert after a silence waits for nothing.
const BREATH: Duration = Duration::from_millis(10);
/// How long repeats wait for each other, to be counted together; what is news waits for nothing but them to be counted.
const GATHER: Duration = Duration::from_millis(50);
/// How often it is said that heartbeats can be heard.
const LISTEN_EVERY: Duration = Duration::from_secs(15);
/// How often a loop looks for what other processes did.
const POLL: Duration = Duration::from_millis(250);
/// The furthest that the database's clock may be from ours: leases compare the two.
const CLOCK_TOLERANCE: chrono::Duration = chrono::Duration::seconds(2);
/// How often what is past its time is deleted, and how many rows at once.
const PRUNE_EVERY: Duration = Duration::from_secs(600);
const PRUNED_AT_ONCE: i64 = 1000;

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
        let db = Db::connect(url.expose()).await.context("cannot open the database")?;
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
            let inbox = Inbox::start(db.clone());
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
                let engine = engine.clone();
                tasks.spawn(leases.clone().while_held("triage", stop.clone(), move |stop| {
                    triage(Triager::new(engine.clone(), inbox.handed()), Some(inbox.commits()), stop)
                }));
            }
        } else if options.roles.contains(&Role::Worker) {
            let engine = engine.clone();
            tasks.spawn(leases.clone().while_held("triage", stop.clone(), move |stop| {
                triage(Triager::new(engine.clone(), Handed::default()), None, stop)
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
            let outbox =
                outbox_for(&engine, &options.clock, Some(chat), &renderer, &changeable, &holder, options.lease)
                    .with_edits_apart(options.edits_apart);
            let gateway =
                Gateway::new(engine.clone(), http, credentials, renderer, connected, changeable.guild.clone());
            let guild = changeable.guild.clone();
            tasks.spawn(leases.clone().while_held("gateway", stop.clone(), move |stop| {
                let (outbox, gateway) = (outbox.clone(), gateway.clone());
                let (changed, lacking) = (guild.subscribe(), lacking.clone());
                async move {
                    tokio::join!(
                        gateway.run(stop.clone()),
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

async fn credentials(config: &Config) -> anyhow::Result<Option<Credentials>> {
    let Some(token) = &config.discord.token else { return Ok(None) };
    let stand_in = match &config.discord.stand_in {
        Some(stand_in) => {
            let ca = tokio::fs::read(&stand_in.ca)
                .await
                .with_context(|| format!("cannot read discord.stand_in.ca, {}", stand_in.ca.display()))?;
            Some(StandIn { address: stand_in.address, ca })
        }
        None => None,
    };
    Ok(Some(Credentials { token: token.expose().to_owned(), guild: config.discord.guild.0, stand_in }))
}

/// What of the configuration decisions need.
pub fn setup(config: Config) -> Setup {
    let heartbeats = config.sources.iter().filter_map(|(name, source)| Some((name.clone(), source.every?))).collect();
    Setup { organisation: config.organisation, triage: config.triage, heartbeats }
}

/// Stands ready to hear heartbeats until `stop`.
async fn listen_for_heartbeats(engine: Engine, mut changed: watch::Receiver<Arc<Setup>>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        changed.mark_unchanged();
        let listening = engine.listen_for_heartbeats().await;
        if let Err(error) = &listening {
            warn!(error = error as &dyn std::error::Error, "heartbeats cannot be listened for yet");
        }
        tokio::select! {
            () = stop.cancelled() => (),
            () = tokio::time::sleep(if listening.is_err() { AFTER_FAILURE } else { LISTEN_EVERY }) => (),
            Ok(()) = changed.changed() => (),
        }
    }
}

fn places(config: &Config) -> Places {
    Places {
        category: Some(config.discord.incidents_category),
        announcements: config.discord.announcements,
        operators: config.discord.operators,
    }
}

fn access(config: &Config) -> Access {
    let expose = |secrets: &[crate::config::Secret]| secrets.iter().map(|secret| secret.expose().to_owned()).collect();
    Access {
        doors: config
            .sources
            .iter()
            .map(|(name, source)| {
                let door = Door {
                    kind: source.kind,
                    proof: source.proof.clone(),
                    secrets: expose(&source.secrets),
                    topics: source.topics.clone(),
                    mapping: source.mapping.clone(),
                };
                (name.clone(), Arc::new(door))
            })
            .collect(),
        public_url: config.server.public_url.clone(),
        api_tokens: expose(&config.server.api_tokens),
        is_proxy: {
            let networks = config.server.trusted_proxies.clone();
            Arc::new(move |address| networks.iter().any(|network| network.contains(address)))
        },
    }
}

/// Digests the inbox until `stop`.
async fn triage(mut triager: Triager, commits: Option<watch::Receiver<()>>, stop: CancellationToken) {
    let mut commits = commits.unwrap_or_else(|| watch::Sender::new(()).subscribe());
    let mut looked: Option<Instant> = None;
    let mut held_since: Option<Instant> = None;
    while !stop.is_cancelled() {
        commits.mark_unchanged();
        let began = Instant::now();
        if triager.may_wait() {
            let held = held_since.get_or_insert(began).elapsed();
            if held < GATHER {
                tokio::select! {
                    () = stop.cancelled() => (),
                    () = tokio::time::sleep(GATHER - held) => (),
                    Ok(()) = commits.changed() => (),
                }
                continue;
            }
        }
        held_since = None;
        let look = if looked.is_none_or(|at| POLL <= at.elapsed()) { Look::Everywhere } else { Look::Handed };
        let digested = tokio::time::timeout(DIGEST, triager.digest(look)).await;
        if look == Look::Everywhere {
            looked = Some(began);
        }
        let (wait, for_commits) = match digested.unwrap_or(Err(EngineError::Store(StoreError::TooSlow))) {
            Ok(Digested::Alerts(count)) if count < ALERTS_A_COMMIT => {
                let took = began.elapsed();
                ((took * 2).min(BREATH.saturating_sub(took)), false)
            }
            Ok(Digested::Alerts(_)) => continue,
            Ok(Digested::Nothing) => (POLL, true),
            // A person acted on the same incident meanwhile: decide again on what that made of it.
            Err(EngineError::TooBusy(_)) => continue,
            Err(error) => {
                warn!(error = &error as &dyn std::error::Error, "the inbox cannot be digested yet");
                (AFTER_FAILURE, false)
            }
        };
        tokio::select! {
            () = stop.cancelled() => (),
            () = tokio::time::sleep(wait) => (),
            // Without a writer in this process there is only the poll.
            Ok(()) = commits.changed(), if for_commits => (),
        }
    }
}

/// Deletes what is past its time, in small batches, so that nothing waits long for the write lock.
async fn prune(db: Db, clock: Clock, retention: crate::config::Retention, stop: CancellationToken) {
    while !stop.is_cancelled() {
        loop {
            match prune_once(&db, &clock, retention).await {
                Ok(0) => break,
                Ok(rows) => info!(rows, "pruned what is past its time"),
                Err(error) => {
                    warn!(error = &error as &dyn std::error::Error, "nothing can be pruned now");
                    break;
                }
            }
        }
        tokio::select! {
            () = stop.cancelled() => (),
            () = tokio::time::sleep(PRUNE_EVERY) => (),
        }
    }
}

async fn prune_once(db: &Db, clock: &Clock, retention: crate::config::Retention) -> Result<u64, StoreError> {
    let now = clock.now();
    let mut tx = db.begin().await?;
    let rows = tx.prune_inbox(now - retention.inbox, PRUNED_AT_ONCE).await?
        + tx.prune_jobs(now - retention.jobs, PRUNED_AT_ONCE).await?
        + tx.prune_refused(now - retention.refused, PRUNED_AT_ONCE).await?
        + tx.prune_declarations(now - retention.refused, PRUNED_AT_ONCE).await?;
    tx.commit().await?;
    Ok(rows)
}

/// Whether a lease is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Held {
    Yes,
    No,
    /// The database could not be asked.
    Unknown,
}

/// Work that one process does at a time.
#[derive(Clone)]
struct Leases {
    db: Db,
    holder: String,
    length: Duration,
}

impl Leases {
    /// Runs `work` while this process holds the lease, from whenever it gets it until it loses it or `stop`.
    async fn while_held<W, F>(self, name: &'static str, stop: CancellationToken, work: W)
    where
        W: Fn(CancellationToken) -> F,
        F: Future<Output = ()> + Send + 'static,
    {
        let every = self.length / 3;
        while !stop.is_cancelled() {
            let mut renewed = Instant::now();
            if self.hold(name).await == Held::Yes {
                info!(lease = name, "took the lease");
                let lost = stop.child_token();
                let mut working = tokio::spawn(work(lost.clone()));
                loop {
                    tokio::select! {
                        ended = &mut working => {
                            if let Err(panic) = ended {
                                error!(lease = name, error = &panic as &dyn std::error::Error, "work ended in a panic");
                            }
                            break;
                        }
                        () = tokio::time::sleep(every), if !lost.is_cancelled() => {
                            let asked = Instant::now();
                            // A connection that says nothing must not keep us past the end of the lease.
                            let held = tokio::time::timeout(every, self.hold(name)).await.unwrap_or(Held::Unknown);
                            if held == Held::Yes {
                                renewed = asked;
                            }
                            // While nobody can be asked the lease is ours until it ends.
                            if held == Held::No || self.length <= renewed.elapsed() + every / 2 {
                                warn!(lease = name, "lost the lease");
                                lost.cancel();
                            }
                        }
                    }
                }
                self.release(name).await;
            }
            // More often than it is renewed: whoever stands by takes over as soon as it ends.
            tokio::select! {
                () = stop.cancelled() => (),
                () = tokio::time::sleep(self.length / 12) => (),
            }
        }
    }

    async fn hold(&self, name: &str) -> Held {
        let now = real_time();
        let until = now + chrono::Duration::from_std(self.length).unwrap_or(chrono::Duration::seconds(12));
        let held = async {
            let mut tx = self.db.begin().await?;
            let held = tx.hold_lease(name, &self.holder, until, now).await?;
            fault::pass(Point::LeaseBefore).await?;
            tx.commit().await?;
            fault::pass(Point::LeaseAfter).await?;
            Ok::<_, StoreError>(held)
        };
        match held.await {
            Ok(true) => Held::Yes,
            Ok(false) => Held::No,
            Err(error) => {
                warn!(lease = name, error = &error as &dyn std::error::Error, "a lease cannot be renewed");
                Held::Unknown
            }
        }
    }

    async fn release(&self, name: &str) {
        let released = async {
            let mut tx = self.db.begin().await?;
            tx.release_lease(name, &self.holder).await?;
            fault::pass(Point::HandOverBefore).await?;
            tx.commit().await?;
            fault::pass(Point::HandOverAfter).await?;
            Ok::<_, StoreError>(())
        };
        // Whoever comes next waits for the lease to end.
        if let Err(error) = released.await {
            warn!(lease = name, error = &error as &dyn std::error::Error, "a lease could not be released");
        }
    }
}
