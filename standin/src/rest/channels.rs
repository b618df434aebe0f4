//! Channels of the guild: listed, made, changed, deleted, and who may do what in them.

use serde_json::{Value, json};

use crate::check::channel::{self, ChannelDraft, ThreadDraft};
use crate::check::form::{Given, Problems};
use crate::model::{Channel, ChannelKind, Id, NewChannel, Overwrite};
use crate::permission as bit;
use crate::state::State;
use crate::state::channels::{CHANNELS_PER_CATEGORY, CHANNELS_PER_GUILD, normal_name};
use crate::wire;

use super::call::{Answer, Call};
use super::error::ApiError;

pub(super) fn list(state: &mut State, call: &Call<'_>) -> Result<Answer, ApiError> {
    state.guild_with(call.id("guild")?, 0)?;
    let own = state.channels.values().filter(|c| !c.kind.is_thread() && c.kind != ChannelKind::Direct);
    Ok(Answer::ok(own.map(|channel| wire::channel::channel(state, channel)).collect()))
}

pub(super) fn get(state: &mut State, call: &Call<'_>) -> Result<Answer, ApiError> {
    let channel = state.visible_channel(call.id("channel")?)?;
    Ok(Answer::ok(wire::channel::channel(state, channel)))
}

pub(super) fn create(state: &mut State, call: &Call<'_>) -> Result<Answer, ApiError> {
    let draft = channel::channel(call.body.clone(), true)?;
    state.guild_with(call.id("guild")?, bit::MANAGE_CHANNELS)?;
    if CHANNELS_PER_GUILD <= state.channel_count() {
        return Err(ApiError::TooManyChannels);
    }
    let own = state.guild_permissions(state.options.bot_user);
    check_overwrites(&draft.overwrites, own)?;
    let (name, kind) = (draft.name.clone().unwrap_or_default(), draft.kind.unwrap_or(ChannelKind::Text));
    let mut channel = state.blank_channel(&NewChannel { id: None, name: &name, kind, parent: None });
    check_name(&channel.name)?;
    if let Given::Value(parent) = draft.parent {
        check_parent(state, parent, None)?;
        // A new channel in a category takes over the category's overwrites unless it brings its own.
        channel.overwrites = state.channels.get(&parent).map(|c| c.overwrites.clone()).unwrap_or_default();
    }
    fill(&mut channel, draft);
    let id = state.insert_channel(channel);
    shown(state, id).map(Answer::created)
}

pub(super) fn change(state: &mut State, call: &Call<'_>) -> Result<Answer, ApiError> {
    let id = call.id("channel")?;
    match state.visible_channel(id)?.kind {
        ChannelKind::Direct => Err(ApiError::NotInDirect),
        kind if kind.is_thread() => change_thread(state, id, channel::thread(call.body.clone(), false, false)?),
        _ => change_channel(state, id, channel::channel(call.body.clone(), false)?),
    }
}

fn change_channel(state: &mut State, id: Id, draft: ChannelDraft) -> Result<Answer, ApiError> {
    let mut needed = bit::MANAGE_CHANNELS;
    if draft.overwrites != Given::Absent {
        needed |= bit::MANAGE_ROLES;
    }
    let before = state.channel_with(id, needed)?.clone();
    check_overwrites(&draft.overwrites, state.permissions(state.options.bot_user, &before))?;
    if let Given::Value(parent) = draft.parent {
        check_parent(state, parent, before.parent)?;
    }
    let mut channel = before.clone();
    if let Some(name) = &draft.name {
        channel.name = normal_name(channel.kind, name);
        check_name(&channel.name)?;
    }
    fill(&mut channel, draft);
    if (&channel.name, &channel.topic) != (&before.name, &before.topic) {
        let now = state.now();
        state.limiter.take_rename(id, now)?;
    }
    state.channels.insert(id, channel);
    state.channel_updated(id);
    shown(state, id).map(Answer::ok)
}

fn change_thread(state: &mut State, id: Id, draft: ThreadDraft) -> Result<Answer, ApiError> {
    let now = state.now();
    let bot = state.options.bot_user;
    let found = state.visible_channel(id)?;
    let permissions = state.permissions(bot, found);
    let (owner, archived) = found.thread.as_ref().map_or((0, false), |thread| (thread.owner, thread.archived));
    let manages = permissions & bit::MANAGE_THREADS != 0;
    if !manages && (owner != bot || draft.locked.is_some()) {
        return Err(ApiError::MissingPermissions);
    }
    if archived && draft.archived != Some(false) {
        return Err(ApiError::ArchivedThread);
    }
    let channel = state.channels.get_mut(&id).ok_or(ApiError::UnknownChannel)?;
    if let Some(name) = draft.name {
        channel.name = name.trim().to_owned();
    }
    channel.slowmode = draft.slowmode.unwrap_or(channel.slowmode);
    if let Some(thread) = channel.thread.as_mut() {
        if draft.archived.is_some_and(|archived| archived != thread.archived) {
            thread.archived = !thread.archived;
            thread.archive_changed_at = now;
        }
        thread.locked = draft.locked.unwrap_or(thread.locked);
        thread.invitable = draft.invitable.unwrap_or(thread.invitable);
        thread.auto_archive_minutes = draft.auto_archive_minutes.unwrap_or(thread.auto_archive_minutes);
    }
    state.channel_updated(id);
    shown(state, id).map(Answer::ok)
}

pub(super) fn delete(state: &mut State, call: &Call<'_>) -> Result<Answer, ApiError> {
    let id = call.id("channel")?;
    let needed = match state.visible_channel(id)?.kind {
        ChannelKind::Direct => 0,
        kind if kind.is_thread() => bit::MANAGE_THREADS,
        _ => bit::MANAGE_CHANNELS,
    };
    state.channel_with(id, needed)?;
    let answer = shown(state, id)?;
    state.delete_channel(id);
    Ok(Answer::ok(answer))
}

pub(super) fn set_overwrite(state: &mut State, call: &Call<'_>) -> Result<Answer, ApiError> {
    let id = call.id("channel")?;
    let overwrite = channel::overwrite(call.body.clone(), call.id("overwrite")?)?;
    let channel = state.channel_with(id, bit::MANAGE_ROLES)?;
    if channel.kind == ChannelKind::Direct || channel.kind.is_thread() {
        return Err(ApiError::WrongChannelKind);
    }
    let own = state.permissions(state.options.bot_user, channel);
    if (overwrite.allow | overwrite.deny) & !own != 0 {
        return Err(ApiError::MissingPermissions);
    }
    let is_known = match overwrite.is_user {
        true => state.members.contains_key(&overwrite.id),
        false => state.roles.contains_key(&overwrite.id),
    };
    if !is_known {
        return Err(if overwrite.is_user { ApiError::UnknownUser } else { ApiError::UnknownRole });
    }
    state.set_overwrite(id, overwrite);
    Ok(Answer::nothing())
}

pub(super) fn delete_overwrite(state: &mut State, call: &Call<'_>) -> Result<Answer, ApiError> {
    let (id, overwrite) = (call.id("channel")?, call.id("overwrite")?);
    let channel = state.channel_with(id, bit::MANAGE_ROLES)?;
    if !channel.overwrites.iter().any(|own| own.id == overwrite) {
        return Err(ApiError::UnknownOverwrite);
    }
    if let Some(channel) = state.channels.get_mut(&id) {
        channel.overwrites.retain(|own| own.id != overwrite);
    }
    state.channel_updated(id);
    Ok(Answer::nothing())
}

pub(super) fn typing(state: &mut State, call: &Call<'_>) -> Result<Answer, ApiError> {
    state.channel_with(call.id("channel")?, bit::SEND_MESSAGES)?;
    Ok(Answer::nothing())
}

fn shown(state: &State, id: Id) -> Result<Value, ApiError> {
    let channel = state.channels.get(&id).ok_or(ApiError::UnknownChannel)?;
    Ok(json!(wire::channel::channel(state, channel)))
}

/// Everything of a draft but the name, which needs its kind's spelling.
fn fill(channel: &mut Channel, draft: ChannelDraft) {
    let topic = draft.topic.and_then(|topic| Some(Some(topic).filter(|topic| !topic.is_empty())));
    topic.settle(&mut channel.topic);
    draft.parent.and_then(|parent| Some(Some(parent))).settle(&mut channel.parent);
    draft.overwrites.settle(&mut channel.overwrites);
    channel.position = draft.position.unwrap_or(channel.position);
    channel.nsfw = draft.nsfw.unwrap_or(channel.nsfw);
    channel.slowmode = draft.slowmode.unwrap_or(channel.slowmode);
}

/// A name of nothing but punctuation is empty once Discord has spelled it.
fn check_name(name: &str) -> Result<(), ApiError> {
    if name.is_empty() {
        return Err(Problems::one("name", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length."));
    }
    Ok(())
}

fn check_parent(state: &State, parent: Id, before: Option<Id>) -> Result<(), ApiError> {
    let is_category = state.channels.get(&parent).is_some_and(|channel| channel.kind == ChannelKind::Category);
    if !is_category {
        return Err(Problems::one("parent_id", "CHANNEL_PARENT_INVALID", "Category does not exist"));
    }
    if before != Some(parent) && CHANNELS_PER_CATEGORY <= state.children_of(parent) {
        let message = "Maximum number of channels in category reached (50)";
        return Err(Problems::one("parent_id", "CHANNEL_PARENT_MAX_CHANNELS", message));
    }
    Ok(())
}

/// A bot can hand out and take away only what it has itself.
fn check_overwrites(overwrites: &Given<Vec<Overwrite>>, own: u64) -> Result<(), ApiError> {
    let Given::Value(overwrites) = overwrites else { return Ok(()) };
    if overwrites.iter().any(|overwrite| (overwrite.allow | overwrite.deny) & !own != 0) {
        return Err(ApiError::MissingPermissions);
    }
    Ok(())
}
