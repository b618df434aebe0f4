//! The one place where the time is read, and the one that tests and the demo can move.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Duration, Utc};
use tokio::sync::watch;

use crate::domain::Timestamp;

/// A clock. Clones show the same time.
#[derive(Debug, Clone)]
pub struct Clock(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Where the clock stands still; `None`: it runs with the system's.
    frozen_at: Option<Timestamp>,
    /// How far it was moved, in microseconds.
    moved: AtomicI64,
    moves: watch::Sender<()>,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self::new(None)
    }

    /// A clock that stands at `at` until it is moved.
    pub fn frozen(at: Timestamp) -> Self {
        Self::new(Some(at))
    }

    fn new(frozen_at: Option<Timestamp>) -> Self {
        Self(Arc::new(Inner { frozen_at, moved: AtomicI64::new(0), moves: watch::Sender::new(()) }))
    }

    /// Now, to the microsecond: PostgreSQL keeps no more, and a value must compare equal after a round trip.
    pub fn now(&self) -> Timestamp {
        let base = self.0.frozen_at.unwrap_or_else(real_time);
        base + Duration::microseconds(self.0.moved.load(Ordering::SeqCst))
    }

    /// Moves the clock and wakes those who wait for a time to come.
    pub fn advance(&self, by: Duration) {
        self.0.moved.fetch_add(by.num_microseconds().unwrap_or(i64::MAX / 2), Ordering::SeqCst);
        self.0.moves.send_replace(());
    }

    /// Changes whenever the clock is moved by hand.
    pub fn moves(&self) -> watch::Receiver<()> {
        self.0.moves.subscribe()
    }
}

/// The system's time whatever a moved clock says: leases run on it, since other processes cannot see our clock.
pub fn real_time() -> Timestamp {
    #[allow(clippy::disallowed_methods, reason = "this is the one place")]
    let now = Utc::now();
    DateTime::from_timestamp_micros(now.timestamp_micros()).unwrap_or(now)
}
