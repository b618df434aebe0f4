//! What can go wrong with a database, told apart by what to do about it.

use sqlx::error::ErrorKind;

/// Columns that are never empty, and are made so where what was to be written was decided on what is no longer.
const GUARDS: [(&str, &str); 4] =
    [("inbox_cursor", "position"), ("counter", "value"), ("incident", "version"), ("job", "effect")];

/// Keys under which another process or decision is first to write: in SQLite's words, and in PostgreSQL's, which runs the
/// parts of a statement in an order of its own, so that the key is refused before the guard is looked at.
const KEYS: [(&str, &str); 3] =
    [("incident.id", "incident_pkey"), ("alert.source", "alert_pkey"), ("timeline.incident_id", "timeline_pkey")];

/// Why the store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database said no, or could not be reached.
    #[error("the database could not do it")]
    Database(#[from] sqlx::Error),
    /// It could not be opened.
    #[error("cannot open the database {address}")]
    NotOpened {
        /// Where it is, without what nobody else may know.
        address: String,
        /// Why not.
        source: sqlx::Error,
    },
    /// The tables could not be brought up to date.
    #[error("the tables could not be brought up to date")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A row holds what this program never writes.
    #[error("`{column}` holds what does not belong there: {problem}")]
    Corrupt {
        /// Where.
        column: &'static str,
        /// What.
        problem: String,
    },
    /// A test had it fail.
    #[error(transparent)]
    Fault(#[from] crate::fault::Fault),
    /// The database did not answer in time.
    #[error("the database did not answer in time")]
    TooSlow,
    /// Who was to keep it left without saying whether it did.
    #[error("it is not known whether the database kept it")]
    Unknown,
    /// The address is of no database that we know.
    #[error("the database's address begins with neither `sqlite:` nor `postgres:`")]
    UnknownDatabase,
}

impl StoreError {
    /// A row that this program did not write so.
    pub fn corrupt(column: &'static str, problem: impl std::fmt::Display) -> Self {
        Self::Corrupt { column, problem: problem.to_string() }
    }

    /// Whether somebody else was faster, and the same is to be decided anew: another process in digesting the inbox, or
    /// whoever opened or changed an incident meanwhile, or began a job that was to do more.
    pub fn is_overtaken(&self) -> bool {
        let Self::Database(sqlx::Error::Database(error)) = self else { return false };
        // In SQLite's words, and in PostgreSQL's.
        match error.kind() {
            ErrorKind::NotNullViolation => GUARDS.iter().any(|(table, column)| {
                error.message().ends_with(&format!(": {table}.{column}"))
                    || error.message().contains(&format!("\"{column}\" of relation \"{table}\""))
            }),
            ErrorKind::UniqueViolation => {
                KEYS.iter().any(|(column, key)| error.message().contains(column) || error.message().contains(key))
            }
            _ => false,
        }
    }

    /// Whether the database said no: nothing of the transaction was kept. Of another failure of a commit nobody knows.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Database(sqlx::Error::Database(_)))
    }

    /// Whether the same may succeed in a moment: another writer was first, the connection broke, the disk is full.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Database(error) => match error {
                sqlx::Error::Database(error) => {
                    let code = error.code().unwrap_or_default();
                    // SQLite: busy (5), locked (6), I/O (10), full (13), with their extended codes. PostgreSQL:
                    // serialization, deadlock, unique violation by a rival, lack of resources, shutting down, I/O.
                    let sqlite =
                        code.len() < 5 && code.parse::<i64>().is_ok_and(|code| matches!(code & 0xff, 5 | 6 | 10 | 13));
                    let classes = ["08", "40", "53", "57", "58"];
                    let postgres = code.len() == 5 && classes.iter().any(|class| code.starts_with(class));
                    sqlite || postgres || error.is_unique_violation() || self.is_overtaken()
                }
                sqlx::Error::Io(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed => true,
                _ => false,
            },
            Self::TooSlow | Self::Unknown | Self::Fault(_) => true,
            Self::NotOpened { .. } | Self::Migration(_) | Self::Corrupt { .. } | Self::UnknownDatabase => false,
        }
    }
}
