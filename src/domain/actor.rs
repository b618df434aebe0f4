//! Who acts, and who may do what: one table.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::id::{PersonId, Snowflake, SourceName};
use crate::domain::organisation::Organisation;

/// What a person may be trusted with; given in the configuration or by a Discord role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Duty {
    /// Runs incidents.
    Responder,
    /// Writes and approves status updates.
    Liaison,
    /// Approves external updates for public relations.
    Pr,
    /// Approves external updates for the legal department.
    Legal,
    /// Reads along.
    Manager,
    /// Configures and silences.
    Operator,
}

impl Duty {
    /// All duties, in the order in which they are shown.
    pub const ALL: [Self; 6] = [Self::Responder, Self::Liaison, Self::Pr, Self::Legal, Self::Manager, Self::Operator];
}

impl fmt::Display for Duty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Responder => "responder",
            Self::Liaison => "liaison",
            Self::Pr => "PR",
            Self::Legal => "legal",
            Self::Manager => "manager",
            Self::Operator => "operator",
        })
    }
}

/// An act that not everyone may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// Declare an incident, page somebody, ask a question.
    RaiseAlarm,
    /// Change an incident: severity, phase, roles, report, timeline, resolve, close; answer a page.
    RunIncident,
    /// Draft, edit or reject a status update.
    WriteUpdate,
}

impl Right {
    /// Who has the right; an empty list means everyone.
    pub const fn duties(self) -> &'static [Duty] {
        match self {
            Self::RaiseAlarm => &[],
            Self::RunIncident => &[Duty::Responder, Duty::Liaison, Duty::Operator],
            Self::WriteUpdate => &[Duty::Liaison],
        }
    }

    /// The act, as it stands after "may".
    pub const fn act(self) -> &'static str {
        match self {
            Self::RaiseAlarm => "raise an alarm",
            Self::RunIncident => "run an incident",
            Self::WriteUpdate => "write a status update",
        }
    }
}

/// Who gave a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A person, with the duties that the configuration and the person's Discord roles give.
    Person {
        /// Who.
        id: PersonId,
        /// The duties held at this moment.
        duties: BTreeSet<Duty>,
    },
    /// A source of alerts.
    Source(SourceName),
    /// Firebell itself: a timer, or the result of something it did.
    Firebell,
}

impl Actor {
    /// A Discord user with the roles held in the guild, as an actor.
    pub fn member(user: Snowflake, roles: &[Snowflake], organisation: &Organisation) -> Self {
        let id = organisation.person_of(user);
        let listed = organisation.people.get(&id).into_iter().flat_map(|person| &person.duties).copied();
        let by_role = organisation
            .discord_roles
            .iter()
            .filter(|(_, given_by)| roles.iter().any(|role| given_by.contains(role)))
            .map(|(duty, _)| *duty);
        let duties = listed.chain(by_role).collect();
        Self::Person { id, duties }
    }

    /// The person, when one acts.
    pub fn person(&self) -> Option<&PersonId> {
        match self {
            Self::Person { id, .. } => Some(id),
            Self::Source(_) | Self::Firebell => None,
        }
    }

    /// Whether the person holds `duty`.
    pub fn has(&self, duty: Duty) -> bool {
        matches!(self, Self::Person { duties, .. } if duties.contains(&duty))
    }

    /// Whether the actor may do what `right` names. Sources and Firebell itself act within what they are given to do.
    pub fn may(&self, right: Right) -> bool {
        match self {
            Self::Person { duties, .. } => {
                right.duties().is_empty() || right.duties().iter().any(|duty| duties.contains(duty))
            }
            Self::Source(_) | Self::Firebell => true,
        }
    }

    /// The actor as it is kept in the timeline.
    pub fn as_author(&self) -> Author {
        match self {
            Self::Person { id, .. } => Author::Person(id.clone()),
            Self::Source(source) => Author::Source(source.clone()),
            Self::Firebell => Author::Firebell,
        }
    }
}

/// Who did something that the timeline keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// A person.
    Person(PersonId),
    /// A source of alerts.
    Source(SourceName),
    /// Firebell itself.
    Firebell,
}
