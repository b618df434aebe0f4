//! Incidents as triage would have opened them, had it acted. People are imagined too: they resolve an incident half an
//! hour after its last alert was resolved, and one of which nothing more is heard for a day.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use chrono::Duration;

use crate::domain::Timestamp;
use crate::domain::alert::{Alert, AlertStatus, Severity};
use crate::domain::id::{IncidentId, PersonId, SourceName};
use crate::domain::incident::forecast;
use crate::domain::triage::{Known, News, Verdict, news};
use crate::engine::Setup;
use crate::store::inbox::{InboxRow, Written};

use super::flood::{self, Flood};
use super::replay::{Line, Replayed};
use super::verdicts::Verdicts;

/// How long after its last alert was resolved an incident is.
const TIDIED: Duration = Duration::minutes(30);
/// How long an incident of which nothing more is heard goes on.
const QUIET: Duration = Duration::days(1);
/// How many alerts are remembered; of more, those that were heard of longest ago are forgotten.
const REMEMBERED: usize = 100_000;

/// An incident that would have been opened.
#[derive(Debug)]
pub struct Imagined {
    /// The alert that would have opened it.
    pub title: String,
    /// Its source.
    pub source: SourceName,
    /// The rule that decides; `None`: none matches.
    pub rule: Option<String>,
    /// When.
    pub opened_at: Timestamp,
    /// How urgent.
    pub severity: Severity,
    /// Who would have been called first.
    pub called: Vec<String>,
    is_paged: bool,
    group: String,
    firing: u64,
    heard_at: Timestamp,
}

impl Imagined {
    fn is_open(&self, now: Timestamp) -> bool {
        now < self.heard_at + if self.firing == 0 { TIDIED } else { QUIET }
    }
}

/// An alert that fires, and is news.
struct Firing<'a> {
    alert: &'a Alert,
    verdict: &'a Verdict,
    belongs: Option<IncidentId>,
    begins: bool,
    at: Timestamp,
}

/// Imagines incidents, alert by alert.
pub(super) struct Imagining<'a> {
    setup: &'a Arc<Setup>,
    verdicts: Verdicts,
    alerts: HashMap<u64, (Known, Timestamp)>,
    incidents: HashMap<IncidentId, Imagined>,
    by_group: HashMap<String, IncidentId>,
    flood: Flood,
    opened: i64,
    hash: RandomState,
    /// What it came to so far.
    pub replayed: Replayed,
}

impl<'a> Imagining<'a> {
    /// By these rules.
    pub fn new(setup: &'a Arc<Setup>) -> Self {
        let mut verdicts = Verdicts::default();
        verdicts.follow(setup);
        Self {
            setup,
            verdicts,
            alerts: HashMap::new(),
            incidents: HashMap::new(),
            by_group: HashMap::new(),
            flood: Flood::default(),
            opened: 0,
            hash: RandomState::new(),
            replayed: Replayed::default(),
        }
    }

    /// Takes an alert; shows the incident that it would have opened.
    pub fn take(&mut self, row: &InboxRow, opened: &mut impl FnMut(&Imagined)) {
        let now = row.received_at;
        self.replayed.first.get_or_insert(now);
        self.replayed.last = Some(now);
        let Ok(Written { alert, .. }) = &row.alert else {
            self.replayed.unreadable += 1;
            return;
        };
        let verdict = self.verdicts.of(alert, self.setup);
        let identity = self.hash.hash_one((&alert.source, &alert.fingerprint));
        let mut known = self.alerts.get(&identity).map(|(known, _)| known.clone());
        if let Some(known) = &mut known {
            let open = known.incident.and_then(|id| self.incidents.get(&id)).filter(|one| one.is_open(now));
            known.incident_is_open = open.is_some();
        }
        let news = news(known.as_ref(), alert, verdict.severity, now);
        let mut line = self.replayed.lines.remove(&(alert.source.clone(), verdict.rule.clone())).unwrap_or_default();
        line.alerts += 1;
        let belongs = known.as_ref().filter(|known| known.incident_is_open).and_then(|known| known.incident);
        let mut incident = known.as_ref().and_then(|known| known.incident);
        match news {
            News::Repeat => line.repeated += 1,
            News::Resolved => {
                line.resolved += 1;
                if let Some(one) = belongs.and_then(|id| self.incidents.get_mut(&id)) {
                    one.firing = one.firing.saturating_sub(1);
                }
            }
            News::Acknowledged | News::Informs => line.told += 1,
            News::Fires | News::FiresAgain | News::Worse if !verdict.opens => line.ignored += 1,
            News::Fires | News::FiresAgain | News::Worse => {
                let firing = Firing { alert, verdict: &verdict, belongs, begins: news != News::Worse, at: now };
                incident = Some(self.fire(&firing, &mut line, opened));
            }
        }
        if let Some(one) = belongs.or(incident).and_then(|id| self.incidents.get_mut(&id)) {
            one.heard_at = now;
        }
        self.replayed.lines.insert((alert.source.clone(), verdict.rule.clone()), line);
        self.remember(identity, following(known, alert, &verdict, news, incident, now), now);
    }

    /// An alert fires in the incident that it belongs to, in that of its group, or in one of its own.
    fn fire(&mut self, firing: &Firing<'_>, line: &mut Line, opened: &mut impl FnMut(&Imagined)) -> IncidentId {
        let Firing { alert, verdict, belongs, begins, at } = *firing;
        let setup = self.setup;
        let mut group = verdict.group.clone();
        let mut home = belongs.or_else(|| self.open_of(&group, at));
        if home.is_none() {
            self.flood.pass(setup.triage.flood, at);
            if self.flood.is_on(0) {
                group = flood::group_of(&alert.source);
                home = self.open_of(&group, at);
            }
        }
        if let Some(id) = home
            && let Some(one) = self.incidents.get_mut(&id)
        {
            line.joined += 1;
            one.firing += u64::from(begins);
            if one.severity < verdict.severity {
                one.severity = verdict.severity;
                if !one.is_paged && !first_called(verdict, setup, at).is_empty() {
                    one.is_paged = true;
                    line.paged += 1;
                }
            }
            return id;
        }
        let people = first_called(verdict, setup, at);
        let one = Imagined {
            title: alert.title.clone(),
            source: alert.source.clone(),
            rule: verdict.rule.clone(),
            opened_at: at,
            severity: verdict.severity,
            called: people.iter().map(|person| setup.organisation.name_of(person).to_owned()).collect(),
            is_paged: !people.is_empty(),
            group,
            firing: 1,
            heard_at: at,
        };
        line.opened += 1;
        line.paged += u64::from(one.is_paged);
        opened(&one);
        self.open(one, at)
    }

    fn open(&mut self, one: Imagined, now: Timestamp) -> IncidentId {
        self.opened += 1;
        let id = IncidentId(self.opened);
        self.flood.opened(now);
        // Those that are over are dropped now and then: looking at all of them at every opening would take long.
        if self.opened % 1024 == 0 {
            self.incidents.retain(|_, one| one.is_open(now));
            let Self { by_group, incidents, .. } = self;
            by_group.retain(|_, id| incidents.contains_key(id));
        }
        self.by_group.insert(one.group.clone(), id);
        self.incidents.insert(id, one);
        id
    }

    fn open_of(&self, group: &str, now: Timestamp) -> Option<IncidentId> {
        let id = *self.by_group.get(group)?;
        self.incidents.get(&id).filter(|one| one.is_open(now)).map(|_| id)
    }

    fn remember(&mut self, identity: u64, known: Known, now: Timestamp) {
        if REMEMBERED <= self.alerts.len() && !self.alerts.contains_key(&identity) {
            let mut heard: Vec<Timestamp> = self.alerts.values().map(|(_, heard)| *heard).collect();
            let half = heard.len() / 2;
            let (_, median, _) = heard.select_nth_unstable(half);
            let median = *median;
            let before = self.alerts.len();
            self.alerts.retain(|_, (_, heard)| median < *heard);
            self.replayed.forgotten += (before - self.alerts.len()) as u64;
        }
        self.alerts.insert(identity, (known, now));
    }
}

/// Who would have been called first for an incident that an alert opens or makes worse.
fn first_called(verdict: &Verdict, setup: &Setup, at: Timestamp) -> Vec<PersonId> {
    if !verdict.pages {
        return Vec::new();
    }
    let rota = &setup.organisation.team(&verdict.team).rota;
    let steps = forecast(rota, verdict.severity, &setup.organisation, at);
    steps.into_iter().find(|step| !step.is_empty()).unwrap_or_default()
}

/// What is known of an alert after a delivery.
fn following(
    known: Option<Known>,
    alert: &Alert,
    verdict: &Verdict,
    news: News,
    incident: Option<IncidentId>,
    now: Timestamp,
) -> Known {
    let said_at = known.as_ref().and_then(|known| known.said_at).max(alert.said_at);
    match known {
        Some(known) if news == News::Repeat => Known { said_at, ..known },
        known => Known {
            status: alert.status,
            severity: match known.as_ref().filter(|_| alert.status != AlertStatus::Firing || news == News::Worse) {
                Some(known) => known.severity.max(verdict.severity),
                None => verdict.severity,
            },
            started_at: alert.started_at.or(known.and_then(|known| known.started_at)),
            changed_at: now,
            said_at,
            incident,
            incident_is_open: incident.is_some(),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::sample::{alert, at, organisation};
    use crate::domain::triage::Triage;

    #[test]
    fn incidents_go_on_for_as_long_as_people_would_have_kept_them() {
        use AlertStatus::{Firing, Resolved};
        let setup =
            Arc::new(Setup { organisation: organisation(), triage: Triage::default(), heartbeats: BTreeMap::new() });
        let mut imagining = Imagining::new(&setup);
        let mut opened_at = Vec::new();
        let minutes = [
            (Firing, 0),    // opens
            (Firing, 1),    // repeats
            (Resolved, 10), // is over
            (Firing, 20),   // again, before anybody would have resolved it
            (Resolved, 25), // is over
            (Firing, 60),   // opens the next
            (Firing, 70),   // repeats
            (Firing, 1600), // opens the next: nothing was heard for more than a day
        ];
        for (position, (status, minute)) in (1..).zip(minutes) {
            let alert = alert(status);
            let row = InboxRow {
                position,
                source: alert.source.clone(),
                received_at: at(minute * 60),
                alert: Ok(Written::new(alert).unwrap()),
            };
            imagining.take(&row, &mut |one| opened_at.push(one.opened_at));
        }
        assert_eq!(opened_at, [at(0), at(3600), at(96_000)]);
        let lines: Vec<Line> = imagining.replayed.lines.into_values().collect();
        let expected = Line {
            alerts: 8,
            opened: 3,
            paged: lines[0].paged,
            joined: 1,
            repeated: 2,
            resolved: 2,
            told: 0,
            ignored: 0,
        };
        assert_eq!(lines, [expected]);
    }

    #[test]
    fn what_is_remembered_is_bounded_and_what_is_forgotten_is_said() {
        let setup =
            Arc::new(Setup { organisation: organisation(), triage: Triage::default(), heartbeats: BTreeMap::new() });
        let mut imagining = Imagining::new(&setup);
        let alert = alert(AlertStatus::Firing);
        let verdict = setup.triage.judge(&alert, &setup.organisation);
        for number in 0..REMEMBERED as i64 + 10 {
            let known = following(None, &alert, &verdict, News::Fires, None, at(number));
            imagining.remember(number as u64, known, at(number));
        }
        assert!(imagining.alerts.len() <= REMEMBERED);
        assert!(imagining.alerts.contains_key(&(REMEMBERED as u64 + 9)), "the latest is remembered");
        assert_eq!(imagining.replayed.forgotten as usize, REMEMBERED + 10 - imagining.alerts.len());
    }
}
