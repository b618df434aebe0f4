//! Where jobs are taken up in the moment in which they are decided: whoever sits there holds their claims from the start,
//! so that a page waits for no claim of its own.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::clock::real_time;
use crate::engine::CallSource;
use crate::store::job::{Claim, Job};

/// The desk of the worker that pages in this process; empty where there is none. Clones share it.
#[derive(Clone, Default)]
pub struct Desk(Arc<Mutex<Option<Arc<Seat>>>>);

/// A worker that takes jobs up.
struct Seat {
    holder: Arc<str>,
    lease: Duration,
    slots: Arc<Semaphore>,
    jobs: Sender<Handed>,
}

/// A job that is kept and claimed, and the slot in which it is carried out. There are as many as there are slots.
pub struct Handed {
    /// The job.
    pub job: Job,
    /// What there is to show, where it is known without being read.
    pub shown: Option<CallSource>,
    /// Its slot, free again when this goes.
    pub slot: OwnedSemaphorePermit,
}

/// Room for one job at the desk.
pub(super) struct Place {
    seat: Arc<Seat>,
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

    /// Room for a job, where somebody sits and has a slot free.
    pub(super) fn place(&self) -> Option<Place> {
        // Who fell off it in a panic does not sit there any more.
        let seat = self.seat().clone().filter(|seat| !seat.jobs.is_closed())?;
        let slot = seat.slots.clone().try_acquire_owned().ok()?;
        Some(Place { seat, slot })
    }

    fn seat(&self) -> MutexGuard<'_, Option<Arc<Seat>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// The claim under which a job goes here.
    pub fn claim(&self) -> Claim<'_> {
        let lease = chrono::Duration::from_std(self.seat.lease).unwrap_or(chrono::Duration::seconds(12));
        Claim { holder: &self.seat.holder, lease, real_now: real_time() }
    }

    /// Hands a job over. Where nobody sits any more its lease ends, and it is claimed again.
    pub fn hand(self, job: Job, shown: Option<CallSource>) {
        let _ = self.seat.jobs.try_send(Handed { job, shown, slot: self.slot });
    }
}
