//! Emoji below messages.

use serde_json::Value;

use crate::model::{Emoji, Id};
use crate::permission as bit;
use crate::state::State;
use crate::wire;

use super::call::{Answer, Call};
use super::error::ApiError;

/// The message and the emoji that the path names.
fn named(state: &State, call: &Call<'_>) -> Result<(Id, Id, Emoji), ApiError> {
    let (channel, message) = (call.id("channel")?, call.id("message")?);
    state.channel_with(channel, bit::READ_MESSAGE_HISTORY)?;
    state.known_message(channel, message)?;
    let emoji = Emoji::from_key(call.text("emoji"));
    // A word is not an emoji; a guild's own has an id.
    if emoji.id.is_none() && emoji.name.chars().all(|c| c.is_ascii_alphabetic() || c == '_') {
        return Err(ApiError::UnknownEmoji);
    }
    Ok((channel, message, emoji))
}

pub(super) fn list(state: &mut State, call: &Call<'_>) -> Result<Answer, ApiError> {
    let (channel, message, emoji) = named(state, call)?;
    let limit = call.limit(25, 100)?;
    let after = call.query_id("after")?.unwrap_or(0);
    let reactions = &state.known_message(channel, message)?.reactions;
    let users = reactions.iter().filter(|reaction| reaction.emoji == emoji).flat_map(|reaction| &reaction.users);
    let users = users.filter(|user| after < **user).take(limit);
    Ok(Answer::ok(users.map(|user| wire::user::user_of(state, *user)).collect::<Value>()))
}

pub(super) fn add(state: &mut State, call: &Call<'_>) -> Result<Answer, ApiError> {
    let (channel, message, emoji) = named(state, call)?;
    // Joining a reaction that is already there needs no permission.
    if !state.known_message(channel, message)?.reactions.iter().any(|reaction| reaction.emoji == emoji) {
        state.channel_with(channel, bit::ADD_REACTIONS)?;
    }
    state.set_reaction(channel, message, state.options.bot_user, &emoji, true);
    Ok(Answer::nothing())
}

pub(super) fn remove_own(state: &mut State, call: &Call<'_>) -> Result<Answer, ApiError> {
    let (channel, message, emoji) = named(state, call)?;
    state.set_reaction(channel, message, state.options.bot_user, &emoji, false);
    Ok(Answer::nothing())
}

pub(super) fn remove(state: &mut State, call: &Call<'_>) -> Result<Answer, ApiError> {
    let (channel, message, emoji) = named(state, call)?;
    state.channel_with(channel, bit::MANAGE_MESSAGES)?;
    state.set_reaction(channel, message, call.id("user")?, &emoji, false);
    Ok(Answer::nothing())
}
