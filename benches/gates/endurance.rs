//! Whether triage keeps up: how old the oldest alert becomes that waits for it, while alerts come as fast as they are
//! taken. Part of gates 1 and 2.

use std::time::Duration;

use crate::Bench;
use crate::alerts::Law;
use crate::book::Load;
use crate::ingest;
use crate::stage::Subject;
use crate::table::{Line, Unit};

/// How long it lasts, and in a look.
const LASTS: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_secs(8);
/// How often the age is asked for.
const EVERY: Duration = Duration::from_millis(250);

pub async fn measure(bench: &mut Bench) -> anyhow::Result<Vec<Line>> {
    let lasts = if bench.is_quick { LOOK } else { LASTS };
    let mut lines = Vec::new();
    for database in bench.stage.databases() {
        for law in Law::ALL {
            let running = bench.stage.start(Subject::Firebell(database)).await?;
            let plan = ingest::plan(bench, &running, Load::busy(law), lasts);
            let loading = tokio::spawn(async move { plan.run().await });
            let mut oldest = 0_f64;
            while !loading.is_finished() {
                oldest = oldest.max(running.figure("firebell_inbox_oldest_seconds").await?);
                tokio::time::sleep(EVERY).await;
            }
            let answers = loading.await??;
            let what = format!(
                "oldest alert before triage within {} s, {}, {}",
                lasts.as_secs(),
                database.words(),
                law.words()
            );
            bench.tell(format_args!("{what}: {oldest:.2} s at {:.0} alerts/s", answers.alerts_a_second));
            let gate = ingest::gate(database);
            let rate = crate::table::thousands(answers.alerts_a_second);
            let memory = running.usage().peak;
            let note = format!("at {rate}/s throughout; {memory:.0} MiB at most");
            lines.push(Line::new(gate, what, oldest, Unit::Seconds).within(1.0).note(note));
        }
    }
    Ok(lines)
}
