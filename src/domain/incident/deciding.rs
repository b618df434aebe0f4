//! A decision in the making.

use crate::domain::Timestamp;
use crate::domain::actor::{Actor, Author};
use crate::domain::effect::{Effect, Question};
use crate::domain::id::EntryNumber;
use crate::domain::incident::pace::Turn;
use crate::domain::incident::{Decision, Incident, Scheduled};
use crate::domain::organisation::Organisation;
use crate::domain::timeline::{Entry, Event};

/// The state that is being decided on, and what has come of it so far.
pub(super) struct Deciding<'a> {
    pub before: &'a Incident,
    pub next: Incident,
    pub actor: &'a Actor,
    pub organisation: &'a Organisation,
    pub now: Timestamp,
    entries: Vec<Entry>,
    effects: Vec<Scheduled>,
    cancels: Vec<String>,
    quiet: bool,
}

impl<'a> Deciding<'a> {
    pub fn new(before: &'a Incident, actor: &'a Actor, organisation: &'a Organisation, now: Timestamp) -> Self {
        Self {
            before,
            next: before.clone(),
            actor,
            organisation,
            now,
            entries: Vec::new(),
            effects: Vec::new(),
            cancels: Vec::new(),
            quiet: false,
        }
    }

    /// Draws nothing anew for this decision: drawing may be what failed, and would fail again.
    pub fn keep_quiet(&mut self) {
        self.quiet = true;
    }

    /// Records what the actor did.
    pub fn record(&mut self, event: Event) -> EntryNumber {
        self.record_as(self.actor.as_author(), self.now, event)
    }

    /// Records what Firebell did on its own.
    pub fn record_own(&mut self, event: Event) -> EntryNumber {
        self.record_as(Author::Firebell, self.now, event)
    }

    /// Records something that happened at another time.
    pub fn record_at(&mut self, at: Timestamp, event: Event) -> EntryNumber {
        self.record_as(self.actor.as_author(), at, event)
    }

    fn record_as(&mut self, author: Author, at: Timestamp, event: Event) -> EntryNumber {
        self.next.entries += 1;
        let number = EntryNumber(self.next.entries);
        self.entries.push(Entry { number, at, recorded_at: self.now, author, event });
        number
    }

    /// Has something done at once.
    pub fn effect(&mut self, effect: Effect) {
        self.effect_at(self.now, effect);
    }

    /// Has something done when the time comes; the same is not done twice for one decision.
    pub fn effect_at(&mut self, due: Timestamp, effect: Effect) {
        self.schedule(Scheduled { effect, due, together: false });
    }

    fn schedule(&mut self, scheduled: Scheduled) {
        if !self.effects.contains(&scheduled) {
            self.effects.push(scheduled);
        }
    }

    /// Records that a question was asked, and asks it.
    pub fn ask(&mut self, event: Event, question: Question) {
        let entry = self.record_own(event);
        self.effect(Effect::Ask { question, entry });
    }

    /// Keeps what was decided under this key, or under keys that begin so, from being done.
    pub fn cancel(&mut self, prefix: String) {
        self.cancels.push(prefix);
    }

    /// The decision. What changed is said in the room and drawn on the card and the announcement.
    pub fn finish(mut self) -> Decision {
        if self.entries.is_empty() && self.effects.is_empty() && self.cancels.is_empty() {
            return Decision { next: self.before.clone(), entries: vec![], effects: vec![], cancels: vec![] };
        }
        self.next.version += 1;
        // Keys are given on facts: where those change, the cards must say which keys are void, or hold again.
        if self.next.facts() != self.before.facts() && self.next.liaison.is_some() {
            let keyed = self.next.updates.iter().filter(|update| update.is_open() && !update.keys.is_empty());
            for update in keyed.map(|update| update.number).collect::<Vec<_>>() {
                self.effect(Effect::ShowDraft { update });
            }
        }
        let turn = match self.entries.first() {
            Some(first) if self.entries.iter().all(|entry| entry.event.is_of_alerts()) => {
                self.next.pace.turn(first.number, self.now)
            }
            _ => Turn::Now,
        };
        let mut public = self.entries.iter().filter(|entry| entry.event.is_public()).map(|entry| entry.number);
        let said = public.next().map(|first| (first, public.next_back().unwrap_or(first)));
        match turn {
            Turn::Now => {
                if let Some((from, to)) = said {
                    self.effect(Effect::Say { from, to });
                }
                if !self.entries.is_empty() && !self.quiet {
                    self.effect(Effect::DrawCard);
                    self.effect(Effect::Announce);
                }
            }
            Turn::Together { from, at } => {
                let to = EntryNumber(self.next.entries);
                for effect in [Effect::SayAlerts { from, to }, Effect::DrawCard, Effect::Announce] {
                    self.schedule(Scheduled { effect, due: at, together: true });
                }
            }
        }
        Decision { next: self.next, entries: self.entries, effects: self.effects, cancels: self.cancels }
    }
}
