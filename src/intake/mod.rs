//! What sources send: how each proves itself, and how its payload reads as alerts. Pure; one file a kind of source.
//!
//! # Another kind of source
//!
//! Say `acme`. Five files, and one line each in two lists:
//!
//! 1. `kinds/acme.rs` opens with what is documented, what was seen in real payloads and what is assumed, and states
//!    `pub static KIND: Kind = Kind { name: "acme", …, ..Kind::USUAL }` with its `fn read(&Delivery) -> Result<Reading,
//!    Misfit>`: take `delivery.document()?`, walk it with [`json::Node`] (its errors name the field), give
//!    `Alert { severity, …, ..Alert::new(source, fingerprint, status, title) }`. Titles, links, lengths and odd
//!    characters are tidied for all kinds after it.
//! 2. `kinds/samples/acme/{fires,resolves}.json`: one trouble and its end, in our own words.
//! 3. `docs/sources/acme.md`: what to click, the address and payload to paste, how to test, how to rotate the secret.
//! 4. `tests/it/sources/acme.toml`: for each file in `../shared/alerts/acme/` what it must read to; for each signed
//!    one, the secret and the headers.
//! 5. A line in `kinds/mod.rs` and one in `docs/sources/README.md`, each in its family.
//!
//! Tests then take it up by itself: the table, the signatures, a story through the whole bot with the samples, hostile
//! bodies, its page, its benchmark.
//!
//! Statuses: `Firing`, `Acknowledged` (acknowledges here), `Resolved`, `Info` (kept as evidence, opens nothing). Signals:
//! `NoData` (data category, unless it says another), `Suspected` (never pages), `Test` (opens nothing). A payload that
//! holds nothing for us (a test ping, a note) is `Reading::nothing("why")`; one that wants its own answer is
//! `Reading::answer(Answer::…)`. What is unknown is [`Misfit`], never a guess. `said_at` is the time of the state, by the
//! source's clock: with it, deliveries out of order change nothing.

pub mod again;
pub mod auth;
pub mod custom;
pub mod delivery;
pub mod drill;
mod form;
pub mod json;
pub mod kind;
pub mod kinds;
mod partial;
pub mod signature;
pub mod sns;
mod tidy;
mod time;
mod words;

use serde_json::Value;

use crate::domain::alert::Alert;
use crate::intake::delivery::Delivery;
use crate::intake::kind::Kind;

/// The most that one payload may read to, in bytes: the size of the largest body that a server can be set to take. What
/// stands once in a payload and counts for all its items could otherwise become many times that.
const MOST: usize = 64 * 1024 * 1024;

/// The longest reason, in characters; of a longer one the beginning is given.
const REASON: usize = 300;

/// What a payload reads to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reading {
    /// The alerts that it holds, informational ones too.
    pub alerts: Vec<Alert>,
    /// The items of it that are no alerts, and why; the others are taken in all the same.
    pub rejected: Vec<Rejected>,
    /// What the sender is to be answered in place of a receipt.
    pub answer: Option<Answer>,
}

impl Reading {
    /// The reading of a payload that is well understood and holds no alert: a test ping, a note.
    pub fn nothing(why: &str) -> Self {
        Self::answer(Answer::Says {
            status: 200,
            body: serde_json::json!({ "ids": [], "note": why }),
            headers: Vec::new(),
        })
    }

    /// The reading of a payload that only wants an answer.
    pub fn answer(answer: Answer) -> Self {
        Self { answer: Some(answer), ..Self::default() }
    }

    /// Reads the items of a list one by one: those that cannot be read are named and cost the others nothing. When none
    /// can, the payload is refused; an empty list says nothing and is no fault.
    pub fn of_items<T>(
        items: impl IntoIterator<Item = T>,
        mut read: impl FnMut(T) -> Result<Option<Alert>, Misfit>,
    ) -> Result<Self, Misfit> {
        let mut reading = Self::default();
        let (mut count, mut passed, mut size) = (0, false, 0);
        for (index, item) in items.into_iter().enumerate() {
            count += 1;
            match read(item) {
                Ok(Some(alert)) => {
                    size += weight(&alert);
                    reading.alerts.push(alert);
                }
                Ok(None) => passed = true,
                Err(misfit) => {
                    let reason = misfit.brief().to_string();
                    size += size_of::<Rejected>() + reason.len();
                    reading.rejected.push(Rejected { index, reason });
                }
            }
            if MOST < size {
                let mebibytes = MOST / 1024 / 1024;
                return Err(Misfit::Other(format!(
                    "it reads to more than {mebibytes} MiB, at item {index}; send fewer items at once"
                )));
            }
        }
        match reading.rejected.first() {
            Some(first) if reading.alerts.is_empty() && !passed => Err(Misfit::Other(match count {
                1 => first.reason.clone(),
                _ => format!("no item can be read; item {}: {}", first.index, first.reason),
            })),
            _ => Ok(reading),
        }
    }
}

/// What an alert takes in memory, in bytes, but for what keeps its labels in order.
fn weight(alert: &Alert) -> usize {
    let texts = [&alert.description, &alert.vendor_severity, &alert.service, &alert.group].into_iter().flatten();
    let texts = texts.chain([&alert.fingerprint, &alert.title]).chain(&alert.links);
    let texts = texts.chain(alert.labels.iter().flat_map(|(name, value)| [name, value]));
    texts.fold(size_of::<Alert>(), |size, text| size + text.len())
}

impl From<Alert> for Reading {
    fn from(alert: Alert) -> Self {
        Self { alerts: vec![alert], ..Self::default() }
    }
}

/// What a sender is to be answered in place of a receipt.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// This, as JSON.
    Says {
        /// The status.
        status: u16,
        /// The body; `null` for none.
        body: Value,
        /// Headers.
        headers: Vec<(String, String)>,
    },
    /// A subscription is confirmed by asking for this address, if the topic is allowed.
    Confirm {
        /// The topic.
        topic: String,
        /// The address, which passed the rules for such addresses.
        address: String,
    },
}

/// An item of a payload that was not taken in.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Rejected {
    /// Which item, from 0.
    pub index: usize,
    /// Why.
    pub reason: String,
}

/// What is wrong with a payload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// It is not JSON.
    #[error("the body is not JSON: {0}")]
    NotJson(String),
    /// A field that must be there is not.
    #[error("`{field}` is missing")]
    Missing {
        /// Its path.
        field: String,
    },
    /// A field holds what it cannot.
    #[error("`{field}` {problem}")]
    Wrong {
        /// Its path.
        field: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Something else.
    #[error("{0}")]
    Other(String),
}

impl Misfit {
    /// The same in words that a person reads to the end, whatever the payload has where a word should be.
    fn brief(self) -> Self {
        let text = self.to_string();
        match text.len() <= REASON {
            true => self,
            false => Self::Other(tidy::cut(&text, REASON)),
        }
    }
}

/// Why a payload was not read at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{misfit}; expected {expected}")]
pub struct Unreadable {
    /// What is wrong.
    pub misfit: Misfit,
    /// What was expected.
    pub expected: &'static str,
}

/// Reads what a source of this kind sent. Any bytes at all give a reading or a reason.
pub fn read(kind: &'static Kind, delivery: &Delivery<'_>) -> Result<Reading, Unreadable> {
    let unreadable = |misfit: Misfit| Unreadable { misfit: misfit.brief(), expected: kind.expected };
    let mut reading = (kind.read)(delivery).map_err(unreadable)?;
    let is_drill = drill::is_one(delivery);
    for alert in &mut reading.alerts {
        if is_drill {
            drill::mark(alert);
        }
        tidy::tidy(alert).map_err(unreadable)?;
    }
    Ok(reading)
}
