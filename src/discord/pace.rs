//! How many calls are made in a second, all together, so that Discord never has to refuse one for it.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Calls in any second. Discord allows a bot 50.
pub const A_SECOND: usize = 45;
/// Of these, kept free for what comes first.
const FOR_THE_FIRST: usize = 10;
/// The time in which they are counted, and a little more: Discord's clock is not ours.
const COUNTED: Duration = Duration::from_millis(1050);

/// Who may call how often. Clones share it.
///
/// A call has a place from before it is made until a second after its answer. It arrives at Discord somewhere in between,
/// wherever it waited, so no more calls than there are places arrive in any second by Discord's clock.
#[derive(Debug, Clone)]
pub struct Pace {
    all: Arc<Semaphore>,
    /// Places that may be taken by what can wait.
    others: Arc<Semaphore>,
    counted: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self::counting_in(COUNTED)
    }
}

/// What a call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// A page: nothing else is waited for.
    First,
    /// All else.
    Then,
}

impl Pace {
    fn counting_in(counted: Duration) -> Self {
        let others = Arc::new(Semaphore::new(A_SECOND - FOR_THE_FIRST));
        Self { all: Arc::new(Semaphore::new(A_SECOND)), others, counted }
    }

    /// Makes a call when there is a place for it.
    pub async fn keep<T>(&self, turn: Turn, call: impl Future<Output = T>) -> T {
        self.keep_all(turn, 1, call).await
    }

    /// Makes so many calls, one after the other, when there are places for all of them.
    pub async fn keep_all<T>(&self, turn: Turn, count: u32, calls: impl Future<Output = T>) -> T {
        let mut places = Vec::with_capacity(2);
        if turn == Turn::Then {
            places.extend(take(&self.others, count).await);
        }
        places.extend(take(&self.all, count).await);
        let held = Held { places, counted: self.counted };
        let result = calls.await;
        drop(held);
        result
    }
}

/// Places; none only if the semaphore was closed, which nobody does.
async fn take(places: &Arc<Semaphore>, count: u32) -> Option<OwnedSemaphorePermit> {
    places.clone().acquire_many_owned(count).await.ok()
}

/// Places that come free a second after this goes, also where the call is given up.
struct Held {
    places: Vec<OwnedSemaphorePermit>,
    counted: Duration,
}

impl Drop for Held {
    fn drop(&mut self) {
        let (places, counted) = (std::mem::take(&mut self.places), self.counted);
        tokio::spawn(async move {
            tokio::time::sleep(counted).await;
            drop(places);
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Instant;

    use super::*;

    /// A second that does not take as long.
    const A_MOMENT: Duration = Duration::from_millis(60);

    /// The most of these within any such second.
    fn busiest(arrived: &[Instant]) -> usize {
        let within = |first: &Instant| arrived.iter().filter(|at| (*first..*first + A_MOMENT).contains(*at)).count();
        arrived.iter().map(within).max().unwrap_or(0)
    }

    #[tokio::test]
    async fn no_second_sees_more_calls_than_allowed_wherever_they_wait() {
        let pace = Pace::counting_in(A_MOMENT);
        let arrived = Arc::new(Mutex::new(Vec::new()));
        let calls: Vec<_> = (0..200_u64)
            .map(|number| {
                let (pace, arrived) = (pace.clone(), arrived.clone());
                let turn = if number.is_multiple_of(5) { Turn::First } else { Turn::Then };
                tokio::spawn(async move {
                    pace.keep(turn, async {
                        // Some wait for the bucket of their channel, and come free all at once.
                        if number.is_multiple_of(3) {
                            tokio::time::sleep(A_MOMENT * 3 / 2).await;
                        }
                        arrived.lock().unwrap().push(Instant::now());
                    })
                    .await;
                })
            })
            .collect();
        for call in calls {
            call.await.unwrap();
        }
        let arrived = arrived.lock().unwrap();
        assert_eq!(arrived.len(), 200);
        assert!(busiest(&arrived) <= A_SECOND, "{} in a second", busiest(&arrived));
    }

    #[tokio::test]
    async fn what_comes_first_waits_for_nothing_else() {
        let pace = Pace::default();
        let others: Vec<_> = (0..200)
            .map(|_| {
                let pace = pace.clone();
                tokio::spawn(async move { pace.keep(Turn::Then, std::future::pending::<()>()).await })
            })
            .collect();
        while 0 < pace.others.available_permits() {
            tokio::task::yield_now().await;
        }
        for _ in 0..FOR_THE_FIRST {
            pace.keep(Turn::First, async {}).await;
        }
        others.iter().for_each(tokio::task::JoinHandle::abort);
    }
}
