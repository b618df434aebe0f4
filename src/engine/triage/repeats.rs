//! What was counted lately and will only be counted again: such alerts may wait, and be counted together.

use std::collections::HashSet;
use std::hash::{BuildHasher, Hash, Hasher};

use foldhash::fast::RandomState;

use crate::domain::alert::{Alert, AlertStatus};

/// How many alerts are remembered.
const REMEMBERED: usize = 32 * 1024;

/// Alerts that fire in an open incident, by what they said last.
///
/// It only says what may wait a moment: when it is counted, everything is looked up, so an incident that was resolved
/// meanwhile swallows nothing.
#[derive(Default)]
pub(super) struct Repeats {
    counted: HashSet<u64, RandomState>,
    /// A quick one, of all that an alert says: one that is taken for another waits a moment, and is then looked up all the same.
    hash: RandomState,
}

impl Repeats {
    /// Remembers an alert that is part of an open incident.
    pub fn remember(&mut self, alert: &Alert) {
        if alert.status != AlertStatus::Firing {
            return;
        }
        if REMEMBERED <= self.counted.len() {
            self.counted.clear();
        }
        self.counted.insert(self.of(alert));
    }

    /// Whether the alert says what it said when it was counted last.
    pub fn has(&self, alert: &Alert) -> bool {
        alert.status == AlertStatus::Firing && self.counted.contains(&self.of(alert))
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
