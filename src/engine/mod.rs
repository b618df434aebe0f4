//! Load, decide, commit: state, timeline and jobs of a decision land together or not at all.
//!
//! The engine *writes* effects; it never performs one.

mod commit;
mod desk;
mod heartbeat;
mod read;
pub mod triage;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::Duration;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::domain::Timestamp;
use crate::domain::actor::Actor;
use crate::domain::effect::Effect;
use crate::domain::id::{AudienceName, IncidentId, SourceName};
use crate::domain::incident::{Command, Decision, Incident, Opening, Refusal};
use crate::domain::organisation::Organisation;
use crate::domain::timeline::Event;
use crate::domain::triage::Triage;
use crate::fault::{self, Point};
use crate::render::Renderer;
use crate::store::{Db, StoreError, Tx};

pub use crate::store::incident::Listing;
pub use desk::{Desk, Handed};
pub use read::{Alerts, CardSource, PageSource};

/// How many times a decision is made again because another was committed first.
const MAX_CONFLICTS: usize = 20;
/// How many incidents are opened, or written, before others have their turn: about half a millisecond.
const OPENED_AT_ONCE: usize = 8;

/// What the configuration says that decisions need; replaced whole when it is reloaded.
#[derive(Debug)]
pub struct Setup {
    /// People, teams, rotas and the rest.
    pub organisation: Organisation,
    /// The rules of triage.
    pub triage: Triage,
    /// How often at least the sources call that must.
    pub heartbeats: BTreeMap<SourceName, Duration>,
}

/// Why a command came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// It was refused; the one who gave it is told.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// There is no such incident.
    #[error("there is no {0}")]
    NoSuchIncident(IncidentId),
    /// The database could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Others changed the incident again and again meanwhile.
    #[error("{0} is being changed by too many at once")]
    TooBusy(IncidentId),
}

impl EngineError {
    /// Whether somebody else was faster, and the same is to be decided anew.
    pub fn is_overtaken(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_overtaken())
    }

    /// Whether the same may succeed in a moment.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Store(error) => error.is_transient(),
            Self::TooBusy(_) => true,
            Self::Refused(_) | Self::NoSuchIncident(_) => false,
        }
    }
}

/// Decides and commits. Clones share one.
#[derive(Clone)]
pub struct Engine {
    db: Db,
    clock: Clock,
    setup: watch::Receiver<Arc<Setup>>,
    jobs: watch::Sender<()>,
    desk: Desk,
}

/// An incident that is opened.
#[derive(Debug, Clone, Copy)]
pub struct NewIncident<'a> {
    /// What of.
    pub opening: &'a Opening,
    /// By whom.
    pub actor: &'a Actor,
    /// All its alerts: none, where a person opens it.
    pub alerts: &'a Alerts,
}

impl Engine {
    /// An engine on `db`, by `setup` as it is at each decision.
    pub fn new(db: Db, clock: Clock, setup: watch::Receiver<Arc<Setup>>) -> Self {
        Self { db, clock, setup, jobs: watch::Sender::new(()), desk: Desk::default() }
    }

    /// The same engine over a connection of its own, whose caches what it does again and again finds warm.
    pub fn apart(&self) -> Self {
        Self { db: self.db.apart(), ..self.clone() }
    }

    /// The configuration as it is now.
    pub fn setup(&self) -> Arc<Setup> {
        self.setup.borrow().clone()
    }

    /// Now, by the clock that decisions are made by.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Changes whenever jobs were queued.
    pub fn jobs_queued(&self) -> watch::Receiver<()> {
        self.jobs.subscribe()
    }

    /// Says that jobs were queued, after their commit.
    pub fn announce_jobs(&self) {
        self.jobs.send_replace(());
    }

    /// Where this process takes up jobs as they are decided.
    pub fn desk(&self) -> &Desk {
        &self.desk
    }

    /// Opens an incident.
    pub async fn open(&self, opening: &Opening, actor: &Actor) -> Result<Decision, EngineError> {
        let mut tx = self.db.begin().await?;
        let decision = self.open_within(&mut tx, opening, actor).await?;
        tx.commit().await?;
        self.announce_jobs();
        Ok(decision)
    }

    /// Opens an incident within a transaction.
    pub async fn open_within(&self, tx: &mut Tx, opening: &Opening, actor: &Actor) -> Result<Decision, StoreError> {
        let first = tx.next_incident_id().await?;
        let alerts = Alerts::default();
        let mut decisions = self.open_from(tx, first, &[NewIncident { opening, actor, alerts: &alerts }]).await?;
        Ok(decisions.remove(0))
    }

    /// Opens incidents within a transaction, all of them in a few statements; in their order. Their numbers follow `last`,
    /// unless others were given since: then the transaction [is overtaken](StoreError::is_overtaken).
    pub async fn open_after(
        &self,
        tx: &mut Tx,
        last: IncidentId,
        openings: &[NewIncident<'_>],
    ) -> Result<Vec<Decision>, StoreError> {
        tx.take_incident_ids(last, openings.len()).await?;
        self.open_from(tx, IncidentId(last.0 + 1), openings).await
    }

    async fn open_from(
        &self,
        tx: &mut Tx,
        first: IncidentId,
        openings: &[NewIncident<'_>],
    ) -> Result<Vec<Decision>, StoreError> {
        let setup = self.setup();
        let now = self.now();
        let numbers = (first.0..).map(IncidentId);
        let mut decisions = Vec::with_capacity(openings.len());
        for (new, id) in openings.iter().zip(numbers) {
            decisions.push(Incident::open(id, new.opening, new.actor, &setup.organisation, now));
            give_way(decisions.len()).await;
        }
        let alerts: Vec<&Alerts> = openings.iter().map(|new| new.alerts).collect();
        self.keep_opened(tx, &decisions, &alerts, now).await?;
        Ok(decisions)
    }

    /// Applies a command to an incident and commits what comes of it.
    pub async fn handle(&self, id: IncidentId, command: &Command, actor: &Actor) -> Result<Decision, EngineError> {
        for _ in 0..MAX_CONFLICTS {
            match self.handle_once(id, command, actor).await {
                // Decide again on what the other wrote.
                Err(error) if error.is_overtaken() => (),
                handled => return handled,
            }
        }
        Err(EngineError::TooBusy(id))
    }

    async fn handle_once(&self, id: IncidentId, command: &Command, actor: &Actor) -> Result<Decision, EngineError> {
        let mut tx = self.db.begin().await?;
        let decision = self.apply(&mut tx, id, command, actor).await?;
        fault::pass(Point::DecisionBefore).await.map_err(StoreError::from)?;
        tx.commit().await?;
        fault::pass(Point::DecisionAfter).await.map_err(StoreError::from)?;
        self.announce_jobs();
        Ok(decision)
    }

    /// Applies a command to an incident within a transaction, which [is overtaken](StoreError::is_overtaken) where another
    /// decision is committed first.
    pub async fn apply(
        &self,
        tx: &mut Tx,
        id: IncidentId,
        command: &Command,
        actor: &Actor,
    ) -> Result<Decision, EngineError> {
        let incident = tx.incident(id).await?.ok_or(EngineError::NoSuchIncident(id))?;
        self.apply_to(tx, &incident, command, actor).await
    }

    /// The same to an incident as it was read before the transaction began.
    pub async fn apply_to(
        &self,
        tx: &mut Tx,
        incident: &Incident,
        command: &Command,
        actor: &Actor,
    ) -> Result<Decision, EngineError> {
        let setup = self.setup();
        let now = self.now();
        let decision = incident.decide(command, actor, &setup.organisation, now)?;
        self.keep(tx, incident, &decision, now).await?;
        Ok(decision)
    }

    /// Keeps what somebody is about to declare, until the button is pressed.
    pub async fn propose(&self, draft: &str, opening: &Opening) -> Result<(), EngineError> {
        let mut tx = self.db.begin().await?;
        tx.keep_declaration(draft, opening, self.now()).await?;
        Ok(tx.commit().await?)
    }

    /// Opens what was proposed, once: `Err` holds the incident that it became before. `None`: it is not kept any more.
    pub async fn declare(
        &self,
        draft: &str,
        actor: &Actor,
    ) -> Result<Option<Result<Decision, IncidentId>>, EngineError> {
        let mut tx = self.db.begin().await?;
        let Some(declaration) = tx.declaration(draft).await? else { return Ok(None) };
        if let Some(incident) = declaration.incident {
            return Ok(Some(Err(incident)));
        }
        let decision = self.open_within(&mut tx, &declaration.opening, actor).await?;
        if !tx.declaration_became(draft, decision.next.id).await? {
            // Pressed twice at once: the other one opened it.
            tx.rollback();
            let became = self.db.read().await?.declaration(draft).await?.and_then(|other| other.incident);
            return Ok(became.map(Err));
        }
        tx.commit().await?;
        self.announce_jobs();
        Ok(Some(Ok(decision)))
    }

    /// Drafts updates for `audience`, or for all, from the templates of the incident's phase.
    pub async fn draft(
        &self,
        id: IncidentId,
        audience: Option<&AudienceName>,
        renderer: &Renderer,
        actor: &Actor,
    ) -> Result<Decision, EngineError> {
        let setup = self.setup();
        let mut tx = self.db.read().await?;
        let incident = tx.incident(id).await?.ok_or(EngineError::NoSuchIncident(id))?;
        let reports = tx.timeline_of_kind(id, "reported", 1).await?;
        drop(tx);
        let last_report = reports.iter().find_map(|entry| match &entry.event {
            Event::Reported { report } => Some(report),
            _ => None,
        });
        let organisation = &setup.organisation;
        let mut texts: Vec<_> = organisation
            .audiences
            .iter()
            .filter(|(name, _)| audience.is_none_or(|wanted| wanted == *name))
            .map(|(name, audience)| {
                let text = renderer.update_text(audience, &incident, last_report, organisation, self.now());
                (audience.external, name.clone(), text)
            })
            .collect();
        // Those in the house first.
        texts.sort_by_key(|(external, ..)| *external);
        let texts = texts.into_iter().map(|(_, name, text)| (name, text)).collect();
        self.handle(id, &Command::Draft { texts }, actor).await
    }

    /// Tells the operators something, once for each `key`.
    pub async fn tell_operators(&self, key: &str, text: String) -> Result<(), StoreError> {
        let now = self.now();
        let mut tx = self.db.begin().await?;
        tx.add_job(None, key, &Effect::TellOperators { text }, now, now).await?;
        tx.commit().await?;
        self.announce_jobs();
        Ok(())
    }

    /// The database, for those that the dependency table lets use the store.
    pub fn db(&self) -> &Db {
        &self.db
    }
}

/// Lets others have their turn now and then while many incidents are opened: who waits for an answer does not wait for
/// all of them.
async fn give_way(opened: usize) {
    if opened.is_multiple_of(OPENED_AT_ONCE) {
        tokio::task::yield_now().await;
    }
}
