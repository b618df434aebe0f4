//! Timelines: rows are only ever added.

use crate::domain::id::{EntryNumber, IncidentId};
use crate::domain::timeline::Entry;
use crate::store::db::{Row, Sql, values};
use crate::store::error::StoreError;
use crate::store::rows::Column::{Int, Json, Text, Time};
use crate::store::sql;
use crate::store::tx::Tx;
use crate::store::types::to_json;

sql! {
    ADD = Sql::of_rows(
        "INSERT INTO timeline (incident_id, number, at, recorded_at, author, kind, event)
         SELECT column1, column2, column3, column4, column5, column6, column7
         FROM {rows} WHERE column1 IS NOT NULL",
        &[Int, Int, Time, Time, Json, Text, Json],
    );
    RANGE = Sql::portable(
        "SELECT number, at, recorded_at, author, event FROM timeline
         WHERE incident_id = $1 AND $2 <= number AND number <= $3 ORDER BY number",
    );
    OF_KIND = Sql::portable(
        "SELECT number, at, recorded_at, author, event FROM timeline
         WHERE incident_id = $1 AND kind = $2 ORDER BY number DESC LIMIT $3",
    );
}

impl Tx {
    /// Adds entries to timelines.
    pub async fn add_to_timelines(&mut self, entries: Vec<(IncidentId, &Entry)>) -> Result<(), StoreError> {
        let mut rows = Vec::new();
        for (incident, entry) in entries {
            let event = to_json(&entry.event);
            let kind = event["kind"].as_str().unwrap_or_default().to_owned();
            rows.extend(values![
                incident.0,
                entry.number.0,
                entry.at,
                entry.recorded_at,
                to_json(&entry.author),
                kind,
                event,
            ]);
        }
        self.later_rows_too(ADD, rows).await
    }

    /// The whole timeline, in the order in which it was recorded.
    pub async fn timeline(&mut self, incident: IncidentId) -> Result<Vec<Entry>, StoreError> {
        self.timeline_between(incident, EntryNumber(1), EntryNumber(i64::MAX)).await
    }

    /// The last entries of a kind, the newest first.
    pub async fn timeline_of_kind(
        &mut self,
        incident: IncidentId,
        kind: &str,
        limit: i64,
    ) -> Result<Vec<Entry>, StoreError> {
        self.all(OF_KIND, values![incident.0, kind, limit]).await?.iter().map(entry).collect()
    }

    /// The entries `from ..= to`.
    pub async fn timeline_between(
        &mut self,
        incident: IncidentId,
        from: EntryNumber,
        to: EntryNumber,
    ) -> Result<Vec<Entry>, StoreError> {
        self.all(RANGE, values![incident.0, from.0, to.0]).await?.iter().map(entry).collect()
    }
}

fn entry(row: &Row) -> Result<Entry, StoreError> {
    Ok(Entry {
        number: EntryNumber(row.get("number")?),
        at: row.time("at")?,
        recorded_at: row.time("recorded_at")?,
        author: row.json("author")?,
        event: row.json("event")?,
    })
}
