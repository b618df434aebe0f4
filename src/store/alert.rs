//! Alerts by identity: what is known of each, how often it came, which incident it belongs to.

use crate::domain::Timestamp;
use crate::domain::alert::{Alert, AlertStatus, Severity};
use crate::domain::id::{IncidentId, SourceName};
use crate::domain::triage::Known;
use crate::store::db::{Sql, values};
use crate::store::error::StoreError;
use crate::store::inbox::Written;
use crate::store::rows::Column::{Int, Text, Time};
use crate::store::sql;
use crate::store::tx::{Connection, Tx};

sql! {
    // Each pair is one search of the primary key: CROSS JOIN keeps SQLite from turning the order round, LATERAL PostgreSQL.
    KNOWN = Sql::of_lists(
        "SELECT wanted.key AS place, a.status, a.severity, a.started_at, a.changed_at, a.said_at, a.incident_id,
                COALESCE(i.phase NOT IN ('resolved', 'closed'), 0) AS incident_is_open
         FROM json_each($1) AS wanted
         CROSS JOIN alert a ON a.source = wanted.value ->> 0 AND a.fingerprint = wanted.value ->> 1
              AND a.incident_id = (SELECT MAX(latest.incident_id) FROM alert latest
                                   WHERE latest.source = wanted.value ->> 0 AND latest.fingerprint = wanted.value ->> 1)
         LEFT JOIN incident i ON i.id = a.incident_id",
        "SELECT wanted.n - 1 AS place, a.status, a.severity, a.started_at, a.changed_at, a.said_at, a.incident_id,
                COALESCE(i.phase NOT IN ('resolved', 'closed'), FALSE) AS incident_is_open
         FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS wanted (source, fingerprint, n)
         CROSS JOIN LATERAL (SELECT * FROM alert latest
                             WHERE latest.source = wanted.source AND latest.fingerprint = wanted.fingerprint
                             ORDER BY latest.incident_id DESC LIMIT 1) AS a
         LEFT JOIN incident i ON i.id = a.incident_id",
    );
    CHANGE = Sql::of_rows(
        "INSERT INTO alert (source, fingerprint, status, severity, title, started_at, changed_at, first_at, last_at,
                            deliveries, incident_id, alert, said_at)
         SELECT column1, column2, column3, column4, column5, column6, column7, column8, column8,
                column9, column10, column11, column12
         FROM {rows} WHERE column1 IS NOT NULL
         ON CONFLICT (source, fingerprint, incident_id) DO UPDATE SET
             status = excluded.status, severity = excluded.severity, title = excluded.title,
             started_at = excluded.started_at, changed_at = excluded.changed_at, last_at = excluded.last_at,
             deliveries = alert.deliveries + excluded.deliveries, alert = excluded.alert,
             said_at = excluded.said_at",
        &[Text, Text, Text, Text, Text, Time, Time, Time, Int, Int, Text, Time],
    );
    REPEAT = Sql::of_rows(
        "INSERT INTO alert_repeat (incident_id, source, fingerprint, deliveries, last_at)
         SELECT column1, column2, column3, column4, column5
         FROM {rows} WHERE column1 IS NOT NULL
         ON CONFLICT (incident_id, source, fingerprint) DO UPDATE SET
             deliveries = alert_repeat.deliveries + excluded.deliveries, last_at = excluded.last_at",
        &[Int, Text, Text, Int, Time],
    );
    TOLD_AGAIN = Sql::of_rows(
        "UPDATE alert SET deliveries = alert.deliveries + column4, last_at = column5,
             said_at = COALESCE(column6, said_at)
         FROM {rows} WHERE source = column2 AND fingerprint = column3 AND incident_id = column1",
        &[Int, Text, Text, Int, Time, Time],
    );
    OF_INCIDENT = Sql::portable(
        "SELECT a.alert, a.status, a.first_at, a.deliveries, a.last_at, r.deliveries AS repeats,
                r.last_at AS latest_repeat
         FROM alert a
         LEFT JOIN alert_repeat r ON r.incident_id = a.incident_id AND r.source = a.source
              AND r.fingerprint = a.fingerprint
         WHERE a.incident_id = $1 ORDER BY a.first_at, a.source, a.fingerprint LIMIT $2",
    );
    TOLD = Sql::portable(
        "SELECT alert, status, first_at, deliveries, last_at, CAST(NULL AS BIGINT) AS repeats, last_at AS latest_repeat
         FROM alert
         WHERE status = 'info' AND incident_id = 0 AND $1 <= last_at ORDER BY last_at DESC LIMIT CAST($2 AS BIGINT)",
    );
    LATEST = Sql::portable(
        "SELECT a.alert, a.status, a.first_at, a.deliveries, a.last_at, r.deliveries AS repeats,
                r.last_at AS latest_repeat
         FROM alert a
         LEFT JOIN alert_repeat r ON r.incident_id = a.incident_id AND r.source = a.source
              AND r.fingerprint = a.fingerprint
         WHERE ($1 = '' OR a.source < $1 OR (a.source = $1 AND a.fingerprint < $2))
           AND a.incident_id = (SELECT MAX(latest.incident_id) FROM alert latest
                                WHERE latest.source = a.source AND latest.fingerprint = a.fingerprint)
         ORDER BY a.source DESC, a.fingerprint DESC LIMIT $3",
    );
}

/// The incident of an alert that belongs to none.
const IN_NONE: i64 = 0;

/// What is kept of an alert after a batch of deliveries that changed something.
#[derive(Debug, Clone)]
pub struct Changed<'a> {
    /// The last delivery that counted.
    pub alert: &'a Written,
    /// Its status now.
    pub status: AlertStatus,
    /// The worst severity of this episode.
    pub severity: Severity,
    /// When the episode began, by the source's clock.
    pub started_at: Option<Timestamp>,
    /// When the status last changed, by ours.
    pub changed_at: Timestamp,
    /// When the source said the latest that is known, by its clock.
    pub said_at: Option<Timestamp>,
    /// When it was last delivered.
    pub last_at: Timestamp,
    /// How many deliveries this batch had.
    pub deliveries: i64,
    /// The incident that it belongs to.
    pub incident: Option<IncidentId>,
    /// What was kept of it there before.
    pub before: Before,
}

/// What was kept of an alert in an incident before a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Before {
    /// Nothing: it was not part of it.
    Nothing,
    /// It had this status.
    Was(AlertStatus),
    /// It may have been part of it: it came back from a later incident to one that was reopened.
    Unknown,
}

/// What is kept of an alert after a batch of deliveries that said what was known.
#[derive(Debug, Clone)]
pub struct Repeated<'a> {
    /// The source that it came by.
    pub source: &'a SourceName,
    /// Its identity there.
    pub fingerprint: &'a str,
    /// The incident that it belongs to.
    pub incident: Option<IncidentId>,
    /// When the source said it, by its clock, where that is later than what was known.
    pub said_at: Option<Timestamp>,
    /// Its status.
    pub status: AlertStatus,
    /// When it was last delivered.
    pub last_at: Timestamp,
    /// How many deliveries this batch had.
    pub deliveries: i64,
}

/// An alert with its counts.
#[derive(Debug, Clone)]
pub struct Counted {
    /// The last delivery.
    pub alert: Alert,
    /// Its status now.
    pub status: AlertStatus,
    /// How often it came.
    pub deliveries: i64,
    /// When it first came.
    pub first_at: Timestamp,
    /// When it last came.
    pub last_at: Timestamp,
}

impl Tx {
    /// What is known of the alerts with these sources and fingerprints, in their order.
    pub async fn known_alerts(&mut self, identities: &[(&str, &str)]) -> Result<Vec<Option<Known>>, StoreError> {
        let mut known = vec![None; identities.len()];
        let values = match self.on {
            Connection::Sqlite(_) => values![json_text(identities)?],
            Connection::Postgres(_) => {
                let (sources, fingerprints): (Vec<String>, Vec<String>) =
                    identities.iter().map(|(source, print)| ((*source).to_owned(), (*print).to_owned())).unzip();
                values![sources, fingerprints]
            }
        };
        for row in self.all(KNOWN, values).await? {
            let place: usize = crate::store::types::to_count(row.get("place")?, "place")?;
            let Some(known) = known.get_mut(place) else { continue };
            *known = Some(Known {
                status: row.parsed("status")?,
                severity: row.parsed("severity")?,
                started_at: row.time_maybe("started_at")?,
                changed_at: row.time("changed_at")?,
                said_at: row.time_maybe("said_at")?,
                incident: Some(row.get::<i64>("incident_id")?).filter(|id| *id != IN_NONE).map(IncidentId),
                incident_is_open: row.get("incident_is_open")?,
            });
        }
        Ok(known)
    }

    /// Keeps what a batch of deliveries made of each alert, and counts those that said what was known; each identity
    /// once. The tallies of their incidents follow.
    pub async fn keep_alerts(&mut self, changed: &[Changed<'_>], repeated: &[Repeated<'_>]) -> Result<(), StoreError> {
        let mut values = Vec::with_capacity(changed.len() * CHANGE.columns().len());
        for row in changed {
            let Written { alert, json } = row.alert;
            values.extend(values![
                alert.source.as_str(),
                alert.fingerprint.as_str(),
                row.status.word(),
                row.severity.to_string(),
                alert.title.as_str(),
                row.started_at,
                row.changed_at,
                row.last_at,
                row.deliveries,
                in_incident(row.incident),
                &**json,
                row.said_at,
            ]);
        }
        self.later_rows(CHANGE, values).await?;
        let (mut again, mut told_again) = (Vec::new(), Vec::new());
        for row in repeated {
            let counted =
                values![in_incident(row.incident), row.source.as_str(), row.fingerprint, row.deliveries, row.last_at];
            // What later deliveries are held against stands with what is known.
            if row.status == AlertStatus::Info || row.said_at.is_some() {
                told_again.extend(counted);
                told_again.push(row.said_at.into());
            } else {
                again.extend(counted);
            }
        }
        self.later_rows(REPEAT, again).await?;
        self.later_rows(TOLD_AGAIN, told_again).await?;
        self.tally(changed, repeated).await
    }

    /// The alerts of an incident, the earliest first, at most `limit`.
    pub async fn alerts_of(&mut self, incident: IncidentId, limit: i64) -> Result<Vec<Counted>, StoreError> {
        let rows = self.all(OF_INCIDENT, values![incident.0, limit]).await?;
        rows.iter().map(counted).collect()
    }

    /// What sources told since `since` that belongs to no incident, the latest first, at most `limit`.
    pub async fn told_since(&mut self, since: Timestamp, limit: i64) -> Result<Vec<Counted>, StoreError> {
        self.all(TOLD, values![since, limit]).await?.iter().map(counted).collect()
    }

    /// A page of all alerts, by identity, after `after`.
    pub async fn alerts_page(&mut self, after: Option<(&str, &str)>, limit: i64) -> Result<Vec<Counted>, StoreError> {
        let (source, fingerprint) = after.unwrap_or(("", ""));
        let rows = self.all(LATEST, values![source, fingerprint, limit]).await?;
        rows.iter().map(counted).collect()
    }
}

fn in_incident(incident: Option<IncidentId>) -> i64 {
    incident.map_or(IN_NONE, |id| id.0)
}

fn json_text<T: serde::Serialize + ?Sized>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::corrupt("alert", error))
}

fn counted(row: &crate::store::db::Row) -> Result<Counted, StoreError> {
    let alert: String = row.get("alert")?;
    Ok(Counted {
        alert: serde_json::from_str(&alert).map_err(|error| StoreError::corrupt("alert", error))?,
        status: row.parsed("status")?,
        deliveries: row.get::<i64>("deliveries")? + row.get::<Option<i64>>("repeats")?.unwrap_or_default(),
        first_at: row.time("first_at")?,
        last_at: row.time("last_at")?.max(row.time_maybe("latest_repeat")?.unwrap_or_default()),
    })
}
