//! Transactions of either database, and what is asked within one.

use std::ops::{Deref, DerefMut};

use futures_util::TryStreamExt;
use sqlx::postgres::{PgArguments, PgConnection, Postgres};
use sqlx::sqlite::{Sqlite, SqliteArguments};
use sqlx::{AssertSqlSafe, Database, Either, Executor, SqlSafeStr, SqlStr};

use crate::store::db::{Row, Sql, Value, for_postgres, for_sqlite};
use crate::store::error::StoreError;
use crate::store::kept::{Kept, Lent, Plain, is_gone};
use crate::store::ride::{Rider, Rides, Ticket};
use crate::store::rows::{Behind, Deed};

/// How a transaction that writes begins on SQLite: a write lock taken later than at the start could not be waited for.
const BEGIN: &str = "BEGIN IMMEDIATE;\n";

/// A transaction: all of it is kept, or nothing.
pub struct Tx {
    pub(in crate::store) on: Connection,
    pub(in crate::store) behind: Behind,
    pub(in crate::store) then: Vec<Deed>,
    /// Who goes with it, should somebody wait when it is committed.
    rides: Rides,
}

/// A connection on which a transaction was begun.
pub(in crate::store) enum Connection {
    /// SQLite's.
    Sqlite(Begun<Sqlite>),
    /// PostgreSQL's.
    Postgres(Begun<Postgres>),
}

/// A transaction on a connection of a pool, or on one that is kept.
pub(in crate::store) enum Begun<DB: Database> {
    Pooled(sqlx::Transaction<'static, DB>),
    /// It begins with its first statement, since each turn to the database takes as long as one; where that is the last one,
    /// too, PostgreSQL needs no other turn. Beside it is where another connection is lent, should this one be gone.
    Fresh(Lent<DB::Connection>, Kept<DB::Connection>),
    Kept(Lent<DB::Connection>),
    /// It came to its end.
    Ended,
}

impl<DB: Database<Connection: Plain>> Begun<DB> {
    /// One that is yet to begin.
    pub async fn on(kept: &Kept<DB::Connection>) -> Result<Self, sqlx::Error> {
        Ok(Self::Fresh(kept.lend().await?, kept.clone()))
    }
}

impl Begun<Postgres> {
    /// The connection, on which it has begun.
    pub async fn begun(&mut self) -> Result<&mut PgConnection, sqlx::Error> {
        match std::mem::replace(self, Self::Ended) {
            Self::Fresh(mut lent, kept) => {
                match lent.run("BEGIN").await {
                    // Nothing was done on it yet.
                    Err(error) if is_gone(&error) => {
                        drop(lent);
                        lent = kept.lend().await?;
                        lent.run("BEGIN").await?;
                    }
                    begun => begun?,
                }
                *self = Self::Kept(lent);
            }
            begun => *self = begun,
        }
        Ok(&mut *self)
    }

    /// Runs statements that are one in `text`, as all of the transaction where it is yet to begin; their rows, and whether it
    /// ended with them.
    pub async fn run_at_once(&mut self, text: SqlStr, arguments: PgArguments) -> Result<(Vec<Row>, bool), StoreError> {
        let query = sqlx::query_with(text, arguments);
        let (rows, is_all) = match std::mem::replace(self, Self::Ended) {
            Self::Fresh(mut lent, _) => {
                let rows = query.fetch_all(&mut *lent).await;
                lent.give_back_after(&rows);
                (rows?, true)
            }
            begun => {
                *self = begun;
                (query.fetch_all(self.begun().await?).await?, false)
            }
        };
        Ok((rows.into_iter().map(Row::Postgres).collect(), is_all))
    }
}

impl<DB: Database<Connection: Plain>> Begun<DB> {
    async fn commit(&mut self) -> Result<(), sqlx::Error> {
        match std::mem::replace(self, Self::Ended) {
            Self::Pooled(tx) => tx.commit().await,
            Self::Kept(mut kept) => {
                kept.run("COMMIT").await?;
                kept.give_back();
                Ok(())
            }
            Self::Fresh(lent, _) => {
                lent.give_back();
                Ok(())
            }
            Self::Ended => Ok(()),
        }
    }

    async fn rollback(&mut self) -> Result<(), sqlx::Error> {
        match std::mem::replace(self, Self::Ended) {
            Self::Pooled(tx) => tx.rollback().await,
            Self::Kept(kept) => {
                kept.undo().await;
                Ok(())
            }
            Self::Fresh(lent, _) => {
                lent.give_back();
                Ok(())
            }
            Self::Ended => Ok(()),
        }
    }

    /// Takes it back beside everything else; who writes next waits for that.
    fn leave(&mut self) {
        match std::mem::replace(self, Self::Ended) {
            Self::Kept(kept) => {
                if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                    runtime.spawn(kept.undo());
                }
            }
            Self::Fresh(lent, _) => lent.give_back(),
            Self::Pooled(_) | Self::Ended => (),
        }
    }
}

impl Begun<Sqlite> {
    /// Runs statements that follow one another in `text`, in one turn: what each came to. Before the first of all comes what
    /// begins the transaction.
    pub async fn run(&mut self, text: SqlStr, arguments: SqliteArguments) -> Result<Vec<Outcome>, StoreError> {
        let (begins, text) = match std::mem::replace(self, Self::Ended) {
            Self::Fresh(lent, _) => {
                *self = Self::Kept(lent);
                (true, AssertSqlSafe(format!("{BEGIN}{}", text.as_str())).into_sql_str())
            }
            begun => {
                *self = begun;
                (false, text)
            }
        };
        let mut done = (&mut **self).fetch_many(sqlx::query_with(text, arguments));
        let (mut outcomes, mut rows) = (Vec::new(), Vec::new());
        while let Some(item) = done.try_next().await? {
            match item {
                Either::Right(row) => rows.push(Row::Sqlite(row)),
                Either::Left(done) => {
                    outcomes.push(Outcome { changed: done.rows_affected(), rows: std::mem::take(&mut rows) });
                }
            }
        }
        Ok(outcomes.split_off(usize::from(begins)))
    }

    /// Gives the connection back on which `COMMIT` was run.
    fn ended(&mut self) {
        if let Self::Kept(kept) = std::mem::replace(self, Self::Ended) {
            kept.give_back();
        }
    }
}

/// What a statement came to.
#[derive(Default)]
pub(in crate::store) struct Outcome {
    /// How many rows it changed.
    pub changed: u64,
    /// The rows that it gives.
    pub rows: Vec<Row>,
}

impl<DB: Database> Deref for Begun<DB> {
    type Target = DB::Connection;

    fn deref(&self) -> &DB::Connection {
        match self {
            Self::Pooled(tx) => tx,
            Self::Fresh(lent, _) | Self::Kept(lent) => lent,
            Self::Ended => unreachable!("nothing is asked of a transaction that ended"),
        }
    }
}

impl<DB: Database> DerefMut for Begun<DB> {
    fn deref_mut(&mut self) -> &mut DB::Connection {
        match self {
            Self::Pooled(tx) => tx,
            Self::Fresh(lent, _) | Self::Kept(lent) => lent,
            Self::Ended => unreachable!("nothing is asked of a transaction that ended"),
        }
    }
}

impl From<Begun<Sqlite>> for Tx {
    fn from(begun: Begun<Sqlite>) -> Self {
        Self { on: Connection::Sqlite(begun), behind: Behind::default(), then: Vec::new(), rides: Rides::default() }
    }
}

impl From<Begun<Postgres>> for Tx {
    fn from(begun: Begun<Postgres>) -> Self {
        Self { on: Connection::Postgres(begun), behind: Behind::default(), then: Vec::new(), rides: Rides::default() }
    }
}

impl Tx {
    /// A transaction on SQLite's one writer, whose commit takes along who waits for that.
    pub(in crate::store) fn carrying(writer: Begun<Sqlite>, rides: Rides) -> Self {
        let mut tx = Self::from(writer);
        tx.rides = rides;
        tx
    }

    /// Runs a statement; how many rows it changed.
    pub async fn execute(&mut self, sql: Sql, values: Vec<Value>) -> Result<u64, StoreError> {
        self.catch_up().await?;
        Ok(match &mut self.on {
            Connection::Sqlite(tx) => {
                let outcomes = tx.run(SqlStr::from_static(sql.sqlite), for_sqlite(values)?).await?;
                outcomes.into_iter().next().unwrap_or_default().changed
            }
            Connection::Postgres(tx) => {
                sqlx::query_with(sql.postgres, for_postgres(values)?).execute(tx.begun().await?).await?.rows_affected()
            }
        })
    }

    /// Runs a statement; its rows.
    pub async fn all(&mut self, sql: Sql, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        let [rows] = self.all_of_each([sql], values).await?;
        Ok(rows)
    }

    /// Runs statements that take the same values, on SQLite in one turn; the rows of each.
    pub async fn all_of_each<const N: usize>(
        &mut self,
        statements: [Sql; N],
        values: Vec<Value>,
    ) -> Result<[Vec<Row>; N], StoreError> {
        self.catch_up().await?;
        let mut all = [const { Vec::new() }; N];
        match &mut self.on {
            Connection::Sqlite(tx) => {
                let text = match &statements[..] {
                    [one] => SqlStr::from_static(one.sqlite),
                    several => AssertSqlSafe(several.iter().map(|sql| sql.sqlite).collect::<Vec<_>>().join(";\n"))
                        .into_sql_str(),
                };
                for (rows, outcome) in all.iter_mut().zip(tx.run(text, for_sqlite(values)?).await?) {
                    *rows = outcome.rows;
                }
            }
            Connection::Postgres(tx) => {
                for (rows, sql) in all.iter_mut().zip(statements) {
                    let found =
                        sqlx::query_with(sql.postgres, for_postgres(values.clone())?).fetch_all(tx.begun().await?).await?;
                    *rows = found.into_iter().map(Row::Postgres).collect();
                }
            }
        }
        Ok(all)
    }

    /// Runs a statement; its first row, if it has one.
    pub async fn first(&mut self, sql: Sql, values: Vec<Value>) -> Result<Option<Row>, StoreError> {
        Ok(self.all(sql, values).await?.into_iter().next())
    }

    /// Runs a statement that gives one row.
    pub async fn one(&mut self, sql: Sql, values: Vec<Value>) -> Result<Row, StoreError> {
        self.first(sql, values).await?.ok_or_else(|| sqlx::Error::RowNotFound.into())
    }

    /// Keeps everything.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        let ticket = self.take_along().await?;
        let ended = self.end().await;
        if let (Err(error), Some(ticket)) = (&ended, ticket)
            && error.is_refusal()
        {
            ticket.tell(None);
        }
        ended
    }

    /// Has who waits for the writer go with what is committed now, if anything is.
    async fn take_along(&mut self) -> Result<Option<Ticket>, StoreError> {
        let is_empty = matches!(&self.on, Connection::Sqlite(Begun::Fresh(..))) && self.behind.is_empty();
        let rider = if is_empty { None } else { self.rides.board() };
        let Some(Rider { sql, values, ticket }) = rider else { return Ok(None) };
        let of_rider = ticket.clone();
        let told = move |rows: Vec<Row>| -> Result<Deed, StoreError> {
            let row = rows.into_iter().next();
            Ok(Box::new(move || of_rider.tell(row)))
        };
        self.later_rows_then(sql, values, told).await?;
        Ok(Some(ticket))
    }

    async fn end(&mut self) -> Result<(), StoreError> {
        let is_committed = self.catch_up_and_commit().await?;
        match &mut self.on {
            _ if is_committed => (),
            Connection::Sqlite(tx) => tx.commit().await?,
            Connection::Postgres(tx) => tx.commit().await?,
        }
        // Before the next one writes: who was taken along must know that it is not its turn any more.
        self.then.drain(..).for_each(|act| act());
        if let Connection::Sqlite(tx) = &mut self.on {
            tx.ended();
        }
        Ok(())
    }

    /// Forgets everything.
    pub async fn rollback(mut self) -> Result<(), StoreError> {
        match &mut self.on {
            Connection::Sqlite(tx) => tx.rollback().await?,
            Connection::Postgres(tx) => tx.rollback().await?,
        }
        Ok(())
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        match &mut self.on {
            Connection::Sqlite(tx) => tx.leave(),
            Connection::Postgres(tx) => tx.leave(),
        }
    }
}
