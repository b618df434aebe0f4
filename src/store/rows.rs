//! Statements over many rows at once: `VALUES` on SQLite, arrays on PostgreSQL. A statement of its own for each row would
//! cost more than the rows; on SQLite so would JSON, which is read twice.

use std::fmt::Write;

use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, AssertSqlSafe};

use crate::domain::Timestamp;
use crate::store::db::{Sql, Tx, Value, add_for_sqlite};
use crate::store::error::StoreError;

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
}

/// Where the rows stand in a statement's text. They are called `given`, and their columns `column1` and so on. A row
/// without a first column is none: it fills up a statement that was prepared for more.
pub const ROWS: &str = "{rows}";

/// For how many rows a statement is prepared on SQLite. Few sizes, so that all of them stay prepared.
const SIZES: [usize; 5] = [1, 4, 16, 64, 256];

impl Tx {
    /// Runs a statement over rows, whose values follow one another; how many rows it changed.
    pub async fn execute_rows(&mut self, sql: Sql, values: Vec<Value>) -> Result<u64, StoreError> {
        let width = sql.columns().len();
        let mut changed = 0;
        match self {
            Self::Sqlite(tx) => {
                let mut values = values.into_iter();
                while 0 < values.len() {
                    let rows = values.len() / width;
                    let size = SIZES.into_iter().find(|size| rows <= *size).unwrap_or(SIZES[SIZES.len() - 1]);
                    let mut arguments = SqliteArguments::default();
                    for place in 0..size * width {
                        add_for_sqlite(
                            &mut arguments,
                            values.next().unwrap_or_else(|| sql.columns()[place % width].none()),
                        )?;
                    }
                    let text = AssertSqlSafe(for_sqlite(sql, size));
                    changed += sqlx::query_with(text, arguments).execute(&mut **tx).await?.rows_affected();
                }
            }
            Self::Postgres(tx) if !values.is_empty() => {
                let text = AssertSqlSafe(for_postgres(sql));
                changed =
                    sqlx::query_with(text, arrays(sql.columns(), values)?).execute(&mut **tx).await?.rows_affected();
            }
            Self::Postgres(_) => (),
        }
        Ok(changed)
    }
}

/// The text of a statement over `count` rows, for SQLite.
pub(in crate::store) fn for_sqlite(sql: Sql, count: usize) -> String {
    let row = format!("({})", vec!["?"; sql.columns().len()].join(","));
    sql.template().replace(ROWS, &format!("(VALUES {}) AS given", vec![row; count].join(",")))
}

/// The text of a statement over any number of rows, for PostgreSQL.
pub(in crate::store) fn for_postgres(sql: Sql) -> String {
    let (mut arrays, mut names) = (String::new(), String::new());
    for (place, column) in sql.columns().iter().enumerate() {
        let comma = if place == 0 { "" } else { ", " };
        let number = place + 1;
        let _ = write!(arrays, "{comma}${number}::{}[]", column.on_postgres());
        let _ = write!(names, "{comma}column{number}");
    }
    sql.template().replace(ROWS, &format!("unnest({arrays}) AS given ({names})"))
}

impl Column {
    const fn on_postgres(self) -> &'static str {
        match self {
            Self::Int => "bigint",
            Self::Text => "text",
            Self::Time => "timestamptz",
            Self::Json => "jsonb",
        }
    }

    const fn none(self) -> Value {
        match self {
            Self::Int | Self::Json => Value::Int(None),
            Self::Text => Value::Text(None),
            Self::Time => Value::Time(None),
        }
    }
}

/// The rows' columns, each as one array.
fn arrays(columns: &[Column], values: Vec<Value>) -> Result<PgArguments, StoreError> {
    let mut arguments = PgArguments::default();
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
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}
