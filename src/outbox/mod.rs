//! Carries out what was decided: claim by lease, perform, settle.
//!
//! A crash at any point leaves a job to its lease; whoever claims it then looks first whether it was done already.

mod draw;
mod edits;
mod hands;
mod page;
mod perform;
mod reconcile;
mod settle;

use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::clock::{Clock, real_time};
use crate::discord::Chat;
use crate::domain::Timestamp;
use crate::domain::actor::Actor;
use crate::domain::effect::{Effect, Performer};
use crate::domain::id::{IncidentId, Snowflake};
use crate::domain::incident::Command;
use crate::engine::{Engine, EngineError};
use crate::fault::{self, Point};
use crate::render::Renderer;
use crate::store::job::{Claim, Ending, Job};
use crate::store::{StoreError, Tx};
use edits::Edits;
use hands::Hands;
use page::DrawnPage;
use settle::{Outcome, Settlement, settle};

/// How often a worker looks for jobs that other processes queued, or whose time came.
const POLL: std::time::Duration = std::time::Duration::from_millis(250);
/// How long after jobs were queued they are looked for, but timers, so that what came over the desk is ahead of them, and in
/// a storm one claim serves many commits.
const BREATH: std::time::Duration = std::time::Duration::from_millis(5);
/// How long at most where that takes long: while much waits in its lanes, each look goes through all of it.
const LONG_BREATH: std::time::Duration = std::time::Duration::from_millis(100);
/// How many times as long as a look that is.
const BREATH_FOR_LOOK: u32 = 9;
/// How long after jobs were queued timers are looked for, unless more were due than there were hands: nearly all of them were
/// queued for a time to come, and who looks after each commit looks in vain.
const BREATH_OF_TIMERS: std::time::Duration = std::time::Duration::from_millis(100);
/// How long claiming may take; a database that does not answer at all must not hold a worker for ever.
const CLAIM: std::time::Duration = std::time::Duration::from_secs(10);
/// How far apart edits of one message are at least.
pub const EDITS_APART: std::time::Duration = std::time::Duration::from_secs(1);
/// How long a worker waits after the database failed it.
const AFTER_FAILURE: std::time::Duration = std::time::Duration::from_secs(1);

/// Where in the guild things are said.
#[derive(Debug, Clone, Copy)]
pub struct Places {
    /// The category in which rooms are made.
    pub category: Option<Snowflake>,
    /// The channel where incidents are announced.
    pub announcements: Snowflake,
    /// The operators' channel.
    pub operators: Snowflake,
}

/// Carries jobs out. Clones share everything.
#[derive(Clone)]
pub struct Outbox {
    engine: Engine,
    clock: Clock,
    chat: Option<Chat>,
    renderer: Arc<Renderer>,
    places: watch::Receiver<Places>,
    holder: Arc<str>,
    lease: std::time::Duration,
    edits: Edits,
}

impl Outbox {
    /// An outbox that claims as `holder`, which no other process is called, for `lease`, which it renews. Without a
    /// chat it performs timers only.
    pub fn new(
        engine: Engine,
        clock: Clock,
        chat: Option<Chat>,
        renderer: Arc<Renderer>,
        places: watch::Receiver<Places>,
        holder: &str,
        lease: std::time::Duration,
    ) -> Self {
        Self { engine, clock, chat, renderer, places, holder: holder.into(), lease, edits: Edits::new(EDITS_APART) }
    }

    /// The same, with edits of one message at least so far apart.
    pub fn with_edits_apart(self, apart: std::time::Duration) -> Self {
        Self { edits: Edits::new(apart), ..self }
    }

    /// Works until `stop`, and then to the end of what is under way. Pages, chat and timers each have their own loop,
    /// so that none waits for another.
    pub async fn run(self, performer: Performer, stop: CancellationToken) {
        let mut queued = self.engine.jobs_queued();
        let mut moved = self.clock.moves();
        let mut hands = Hands::new(self.clone());
        let mut latest = None;
        while !stop.is_cancelled() {
            queued.mark_unchanged();
            moved.mark_unchanged();
            let (free, began) = (hands.free(), std::time::Instant::now());
            let claimed = if free == 0 {
                Ok(Vec::new())
            } else {
                let claimed = tokio::time::timeout(CLAIM, self.claim(performer, free, &mut latest)).await;
                claimed.unwrap_or(Err(EngineError::Store(StoreError::TooSlow)))
            };
            // Pages and timers have no lanes: a look at them takes long only where others write.
            let longest = if performer == Performer::Chat { LONG_BREATH } else { BREATH };
            let breath = (began.elapsed() * BREATH_FOR_LOOK).clamp(BREATH, longest);
            let mut may_be_more = free == 0;
            let wait = match claimed {
                Ok(jobs) => {
                    may_be_more |= jobs.len() == free;
                    for job in jobs {
                        // There are as many as were free; only this loop takes them.
                        if let Ok(slot) = hands.slots().acquire_owned().await {
                            hands.take(job, slot);
                        }
                    }
                    POLL
                }
                Err(error) => {
                    warn!(error = &error as &dyn std::error::Error, "jobs cannot be claimed");
                    AFTER_FAILURE
                }
            };
            let after_queued = if performer == Performer::Clock && !may_be_more { BREATH_OF_TIMERS } else { breath };
            tokio::select! {
                () = stop.cancelled() => (),
                () = tokio::time::sleep(wait) => (),
                _ = queued.changed() => tokio::time::sleep(after_queued).await,
                () = hands.one_ended() => tokio::time::sleep(breath).await,
                _ = moved.changed() => (),
            }
        }
        hands.end().await;
    }

    /// Carries out, until `stop`, what this process decides and has to be done at once: it comes over the engine's desk
    /// right after its commit, claimed already.
    pub async fn attend(self, stop: CancellationToken) {
        let mut hands = Hands::new(self.clone());
        let desk = self.engine.desk();
        let mut handed = desk.sit(&self.holder, self.lease, &hands.slots());
        while let Some(handed) = tokio::select! {
            handed = handed.recv() => handed,
            () = stop.cancelled() => None,
        } {
            hands.prepare(handed);
        }
        desk.leave();
        // To the last of what was being decided meanwhile. What comes later than its lease lasts is claimed again.
        while let Ok(Some(handed)) = tokio::time::timeout(self.lease, handed.recv()).await {
            hands.prepare(handed);
        }
        hands.end().await;
    }

    fn claim_of(&self) -> Claim<'_> {
        Claim::new(&self.holder, self.lease, real_time())
    }

    /// Claims jobs. `latest` is when it was done last: a clock that was set back since, or perhaps while nobody ran, holds
    /// nothing up.
    async fn claim(
        &self,
        performer: Performer,
        limit: usize,
        latest: &mut Option<Timestamp>,
    ) -> Result<Vec<Job>, EngineError> {
        let now = self.clock.now();
        let db = self.engine.db();
        if latest.is_none_or(|latest| now < latest) {
            let mut tx = db.begin().await?;
            let due = tx.set_jobs_back(now).await?;
            tx.commit().await?;
            if 0 < due {
                warn!(jobs = due, "the clock was set back: what was due before is due now");
            }
            *latest = Some(now);
        }
        let claimable = db.claimable_jobs(performer, &self.claim_of(), now, limit).await?;
        if claimable.is_empty() {
            *latest = Some(now);
            return Ok(Vec::new());
        }
        let mut tx = db.begin().await?;
        let jobs = tx.claim_jobs(claimable, &self.claim_of(), now).await?;
        fault::pass(Point::ClaimBefore).await.map_err(StoreError::from)?;
        tx.commit().await?;
        fault::pass(Point::ClaimAfter).await.map_err(StoreError::from)?;
        *latest = Some(now);
        Ok(jobs)
    }

    /// Carries a job out. `drawn` is what it shows, where that is drawn already.
    async fn carry_out(&self, job: Job, drawn: Option<DrawnPage>) {
        let performed = if settle::MAX_ATTEMPTS < job.attempts {
            // It was never settled: whatever it is that keeps it from being, it ends here.
            Ok(Outcome::Rejected { trouble: "it could not be settled".to_owned(), report: None })
        } else {
            self.perform(&job, drawn).await
        };
        let outcome = match performed {
            Ok(outcome) => outcome,
            Err(error) if error.is_transient() => Outcome::Retry { after: None, trouble: error.to_string() },
            Err(error) => Outcome::Rejected { trouble: error.to_string(), report: None },
        };
        debug!(?outcome, "performed");
        let first = job.first_attempt_at.unwrap_or(job.due_at);
        let settlement = settle(outcome, job.effect.promise(), job.attempts, first, self.clock.now());
        let aside = matches!(settlement, Settlement::RunAgain { .. }) && self.steps_aside(&job).await;
        // What was done must be recorded, or it is looked for again after the lease.
        loop {
            match self.record(&job, &settlement, aside).await {
                Ok(()) => return,
                Err(error) if error.is_transient() && job.attempts <= settle::MAX_ATTEMPTS => {
                    warn!(error = &error as &dyn std::error::Error, "a job cannot be settled yet");
                    tokio::time::sleep(AFTER_FAILURE).await;
                }
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "a job cannot be settled");
                    return;
                }
            }
        }
    }

    /// Whether a job lets those behind it in its lane go on: it failed again and again, though Discord answers. Nothing is
    /// given up by it, and nothing waits a day for one message that Discord does not like.
    async fn steps_aside(&self, job: &Job) -> bool {
        let Some(chat) = &self.chat else { return false };
        let aside =
            settle::STUBBORN <= job.attempts && job.effect.performer() == Performer::Chat && chat.answers().await;
        if aside {
            warn!("a job lets those behind it go on, and is tried by itself");
        }
        aside
    }

    /// Settles a job: its state, what stands where, and what the incident learns, in one transaction.
    async fn record(&self, job: &Job, settlement: &Settlement, aside: bool) -> Result<(), EngineError> {
        let now = self.clock.now();
        let mut tx = self.engine.db().begin().await?;
        let (held, report) = match settlement {
            Settlement::Finish { posts, report } => {
                for post in posts {
                    fault::pass(Point::BindingBefore).await.map_err(StoreError::from)?;
                    tx.bind_post(job.incident, post).await?;
                    fault::pass(Point::BindingAfter).await.map_err(StoreError::from)?;
                }
                let held = tx.finish_job(job.id, Ending::Done, None, &self.holder, now).await?;
                (held, report.clone())
            }
            Settlement::RunAgain { at, trouble } => {
                (tx.run_job_again(job.id, *at, trouble.clone(), aside, &self.holder).await?, None)
            }
            Settlement::Bury { trouble, report } => {
                warn!(trouble, "a job is given up");
                let held = tx.finish_job(job.id, Ending::Buried, Some(trouble.clone()), &self.holder, now).await?;
                let plain = match &job.effect {
                    // What the incident would be told may be what cannot be kept.
                    _ if settle::MAX_ATTEMPTS < job.attempts => None,
                    // It was tried anew, and refused for the reason that everybody was told before.
                    _ if job.trouble.as_ref() == Some(trouble) => None,
                    // Telling the operators that they cannot be told would go on for ever.
                    Effect::TellOperators { .. } => None,
                    // A text that was refused is a person's to look after, as one in doubt is.
                    Effect::Publish { update, sink, .. } => Some(Command::PublicationDoubtful {
                        update: *update,
                        sink: sink.clone(),
                        trouble: trouble.clone(),
                    }),
                    effect => Some(Command::Undone { what: deed(effect).to_owned(), trouble: trouble.clone() }),
                };
                (held, report.clone().or(plain))
            }
            Settlement::Doubt { trouble } => {
                let held = tx.finish_job(job.id, Ending::Buried, Some(trouble.clone()), &self.holder, now).await?;
                let report = match &job.effect {
                    Effect::Publish { update, sink, .. } => Some(Command::PublicationDoubtful {
                        update: *update,
                        sink: sink.clone(),
                        trouble: trouble.clone(),
                    }),
                    _ => None,
                };
                (held, report)
            }
        };
        let told = match (job.incident, report) {
            (Some(incident), Some(command)) if held => self.tell(&mut tx, incident, &command).await?,
            _ => false,
        };
        fault::pass(Point::SettleBefore).await.map_err(StoreError::from)?;
        tx.commit().await?;
        fault::pass(Point::SettleAfter).await.map_err(StoreError::from)?;
        if told {
            self.engine.announce_jobs();
        }
        Ok(())
    }

    /// Tells an incident what became of its job; whether anything came of that.
    async fn tell(&self, tx: &mut Tx, incident: IncidentId, command: &Command) -> Result<bool, EngineError> {
        match self.engine.apply(tx, incident, command, &Actor::Firebell).await {
            Ok(decision) => Ok(!decision.is_nothing()),
            // It came too late to matter.
            Err(EngineError::Refused(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// What an effect does, for whoever is told that it was not done.
fn deed(effect: &Effect) -> &'static str {
    match effect {
        Effect::Announce => "the announcement",
        Effect::OpenRoom { .. } => "the room",
        Effect::DrawCard => "the card",
        Effect::Say { .. } | Effect::SayAlerts { .. } => "a line in the room",
        Effect::Ask { .. } => "a question in the room",
        Effect::PageDirectly { .. } => "a page by direct message",
        Effect::PageInRoom { .. } => "a page in the room",
        Effect::ClosePage { .. } => "closing a page",
        Effect::Escalate { .. } => "the next step of an escalation",
        Effect::RaiseAlarm { .. } => "the alarm that nobody answered",
        Effect::ShowDraft { .. } => "the card of a draft",
        Effect::Publish { .. } => "the publication of an update",
        Effect::RemindUpdate { .. } => "the reminder that an update is due",
        Effect::ExpectBeat { .. } => "the look at a heartbeat",
        Effect::TellOperators { .. } => "a word to the operators",
    }
}
