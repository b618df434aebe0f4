//! The one writer of the inbox: it gathers what waits into one commit, and answers each request after it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::future::OptionFuture;
use futures_util::stream::FuturesOrdered;
use tokio::sync::{Mutex, Semaphore, mpsc, oneshot, watch};
use tracing::{debug, warn};

use crate::domain::Timestamp;
use crate::domain::alert::Alert;
use crate::fault::{self, Point};
use crate::store::db::Db;
use crate::store::error::StoreError;
use crate::store::gathering::{Gathering, Queue, Request};
use crate::store::handed::Handed;
use crate::store::inbox::Written;

/// How many requests may wait. Beyond it the sender is told to come back, so that memory stays bounded.
const QUEUE: usize = 1024;
/// How many KiB of alerts may wait in them: a request may be a thousand times as large as another.
const QUEUE_KIB: u32 = 32 * 1024;
/// How long alerts may wait to be kept, and how long a commit may take. Whoever waits is told then that it is not known whether
/// they are: they may still be, and come again as repeats.
const APPEND: Duration = Duration::from_secs(10);
/// How long a database in trouble is left alone: it is not helped by being asked in a tight loop.
const LEFT_ALONE: Duration = Duration::from_millis(20);
/// For how long a commit that failed speaks against readiness.
const BELIEVED: Duration = Duration::from_secs(10);

/// Why alerts were not taken in.
#[derive(Debug, thiserror::Error)]
pub enum InboxError {
    /// More waits than is kept in memory.
    #[error("the inbox is full")]
    Full,
    /// The commit failed, or took too long.
    #[error("the inbox cannot be written: {0}")]
    Unwritable(String),
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
        let writer = Writer { db, failed: failed.clone(), handed: handed.clone() };
        tokio::spawn(async move { writer.write(Arc::new(Mutex::new(queue))).await });
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
        // A sender must be answered while it still listens, also by a database that does not answer us.
        match tokio::time::timeout(APPEND, answered).await {
            Ok(Ok(result)) => result.map_err(InboxError::Unwritable),
            Ok(Err(_)) => Err(InboxError::Unwritable("the writer ended".to_owned())),
            Err(_) => Err(InboxError::Unwritable(StoreError::TooSlow.to_string())),
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

struct Writer {
    db: Db,
    failed: watch::Sender<Option<Instant>>,
    handed: Handed,
}

/// Alerts that were kept.
struct Kept {
    /// The position of the first.
    first: i64,
    /// Whether triage digested them, too.
    is_digested: bool,
}

/// How a commit ended.
enum End {
    /// So many alerts were kept, the last of them at this position.
    Kept { last: i64, count: usize },
    /// None were.
    Failed,
}

impl Writer {
    /// Keeps what queues, until nobody can send any more.
    async fn write(&self, queue: Queue) {
        let keep = async |gathering: Gathering, is_alone: bool| {
            let kept = tokio::time::timeout(APPEND, self.keep(&gathering, is_alone)).await;
            (kept.unwrap_or(Err(StoreError::TooSlow)), gathering)
        };
        // The one that is under way, and the one that is gathered until its turn comes. PostgreSQL has to answer before it is
        // asked again.
        let at_once = if matches!(self.db, Db::Sqlite { .. }) { 2 } else { 1 };
        let mut commits = FuturesOrdered::new();
        // What was asked for goes on meanwhile: it may have the writer for which triage waits.
        let mut pauses = FuturesOrdered::new();
        let mut is_open = true;
        loop {
            tokio::select! {
                biased;
                gathering = Gathering::begin(&queue), if is_open && pauses.is_empty() && commits.len() < at_once => {
                    match gathering {
                        Some(gathering) => commits.push_back(keep(gathering, commits.is_empty())),
                        None => is_open = false,
                    }
                }
                Some((kept, gathering)) = commits.next() => pauses.push_back(self.pause(self.answer(kept, gathering))),
                Some(()) = pauses.next() => (),
                else => return,
            }
        }
    }

    /// Waits a moment after a commit, where triage is behind or the database in trouble.
    async fn pause(&self, after: End) {
        match after {
            End::Kept { last, count } => self.handed.give_way(last, count).await,
            End::Failed => tokio::time::sleep(LEFT_ALONE).await,
        }
    }

    /// Keeps what is gathered. Where it `is_alone`, and stands behind no commit that is under way, triage is offered it.
    async fn keep(&self, gathering: &Gathering, is_alone: bool) -> Result<Kept, StoreError> {
        fault::pass(Point::InboxBefore).await?;
        let offered = (is_alone && self.handed.may_be_offered()).then(|| {
            let gathered = gathering.close();
            self.handed.offer(&gathered.alerts, gathered.received_at)
        });
        let offered = OptionFuture::from(offered).await.flatten();
        let is_digested = offered.is_some();
        let first = match offered {
            Some(kept) => kept?,
            None => {
                let gathering = gathering.clone();
                self.db.append_to_inbox(move || gathering.pack()).await?
            }
        };
        fault::pass(Point::InboxAfter).await?;
        Ok(Kept { first, is_digested })
    }

    /// Hands on what was kept, and tells who waits.
    fn answer(&self, kept: Result<Kept, StoreError>, gathering: Gathering) -> End {
        let gathered = gathering.end();
        let count = gathered.alerts.len();
        match kept {
            Ok(Kept { first, is_digested }) => {
                debug!(alerts = count, requests = gathered.shares.len(), is_digested, "inbox committed");
                if !is_digested {
                    self.handed.push(first, gathered.received_at, gathered.alerts, gathered.are_repeats);
                }
                self.failed.send_replace(None);
                let mut position = first;
                for (count, answer) in gathered.shares {
                    // Whoever asked may have gone; the alerts are kept all the same.
                    let _ = answer.send(Ok(position));
                    position += i64::try_from(count).unwrap_or(i64::MAX);
                }
                End::Kept { last: position - 1, count }
            }
            Err(error) => {
                warn!(error = &error as &dyn std::error::Error, alerts = count, "the inbox could not be written");
                self.failed.send_replace(Some(Instant::now()));
                for (_, answer) in gathered.shares {
                    let _ = answer.send(Err(error.to_string()));
                }
                End::Failed
            }
        }
    }
}
