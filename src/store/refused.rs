//! Bodies that were refused, kept for a while under the reference that the sender was given. The same again is counted.

use crate::domain::Timestamp;
use crate::domain::id::SourceName;
use crate::store::db::{Row, Sql, values};
use crate::store::error::StoreError;
use crate::store::sql;
use crate::store::tx::Tx;
use crate::store::types::to_count;

sql! {
    KEEP = Sql::portable(
        "INSERT INTO refused (reference, source, received_at, reason, body, fields, length, times)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 1)
         ON CONFLICT (reference) DO UPDATE SET
             received_at = excluded.received_at, reason = excluded.reason, times = refused.times + 1",
    );
    KEEP_LATEST = Sql::portable(
        "DELETE FROM refused WHERE reference IN (
             SELECT reference FROM refused WHERE source = $1 ORDER BY received_at DESC, reference LIMIT 1000 OFFSET $2)",
    );
    FIND = Sql::portable(
        "SELECT reference, source, received_at, reason, body, fields, length, times FROM refused WHERE reference = $1",
    );
    LIST = Sql::portable(
        "SELECT reference, source, received_at, reason, length, times FROM refused
         WHERE $1 = '' OR source = $1 ORDER BY received_at, reference",
    );
    COUNT = Sql::portable("SELECT COUNT(*) AS count FROM refused");
    FORGET = Sql::portable("DELETE FROM refused WHERE reference = $1");
    PRUNE = Sql::portable(
        "DELETE FROM refused WHERE reference IN (
             SELECT reference FROM refused WHERE received_at < $1 ORDER BY received_at LIMIT $2)",
    );
}

/// How many refused bodies of one source are kept: the latest.
pub const KEPT_OF_A_SOURCE: i64 = 100;

/// A body that was refused, without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What the sender was told to name it by.
    pub reference: String,
    /// The source that it came by.
    pub source: SourceName,
    /// When it came last.
    pub received_at: Timestamp,
    /// Why it was refused.
    pub reason: String,
    /// How long it was, in bytes, of which the beginning may be all that is kept; `None`: nobody noted it.
    pub length: Option<u64>,
    /// How often it came.
    pub times: u64,
}

/// A body that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Which, and why.
    pub refusal: Refusal,
    /// What else of the request it takes to read it again, as JSON.
    pub fields: String,
    /// The bytes as they came.
    pub body: Vec<u8>,
}

impl Tx {
    /// Keeps a refused body, and of its source the latest [`KEPT_OF_A_SOURCE`].
    pub async fn keep_refused(&mut self, refused: Refused) -> Result<(), StoreError> {
        let Refused { refusal, fields, body } = refused;
        let length = refusal.length.and_then(|length| i64::try_from(length).ok());
        let source = refusal.source.as_str();
        let values = values![refusal.reference, source, refusal.received_at, refusal.reason, body, fields, length];
        self.execute(KEEP, values).await?;
        self.execute(KEEP_LATEST, values![source, KEPT_OF_A_SOURCE]).await?;
        Ok(())
    }

    /// The body kept under a reference.
    pub async fn refused(&mut self, reference: &str) -> Result<Option<Refused>, StoreError> {
        let Some(row) = self.first(FIND, values![reference]).await? else { return Ok(None) };
        Ok(Some(Refused { refusal: refusal(&row)?, fields: row.get("fields")?, body: row.get("body")? }))
    }

    /// All that are kept, of one source or of all, the oldest first.
    pub async fn refusals(&mut self, source: Option<&SourceName>) -> Result<Vec<Refusal>, StoreError> {
        let source = source.map_or("", SourceName::as_str);
        self.all(LIST, values![source]).await?.iter().map(refusal).collect()
    }

    /// How many are kept.
    pub async fn count_refused(&mut self) -> Result<i64, StoreError> {
        self.one(COUNT, values![]).await?.get("count")
    }

    /// Deletes one, which was taken in after all; whether it was there.
    pub async fn forget_refused(&mut self, reference: &str) -> Result<bool, StoreError> {
        Ok(self.execute(FORGET, values![reference]).await? == 1)
    }

    /// Deletes up to `limit` from before `before`.
    pub async fn prune_refused(&mut self, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
        self.execute(PRUNE, values![before, limit]).await
    }
}

fn refusal(row: &Row) -> Result<Refusal, StoreError> {
    let length: Option<i64> = row.get("length")?;
    Ok(Refusal {
        reference: row.get("reference")?,
        source: row.get::<String>("source")?.into(),
        received_at: row.time("received_at")?,
        reason: row.get("reason")?,
        length: length.map(|length| to_count(length, "length")).transpose()?,
        times: to_count(row.get("times")?, "times")?,
    })
}
