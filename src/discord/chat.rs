//! What the outbox does in Discord: channels, threads, messages, direct messages.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use serenity::http::Http;
use serenity::model::channel::{ChannelType, GuildChannel};
use serenity::model::id::{ChannelId, GuildId, MessageId};

use crate::discord::error::{ChatError, Trouble, classify};
use crate::discord::wire;
use crate::domain::id::Snowflake;
use crate::render::message::Message;

/// How long a call may take with all its waiting for the client's rate limiter, which waits inside it.
const LIMIT: Duration = Duration::from_secs(30);
/// How many of a channel's last messages are searched for one that may have been posted already.
const SEARCHED: u8 = 50;

/// The hand that writes in Discord. Clones share one client.
#[derive(Clone)]
pub struct Chat {
    http: Arc<Http>,
    guild: GuildId,
}

impl Chat {
    /// Writes in `guild` by `http`.
    pub fn new(http: Arc<Http>, guild: Snowflake) -> Self {
        Self { http, guild: GuildId::new(guild.0) }
    }

    /// Posts a message. A repeat with the same nonce within some minutes gives the first one.
    pub async fn post(&self, channel: Snowflake, message: &Message, nonce: &str) -> Result<Snowflake, ChatError> {
        let map = wire::post(message, nonce);
        let posted = limited(self.http.send_message(channel_id(channel)?, wire::files(message), &map)).await?;
        Ok(Snowflake(posted.id.get()))
    }

    /// Puts a message in another's place.
    pub async fn edit(&self, channel: Snowflake, id: Snowflake, message: &Message) -> Result<(), ChatError> {
        let map = wire::edit(message);
        limited(self.http.edit_message(channel_id(channel)?, message_id(id)?, &map, Vec::new())).await?;
        Ok(())
    }

    /// The last messages of ours that say the same as `message`, the newest first.
    pub async fn find(&self, channel: Snowflake, message: &Message) -> Result<Vec<Snowflake>, ChatError> {
        let us = limited(self.http.get_current_user()).await?.id;
        let history = self.http.get_messages(channel_id(channel)?, None, Some(SEARCHED));
        let messages = match tokio::time::timeout(LIMIT, history).await {
            Ok(Ok(messages)) => messages,
            // One message that serenity cannot read fails them all; the nonce is what is left.
            Ok(Err(serenity::Error::Json(_) | serenity::Error::Decode(..))) => Vec::new(),
            Ok(Err(error)) => return Err(classify(&error)),
            Err(_) => return Err(too_slow()),
        };
        let same = messages.iter().filter(|candidate| candidate.author.id == us && says(candidate, message));
        Ok(same.map(|candidate| Snowflake(candidate.id.get())).collect())
    }

    /// Pins a message. One that is pinned already stays so.
    pub async fn pin(&self, channel: Snowflake, message: Snowflake) -> Result<(), ChatError> {
        limited(self.http.pin_message(channel_id(channel)?, message_id(message)?, None)).await
    }

    /// Makes a text channel.
    pub async fn make_channel(
        &self,
        name: &str,
        topic: &str,
        category: Option<Snowflake>,
        reason: &str,
    ) -> Result<Snowflake, ChatError> {
        let mut map = json!({ "name": name, "type": 0, "topic": topic });
        if let Some(category) = category {
            map["parent_id"] = json!(category.to_string());
        }
        let channel = limited(self.http.create_channel(self.guild, &map, Some(reason))).await?;
        Ok(Snowflake(channel.id.get()))
    }

    /// The text channel whose topic carries `mark`.
    pub async fn find_channel(&self, mark: &str) -> Result<Option<Snowflake>, ChatError> {
        let channels: Vec<GuildChannel> = limited(self.http.get_channels(self.guild)).await?;
        let found = channels.iter().find(|channel| {
            channel.kind == ChannelType::Text && channel.topic.as_deref().is_some_and(|topic| topic.contains(mark))
        });
        Ok(found.map(|channel| Snowflake(channel.id.get())))
    }

    /// Makes a thread of a message, or finds the one that it has: a thread has the identity of its message.
    pub async fn make_thread(
        &self,
        channel: Snowflake,
        message: Snowflake,
        name: &str,
    ) -> Result<Snowflake, ChatError> {
        /// A week, in minutes: the longest after which Discord puts a silent thread away.
        const ARCHIVE_AFTER: u32 = 10_080;
        let map = json!({ "name": name, "auto_archive_duration": ARCHIVE_AFTER });
        let made =
            limited(self.http.create_thread_from_message(channel_id(channel)?, message_id(message)?, &map, None));
        match made.await {
            Ok(thread) => Ok(Snowflake(thread.id.get())),
            Err(ChatError::Refused { trouble: Trouble::HasThread, .. }) => Ok(message),
            Err(error) => Err(error),
        }
    }

    /// The channel of direct messages with a user.
    pub async fn direct_channel(&self, user: Snowflake) -> Result<Snowflake, ChatError> {
        let map = json!({ "recipient_id": user.to_string() });
        let channel = limited(self.http.create_private_channel(&map)).await?;
        Ok(Snowflake(channel.id.get()))
    }

    /// Where a message is read, as an address.
    pub fn link(&self, channel: Snowflake, message: Snowflake) -> String {
        format!("https://discord.com/channels/{}/{channel}/{message}", self.guild)
    }
}

/// Whether a message that stands in Discord says what `message` would. What is drawn anew at every change is known by
/// its small print, which names what it is of.
fn says(standing: &serenity::model::channel::Message, message: &Message) -> bool {
    if let Some(footer) = message.embeds.first().and_then(|embed| embed.footer.as_deref()) {
        let standing = standing.embeds.first().and_then(|embed| embed.footer.as_ref());
        return standing.is_some_and(|standing| standing.text == footer);
    }
    let same_embeds = standing.embeds.len() == message.embeds.len()
        && standing.embeds.iter().zip(&message.embeds).all(|(standing, ours)| {
            same(standing.title.as_deref(), ours.title.as_deref())
                && same(standing.description.as_deref(), ours.description.as_deref())
        });
    standing.content.trim() == message.content.trim() && same_embeds
}

fn same(standing: Option<&str>, ours: Option<&str>) -> bool {
    standing.unwrap_or_default().trim() == ours.unwrap_or_default().trim()
}

async fn limited<T>(call: impl Future<Output = serenity::Result<T>>) -> Result<T, ChatError> {
    match tokio::time::timeout(LIMIT, call).await {
        Ok(result) => result.map_err(|error| classify(&error)),
        Err(_) => Err(too_slow()),
    }
}

fn too_slow() -> ChatError {
    ChatError::Unknown { reason: format!("no answer within {} seconds", LIMIT.as_secs()) }
}

/// serenity's identities cannot be zero.
fn channel_id(channel: Snowflake) -> Result<ChannelId, ChatError> {
    if channel.0 == 0 { Err(no_such("channel")) } else { Ok(ChannelId::new(channel.0)) }
}

fn message_id(message: Snowflake) -> Result<MessageId, ChatError> {
    if message.0 == 0 { Err(no_such("message")) } else { Ok(MessageId::new(message.0)) }
}

fn no_such(what: &str) -> ChatError {
    ChatError::Refused { trouble: Trouble::Gone, reason: format!("there is no {what} 0") }
}
