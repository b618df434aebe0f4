//! Every statement prepares on both databases, and none reads more than it has to.

use firebell::store::{Db, statements};
use sqlx::{Connection, Row, SqliteConnection};

use crate::support::TestDatabase;

on_both_databases! {
    async fn every_statement_prepares(database: TestDatabase) {
        let db = Db::connect(&database.url).await.unwrap();
        db.migrate().await.unwrap();
        let mut faults = Vec::new();
        let mut count = 0;
        for (file, name, sql) in statements() {
            count += 1;
            if let Err(error) = db.prepare(sql).await {
                faults.push(format!("{file}::{name}: {error:?}"));
            }
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
        assert!(40 < count, "{count} statements are listed");
        db.close().await;
    }
}

/// The tables that grow with what comes in.
const GROWS: [&str; 10] = [
    "inbox",
    "alert",
    "incident",
    "timeline",
    "escalation",
    "page",
    "status_update",
    "job",
    "alert_repeat",
    "alert_tally",
];

/// Statements that read all there is of a table that grows, and why they may.
const MAY_READ_ALL: [(&str, &str, &str); 10] = [
    ("alert", "LATEST", "a page of it, in the order of an index"),
    ("inbox", "BEFORE", "the first, by the key"),
    ("incident", "DECLARED", "the latest few, by the key"),
    ("incident", "INSERT", "its children, and only where a key that points nowhere was written before"),
    ("incident", "PHASES", "all are counted, for whoever asks for metrics"),
    ("job", "OPEN", "only what waits"),
    ("job", "OVERDUE", "only what waits"),
    ("job", "STATES", "counted in an index, for whoever asks for metrics"),
    ("job", "WAITING", "only what waits"),
    ("lease", "BREAK_CLAIMS", "only what runs, once at the start"),
];

/// Without statistics SQLite goes by the indexes alone. It once read every job that was ever done for each claim, since it
/// could not see that the partial index had them all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_statement_reads_all_of_a_table_that_grows() {
    let database = TestDatabase::sqlite();
    let db = Db::connect(&database.url).await.unwrap();
    db.migrate().await.unwrap();
    let Db::Sqlite { file, .. } = &db else { unreachable!("it was made so") };
    let mut driver = SqliteConnection::connect_with(file).await.unwrap();
    let mut faults = Vec::new();
    for (file, name, sql) in statements() {
        let explain = format!("EXPLAIN QUERY PLAN {}", sql.text_for_sqlite());
        let mut query = sqlx::query(sqlx::AssertSqlSafe(explain));
        for _ in 0..db.prepare(sql).await.unwrap()[0] {
            query = query.bind("[]");
        }
        for row in query.fetch_all(&mut driver).await.unwrap() {
            let step: String = row.get("detail");
            let scanned = step.strip_prefix("SCAN ").and_then(|rest| rest.split(' ').next()).unwrap_or_default();
            // `j` and the like stand for the table that the statement names so.
            let table = sql
                .text_for_sqlite()
                .split_whitespace()
                .collect::<Vec<_>>()
                .windows(2)
                .find(|words| words[1].trim_end_matches(')') == scanned && GROWS.contains(&words[0]))
                .map_or(scanned, |words| words[0])
                .to_owned();
            let excused = MAY_READ_ALL.iter().any(|(of, called, _)| (*of, *called) == (file, name));
            if GROWS.contains(&table.as_str()) && !excused {
                faults.push(format!("{file}::{name}: {step}"));
            }
        }
    }
    assert_eq!(faults, [""; 0]);
    db.close().await;
}

/// A plan that PostgreSQL keeps is made when it is first needed, of tables that may be empty then. It once chose to read all
/// jobs for each job that a claim looks at, and went on so in the storm that followed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_plan_that_is_made_of_empty_tables_reads_all_of_one_that_grows() {
    let Some(database) = TestDatabase::postgres().await else { return };
    let whole = Db::connect(&database.url).await.unwrap();
    whole.migrate().await.unwrap();
    let Db::Postgres { pool, .. } = &whole else { unreachable!("it was made so") };
    let Db::Postgres { own: Some(own), .. } = whole.apart() else { unreachable!("it was made so") };
    let mut pooled = pool.acquire().await.unwrap();
    let mut own = own.lend().await.unwrap();
    for connection in [&mut *pooled, &mut *own] {
        assert_eq!(faults_of_plans(&whole, connection).await, [""; 0]);
    }
    drop((pooled, own));
    whole.close().await;
}

async fn run(connection: &mut sqlx::PgConnection, text: &str) -> Vec<sqlx::postgres::PgRow> {
    sqlx::raw_sql(sqlx::AssertSqlSafe(text.to_owned())).fetch_all(connection).await.unwrap()
}

/// The plan of a statement that is given these values, in braces, as `EXPLAIN` shows it with these options.
async fn plan_of(connection: &mut sqlx::PgConnection, text: &str, options: &str, given: &str) -> serde_json::Value {
    run(connection, &format!("PREPARE asked AS {text}")).await;
    let explained = run(connection, &format!("EXPLAIN ({options}) EXECUTE asked{given}")).await;
    run(connection, "DEALLOCATE asked").await;
    let plan: serde_json::Value = explained[0].get(0);
    plan[0]["Plan"].clone()
}

async fn faults_of_plans(db: &Db, connection: &mut sqlx::PgConnection) -> Vec<String> {
    run(connection, "SET plan_cache_mode = force_generic_plan").await;
    let mut faults = Vec::new();
    for (file, name, sql) in statements() {
        if MAY_READ_ALL.iter().any(|(of, called, _)| (*of, *called) == (file, name)) {
            continue;
        }
        for (text, count) in sql.texts_for_postgres().iter().zip(db.prepare(sql).await.unwrap()) {
            let given = if count == 0 { String::new() } else { format!("({})", vec!["NULL"; count].join(", ")) };
            let plan = plan_of(connection, text, "FORMAT JSON", &given).await;
            faults
                .extend(faults_of_plan(&plan, Above::default()).iter().map(|fault| format!("{file}::{name}: {fault}")));
        }
    }
    faults
}

/// What is wrong with a plan: a table is read to its end, or what is limited is read anew for each row beside it.
fn faults_of_plan(node: &serde_json::Value, above: Above) -> Vec<String> {
    let of = |node: &serde_json::Value, key: &str| node[key].as_str().unwrap_or_default().to_owned();
    let (kind, table) = (of(node, "Node Type"), of(node, "Relation Name"));
    let mut faults = Vec::new();
    let is_read_whole = kind.ends_with("Scan") && node["Index Cond"].is_null() && kind != "Bitmap Heap Scan";
    if is_read_whole && GROWS.contains(&table.as_str()) && !above.is_limited {
        faults.push(format!("reads all of {table}"));
    }
    if kind == "Limit" && above.is_for_each_row && !reads_by_a_key(node) {
        faults.push("looks for the first ones again and again".to_owned());
    }
    for inner in node["Plans"].as_array().into_iter().flatten() {
        let is_inner = kind == "Nested Loop" && of(inner, "Parent Relationship") == "Inner";
        let is_asked_of_each = of(inner, "Parent Relationship").ends_with("Plan");
        let is_limited = kind == "Limit" || (above.is_limited && kind == "LockRows");
        let is_for_each_row = (above.is_for_each_row || is_inner) && !is_asked_of_each;
        faults.extend(faults_of_plan(inner, Above { is_limited, is_for_each_row }));
    }
    faults
}

/// As many as a list shows, and a few that stand beside them.
const FEW: f64 = 64.0;

/// What PostgreSQL reads for a card, a list or a suggestion must not grow with what is over, nor with a flood. It once
/// expected ten alerts of an incident, had a hundred thousand, and sorted them all for each card.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_listed_costs_the_same_however_much_there_is() {
    let Some(database) = TestDatabase::postgres().await else { return };
    let whole = Db::connect(&database.url).await.unwrap();
    whole.migrate().await.unwrap();
    let Db::Postgres { pool, .. } = &whole else { unreachable!("it was made so") };
    let mut connection = pool.acquire().await.unwrap();
    // Incidents that are over with ten alerts each, three that go on, three that are not closed yet, and then a flood in the
    // last.
    let filled = "
        INSERT INTO incident (id, version, title, severity, severity_by, severity_reason, phase, phase_since, team, rota,
                              subjects, declared_by, declared_at, entries)
        SELECT n, 1, 'x', 'SEV2', '{}', 'x', CASE WHEN n <= 3 THEN 'triage' WHEN n <= 6 THEN 'resolved' ELSE 'closed' END,
               now(), 'x', 'x', '[]', '{}', now(), 1
        FROM generate_series(1, 2000) AS n;
        INSERT INTO alert (source, fingerprint, status, severity, title, changed_at, first_at, last_at, deliveries,
                           incident_id, alert)
        SELECT 'x', n::text, 'firing', 'SEV2', 'x', now(), now(), now(), 1, 1 + n % 2000, '{}'
        FROM generate_series(1, 20000) AS n;
        ANALYZE;
        INSERT INTO alert (source, fingerprint, status, severity, title, changed_at, first_at, last_at, deliveries,
                           incident_id, alert)
        SELECT 'y', n::text, 'firing', 'SEV2', 'x', now(), now() + n * interval '1 second', now(), 1, 2000, '{}'
        FROM generate_series(1, 5000) AS n";
    run(&mut connection, filled).await;
    for (wanted, given) in [
        ("OF_INCIDENT", "(2000, 10)"),
        ("PAGE_OF_ALL", "(2001, 10)"),
        ("PAGE_OF_OPEN", "(2001, 10)"),
        ("PAGE_OF_OPEN_PHASE", "(2001, 10, 'triage')"),
        ("PAGE_OF_RESOLVED", "(2001, 10)"),
        ("PAGE_OF_CLOSED", "(2001, 10)"),
    ] {
        let (_, _, sql) = statements().find(|(_, name, _)| *name == wanted).unwrap();
        let plan = plan_of(&mut connection, &sql.texts_for_postgres()[0], "ANALYZE, FORMAT JSON", given).await;
        let read = rows_read(&plan);
        assert!(read <= FEW, "{wanted} reads {read} rows: {plan:#}");
    }
    drop(connection);
    whole.close().await;
}

/// The most rows that a part of a plan went through.
fn rows_read(node: &serde_json::Value) -> f64 {
    let of = |key: &str| node[key].as_f64().unwrap_or_default();
    let own = (of("Actual Rows") + of("Rows Removed by Filter")) * of("Actual Loops");
    node["Plans"].as_array().into_iter().flatten().map(rows_read).fold(own, f64::max)
}

/// Where a part of a plan stands.
#[derive(Default, Clone, Copy)]
struct Above {
    /// Below a limit, with nothing between them that wants all.
    is_limited: bool,
    /// In what is run for each row of something else.
    is_for_each_row: bool,
}

/// Whether the first ones are those of a key that the row beside them gives, which of one row are the values themselves.
fn reads_by_a_key(limit: &serde_json::Value) -> bool {
    let given = ["given.", "\"*VALUES*\".", "= $"];
    let condition = limit["Plans"][0]["Index Cond"].as_str().unwrap_or_default();
    given.iter().any(|given| condition.contains(given))
}
