//! The auditor: looks from outside whether what was decided is being done, and puts right what is lost.
//!
//! It shares no loop, queue or lease with those whose work it looks at. What it sees twice in a row it takes for true.
//! Only when all is well does it beat for the dead man's switch, so that whatever stops the work, the database or the
//! auditor itself is noticed by somebody else.

mod beat;
mod finding;

use std::collections::BTreeSet;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::clock::{Clock, real_time};
use crate::domain::actor::Actor;
use crate::domain::id::IncidentId;
use crate::domain::incident::{Cause, Command, Lack};
use crate::engine::{Engine, EngineError, Listing};
use crate::fault::{self, Point};
use crate::store::StoreError;

pub use beat::Heart;
pub use finding::Finding;

/// How long after its time work is overdue. The outbox looks every quarter of a second.
const GRACE: chrono::Duration = chrono::Duration::minutes(2);
/// How long a lease, of work or of a loop, may be over before nobody is thought to hold it.
const UNHELD: chrono::Duration = chrono::Duration::seconds(30);
/// How many overdue jobs are named; one is enough to know.
const NAMED: i64 = 3;
/// How many incidents are looked at.
const INCIDENTS: i64 = 500;
/// How long a look may take; a database that does not answer at all must not hold the auditor for ever.
const LOOK: Duration = Duration::from_secs(60);

/// The auditor. Clones share everything.
#[derive(Clone)]
pub struct Auditor {
    engine: Engine,
    clock: Clock,
    heart: Option<Heart>,
    /// The leases that some process must hold.
    held: &'static [&'static str],
    every: Duration,
}

impl Auditor {
    /// An auditor that looks at intervals of `every`, and whether the leases of `held` are held.
    pub fn new(
        engine: Engine,
        clock: Clock,
        heart: Option<Heart>,
        held: &'static [&'static str],
        every: Duration,
    ) -> Self {
        Self { engine, clock, heart, held, every }
    }

    /// Looks until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let mut seen: Vec<Finding> = Vec::new();
        while !stop.is_cancelled() {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(self.every) => (),
            }
            let looked = tokio::time::timeout(LOOK, self.look()).await;
            metrics::counter!("firebell_audit_looks_total").increment(1);
            match looked {
                Ok(Ok(found)) => {
                    // What is there once may be on its way.
                    let certain: Vec<Finding> =
                        found.iter().filter(|finding| seen.contains(finding)).cloned().collect();
                    count(&certain);
                    if let Err(error) = self.act_on(certain).await {
                        warn!(
                            error = &error as &dyn std::error::Error,
                            "what the auditor found cannot be put right yet"
                        );
                    }
                    if found.is_empty() {
                        self.beat().await;
                    }
                    seen = found;
                }
                Ok(Err(error)) => {
                    warn!(error = &error as &dyn std::error::Error, "the auditor cannot look");
                }
                Err(_) => warn!("the auditor cannot look: the database did not answer in time"),
            }
        }
    }

    /// Everything that is not as it should be, now.
    async fn look(&self) -> Result<Vec<Finding>, EngineError> {
        fault::pass(Point::AuditBefore).await.map_err(StoreError::from)?;
        let mut found = Vec::new();
        let now = self.clock.now();
        let real_now = real_time();
        let mut tx = self.engine.db().read().await?;
        for (job, since) in tx.overdue_jobs(now - GRACE, real_now - UNHELD, NAMED).await? {
            found.push(Finding::Overdue { job, since });
        }
        if let Some(since) = tx.inbox_behind().await?.oldest.filter(|oldest| *oldest < now - GRACE) {
            found.push(Finding::Undigested { since });
        }
        let leases = tx.leases().await?;
        for lease in self.held {
            let until = leases.iter().find(|(name, _)| name == lease).map(|(_, until)| *until);
            if until.is_none_or(|until| until < real_now - UNHELD) {
                found.push(Finding::Unheld { lease: (*lease).to_owned() });
            }
        }
        drop(tx);
        for incident in self.engine.incidents(Listing::Open, INCIDENTS).await? {
            self.look_at(incident.id, &mut found).await?;
        }
        fault::pass(Point::AuditAfter).await.map_err(StoreError::from)?;
        Ok(found)
    }

    async fn look_at(&self, id: IncidentId, found: &mut Vec<Finding>) -> Result<(), EngineError> {
        let now = self.clock.now();
        let setup = self.engine.setup();
        let mut tx = self.engine.db().read().await?;
        let jobs = tx.standing_jobs(id).await?;
        let posts: BTreeSet<String> =
            tx.posts_of(id, &format!("{id}/")).await?.into_iter().map(|post| post.slot).collect();
        let Some(incident) = tx.incident(id).await? else { return Ok(()) };
        drop(tx);
        let has_job = |prefix: &str| jobs.range(prefix.to_owned()..).next().is_some_and(|key| key.starts_with(prefix));
        let lacks = incident.lacking(&setup.organisation, has_job, |slot| posts.contains(slot));
        for page in incident.undelivered_since(now - GRACE) {
            if !lacks.contains(&Lack::Page { page }) {
                found.push(Finding::Undelivered { incident: id, page });
            }
        }
        found.extend(lacks.into_iter().map(|lack| Finding::Lack { incident: id, lack }));
        Ok(())
    }

    /// Puts right what can be, and tells the operators of the rest.
    async fn act_on(&self, findings: Vec<Finding>) -> Result<(), EngineError> {
        let mut lacking: Vec<(IncidentId, Vec<Lack>)> = Vec::new();
        for finding in findings {
            warn!(?finding, "the auditor found something that is not as it should be");
            if let Some((key, text)) = finding.notice() {
                self.engine.tell_operators(&format!("operators/audit/{key}"), text).await?;
            }
            if let Finding::Lack { incident, lack } = finding {
                match lacking.iter_mut().find(|(id, _)| *id == incident) {
                    Some((_, lacks)) => lacks.push(lack),
                    None => lacking.push((incident, vec![lack])),
                }
            }
        }
        for (id, lacks) in lacking {
            let count = lacks.len() as u64;
            let command = Command::Repair { lacks, cause: Cause::Lost };
            self.engine.handle(id, &command, &Actor::Firebell).await?;
            metrics::counter!("firebell_audit_repairs_total").increment(count);
            info!(incident.id = %id, count, "the auditor put back what was lost");
        }
        Ok(())
    }

    async fn beat(&self) {
        metrics::gauge!("firebell_audit_well_at_seconds").set(real_time().timestamp() as f64);
        let Some(heart) = &self.heart else { return };
        match heart.beat().await {
            Ok(()) => metrics::counter!("firebell_audit_beats_total").increment(1),
            Err(reason) => warn!(reason, "the beat for the dead man's switch was not taken"),
        }
    }
}

fn count(findings: &[Finding]) {
    for kind in Finding::KINDS {
        let count = findings.iter().filter(|finding| finding.kind() == kind).count();
        metrics::gauge!("firebell_audit_findings", "kind" => kind).set(count as f64);
    }
}
