//! Statements over many rows at once: `VALUES` on SQLite, and on PostgreSQL for few, else arrays. A statement of its own for
//! each row would cost more than the rows; on SQLite so would JSON, which is read twice.

use std::fmt::Write;

use sqlx::postgres::PgArguments;
use sqlx::{Arguments, AssertSqlSafe, SqlSafeStr, SqlStr};

use crate::domain::Timestamp;
use crate::store::db::{Row, Sql, Value, for_postgres as for_postgres_values};
use crate::store::embedded::Statement;
use crate::store::error::StoreError;
use crate::store::tx::{Begun, Connection, Tx};

/// What a column of the rows holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// Whole numbers.
    Int,
    /// Texts.
    Text,
    /// Moments.
    Time,
    /// JSON.
    Json,
    /// Yes or no.
    Bool,
    /// Bytes as they are.
    Bytes,
}

/// Where the rows stand in a statement's text. They are called `given`, and their columns `column1` and so on. A row
/// without a first column is none: it fills up a statement that was prepared for more.
pub const ROWS: &str = "{rows}";

/// For how many rows a statement is prepared on SQLite. Few sizes, so that all of them stay prepared.
const SIZES: [usize; 4] = [1, 16, 64, 256];
/// The same on PostgreSQL. For more it is given arrays, whatever their length; setting those up takes it longer than a few
/// rows do.
const FEW: [usize; 2] = [1, 8];

/// Statements over rows that wait to be run in one turn, which costs more than most of them do.
#[derive(Default)]
pub struct Behind(Vec<Waiting>);

/// One of them.
struct Waiting {
    sql: Sql,
    values: Vec<Value>,
    /// Whether no other touches its rows, so that its place among others does not matter.
    is_apart: bool,
    /// What is made of the rows that it returns, for when all is kept.
    then: Option<Then>,
}

type Then = Box<dyn FnOnce(Vec<Row>) -> Result<Deed, StoreError> + Send>;

/// What is done when all is kept.
pub type Deed = Box<dyn FnOnce() + Send>;

impl Waiting {
    /// Whether it is this statement, and nobody is told what it returns.
    fn is_same(&self, sql: Sql) -> bool {
        self.sql.sqlite == sql.sqlite && self.then.is_none()
    }
}

impl Behind {
    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn has_then(&self) -> bool {
        self.0.iter().any(|waiting| waiting.then.is_some())
    }
}

impl Tx {
    /// Runs a statement over rows, whose values follow one another, with the next one or at the commit. On PostgreSQL it does
    /// not see what others did that wait with it.
    pub async fn later_rows(&mut self, sql: Sql, values: Vec<Value>) -> Result<(), StoreError> {
        if values.is_empty() {
            return Ok(());
        }
        self.catch_up_before(sql).await?;
        self.behind.0.push(Waiting { sql, values, is_apart: false, then: None });
        Ok(())
    }

    /// The same for rows that are others than those for which the same statement waits: it is run once over all of them.
    pub async fn later_rows_too(&mut self, sql: Sql, values: Vec<Value>) -> Result<(), StoreError> {
        match self.behind.0.iter_mut().find(|waiting| waiting.is_same(sql)) {
            Some(same) => same.values.extend(values),
            None => self.later_rows(sql, values).await?,
        }
        Ok(())
    }

    /// The same for a statement over rows that no other touches and whose place among others does not matter.
    pub fn later_rows_apart(&mut self, sql: Sql, values: Vec<Value>) {
        if !values.is_empty() {
            self.behind.0.push(Waiting { sql, values, is_apart: true, then: None });
        }
    }

    /// The same; what `then` makes of the rows that it returns is done when all is kept.
    pub async fn later_rows_then(
        &mut self,
        sql: Sql,
        values: Vec<Value>,
        then: impl FnOnce(Vec<Row>) -> Result<Deed, StoreError> + Send + 'static,
    ) -> Result<(), StoreError> {
        self.catch_up_with_then().await?;
        self.behind.0.push(Waiting { sql, values, is_apart: true, then: Some(Box::new(then)) });
        Ok(())
    }

    /// Runs what waits, where PostgreSQL would return the rows of another statement.
    async fn catch_up_with_then(&mut self) -> Result<(), StoreError> {
        if !self.on.is_sqlite() && self.behind.has_then() {
            self.catch_up().await?;
        }
        Ok(())
    }

    /// Runs what waits, where `next` cannot be run with it: PostgreSQL runs the parts of a statement in no order, and
    /// writes a row in one of them only.
    async fn catch_up_before(&mut self, next: Sql) -> Result<(), StoreError> {
        let is_alike = |waiting: &Waiting| !waiting.is_apart && waiting.sql.written() == next.written();
        if !self.on.is_sqlite() && self.behind.0.iter().any(is_alike) {
            self.catch_up().await?;
        }
        Ok(())
    }

    /// Runs what waits.
    pub(in crate::store) async fn catch_up(&mut self) -> Result<(), StoreError> {
        if !self.behind.is_empty() {
            self.run_behind(Place::Within).await?;
        }
        Ok(())
    }

    /// Runs what waits, and ends the transaction with it where that takes no turn more; whether it did.
    pub(in crate::store) async fn catch_up_and_commit(&mut self) -> Result<bool, StoreError> {
        // On SQLite what was run before takes along who waits, too.
        if self.behind.is_empty() && !matches!(self.on, Connection::Sqlite(Begun::Kept(_))) {
            return Ok(false);
        }
        self.run_behind(Place::Last).await
    }

    /// What waits and returns rows stands last. Whether the transaction ended with it.
    async fn run_behind(&mut self, place: Place) -> Result<bool, StoreError> {
        let mut waiting = std::mem::take(&mut self.behind).0;
        waiting.sort_by_key(|waiting| waiting.then.is_some());
        if let Connection::Sqlite(tx) = &mut self.on {
            let (statements, whose) = one_after_another(waiting);
            let outcomes = match place {
                Place::Within => tx.run(statements).await?,
                Place::Last => tx.run_and_commit(statements, &self.rides).await?,
            };
            let mut outcomes = outcomes.into_iter();
            for (statements, then) in whose {
                let rows = outcomes.by_ref().take(statements).flat_map(|outcome| outcome.rows);
                let rows: Vec<Row> = rows.map(Row::Sqlite).collect();
                if let Some(then) = then {
                    self.then.push(then(rows)?);
                }
            }
            return Ok(place == Place::Last);
        }
        let then = waiting.last_mut().and_then(|last| last.then.take());
        let (text, arguments) = together(waiting)?;
        if place == Place::Within {
            self.on.postgres().await?;
        }
        let (rows, is_all) = self.on.run_at_once(text, arguments).await?;
        if let Some(then) = then {
            self.then.push(then(rows)?);
        }
        Ok(is_all)
    }
}

/// Where in its transaction something is run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// More may follow.
    Within,
    /// Nothing does.
    Last,
}

/// All that a statement is made of on SQLite, over however many rows.
pub(in crate::store) fn each_for_sqlite(sql: Sql, values: Vec<Value>) -> Vec<Statement> {
    one_after_another(vec![Waiting { sql, values, is_apart: false, then: None }]).0
}

/// The same on PostgreSQL.
pub(in crate::store) fn all_for_postgres(sql: Sql, values: Vec<Value>) -> Result<(SqlStr, PgArguments), StoreError> {
    match sql.columns() {
        [] => Ok((SqlStr::from_static(sql.postgres), for_postgres_values(values)?)),
        _ => together(vec![Waiting { sql, values, is_apart: false, then: None }]),
    }
}

/// Statements for SQLite, those over rows in the sizes that are prepared; of how many each of them is made, and what is made
/// of their rows.
fn one_after_another(waiting: Vec<Waiting>) -> (Vec<Statement>, Whose) {
    let (mut statements, mut whose) = (Vec::new(), Vec::new());
    for Waiting { sql, mut values, then, .. } in waiting {
        let width = sql.columns().len();
        if width == 0 {
            statements.push(Statement { text: sql.sqlite.into(), values });
            whose.push((1, then));
            continue;
        }
        let mut count = 0;
        while let Some(size) = size_of(values.len() / width) {
            let rest = values.split_off(values.len().min(size * width));
            statements.push(Statement { text: for_sqlite(sql, size).into(), values });
            values = rest;
            count += 1;
        }
        whose.push((count, then));
    }
    (statements, whose)
}

type Whose = Vec<(usize, Option<Then>)>;

/// For how many rows a statement is prepared that has so many; none for none.
fn size_of(rows: usize) -> Option<usize> {
    let size = SIZES.into_iter().find(|size| rows <= *size).unwrap_or(SIZES[SIZES.len() - 1]);
    (0 < rows).then_some(size)
}

/// Statements over rows as one for PostgreSQL; it returns what the last one does.
fn together(statements: Vec<Waiting>) -> Result<(SqlStr, PgArguments), StoreError> {
    let (mut texts, mut arguments, mut bound) = (Vec::new(), PgArguments::default(), 0);
    for Waiting { sql, values, .. } in statements {
        let given = Given::of(values.len() / sql.columns().len());
        texts.push(for_postgres(sql, given, bound));
        bound += given.placeholders(sql.columns());
        match given {
            Given::Rows(count) => add_rows(&mut arguments, sql.columns(), values, count)?,
            Given::Arrays => add_arrays(&mut arguments, sql.columns(), values)?,
        }
    }
    let last = texts.pop().unwrap_or_default();
    let others: Vec<String> = texts.iter().enumerate().map(|(place, text)| format!("s{place} AS ({text})")).collect();
    let with = if others.is_empty() { String::new() } else { format!("WITH {} ", others.join(", ")) };
    Ok((AssertSqlSafe(with + &last).into_sql_str(), arguments))
}

/// The text of a statement over `count` rows, for SQLite.
pub(in crate::store) fn for_sqlite(sql: Sql, count: usize) -> String {
    let row = format!("({})", vec!["?"; sql.columns().len()].join(","));
    sql.sqlite.replace(ROWS, &format!("(VALUES {}) AS given", vec![row; count].join(",")))
}

/// How PostgreSQL is given the rows of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Given {
    /// As so many rows, those that are missing without any value.
    Rows(usize),
    /// As an array for each column.
    Arrays,
}

impl Given {
    /// How so many rows are given.
    fn of(rows: usize) -> Self {
        FEW.into_iter().find(|few| rows <= *few).map_or(Self::Arrays, Self::Rows)
    }

    /// All the ways there are.
    pub fn each() -> impl Iterator<Item = Self> {
        FEW.into_iter().map(Self::Rows).chain([Self::Arrays])
    }

    /// How many placeholders that takes.
    fn placeholders(self, columns: &[Column]) -> usize {
        match self {
            Self::Rows(count) => count * columns.len(),
            Self::Arrays => columns.len(),
        }
    }
}

/// The text of a statement for PostgreSQL; its placeholders follow the first `bound` ones.
pub(in crate::store) fn for_postgres(sql: Sql, given: Given, mut bound: usize) -> String {
    let mut rows = String::new();
    let mut list = |rows: &mut String, array: &str| {
        for (place, column) in sql.columns().iter().enumerate() {
            bound += 1;
            let comma = if place == 0 { "" } else { ", " };
            let _ = write!(rows, "{comma}${bound}::{}{array}", column.on_postgres());
        }
    };
    match given {
        Given::Rows(count) => {
            for row in 0..count {
                rows.push_str(if row == 0 { "(VALUES (" } else { "), (" });
                list(&mut rows, "");
            }
            rows.push_str(")) AS given");
        }
        Given::Arrays => {
            rows.push_str("unnest(");
            list(&mut rows, "[]");
            let names: Vec<_> = (1..=sql.columns().len()).map(|number| format!("column{number}")).collect();
            let _ = write!(rows, ") AS given ({})", names.join(", "));
        }
    }
    sql.postgres.replace(ROWS, &rows)
}

impl Column {
    const fn on_postgres(self) -> &'static str {
        match self {
            Self::Int => "bigint",
            Self::Text => "text",
            Self::Time => "timestamptz",
            Self::Json => "jsonb",
            Self::Bool => "boolean",
            Self::Bytes => "bytea",
        }
    }
}

/// Binds `count` rows, those that are missing without any value.
fn add_rows(
    arguments: &mut PgArguments,
    columns: &[Column],
    values: Vec<Value>,
    count: usize,
) -> Result<(), StoreError> {
    let mut values = values.into_iter();
    for column in columns.iter().cycle().take(count * columns.len()) {
        let value = values.next();
        match column {
            Column::Int => arguments.add(value.and_then(Value::int)),
            Column::Text => arguments.add(value.and_then(Value::text)),
            Column::Time => arguments.add(value.and_then(Value::time)),
            Column::Json => arguments.add(value.and_then(Value::json)),
            Column::Bool => arguments.add(value.and_then(Value::bool)),
            Column::Bytes => arguments.add(value.and_then(Value::bytes)),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(())
}

/// Binds the rows' columns, each as one array.
fn add_arrays(arguments: &mut PgArguments, columns: &[Column], values: Vec<Value>) -> Result<(), StoreError> {
    let rows = values.len() / columns.len();
    let mut by_column: Vec<Vec<Value>> = columns.iter().map(|_| Vec::with_capacity(rows)).collect();
    for (place, value) in values.into_iter().enumerate() {
        by_column[place % columns.len()].push(value);
    }
    for (column, values) in columns.iter().zip(by_column) {
        let values = values.into_iter();
        match column {
            Column::Int => arguments.add(values.map(Value::int).collect::<Vec<Option<i64>>>()),
            Column::Text => arguments.add(values.map(Value::text).collect::<Vec<Option<String>>>()),
            Column::Time => arguments.add(values.map(Value::time).collect::<Vec<Option<Timestamp>>>()),
            Column::Json => arguments.add(values.map(Value::json).collect::<Vec<Option<serde_json::Value>>>()),
            Column::Bool => arguments.add(values.map(Value::bool).collect::<Vec<Option<bool>>>()),
            Column::Bytes => arguments.add(values.map(Value::bytes).collect::<Vec<Option<Vec<u8>>>>()),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(())
}
