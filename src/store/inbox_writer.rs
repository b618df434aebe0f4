//! The one writer of the inbox: it gathers what waits into one commit, and answers each request after it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};
use tracing::{debug, warn};

use crate::domain::Timestamp;
use crate::domain::alert::Alert;
use crate::fault::{self, Point};
use crate::store::db::Db;
use crate::store::error::StoreError;
use crate::store::handed::Handed;
use crate::store::inbox::Written;

/// How many requests may wait. Beyond it the sender is told to come back, so that memory stays bounded.
const QUEUE: usize = 1024;
/// How many KiB of alerts may wait in them: a request may be a thousand times as large as another.
const QUEUE_KIB: u32 = 32 * 1024;
/// How many alerts one commit takes at most, beside those of its last request, so that no request waits behind an
/// endless one.
const ALERTS_A_COMMIT: usize = 1024;
/// How long a commit may take. Whoever waits for it is told then that it is not known to be kept.
const APPEND: Duration = Duration::from_secs(10);
/// For how long a commit that failed speaks against readiness.
const BELIEVED: Duration = Duration::from_secs(10);

/// Why alerts were not taken in.
#[derive(Debug, thiserror::Error)]
pub enum InboxError {
    /// More waits than is kept in memory.
    #[error("the inbox is full")]
    Full,
    /// The commit failed; nothing of it was kept.
    #[error("the inbox cannot be written: {0}")]
    Unwritable(String),
}

struct Request {
    alerts: Vec<Written>,
    /// Whether they only repeat what was counted lately.
    are_repeats: bool,
    received_at: Timestamp,
    answer: oneshot::Sender<Result<i64, String>>,
    /// What it takes of the room for waiting alerts.
    room: OwnedSemaphorePermit,
}

/// Takes alerts in. Clones share one writer.
#[derive(Clone)]
pub struct Inbox {
    requests: mpsc::Sender<Request>,
    room: Arc<Semaphore>,
    failed: watch::Sender<Option<Instant>>,
    handed: Handed,
}

impl Inbox {
    /// Starts the writer on `db`; it ends when the last clone is dropped and what waited is written.
    pub fn start(db: Db) -> Self {
        let (requests, queue) = mpsc::channel(QUEUE);
        let handed = Handed::default();
        let failed = watch::Sender::new(None);
        tokio::spawn(write(db, queue, failed.clone(), handed.clone()));
        let room = Arc::new(Semaphore::new(QUEUE_KIB as usize));
        Self { requests, room, failed, handed }
    }

    /// Takes alerts in. They are kept when this returns; the positions of the alerts follow one another from the one
    /// returned.
    pub async fn append(&self, alerts: Vec<Alert>, received_at: Timestamp) -> Result<i64, InboxError> {
        // Here, where requests run side by side, rather than in the one writer.
        let are_repeats = alerts.iter().all(|alert| self.handed.repeats().has(alert));
        let alerts: Vec<Written> = alerts
            .into_iter()
            .map(Written::new)
            .collect::<Result<_, _>>()
            .map_err(|error| InboxError::Unwritable(error.to_string()))?;
        // One that is larger than all the room has it alone.
        let bytes: usize = alerts.iter().map(|alert| alert.json.len()).sum();
        let kib = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX).clamp(1, QUEUE_KIB);
        let room = self.room.clone().try_acquire_many_owned(kib).map_err(|_| InboxError::Full)?;
        let (answer, answered) = oneshot::channel();
        self.requests
            .try_send(Request { alerts, are_repeats, received_at, answer, room })
            .map_err(|_| InboxError::Full)?;
        match answered.await {
            Ok(result) => result.map_err(InboxError::Unwritable),
            Err(_) => Err(InboxError::Unwritable("the writer ended".to_owned())),
        }
    }

    /// Whether nothing could be taken in a moment ago, and nothing was since. It is believed for a while only: who is
    /// kept away by it could not show that it is over.
    pub fn is_failing(&self) -> bool {
        self.failed.borrow().is_some_and(|at| at.elapsed() < BELIEVED)
    }

    /// What was taken in and waits for triage in this process.
    pub fn handed(&self) -> Handed {
        self.handed.clone()
    }

    /// How many requests wait.
    pub fn waiting(&self) -> usize {
        QUEUE - self.requests.capacity()
    }
}

async fn write(db: Db, mut queue: mpsc::Receiver<Request>, failed: watch::Sender<Option<Instant>>, handed: Handed) {
    while let Some(first) = queue.recv().await {
        let mut batch = vec![first];
        let mut count = batch[0].alerts.len();
        // Whatever has queued meanwhile shares the commit; waiting for more would only add latency.
        while count < ALERTS_A_COMMIT {
            let Ok(next) = queue.try_recv() else { break };
            count += next.alerts.len();
            batch.push(next);
        }
        let received_at = batch[0].received_at;
        let are_repeats = batch.iter().all(|request| request.are_repeats);
        let mut alerts = Vec::with_capacity(count);
        let mut shares = Vec::with_capacity(batch.len());
        let mut rooms = Vec::with_capacity(batch.len());
        for request in batch {
            shares.push((request.alerts.len(), request.answer));
            alerts.extend(request.alerts);
            // Until it is written, since it waits in memory until then.
            rooms.push(request.room);
        }
        // A sender must be answered while it still listens, also by a database that does not answer us.
        let kept = tokio::time::timeout(APPEND, keep(&db, &handed, &alerts, received_at)).await;
        drop(rooms);
        match kept.unwrap_or(Err(StoreError::TooSlow)) {
            Ok(Kept { first, is_digested }) => {
                debug!(alerts = count, requests = shares.len(), is_digested, "inbox committed");
                if !is_digested {
                    handed.push(first, received_at, alerts, are_repeats);
                }
                failed.send_replace(None);
                let mut position = first;
                for (count, answer) in shares {
                    // Whoever asked may have gone; the alerts are kept all the same.
                    let _ = answer.send(Ok(position));
                    position += i64::try_from(count).unwrap_or(i64::MAX);
                }
                handed.give_way(position - 1, count).await;
            }
            Err(error) => {
                warn!(error = &error as &dyn std::error::Error, alerts = count, "the inbox could not be written");
                failed.send_replace(Some(Instant::now()));
                for (_, answer) in shares {
                    let _ = answer.send(Err(error.to_string()));
                }
                // A database in trouble is not helped by being asked in a tight loop.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

/// Alerts that were kept.
struct Kept {
    /// The position of the first.
    first: i64,
    /// Whether triage digested them, too.
    is_digested: bool,
}

async fn keep(db: &Db, handed: &Handed, alerts: &[Written], received_at: Timestamp) -> Result<Kept, StoreError> {
    fault::pass(Point::InboxBefore).await?;
    let offered = handed.offer(alerts, received_at).await;
    let is_digested = offered.is_some();
    let first = match offered {
        Some(kept) => kept?,
        None => db.append_to_inbox(alerts, received_at).await?,
    };
    fault::pass(Point::InboxAfter).await?;
    Ok(Kept { first, is_digested })
}
