//! Calling people: pages by direct message and in the room, what became of them, and the alarm that nobody answered.

use crate::discord::{ChatError, Trouble};
use crate::domain::effect::{Effect, Place};
use crate::domain::id::{EscalationNumber, IncidentId, PageNumber};
use crate::domain::incident::Command;
use crate::domain::paging::{Page, PageState};
use crate::engine::PageSource;
use crate::outbox::perform::{Stop, done, needless, nonce};
use crate::outbox::settle::Outcome;
use crate::outbox::{Outbox, draw};
use crate::render::message::Message;
use crate::store::job::Job;
use crate::store::post::Post;

/// A page as its person gets it.
pub(super) struct DrawnPage {
    page: Page,
    message: Message,
}

impl Outbox {
    /// Draws what a job will show that is about to be kept, where that is a page.
    pub(super) fn draw_ahead(&self, effect: &Effect, source: &PageSource) -> Option<DrawnPage> {
        match effect {
            Effect::PageDirectly { page } => self.draw_page(source, *page),
            _ => None,
        }
    }

    fn draw_page(&self, source: &PageSource, number: PageNumber) -> Option<DrawnPage> {
        let page = source.incident.page(number)?.clone();
        let message = draw::page_directly(self, source, &page);
        Some(DrawnPage { page, message })
    }

    pub(super) async fn page_directly(
        &self,
        job: &Job,
        id: IncidentId,
        number: PageNumber,
        drawn: Option<DrawnPage>,
    ) -> Result<Outcome, Stop> {
        let drawn = match drawn {
            Some(drawn) => Some(drawn),
            None => self.draw_page(&self.engine.page_source(id).await?, number),
        };
        let Some(DrawnPage { page, message }) = drawn else { return Err(needless("there is no such page")) };
        if page.state != PageState::Queued {
            return Err(needless("it is answered, or was delivered"));
        }
        let undelivered = |trouble: String| Outcome::Rejected {
            trouble: trouble.clone(),
            report: Some(Command::PageUndelivered { page: number, trouble }),
        };
        let setup = self.engine.setup();
        let Some(account) = setup.organisation.account_of(&page.person) else {
            return Ok(undelivered("no Discord account is known".to_owned()));
        };
        let chat = self.chat_for(job)?;
        let sent = async {
            let channel = chat.direct_channel(account).await?;
            chat.post(channel, &message, &nonce(&job.dedup_key)).await.map(|id| (channel, id))
        };
        let sent = sent.await;
        if matches!(sent, Err(ChatError::Refused { .. })) {
            chat.forget_direct(account);
        }
        match sent {
            Ok((channel, message)) => {
                let slot = format!("{id}/page/{number}/directly");
                let post = Post { slot, channel, message, version: 0, posted_at: self.clock.now() };
                Ok(Outcome::Done { posts: vec![post], report: Some(Command::PageDelivered { page: number }) })
            }
            Err(ChatError::Refused { trouble: Trouble::Closed, .. }) => {
                Ok(undelivered("direct messages are closed".to_owned()))
            }
            Err(ChatError::Refused { reason, .. }) => Ok(undelivered(reason)),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn page_in_room(&self, job: &Job, id: IncidentId, number: PageNumber) -> Result<Outcome, Stop> {
        let incident = self.engine.incident(id).await?;
        let Some(page) = incident.page(number).cloned() else { return Err(needless("there is no such page")) };
        if !page.is_open() {
            return Err(needless("it is answered"));
        }
        let channel = self.room_or_announcements(incident.room.as_ref());
        let message = draw::page_in_room(self, &incident, &page);
        let slot = format!("{id}/page/{number}/room");
        Ok(done(vec![self.post_once(job, &slot, channel, &message, 0).await?]))
    }

    /// Shows on the page's messages what became of it. One that is gone needs nothing.
    pub(super) async fn close_page(&self, id: IncidentId, number: PageNumber) -> Result<Outcome, Stop> {
        let source = self.engine.page_source(id).await?;
        let Some(page) = source.incident.page(number).cloned() else { return Err(needless("there is no such page")) };
        for (place, message) in [
            ("directly", draw::page_directly(self, &source, &page)),
            ("room", draw::page_in_room(self, &source.incident, &page)),
        ] {
            let Some(post) = self.engine.post(&format!("{id}/page/{number}/{place}")).await? else { continue };
            match self.chat()?.edit(post.channel, post.message, &message).await {
                Ok(()) | Err(ChatError::Refused { .. }) => (),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(done(Vec::new()))
    }

    pub(super) async fn raise_alarm(
        &self,
        job: &Job,
        id: IncidentId,
        number: EscalationNumber,
        place: Place,
    ) -> Result<Outcome, Stop> {
        let incident = self.engine.incident(id).await?;
        let Some(escalation) = incident.escalation(number).cloned() else {
            return Err(needless("there is no such escalation"));
        };
        if !escalation.is_open() {
            return Err(needless("somebody answered"));
        }
        let channel = match place {
            Place::Room => match &incident.room {
                Some(room) => room.channel,
                None => return Err(needless("there is no room")),
            },
            Place::Announcements => self.places().announcements,
            Place::Operators => self.places().operators,
        };
        let message = draw::alarm(self, &incident, &escalation, place);
        self.post_in(job, channel, &message).await
    }
}
