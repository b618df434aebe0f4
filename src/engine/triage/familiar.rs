//! Alerts that come again and again: what is known of them is remembered, so that counting them takes no look.
//!
//! Only triage changes what is known of an alert: whoever finds the cursor where it did not leave it forgets everything. But
//! people end incidents and reopen them, in any process. How often they did is counted in the database: what is remembered
//! holds as long as that stands where it stood, and the commit that goes by it fails where it does not.

use std::collections::HashMap;

use crate::domain::triage::Known;

use super::course::Course;

/// How many alerts are remembered.
const REMEMBERED: usize = 8 * 1024;

/// What is known of alerts of open incidents that were counted lately.
#[derive(Default)]
pub(super) struct Familiar {
    /// How often incidents had ended or been reopened when it was learnt.
    endings: i64,
    /// By source and fingerprint.
    known: HashMap<String, HashMap<String, Known, foldhash::fast::RandomState>>,
    count: usize,
}

impl Familiar {
    /// What is known of an alert, if it is remembered.
    pub fn get(&self, source: &str, fingerprint: &str) -> Option<&Known> {
        self.known.get(source)?.get(fingerprint)
    }

    /// How often incidents had ended or been reopened when what is remembered was learnt.
    pub fn endings(&self) -> i64 {
        self.endings
    }

    /// Takes in what came of a batch that was kept, before which incidents had ended or been reopened so often. An alert is
    /// remembered from its first repeat on: most come once only, or change.
    pub fn take_in(&mut self, courses: &[Course<'_>], endings: i64) {
        if endings != self.endings {
            *self = Self { endings, ..Self::default() };
        }
        for course in courses {
            let alert = &course.alert.alert;
            let (source, fingerprint) = (alert.source.as_str(), alert.fingerprint.as_str());
            let remembered = self.known.get_mut(source).and_then(|of_source| of_source.get_mut(fingerprint));
            match (course.known_to_repeat(), remembered) {
                (Some(known), Some(remembered)) => *remembered = known.clone(),
                (Some(known), None) => self.remember(source, fingerprint, known.clone()),
                (None, Some(_)) => self.forget(source, fingerprint),
                (None, None) => (),
            }
        }
    }

    fn remember(&mut self, source: &str, fingerprint: &str, known: Known) {
        if self.count == REMEMBERED {
            *self = Self { endings: self.endings, ..Self::default() };
        }
        self.known.entry(source.to_owned()).or_default().insert(fingerprint.to_owned(), known);
        self.count += 1;
    }

    fn forget(&mut self, source: &str, fingerprint: &str) {
        if self.known.get_mut(source).is_some_and(|of_source| of_source.remove(fingerprint).is_some()) {
            self.count -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::alert::{Alert, AlertStatus, Severity};
    use crate::domain::id::IncidentId;
    use crate::domain::sample::{alert, at, organisation};
    use crate::domain::triage::Triage;
    use crate::engine::triage::course::{self, Delivery};
    use crate::store::inbox::Written;

    /// An alert that fires in an open incident, and comes once more.
    fn firing(fingerprint: &str) -> (Alert, Known) {
        let known = Known {
            status: AlertStatus::Firing,
            severity: Severity::Sev1,
            started_at: None,
            changed_at: at(0),
            said_at: None,
            incident: Some(IncidentId(7)),
            incident_is_open: true,
        };
        (Alert { fingerprint: fingerprint.to_owned(), started_at: None, ..alert(AlertStatus::Firing) }, known)
    }

    /// What a batch of these makes `familiar` remember.
    fn kept(familiar: &mut Familiar, batch: &[(Alert, Known)], endings: i64) {
        let triage = Triage { rules: Vec::new(), flood: 100 };
        let written: Vec<Written> = batch.iter().map(|(alert, _)| Written::new(alert.clone()).unwrap()).collect();
        let verdict = |written: &Written| Arc::new(triage.judge(&written.alert, &organisation()));
        let deliveries: Vec<Delivery<'_>> = written
            .iter()
            .map(|written| Delivery { alert: written, verdict: verdict(written), received_at: at(1) })
            .collect();
        let mut courses = course::of_each_alert(&deliveries);
        for (course, (_, known)) in courses.iter_mut().zip(batch) {
            course.learn(Some(known.clone()));
        }
        course::follow(&mut courses, &deliveries);
        familiar.take_in(&courses, endings);
    }

    fn has(familiar: &Familiar, fingerprint: &str) -> bool {
        familiar.get(alert(AlertStatus::Firing).source.as_str(), fingerprint).is_some()
    }

    #[test]
    fn an_alert_is_remembered_from_its_first_repeat_until_it_changes() {
        let mut familiar = Familiar::default();
        let (again, known) = firing("eu");
        kept(&mut familiar, &[(again.clone(), known.clone())], 0);
        assert_eq!(familiar.get(again.source.as_str(), "eu"), Some(&known));
        assert!(!has(&familiar, "us"));
        let resolved = Alert { status: AlertStatus::Resolved, ..again };
        kept(&mut familiar, &[(resolved, known)], 0);
        assert!(!has(&familiar, "eu"), "what is known of it is another now");
    }

    #[test]
    fn what_is_part_of_no_open_incident_is_not_remembered() {
        let mut familiar = Familiar::default();
        let (again, known) = firing("eu");
        let over = Known { incident_is_open: false, ..known };
        kept(&mut familiar, &[(again.clone(), over)], 0);
        kept(&mut familiar, &[(again, Known { incident: None, ..known })], 0);
        assert!(!has(&familiar, "eu"));
    }

    #[test]
    fn all_is_forgotten_once_incidents_ended_or_were_reopened() {
        let mut familiar = Familiar::default();
        kept(&mut familiar, &[firing("eu")], 3);
        kept(&mut familiar, &[firing("us")], 3);
        assert!(has(&familiar, "eu") && has(&familiar, "us"));
        kept(&mut familiar, &[firing("us")], 4);
        assert!(!has(&familiar, "eu") && has(&familiar, "us"));
        assert_eq!(familiar.endings(), 4);
    }

    #[test]
    fn no_more_are_remembered_than_there_is_room_for() {
        let mut familiar = Familiar::default();
        let all: Vec<(Alert, Known)> = (0..REMEMBERED).map(|number| firing(&number.to_string())).collect();
        kept(&mut familiar, &all, 0);
        // Those that are there take no more.
        kept(&mut familiar, &all[1..3], 0);
        assert!(has(&familiar, "0"));
        kept(&mut familiar, &[firing("another")], 0);
        assert!(has(&familiar, "another") && !has(&familiar, "0"));
    }
}
