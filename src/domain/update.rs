//! Status updates: texts for an audience, and the keys without which they are not published.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;
use crate::domain::actor::{Actor, Duty};
use crate::domain::alert::{Severity, words};
use crate::domain::id::{AudienceName, GateName, PersonId, Snowflake, UpdateNumber};

/// The longest text of an update, in characters: what one Discord message holds.
pub const TEXT_LIMIT: usize = 2000;

/// Where an update is published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sink {
    /// The incident's room.
    Room,
    /// The channel where incidents are announced.
    Announcements,
    /// Another channel of the guild.
    Channel(Snowflake),
}

/// Who is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audience {
    /// Whether these are people outside the house.
    pub external: bool,
    /// The gates, each of which must give its key; never empty, checked in config.
    pub gates: Vec<GateName>,
    /// Where the text is published.
    pub sinks: Vec<Sink>,
}

/// One check that a text passes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// Who may give this gate's key, beside the incident's liaison for the duty of that name.
    pub duty: Duty,
}

/// A gate's approval of an exact text on exact facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// The gate.
    pub gate: GateName,
    /// Who gave it.
    pub person: PersonId,
    /// When.
    pub at: Timestamp,
    /// What it was given for: [`Update::digest`] at that moment.
    pub digest: String,
}

words! {
    /// Where an update stands.
    UpdateState, "the state of an update: draft, approved, published, doubtful, rejected or superseded" {
        /// Being written; nothing was published.
        Draft = "draft",
        /// Every gate gave its key; it is on its way out.
        Approved = "approved",
        /// It stands where its audience reads it.
        Published = "published",
        /// It may or may not stand there: a person has to look.
        Doubtful = "doubtful",
        /// A person said no.
        Rejected = "rejected",
        /// A later draft took its place.
        Superseded = "superseded",
    }
}

/// One status update.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Update {
    /// Which update of this incident.
    pub number: UpdateNumber,
    /// Who is to read it.
    pub audience: AudienceName,
    /// Where it stands.
    pub state: UpdateState,
    /// The text, exactly as it will stand there.
    pub text: String,
    /// Counts the texts of this update, from 1.
    pub version: u32,
    /// Who last edited the text; `None`: it is the template's.
    pub author: Option<PersonId>,
    /// The keys given so far.
    pub keys: Vec<Key>,
    /// Why it was rejected, or is doubtful.
    pub reason: Option<String>,
    /// When it was drafted.
    pub drafted_at: Timestamp,
    /// Where it stands already.
    pub published_to: Vec<Sink>,
    /// Where it may or may not stand, or was refused, until a person looked.
    pub doubtful_at: Vec<Sink>,
    /// When the last of its sinks had it.
    pub published_at: Option<Timestamp>,
    /// How many times a person had it posted again after a doubtful attempt.
    pub again: u32,
}

/// The facts on which a text was approved: when one of them changes, the approval is void.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Facts<'a> {
    /// The incident's severity.
    pub severity: Severity,
    /// The incident's phase, as a word.
    pub phase: &'a str,
}

/// Why a key is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyRefusal {
    /// The person holds the key of none of the gates that are still closed; these duties do.
    NotYours {
        /// Who may.
        duties: Vec<Duty>,
    },
    /// The text goes outside, the person wrote it, and nobody else would have looked at it.
    OwnText {
        /// Who else may.
        duties: Vec<Duty>,
    },
}

impl Update {
    /// Whether it waits for its keys.
    pub fn is_open(&self) -> bool {
        self.state == UpdateState::Draft
    }

    /// What a key is given for, as a hash in hexadecimal: this text, for this audience, on these facts.
    pub fn digest(&self, facts: &Facts<'_>) -> String {
        use sha2::{Digest, Sha256};
        let mut hash = Sha256::new();
        for part in [self.audience.as_str(), &facts.severity.to_string(), facts.phase, &self.text] {
            // The length before each part keeps two different splits of the same bytes apart.
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        hex::encode(hash.finalize())
    }

    /// The keys that hold for the text as it is, on the facts as they are.
    pub fn valid_keys<'a>(&'a self, facts: &Facts<'_>) -> impl Iterator<Item = &'a Key> {
        let digest = self.digest(facts);
        self.keys.iter().filter(move |key| key.digest == digest)
    }

    /// The audience's gates that have not given a key that holds.
    pub fn closed_gates<'a>(&self, audience: &'a Audience, facts: &Facts<'_>) -> Vec<&'a GateName> {
        let open: Vec<&GateName> = self.valid_keys(facts).map(|key| &key.gate).collect();
        audience.gates.iter().filter(|gate| !open.contains(gate)).collect()
    }

    /// Whether nothing is missing: every gate gave its key, and an external text was looked at by somebody who did
    /// not write it.
    pub fn may_be_published(&self, audience: &Audience, facts: &Facts<'_>) -> bool {
        let by_another = self.valid_keys(facts).any(|key| Some(&key.person) != self.author.as_ref());
        self.closed_gates(audience, facts).is_empty() && (!audience.external || by_another)
    }

    /// The gate whose key `actor` would give now.
    ///
    /// `liaison` is the incident's own, who holds the liaison gate's key on it.
    pub fn gate_for<'a>(
        &self,
        actor: &Actor,
        liaison: Option<&PersonId>,
        audience: &'a Audience,
        gates: &BTreeMap<GateName, Gate>,
        facts: &Facts<'_>,
    ) -> Result<&'a GateName, KeyRefusal> {
        let closed = self.closed_gates(audience, facts);
        let duties: Vec<Duty> = closed.iter().filter_map(|name| gates.get(*name)).map(|gate| gate.duty).collect();
        let holds = |duty: Duty| {
            actor.has(duty) || (duty == Duty::Liaison && actor.person().is_some() && actor.person() == liaison)
        };
        let Some(gate) = closed.iter().find(|name| gates.get(**name).is_some_and(|gate| holds(gate.duty))) else {
            return Err(KeyRefusal::NotYours { duties });
        };
        let own = self.author.is_some() && self.author.as_ref() == actor.person();
        let by_another = self.valid_keys(facts).any(|key| Some(&key.person) != self.author.as_ref());
        if audience.external && own && !by_another && closed.len() == 1 {
            return Err(KeyRefusal::OwnText { duties });
        }
        Ok(gate)
    }
}
