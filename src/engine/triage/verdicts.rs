//! Which rules decided lately: an alert that is the same in all that the rules ask for is not held against them again.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::sync::Arc;

use crate::domain::alert::Alert;
use crate::domain::expression::Asked;
use crate::domain::triage::{LABELS, Triage, Verdict, text_for};
use crate::engine::Setup;

/// How many are remembered.
const REMEMBERED: usize = 4096;

/// The deciding rules by what they ask for, as long as the rules stay the same.
#[derive(Default)]
pub(super) struct Verdicts {
    setup: Option<Arc<Setup>>,
    asked: Option<BTreeSet<Asked>>,
    decided: HashMap<u64, Option<usize>>,
    /// Keyed with a secret of this process, so that nobody can choose what an alert is taken for.
    hash: RandomState,
}

impl Verdicts {
    /// Judges by these rules from now on; whether they are other ones than before.
    pub fn follow(&mut self, setup: &Arc<Setup>) -> bool {
        let changed = !self.setup.as_ref().is_some_and(|current| Arc::ptr_eq(current, setup));
        if changed {
            self.asked = asked_by(&setup.triage);
            self.decided.clear();
            self.setup = Some(setup.clone());
        }
        changed
    }

    /// The verdict on an alert.
    pub fn of(&mut self, alert: &Alert, setup: &Setup) -> Arc<Verdict> {
        let rule = match &self.asked {
            Some(asked) => self.decided_on(alert, self.hash.hash_one(Answers { asked, alert }), setup),
            None => setup.triage.deciding(alert),
        };
        Arc::new(setup.triage.verdict(alert, rule, &setup.organisation))
    }

    fn decided_on(&mut self, alert: &Alert, answers: u64, setup: &Setup) -> Option<usize> {
        if let Some(rule) = self.decided.get(&answers) {
            return *rule;
        }
        if REMEMBERED <= self.decided.len() {
            self.decided.clear();
        }
        let rule = setup.triage.deciding(alert);
        self.decided.insert(answers, rule);
        rule
    }
}

/// What of an alert the rules ask for; `None`: anything.
fn asked_by(triage: &Triage) -> Option<BTreeSet<Asked>> {
    let mut asked = BTreeSet::new();
    for condition in triage.rules.iter().filter_map(|rule| rule.when.as_ref()) {
        asked.extend(condition.asks()?);
    }
    Some(asked)
}

/// An alert's answers to what is asked.
struct Answers<'a> {
    asked: &'a BTreeSet<Asked>,
    alert: &'a Alert,
}

impl Hash for Answers<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for Asked { name, field } in self.asked {
            match field {
                Some(field) if name == LABELS => self.alert.labels.get(field).hash(state),
                None if name == LABELS => self.alert.labels.hash(state),
                _ => text_for(name, self.alert).hash(state),
            }
        }
    }
}
