//! Whether it stays as fast: with 1,000,000 alerts and 100,000 incidents stored, against an empty database. Gates 11 to 13.
//!
//! They come by the real schema: one alert is taken in and brought to its incident by the program, and what that left is
//! copied, whatever its columns are.

use std::time::Instant;

use firebell::store::Db;
use sqlx::{AssertSqlSafe, Connection, SqlSafeStr, SqliteConnection};

use crate::Bench;
use crate::alerts::{Law, Wording};
use crate::book::{Load, Round};
use crate::stage::{Database, Running, Start, Subject};
use crate::table::{Line, Unit};
use crate::{ingest, start};

const ALERTS: i64 = 1_000_000;
const INCIDENTS: i64 = 100_000;
/// How many rounds there are at least: what is held against itself must be known to a twentieth, and one round differs from the
/// next by more.
const ROUNDS: u32 = 5;

/// A table that is copied, for every number from 1 to `copies`, with what differs in a copy.
struct Copied {
    table: &'static str,
    copies: i64,
    /// Columns, and how they are written in the copy whose number is `n`.
    differing: &'static [(&'static str, &'static str)],
}

/// The copies of an incident are closed, and have ten alerts each.
const COPIED: &[Copied] = &[
    Copied {
        table: "incident",
        copies: INCIDENTS,
        differing: &[
            ("id", "id + n"),
            ("phase", "'closed'"),
            ("alert_group", "alert_group || '-' || n"),
            ("next_update_due", "NULL"),
        ],
    },
    Copied { table: "timeline", copies: INCIDENTS, differing: &[("incident_id", "incident_id + n")] },
    Copied {
        table: "alert_tally",
        copies: INCIDENTS,
        differing: &[("incident_id", "incident_id + n"), ("alerts", "10"), ("firing", "0"), ("unacknowledged", "0")],
    },
    Copied {
        table: "alert",
        copies: ALERTS,
        differing: &[
            ("incident_id", "incident_id + 1 + n % 100000"),
            ("fingerprint", "fingerprint || '-' || n"),
            ("status", "'resolved'"),
        ],
    },
];

fn throughput(round: &Round) -> f64 {
    round.answers.alerts_a_second
}

fn p99(round: &Round) -> f64 {
    round.answers.p99
}

fn median(rounds: &[Round], figure: fn(&Round) -> f64) -> f64 {
    let mut figures: Vec<f64> = rounds.iter().map(figure).collect();
    figures.sort_unstable_by(f64::total_cmp);
    figures[figures.len() / 2]
}

async fn execute(db: &Db, sql: String) -> anyhow::Result<()> {
    let sql = AssertSqlSafe(sql).into_sql_str();
    match db {
        Db::Sqlite { file, .. } => {
            let mut connection = SqliteConnection::connect_with(file).await?;
            sqlx::raw_sql(sql).execute(&mut connection).await?;
            connection.close().await?;
        }
        Db::Postgres { pool, .. } => {
            sqlx::raw_sql(sql).execute(pool).await?;
        }
    }
    Ok(())
}

async fn columns(db: &Db, table: &str) -> anyhow::Result<Vec<String>> {
    Ok(match db {
        Db::Sqlite { file, .. } => {
            sqlx::query_scalar("SELECT name FROM pragma_table_info($1)")
                .bind(table)
                .fetch_all(&mut SqliteConnection::connect_with(file).await?)
                .await?
        }
        Db::Postgres { pool, .. } => {
            let names = "SELECT column_name::text FROM information_schema.columns WHERE table_name = $1 ORDER BY ordinal_position";
            sqlx::query_scalar(names).bind(table).fetch_all(pool).await?
        }
    })
}

/// Waits until triage is at work: who was killed on this database may still hold what lets only one do it.
async fn at_work(running: &Running) -> anyhow::Result<()> {
    running.ready().await?;
    running.first_taken(&Wording::paging(running.form), "first").await?;
    running
        .until("triage is at work", async |running| Ok(running.figure("firebell_inbox_alerts_waiting").await? == 0.0))
        .await
}

/// A database with all of it; its address.
async fn fill(bench: &mut Bench, database: Database) -> anyhow::Result<String> {
    let began = Instant::now();
    let running = bench.stage.start_kept(Subject::Firebell(database)).await?;
    running.first_taken(&Wording::paging(running.form), "stored").await?;
    running
        .until("all is done", async |running| Ok(running.figure("firebell_jobs{state=\"done\"}").await? >= 5.0))
        .await?;
    let db = running.db().await?;
    let url = running.database.clone().unwrap_or_default();
    drop(running);
    for Copied { table, copies, differing } in COPIED {
        let columns = columns(&db, table).await?;
        let written = |column: &String| {
            let differs = differing.iter().find(|(name, _)| name == column);
            differs.map_or(column.clone(), |(_, expression)| (*expression).to_owned())
        };
        let (names, values) = (columns.join(", "), columns.iter().map(written).collect::<Vec<_>>().join(", "));
        execute(
            &db,
            format!(
                "WITH RECURSIVE copy (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copy WHERE n < {copies})
                 INSERT INTO {table} ({names}) SELECT {values} FROM {table} CROSS JOIN copy WHERE {only}",
                only = if *table == "incident" { "id = 1" } else { "incident_id = 1" },
            ),
        )
        .await?;
    }
    execute(&db, format!("UPDATE counter SET value = {} WHERE name = 'incident'", INCIDENTS + 1)).await?;
    // As PostgreSQL itself does in time: it would begin with it beside the loads.
    let settled = if database == Database::Postgres { "VACUUM ANALYZE" } else { "ANALYZE" };
    execute(&db, settled.to_owned()).await?;
    db.close().await;
    bench.tell(format_args!("{}: filled in {:.0} s", database.words(), began.elapsed().as_secs_f64()));
    Ok(url)
}

pub async fn measure(bench: &mut Bench) -> anyhow::Result<Vec<Line>> {
    let alertmanager = start::of_alertmanager(bench).await?;
    let mut lines = Vec::new();
    for database in bench.stage.databases() {
        let (bot, name) = (Subject::Firebell(database), database.words());
        let filled = fill(bench, database).await?;
        let wait = start::cold(bench, bot, Some(&filled)).await?;
        lines.push(start::line(
            format!("start to the first alert kept, {name}, 1,000,000 alerts stored"),
            wait,
            alertmanager,
        ));
        let mut memory = 0_f64;
        for law in [Law::Distinct, Law::Zipf] {
            // One after the other, in turn, so that the machine's moods meet both.
            let (mut empty, mut full) = (Vec::new(), Vec::new());
            for _ in 0..bench.rounds_at_least(ROUNDS) {
                for (on, rounds) in [(None, &mut empty), (Some(filled.clone()), &mut full)] {
                    let is_full = on.is_some();
                    let running = bench.stage.start_as(bot, Start { on, ..Start::default() }).await?;
                    at_work(&running).await?;
                    let counted = bench.counted;
                    let round = ingest::once(bench, &running, Load::busy(law), counted).await?;
                    if is_full {
                        memory = memory.max(round.memory);
                    }
                    rounds.push(round);
                }
            }
            let (was, is) = (median(&empty, throughput), median(&full, throughput));
            bench.tell(format_args!("{name}, {}: empty {was:.0}/s, full {is:.0}/s", law.words()));
            lines.extend([
                Line::new(
                    "12",
                    format!("ingest with 1,000,000 alerts stored, {name}, {}", law.words()),
                    is,
                    Unit::AlertsASecond,
                )
                .at_least(0.95, "empty", was),
                Line::new(
                    "12",
                    format!("ingest p99 with 1,000,000 alerts stored, {name}, {}", law.words()),
                    median(&full, p99),
                    Unit::Milliseconds,
                )
                .at_most(1.1, "empty", median(&empty, p99)),
            ]);
        }
        bench.stage.leave(filled);
        let floor = bench.book.median(Subject::Floor(database), Load::busy(Law::Distinct), |round| round.memory);
        lines.push(
            Line::new("11", format!("memory after it, {name}"), memory, Unit::Mebibytes)
                .within(100.0)
                .aims_at_most(1.5, "floor", floor),
        );
    }
    Ok(lines)
}
