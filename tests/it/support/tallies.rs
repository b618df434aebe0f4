//! Whether each incident's tally is what its alerts come to.

use firebell::store::Db;
use sqlx::{Connection, SqliteConnection};

const DIFFERING: &str = "WITH counted AS (
    SELECT a.incident_id, COUNT(*) AS alerts, COUNT(CASE WHEN a.status IN ('firing', 'acknowledged') THEN 1 END) AS firing,
        COUNT(CASE WHEN a.status = 'firing' THEN 1 END) AS unacknowledged,
        CAST(SUM(a.deliveries + COALESCE(r.deliveries, 0)) AS BIGINT) AS deliveries,
        MAX(CASE WHEN a.last_at < r.last_at THEN r.last_at ELSE a.last_at END) AS last_at
    FROM alert a
    LEFT JOIN alert_repeat r ON r.incident_id = a.incident_id AND r.source = a.source AND r.fingerprint = a.fingerprint
    WHERE a.incident_id <> 0 AND a.status <> 'info' GROUP BY a.incident_id),
  kept AS (SELECT incident_id, alerts, firing, unacknowledged, deliveries, last_at FROM alert_tally)
SELECT 'INC-' || incident_id || ' has ' || alerts || ' alerts, ' || firing || ' firing, ' || unacknowledged
    || ' unacknowledged, ' || deliveries || ' deliveries, the last at ' || last_at
FROM (SELECT * FROM counted EXCEPT SELECT * FROM kept) AS missing
UNION ALL
SELECT 'INC-' || incident_id || ' is said to have ' || alerts || ' alerts, ' || firing || ' firing, ' || unacknowledged
    || ' unacknowledged, ' || deliveries || ' deliveries, the last at ' || last_at
FROM (SELECT * FROM kept EXCEPT SELECT * FROM counted) AS wrong
ORDER BY 1";

/// Fails where one is not.
pub async fn are_exact(db: &Db) {
    let differing: Vec<String> = match db {
        Db::Sqlite { file, .. } => sqlx::query_scalar(DIFFERING)
            .fetch_all(&mut SqliteConnection::connect_with(file).await.unwrap())
            .await
            .unwrap(),
        Db::Postgres { pool, .. } => sqlx::query_scalar(DIFFERING).fetch_all(pool).await.unwrap(),
    };
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}
