//! People and roles.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Id;

/// What [`crate::Discord::add_person`] makes.
#[derive(Clone, Debug)]
pub struct Person<'a> {
    /// Their id; none takes the next one.
    pub id: Option<Id>,
    /// Their display name. The user name is made from it.
    pub name: &'a str,
    /// Their roles.
    pub roles: Vec<Id>,
}

/// A role of the guild.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Role {
    /// Its id; the role of everybody has the id of the guild.
    pub id: Id,
    /// Its name.
    pub name: String,
    /// Its permission bits.
    pub permissions: u64,
    /// Its place in the list.
    pub position: i64,
    /// Whether anybody may ping it.
    pub mentionable: bool,
    /// The bot whose own role it is.
    pub bot: Option<Id>,
}

/// Somebody in the guild.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Member {
    pub id: Id,
    pub username: String,
    pub display_name: String,
    pub roles: BTreeSet<Id>,
    pub bot: bool,
    pub joined_at: DateTime<Utc>,
    /// Whether they refuse direct messages.
    pub closed_dms: bool,
    /// Whether they are in the guild now; one who left stays known as an author.
    pub present: bool,
}
