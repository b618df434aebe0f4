//! The bot itself, its application, the gateway's address, and direct conversations.

use serde_json::json;

use crate::check::form::{Form, Problems};
use crate::state::State;
use crate::wire;

use super::call::{Answer, Call};
use super::error::ApiError;

/// How many sessions a bot may start in a day.
const SESSIONS_A_DAY: u64 = 1000;

pub(super) fn gateway(state: &mut State, _: &Call<'_>) -> Result<Answer, ApiError> {
    Ok(Answer::ok(json!({"url": state.hub.address})))
}

pub(super) fn gateway_bot(state: &mut State, _: &Call<'_>) -> Result<Answer, ApiError> {
    Ok(Answer::ok(json!({
        "url": state.hub.address,
        "shards": 1,
        "session_start_limit": {
            "total": SESSIONS_A_DAY,
            "remaining": SESSIONS_A_DAY.saturating_sub(state.hub.identifies),
            "reset_after": 86_400_000,
            "max_concurrency": 1,
        },
    })))
}

pub(super) fn me(state: &mut State, _: &Call<'_>) -> Result<Answer, ApiError> {
    Ok(Answer::ok(wire::user::current_user(state)))
}

pub(super) fn user(state: &mut State, call: &Call<'_>) -> Result<Answer, ApiError> {
    let member = state.members.get(&call.id("user")?).ok_or(ApiError::UnknownUser)?;
    Ok(Answer::ok(wire::user::user(member)))
}

pub(super) fn guilds(state: &mut State, _: &Call<'_>) -> Result<Answer, ApiError> {
    let own = json!({
        "id": state.options.guild.to_string(),
        "name": state.options.guild_name,
        "icon": null,
        "banner": null,
        "owner": false,
        "permissions": state.guild_permissions(state.options.bot_user).to_string(),
        "features": [],
    });
    Ok(Answer::ok(state.bot_present.then_some(own).into_iter().collect()))
}

pub(super) fn application(state: &mut State, _: &Call<'_>) -> Result<Answer, ApiError> {
    Ok(Answer::ok(wire::guild::application(state)))
}

pub(super) fn open_direct(state: &mut State, call: &Call<'_>) -> Result<Answer, ApiError> {
    let problems = Problems::default();
    let recipient = Form::open(call.body.clone(), "", &problems).and_then(|mut form| {
        let recipient = form.id("recipient_id").value();
        if recipient.is_none() {
            form.missing("recipient_id");
        }
        form.finish();
        recipient
    });
    problems.finish()?;
    let recipient = recipient.filter(|user| state.members.contains_key(user)).ok_or(ApiError::UnknownUser)?;
    if state.is_bot(recipient) {
        return Err(ApiError::ClosedDirect);
    }
    let channel = state.open_direct(recipient);
    let channel = state.channels.get(&channel).ok_or(ApiError::UnknownChannel)?;
    Ok(Answer::ok(wire::channel::channel(state, channel)))
}
