//! Heartbeats: what must call at least every so often. A call is an alert that is over, silence is one that fires.

use chrono::Duration;

use crate::domain::Timestamp;
use crate::domain::alert::{Alert, AlertSeverity, AlertStatus, Signal};
use crate::domain::duration;
use crate::domain::id::SourceName;

/// The one trouble that a heartbeat can have.
pub const FINGERPRINT: &str = "heartbeat";
/// A timer that comes later than this was not listened for: calls may have been missed too.
const DEAF: Duration = Duration::minutes(1);

/// What a look at a heartbeat comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Whether it was silent for too long.
    pub is_silent: bool,
    /// When to look again.
    pub next: Timestamp,
}

/// When to look first, at the start of the process or after the configuration changed.
pub fn first_look(last: Option<Timestamp>, every: Duration, now: Timestamp) -> Timestamp {
    last.map(|last| last + every).filter(|due| now < *due).unwrap_or(now + every)
}

/// Looks at a heartbeat that was last heard at `last`, at a look that was due at `due`. Where two looks follow one
/// another they come to the same next one, so that there is one in the end.
pub fn look(last: Option<Timestamp>, every: Duration, due: Timestamp, now: Timestamp) -> Look {
    if let Some(last) = last
        && now < last + every
    {
        return Look { is_silent: false, next: last + every };
    }
    let period = every.num_microseconds().unwrap_or(i64::MAX).max(1);
    let next = (now.timestamp_micros() / period + 1).saturating_mul(period);
    let next = Timestamp::from_timestamp_micros(next).unwrap_or(now + every);
    match DEAF < now - due {
        true => Look { is_silent: false, next: now + every },
        false => Look { is_silent: true, next },
    }
}

/// That nothing was heard for too long.
pub fn silence(source: &SourceName, last: Option<Timestamp>, every: Duration) -> Alert {
    let last_heard = last.map_or("it never called".to_owned(), |last| {
        format!("the last call came at {}", last.format("%Y-%m-%d %H:%M UTC"))
    });
    Alert {
        signal: Signal::NoData,
        severity: Some(AlertSeverity::Error),
        description: Some(format!("It must call at least every {}; {last_heard}.", duration::format(every))),
        started_at: last.map(|last| last + every),
        ..Alert::new(source, FINGERPRINT, AlertStatus::Firing, format!("No sign of life from {source}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::sample::at;

    #[test]
    fn a_look_is_a_table() {
        let every = Duration::minutes(15);
        let look_at = |last, due, now| look(last, every, at(due), at(now));
        let heard = look_at(Some(at(60)), 900, 900);
        assert_eq!(heard, Look { is_silent: false, next: at(960) });
        assert!(look_at(Some(at(0)), 900, 900).is_silent);
        assert!(look_at(None, 900, 901).is_silent, "it never called");
        assert!(!look_at(Some(at(0)), 900, 7200).is_silent, "nobody listened meanwhile");
        assert_eq!(look_at(Some(at(0)), 900, 910).next, look_at(Some(at(0)), 905, 905).next, "two become one");
        assert_eq!(first_look(Some(at(0)), every, at(60)), at(900));
        assert_eq!(first_look(None, every, at(60)), at(960));
    }
}
