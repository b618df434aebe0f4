//! What Firebell is about: plain types and functions, the same nouns as everywhere else.
//!
//! Nothing here waits, reads a clock, touches a database or knows of Discord. What happens is decided by functions
//! of a state, a command and a time; what follows from a decision is data ([`effect::Effect`]) that others carry out.

pub mod actor;
pub mod alert;
pub mod duration;
pub mod effect;
pub mod expression;
pub mod heartbeat;
pub mod id;
pub mod incident;
pub mod oncall;
pub mod organisation;
pub mod paging;
#[cfg(test)]
pub(crate) mod sample;
pub mod subject;
pub mod timeline;
pub mod triage;
pub mod update;

/// A moment in UTC, kept to the microsecond, which is what both databases keep.
pub type Timestamp = chrono::DateTime<chrono::Utc>;
