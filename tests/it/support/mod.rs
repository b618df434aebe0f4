//! What tests are made of: both databases, a bot in a world, and alerts to ring it with.

pub mod alerts;
pub mod amazon;
pub mod bot;
pub mod discord_api;
pub mod inbox;
pub mod postgres;
pub mod program;
pub mod shared;
pub mod switch;
pub mod tallies;
pub mod wire;

pub use bot::Bot;

use firebell::store::Db;
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;

/// Runs a statement beside all else.
pub async fn run(db: &Db, statement: impl Into<String>) {
    let statement = sqlx::AssertSqlSafe(statement.into());
    match db {
        Db::Sqlite { file, .. } => {
            sqlx::query(statement).execute(&mut SqliteConnection::connect_with(file).await.unwrap()).await.unwrap();
        }
        Db::Postgres { pool, .. } => {
            sqlx::query(statement).execute(pool).await.unwrap();
        }
    }
}

/// A database for one test, gone with it.
pub struct TestDatabase {
    /// Where it is.
    pub url: String,
    /// Where files of the test go.
    pub folder: TempDir,
}

impl TestDatabase {
    /// A fresh embedded one.
    pub fn sqlite() -> Self {
        let folder = TempDir::new().unwrap();
        let url = format!("sqlite:{}", folder.path().join("firebell.db").display());
        Self { url, folder }
    }

    /// A fresh one on the shared PostgreSQL; `None`, and a word on the terminal, where there is no server.
    pub async fn postgres() -> Option<Self> {
        let url = postgres::fresh_database().await?;
        Some(Self { url, folder: TempDir::new().unwrap() })
    }
}

/// Runs the same test on both databases, as `name::sqlite` and `name::postgres`.
macro_rules! on_both_databases {
    ($($(#[$doc:meta])* async fn $name:ident($database:ident: TestDatabase) $body:block)+) => {
        $(
            $(#[$doc])*
            mod $name {
                #[allow(unused_imports, reason = "not every test needs them all")]
                use super::*;

                async fn test($database: $crate::support::TestDatabase) $body

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn sqlite() {
                    test($crate::support::TestDatabase::sqlite()).await;
                }

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn postgres() {
                    let Some(database) = $crate::support::TestDatabase::postgres().await else { return };
                    test(database).await;
                }
            }
        )+
    };
}
