//! The timeline: everything that happened in an incident, who, when and why; entries are only ever added.

use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;
use crate::domain::actor::Author;
use crate::domain::alert::{Severity, words};
use crate::domain::id::{AudienceName, EntryNumber, GateName, IncidentId, PageNumber, PersonId, UpdateNumber};
use crate::domain::incident::{CloseReason, Phase, Role};
use crate::domain::update::Sink;

words! {
    /// What room an incident got.
    RoomKind, "a kind of room: channel or thread" {
        /// A text channel of its own.
        Channel = "channel",
        /// A thread, where no channel could be made.
        Thread = "thread",
    }
}

/// A report for the room: conditions, actions, needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// What is the case now.
    pub conditions: String,
    /// What is being done.
    pub actions: String,
    /// What is needed.
    pub needs: Option<String>,
    /// When the next report is due.
    pub next_at: Option<Timestamp>,
}

/// A message that was taken into the timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// Who wrote it.
    pub author: PersonId,
    /// Where it stands, as `https://discord.com/channels/…`.
    pub link: String,
}

/// How many titles one entry names before it only counts.
const TITLES_NAMED: usize = 3;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
#[allow(missing_docs, reason = "each variant is one past-tense sentence, worded in render::sentence")]
pub enum Event {
    Opened { title: String, severity: Severity, why: String, follows: Option<IncidentId> },
    AlertsJoined { titles: Vec<String>, count: u64 },
    AlertsFiredAgain { titles: Vec<String>, count: u64 },
    AlertsResolved { titles: Vec<String>, count: u64, still_firing: u64 },
    AcknowledgedAtSource { titles: Vec<String>, count: u64, unacknowledged: u64 },
    Informed { titles: Vec<String>, count: u64 },
    SeverityChanged { from: Severity, to: Severity, reason: String },
    SeverityProposed { to: Severity, reason: String },
    PhaseChanged { from: Phase, to: Phase, note: Option<String> },
    RoleGiven { role: Role, person: PersonId, before: Option<PersonId> },
    Reported { report: Report },
    Noted { text: String, quote: Option<Quote> },
    Corrected { entry: EntryNumber, text: String },
    RoomOpened { room: RoomKind, trouble: Option<String> },
    RoomMissing { trouble: String },
    RoomGone { reopened: bool },
    Repaired { what: String, why: String },
    Paged { page: PageNumber, person: PersonId, step: usize, round: u32, reason: String },
    NobodyOnCall { seeking: String, step: usize },
    PageDelivered { page: PageNumber, person: PersonId },
    PageUndelivered { page: PageNumber, person: PersonId, trouble: String },
    Acknowledged { page: Option<PageNumber>, person: PersonId },
    Declined { page: PageNumber, person: PersonId },
    NobodyAnswered { seeking: String, alarm: u32 },
    ResolveAsked,
    Resolved { note: Option<String> },
    Closed { reason: CloseReason, note: Option<String> },
    UpdateDrafted { update: UpdateNumber, audience: AudienceName },
    LiaisonAsked,
    UpdateEdited { update: UpdateNumber, audience: AudienceName, version: u32 },
    KeyGiven { update: UpdateNumber, audience: AudienceName, gate: GateName },
    ApprovalVoid { update: UpdateNumber, audience: AudienceName, reason: String },
    UpdateRejected { update: UpdateNumber, audience: AudienceName, reason: String },
    UpdatePublished { update: UpdateNumber, audience: AudienceName, sink: Sink },
    PublicationDoubtful { update: UpdateNumber, audience: AudienceName, trouble: String },
    UpdateDue,
    Undone { what: String, trouble: String },
}

impl Event {
    /// Whether it only tells what alerts of the incident did, which in a storm is said together.
    pub const fn is_of_alerts(&self) -> bool {
        matches!(
            self,
            Self::AlertsJoined { .. }
                | Self::AlertsFiredAgain { .. }
                | Self::AlertsResolved { still_firing: 1.., .. }
                | Self::AcknowledgedAtSource { unacknowledged: 1.., .. }
                | Self::Informed { .. }
        )
    }

    /// Takes in a later event of the same kind, if both only tell what alerts did.
    fn absorb(&mut self, later: &Self) -> bool {
        let (titles, count, more, added) = match (self, later) {
            (Self::AlertsJoined { titles, count }, Self::AlertsJoined { titles: more, count: added })
            | (Self::AlertsFiredAgain { titles, count }, Self::AlertsFiredAgain { titles: more, count: added })
            | (Self::Informed { titles, count }, Self::Informed { titles: more, count: added }) => {
                (titles, count, more, added)
            }
            (
                Self::AlertsResolved { titles, count, still_firing },
                Self::AlertsResolved { titles: more, count: added, still_firing: latest },
            ) => {
                *still_firing = *latest;
                (titles, count, more, added)
            }
            (
                Self::AcknowledgedAtSource { titles, count, unacknowledged },
                Self::AcknowledgedAtSource { titles: more, count: added, unacknowledged: latest },
            ) => {
                *unacknowledged = *latest;
                (titles, count, more, added)
            }
            _ => return false,
        };
        *titles = distinct_titles(titles.iter().chain(more));
        *count += added;
        true
    }

    /// Whether the room hears it in a line. What has a message of its own there (a page, a question, a card) has none.
    pub const fn is_public(&self) -> bool {
        match self {
            Self::AlertsJoined { .. }
            | Self::AlertsFiredAgain { .. }
            | Self::AcknowledgedAtSource { .. }
            | Self::Informed { .. }
            | Self::SeverityChanged { .. }
            | Self::PhaseChanged { .. }
            | Self::RoleGiven { .. }
            | Self::Reported { .. }
            | Self::Noted { .. }
            | Self::Corrected { .. }
            | Self::NobodyOnCall { .. }
            | Self::PageUndelivered { .. }
            | Self::Acknowledged { .. }
            | Self::Declined { .. }
            | Self::Resolved { .. }
            | Self::Closed { .. }
            | Self::RoomGone { .. }
            | Self::ApprovalVoid { .. }
            | Self::UpdateRejected { .. }
            | Self::PublicationDoubtful { .. } => true,
            // The question whether to resolve says it, when nothing fires any more.
            Self::AlertsResolved { still_firing, .. } => 0 < *still_firing,
            // What was published to the room stands there.
            Self::UpdatePublished { sink, .. } => matches!(sink, Sink::Channel(_)),
            Self::Opened { .. }
            | Self::SeverityProposed { .. }
            | Self::RoomOpened { .. }
            | Self::RoomMissing { .. }
            | Self::Repaired { .. }
            | Self::Paged { .. }
            | Self::PageDelivered { .. }
            | Self::NobodyAnswered { .. }
            | Self::ResolveAsked
            | Self::UpdateDrafted { .. }
            | Self::LiaisonAsked
            | Self::UpdateEdited { .. }
            | Self::KeyGiven { .. }
            | Self::UpdateDue
            // The room may be what could not be reached; the operators are told.
            | Self::Undone { .. } => false,
        }
    }
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its place in the incident's timeline.
    pub number: EntryNumber,
    /// When it happened; a person may date a note back.
    pub at: Timestamp,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Who did it.
    pub author: Author,
    /// What happened.
    pub event: Event,
}

/// The first few of the titles, each once.
pub fn distinct_titles<'a>(titles: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut distinct: Vec<String> = Vec::new();
    for title in titles {
        if TITLES_NAMED <= distinct.len() {
            break;
        }
        if !distinct.contains(title) {
            distinct.push(title.clone());
        }
    }
    distinct
}

/// What alerts did, in as few entries as there are kinds of it: each counts and names what all of its kind did. What
/// else happened meanwhile is left out.
pub fn gathered(entries: Vec<Entry>) -> Vec<Entry> {
    let mut gathered: Vec<Entry> = Vec::new();
    for entry in entries.into_iter().filter(|entry| entry.event.is_of_alerts()) {
        if !gathered.iter_mut().any(|earlier| earlier.event.absorb(&entry.event)) {
            gathered.push(entry);
        }
    }
    gathered
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::SourceName;

    fn entry(number: i64, event: Event) -> Entry {
        let at = chrono::DateTime::from_timestamp(number, 0).unwrap();
        let author = Author::Source(SourceName::from("alertmanager"));
        Entry { number: EntryNumber(number), at, recorded_at: at, author, event }
    }

    #[test]
    fn what_alerts_did_is_gathered_by_kind_and_the_rest_is_left_out() {
        let titles = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let entries = vec![
            entry(4, Event::AlertsJoined { titles: titles(&["a", "b"]), count: 7 }),
            entry(5, Event::Noted { text: "look".to_owned(), quote: None }),
            entry(6, Event::AlertsResolved { titles: titles(&["a"]), count: 1, still_firing: 6 }),
            entry(7, Event::AlertsJoined { titles: titles(&["b", "c", "d"]), count: 3 }),
            entry(8, Event::AlertsResolved { titles: titles(&["b"]), count: 2, still_firing: 7 }),
        ];
        let events: Vec<Event> = gathered(entries).into_iter().map(|entry| entry.event).collect();
        assert_eq!(
            events,
            [
                Event::AlertsJoined { titles: titles(&["a", "b", "c"]), count: 10 },
                Event::AlertsResolved { titles: titles(&["a", "b"]), count: 3, still_firing: 7 },
            ]
        );
    }
}
