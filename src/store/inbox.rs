//! The inbox: what was accepted, in order, and how far triage has read.

use crate::domain::Timestamp;
use crate::domain::alert::Alert;
use crate::domain::id::SourceName;
use crate::store::db::{Sql, Tx, values};
use crate::store::error::StoreError;
use crate::store::sql;

sql! {
    TAKE_POSITIONS = Sql::portable("UPDATE inbox_head SET last = last + $1 WHERE only_row = 1 RETURNING last");
    APPEND = Sql::of_lists(
        "INSERT INTO inbox (position, source, received_at, alert)
         SELECT $1 + row.key, row.value ->> 0, $2, row.value ->> 1 FROM json_each($3) AS row",
        "INSERT INTO inbox (position, source, received_at, alert)
         SELECT $1 + n - 1, source, $2, alert
         FROM unnest($3::text[], $4::text[]) WITH ORDINALITY AS rows (source, alert, n)",
    );
    CURSOR = Sql::portable("SELECT position FROM inbox_cursor WHERE only_row = 1");
    AFTER = Sql::portable(
        "SELECT position, source, received_at, alert FROM inbox WHERE $1 < position ORDER BY position LIMIT $2",
    );
    ADVANCE = Sql::portable("UPDATE inbox_cursor SET position = $2 WHERE only_row = 1 AND position = $1");
    BEHIND = Sql::portable(
        "SELECT (SELECT last FROM inbox_head) - (SELECT position FROM inbox_cursor) AS waiting,
                (SELECT MIN(received_at) FROM inbox WHERE (SELECT position FROM inbox_cursor) < position) AS oldest",
    );
    SET_ASIDE = Sql::portable(
        "INSERT INTO set_aside (position, source, set_aside_at, reason) VALUES ($1, $2, $3, $4)
         ON CONFLICT (position) DO NOTHING",
    );
    COUNT_SET_ASIDE = Sql::portable("SELECT COUNT(*) AS count FROM set_aside");
    PRUNE = Sql::portable(
        "DELETE FROM inbox WHERE position IN (
             SELECT position FROM inbox
             WHERE received_at < $1 AND position <= (SELECT position FROM inbox_cursor)
               AND position NOT IN (SELECT position FROM set_aside)
             ORDER BY position LIMIT $2)",
    );
}

/// An alert as the inbox keeps it. The JSON is kept as it was written, so that appending costs no second parse.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// The source that it came by.
    pub source: SourceName,
    /// The [`Alert`] as JSON.
    pub alert: String,
}

/// A row of the inbox.
#[derive(Debug)]
pub struct InboxRow {
    /// Its place in the order.
    pub position: i64,
    /// The source that it came by.
    pub source: SourceName,
    /// When it was accepted.
    pub received_at: Timestamp,
    /// The alert, or why it cannot be read any more.
    pub alert: Result<Alert, String>,
}

/// How far triage is behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Behind {
    /// How many rows wait.
    pub waiting: i64,
    /// Since when the oldest does.
    pub oldest: Option<Timestamp>,
}

impl Tx {
    /// Appends to the inbox; gives the first position, from which the others follow one by one.
    pub async fn append_to_inbox(&mut self, accepted: Vec<Accepted>, now: Timestamp) -> Result<i64, StoreError> {
        let count = i64::try_from(accepted.len()).unwrap_or(i64::MAX);
        let last: i64 = self.one(TAKE_POSITIONS, values![count]).await?.get("last")?;
        let first = last - count + 1;
        let mut values = values![first, now];
        values.extend(self.pairs(accepted.into_iter().map(|row| (row.source.as_str().to_owned(), row.alert))));
        self.execute(APPEND, values).await?;
        Ok(first)
    }

    /// The position up to which everything was digested.
    pub async fn inbox_cursor(&mut self) -> Result<i64, StoreError> {
        self.one(CURSOR, values![]).await?.get("position")
    }

    /// The rows after `position`, at most `limit`.
    pub async fn inbox_after(&mut self, position: i64, limit: i64) -> Result<Vec<InboxRow>, StoreError> {
        let rows = self.all(AFTER, values![position, limit]).await?;
        rows.iter()
            .map(|row| {
                let alert: String = row.get("alert")?;
                Ok(InboxRow {
                    position: row.get("position")?,
                    source: row.get::<String>("source")?.into(),
                    received_at: row.time("received_at")?,
                    alert: serde_json::from_str(&alert).map_err(|error| error.to_string()),
                })
            })
            .collect()
    }

    /// Moves the cursor; `false` when another process moved it first.
    pub async fn advance_inbox_cursor(&mut self, from: i64, to: i64) -> Result<bool, StoreError> {
        Ok(self.execute(ADVANCE, values![from, to]).await? == 1)
    }

    /// How far triage is behind.
    pub async fn inbox_behind(&mut self) -> Result<Behind, StoreError> {
        let row = self.one(BEHIND, values![]).await?;
        Ok(Behind { waiting: row.get("waiting")?, oldest: row.time_maybe("oldest")? })
    }

    /// Sets aside what triage cannot digest, so that it holds up nothing and can be looked at.
    pub async fn set_aside(
        &mut self,
        position: i64,
        source: &SourceName,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.execute(SET_ASIDE, values![position, source.as_str(), now, reason]).await?;
        Ok(())
    }

    /// How many alerts were set aside.
    pub async fn count_set_aside(&mut self) -> Result<i64, StoreError> {
        self.one(COUNT_SET_ASIDE, values![]).await?.get("count")
    }

    /// Deletes up to `limit` digested rows from before `before`.
    pub async fn prune_inbox(&mut self, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
        self.execute(PRUNE, values![before, limit]).await
    }
}
