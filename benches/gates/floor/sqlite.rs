//! The floor on SQLite: WAL, flushed at every commit; the log is copied on a connection of its own.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::mpsc;

use super::{News, Work, answer, counted, gather};

const SCHEMA: &str = "
CREATE TABLE incident (
    id INTEGER PRIMARY KEY, fingerprint INTEGER NOT NULL UNIQUE, title TEXT NOT NULL,
    alerts INTEGER NOT NULL, first_at INTEGER NOT NULL, last_at INTEGER NOT NULL
);
CREATE TABLE alert (id INTEGER PRIMARY KEY, incident INTEGER NOT NULL, at INTEGER NOT NULL, alert TEXT NOT NULL);
CREATE INDEX alert_of_incident ON alert (incident, at);
CREATE TABLE notification (id INTEGER PRIMARY KEY, incident INTEGER NOT NULL, due INTEGER NOT NULL, told INTEGER);
CREATE INDEX notification_waiting ON notification (incident) WHERE told IS NULL;";
/// From how many pages on the log is begun anew.
const LONG: i64 = 16 * 1024;
/// How often it is copied.
const EVERY: Duration = Duration::from_millis(100);

/// Starts the writer, on a thread of its own.
pub fn start(file: &Path, queue: mpsc::Receiver<Work>, news: mpsc::Sender<News>) -> anyhow::Result<()> {
    let db = Connection::open(file)?;
    db.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;")?;
    db.execute_batch(SCHEMA)?;
    let copier = Connection::open(file)?;
    let is_long = Arc::new(AtomicBool::new(false));
    let seen = is_long.clone();
    std::thread::spawn(move || copy(&copier, &seen));
    std::thread::spawn(move || {
        if let Err(error) = write(db, queue, &news, &is_long) {
            panic!("the floor cannot write: {error}");
        }
    });
    Ok(())
}

#[allow(clippy::disallowed_methods, reason = "the thread has nothing else to do")]
fn copy(db: &Connection, is_long: &AtomicBool) {
    loop {
        std::thread::sleep(EVERY);
        let pages: i64 = db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(1)).unwrap_or(0);
        is_long.fetch_or(LONG < pages, Ordering::Relaxed);
    }
}

fn write(
    mut db: Connection,
    mut queue: mpsc::Receiver<Work>,
    news: &mpsc::Sender<News>,
    is_long: &AtomicBool,
) -> rusqlite::Result<()> {
    while let Some(first) = queue.blocking_recv() {
        let gathered = gather(first, || queue.try_recv().ok());
        let now = firebell::clock::real_time().timestamp_micros();
        let mut new = Vec::new();
        let tx = db.transaction()?;
        {
            let mut upsert = tx.prepare_cached(
                "INSERT INTO incident (fingerprint, title, alerts, first_at, last_at) VALUES (?1, ?2, ?3, ?4, ?4)
                 ON CONFLICT (fingerprint) DO UPDATE SET alerts = alerts + ?3, last_at = ?4 RETURNING id, alerts",
            )?;
            let mut log = tx.prepare_cached("INSERT INTO alert (incident, at, alert) VALUES (?1, ?2, ?3)")?;
            let mut due = tx.prepare_cached("INSERT INTO notification (incident, due) VALUES (?1, ?2)")?;
            let mut told =
                tx.prepare_cached("UPDATE notification SET told = ?2 WHERE incident = ?1 AND told IS NULL")?;
            let mut incidents = HashMap::new();
            for (fingerprint, (count, title)) in counted(&gathered) {
                let (incident, total): (i64, i64) =
                    upsert.query_row((fingerprint, title, count, now), |row| Ok((row.get(0)?, row.get(1)?)))?;
                incidents.insert(fingerprint, incident);
                if total == count {
                    due.execute((incident, now))?;
                    new.push(News { incident, title: title.to_owned() });
                }
            }
            for work in &gathered {
                match work {
                    Work::Alerts { rows, .. } => {
                        for row in rows {
                            log.execute((incidents[&row.fingerprint], now, &row.alert))?;
                        }
                    }
                    Work::Told(incident) => {
                        told.execute((incident, now))?;
                    }
                }
            }
        }
        tx.commit()?;
        answer(gathered);
        for one in new {
            // Where nobody is to be told, nobody listens.
            let _ = news.try_send(one);
        }
        if is_long.swap(false, Ordering::Relaxed) {
            let _ = db.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(()));
        }
    }
    Ok(())
}
