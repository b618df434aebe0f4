//! How long a start takes: from the start of the process to the first alert that is kept. Gate 13.

use crate::Bench;
use crate::alerts::{Form, Wording};
use crate::stage::{Start, Subject};
use crate::table::{Line, Unit};

/// How often each is started; the median counts.
const STARTS: usize = 5;

/// Milliseconds to the first alert that is taken; `on` is a database that is there already.
pub async fn cold(bench: &mut Bench, subject: Subject, on: Option<&str>) -> anyhow::Result<f64> {
    let mut waits = Vec::new();
    for _ in 0..STARTS {
        let start = Start { on: on.map(str::to_owned), ..Start::default() };
        let running = bench.stage.start_as(subject, start).await?;
        bench.runs += 1;
        let wording = Wording {
            form: if subject == Subject::Alertmanager { Form::Alertmanager } else { Form::Webhook },
            severity: "info".to_owned(),
            began: firebell::clock::real_time(),
            group: None,
        };
        waits.push(running.first_taken(&wording, &format!("start-{}", bench.runs)).await?.as_secs_f64() * 1000.0);
    }
    waits.sort_unstable_by(f64::total_cmp);
    Ok(waits[STARTS / 2])
}

/// How long Alertmanager takes; not a number where it is not here.
pub async fn of_alertmanager(bench: &mut Bench) -> anyhow::Result<f64> {
    match bench.stage.has(Subject::Alertmanager) {
        true => cold(bench, Subject::Alertmanager, None).await,
        false => Ok(f64::NAN),
    }
}

/// A line of the gate.
pub fn line(what: String, wait: f64, alertmanager: f64) -> Line {
    Line::new("13", what, wait, Unit::Milliseconds).at_most(2.0, "Alertmanager", alertmanager).aims_at_most(
        1.0,
        "Alertmanager",
        alertmanager,
    )
}

pub async fn measure(bench: &mut Bench) -> anyhow::Result<Vec<Line>> {
    let alertmanager = of_alertmanager(bench).await?;
    let mut lines = Vec::new();
    for database in bench.stage.databases() {
        let running = bench.stage.start_kept(Subject::Firebell(database)).await?;
        let url = running.database.clone();
        drop(running);
        let wait = cold(bench, Subject::Firebell(database), url.as_deref()).await?;
        url.into_iter().for_each(|url| bench.stage.leave(url));
        let what = format!("start to the first alert kept, {}", database.words());
        bench.tell(format_args!("{what}: {wait:.1} ms, Alertmanager {alertmanager:.1} ms"));
        lines.push(line(what, wait, alertmanager));
    }
    Ok(lines)
}
