//! Too much: 64 connections with 64 alerts a request, and a database that stands still meanwhile. Gate 15.

use std::time::Duration;

use firebell::store::Db;
use sqlx::{Connection, SqliteConnection};

use crate::Bench;
use crate::alerts::Law;
use crate::book::Load;
use crate::ingest;
use crate::stage::Subject;
use crate::table::{Line, Unit};

/// How long the database stands still: longer than anybody may wait for it.
const STALL: Duration = Duration::from_secs(14);
/// How long all is well before and after.
const WELL: Duration = Duration::from_secs(3);

/// Holds every writer up for as long as [`STALL`].
async fn stall(db: &Db) -> anyhow::Result<()> {
    match db {
        Db::Sqlite { file, .. } => {
            let mut connection = SqliteConnection::connect_with(file).await?;
            sqlx::query("BEGIN IMMEDIATE").execute(&mut connection).await?;
            tokio::time::sleep(STALL).await;
            connection.close().await?;
        }
        Db::Postgres { pool, .. } => {
            let mut tx = pool.begin().await?;
            sqlx::query("LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE").execute(&mut *tx).await?;
            tokio::time::sleep(STALL).await;
            tx.rollback().await?;
        }
    }
    Ok(())
}

pub async fn measure(bench: &mut Bench) -> anyhow::Result<Vec<Line>> {
    let mut lines = Vec::new();
    for database in bench.stage.databases() {
        let name = database.words();
        let running = bench.stage.start(Subject::Firebell(database)).await?;
        let load = Load { batch: 64, ..Load::busy(Law::Distinct) };
        let usual = ingest::once(bench, &running, load, WELL).await?;
        let plan = ingest::plan(bench, &running, load, WELL * 2 + STALL);
        let db = running.db().await?;
        let loading = tokio::spawn(async move { plan.run().await });
        tokio::time::sleep(WELL).await;
        stall(&db).await?;
        let answers = loading.await??;
        db.close().await;
        running
            .until(
                "all are digested",
                async |running| Ok(running.figure("firebell_inbox_alerts_waiting").await? == 0.0),
            )
            .await?;
        let peak = running.usage().peak;
        let kept = running.count("SELECT COUNT(*) FROM alert").await?;
        let taken = answers.taken + usual.answers.taken;
        bench.tell(format_args!(
            "overload, {name}: {peak:.0} MiB at most, {:.0} before; {:?}, {} silent; {kept} kept of {taken}",
            usual.peak, answers.statuses, answers.silent
        ));
        let what = |what: &str| format!("overload, database still for {} s, {name}: {what}", STALL.as_secs());
        lines.extend([
            Line::new("15", what("memory at most"), peak, Unit::Mebibytes).at_most(2.0, "before", usual.peak),
            Line::new(
                "15",
                what("turned away, of which do not say when to come back"),
                answers.silent as f64,
                Unit::Count,
            )
            .exactly(0.0)
            .note(format!("{} turned away", crate::table::thousands(answers.turned_away() as f64))),
            Line::new(
                "15",
                what("alerts that were taken and are not there"),
                (taken as f64 - kept).max(0.0),
                Unit::Count,
            )
            .exactly(0.0)
            .note(format!("{} taken", crate::table::thousands(taken as f64))),
        ]);
    }
    Ok(lines)
}
