//! Alerts by identity: what is known of each, how often it came, which incident it belongs to.

use crate::domain::Timestamp;
use crate::domain::alert::{Alert, AlertStatus, Severity};
use crate::domain::id::{IncidentId, SourceName};
use crate::domain::triage::Known;
use crate::store::db::{Db, Row, Sql, values};
use crate::store::error::StoreError;
use crate::store::inbox::Written;
use crate::store::incident::OfGroup;
use crate::store::rows::Column::{Int, Text, Time};
use crate::store::sql;
use crate::store::tx::Tx;

/// What is known of alerts, each found by one search of the primary key: PostgreSQL takes LATERAL for it. The incidents of an
/// alert's group are asked for only where they may matter.
macro_rules! known {
    ($found:literal $(,)?) => {
        concat!(
            "SELECT given.column1 AS place, a.status, a.severity, a.started_at, a.changed_at, a.said_at, a.incident_id,
                    i.phase NOT IN ('resolved', 'closed') AS incident_is_open,
                    CASE WHEN i.id IS NULL OR i.phase IN ('resolved', 'closed') THEN
                        (SELECT MAX(id) FROM incident
                         WHERE alert_group = given.column4 AND phase IN ('resolved', 'closed')) END AS ended_of_group,
                    CASE WHEN i.id IS NULL OR i.phase IN ('resolved', 'closed') THEN
                        (SELECT id FROM incident
                         WHERE alert_group = given.column4 AND phase NOT IN ('resolved', 'closed')) END AS open_of_group,
                    (SELECT value FROM counter WHERE name = 'incident') AS last_incident,
                    (SELECT value FROM counter WHERE name = 'ending') AS endings
             FROM {rows} ",
            $found,
            " LEFT JOIN incident i ON i.id = a.incident_id WHERE given.column1 IS NOT NULL"
        )
    };
}

/// Keeps alerts; what happens where one of that identity belongs to the incident already.
macro_rules! keep {
    ($at_conflict:literal $(,)?) => {
        Sql::of_rows(
            concat!(
                "INSERT INTO alert (source, fingerprint, status, severity, title, started_at, changed_at, first_at,
                     last_at, deliveries, incident_id, alert, said_at)
                 SELECT column1, column2, column3, column4, column5, column6, column7, column8, column8,
                        column9, column10, column11, column12
                 FROM {rows} WHERE column1 IS NOT NULL ",
                $at_conflict
            ),
            &[Text, Text, Text, Text, Text, Time, Time, Time, Int, Int, Text, Time],
        )
    };
}

sql! {
    KNOWN = Sql::of_rows_each(
        known!(
            "LEFT JOIN alert a ON a.source = given.column2 AND a.fingerprint = given.column3
                  AND a.incident_id = (SELECT MAX(latest.incident_id) FROM alert latest
                                       WHERE latest.source = given.column2 AND latest.fingerprint = given.column3)"
        ),
        known!(
            "LEFT JOIN LATERAL (SELECT * FROM alert latest
                                WHERE latest.source = given.column2 AND latest.fingerprint = given.column3
                                ORDER BY latest.incident_id DESC LIMIT 1) AS a ON TRUE"
        ),
        &[Int, Text, Text, Text],
    );
    // Where another process was faster it fails; asking first takes PostgreSQL a third longer.
    ADD = keep!("");
    CHANGE = keep!(
        "ON CONFLICT (source, fingerprint, incident_id) DO UPDATE SET
             status = excluded.status, severity = excluded.severity, title = excluded.title,
             started_at = excluded.started_at, changed_at = excluded.changed_at, last_at = excluded.last_at,
             deliveries = alert.deliveries + excluded.deliveries, alert = excluded.alert,
             said_at = excluded.said_at",
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
    // In the order of the index up to where the first ones end, and only those are brought into order and joined: the
    // alerts of a flood are hundreds of thousands, where PostgreSQL expects a few and would sort them all.
    OF_INCIDENT = Sql::portable(
        "SELECT a.alert, a.status, a.first_at, a.deliveries, a.last_at, r.deliveries AS repeats,
                r.last_at AS latest_repeat
         FROM (SELECT * FROM alert
               WHERE incident_id = $1
                 AND first_at <= (SELECT MAX(first_at)
                                  FROM (SELECT first_at FROM alert WHERE incident_id = $1
                                        ORDER BY first_at LIMIT CAST($2 AS BIGINT)) AS first)
               ORDER BY first_at, source, fingerprint LIMIT CAST($2 AS BIGINT)) AS a
         LEFT JOIN alert_repeat r ON r.incident_id = a.incident_id AND r.source = a.source
              AND r.fingerprint = a.fingerprint
         ORDER BY a.first_at, a.source, a.fingerprint",
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

/// An alert that came, and of which it is asked what is known.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The source that it came by.
    pub source: &'a str,
    /// Its identity there.
    pub fingerprint: &'a str,
    /// The group whose incident it joins, should it be news.
    pub group: Option<&'a str>,
}

/// What is known of an alert.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// What it was, if it came before.
    pub known: Option<Known>,
    /// The incidents of its group, where it is not part of an open one.
    pub of_group: Option<OfGroup>,
}

/// What is known before alerts are digested.
#[derive(Debug)]
pub struct Lore {
    /// Of each alert that was asked for, in their order.
    pub alerts: Vec<Found>,
    /// The number of the last incident that was opened.
    pub last_incident: IncidentId,
    /// How often incidents had ended or been reopened before the look; `None`: nothing was asked.
    pub endings: Option<i64>,
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

impl Db {
    /// What is known of these alerts, by one look beside whoever writes. Others may open, resolve or reopen an incident right
    /// after it; of alerts, only triage changes what is known.
    pub async fn lore_of(&self, asked: &[Asked<'_>]) -> Result<Lore, StoreError> {
        let mut values = Vec::with_capacity(asked.len() * KNOWN.columns().len());
        for (place, Asked { source, fingerprint, group }) in asked.iter().enumerate() {
            values.extend(values![place as i64, *source, *fingerprint, group.map(str::to_owned)]);
        }
        let mut lore =
            Lore { alerts: vec![Found::default(); asked.len()], last_incident: IncidentId(0), endings: None };
        if asked.is_empty() {
            return Ok(lore);
        }
        for row in self.glance(KNOWN, values).await? {
            let place: usize = crate::store::types::to_count(row.get("place")?, "place")?;
            lore.last_incident = IncidentId(row.get("last_incident")?);
            // On SQLite many are looked up a few at a time: of those that were read first no more holds.
            lore.endings.get_or_insert(row.get("endings")?);
            let Some(found) = lore.alerts.get_mut(place) else { continue };
            *found = Found { known: known(&row)?, of_group: OfGroup::of(&row)? };
        }
        Ok(lore)
    }
}

impl Tx {
    /// Keeps what a batch of deliveries made of each alert, and counts those that said what was known; each identity
    /// once. The tallies of their incidents follow.
    pub async fn keep_alerts(&mut self, changed: &[Changed<'_>], repeated: &[Repeated<'_>]) -> Result<(), StoreError> {
        let (mut new, mut known) = (Vec::with_capacity(changed.len() * ADD.columns().len()), Vec::new());
        for row in changed {
            let values = if row.before == Before::Nothing { &mut new } else { &mut known };
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
        self.later_rows_apart(ADD, new);
        self.later_rows(CHANGE, known).await?;
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

fn known(row: &Row) -> Result<Option<Known>, StoreError> {
    let Some(status) = row.parsed_maybe("status")? else { return Ok(None) };
    Ok(Some(Known {
        status,
        severity: row.parsed("severity")?,
        started_at: row.time_maybe("started_at")?,
        changed_at: row.time("changed_at")?,
        said_at: row.time_maybe("said_at")?,
        incident: Some(row.get::<i64>("incident_id")?).filter(|id| *id != IN_NONE).map(IncidentId),
        incident_is_open: row.get::<Option<bool>>("incident_is_open")?.unwrap_or_default(),
    }))
}

fn counted(row: &Row) -> Result<Counted, StoreError> {
    let alert: String = row.get("alert")?;
    Ok(Counted {
        alert: serde_json::from_str(&alert).map_err(|error| StoreError::corrupt("alert", error))?,
        status: row.parsed("status")?,
        deliveries: row.get::<i64>("deliveries")? + row.get::<Option<i64>>("repeats")?.unwrap_or_default(),
        first_at: row.time("first_at")?,
        last_at: row.time("last_at")?.max(row.time_maybe("latest_repeat")?.unwrap_or_default()),
    })
}
