//! A statement that waits while somebody else has SQLite's one writer rides along with that one's commit: who waits for it
//! waits for one flush of the disk, not for two, and the disk flushes once.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::store::embedded::{Embedded, EmbeddedRow, Statement};
use crate::store::error::StoreError;
use crate::store::kept::{Kept, Lent};

/// Where whoever commits next finds who waits, one at a time. Clones share it.
#[derive(Clone, Default)]
pub struct Rides(Arc<Mutex<Place>>);

#[derive(Default)]
struct Place {
    rider: Option<Rider>,
    /// How many stood here.
    count: u64,
}

/// Makes a statement that gives one row, when its turn comes: of what is there by then. Asked again it makes the same, or
/// none where nobody waits for it any more.
pub type Make = Arc<dyn Fn() -> Option<Statement> + Send + Sync>;

/// A statement that goes with whoever commits.
pub struct Rider {
    /// Makes it.
    pub make: Make,
    /// Tells who waits what became of it. If nobody does, it is not known.
    pub ticket: oneshot::Sender<Ridden>,
    /// The how-manieth it is.
    number: u64,
}

/// The row that was given where all was kept; `None`: nothing was.
type Ridden = Option<EmbeddedRow>;

/// How a wait ended.
pub enum Waited {
    /// All was kept; this is the row.
    Kept(EmbeddedRow),
    /// It is the rider's turn, to go alone.
    Turn(Lent<Embedded>),
}

impl Rides {
    /// Waits for a ride or for the writer, whichever comes first.
    pub async fn wait(&self, writer: &Kept<Embedded>, make: &Make) -> Result<Waited, StoreError> {
        let Some((number, mut ridden)) = self.stand(make) else {
            return Ok(Waited::Turn(writer.lend().await?));
        };
        let lent = tokio::select! {
            biased;
            ended = &mut ridden => return self.end(ended, writer).await,
            lent = writer.lend() => lent?,
        };
        if self.step_back(number) {
            return Ok(Waited::Turn(lent));
        }
        // Taken along just before, or right now: whoever commits may have left, and its commit is still under way.
        lent.give_back();
        self.end(ridden.await, writer).await
    }

    /// What comes of a ride that ended so.
    async fn end(
        &self,
        ended: Result<Ridden, oneshot::error::RecvError>,
        writer: &Kept<Embedded>,
    ) -> Result<Waited, StoreError> {
        match ended {
            Ok(Some(row)) => Ok(Waited::Kept(row)),
            Ok(None) => Ok(Waited::Turn(writer.lend().await?)),
            Err(_) => Err(StoreError::Unknown),
        }
    }

    /// Stands where riders wait, unless somebody else does.
    fn stand(&self, make: &Make) -> Option<(u64, oneshot::Receiver<Ridden>)> {
        let mut place = self.place();
        if place.rider.as_ref().is_some_and(Rider::waits) {
            return None;
        }
        let (ticket, ridden) = oneshot::channel();
        place.count += 1;
        let number = place.count;
        place.rider = Some(Rider { make: make.clone(), ticket, number });
        Some((number, ridden))
    }

    /// Takes along who waits.
    pub fn board(&self) -> Option<Rider> {
        self.place().rider.take().filter(Rider::waits)
    }

    /// Stands there no longer; whether it did, and was not taken along.
    fn step_back(&self, number: u64) -> bool {
        self.place().rider.take_if(|rider| rider.number == number).is_some()
    }

    fn place(&self) -> MutexGuard<'_, Place> {
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::poll;

    use super::*;
    use crate::store::embedded::{Access, Opening};
    use crate::store::kept::Plain;

    #[tokio::test]
    async fn who_is_taken_along_does_not_go_alone_too_where_who_commits_has_left() {
        let folder = tempfile::TempDir::new().unwrap();
        let opening = |access| Opening { file: folder.path().join("ride.db"), access, set: &[] };
        let made = Embedded::connect(&opening(Access::Make)).await.unwrap();
        let writer = Kept::new(Some(made), opening(Access::Write), Duration::from_secs(5));
        let mut lent = writer.lend().await.unwrap();
        lent.run("CREATE TABLE t (n INTEGER)").await.unwrap();
        let rides = Rides::default();
        // Slow enough to be seen under way.
        let slow: Make = Arc::new(|| {
            Some(Statement::from(
                "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 300000)
                 INSERT INTO t SELECT MAX(n) FROM c RETURNING n",
            ))
        });
        let mut ride = Box::pin(rides.wait(&writer, &slow));
        assert!(poll!(&mut ride).is_pending());
        {
            let begin = lent.begin();
            let mut commit = Box::pin(lent.commit_all(vec![begin.into()], rides.clone()));
            assert!(poll!(&mut commit).is_pending());
            while rides.place().rider.is_some() {
                std::thread::yield_now();
            }
        }
        Embedded::leave(lent);
        let Ok(Waited::Kept(_)) = ride.await else { panic!("it was taken along") };
        let mut lent = writer.lend().await.unwrap();
        let counted = lent.run_all(vec!["SELECT COUNT(*) AS n FROM t".into()]).await.unwrap();
        assert_eq!(counted[0].rows[0].get::<i64>("n").unwrap(), 1);
    }
}
