//! The guild, its roles and its members.

use serde_json::{Value, json};

use crate::model::Member;
use crate::state::State;
use crate::wire;

use super::call::{Answer, Call};
use super::error::ApiError;

pub(super) fn get(state: &mut State, call: &Call<'_>) -> Result<Answer, ApiError> {
    state.guild_with(call.id("guild")?, 0)?;
    let mut guild = wire::guild::guild(state);
    if call.query_flag("with_counts") {
        let present = state.members.values().filter(|member| member.present).count();
        guild["approximate_member_count"] = json!(present);
        guild["approximate_presence_count"] = json!(present);
    }
    Ok(Answer::ok(guild))
}

pub(super) fn roles(state: &mut State, call: &Call<'_>) -> Result<Answer, ApiError> {
    state.guild_with(call.id("guild")?, 0)?;
    Ok(Answer::ok(wire::guild::roles(state).into()))
}

pub(super) fn member(state: &mut State, call: &Call<'_>) -> Result<Answer, ApiError> {
    state.guild_with(call.id("guild")?, 0)?;
    let member = state.members.get(&call.id("user")?).ok_or(ApiError::UnknownUser)?;
    if !member.present {
        return Err(ApiError::UnknownMember);
    }
    Ok(Answer::ok(wire::user::member(member)))
}

/// Listing all members needs the privileged intent; looking for one does not.
pub(super) fn members(state: &mut State, call: &Call<'_>) -> Result<Answer, ApiError> {
    state.guild_with(call.id("guild")?, 0)?;
    if !state.options.privileged_intents {
        return Err(ApiError::MissingAccess);
    }
    let after = call.query_id("after")?.unwrap_or(0);
    let limit = call.limit(1, 1000)?;
    Ok(Answer::ok(shown(state, limit, |member| after < member.id)))
}

pub(super) fn search_members(state: &mut State, call: &Call<'_>) -> Result<Answer, ApiError> {
    state.guild_with(call.id("guild")?, 0)?;
    let query = call.query.get("query").map(|text| text.to_lowercase()).unwrap_or_default();
    let limit = call.limit(1, 1000)?;
    let fits =
        |member: &Member| member.username.starts_with(&query) || member.display_name.to_lowercase().starts_with(&query);
    Ok(Answer::ok(shown(state, limit, fits)))
}

fn shown(state: &State, limit: usize, fits: impl Fn(&Member) -> bool) -> Value {
    state.members.values().filter(|member| member.present && fits(member)).take(limit).map(wire::user::member).collect()
}
