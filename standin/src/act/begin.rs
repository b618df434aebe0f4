//! The start of every interaction: may this person do it here, and the event that tells the bot.

use std::time::Instant;

use serde_json::Value;

use crate::gateway::event::Event;
use crate::model::{Channel, Id, Message, Origin};
use crate::permission as bit;
use crate::state::State;
use crate::state::interactions::{Interaction, InteractionKind};
use crate::wire;

use super::ActError;

/// What a person does.
pub(super) struct Act {
    pub kind: InteractionKind,
    pub user: Id,
    pub channel: Id,
    /// In words, for messages to a developer.
    pub what: String,
    /// The command's name; empty for anything else.
    pub name: String,
    pub is_menu: bool,
    pub focused_kind: i64,
    pub pressed_on: Option<Id>,
    pub opened_by: Option<Origin>,
    /// The `data` of the event.
    pub particulars: Value,
}

impl State {
    /// The channel, if this person is in the guild and sees it.
    pub fn channel_seen_by(&self, user: Id, channel: Id) -> Result<&Channel, ActError> {
        if !self.members.get(&user).is_some_and(|member| member.present) {
            return Err(ActError::UnknownPerson(user));
        }
        let found = self.channels.get(&channel).ok_or(ActError::UnknownChannel(channel))?;
        if self.can_see(user, found) { Ok(found) } else { Err(ActError::NotAllowed { user, channel }) }
    }

    /// The channel, if this person has every bit of `needed` in it.
    pub(super) fn channel_for(&self, user: Id, channel: Id, needed: u64) -> Result<&Channel, ActError> {
        let found = self.channel_seen_by(user, channel)?;
        let has = self.permissions(user, found) & needed == needed;
        if has { Ok(found) } else { Err(ActError::NotAllowed { user, channel }) }
    }

    /// The message, if this person sees it.
    pub fn message_seen_by(&self, user: Id, channel: Id, message: Id) -> Result<&Message, ActError> {
        self.channel_for(user, channel, bit::READ_MESSAGE_HISTORY)?;
        let found = self.message(channel, message).ok_or(ActError::UnknownMessage(message))?;
        let is_theirs = found.ephemeral_for.is_none_or(|only| only == user);
        if is_theirs { Ok(found) } else { Err(ActError::UnknownMessage(message)) }
    }

    /// Registers the interaction and tells the bot.
    pub(super) fn begin(&mut self, act: Act) -> Result<Id, ActError> {
        if self.hub.sessions.is_empty() || self.down {
            return Err(ActError::BotOffline);
        }
        let id = self.clock.snowflake();
        let origin = Origin {
            interaction: id,
            kind: act.kind.number(),
            name: act.name,
            user: act.user,
            pressed_on: act.pressed_on,
            opened_by: act.opened_by.map(Box::new),
        };
        let who = self.display_name(act.user);
        let interaction = Interaction {
            token: format!("interaction-{id}"),
            kind: act.kind,
            user: act.user,
            channel: act.channel,
            what: format!("{} by {who}", act.what),
            origin,
            is_menu: act.is_menu,
            focused_kind: act.focused_kind,
            pressed_on: act.pressed_on,
            born: Instant::now(),
            born_at: self.now(),
            answer: None,
            submitted: false,
            blamed: false,
        };
        let frame = wire::interaction::created(self, id, &interaction, act.particulars);
        self.interactions.insert(id, interaction);
        self.emit(Event::new("INTERACTION_CREATE", frame));
        Ok(id)
    }
}
