//! How often one message is edited: what changes faster is drawn together.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// When which slot was edited last. Clones share it.
///
/// This is of the wire, not of the incident, so it runs on real time: Discord allows five edits in five seconds in a
/// channel, and nobody reads a card that changes ten times in one.
#[derive(Debug, Clone)]
pub(super) struct Edits {
    apart: Duration,
    last: Arc<Mutex<BTreeMap<String, Instant>>>,
}

impl Edits {
    /// Edits of one slot that are at least so far apart.
    pub fn new(apart: Duration) -> Self {
        Self { apart, last: Arc::default() }
    }

    /// Waits until a slot may be edited. Whoever looks at what is to be drawn does so afterwards, so that one edit shows
    /// all that changed meanwhile.
    pub async fn turn(&self, slot: &str) -> Edit {
        loop {
            let next = {
                let mut last = self.lock();
                last.retain(|_, at| at.elapsed() < self.apart);
                last.get(slot).map(|at| *at + self.apart)
            };
            match next {
                Some(next) => tokio::time::sleep_until(next).await,
                None => return Edit { edits: self.clone(), slot: slot.to_owned() },
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Instant>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An edit that may be made.
pub(super) struct Edit {
    edits: Edits,
    slot: String,
}

impl Edit {
    /// It was made; the time to the next counts from here.
    pub fn made(self) {
        self.edits.lock().insert(self.slot, Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_same_is_edited_again_only_after_a_while_and_others_at_once() {
        let edits = Edits::new(Duration::from_millis(50));
        edits.turn("INC-1/card").await.made();
        let began = Instant::now();
        edits.turn("INC-2/card").await.made();
        edits.turn("INC-1/card").await.made();
        assert!(Duration::from_millis(50) <= began.elapsed());
        assert_eq!(edits.lock().len(), 1, "what may be edited again is forgotten");
    }
}
