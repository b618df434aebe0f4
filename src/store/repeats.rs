//! What was counted lately and will only be counted again: such alerts may wait, and be counted together.

use std::collections::HashSet;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::{Arc, PoisonError, RwLock};

use foldhash::fast::RandomState;

use crate::domain::alert::{Alert, AlertStatus};

/// How many alerts are remembered.
const REMEMBERED: usize = 32 * 1024;

/// Alerts that fire in an open incident, by what they said last. Clones share them.
///
/// It only says what may wait a moment. When it is counted, triage looks everything up or knows that it need not, so an
/// incident that was resolved meanwhile swallows nothing.
#[derive(Debug, Clone, Default)]
pub struct Repeats {
    counted: Arc<RwLock<HashSet<u64, RandomState>>>,
    /// A quick one, of all that an alert says: one that is taken for another waits a moment, and is then looked up all the same.
    hash: RandomState,
}

impl Repeats {
    /// Remembers alerts that are part of an open incident.
    pub fn remember<'a>(&self, alerts: impl Iterator<Item = &'a Alert>) {
        let alerts: Vec<u64> =
            alerts.filter(|alert| alert.status == AlertStatus::Firing).map(|alert| self.of(alert)).collect();
        let mut counted = self.counted.write().unwrap_or_else(PoisonError::into_inner);
        if REMEMBERED < counted.len() + alerts.len() {
            counted.clear();
        }
        counted.extend(alerts);
    }

    /// Whether the alert says what it said when it was counted last.
    pub fn has(&self, alert: &Alert) -> bool {
        alert.status == AlertStatus::Firing && {
            let alert = self.of(alert);
            self.counted.read().unwrap_or_else(PoisonError::into_inner).contains(&alert)
        }
    }

    /// Forgets all of them: what they say may mean something else from now on.
    pub fn forget(&self) {
        self.counted.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn of(&self, alert: &Alert) -> u64 {
        self.hash.hash_one((&alert.fingerprint, alert.started_at, Said(alert)))
    }
}

/// All of an alert that a rule can ask for or a verdict is made of.
struct Said<'a>(&'a Alert);

impl Hash for Said<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Alert {
            source,
            title,
            description,
            severity,
            vendor_severity,
            category,
            service,
            signal,
            labels,
            group,
            fingerprint: _,
            status: _,
            links: _,
            started_at: _,
            ended_at: _,
            said_at: _,
        } = self.0;
        (source, title, description, severity, vendor_severity, category, service, signal, labels, group).hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::sample::alert;

    #[test]
    fn what_was_counted_is_a_repeat_until_it_says_something_else_or_is_forgotten() {
        let takes_in = Repeats::default();
        let counts = takes_in.clone();
        let firing = alert(AlertStatus::Firing);
        assert!(!takes_in.has(&firing));
        counts.remember([&firing, &alert(AlertStatus::Resolved)].into_iter());
        assert!(takes_in.has(&firing));
        assert!(!takes_in.has(&alert(AlertStatus::Resolved)), "an end is news, however often it is said");
        assert!(!takes_in.has(&Alert { title: "another".to_owned(), ..firing.clone() }));
        assert!(!takes_in.has(&Alert { fingerprint: "another".to_owned(), ..firing.clone() }));
        counts.forget();
        assert!(!takes_in.has(&firing));
    }

    #[test]
    fn no_more_are_remembered_than_there_is_room_for() {
        let repeats = Repeats::default();
        let alert = |number: usize| Alert { fingerprint: number.to_string(), ..alert(AlertStatus::Firing) };
        let many: Vec<Alert> = (0..REMEMBERED).map(alert).collect();
        repeats.remember(many.iter());
        assert!(repeats.has(&alert(0)));
        repeats.remember([&alert(REMEMBERED)].into_iter());
        assert!(repeats.has(&alert(REMEMBERED)) && !repeats.has(&alert(0)));
    }
}
