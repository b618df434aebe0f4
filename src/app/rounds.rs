//! What is done from time to time: standing ready to hear heartbeats, deleting what is past its time.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::clock::Clock;
use crate::config::Retention;
use crate::engine::{Engine, Setup};
use crate::store::{Db, StoreError};

/// How long a loop waits after the database failed it.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// How often it is said that heartbeats can be heard.
const LISTEN_EVERY: Duration = Duration::from_secs(15);
/// How often what is past its time is deleted, and how many rows at once.
const PRUNE_EVERY: Duration = Duration::from_secs(600);
const PRUNED_AT_ONCE: i64 = 1000;

/// Stands ready to hear heartbeats until `stop`.
pub(super) async fn listen_for_heartbeats(
    engine: Engine,
    mut changed: watch::Receiver<Arc<Setup>>,
    stop: CancellationToken,
) {
    while !stop.is_cancelled() {
        changed.mark_unchanged();
        let listening = engine.listen_for_heartbeats().await;
        if let Err(error) = &listening {
            warn!(error = error as &dyn std::error::Error, "heartbeats cannot be listened for yet");
        }
        tokio::select! {
            () = stop.cancelled() => (),
            () = tokio::time::sleep(if listening.is_err() { AFTER_FAILURE } else { LISTEN_EVERY }) => (),
            Ok(()) = changed.changed() => (),
        }
    }
}

/// Deletes what is past its time, in small batches, so that nothing waits long for the write lock.
pub(super) async fn prune(db: Db, clock: Clock, retention: Retention, stop: CancellationToken) {
    while !stop.is_cancelled() {
        loop {
            match prune_once(&db, &clock, retention).await {
                Ok(0) => break,
                Ok(rows) => info!(rows, "pruned what is past its time"),
                Err(error) => {
                    warn!(error = &error as &dyn std::error::Error, "nothing can be pruned now");
                    break;
                }
            }
        }
        tokio::select! {
            () = stop.cancelled() => (),
            () = tokio::time::sleep(PRUNE_EVERY) => (),
        }
    }
}

async fn prune_once(db: &Db, clock: &Clock, retention: Retention) -> Result<u64, StoreError> {
    let now = clock.now();
    let mut tx = db.begin().await?;
    let rows = tx.prune_inbox(now - retention.inbox, PRUNED_AT_ONCE).await?
        + tx.prune_jobs(now - retention.jobs, PRUNED_AT_ONCE).await?
        + tx.prune_refused(now - retention.refused, PRUNED_AT_ONCE).await?
        + tx.prune_declarations(now - retention.refused, PRUNED_AT_ONCE).await?;
    tx.commit().await?;
    Ok(rows)
}
