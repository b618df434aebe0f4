//! A database of each earlier schema, with work in flight, is upgraded, and the work goes on.
//!
//! `tests/it/schemas/NNNN.json` holds the rows of a program of that schema that died while Discord was away: an incident
//! with its page and jobs, one of them claimed, and an alert that nobody has digested. Whoever adds a migration adds the
//! rows of the schema before it.

use std::path::{Path, PathBuf};

use firebell::store::Db;
use serde_json::{Map, Value};
use sqlx::migrate::Migrator;
use sqlx::{Connection, Row, SqliteConnection};

use crate::support::{Bot, TestDatabase, run};

/// The tables in an order in which what is referred to comes first.
const TABLES: &[&str] = &[
    "inbox_head",
    "inbox",
    "inbox_cursor",
    "counter",
    "incident",
    "alert",
    "alert_repeat",
    "alert_tally",
    "timeline",
    "escalation",
    "page",
    "job",
    "lease",
];

fn migrations(kind: &str) -> Vec<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("migrations").join(kind);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn number(file: &Path) -> String {
    file.file_name().unwrap().to_str().unwrap()[..4].to_owned()
}

/// The schemas before the present one.
fn earlier() -> Vec<String> {
    let mut numbers: Vec<String> = migrations("sqlite").iter().map(|file| number(file)).collect();
    numbers.pop();
    numbers
}

/// Brings an empty database to a schema, and puts the rows of that time into it.
async fn fill(database: &TestDatabase, schema: &str) {
    let kind = if database.url.starts_with("sqlite") { "sqlite" } else { "postgres" };
    let folder = database.folder.path().join(format!("migrations-{schema}"));
    std::fs::create_dir(&folder).unwrap();
    for file in migrations(kind).iter().filter(|file| number(file).as_str() <= schema) {
        std::fs::copy(file, folder.join(file.file_name().unwrap())).unwrap();
    }
    let migrator = Migrator::new(folder).await.unwrap();
    let db = Db::connect(&database.url).await.unwrap();
    let rows = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/it/schemas/{schema}.json"));
    let rows = std::fs::read_to_string(&rows)
        .unwrap_or_else(|error| panic!("{}: {error}: keep the rows of schema {schema} there", rows.display()));
    let rows: Map<String, Value> = serde_json::from_str(&rows).unwrap();
    assert!(rows.keys().all(|table| TABLES.contains(&table.as_str())), "TABLES lacks one of {:?}", rows.keys());
    match &db {
        Db::Sqlite { file, .. } => {
            migrator.run(&mut SqliteConnection::connect_with(file).await.unwrap()).await.unwrap();
        }
        Db::Postgres { pool, .. } => migrator.run(pool).await.unwrap(),
    }
    for table in TABLES {
        let Some(rows) = rows.get(*table).and_then(Value::as_array) else { continue };
        run(&db, format!("DELETE FROM {table}")).await;
        for row in rows {
            insert(&db, table, row.as_object().unwrap()).await;
        }
    }
    if kind == "postgres" {
        run(&db, "SELECT setval(pg_get_serial_sequence('job', 'id'), (SELECT MAX(id) FROM job))").await;
    }
    db.close().await;
}

/// The rows are kept as SQLite keeps them; PostgreSQL has types of its own for times, JSON and yes or no.
async fn insert(db: &Db, table: &str, row: &Map<String, Value>) {
    let mut values = Vec::new();
    for (column, value) in row {
        let text = match value {
            Value::Null => "NULL".to_owned(),
            Value::Number(number) => number.to_string(),
            Value::String(text) => format!("'{}'", text.replace('\'', "''")),
            other => panic!("{table}.{column}: {other}"),
        };
        // The one column of bytes; what it holds is written as text.
        let is_bytes = (table, column.as_str()) == ("inbox", "alerts");
        values.push(match (db, value) {
            (Db::Sqlite { .. }, _) if is_bytes => format!("CAST({text} AS BLOB)"),
            (Db::Sqlite { .. }, _) | (_, Value::Null) => text,
            (Db::Postgres { pool, .. }, _) => {
                let kind = "SELECT data_type::text FROM information_schema.columns
                            WHERE table_name = $1 AND column_name = $2";
                let found = sqlx::query(kind).bind(table).bind(column).fetch_one(pool).await.unwrap();
                match found.get::<&str, _>(0) {
                    "timestamp with time zone" => {
                        format!("TIMESTAMPTZ 'epoch' + {text} * INTERVAL '1 microsecond'")
                    }
                    "bytea" => format!("convert_to({text}, 'UTF8')"),
                    "jsonb" => format!("{text}::jsonb"),
                    "boolean" => format!("({text} = 1)"),
                    _ => text,
                }
            }
        });
    }
    let columns: Vec<&str> = row.keys().map(String::as_str).collect();
    let own = if matches!(db, Db::Postgres { .. }) && table == "job" { "OVERRIDING SYSTEM VALUE" } else { "" };
    run(db, format!("INSERT INTO {table} ({}) {own} VALUES ({})", columns.join(", "), values.join(", "))).await;
}

async fn goes_on(database: TestDatabase, schema: &str) {
    fill(&database, schema).await;
    let mut bot = Bot::start(database).await;
    for _ in 0..8 {
        bot.world.pass(chrono::Duration::seconds(5)).await.unwrap();
    }
    bot.expect_opened("INC-1");
    bot.expect_page("ana", "INC-1");
    // The alert that nobody had digested joined.
    bot.expect("INC-1", &["Scores drift in us"]);
    let timeline = bot.timeline("INC-1").await;
    assert!(timeline.iter().any(|kind| kind == "alerts_joined"), "{timeline:?}");
    // The timer that was set goes off at its time.
    bot.pass(5).await;
    bot.expect_page("dana", "INC-1");
    bot.press("dana", "direct:dana", "Acknowledge").await;
    bot.expect("INC-1", &["acknowledged"]);
    bot.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_every_earlier_schema_work_in_flight_goes_on_sqlite() {
    for schema in earlier() {
        goes_on(TestDatabase::sqlite(), &schema).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_every_earlier_schema_work_in_flight_goes_on_postgres() {
    for schema in earlier() {
        let Some(database) = TestDatabase::postgres().await else { return };
        goes_on(database, &schema).await;
    }
}

/// A process that is killed while it upgrades leaves a schema that the next one brings to its end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upgrade_that_is_cut_off_is_taken_up_again_sqlite() {
    cut_off(TestDatabase::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upgrade_that_is_cut_off_is_taken_up_again_postgres() {
    let Some(database) = TestDatabase::postgres().await else { return };
    cut_off(database).await;
}

async fn cut_off(database: TestDatabase) {
    fill(&database, "0001").await;
    // Killed at random moments while it upgrades; a migration is one transaction, so nothing is half done.
    for _ in 0..12 {
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_firebell"))
            .args(["migrate", "--config"])
            .arg(config_of(&database))
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(rand::random_range(5..60))).await;
        let _ = child.kill();
        child.wait().unwrap();
    }
    let mut bot = Bot::start(database).await;
    for _ in 0..8 {
        bot.world.pass(chrono::Duration::seconds(5)).await.unwrap();
    }
    bot.expect_opened("INC-1");
    bot.expect_page("ana", "INC-1");
    bot.expect("INC-1", &["Scores drift in us"]);
    bot.finish().await;
}

fn config_of(database: &TestDatabase) -> PathBuf {
    let mut table: toml::Table = firebell::demo::EXAMPLE.parse().unwrap();
    table.insert("database".into(), toml::Table::from_iter([("url".to_owned(), database.url.as_str().into())]).into());
    let file = database.folder.path().join("migrate.toml");
    std::fs::write(&file, table.to_string()).unwrap();
    file
}
