//! Slash commands, suggestions while typing, and the menus on messages and people.

use serde_json::{Map, Value, json};

use crate::discord::Discord;
use crate::model::{Choice, Id};
use crate::permission as bit;
use crate::state::State;
use crate::state::commands::{Command, CommandKind};
use crate::state::interactions::InteractionKind;
use crate::wire;

use super::begin::Act;
use super::options::{self, Focus};
use super::{ActError, Reply, ReplyKind};

impl Discord {
    /// Runs a slash command, such as `/incident declare`, with its options by name, and waits for the answer.
    /// Where an option is limited to choices, either a choice's name or its value will do.
    ///
    /// # Errors
    ///
    /// What Discord's client would refuse, or no complete answer in time.
    pub async fn command(&self, user: Id, channel: Id, command: &str, options: Value) -> Result<Reply, ActError> {
        let id = self.change(|state| begin_command(state, user, channel, command, &options, None))?;
        self.reply_to(id).await
    }

    /// Types into an option of a slash command and waits for suggestions.
    ///
    /// # Errors
    ///
    /// What Discord's client would refuse, or no answer in time.
    pub async fn autocomplete(
        &self,
        user: Id,
        channel: Id,
        command: &str,
        options: Value,
        focused: &str,
        text: &str,
    ) -> Result<Vec<Choice>, ActError> {
        let focus = Focus { option: focused, text };
        let id = self.change(|state| begin_command(state, user, channel, command, &options, Some(focus)))?;
        match self.reply_to(id).await?.kind {
            ReplyKind::Autocomplete(choices) => Ok(choices),
            // Any other answer was refused when the bot gave it.
            _ => Ok(Vec::new()),
        }
    }

    /// Picks an entry from the menu of a message and waits for the answer.
    ///
    /// # Errors
    ///
    /// What Discord's client would refuse, or no complete answer in time.
    pub async fn message_menu(&self, user: Id, channel: Id, message: Id, name: &str) -> Result<Reply, ActError> {
        let id = self.change(|state| {
            let found = state.message_seen_by(user, channel, message)?;
            let resolved = json!({"messages": {message.to_string(): wire::message::message(state, found)}});
            begin_menu(state, user, channel, CommandKind::MessageMenu, name, message, &resolved)
        })?;
        self.reply_to(id).await
    }

    /// Picks an entry from the menu of a person and waits for the answer.
    ///
    /// # Errors
    ///
    /// What Discord's client would refuse, or no complete answer in time.
    pub async fn user_menu(&self, user: Id, channel: Id, target: Id, name: &str) -> Result<Reply, ActError> {
        let id = self.change(|state| {
            let mut resolved = options::Resolved::default();
            if !resolved.add_user(state, target) {
                return Err(ActError::UnknownPerson(target));
            }
            begin_menu(state, user, channel, CommandKind::UserMenu, name, target, &resolved.into_value())
        })?;
        self.reply_to(id).await
    }
}

fn begin_command(
    state: &mut State,
    user: Id,
    channel: Id,
    line: &str,
    given: &Value,
    focus: Option<Focus<'_>>,
) -> Result<Id, ActError> {
    let line = line.trim_start_matches('/');
    let words: Vec<&str> = line.split_whitespace().collect();
    let (name, rest) = words.split_first().ok_or_else(|| ActError::UnknownCommand(line.to_owned()))?;
    let command = offered(state, user, channel, CommandKind::Slash, name)?;
    let empty = Map::new();
    let given = match given {
        Value::Object(given) => given,
        Value::Null => &empty,
        other => {
            let reason = "options are an object, by name".to_owned();
            return Err(ActError::WrongValue { name: line.to_owned(), value: other.to_string(), reason });
        }
    };
    let filled = options::fill(state, user, &format!("/{name}"), &command.options, rest, given, focus)?;
    let mut particulars = about(&command);
    particulars["options"] = json!(filled.options);
    particulars["resolved"] = filled.resolved.into_value();
    state.begin(Act {
        kind: if focus.is_some() { InteractionKind::Autocomplete } else { InteractionKind::Command },
        user,
        channel,
        what: format!("/{}", words.join(" ")),
        name: command.name,
        is_menu: false,
        focused_kind: filled.focused_kind,
        pressed_on: None,
        opened_by: None,
        particulars,
    })
}

fn begin_menu(
    state: &mut State,
    user: Id,
    channel: Id,
    kind: CommandKind,
    name: &str,
    target: Id,
    resolved: &Value,
) -> Result<Id, ActError> {
    let command = offered(state, user, channel, kind, name)?;
    let mut particulars = about(&command);
    particulars["target_id"] = json!(target.to_string());
    particulars["resolved"] = resolved.clone();
    state.begin(Act {
        kind: InteractionKind::Command,
        user,
        channel,
        what: format!("the menu entry {name:?}"),
        name: command.name,
        is_menu: true,
        focused_kind: 0,
        pressed_on: None,
        opened_by: None,
        particulars,
    })
}

/// The command, if this person is offered it in this channel.
fn offered(state: &State, user: Id, channel: Id, kind: CommandKind, name: &str) -> Result<Command, ActError> {
    state.channel_for(user, channel, bit::USE_APPLICATION_COMMANDS)?;
    let is_direct = state.is_direct(channel);
    let command = state.command_named(kind, name).filter(|command| !is_direct || command.offered_in_direct());
    let command = command.ok_or_else(|| ActError::UnknownCommand(name.to_owned()))?;
    if let Some(needed) = command.default_member_permissions.filter(|_| !is_direct) {
        state.channel_for(user, channel, needed)?;
        // No bits at all means administrators only.
        if needed == 0 && state.guild_permissions(user) & bit::ADMINISTRATOR == 0 {
            return Err(ActError::NotAllowed { user, channel });
        }
    }
    Ok(command.clone())
}

fn about(command: &Command) -> Value {
    let mut about = json!({"id": command.id.to_string(), "name": command.name, "type": command.kind.number()});
    if let Some(guild) = command.guild {
        about["guild_id"] = json!(guild.to_string());
    }
    about
}
