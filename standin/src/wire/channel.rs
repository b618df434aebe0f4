//! Channels, threads and direct conversations.

use serde_json::{Value, json};

use crate::model::{Channel, ChannelKind, Id, Thread};
use crate::state::State;

pub(crate) fn channel(state: &State, channel: &Channel) -> Value {
    let mut shown = json!({
        "id": channel.id.to_string(),
        "type": channel.kind.number(),
        "last_message_id": channel.last_message.map(|id| id.to_string()),
        "flags": 0,
    });
    let more = match (&channel.thread, channel.kind) {
        (_, ChannelKind::Direct) => {
            let recipients: Vec<_> = channel.recipient.iter().map(|user| super::user::user_of(state, *user)).collect();
            json!({"recipients": recipients})
        }
        (Some(thread), _) => thread_fields(state, channel, thread),
        (None, _) => guild_fields(state, channel),
    };
    if let (Value::Object(shown), Value::Object(more)) = (&mut shown, more) {
        shown.extend(more);
        if channel.last_pin.is_some() {
            shown.insert("last_pin_timestamp".to_owned(), json!(channel.last_pin.map(super::time)));
        }
    }
    shown
}

fn guild_fields(state: &State, channel: &Channel) -> Value {
    let overwrites: Vec<_> = channel
        .overwrites
        .iter()
        .map(|overwrite| {
            json!({
                "id": overwrite.id.to_string(),
                "type": u8::from(overwrite.is_user),
                "allow": overwrite.allow.to_string(),
                "deny": overwrite.deny.to_string(),
            })
        })
        .collect();
    let mut shown = json!({
        "guild_id": state.options.guild.to_string(),
        "name": channel.name,
        "parent_id": channel.parent.map(|id| id.to_string()),
        "position": channel.position,
        "permission_overwrites": overwrites,
        "nsfw": channel.nsfw,
    });
    if channel.kind.holds_messages() {
        shown["topic"] = json!(channel.topic);
        shown["rate_limit_per_user"] = json!(channel.slowmode);
    }
    shown
}

fn thread_fields(state: &State, channel: &Channel, thread: &Thread) -> Value {
    let mut metadata = json!({
        "archived": thread.archived,
        "archive_timestamp": super::time(thread.archive_changed_at),
        "auto_archive_duration": thread.auto_archive_minutes,
        "locked": thread.locked,
        "create_timestamp": super::time(channel.created_at),
    });
    if channel.kind == ChannelKind::PrivateThread {
        metadata["invitable"] = json!(thread.invitable);
    }
    let held = state.messages.get(&channel.id).map_or(0, |messages| messages.len());
    let mut shown = json!({
        "guild_id": state.options.guild.to_string(),
        "name": channel.name,
        "parent_id": channel.parent.map(|id| id.to_string()),
        "owner_id": thread.owner.to_string(),
        "thread_metadata": metadata,
        "message_count": held,
        // Discord itself stops counting at 50, and clients keep the number in a byte.
        "member_count": thread.members.len().min(50),
        "total_message_sent": thread.written,
        "rate_limit_per_user": channel.slowmode,
    });
    if thread.members.contains(&state.options.bot_user) {
        shown["member"] = thread_member(channel, state.options.bot_user);
    }
    shown
}

pub(crate) fn thread_member(channel: &Channel, user: Id) -> Value {
    json!({
        "id": channel.id.to_string(),
        "user_id": user.to_string(),
        "join_timestamp": super::time(channel.created_at),
        "flags": 0,
    })
}

/// A channel as interactions carry it.
pub(crate) fn partial(state: &State, user: Id, of: &Channel) -> Value {
    let mut shown = channel(state, of);
    shown["permissions"] = json!(state.permissions(user, of).to_string());
    shown
}
