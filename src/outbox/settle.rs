//! What becomes of a job after an attempt: a plain function.

use chrono::Duration;

use crate::domain::Timestamp;
use crate::domain::effect::Promise;
use crate::domain::incident::Command;
use crate::store::job::LONGEST_WAIT;
use crate::store::post::Post;

/// How many attempts are made before a job is given up, out loud. With the back-off below that is about a day, longer
/// than Discord was ever away.
pub const MAX_ATTEMPTS: u32 = 300;
/// After how many attempts a job that fails though Discord answers lets those behind it go on: about two minutes.
pub const STUBBORN: u32 = 8;
/// For how long Discord surely knows a message by its nonce ("the past few minutes", by its documentation).
pub const NONCE_HOLDS: Duration = Duration::minutes(2);

/// What an attempt came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is done, or was done before.
    Done {
        /// What stands where now.
        posts: Vec<Post>,
        /// What the incident must know of it.
        report: Option<Command>,
    },
    /// There is nothing to do any more.
    Needless {
        /// Why.
        reason: &'static str,
    },
    /// Discord said no; asking again will not help.
    Rejected {
        /// Its words.
        trouble: String,
        /// What the incident must know of it, where that is more than that it was not done.
        report: Option<Command>,
    },
    /// It was not done; later it may be.
    Retry {
        /// How long we were asked to wait.
        after: Option<Duration>,
        /// Why.
        trouble: String,
    },
    /// It may or may not have been done.
    Unknown {
        /// Why.
        trouble: String,
    },
}

/// What becomes of the job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// It is done.
    Finish {
        /// What stands where now.
        posts: Vec<Post>,
        /// What the incident must know of it.
        report: Option<Command>,
    },
    /// It is tried again.
    RunAgain {
        /// When.
        at: Timestamp,
        /// Why.
        trouble: String,
    },
    /// It is given up, and the incident's timeline and the operators say so.
    Bury {
        /// Why.
        trouble: String,
        /// What the incident must know of it, in place of the plain words that it was not done.
        report: Option<Command>,
    },
    /// Nothing more is done until a person looked.
    Doubt {
        /// Why.
        trouble: String,
    },
}

/// Settles a job that was claimed `attempts` times, the first time at `first`.
pub fn settle(outcome: Outcome, promise: Promise, attempts: u32, first: Timestamp, now: Timestamp) -> Settlement {
    match (outcome, promise) {
        (Outcome::Done { posts, report }, _) => Settlement::Finish { posts, report },
        (Outcome::Needless { .. }, _) => Settlement::Finish { posts: Vec::new(), report: None },
        (Outcome::Rejected { trouble, report }, _) => Settlement::Bury { trouble, report },
        // As long as Discord knows the nonce, the same call again is the same post. After that nobody knows.
        (Outcome::Unknown { trouble }, Promise::AtMostOnce) if first + NONCE_HOLDS <= now => {
            Settlement::Doubt { trouble }
        }
        (Outcome::Retry { trouble, .. } | Outcome::Unknown { trouble }, _) if MAX_ATTEMPTS <= attempts => {
            Settlement::Bury { trouble: format!("given up after {attempts} attempts: {trouble}"), report: None }
        }
        (Outcome::Retry { after, trouble }, _) => {
            Settlement::RunAgain { at: now + after.unwrap_or_else(|| backoff(attempts)), trouble }
        }
        (Outcome::Unknown { trouble }, _) => Settlement::RunAgain { at: now + backoff(attempts), trouble },
    }
}

/// The wait after the n-th attempt: a second, doubled each time.
fn backoff(attempts: u32) -> Duration {
    let seconds = 1_i64 << attempts.saturating_sub(1).min(16);
    Duration::seconds(seconds).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        chrono::DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn unknown() -> Outcome {
        Outcome::Unknown { trouble: "lost".into() }
    }

    fn retry(after: Option<i64>) -> Outcome {
        Outcome::Retry { after: after.map(Duration::seconds), trouble: "busy".into() }
    }

    #[test]
    fn each_outcome_is_settled_by_what_the_effect_promises() {
        use Promise::{AtLeastOnce, AtMostOnce, Once, Timer};
        let done = Outcome::Done { posts: vec![], report: None };
        let needless = Outcome::Needless { reason: "answered" };
        let rejected = Outcome::Rejected { trouble: "no".into(), report: None };
        // outcome, promise, attempts, now (first attempt at 0) -> settlement
        let cases = [
            (done.clone(), AtLeastOnce, 1, 0, "finish"),
            (done, AtMostOnce, 3, 500, "finish"),
            (needless, Once, 1, 0, "finish"),
            (rejected.clone(), Once, 1, 0, "bury: no"),
            (rejected, AtLeastOnce, 1, 0, "bury: no"),
            (retry(None), Once, 1, 10, "again at 11: busy"),
            (retry(None), Once, 2, 10, "again at 12: busy"),
            (retry(None), Once, 9, 10, "again at 266: busy"),
            (retry(None), Once, 10, 10, "again at 310: busy"),
            (retry(Some(7)), Once, 1, 10, "again at 17: busy"),
            (retry(None), AtLeastOnce, 299, 10, "again at 310: busy"),
            (retry(None), AtLeastOnce, 300, 10, "bury: given up after 300 attempts: busy"),
            (retry(None), Timer, 1, 10, "again at 11: busy"),
            (unknown(), Once, 1, 10, "again at 11: lost"),
            (unknown(), Once, 2, 1000, "again at 1002: lost"),
            (unknown(), AtLeastOnce, 1, 10, "again at 11: lost"),
            (unknown(), Once, 300, 10, "bury: given up after 300 attempts: lost"),
            (unknown(), AtMostOnce, 1, 0, "again at 1: lost"),
            (unknown(), AtMostOnce, 5, 119, "again at 135: lost"),
            (unknown(), AtMostOnce, 6, 120, "doubt: lost"),
        ];
        for (outcome, promise, attempts, now, expected) in cases {
            let shown = format!("{outcome:?} {promise:?} {attempts} {now}");
            let settled = match settle(outcome, promise, attempts, at(0), at(now)) {
                Settlement::Finish { .. } => "finish".to_owned(),
                Settlement::RunAgain { at, trouble } => format!("again at {}: {trouble}", at.timestamp()),
                Settlement::Bury { trouble, .. } => format!("bury: {trouble}"),
                Settlement::Doubt { trouble } => format!("doubt: {trouble}"),
            };
            assert_eq!(settled, expected, "{shown}");
        }
    }
}
