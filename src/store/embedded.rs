//! A connection to SQLite on a thread of its own, which is asked for all statements of a turn at once and answers once. A
//! driver that answers each statement by itself wakes who waits as often, and each time takes as long as the statement. What
//! is even briefer than that is [asked in place](crate::store::in_place).

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::types::Value::{Integer, Null};
use rusqlite::types::{FromSql, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags};
use sqlx::error::{DatabaseError, ErrorKind};
use tokio::sync::{mpsc, oneshot};

use crate::store::db::Value;
use crate::store::kept::{Lent, Plain, Running};
use crate::store::ride::{Make, Rides};

/// How long a statement waits for SQLite's write lock, which another process may hold.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// How many statements a connection keeps prepared: all that there are, those over rows in each size.
const PREPARED: usize = 256;
/// How every connection is set: readers hold up no writer, and a commit survives a loss of power.
const SET: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;";
/// How many turns may wait: those that are waited for, and what takes back those that were given up.
const TURNS: usize = 8;

/// A connection. The thread ends with it, after what is under way.
pub struct Embedded {
    turns: mpsc::Sender<Turn>,
    ended: oneshot::Receiver<()>,
    begin: &'static str,
}

/// How a connection is opened.
#[derive(Debug, Clone)]
pub struct Opening {
    /// The file.
    pub file: PathBuf,
    /// What may be done with it.
    pub access: Access,
    /// What it is set by, beside what sets all.
    pub set: &'static [&'static str],
}

/// What a connection may do with the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Make it, where it is absent, and write.
    Make,
    /// Write.
    Write,
    /// Read.
    Read,
}

/// A statement and its values, in the order of their numbers. Those that are missing are NULL.
#[derive(Debug, Clone)]
pub struct Statement {
    /// One statement.
    pub text: Cow<'static, str>,
    /// Its values.
    pub values: Vec<Value>,
}

/// What a statement came to.
#[derive(Debug, Default)]
pub struct Outcome {
    /// How many rows it changed, where it is one that changes rows.
    pub changed: u64,
    /// The rows that it gives.
    pub rows: Vec<EmbeddedRow>,
}

/// A row.
#[derive(Debug)]
pub struct EmbeddedRow {
    columns: Arc<[Box<str>]>,
    values: Vec<rusqlite::types::Value>,
}

enum Turn {
    Run(Vec<Statement>, Answer),
    Commit(Vec<Statement>, Rides, Answer),
    Alone(Make, Answer),
    TakeBack,
}

type Answer = oneshot::Sender<rusqlite::Result<Vec<Outcome>>>;
type Answered = oneshot::Receiver<rusqlite::Result<Vec<Outcome>>>;

async fn outcomes(answered: Answered) -> Result<Vec<Outcome>, sqlx::Error> {
    answered.await.map_err(|_| sqlx::Error::WorkerCrashed)?.map_err(refused)
}

impl Embedded {
    /// Runs statements in one turn: what each came to. After the first that fails none is run, and the transaction that it
    /// stands in is taken back.
    pub async fn run_all(&mut self, statements: Vec<Statement>) -> Result<Vec<Outcome>, sqlx::Error> {
        self.ask(|answer| Turn::Run(statements, answer)).await
    }

    /// The same, and commits the transaction that they stand in. With it goes who waits when all of them are run: whoever
    /// came while they were waits for one flush of the disk, not for two.
    pub async fn commit_all(&mut self, statements: Vec<Statement>, rides: Rides) -> Result<Vec<Outcome>, sqlx::Error> {
        self.ask(|answer| Turn::Commit(statements, rides, answer)).await
    }

    /// Runs one statement that is a transaction of its own, and is made when its turn comes; what it came to. The connection
    /// is given back at once: whoever is lent it next comes after that, without waiting for who waits here.
    pub async fn run_alone(lent: Lent<Self>, make: Make) -> Result<Outcome, sqlx::Error> {
        let answered = lent.turn(|answer| Turn::Alone(make, answer)).await?;
        lent.give_back();
        Ok(outcomes(answered).await?.pop().unwrap_or_default())
    }

    async fn ask(&mut self, turn: impl FnOnce(Answer) -> Turn) -> Result<Vec<Outcome>, sqlx::Error> {
        outcomes(self.turn(turn).await?).await
    }

    async fn turn(&self, turn: impl FnOnce(Answer) -> Turn) -> Result<Answered, sqlx::Error> {
        let (answer, answered) = oneshot::channel();
        self.turns.send(turn(answer)).await.map_err(|_| sqlx::Error::WorkerCrashed)?;
        Ok(answered)
    }

    /// How a transaction begins on it: for writing with the lock, since one that is taken later could not be waited for.
    pub fn begin(&self) -> &'static str {
        self.begin
    }
}

impl Plain for Embedded {
    type Options = Opening;

    const MAY_GO: bool = false;

    fn connect(opening: &Opening) -> Running<'_, Self> {
        Box::pin(async move {
            let begin = if opening.access == Access::Read { "BEGIN" } else { "BEGIN IMMEDIATE" };
            let (turns, queue) = mpsc::channel(TURNS);
            let (opened, is_open) = oneshot::channel();
            let (alive, ended) = oneshot::channel();
            let opening = opening.clone();
            let serve = move || {
                // Gone when the connection is.
                let _alive = alive;
                match open(&opening) {
                    Ok(connection) => {
                        let _ = opened.send(Ok(()));
                        serve(&connection, queue);
                    }
                    Err(error) => {
                        let _ = opened.send(Err(error));
                    }
                }
            };
            std::thread::Builder::new().name("sqlite".to_owned()).spawn(serve).map_err(sqlx::Error::Io)?;
            is_open.await.map_err(|_| sqlx::Error::WorkerCrashed)?.map_err(refused)?;
            Ok(Self { turns, ended, begin })
        })
    }

    fn ping(&mut self) -> Running<'_> {
        Box::pin(async { Ok(()) })
    }

    fn run(&mut self, statement: &'static str) -> Running<'_> {
        Box::pin(async move { self.run_all(vec![Statement::from(statement)]).await.map(drop) })
    }

    fn close(self) -> Running<'static> {
        Box::pin(async move {
            drop(self.turns);
            let _ = self.ended.await;
            Ok(())
        })
    }

    /// At once: whoever is lent it next comes after that.
    fn leave(lent: Lent<Self>) {
        if lent.turns.try_send(Turn::TakeBack).is_ok() {
            lent.give_back();
        }
    }
}

impl From<&'static str> for Statement {
    fn from(text: &'static str) -> Self {
        Self { text: text.into(), values: Vec::new() }
    }
}

impl EmbeddedRow {
    /// The value of a column.
    pub fn get<T: FromSql>(&self, column: &'static str) -> Result<T, sqlx::Error> {
        let place = self.columns.iter().position(|name| **name == *column);
        let value = place.and_then(|place| self.values.get(place));
        let value = value.ok_or_else(|| sqlx::Error::ColumnNotFound(column.to_owned()))?;
        T::column_result(ValueRef::from(value))
            .map_err(|source| sqlx::Error::ColumnDecode { index: column.to_owned(), source: Box::new(source) })
    }
}

pub(in crate::store) fn open(opening: &Opening) -> rusqlite::Result<Connection> {
    let access = match opening.access {
        Access::Make => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        Access::Write => OpenFlags::SQLITE_OPEN_READ_WRITE,
        Access::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
    };
    let connection = Connection::open_with_flags(&opening.file, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(PREPARED);
    connection.execute_batch(SET)?;
    opening.set.iter().try_for_each(|statement| connection.execute_batch(statement))?;
    Ok(connection)
}

fn serve(connection: &Connection, mut turns: mpsc::Receiver<Turn>) {
    while let Some(turn) = turns.blocking_recv() {
        // Whoever was just answered may have been put behind this thread on its core, and is done sooner than what may be long.
        if matches!(turn, Turn::Run(..) | Turn::Commit(..)) {
            std::thread::yield_now();
        }
        match turn {
            // Who waited no longer does: nothing of it is begun.
            Turn::Run(_, answer) | Turn::Commit(_, _, answer) | Turn::Alone(_, answer) if answer.is_closed() => (),
            Turn::Alone(make, answer) => {
                if let Some(statement) = make() {
                    tell(answer, connection, run(connection, &statement).map(|outcome| vec![outcome]));
                }
            }
            Turn::Run(statements, answer) => tell(answer, connection, run_all(connection, &statements)),
            Turn::Commit(statements, rides, answer) => {
                let done = run_all(connection, &statements).and_then(|done| {
                    commit(connection, &rides)?;
                    Ok(done)
                });
                tell(answer, connection, done);
            }
            Turn::TakeBack => take_back(connection),
        }
    }
}

fn tell(answer: Answer, connection: &Connection, done: rusqlite::Result<Vec<Outcome>>) {
    if done.is_err() {
        take_back(connection);
    }
    // Who waited may have gone.
    let _ = answer.send(done);
}

pub(in crate::store) fn run_all(connection: &Connection, statements: &[Statement]) -> rusqlite::Result<Vec<Outcome>> {
    statements.iter().map(|statement| run(connection, statement)).collect()
}

/// Commits, and takes along who waits. That one is told before the writer is free: it must not take its turn as well.
fn commit(connection: &Connection, rides: &Rides) -> rusqlite::Result<()> {
    let rider = rides.board();
    let ridden = match rider.as_ref().and_then(|rider| (rider.make)()) {
        Some(statement) => run(connection, &statement).map(|mut done| done.rows.pop()),
        None => Ok(None),
    };
    let kept = ridden.and_then(|row| run(connection, &"COMMIT".into()).map(|_| row));
    let (done, told) = match kept {
        Ok(row) => (Ok(()), Some(row)),
        // Nothing was kept, and the rider goes alone. Of another failure nobody knows.
        Err(error @ rusqlite::Error::SqliteFailure(..)) => (Err(error), Some(None)),
        Err(error) => (Err(error), None),
    };
    if let (Some(rider), Some(told)) = (rider, told) {
        // Who waited may have gone.
        let _ = rider.ticket.send(told);
    }
    done
}

/// Takes back the transaction that is open; SQLite itself does so on some errors.
fn take_back(connection: &Connection) {
    if !connection.is_autocommit()
        && let Err(error) = connection.execute_batch("ROLLBACK")
    {
        tracing::warn!(error = &error as &dyn std::error::Error, "a transaction could not be taken back");
    }
}

fn run(connection: &Connection, Statement { text, values }: &Statement) -> rusqlite::Result<Outcome> {
    let mut prepared = connection.prepare_cached(text)?;
    for number in 1..=prepared.parameter_count() {
        // `$2` is a name to SQLite, numbered by where it first stands.
        let named = prepared.parameter_name(number).and_then(|name| name.strip_prefix('$')?.parse::<usize>().ok());
        prepared.raw_bind_parameter(number, values.get(named.unwrap_or(number) - 1))?;
    }
    let columns: Arc<[Box<str>]> = prepared.column_names().into_iter().map(Box::from).collect();
    let is_reading = prepared.readonly();
    let mut found = prepared.raw_query();
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        let values = (0..columns.len()).map(|place| row.get(place)).collect::<rusqlite::Result<_>>()?;
        rows.push(EmbeddedRow { columns: columns.clone(), values });
    }
    drop(found);
    Ok(Outcome { changed: if is_reading { 0 } else { connection.changes() }, rows })
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let json = |json: Result<String, serde_json::Error>| match json {
            Ok(text) => Ok(ToSqlOutput::from(text)),
            Err(error) => Err(rusqlite::Error::ToSqlConversionFailure(Box::new(error))),
        };
        match self {
            Self::Int(value) => value.to_sql(),
            Self::Text(value) => value.to_sql(),
            Self::Bool(value) => value.to_sql(),
            Self::Time(value) => Ok(ToSqlOutput::Owned(value.map_or(Null, |time| Integer(time.timestamp_micros())))),
            Self::Bytes(value) => value.to_sql(),
            Self::Json(value) => json(serde_json::to_string(value)),
            Self::Ints(values) => json(serde_json::to_string(values)),
            Self::Texts(values) => json(serde_json::to_string(values)),
            Self::Times(values) => {
                let micros: Vec<_> = values.iter().map(|time| time.map(|time| time.timestamp_micros())).collect();
                json(serde_json::to_string(&micros))
            }
        }
    }
}

/// SQLite's no, as those of all databases are told apart.
#[derive(Debug)]
struct Refused {
    code: rusqlite::ffi::Error,
    message: String,
}

pub(in crate::store) fn refused(error: rusqlite::Error) -> sqlx::Error {
    match error {
        rusqlite::Error::SqliteFailure(code, message) => {
            let message = message.unwrap_or_else(|| code.to_string());
            sqlx::Error::Database(Box::new(Refused { code, message }))
        }
        other => sqlx::Error::Protocol(other.to_string()),
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "(code: {}) {}", self.code.extended_code, self.message)
    }
}

impl std::error::Error for Refused {}

impl DatabaseError for Refused {
    fn message(&self) -> &str {
        &self.message
    }

    fn code(&self) -> Option<Cow<'_, str>> {
        Some(self.code.extended_code.to_string().into())
    }

    fn kind(&self) -> ErrorKind {
        use rusqlite::ffi;
        match self.code.extended_code {
            ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID => {
                ErrorKind::UniqueViolation
            }
            ffi::SQLITE_CONSTRAINT_NOTNULL => ErrorKind::NotNullViolation,
            ffi::SQLITE_CONSTRAINT_FOREIGNKEY => ErrorKind::ForeignKeyViolation,
            ffi::SQLITE_CONSTRAINT_CHECK => ErrorKind::CheckViolation,
            _ => ErrorKind::Other,
        }
    }

    fn as_error(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
        self
    }

    fn as_error_mut(&mut self) -> &mut (dyn std::error::Error + Send + Sync + 'static) {
        self
    }

    fn into_error(self: Box<Self>) -> Box<dyn std::error::Error + Send + Sync + 'static> {
        self
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;
    use crate::store::db::values;
    use crate::store::kept::Kept;
    use crate::store::ride::Waited;

    fn opening(folder: &tempfile::TempDir, access: Access) -> Opening {
        Opening { file: folder.path().join("embedded.db"), access, set: &[] }
    }

    async fn kept(folder: &tempfile::TempDir) -> Kept<Embedded> {
        let made = Embedded::connect(&opening(folder, Access::Make)).await.unwrap();
        Kept::new(Some(made), opening(folder, Access::Write), Duration::from_secs(5))
    }

    fn statement(text: &'static str, values: Vec<Value>) -> Statement {
        Statement { text: text.into(), values }
    }

    async fn numbers(connection: &mut Embedded) -> Vec<i64> {
        let outcomes = connection.run_all(vec!["SELECT n FROM t ORDER BY n".into()]).await.unwrap();
        outcomes[0].rows.iter().map(|row| row.get("n").unwrap()).collect()
    }

    #[tokio::test]
    async fn values_stand_where_their_numbers_are_and_those_that_are_missing_are_null() {
        let folder = tempfile::TempDir::new().unwrap();
        let mut connection = Embedded::connect(&opening(&folder, Access::Make)).await.unwrap();
        let asked = [
            statement("SELECT $2 AS second, $1 AS first, $3 AS none", values![1_i64, "two"]),
            statement("SELECT ? AS first, ? AS second, ? AS none", values![1_i64, "two"]),
        ];
        for outcome in connection.run_all(asked.into()).await.unwrap() {
            let row = &outcome.rows[0];
            assert_eq!(row.get::<i64>("first").unwrap(), 1);
            assert_eq!(row.get::<String>("second").unwrap(), "two");
            assert_eq!(row.get::<Option<i64>>("none").unwrap(), None);
            assert!(matches!(row.get::<i64>("absent"), Err(sqlx::Error::ColumnNotFound(_))));
            assert!(matches!(row.get::<i64>("second"), Err(sqlx::Error::ColumnDecode { .. })));
        }
        connection.close().await.unwrap();
    }

    #[tokio::test]
    async fn a_turn_that_fails_leaves_nothing_of_its_transaction_and_says_what_was_refused() {
        let folder = tempfile::TempDir::new().unwrap();
        let mut connection = Embedded::connect(&opening(&folder, Access::Make)).await.unwrap();
        connection.run("CREATE TABLE t (n INTEGER PRIMARY KEY, word TEXT NOT NULL)").await.unwrap();
        let insert = |n: i64, word: Option<&str>| {
            statement("INSERT INTO t (n, word) VALUES ($1, $2)", values![n, word.map(str::to_owned)])
        };
        let kept = connection.run_all(vec!["BEGIN".into(), insert(1, Some("a")), "COMMIT".into()]).await.unwrap();
        assert_eq!(kept.iter().map(|outcome| outcome.changed).collect::<Vec<_>>()[1], 1);
        for (refused, kind) in
            [(insert(1, Some("b")), ErrorKind::UniqueViolation), (insert(3, None), ErrorKind::NotNullViolation)]
        {
            let turn = vec!["BEGIN".into(), insert(2, Some("b")), refused, "COMMIT".into()];
            let Err(sqlx::Error::Database(error)) = connection.run_all(turn).await else { panic!("it is refused") };
            assert_eq!(error.kind(), kind);
            assert!(error.message().contains("t."), "{}", error.message());
        }
        assert_eq!(numbers(&mut connection).await, [1]);
        connection.close().await.unwrap();
    }

    #[tokio::test]
    async fn a_transaction_that_is_given_up_is_taken_back_before_the_next_turn() {
        let folder = tempfile::TempDir::new().unwrap();
        let kept = kept(&folder).await;
        kept.lend().await.unwrap().run("CREATE TABLE t (n INTEGER)").await.unwrap();
        let mut lent = kept.lend().await.unwrap();
        let begin = lent.begin();
        lent.run_all(vec![begin.into(), "INSERT INTO t VALUES (1)".into()]).await.unwrap();
        Embedded::leave(lent);
        let mut lent = kept.lend().await.unwrap();
        assert_eq!(numbers(&mut lent).await, [0; 0]);
        // One that is gone takes its transaction with it, and another takes its place.
        let begin = lent.begin();
        lent.run_all(vec![begin.into(), "INSERT INTO t VALUES (2)".into()]).await.unwrap();
        drop(lent);
        assert_eq!(numbers(&mut kept.lend().await.unwrap()).await, [0; 0]);
        kept.close().await;
    }

    #[tokio::test]
    async fn who_comes_before_the_commit_goes_with_it_and_is_told_the_row() {
        let folder = tempfile::TempDir::new().unwrap();
        let kept = kept(&folder).await;
        let mut lent = kept.lend().await.unwrap();
        lent.run("CREATE TABLE t (n INTEGER PRIMARY KEY)").await.unwrap();
        // Another has the file: what is asked for is under way, and waits.
        let other = Connection::open(folder.path().join("embedded.db")).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let rides = Rides::default();
        let begin = lent.begin();
        let statements = vec![begin.into(), "INSERT INTO t VALUES (1)".into()];
        let mut commit = Box::pin(lent.commit_all(statements, rides.clone()));
        assert!(futures_util::poll!(&mut commit).is_pending());
        let insert: Make = Arc::new(|| Some(statement("INSERT INTO t VALUES ($1) RETURNING n", values![2_i64])));
        let mut ride = std::pin::pin!(rides.wait(&kept, &insert));
        assert!(futures_util::poll!(&mut ride).is_pending());
        other.execute_batch("COMMIT").unwrap();
        assert_eq!(commit.await.unwrap().len(), 2, "what the rider came to is the rider's alone");
        let Ok(Waited::Kept(row)) = ride.await else { panic!("it was taken along") };
        assert_eq!(row.get::<i64>("n").unwrap(), 2);
        assert_eq!(numbers(&mut lent).await, [1, 2]);
    }

    #[tokio::test]
    async fn who_goes_alone_gives_the_connection_back_at_once_and_says_what_to_keep_when_its_turn_comes() {
        let folder = tempfile::TempDir::new().unwrap();
        let kept = kept(&folder).await;
        kept.lend().await.unwrap().run("CREATE TABLE t (n INTEGER)").await.unwrap();
        let other = Connection::open(folder.path().join("embedded.db")).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let number = Arc::new(AtomicI64::new(1));
        let insert: Make = Arc::new({
            let number = number.clone();
            move || Some(statement("INSERT INTO t VALUES ($1) RETURNING n", values![number.load(Ordering::Relaxed)]))
        });
        let mut blocked = Box::pin(Embedded::run_alone(
            kept.lend().await.unwrap(),
            Arc::new(|| Some("INSERT INTO t VALUES (0) RETURNING n".into())),
        ));
        assert!(futures_util::poll!(&mut blocked).is_pending());
        let mut next = Box::pin(Embedded::run_alone(kept.lend().await.unwrap(), insert.clone()));
        assert!(futures_util::poll!(&mut next).is_pending(), "it is asked for behind the one that is under way");
        {
            let mut left = Box::pin(Embedded::run_alone(kept.lend().await.unwrap(), insert));
            assert!(futures_util::poll!(&mut left).is_pending());
        }
        number.store(2, Ordering::Relaxed);
        other.execute_batch("COMMIT").unwrap();
        blocked.await.unwrap();
        assert_eq!(next.await.unwrap().rows[0].get::<i64>("n").unwrap(), 2);
        assert_eq!(numbers(&mut kept.lend().await.unwrap()).await, [0, 2], "who left is not begun");
    }

    #[tokio::test]
    async fn who_reads_cannot_write_and_makes_no_file() {
        let folder = tempfile::TempDir::new().unwrap();
        for access in [Access::Read, Access::Write] {
            assert!(Embedded::connect(&opening(&folder, access)).await.is_err(), "there is no file");
        }
        Embedded::connect(&opening(&folder, Access::Make)).await.unwrap().close().await.unwrap();
        let mut reader = Embedded::connect(&opening(&folder, Access::Read)).await.unwrap();
        assert!(reader.run("CREATE TABLE t (n INTEGER)").await.is_err());
    }
}
