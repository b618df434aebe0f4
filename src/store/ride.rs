//! A statement that waits while somebody else has SQLite's one writer rides along with that one's commit: who waits for it
//! waits for one flush of the disk, not for two, and the disk flushes once.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

use crate::store::embedded::{Embedded, EmbeddedRow, Statement};
use crate::store::error::StoreError;
use crate::store::kept::{Kept, Lent};

/// Where whoever commits next finds who waits, one at a time. Clones share it.
#[derive(Clone, Default)]
pub struct Rides(Arc<Mutex<Option<Rider>>>);

/// A statement that gives one row, whoever commits it.
pub struct Rider {
    /// The statement.
    pub statement: Statement,
    /// Tells who waits what became of it. If nobody does, it is not known.
    pub ticket: oneshot::Sender<Ridden>,
}

/// The row that was given where all was kept; `None`: nothing was.
type Ridden = Option<EmbeddedRow>;

/// How a wait ended.
pub enum Waited {
    /// All was kept; this is the row.
    Kept(EmbeddedRow),
    /// It is the rider's turn, to go alone.
    Turn(Lent<Embedded>, Statement),
}

impl Rides {
    /// Waits for a ride or for the writer, whichever comes first.
    pub async fn wait(&self, writer: &Kept<Embedded>, statement: impl Fn() -> Statement) -> Result<Waited, StoreError> {
        let Some(mut ridden) = self.stand(&statement) else {
            return Ok(Waited::Turn(writer.lend().await?, statement()));
        };
        let ended = tokio::select! {
            biased;
            ridden = &mut ridden => ridden.map_err(|_| TryRecvError::Closed),
            lent = writer.lend() => {
                let lent = lent?;
                // It may have been taken along just before.
                match ridden.try_recv() {
                    Err(TryRecvError::Empty) => {
                        let own = self.board().map_or_else(statement, |rider| rider.statement);
                        return Ok(Waited::Turn(lent, own));
                    }
                    ended => {
                        lent.give_back();
                        ended
                    }
                }
            }
        };
        match ended {
            Ok(Some(row)) => Ok(Waited::Kept(row)),
            Ok(None) => Ok(Waited::Turn(writer.lend().await?, statement())),
            Err(_) => Err(StoreError::Unknown),
        }
    }

    /// Stands where riders wait, unless somebody else does.
    fn stand(&self, statement: impl Fn() -> Statement) -> Option<oneshot::Receiver<Ridden>> {
        let mut place = self.place();
        if place.as_ref().is_some_and(Rider::waits) {
            return None;
        }
        let (ticket, ridden) = oneshot::channel();
        *place = Some(Rider { statement: statement(), ticket });
        Some(ridden)
    }

    /// Takes along who waits.
    pub fn board(&self) -> Option<Rider> {
        self.place().take().filter(Rider::waits)
    }

    fn place(&self) -> MutexGuard<'_, Option<Rider>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rider {
    /// Whether somebody still waits for it.
    fn waits(&self) -> bool {
        !self.ticket.is_closed()
    }
}

/// Without the rider, which has what others sent.
impl fmt::Debug for Rides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rides").finish_non_exhaustive()
    }
}
