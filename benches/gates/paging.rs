//! From an alert to the page: from when it is posted until somebody's pager is asked to ring. Gates 6 and 7.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use chrono::{DateTime, Utc};
use firebell::clock::real_time;

use crate::Bench;
use crate::alerts::{Law, Wording};
use crate::book::Load;
use crate::http::Connection;
use crate::ingest;
use crate::stage::{Database, Running, Start, Subject};
use crate::table::{Line, Unit};

/// How many pages are timed, and how far apart alerts come that page: an incident's room is open by then.
const PAGES: usize = 100;
const APART: Duration = Duration::from_millis(120);
/// The same where Discord's limits are kept, which allow five messages to a person in five seconds.
const LIMITED_PAGES: usize = 12;
const LIMITED_APART: Duration = Duration::from_millis(1100);
/// How long the last page is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many incidents leave ten thousand messages to write: each its room, its announcement, its card and the pin.
const SILENT_INCIDENTS: u64 = 2500;

/// Milliseconds from alerts to their pages, in order.
#[derive(Default)]
struct Waits {
    waits: Vec<f64>,
    lost: usize,
}

/// How somebody does at rest and in a storm, in all rounds.
#[derive(Default)]
struct Paging {
    rest: Waits,
    storm: Waits,
}

impl Waits {
    fn add(&mut self, more: Self) {
        self.waits.extend(more.waits);
        self.waits.sort_unstable_by(f64::total_cmp);
        self.lost += more.lost;
    }

    fn at(&self, share: f64) -> f64 {
        let place = (self.waits.len() as f64 * share).ceil() as usize;
        if 0 < self.lost { f64::INFINITY } else { self.waits.get(place.max(1) - 1).copied().unwrap_or(f64::NAN) }
    }
}

/// Somebody who is told, and when it was of what.
#[derive(Clone, Default)]
struct Listener(Arc<Mutex<HashMap<String, DateTime<Utc>>>>);

impl Listener {
    async fn start() -> anyhow::Result<(Self, SocketAddr)> {
        let listener = Self::default();
        let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let at = socket.local_addr()?;
        let router = Router::new().fallback(post(hear)).with_state(listener.clone());
        tokio::spawn(async move { axum::serve(socket, router).await });
        Ok((listener, at))
    }
}

async fn hear(State(listener): State<Listener>, body: String) {
    let now = real_time();
    let mut heard = listener.0.lock().unwrap();
    for key in keys_in(&body) {
        heard.entry(key).or_insert(now);
    }
}

/// The keys that stand in a text.
fn keys_in(text: &str) -> Vec<String> {
    let words = text.split(|char: char| !(char.is_ascii_alphanumeric() || char == '-'));
    words.filter(|word| word.starts_with("pages-")).map(str::to_owned).collect()
}

/// When which key came to a person in the stand-in for Discord.
fn pages_of(running: &Running) -> HashMap<String, DateTime<Utc>> {
    let Some(world) = &running.world else { return HashMap::new() };
    let accounts = world.organisation.people.values().map(|person| person.discord.0);
    let messages = accounts.flat_map(|account| world.discord.direct_messages(account));
    messages
        .flat_map(|message| keys_in(&message.content).into_iter().map(move |key| (key, message.created_at)))
        .collect()
}

/// Posts alerts that page somebody, each an incident of its own, and times the pages.
async fn time(
    bench: &mut Bench,
    running: &Running,
    listener: Option<&Listener>,
    pages: usize,
    apart: Duration,
) -> anyhow::Result<Waits> {
    bench.runs += 1;
    let wording = Wording::paging(running.form);
    let mut connection = Connection::new(running.to.at);
    let mut posted = Vec::new();
    for number in 0..pages {
        let key = format!("pages-{}-{number}", bench.runs);
        let request = running.to.request(&wording.body(std::slice::from_ref(&key)));
        let at = real_time();
        let answer = connection.send(&request).await?;
        anyhow::ensure!((200..300).contains(&answer.status), "an alert was answered {}", answer.status);
        posted.push((key, at));
        tokio::time::sleep(apart).await;
    }
    let last = Instant::now();
    let arrived = loop {
        let arrived = match listener {
            Some(listener) => listener.0.lock().unwrap().clone(),
            None => pages_of(running),
        };
        if posted.iter().all(|(key, _)| arrived.contains_key(key)) || PATIENCE < last.elapsed() {
            break arrived;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let mut waits: Vec<f64> =
        posted.iter().filter_map(|(key, at)| Some((*arrived.get(key)? - *at).as_seconds_f64() * 1000.0)).collect();
    waits.sort_unstable_by(f64::total_cmp);
    Ok(Waits { lost: pages - waits.len(), waits })
}

/// How a subject does at rest, and in a storm that takes all that the machine has.
async fn at_rest_and_in_a_storm(bench: &mut Bench, subject: Subject) -> anyhow::Result<(Waits, Waits)> {
    let is_firebell = matches!(subject, Subject::Firebell(_));
    let (listener, at) = Listener::start().await?;
    // Discord's limits would be measured, not Firebell.
    let start = Start { notify: (!is_firebell).then_some(at), rate_limits: false, ..Start::default() };
    let running = bench.stage.start_as(subject, start).await?;
    running.ready().await?;
    let listener = (!is_firebell).then_some(&listener);
    let pages = if bench.is_quick { PAGES / 5 } else { PAGES };
    // The first opens the conversation, and what a start leaves to be done is done.
    time(bench, &running, listener, 3, APART).await?;
    let rest = time(bench, &running, listener, pages, APART).await?;
    let lasts = APART * pages as u32 + Duration::from_secs(2);
    let load = Load { connections: 16, ..Load::busy(Law::One) };
    let plan = ingest::plan(bench, &running, load, lasts);
    let loading = tokio::spawn(async move { plan.run().await });
    tokio::time::sleep(lasts / 5).await;
    let storm = time(bench, &running, listener, pages, APART).await?;
    let answers = loading.await??;
    bench.tell(format_args!(
        "{}: alert to page at rest p50 {:.2} ms, p99 {:.2} ms; in a storm of {:.0}/s p50 {:.2} ms, p99 {:.2} ms",
        subject.words(),
        rest.at(0.5),
        rest.at(0.99),
        answers.alerts_a_second,
        storm.at(0.5),
        storm.at(0.99)
    ));
    Ok((rest, storm))
}

/// How Firebell does while ten thousand messages wait to be written, with Discord's limits.
async fn behind_a_queue(bench: &mut Bench, database: Database) -> anyhow::Result<Line> {
    let start = Start { configuration: "flood_after = 100000", ..Start::default() };
    let running = bench.stage.start_as(Subject::Firebell(database), start).await?;
    running.ready().await?;
    let mut plan = ingest::plan(bench, &running, Load::busy(Law::Distinct), PATIENCE);
    plan.wording.severity = "info".to_owned();
    plan.alerts = Some(SILENT_INCIDENTS);
    plan.run().await?;
    running
        .until("all are digested", async |running| Ok(running.figure("firebell_inbox_alerts_waiting").await? == 0.0))
        .await?;
    let waiting = running.figure("firebell_jobs{state=\"queued\"}").await?;
    let pages = if bench.is_quick { LIMITED_PAGES / 3 } else { LIMITED_PAGES };
    let waits = time(bench, &running, None, pages, LIMITED_APART).await?;
    let what = format!("alert to page while messages wait for Discord, longest, {}", database.words());
    bench.tell(format_args!(
        "{what}: p50 {:.2} ms, longest {:.2} ms, {waiting} jobs wait",
        waits.at(0.5),
        waits.at(1.0)
    ));
    let note = format!("{} jobs wait; {pages} pages", crate::table::thousands(waiting));
    Ok(Line::new("7", what, waits.at(1.0), Unit::Milliseconds).within(10.0).note(note))
}

pub async fn measure(bench: &mut Bench) -> anyhow::Result<Vec<Line>> {
    let mut subjects = vec![Subject::Alertmanager];
    for database in bench.stage.databases() {
        subjects.extend([Subject::Floor(database), Subject::Firebell(database)]);
    }
    subjects.retain(|subject| bench.stage.has(*subject));
    let mut all: BTreeMap<Subject, Paging> = BTreeMap::new();
    // One after the other in each round: a disk that is slow for a while is slow for all.
    for _ in 0..bench.rounds {
        for subject in &subjects {
            let (rest, storm) = at_rest_and_in_a_storm(bench, *subject).await?;
            let paging = all.entry(*subject).or_default();
            paging.rest.add(rest);
            paging.storm.add(storm);
        }
    }
    let alertmanager = all.remove(&Subject::Alertmanager).unwrap_or_default();
    let mut lines = Vec::new();
    for database in bench.stage.databases() {
        let name = database.words();
        let Paging { rest: floor, storm: floor_in_storm } = all.remove(&Subject::Floor(database)).unwrap_or_default();
        let Paging { rest, storm } = all.remove(&Subject::Firebell(database)).unwrap_or_default();
        lines.extend([
            Line::new("6", format!("alert to page at rest, median, {name}"), rest.at(0.5), Unit::Milliseconds)
                .at_most(2.0, "floor", floor.at(0.5))
                .aims_at_most(1.3, "floor", floor.at(0.5))
                .aims_at_most(2.0, "Alertmanager", alertmanager.rest.at(0.5)),
            Line::new("6", format!("alert to page at rest, p99, {name}"), rest.at(0.99), Unit::Milliseconds)
                .within(5.0)
                .note(format!("floor {:.2} ms", floor.at(0.99))),
            Line::new("7", format!("alert to page in a storm, p99, {name}"), storm.at(0.99), Unit::Milliseconds)
                .within(10.0)
                .aims_at_most(0.5, "Alertmanager", alertmanager.storm.at(0.99))
                .note(format!("median {:.2} ms; floor p99 {:.2} ms", storm.at(0.5), floor_in_storm.at(0.99))),
        ]);
        lines.push(behind_a_queue(bench, database).await?);
    }
    Ok(lines)
}
