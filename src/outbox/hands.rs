//! Jobs under way: so many at once, each with its claim kept for as long as it takes.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info_span, warn};

use crate::engine::Handed;
use crate::outbox::Outbox;
use crate::outbox::page::DrawnPage;
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

    /// Carries a claimed job out in its slot.
    pub fn take(&mut self, job: Job, slot: OwnedSemaphorePermit) {
        let work = carry_out(self.outbox.clone(), self.claims.clone(), job, None);
        self.begin(work, slot);
    }

    /// Draws what a job shows that is about to be kept, and carries it out as soon as it is.
    pub fn prepare(&mut self, handed: Handed) {
        let Handed { effect, shown, job, slot } = handed;
        let (outbox, claims) = (self.outbox.clone(), self.claims.clone());
        let work = async move {
            let drawn = shown.and_then(|source| outbox.draw_ahead(&effect, &source));
            // Where it is not kept, there is nothing to do.
            if let Ok(job) = job.await {
                carry_out(outbox, claims, job, drawn).await;
            }
        };
        self.begin(work, slot);
    }

    fn begin(&mut self, work: impl Future<Output = ()> + Send + 'static, slot: OwnedSemaphorePermit) {
        while self.under_way.try_join_next().is_some() {}
        let ended = self.ended.clone();
        self.under_way.spawn(async move {
            work.await;
            drop(slot);
            ended.notify_one();
        });
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

async fn carry_out(outbox: Outbox, claims: Claims, job: Job, drawn: Option<DrawnPage>) {
    let _held = claims.hold(job.id);
    let span = info_span!("job", job.id, job.key = %job.dedup_key, job.attempts);
    outbox.carry_out(job, drawn).instrument(span).await;
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
