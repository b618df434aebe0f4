//! Alerts on their way from the inbox's writer to triage in the same process, so that nobody reads back what is known.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::domain::Timestamp;
use crate::store::error::StoreError;
use crate::store::inbox::{InboxRow, Written};
use crate::store::offer::{Offers, Resting};
use crate::store::repeats::Repeats;

/// How many alerts are held at most. When triage is further behind, it reads the inbox.
const HELD: usize = 8192;
/// How many repeats wait for each other at most: whoever is paged by what comes behind them waits until they are counted.
const GATHERED: usize = 1024;

/// How many alerts triage may be behind before it is let go first. All of them are held, and what is committed meanwhile:
/// reading them back takes triage a third longer, so that it would fall further behind.
const BEHIND: i64 = HELD as i64 * 3 / 4;
/// For how long, for each alert of a commit: hardly longer than triage takes for one, since it gets on by thousands.
const AN_ALERT: Duration = Duration::from_micros(25);
/// How many alerts it may be behind before it is let go as long as it takes: it digests them in less than a second.
const FAR_BEHIND: i64 = 32 * 1024;
/// For how long at most, each time: what is taken in must not wait for triage that does not get on.
const AT_MOST: Duration = Duration::from_millis(50);

/// What is held of the alerts that follow a position.
#[derive(Debug)]
pub enum Held {
    /// These.
    Alerts(Vec<InboxRow>),
    /// None, and none after it.
    Nothing,
    /// Not the next ones, which came by another process or were too many: the inbox has them.
    Elsewhere,
}

/// Alerts that are committed and not digested yet. Clones share them.
///
/// Losing them loses nothing: each is in the inbox.
#[derive(Debug, Clone, Default)]
pub struct Handed {
    waiting: Arc<Mutex<Waiting>>,
    /// Up to where triage in this process came; `None` while there is none.
    digested: watch::Sender<Option<i64>>,
    /// Triage is called.
    calls: watch::Sender<()>,
    offers: Offers,
    repeats: Repeats,
}

#[derive(Debug, Default)]
struct Waiting {
    rows: VecDeque<InboxRow>,
    /// Up to where others than repeats were among them.
    news_up_to: i64,
}

impl Handed {
    /// Hands alerts on, the first of which was committed at `first`, and calls triage unless they may wait. What comes after
    /// others that follow it is left to the inbox.
    pub(in crate::store) fn push(&self, first: i64, received_at: Timestamp, alerts: Vec<Written>, are_repeats: bool) {
        let mut waiting = self.lock();
        let Waiting { rows, news_up_to } = &mut *waiting;
        let before = rows.len();
        let next = rows.back().map_or(first, |last| last.position + 1);
        if next <= first {
            if next < first || HELD < rows.len() + alerts.len() {
                rows.clear();
            }
            rows.extend((first..).zip(alerts).map(|(position, alert)| InboxRow {
                position,
                source: alert.alert.source.clone(),
                received_at,
                alert: Ok(alert),
            }));
        }
        if !are_repeats {
            *news_up_to = rows.back().map_or(*news_up_to, |last| last.position);
        }
        let is_full = before < GATHERED && GATHERED <= rows.len();
        if !are_repeats || before == 0 || is_full {
            self.calls.send_replace(());
        }
    }

    /// Changes whenever something waits that may not, or the first that may.
    pub fn calls(&self) -> watch::Receiver<()> {
        self.calls.subscribe()
    }

    /// Whether what waits may wait a little longer: it is not much, and only repeats of what was counted lately.
    pub fn may_wait(&self) -> bool {
        let waiting = self.lock();
        let is_repeat = |first: &InboxRow| waiting.news_up_to < first.position;
        waiting.rows.len() < GATHERED && waiting.rows.front().is_some_and(is_repeat)
    }

    /// What was counted lately.
    pub fn repeats(&self) -> &Repeats {
        &self.repeats
    }

    /// Has triage rest at `position`, where nothing that follows it waits: it is offered what is taken in next.
    pub fn rest_at(&self, position: i64) -> Option<Resting> {
        let rows = &mut self.lock().rows;
        forget_up_to(position, rows);
        rows.is_empty().then(|| self.offers.rest())
    }

    /// Whether triage rests, and nothing waits that came before what it would be offered.
    pub(in crate::store) fn may_be_offered(&self) -> bool {
        self.offers.is_awaited() && self.lock().rows.is_empty()
    }

    /// Offers alerts to triage, as [`Offers::make`] does.
    pub(in crate::store) fn offer(
        &self,
        alerts: &[Written],
        received_at: Timestamp,
    ) -> impl Future<Output = Option<Result<i64, StoreError>>> + use<> {
        self.offers.make(alerts, received_at)
    }

    /// Says up to where triage in this process came, or that it ended.
    pub fn digested(&self, up_to: Option<i64>) {
        self.digested.send_if_modified(|known| std::mem::replace(known, up_to) != up_to);
    }

    /// Waits a moment, after a commit of `count` alerts of which `last` is the last, where triage in this process is behind:
    /// taking in costs less than digesting, and would leave it no time, so that a page waited for as long as the storm lasts.
    pub(in crate::store) async fn give_way(&self, last: i64, count: usize) {
        let behind = |digested: &Option<i64>| digested.map_or(0, |digested| last - digested);
        let mut digested = self.digested.subscribe();
        let patience = patience(behind(&digested.borrow()), count);
        let _ = tokio::time::timeout(patience, digested.wait_for(|digested| behind(digested) < BEHIND)).await;
    }

    /// Takes the alerts that follow `position`, at most `limit`.
    pub fn take_after(&self, position: i64, limit: usize) -> Held {
        let rows = &mut self.lock().rows;
        forget_up_to(position, rows);
        match rows.front() {
            Some(next) if next.position == position + 1 => {
                let count = limit.min(rows.len());
                Held::Alerts(rows.drain(..count).collect())
            }
            Some(_) => Held::Elsewhere,
            None => Held::Nothing,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long to wait at most after a commit of `count` alerts, where triage is so many behind.
fn patience(behind: i64, count: usize) -> Duration {
    match behind {
        ..BEHIND => Duration::ZERO,
        BEHIND..FAR_BEHIND => AT_MOST.min(AN_ALERT.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX))),
        FAR_BEHIND.. => AT_MOST,
    }
}

fn forget_up_to(position: i64, rows: &mut VecDeque<InboxRow>) {
    let known = rows.partition_point(|row| row.position <= position);
    rows.drain(..known);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::alert::AlertStatus;

    fn alerts(count: usize) -> Vec<Written> {
        vec![Written::new(crate::domain::sample::alert(AlertStatus::Firing)).unwrap(); count]
    }

    fn taken(handed: &Handed, position: i64, limit: usize) -> String {
        match handed.take_after(position, limit) {
            Held::Alerts(rows) => format!("{:?}", rows.iter().map(|row| row.position).collect::<Vec<_>>()),
            Held::Nothing => "nothing".to_owned(),
            Held::Elsewhere => "elsewhere".to_owned(),
        }
    }

    #[test]
    fn what_follows_the_cursor_is_taken_in_order_and_once() {
        let handed = Handed::default();
        handed.push(4, Timestamp::default(), alerts(2), false);
        handed.push(6, Timestamp::default(), alerts(1), false);
        assert_eq!(taken(&handed, 3, 2), "[4, 5]");
        assert_eq!(taken(&handed, 5, 9), "[6]");
        assert_eq!(taken(&handed, 6, 9), "nothing");
    }

    #[test]
    fn where_something_is_missing_nothing_is_taken_until_the_cursor_passed_it() {
        let handed = Handed::default();
        handed.push(5, Timestamp::default(), alerts(2), false);
        assert_eq!(taken(&handed, 3, 9), "elsewhere", "4 came by another process");
        assert_eq!(taken(&handed, 5, 9), "[6]");
    }

    #[test]
    fn what_comes_after_others_that_follow_it_is_looked_for_in_the_inbox_with_them() {
        let handed = Handed::default();
        let mut calls = handed.calls();
        handed.push(3, Timestamp::default(), alerts(1), true);
        calls.mark_unchanged();
        handed.push(1, Timestamp::default(), alerts(2), false);
        assert!(calls.has_changed().unwrap() && !handed.may_wait(), "news is among them");
        assert_eq!(taken(&handed, 0, 9), "elsewhere");
        assert_eq!(taken(&handed, 2, 9), "[3]");
    }

    #[test]
    fn few_repeats_may_wait_and_nothing_else_may() {
        let handed = Handed::default();
        assert!(!handed.may_wait(), "nothing waits");
        handed.push(1, Timestamp::default(), alerts(1), true);
        assert!(handed.may_wait());
        handed.push(2, Timestamp::default(), alerts(1), false);
        handed.push(3, Timestamp::default(), alerts(2), true);
        assert!(!handed.may_wait(), "news is among them");
        assert_eq!(taken(&handed, 0, 2), "[1, 2]");
        assert!(handed.may_wait(), "the news is taken");
        handed.push(5, Timestamp::default(), alerts(GATHERED - 2), true);
        assert!(!handed.may_wait(), "they are many");
    }

    #[test]
    fn triage_is_called_for_news_and_of_repeats_for_the_first_and_for_many() {
        let handed = Handed::default();
        let mut calls = handed.calls();
        let mut next = 1;
        let mut calls_for = |count: usize, are_repeats| {
            handed.push(next, Timestamp::default(), alerts(count), are_repeats);
            next += count as i64;
            let is_called = calls.has_changed().unwrap();
            calls.mark_unchanged();
            is_called
        };
        assert!(calls_for(1, true), "the first");
        assert!(!calls_for(1, true));
        assert!(calls_for(1, false), "news");
        assert!(!calls_for(GATHERED - 4, true));
        assert!(calls_for(1, true), "many");
        assert!(!calls_for(1, true));
    }

    #[test]
    fn who_is_further_behind_is_given_more_time_and_never_without_end() {
        for (behind, count, millis) in [
            (0, 1000, 0),
            (BEHIND - 1, 1000, 0),
            (BEHIND, 1000, 25),
            (BEHIND, 1_000_000, 50),
            (FAR_BEHIND, 1, 50),
            (i64::MAX, 1, 50),
        ] {
            assert_eq!(patience(behind, count), Duration::from_millis(millis), "{behind} behind, {count} more");
        }
    }

    #[tokio::test]
    async fn the_writer_gives_way_to_triage_that_is_behind_and_to_no_other() {
        let handed = Handed::default();
        // What is not done at once waits.
        let waits = async |last| tokio::time::timeout(Duration::ZERO, handed.give_way(last, 1000)).await.is_err();
        assert!(!waits(i64::MAX).await, "there is none here");
        handed.digested(Some(10));
        assert!(!waits(9 + BEHIND).await);
        assert!(waits(10 + BEHIND).await);
        // Not for ever, should it not get on.
        handed.give_way(10 + BEHIND, 1000).await;
        handed.digested(Some(11));
        assert!(!waits(10 + BEHIND).await);
        handed.digested(None);
        assert!(!waits(i64::MAX).await, "it went to another process");
    }

    #[test]
    fn a_gap_or_too_many_begin_anew() {
        let handed = Handed::default();
        handed.push(1, Timestamp::default(), alerts(1), false);
        handed.push(3, Timestamp::default(), alerts(1), false);
        assert_eq!(taken(&handed, 0, 9), "elsewhere");
        assert_eq!(taken(&handed, 2, 9), "[3]");
        handed.push(4, Timestamp::default(), alerts(HELD), false);
        handed.push(4 + HELD as i64, Timestamp::default(), alerts(1), false);
        assert_eq!(taken(&handed, 3, 9), "elsewhere");
    }
}
