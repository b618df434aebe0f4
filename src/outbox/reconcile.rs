//! Compares what should stand in Discord with what does, and puts right what people deleted.
//!
//! Done whenever the gateway connects, whenever the guild tells of a change that may matter, and now and then. What was
//! refused is tried anew, since what refused it may have changed.

use chrono::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::discord::{Chat, ChatError};
use crate::domain::actor::Actor;
use crate::domain::id::{IncidentId, Snowflake};
use crate::domain::incident::{Cause, Command, Incident, Lack};
use crate::engine::{EngineError, Listing};
use crate::fault::{self, Point};
use crate::outbox::Outbox;
use crate::store::post::Post;

/// How often it is done while nothing calls for it: what is deleted by hand without a word of the gateway is found so.
const EVERY: std::time::Duration = std::time::Duration::from_secs(600);
/// How old what was refused may be to be tried anew.
const TRIED_ANEW: Duration = Duration::days(1);
/// How many refused jobs are tried anew at once.
const REVIVED_AT_ONCE: i64 = 200;
/// How many incidents are looked at; more are never open at once by any sane account.
const INCIDENTS: i64 = 500;

/// Why nothing could be compared.
#[derive(Debug, thiserror::Error)]
enum Unreconciled {
    #[error("Discord cannot be asked: {0}")]
    Chat(#[from] ChatError),
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl Outbox {
    /// Reconciles whenever `called` changes, and now and then, until `stop`. `lacking` says what the bot lacks in its
    /// guild.
    pub async fn reconcile(
        self,
        mut called: watch::Receiver<u64>,
        lacking: watch::Sender<Vec<String>>,
        stop: CancellationToken,
    ) {
        let Some(chat) = self.chat.clone() else { return };
        // Before the gateway is connected there is nothing to compare.
        while !stop.is_cancelled() {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(EVERY) => (),
                Ok(()) = called.changed() => (),
            }
            self.look_for_permissions(&chat, &lacking).await;
            if let Err(error) = self.reconcile_once(&chat).await {
                warn!(
                    error = &error as &dyn std::error::Error,
                    "Discord cannot be compared with what should stand there"
                );
            }
        }
    }

    async fn look_for_permissions(&self, chat: &Chat, lacking: &watch::Sender<Vec<String>>) {
        let places = self.places();
        let found = chat.lacking(places.category, places.announcements, places.operators).await;
        let Some(found) = found else { return };
        if *lacking.borrow() == found {
            return;
        }
        lacking.send_replace(found.clone());
        if found.is_empty() {
            info!("the bot has all that it needs in its server");
            return;
        }
        warn!(lacking = found.join("; "), "the bot lacks something in its server");
        let key = format!("operators/lacking/{}", self.clock.now().timestamp_micros());
        let text = format!("something is missing in this server, see `firebell doctor`: {}", found.join(" · "));
        if let Err(error) = self.engine.tell_operators(&key, text).await {
            warn!(error = &error as &dyn std::error::Error, "the operators cannot be told");
        }
    }

    async fn reconcile_once(&self, chat: &Chat) -> Result<(), Unreconciled> {
        fault::pass(Point::ReconcileBefore).await.map_err(|fault| EngineError::Store(fault.into()))?;
        self.try_anew().await?;
        for incident in self.engine.incidents(Listing::Open, INCIDENTS).await? {
            let lacks = match self.missing_of(chat, incident.id).await {
                Ok(lacks) if lacks.is_empty() => continue,
                Ok(lacks) => lacks,
                // One that may not be looked at keeps nobody from looking at the others.
                Err(Unreconciled::Chat(ChatError::Refused { .. })) => continue,
                Err(error) => return Err(error),
            };
            warn!(incident.id = %incident.id, ?lacks, "something of an incident is gone from Discord");
            let command = Command::Repair { lacks, cause: Cause::Deleted };
            self.engine.handle(incident.id, &command, &Actor::Firebell).await?;
        }
        fault::pass(Point::ReconcileAfter).await.map_err(|fault| EngineError::Store(fault.into()))?;
        Ok(())
    }

    /// What waits to be tried again is tried now, and so is what was refused.
    async fn try_anew(&self) -> Result<(), EngineError> {
        let now = self.clock.now();
        let mut tx = self.engine.db().begin().await?;
        let hurried = tx.hurry_jobs(now).await?;
        let revived = tx.revive_jobs(now - TRIED_ANEW, now, REVIVED_AT_ONCE).await?;
        tx.commit().await?;
        if 0 < hurried + revived as u64 {
            info!(hurried, revived, "what waited for Discord, or was refused, is tried again");
            self.engine.announce_jobs();
        }
        Ok(())
    }

    /// What of an incident should stand in Discord and does not. What was never posted is the outbox's to post.
    async fn missing_of(&self, chat: &Chat, id: IncidentId) -> Result<Vec<Lack>, Unreconciled> {
        let incident = self.engine.incident(id).await?;
        if let Some(room) = &incident.room
            && !chat.has_channel(room.channel).await?
        {
            return Ok(vec![Lack::RoomGone { channel: room.channel }]);
        }
        let mut lacks = Vec::new();
        for post in self.engine.posts(id).await? {
            let Some(lack) = lack_of(&incident, &post) else { continue };
            if !chat.has_message(post.channel, post.message).await? {
                lacks.push(lack);
            }
        }
        Ok(lacks)
    }
}

/// What would be missing if this message were gone; `None` where nobody needs it any more.
fn lack_of(incident: &Incident, post: &Post) -> Option<Lack> {
    let slot = post.slot.strip_prefix(&format!("{}/", incident.id))?;
    let message: Snowflake = post.message;
    if slot == "announcement" {
        return Some(Lack::Announcement { message: Some(message) });
    }
    if slot == "card" {
        return Some(Lack::Card { message: Some(message) });
    }
    for page in incident.pages.iter().filter(|page| page.is_open()) {
        if slot == format!("page/{}/room", page.number) {
            return Some(Lack::Mention { page: page.number, message });
        }
    }
    for update in incident.updates.iter().filter(|update| update.is_open()) {
        if slot == format!("draft/{}", update.number) {
            return Some(Lack::Draft { update: update.number, message });
        }
    }
    None
}
