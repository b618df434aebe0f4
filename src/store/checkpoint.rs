//! SQLite's write-ahead log: it has its room on the disk before it is needed, and is copied into the database beside the
//! writer, so that hardly a commit waits for either.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use tracing::debug;

use crate::store::db::{Db, WRITER_CACHE};
use crate::store::embedded::Embedded;
use crate::store::kept::Kept;

/// How often it is looked whether the log is to be copied.
const EVERY: Duration = Duration::from_millis(100);
/// After how many uses of the writer, nearly all of them commits, it is. What is written after it was copied to its end
/// begins it anew, which takes a flush more: an alert at rest does not have to wait for that.
const USES: u64 = 64;
/// When it is in any case, if there were any.
const AT_LATEST: Duration = Duration::from_secs(5);
/// From how many pages on (12 MiB of its [room](ROOM): it goes on growing until it is looked at next) the log is to be begun
/// anew, for which the writer has to stand still a moment.
const LONG: i64 = 12 * 256;

/// How much room the log has from the start: 16 MiB. A flush takes nearly twice as long where the file grows with it. The cache
/// is made small, and then as large as [the writer's](crate::store::db).
const ROOM: [&str; 6] = [
    "PRAGMA cache_size = 10",
    "BEGIN IMMEDIATE",
    "CREATE TABLE room (bytes BLOB)",
    "INSERT INTO room VALUES (zeroblob(16 * 1024 * 1024))",
    "ROLLBACK",
    WRITER_CACHE,
];

impl Db {
    /// Gives the log its room, and copies it for as long as this is polled. Does nothing on PostgreSQL, which does both by
    /// itself.
    pub async fn keep_log_short(self) {
        let Self::Sqlite { writer, checkpointer, file, .. } = &self else { return };
        if let Err(error) = make_room(writer).await {
            debug!(error = &error as &dyn std::error::Error, "the log has no room yet, and grows with its use");
        }
        let database = open_for_good(file.get_filename());
        let (mut copied_at, mut copied_up_to) = (Instant::now(), 0);
        loop {
            tokio::time::sleep(EVERY).await;
            let uses = writer.times_lent() - copied_up_to;
            if uses == 0 || (uses < USES && copied_at.elapsed() < AT_LATEST) {
                continue;
            }
            (copied_at, copied_up_to) = (Instant::now(), copied_up_to + uses);
            if let Err(error) = shorten(writer, checkpointer, database).await {
                debug!(error = &error as &dyn std::error::Error, "the log could not be shortened");
            }
        }
    }
}

/// Copies the log, and has it begun anew where it is long.
async fn shorten(
    writer: &Kept<Embedded>,
    checkpointer: &Kept<Embedded>,
    database: Option<&'static File>,
) -> Result<(), sqlx::Error> {
    let pages = copy(checkpointer).await?;
    if let Some(file) = database {
        flush(file).await;
    }
    if LONG < pages { begin_anew(writer, checkpointer).await } else { Ok(()) }
}

/// Copies the log as far as nobody reads it; how many pages it has.
async fn copy(checkpointer: &Kept<Embedded>) -> Result<i64, sqlx::Error> {
    let mut lent = checkpointer.lend().await?;
    let copied = lent.run_all(vec!["PRAGMA wal_checkpoint(PASSIVE)".into()]).await;
    lent.give_back_after(&copied);
    copied?.first().and_then(|outcome| outcome.rows.first()).map_or(Ok(0), |row| row.get("log"))
}

/// The database's file, to flush it. It is never closed: who closes a file gives up all locks that the process has on it,
/// and SQLite's with them.
fn open_for_good(file: &Path) -> Option<&'static File> {
    match File::open(file) {
        Ok(file) => Some(Box::leak(Box::new(file))),
        Err(error) => {
            debug!(error = &error as &dyn std::error::Error, "what is copied is flushed all at once");
            None
        }
    }
}

/// Flushes what was copied, beside the writer. SQLite does it once the log is copied to its end: for much, while nobody may
/// write.
async fn flush(file: &'static File) {
    let flushed = tokio::task::spawn_blocking(|| file.sync_data()).await;
    if let Ok(Err(error)) = flushed {
        debug!(error = &error as &dyn std::error::Error, "what was copied could not be flushed");
    }
}

/// What does not fit into the cache goes to the log before it is committed, and stays there when it is taken back: as room
/// that whatever is committed next is written over.
async fn make_room(writer: &Kept<Embedded>) -> Result<(), sqlx::Error> {
    let mut writer = writer.lend().await?;
    writer.run_all(ROOM.map(Into::into).into()).await?;
    writer.give_back();
    Ok(())
}

/// Copies what is left of the log while nobody writes: the next commit begins it anew, unless somebody still reads what stands
/// there. SQLite's own way would have the writer wait for whoever reads.
async fn begin_anew(writer: &Kept<Embedded>, checkpointer: &Kept<Embedded>) -> Result<(), sqlx::Error> {
    let mut writer = writer.lend().await?;
    // What was asked for before it was given back may be under way.
    writer.run_all(Vec::new()).await?;
    let copied = copy(checkpointer).await;
    writer.give_back();
    copied.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::kept::Plain;

    /// 2 MiB.
    const WRITTEN: &str = "INSERT INTO t VALUES (zeroblob(2 * 1024 * 1024))";

    #[tokio::test]
    async fn a_log_that_is_shortened_between_commits_stays_within_the_room_that_it_has_from_the_start() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("log.db");
        let db = Db::connect(&format!("sqlite:{}", file.display())).await.unwrap();
        let Db::Sqlite { writer, checkpointer, .. } = &db else { unreachable!("it was made so") };
        make_room(writer).await.unwrap();
        let log = || std::fs::metadata(file.with_extension("db-wal")).unwrap().len();
        let room = log();
        for statement in ["CREATE TABLE t (bytes BLOB)"].into_iter().chain([WRITTEN; 32]) {
            let mut lent = writer.lend().await.unwrap();
            lent.run(statement).await.unwrap();
            lent.give_back();
            shorten(writer, checkpointer, open_for_good(&file)).await.unwrap();
        }
        assert_eq!(log(), room);
        db.close().await;
    }

    #[tokio::test]
    async fn a_log_begins_anew_as_soon_as_nobody_reads_what_stands_there_and_no_writer_waits_for_that() {
        let folder = tempfile::TempDir::new().unwrap();
        let db = Db::connect(&format!("sqlite:{}", folder.path().join("log.db").display())).await.unwrap();
        let Db::Sqlite { writer, readers, checkpointer, .. } = &db else { unreachable!("it was made so") };
        let write = async |statement| {
            let mut lent = writer.lend().await.unwrap();
            lent.run(statement).await.unwrap();
            lent.give_back();
        };
        write("CREATE TABLE t (n INTEGER)").await;
        let (mut reader, _) = readers.lend().await.unwrap();
        reader.run("BEGIN").await.unwrap();
        reader.run("SELECT n FROM t").await.unwrap();
        for _ in 0..20 {
            write("INSERT INTO t VALUES (1)").await;
        }
        let long = copy(checkpointer).await.unwrap();
        begin_anew(writer, checkpointer).await.unwrap();
        write("INSERT INTO t VALUES (1)").await;
        assert!(long < copy(checkpointer).await.unwrap(), "somebody reads what stands there");
        reader.run("ROLLBACK").await.unwrap();
        reader.give_back();
        begin_anew(writer, checkpointer).await.unwrap();
        write("INSERT INTO t VALUES (1)").await;
        assert!(copy(checkpointer).await.unwrap() < long);
        db.close().await;
    }
}
