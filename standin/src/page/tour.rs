//! A guided tour: steps as data, each with what to press, and with what is seen once it was done.

use serde_json::{Value, json};

use crate::model::{Channel, ChannelKind, Id};
use crate::state::State;

/// A guided tour.
#[derive(Clone, Debug)]
pub struct Tour {
    /// Its steps.
    pub steps: Vec<TourStep>,
}

/// One step of it.
#[derive(Clone, Debug)]
pub struct TourStep {
    /// One word or two.
    pub title: String,
    /// What it is about.
    pub text: String,
    /// As whom it is done; nobody in particular when none.
    pub who: Option<Id>,
    /// What is to be done, one after the other.
    pub moves: Vec<Move>,
}

/// One thing to do.
#[derive(Clone, Debug)]
pub struct Move {
    /// In a sentence.
    pub hint: String,
    /// What to press.
    pub point: Point,
    /// What is seen when it was done.
    pub until: Sight,
}

/// What is pointed at.
#[derive(Clone, Debug)]
pub enum Point {
    /// An alarm on the rack, by its id.
    Alarm(String),
    /// The newest button of this label that can be pressed, on a message that has a text in it.
    Button {
        /// The channel's name begins so; `@` is the direct conversation with the bot.
        at: String,
        /// The button's label.
        label: String,
        /// A text of the message.
        on: String,
    },
}

/// A message that was written or changed after the tour began.
#[derive(Clone, Debug)]
pub struct Sight {
    /// The channel's name begins so.
    pub at: String,
    /// What it has in it, all of it.
    pub texts: Vec<String>,
}

impl Sight {
    fn is_of(&self, channel: &Channel) -> bool {
        channel.kind != ChannelKind::Direct && channel.name.starts_with(&self.at)
    }
}

/// A tour, and how far it has come.
#[derive(Debug)]
pub(crate) struct Touring {
    tour: Tour,
    step: usize,
    done: usize,
    began: u64,
    looked: u64,
}

impl Touring {
    pub fn new(tour: Tour, now: u64) -> Self {
        Self { tour, step: 0, done: 0, began: now, looked: now }
    }

    fn next(&self) -> Option<&Move> {
        self.tour.steps.get(self.step)?.moves.get(self.done)
    }
}

impl State {
    /// Goes on with the tour for as long as what it waits for is there.
    pub fn follow_tour(&mut self) {
        let Some(mut touring) = self.stage.tour.take() else { return };
        while let Some(next) = touring.next() {
            if !self.sees(&next.until, touring.looked) {
                break;
            }
            touring.done += 1;
            if touring.done == touring.tour.steps[touring.step].moves.len() {
                (touring.step, touring.done) = (touring.step + 1, 0);
            }
            // What the next one waits for may have been there before this one was seen.
            touring.looked = touring.began;
        }
        touring.looked = self.revision;
        self.stage.tour = Some(touring);
    }

    pub fn restart_tour(&mut self) {
        let now = self.revision;
        if let Some(touring) = self.stage.tour.take() {
            self.stage.tour = Some(Touring::new(touring.tour, now));
        }
    }

    fn sees(&self, sight: &Sight, after: u64) -> bool {
        let channels = self.channels.values().filter(|channel| sight.is_of(channel));
        let messages = channels.filter_map(|channel| self.messages.get(&channel.id)).flat_map(|own| own.values());
        messages.filter(|message| after < message.revision && message.ephemeral_for.is_none()).any(|message| {
            let text = message.text();
            sight.texts.iter().all(|wanted| text.contains(wanted))
        })
    }
}

pub(super) fn shown(touring: &Touring) -> Value {
    let steps: Vec<_> = touring
        .tour
        .steps
        .iter()
        .map(|step| json!({"title": step.title, "text": step.text, "who": step.who.map(|user| user.to_string())}))
        .collect();
    let next = touring.next().map(|next| {
        let point = match &next.point {
            Point::Alarm(id) => json!({"alarm": id}),
            Point::Button { at, label, on } => json!({"button": label, "at": at, "on": on}),
        };
        json!({"hint": next.hint, "point": point, "number": touring.done + 1, "of": touring.tour.steps[touring.step].moves.len()})
    });
    json!({"steps": steps, "step": touring.step, "next": next})
}
