//! Looking at the world: what is there, what went over the wire, and what the bot did wrong.

use serde_json::Value;

use crate::model::{Channel, Id, Message, Role};
use crate::traffic::Traffic;
use crate::wire;

use super::Discord;

impl Discord {
    /// Every channel, threads and direct conversations included, oldest first.
    #[must_use]
    pub fn channels(&self) -> Vec<Channel> {
        self.read(|state| state.channels.values().cloned().collect())
    }

    /// The channel of this id.
    #[must_use]
    pub fn channel(&self, id: Id) -> Option<Channel> {
        self.read(|state| state.channels.get(&id).cloned())
    }

    /// The first channel of this name.
    #[must_use]
    pub fn channel_named(&self, name: &str) -> Option<Channel> {
        self.read(|state| state.channels.values().find(|channel| channel.name == name).cloned())
    }

    /// Every role, that of everybody first.
    #[must_use]
    pub fn roles(&self) -> Vec<Role> {
        self.read(|state| state.roles.values().cloned().collect())
    }

    /// What everybody in a channel reads, oldest first. Left out are messages for one person only, and Discord's own
    /// notices (of pins and threads); [`Discord::messages_seen_by`] has the first, [`Discord::message`] finds all.
    #[must_use]
    pub fn messages(&self, channel: Id) -> Vec<Message> {
        self.chosen(channel, |message| message.ephemeral_for.is_none())
    }

    /// What one person reads in a channel: what everybody does, and what is for them only.
    #[must_use]
    pub fn messages_seen_by(&self, user: Id, channel: Id) -> Vec<Message> {
        self.chosen(channel, |message| message.ephemeral_for.is_none_or(|only| only == user))
    }

    /// One message, whoever may see it.
    #[must_use]
    pub fn message(&self, channel: Id, message: Id) -> Option<Message> {
        self.read(|state| state.message(channel, message).cloned())
    }

    /// What the bot and a person wrote each other in private, oldest first.
    #[must_use]
    pub fn direct_messages(&self, user: Id) -> Vec<Message> {
        let channel = self.read(|state| state.direct_channel(user));
        channel.map(|channel| self.messages(channel)).unwrap_or_default()
    }

    /// The registered commands, as Discord shows them.
    #[must_use]
    pub fn commands(&self) -> Vec<Value> {
        self.read(|state| state.commands.iter().map(|command| wire::command::command(state, command)).collect())
    }

    /// The pinned messages of a channel, the newest pin first.
    #[must_use]
    pub fn pins(&self, channel: Id) -> Vec<Message> {
        self.read(|state| state.pins(channel).into_iter().cloned().collect())
    }

    /// Whether a bot is connected and identified.
    #[must_use]
    pub fn connected(&self) -> bool {
        self.read(|state| state.hub.connected())
    }

    /// How often a bot has identified; resumes are not counted.
    #[must_use]
    pub fn identifies(&self) -> u64 {
        self.read(|state| state.hub.identifies)
    }

    /// All that went over the wire, oldest first; empty unless [`crate::Options::record`] is on.
    #[must_use]
    pub fn traffic(&self) -> Vec<Traffic> {
        self.read(|state| state.recorder.kept().to_vec())
    }

    /// What a careful bot would not have done, in words, oldest first.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        self.quietly(|state| {
            state.blame_unanswered();
            state.violations.clone()
        })
    }

    /// The most requests that arrived within one second.
    #[must_use]
    pub fn requests_per_second_max(&self) -> usize {
        self.read(|state| state.recorder.busiest_second())
    }

    /// The most edits of one message that arrived within one second.
    #[must_use]
    pub fn edits_per_second_max(&self) -> usize {
        self.read(|state| state.recorder.most_edits())
    }

    /// How many requests were answered with 429.
    #[must_use]
    pub fn count_429(&self) -> usize {
        self.read(|state| state.recorder.limited())
    }

    fn chosen(&self, channel: Id, is_seen: impl Fn(&Message) -> bool) -> Vec<Message> {
        self.read(|state| {
            let messages = state.messages.get(&channel).into_iter().flat_map(|messages| messages.values());
            messages.filter(|message| !message.kind.is_notice() && is_seen(message)).cloned().collect()
        })
    }
}
