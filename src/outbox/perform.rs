//! How each effect is done. All can run twice: what was done before is looked for first.

use sha2::{Digest, Sha256};

use crate::discord::{Chat, ChatError, Trouble};
use crate::domain::actor::Actor;
use crate::domain::effect::{Effect, Promise, Question};
use crate::domain::id::{EntryNumber, IncidentId, Snowflake, UpdateNumber};
use crate::domain::incident::{Cause, Command, Incident, Lack, Room};
use crate::domain::timeline::{Entry, RoomKind, gathered};
use crate::domain::update::{Sink, UpdateState};
use crate::engine::EngineError;
use crate::outbox::page::DrawnPage;
use crate::outbox::settle::{NONCE_HOLDS, Outcome};
use crate::outbox::{Outbox, draw};
use crate::render::message::Message;
use crate::render::update::publication;
use crate::store::job::Job;
use crate::store::post::Post;

/// An attempt that ended early, one way or another.
pub(super) enum Stop {
    Outcome(Box<Outcome>),
    Refused { trouble: Trouble, reason: String },
    Failure(EngineError),
}

impl From<EngineError> for Stop {
    fn from(error: EngineError) -> Self {
        Self::Failure(error)
    }
}

impl From<ChatError> for Stop {
    fn from(error: ChatError) -> Self {
        Self::Outcome(Box::new(match error {
            ChatError::Refused { trouble, reason } => return Self::Refused { trouble, reason },
            ChatError::Later { after, reason } => Outcome::Retry {
                after: after.and_then(|after| chrono::Duration::from_std(after).ok()),
                trouble: reason,
            },
            ChatError::Unknown { reason } => Outcome::Unknown { trouble: reason },
        }))
    }
}

pub(super) fn needless(reason: &'static str) -> Stop {
    Stop::Outcome(Box::new(Outcome::Needless { reason }))
}

pub(super) fn done(posts: Vec<Post>) -> Outcome {
    Outcome::Done { posts, report: None }
}

impl Outbox {
    /// Does what a job asks for, or finds that it was done. `drawn` is what it shows, where that is drawn already.
    pub(super) async fn perform(&self, job: &Job, drawn: Option<DrawnPage>) -> Result<Outcome, EngineError> {
        match self.attempt(job, drawn).await {
            Ok(outcome) => Ok(outcome),
            Err(Stop::Outcome(outcome)) => Ok(*outcome),
            Err(Stop::Refused { trouble: Trouble::NoChannel, reason }) => self.look_for_room(job, reason).await,
            Err(Stop::Refused { reason, .. }) => Ok(Outcome::Rejected { trouble: reason, report: None }),
            Err(Stop::Failure(error)) => Err(error),
        }
    }

    async fn attempt(&self, job: &Job, drawn: Option<DrawnPage>) -> Result<Outcome, Stop> {
        let Some(incident) = job.incident else {
            return match &job.effect {
                Effect::TellOperators { text } => self.tell_operators(job, text).await,
                Effect::ExpectBeat { source, .. } => {
                    self.engine.look_at_heartbeat(source).await?;
                    Ok(done(Vec::new()))
                }
                _ => Err(needless("it is for no incident")),
            };
        };
        match &job.effect {
            Effect::Announce => self.announce(job, incident).await,
            Effect::OpenRoom { again, lost } => self.open_room(job, incident, *again, *lost).await,
            Effect::DrawCard => self.draw_card(job, incident).await,
            Effect::Say { from, to } => self.say(job, incident, *from, *to).await,
            Effect::SayAlerts { from, to } => self.say_alerts(job, incident, *from, *to).await,
            Effect::Ask { question, entry } => self.ask(job, incident, question, *entry).await,
            Effect::PageDirectly { page } => self.page_directly(job, incident, *page, drawn).await,
            Effect::PageInRoom { page, .. } => self.page_in_room(job, incident, *page).await,
            Effect::ClosePage { page } => self.close_page(incident, *page).await,
            Effect::Escalate { escalation, step, round, alarms } => Ok(Outcome::Done {
                posts: Vec::new(),
                report: Some(Command::EscalationDue {
                    escalation: *escalation,
                    step: *step,
                    round: *round,
                    alarms: *alarms,
                }),
            }),
            Effect::RaiseAlarm { escalation, place, .. } => self.raise_alarm(job, incident, *escalation, *place).await,
            Effect::ShowDraft { update } => self.show_draft(job, incident, *update).await,
            Effect::Publish { update, sink, digest, .. } => self.publish(job, incident, *update, sink, digest).await,
            Effect::RemindUpdate { due } => {
                Ok(Outcome::Done { posts: Vec::new(), report: Some(Command::UpdateDue { due: *due }) })
            }
            Effect::ExpectBeat { .. } => Err(needless("it is for no incident")),
            Effect::TellOperators { text } => self.tell_operators(job, text).await,
        }
    }

    /// A channel is not there: when it is the incident's room, the incident gets another, and the job goes on there.
    async fn look_for_room(&self, job: &Job, reason: String) -> Result<Outcome, EngineError> {
        let rejected = Outcome::Rejected { trouble: reason.clone(), report: None };
        let (Some(id), Some(chat)) = (job.incident, &self.chat) else { return Ok(rejected) };
        let Some(room) = self.engine.incident(id).await?.room else { return Ok(rejected) };
        match chat.has_channel(room.channel).await {
            Ok(false) => {
                let lacks = vec![Lack::RoomGone { channel: room.channel }];
                let command = Command::Repair { lacks, cause: Cause::Deleted };
                self.engine.handle(id, &command, &Actor::Firebell).await?;
                Ok(Outcome::Retry { after: Some(chrono::Duration::zero()), trouble: reason })
            }
            Ok(true) => Ok(rejected),
            Err(error) => Ok(Outcome::Retry { after: None, trouble: error.to_string() }),
        }
    }

    /// Posts a message once: an earlier attempt's is adopted.
    pub(super) async fn post_once(
        &self,
        job: &Job,
        slot: &str,
        channel: Snowflake,
        message: &Message,
        version: i64,
    ) -> Result<Post, Stop> {
        // What stands in a room that is gone does not stand any more.
        if let Some(post) = self.engine.post(slot).await?.filter(|post| post.channel == channel) {
            return Ok(post);
        }
        let posted_at = self.clock.now();
        let posted = match self.earlier_attempt(job, channel, message).await? {
            Some(found) => found,
            None => self.chat_for(job)?.post(channel, message, &nonce(&job.dedup_key)).await?,
        };
        Ok(Post { slot: slot.to_owned(), channel, message: posted, version, posted_at })
    }

    /// What an earlier attempt at this job posted, if it did.
    async fn earlier_attempt(
        &self,
        job: &Job,
        channel: Snowflake,
        message: &Message,
    ) -> Result<Option<Snowflake>, Stop> {
        if job.attempts <= 1 || job.effect.promise() == Promise::AtLeastOnce {
            return Ok(None);
        }
        let candidates = match self.chat()?.find(channel, message).await {
            Ok(candidates) => candidates,
            // Where history may not be read the nonce is what is left.
            Err(ChatError::Refused { trouble: Trouble::Forbidden, .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        for candidate in candidates {
            // One that stands for another job is not this one's.
            if self.engine.post_by_message(candidate).await?.is_none() {
                return Ok(Some(candidate));
            }
        }
        Ok(None)
    }

    /// Posts a message in its slot, or brings the one that stands there up to date.
    async fn post_or_edit(
        &self,
        job: &Job,
        slot: &str,
        channel: Snowflake,
        message: &Message,
        version: i64,
    ) -> Result<Post, Stop> {
        let drawn_at = self.clock.now();
        if let Some(standing) = self.engine.post(slot).await? {
            match self.chat()?.edit(standing.channel, standing.message, message).await {
                Ok(()) => return Ok(Post { version, posted_at: drawn_at, ..standing }),
                // Deleted by hand, or too old to be edited: a fresh one takes its place.
                Err(ChatError::Refused {
                    trouble: Trouble::NoChannel | Trouble::NoMessage | Trouble::TooOld, ..
                }) => {
                    self.engine.forget_post(&standing).await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        self.post_once(job, slot, channel, message, version).await
    }

    async fn announce(&self, job: &Job, id: IncidentId) -> Result<Outcome, Stop> {
        Ok(done(vec![self.announcement(job, id).await?]))
    }

    /// The announcement, as it should stand now.
    async fn announcement(&self, job: &Job, id: IncidentId) -> Result<Post, Stop> {
        let slot = format!("{id}/announcement");
        let edit = self.edits.turn(&slot).await;
        let source = self.engine.card(id).await?;
        if let Some(standing) = &source.announcement
            && standing.version == source.incident.version
        {
            return Ok(standing.clone());
        }
        let message = draw::announcement(self, &source);
        let channel = self.places().announcements;
        let post = self.post_or_edit(job, &slot, channel, &message, source.incident.version).await?;
        edit.made();
        Ok(post)
    }

    async fn open_room(
        &self,
        job: &Job,
        id: IncidentId,
        again: u32,
        lost: Option<EntryNumber>,
    ) -> Result<Outcome, Stop> {
        let incident = self.engine.incident(id).await?;
        if incident.room.is_some() {
            return Err(needless("the room is there"));
        }
        let mark = room_mark(&incident);
        if (1 < job.attempts || lost.is_some())
            && let Some(channel) = self.chat()?.find_channel(&mark).await?
        {
            return Ok(room_opened(channel, RoomKind::Channel, None, Vec::new()));
        }
        let name = draw::room_name(&incident);
        let topic = draw::room_topic(&incident, &mark);
        let reason = format!("{id} was opened");
        match self.chat()?.make_channel(&name, &topic, self.places().category, &reason).await {
            Ok(channel) => Ok(room_opened(channel, RoomKind::Channel, None, Vec::new())),
            Err(ChatError::Refused { trouble: _, reason }) => {
                let announcement = self.announcement(job, id).await?;
                let made = self.chat()?.make_thread(announcement.channel, announcement.message, &name).await;
                match made {
                    Ok(thread) => Ok(room_opened(thread, RoomKind::Thread, Some(reason), vec![announcement])),
                    Err(ChatError::Refused { reason: thread, .. }) => {
                        let trouble = format!("no channel: {reason}; no thread: {thread}");
                        let report = Some(Command::RoomRefused { again, lost, trouble: trouble.clone() });
                        Ok(Outcome::Rejected { trouble, report })
                    }
                    Err(error) => Err(error.into()),
                }
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn draw_card(&self, job: &Job, id: IncidentId) -> Result<Outcome, Stop> {
        let slot = format!("{id}/card");
        let edit = self.edits.turn(&slot).await;
        let source = self.engine.card(id).await?;
        let Some(room) = source.incident.room.clone() else { return Err(needless("there is no room")) };
        let standing = self.engine.post(&slot).await?;
        if let Some(standing) = &standing
            && standing.version == source.incident.version
            && job.due_at <= standing.posted_at
        {
            return Err(needless("the card shows it already"));
        }
        let message = draw::card(self, &source);
        let post = self.post_or_edit(job, &slot, room.channel, &message, source.incident.version).await?;
        edit.made();
        let is_fresh = standing.is_none_or(|standing| standing.version == 0 || standing.message != post.message);
        let mut report = None;
        if is_fresh {
            match self.chat()?.pin(post.channel, post.message).await {
                Ok(()) => (),
                // The card stands, only not on top.
                Err(ChatError::Refused { reason, .. }) => {
                    report = Some(Command::Undone { what: "pinning the card".to_owned(), trouble: reason });
                }
                Err(error) => {
                    // Kept, so that the next attempt pins this one instead of posting another.
                    self.engine.bind_post(Some(id), &Post { version: 0, ..post }).await?;
                    return Err(error.into());
                }
            }
        }
        Ok(Outcome::Done { posts: vec![post], report })
    }

    async fn say(&self, job: &Job, id: IncidentId, from: EntryNumber, to: EntryNumber) -> Result<Outcome, Stop> {
        let (room, entries) = self.engine.room_and_entries(id, from, to).await?;
        let public: Vec<Entry> = entries.into_iter().filter(|entry| entry.event.is_public()).collect();
        let message = draw::lines(self, &public);
        self.post_in(job, self.room_or_announcements(room.as_ref()), &message).await
    }

    /// What alerts did, together; what people said meanwhile stands there already.
    async fn say_alerts(&self, job: &Job, id: IncidentId, from: EntryNumber, to: EntryNumber) -> Result<Outcome, Stop> {
        let (room, entries) = self.engine.room_and_entries(id, from, to).await?;
        let message = draw::lines(self, &gathered(entries));
        self.post_in(job, self.room_or_announcements(room.as_ref()), &message).await
    }

    async fn ask(&self, job: &Job, id: IncidentId, question: &Question, number: EntryNumber) -> Result<Outcome, Stop> {
        let incident = self.engine.incident(id).await?;
        let stale = !incident.phase.is_open()
            || match question {
                Question::Raise { to } => incident.severity_proposed != Some(*to),
                Question::NameLiaison => incident.liaison.is_some(),
                Question::Resolve | Question::UpdateDue => false,
            };
        if stale {
            return Err(needless("the question was answered"));
        }
        let channel = self.room_or_announcements(incident.room.as_ref());
        let (_, entries) = self.engine.room_and_entries(id, number, number).await?;
        let Some(entry) = entries.first() else { return Err(needless("nothing was asked")) };
        let last_report = self.engine.last_report(id).await?.map(|entry| entry.at);
        let message = draw::question(self, &incident, entry, question, last_report);
        self.post_in(job, channel, &message).await
    }

    /// Posts a message that is never edited; the job's key is its slot.
    pub(super) async fn post_in(&self, job: &Job, channel: Snowflake, message: &Message) -> Result<Outcome, Stop> {
        Ok(done(vec![self.post_once(job, &job.dedup_key, channel, message, 0).await?]))
    }

    async fn show_draft(&self, job: &Job, id: IncidentId, number: UpdateNumber) -> Result<Outcome, Stop> {
        let incident = self.engine.incident(id).await?;
        let Some(update) = incident.update(number) else { return Err(needless("there is no such update")) };
        let slot = format!("{id}/draft/{number}");
        if !update.is_open() && self.engine.post(&slot).await?.is_none() {
            return Err(needless("it was never shown"));
        }
        let channel = self.room_or_announcements(incident.room.as_ref());
        let message = draw::draft(self, &incident, update);
        Ok(done(vec![self.post_or_edit(job, &slot, channel, &message, incident.version).await?]))
    }

    /// Publishes exactly the approved text, or nothing.
    async fn publish(
        &self,
        job: &Job,
        id: IncidentId,
        number: UpdateNumber,
        sink: &Sink,
        digest: &str,
    ) -> Result<Outcome, Stop> {
        let incident = self.engine.incident(id).await?;
        let Some(update) = incident.update(number) else { return Err(needless("there is no such update")) };
        let under_way = matches!(update.state, UpdateState::Approved | UpdateState::Doubtful);
        if !under_way || update.published_to.contains(sink) || update.doubtful_at.contains(sink) {
            return Err(needless("it is not approved any more, or stands there already"));
        }
        let setup = self.engine.setup();
        let facts = incident.facts();
        let holds = setup.organisation.audiences.get(&update.audience).is_some_and(|audience| {
            audience.sinks.contains(sink)
                && update.digest(&facts) == digest
                && update.may_be_published(audience, &facts)
        });
        if !holds {
            return Ok(Outcome::Done { posts: Vec::new(), report: Some(Command::PublicationVoid { update: number }) });
        }
        let channel = match sink {
            Sink::Room => self.room_or_announcements(incident.room.as_ref()),
            Sink::Announcements => self.places().announcements,
            Sink::Channel(channel) => *channel,
        };
        let message = publication(update);
        let report = Some(Command::Published { update: number, sink: sink.clone() });
        if let Some(post) = self.engine.post(&job.dedup_key).await? {
            return Ok(Outcome::Done { posts: vec![post], report });
        }
        let posted_at = self.clock.now();
        let posted = match self.earlier_attempt(job, channel, &message).await? {
            Some(found) => found,
            None => {
                // Not found, and too late for the nonce to catch a copy: a person looks before it is sent again.
                let first = job.first_attempt_at.unwrap_or(posted_at);
                if 1 < job.attempts && first + NONCE_HOLDS <= posted_at {
                    return Ok(Outcome::Unknown { trouble: "an earlier attempt was not answered".to_owned() });
                }
                self.chat()?.post(channel, &message, &nonce(&job.dedup_key)).await?
            }
        };
        let post = Post { slot: job.dedup_key.clone(), channel, message: posted, version: 0, posted_at };
        Ok(Outcome::Done { posts: vec![post], report })
    }

    async fn tell_operators(&self, job: &Job, text: &str) -> Result<Outcome, Stop> {
        let message = draw::to_operators(text);
        self.post_in(job, self.places().operators, &message).await
    }

    pub(super) fn chat(&self) -> Result<&Chat, Stop> {
        let retry = || Outcome::Retry { after: None, trouble: "this process has no Discord".to_owned() };
        self.chat.as_ref().ok_or_else(|| Stop::Outcome(Box::new(retry())))
    }

    /// The chat in a job's turn: nothing goes before a page or an alarm.
    pub(super) fn chat_for(&self, job: &Job) -> Result<Chat, Stop> {
        let chat = self.chat()?;
        Ok(if job.effect.promise() == Promise::AtLeastOnce { chat.first() } else { chat.clone() })
    }

    /// Where a message is read, as an address.
    pub(super) fn link(&self, channel: Snowflake, message: Snowflake) -> String {
        self.chat.as_ref().map_or_else(String::new, |chat| chat.link(channel, message))
    }

    /// Where what belongs into a room is said: there, or, while none could be made, where everybody reads it.
    pub(super) fn room_or_announcements(&self, room: Option<&Room>) -> Snowflake {
        room.map_or(self.places().announcements, |room| room.channel)
    }

    pub(super) fn places(&self) -> crate::outbox::Places {
        *self.places.borrow()
    }
}

fn room_opened(channel: Snowflake, kind: RoomKind, trouble: Option<String>, posts: Vec<Post>) -> Outcome {
    Outcome::Done { posts, report: Some(Command::RoomOpened { room: Room { channel, kind, trouble } }) }
}

/// What tells an incident's room from the rooms of another installation in the same guild, last resort of adoption.
fn room_mark(incident: &Incident) -> String {
    let mut hash = Sha256::new();
    hash.update(incident.id.0.to_be_bytes());
    hash.update(incident.declared_at.timestamp_micros().to_be_bytes());
    format!("{}·{}", incident.id, &hex::encode(hash.finalize())[..8])
}

/// The nonce of what a job posts: the same for each attempt, at most 25 characters.
pub(super) fn nonce(dedup_key: &str) -> String {
    hex::encode(Sha256::digest(dedup_key.as_bytes()))[..24].to_owned()
}
