//! Evidence: what sources told of a model or its data that asks for nothing, and may explain an incident.

use chrono::Duration;

use crate::domain::Timestamp;
use crate::domain::actor::Actor;
use crate::domain::alert::Alert;
use crate::domain::id::{IncidentId, SourceName};
use crate::domain::incident::{Command, Decision, Fact, Incident};
use crate::domain::subject::Subject;
use crate::engine::EngineError;
use crate::store::Tx;
use crate::store::incident::Listing;

use super::Triager;
use super::course::{Change, Course};

/// For how long before an incident something may explain it.
const BEFORE: Duration = Duration::hours(24);
/// How many pieces of evidence are looked through when an incident is opened.
const LOOKED_THROUGH: i64 = 200;
/// How many of them an incident is opened with; the latest.
const OPENED_WITH: usize = 5;
/// How many of the latest open incidents one piece of evidence is held against.
const OPEN_INCIDENTS: i64 = 200;

impl Triager {
    /// Tells open incidents what came that is about the same.
    pub(super) async fn inform(
        &self,
        tx: &mut Tx,
        told: &[Change<'_>],
        courses: &mut [Course<'_>],
    ) -> Result<Vec<IncidentId>, EngineError> {
        let mut touched = Vec::new();
        if told.is_empty() {
            return Ok(touched);
        }
        let open = tx.incidents_page(None, Listing::Open, OPEN_INCIDENTS).await?;
        for change in told {
            let about = |incident: &&Incident| is_about(&incident.subjects, incident.service.as_deref(), change);
            let incidents: Vec<IncidentId> = open.iter().filter(about).map(|incident| incident.id).collect();
            // The newest is the one that it is kept with.
            courses[change.course].incident = incidents.first().copied();
            for id in incidents {
                let facts = vec![Fact { title: change.alert.title.clone(), at: None }];
                let source = Actor::Source(change.alert.source.clone());
                self.apply_or_retry(tx, id, &Command::Inform { facts }, &source).await?;
                touched.push(id);
            }
        }
        Ok(touched)
    }

    /// Tells incidents that were just opened what came before them and is about the same.
    pub(super) async fn recall(&mut self, tx: &mut Tx, opened: &[Decision], now: Timestamp) -> Result<(), EngineError> {
        let is_about_something = |incident: &Incident| !incident.subjects.is_empty() || incident.service.is_some();
        if self.nothing_told || !opened.iter().any(|decision| is_about_something(&decision.next)) {
            return Ok(());
        }
        let told = tx.told_since(now - BEFORE, LOOKED_THROUGH).await?;
        // Only triage adds any, and it is this one as long as it has the lease.
        self.nothing_told = told.is_empty();
        for incident in opened.iter().map(|decision| &decision.next) {
            let mut facts: Vec<(SourceName, Fact)> = told
                .iter()
                .filter(|told| {
                    shares(&incident.subjects, &Subject::from_labels(&told.alert.labels))
                        || same_service(incident.service.as_deref(), &told.alert)
                })
                .take(OPENED_WITH)
                .map(|told| {
                    (told.alert.source.clone(), Fact { title: told.alert.title.clone(), at: Some(told.last_at) })
                })
                .collect();
            facts.reverse();
            for (source, fact) in facts {
                let command = Command::Inform { facts: vec![fact] };
                self.apply_or_retry(tx, incident.id, &command, &Actor::Source(source)).await?;
            }
        }
        Ok(())
    }
}

fn is_about(subjects: &[Subject], service: Option<&str>, change: &Change<'_>) -> bool {
    shares(subjects, &change.verdict.subjects) || same_service(service, change.alert)
}

/// Whether both name the same thing, whatever its version: a new version is what explains most.
fn shares(these: &[Subject], those: &[Subject]) -> bool {
    these.iter().any(|this| those.iter().any(|that| (this.kind, &this.name) == (that.kind, &that.name)))
}

fn same_service(service: Option<&str>, alert: &Alert) -> bool {
    service.is_some() && service == alert.service.as_deref()
}
