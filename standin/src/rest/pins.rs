//! Pinned messages, by the routes of 2025 and by the old ones.

use serde_json::{Value, json};

use crate::model::Message;
use crate::permission as bit;
use crate::state::State;
use crate::state::messages::PINS_PER_CHANNEL;
use crate::wire;

use super::call::{Answer, Call};
use super::error::ApiError;
use super::messages::shown;

/// The old route shows no more than this.
const OLD_LIST: usize = 50;

pub(super) fn list(state: &mut State, call: &Call<'_>) -> Result<Answer, ApiError> {
    let channel = call.id("channel")?;
    state.visible_channel(channel)?;
    let limit = call.limit(50, 50)?;
    let before = call.query.get("before").and_then(|text| chrono::DateTime::parse_from_rfc3339(text).ok());
    let pins: Vec<&Message> = state
        .pins(channel)
        .into_iter()
        .filter(|message| before.is_none_or(|before| message.pinned_at.is_some_and(|at| at < before)))
        .collect();
    let has_more = limit < pins.len();
    let items: Vec<Value> = pins
        .into_iter()
        .take(limit)
        .map(|message| json!({"pinned_at": message.pinned_at.map(wire::time), "message": shown(state, message)}))
        .collect();
    Ok(Answer::ok(json!({"items": items, "has_more": has_more})))
}

pub(super) fn old_list(state: &mut State, call: &Call<'_>) -> Result<Answer, ApiError> {
    let channel = call.id("channel")?;
    state.visible_channel(channel)?;
    let pins = state.pins(channel).into_iter().take(OLD_LIST);
    Ok(Answer::ok(pins.map(|message| shown(state, message)).collect()))
}

pub(super) fn pin(state: &mut State, call: &Call<'_>) -> Result<Answer, ApiError> {
    let (channel, message) = (call.id("channel")?, call.id("message")?);
    state.channel_with(channel, bit::PIN_MESSAGES)?;
    let found = state.known_message(channel, message)?;
    if found.kind.is_notice() {
        return Err(ApiError::SystemMessage);
    }
    if !found.pinned && PINS_PER_CHANNEL <= state.pins(channel).len() {
        return Err(ApiError::TooManyPins);
    }
    state.set_pinned(channel, message, true, state.options.bot_user);
    Ok(Answer::nothing())
}

pub(super) fn unpin(state: &mut State, call: &Call<'_>) -> Result<Answer, ApiError> {
    let (channel, message) = (call.id("channel")?, call.id("message")?);
    state.channel_with(channel, bit::PIN_MESSAGES)?;
    state.known_message(channel, message)?;
    state.set_pinned(channel, message, false, state.options.bot_user);
    Ok(Answer::nothing())
}
