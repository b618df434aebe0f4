//! Triage of the inbox: batches of accepted alerts become counts, and, where something changed, decisions.
//!
//! One transaction takes a batch: what it changes, the counts, and the cursor. A repeat costs a counter.

use std::collections::HashMap;

use chrono::{DateTime, Duration};
use tracing::{info, warn};

use crate::domain::Timestamp;
use crate::domain::actor::Actor;
use crate::domain::alert::{Alert, AlertStatus};
use crate::domain::effect::Effect;
use crate::domain::id::{IncidentId, SourceName};
use crate::domain::incident::{Command, Joined, Joining, Opening, Refusal};
use crate::domain::triage::{Known, News, Verdict, news};
use crate::engine::{Applied, Engine, EngineError, Setup};
use crate::store::Tx;
use crate::store::alert::Tallied;
use crate::store::inbox::InboxRow;

/// How many rows one commit digests at most.
const ROWS_A_COMMIT: i64 = 1024;
/// How often at most a card is drawn again only because alerts were counted.
const RECOUNT_EVERY: Duration = Duration::seconds(30);

/// What a pass over the inbox came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digested {
    /// So many rows were digested; there may be more.
    Rows(usize),
    /// Nothing waits.
    Nothing,
}

/// An alert's identity.
type Identity = (SourceName, String);

/// What a batch makes of one alert.
struct Course {
    known: Option<Known>,
    judged: Option<(Alert, Verdict)>,
    tallied: Tallied,
}

/// Something that changed, and must reach an incident.
struct Change {
    identity: Identity,
    news: News,
    title: String,
    verdict: Verdict,
    service: Option<String>,
    incident: Option<IncidentId>,
}

impl Engine {
    /// Digests what waits in the inbox, at most one batch. Alerts that cannot be digested are set aside, one by one.
    pub async fn digest(&self) -> Result<Digested, EngineError> {
        let mut tx = self.db().read().await?;
        let cursor = tx.inbox_cursor().await?;
        let rows = tx.inbox_after(cursor, ROWS_A_COMMIT).await?;
        tx.rollback().await?;
        if rows.is_empty() {
            return Ok(Digested::Nothing);
        }
        let count = rows.len();
        match self.digest_rows(cursor, &rows).await {
            Ok(()) => Ok(Digested::Rows(count)),
            Err(error) if error.is_transient() => Err(error),
            // Something in the batch cannot be digested: alone, it shows itself, and the others go on.
            Err(error) if count == 1 => {
                self.set_aside(cursor, &rows[0], &error).await?;
                Ok(Digested::Rows(1))
            }
            Err(_) => {
                let mut from = cursor;
                for row in &rows {
                    match self.digest_rows(from, std::slice::from_ref(row)).await {
                        Ok(()) => (),
                        Err(error) if error.is_transient() => return Err(error),
                        Err(error) => self.set_aside(from, row, &error).await?,
                    }
                    from = row.position;
                }
                Ok(Digested::Rows(count))
            }
        }
    }

    async fn set_aside(&self, from: i64, row: &InboxRow, error: &EngineError) -> Result<(), EngineError> {
        warn!(
            inbox.position = row.position,
            source = %row.source,
            error = error as &dyn std::error::Error,
            "an alert cannot be digested and is set aside"
        );
        let mut tx = self.db().begin().await?;
        tx.set_aside(row.position, &row.source, &error.to_string(), self.now()).await?;
        if tx.advance_inbox_cursor(from, row.position).await? {
            tell_of_set_aside(&mut tx, row, self.now()).await?;
            tx.commit().await?;
            self.announce_jobs();
        } else {
            tx.rollback().await?;
        }
        Ok(())
    }

    async fn digest_rows(&self, from: i64, rows: &[InboxRow]) -> Result<(), EngineError> {
        let Some(last) = rows.last() else { return Ok(()) };
        let now = self.now();
        let setup = self.setup();
        let mut tx = self.db().begin().await?;

        let mut alerts = Vec::with_capacity(rows.len());
        for row in rows {
            match &row.alert {
                Ok(alert) => alerts.push((alert, row.received_at)),
                Err(reason) => {
                    tx.set_aside(row.position, &row.source, reason, now).await?;
                    tell_of_set_aside(&mut tx, row, now).await?;
                }
            }
        }
        let known = {
            let mut identities: Vec<(&SourceName, &str)> =
                alerts.iter().map(|(alert, _)| (&alert.source, alert.fingerprint.as_str())).collect();
            identities.sort_unstable();
            identities.dedup();
            tx.known_alerts(identities.into_iter()).await?
        };
        let (mut courses, changes) = follow(&alerts, known, &setup);
        let touched = self.carry_out(&mut tx, changes, &mut courses).await?;
        recount(&mut tx, &courses, &touched, now).await?;

        if !tx.advance_inbox_cursor(from, last.position).await? {
            // Another process digested these rows first.
            tx.rollback().await?;
            return Ok(());
        }
        tx.commit().await?;
        self.announce_jobs();
        Ok(())
    }

    /// Brings the changes to their incidents, opening those that are not there, and tallies the alerts.
    async fn carry_out(
        &self,
        tx: &mut Tx,
        changes: Vec<Change>,
        courses: &mut HashMap<Identity, Course>,
    ) -> Result<Vec<IncidentId>, EngineError> {
        let (resolutions, firings): (Vec<Change>, Vec<Change>) =
            changes.into_iter().partition(|change| change.news == News::Resolved);

        // Firings, gathered by the incident that they belong to or the group that would open one, in order.
        let mut by_group: Vec<(String, Vec<Change>)> = Vec::new();
        for change in firings {
            let key = match change.incident {
                Some(id) => format!("\u{0}{id}"),
                None => change.verdict.group.clone(),
            };
            match by_group.iter_mut().find(|(group, _)| *group == key) {
                Some((_, changes)) => changes.push(change),
                None => by_group.push((key, vec![change])),
            }
        }
        let mut touched = Vec::new();
        for (group, changes) in by_group {
            let source = Actor::Source(changes[0].identity.0.clone());
            let open = match changes[0].incident {
                Some(id) => Some(id),
                None => tx.open_incident_of_group(&group).await?,
            };
            let id = match open {
                Some(id) => {
                    let command = Command::Join { alerts: changes.iter().map(joined).collect() };
                    if self.apply_or_retry(tx, id, &command, &source).await? {
                        touched.push(id);
                    }
                    id
                }
                None => {
                    let follows = tx.last_incident_of_group(&group).await?;
                    let opening = opening(group, &changes, follows);
                    let decision = self.open_within(tx, &opening, &source).await?;
                    info!(incident.id = %decision.next.id, "opened {} for {}", decision.next.id, changes[0].identity.0);
                    touched.push(decision.next.id);
                    decision.next.id
                }
            };
            for change in &changes {
                if let Some(course) = courses.get_mut(&change.identity) {
                    course.tallied.incident = Some(id);
                }
            }
        }

        // An alert that resolved in the batch in which it fired belongs to the incident that it opened.
        let mut resolved: Vec<(IncidentId, Vec<Change>)> = Vec::new();
        for change in resolutions {
            let Some(id) = courses.get(&change.identity).and_then(|course| course.tallied.incident) else { continue };
            match resolved.iter_mut().find(|(incident, _)| *incident == id) {
                Some((_, changes)) => changes.push(change),
                None => resolved.push((id, vec![change])),
            }
        }
        let tallied: Vec<Tallied> = courses.values().map(|course| course.tallied.clone()).collect();
        tx.tally_alerts(&tallied).await?;
        for (id, changes) in resolved {
            let source = Actor::Source(changes[0].identity.0.clone());
            let still_firing = tx.tally_of(id).await?.firing;
            let command = Command::AlertsResolved {
                titles: changes.iter().map(|change| change.title.clone()).collect(),
                count: changes.len() as u64,
                still_firing,
            };
            self.apply_or_retry(tx, id, &command, &source).await?;
            touched.push(id);
        }
        Ok(touched)
    }

    /// Whether anything came of it. A conflict within the batch's transaction undoes the batch; it is digested again.
    async fn apply_or_retry(
        &self,
        tx: &mut Tx,
        id: IncidentId,
        command: &Command,
        actor: &Actor,
    ) -> Result<bool, EngineError> {
        match self.apply(tx, id, command, actor).await {
            Ok(Applied::Decided(decision)) => Ok(!decision.is_nothing()),
            // Changed, or even resolved, since it was looked up.
            Ok(Applied::Conflict) | Err(EngineError::Refused(Refusal::IsResolved)) => Err(EngineError::TooBusy(id)),
            Err(error) => Err(error),
        }
    }
}

/// Follows each alert through the batch: what it comes to, and what of it is news.
fn follow(
    alerts: &[(&Alert, Timestamp)],
    mut known: HashMap<Identity, Known>,
    setup: &Setup,
) -> (HashMap<Identity, Course>, Vec<Change>) {
    let mut courses: HashMap<Identity, Course> = HashMap::new();
    let mut changes = Vec::new();
    for (alert, received_at) in alerts {
        let identity = (alert.source.clone(), alert.fingerprint.clone());
        let course = courses.entry(identity.clone()).or_insert_with(|| {
            let known = known.remove(&identity);
            let tallied = Tallied {
                alert: (*alert).clone(),
                status: known.as_ref().map_or(alert.status, |known| known.status),
                severity: known.as_ref().map_or(crate::domain::alert::Severity::Sev4, |known| known.severity),
                started_at: known.as_ref().map_or(alert.started_at, |known| known.started_at),
                changed_at: known.as_ref().map_or(*received_at, |known| known.changed_at),
                said_at: known.as_ref().and_then(|known| known.said_at),
                last_at: *received_at,
                deliveries: 0,
                incident: known.as_ref().and_then(|known| known.incident),
            };
            Course { known, judged: None, tallied }
        });
        let verdict = judge(course, alert, setup);
        let news = news(course.known.as_ref(), alert, verdict.severity, *received_at);
        course.tallied.deliveries += 1;
        course.tallied.last_at = *received_at;
        course.tallied.said_at = course.tallied.said_at.max(alert.said_at);
        if let Some(known) = &mut course.known {
            known.said_at = course.tallied.said_at;
        }
        if news == News::Repeat {
            // Something that never fired is counted as what it is.
            if course.known.is_none() {
                course.known = Some(known_from(course));
            }
            continue;
        }
        let opens = verdict.opens || news == News::Resolved;
        let begins = matches!(news, News::Fires | News::FiresAgain);
        let belongs = course.known.as_ref().filter(|known| known.incident_is_open).and_then(|known| known.incident);
        course.tallied.alert = (*alert).clone();
        course.tallied.status = alert.status;
        course.tallied.changed_at = *received_at;
        course.tallied.started_at = alert.started_at.or(course.tallied.started_at);
        course.tallied.severity = if begins { verdict.severity } else { course.tallied.severity.max(verdict.severity) };
        if opens {
            changes.push(Change {
                identity,
                news,
                title: alert.title.clone(),
                verdict: verdict.clone(),
                service: alert.service.clone(),
                incident: belongs,
            });
        }
        // Within the batch an alert that fires counts as part of an open incident from here on; which one is not
        // known yet. One that opens nothing stays as it was.
        let in_open_incident = opens && alert.status == AlertStatus::Firing;
        let mut after = known_from(course);
        after.incident_is_open = in_open_incident || belongs.is_some();
        course.known = Some(after);
    }
    (courses, changes)
}

fn known_from(course: &Course) -> Known {
    Known {
        status: course.tallied.status,
        severity: course.tallied.severity,
        started_at: course.tallied.started_at,
        changed_at: course.tallied.changed_at,
        said_at: course.tallied.said_at,
        incident: course.tallied.incident,
        incident_is_open: false,
    }
}

/// The verdict on an alert; a delivery that says the same as the one before is not judged again.
fn judge(course: &mut Course, alert: &Alert, setup: &Setup) -> Verdict {
    if let Some((judged, verdict)) = &course.judged
        && judged.labels == alert.labels
        && judged.severity == alert.severity
        && judged.title == alert.title
        && judged.group == alert.group
    {
        return verdict.clone();
    }
    let verdict = setup.triage.judge(alert, &setup.organisation);
    course.judged = Some((alert.clone(), verdict.clone()));
    verdict
}

fn joined(change: &Change) -> Joined {
    Joined {
        title: change.title.clone(),
        severity: change.verdict.severity,
        reason: change.verdict.severity_reason.clone(),
        pages: change.verdict.pages,
        how: match change.news {
            News::Fires => Joining::New,
            News::FiresAgain => Joining::Again,
            News::Worse | News::Resolved | News::Repeat => Joining::Worse,
        },
    }
}

/// The opening of an incident for alerts of one group: the most severe decides, the others are named.
fn opening(group: String, changes: &[Change], follows: Option<IncidentId>) -> Opening {
    let worst = changes.iter().rev().max_by_key(|change| change.verdict.severity).unwrap_or(&changes[0]);
    let mut subjects = Vec::new();
    for subject in changes.iter().flat_map(|change| &change.verdict.subjects) {
        if !subjects.contains(subject) {
            subjects.push(subject.clone());
        }
    }
    let also =
        changes.iter().filter(|change| change.identity != worst.identity).map(|change| change.title.clone()).collect();
    let verdict = &worst.verdict;
    Opening {
        title: worst.title.clone(),
        severity: verdict.severity,
        severity_reason: verdict.severity_reason.clone(),
        category: verdict.category,
        team: verdict.team.clone(),
        rota: None,
        service: worst.service.clone(),
        subjects,
        group: Some(group),
        follows,
        why: format!("alert from {}, {}", worst.identity.0, verdict.reason),
        also,
        pages: changes.iter().any(|change| change.verdict.pages),
    }
}

/// Has the cards drawn again on which only a count changed, at most once in a while.
async fn recount(
    tx: &mut Tx,
    courses: &HashMap<Identity, Course>,
    touched: &[IncidentId],
    now: Timestamp,
) -> Result<(), EngineError> {
    let mut counted: Vec<IncidentId> = courses
        .values()
        .filter_map(|course| course.tallied.incident)
        .filter(|incident| !touched.contains(incident))
        .collect();
    counted.sort_unstable();
    counted.dedup();
    let every = RECOUNT_EVERY.num_seconds();
    let slot = now.timestamp().div_euclid(every) + 1;
    let due = DateTime::from_timestamp(slot * every, 0).unwrap_or(now);
    for incident in counted {
        tx.add_job(Some(incident), &format!("{incident}/recount/{slot}"), &Effect::DrawCard, due, now).await?;
    }
    Ok(())
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
