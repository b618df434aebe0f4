//! A statement that waits while somebody else has SQLite's one writer rides along with that one's commit: who waits for it
//! waits for one flush of the disk, not for two, and the disk flushes once.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

use crate::store::db::{Row, Sql, Value};
use crate::store::embedded::Embedded;
use crate::store::error::StoreError;
use crate::store::kept::{Kept, Lent};

/// Where whoever commits next finds who waits, one at a time. Clones share it.
#[derive(Clone, Default)]
pub struct Rides(Arc<Mutex<Option<Rider>>>);

/// A statement over one row that gives one row, whoever commits it.
pub struct Rider {
    /// The statement.
    pub sql: Sql,
    /// The values of its row.
    pub values: Vec<Value>,
    /// For who waits for it.
    pub ticket: Ticket,
}

/// Tells who waits what became of a ride. If nobody does, it is not known.
#[derive(Clone)]
pub struct Ticket(Arc<Mutex<Option<oneshot::Sender<Ridden>>>>);

/// The row that was given where all was kept; `None`: nothing was.
type Ridden = Option<Row>;

/// How a wait ended.
pub enum Waited {
    /// All was kept; this is the row.
    Kept(Row),
    /// It is the rider's turn, to go alone.
    Turn(Lent<Embedded>, Vec<Value>),
}

impl Rides {
    /// Waits for a ride or for the writer, whichever comes first.
    pub async fn wait(
        &self,
        writer: &Kept<Embedded>,
        sql: Sql,
        values: impl Fn() -> Vec<Value>,
    ) -> Result<Waited, StoreError> {
        let Some(mut ridden) = self.stand(sql, &values) else {
            return Ok(Waited::Turn(writer.lend().await?, values()));
        };
        let ended = tokio::select! {
            biased;
            ridden = &mut ridden => ridden.map_err(|_| TryRecvError::Closed),
            lent = writer.lend() => {
                let lent = lent?;
                // It may have been taken along just before.
                match ridden.try_recv() {
                    Err(TryRecvError::Empty) => {
                        let values = self.board().map_or_else(values, |rider| rider.values);
                        return Ok(Waited::Turn(lent, values));
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
            Ok(None) => Ok(Waited::Turn(writer.lend().await?, values())),
            Err(_) => Err(StoreError::Unknown),
        }
    }

    /// Stands where riders wait, unless somebody else does.
    fn stand(&self, sql: Sql, values: impl Fn() -> Vec<Value>) -> Option<oneshot::Receiver<Ridden>> {
        let mut place = self.place();
        if place.as_ref().is_some_and(Rider::waits) {
            return None;
        }
        let (ticket, ridden) = oneshot::channel();
        *place = Some(Rider { sql, values: values(), ticket: Ticket(Arc::new(Mutex::new(Some(ticket)))) });
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
        self.ticket.lock().as_ref().is_some_and(|ticket| !ticket.is_closed())
    }
}

impl Ticket {
    /// What became of it.
    pub fn tell(&self, ridden: Ridden) {
        if let Some(ticket) = self.lock().take() {
            // Who waited may have gone.
            let _ = ticket.send(ridden);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<oneshot::Sender<Ridden>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Without the rider, which has what others sent.
impl fmt::Debug for Rides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rides").finish_non_exhaustive()
    }
}
