//! A connection to SQLite that is asked in the caller's own thread: what reads a few rows takes less time than the way to
//! another thread and back.

use rusqlite::Connection;

use crate::store::embedded::{Opening, Outcome, Statement, open, refused, run_all};
use crate::store::kept::{Lent, Plain, Running};

/// A connection, for what is read in less time than a task may keep others waiting.
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
            let opened = tokio::task::spawn_blocking(move || open(&opening)).await;
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
