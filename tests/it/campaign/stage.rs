//! A stage for one story: a guild, a database, and a program that is started again whenever it died.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use firebell::clock::Clock;
use firebell::demo::world::{HOOK_SECRET, Setting, World};
use firebell::domain::id::IncidentId;
use firebell::domain::incident::Incident;
use firebell::domain::timeline::Entry;
use firebell::store::Db;
use standin::{Discord, Message, Options};

use crate::support::TestDatabase;
use crate::support::program::{Rehearsal, configure};

/// Where the clock stands when the curtain rises.
const BEGINS: &str = "2026-02-04T01:45:00Z";
/// How long one thing may take to come about.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Stage {
    pub world: World,
    pub db: Db,
    config: PathBuf,
    program: Option<Rehearsal>,
    faults: String,
    struck: Arc<AtomicBool>,
    passed: i64,
    heartbeat: Option<String>,
    _database: TestDatabase,
}

impl Stage {
    /// Sets it, and starts the program with `faults`.
    pub async fn set(database: TestDatabase, faults: &str) -> Self {
        Self::build(database, faults, None).await
    }

    /// The same with a dead man's switch.
    pub async fn set_with(database: TestDatabase, faults: &str, heartbeat: &str) -> Self {
        Self::build(database, faults, Some(heartbeat.to_owned())).await
    }

    async fn build(database: TestDatabase, faults: &str, heartbeat: Option<String>) -> Self {
        let setting = Setting {
            text: firebell::demo::EXAMPLE.to_owned(),
            folder: database.folder.path().to_owned(),
            database: database.url.clone(),
            listen: ([127, 0, 0, 1], 0).into(),
            clock: Clock::frozen(BEGINS.parse().unwrap()),
            lease: Duration::from_millis(1500),
            secrets: std::collections::BTreeMap::new(),
        };
        let patience = Duration::from_secs(3);
        let options = Options { rate_limits: false, record: false, patience, ..Options::default() };
        let world = World::build(setting, options).await.unwrap();
        let config = configure(database.folder.path(), &world.discord, &database.url);
        let db = Db::connect(&database.url).await.unwrap();
        db.migrate().await.unwrap();
        let mut stage = Self {
            world,
            db,
            config,
            program: None,
            faults: faults.to_owned(),
            struck: Arc::default(),
            passed: 0,
            heartbeat,
            _database: database,
        };
        stage.keep_alive().await;
        stage
    }

    pub fn discord(&self) -> &Discord {
        &self.world.discord
    }

    /// Whether the fault struck.
    pub fn was_struck(&self) -> bool {
        self.struck.load(Ordering::SeqCst)
    }

    /// Starts the program if it does not run. What struck once strikes no more.
    pub async fn keep_alive(&mut self) {
        for _ in 0..10 {
            if self.program.as_mut().is_some_and(Rehearsal::is_alive) {
                return;
            }
            self.program = None;
            let begins: firebell::domain::Timestamp = BEGINS.parse().unwrap();
            let at = (begins + chrono::Duration::seconds(self.passed)).to_rfc3339();
            let faults = if self.was_struck() { "" } else { self.faults.as_str() };
            let started =
                Rehearsal::start(&self.config, &self.world.discord, &at, faults, self.heartbeat.as_deref()).await;
            match started {
                Some(program) => {
                    if !self.was_struck() {
                        self.struck = program.was_struck();
                    }
                    self.program = Some(program);
                }
                // It died before it was ready, which is a strike too.
                None => self.struck.store(true, Ordering::SeqCst),
            }
        }
        assert!(self.program.is_some(), "the program does not start");
    }

    /// Gives the program a command; whether it was carried out.
    pub async fn tell(&mut self, command: &str) -> bool {
        self.keep_alive().await;
        self.ask(command).await
    }

    async fn ask(&mut self, command: &str) -> bool {
        match &mut self.program {
            Some(program) => program.ask(command).await.as_deref() == Some("ok"),
            None => false,
        }
    }

    /// Has the program hand over and end, and another take its place.
    pub async fn hand_over(&mut self) {
        self.tell("stop").await;
        self.program = None;
        self.keep_alive().await;
    }

    /// Lets time pass, for the program and for Discord.
    pub async fn pass(&mut self, seconds: i64) {
        self.keep_alive().await;
        self.passed += seconds;
        if !self.ask(&format!("pass {seconds}")).await {
            // It died: whoever comes next begins at the new time.
            self.keep_alive().await;
        }
        self.world.discord.advance(Duration::from_secs(seconds.unsigned_abs()));
        self.tell("rest").await;
    }

    /// Posts alerts as a careful sender does: again until they are taken.
    pub async fn ring(&mut self, body: Vec<u8>) {
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(15)).build().unwrap();
        let begun = Instant::now();
        loop {
            self.keep_alive().await;
            let address = self.program.as_ref().map(|program| program.address.clone()).unwrap_or_default();
            let sent = client
                .post(format!("http://{address}/hooks/alertmanager"))
                .bearer_auth(HOOK_SECRET)
                .body(body.clone())
                .send()
                .await;
            if sent.is_ok_and(|answer| answer.status() == 202) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "the alerts are not taken");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Lets time pass until something holds, doing what somebody would do who waits for it.
    pub async fn until(
        &mut self,
        what: &str,
        mut holds: impl AsyncFnMut(&mut Self) -> bool,
        mut act: impl AsyncFnMut(&mut Self),
    ) {
        let begun = Instant::now();
        while !holds(self).await {
            if PATIENCE < begun.elapsed() {
                panic!("it did not come about that {what}: {}", self.waiting().await);
            }
            act(self).await;
            self.pass(2).await;
        }
    }

    /// A figure of the program's.
    pub async fn figure(&mut self, name: &str) -> f64 {
        self.keep_alive().await;
        let address = self.program.as_ref().map(|program| program.address.clone()).unwrap_or_default();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let text = client.get(format!("http://{address}/metrics")).send().await.unwrap().text().await.unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
        line.unwrap_or(0.0)
    }

    async fn waiting(&self) -> String {
        let mut tx = self.db.read().await.unwrap();
        let jobs = tx.waiting_jobs(20).await.unwrap();
        jobs.iter().map(|job| format!("{} {:?}", job.dedup_key, job.trouble)).collect::<Vec<_>>().join("; ")
    }

    /// The incident, once there is one.
    pub async fn incident(&self) -> Option<Incident> {
        self.db.read().await.unwrap().incident(IncidentId(1)).await.unwrap()
    }

    /// The incident's timeline.
    pub async fn timeline(&self) -> Vec<Entry> {
        self.db.read().await.unwrap().timeline(IncidentId(1)).await.unwrap()
    }

    /// The kinds of the entries, in order.
    pub async fn kinds(&self) -> Vec<String> {
        let kind = |entry: &Entry| serde_json::to_value(&entry.event).unwrap()["kind"].as_str().unwrap().to_owned();
        self.timeline().await.iter().map(kind).collect()
    }

    /// What stands in a place: `announcements`, `operators`, `public`, `room`, or with `ana`.
    pub fn messages(&self, at: &str) -> Vec<Message> {
        let found = match at {
            "ana" => self.discord().direct_messages(self.world.account("ana").unwrap()),
            "room" => self.world.room("INC-1").map(|room| self.discord().messages(room)).unwrap_or_default(),
            other => self.discord().messages(self.world.channel(other).unwrap()),
        };
        found.into_iter().filter(|message| message.ephemeral_for.is_none()).collect()
    }

    /// Somebody presses the newest button of this name that is there; they look again when nothing came of it.
    pub async fn press(&self, who: &str, at: &str, on: &str, label: &str) {
        if !self.is_heard().await {
            return;
        }
        let user = self.world.account(who).unwrap();
        let newest = self.messages(at).into_iter().rev().find(|message| message.text().contains(on));
        if let Some(message) = newest {
            let _ = self.discord().press_label(user, message.channel, message.id, label).await;
        }
    }

    /// Somebody gives a command in the room; they look again when nothing came of it.
    pub async fn command(&self, who: &str, command: &str, options: serde_json::Value) {
        if !self.is_heard().await {
            return;
        }
        if let Some(room) = self.world.room("INC-1") {
            let user = self.world.account(who).unwrap();
            let _ = self.discord().command(user, room, command, options).await;
        }
    }

    /// Waits until the program hears what people do; it may not for a while after it died.
    async fn is_heard(&self) -> bool {
        let begun = Instant::now();
        while !self.discord().connected() || self.discord().commands().is_empty() {
            if Duration::from_secs(4) < begun.elapsed() {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        true
    }
}
