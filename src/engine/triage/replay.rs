//! Replay: what the rules of today would have made of what came, without acting.
//!
//! It imagines incidents as triage would open them. People are imagined too: they resolve an incident half an hour after
//! its last alert was resolved, and one of which nothing more is heard for a day.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use chrono::Duration;

use crate::domain::Timestamp;
use crate::domain::actor::Author;
use crate::domain::alert::{Alert, AlertStatus, Severity};
use crate::domain::id::{IncidentId, SourceName};
use crate::domain::incident::forecast;
use crate::domain::triage::{Known, News, Verdict, news};
use crate::engine::{Listing, Setup};
use crate::store::inbox::InboxRow;
use crate::store::{Db, StoreError};

use super::flood::{self, Flood};
use super::verdicts::Verdicts;

/// How long after its last alert was resolved an incident is.
const TIDIED: Duration = Duration::minutes(30);
/// How long an incident of which nothing more is heard goes on.
const QUIET: Duration = Duration::days(1);
/// How many alerts are remembered; of more, those that were heard of longest ago are forgotten.
const REMEMBERED: usize = 100_000;
/// How many incidents are read at once.
const INCIDENTS_READ: i64 = 200;

/// What a replay looks at.
#[derive(Debug, Clone)]
pub struct Window {
    /// From when on.
    pub since: Timestamp,
    /// Only what this source sent.
    pub source: Option<SourceName>,
}

/// What the alerts that one rule decides about, of one source, would have come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Line {
    /// Deliveries.
    pub alerts: u64,
    /// Incidents opened.
    pub opened: u64,
    /// Those of them in which somebody is called.
    pub paged: u64,
    /// Deliveries that join an incident, fire in it again, or make it worse.
    pub joined: u64,
    /// Deliveries that say nothing new.
    pub repeated: u64,
    /// Deliveries that resolve an alert.
    pub resolved: u64,
    /// Deliveries that acknowledge an alert, or inform.
    pub told: u64,
    /// Deliveries that fire and open nothing, by a rule or as a test.
    pub ignored: u64,
}

/// Incidents of one source, as they were in the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Happened {
    /// Opened.
    pub opened: u64,
    /// Those of them in which somebody was called.
    pub paged: u64,
}

/// What a replay comes to.
#[derive(Debug, Default)]
pub struct Replayed {
    /// By source and by the name of the rule; `None`: no rule matched.
    pub lines: BTreeMap<(SourceName, Option<String>), Line>,
    /// By source.
    pub happened: BTreeMap<SourceName, Happened>,
    /// When the first that was read came.
    pub first: Option<Timestamp>,
    /// When the last did.
    pub last: Option<Timestamp>,
    /// How many entries cannot be read any more.
    pub unreadable: u64,
    /// How many alerts were forgotten for want of room: what follows on them is taken for new.
    pub forgotten: u64,
}

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

/// Reads what came since then, and shows each incident that would have been opened. It only reads, in small portions, and
/// holds up nobody.
pub async fn replay(
    db: &Db,
    setup: &Arc<Setup>,
    window: &Window,
    mut opened: impl FnMut(&Imagined),
) -> Result<Replayed, StoreError> {
    let mut imagining = Imagining::new(setup);
    let mut tx = db.read().await?;
    let end = tx.inbox_end().await?;
    let begin = tx.inbox_since(window.since).await?;
    drop(tx);
    let mut position = begin.unwrap_or(end);
    while position < end {
        let rows = db.read().await?.inbox_after(position).await?;
        let Some(last) = rows.last() else { break };
        position = last.position;
        for row in rows.iter().filter(|row| window.source.as_ref().is_none_or(|source| row.source == *source)) {
            imagining.take(row, &mut opened);
        }
    }
    let mut replayed = imagining.replayed;
    // Before the first entry nothing can be imagined, so nothing is compared.
    if let Some(first) = replayed.first {
        replayed.happened = happened(db, first, window).await?;
    }
    Ok(replayed)
}

/// The incidents that sources opened since then.
async fn happened(db: &Db, since: Timestamp, window: &Window) -> Result<BTreeMap<SourceName, Happened>, StoreError> {
    let mut happened: BTreeMap<SourceName, Happened> = BTreeMap::new();
    let mut before = None;
    loop {
        let mut tx = db.read().await?;
        let page = tx.incidents_page(before, Listing::All, INCIDENTS_READ).await?;
        let Some(last) = page.last() else { return Ok(happened) };
        before = Some(last.id);
        for incident in &page {
            if incident.declared_at < since {
                return Ok(happened);
            }
            let Author::Source(source) = &incident.declared_by else { continue };
            if window.source.as_ref().is_some_and(|only| only != source) {
                continue;
            }
            let escalations = tx.incident(incident.id).await?.map_or(0, |incident| incident.escalations.len());
            let line = happened.entry(source.clone()).or_default();
            line.opened += 1;
            line.paged += u64::from(0 < escalations);
        }
    }
}

struct Imagining<'a> {
    setup: &'a Arc<Setup>,
    verdicts: Verdicts,
    alerts: HashMap<u64, (Known, Timestamp)>,
    incidents: HashMap<IncidentId, Imagined>,
    by_group: HashMap<String, IncidentId>,
    flood: Flood,
    opened: i64,
    hash: RandomState,
    replayed: Replayed,
}

impl<'a> Imagining<'a> {
    fn new(setup: &'a Arc<Setup>) -> Self {
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

    fn take(&mut self, row: &InboxRow, opened: &mut impl FnMut(&Imagined)) {
        let now = row.received_at;
        self.replayed.first.get_or_insert(now);
        self.replayed.last = Some(now);
        let Ok(alert) = &row.alert else {
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
                incident = Some(self.fire(alert, &verdict, belongs, news, now, &mut line, opened));
            }
        }
        if let Some(one) = belongs.or(incident).and_then(|id| self.incidents.get_mut(&id)) {
            one.heard_at = now;
        }
        self.replayed.lines.insert((alert.source.clone(), verdict.rule.clone()), line);
        self.remember(identity, following(known, alert, &verdict, news, incident, now), now);
    }

    /// An alert fires in the incident that it belongs to, in that of its group, or in one of its own.
    #[expect(clippy::too_many_arguments, reason = "it is one step of `take`, which has all of them at hand")]
    fn fire(
        &mut self,
        alert: &Alert,
        verdict: &Verdict,
        belongs: Option<IncidentId>,
        news: News,
        now: Timestamp,
        line: &mut Line,
        opened: &mut impl FnMut(&Imagined),
    ) -> IncidentId {
        let organisation = &self.setup.organisation;
        let calls = |severity| {
            let rota = &organisation.team(&verdict.team).rota;
            let steps = if verdict.pages { forecast(rota, severity, organisation, now) } else { Vec::new() };
            steps.into_iter().find(|step| !step.is_empty()).unwrap_or_default()
        };
        let mut group = verdict.group.clone();
        let mut home = belongs.or_else(|| self.open_of(&group, now));
        if home.is_none() {
            self.flood.pass(self.setup.triage.flood, now);
            if self.flood.is_on(0) {
                group = flood::group_of(&alert.source);
                home = self.open_of(&group, now);
            }
        }
        let Some((id, one)) = home.and_then(|id| Some((id, self.incidents.get_mut(&id)?))) else {
            let people = calls(verdict.severity);
            let is_paged = !people.is_empty();
            let one = Imagined {
                title: alert.title.clone(),
                source: alert.source.clone(),
                rule: verdict.rule.clone(),
                opened_at: now,
                severity: verdict.severity,
                called: people.iter().map(|person| organisation.name_of(person).to_owned()).collect(),
                is_paged,
                group,
                firing: 1,
                heard_at: now,
            };
            line.opened += 1;
            line.paged += u64::from(is_paged);
            opened(&one);
            return self.open(one, now);
        };
        line.joined += 1;
        one.firing += u64::from(news != News::Worse);
        if one.severity < verdict.severity {
            one.severity = verdict.severity;
            if !one.is_paged && !calls(verdict.severity).is_empty() {
                one.is_paged = true;
                line.paged += 1;
            }
        }
        id
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
