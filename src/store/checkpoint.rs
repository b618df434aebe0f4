//! SQLite's write-ahead log is copied into the database beside the writer, so that hardly a commit waits for it.

use std::time::Duration;

use tracing::debug;

use crate::store::db::Db;

/// How often the log is copied.
const EVERY: Duration = Duration::from_millis(100);
/// From how many pages on (64 MiB) the log is begun anew, for which the writer has to stand still a moment.
const LONG: i64 = 16 * 1024;

impl Db {
    /// Copies the log for as long as it is polled. Does nothing on PostgreSQL, which does it by itself.
    pub async fn keep_log_short(self) {
        let Self::Sqlite { writer, checkpointer, .. } = &self else { return };
        loop {
            tokio::time::sleep(EVERY).await;
            let copied = sqlx::query_as::<_, (i64, i64, i64)>("PRAGMA wal_checkpoint(PASSIVE)");
            let long = match copied.fetch_one(checkpointer).await {
                Ok((_, pages, _)) => LONG < pages,
                Err(error) => {
                    debug!(error = &error as &dyn std::error::Error, "the log could not be copied");
                    false
                }
            };
            if long && let Err(error) = sqlx::query("PRAGMA wal_checkpoint(RESTART)").execute(writer).await {
                debug!(error = &error as &dyn std::error::Error, "the log could not be begun anew");
            }
        }
    }
}
