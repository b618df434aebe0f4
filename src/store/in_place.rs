//! A connection to SQLite that is asked in the caller's own thread: what reads a few rows takes less time than the way to
//! another thread and back.

use std::time::Duration;

use rusqlite::Connection;

use crate::store::embedded::{Opening, Outcome, Statement, open, refused, run_all};
use crate::store::kept::{Lent, Plain, Running};

/// A connection, for what is read in less time than a task may keep others waiting. Where another process has the file it waits
/// for nothing, and fails.
pub struct InPlace(Connection);

impl InPlace {
    /// Runs statements, each by itself: what each came to.
    pub fn run_all(&self, statements: &[Statement]) -> Result<Vec<Outcome>, sqlx::Error> {
        run_all(&self.0, statements).map_err(refused)
    }
}

impl Plain for InPlace {
    type Options = Opening;

    const MAY_GO: bool = false;

    fn connect(opening: &Opening) -> Running<'_, Self> {
        let opening = opening.clone();
        Box::pin(async move {
            let opened = tokio::task::spawn_blocking(move || {
                let connection = open(&opening)?;
                // Who waits for another process here keeps other tasks waiting.
                connection.busy_timeout(Duration::ZERO)?;
                Ok(connection)
            })
            .await;
            opened.map_err(|_| sqlx::Error::WorkerCrashed)?.map(Self).map_err(refused)
        })
    }

    fn ping(&mut self) -> Running<'_> {
        Box::pin(async { Ok(()) })
    }

    fn run(&mut self, statement: &'static str) -> Running<'_> {
        Box::pin(async move { self.run_all(&[statement.into()]).map(drop) })
    }

    fn close(self) -> Running<'static> {
        Box::pin(async move { self.0.close().map_err(|(_, error)| refused(error)) })
    }

    /// Closed, and with it goes what was begun.
    fn leave(lent: Lent<Self>) {
        drop(lent);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::embedded::{Access, Embedded};
    use crate::store::kept::Kept;

    #[tokio::test]
    async fn what_fails_leaves_the_connection_as_it_was_and_what_is_closed_is_asked_no_more() {
        let folder = tempfile::TempDir::new().unwrap();
        let opening = |access| Opening { file: folder.path().join("place.db"), access, set: &[] };
        let mut writer = Embedded::connect(&opening(Access::Make)).await.unwrap();
        writer.run("CREATE TABLE t (n INTEGER)").await.unwrap();
        let kept: Kept<InPlace> = Kept::new(None, opening(Access::Read), Duration::from_secs(5));
        for (statement, is_read) in [
            ("SELECT COUNT(*) AS n FROM t", true),
            ("INSERT INTO t VALUES (1)", false),
            ("SELECT COUNT(*) AS n FROM t", true),
        ] {
            let lent = kept.lend().await.unwrap();
            let outcomes = lent.run_all(&[statement.into()]);
            lent.give_back_after(&outcomes);
            assert_eq!(outcomes.is_ok(), is_read, "{statement}");
        }
        writer.run("INSERT INTO t VALUES (1)").await.unwrap();
        let lent = kept.lend().await.unwrap();
        let counted = lent.run_all(&["SELECT COUNT(*) AS n FROM t".into()]).unwrap();
        assert_eq!(counted[0].rows[0].get::<i64>("n").unwrap(), 1, "it sees what was kept since");
        lent.give_back();
        kept.close().await;
        assert!(matches!(kept.lend().await, Err(sqlx::Error::PoolClosed)));
        writer.close().await.unwrap();
    }
}
