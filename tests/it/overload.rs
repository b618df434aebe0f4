//! More alerts than the database takes: what waits is bounded, who is too many is told to come back, and what was
//! answered for is there. And the order in which it happens: kept first, answered afterwards.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use firebell::clock::{Clock, real_time};
use firebell::demo::world::{HOOK_SECRET, Setting, World};
use firebell::domain::alert::Alert;
use firebell::store::Db;
use firebell::store::inbox_writer::{Inbox, InboxError};
use sqlx::{Connection, SqliteConnection};
use standin::Options;

use crate::support::alerts::{drift, webhook};
use crate::support::program::{configure, firebell, listening};
use crate::support::{Bot, TestDatabase};

/// Has every writer wait until what is returned goes.
enum Stall {
    Sqlite(SqliteConnection),
    Postgres(sqlx::PgConnection),
}

impl Stall {
    async fn begin(url: &str) -> Self {
        if url.starts_with("sqlite:") {
            let mut connection = SqliteConnection::connect(url).await.unwrap();
            sqlx::query("BEGIN IMMEDIATE").execute(&mut connection).await.unwrap();
            return Self::Sqlite(connection);
        }
        let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
        sqlx::raw_sql("BEGIN; LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE").execute(&mut connection).await.unwrap();
        Self::Postgres(connection)
    }

    async fn end(self) {
        match self {
            Self::Sqlite(mut connection) => {
                sqlx::query("ROLLBACK").execute(&mut connection).await.unwrap();
            }
            Self::Postgres(mut connection) => {
                sqlx::query("ROLLBACK").execute(&mut connection).await.unwrap();
            }
        }
    }
}

fn alert() -> Alert {
    let alert = serde_json::json!({
        "source": "s", "fingerprint": "f", "status": "firing", "signal": "normal", "title": "Scores drift",
        "description": null, "severity": null, "vendor_severity": null, "category": null, "service": null, "labels": {},
        "links": [], "started_at": null, "ended_at": null,
    });
    serde_json::from_value(alert).unwrap()
}

async fn kept(db: &Db) -> i64 {
    let head = "SELECT CAST(last AS BIGINT) FROM inbox_head";
    match db {
        Db::Sqlite { file, .. } => {
            sqlx::query_scalar(head).fetch_one(&mut SqliteConnection::connect_with(file).await.unwrap()).await.unwrap()
        }
        Db::Postgres { pool, .. } => sqlx::query_scalar(head).fetch_one(pool).await.unwrap(),
    }
}

on_both_databases! {
    async fn so_many_requests_may_wait_for_the_database_and_no_more(database: TestDatabase) {
        let db = Db::connect(&database.url).await.unwrap();
        db.migrate().await.unwrap();
        let inbox = Inbox::start(db.clone());
        let stall = Stall::begin(&database.url).await;
        let requests: Vec<_> = (0..3000)
            .map(|_| {
                let inbox = inbox.clone();
                tokio::spawn(async move { inbox.append(vec![alert()], real_time()).await })
            })
            .collect();
        while inbox.waiting() < 1024 {
            tokio::task::yield_now().await;
        }
        stall.end().await;
        let (mut taken, mut refused) = (0, 0);
        for request in requests {
            match request.await.unwrap() {
                Ok(_) => taken += 1,
                Err(InboxError::Full) => refused += 1,
                Err(error) => panic!("{error}"),
            }
        }
        assert!(1024 <= taken && 0 < refused, "{taken} were taken, {refused} refused");
        assert_eq!(kept(&db).await, taken, "what was answered for is there, and nothing else");
        assert_eq!(inbox.append(vec![alert(), alert()], real_time()).await.unwrap(), taken + 1, "and it goes on");
    }

    async fn while_the_database_stands_still_large_requests_are_told_to_come_back_and_what_was_taken_is_there(database: TestDatabase) {
        let url = database.url.clone();
        let bot = Bot::start(database).await;
        let address = bot.world.app().address().unwrap();
        let engine = bot.world.app().engine().clone();
        // A mebibyte a request: the senders are few, and what they send is not.
        let long = "what happened, at length; ".repeat(350);
        let story = |number: usize| {
            let alert = drift(&format!("place-{number}")).summary("so much");
            (1..=4).fold(alert, |alert, part| alert.label(&format!("story{part}"), &long))
        };
        let alerts: Vec<_> = (0..40).map(story).collect();
        let body = webhook("drift", &alerts);
        assert!(1 << 20 <= body.len());
        let stall = Stall::begin(&url).await;
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let senders: Vec<_> = (0..64)
            .map(|_| {
                let request = client.post(format!("http://{address}/hooks/alertmanager")).bearer_auth(HOOK_SECRET);
                let request = request.body(body.clone());
                tokio::spawn(async move {
                    let answer = request.send().await.unwrap();
                    let comes_back = answer.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
                    (answer.status().as_u16(), comes_back)
                })
            })
            .collect();
        // Whoever is too many hears of it while the others wait.
        bot.until("somebody is turned away", async |_| senders.iter().any(tokio::task::JoinHandle::is_finished)).await;
        stall.end().await;
        let (mut taken, mut refused) = (0, 0);
        for sender in senders {
            match sender.await.unwrap() {
                (202, _) => taken += 1,
                (503, Some(seconds)) => {
                    assert!(seconds.parse::<u32>().is_ok(), "{seconds}");
                    refused += 1;
                }
                other => panic!("{other:?}"),
            }
        }
        assert!(0 < taken && 0 < refused, "{taken} were taken, {refused} refused");
        assert_eq!(kept(engine.db()).await, taken * 40, "what was answered for is there, and nothing else");
        bot.rest().await;
        bot.finish_in_trouble().await;
    }
}

/// What a traced process does, one system call a line.
const TRACED: &str = "pwrite64,pwritev,write,writev,sendto,sendmsg,fsync,fdatasync";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alert_is_on_the_disk_before_it_is_answered() {
    let skip = |why: &str| {
        // Written past the test harness, which keeps the output of tests that pass to itself.
        let _ = std::io::stderr()
            .write_all(format!("SKIPPED: {why}: the order of flush and answer is not looked at\n").as_bytes());
    };
    let traces = Command::new("strace").args(["-o", "/dev/null", "true"]).stderr(Stdio::null()).status();
    if !traces.is_ok_and(|status| status.success()) {
        return skip("strace is absent, or may not trace");
    }
    let database = TestDatabase::sqlite();
    let setting = Setting {
        text: firebell::demo::EXAMPLE.to_owned(),
        folder: database.folder.path().to_owned(),
        database: database.url.clone(),
        listen: ([127, 0, 0, 1], 0).into(),
        clock: Clock::system(),
        lease: Duration::from_secs(12),
        secrets: std::collections::BTreeMap::new(),
    };
    let world =
        World::build(setting, Options { rate_limits: false, record: false, ..Options::default() }).await.unwrap();
    let config = configure(database.folder.path(), &world.discord, &database.url);
    let (program, address) = listening(&mut firebell(&config, &world.discord, &["serve"]));
    let trace = database.folder.path().join("trace");
    let mut strace = Command::new("strace")
        .args(["-f", "-y", "-s", "200", "-e", &format!("trace={TRACED}"), "-p", &program.0.id().to_string(), "-o"])
        .arg(&trace)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Held to the end: it goes on telling of threads, and would end where nobody listens.
    let mut said = BufReader::new(strace.stderr.take().unwrap()).lines();
    let attached = said.next().unwrap().unwrap();
    if !attached.contains("attached") {
        let _ = strace.kill();
        strace.wait().unwrap();
        return skip(&attached);
    }
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let sent = client.post(format!("{address}/hooks/alertmanager")).bearer_auth(HOOK_SECRET);
    assert_eq!(sent.body(webhook("drift", &[drift("eu")])).send().await.unwrap().status(), 202);
    // Asked to end, it writes down what it saw.
    assert!(Command::new("kill").arg(strace.id().to_string()).status().unwrap().success());
    strace.wait().unwrap();
    drop(program);

    let lines: Vec<String> = std::fs::read_to_string(&trace).unwrap().lines().map(str::to_owned).collect();
    let calls = |line: &str, names: &[&str]| names.iter().any(|name| line.contains(&format!(" {name}(")));
    let answered = lines.iter().position(|line| line.contains("202 Accepted")).expect("the answer is in the trace");
    let before = &lines[..answered];
    let written = before
        .iter()
        .rposition(|line| calls(line, &["pwrite64", "pwritev"]) && line.contains("-wal"))
        .expect("the alert is written");
    // A call of one thread may be told in two lines, as begun and as resumed; it is done when it has a result.
    let is_flushed = before[written..].iter().any(|line| {
        (calls(line, &["fdatasync", "fsync"]) && line.contains("-wal") && line.ends_with("= 0"))
            || (line.contains("fdatasync resumed") || line.contains("fsync resumed")) && line.ends_with("= 0")
    });
    assert!(
        is_flushed,
        "the flush comes before the answer:\n{}",
        lines[written.saturating_sub(3)..=answered].join("\n")
    );
}
