//! Rate limits: fixed windows per bucket, a global one, and a hidden one on renames. All run on the movable clock.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::Id;

use super::error::{ApiError, Limited, Scope};

/// How many requests a bot may make in a second, all routes together.
const GLOBAL: usize = 50;
/// How often the name or topic of one channel may change in ten minutes. Not in any header: seen, not documented.
const RENAMES: usize = 2;
const RENAME_WINDOW: TimeDelta = TimeDelta::minutes(10);

/// How many requests of one kind may be made in which time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quota {
    /// The name of the bucket; routes with the same name share it.
    pub name: &'static str,
    pub requests: u32,
    pub seconds: i64,
}

/// What the headers of an answer say.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Standing {
    pub bucket: String,
    pub limit: u32,
    pub remaining: u32,
    pub reset_after: f64,
    pub resets_at: DateTime<Utc>,
}

#[derive(Debug)]
struct Window {
    ends: DateTime<Utc>,
    used: u32,
}

/// The memory of all limits.
#[derive(Debug)]
pub(crate) struct Limiter {
    enforced: bool,
    windows: BTreeMap<(&'static str, String), Window>,
    global: VecDeque<DateTime<Utc>>,
    renames: BTreeMap<Id, VecDeque<DateTime<Utc>>>,
}

impl Limiter {
    pub fn new(enforced: bool) -> Self {
        Self { enforced, windows: BTreeMap::new(), global: VecDeque::new(), renames: BTreeMap::new() }
    }

    /// Counts a request against all routes together.
    pub fn take_global(&mut self, now: DateTime<Utc>) -> Result<(), ApiError> {
        take_sliding(&mut self.global, GLOBAL, TimeDelta::seconds(1), now)
            .map_err(|retry_after| limited(retry_after, Scope::Global))
            .or_else(|error| if self.enforced { Err(error) } else { Ok(()) })
    }

    /// Counts a request against its bucket. `major` is the channel, guild or token that has a bucket of its own.
    pub fn take(&mut self, quota: Quota, major: &str, now: DateTime<Utc>) -> (Standing, Result<(), ApiError>) {
        let bucket = bucket_name(quota.name);
        if !self.enforced {
            // So much that no client ever waits for it.
            let resets_at = now + TimeDelta::seconds(1);
            let standing = Standing { bucket, limit: 1_000_000, remaining: 999_999, reset_after: 1.0, resets_at };
            return (standing, Ok(()));
        }
        let window = self.windows.entry((quota.name, major.to_owned())).or_insert(Window { ends: now, used: 0 });
        if window.ends <= now {
            *window = Window { ends: now + TimeDelta::seconds(quota.seconds), used: 0 };
        }
        let reset_after = seconds(window.ends - now);
        let refused = quota.requests <= window.used;
        if !refused {
            window.used += 1;
        }
        let remaining = quota.requests - window.used;
        let resets_at = window.ends;
        let standing = Standing { bucket, limit: quota.requests, remaining, reset_after, resets_at };
        (standing, if refused { Err(limited(reset_after, Scope::User)) } else { Ok(()) })
    }

    /// Counts a change of a channel's name or topic.
    pub fn take_rename(&mut self, channel: Id, now: DateTime<Utc>) -> Result<(), ApiError> {
        let used = self.renames.entry(channel).or_default();
        take_sliding(used, RENAMES, RENAME_WINDOW, now)
            .map_err(|retry_after| limited(retry_after, Scope::User))
            .or_else(|error| if self.enforced { Err(error) } else { Ok(()) })
    }
}

fn take_sliding(
    used: &mut VecDeque<DateTime<Utc>>,
    limit: usize,
    window: TimeDelta,
    now: DateTime<Utc>,
) -> Result<(), f64> {
    while used.front().is_some_and(|first| window <= now - *first) {
        used.pop_front();
    }
    match used.front() {
        Some(first) if limit <= used.len() => Err(seconds(*first + window - now)),
        _ => {
            used.push_back(now);
            Ok(())
        }
    }
}

fn limited(retry_after: f64, scope: Scope) -> ApiError {
    ApiError::RateLimited(Limited { retry_after, scope })
}

/// Rounded up to a millisecond, as Discord does: a client that waits exactly this long is never early.
fn seconds(span: TimeDelta) -> f64 {
    let milliseconds = span.num_microseconds().map_or(i64::MAX, |us| us.div_euclid(1000) + 1);
    #[allow(clippy::cast_precision_loss, reason = "windows are minutes, far below 2^52 milliseconds")]
    let milliseconds = milliseconds as f64;
    milliseconds / 1000.0
}

/// Discord's bucket names are opaque; this one is the same for the same routes.
fn bucket_name(name: &str) -> String {
    let hash = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::{Limiter, Quota};
    use crate::state::clock::Clock;
    use chrono::TimeDelta;

    const QUOTA: Quota = Quota { name: "messages", requests: 5, seconds: 5 };

    #[test]
    fn the_sixth_message_in_five_seconds_is_refused_and_the_next_window_is_free() {
        let (mut limiter, now) = (Limiter::new(true), Clock::default().now());
        for left in (0..5).rev() {
            let (standing, result) = limiter.take(QUOTA, "1", now);
            assert_eq!((standing.remaining, result), (left, Ok(())));
        }
        assert!(limiter.take(QUOTA, "1", now).1.is_err());
        assert!(limiter.take(QUOTA, "2", now).1.is_ok(), "another channel has its own bucket");
        assert!(limiter.take(QUOTA, "1", now + TimeDelta::seconds(5)).1.is_ok());
    }

    #[test]
    fn a_third_rename_within_ten_minutes_is_refused() {
        let (mut limiter, now) = (Limiter::new(true), Clock::default().now());
        assert!(limiter.take_rename(1, now).is_ok());
        assert!(limiter.take_rename(1, now).is_ok());
        assert!(limiter.take_rename(1, now + TimeDelta::minutes(9)).is_err());
        assert!(limiter.take_rename(1, now + TimeDelta::minutes(10)).is_ok());
    }

    #[test]
    fn relaxed_limits_refuse_nothing() {
        let (mut limiter, now) = (Limiter::new(false), Clock::default().now());
        assert!((0..200).all(|_| limiter.take(QUOTA, "1", now).1.is_ok() && limiter.take_global(now).is_ok()));
    }
}
