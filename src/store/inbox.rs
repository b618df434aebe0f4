//! The inbox: what was accepted, in order, and how far triage has read.

use serde::Deserialize;

use crate::domain::Timestamp;
use crate::domain::alert::Alert;
use crate::domain::id::SourceName;
use crate::store::db::{Db, Row, Sql, values};
use crate::store::error::StoreError;
use crate::store::rows::Column::{Bytes, Int, Time};
use crate::store::sql;
use crate::store::tx::Tx;

/// Whether what stands in the middle of a span of positions was taken in before a moment.
macro_rules! middle_is_before {
    () => {
        "(SELECT received_at FROM inbox WHERE (low + high) / 2 <= last ORDER BY last LIMIT 1) < $1"
    };
}

sql! {
    // The head's row is locked until the commit, so positions become visible in order. On SQLite a trigger moves it, and the
    // values have no numbers, since the statement may stand behind others.
    APPEND = Sql::of_lists(
        "INSERT INTO inbox (last, first, received_at, is_packed, alerts)
         SELECT head.last + column1, head.last + 1, column2, 1, column3
         FROM inbox_head AS head CROSS JOIN (VALUES (?, ?, ?)) AS given RETURNING first",
        "WITH head AS (UPDATE inbox_head SET last = last + $1 WHERE only_row = 1 RETURNING last)
         INSERT INTO inbox (last, first, received_at, is_packed, alerts)
         SELECT head.last, head.last - $1 + 1, $2, TRUE, $3 FROM head RETURNING first",
    );
    // The same where nothing else came after a position: what may not be empty fails there.
    APPEND_AFTER = Sql::of_rows(
        "INSERT INTO inbox (last, first, received_at, is_packed, alerts)
         SELECT column1 + column2, CASE WHEN head.last = column1 THEN column1 + 1 END, column3, TRUE, column4
         FROM {rows} JOIN inbox_head AS head ON head.only_row = 1",
        &[Int, Int, Time, Bytes],
    );
    MOVE_HEAD = Sql::of_rows(
        "UPDATE inbox_head SET last = CASE WHEN last = column1 THEN column1 + column2 END FROM {rows} WHERE only_row = 1",
        &[Int, Int],
    );
    CURSOR = Sql::portable("SELECT position FROM inbox_cursor WHERE only_row = 1");
    AFTER = Sql::portable(
        "SELECT first, received_at, is_packed, alerts FROM inbox
         WHERE $1 < last
           AND last <= COALESCE((SELECT MIN(last) FROM inbox WHERE $1 + $2 <= last), 9223372036854775807)
         ORDER BY last",
    );
    END = Sql::portable("SELECT last FROM inbox_head");
    // No index has the times; positions are given in their order, but for where the clock was set.
    BEFORE = Sql::portable(concat!(
        "WITH RECURSIVE span (low, high) AS (
             SELECT COALESCE((SELECT first - 1 FROM inbox ORDER BY last LIMIT 1), 0),
                    COALESCE((SELECT MAX(last) + 1 FROM inbox), 1)
             UNION ALL
             SELECT CASE WHEN ",
        middle_is_before!(),
        " THEN (low + high) / 2 ELSE low END, CASE WHEN ",
        middle_is_before!(),
        " THEN high ELSE (low + high) / 2 END FROM span WHERE low + 1 < high)
         SELECT MAX(low) AS position FROM span",
    ));
    // From elsewhere it goes nowhere, and what may not be empty fails: so does all that was to be kept with it.
    ADVANCE = Sql::of_rows(
        "UPDATE inbox_cursor SET position =
             CASE WHEN position = column1
                       AND (column3 IS NULL OR column3 = (SELECT value FROM counter WHERE name = 'ending'))
                  THEN column2 END
         FROM {rows} WHERE only_row = 1",
        &[Int, Int, Int],
    );
    BEHIND = Sql::portable(
        "SELECT (SELECT last FROM inbox_head) - (SELECT position FROM inbox_cursor) AS waiting,
                (SELECT received_at FROM inbox WHERE (SELECT position FROM inbox_cursor) < last
                 ORDER BY last LIMIT 1) AS oldest",
    );
    SET_ASIDE = Sql::portable(
        "INSERT INTO set_aside (position, source, set_aside_at, reason) VALUES ($1, $2, $3, $4)
         ON CONFLICT (position) DO NOTHING",
    );
    COUNT_SET_ASIDE = Sql::portable("SELECT COUNT(*) AS count FROM set_aside");
    PRUNE = Sql::portable(
        "DELETE FROM inbox WHERE last IN (
             SELECT last FROM inbox
             WHERE last <= $1 AND last <= (SELECT position FROM inbox_cursor) AND received_at < $2
               AND NOT EXISTS (SELECT 1 FROM set_aside WHERE set_aside.position BETWEEN inbox.first AND inbox.last)
             ORDER BY last LIMIT $3)",
    );
}

/// An alert, and the JSON that it is kept as: it is written once, and kept in more than one place.
#[derive(Debug, Clone)]
pub struct Written {
    /// The alert.
    pub alert: Alert,
    /// Its JSON. It has no line breaks of its own, so that the inbox keeps one alert a line.
    pub json: Box<str>,
}

impl Written {
    /// Writes an alert.
    pub fn new(alert: Alert) -> Result<Self, serde_json::Error> {
        let json = serde_json::to_string(&alert)?.into_boxed_str();
        Ok(Self { alert, json })
    }
}

/// Alerts that share a commit, as the inbox keeps them.
#[derive(Debug, Clone)]
pub struct Packed {
    count: i64,
    received_at: Timestamp,
    alerts: Vec<u8>,
}

impl Packed {
    /// Packs alerts that came at one moment.
    pub fn new<'a>(alerts: impl IntoIterator<Item = &'a Written>, received_at: Timestamp) -> Self {
        let lines: Vec<&str> = alerts.into_iter().map(|alert| &*alert.json).collect();
        let alerts = lz4_flex::compress_prepend_size(lines.join("\n").as_bytes());
        Self { count: i64::try_from(lines.len()).unwrap_or(i64::MAX), received_at, alerts }
    }
}

/// An alert in the inbox.
#[derive(Debug)]
pub struct InboxRow {
    /// Its place in the order.
    pub position: i64,
    /// The source that it came by.
    pub source: SourceName,
    /// When it was accepted.
    pub received_at: Timestamp,
    /// The alert, or why it cannot be read any more.
    pub alert: Result<Written, String>,
}

/// How far triage is behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Behind {
    /// How many alerts wait.
    pub waiting: i64,
    /// Since when the oldest does.
    pub oldest: Option<Timestamp>,
}

impl Db {
    /// Appends to the inbox what is packed when its turn comes, in one statement that is kept when this returns; gives the
    /// first position, from which the others follow one by one. Who packs may be asked again, and then gives the same, or
    /// nothing where nobody waits any more.
    pub async fn append_to_inbox(
        &self,
        pack: impl Fn() -> Option<Packed> + Send + Sync + 'static,
    ) -> Result<i64, StoreError> {
        let values = move || {
            let Packed { count, received_at, alerts } = pack()?;
            Some(values![count, received_at, alerts])
        };
        self.alone(APPEND, values).await?.get("first")
    }
}

impl Tx {
    /// Appends to the inbox within a transaction; gives the first position.
    pub async fn append_to_inbox<'a>(
        &mut self,
        alerts: impl IntoIterator<Item = &'a Written>,
        now: Timestamp,
    ) -> Result<i64, StoreError> {
        let Packed { count, received_at, alerts } = Packed::new(alerts, now);
        self.one(APPEND, values![count, received_at, alerts]).await?.get("first")
    }

    /// Appends to the inbox what is to stand next after `position`, with the next statement or at the commit. That one fails
    /// where something else does, and nothing is kept.
    pub async fn append_after<'a>(
        &mut self,
        position: i64,
        alerts: impl IntoIterator<Item = &'a Written>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Packed { count, received_at, alerts } = Packed::new(alerts, now);
        self.later_rows(APPEND_AFTER, values![position, count, received_at, alerts]).await?;
        // On SQLite a trigger does.
        match self.on.is_sqlite() {
            true => Ok(()),
            false => self.later_rows(MOVE_HEAD, values![position, count]).await,
        }
    }

    /// The position up to which everything was digested.
    pub async fn inbox_cursor(&mut self) -> Result<i64, StoreError> {
        self.one(CURSOR, values![]).await?.get("position")
    }

    /// The next alerts after `position`, at most `count`.
    pub async fn inbox_after(&mut self, position: i64, count: usize) -> Result<Vec<InboxRow>, StoreError> {
        let mut rows = Vec::new();
        for row in self.all(AFTER, values![position, count as i64]).await? {
            // Only those are read that are asked for: a commit may have as many again.
            alerts_of(&row, position, count, &mut rows)?;
        }
        Ok(rows)
    }

    /// The position of the last alert that was taken in.
    pub async fn inbox_end(&mut self) -> Result<i64, StoreError> {
        self.one(END, values![]).await?.get("last")
    }

    /// The position of the last alert that is kept and was taken in before `since`, or the one before all that are kept.
    pub async fn inbox_before(&mut self, since: Timestamp) -> Result<i64, StoreError> {
        self.one(BEFORE, values![since]).await?.get("position")
    }

    /// Moves the cursor, with the next statement or at the commit. That one fails where another process moved it first, or
    /// where incidents ended or were reopened since they had so often `endings`, should that matter; and says
    /// [so](StoreError::is_overtaken).
    pub async fn advance_inbox_cursor(&mut self, from: i64, to: i64, endings: Option<i64>) -> Result<(), StoreError> {
        self.later_rows(ADVANCE, values![from, to, endings]).await
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

    /// Deletes up to `limit` digested commits from before `before`.
    pub async fn prune_inbox(&mut self, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
        let position = self.inbox_before(before).await?;
        self.execute(PRUNE, values![position, before, limit]).await
    }
}

/// What can be told even of an alert that cannot be read.
#[derive(Deserialize)]
struct Origin {
    source: SourceName,
}

/// Adds the alerts of a commit that follow `position` to the others, up to `count`.
fn alerts_of(row: &Row, position: i64, count: usize, rows: &mut Vec<InboxRow>) -> Result<(), StoreError> {
    let first: i64 = row.get("first")?;
    let received_at = row.time("received_at")?;
    let kept: Vec<u8> = row.get("alerts")?;
    let text = match row.get("is_packed")? {
        true => lz4_flex::decompress_size_prepended(&kept).map_err(|error| StoreError::corrupt("alerts", error))?,
        false => kept,
    };
    let text = String::from_utf8(text).map_err(|error| StoreError::corrupt("alerts", error))?;
    let alert = |(position, line): (i64, &str)| {
        let alert = serde_json::from_str::<Alert>(line).map_err(|error| error.to_string());
        let source = match &alert {
            Ok(alert) => alert.source.clone(),
            Err(_) => serde_json::from_str::<Origin>(line).map_or_else(|_| "unknown".into(), |origin| origin.source),
        };
        let alert = alert.map(|alert| Written { alert, json: line.into() });
        InboxRow { position, source, received_at, alert }
    };
    let follow = (first..).zip(text.split('\n')).skip_while(|(at, _)| *at <= position);
    rows.extend(follow.take(count.saturating_sub(rows.len())).map(alert));
    Ok(())
}
