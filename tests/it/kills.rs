//! `kill -9` of the real program at random moments, under a storm: what it answered for is there.
//!
//! A handful by default; `FIREBELL_KILLS=200 cargo test --test it -- kills` for as many a database.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use firebell::clock::{Clock, real_time};
use firebell::demo::world::{HOOK_SECRET, Setting, World};
use firebell::domain::incident::Incident;
use firebell::domain::paging::{Page, PageState};
use firebell::engine::Listing;
use firebell::store::Db;
use firebell::store::alert::Asked;
use sqlx::{Connection, Row, SqliteConnection};
use standin::{Discord, Options, Trouble, TroubleKind};

use crate::support::alerts::{drift, webhook};
use crate::support::program::{Program, configure, firebell, listening};
use crate::support::tallies;

/// How many senders post at once, each an alert after the other.
const SENDERS: usize = 6;
/// How long a sender waits after each.
const A_PAUSE: Duration = Duration::from_millis(50);
/// How often a sender opens a new group, which may open an incident and page somebody.
const A_GROUP: u64 = 12;
/// How often the program is left alone until even a lease of the one before has ended, so that work is killed too.
const A_REST: u32 = 25;
/// How long a lease lasts in `firebell serve`, and a little more.
const LEASE: Duration = Duration::from_secs(14);
/// How long Discord takes for a message, so that some are on their way whenever the program dies.
const A_MESSAGE: Duration = Duration::from_millis(150);
/// How long the program may take to start, or to finish what is left.
const PATIENCE: Duration = Duration::from_secs(240);

/// What the senders know.
#[derive(Default)]
struct Storm {
    over: AtomicBool,
    address: Mutex<String>,
    answered: Mutex<BTreeSet<String>>,
}

/// Posts one alert after the other, each until it is taken.
async fn send(storm: Arc<Storm>, sender: usize) {
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().unwrap();
    for number in 0_u64.. {
        let fingerprint = format!("{sender}-{number}");
        let group = format!("group-{sender}-{}", number / A_GROUP);
        let body = webhook(&group, &[drift(&fingerprint)]);
        loop {
            if storm.over.load(Ordering::SeqCst) {
                return;
            }
            let address = storm.address.lock().unwrap().clone();
            let sent = client
                .post(format!("{address}/hooks/alertmanager"))
                .bearer_auth(HOOK_SECRET)
                .body(body.clone())
                .send()
                .await;
            if sent.is_ok_and(|answer| answer.status() == 202) {
                storm.answered.lock().unwrap().insert(fingerprint);
                tokio::time::sleep(A_PAUSE).await;
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// Starts `firebell serve`; where it listens.
fn serve(config: &Path, discord: &Discord) -> (Program, String) {
    listening(&mut firebell(config, discord, &["serve"]))
}

async fn count(db: &Db, sql: &'static str) -> i64 {
    match db {
        Db::Sqlite { file, .. } => {
            sqlx::query(sql).fetch_one(&mut SqliteConnection::connect_with(file).await.unwrap()).await.unwrap().get(0)
        }
        Db::Postgres { pool, .. } => sqlx::query(sql).fetch_one(pool).await.unwrap().get(0),
    }
}

async fn incidents(db: &Db) -> Vec<Incident> {
    let mut tx = db.read().await.unwrap();
    let mut incidents = Vec::new();
    for listed in tx.incidents_page(None, Listing::All, 10_000).await.unwrap() {
        incidents.push(tx.incident(listed.id).await.unwrap().unwrap());
    }
    incidents
}

/// The alerts of `answered` that the database does not know.
async fn lost(db: &Db, answered: &BTreeSet<String>) -> Vec<String> {
    let mut lost = Vec::new();
    let answered: Vec<&String> = answered.iter().collect();
    for some in answered.chunks(500) {
        let asked = |fingerprint| Asked { source: "alertmanager", fingerprint, group: None };
        let asked: Vec<Asked<'_>> = some.iter().map(|print| asked(print.as_str())).collect();
        let lore = db.lore_of(&asked).await.unwrap();
        let found = some.iter().zip(lore.alerts);
        lost.extend(found.filter(|(_, found)| found.known.is_none()).map(|(print, _)| (*print).clone()));
    }
    lost
}

on_both_databases! {
    async fn killed_at_random_moments_under_a_storm_it_loses_nothing_that_it_answered_for(database: TestDatabase) {
        let kills: u32 = std::env::var("FIREBELL_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(6);
        let begun = Instant::now();
        let setting = Setting {
            text: firebell::demo::EXAMPLE.to_owned(),
            folder: database.folder.path().to_owned(),
            database: database.url.clone(),
            listen: ([127, 0, 0, 1], 0).into(),
            clock: Clock::system(),
            lease: LEASE,
            secrets: BTreeMap::new(),
        };
        let world = World::build(setting, Options { rate_limits: false, record: false, ..Options::default() }).await.unwrap();
        let config = configure(database.folder.path(), &world.discord, &database.url);
        let db = Db::connect(&database.url).await.unwrap();
        db.migrate().await.unwrap();

        let kind = TroubleKind::Stall(A_MESSAGE);
        world.discord.trouble(Trouble { method: Some("POST"), path: "/channels/*/messages", times: u32::MAX, kind });
        let storm = Arc::new(Storm::default());
        let (mut program, address) = serve(&config, &world.discord);
        *storm.address.lock().unwrap() = address;
        let senders: Vec<_> = (0..SENDERS).map(|sender| tokio::spawn(send(storm.clone(), sender))).collect();
        let mut in_flight = 0;
        for kill in 1..=kills {
            let rests = kill % A_REST == 0 || kill == kills;
            let at_random = Duration::from_millis(rand::random_range(20..900));
            // Leases end with the process on the embedded database. Elsewhere, at rest, they run out, and what is then
            // taken up is what dies next.
            let rests = rests && matches!(db, Db::Postgres { .. });
            tokio::time::sleep(if rests { LEASE + at_random } else { at_random }).await;
            program.0.kill().unwrap();
            program.0.wait().unwrap();
            in_flight += count(&db, "SELECT COUNT(*) FROM job WHERE state = 'running' AND performer = 'page'").await;
            let (next, address) = serve(&config, &world.discord);
            program = next;
            *storm.address.lock().unwrap() = address;
        }
        storm.over.store(true, Ordering::SeqCst);
        for sender in senders {
            sender.await.unwrap();
        }
        let since = Instant::now();
        loop {
            let mut tx = db.read().await.unwrap();
            let waiting = tx.inbox_behind().await.unwrap().waiting;
            let open = tx.open_jobs(real_time()).await.unwrap();
            drop(tx);
            if waiting == 0 && open == 0 && incidents(&db).await.iter().flat_map(|incident| &incident.pages).all(|page| page.state != PageState::Queued) {
                break;
            }
            assert!(since.elapsed() < PATIENCE, "{waiting} alerts and {open} jobs are left");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }

        let answered = storm.answered.lock().unwrap().clone();
        let lost = lost(&db, &answered).await;
        tallies::are_exact(&db).await;
        let incidents = incidents(&db).await;
        let mut pages = 0;
        let mut repeated = 0;
        for person in world.organisation.people.keys() {
            let account = world.account(person.as_str()).unwrap();
            for incident in &incidents {
                let is_theirs = |page: &&Page| &page.person == person && page.state != PageState::Withdrawn;
                let decided = incident.pages.iter().filter(is_theirs).count();
                let id = format!("({})", incident.id);
                let direct = world.discord.direct_messages(account);
                let came = direct.iter().filter(|message| message.text().contains(&id)).count();
                assert!(decided <= came, "{decided} pages of {id} were decided for {person}, {came} came");
                pages += decided;
                repeated += came - decided;
            }
        }
        let mut rooms: BTreeMap<String, usize> = BTreeMap::new();
        for channel in world.discord.channels().iter().filter(|channel| channel.name.starts_with("inc-")) {
            let number = channel.name.split('-').nth(1).unwrap().to_owned();
            *rooms.entry(number).or_default() += 1;
        }
        let text = format!(
            "{}: {kills} kills, {} alerts answered for, {} lost, {} incidents, {pages} pages, {in_flight} of them in flight at a kill, {repeated} repeated, {} s\n",
            db.kind(), answered.len(), lost.len(), incidents.len(), begun.elapsed().as_secs(),
        );
        // Written past the test harness, which keeps the output of tests that pass to itself.
        let _ = std::io::stderr().write_all(text.as_bytes());
        assert!(lost.is_empty(), "{lost:?}");
        assert!(repeated as i64 <= in_flight, "{repeated} pages came again, {in_flight} were in flight");
        assert!(0 < pages && rooms.values().all(|rooms| *rooms == 1), "{rooms:?}");
        assert_eq!(world.discord.messages(world.channel("announcements").unwrap()).len(), incidents.len(), "announced once each");
    }
}
