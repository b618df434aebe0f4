//! A world to start with, from a JSON file: roles, people and channels, by names where ids would be in the way.

use serde::Deserialize;

use crate::discord::Discord;
use crate::model::{ChannelKind, Id, NewChannel, Person};

/// What is in the file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Seed {
    /// The roles, besides that of everybody and the bot's own.
    pub roles: Vec<SeedRole>,
    /// The people.
    pub people: Vec<SeedPerson>,
    /// The channels; a category before what is in it.
    pub channels: Vec<SeedChannel>,
}

/// A role.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedRole {
    /// Its id; none takes the next one.
    pub id: Option<Id>,
    /// Its name.
    pub name: String,
    /// Its permission bits.
    #[serde(default)]
    pub permissions: u64,
}

/// A person.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedPerson {
    /// Their id; none takes the next one.
    pub id: Option<Id>,
    /// Their display name.
    pub name: String,
    /// The names of their roles.
    #[serde(default)]
    pub roles: Vec<String>,
}

/// A channel.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedChannel {
    /// Its id; none takes the next one.
    pub id: Option<Id>,
    /// Its name.
    pub name: String,
    /// Whether it is a category.
    #[serde(default)]
    pub category: bool,
    /// The name of the category it is in.
    pub parent: Option<String>,
}

/// A name that the seed uses but does not explain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{user} names the {what} {name:?}, which the seed does not have before it")]
pub struct UnknownName {
    /// Who names it.
    pub user: String,
    /// What it should be.
    pub what: &'static str,
    /// The name.
    pub name: String,
}

impl Seed {
    /// Puts all of it into a running stand-in.
    ///
    /// # Errors
    ///
    /// When a name is not explained; what came before it is then there already.
    pub fn plant(&self, discord: &Discord) -> Result<(), UnknownName> {
        let unknown = |user: &str, what, name: &str| UnknownName { user: user.to_owned(), what, name: name.to_owned() };
        for role in &self.roles {
            discord.add_role_with(role.id, &role.name, role.permissions);
        }
        let roles = discord.roles();
        for person in &self.people {
            let find = |name: &String| {
                let role = roles.iter().find(|role| role.name == *name).map(|role| role.id);
                role.ok_or_else(|| unknown(&person.name, "role", name))
            };
            let roles = person.roles.iter().map(find).collect::<Result<_, _>>()?;
            discord.add_person(Person { id: person.id, name: &person.name, roles });
        }
        for channel in &self.channels {
            let find = |name: &String| {
                let parent = discord.channel_named(name).map(|parent| parent.id);
                parent.ok_or_else(|| unknown(&channel.name, "category", name))
            };
            let parent = channel.parent.as_ref().map(find).transpose()?;
            let kind = if channel.category { ChannelKind::Category } else { ChannelKind::Text };
            discord.add_channel(NewChannel { id: channel.id, name: &channel.name, kind, parent });
        }
        Ok(())
    }
}
