//! Jobs under way: so many at once, each with its claim kept for as long as it takes.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info_span, warn};

use crate::engine::PageSource;
use crate::outbox::Outbox;
use crate::store::job::Job;

/// How many jobs are under way at once.
const AT_ONCE: usize = 16;

/// The hands of one loop of the outbox.
pub(super) struct Hands {
    outbox: Outbox,
    slots: Arc<Semaphore>,
    under_way: JoinSet<()>,
    ended: Arc<Notify>,
    claims: Claims,
    keeping: CancellationToken,
    keeper: JoinHandle<()>,
}

impl Hands {
    /// Free hands, and a keeper of the claims on what they will hold.
    pub fn new(outbox: Outbox) -> Self {
        let (claims, keeping) = (Claims::default(), CancellationToken::new());
        let keeper = tokio::spawn(keep_claims(outbox.clone(), claims.clone(), keeping.clone()));
        let slots = Arc::new(Semaphore::new(AT_ONCE));
        Self { outbox, slots, under_way: JoinSet::new(), ended: Arc::default(), claims, keeping, keeper }
    }

    /// The slots, one for each job.
    pub fn slots(&self) -> Arc<Semaphore> {
        self.slots.clone()
    }

    /// How many slots are free.
    pub fn free(&self) -> usize {
        self.slots.available_permits()
    }

    /// Carries a claimed job out in its slot. `shown` is what there is to show, where it is known.
    pub fn take(&mut self, job: Job, shown: Option<PageSource>, slot: OwnedSemaphorePermit) {
        while self.under_way.try_join_next().is_some() {}
        let held = self.claims.hold(job.id);
        let (outbox, ended) = (self.outbox.clone(), self.ended.clone());
        let span = info_span!("job", job.id, job.key = %job.dedup_key, job.attempts);
        let work = async move {
            outbox.carry_out(job, shown).await;
            drop((slot, held));
            ended.notify_one();
        };
        self.under_way.spawn(work.instrument(span));
    }

    /// Returns when a job ended since the last time: a slot is free, and what waited behind the job may go on.
    pub async fn one_ended(&self) {
        self.ended.notified().await;
    }

    /// Ends what is under way.
    pub async fn end(mut self) {
        while self.under_way.join_next().await.is_some() {}
        self.keeping.cancel();
        // It ends by itself; a panic in it was reported where it happened.
        let _ = self.keeper.await;
    }
}

/// Renews the claims on what is under way, at a third of their length.
async fn keep_claims(outbox: Outbox, claims: Claims, end: CancellationToken) {
    loop {
        tokio::select! {
            () = end.cancelled() => return,
            () = tokio::time::sleep(outbox.lease / 3) => (),
        }
        let jobs = claims.held();
        if jobs.is_empty() {
            continue;
        }
        let kept = async {
            let mut tx = outbox.engine.db().begin().await?;
            tx.keep_claims(jobs, &outbox.claim_of()).await?;
            tx.commit().await
        };
        if let Err(error) = kept.await {
            warn!(error = &error as &dyn std::error::Error, "claims cannot be renewed");
        }
    }
}

/// The jobs that a loop has under way. A job leaves when its work ends, however it ends.
#[derive(Clone, Default)]
struct Claims(Arc<Mutex<BTreeSet<i64>>>);

impl Claims {
    fn hold(&self, job: i64) -> HeldClaim {
        self.lock().insert(job);
        HeldClaim { claims: self.clone(), job }
    }

    fn held(&self) -> Vec<i64> {
        self.lock().iter().copied().collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct HeldClaim {
    claims: Claims,
    job: i64,
}

impl Drop for HeldClaim {
    fn drop(&mut self) {
        self.claims.lock().remove(&self.job);
    }
}
