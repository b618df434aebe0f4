//! Registering commands, for the guild or everywhere.

use serde_json::Value;

use crate::check::command::{self, CommandDraft};
use crate::check::form::Given;
use crate::model::Id;
use crate::state::State;
use crate::state::commands::Command;
use crate::wire;

use super::call::{Answer, Call};
use super::error::ApiError;

/// Where the call is about: the guild in its path, or everywhere.
fn place(state: &State, call: &Call<'_>) -> Result<Option<Id>, ApiError> {
    if call.id("application")? != state.options.application {
        return Err(ApiError::UnknownApplication);
    }
    if !call.path.contains_key("guild") {
        return Ok(None);
    }
    let guild = call.id("guild")?;
    // Discord hides from a bot whether a guild without it exists.
    if guild == state.options.guild && state.bot_present { Ok(Some(guild)) } else { Err(ApiError::MissingAccess) }
}

fn found<'s>(state: &'s mut State, call: &Call<'_>) -> Result<&'s mut Command, ApiError> {
    let place = place(state, call)?;
    let id = call.id("command")?;
    let same = |command: &&mut Command| command.id == id && command.guild == place;
    state.commands.iter_mut().find(same).ok_or(ApiError::UnknownCommand)
}

pub(super) fn list(state: &mut State, call: &Call<'_>) -> Result<Answer, ApiError> {
    let place = place(state, call)?;
    Ok(Answer::ok(shown(state, place)))
}

pub(super) fn get(state: &mut State, call: &Call<'_>) -> Result<Answer, ApiError> {
    let command = found(state, call)?.clone();
    Ok(Answer::ok(wire::command::command(state, &command)))
}

pub(super) fn replace(state: &mut State, call: &Call<'_>) -> Result<Answer, ApiError> {
    let place = place(state, call)?;
    let drafts = command::all(call.body.clone())?;
    let fresh: Vec<_> = drafts.into_iter().map(|draft| registered(state, draft, place)).collect();
    state.commands.retain(|command| command.guild != place);
    state.commands.extend(fresh);
    Ok(Answer::ok(shown(state, place)))
}

/// A command of the same name and kind is replaced, as Discord does.
pub(super) fn create(state: &mut State, call: &Call<'_>) -> Result<Answer, ApiError> {
    let place = place(state, call)?;
    let command = registered(state, command::new(call.body.clone())?, place);
    let old = state.commands.iter().position(|old| old.id == command.id);
    let alike = state.commands.iter().filter(|old| old.guild == place && old.kind == command.kind).count();
    let answer = wire::command::command(state, &command);
    match old {
        Some(at) => {
            state.commands[at] = command;
            Ok(Answer::ok(answer))
        }
        None if command.kind.limit() <= alike => Err(ApiError::TooManyCommands(command.kind.limit())),
        None => {
            state.commands.push(command);
            Ok(Answer::created(answer))
        }
    }
}

pub(super) fn change(state: &mut State, call: &Call<'_>) -> Result<Answer, ApiError> {
    let kind = found(state, call)?.kind;
    let draft = command::change(call.body.clone(), kind)?;
    let version = state.clock.snowflake();
    let command = found(state, call)?;
    command.version = version;
    fill(command, draft);
    let command = command.clone();
    Ok(Answer::ok(wire::command::command(state, &command)))
}

pub(super) fn delete(state: &mut State, call: &Call<'_>) -> Result<Answer, ApiError> {
    let id = found(state, call)?.id;
    state.commands.retain(|command| command.id != id);
    Ok(Answer::nothing())
}

fn shown(state: &State, place: Option<Id>) -> Value {
    let own = state.commands.iter().filter(|command| command.guild == place);
    own.map(|command| wire::command::command(state, command)).collect()
}

/// A command out of a draft; it keeps its id when there is already one of its name.
fn registered(state: &mut State, draft: CommandDraft, place: Option<Id>) -> Command {
    let name = draft.name.as_deref().unwrap_or_default();
    let same = |old: &&Command| old.guild == place && old.kind == draft.kind && old.name == name;
    let id = state.commands.iter().find(same).map(|old| old.id);
    let mut command = Command {
        id: id.unwrap_or_else(|| state.clock.snowflake()),
        version: state.clock.snowflake(),
        guild: place,
        kind: draft.kind,
        name: String::new(),
        description: String::new(),
        options: Vec::new(),
        default_member_permissions: None,
        dm_permission: true,
        nsfw: false,
        contexts: None,
        integration_types: None,
        name_localizations: None,
        description_localizations: None,
    };
    fill(&mut command, draft);
    command
}

fn fill(command: &mut Command, draft: CommandDraft) {
    if let Some(name) = draft.name {
        command.name = name;
    }
    if let Some(description) = draft.description {
        command.description = description;
    }
    draft.options.settle(&mut command.options);
    settle(draft.default_member_permissions, &mut command.default_member_permissions);
    settle(draft.contexts, &mut command.contexts);
    settle(draft.integration_types, &mut command.integration_types);
    settle(draft.name_localizations, &mut command.name_localizations);
    settle(draft.description_localizations, &mut command.description_localizations);
    command.dm_permission = draft.dm_permission.unwrap_or(command.dm_permission);
    command.nsfw = draft.nsfw.unwrap_or(command.nsfw);
}

fn settle<T>(given: Given<T>, place: &mut Option<T>) {
    given.and_then(|value| Some(Some(value))).settle(place);
}
