//! Verdicts that were given lately: what says the same again is not judged again.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;

use crate::domain::alert::Alert;
use crate::domain::triage::Verdict;
use crate::engine::Setup;

/// How many verdicts are remembered.
const REMEMBERED: usize = 4096;

/// Verdicts by what an alert says, as long as the rules stay the same.
#[derive(Default)]
pub(super) struct Verdicts {
    setup: Option<Arc<Setup>>,
    given: HashMap<u64, Arc<Verdict>>,
    /// Keyed with a secret of this process, so that nobody can choose what an alert is taken for.
    hash: RandomState,
}

impl Verdicts {
    /// Judges by these rules from now on; whether they are other ones than before.
    pub fn follow(&mut self, setup: &Arc<Setup>) -> bool {
        let changed = !self.setup.as_ref().is_some_and(|current| Arc::ptr_eq(current, setup));
        if changed {
            self.given.clear();
            self.setup = Some(setup.clone());
        }
        changed
    }

    /// The verdict on an alert.
    pub fn of(&mut self, alert: &Alert, setup: &Setup) -> Arc<Verdict> {
        let said = self.hash.hash_one(Said(alert));
        if let Some(verdict) = self.given.get(&said) {
            return verdict.clone();
        }
        let verdict = Arc::new(setup.triage.judge(alert, &setup.organisation));
        if REMEMBERED <= self.given.len() {
            self.given.clear();
        }
        self.given.insert(said, verdict.clone());
        verdict
    }
}

/// All of an alert that a rule can ask for or a verdict is made of.
pub(super) struct Said<'a>(pub &'a Alert);

impl Hash for Said<'_> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
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
