//! Triage of the inbox: batches of accepted alerts become counts, and, where something changed, decisions.
//!
//! One transaction takes a batch: what it changes, the counts, and the cursor. A repeat costs a counter.

mod course;
mod evidence;
mod familiar;
mod flood;
mod imagine;
pub mod replay;
mod verdicts;

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Duration};
use tokio::sync::watch;
use tracing::{debug, info, warn};

use crate::domain::Timestamp;
use crate::domain::actor::Actor;
use crate::domain::alert::AlertStatus;
use crate::domain::effect::Effect;
use crate::domain::id::{IncidentId, SourceName};
use crate::domain::incident::{Command, Decision, Incident, Joined, Joining, Opening, Refusal};
use crate::domain::triage::{News, Verdict};
use crate::engine::{Alerts, Engine, EngineError, NewIncident, Setup};
use crate::fault::{self, Point};
use crate::store::alert::Asked;
use crate::store::handed::{Handed, Held};
use crate::store::inbox::InboxRow;
use crate::store::incident::OfGroup;
use crate::store::job::NewJob;
use crate::store::offer::{Offer, Resting};
use crate::store::tally::Tally;
use crate::store::{StoreError, Tx};
use course::{Change, Course, Delivery};
use familiar::Familiar;
use flood::Flood;
use verdicts::Verdicts;

/// How many alerts one commit digests at most.
pub const ALERTS_A_COMMIT: usize = 2048;
/// How many incidents that alerts joined last are remembered, and for how long: later somebody will have changed them, and
/// finding that out costs more than reading them.
const REMEMBERED: (usize, Duration) = (16, Duration::seconds(1));
/// How often at most a card is drawn again only because alerts were counted.
const RECOUNT_EVERY: Duration = Duration::seconds(30);

/// Where a pass looks for alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Among those that this process took in.
    Handed,
    /// There, and then in the inbox.
    Everywhere,
}

/// What a pass over the inbox came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digested {
    /// So many alerts were digested; there may be more.
    Alerts(usize),
    /// Nothing waits.
    Nothing,
}

/// Digests the inbox; one in an installation at a time. What it remembers only saves work: all of it is in the database.
pub struct Triager {
    engine: Engine,
    handed: Handed,
    /// How far this triager itself digested; `None`: the database has to be asked.
    cursor: Option<i64>,
    verdicts: Verdicts,
    familiar: Familiar,
    flood: Flood,
    /// Whether no evidence is kept that a new incident would be held against.
    nothing_told: bool,
    /// The incidents whose cards are drawn again at the end of the slot.
    recounted: (i64, Vec<IncidentId>),
    /// Those that alerts joined last, when, and as they were left: in a storm the next ones join them too.
    joined: Vec<(Timestamp, Incident)>,
    /// How many alerts the next commit digests at most. Smaller while others change the same incidents: a batch that is
    /// undone again and again would never end.
    at_most: usize,
}

impl Drop for Triager {
    fn drop(&mut self) {
        self.handed.digested(None);
    }
}

impl Triager {
    /// A triager that takes what is `handed` to it, and reads the rest.
    pub fn new(engine: Engine, handed: Handed) -> Self {
        Self {
            engine,
            handed,
            cursor: None,
            verdicts: Verdicts::default(),
            familiar: Familiar::default(),
            flood: Flood::default(),
            nothing_told: false,
            recounted: (0, Vec::new()),
            joined: Vec::new(),
            at_most: ALERTS_A_COMMIT,
        }
    }

    /// Whether what waits may wait a little longer: it is not much, and only repeats what was counted lately. What was undone
    /// may not, whatever it is.
    pub fn may_wait(&self) -> bool {
        self.cursor.is_some() && self.handed.may_wait()
    }

    /// Changes whenever there is something to digest that may not wait, or the first that may.
    pub fn calls(&self) -> watch::Receiver<()> {
        self.handed.calls()
    }

    /// Whether so much comes that is new that it is gathered rather than answered one by one: it may wait, too.
    pub fn is_flooded(&self) -> bool {
        self.flood.goes_on()
    }

    /// Digests what waits, at most one batch. Alerts that cannot be digested are set aside, one by one. What other
    /// processes took in is seen by `Look::Everywhere` only.
    pub async fn digest(&mut self, look: Look) -> Result<Digested, EngineError> {
        // Until it is known how this ends, nothing is.
        let known = self.cursor.take();
        let (cursor, alerts) = self.next(known, look).await?;
        if known != Some(cursor) {
            // Others were at work, or nobody knows what became of a batch: what was known of its alerts may be another.
            self.familiar = Familiar::default();
        }
        if alerts.is_empty() {
            self.cursor = Some(cursor);
            return Ok(Digested::Nothing);
        }
        let count = alerts.len();
        let mut digested = self.digest_alerts(cursor, &alerts).await;
        if matches!(digested, Ok(None)) {
            // Mostly somebody changed an incident that it remembered.
            self.forget();
            digested = self.digest_alerts(cursor, &alerts).await;
        }
        if !matches!(digested, Ok(Some(_))) {
            self.forget();
        }
        self.at_most = match digested {
            Ok(None) | Err(EngineError::TooBusy(_)) => (self.at_most / 4).max(1),
            _ => (self.at_most * 2).min(ALERTS_A_COMMIT),
        };
        self.cursor = match digested {
            Ok(Some(up_to)) => {
                self.handed.digested(Some(up_to));
                Some(up_to)
            }
            Ok(None) => None,
            Err(error) if error.is_transient() => return Err(error),
            // Something in the batch cannot be digested: alone, it shows itself, and the others go on.
            Err(_) => {
                let mut from = cursor;
                for alert in &alerts {
                    match self.digest_alerts(from, std::slice::from_ref(alert)).await {
                        Ok(_) => (),
                        Err(error) if error.is_transient() => return Err(error),
                        Err(error) => self.set_aside(from, alert, &error).await?,
                    }
                    from = alert.position;
                }
                None
            }
        };
        Ok(Digested::Alerts(count))
    }

    /// Rests, where it knows how far it came: what is taken in now may be offered to it first.
    pub fn rest(&self) -> Option<Resting> {
        self.handed.rest_at(self.cursor?)
    }

    /// Takes in what is offered and digests it, in one commit. What cannot be digested is left to whoever offered it, to be
    /// kept first and digested as all else is.
    pub async fn take_in(&mut self, offer: Offer) -> Digested {
        let Some(cursor) = self.cursor.take() else { return Digested::Nothing };
        let (rows, answer) = offer.take_after(cursor);
        let last = cursor + rows.len() as i64;
        let batch = Batch { is_offered: true, ..self.batch(cursor, &rows) };
        let (tx, digest) = match self.write_all(&batch).await {
            Ok(written) if !answer.is_too_late() => written,
            Ok(_) => return self.undone(),
            Err(error) => {
                debug!(error = &error as &dyn std::error::Error, "alerts are kept first, and digested then");
                return self.undone();
            }
        };
        match commit(tx).await {
            Ok(()) => answer.send(Ok(cursor + 1)),
            Err(error) => {
                if !error.is_refusal() {
                    answer.send(Err(error));
                }
                return self.undone();
            }
        }
        self.remember(digest);
        self.cursor = Some(last);
        self.handed.digested(self.cursor);
        Digested::Alerts(rows.len())
    }

    /// Nothing came of what was offered.
    fn undone(&mut self) -> Digested {
        self.forget();
        Digested::Nothing
    }

    /// Forgets what it made of a batch that was undone, and what others may have changed.
    fn forget(&mut self) {
        self.flood = Flood::default();
        self.familiar = Familiar::default();
        self.joined.clear();
    }

    /// The next alerts, and the position before them.
    async fn next(&self, known: Option<i64>, look: Look) -> Result<(i64, Vec<InboxRow>), EngineError> {
        if let Some(cursor) = known {
            match (self.handed.take_after(cursor, self.at_most), look) {
                (Held::Alerts(alerts), _) => return Ok((cursor, alerts)),
                (Held::Nothing, Look::Handed) => return Ok((cursor, Vec::new())),
                (Held::Nothing, Look::Everywhere) | (Held::Elsewhere, _) => (),
            }
        }
        let mut tx = self.engine.db().read().await?;
        let cursor = tx.inbox_cursor().await?;
        let alerts = tx.inbox_after(cursor, self.at_most).await?;
        tx.rollback();
        Ok((cursor, alerts))
    }

    async fn set_aside(&self, from: i64, row: &InboxRow, error: &EngineError) -> Result<(), EngineError> {
        warn!(
            inbox.position = row.position,
            source = %row.source,
            error = error as &dyn std::error::Error,
            "an alert cannot be digested and is set aside"
        );
        let now = self.engine.now();
        let mut tx = self.engine.db().begin().await?;
        tx.set_aside(row.position, &row.source, &error.to_string(), now).await?;
        tx.advance_inbox_cursor(from, row.position, None).await?;
        let kept = async {
            tell_of_set_aside(&mut tx, row, now).await?;
            Ok::<_, EngineError>(tx.commit().await?)
        };
        match kept.await {
            Ok(()) => self.engine.announce_jobs(),
            Err(error) if error.is_overtaken() => (),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Digests these alerts, which follow `from`; the position of the last, or `None` when another process was faster.
    async fn digest_alerts(&mut self, from: i64, rows: &[InboxRow]) -> Result<Option<i64>, EngineError> {
        let batch = self.batch(from, rows);
        let kept = async {
            let (tx, digest) = self.write_all(&batch).await?;
            commit(tx).await?;
            Ok(digest)
        };
        match kept.await {
            Ok(digest) => self.remember(digest),
            Err(error) if EngineError::is_overtaken(&error) => return Ok(None),
            Err(error) => return Err(error),
        }
        Ok(Some(batch.last))
    }

    /// These alerts, which follow `from`, each with what it means. Judged before the transaction begins, which nobody else
    /// can write beside.
    fn batch<'a>(&mut self, from: i64, rows: &'a [InboxRow]) -> Batch<'a> {
        let now = self.engine.now();
        let setup = self.engine.setup();
        if self.verdicts.follow(&setup) {
            self.handed.repeats().forget();
        }
        let mut deliveries = Vec::with_capacity(rows.len());
        let mut unreadable = Vec::new();
        // In a storm most of them say the same to the letter.
        let mut judged: HashMap<&str, Arc<Verdict>, foldhash::fast::RandomState> = HashMap::default();
        for row in rows {
            match &row.alert {
                Ok(alert) => {
                    let verdict = judged.entry(&alert.json).or_insert_with(|| self.verdicts.of(&alert.alert, &setup));
                    deliveries.push(Delivery { alert, verdict: verdict.clone(), received_at: row.received_at });
                }
                Err(reason) => unreadable.push((row, reason)),
            }
        }

        let last = rows.last().map_or(from, |row| row.position);
        Batch { from, last, is_offered: false, deliveries, unreadable, setup, now }
    }

    /// Writes what a batch comes to, in a transaction that is yet to be committed.
    async fn write_all<'a>(&mut self, batch: &Batch<'a>) -> Result<(Tx, Digest<'a>), EngineError> {
        let learned = self.learn(batch).await?;
        let mut tx = self.engine.db().begin().await?;
        match self.write(&mut tx, batch, learned).await {
            Ok(digest) => Ok((tx, digest)),
            Err(error) => {
                tx.rollback();
                Err(error)
            }
        }
    }

    /// What was known before a batch, and what of it is news. What is not remembered is read before the transaction begins,
    /// beside whoever else writes.
    async fn learn<'a>(&self, batch: &Batch<'a>) -> Result<Learned<'a>, EngineError> {
        let mut courses = course::of_each_alert(&batch.deliveries);
        let (mut strange, mut asked) = (Vec::new(), Vec::new());
        for course in &mut courses {
            let alert = &course.alert.alert;
            let (source, fingerprint) = (alert.source.as_str(), alert.fingerprint.as_str());
            if let Some(known) = self.familiar.get(source, fingerprint) {
                course.learn(Some(known.clone()));
            } else {
                let group = Some(batch.deliveries[course.first()].verdict.group.as_str());
                asked.push(Asked { source, fingerprint, group });
                strange.push(course);
            }
        }
        let floods = match self.flood.goes_on() && !strange.is_empty() {
            true => flood::groups_of(&batch.deliveries),
            false => Vec::new(),
        };
        asked.extend(floods.iter().map(|name| Asked { source: "", fingerprint: "", group: Some(name.as_str()) }));
        let lore = self.engine.db().lore_of(&asked).await?;
        let mut groups = HashMap::with_capacity(asked.len());
        let mut found = lore.alerts.into_iter().zip(asked.iter().map(|asked| asked.group));
        let strangers = strange.len();
        for (course, (found, group)) in strange.into_iter().zip(found.by_ref()) {
            let is_in_open_incident = found.known.as_ref().is_some_and(|known| known.incident_is_open);
            if let Some(group) = group.filter(|_| !is_in_open_incident) {
                groups.insert(group.to_owned(), found.of_group);
            }
            course.learn(found.known);
        }
        groups.extend(found.filter_map(|(found, group)| Some((group?.to_owned(), found.of_group))));
        let is_by_heart = strangers < courses.len();
        let endings = lore.endings.filter(|_| !is_by_heart).unwrap_or(self.familiar.endings());
        let changes = course::follow(&mut courses, &batch.deliveries);
        let open = |group: &str| match groups.get(group)? {
            Some(OfGroup::Open(id)) => Some(*id),
            Some(OfGroup::Ended(_)) | None => None,
        };
        let homes: BTreeSet<IncidentId> = changes
            .iter()
            .filter(|change| change.is_firing())
            .filter_map(|change| {
                let home = change.incident.or_else(|| open(&change.verdict.group));
                home.or_else(|| open(&flood::group_of(&change.alert.source)))
            })
            .collect();
        let incidents = self.incidents_of(homes, batch.now).await?;
        Ok(Learned { courses, changes, groups, incidents, last_incident: lore.last_incident, endings, is_by_heart })
    }

    /// These incidents, as they are remembered or else read.
    async fn incidents_of(
        &self,
        ids: BTreeSet<IncidentId>,
        now: Timestamp,
    ) -> Result<HashMap<IncidentId, Incident>, EngineError> {
        let is_wanted = |(at, it): &&(Timestamp, Incident)| ids.contains(&it.id) && now < *at + REMEMBERED.1;
        let mut incidents: HashMap<IncidentId, Incident> =
            self.joined.iter().filter(is_wanted).map(|(_, incident)| (incident.id, incident.clone())).collect();
        if incidents.len() < ids.len() {
            let mut tx = self.engine.db().read().await?;
            for id in ids {
                if let Entry::Vacant(place) = incidents.entry(id) {
                    place.insert(tx.incident(id).await?.ok_or(EngineError::NoSuchIncident(id))?);
                }
            }
        }
        Ok(incidents)
    }

    /// Remembers what was committed, and has it carried out.
    fn remember(&mut self, digest: Digest<'_>) {
        self.recounted = digest.recounted;
        let now = self.engine.now();
        for incident in digest.joined {
            self.joined.retain(|(_, other)| other.id != incident.id);
            self.joined.push((now, incident));
        }
        self.joined.drain(..self.joined.len().saturating_sub(REMEMBERED.0));
        for (id, source) in &digest.opened {
            info!(incident.id = %id, "opened {id} for {source}");
        }
        self.familiar.take_in(&digest.courses, digest.endings);
        let counted = digest.courses.iter().filter(|course| course.is_in_open_incident());
        self.handed.repeats().remember(counted.map(|course| &course.alert.alert));
        if !digest.touched.is_empty() {
            self.engine.announce_jobs();
        }
    }

    /// Writes what a batch comes to, and moves the cursor.
    async fn write<'a>(
        &mut self,
        tx: &mut Tx,
        batch: &Batch<'a>,
        mut learned: Learned<'a>,
    ) -> Result<Digest<'a>, EngineError> {
        let Batch { deliveries, setup, now, .. } = batch;
        if let Some(first) = deliveries.first().filter(|_| batch.is_offered) {
            let alerts = deliveries.iter().map(|delivery| delivery.alert);
            tx.append_after(batch.from, alerts, first.received_at).await?;
        }
        for (row, reason) in &batch.unreadable {
            tx.set_aside(row.position, &row.source, reason, *now).await?;
            tell_of_set_aside(tx, row, *now).await?;
        }
        let CarriedOut { opened, joined, touched } = self.carry_out(tx, &mut learned, setup, *now).await?;
        let Learned { courses, endings, is_by_heart, .. } = learned;
        self.nothing_told &= deliveries.iter().all(|delivery| delivery.alert.alert.status != AlertStatus::Info);
        let recounted = self.recount(tx, &courses, &touched, *now).await?;
        tx.advance_inbox_cursor(batch.from, batch.last, is_by_heart.then_some(endings)).await?;
        Ok(Digest { courses, opened, joined, touched, recounted, endings })
    }

    /// Brings what is news to the incidents, opening those that are not there, and tallies the alerts.
    async fn carry_out(
        &mut self,
        tx: &mut Tx,
        learned: &mut Learned<'_>,
        setup: &Setup,
        now: Timestamp,
    ) -> Result<CarriedOut, EngineError> {
        let (mut resolutions, mut answers, mut told, mut firings) = (vec![], vec![], vec![], vec![]);
        for change in std::mem::take(&mut learned.changes) {
            match change.news {
                News::Resolved => resolutions.push(change),
                News::Acknowledged => answers.push(change),
                News::Informs => told.push(change),
                News::Fires | News::FiresAgain | News::Worse | News::Repeat => firings.push(change),
            }
        }
        let mut touched = Vec::new();
        let mut joined = Vec::new();
        let mut new = Vec::new();
        let gathered = self.gather(tx, firings, &mut learned.groups, setup, now).await?;
        let (courses, last) = (&mut learned.courses[..], learned.last_incident);
        for (group, changes) in gathered {
            let id = match group {
                Group::Open(id) => id,
                Group::New(group) => {
                    new.push((group, changes));
                    continue;
                }
            };
            let source = Actor::Source(changes[0].alert.source.clone());
            let command = Command::Join { alerts: changes.iter().map(joining).collect() };
            let decision = match learned.incidents.get(&id) {
                Some(incident) => or_retry(id, self.engine.apply_to(tx, incident, &command, &source).await)?,
                None => self.apply_or_retry(tx, id, &command, &source).await?,
            };
            if !decision.is_nothing() {
                touched.push(id);
                joined.push(decision.next);
            }
            for change in &changes {
                courses[change.course].incident = Some(id);
            }
        }
        let opened = self.open_incidents(tx, last, new, courses, setup, now).await?;
        touched.extend(opened.iter().map(|(id, _)| *id));
        let informed = self.inform(tx, &told, courses).await?;
        joined.retain(|incident| !informed.contains(&incident.id));
        touched.extend(informed);
        let answered = by_incident(answers, courses);
        let resolved = by_incident(resolutions, courses);
        let (changed, repeated): (Vec<&Course<'_>>, Vec<&Course<'_>>) =
            courses.iter().partition(|course| course.is_changed());
        let changed: Vec<_> = changed.iter().map(|course| course.changed()).collect();
        let repeated: Vec<_> = repeated.iter().map(|course| course.repeated()).collect();
        tx.keep_alerts(&changed, &repeated).await?;
        joined.retain(|incident| answered.iter().chain(&resolved).all(|(id, _)| *id != incident.id));
        for (id, changes) in answered {
            let source = Actor::Source(changes[0].alert.source.clone());
            let command = Command::AcknowledgedAtSource {
                titles: changes.iter().map(|change| change.alert.title.clone()).collect(),
                count: changes.len() as u64,
                unacknowledged: tx.tally_of(id).await?.unacknowledged,
            };
            self.apply_or_retry(tx, id, &command, &source).await?;
            touched.push(id);
        }
        for (id, changes) in resolved {
            let source = Actor::Source(changes[0].alert.source.clone());
            let still_firing = tx.tally_of(id).await?.firing;
            let command = Command::AlertsResolved {
                titles: changes.iter().map(|change| change.alert.title.clone()).collect(),
                count: changes.len() as u64,
                still_firing,
            };
            self.apply_or_retry(tx, id, &command, &source).await?;
            touched.push(id);
        }
        Ok(CarriedOut { opened, joined, touched })
    }

    /// Opens an incident for each of these groups. They follow the `last` one.
    async fn open_incidents(
        &mut self,
        tx: &mut Tx,
        last: IncidentId,
        new: Vec<(NewGroup, Vec<Change<'_>>)>,
        courses: &mut [Course<'_>],
        setup: &Setup,
        now: Timestamp,
    ) -> Result<Vec<Opened>, EngineError> {
        if new.is_empty() {
            return Ok(Vec::new());
        }
        let openings: Vec<(Opening, Actor, Alerts)> = new
            .iter()
            .map(|(group, changes)| {
                let opening = match flood::of(&group.name) {
                    true => flood::opening(group, changes, setup),
                    false => opening(group, changes),
                };
                (opening, Actor::Source(changes[0].alert.source.clone()), alerts_of(changes, courses))
            })
            .collect();
        let openings: Vec<NewIncident<'_>> =
            openings.iter().map(|(opening, actor, alerts)| NewIncident { opening, actor, alerts }).collect();
        let decisions = self.engine.open_after(tx, last, &openings).await?;
        for (decision, (_, changes)) in decisions.iter().zip(&new) {
            let id = decision.next.id;
            self.flood.opened(now);
            for change in changes {
                courses[change.course].incident = Some(id);
            }
        }
        self.recall(tx, &decisions, now).await?;
        let sources = new.iter().map(|(_, changes)| changes[0].alert.source.clone());
        Ok(decisions.iter().map(|decision| decision.next.id).zip(sources).collect())
    }

    /// Firings, gathered by the incident that they belong to or the group that opens one, in order.
    async fn gather<'a>(
        &mut self,
        tx: &mut Tx,
        firings: Vec<Change<'a>>,
        known: &mut HashMap<String, Option<OfGroup>>,
        setup: &Setup,
        now: Timestamp,
    ) -> Result<Vec<(Group, Vec<Change<'a>>)>, EngineError> {
        let mut wanted: BTreeSet<String> = BTreeSet::new();
        for change in firings.iter().filter(|change| change.incident.is_none()) {
            wanted.insert(change.verdict.group.clone());
        }
        if !wanted.is_empty() {
            self.flood.look_back(tx, setup.triage.flood, now).await?;
            if self.flood.is_on(wanted.len()) {
                wanted.extend(firings.iter().map(|change| flood::group_of(&change.alert.source)));
            }
            wanted.retain(|group| !known.contains_key(group));
        }
        if !wanted.is_empty() {
            let wanted: Vec<String> = wanted.into_iter().collect();
            let mut found = tx.incidents_of_groups(wanted.clone()).await?;
            known.extend(wanted.into_iter().map(|group| {
                let of_group = found.remove(&group);
                (group, of_group)
            }));
        }
        let home = |name: String| match known.get(&name).copied().flatten() {
            Some(OfGroup::Open(id)) => Group::Open(id),
            Some(OfGroup::Ended(last)) => Group::New(NewGroup { name, follows: Some(last) }),
            None => Group::New(NewGroup { name, follows: None }),
        };
        let mut places: HashMap<Group, usize> = HashMap::new();
        let mut gathered: Vec<(Group, Vec<Change<'a>>)> = Vec::new();
        let mut new = 0;
        for change in firings {
            let mut group = change.incident.map_or_else(|| home(change.verdict.group.clone()), Group::Open);
            if matches!(group, Group::New(_)) && !places.contains_key(&group) {
                if self.flood.is_on(new) {
                    group = home(flood::group_of(&change.alert.source));
                } else {
                    new += 1;
                }
            }
            let place = *places.entry(group.clone()).or_insert_with(|| {
                gathered.push((group, Vec::new()));
                gathered.len() - 1
            });
            gathered[place].1.push(change);
        }
        Ok(gathered)
    }

    /// What came of it. Where the incident is not what it was when it was looked up, the batch is undone and digested again.
    async fn apply_or_retry(
        &self,
        tx: &mut Tx,
        id: IncidentId,
        command: &Command,
        actor: &Actor,
    ) -> Result<Decision, EngineError> {
        or_retry(id, self.engine.apply(tx, id, command, actor).await)
    }

    /// Has the cards drawn again on which only a count changed, at most once in a while.
    async fn recount(
        &self,
        tx: &mut Tx,
        courses: &[Course<'_>],
        touched: &[IncidentId],
        now: Timestamp,
    ) -> Result<(i64, Vec<IncidentId>), EngineError> {
        let every = RECOUNT_EVERY.num_seconds();
        let slot = now.timestamp().div_euclid(every) + 1;
        let mut recounted = match &self.recounted {
            (same, incidents) if *same == slot => incidents.clone(),
            _ => Vec::new(),
        };
        let mut counted: Vec<IncidentId> = courses.iter().filter_map(|course| course.incident).collect();
        counted.sort_unstable();
        counted.dedup();
        let due = DateTime::from_timestamp(slot * every, 0).unwrap_or(now);
        counted.retain(|incident| !touched.contains(incident) && recounted.binary_search(incident).is_err());
        let jobs: Vec<NewJob<'_>> = counted
            .iter()
            .map(|incident| NewJob {
                incident: *incident,
                dedup_key: format!("{incident}/recount/{slot}"),
                effect: &Effect::DrawCard,
                due,
            })
            .collect();
        tx.add_jobs(&jobs, now).await?;
        recounted.append(&mut counted);
        recounted.sort_unstable();
        Ok((slot, recounted))
    }
}

/// Alerts that are digested in one commit.
struct Batch<'a> {
    /// The position that they follow.
    from: i64,
    /// The position of the last.
    last: i64,
    /// Whether it is yet to be taken in.
    is_offered: bool,
    deliveries: Vec<Delivery<'a>>,
    /// Those that cannot be read any more, and why.
    unreadable: Vec<(&'a InboxRow, &'a String)>,
    setup: Arc<Setup>,
    now: Timestamp,
}

/// What was known before a batch.
struct Learned<'a> {
    /// Its alerts, each with what it was.
    courses: Vec<Course<'a>>,
    /// What of it is news.
    changes: Vec<Change<'a>>,
    /// The incidents of groups, where they have any.
    groups: HashMap<String, Option<OfGroup>>,
    /// Those that alerts of the batch join. Who changes one meanwhile has the batch decided anew.
    incidents: HashMap<IncidentId, Incident>,
    /// The last incident that was opened.
    last_incident: IncidentId,
    /// How often incidents had ended or been reopened.
    endings: i64,
    /// Whether some of it was remembered, and holds only as long as that stands where it stood.
    is_by_heart: bool,
}

/// An incident that was opened, and for which source.
type Opened = (IncidentId, SourceName);

/// What became of what is news.
struct CarriedOut {
    /// The incidents that it opened.
    opened: Vec<Opened>,
    /// Those that alerts joined, as it left them.
    joined: Vec<Incident>,
    /// All that changed.
    touched: Vec<IncidentId>,
}

/// What a batch came to.
struct Digest<'a> {
    courses: Vec<Course<'a>>,
    /// The incidents that it opened.
    opened: Vec<Opened>,
    /// Those that alerts joined, as it left them.
    joined: Vec<Incident>,
    /// All that changed.
    touched: Vec<IncidentId>,
    /// Those of which only a count did.
    recounted: (i64, Vec<IncidentId>),
    /// How often incidents had ended or been reopened.
    endings: i64,
}

async fn commit(tx: Tx) -> Result<(), StoreError> {
    fault::pass(Point::TriageBefore).await?;
    tx.commit().await?;
    Ok(fault::pass(Point::TriageAfter).await?)
}

/// Changes by the incident of their alert. One that was answered or resolved in the batch in which it fired belongs to
/// the incident that it opened.
fn by_incident<'a>(changes: Vec<Change<'a>>, courses: &[Course<'_>]) -> Vec<(IncidentId, Vec<Change<'a>>)> {
    let mut gathered: Vec<(IncidentId, Vec<Change<'a>>)> = Vec::new();
    for change in changes {
        let Some(id) = courses[change.course].incident else { continue };
        match gathered.iter_mut().find(|(incident, _)| *incident == id) {
            Some((_, changes)) => changes.push(change),
            None => gathered.push((id, vec![change])),
        }
    }
    gathered
}

/// All that an incident shows of its alerts which these changes open.
fn alerts_of(changes: &[Change<'_>], courses: &[Course<'_>]) -> Alerts {
    let mut places: Vec<usize> = changes.iter().map(|change| change.course).collect();
    places.sort_unstable();
    places.dedup();
    let alerts: Vec<_> = places.into_iter().map(|place| courses[place].changed()).collect();
    Alerts::new(Tally::of(&alerts), alerts.iter().map(|changed| &changed.alert.alert))
}

/// Where firings go.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Group {
    /// To an incident that is open.
    Open(IncidentId),
    /// To one that is opened for this group.
    New(NewGroup),
}

/// A group that has no open incident.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct NewGroup {
    name: String,
    /// The last incident that it had.
    follows: Option<IncidentId>,
}

/// A decision, unless the incident was resolved since it was looked up.
fn or_retry(id: IncidentId, decided: Result<Decision, EngineError>) -> Result<Decision, EngineError> {
    match decided {
        Err(EngineError::Refused(Refusal::IsResolved)) => Err(EngineError::TooBusy(id)),
        decided => decided,
    }
}

fn joining(change: &Change<'_>) -> Joined {
    Joined {
        title: change.alert.title.clone(),
        severity: change.verdict.severity,
        reason: change.verdict.severity_reason.clone(),
        pages: change.verdict.pages,
        how: match change.news {
            News::Fires => Joining::New,
            News::FiresAgain => Joining::Again,
            News::Worse | News::Acknowledged | News::Resolved | News::Informs | News::Repeat => Joining::Worse,
        },
    }
}

/// The opening of an incident for alerts of one group: the most severe decides, the others are named.
fn opening(group: &NewGroup, changes: &[Change<'_>]) -> Opening {
    let worst = changes.iter().rev().max_by_key(|change| change.verdict.severity).unwrap_or(&changes[0]);
    let mut subjects = Vec::new();
    for subject in changes.iter().flat_map(|change| &change.verdict.subjects) {
        if !subjects.contains(subject) {
            subjects.push(subject.clone());
        }
    }
    let also = changes
        .iter()
        .filter(|change| change.course != worst.course)
        .map(|change| change.alert.title.clone())
        .collect();
    let verdict = &worst.verdict;
    Opening {
        title: worst.alert.title.clone(),
        severity: verdict.severity,
        severity_reason: verdict.severity_reason.clone(),
        category: verdict.category,
        team: verdict.team.clone(),
        rota: None,
        service: worst.alert.service.clone(),
        subjects,
        group: Some(group.name.clone()),
        follows: group.follows,
        why: format!("alert from {}, {}", worst.alert.source, verdict.reason),
        also,
        pages: changes.iter().any(|change| change.verdict.pages),
    }
}

async fn tell_of_set_aside(tx: &mut Tx, row: &InboxRow, now: Timestamp) -> Result<(), EngineError> {
    let text = format!(
        "an alert from {} could not be digested and was set aside as inbox row {}: look at it with `firebell doctor`",
        row.source, row.position
    );
    let key = format!("set-aside/{}/{}", row.source, now.timestamp() / 3600);
    tx.add_job(None, &key, &Effect::TellOperators { text }, now, now).await?;
    Ok(())
}
