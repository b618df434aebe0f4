//! One call of a bucket at a time: serenity learns what is left of a bucket from each answer, and lets everything through
//! before the first, or what another answer said was left while this one was under way. A burst would be refused.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex as Busy;

use crate::discord::pace::Turn;

/// How many buckets are remembered; beyond it those are forgotten in which nothing is under way.
const REMEMBERED: usize = 10_000;
/// How long a page waits for another: one that Discord stalls holds it up no longer.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is called, as far as Discord counts it apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Making a channel, in a guild.
    Make,
    /// Opening conversations.
    Open,
    /// Posting in a channel.
    Post,
    /// Editing messages of a channel.
    Edit,
    /// Pinning in a channel.
    Pin,
    /// Making threads in a channel.
    Thread,
}

/// The buckets in which something is under way. Clones share them.
#[derive(Debug, Clone)]
pub struct Buckets {
    calls: Arc<Mutex<Calls>>,
    patience: Duration,
}

impl Default for Buckets {
    fn default() -> Self {
        Self { calls: Arc::default(), patience: PATIENCE }
    }
}

/// Who calls holds the bucket's turn.
type Calls = HashMap<(Kind, u64), Arc<Turns>>;

/// The turns of a bucket.
#[derive(Debug, Default)]
struct Turns {
    busy: Busy<()>,
    /// Beside one that Discord stalls, for pages: one by one too, or all that wait would be let through at once.
    beside: Busy<()>,
}

impl Buckets {
    /// Makes a call when no other of its bucket is under way.
    pub async fn alone<T>(&self, bucket: (Kind, u64), turn: Turn, call: impl Future<Output = T>) -> T {
        let turns = {
            let mut known = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
            if REMEMBERED <= known.len() {
                known.retain(|_, turns| 1 < Arc::strong_count(turns));
            }
            known.entry(bucket).or_default().clone()
        };
        let _alone = match turn {
            Turn::First => match tokio::time::timeout(self.patience, turns.busy.lock()).await {
                Ok(turn) => turn,
                Err(_) => turns.beside.lock().await,
            },
            // Every call ends within a time of its own.
            Turn::Then => turns.busy.lock().await,
        };
        call.await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn beside_a_call_that_is_stalled_pages_go_one_by_one() {
        let buckets = Buckets { patience: Duration::ZERO, ..Buckets::default() };
        let (under_way, done) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let stalled = {
            let buckets = buckets.clone();
            tokio::spawn(async move {
                buckets.alone((Kind::Post, 1), Turn::First, std::future::pending::<()>()).await;
            })
        };
        tokio::task::yield_now().await;
        let pages: Vec<_> = (0..20)
            .map(|_| {
                let (buckets, under_way, done) = (buckets.clone(), under_way.clone(), done.clone());
                tokio::spawn(async move {
                    let call = async {
                        assert_eq!(under_way.fetch_add(1, Ordering::SeqCst), 0, "it is the only one beside");
                        tokio::task::yield_now().await;
                        under_way.fetch_sub(1, Ordering::SeqCst);
                        done.fetch_add(1, Ordering::SeqCst);
                    };
                    buckets.alone((Kind::Post, 1), Turn::First, call).await;
                })
            })
            .collect();
        for page in pages {
            page.await.unwrap();
        }
        assert_eq!(done.load(Ordering::SeqCst), 20);
        stalled.abort();
    }

    #[tokio::test]
    async fn of_one_bucket_one_call_is_under_way_and_of_another_one_too() {
        let buckets = Buckets::default();
        let under_way = [Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0))];
        let calls: Vec<_> = (0..40)
            .map(|number| {
                let (buckets, under_way) = (buckets.clone(), under_way[number % 2].clone());
                tokio::spawn(async move {
                    let call = async {
                        assert_eq!(under_way.fetch_add(1, Ordering::SeqCst), 0, "it is alone");
                        tokio::task::yield_now().await;
                        under_way.fetch_sub(1, Ordering::SeqCst);
                    };
                    buckets.alone((Kind::Post, number as u64 % 2), Turn::Then, call).await;
                })
            })
            .collect();
        for call in calls {
            call.await.unwrap();
        }
    }
}
