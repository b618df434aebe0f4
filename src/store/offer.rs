//! Few alerts that come while triage rests. It is offered them before they are kept, to take them in and digest them in one
//! commit: whoever is paged waits for one flush of the disk, not for two.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::domain::Timestamp;
use crate::store::error::StoreError;
use crate::store::inbox::{InboxRow, Written};

/// How many alerts are offered at most: those that come with them wait for what triage makes of them.
const FEW: usize = 16;

/// Where triage is found while it rests. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Offers(Arc<Mutex<Option<oneshot::Sender<Offer>>>>);

/// Alerts that nobody keeps yet. Whoever drops them declines them.
#[derive(Debug)]
pub struct Offer {
    alerts: Vec<Written>,
    received_at: Timestamp,
    answer: oneshot::Sender<Result<i64, StoreError>>,
}

/// Triage while it rests.
#[derive(Debug)]
pub struct Resting(oneshot::Receiver<Offer>);

impl Offers {
    /// Whether somebody rests.
    pub(in crate::store) fn is_awaited(&self) -> bool {
        self.place().as_ref().is_some_and(|triage| !triage.is_closed())
    }

    /// Offers alerts, at once; what comes of it is the position of the first of them, or why they may not be kept. `None`:
    /// they are not, and nobody has tried to.
    pub(in crate::store) fn make(
        &self,
        alerts: &[Written],
        received_at: Timestamp,
    ) -> impl Future<Output = Option<Result<i64, StoreError>>> + use<> {
        let (answer, answered) = oneshot::channel();
        if alerts.len() <= FEW
            && let Some(triage) = self.place().take()
        {
            // Who rested may have gone, and drops it.
            let _ = triage.send(Offer { alerts: alerts.to_vec(), received_at, answer });
        }
        async { answered.await.ok() }
    }

    /// Rests: offers are made from now on.
    pub fn rest(&self) -> Resting {
        let (triage, offer) = oneshot::channel();
        *self.place() = Some(triage);
        Resting(offer)
    }

    fn place(&self) -> MutexGuard<'_, Option<oneshot::Sender<Offer>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Resting {
    /// The offer, once it is made.
    pub async fn offer(&mut self) -> Offer {
        match (&mut self.0).await {
            Ok(offer) => offer,
            Err(_) => std::future::pending().await,
        }
    }

    /// Rests no longer; what was offered until now.
    pub fn end(mut self) -> Option<Offer> {
        self.0.close();
        self.0.try_recv().ok()
    }
}

impl Offer {
    /// The alerts as they will stand in the inbox after `position`, and what is to be said of them.
    pub fn take_after(self, position: i64) -> (Vec<InboxRow>, Answer) {
        let Self { alerts, received_at, answer } = self;
        let rows = (position + 1..).zip(alerts).map(|(position, alert)| InboxRow {
            position,
            source: alert.alert.source.clone(),
            received_at,
            alert: Ok(alert),
        });
        (rows.collect(), Answer(answer))
    }
}

/// Tells whoever made an offer what became of it. Who drops it declines.
#[derive(Debug)]
pub struct Answer(oneshot::Sender<Result<i64, StoreError>>);

impl Answer {
    /// Whether nobody waits for it any more.
    pub fn is_too_late(&self) -> bool {
        self.0.is_closed()
    }

    /// The alerts are kept, the first of them at `position`; or it is not known whether they are.
    pub fn send(self, kept: Result<i64, StoreError>) {
        // Whoever made the offer may have gone; the alerts are kept all the same.
        let _ = self.0.send(kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::alert::AlertStatus;

    fn alerts(count: usize) -> Vec<Written> {
        vec![Written::new(crate::domain::sample::alert(AlertStatus::Firing)).unwrap(); count]
    }

    #[tokio::test]
    async fn few_alerts_are_offered_to_triage_that_rests_and_to_it_once() {
        let offers = Offers::default();
        assert!(offers.make(&alerts(1), Timestamp::default()).await.is_none(), "nobody rests");
        let mut resting = offers.rest();
        assert!(offers.make(&alerts(FEW + 1), Timestamp::default()).await.is_none(), "too many");
        let both = alerts(2);
        let taken = async {
            let (rows, answer) = resting.offer().await.take_after(4);
            assert_eq!(rows.iter().map(|row| row.position).collect::<Vec<_>>(), [5, 6]);
            answer.send(Ok(5));
        };
        let (kept, ()) = tokio::join!(offers.make(&both, Timestamp::default()), taken);
        assert_eq!(kept.unwrap().unwrap(), 5);
        assert!(offers.make(&alerts(1), Timestamp::default()).await.is_none(), "it rests no longer");
    }

    #[tokio::test]
    async fn what_is_dropped_is_declined_and_who_waits_no_longer_is_known() {
        let offers = Offers::default();
        let one = alerts(1);
        let mut resting = offers.rest();
        let (kept, ()) = tokio::join!(offers.make(&one, Timestamp::default()), async {
            drop(resting.offer().await);
        });
        assert!(kept.is_none());
        let mut resting = offers.rest();
        let made = tokio::select! {
            _ = offers.make(&one, Timestamp::default()) => None,
            offer = resting.offer() => Some(offer),
        };
        assert!(made.unwrap().take_after(0).1.is_too_late());
        assert!(offers.rest().end().is_none());
    }
}
