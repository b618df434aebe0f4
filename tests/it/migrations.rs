//! Both migration folders have the same files and give the same tables.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use firebell::store::Db;
use sqlx::{Connection, Row, SqliteConnection};

use crate::support::TestDatabase;

fn files(kind: &str) -> Vec<String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("migrations").join(kind);
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn migrations_come_in_pairs() {
    assert_eq!(files("sqlite"), files("postgres"));
}

/// Tables and their columns: whether each may be empty.
type Tables = BTreeMap<String, BTreeMap<String, bool>>;

async fn tables(db: &Db) -> Tables {
    let mut tables = Tables::new();
    match db {
        Db::Sqlite { file, .. } => {
            let rows = sqlx::query(
                "SELECT m.name AS t, c.name AS c, c.\"notnull\" AS n FROM sqlite_master m JOIN pragma_table_info(m.name) c
                 WHERE m.type = 'table' AND m.name NOT LIKE '\\_sqlx%' ESCAPE '\\' AND m.name NOT LIKE 'sqlite%'",
            )
            .fetch_all(&mut SqliteConnection::connect_with(file).await.unwrap())
            .await
            .unwrap();
            for row in rows {
                let not_null = row.get::<i64, _>("n") == 1 || row.get::<String, _>("c") == "id";
                tables.entry(row.get("t")).or_default().insert(row.get("c"), !not_null);
            }
        }
        Db::Postgres { pool, .. } => {
            let rows = sqlx::query(
                "SELECT table_name::text AS t, column_name::text AS c, is_nullable::text AS n
                 FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE '\\_sqlx%'",
            )
            .fetch_all(pool)
            .await
            .unwrap();
            for row in rows {
                tables.entry(row.get("t")).or_default().insert(row.get("c"), row.get::<String, _>("n") == "YES");
            }
        }
    }
    tables
}

async fn indexes(db: &Db) -> BTreeSet<String> {
    let sql = match db {
        Db::Sqlite { .. } => "SELECT name AS i FROM sqlite_master WHERE type = 'index' AND name NOT LIKE 'sqlite%'",
        Db::Postgres { .. } => {
            "SELECT indexname::text AS i FROM pg_indexes WHERE schemaname = 'public'
             AND indexname NOT LIKE '%\\_pkey' AND indexname NOT LIKE '%\\_key'"
        }
    };
    match db {
        Db::Sqlite { file, .. } => sqlx::query(sql)
            .fetch_all(&mut SqliteConnection::connect_with(file).await.unwrap())
            .await
            .unwrap()
            .iter()
            .map(|row| row.get("i"))
            .collect(),
        Db::Postgres { pool, .. } => {
            sqlx::query(sql).fetch_all(pool).await.unwrap().iter().map(|row| row.get("i")).collect()
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_databases_get_the_same_tables() {
    let Some(postgres) = TestDatabase::postgres().await else { return };
    let sqlite = TestDatabase::sqlite();
    let sqlite_db = Db::connect(&sqlite.url).await.unwrap();
    let postgres_db = Db::connect(&postgres.url).await.unwrap();
    for db in [&sqlite_db, &postgres_db] {
        assert_eq!(db.pending_migrations().await.unwrap().len(), files("sqlite").len());
        db.migrate().await.unwrap();
        db.migrate().await.unwrap();
        assert!(db.pending_migrations().await.unwrap().is_empty());
    }
    let expected = tables(&postgres_db).await;
    assert!(10 < expected.len());
    assert_eq!(tables(&sqlite_db).await, expected);
    assert_eq!(indexes(&sqlite_db).await, indexes(&postgres_db).await);
}
