//! What the outbox does in Discord: channels, threads, messages, direct messages.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::json;
use serenity::http::{Http, LightMethod, Request as LightRequest, Route};
use serenity::model::channel::{ChannelType, GuildChannel};
use serenity::model::id::{ChannelId, GuildId, MessageId};

use crate::discord::bucket::{Buckets, Kind};
use crate::discord::error::{ChatError, Trouble, classify};
use crate::discord::pace::{Pace, Turn};
use crate::discord::{doctor, wire};
use crate::domain::id::Snowflake;
use crate::fault::{self, Fault, Point};
use crate::render::message::Message;

/// How long a call may take with all its waiting for the client's rate limiter, which waits inside it.
const LIMIT: Duration = Duration::from_secs(30);
/// How many of a channel's last messages are searched for one that may have been posted already.
const SEARCHED: u8 = 50;

/// Where a test can strike, before and after each kind of call.
const POST: (Point, Point) = (Point::PostBefore, Point::PostAfter);
const EDIT: (Point, Point) = (Point::EditBefore, Point::EditAfter);
const PIN: (Point, Point) = (Point::PinBefore, Point::PinAfter);
const MAKE_CHANNEL: (Point, Point) = (Point::MakeChannelBefore, Point::MakeChannelAfter);
const OPEN_DIRECT: (Point, Point) = (Point::DirectBefore, Point::DirectAfter);

/// The hand that writes in Discord. Clones share one client.
#[derive(Clone)]
pub struct Chat {
    http: Arc<Http>,
    guild: GuildId,
    pace: Pace,
    turn: Turn,
    buckets: Buckets,
    /// The channels of direct messages that were opened, by user: they stay the same, and a page need not ask again.
    direct: Arc<Mutex<BTreeMap<Snowflake, Snowflake>>>,
}

impl Chat {
    /// Writes in `guild` by `http`.
    pub fn new(http: Arc<Http>, guild: Snowflake) -> Self {
        Self {
            http,
            guild: GuildId::new(guild.0),
            pace: Pace::default(),
            turn: Turn::Then,
            buckets: Buckets::default(),
            direct: Arc::default(),
        }
    }

    /// The same hand where nothing else is waited for.
    pub fn first(&self) -> Self {
        Self { turn: Turn::First, ..self.clone() }
    }

    /// What keeps all calls of this process within what Discord allows.
    pub fn pace(&self) -> Pace {
        self.pace.clone()
    }

    /// Posts a message. A repeat with the same nonce within some minutes gives the first one.
    pub async fn post(&self, channel: Snowflake, message: &Message, nonce: &str) -> Result<Snowflake, ChatError> {
        let map = wire::post(message, nonce);
        let post = self.http.send_message(channel_id(channel)?, wire::files(message), &map);
        let posted = self.buckets.alone((Kind::Post, channel.0), self.turn, self.work(POST, post)).await?;
        Ok(Snowflake(posted.id.get()))
    }

    /// Puts a message in another's place.
    pub async fn edit(&self, channel: Snowflake, id: Snowflake, message: &Message) -> Result<(), ChatError> {
        let map = wire::edit(message);
        let edit = self.http.edit_message(channel_id(channel)?, message_id(id)?, &map, Vec::new());
        self.buckets.alone((Kind::Edit, channel.0), self.turn, self.work(EDIT, edit)).await?;
        Ok(())
    }

    /// The last messages of ours that say the same as `message`, the newest first.
    pub async fn find(&self, channel: Snowflake, message: &Message) -> Result<Vec<Snowflake>, ChatError> {
        let us = self.call(self.http.get_current_user()).await?.id;
        let history = Box::pin(self.http.get_messages(channel_id(channel)?, None, Some(SEARCHED)));
        let messages = match self.pace.keep(self.turn, tokio::time::timeout(LIMIT, history)).await {
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
        let pin = self.http.pin_message(channel_id(channel)?, message_id(message)?, None);
        self.buckets.alone((Kind::Pin, channel.0), self.turn, self.work(PIN, pin)).await
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
        let make = self.http.create_channel(self.guild, &map, Some(reason));
        let channel =
            self.buckets.alone((Kind::Make, self.guild.get()), self.turn, self.work(MAKE_CHANNEL, make)).await?;
        Ok(Snowflake(channel.id.get()))
    }

    /// The text channel whose topic carries `mark`.
    pub async fn find_channel(&self, mark: &str) -> Result<Option<Snowflake>, ChatError> {
        let channels: Vec<GuildChannel> = self.call(self.http.get_channels(self.guild)).await?;
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
            self.call(self.http.create_thread_from_message(channel_id(channel)?, message_id(message)?, &map, None));
        match self.buckets.alone((Kind::Thread, channel.0), self.turn, made).await {
            Ok(thread) => Ok(Snowflake(thread.id.get())),
            Err(ChatError::Refused { trouble: Trouble::HasThread, .. }) => Ok(message),
            Err(error) => Err(error),
        }
    }

    /// The channel of direct messages with a user.
    pub async fn direct_channel(&self, user: Snowflake) -> Result<Snowflake, ChatError> {
        let known = self.opened().get(&user).copied();
        if let Some(channel) = known {
            return Ok(channel);
        }
        let map = json!({ "recipient_id": user.to_string() });
        let open = self.work(OPEN_DIRECT, self.http.create_private_channel(&map));
        let channel = self.buckets.alone((Kind::Open, 0), self.turn, open).await?;
        let channel = Snowflake(channel.id.get());
        self.opened().insert(user, channel);
        Ok(channel)
    }

    /// Forgets a user's channel of direct messages, in which something was refused: it is opened anew the next time.
    pub fn forget_direct(&self, user: Snowflake) {
        self.opened().remove(&user);
    }

    fn opened(&self) -> MutexGuard<'_, BTreeMap<Snowflake, Snowflake>> {
        self.direct.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a channel or thread is there.
    pub async fn has_channel(&self, channel: Snowflake) -> Result<bool, ChatError> {
        let asked = LightRequest::new(Route::Channel { channel_id: channel_id(channel)? }, LightMethod::Get);
        is_there(self.call(self.http.fire::<serde::de::IgnoredAny>(asked)).await)
    }

    /// Whether a message is there.
    pub async fn has_message(&self, channel: Snowflake, message: Snowflake) -> Result<bool, ChatError> {
        let route = Route::ChannelMessage { channel_id: channel_id(channel)?, message_id: message_id(message)? };
        let asked = LightRequest::new(route, LightMethod::Get);
        is_there(self.call(self.http.fire::<serde::de::IgnoredAny>(asked)).await)
    }

    /// Whether Discord answers at all, whatever becomes of a single call.
    pub async fn answers(&self) -> bool {
        self.limited(Box::pin(self.http.get_current_user())).await.is_ok()
    }

    /// What the bot lacks in its guild, in words, with what it costs. `None`: it cannot be told now.
    pub async fn lacking(
        &self,
        category: Option<Snowflake>,
        announcements: Snowflake,
        operators: Snowflake,
    ) -> Option<Vec<String>> {
        let places = doctor::Places { category: category.unwrap_or(announcements), announcements, operators };
        let examined = doctor::examine(&self.http, Snowflake(self.guild.get()), places);
        let checks = self.pace.keep_all(self.turn, doctor::CALLS, examined).await;
        let missing = checks.into_iter().filter_map(|check| check.found.err().map(|missing| (check.what, missing)));
        missing
            .map(|(what, missing)| (!missing.passing).then(|| format!("{what}: {}; {}", missing.problem, missing.cost)))
            .collect()
    }

    /// Makes a call that changes something.
    fn work<T>(
        &self,
        (before, after): (Point, Point),
        call: impl Future<Output = serenity::Result<T>>,
    ) -> impl Future<Output = Result<T, ChatError>> {
        // serenity's futures are large, and every one that has them in it is larger: a worker's stack holds only so much.
        let call = Box::pin(call);
        async move {
            let not_done = |fault: Fault| ChatError::Later { after: None, reason: fault.to_string() };
            fault::pass(before).await.map_err(not_done)?;
            let done = self.call(call).await?;
            fault::pass(after).await.map_err(|fault| ChatError::Unknown { reason: fault.to_string() })?;
            Ok(done)
        }
    }

    /// Makes a call. What is refused only because the bot was put out of its guild waits until it is let in again.
    fn call<T>(&self, call: impl Future<Output = serenity::Result<T>>) -> impl Future<Output = Result<T, ChatError>> {
        let call = Box::pin(call);
        async move {
            match self.limited(call).await {
                Err(ChatError::Refused { .. }) if !self.is_member().await => {
                    Err(ChatError::Later { after: None, reason: "the bot is not in the server".to_owned() })
                }
                result => result,
            }
        }
    }

    /// Whether the bot is in its guild, as far as can be told.
    async fn is_member(&self) -> bool {
        let asked = LightRequest::new(Route::Guild { guild_id: self.guild }, LightMethod::Get);
        let asked = Box::pin(self.http.fire::<serde::de::IgnoredAny>(asked));
        !matches!(self.limited(asked).await, Err(ChatError::Refused { .. }))
    }

    /// Makes a call in its turn; the time that it may take begins then.
    async fn limited<T>(&self, call: impl Future<Output = serenity::Result<T>>) -> Result<T, ChatError> {
        match self.pace.keep(self.turn, tokio::time::timeout(LIMIT, call)).await {
            Ok(result) => result.map_err(|error| classify(&error)),
            Err(_) => Err(too_slow()),
        }
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

fn too_slow() -> ChatError {
    ChatError::Unknown { reason: format!("no answer within {} seconds", LIMIT.as_secs()) }
}

fn is_there<T>(asked: Result<T, ChatError>) -> Result<bool, ChatError> {
    match asked {
        Ok(_) => Ok(true),
        Err(ChatError::Refused { trouble: Trouble::NoChannel | Trouble::NoMessage, .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// serenity's identities cannot be zero.
fn channel_id(channel: Snowflake) -> Result<ChannelId, ChatError> {
    if channel.0 == 0 { Err(no_such("channel")) } else { Ok(ChannelId::new(channel.0)) }
}

fn message_id(message: Snowflake) -> Result<MessageId, ChatError> {
    if message.0 == 0 { Err(no_such("message")) } else { Ok(MessageId::new(message.0)) }
}

fn no_such(what: &str) -> ChatError {
    let trouble = if what == "channel" { Trouble::NoChannel } else { Trouble::NoMessage };
    ChatError::Refused { trouble, reason: format!("there is no {what} 0") }
}
