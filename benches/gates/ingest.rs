//! How fast alerts are taken in, and what it costs: gates 1 to 5.

use std::time::{Duration, Instant};

use crate::Bench;
use crate::alerts::{Law, Wording};
use crate::book::{Book, Load, Round};
use crate::load::Plan;
use crate::process::{machine, usage};
use crate::stage::{Database, Running, Subject};
use crate::table::{Line, Unit};

/// The rates of the open loops.
pub const RATES: [u32; 2] = [1000, 5000];
/// How many rounds of them there are at least, but in a look: five stalls of some milliseconds decide what one answer of a hundred
/// took, and other programs and the machine's host make as many as that, or none.
const STEADY_ROUNDS: u32 = 7;

/// The gate of ingest on a database.
pub fn gate(database: Database) -> &'static str {
    if database == Database::Sqlite { "1" } else { "2" }
}

/// Every subject that is here.
fn subjects(bench: &Bench) -> Vec<Subject> {
    let mut subjects = vec![Subject::Bare];
    for database in bench.stage.databases() {
        subjects.extend([Subject::Floor(database), Subject::Firebell(database)]);
    }
    subjects.push(Subject::Alertmanager);
    subjects.retain(|subject| bench.stage.has(*subject));
    subjects
}

/// Runs the loads that are as fast as answers come, each subject beside the others, and gives the lines of their gates.
pub async fn measure(bench: &mut Bench) -> anyhow::Result<Vec<Line>> {
    for round in 0..bench.rounds {
        for law in Law::ALL {
            for subject in subjects(bench) {
                let running = bench.stage.start(subject).await?;
                let mut loads = vec![Load::busy(law)];
                if round == 0 {
                    loads.push(Load { connections: 16, ..Load::busy(law) });
                    loads.push(Load { connections: 16, batch: 64, ..Load::busy(law) });
                }
                for load in loads {
                    run(bench, &running, subject, load).await?;
                }
            }
        }
    }
    Ok(lines(bench))
}

/// Runs the steady loads, each subject beside the others, and gives the lines of their gate.
pub async fn measure_steady(bench: &mut Bench) -> anyhow::Result<Vec<Line>> {
    for _ in 0..bench.rounds_at_least(STEADY_ROUNDS) {
        for subject in subjects(bench) {
            let running = bench.stage.start(subject).await?;
            for rate in RATES {
                run(bench, &running, subject, Load::steady(rate)).await?;
            }
        }
    }
    Ok(bench.stage.databases().into_iter().flat_map(|database| steady_lines(&bench.book, database)).collect())
}

/// Puts one load on a subject.
pub async fn run(bench: &mut Bench, running: &Running, subject: Subject, load: Load) -> anyhow::Result<()> {
    let round = once(bench, running, load, bench.counted).await?;
    bench.tell(format_args!(
        "{}, {}, {} connections × {}{}: {:.0} alerts/s, p99 {:.2} ms, {:.1} µs an alert, {:.0} ms/s stolen{}",
        subject.words(),
        load.law.words(),
        load.connections,
        load.batch,
        load.rate.map_or_else(String::new, |rate| format!(", {rate}/s")),
        round.answers.alerts_a_second,
        round.answers.p99,
        round.cpu + round.database_cpu,
        round.stolen,
        if round.answers.are_all_good() { String::new() } else { format!("; answers {:?}", round.answers.statuses) },
    ));
    bench.book.note(subject, load, round);
    Ok(())
}

/// The plan of a load on a subject, under keys of its own.
pub fn plan(bench: &mut Bench, running: &Running, load: Load, counted: Duration) -> Plan {
    bench.runs += 1;
    Plan {
        to: running.to.clone(),
        wording: Wording::paging(running.form),
        law: load.law,
        prefix: format!("scorer-{}", bench.runs),
        connections: load.connections,
        batch: load.batch,
        rate: load.rate.map(f64::from),
        warm: counted / 5,
        counted,
        alerts: None,
    }
}

/// Measures one load.
pub async fn once(bench: &mut Bench, running: &Running, load: Load, counted: Duration) -> anyhow::Result<Round> {
    let plan = plan(bench, running, load, counted);
    let own = || usage(std::process::id()).cpu;
    let (began, before, ours) = (Instant::now(), machine(), own());
    let (server, database) = (running.usage(), running.database_usage());
    let answers = plan.run().await?;
    let (server_after, database_after) = (running.usage(), running.database_usage());
    let a_alert = |before: f64, after: f64| (after - before) * 1e6 / answers.taken.max(1) as f64;
    // The bench's own process is the parent of the others, and has waited for the load: all that is ours is below it.
    let (after, seconds) = (machine(), began.elapsed().as_secs_f64());
    let foreign = (after.worked - before.worked - (own() - ours)) / seconds;
    Ok(Round {
        cpu: a_alert(server.cpu, server_after.cpu),
        database_cpu: a_alert(database.cpu, database_after.cpu),
        memory: server_after.memory,
        peak: server_after.peak,
        foreign: foreign.max(0.0),
        stolen: (after.stolen - before.stolen) * 1e3 / seconds,
        answers,
    })
}

fn lines(bench: &Bench) -> Vec<Line> {
    let book = &bench.book;
    let mut lines = Vec::new();
    for database in bench.stage.databases() {
        let (bot, floor, name) = (Subject::Firebell(database), Subject::Floor(database), database.words());
        let gate = gate(database);
        for law in Law::ALL {
            let load = Load::busy(law);
            let what = format!("durable ingest, {name}, {}", law.words());
            let mut line = Line::new(gate, what, book.throughput(bot, load), Unit::AlertsASecond).at_least(
                0.5,
                "floor",
                book.throughput(floor, load),
            );
            if database == Database::Sqlite {
                line = line.at_least(1.0, "Alertmanager", book.throughput(Subject::Alertmanager, load));
            }
            line = line.aims_at_least(0.8, "floor", book.throughput(floor, load));
            if database == Database::Postgres && law == Law::One {
                line = line.aims_at_least(0.9, "distinct", book.throughput(bot, Load::busy(Law::Distinct)));
            }
            lines.push(line);
        }
        for law in Law::ALL {
            let load = Load { connections: 16, batch: 64, ..Load::busy(law) };
            let what = format!("durable ingest, {name}, {}, 64 alerts a request", law.words());
            lines.push(
                Line::new(gate, what, book.throughput(bot, load), Unit::AlertsASecond)
                    .at_least(0.5, "floor", book.throughput(floor, load))
                    .aims_at_least(0.8, "floor", book.throughput(floor, load)),
            );
        }
        let load = Load::busy(Law::Zipf);
        lines.push(
            Line::new("3", format!("processor time an alert, {name}"), book.cpu(bot, load), Unit::Microseconds)
                .at_most(1.0, "Alertmanager", book.cpu(Subject::Alertmanager, load))
                .aims_at_most(1.4, "floor", book.cpu(floor, load)),
        );
        let load = Load::busy(Law::Zipf);
        lines.push(
            Line::new("5", format!("ingest p99 at saturation, {name}"), book.p99(bot, load), Unit::Milliseconds)
                .at_most(1.0, "Alertmanager", book.p99(Subject::Alertmanager, load))
                .aims_at_most(0.6, "Alertmanager", book.p99(Subject::Alertmanager, load)),
        );
    }
    lines
}

/// This gate's floor is the one on SQLite, whatever Firebell is on; how it stands to the one on its own database is told, too.
fn steady_lines(book: &Book, database: Database) -> impl Iterator<Item = Line> {
    let (bot, floor, name) = (Subject::Firebell(database), Subject::Floor(Database::Sqlite), database.words());
    RATES.into_iter().map(move |rate| {
        let load = Load::steady(rate);
        let mut line =
            Line::new("4", format!("ingest p99 at {rate}/s, {name}"), book.p99(bot, load), Unit::Milliseconds)
                .at_most(2.0, "floor", book.p99(floor, load))
                .aims_at_most(1.2, "floor", book.p99(floor, load));
        if database == Database::Postgres {
            line = line.aims_at_most(2.0, "floor on PostgreSQL", book.p99(Subject::Floor(database), load));
        }
        if rate == 5000 {
            line = line.at_most(1.0, "Alertmanager", book.p99(Subject::Alertmanager, load));
        }
        line
    })
}
