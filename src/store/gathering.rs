//! Requests that share a commit of the inbox: whatever has queued when its turn comes, not when it was asked for. So the next
//! commit stands behind the one that is under way, and the database does not wait for who gathers.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit, mpsc, oneshot};

use crate::domain::Timestamp;
use crate::store::inbox::{Packed, Written};

/// How many alerts one commit takes at most, beside those of its last request, so that no request waits behind an
/// endless one.
const ALERTS_A_COMMIT: usize = 1024;

/// Alerts that somebody waits for.
pub struct Request {
    /// They.
    pub alerts: Vec<Written>,
    /// Whether they only repeat what was counted lately.
    pub are_repeats: bool,
    /// When they came.
    pub received_at: Timestamp,
    /// Tells who waits: the position of the first, or why they were not kept.
    pub answer: Answer,
    /// What they take of the room for waiting alerts.
    pub room: OwnedSemaphorePermit,
}

/// Tells who waits for alerts that they are kept, the first of them at this position; or why not.
pub type Answer = oneshot::Sender<Result<i64, String>>;

/// Requests that wait, in the order in which they came. One gathering takes from them at a time.
pub type Queue = Arc<tokio::sync::Mutex<mpsc::Receiver<Request>>>;

/// Requests that are about to be kept. Clones share it.
#[derive(Clone)]
pub struct Gathering(Arc<Mutex<Gathered>>);

/// What was gathered.
#[derive(Default)]
pub struct Gathered {
    /// The alerts of all requests.
    pub alerts: Vec<Written>,
    /// Whether all of them only repeat what was counted lately.
    pub are_repeats: bool,
    /// When the first came.
    pub received_at: Timestamp,
    /// Who waits, and for how many of the alerts.
    pub shares: Vec<(usize, Answer)>,
    /// Until they are written, since they wait in memory until then.
    rooms: Vec<OwnedSemaphorePermit>,
    /// Where more comes from, while no other gathering may begin.
    queue: Option<OwnedMutexGuard<mpsc::Receiver<Request>>>,
    is_closed: bool,
}

impl Gathering {
    /// Begins with the next request, once the gathering before has let the queue go. `None`: there will be no more.
    pub async fn begin(queue: &Queue) -> Option<Self> {
        let mut queue = queue.clone().lock_owned().await;
        let first = queue.recv().await?;
        let mut gathered =
            Gathered { are_repeats: true, received_at: first.received_at, queue: Some(queue), ..Gathered::default() };
        gathered.add(first);
        Some(Self(Arc::new(Mutex::new(gathered))))
    }

    /// Takes all that has queued by now, and nothing after it; what was gathered. The next gathering still waits.
    pub fn close(&self) -> MutexGuard<'_, Gathered> {
        let mut gathered = self.lock();
        gathered.close();
        gathered
    }

    /// Does the same, and lets the next gathering begin; what was gathered as the inbox keeps it, unless it was ended.
    pub fn pack(&self) -> Option<Packed> {
        let mut gathered = self.close();
        gathered.queue = None;
        (!gathered.alerts.is_empty()).then(|| Packed::new(&gathered.alerts, gathered.received_at))
    }

    /// Ends it: who is answered. Where it was not closed yet, whoever queued since goes with the next gathering, which begins.
    pub fn end(self) -> Gathered {
        let mut gathered = std::mem::take(&mut *self.lock());
        gathered.queue = None;
        gathered.rooms.clear();
        gathered
    }

    fn lock(&self) -> MutexGuard<'_, Gathered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gathered {
    fn close(&mut self) {
        while !self.is_closed && self.alerts.len() < ALERTS_A_COMMIT {
            let Some(Ok(next)) = self.queue.as_mut().map(|queue| queue.try_recv()) else { break };
            self.add(next);
        }
        self.is_closed = true;
    }

    fn add(&mut self, request: Request) {
        self.shares.push((request.alerts.len(), request.answer));
        self.alerts.extend(request.alerts);
        self.are_repeats &= request.are_repeats;
        self.rooms.push(request.room);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::poll;
    use tokio::sync::Semaphore;

    use super::*;
    use crate::domain::alert::AlertStatus;

    struct Senders {
        requests: mpsc::Sender<Request>,
        queue: Queue,
        room: Arc<Semaphore>,
    }

    impl Senders {
        fn new() -> Self {
            let (requests, queue) = mpsc::channel(16);
            Self { requests, queue: Arc::new(tokio::sync::Mutex::new(queue)), room: Arc::new(Semaphore::new(100)) }
        }

        /// Sends so many alerts.
        fn send(&self, count: usize, are_repeats: bool) -> oneshot::Receiver<Result<i64, String>> {
            let (answer, answered) = oneshot::channel();
            let alerts = vec![Written::new(crate::domain::sample::alert(AlertStatus::Firing)).unwrap(); count];
            let room = self.room.clone().try_acquire_owned().unwrap();
            let request = Request { alerts, are_repeats, received_at: Timestamp::default(), answer, room };
            self.requests.try_send(request).unwrap();
            answered
        }

        fn all_room_is_free(&self) -> bool {
            self.room.available_permits() == 100
        }
    }

    /// For how many alerts each is answered.
    fn shares(gathering: Gathering) -> Vec<usize> {
        gathering.end().shares.iter().map(|(count, _)| *count).collect()
    }

    #[tokio::test]
    async fn who_queues_before_the_turn_comes_shares_the_commit_and_who_comes_later_the_next() {
        let senders = Senders::new();
        let _answers = (senders.send(1, true), senders.send(2, true));
        let gathering = Gathering::begin(&senders.queue).await.unwrap();
        let _answer = senders.send(3, false);
        {
            let mut next = std::pin::pin!(Gathering::begin(&senders.queue));
            assert!(poll!(&mut next).is_pending(), "one gathers at a time");
        }
        gathering.pack();
        let _answer = senders.send(4, true);
        let next = Gathering::begin(&senders.queue).await.unwrap();
        gathering.pack();
        assert!(!gathering.close().are_repeats);
        assert_eq!(shares(gathering), [1, 2, 3], "packed again it is the same");
        assert!(next.close().are_repeats);
        assert_eq!(shares(next), [4]);
        assert!(senders.all_room_is_free());
        drop(senders.requests);
        assert!(Gathering::begin(&senders.queue).await.is_none(), "there will be no more");
    }

    #[tokio::test]
    async fn what_is_closed_for_an_offer_lets_nobody_by_until_it_is_ended() {
        let senders = Senders::new();
        let _answer = senders.send(1, true);
        let gathering = Gathering::begin(&senders.queue).await.unwrap();
        assert_eq!(gathering.close().alerts.len(), 1);
        let _answer = senders.send(1, true);
        let mut next = std::pin::pin!(Gathering::begin(&senders.queue));
        assert!(poll!(&mut next).is_pending());
        assert_eq!(shares(gathering), [1]);
        assert_eq!(shares(next.await.unwrap()), [1]);
    }

    #[tokio::test]
    async fn what_is_ended_before_its_turn_keeps_nothing_and_leaves_who_queued_since_to_the_next() {
        let senders = Senders::new();
        let _answer = senders.send(1, true);
        let gathering = Gathering::begin(&senders.queue).await.unwrap();
        let turn = gathering.clone();
        let _answer = senders.send(2, true);
        assert_eq!(shares(gathering), [1]);
        assert!(turn.pack().is_none());
        assert_eq!(shares(Gathering::begin(&senders.queue).await.unwrap()), [2]);
    }

    #[tokio::test]
    async fn one_commit_takes_so_many_and_leaves_the_rest_to_the_next() {
        let senders = Senders::new();
        let sizes = [ALERTS_A_COMMIT - 1, 2, 1];
        let _answers = sizes.map(|count| senders.send(count, true));
        for sizes in [&sizes[..2], &sizes[2..]] {
            let gathering = Gathering::begin(&senders.queue).await.unwrap();
            gathering.pack();
            assert_eq!(shares(gathering), sizes);
        }
    }
}
