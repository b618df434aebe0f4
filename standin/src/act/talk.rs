//! What people say and show without a command.

use crate::discord::Discord;
use crate::model::{Emoji, Id, Message, MessageKind};
use crate::permission as bit;
use crate::state::State;
use crate::state::mentions::Allowed;

use super::ActError;

impl Discord {
    /// Writes a message as a person, and returns it.
    ///
    /// # Panics
    ///
    /// When the person could not: for tests, where that is a mistake in the test. [`Discord::try_say`] returns why.
    pub fn say(&self, user: Id, channel: Id, text: &str) -> Message {
        self.try_say(user, channel, text).unwrap_or_else(|error| panic!("cannot say {text:?}: {error}"))
    }

    /// Writes a message as a person, and returns it.
    ///
    /// # Errors
    ///
    /// What Discord's client would refuse.
    pub fn try_say(&self, user: Id, channel: Id, text: &str) -> Result<Message, ActError> {
        self.change(|state| say(state, user, channel, text, None))
    }

    /// Answers a message as a person, and returns the answer. Whom it answers is pinged, as by default in Discord.
    ///
    /// # Errors
    ///
    /// What Discord's client would refuse.
    pub fn try_reply(&self, user: Id, channel: Id, message: Id, text: &str) -> Result<Message, ActError> {
        self.change(|state| say(state, user, channel, text, Some(message)))
    }

    /// Puts an emoji below a message as a person. Asking twice is as good as once.
    ///
    /// # Panics
    ///
    /// When the person could not, as with [`Discord::say`].
    pub fn react(&self, user: Id, channel: Id, message: Id, emoji: &str) {
        self.try_react(user, channel, message, emoji, true).unwrap_or_else(|error| panic!("cannot react: {error}"));
    }

    /// Takes an emoji below a message away again.
    ///
    /// # Panics
    ///
    /// When the person could not, as with [`Discord::say`].
    pub fn unreact(&self, user: Id, channel: Id, message: Id, emoji: &str) {
        self.try_react(user, channel, message, emoji, false).unwrap_or_else(|error| panic!("cannot react: {error}"));
    }

    /// Puts an emoji below a message as a person, or takes it away again.
    ///
    /// # Errors
    ///
    /// What Discord's client would refuse.
    pub fn try_react(&self, user: Id, channel: Id, message: Id, emoji: &str, on: bool) -> Result<(), ActError> {
        self.change(|state| set_reaction(state, user, channel, message, emoji, on))
    }
}

fn say(state: &mut State, user: Id, channel: Id, text: &str, answers: Option<Id>) -> Result<Message, ActError> {
    if let Some(answered) = answers {
        let answered = state.message_seen_by(user, channel, answered)?;
        if answered.ephemeral_for.is_some() || answered.kind.is_notice() {
            return Err(ActError::UnknownMessage(answered.id));
        }
    }
    let is_thread = state.channels.get(&channel).is_some_and(|channel| channel.kind.is_thread());
    state.channel_for(user, channel, if is_thread { bit::SEND_MESSAGES_IN_THREADS } else { bit::SEND_MESSAGES })?;
    let length = text.chars().count();
    if !(1..=2000).contains(&length) || text.trim().is_empty() {
        let reason = "a message has 1 to 2000 characters".to_owned();
        return Err(ActError::WrongValue { name: "message".to_owned(), value: text.to_owned(), reason });
    }
    let now = state.now();
    let reopened = state.channels.get_mut(&channel).and_then(|channel| channel.thread.as_mut());
    if let Some(thread) = reopened.filter(|thread| thread.archived) {
        if thread.locked {
            return Err(ActError::NotAllowed { user, channel });
        }
        // A person who writes in an archived thread reopens it.
        thread.archived = false;
        thread.archive_changed_at = now;
        state.channel_updated(channel);
    }
    let mut message = state.blank_message(channel, user);
    message.content = text.to_owned();
    message.reply_to = answers;
    if answers.is_some() {
        message.kind = MessageKind::Reply;
    }
    state.settle_pings(&mut message, &Allowed::default());
    let id = state.insert_message(message);
    state.message(channel, id).cloned().ok_or(ActError::UnknownMessage(id))
}

fn set_reaction(state: &mut State, user: Id, channel: Id, message: Id, emoji: &str, on: bool) -> Result<(), ActError> {
    state.message_seen_by(user, channel, message)?;
    if on {
        state.channel_for(user, channel, bit::ADD_REACTIONS)?;
    }
    state.set_reaction(channel, message, user, &Emoji::from_key(emoji), on);
    Ok(())
}
