//! Each alert's course through a batch: what it was known as, what it comes to, and what of it is news.

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::Timestamp;
use crate::domain::alert::{Alert, AlertStatus, Severity};
use crate::domain::id::IncidentId;
use crate::domain::triage::{Known, News, Verdict, news};
use crate::store::alert::{Before, Changed, Repeated};
use crate::store::inbox::Written;

/// An alert as it came, and what it means.
pub(super) struct Delivery<'a> {
    pub alert: &'a Written,
    pub verdict: Arc<Verdict>,
    pub received_at: Timestamp,
}

/// What a batch makes of one alert.
pub(super) struct Course<'a> {
    /// The last delivery that counted.
    pub alert: &'a Written,
    /// The incident that it belongs to.
    pub incident: Option<IncidentId>,
    deliveries: Vec<usize>,
    /// The incident and the status that were known before the batch.
    before: Option<(Option<IncidentId>, AlertStatus)>,
    known: Option<Known>,
    is_changed: bool,
    status: AlertStatus,
    severity: Severity,
    started_at: Option<Timestamp>,
    changed_at: Timestamp,
    said_at: Option<Timestamp>,
    /// Whether the source said something later than what was known before the batch.
    is_said_later: bool,
    last_at: Timestamp,
}

/// Something that changed, and must reach an incident.
pub(super) struct Change<'a> {
    /// Whose course it is.
    pub course: usize,
    pub news: News,
    pub alert: &'a Alert,
    pub verdict: Arc<Verdict>,
    /// The open incident that the alert is part of.
    pub incident: Option<IncidentId>,
}

impl Change<'_> {
    /// Whether it joins an incident, or opens one.
    pub fn is_firing(&self) -> bool {
        matches!(self.news, News::Fires | News::FiresAgain | News::Worse | News::Repeat)
    }
}

/// A course for each alert among the deliveries, however often it came.
pub(super) fn of_each_alert<'a>(deliveries: &[Delivery<'a>]) -> Vec<Course<'a>> {
    let mut places: HashMap<(&str, &str), usize> = HashMap::with_capacity(deliveries.len());
    let mut courses: Vec<Course<'a>> = Vec::new();
    for (number, delivery) in deliveries.iter().enumerate() {
        let alert = &delivery.alert.alert;
        let place = *places.entry((alert.source.as_str(), alert.fingerprint.as_str())).or_insert_with(|| {
            courses.push(Course {
                alert: delivery.alert,
                incident: None,
                deliveries: Vec::new(),
                before: None,
                known: None,
                is_changed: true,
                status: alert.status,
                severity: Severity::Sev4,
                started_at: alert.started_at,
                changed_at: delivery.received_at,
                said_at: None,
                is_said_later: false,
                last_at: delivery.received_at,
            });
            courses.len() - 1
        });
        courses[place].deliveries.push(number);
    }
    courses
}

impl Course<'_> {
    /// Takes in what was known before the batch.
    pub fn learn(&mut self, known: Option<Known>) {
        let Some(known) = known else { return };
        self.is_changed = false;
        self.status = known.status;
        self.severity = known.severity;
        self.started_at = known.started_at;
        self.changed_at = known.changed_at;
        self.said_at = known.said_at;
        self.incident = known.incident;
        self.before = Some((known.incident, known.status));
        self.known = Some(known);
    }

    /// The first of its deliveries.
    pub fn first(&self) -> usize {
        self.deliveries[0]
    }

    /// Whether it is part of an open incident after the batch.
    pub fn is_in_open_incident(&self) -> bool {
        self.incident.is_some() && self.known.as_ref().is_some_and(|known| known.incident_is_open)
    }

    /// What is known of it, where it is part of an open incident and only a count changed.
    pub fn known_to_repeat(&self) -> Option<&Known> {
        self.known.as_ref().filter(|_| !self.is_changed && self.is_in_open_incident())
    }

    /// Whether more than a count changed.
    pub fn is_changed(&self) -> bool {
        self.is_changed
    }

    /// What is kept of it.
    pub fn changed(&self) -> Changed<'_> {
        Changed {
            alert: self.alert,
            status: self.status,
            severity: self.severity,
            started_at: self.started_at,
            changed_at: self.changed_at,
            said_at: self.said_at,
            last_at: self.last_at,
            deliveries: self.deliveries.len() as i64,
            incident: self.incident,
            before: match self.before {
                Some((incident, status)) if incident == self.incident => Before::Was(status),
                Some((incident, _)) if self.incident < incident => Before::Unknown,
                _ => Before::Nothing,
            },
        }
    }

    /// What is kept of it where only a count changed.
    pub fn repeated(&self) -> Repeated<'_> {
        Repeated {
            source: &self.alert.alert.source,
            fingerprint: &self.alert.alert.fingerprint,
            incident: self.incident,
            said_at: self.said_at.filter(|_| self.is_said_later),
            status: self.status,
            last_at: self.last_at,
            deliveries: self.deliveries.len() as i64,
        }
    }

    fn as_known(&self, incident_is_open: bool) -> Known {
        Known {
            status: self.status,
            severity: self.severity,
            started_at: self.started_at,
            changed_at: self.changed_at,
            said_at: self.said_at,
            incident: self.incident,
            incident_is_open,
        }
    }
}

/// Follows each alert through the batch; what of it is news, in the order in which it came.
pub(super) fn follow<'a>(courses: &mut [Course<'a>], deliveries: &[Delivery<'a>]) -> Vec<Change<'a>> {
    let mut changes = Vec::new();
    for (place, course) in courses.iter_mut().enumerate() {
        for number in course.deliveries.clone() {
            let Delivery { alert: written, verdict, received_at } = &deliveries[number];
            let alert = &written.alert;
            let news = news(course.known.as_ref(), alert, verdict.severity, *received_at);
            course.last_at = *received_at;
            if course.said_at < alert.said_at {
                course.said_at = alert.said_at;
                course.is_said_later = true;
                if let Some(known) = &mut course.known {
                    known.said_at = alert.said_at;
                }
            }
            if news == News::Repeat {
                // Something that never fired is counted as what it is.
                if course.known.is_none() {
                    course.known = Some(course.as_known(false));
                }
                continue;
            }
            let opens = verdict.opens || matches!(news, News::Resolved | News::Acknowledged);
            let begins = matches!(news, News::Fires | News::FiresAgain);
            let belongs = course.known.as_ref().filter(|known| known.incident_is_open).and_then(|known| known.incident);
            course.is_changed = true;
            course.alert = written;
            course.status = alert.status;
            course.changed_at = *received_at;
            course.started_at = alert.started_at.or(course.started_at);
            course.severity = if begins { verdict.severity } else { course.severity.max(verdict.severity) };
            if opens {
                let change = Change { course: place, news, alert, verdict: verdict.clone(), incident: belongs };
                changes.push((number, change));
            }
            // Within the batch an alert that fires counts as part of an open incident from here on; which one is not
            // known yet. One that opens nothing stays as it was.
            let in_open_incident = opens && alert.status == AlertStatus::Firing;
            course.known = Some(course.as_known(in_open_incident || belongs.is_some()));
        }
    }
    changes.sort_by_key(|(number, _)| *number);
    changes.into_iter().map(|(_, change)| change).collect()
}
