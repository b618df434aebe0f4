//! What SQLite alone has: one writer, whose commits take along who waits for it, and a log that is given its room.

use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use firebell::domain::Timestamp;
use firebell::domain::alert::{Alert, AlertStatus};
use firebell::store::inbox::Written;
use firebell::store::{Db, Tx};
use futures_util::poll;
use sqlx::{Connection, SqliteConnection};

use crate::support::TestDatabase;
use crate::support::inbox::append;

async fn fresh(database: &TestDatabase) -> Db {
    let db = Db::connect(&database.url).await.unwrap();
    db.migrate().await.unwrap();
    db
}

fn times_lent(db: &Db) -> u64 {
    let Db::Sqlite { writer, .. } = db else { unreachable!("it was made so") };
    writer.times_lent()
}

fn alerts(count: usize) -> Vec<Written> {
    let alert: Alert = serde_json::from_value(serde_json::json!({
        "source": "s", "fingerprint": "f", "status": AlertStatus::Firing, "signal": "normal", "title": "t",
        "description": null, "severity": null, "vendor_severity": null, "category": null, "service": null,
        "labels": {}, "links": [], "started_at": null, "ended_at": null,
    }))
    .unwrap();
    vec![Written::new(alert).unwrap(); count]
}

/// A transaction that has the writer and has written.
async fn writing(db: &Db) -> Tx {
    let mut tx = db.begin().await.unwrap();
    tx.append_to_inbox(&alerts(1), Timestamp::default()).await.unwrap();
    tx
}

async fn kept(db: &Db) -> Vec<i64> {
    let rows = db.read().await.unwrap().inbox_after(0, 100).await.unwrap();
    rows.iter().map(|row| row.position).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn alerts_that_wait_for_the_writer_are_kept_by_the_commit_of_who_has_it() {
    let database = TestDatabase::sqlite();
    let db = fresh(&database).await;
    let before = times_lent(&db);
    let tx = writing(&db).await;
    let two = alerts(2);
    let mut appended = pin!(append(&db, &two, Timestamp::default()));
    assert!(poll!(&mut appended).is_pending());
    tx.commit().await.unwrap();
    assert_eq!(appended.await.unwrap(), 2, "behind what the other appended");
    assert_eq!(times_lent(&db), before + 1, "one commit");
    assert_eq!(kept(&db).await, [1, 2, 3]);
    db.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn alerts_are_kept_once_where_who_has_the_writer_takes_it_back_or_is_refused() {
    let database = TestDatabase::sqlite();
    let db = fresh(&database).await;
    let one = alerts(1);

    let tx = writing(&db).await;
    let mut appended = pin!(append(&db, &one, Timestamp::default()));
    assert!(poll!(&mut appended).is_pending());
    tx.rollback();
    assert_eq!(appended.await.unwrap(), 1);

    let mut tx = writing(&db).await;
    // From where the cursor is not: what is not so fails at the commit.
    tx.advance_inbox_cursor(17, 18, None).await.unwrap();
    let mut appended = pin!(append(&db, &one, Timestamp::default()));
    assert!(poll!(&mut appended).is_pending());
    assert!(tx.commit().await.unwrap_err().is_overtaken());
    assert_eq!(appended.await.unwrap(), 2);
    assert_eq!(kept(&db).await, [1, 2]);
    db.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_waits_for_any_more_is_not_taken_along() {
    let database = TestDatabase::sqlite();
    let db = fresh(&database).await;
    let (one, two) = (alerts(1), alerts(2));
    let tx = writing(&db).await;
    {
        let mut left = pin!(append(&db, &one, Timestamp::default()));
        assert!(poll!(&mut left).is_pending());
    }
    let mut appended = pin!(append(&db, &two, Timestamp::default()));
    assert!(poll!(&mut appended).is_pending());
    // There is one place: who finds it taken waits for the writer.
    let mut other = pin!(append(&db, &one, Timestamp::default()));
    assert!(poll!(&mut other).is_pending());
    tx.commit().await.unwrap();
    assert_eq!(appended.await.unwrap(), 2);
    assert_eq!(other.await.unwrap(), 4);
    assert_eq!(kept(&db).await, [1, 2, 3, 4]);
    db.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_for_a_ride_is_kept_once_where_who_was_to_commit_left() {
    let database = TestDatabase::sqlite();
    let db = fresh(&database).await;
    let one = alerts(1);
    let tx = writing(&db).await;
    let mut appended = pin!(append(&db, &one, Timestamp::default()));
    assert!(poll!(&mut appended).is_pending());
    {
        let mut commit = pin!(tx.commit());
        assert!(poll!(&mut commit).is_pending());
    }
    // With it, where it was under way, or alone.
    let position = appended.await.unwrap();
    assert!(position <= 2, "it is kept once");
    assert_eq!(kept(&db).await, (1..=position).collect::<Vec<_>>());
    db.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_has_its_room_before_it_is_needed_and_nothing_stands_in_it() {
    let database = TestDatabase::sqlite();
    let db = fresh(&database).await;
    let log = format!("{}-wal", database.url.trim_start_matches("sqlite:"));
    let length = || Path::new(&log).metadata().unwrap().len();
    // There is no log before somebody writes.
    append(&db, &alerts(1), Timestamp::default()).await.unwrap();
    let short = length();
    let copying = tokio::spawn(db.clone().keep_log_short());
    while length() < 16 * 1024 * 1024 {
        tokio::time::timeout(Duration::from_secs(10), append(&db, &alerts(1), Timestamp::default()))
            .await
            .unwrap()
            .unwrap();
    }
    assert!(short < 1024 * 1024, "{short}");
    copying.abort();
    let Db::Sqlite { file, .. } = &db else { unreachable!("it was made so") };
    let tables: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM sqlite_schema WHERE name = 'room'")
        .fetch_one(&mut SqliteConnection::connect_with(file).await.unwrap())
        .await
        .unwrap();
    assert_eq!(tables, 0);
    db.close().await;
    let again = Db::connect(&database.url).await.unwrap();
    assert!(!kept(&again).await.is_empty());
    again.close().await;
}
