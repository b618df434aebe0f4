//! What the page shows besides Discord, as data that the program that runs the bot hands in.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::discord::Discord;
use crate::model::Id;

use super::backstage::Backstage;
use super::tour::{Tour, Touring};

/// Somebody whom a visitor can act as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The person.
    pub user: Id,
    /// What they are, in a few words.
    pub line: String,
}

/// Something that can be rung.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// What [`Backstage::ring`] is told.
    pub id: String,
    /// What people read.
    pub name: String,
    /// What it is about, in a line.
    pub note: String,
    /// Who sends it.
    pub sender: String,
}

/// The next thing that the bot will do by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timer {
    /// When.
    pub at: DateTime<Utc>,
    /// What, in a few words.
    pub what: String,
}

/// All of it.
#[derive(Debug, Default)]
pub(crate) struct Stage {
    pub backstage: Option<Arc<dyn Backstage>>,
    pub cast: Vec<Part>,
    pub rack: Vec<Alarm>,
    pub marks: BTreeMap<Id, Vec<String>>,
    pub timer: Option<Timer>,
    pub tour: Option<Touring>,
}

impl Discord {
    /// Lets the page ring alarms and move the bot's clock.
    pub fn set_backstage(&self, backstage: Arc<dyn Backstage>, rack: Vec<Alarm>) {
        self.change(|state| {
            state.stage.backstage = Some(backstage);
            state.stage.rack = rack;
        });
    }

    /// Says whom a visitor of the page can act as, in which order. Without it, that is everybody.
    pub fn set_cast(&self, cast: Vec<Part>) {
        self.change(|state| state.stage.cast = cast);
    }

    /// Offers the visitor a tour.
    pub fn set_tour(&self, tour: Tour) {
        self.change(|state| state.stage.tour = Some(Touring::new(tour, state.revision)));
    }

    /// Puts words beside people's names, such as who is on call, in place of those that were there.
    pub fn set_marks(&self, marks: BTreeMap<Id, Vec<String>>) {
        if self.read(|state| state.stage.marks != marks) {
            self.change(|state| state.stage.marks = marks);
        }
    }

    /// Says what the bot will do next by itself.
    pub fn set_timer(&self, timer: Option<Timer>) {
        if self.read(|state| state.stage.timer != timer) {
            self.change(|state| state.stage.timer = timer);
        }
    }
}
