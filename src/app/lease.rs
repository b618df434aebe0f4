//! Work that one process does at a time, and the lease in the database that says which.

use std::future::Future;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::clock::real_time;
use crate::fault::{self, Point};
use crate::store::{Db, StoreError};

/// Whether a lease is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Held {
    Yes,
    No,
    /// The database could not be asked.
    Unknown,
}

/// Work that one process does at a time.
#[derive(Clone)]
pub(super) struct Leases {
    pub db: Db,
    pub holder: String,
    pub length: Duration,
}

impl Leases {
    /// Runs `work` while this process holds the lease, from whenever it gets it until it loses it or `stop`.
    pub async fn while_held<W, F>(self, name: &'static str, stop: CancellationToken, work: W)
    where
        W: Fn(CancellationToken) -> F,
        F: Future<Output = ()> + Send + 'static,
    {
        let every = self.length / 3;
        while !stop.is_cancelled() {
            let mut renewed = Instant::now();
            if self.hold(name).await == Held::Yes {
                info!(lease = name, "took the lease");
                let lost = stop.child_token();
                let mut working = tokio::spawn(work(lost.clone()));
                loop {
                    tokio::select! {
                        ended = &mut working => {
                            if let Err(panic) = ended {
                                error!(lease = name, error = &panic as &dyn std::error::Error, "work ended in a panic");
                            }
                            break;
                        }
                        () = tokio::time::sleep(every), if !lost.is_cancelled() => {
                            let asked = Instant::now();
                            // A connection that says nothing must not keep us past the end of the lease.
                            let held = tokio::time::timeout(every, self.hold(name)).await.unwrap_or(Held::Unknown);
                            if held == Held::Yes {
                                renewed = asked;
                            }
                            // While nobody can be asked the lease is ours until it ends.
                            if held == Held::No || self.length <= renewed.elapsed() + every / 2 {
                                warn!(lease = name, "lost the lease");
                                lost.cancel();
                            }
                        }
                    }
                }
                self.release(name).await;
            }
            // More often than it is renewed: whoever stands by takes over as soon as it ends.
            tokio::select! {
                () = stop.cancelled() => (),
                () = tokio::time::sleep(self.length / 12) => (),
            }
        }
    }

    async fn hold(&self, name: &str) -> Held {
        let now = real_time();
        let until = now + chrono::Duration::from_std(self.length).unwrap_or(chrono::Duration::seconds(12));
        let held = async {
            let mut tx = self.db.begin().await?;
            let held = tx.hold_lease(name, &self.holder, until, now).await?;
            fault::pass(Point::LeaseBefore).await?;
            tx.commit().await?;
            fault::pass(Point::LeaseAfter).await?;
            Ok::<_, StoreError>(held)
        };
        match held.await {
            Ok(true) => Held::Yes,
            Ok(false) => Held::No,
            Err(error) => {
                warn!(lease = name, error = &error as &dyn std::error::Error, "a lease cannot be renewed");
                Held::Unknown
            }
        }
    }

    async fn release(&self, name: &str) {
        let released = async {
            let mut tx = self.db.begin().await?;
            tx.release_lease(name, &self.holder).await?;
            fault::pass(Point::HandOverBefore).await?;
            tx.commit().await?;
            fault::pass(Point::HandOverAfter).await?;
            Ok::<_, StoreError>(())
        };
        // Whoever comes next waits for the lease to end.
        if let Err(error) = released.await {
            warn!(lease = name, error = &error as &dyn std::error::Error, "a lease could not be released");
        }
    }
}
