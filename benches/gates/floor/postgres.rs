//! The floor on PostgreSQL: some writers, each with one statement, and so one commit, for whatever has queued.

use std::sync::Arc;

use sqlx::{Connection, PgConnection, Row};
use tokio::sync::{Mutex, mpsc};

use super::{News, Work, answer, gather};

/// How many write at once: the database's own group commit joins their flushes.
const WRITERS: usize = 4;

const SCHEMA: &str = "
CREATE TABLE incident (
    id BIGSERIAL PRIMARY KEY, fingerprint BIGINT NOT NULL UNIQUE, title TEXT NOT NULL,
    alerts BIGINT NOT NULL, first_at TIMESTAMPTZ NOT NULL, last_at TIMESTAMPTZ NOT NULL
);
CREATE TABLE alert (id BIGSERIAL PRIMARY KEY, incident BIGINT NOT NULL, at TIMESTAMPTZ NOT NULL, alert TEXT NOT NULL);
CREATE INDEX alert_of_incident ON alert (incident, at);
CREATE TABLE notification (id BIGSERIAL PRIMARY KEY, incident BIGINT NOT NULL, due TIMESTAMPTZ NOT NULL, told TIMESTAMPTZ);
CREATE INDEX notification_waiting ON notification (incident) WHERE told IS NULL;";

/// All of a commit; gives what is new. Fingerprints are taken in order, so that two writers never wait for each other in
/// a ring.
const KEEP: &str = "
WITH came AS (SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[]) AS came (fingerprint, title, alert)),
     once AS (SELECT fingerprint, min(title) AS title, count(*) AS alerts FROM came GROUP BY fingerprint ORDER BY fingerprint),
     kept AS (
         INSERT INTO incident (fingerprint, title, alerts, first_at, last_at)
         SELECT fingerprint, title, alerts, $4, $4 FROM once
         ON CONFLICT (fingerprint) DO UPDATE SET alerts = incident.alerts + EXCLUDED.alerts, last_at = EXCLUDED.last_at
         RETURNING id, fingerprint, title, xmax = 0 AS is_new),
     logged AS (
         INSERT INTO alert (incident, at, alert) SELECT kept.id, $4, came.alert FROM came JOIN kept USING (fingerprint)),
     queued AS (INSERT INTO notification (incident, due) SELECT id, $4 FROM kept WHERE is_new)
SELECT id, title FROM kept WHERE is_new";

const TOLD: &str = "UPDATE notification SET told = $2 WHERE incident = ANY ($1) AND told IS NULL";

/// Starts the writers.
pub async fn start(url: &str, queue: mpsc::Receiver<Work>, news: mpsc::Sender<News>) -> anyhow::Result<()> {
    sqlx::raw_sql(SCHEMA).execute(&mut PgConnection::connect(url).await?).await?;
    let queue = Arc::new(Mutex::new(queue));
    for _ in 0..WRITERS {
        let db = PgConnection::connect(url).await?;
        let (queue, news) = (queue.clone(), news.clone());
        tokio::spawn(async move {
            if let Err(error) = write(db, queue, news).await {
                panic!("the floor cannot write: {error}");
            }
        });
    }
    Ok(())
}

async fn write(
    mut db: PgConnection,
    queue: Arc<Mutex<mpsc::Receiver<Work>>>,
    news: mpsc::Sender<News>,
) -> sqlx::Result<()> {
    loop {
        let gathered = {
            let mut queue = queue.lock().await;
            let Some(first) = queue.recv().await else { return Ok(()) };
            gather(first, || queue.try_recv().ok())
        };
        let now = firebell::clock::real_time();
        let (mut fingerprints, mut titles, mut alerts, mut told) = (vec![], vec![], vec![], vec![]);
        for work in &gathered {
            match work {
                Work::Alerts { rows, .. } => {
                    for row in rows {
                        fingerprints.push(row.fingerprint);
                        titles.push(row.title.as_str());
                        alerts.push(row.alert.as_str());
                    }
                }
                Work::Told(incident) => told.push(*incident),
            }
        }
        if !fingerprints.is_empty() {
            let new = sqlx::query(KEEP).bind(&fingerprints).bind(&titles).bind(&alerts).bind(now);
            for row in new.fetch_all(&mut db).await? {
                // Where nobody is to be told, nobody listens.
                let _ = news.try_send(News { incident: row.try_get("id")?, title: row.try_get("title")? });
            }
        }
        if !told.is_empty() {
            sqlx::query(TOLD).bind(&told).bind(now).execute(&mut db).await?;
        }
        answer(gathered);
    }
}
