//! Two databases behind one text: a small facade over sqlx's two drivers.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgArguments, PgConnectOptions, PgConnection, PgPool, PgPoolOptions, PgRow, Postgres};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{Arguments, AssertSqlSafe, Connection as _, Executor, Row as _, SqlStr, Statement as _};

use crate::domain::Timestamp;
use crate::store::embedded::{Access, Embedded, EmbeddedRow, Opening, Outcome, Statement};
use crate::store::error::StoreError;
use crate::store::in_place::InPlace;
use crate::store::kept::{self, Kept, Plain, Several};
use crate::store::ride::{Make, Rides, Waited};
use crate::store::rows::{self, Column, Given};
use crate::store::tx::{Begun, Tx};

/// How long a caller waits for a connection before it is told that the database is busy.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// What the writer keeps of the database in memory: 8 MiB. In SQLite's own 2 MiB the indexes of a storm are read again and
/// again.
pub(in crate::store) const WRITER_CACHE: &str = "PRAGMA cache_size = -8192";
/// The writer's settings: its log is copied by a connection of its own, so that hardly a commit waits for it.
const WRITER: &[&str] = &["PRAGMA wal_autocheckpoint = 0", WRITER_CACHE];
/// A reader's: what others write empties its cache, so that a large one would hold little.
const READER: &[&str] = &["PRAGMA cache_size = -512"];
/// How many statements a connection to PostgreSQL keeps prepared: all that there are.
const STATEMENTS: usize = 256;
/// How long a caller waits for a connection to a server: whoever asked for something waits for several in a row.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Connections for reading; two cores keep no more busy.
const READERS: usize = 4;
/// Connections to PostgreSQL, beside those that somebody has apart. Each of them is a process there and prepares every statement
/// for itself, which takes longer than most statements do; with more of them nothing was faster.
const POOLED: u32 = 4;
/// Over how many rows a statement is at most that is run in the caller's own thread: a look at so many alerts takes a tenth of
/// a millisecond.
const FEW_ROWS: usize = 16;

/// Which migrations a database has. They keep this table themselves.
const APPLIED: Sql = Sql::portable("SELECT version FROM _sqlx_migrations");

static SQLITE_MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES_MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("migrations/postgres");

/// A database.
#[derive(Debug, Clone)]
pub enum Db {
    /// The embedded one.
    Sqlite {
        /// The one connection that writes: writers queue here in order rather than poll for SQLite's lock.
        writer: Kept<Embedded>,
        /// Who waits for it, and goes with whoever has it.
        rides: Rides,
        /// Those that read.
        readers: Several<Embedded>,
        /// The one that reads few rows for who has one of its own.
        own: Option<Kept<InPlace>>,
        /// The one that copies the write-ahead log into the database.
        checkpointer: Kept<Embedded>,
        /// How the driver is told to open it that brings the tables up to date.
        file: Box<SqliteConnectOptions>,
    },
    /// The one for several processes.
    Postgres {
        /// For all.
        pool: PgPool,
        /// For who has one of its own, in place of it.
        own: Option<Kept<PgConnection>>,
    },
}

/// A statement. Both databases accept its one text, except where a list is bound.
#[derive(Debug, Clone, Copy)]
pub struct Sql {
    pub(in crate::store) sqlite: &'static str,
    pub(in crate::store) postgres: &'static str,
    columns: &'static [Column],
}

impl Sql {
    /// A text that both databases accept.
    pub const fn portable(text: &'static str) -> Self {
        Self { sqlite: text, postgres: text, columns: &[] }
    }

    /// Two texts, where the databases differ: `json_each` on SQLite and an array on PostgreSQL.
    pub const fn of_lists(sqlite: &'static str, postgres: &'static str) -> Self {
        Self { sqlite, postgres, columns: &[] }
    }

    /// A text over [rows](rows::ROWS) with these columns.
    pub const fn of_rows(text: &'static str, columns: &'static [Column]) -> Self {
        Self { sqlite: text, postgres: text, columns }
    }

    /// Two texts over rows, where the databases have to be led to the same plan by different words.
    pub const fn of_rows_each(sqlite: &'static str, postgres: &'static str, columns: &'static [Column]) -> Self {
        Self { sqlite, postgres, columns }
    }

    /// The columns of its rows; none where it is not over rows.
    pub const fn columns(self) -> &'static [Column] {
        self.columns
    }

    /// The table that it writes.
    pub(in crate::store) fn written(self) -> Option<&'static str> {
        self.sqlite.split_ascii_whitespace().find(|word| !["INSERT", "INTO", "UPDATE"].contains(word))
    }

    /// The text that SQLite is given, for one row where it is over rows.
    pub fn text_for_sqlite(self) -> String {
        if self.columns.is_empty() { self.sqlite.to_owned() } else { rows::for_sqlite(self, 1) }
    }

    /// The texts that PostgreSQL is given: one, or for few rows others than for many.
    pub fn texts_for_postgres(self) -> Vec<String> {
        match self.columns {
            [] => vec![self.postgres.to_owned()],
            _ => Given::each().map(|given| rows::for_postgres(self, given, 0)).collect(),
        }
    }
}

/// A value for a placeholder.
#[derive(Debug, Clone)]
pub enum Value {
    /// A whole number.
    Int(Option<i64>),
    /// A text.
    Text(Option<String>),
    /// Yes or no.
    Bool(bool),
    /// A moment.
    Time(Option<Timestamp>),
    /// JSON.
    Json(serde_json::Value),
    /// Bytes as they are.
    Bytes(Vec<u8>),
    /// A list of whole numbers.
    Ints(Vec<Option<i64>>),
    /// A list of texts.
    Texts(Vec<String>),
    /// A list of moments.
    Times(Vec<Option<Timestamp>>),
}

impl Value {
    /// The whole number that it is.
    pub fn int(self) -> Option<i64> {
        if let Self::Int(value) = self { value } else { None }
    }

    /// The text that it is.
    pub fn text(self) -> Option<String> {
        if let Self::Text(value) = self { value } else { None }
    }

    /// The moment that it is.
    pub fn time(self) -> Option<Timestamp> {
        if let Self::Time(value) = self { value } else { None }
    }

    /// The yes or no that it is.
    pub fn bool(self) -> Option<bool> {
        if let Self::Bool(value) = self { Some(value) } else { None }
    }

    /// The bytes that it is.
    pub fn bytes(self) -> Option<Vec<u8>> {
        if let Self::Bytes(value) = self { Some(value) } else { None }
    }

    /// The JSON that it is.
    pub fn json(self) -> Option<serde_json::Value> {
        if let Self::Json(value) = self { Some(value) } else { None }
    }
}

macro_rules! value_from {
    ($($type:ty => $make:expr),+ $(,)?) => {
        $(impl From<$type> for Value {
            fn from(value: $type) -> Self {
                let make: fn($type) -> Value = $make;
                make(value)
            }
        })+
    };
}

value_from! {
    i64 => |value| Value::Int(Some(value)),
    Option<i64> => Value::Int,
    &str => |value| Value::Text(Some(value.to_owned())),
    String => |value| Value::Text(Some(value)),
    Option<String> => Value::Text,
    bool => Value::Bool,
    Timestamp => |value| Value::Time(Some(value)),
    Option<Timestamp> => Value::Time,
    serde_json::Value => Value::Json,
    Vec<u8> => Value::Bytes,
    Vec<i64> => |values| Value::Ints(values.into_iter().map(Some).collect()),
    Vec<Option<i64>> => Value::Ints,
    Vec<String> => Value::Texts,
    Vec<Timestamp> => |values| Value::Times(values.into_iter().map(Some).collect()),
    Vec<Option<Timestamp>> => Value::Times,
}

/// The values for a statement's placeholders, in order.
macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$($crate::store::db::Value::from($value)),*] };
}
pub(crate) use values;

/// A row of either database.
pub enum Row {
    /// SQLite's.
    Sqlite(EmbeddedRow),
    /// PostgreSQL's.
    Postgres(PgRow),
}

impl Row {
    /// The value of a column.
    pub fn get<T>(&self, column: &'static str) -> Result<T, StoreError>
    where
        T: rusqlite::types::FromSql,
        T: for<'r> sqlx::Decode<'r, Postgres> + sqlx::Type<Postgres>,
    {
        Ok(match self {
            Self::Sqlite(row) => row.get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }

    /// The moment in a column.
    pub fn time(&self, column: &'static str) -> Result<Timestamp, StoreError> {
        self.time_maybe(column)?.ok_or_else(|| StoreError::corrupt(column, "no time"))
    }

    /// The moment in a column that may be empty.
    pub fn time_maybe(&self, column: &'static str) -> Result<Option<Timestamp>, StoreError> {
        match self {
            Self::Sqlite(row) => {
                let time = |micros| {
                    let time = Timestamp::from_timestamp_micros(micros);
                    time.ok_or_else(|| StoreError::corrupt(column, "a time out of range"))
                };
                row.get::<Option<i64>>(column)?.map(time).transpose()
            }
            Self::Postgres(row) => Ok(row.try_get(column)?),
        }
    }

    /// What a column holds as a word or number with a type of its own.
    pub fn parsed<T: FromStr>(&self, column: &'static str) -> Result<T, StoreError>
    where
        T::Err: std::fmt::Display,
    {
        let text: String = self.get(column)?;
        text.parse().map_err(|error: T::Err| StoreError::corrupt(column, error))
    }

    /// The same for a column that may be empty.
    pub fn parsed_maybe<T: FromStr>(&self, column: &'static str) -> Result<Option<T>, StoreError>
    where
        T::Err: std::fmt::Display,
    {
        let text: Option<String> = self.get(column)?;
        text.map(|text| text.parse().map_err(|error: T::Err| StoreError::corrupt(column, error))).transpose()
    }

    /// The value in a JSON column.
    pub fn json<T: serde::de::DeserializeOwned>(&self, column: &'static str) -> Result<T, StoreError> {
        let value = match self {
            Self::Sqlite(row) => serde_json::from_str(&row.get::<String>(column)?),
            Self::Postgres(row) => serde_json::from_value(row.try_get::<serde_json::Value, _>(column)?),
        };
        value.map_err(|error| StoreError::corrupt(column, error))
    }
}

impl Db {
    /// Connects to `sqlite:FILE` (made if absent) or `postgres://…`.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        if url.starts_with("sqlite:") {
            let file = SqliteConnectOptions::from_str(url)?.create_if_missing(false).foreign_keys(true);
            let opening = |access, set| Opening { file: file.get_filename().to_owned(), access, set };
            // Now, and never again: a file that went missing later is to be missed, not to be replaced by an empty one.
            let address = format!("sqlite:{}", file.get_filename().display());
            let made = Embedded::connect(&opening(Access::Make, WRITER)).await;
            let made = made.map_err(|source| not_opened(address, source))?;
            return Ok(Self::Sqlite {
                writer: Kept::new(Some(made), opening(Access::Write, WRITER), ACQUIRE_TIMEOUT),
                rides: Rides::default(),
                readers: Several::new(READERS, &opening(Access::Read, READER), ACQUIRE_TIMEOUT),
                own: None,
                checkpointer: Kept::new(None, opening(Access::Write, READER), ACQUIRE_TIMEOUT),
                file: Box::new(file),
            });
        }
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            let options =
                PgConnectOptions::from_str(url)?.application_name("firebell").statement_cache_capacity(STATEMENTS);
            let pool = PgPoolOptions::new()
                .max_connections(POOLED)
                .acquire_timeout(CONNECT_TIMEOUT)
                .after_connect(|connection, _| kept::set(connection));
            let database = options.get_database().unwrap_or_default();
            let address = format!("postgres://{}:{}/{database}", options.get_host(), options.get_port());
            let pool = pool.connect_with(options).await.map_err(|source| not_opened(address, source))?;
            return Ok(Self::Postgres { pool, own: None });
        }
        Err(StoreError::UnknownDatabase)
    }

    /// The same database over a connection of its own, for who asks the same again and again: plans and caches are kept for
    /// each connection, and those of a pool take turns. On the embedded one only looks at a few rows are made over it. When
    /// this one is closed, so is that on PostgreSQL.
    pub fn apart(&self) -> Self {
        match self {
            Self::Sqlite { writer, rides, readers, checkpointer, file, .. } => Self::Sqlite {
                writer: writer.clone(),
                rides: rides.clone(),
                readers: readers.clone(),
                own: Some(readers.apart()),
                checkpointer: checkpointer.clone(),
                file: file.clone(),
            },
            Self::Postgres { pool, .. } => {
                let own = Kept::new(None, (*pool.connect_options()).clone(), CONNECT_TIMEOUT);
                Self::Postgres { pool: pool.clone(), own: Some(own) }
            }
        }
    }

    /// Brings the tables up to date. Several processes may try at once.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite { file, .. } => {
                let mut connection = SqliteConnection::connect_with(file).await?;
                // What `run` does; that is not general enough for a future that is sent to other threads.
                SQLITE_MIGRATIONS.run_direct(None, &mut connection, false).await?;
                connection.close().await?;
            }
            Self::Postgres { pool, .. } => POSTGRES_MIGRATIONS.run(pool).await?,
        }
        Ok(())
    }

    /// The migrations that this program brings and the database does not have yet.
    pub async fn pending_migrations(&self) -> Result<Vec<String>, StoreError> {
        let migrations = match self {
            Self::Sqlite { .. } => &SQLITE_MIGRATIONS,
            Self::Postgres { .. } => &POSTGRES_MIGRATIONS,
        };
        let applied = async {
            let rows = self.read().await?.all(APPLIED, values![]).await?;
            rows.iter().map(|row| row.get::<i64>("version")).collect::<Result<Vec<_>, _>>()
        };
        // No such table: nothing was ever applied.
        let applied = applied.await.unwrap_or_default();
        Ok(migrations
            .iter()
            .filter(|migration| !applied.contains(&migration.version))
            .map(|migration| format!("{:04} {}", migration.version, migration.description))
            .collect())
    }

    /// Begins a transaction that may write. It holds up nobody until something is asked of it, or it is committed.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Sqlite { writer, rides, .. } => Tx::carrying(Begun::on(writer), rides.clone()),
            Self::Postgres { pool, own: Some(own) } => Begun::on(open(pool, own)?).into(),
            Self::Postgres { pool, .. } => Box::pin(pool.begin()).await?.into(),
        })
    }

    /// Begins a transaction that only reads, and holds up no writer.
    pub async fn read(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Sqlite { readers, .. } => {
                let (lent, kept) = readers.lend().await?;
                Begun::Fresh(lent, kept).into()
            }
            Self::Postgres { pool, own: Some(own) } => Begun::on(open(pool, own)?).into(),
            Self::Postgres { pool, .. } => Box::pin(pool.begin()).await?.into(),
        })
    }

    /// The rows that a statement reads, outside of any transaction: beside whoever writes, in one turn.
    pub(in crate::store) async fn glance(&self, sql: Sql, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Sqlite { readers, own, .. } => {
                let is_brief = values.len() <= FEW_ROWS * sql.columns().len();
                let statements = rows::each_for_sqlite(sql, values);
                if let Some(own) = own.as_ref().filter(|_| is_brief) {
                    let lent = own.lend().await?;
                    let outcomes = lent.run_all(&statements);
                    lent.give_back_after(&outcomes);
                    // What cannot be read at once is asked of a reader, who waits.
                    if let Ok(outcomes) = outcomes {
                        return Ok(rows_in(outcomes));
                    }
                }
                let (mut lent, _) = readers.lend().await?;
                let outcomes = lent.run_all(statements).await;
                lent.give_back_after(&outcomes);
                Ok(rows_in(outcomes?))
            }
            Self::Postgres { pool, own } => {
                let (text, arguments) = rows::all_for_postgres(sql, values)?;
                rows_of(pool, own.as_ref(), text, arguments).await
            }
        }
    }

    /// Runs one statement that gives one row, in a transaction of its own or with that of whoever writes now. Its values are
    /// asked for when its turn comes, on PostgreSQL at once; asked for again, they are the same, or none where nobody waits any
    /// more.
    pub(in crate::store) async fn alone(
        &self,
        sql: Sql,
        values: impl Fn() -> Option<Vec<Value>> + Send + Sync + 'static,
    ) -> Result<Row, StoreError> {
        // To the end: a statement that is left after its first row is not committed.
        let row = match self {
            Self::Sqlite { writer, rides, .. } => {
                let make: Make = Arc::new(move || Some(Statement { text: sql.sqlite.into(), values: values()? }));
                let row = match rides.wait(writer, &make).await? {
                    Waited::Kept(row) => Some(row),
                    Waited::Turn(writer) => Embedded::run_alone(writer, make).await?.rows.pop(),
                };
                row.map(Row::Sqlite)
            }
            Self::Postgres { pool, own } => {
                let arguments = for_postgres(values().ok_or(StoreError::Unknown)?)?;
                rows_of(pool, own.as_ref(), SqlStr::from_static(sql.postgres), arguments).await?.pop()
            }
        };
        row.ok_or_else(|| sqlx::Error::RowNotFound.into())
    }

    /// How the database is called.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Sqlite { .. } => "SQLite",
            Self::Postgres { .. } => "PostgreSQL",
        }
    }

    /// The time by the database's own clock; the embedded one has ours.
    pub async fn time(&self) -> Result<Timestamp, StoreError> {
        match self {
            Self::Sqlite { .. } => Ok(crate::clock::real_time()),
            Self::Postgres { pool, .. } => Ok(sqlx::query_scalar("SELECT clock_timestamp()").fetch_one(pool).await?),
        }
    }

    /// Closes all connections, after what is under way.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers, own, checkpointer, .. } => {
                if let Some(own) = own {
                    own.close().await;
                }
                readers.close().await;
                checkpointer.close().await;
                writer.close().await;
            }
            Self::Postgres { pool, own } => {
                if let Some(own) = own {
                    own.close().await;
                }
                pool.close().await;
            }
        }
    }

    /// Has the database read a statement without running it; how many values each of its texts takes.
    pub async fn prepare(&self, sql: Sql) -> Result<Vec<usize>, StoreError> {
        let safe = |text| sqlx::SqlSafeStr::into_sql_str(AssertSqlSafe(text));
        match self {
            Self::Sqlite { file, .. } => {
                let mut connection = SqliteConnection::connect_with(file).await?;
                Ok(vec![count(connection.prepare(safe(sql.text_for_sqlite())).await?.parameters())])
            }
            Self::Postgres { pool, .. } => {
                let mut counts = Vec::new();
                for text in sql.texts_for_postgres() {
                    counts.push(count(pool.prepare(safe(text)).await?.parameters()));
                }
                Ok(counts)
            }
        }
    }
}

fn not_opened(address: String, source: sqlx::Error) -> StoreError {
    StoreError::NotOpened { address, source }
}

/// Somebody's own connection, while the pool is open that all share.
fn open<'a>(pool: &PgPool, own: &'a Kept<PgConnection>) -> Result<&'a Kept<PgConnection>, sqlx::Error> {
    if pool.is_closed() { Err(sqlx::Error::PoolClosed) } else { Ok(own) }
}

/// The rows that a statement gives outside of any transaction, over somebody's own connection or that of all.
async fn rows_of(
    pool: &PgPool,
    own: Option<&Kept<PgConnection>>,
    text: SqlStr,
    arguments: PgArguments,
) -> Result<Vec<Row>, StoreError> {
    let query = sqlx::query_with(text, arguments);
    let rows = match own {
        Some(own) => {
            let mut own = open(pool, own)?.lend().await?;
            let rows = query.fetch_all(&mut *own).await;
            own.give_back_after(&rows);
            rows?
        }
        None => query.fetch_all(pool).await?,
    };
    Ok(rows.into_iter().map(Row::Postgres).collect())
}

fn rows_in(outcomes: Vec<Outcome>) -> Vec<Row> {
    outcomes.into_iter().flat_map(|outcome| outcome.rows).map(Row::Sqlite).collect()
}

fn count<T>(parameters: Option<sqlx::Either<&[T], usize>>) -> usize {
    match parameters {
        Some(sqlx::Either::Left(types)) => types.len(),
        Some(sqlx::Either::Right(count)) => count,
        None => 0,
    }
}

pub(in crate::store) fn for_postgres(values: Vec<Value>) -> Result<PgArguments, StoreError> {
    let mut arguments = PgArguments::default();
    for value in values {
        match value {
            Value::Int(value) => arguments.add(value),
            Value::Text(value) => arguments.add(value),
            Value::Bool(value) => arguments.add(value),
            Value::Time(value) => arguments.add(value),
            Value::Json(value) => arguments.add(sqlx::types::Json(value)),
            Value::Bytes(value) => arguments.add(value),
            Value::Ints(values) => arguments.add(values),
            Value::Texts(values) => arguments.add(values),
            Value::Times(values) => arguments.add(values),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}
