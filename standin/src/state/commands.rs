//! The commands that the bot has registered, for the guild or everywhere.

use serde_json::Value;

use crate::model::Id;

use super::State;

/// What a command hangs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CommandKind {
    Slash,
    UserMenu,
    MessageMenu,
}

impl CommandKind {
    pub const fn number(self) -> u8 {
        match self {
            Self::Slash => 1,
            Self::UserMenu => 2,
            Self::MessageMenu => 3,
        }
    }

    pub const fn from_number(number: i64) -> Option<Self> {
        match number {
            1 => Some(Self::Slash),
            2 => Some(Self::UserMenu),
            3 => Some(Self::MessageMenu),
            _ => None,
        }
    }

    /// How many of this kind one application may have in one place.
    pub const fn limit(self) -> usize {
        match self {
            Self::Slash => 100,
            Self::UserMenu | Self::MessageMenu => 15,
        }
    }
}

/// One registered command. Its options stay as the bot wrote them, once checked.
#[derive(Clone, Debug)]
pub(crate) struct Command {
    pub id: Id,
    pub version: Id,
    /// The guild it is limited to.
    pub guild: Option<Id>,
    pub kind: CommandKind,
    pub name: String,
    pub description: String,
    pub options: Vec<Value>,
    pub default_member_permissions: Option<u64>,
    pub dm_permission: bool,
    pub nsfw: bool,
    pub contexts: Option<Value>,
    pub integration_types: Option<Value>,
    pub name_localizations: Option<Value>,
    pub description_localizations: Option<Value>,
}

impl Command {
    /// Whether people find it in a direct conversation with the bot: global ones, unless limited to guilds.
    pub fn offered_in_direct(&self) -> bool {
        let contexts = self.contexts.as_ref().and_then(Value::as_array);
        let allowed = contexts.map_or(self.dm_permission, |list| list.iter().any(|context| context == 1));
        self.guild.is_none() && allowed
    }
}

impl State {
    /// The command that a person finds under this name: the guild's own hides a global one.
    pub fn command_named(&self, kind: CommandKind, name: &str) -> Option<&Command> {
        let same = |command: &&Command| command.kind == kind && command.name == name;
        let own = self.commands.iter().find(|command| same(command) && command.guild.is_some());
        own.or_else(|| self.commands.iter().find(same))
    }
}
