//! An incident: its state, and what each command does to it.
//!
//! [`Incident::decide`] is the only way in which an incident changes. It is a plain function; the engine loads, calls
//! it and commits what it returns.

mod alerts;
mod command;
mod comms;
mod deciding;
mod lifecycle;
mod pace;
mod paging;
mod repair;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;
use crate::domain::actor::{Actor, Author};
use crate::domain::alert::{Category, Severity, words};
use crate::domain::id::{
    EscalationNumber, IncidentId, PageNumber, PersonId, RotaName, Snowflake, TeamName, UpdateNumber,
};
use crate::domain::organisation::Organisation;
use crate::domain::paging::{Escalation, Page};
use crate::domain::subject::Subject;
use crate::domain::timeline::RoomKind;
use crate::domain::update::{Facts, Update};

pub use command::{Command, Decision, Fact, Joined, Joining, Refusal, Scheduled};
use deciding::Deciding;
pub use pace::Pace;
pub use paging::forecast;
pub use repair::{Cause, Lack};

words! {
    /// Where an incident stands.
    Phase, "a phase: triage, investigating, mitigating, monitoring, resolved or closed" {
        /// Nobody looked yet.
        Triage = "triage",
        /// Somebody looks for the cause.
        Investigating = "investigating",
        /// The harm is being stopped.
        Mitigating = "mitigating",
        /// It seems to be over; somebody watches.
        Monitoring = "monitoring",
        /// It is over.
        Resolved = "resolved",
        /// Nothing more will be said in the room.
        Closed = "closed",
    }
}

impl Phase {
    /// Whether the incident is going on: an alert of its group joins it, and people are paged.
    pub const fn is_open(self) -> bool {
        match self {
            Self::Triage | Self::Investigating | Self::Mitigating | Self::Monitoring => true,
            Self::Resolved | Self::Closed => false,
        }
    }
}

words! {
    /// A part that one person plays in an incident.
    Role, "a role: lead, liaison or scribe" {
        /// Decides.
        Lead = "lead",
        /// Answers for every word that leaves the house.
        Liaison = "liaison",
        /// Keeps the timeline.
        Scribe = "scribe",
    }
}

words! {
    /// Why an incident is closed.
    CloseReason, "a reason: fixed, duplicate, false_positive, superseded, external or cancelled" {
        /// The fault is gone.
        Fixed = "fixed",
        /// Another incident has it.
        Duplicate = "duplicate",
        /// There was nothing.
        FalsePositive = "false_positive",
        /// Something larger took its place.
        Superseded = "superseded",
        /// Somebody else's, who mends it.
        External = "external",
        /// Not to be pursued.
        Cancelled = "cancelled",
    }
}

/// The channel or thread in which an incident is worked on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    /// Which channel or thread.
    pub channel: Snowflake,
    /// Which of the two.
    pub kind: RoomKind,
    /// Why it is not what it should be.
    pub trouble: Option<String>,
}

/// An incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// Which.
    pub id: IncidentId,
    /// Counts the decisions; a commit on an older version is refused.
    pub version: i64,
    /// One line.
    pub title: String,
    /// How urgent.
    pub severity: Severity,
    /// Who set the severity: what a person set, an alert can only propose to raise.
    pub severity_by: Author,
    /// Why it has this severity.
    pub severity_reason: String,
    /// A severity that an alert proposed, until somebody answers.
    pub severity_proposed: Option<Severity>,
    /// What kind of trouble; `None`: not known yet.
    pub category: Option<Category>,
    /// Where it stands.
    pub phase: Phase,
    /// Since when.
    pub phase_since: Timestamp,
    /// Who owns it.
    pub team: TeamName,
    /// The rota that is paged for it.
    pub rota: RotaName,
    /// The service that it is about, if one is named.
    pub service: Option<String>,
    /// The models and data that it is about.
    pub subjects: Vec<Subject>,
    /// Who decides.
    pub lead: Option<PersonId>,
    /// Who answers for words.
    pub liaison: Option<PersonId>,
    /// Who keeps the timeline.
    pub scribe: Option<PersonId>,
    /// Who opened it.
    pub declared_by: Author,
    /// When it was opened.
    pub declared_at: Timestamp,
    /// Alerts with this key join it while it is open.
    pub group: Option<String>,
    /// The earlier incident of the same group.
    pub follows: Option<IncidentId>,
    /// When the next update is due.
    pub next_update_due: Option<Timestamp>,
    /// Where it is worked on, once that exists.
    pub room: Option<Room>,
    /// How many entries its timeline has.
    pub entries: i64,
    /// How often its alerts spoke lately.
    pub pace: Pace,
    /// Every run of a paging policy, in order.
    pub escalations: Vec<Escalation>,
    /// Every call of a person, in order.
    pub pages: Vec<Page>,
    /// Every status update, in order.
    pub updates: Vec<Update>,
}

/// What an incident is opened with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// One line.
    pub title: String,
    /// How urgent.
    pub severity: Severity,
    /// Why.
    pub severity_reason: String,
    /// What kind of trouble.
    pub category: Option<Category>,
    /// Who owns it.
    pub team: TeamName,
    /// The rota to page in place of the team's.
    pub rota: Option<RotaName>,
    /// The service that it is about.
    pub service: Option<String>,
    /// The models and data that it is about.
    pub subjects: Vec<Subject>,
    /// The key under which alerts join it.
    pub group: Option<String>,
    /// The earlier incident of the same group.
    pub follows: Option<IncidentId>,
    /// Why it is opened: the rule that matched, or who declared it.
    pub why: String,
    /// The titles of the alerts that opened it, beyond the first.
    pub also: Vec<String>,
    /// Whether somebody is paged at all; a suspicion pages nobody.
    pub pages: bool,
}

impl Incident {
    /// Opens an incident: it exists, somebody is paged, a room is asked for.
    pub fn open(
        id: IncidentId,
        opening: &Opening,
        actor: &Actor,
        organisation: &Organisation,
        now: Timestamp,
    ) -> Decision {
        lifecycle::open(id, opening, actor, organisation, now)
    }

    /// Decides what `command`, given by `actor` at `now`, does to this incident.
    pub fn decide(
        &self,
        command: &Command,
        actor: &Actor,
        organisation: &Organisation,
        now: Timestamp,
    ) -> Result<Decision, Refusal> {
        if let Some(right) = command.right()
            && !self.permits(actor, right)
        {
            return Err(Refusal::NotAllowed { right });
        }
        let mut deciding = Deciding::new(self, actor, organisation, now);
        let d = &mut deciding;
        match command {
            Command::Join { alerts } => alerts::join(d, alerts)?,
            Command::AlertsResolved { titles, count, still_firing } => {
                alerts::resolved(d, titles, *count, *still_firing);
            }
            Command::AcknowledgedAtSource { titles, count, unacknowledged } => {
                alerts::acknowledged(d, titles, *count, *unacknowledged);
            }
            Command::Inform { facts } => alerts::inform(d, facts),
            Command::SetSeverity { to, reason } => lifecycle::set_severity(d, *to, reason)?,
            Command::AcceptSeverity { to } => lifecycle::accept_severity(d, *to)?,
            Command::KeepSeverity { proposed } => lifecycle::keep_severity(d, *proposed)?,
            Command::SetPhase { to, note } => lifecycle::set_phase(d, *to, note.as_deref())?,
            Command::Assign { role, person } => lifecycle::assign(d, *role, person)?,
            Command::Report { conditions, actions, needs, next_in } => {
                lifecycle::report(d, conditions, actions, needs.as_deref(), *next_in)?;
            }
            Command::Note { text, at, quote } => lifecycle::note(d, text, *at, quote.as_ref())?,
            Command::Correct { entry, text } => lifecycle::correct(d, *entry, text)?,
            Command::Resolve { note } => lifecycle::resolve(d, note.as_deref())?,
            Command::Close { reason, note } => lifecycle::close(d, *reason, note.as_deref())?,
            Command::UpdateDue { due } => lifecycle::update_due(d, *due),
            Command::RoomOpened { room } => lifecycle::room_opened(d, room),
            Command::RoomRefused { again, lost, trouble } => lifecycle::room_refused(d, *again, *lost, trouble),
            Command::Repair { lacks, cause } => repair::repair(d, lacks, *cause),
            Command::Undone { what, trouble } => lifecycle::undone(d, what, trouble),
            Command::Page { target, message } => paging::by_hand(d, target, message.as_deref())?,
            Command::Acknowledge { page } => paging::acknowledge(d, *page)?,
            Command::Decline { page } => paging::decline(d, *page)?,
            Command::EscalationDue { escalation, step, round, alarms } => {
                paging::due(d, *escalation, *step, *round, *alarms);
            }
            Command::PageDelivered { page } => paging::delivered(d, *page),
            Command::PageUndelivered { page, trouble } => paging::undelivered(d, *page, trouble),
            Command::Draft { texts } => comms::draft(d, texts)?,
            Command::Edit { update, version, text } => comms::edit(d, *update, *version, text)?,
            Command::Approve { update, version } => comms::approve(d, *update, *version)?,
            Command::Reject { update, reason } => comms::reject(d, *update, reason)?,
            Command::Published { update, sink } => comms::published(d, *update, sink),
            Command::PublicationVoid { update } => comms::publication_void(d, *update),
            Command::PublicationDoubtful { update, sink, trouble } => comms::doubtful(d, *update, sink, trouble),
            Command::ConfirmPublished { update } => comms::confirm_published(d, *update)?,
            Command::PublishAgain { update } => comms::publish_again(d, *update)?,
        }
        Ok(deciding.finish())
    }

    /// Whether `actor` may do what `right` names here: by duty, or by the part that the person plays in this incident.
    pub fn permits(&self, actor: &Actor, right: crate::domain::actor::Right) -> bool {
        use crate::domain::actor::Right;
        let plays = |role: &Option<PersonId>| role.is_some() && role.as_ref() == actor.person();
        match right {
            Right::RaiseAlarm => true,
            // Whoever has a part in it, or was called for help by somebody who may, may help.
            Right::RunIncident => {
                actor.may(right)
                    || plays(&self.lead)
                    || plays(&self.liaison)
                    || plays(&self.scribe)
                    || self.pages.iter().any(|page| {
                        Some(&page.person) == actor.person()
                            && self.escalation(page.escalation).is_some_and(|escalation| escalation.vouched)
                    })
            }
            Right::WriteUpdate => actor.may(right) || plays(&self.liaison),
        }
    }

    /// Who answers questions: the lead, or whoever is on call when nobody leads.
    pub fn questioned(&self, organisation: &Organisation, now: Timestamp) -> Option<PersonId> {
        self.lead.clone().or_else(|| organisation.on_call(&self.rota, now).map(|shift| shift.person))
    }

    /// The facts on which a text of this incident is approved.
    pub fn facts(&self) -> Facts<'_> {
        Facts { severity: self.severity, phase: self.phase.word() }
    }

    /// The person who plays `role`.
    pub fn player(&self, role: Role) -> Option<&PersonId> {
        match role {
            Role::Lead => self.lead.as_ref(),
            Role::Liaison => self.liaison.as_ref(),
            Role::Scribe => self.scribe.as_ref(),
        }
    }

    /// The page of this number.
    pub fn page(&self, number: PageNumber) -> Option<&Page> {
        self.pages.iter().find(|page| page.number == number)
    }

    /// The escalation of this number.
    pub fn escalation(&self, number: EscalationNumber) -> Option<&Escalation> {
        self.escalations.iter().find(|escalation| escalation.number == number)
    }

    /// The update of this number.
    pub fn update(&self, number: UpdateNumber) -> Option<&Update> {
        self.updates.iter().find(|update| update.number == number)
    }
}
