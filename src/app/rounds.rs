//! The loops that are nobody else's: digesting the inbox, listening for heartbeats, deleting what is past its time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::clock::Clock;
use crate::config::Retention;
use crate::engine::triage::{ALERTS_A_COMMIT, Digested, Look, Triager};
use crate::engine::{Engine, EngineError, Setup};
use crate::store::{Db, StoreError};

/// How long a loop waits after the database failed it.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// How long a batch may take to be digested; a database that does not answer at all must not hold triage for ever.
const DIGEST: Duration = Duration::from_secs(60);
/// How long after the last one a batch begins at most, so that batches are larger than requests; after one that took less,
/// twice as long as it took. The first alert after a silence waits for nothing.
const BREATH: Duration = Duration::from_millis(2);
/// The same while what is new is only gathered.
const BREATH_IN_FLOOD: Duration = Duration::from_millis(10);
/// How long repeats wait for each other, to be counted together; what is news waits for nothing but them to be counted.
const GATHER: Duration = Duration::from_millis(50);
/// How often a loop looks for what other processes did.
const POLL: Duration = Duration::from_millis(250);
/// How often it is said that heartbeats can be heard.
const LISTEN_EVERY: Duration = Duration::from_secs(15);
/// How often what is past its time is deleted, and how many rows at once.
const PRUNE_EVERY: Duration = Duration::from_secs(600);
const PRUNED_AT_ONCE: i64 = 1000;

/// Digests the inbox until `stop`.
pub(super) async fn triage(mut triager: Triager, commits: Option<watch::Receiver<()>>, stop: CancellationToken) {
    let mut commits = commits.unwrap_or_else(|| watch::Sender::new(()).subscribe());
    let mut looked: Option<Instant> = None;
    let mut held_since: Option<Instant> = None;
    while !stop.is_cancelled() {
        commits.mark_unchanged();
        let began = Instant::now();
        if triager.may_wait() {
            let held = held_since.get_or_insert(began).elapsed();
            if held < GATHER {
                tokio::select! {
                    () = stop.cancelled() => (),
                    () = tokio::time::sleep(GATHER - held) => (),
                    Ok(()) = commits.changed() => (),
                }
                continue;
            }
        }
        held_since = None;
        let look = if looked.is_none_or(|at| POLL <= at.elapsed()) { Look::Everywhere } else { Look::Handed };
        let digested = tokio::time::timeout(DIGEST, triager.digest(look)).await;
        if look == Look::Everywhere {
            looked = Some(began);
        }
        let (wait, for_commits) = match digested.unwrap_or(Err(EngineError::Store(StoreError::TooSlow))) {
            Ok(Digested::Alerts(count)) if count < ALERTS_A_COMMIT => {
                let took = began.elapsed();
                let breath = if triager.is_flooded() { BREATH_IN_FLOOD } else { BREATH };
                ((took * 2).min(breath.saturating_sub(took)), false)
            }
            Ok(Digested::Alerts(_)) => continue,
            Ok(Digested::Nothing) => (POLL, true),
            // A person acted on the same incident meanwhile: decide again on what that made of it.
            Err(EngineError::TooBusy(_)) => continue,
            Err(error) => {
                warn!(error = &error as &dyn std::error::Error, "the inbox cannot be digested yet");
                (AFTER_FAILURE, false)
            }
        };
        tokio::select! {
            () = stop.cancelled() => (),
            () = tokio::time::sleep(wait) => (),
            // Without a writer in this process there is only the poll.
            Ok(()) = commits.changed(), if for_commits => (),
        }
    }
}

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
