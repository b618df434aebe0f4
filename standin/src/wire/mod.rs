//! How the world looks in Discord's JSON. The shapes satisfy both the official API description and clients that
//! parse strictly.

pub(crate) mod channel;
pub(crate) mod command;
pub(crate) mod guild;
pub(crate) mod interaction;
pub(crate) mod message;
pub(crate) mod user;

use chrono::{DateTime, SecondsFormat, Utc};

/// A time as Discord writes it.
pub(crate) fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, false)
}

/// Ids as Discord writes them: as text, since JavaScript's numbers cannot hold them.
pub(crate) fn ids(ids: impl IntoIterator<Item = crate::model::Id>) -> Vec<String> {
    ids.into_iter().map(|id| id.to_string()).collect()
}
