//! Transactions of either database, and what is asked within one.

use sqlx::SqlStr;
use sqlx::postgres::{PgArguments, PgConnection, Postgres};

use crate::store::db::{Row, Sql, Value, for_postgres};
use crate::store::embedded::{Embedded, Outcome, Statement};
use crate::store::error::StoreError;
use crate::store::kept::{Kept, Lent, Plain, is_gone};
use crate::store::ride::Rides;
use crate::store::rows::{Behind, Deed};

/// A transaction: all of it is kept, or nothing.
pub struct Tx {
    pub(in crate::store) on: Connection,
    pub(in crate::store) behind: Behind,
    pub(in crate::store) then: Vec<Deed>,
    /// Who goes with it, should somebody wait when it is committed.
    pub(in crate::store) rides: Rides,
}

/// A connection on which a transaction is begun.
pub(in crate::store) enum Connection {
    /// To SQLite.
    Sqlite(Begun<Embedded>),
    /// To PostgreSQL, for who has one of its own.
    Postgres(Begun<PgConnection>),
    /// To PostgreSQL, of the pool that all share.
    Pooled(sqlx::Transaction<'static, Postgres>),
}

/// A transaction on a connection that is kept.
pub(in crate::store) enum Begun<C: Plain> {
    /// Nothing was asked of it: whoever decides what to write holds up nobody who writes.
    Unlent(Kept<C>),
    /// It begins with its first statement, since each turn to the database takes as long as one; where that is the last one,
    /// too, PostgreSQL needs no other turn. Beside it is where another connection is lent, should this one be gone.
    Fresh(Lent<C>, Kept<C>),
    Kept(Lent<C>),
    /// It came to its end.
    Ended,
}

impl<C: Plain> Begun<C> {
    /// One that is yet to begin.
    pub fn on(kept: &Kept<C>) -> Self {
        Self::Unlent(kept.clone())
    }

    /// Has its connection, from now on to its end.
    async fn lend(&mut self) -> Result<(), sqlx::Error> {
        if let Self::Unlent(kept) = self {
            let kept = kept.clone();
            *self = Self::Fresh(kept.lend().await?, kept);
        }
        Ok(())
    }

    async fn commit(&mut self) -> Result<(), sqlx::Error> {
        match std::mem::replace(self, Self::Ended) {
            Self::Kept(mut kept) => {
                kept.run("COMMIT").await?;
                kept.give_back();
            }
            Self::Fresh(lent, _) => lent.give_back(),
            Self::Unlent(_) | Self::Ended => (),
        }
        Ok(())
    }

    /// Takes it back beside everything else; who writes next waits for that.
    fn leave(&mut self) {
        match std::mem::replace(self, Self::Ended) {
            Self::Kept(kept) => C::leave(kept),
            Self::Fresh(lent, _) => lent.give_back(),
            Self::Unlent(_) | Self::Ended => (),
        }
    }
}

impl Begun<PgConnection> {
    /// The connection, on which it has begun.
    async fn begun(&mut self) -> Result<&mut PgConnection, sqlx::Error> {
        self.lend().await?;
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
        match self {
            Self::Kept(lent) => Ok(&mut *lent),
            _ => unreachable!("nothing is asked of a transaction that ended"),
        }
    }
}

impl Begun<Embedded> {
    /// Runs statements in one turn: what each came to. Before the first of all comes what begins the transaction.
    pub async fn run(&mut self, statements: Vec<Statement>) -> Result<Vec<Outcome>, StoreError> {
        self.ask(statements, None).await
    }

    /// The same, and keeps everything; with it goes who waits for the writer by then.
    pub async fn run_and_commit(
        &mut self,
        statements: Vec<Statement>,
        rides: &Rides,
    ) -> Result<Vec<Outcome>, StoreError> {
        self.ask(statements, Some(rides)).await
    }

    async fn ask(&mut self, mut statements: Vec<Statement>, rides: Option<&Rides>) -> Result<Vec<Outcome>, StoreError> {
        self.lend().await?;
        let begins = match std::mem::replace(self, Self::Ended) {
            Self::Fresh(lent, _) => {
                statements.insert(0, lent.begin().into());
                *self = Self::Kept(lent);
                true
            }
            begun => {
                *self = begun;
                false
            }
        };
        let Self::Kept(lent) = self else { unreachable!("nothing is asked of a transaction that ended") };
        let mut outcomes = match rides {
            Some(rides) => lent.commit_all(statements, rides.clone()).await?,
            None => lent.run_all(statements).await?,
        };
        Ok(outcomes.split_off(usize::from(begins)))
    }

    /// Gives the connection back on which `COMMIT` was run.
    fn ended(&mut self) {
        if let Self::Kept(kept) = std::mem::replace(self, Self::Ended) {
            kept.give_back();
        }
    }
}

impl Connection {
    /// Whether it is one to SQLite.
    pub fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }

    /// The connection to PostgreSQL, on which the transaction has begun.
    pub async fn postgres(&mut self) -> Result<&mut PgConnection, sqlx::Error> {
        match self {
            Self::Postgres(begun) => begun.begun().await,
            Self::Pooled(tx) => Ok(&mut *tx),
            Self::Sqlite(_) => unreachable!("it is one to SQLite"),
        }
    }

    /// Runs statements that are one in `text`, on PostgreSQL, as all of the transaction where it is yet to begin; their rows,
    /// and whether it ended with them.
    pub async fn run_at_once(&mut self, text: SqlStr, arguments: PgArguments) -> Result<(Vec<Row>, bool), StoreError> {
        let query = sqlx::query_with(text, arguments);
        if let Self::Postgres(begun) = self {
            begun.lend().await?;
        }
        let (rows, is_all) = match self {
            Self::Postgres(begun @ Begun::Fresh(..)) => {
                let Begun::Fresh(mut lent, _) = std::mem::replace(begun, Begun::Ended) else { unreachable!("it is") };
                let rows = query.fetch_all(&mut *lent).await;
                lent.give_back_after(&rows);
                (rows?, true)
            }
            begun => (query.fetch_all(begun.postgres().await?).await?, false),
        };
        Ok((rows.into_iter().map(Row::Postgres).collect(), is_all))
    }
}

impl From<Connection> for Tx {
    fn from(on: Connection) -> Self {
        Self { on, behind: Behind::default(), then: Vec::new(), rides: Rides::default() }
    }
}

impl From<Begun<Embedded>> for Tx {
    fn from(begun: Begun<Embedded>) -> Self {
        Connection::Sqlite(begun).into()
    }
}

impl From<Begun<PgConnection>> for Tx {
    fn from(begun: Begun<PgConnection>) -> Self {
        Connection::Postgres(begun).into()
    }
}

impl From<sqlx::Transaction<'static, Postgres>> for Tx {
    fn from(tx: sqlx::Transaction<'static, Postgres>) -> Self {
        Connection::Pooled(tx).into()
    }
}

impl Tx {
    /// A transaction on SQLite's one writer, whose commit takes along who waits for that.
    pub(in crate::store) fn carrying(writer: Begun<Embedded>, rides: Rides) -> Self {
        let mut tx = Self::from(writer);
        tx.rides = rides;
        tx
    }

    /// Runs a statement; how many rows it changed.
    pub async fn execute(&mut self, sql: Sql, values: Vec<Value>) -> Result<u64, StoreError> {
        self.catch_up().await?;
        if let Connection::Sqlite(tx) = &mut self.on {
            let outcomes = tx.run(vec![Statement { text: sql.sqlite.into(), values }]).await?;
            return Ok(outcomes.first().map_or(0, |outcome| outcome.changed));
        }
        let query = sqlx::query_with(sql.postgres, for_postgres(values)?);
        Ok(query.execute(self.on.postgres().await?).await?.rows_affected())
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
        if let Connection::Sqlite(tx) = &mut self.on {
            let statement = |sql: &Sql| Statement { text: sql.sqlite.into(), values: values.clone() };
            for (rows, outcome) in all.iter_mut().zip(tx.run(statements.iter().map(statement).collect()).await?) {
                *rows = outcome.rows.into_iter().map(Row::Sqlite).collect();
            }
            return Ok(all);
        }
        for (rows, sql) in all.iter_mut().zip(statements) {
            let query = sqlx::query_with(sql.postgres, for_postgres(values.clone())?);
            *rows = query.fetch_all(self.on.postgres().await?).await?.into_iter().map(Row::Postgres).collect();
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
        if !self.catch_up_and_commit().await? {
            match &mut self.on {
                Connection::Sqlite(begun) => begun.commit().await?,
                Connection::Postgres(begun) => begun.commit().await?,
                Connection::Pooled(_) => {
                    if let Connection::Pooled(tx) = std::mem::replace(&mut self.on, Connection::Postgres(Begun::Ended))
                    {
                        tx.commit().await?;
                    }
                }
            }
        }
        // What was to be done once all is kept.
        self.then.drain(..).for_each(|act| act());
        if let Connection::Sqlite(tx) = &mut self.on {
            tx.ended();
        }
        Ok(())
    }

    /// Forgets everything.
    pub fn rollback(self) {
        drop(self);
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        match &mut self.on {
            Connection::Sqlite(begun) => begun.leave(),
            Connection::Postgres(begun) => begun.leave(),
            // As sqlx does by itself.
            Connection::Pooled(_) => (),
        }
    }
}
