//! Where jobs are taken up in the moment in which they are decided: whoever sits there holds their claims from the start,
//! so that a page waits for no claim of its own.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::clock::real_time;
use crate::domain::effect::Effect;
use crate::engine::PageSource;
use crate::store::job::{Claim, Job};

/// The desk of the worker that pages in this process; empty where there is none. Clones share it.
#[derive(Clone, Default)]
pub struct Desk(Arc<Mutex<Option<Arc<Seat>>>>);

/// A worker that takes jobs up.
pub(super) struct Seat {
    holder: Arc<str>,
    lease: Duration,
    slots: Arc<Semaphore>,
    jobs: Sender<Handed>,
}

/// A job that is about to be kept and claimed, and the slot in which it is carried out. There are as many as there are slots.
pub struct Handed {
    /// What is to be done.
    pub effect: Effect,
    /// What there is to show, where it is known without being read: it can be drawn while the job is kept.
    pub shown: Option<PageSource>,
    /// The job, once it is kept; it never comes where it is not.
    pub job: oneshot::Receiver<Job>,
    /// Its slot, free again when this goes.
    pub slot: OwnedSemaphorePermit,
}

/// Where a job goes when it is kept.
pub(super) struct Expected(oneshot::Sender<Job>);

/// A slot that is kept for a job which is being decided.
pub(super) struct Reservation {
    /// Where the job will go.
    pub seat: Arc<Seat>,
    slot: OwnedSemaphorePermit,
}

impl Desk {
    /// Takes the seat: jobs are claimed for `lease` in the name of `holder`, each for one of `slots`, all free now, and come
    /// out here. Who sits there reads them to the end, also after it [left](Self::leave).
    pub fn sit(&self, holder: &Arc<str>, lease: Duration, slots: &Arc<Semaphore>) -> Receiver<Handed> {
        // Each that waits holds a slot, so that none finds the queue full.
        let (jobs, handed) = channel(slots.available_permits().max(1));
        *self.seat() = Some(Arc::new(Seat { holder: holder.clone(), lease, slots: slots.clone(), jobs }));
        handed
    }

    /// Leaves the seat: nothing more is claimed for it. What is being decided may still come.
    pub fn leave(&self) {
        *self.seat() = None;
    }

    /// Keeps a slot for a job, where somebody sits and has one free.
    pub(super) fn reserve(&self) -> Option<Reservation> {
        // Who fell off it in a panic does not sit there any more.
        let seat = self.seat().clone().filter(|seat| !seat.jobs.is_closed())?;
        let slot = seat.slots.clone().try_acquire_owned().ok()?;
        Some(Reservation { seat, slot })
    }

    fn seat(&self) -> MutexGuard<'_, Option<Arc<Seat>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// The claim under which a job goes here.
    pub fn claim(&self) -> Claim<'_> {
        Claim::new(&self.holder, self.lease, real_time())
    }
}

impl Reservation {
    /// Says what is to be done as soon as it is kept.
    pub fn expect(self, effect: Effect, shown: Option<PageSource>) -> Expected {
        let (expected, job) = oneshot::channel();
        let _ = self.seat.jobs.try_send(Handed { effect, shown, job, slot: self.slot });
        Expected(expected)
    }
}

impl Expected {
    /// Hands the job over, which is kept. Where nobody sits any more its lease ends, and it is claimed again.
    pub fn hand(self, job: Job) {
        let _ = self.0.send(job);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::{IncidentId, PageNumber};

    fn page(id: i64) -> Job {
        Job {
            id,
            incident: Some(IncidentId(1)),
            dedup_key: format!("INC-1/page/{id}/directly"),
            effect: Effect::PageDirectly { page: PageNumber(id) },
            attempts: 1,
            first_attempt_at: None,
            due_at: crate::domain::Timestamp::UNIX_EPOCH,
            trouble: None,
        }
    }

    fn seated() -> (Desk, Arc<Semaphore>, Receiver<Handed>) {
        let (desk, slots) = (Desk::default(), Arc::new(Semaphore::new(2)));
        let handed = desk.sit(&"worker".into(), Duration::from_secs(12), &slots);
        (desk, slots, handed)
    }

    #[tokio::test]
    async fn there_are_as_many_reservations_as_slots_and_one_that_is_not_used_is_free_again() {
        let (desk, _slots, mut handed) = seated();
        let (first, second) = (desk.reserve().unwrap(), desk.reserve().unwrap());
        assert!(desk.reserve().is_none(), "the third is queued as any other");
        // Its transaction was undone.
        drop(second);
        let first = first.expect(page(1).effect, None);
        let mut under_way = handed.recv().await.unwrap();
        assert_eq!(under_way.effect, page(1).effect);
        assert!(under_way.job.try_recv().is_err(), "it is not kept yet");
        first.hand(page(1));
        assert_eq!((&mut under_way.job).await, Ok(page(1)));
        let another = desk.reserve().unwrap();
        assert!(desk.reserve().is_none(), "the first is under way");
        drop(under_way);
        // Its transaction was undone.
        drop(another.expect(page(2).effect, None));
        assert!(handed.recv().await.unwrap().job.await.is_err());
        assert!(desk.reserve().is_some());
    }

    #[tokio::test]
    async fn what_was_being_decided_when_the_worker_left_still_comes_and_nothing_after_it() {
        let (desk, _slots, mut handed) = seated();
        let late = desk.reserve().unwrap();
        desk.leave();
        assert!(desk.reserve().is_none());
        late.expect(page(1).effect, None).hand(page(1));
        assert_eq!(handed.recv().await.unwrap().job.await, Ok(page(1)));
        assert!(handed.recv().await.is_none(), "there is nobody left who could hand anything over");
    }

    #[test]
    fn nothing_is_kept_for_a_worker_that_fell_off_its_seat() {
        let (desk, slots, handed) = seated();
        drop(handed);
        assert!(desk.reserve().is_none());
        assert_eq!(slots.available_permits(), 2);
    }
}
