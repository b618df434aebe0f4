//! What may be asked of an incident, what comes of it, and why it may be refused.

use chrono::Duration;

use crate::domain::Timestamp;
use crate::domain::actor::{Duty, Right};
use crate::domain::alert::Severity;
use crate::domain::effect::Effect;
use crate::domain::id::{
    AudienceName, EntryNumber, EscalationNumber, IncidentId, PageNumber, PersonId, Snowflake, UpdateNumber,
};
use crate::domain::incident::{Cause, CloseReason, Incident, Lack, Phase, Role, Room};
use crate::domain::paging::{PageState, Target};
use crate::domain::timeline::{Entry, Quote};
use crate::domain::update::{Sink, Update, UpdateState};

/// An alert that joins an incident, or fires in it again, or more severely.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// The alert's title.
    pub title: String,
    /// The severity that its rule gives, and why.
    pub severity: Severity,
    /// The rule's reason.
    pub reason: String,
    /// Whether it may page; a suspicion may not.
    pub pages: bool,
    /// What it does.
    pub how: Joining,
}

/// What an alert does to the incident that it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joining {
    /// It was not part of it before.
    New,
    /// It was resolved there, and fires again.
    Again,
    /// It fires more severely than before.
    Worse,
}

/// What a source told that asks for nothing: a version released, an alias moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// One line.
    pub title: String,
    /// When it came, if that was before the incident.
    pub at: Option<Timestamp>,
}

/// What is asked of an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "fields are the arguments of the sentence that documents the variant")]
pub enum Command {
    /// Alerts of its group changed for the worse.
    Join { alerts: Vec<Joined> },
    /// Alerts of its group were resolved at their source.
    AlertsResolved { titles: Vec<String>, count: u64, still_firing: u64 },
    /// Alerts of its group were taken on at their source; so many others fire that nobody took.
    AcknowledgedAtSource { titles: Vec<String>, count: u64, unacknowledged: u64 },
    /// Something happened to what it is about that may explain it.
    Inform { facts: Vec<Fact> },
    /// Change the severity.
    SetSeverity { to: Severity, reason: String },
    /// Accept what an alert proposed.
    AcceptSeverity { to: Severity },
    /// Turn down what an alert proposed.
    KeepSeverity { proposed: Severity },
    /// Go on to another phase.
    SetPhase { to: Phase, note: Option<String> },
    /// Give a role to a person; the person may be the one who asks.
    Assign { role: Role, person: PersonId },
    /// Report to the room.
    Report { conditions: String, actions: String, needs: Option<String>, next_in: Option<Duration> },
    /// Add to the timeline.
    Note { text: String, at: Option<Timestamp>, quote: Option<Quote> },
    /// Correct an entry by a new one that points at it.
    Correct { entry: EntryNumber, text: String },
    /// It is over.
    Resolve { note: Option<String> },
    /// Nothing more will be done in the room.
    Close { reason: CloseReason, note: Option<String> },
    /// The time for an update came.
    UpdateDue { due: Timestamp },
    /// The room exists.
    RoomOpened { room: Room },
    /// No room could be made, at the n-th try from 0.
    RoomRefused { again: u32, lost: Option<EntryNumber>, trouble: String },
    /// Something that should be there is not: it is put back.
    Repair { lacks: Vec<Lack>, cause: Cause },
    /// Something that was decided could not be done and will not be tried again.
    Undone { what: String, trouble: String },
    /// Call somebody by hand.
    Page { target: Target, message: Option<String> },
    /// Take a page, or whatever is open.
    Acknowledge { page: Option<PageNumber> },
    /// Turn a page down.
    Decline { page: PageNumber },
    /// The time for the next step of an escalation came.
    EscalationDue { escalation: EscalationNumber, step: usize, round: u32, alarms: u32 },
    /// A direct message was delivered.
    PageDelivered { page: PageNumber },
    /// A direct message was refused.
    PageUndelivered { page: PageNumber, trouble: String },
    /// Draft updates.
    Draft { texts: Vec<(AudienceName, String)> },
    /// Change the text of a draft that was read at `version`.
    Edit { update: UpdateNumber, version: u32, text: String },
    /// Give a gate's key for the text that was read at `version`.
    Approve { update: UpdateNumber, version: u32 },
    /// Refuse a draft.
    Reject { update: UpdateNumber, reason: String },
    /// An approved text stands at `sink`.
    Published { update: UpdateNumber, sink: Sink },
    /// The facts changed before the text went out.
    PublicationVoid { update: UpdateNumber },
    /// It is not known whether the text stands at `sink`, or it was refused there.
    PublicationDoubtful { update: UpdateNumber, sink: Sink, trouble: String },
    /// A person saw that a doubtful text stands where it should.
    ConfirmPublished { update: UpdateNumber },
    /// A person saw that it does not.
    PublishAgain { update: UpdateNumber },
}

impl Command {
    /// What the one who gives the command must be allowed to do; `None`: the decision itself looks who it is.
    pub const fn right(&self) -> Option<Right> {
        match self {
            Self::SetSeverity { .. }
            | Self::AcceptSeverity { .. }
            | Self::KeepSeverity { .. }
            | Self::SetPhase { .. }
            | Self::Assign { .. }
            | Self::Report { .. }
            | Self::Note { .. }
            | Self::Correct { .. }
            | Self::Resolve { .. }
            | Self::Close { .. }
            | Self::Acknowledge { .. }
            | Self::Decline { .. }
            | Self::Draft { .. } => Some(Right::RunIncident),
            Self::Page { .. } => Some(Right::RaiseAlarm),
            Self::Edit { .. } | Self::Reject { .. } | Self::ConfirmPublished { .. } | Self::PublishAgain { .. } => {
                Some(Right::WriteUpdate)
            }
            // A gate's own duty is asked for.
            Self::Approve { .. }
            | Self::Join { .. }
            | Self::AlertsResolved { .. }
            | Self::AcknowledgedAtSource { .. }
            | Self::Inform { .. }
            | Self::UpdateDue { .. }
            | Self::RoomOpened { .. }
            | Self::RoomRefused { .. }
            | Self::Repair { .. }
            | Self::Undone { .. }
            | Self::EscalationDue { .. }
            | Self::PageDelivered { .. }
            | Self::PageUndelivered { .. }
            | Self::Published { .. }
            | Self::PublicationVoid { .. }
            | Self::PublicationDoubtful { .. } => None,
        }
    }
}

/// An effect and when it is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scheduled {
    /// What.
    pub effect: Effect,
    /// Not before.
    pub due: Timestamp,
    /// Whether it stands for all decisions that are said together then, so that one job is enough for them.
    pub together: bool,
}

impl Scheduled {
    /// Names the intent, so that it is kept once however often it is decided. `version` is the incident's after the
    /// decision.
    pub fn dedup_key(&self, incident: IncidentId, version: i64) -> String {
        match self.together {
            true => self.effect.dedup_key(incident, &format!("at/{}", self.due.timestamp_micros())),
            false => self.effect.dedup_key(incident, &version.to_string()),
        }
    }
}

/// What comes of a command: the next state, what the timeline keeps, what is to be done; committed together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The incident as it is now.
    pub next: Incident,
    /// What is added to the timeline.
    pub entries: Vec<Entry>,
    /// What is to be done.
    pub effects: Vec<Scheduled>,
    /// Prefixes of the keys of jobs that must not be done any more.
    pub cancels: Vec<String>,
    /// Slots of messages that are gone, with the message that stood there.
    pub forgets: Vec<(String, Snowflake)>,
    /// Whether what is to be done is done once more where it ended before: a repair.
    pub anew: bool,
}

impl Decision {
    /// Whether nothing came of it: a stale timer, a result that was known.
    pub fn is_nothing(&self) -> bool {
        self.entries.is_empty() && self.effects.is_empty() && self.cancels.is_empty() && self.forgets.is_empty()
    }

    /// What this decision alone asks of an effect that was to stand for several.
    pub fn alone(&self, effect: &Effect) -> Effect {
        match (effect, self.entries.first()) {
            (Effect::SayAlerts { to, .. }, Some(first)) => Effect::SayAlerts { from: first.number, to: *to },
            _ => effect.clone(),
        }
    }
}

/// Why a command is refused; told to the one who gave it, privately.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "worded, with the cure, in render::refusal")]
pub enum Refusal {
    #[error("not allowed: {}", right.act())]
    NotAllowed { right: Right },
    #[error("holds none of the keys that are missing")]
    NoKey { duties: Vec<Duty> },
    #[error("an author alone cannot approve an external text")]
    OwnText { duties: Vec<Duty> },
    #[error("already {phase}")]
    AlreadyInPhase { phase: Phase },
    #[error("the incident is closed")]
    IsClosed,
    #[error("the incident is resolved")]
    IsResolved,
    #[error("not resolved yet")]
    NotResolved,
    #[error("a note is needed to reopen")]
    ReopenNeedsNote,
    #[error("already {severity}")]
    AlreadySeverity { severity: Severity },
    #[error("nothing is proposed")]
    NothingProposed,
    #[error("{person} is already {role}")]
    AlreadyInRole { role: Role, person: PersonId },
    #[error("no such person here: {person}")]
    UnknownPerson { person: PersonId },
    #[error("nobody is on call for {seeking}")]
    NobodyOnCall { seeking: String },
    #[error("{what} is empty")]
    Empty { what: &'static str },
    #[error("{what} is longer than {limit} characters")]
    TooLong { what: &'static str, limit: usize },
    #[error("{at} lies in the future")]
    InTheFuture { at: Timestamp },
    #[error("no entry {entry}")]
    NoSuchEntry { entry: EntryNumber },
    #[error("no page {page}")]
    NoSuchPage { page: PageNumber },
    #[error("no update {update}")]
    NoSuchUpdate { update: UpdateNumber },
    #[error("no page is open")]
    NothingToAcknowledge,
    #[error("the page is {state}")]
    PageIsOver { state: PageState, by: Option<PersonId>, at: Timestamp },
    #[error("not the one who was paged")]
    NotYourPage { person: PersonId },
    #[error("the update is {state}")]
    UpdateIsOver { state: UpdateState, approved: Option<(PersonId, Timestamp)> },
    #[error("the text was changed meanwhile")]
    TextChanged { author: Option<PersonId> },
    #[error("the text is unchanged")]
    TextUnchanged,
    #[error("this gate was passed already")]
    KeyGivenAlready,
}

impl Refusal {
    /// That an update takes no change any more, with who approved it last.
    pub fn update_is_over(update: &Update) -> Self {
        let approved = update.keys.last().map(|key| (key.person.clone(), key.at));
        Self::UpdateIsOver { state: update.state, approved }
    }
}
