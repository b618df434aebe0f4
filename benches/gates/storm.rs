//! Ten thousand alerts at once: of one fingerprint, and of as many. Gates 8 and 9.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::Bench;
use crate::alerts::Law;
use crate::book::{Load, median};
use crate::ingest;
use crate::stage::{Running, Subject};
use crate::table::{Line, Unit};

const ALERTS: u64 = 10_000;
/// How many rounds of bursts there are at least, but in a look: each takes a third of a second, and they differ by a tenth.
const ROUNDS: u32 = 7;
/// How long Discord is watched afterwards, and in a look.
const WATCHED: Duration = Duration::from_secs(12);
const LOOK: Duration = Duration::from_secs(4);

/// Posts them; seconds until the last was answered.
async fn pour(bench: &mut Bench, running: &Running, law: Law) -> anyhow::Result<f64> {
    let load = Load { connections: 16, ..Load::busy(law) };
    let mut plan = ingest::plan(bench, running, load, Duration::from_secs(120));
    plan.alerts = Some(ALERTS);
    let answers = plan.run().await?;
    anyhow::ensure!(answers.taken == ALERTS, "only {} were taken: {:?}", answers.taken, answers.statuses);
    Ok(answers.seconds)
}

/// How many alerts were counted, repeats and all.
const COUNTED: &str = "SELECT CAST(SUM(deliveries) AS BIGINT)
    FROM (SELECT deliveries FROM alert UNION ALL SELECT deliveries FROM alert_repeat) AS counted";

pub async fn measure(bench: &mut Bench) -> anyhow::Result<Vec<Line>> {
    let mut bursts = Bursts::default();
    for _ in 0..bench.rounds_at_least(ROUNDS) {
        bursts.round(bench).await?;
    }
    let alertmanager = bursts.median(Subject::Alertmanager);
    let watched = if bench.is_quick { LOOK } else { WATCHED };
    let mut lines = Vec::new();
    for database in bench.stage.databases() {
        let name = database.words();
        let floor = bursts.median(Subject::Floor(database));
        for (gate, law) in [("8", Law::One), ("9", Law::Distinct)] {
            let running = bench.stage.start(Subject::Firebell(database)).await?;
            let seconds = pour(bench, &running, law).await?;
            let seconds = if law == Law::One { bursts.median(Subject::Firebell(database)) } else { seconds };
            running
                .until("all are digested", async |running| {
                    Ok(running.figure("firebell_inbox_alerts_waiting").await? == 0.0)
                })
                .await?;
            tokio::time::sleep(watched).await;
            let Some(world) = &running.world else { continue };
            let (busiest, refused) = (world.discord.requests_per_second_max(), world.discord.count_429());
            let accounts = world.organisation.people.values().map(|person| person.discord.0);
            let pages: usize = accounts.map(|account| world.discord.direct_messages(account).len()).sum();
            let incidents = running.count("SELECT COUNT(*) FROM incident").await?;
            let counted = running.count(COUNTED).await?;
            bench.tell(format_args!(
                "10,000 alerts, {}, {name}: {seconds:.2} s, {incidents} incidents, {counted} counted, {pages} pages, at most {busiest} calls in a second, {refused} refused",
                law.words()
            ));
            let what = |what: &str| format!("10,000 alerts, {}, {name}: {what}", law.words());
            lines.push(Line::new(gate, what("alerts counted"), counted, Unit::Count).exactly(ALERTS as f64));
            if law == Law::One {
                lines.extend([
                    Line::new(gate, what("until the last answer"), seconds, Unit::Seconds)
                        .at_most(1.0, "Alertmanager", alertmanager)
                        .aims_at_most(1.3, "floor", floor),
                    Line::new(gate, what("incidents"), incidents, Unit::Count).exactly(1.0),
                    Line::new(gate, what("pages"), pages as f64, Unit::Count).exactly(1.0),
                ]);
            }
            lines.extend([
                Line::new(gate, what("most calls to Discord in a second"), busiest as f64, Unit::Count)
                    .within(50.0)
                    .aims_within(45.0),
                Line::new(gate, what("calls refused as too fast"), refused as f64, Unit::Count).exactly(0.0),
            ]);
        }
    }
    Ok(lines)
}

/// How long it took whom until all of one fingerprint were answered, the first that it got; seconds.
#[derive(Default)]
struct Bursts(BTreeMap<Subject, Vec<f64>>);

impl Bursts {
    async fn round(&mut self, bench: &mut Bench) -> anyhow::Result<()> {
        let mut subjects = vec![Subject::Alertmanager];
        for database in bench.stage.databases() {
            subjects.extend([Subject::Floor(database), Subject::Firebell(database)]);
        }
        subjects.retain(|subject| bench.stage.has(*subject));
        for subject in subjects {
            let running = bench.stage.start(subject).await?;
            running.ready().await?;
            let seconds = pour(bench, &running, Law::One).await?;
            bench.tell(format_args!("{}: 10,000 alerts of one key in {seconds:.2} s", subject.words()));
            self.0.entry(subject).or_default().push(seconds);
        }
        Ok(())
    }

    /// Not a number where it is not here.
    fn median(&self, subject: Subject) -> f64 {
        median(self.0.get(&subject).into_iter().flatten().copied().collect())
    }
}
