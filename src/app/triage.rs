//! The loop of triage: when the inbox is digested, and how long what waits may wait for more.

use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::engine::EngineError;
use crate::engine::triage::{ALERTS_A_COMMIT, Digested, Look, Triager};
use crate::store::StoreError;

/// How long the loop waits after the database failed it.
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
