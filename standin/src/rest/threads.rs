//! Threads: started from a message or on their own, listed, joined and left.

use serde_json::{Value, json};

use crate::check::channel::{self, ThreadDraft};
use crate::model::{Channel, ChannelKind, Id, MessageKind, NewChannel};
use crate::permission as bit;
use crate::state::State;
use crate::wire;

use super::call::{Answer, Call};
use super::error::ApiError;

pub(super) fn from_message(state: &mut State, call: &Call<'_>) -> Result<Answer, ApiError> {
    let (parent, message) = (call.id("channel")?, call.id("message")?);
    let draft = channel::thread(call.body.clone(), true, true)?;
    check_parent(state, parent, bit::CREATE_PUBLIC_THREADS)?;
    if state.known_message(parent, message)?.thread.is_some() {
        return Err(ApiError::ThreadExists);
    }
    // A thread shares its id with the message it hangs on.
    let id = start(state, parent, Some(message), ChannelKind::PublicThread, draft);
    if let Some(found) = state.message_mut(parent, message) {
        found.thread = Some(id);
    }
    state.message_updated(parent, message);
    shown(state, id)
}

pub(super) fn create(state: &mut State, call: &Call<'_>) -> Result<Answer, ApiError> {
    let parent = call.id("channel")?;
    let draft = channel::thread(call.body.clone(), true, false)?;
    // Private is Discord's default here, and a trap.
    let kind = draft.kind.unwrap_or(ChannelKind::PrivateThread);
    let is_private = kind == ChannelKind::PrivateThread;
    check_parent(state, parent, if is_private { bit::CREATE_PRIVATE_THREADS } else { bit::CREATE_PUBLIC_THREADS })?;
    let name = draft.name.clone().unwrap_or_default();
    let id = start(state, parent, None, kind, draft);
    if !is_private {
        let mut notice = state.blank_message(parent, state.options.bot_user);
        notice.kind = MessageKind::ThreadNotice;
        notice.content = name;
        notice.thread = Some(id);
        state.insert_message(notice);
    }
    shown(state, id)
}

pub(super) fn active(state: &mut State, call: &Call<'_>) -> Result<Answer, ApiError> {
    state.guild_with(call.id("guild")?, 0)?;
    let bot = state.options.bot_user;
    let is_active = |channel: &&Channel| channel.thread.as_ref().is_some_and(|thread| !thread.archived);
    let threads: Vec<_> =
        state.channels.values().filter(is_active).filter(|channel| state.can_see(bot, channel)).collect();
    let joined = |channel: &&&Channel| channel.thread.as_ref().is_some_and(|thread| thread.members.contains(&bot));
    let members: Vec<_> =
        threads.iter().filter(joined).map(|channel| wire::channel::thread_member(channel, bot)).collect();
    let threads: Vec<_> = threads.iter().map(|channel| wire::channel::channel(state, channel)).collect();
    Ok(Answer::ok(json!({"threads": threads, "members": members, "has_more": false})))
}

pub(super) fn members(state: &mut State, call: &Call<'_>) -> Result<Answer, ApiError> {
    let channel = thread(state, call)?;
    let members = channel.thread.iter().flat_map(|thread| &thread.members);
    Ok(Answer::ok(members.map(|user| wire::channel::thread_member(channel, *user)).collect::<Value>()))
}

pub(super) fn join(state: &mut State, call: &Call<'_>) -> Result<Answer, ApiError> {
    set_member(state, call, state.options.bot_user, true)
}

pub(super) fn leave(state: &mut State, call: &Call<'_>) -> Result<Answer, ApiError> {
    set_member(state, call, state.options.bot_user, false)
}

pub(super) fn add_member(state: &mut State, call: &Call<'_>) -> Result<Answer, ApiError> {
    let user = call.id("user")?;
    if !state.members.get(&user).is_some_and(|member| member.present) {
        return Err(ApiError::UnknownMember);
    }
    set_member(state, call, user, true)
}

pub(super) fn remove_member(state: &mut State, call: &Call<'_>) -> Result<Answer, ApiError> {
    let channel = thread(state, call)?.id;
    state.channel_with(channel, bit::MANAGE_THREADS)?;
    set_member(state, call, call.id("user")?, false)
}

fn set_member(state: &mut State, call: &Call<'_>, user: Id, joins: bool) -> Result<Answer, ApiError> {
    let channel = thread(state, call)?;
    let id = channel.id;
    if channel.thread.as_ref().is_some_and(|thread| thread.archived) {
        return Err(ApiError::ArchivedThread);
    }
    if let Some(thread) = state.channels.get_mut(&id).and_then(|channel| channel.thread.as_mut()) {
        if joins {
            thread.members.insert(user)
        } else {
            thread.members.remove(&user)
        };
    }
    state.channel_updated(id);
    Ok(Answer::nothing())
}

fn thread<'s>(state: &'s State, call: &Call<'_>) -> Result<&'s Channel, ApiError> {
    let channel = state.visible_channel(call.id("channel")?)?;
    if channel.kind.is_thread() { Ok(channel) } else { Err(ApiError::WrongChannelKind) }
}

fn check_parent(state: &State, parent: Id, needed: u64) -> Result<(), ApiError> {
    let channel = state.channel_with(parent, needed)?;
    match channel.kind {
        ChannelKind::Text | ChannelKind::Announcement => Ok(()),
        _ => Err(ApiError::WrongChannelKind),
    }
}

fn start(state: &mut State, parent: Id, id: Option<Id>, kind: ChannelKind, draft: ThreadDraft) -> Id {
    let name = draft.name.unwrap_or_default();
    let mut channel = state.blank_channel(&NewChannel { id, name: &name, kind, parent: Some(parent) });
    channel.slowmode = draft.slowmode.unwrap_or(0);
    if let Some(thread) = channel.thread.as_mut() {
        thread.auto_archive_minutes = draft.auto_archive_minutes.unwrap_or(thread.auto_archive_minutes);
        thread.invitable = draft.invitable.unwrap_or(true);
    }
    state.insert_channel(channel)
}

fn shown(state: &State, id: Id) -> Result<Answer, ApiError> {
    let channel = state.channels.get(&id).ok_or(ApiError::UnknownChannel)?;
    Ok(Answer::created(wire::channel::channel(state, channel)))
}
