//! What follows from a decision: data that the outbox keeps and carries out, each with what it promises.

use serde::{Deserialize, Serialize};

use crate::domain::id::{EntryNumber, EscalationNumber, IncidentId, PageNumber, SourceName, UpdateNumber};
use crate::domain::update::Sink;

/// Where the alarm is raised when nobody answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// The incident's room.
    Room,
    /// The channel where incidents are announced.
    Announcements,
    /// The operators' channel.
    Operators,
}

impl Place {
    /// The place as a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Room => "room",
            Self::Announcements => "announcements",
            Self::Operators => "operators",
        }
    }
}

/// A question with buttons, put to whoever leads the incident, or to whoever is on call when nobody leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Every alert was resolved at its source: resolve the incident?
    Resolve,
    /// An alert would raise a severity that a person set.
    Raise {
        /// The severity that the alert's rule gives.
        to: crate::domain::alert::Severity,
    },
    /// Updates were drafted and wait for a liaison.
    NameLiaison,
    /// It is time to say something.
    UpdateDue,
}

/// Something to be done outside the database, once the decision that asks for it is committed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "do")]
pub enum Effect {
    /// Announce the incident, or bring the announcement up to date.
    Announce,
    /// Make the incident's room.
    OpenRoom {
        /// How many times it was given up before.
        again: u32,
        /// The entry that records that the room before this one is gone, if there was one.
        #[serde(default)]
        lost: Option<EntryNumber>,
    },
    /// Post and pin the incident's card, or bring it up to date.
    DrawCard,
    /// Say the timeline's entries `from ..= to` that are public in the room, in one message.
    Say {
        /// The first.
        from: EntryNumber,
        /// The last.
        to: EntryNumber,
    },
    /// Say in one message what alerts did in the timeline's entries `from ..= to`.
    SayAlerts {
        /// The first.
        from: EntryNumber,
        /// The last.
        to: EntryNumber,
    },
    /// Put a question in the room.
    Ask {
        /// Which.
        question: Question,
        /// The entry that records it, which tells two questions of a kind apart.
        entry: EntryNumber,
    },
    /// Call a person by direct message.
    PageDirectly {
        /// Which call.
        page: PageNumber,
    },
    /// Call a person by a mention in the room.
    PageInRoom {
        /// Which call.
        page: PageNumber,
        /// The entry that records that an earlier mention is gone, if one is.
        #[serde(default)]
        lost: Option<EntryNumber>,
    },
    /// Show on a page's messages what became of it.
    ClosePage {
        /// Which call.
        page: PageNumber,
    },
    /// Take the next step of an escalation, or try the last resort again, when its time has come.
    Escalate {
        /// Which run.
        escalation: EscalationNumber,
        /// The step that was the last when the timer was set.
        step: usize,
        /// The round that it was in.
        round: u32,
        /// How many alarms had been raised.
        alarms: u32,
    },
    /// Say that nobody answered, with the names to call.
    RaiseAlarm {
        /// Which run.
        escalation: EscalationNumber,
        /// The how-manieth alarm.
        alarm: u32,
        /// Where.
        place: Place,
    },
    /// Show a draft to its liaison, or bring its card up to date.
    ShowDraft {
        /// Which update.
        update: UpdateNumber,
    },
    /// Publish an approved text.
    Publish {
        /// Which update.
        update: UpdateNumber,
        /// Where.
        sink: Sink,
        /// What was approved: `Update::digest`. Nothing else may be published under it.
        digest: String,
        /// How many times a person had it posted again after a doubtful attempt.
        again: u32,
    },
    /// Remind that an update is due.
    RemindUpdate {
        /// When it is due, which tells a stale reminder from a fresh one.
        due: crate::domain::Timestamp,
    },
    /// Look whether a source that must call every so often did.
    ExpectBeat {
        /// Which.
        source: SourceName,
        /// When the look is due.
        due: crate::domain::Timestamp,
    },
    /// Tell the operators something.
    TellOperators {
        /// What.
        text: String,
    },
}

/// What an effect promises when its answer is lost or its process dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promise {
    /// It is done until it is known to be done; it may be done twice.
    AtLeastOnce,
    /// It appears once: before it is done again, what is there already is looked for and adopted.
    Once,
    /// It is never done twice unless a person says so; in doubt it stops and asks.
    AtMostOnce,
    /// It changes our own state only, and a stale one does nothing.
    Timer,
}

/// Which worker carries an effect out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Performer {
    /// Calls people; never waits for chat.
    Page,
    /// Needs Discord: only the holder of the gateway performs it.
    Chat,
    /// Needs only ourselves.
    Clock,
}

impl Performer {
    /// The performer as it is stored.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Chat => "chat",
            Self::Clock => "clock",
        }
    }

    /// How urgent its effects are, the most urgent first.
    pub const fn urgencies(self) -> &'static [i64] {
        match self {
            Self::Page => &[0],
            Self::Clock => &[1],
            Self::Chat => &[2, 3],
        }
    }
}

impl Effect {
    /// What the effect promises.
    pub const fn promise(&self) -> Promise {
        match self {
            Self::PageDirectly { .. } | Self::RaiseAlarm { .. } => Promise::AtLeastOnce,
            Self::Announce
            | Self::OpenRoom { .. }
            | Self::DrawCard
            | Self::Say { .. }
            | Self::SayAlerts { .. }
            | Self::Ask { .. }
            | Self::PageInRoom { .. }
            | Self::ClosePage { .. }
            | Self::ShowDraft { .. }
            | Self::TellOperators { .. } => Promise::Once,
            Self::Publish { .. } => Promise::AtMostOnce,
            Self::Escalate { .. } | Self::RemindUpdate { .. } | Self::ExpectBeat { .. } => Promise::Timer,
        }
    }

    /// Who carries the effect out.
    pub const fn performer(&self) -> Performer {
        match self.promise() {
            Promise::Timer => Performer::Clock,
            Promise::AtLeastOnce => Performer::Page,
            Promise::Once | Promise::AtMostOnce => Performer::Chat,
        }
    }

    /// The lane in which effects keep their order; pages and timers have none, so that nothing holds them up.
    pub fn lane(&self, incident: IncidentId) -> Option<String> {
        match self {
            Self::PageDirectly { .. } | Self::Escalate { .. } | Self::RemindUpdate { .. } | Self::ExpectBeat { .. } => {
                None
            }
            // The alarm must be raised even where the room is stuck.
            Self::RaiseAlarm { .. } => None,
            Self::TellOperators { .. } => Some("operators".to_owned()),
            Self::Publish { sink: Sink::Announcements | Sink::Channel(_), .. } => Some(format!("{incident}/publish")),
            Self::Announce
            | Self::OpenRoom { .. }
            | Self::DrawCard
            | Self::Say { .. }
            | Self::SayAlerts { .. }
            | Self::Ask { .. }
            | Self::PageInRoom { .. }
            | Self::ClosePage { .. }
            | Self::ShowDraft { .. }
            | Self::Publish { sink: Sink::Room, .. } => Some(format!("{incident}/chat")),
        }
    }

    /// Whether it goes before all that waits in its lane: what waits for a room cannot be done before there is one.
    pub const fn leads_its_lane(&self) -> bool {
        matches!(self, Self::OpenRoom { again: 0, lost: Some(_) })
    }

    /// Whether it is tried once more when what refused it may have changed: a permission, a place. What asks a person,
    /// or has a rhythm of its own, is not.
    pub const fn is_tried_anew(&self) -> bool {
        match self {
            Self::Announce
            | Self::DrawCard
            | Self::Say { .. }
            | Self::SayAlerts { .. }
            | Self::Ask { .. }
            | Self::PageInRoom { .. }
            | Self::ClosePage { .. }
            | Self::RaiseAlarm { .. }
            | Self::ShowDraft { .. }
            | Self::TellOperators { .. } => true,
            Self::OpenRoom { .. }
            | Self::PageDirectly { .. }
            | Self::Publish { .. }
            | Self::Escalate { .. }
            | Self::RemindUpdate { .. }
            | Self::ExpectBeat { .. } => false,
        }
    }

    /// Smaller goes first when several are due: pages before all else. One of its performer's [urgencies].
    ///
    /// [urgencies]: Performer::urgencies
    pub const fn urgency(&self) -> i64 {
        match (self.performer(), self) {
            (Performer::Page, _) => 0,
            (Performer::Clock, _) => 1,
            (Performer::Chat, Self::OpenRoom { .. } | Self::PageInRoom { .. } | Self::Publish { .. }) => 2,
            (Performer::Chat, _) => 3,
        }
    }

    /// Names the intent, so that it is kept once however often it is decided. `occasion` tells apart what is drawn or
    /// said again.
    pub fn dedup_key(&self, incident: IncidentId, occasion: &str) -> String {
        match self {
            Self::Announce => format!("{incident}/announce/{occasion}"),
            Self::OpenRoom { again, lost: None } => format!("{incident}/room/{again}"),
            Self::OpenRoom { again, lost: Some(entry) } => format!("{incident}/room/after-{entry}/{again}"),
            Self::DrawCard => format!("{incident}/card/{occasion}"),
            Self::Say { to, .. } => format!("{incident}/say/{to}"),
            Self::SayAlerts { .. } => format!("{incident}/say-alerts/{occasion}"),
            Self::Ask { entry, .. } => format!("{incident}/ask/{entry}"),
            Self::PageDirectly { page } => format!("{incident}/page/{page}/directly"),
            Self::PageInRoom { page, lost: None } => format!("{incident}/page/{page}/room"),
            Self::PageInRoom { page, lost: Some(entry) } => format!("{incident}/page/{page}/room/after-{entry}"),
            Self::ClosePage { page } => format!("{incident}/page-closed/{page}/{occasion}"),
            Self::Escalate { escalation, step, round, alarms } => {
                format!("{incident}/escalation/{escalation}/{round}/{step}/{alarms}")
            }
            Self::RaiseAlarm { escalation, alarm, place } => {
                format!("{incident}/alarm/{escalation}/{alarm}/{}", place.word())
            }
            Self::ShowDraft { update } => format!("{incident}/draft/{update}/{occasion}"),
            Self::Publish { update, sink, digest, again } => {
                let place = match sink {
                    Sink::Room => "room".to_owned(),
                    Sink::Announcements => "announcements".to_owned(),
                    Sink::Channel(channel) => channel.to_string(),
                };
                format!("{incident}/publish/{update}/{place}/{}/{again}", digest.get(..12).unwrap_or(digest))
            }
            Self::RemindUpdate { due } => format!("{incident}/remind/{}", due.timestamp_micros()),
            Self::ExpectBeat { source, due } => format!("heartbeat/{source}/{}", due.timestamp_micros()),
            Self::TellOperators { .. } => format!("{incident}/operators/{occasion}"),
        }
    }
}
