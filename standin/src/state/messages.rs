//! Messages: written, changed, pinned, reacted to, gone, with the gateway events of each.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::gateway::event::Event;
use crate::gateway::intent;
use crate::model::{ChannelKind, Emoji, Id, Message, MessageKind, Reaction};
use crate::permission as bit;
use crate::rest::error::ApiError;
use crate::wire;

use super::State;
use super::mentions::{Allowed, Named};

/// How many messages one channel may have pinned.
pub(crate) const PINS_PER_CHANNEL: usize = 250;

/// A message that was deleted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gone {
    /// The count of all changes to messages when it went.
    pub revision: u64,
    pub channel: Id,
    pub message: Id,
}

impl State {
    pub fn message(&self, channel: Id, message: Id) -> Option<&Message> {
        self.messages.get(&channel)?.get(&message)
    }

    pub fn message_mut(&mut self, channel: Id, message: Id) -> Option<&mut Message> {
        self.messages.get_mut(&channel)?.get_mut(&message)
    }

    /// The message, if the bot can fetch it: one that only a person sees does not exist for the API.
    pub fn known_message(&self, channel: Id, message: Id) -> Result<&Message, ApiError> {
        self.message(channel, message).filter(|m| m.ephemeral_for.is_none()).ok_or(ApiError::UnknownMessage)
    }

    /// A message with nothing in it yet; it is not in its channel before [`State::insert_message`].
    pub fn blank_message(&mut self, channel: Id, author: Id) -> Message {
        Message {
            id: self.clock.snowflake(),
            channel,
            kind: MessageKind::Ordinary,
            author,
            author_name: self.display_name(author),
            content: String::new(),
            embeds: Vec::new(),
            components: Vec::new(),
            pinned: false,
            pinned_at: None,
            edited: false,
            edited_at: None,
            pings: Vec::new(),
            ping_roles: Vec::new(),
            ping_everyone: false,
            reactions: Vec::new(),
            attachments: Vec::new(),
            ephemeral_for: None,
            loading: false,
            interaction: None,
            thread: None,
            reply_to: None,
            nonce: None,
            flags: 0,
            created_at: self.now(),
            revision: 0,
            tts: false,
            raw_nonce: None,
            origin: None,
        }
    }

    /// Settles whom the message pings; called once, when its text first appears.
    pub fn settle_pings(&self, message: &mut Message, allowed: &Allowed) {
        let named = Named::read(&message.content);
        let channel = self.channels.get(&message.channel);
        let permissions = channel.map_or(0, |channel| self.permissions(message.author, channel));
        let may_all = permissions & bit::MENTION_EVERYONE != 0;
        let mut users: BTreeSet<Id> = named
            .users
            .into_iter()
            .filter(|user| self.members.contains_key(user))
            .filter(|user| allowed.all_users || allowed.users.contains(user))
            .collect();
        let replied = message.reply_to.and_then(|id| self.message(message.channel, id));
        users.extend(replied.filter(|_| allowed.replied_user).map(|replied| replied.author));
        message.pings = users.into_iter().collect();
        message.ping_roles = named
            .roles
            .into_iter()
            .filter(|role| self.roles.get(role).is_some_and(|role| role.mentionable || may_all))
            .filter(|role| allowed.all_roles || allowed.roles.contains(role))
            .collect();
        message.ping_everyone = named.everyone && may_all && allowed.everyone;
    }

    pub fn insert_message(&mut self, message: Message) -> Id {
        let (id, channel) = (message.id, message.channel);
        let joining: Vec<Id> = message.pings.iter().copied().chain([message.author]).collect();
        if let Some(channel) = self.channels.get_mut(&channel) {
            if message.ephemeral_for.is_none() {
                channel.last_message = Some(id);
            }
            if let Some(thread) = channel.thread.as_mut() {
                thread.written += 1;
                // Whoever writes in a thread or is called into it joins it.
                thread.members.extend(joining);
            }
        }
        self.messages.entry(channel).or_default().insert(id, message);
        self.message_event("MESSAGE_CREATE", channel, id);
        id
    }

    pub fn message_updated(&mut self, channel: Id, message: Id) {
        self.message_event("MESSAGE_UPDATE", channel, message);
    }

    /// Says whether there was such a message.
    pub fn delete_message(&mut self, channel: Id, message: Id) -> bool {
        let Some(gone) = self.messages.get_mut(&channel).and_then(|messages| messages.remove(&message)) else {
            return false;
        };
        self.revision += 1;
        self.gone.push(Gone { revision: self.revision, channel, message });
        if gone.ephemeral_for.is_none() {
            let mut frame = json!({"id": message.to_string(), "channel_id": channel.to_string()});
            self.add_guild(channel, &mut frame);
            let event = Event::new("MESSAGE_DELETE", frame);
            self.emit(event.needing(self.message_intent(channel)).seen_in(channel));
        }
        true
    }

    /// Pins or unpins; says nothing when it already is so.
    pub fn set_pinned(&mut self, channel: Id, message: Id, pinned: bool, by: Id) {
        let now = self.now();
        let Some(found) = self.message_mut(channel, message).filter(|found| found.pinned != pinned) else { return };
        found.pinned = pinned;
        found.pinned_at = pinned.then_some(now);
        self.message_updated(channel, message);
        if pinned && let Some(channel) = self.channels.get_mut(&channel) {
            channel.last_pin = Some(now);
        }
        let last_pin = self.channels.get(&channel).and_then(|channel| channel.last_pin);
        let mut frame = json!({"channel_id": channel.to_string(), "last_pin_timestamp": last_pin.map(wire::time)});
        let is_direct = self.add_guild(channel, &mut frame);
        let needs = if is_direct { intent::DIRECT_MESSAGES } else { intent::GUILDS };
        self.emit(Event::new("CHANNEL_PINS_UPDATE", frame).needing(needs).seen_in(channel));
        if pinned {
            let mut notice = self.blank_message(channel, by);
            notice.kind = MessageKind::PinNotice;
            notice.reply_to = Some(message);
            self.insert_message(notice);
        }
    }

    pub fn pins(&self, channel: Id) -> Vec<&Message> {
        let mut pinned: Vec<_> =
            self.messages.get(&channel).into_iter().flat_map(|m| m.values()).filter(|m| m.pinned).collect();
        pinned.sort_by_key(|message| std::cmp::Reverse(message.pinned_at));
        pinned
    }

    /// Adds or takes a reaction; says nothing when it already is so.
    pub fn set_reaction(&mut self, channel: Id, message: Id, user: Id, emoji: &Emoji, on: bool) {
        let Some(found) = self.message_mut(channel, message) else { return };
        let author = found.author;
        let at = found.reactions.iter().position(|reaction| reaction.emoji == *emoji);
        match (at, on) {
            (Some(at), true) if !found.reactions[at].users.contains(&user) => found.reactions[at].users.push(user),
            (None, true) => found.reactions.push(Reaction { emoji: emoji.clone(), users: vec![user] }),
            (Some(at), false) if found.reactions[at].users.contains(&user) => {
                found.reactions[at].users.retain(|other| *other != user);
                if found.reactions[at].users.is_empty() {
                    found.reactions.remove(at);
                }
            }
            _ => return,
        }
        self.touch(channel, message);
        let mut frame = json!({
            "user_id": user.to_string(),
            "channel_id": channel.to_string(),
            "message_id": message.to_string(),
            "emoji": wire::message::reaction_emoji(emoji),
            "burst": false,
            "type": 0,
        });
        let is_direct = self.add_guild(channel, &mut frame);
        if on {
            frame["message_author_id"] = json!(author.to_string());
            frame["burst_colors"] = json!([]);
            if !is_direct && let Some(member) = self.members.get(&user) {
                frame["member"] = wire::user::member(member);
            }
        }
        let name = if on { "MESSAGE_REACTION_ADD" } else { "MESSAGE_REACTION_REMOVE" };
        let needs = if is_direct { intent::DIRECT_MESSAGE_REACTIONS } else { intent::GUILD_MESSAGE_REACTIONS };
        self.emit(Event::new(name, frame).needing(needs).seen_in(channel));
    }

    /// Notes that a message is not as it was, for those who follow.
    fn touch(&mut self, channel: Id, message: Id) {
        self.revision += 1;
        let revision = self.revision;
        if let Some(message) = self.message_mut(channel, message) {
            message.revision = revision;
        }
    }

    fn message_event(&mut self, name: &'static str, channel: Id, message: Id) {
        self.touch(channel, message);
        let Some(message) = self.message(channel, message).filter(|m| m.ephemeral_for.is_none()) else { return };
        let mut frame = wire::message::message(self, message);
        if name == "MESSAGE_CREATE"
            && let Some(nonce) = &message.raw_nonce
        {
            frame["nonce"] = nonce.clone();
        }
        let is_direct = self.add_guild(channel, &mut frame);
        if !is_direct && let Some(member) = self.members.get(&message.author) {
            frame["member"] = wire::user::partial_member(member);
        }
        let own = self.is_bot(message.author) || message.pings.contains(&self.options.bot_user);
        let event = Event::new(name, frame.clone()).needing(self.message_intent(channel)).seen_in(channel);
        self.emit(if own || is_direct { event } else { event.private_content(wire::message::stripped(frame)) });
    }

    fn message_intent(&self, channel: Id) -> u64 {
        if self.is_direct(channel) { intent::DIRECT_MESSAGES } else { intent::GUILD_MESSAGES }
    }

    pub fn is_direct(&self, channel: Id) -> bool {
        self.channels.get(&channel).is_some_and(|channel| channel.kind == ChannelKind::Direct)
    }

    /// Names the guild in a frame, unless it is about a direct conversation; says which.
    fn add_guild(&self, channel: Id, frame: &mut Value) -> bool {
        let is_direct = self.is_direct(channel);
        if !is_direct {
            frame["guild_id"] = json!(self.options.guild.to_string());
        }
        is_direct
    }
}
