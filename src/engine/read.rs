//! What people and cards read of incidents.

use crate::domain::Timestamp;
use crate::domain::alert::Alert;
use crate::domain::id::{EntryNumber, IncidentId, PersonId, Snowflake, UpdateNumber};
use crate::domain::incident::{Incident, Room};
use crate::domain::timeline::Entry;
use crate::engine::{Engine, EngineError};
use crate::store::incident::Listing;
use crate::store::post::Post;
use crate::store::tally::Tally;
use crate::store::{StoreError, Tx};

/// How many alerts a card reads for its links.
const ALERTS_ON_A_CARD: i64 = 5;
/// How many of the things that were given up a card reads.
const UNDONE_ON_A_CARD: i64 = 5;

/// All that an incident's card and announcement show.
#[derive(Debug, Clone)]
pub struct CardSource {
    /// The incident.
    pub incident: Incident,
    /// Its alerts.
    pub alerts: Alerts,
    /// Where it is announced.
    pub announcement: Option<Post>,
    /// Where its published updates stand outside the room.
    pub publications: Vec<(UpdateNumber, Post)>,
    /// What was decided and given up.
    pub undone: Vec<Entry>,
}

/// All that a page shows.
#[derive(Debug, Clone)]
pub struct PageSource {
    /// The incident.
    pub incident: Incident,
    /// Its alerts.
    pub alerts: Alerts,
}

/// What is shown of an incident's alerts.
#[derive(Debug, Clone, Default)]
pub struct Alerts {
    /// How many there are.
    pub tally: Tally,
    /// Where the first of them say to look.
    pub links: Vec<String>,
}

impl Alerts {
    /// Alerts counted so, the first of which are these.
    pub fn new<'a>(tally: Tally, first: impl IntoIterator<Item = &'a Alert>) -> Self {
        let mut links = Vec::new();
        for link in first.into_iter().take(ALERTS_ON_A_CARD as usize).flat_map(|alert| &alert.links) {
            if !links.contains(link) {
                links.push(link.clone());
            }
        }
        Self { tally, links }
    }
}

impl Engine {
    /// An incident with all that belongs to it.
    pub async fn incident(&self, id: IncidentId) -> Result<Incident, EngineError> {
        let mut tx = self.db().read().await?;
        tx.incident(id).await?.ok_or(EngineError::NoSuchIncident(id))
    }

    /// The incident that is worked on in a channel or thread.
    pub async fn incident_of_room(&self, channel: Snowflake) -> Result<Option<IncidentId>, EngineError> {
        Ok(self.db().read().await?.incident_of_room(channel).await?)
    }

    /// The incidents in which a person was called and may still answer.
    pub async fn incidents_paging(&self, person: &PersonId) -> Result<Vec<IncidentId>, EngineError> {
        Ok(self.db().read().await?.incidents_paging(person).await?)
    }

    /// Incidents, the newest first, without what belongs to them.
    pub async fn incidents(&self, listing: Listing, limit: i64) -> Result<Vec<Incident>, EngineError> {
        Ok(self.db().read().await?.incidents_page(None, listing, limit).await?)
    }

    /// What an incident's pages show.
    pub async fn page_source(&self, id: IncidentId) -> Result<PageSource, EngineError> {
        let mut tx = self.db().read().await?;
        let incident = tx.incident(id).await?.ok_or(EngineError::NoSuchIncident(id))?;
        Ok(PageSource { incident, alerts: alerts_of(&mut tx, id).await? })
    }

    /// What an incident's card shows.
    pub async fn card(&self, id: IncidentId) -> Result<CardSource, EngineError> {
        let mut tx = self.db().read().await?;
        let incident = tx.incident(id).await?.ok_or(EngineError::NoSuchIncident(id))?;
        let mut publications = Vec::new();
        for update in incident.updates.iter().filter(|update| update.published_at.is_some()) {
            let posts = tx.posts_of(id, &format!("{id}/publish/{}/", update.number)).await?;
            let outside = posts.into_iter().find(|post| !post.slot.contains("/room/"));
            publications.extend(outside.map(|post| (update.number, post)));
        }
        Ok(CardSource {
            incident,
            publications,
            undone: tx.timeline_of_kind(id, "undone", UNDONE_ON_A_CARD).await?,
            alerts: alerts_of(&mut tx, id).await?,
            announcement: tx.post(&format!("{id}/announcement")).await?,
        })
    }

    /// An incident's timeline, in the order in which it was recorded.
    pub async fn timeline(&self, id: IncidentId) -> Result<Vec<Entry>, EngineError> {
        Ok(self.db().read().await?.timeline(id).await?)
    }

    /// Where something of ours stands in Discord.
    pub async fn post(&self, slot: &str) -> Result<Option<Post>, EngineError> {
        Ok(self.db().read().await?.post(slot).await?)
    }

    /// What a message is of, if it is one of ours that is kept.
    pub async fn post_by_message(&self, message: Snowflake) -> Result<Option<Post>, EngineError> {
        Ok(self.db().read().await?.post_by_message(message).await?)
    }

    /// Keeps where something of ours stands, apart from any decision.
    pub async fn bind_post(&self, incident: Option<IncidentId>, post: &Post) -> Result<(), EngineError> {
        let mut tx = self.db().begin().await?;
        tx.bind_post(incident, post).await?;
        Ok(tx.commit().await?)
    }

    /// Forgets a message that is gone.
    pub async fn forget_post(&self, post: &Post) -> Result<(), EngineError> {
        let mut tx = self.db().begin().await?;
        tx.forget_post(&post.slot, post.message).await?;
        Ok(tx.commit().await?)
    }

    /// What stands of an incident.
    pub async fn posts(&self, id: IncidentId) -> Result<Vec<Post>, EngineError> {
        Ok(self.db().read().await?.posts_of(id, &format!("{id}/")).await?)
    }

    /// The last report to the room.
    pub async fn last_report(&self, id: IncidentId) -> Result<Option<Entry>, EngineError> {
        Ok(self.db().read().await?.timeline_of_kind(id, "reported", 1).await?.into_iter().next())
    }

    /// An incident's room, and the entries `from ..= to` of its timeline.
    pub async fn room_and_entries(
        &self,
        id: IncidentId,
        from: EntryNumber,
        to: EntryNumber,
    ) -> Result<(Option<Room>, Vec<Entry>), EngineError> {
        let mut tx = self.db().read().await?;
        let incident = tx.incident(id).await?.ok_or(EngineError::NoSuchIncident(id))?;
        Ok((incident.room, tx.timeline_between(id, from, to).await?))
    }

    /// How many jobs could be claimed at `now`, or are under way; there is nothing to do now when there are none.
    pub async fn open_jobs(&self, now: Timestamp) -> Result<i64, EngineError> {
        Ok(self.db().read().await?.open_jobs(now).await?)
    }
}

async fn alerts_of(tx: &mut Tx, id: IncidentId) -> Result<Alerts, StoreError> {
    let tally = tx.tally_of(id).await?;
    let first = tx.alerts_of(id, ALERTS_ON_A_CARD).await?;
    Ok(Alerts::new(tally, first.iter().map(|counted| &counted.alert)))
}
