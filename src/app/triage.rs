//! The loop of triage: when the inbox is digested, and how long what waits may wait for more.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::engine::EngineError;
use crate::engine::triage::{ALERTS_A_COMMIT, Digested, Look, Triager};
use crate::store::StoreError;
use crate::store::offer::{Offer, Resting};

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
const GATHER: Duration = Duration::from_millis(25);
/// For how long nothing comes before alerts are offered to triage: those behind an offer wait for what triage makes of it.
const QUIET: Duration = Duration::from_millis(10);
/// How often a loop looks for what other processes did.
const POLL: Duration = Duration::from_millis(250);

/// Digests the inbox until `stop`.
pub(super) async fn triage(mut triager: Triager, stop: CancellationToken) {
    let mut calls = triager.calls();
    let mut looked: Option<Instant> = None;
    let mut held_since: Option<Instant> = None;
    let mut offer: Option<Offer> = None;
    let mut is_quiet = false;
    while !stop.is_cancelled() {
        calls.mark_unchanged();
        let began = Instant::now();
        if offer.is_none() && triager.may_wait() {
            let held = held_since.get_or_insert(began).elapsed();
            if held < GATHER {
                tokio::select! {
                    () = stop.cancelled() => (),
                    () = tokio::time::sleep(GATHER - held) => (),
                    Ok(()) = calls.changed() => (),
                }
                continue;
            }
        }
        held_since = None;
        let digest = async {
            if let Some(offer) = offer.take() {
                return Ok(triager.take_in(offer).await);
            }
            if looked.is_some_and(|at| at.elapsed() < POLL) {
                return triager.digest(Look::Handed).await;
            }
            looked = Some(began);
            triager.digest(Look::Everywhere).await
        };
        let digested = tokio::time::timeout(DIGEST, digest).await;
        let (wait, is_done) = match digested.unwrap_or(Err(EngineError::Store(StoreError::TooSlow))) {
            Ok(Digested::Alerts(count)) if count < ALERTS_A_COMMIT => {
                let took = began.elapsed();
                let wait = match triager.is_flooded() {
                    true => BREATH_IN_FLOOD.saturating_sub(took),
                    false => (took * 2).min(BREATH.saturating_sub(took)),
                };
                (wait, false)
            }
            Ok(Digested::Alerts(_)) => continue,
            Ok(Digested::Nothing) if is_quiet => (POLL, true),
            Ok(Digested::Nothing) => (QUIET, true),
            // A person acted on the same incident meanwhile: decide again on what that made of it.
            Err(EngineError::TooBusy(_)) => continue,
            Err(error) => {
                warn!(error = &error as &dyn std::error::Error, "the inbox cannot be digested yet");
                (AFTER_FAILURE, false)
            }
        };
        let mut resting = if is_done && is_quiet { triager.rest() } else { None };
        is_quiet = false;
        offer = tokio::select! {
            () = stop.cancelled() => None,
            () = tokio::time::sleep(wait) => {
                is_quiet = is_done;
                None
            }
            // Without a writer in this process there is only the poll.
            Ok(()) = calls.changed(), if is_done => None,
            offer = made(&mut resting) => Some(offer),
        };
        offer = offer.or_else(|| resting?.end());
    }
}

/// What is offered while triage rests, if it does.
async fn made(resting: &mut Option<Resting>) -> Offer {
    match resting {
        Some(resting) => resting.offer().await,
        None => std::future::pending().await,
    }
}
