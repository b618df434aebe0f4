//! What one person sees: the guild with the channels that they may see, and the messages in them, as JSON.

use serde_json::{Value, json};

use crate::model::{Channel, ChannelKind, Id, Member, Message};
use crate::permission as bit;
use crate::state::State;
use crate::wire;

use super::tour;

/// The channels that `user` sees, oldest first.
pub(super) fn channels(state: &State, user: Id) -> impl Iterator<Item = &Channel> {
    state.channels.values().filter(move |channel| state.can_see(user, channel))
}

/// All but messages and commands.
pub(super) fn scene(state: &State, user: Id) -> Value {
    let stage = &state.stage;
    let present = || state.members.values().filter(|member| member.present);
    let everybody = || present().filter(|member| !member.bot).map(|member| json!({"user": member.id.to_string()}));
    let cast = stage.cast.iter().map(|part| json!({"user": part.user.to_string(), "line": part.line}));
    let rack = stage
        .rack
        .iter()
        .map(|alarm| json!({"id": alarm.id, "name": alarm.name, "note": alarm.note, "sender": alarm.sender}));
    json!({
        "guild": {"id": state.options.guild.to_string(), "name": state.options.guild_name},
        "me": user.to_string(),
        "bot": state.options.bot_user.to_string(),
        "connected": state.hub.connected() && !state.down,
        "moved_ms": state.clock.moved().num_milliseconds(),
        "weather": state.weather(),
        "violations": state.violations.len(),
        "channels": channels(state, user).map(|channel| shown_channel(state, user, channel)).collect::<Vec<_>>(),
        "people": present().map(|member| person(state, member)).collect::<Vec<_>>(),
        "roles": state.roles.values().map(|role| json!({"id": role.id.to_string(), "name": role.name})).collect::<Vec<_>>(),
        "cast": if stage.cast.is_empty() { everybody().collect::<Vec<_>>() } else { cast.collect() },
        "rack": rack.collect::<Vec<_>>(),
        "timer": stage.timer.as_ref().map(|timer| json!({"at": wire::time(timer.at), "what": timer.what})),
        "tour": stage.tour.as_ref().map(tour::shown),
    })
}

/// The registered commands.
pub(super) fn commands(state: &State) -> Value {
    state.commands.iter().map(|command| wire::command::command(state, command)).collect()
}

/// A message as `user` sees it.
pub(super) fn message(state: &State, user: Id, message: &Message) -> Value {
    let mut shown = wire::message::message(state, message);
    shown["author_name"] = json!(message.author_name);
    shown["ephemeral"] = json!(message.ephemeral_for.is_some());
    for (reaction, own) in message.reactions.iter().enumerate() {
        shown["reactions"][reaction]["me"] = json!(own.users.contains(&user));
        let names: Vec<_> = own.users.iter().map(|user| state.display_name(*user)).collect();
        shown["reactions"][reaction]["names"] = json!(names);
    }
    for (number, file) in message.attachments.iter().enumerate() {
        let name = &shown["attachments"][number]["url"].as_str().and_then(|url| url.rsplit('/').next());
        let path = format!("/files/{}/{}/{}/{}", message.channel, message.id, file.id, name.unwrap_or("file"));
        shown["attachments"][number]["url"] = json!(format!("{path}?user={user}"));
    }
    shown
}

/// Whether `user` sees this message in a channel that they see.
pub(super) fn is_for(user: Id, message: &Message) -> bool {
    message.ephemeral_for.is_none_or(|only| only == user)
}

fn shown_channel(state: &State, user: Id, channel: &Channel) -> Value {
    let permissions = state.permissions(user, channel);
    let writing = if channel.kind.is_thread() { bit::SEND_MESSAGES_IN_THREADS } else { bit::SEND_MESSAGES };
    let thread = channel.thread.as_ref();
    json!({
        "id": channel.id.to_string(),
        "type": channel.kind.number(),
        "name": channel.name,
        "parent": channel.parent.map(|parent| parent.to_string()),
        "topic": channel.topic,
        "position": channel.position,
        "direct": channel.kind == ChannelKind::Direct,
        "archived": thread.is_some_and(|thread| thread.archived),
        "can_write": permissions & writing == writing && !thread.is_some_and(|thread| thread.locked),
    })
}

fn person(state: &State, member: &Member) -> Value {
    let roles = member.roles.iter().filter_map(|role| state.roles.get(role)).map(|role| &role.name);
    json!({
        "id": member.id.to_string(),
        "name": member.display_name,
        "bot": member.bot,
        "roles": roles.collect::<Vec<_>>(),
        "closed_dms": member.closed_dms,
        "marks": state.stage.marks.get(&member.id).cloned().unwrap_or_default(),
    })
}
