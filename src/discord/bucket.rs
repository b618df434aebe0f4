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
#[derive(Debug, Clone, Default)]
pub struct Buckets(Arc<Mutex<Calls>>);

/// Who calls holds the bucket's turn.
type Calls = HashMap<(Kind, u64), Arc<Busy<()>>>;

impl Buckets {
    /// Makes a call when no other of its bucket is under way.
    pub async fn alone<T>(&self, bucket: (Kind, u64), turn: Turn, call: impl Future<Output = T>) -> T {
        let busy = {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if REMEMBERED <= known.len() {
                known.retain(|_, busy| 1 < Arc::strong_count(busy));
            }
            known.entry(bucket).or_default().clone()
        };
        let _alone = match turn {
            Turn::First => tokio::time::timeout(PATIENCE, busy.lock()).await.ok(),
            // Every call ends within a time of its own.
            Turn::Then => Some(busy.lock().await),
        };
        call.await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

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
