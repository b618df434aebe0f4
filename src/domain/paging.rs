//! How people are reached: policies, their runs (escalations), and single calls (pages).

use chrono::Duration;
use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;
use crate::domain::alert::words;
use crate::domain::id::{EscalationNumber, PageNumber, PersonId, RotaName};

/// Who a step calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// Whoever is on call for the rota when the step is taken.
    Rota(RotaName),
    /// This person.
    Person(PersonId),
}

/// One step of a policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Who is called, all at once.
    pub targets: Vec<Target>,
    /// How long they have before the next step is taken, in seconds.
    pub wait_seconds: i64,
}

impl Step {
    /// How long those called have before the next step is taken.
    pub fn wait(&self) -> Duration {
        Duration::seconds(self.wait_seconds)
    }
}

/// How a team is paged: steps, taken in order until somebody answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Never empty.
    pub steps: Vec<Step>,
    /// How many more times all steps are taken after the first.
    pub repeat: u32,
}

words! {
    /// Where an escalation stands.
    EscalationState, "the state of an escalation: running, answered, exhausted or stopped" {
        /// Somebody was called, or will be.
        Running = "running",
        /// Somebody acknowledged.
        Answered = "answered",
        /// All steps were taken and nobody answered; the last resort is tried again and again.
        Exhausted = "exhausted",
        /// The incident ended first, or another escalation took over.
        Stopped = "stopped",
    }
}

/// One run of a policy for an incident. It keeps the policy as it was when the run began, so that a change of the
/// configuration does not break what is under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalation {
    /// Which run of this incident.
    pub number: EscalationNumber,
    /// Who is sought, as people read it: a rota or a person.
    pub seeking: String,
    /// Why somebody is paged.
    pub reason: String,
    /// Whether the policy, or somebody who may run the incident, asked for it: then whoever is called may help run it.
    /// Anybody may call anybody; that alone must not open doors.
    pub vouched: bool,
    /// The policy as it was.
    pub policy: Policy,
    /// The step that was taken last, from 0.
    pub step: usize,
    /// How many times all steps had been taken before this time.
    pub round: u32,
    /// Where it stands.
    pub state: EscalationState,
    /// When it began.
    pub started_at: Timestamp,
    /// When the next step is taken, or the last resort tried again; `None` when the run is over.
    pub next_at: Option<Timestamp>,
    /// How many times nobody answered was called out.
    pub alarms: u32,
    /// Who answered.
    pub answered_by: Option<PersonId>,
}

impl Escalation {
    /// Whether people are still sought.
    pub fn is_open(&self) -> bool {
        matches!(self.state, EscalationState::Running | EscalationState::Exhausted)
    }
}

words! {
    /// Where a page stands.
    PageState, "the state of a page: queued, sent, undelivered, acknowledged, declined or withdrawn" {
        /// Decided, not yet at the person's.
        Queued = "queued",
        /// Delivered.
        Sent = "sent",
        /// The direct message could not be delivered; the mention in the room is what is left.
        Undelivered = "undelivered",
        /// The person has it.
        Acknowledged = "acknowledged",
        /// The person cannot.
        Declined = "declined",
        /// Somebody else answered, or the incident ended.
        Withdrawn = "withdrawn",
    }
}

/// One call of one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// Which page of this incident.
    pub number: PageNumber,
    /// The run that it belongs to.
    pub escalation: EscalationNumber,
    /// The step, from 0.
    pub step: usize,
    /// The round of the escalation, from 0.
    pub round: u32,
    /// Who is called.
    pub person: PersonId,
    /// Where it stands.
    pub state: PageState,
    /// When it was decided.
    pub decided_at: Timestamp,
    /// When the state last changed.
    pub changed_at: Timestamp,
    /// Why it was not delivered.
    pub trouble: Option<String>,
}

impl Page {
    /// Whether the person may still answer.
    pub fn is_open(&self) -> bool {
        matches!(self.state, PageState::Queued | PageState::Sent | PageState::Undelivered)
    }
}
