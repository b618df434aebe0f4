//! How often alerts may speak in an incident's room: what comes faster is said together.

use chrono::Duration;
use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;
use crate::domain::id::EntryNumber;

/// How many decisions on alerts are said each on its own in one window.
const EACH_ON_ITS_OWN: u32 = 3;
/// The first window; it doubles while a storm goes on, so that a long one grows quieter.
const FIRST_WINDOW: Duration = Duration::seconds(10);
/// The longest window.
const LONGEST_WINDOW: Duration = Duration::minutes(5);

/// What was said lately of alerts that joined, fired again or were resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    since: Timestamp,
    window_s: i64,
    decisions: u32,
    gathering_from: Option<EntryNumber>,
}

/// When a decision on alerts is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// At once, on its own.
    Now,
    /// At the end of the window, together with the others from entry `from` on.
    Together { from: EntryNumber, at: Timestamp },
}

impl Pace {
    /// A pace at which nothing was said yet.
    pub(super) const fn new(now: Timestamp) -> Self {
        Self { since: now, window_s: FIRST_WINDOW.num_seconds(), decisions: 0, gathering_from: None }
    }

    /// When the decision that recorded `entry` as its first is said.
    pub(super) fn turn(&mut self, entry: EntryNumber, now: Timestamp) -> Turn {
        let end = self.since + self.window();
        // A clock that was set back ends the window too.
        if end <= now || now < self.since {
            let storm_goes_on = self.gathering_from.is_some() && now < end + self.window();
            *self = match storm_goes_on {
                true => Self {
                    since: now,
                    window_s: (self.window() * 2).min(LONGEST_WINDOW).num_seconds(),
                    decisions: EACH_ON_ITS_OWN,
                    gathering_from: None,
                },
                false => Self::new(now),
            };
        }
        self.decisions = self.decisions.saturating_add(1);
        if self.decisions <= EACH_ON_ITS_OWN {
            return Turn::Now;
        }
        Turn::Together { from: *self.gathering_from.get_or_insert(entry), at: self.since + self.window() }
    }

    fn window(&self) -> Duration {
        Duration::seconds(self.window_s.clamp(FIRST_WINDOW.num_seconds(), LONGEST_WINDOW.num_seconds()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        chrono::DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn a_few_are_said_at_once_and_the_others_together() {
        let mut pace = Pace::new(at(1));
        let turns: Vec<Turn> = (1..=8).map(|number| pace.turn(EntryNumber(number), at(number))).collect();
        assert_eq!(turns[..3], [Turn::Now; 3]);
        assert_eq!(turns[3..], [Turn::Together { from: EntryNumber(4), at: at(11) }; 5]);
    }

    #[test]
    fn a_storm_grows_quieter_and_is_forgotten_when_it_ends() {
        let mut pace = Pace::new(at(0));
        let mut said = std::collections::BTreeSet::new();
        for second in 0..3600 {
            match pace.turn(EntryNumber(second + 1), at(second)) {
                Turn::Now => said.insert(second),
                Turn::Together { at, .. } => said.insert(at.timestamp()),
            };
        }
        assert_eq!(said.iter().copied().take(7).collect::<Vec<_>>(), [0, 1, 2, 10, 30, 70, 150]);
        assert!(said.len() < 25, "{said:?}");
        assert_eq!(pace.turn(EntryNumber(9000), at(3600 + 700)), Turn::Now);
    }

    #[test]
    fn a_clock_that_is_set_back_holds_nothing_up() {
        let mut pace = Pace::new(at(1_000_000));
        assert_eq!(pace.turn(EntryNumber(1), at(5)), Turn::Now);
    }
}
