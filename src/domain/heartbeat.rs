//! Heartbeats: what must call at least every so often. A call is an alert that is over, silence is one that fires.

use chrono::Duration;

use crate::domain::Timestamp;
use crate::domain::alert::{Alert, AlertSeverity, AlertStatus, Signal};
use crate::domain::duration;
use crate::domain::id::SourceName;

/// The one trouble that a heartbeat can have.
pub const FINGERPRINT: &str = "heartbeat";

/// What is known of a heartbeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heartbeat {
    /// The source that must call.
    pub source: SourceName,
    /// Silence counts from here: the last call, when listening began, or when silence was last told.
    pub since: Timestamp,
    /// When it last called.
    pub heard_at: Option<Timestamp>,
    /// When a process last stood ready to hear it, by the real clock.
    pub listened_at: Timestamp,
    /// Whether an alert of it was told, and not that it is over.
    pub is_firing: bool,
}

impl Heartbeat {
    /// When it is silent for too long, unless it calls before.
    pub fn due(&self, every: Duration) -> Timestamp {
        self.since + every
    }

    /// That nothing was heard for too long.
    pub fn silence(&self, every: Duration) -> Alert {
        let last_call = self.heard_at.map_or("it has never called".to_owned(), |at| {
            format!("the last call came on {}", at.format("%Y-%m-%d at %H:%M UTC"))
        });
        Alert {
            signal: Signal::NoData,
            severity: Some(AlertSeverity::Error),
            description: Some(format!("It must call at least every {}; {last_call}.", duration::format(every))),
            started_at: self.heard_at.map(|at| at + every),
            ..Alert::new(
                &self.source,
                FINGERPRINT,
                AlertStatus::Firing,
                format!("No sign of life from {}", self.source),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::sample::at;

    #[test]
    fn silence_says_what_was_expected_and_when_the_last_call_came() {
        let heard = Heartbeat {
            source: "nightly".into(),
            since: at(60),
            heard_at: Some(at(60)),
            listened_at: at(60),
            is_firing: false,
        };
        let never = Heartbeat { heard_at: None, ..heard.clone() };
        let every = Duration::minutes(15);
        assert_eq!(heard.due(every), at(960));
        let said = heard.silence(every).description.unwrap();
        assert!(said.starts_with("It must call at least every 15m; the last call came on "), "{said}");
        assert_eq!(heard.silence(every).started_at, Some(at(960)), "each silence is an episode of its own");
        let said = never.silence(every).description.unwrap();
        assert_eq!(said, "It must call at least every 15m; it has never called.");
    }
}
