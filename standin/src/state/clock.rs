//! The stand-in's own time, which a test can move, and the snowflakes made from it.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

use crate::model::Id;

/// The first millisecond of Discord's time: 2015-01-01T00:00:00Z.
const DISCORD_EPOCH_MS: i64 = 1_420_070_400_000;

/// Real time plus an offset that only grows.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    offset: TimeDelta,
    last: Id,
}

impl Clock {
    /// The time here, to the microsecond as Discord writes it.
    #[allow(clippy::disallowed_methods, reason = "this is the clock that tests move")]
    pub fn now(&self) -> DateTime<Utc> {
        (Utc::now() + self.offset).trunc_subsecs(6)
    }

    /// How far it was moved.
    pub fn moved(&self) -> TimeDelta {
        self.offset
    }

    /// The newest id.
    pub fn newest(&self) -> Id {
        self.last
    }

    /// Makes every new id greater than this one.
    pub fn go_on_after(&mut self, id: Id) {
        self.last = self.last.max(id);
    }

    pub fn advance(&mut self, by: TimeDelta) {
        self.offset += by;
    }

    /// A new id, greater than every one before it: clients sort by id.
    pub fn snowflake(&mut self) -> Id {
        let milliseconds = u64::try_from(self.now().timestamp_millis() - DISCORD_EPOCH_MS).unwrap_or(0);
        self.last = (milliseconds << 22).max(self.last + 1);
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::Clock;
    use chrono::TimeDelta;

    #[test]
    fn snowflakes_rise_even_within_a_millisecond() {
        let mut clock = Clock::default();
        let ids: Vec<_> = (0..1000).map(|_| clock.snowflake()).collect();
        assert!(ids.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn time_that_was_moved_shows_in_the_next_snowflake() {
        let mut clock = Clock::default();
        let before = clock.snowflake();
        clock.advance(TimeDelta::hours(1));
        assert!((clock.snowflake() >> 22) - (before >> 22) >= 3_600_000);
    }
}
