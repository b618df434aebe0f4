//! What is measured, started afresh: Firebell beside a stand-in for Discord, the floors, Alertmanager.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use firebell::clock::Clock;
use firebell::demo::world::{HOOK_SECRET, Setting, World};
use firebell::store::Db;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};
use standin::Options;
use tempfile::TempDir;

use crate::alerts::{Form, Wording};
use crate::floor::{Floor, Keeping};
use crate::http::{Address, Connection};
use crate::postgres::Server;
use crate::process::{Usage, usage};
use crate::program::{self, Program};

/// How PostgreSQL is set: as it comes, but for as many connections as a bench may open.
const AS_IT_COMES: &[&str] = &["max_connections=200"];
/// How many segments of its log PostgreSQL keeps at least (`min_wal_size`).
const SEGMENTS: usize = 5;
/// How long a program may take to be ready.
const PATIENCE: Duration = Duration::from_secs(20);

/// A database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Database {
    Sqlite,
    Postgres,
}

impl Database {
    pub fn words(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// Who is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// Parses and answers, and keeps nothing.
    Bare,
    Floor(Database),
    Firebell(Database),
    Alertmanager,
}

impl Subject {
    pub fn words(self) -> String {
        match self {
            Self::Bare => "bare HTTP, keeps nothing".to_owned(),
            Self::Floor(database) => format!("floor, {}", database.words()),
            Self::Firebell(database) => format!("Firebell, {}", database.words()),
            Self::Alertmanager => "Alertmanager, keeps nothing".to_owned(),
        }
    }

    fn database(self) -> Option<Database> {
        match self {
            Self::Floor(database) | Self::Firebell(database) => Some(database),
            Self::Bare | Self::Alertmanager => None,
        }
    }
}

/// Where all of it stands.
pub struct Stage {
    folder: TempDir,
    postgres: Option<Server>,
    alertmanager: Option<PathBuf>,
    started: u32,
    /// The addresses of PostgreSQL databases on which nobody is started any more.
    left: Vec<String>,
}

/// How a subject is started.
pub struct Start {
    /// Who is told of what is new, of those that are not Firebell.
    pub notify: Option<SocketAddr>,
    /// Whether the stand-in keeps Discord's limits.
    pub rate_limits: bool,
    /// On what, in place of an empty database.
    pub on: Option<String>,
    /// What is written into Firebell's configuration before all else.
    pub configuration: &'static str,
}

impl Default for Start {
    fn default() -> Self {
        Self { notify: None, rate_limits: true, on: None, configuration: "" }
    }
}

/// A subject that runs; it ends with this.
pub struct Running {
    pub to: Address,
    pub form: Form,
    /// Firebell's world.
    pub world: Option<World>,
    /// Where its data are.
    pub database: Option<String>,
    /// When its process was started.
    began: Instant,
    program: Program,
    postgres: Option<u32>,
}

impl Running {
    /// Waits until all of it is there: Discord is heard, alerts are routed.
    pub async fn ready(&self) -> anyhow::Result<()> {
        let (path, word) = match (&self.world, self.form) {
            (Some(_), _) => ("/readyz", "\"connected\""),
            (None, Form::Alertmanager) => ("/-/ready", "OK"),
            (None, Form::Webhook) => return Ok(()),
        };
        self.until("it is ready", async |running| Ok(running.get(path).await?.contains(word))).await
    }

    /// Waits until something has come about.
    pub async fn until(
        &self,
        what: &str,
        mut holds: impl AsyncFnMut(&Self) -> anyhow::Result<bool>,
    ) -> anyhow::Result<()> {
        let began = Instant::now();
        while !holds(self).await.unwrap_or(false) {
            anyhow::ensure!(began.elapsed() < PATIENCE, "it did not come about that {what}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// Posts an alert until it is taken; how long after the start of the process that was.
    pub async fn first_taken(&self, wording: &Wording, key: &str) -> anyhow::Result<Duration> {
        let request = self.to.request(&wording.body(&[key.to_owned()]));
        let mut connection = Connection::new(self.to.at);
        loop {
            if connection.send(&request).await.is_ok_and(|answer| (200..300).contains(&answer.status)) {
                return Ok(self.began.elapsed());
            }
            anyhow::ensure!(self.began.elapsed() < PATIENCE, "no alert is taken");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Firebell's database, to look into.
    pub async fn db(&self) -> anyhow::Result<Db> {
        Ok(Db::connect(self.database.as_deref().context("it keeps nothing")?).await?)
    }

    /// The one number that a statement gives.
    pub async fn count(&self, sql: &'static str) -> anyhow::Result<f64> {
        let db = self.db().await?;
        let count: i64 = match &db {
            Db::Sqlite { file, .. } => {
                sqlx::query_scalar(sql).fetch_one(&mut SqliteConnection::connect_with(file).await?).await?
            }
            Db::Postgres { pool, .. } => sqlx::query_scalar(sql).fetch_one(pool).await?,
        };
        db.close().await;
        Ok(count as f64)
    }

    /// What the server's own processes use.
    pub fn usage(&self) -> Usage {
        usage(self.program.0.id())
    }

    /// What its database server uses, where it has one.
    pub fn database_usage(&self) -> Usage {
        self.postgres.map(usage).unwrap_or_default()
    }

    /// What a path of the server answers.
    pub async fn get(&self, path: &str) -> anyhow::Result<String> {
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?;
        Ok(client
            .get(format!("http://{}{path}", self.to.at))
            .bearer_auth(program::API_TOKEN)
            .send()
            .await?
            .text()
            .await?)
    }

    /// A figure of Firebell's.
    pub async fn figure(&self, name: &str) -> anyhow::Result<f64> {
        let text = self.get("/metrics").await?;
        let found = text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
        found.with_context(|| format!("there is no {name} in /metrics"))
    }
}

impl Stage {
    /// Sets it: a folder, and a PostgreSQL server where there is one.
    pub async fn set() -> anyhow::Result<Self> {
        let postgres = tokio::task::spawn_blocking(|| Server::start_with(AS_IT_COMES)).await?;
        let alertmanager = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
            .flat_map(|folder| ["alertmanager", "prometheus-alertmanager"].map(|name| folder.join(name)))
            .find(|file| file.is_file());
        Ok(Self { folder: TempDir::new()?, postgres, alertmanager, started: 0, left: Vec::new() })
    }

    /// Whether a subject can be measured here.
    pub fn has(&self, subject: Subject) -> bool {
        match subject {
            Subject::Alertmanager => self.alertmanager.is_some(),
            _ => subject.database() != Some(Database::Postgres) || self.postgres.is_some(),
        }
    }

    /// The databases that are here.
    pub fn databases(&self) -> Vec<Database> {
        let all = [Database::Sqlite, Database::Postgres];
        all.into_iter().filter(|database| self.has(Subject::Firebell(*database))).collect()
    }

    /// Starts a subject on an empty database, and waits until all of it is there.
    pub async fn start(&mut self, subject: Subject) -> anyhow::Result<Running> {
        let running = self.start_as(subject, Start::default()).await?;
        running.ready().await?;
        Ok(running)
    }

    /// The same, on a database that others are started on after it, until it is [left](Self::leave).
    pub async fn start_kept(&mut self, subject: Subject) -> anyhow::Result<Running> {
        let running = self.start(subject).await?;
        self.left.retain(|url| running.database.as_ref() != Some(url));
        Ok(running)
    }

    /// Starts a subject, up to where it listens.
    pub async fn start_as(&mut self, subject: Subject, start: Start) -> anyhow::Result<Running> {
        take_away(std::mem::take(&mut self.left)).await?;
        self.started += 1;
        let folder = self.folder.path().join(self.started.to_string());
        std::fs::create_dir(&folder)?;
        let database = match (&start.on, subject.database()) {
            (Some(url), _) => Some(url.clone()),
            (None, Some(database)) => Some(self.fresh(database, &folder).await?),
            (None, None) => None,
        };
        let postgres = self.postgres.as_ref().filter(|_| subject.database() == Some(Database::Postgres));
        if let (Some(_), Some(url)) = (postgres, &database) {
            settle(url).await?;
            if start.on.is_none() {
                self.left.push(url.clone());
            }
        }
        tokio::task::spawn_blocking(bring_to_disk).await??;
        let mut running = match subject {
            Subject::Bare | Subject::Floor(_) => floor(subject, &folder, database.as_deref(), start.notify)?,
            Subject::Firebell(_) => self.firebell(&folder, database.as_deref().unwrap_or_default(), &start).await?,
            Subject::Alertmanager => self.alertmanager(&folder, start.notify).await?,
        };
        running.database = database;
        running.postgres = postgres.map(Server::process);
        Ok(running)
    }

    /// The address of an empty database.
    pub async fn fresh(&self, database: Database, folder: &Path) -> anyhow::Result<String> {
        match database {
            Database::Sqlite => Ok(format!("sqlite:{}", folder.join("bench.db").display())),
            Database::Postgres => {
                let server = self.postgres.as_ref().context("there is no PostgreSQL")?;
                Ok(server.fresh_database(&format!("bench_{}", self.started)).await)
            }
        }
    }

    /// Nobody is started on a database any more.
    pub fn leave(&mut self, url: String) {
        if url.starts_with("postgres:") {
            self.left.push(url);
        }
    }

    async fn firebell(&self, folder: &Path, database: &str, start: &Start) -> anyhow::Result<Running> {
        let setting = Setting {
            text: firebell::demo::EXAMPLE.to_owned(),
            folder: folder.to_owned(),
            database: database.to_owned(),
            listen: ([127, 0, 0, 1], 0).into(),
            clock: Clock::system(),
            lease: Duration::from_secs(12),
            secrets: BTreeMap::new(),
        };
        let options = Options { rate_limits: start.rate_limits, record: false, ..Options::default() };
        let world = World::build(setting, options).await?;
        let config = program::configure(folder, &world.discord, database);
        let text = std::fs::read_to_string(&config)?;
        std::fs::write(&config, format!("{}\n{text}", start.configuration))?;
        let mut command = program::firebell(&config, &world.discord, &["serve"]);
        let began = Instant::now();
        let (program, address) = program::listening(&mut command);
        let at: SocketAddr = address.trim_start_matches("http://").parse()?;
        let to = Address { at, path: "/hooks/alertmanager".to_owned(), bearer: Some(HOOK_SECRET.to_owned()) };
        Ok(Running { to, form: Form::Webhook, world: Some(world), database: None, began, program, postgres: None })
    }

    async fn alertmanager(&self, folder: &Path, notify: Option<SocketAddr>) -> anyhow::Result<Running> {
        let file = self.alertmanager.as_ref().context("there is no Alertmanager")?;
        // Whoever is to be told is told at once, each alert by itself; else as its manual proposes.
        let wait = if notify.is_some() { "0s" } else { "30s" };
        let told = notify.unwrap_or_else(|| ([127, 0, 0, 1], 9).into());
        let config = format!(
            "route:\n  receiver: bench\n  group_by: ['...']\n  group_wait: {wait}\n  group_interval: 5m\n  repeat_interval: 4h\nreceivers:\n- name: bench\n  webhook_configs:\n  - url: http://{told}/\n"
        );
        std::fs::write(folder.join("alertmanager.yml"), config)?;
        let at: SocketAddr = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let began = Instant::now();
        let child = Command::new(file)
            .arg(format!("--config.file={}", folder.join("alertmanager.yml").display()))
            .arg(format!("--storage.path={}", folder.display()))
            .arg(format!("--web.listen-address={at}"))
            .args(["--cluster.listen-address=", "--log.level=error"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let to = Address { at, path: "/api/v2/alerts".to_owned(), bearer: None };
        let program = Program(child);
        Ok(Running { to, form: Form::Alertmanager, world: None, database: None, began, program, postgres: None })
    }
}

/// Leaves the server of a PostgreSQL database as one that ran for a while: all is copied from its log, and it has segments of
/// that to write on again. Making one takes 10 ms and more, in which nobody commits.
async fn settle(url: &str) -> anyhow::Result<()> {
    let mut connection = PgConnection::connect(url).await?;
    // A segment is only given up for the next one where something is in it.
    let next = "SELECT pg_logical_emit_message(false, 'bench', ''); SELECT pg_switch_wal()";
    for statement in std::iter::repeat_n(next, SEGMENTS).chain(["CHECKPOINT"]) {
        sqlx::raw_sql(statement).execute(&mut connection).await?;
    }
    connection.close().await?;
    Ok(())
}

/// Takes PostgreSQL databases away: the server would tidy them up while the next subject is measured, whoever that is.
async fn take_away(left: Vec<String>) -> anyhow::Result<()> {
    for url in left {
        let (server, name) = url.rsplit_once('/').context("an address names a database")?;
        let mut connection = PgConnection::connect(&format!("{server}/postgres")).await?;
        let statement = AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"));
        sqlx::raw_sql(statement).execute(&mut connection).await?;
        connection.close().await?;
    }
    Ok(())
}

/// Waits until all that was written so far is on the disk: what one subject leaves must not hold up the next one's flushes.
fn bring_to_disk() -> anyhow::Result<()> {
    let status = Command::new("sync").stdin(Stdio::null()).status().context("sync, by which a disk comes to rest")?;
    anyhow::ensure!(status.success(), "sync ended with {status}");
    Ok(())
}

fn floor(
    subject: Subject,
    folder: &Path,
    database: Option<&str>,
    notify: Option<SocketAddr>,
) -> anyhow::Result<Running> {
    let keeping = match (subject, database) {
        (Subject::Floor(Database::Postgres), Some(url)) => Keeping::Postgres(url.to_owned()),
        (Subject::Floor(Database::Sqlite), _) => Keeping::Sqlite(folder.join("bench.db")),
        _ => Keeping::Nothing,
    };
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["floor", &serde_json::to_string(&Floor { keeping, notify })?]).stdin(Stdio::null());
    let began = Instant::now();
    let (program, address) = program::listening(&mut command);
    let at: SocketAddr = address.trim_start_matches("http://").parse()?;
    Ok(Running {
        to: Address { at, path: "/".to_owned(), bearer: None },
        form: Form::Webhook,
        world: None,
        database: None,
        began,
        program,
        postgres: None,
    })
}
