//! Bodies that were refused, kept for a while under the reference that the sender was given.

use crate::domain::Timestamp;
use crate::domain::id::SourceName;
use crate::store::db::{Sql, Tx, values};
use crate::store::error::StoreError;
use crate::store::sql;

sql! {
    KEEP = Sql::portable(
        "INSERT INTO refused (reference, source, received_at, reason, body) VALUES ($1, $2, $3, $4, $5)",
    );
    FIND = Sql::portable("SELECT source, received_at, reason, body FROM refused WHERE reference = $1");
    COUNT = Sql::portable("SELECT COUNT(*) AS count FROM refused");
    PRUNE = Sql::portable(
        "DELETE FROM refused WHERE reference IN (
             SELECT reference FROM refused WHERE received_at < $1 ORDER BY received_at LIMIT $2)",
    );
}

/// A body that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The source that it came by.
    pub source: SourceName,
    /// When.
    pub received_at: Timestamp,
    /// Why.
    pub reason: String,
    /// The bytes as they came.
    pub body: Vec<u8>,
}

impl Tx {
    /// Keeps a refused body.
    pub async fn keep_refused(&mut self, reference: &str, refused: Refused) -> Result<(), StoreError> {
        let values = values![reference, refused.source.as_str(), refused.received_at, refused.reason, refused.body,];
        self.execute(KEEP, values).await?;
        Ok(())
    }

    /// The body kept under a reference.
    pub async fn refused(&mut self, reference: &str) -> Result<Option<Refused>, StoreError> {
        let Some(row) = self.first(FIND, values![reference]).await? else { return Ok(None) };
        Ok(Some(Refused {
            source: row.get::<String>("source")?.into(),
            received_at: row.time("received_at")?,
            reason: row.get("reason")?,
            body: row.get("body")?,
        }))
    }

    /// How many are kept.
    pub async fn count_refused(&mut self) -> Result<i64, StoreError> {
        self.one(COUNT, values![]).await?.get("count")
    }

    /// Deletes up to `limit` from before `before`.
    pub async fn prune_refused(&mut self, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
        self.execute(PRUNE, values![before, limit]).await
    }
}
