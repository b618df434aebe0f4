//! Every statement prepares on both databases, and none reads more than it has to.

use firebell::store::{Db, statements};
use sqlx::Row;

use crate::support::TestDatabase;

on_both_databases! {
    async fn every_statement_prepares(database: TestDatabase) {
        let db = Db::connect(&database.url).await.unwrap();
        db.migrate().await.unwrap();
        let mut faults = Vec::new();
        let mut count = 0;
        for (file, name, sql) in statements() {
            count += 1;
            if let Err(error) = db.prepare(sql).await {
                faults.push(format!("{file}::{name}: {error:?}"));
            }
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
        assert!(40 < count, "{count} statements are listed");
        db.close().await;
    }
}

/// Statements that read all there is of a table that grows, and why they may.
const MAY_READ_ALL: [(&str, &str, &str); 9] = [
    ("alert", "LATEST", "a page of it, in the order of an index"),
    ("incident", "DECLARED", "the latest few, by the key"),
    ("incident", "INSERT", "its children, and only where a key that points nowhere was written before"),
    ("incident", "PHASES", "counted in an index, for whoever asks for metrics"),
    ("job", "OPEN", "only what waits"),
    ("job", "OVERDUE", "only what waits"),
    ("job", "STATES", "counted in an index, for whoever asks for metrics"),
    ("job", "WAITING", "only what waits"),
    ("lease", "BREAK_CLAIMS", "only what runs, once at the start"),
];

/// Without statistics SQLite goes by the indexes alone. It once read every job that was ever done for each claim, since it
/// could not see that the partial index had them all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_statement_reads_all_of_a_table_that_grows() {
    const GROWS: [&str; 9] =
        ["inbox", "alert", "incident", "timeline", "escalation", "page", "status_update", "job", "alert_repeat"];
    let database = TestDatabase::sqlite();
    let db = Db::connect(&database.url).await.unwrap();
    db.migrate().await.unwrap();
    let Db::Sqlite { writer, .. } = &db else { unreachable!("it was made so") };
    let mut faults = Vec::new();
    for (file, name, sql) in statements() {
        let explain = format!("EXPLAIN QUERY PLAN {}", sql.text_for_sqlite());
        let mut query = sqlx::query(sqlx::AssertSqlSafe(explain));
        for _ in 0..db.prepare(sql).await.unwrap() {
            query = query.bind("[]");
        }
        for row in query.fetch_all(&mut *writer.lend().await.unwrap()).await.unwrap() {
            let step: String = row.get("detail");
            let scanned = step.strip_prefix("SCAN ").and_then(|rest| rest.split(' ').next()).unwrap_or_default();
            // `j` and the like stand for the table that the statement names so.
            let table = sql
                .text_for_sqlite()
                .split_whitespace()
                .collect::<Vec<_>>()
                .windows(2)
                .find(|words| words[1].trim_end_matches(')') == scanned && GROWS.contains(&words[0]))
                .map_or(scanned, |words| words[0])
                .to_owned();
            let excused = MAY_READ_ALL.iter().any(|(of, called, _)| (*of, *called) == (file, name));
            if GROWS.contains(&table.as_str()) && !excused {
                faults.push(format!("{file}::{name}: {step}"));
            }
        }
    }
    assert_eq!(faults, [""; 0]);
    db.close().await;
}
