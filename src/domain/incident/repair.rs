//! What should be there and is not, and how it is put right: what people deleted, and what was decided and never came.

use crate::domain::Timestamp;
use crate::domain::effect::Effect;
use crate::domain::id::{EntryNumber, EscalationNumber, PageNumber, Snowflake, UpdateNumber};
use crate::domain::incident::deciding::Deciding;
use crate::domain::incident::{Incident, comms};
use crate::domain::organisation::Organisation;
use crate::domain::paging::{Escalation, PageState};
use crate::domain::timeline::Event;
use crate::domain::update::{Sink, UpdateState};

/// Something that should be there and is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lack {
    /// The room was deleted.
    RoomGone {
        /// The channel or thread that it was.
        channel: Snowflake,
    },
    /// There is no room, and nobody makes one.
    Room,
    /// The announcement.
    Announcement {
        /// The message that stood there, if one did.
        message: Option<Snowflake>,
    },
    /// The card.
    Card {
        /// The message that stood there, if one did.
        message: Option<Snowflake>,
    },
    /// The mention by which a page calls in the room.
    Mention {
        /// Which page.
        page: PageNumber,
        /// The message that stood there.
        message: Snowflake,
    },
    /// The card of a draft.
    Draft {
        /// Which update.
        update: UpdateNumber,
        /// The message that stood there.
        message: Snowflake,
    },
    /// A page that was decided, and that nobody delivers.
    Page {
        /// Which page.
        page: PageNumber,
    },
    /// The next step of an escalation, which nothing would take.
    NextStep {
        /// Which run.
        escalation: EscalationNumber,
    },
    /// The reminder that an update is due.
    Reminder,
    /// An approved text that nobody publishes.
    Publication {
        /// Which update.
        update: UpdateNumber,
        /// Where.
        sink: Sink,
    },
}

/// Why something is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Somebody deleted it.
    Deleted,
    /// It was decided, and what should have done it is lost.
    Lost,
}

impl Incident {
    /// What was decided for this incident, is not done, and has nothing that would do it. `has_job` says whether a job
    /// whose key begins so waits, runs, or was given up out loud; `has_post` whether something stands in a slot.
    pub fn lacking(
        &self,
        organisation: &Organisation,
        has_job: impl Fn(&str) -> bool,
        has_post: impl Fn(&str) -> bool,
    ) -> Vec<Lack> {
        let id = self.id;
        let mut lacks = Vec::new();
        for escalation in self.escalations.iter().filter(|escalation| escalation.is_open()) {
            if !has_job(&self.timer_of(escalation).dedup_key(id, "")) {
                lacks.push(Lack::NextStep { escalation: escalation.number });
            }
        }
        for page in self.pages.iter().filter(|page| page.state == PageState::Queued) {
            if !has_job(&format!("{id}/page/{}/directly", page.number)) {
                lacks.push(Lack::Page { page: page.number });
            }
        }
        for update in self.updates.iter().filter(|update| update.state == UpdateState::Approved) {
            let sinks = organisation.audiences.get(&update.audience).map(|audience| audience.sinks.as_slice());
            for sink in sinks.unwrap_or_default() {
                let is_settled = update.published_to.contains(sink) || update.doubtful_at.contains(sink);
                if !is_settled && !has_job(&format!("{id}/publish/{}/", update.number)) {
                    lacks.push(Lack::Publication { update: update.number, sink: sink.clone() });
                }
            }
        }
        if !self.phase.is_open() {
            return lacks;
        }
        if self.next_update_due.is_some() && !has_job(&format!("{id}/remind/")) {
            lacks.push(Lack::Reminder);
        }
        if !has_post(&format!("{id}/announcement")) && !has_job(&format!("{id}/announce/")) {
            lacks.push(Lack::Announcement { message: None });
        }
        match &self.room {
            None if !has_job(&format!("{id}/room/")) => lacks.push(Lack::Room),
            Some(_) if !has_post(&format!("{id}/card")) && !has_job(&format!("{id}/card/")) => {
                lacks.push(Lack::Card { message: None });
            }
            _ => (),
        }
        lacks
    }

    /// The pages that were decided before `before` and are not with their persons yet.
    pub fn undelivered_since(&self, before: Timestamp) -> impl Iterator<Item = PageNumber> {
        let waiting = self.pages.iter().filter(move |page| page.state == PageState::Queued && page.decided_at < before);
        waiting.map(|page| page.number)
    }

    /// The timer by which an escalation goes on.
    fn timer_of(&self, escalation: &Escalation) -> Effect {
        Effect::Escalate {
            escalation: escalation.number,
            step: escalation.step,
            round: escalation.round,
            alarms: escalation.alarms,
        }
    }
}

impl Cause {
    const fn words(self) -> &'static str {
        match self {
            Self::Deleted => "it was deleted by hand",
            Self::Lost => "it was decided, and nothing would have done it",
        }
    }
}

/// Puts right what is missing. What is there meanwhile, or not wanted any more, is left.
pub(super) fn repair(d: &mut Deciding<'_>, lacks: &[Lack], cause: Cause) {
    d.do_anew();
    for lack in lacks {
        match lack {
            Lack::RoomGone { channel } => room_gone(d, *channel),
            Lack::Room if d.next.room.is_none() && d.next.phase.is_open() => {
                let entry = d.record_own(repaired("the room", cause));
                d.effect(Effect::OpenRoom { again: 0, lost: Some(entry) });
            }
            // Both are drawn anew whenever something is recorded.
            Lack::Announcement { message } if d.next.phase.is_open() => {
                forget(d, "announcement", *message);
                d.record_own(repaired("the announcement", cause));
            }
            Lack::Card { message } if d.next.phase.is_open() => {
                forget(d, "card", *message);
                d.record_own(repaired("the card", cause));
            }
            Lack::Mention { page, message } => {
                if d.next.page(*page).is_some_and(crate::domain::paging::Page::is_open) {
                    d.record_own(repaired("a page in the room", cause));
                    mention(d, *page, Some(*message));
                }
            }
            Lack::Draft { update, message } => {
                if d.next.update(*update).is_some_and(crate::domain::update::Update::is_open) {
                    forget(d, &format!("draft/{update}"), Some(*message));
                    d.record_own(repaired("the card of a draft", cause));
                    d.effect(Effect::ShowDraft { update: *update });
                }
            }
            Lack::Page { page } => {
                if d.next.page(*page).is_some_and(|page| page.state == PageState::Queued) {
                    d.record_own(repaired("a page by direct message", cause));
                    d.effect(Effect::PageDirectly { page: *page });
                }
            }
            Lack::NextStep { escalation } => next_step(d, *escalation, cause),
            Lack::Reminder => {
                if let Some(due) = d.next.next_update_due {
                    d.record_own(repaired("the reminder that an update is due", cause));
                    d.effect_at(due, Effect::RemindUpdate { due });
                }
            }
            Lack::Publication { update, sink } => publication(d, *update, sink, cause),
            Lack::Room | Lack::Announcement { .. } | Lack::Card { .. } => (),
        }
    }
    let whats: Vec<String> = d
        .recorded()
        .iter()
        .filter_map(|entry| match &entry.event {
            Event::Repaired { what, .. } => Some(what.clone()),
            _ => None,
        })
        .collect();
    // What people deleted they know of; what was lost is a fault of ours.
    if cause == Cause::Lost && !whats.is_empty() {
        let id = d.next.id;
        d.effect(Effect::TellOperators {
            text: format!("{id}: decided, lost, and put back by the auditor: {}", whats.join(", ")),
        });
    }
}

fn repaired(what: &str, cause: Cause) -> Event {
    Event::Repaired { what: what.to_owned(), why: cause.words().to_owned() }
}

fn forget(d: &mut Deciding<'_>, what: &str, message: Option<Snowflake>) {
    if let Some(message) = message {
        let id = d.next.id;
        d.forget(format!("{id}/{what}"), message);
    }
}

/// The room is gone. While the incident goes on another is opened, and what calls for an answer is said there again.
fn room_gone(d: &mut Deciding<'_>, channel: Snowflake) {
    if d.next.room.as_ref().is_none_or(|room| room.channel != channel) {
        return;
    }
    let reopened = d.next.phase.is_open();
    d.next.room = None;
    let entry = d.record_own(Event::RoomGone { reopened });
    let id = d.next.id;
    d.effect(Effect::TellOperators { text: format!("{id}: its room is gone, somebody deleted it") });
    if !reopened {
        return;
    }
    d.effect(Effect::OpenRoom { again: 0, lost: Some(entry) });
    let open: Vec<PageNumber> = d.next.pages.iter().filter(|page| page.is_open()).map(|page| page.number).collect();
    for page in open {
        d.effect(Effect::PageInRoom { page, lost: Some(entry) });
    }
    let drafts: Vec<UpdateNumber> =
        d.next.updates.iter().filter(|update| update.is_open()).map(|update| update.number).collect();
    for update in drafts {
        d.effect(Effect::ShowDraft { update });
    }
}

fn mention(d: &mut Deciding<'_>, page: PageNumber, message: Option<Snowflake>) {
    forget(d, &format!("page/{page}/room"), message);
    let lost = Some(EntryNumber(d.next.entries));
    d.effect(Effect::PageInRoom { page, lost });
}

/// Sets the timer that an escalation lost. One whose time came goes off at once.
fn next_step(d: &mut Deciding<'_>, number: EscalationNumber, cause: Cause) {
    let Some(escalation) = d.next.escalation(number).filter(|escalation| escalation.is_open()) else { return };
    let timer = d.next.timer_of(escalation);
    let due = escalation.next_at.unwrap_or(d.now);
    d.record_own(repaired("the next step of an escalation", cause));
    d.effect_at(due, timer);
}

/// Nobody knows whether it went out: a person looks, as in any doubt.
fn publication(d: &mut Deciding<'_>, number: UpdateNumber, sink: &Sink, cause: Cause) {
    let is_approved = d.next.update(number).is_some_and(|update| {
        matches!(update.state, UpdateState::Approved | UpdateState::Doubtful)
            && !update.published_to.contains(sink)
            && !update.doubtful_at.contains(sink)
    });
    if is_approved {
        comms::doubtful(d, number, sink, cause.words());
    }
}
