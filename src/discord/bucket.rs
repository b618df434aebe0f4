//! The first call of a bucket goes alone: serenity learns a bucket's limit from the first answer, and lets everything
//! through until then, so that a burst would be refused.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex as Turn;

/// How many buckets are remembered. Beyond it all are forgotten, and the next call of each goes alone once more.
const REMEMBERED: usize = 10_000;
/// How long the others wait for the first: one that Discord stalls holds nothing up for longer, a page least of all.
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

/// The buckets whose limits were learned. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Buckets(Arc<Mutex<HashMap<(Kind, u64), IsKnown>>>);

/// Whether a bucket's limit was learned. Whoever learns it holds the turn.
type IsKnown = Arc<Turn<bool>>;

impl Buckets {
    /// Makes a call, alone where nothing is known of its bucket yet.
    pub async fn learn<T, E>(&self, bucket: (Kind, u64), call: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        let turn = {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if REMEMBERED <= known.len() {
                known.clear();
            }
            known.entry(bucket).or_default().clone()
        };
        match tokio::time::timeout(PATIENCE, turn.lock()).await {
            Ok(mut is_known) if !*is_known => {
                let result = call.await;
                *is_known = result.is_ok();
                result
            }
            known_or_too_late => {
                drop(known_or_too_late);
                call.await
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn until_one_call_was_answered_no_other_of_its_bucket_is_made() {
        let buckets = Buckets::default();
        let (under_way, answered) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let calls: Vec<_> = (0..20)
            .map(|_| {
                let (buckets, under_way, answered) = (buckets.clone(), under_way.clone(), answered.clone());
                tokio::spawn(async move {
                    let call = async {
                        let others = under_way.fetch_add(1, Ordering::SeqCst);
                        assert!(
                            others == 0 || 0 < answered.load(Ordering::SeqCst),
                            "{others} others, and none answered"
                        );
                        tokio::task::yield_now().await;
                        under_way.fetch_sub(1, Ordering::SeqCst);
                        answered.fetch_add(1, Ordering::SeqCst);
                        Ok::<(), ()>(())
                    };
                    buckets.learn((Kind::Post, 1), call).await
                })
            })
            .collect();
        for call in calls {
            call.await.unwrap().unwrap();
        }
    }
}
