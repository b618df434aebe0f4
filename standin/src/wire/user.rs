//! Users and members of the guild.

use serde_json::{Value, json};

use crate::model::{Id, Member};
use crate::state::State;

pub(crate) fn user(member: &Member) -> Value {
    json!({
        "id": member.id.to_string(),
        "username": member.username,
        "global_name": if member.bot { None } else { Some(&member.display_name) },
        "avatar": null,
        "banner": null,
        "accent_color": null,
        "discriminator": "0",
        "public_flags": 0,
        "flags": 0,
        "bot": member.bot,
        "primary_guild": null,
    })
}

/// The user of this id; one whom nobody knows gets a name made from the id.
pub(crate) fn user_of(state: &State, id: Id) -> Value {
    match state.members.get(&id) {
        Some(member) => user(member),
        None => json!({
            "id": id.to_string(), "username": format!("user{id}"), "global_name": null, "avatar": null,
            "discriminator": "0", "public_flags": 0, "flags": 0, "primary_guild": null,
        }),
    }
}

/// The bot as it sees itself.
pub(crate) fn current_user(state: &State) -> Value {
    let mut current = user_of(state, state.options.bot_user);
    current["mfa_enabled"] = json!(true);
    current["locale"] = json!("en-US");
    current["email"] = Value::Null;
    current["verified"] = json!(true);
    current
}

/// A member without the user, as messages and events carry it.
pub(crate) fn partial_member(member: &Member) -> Value {
    json!({
        "avatar": null,
        "banner": null,
        "communication_disabled_until": null,
        "flags": 0,
        "joined_at": super::time(member.joined_at),
        "nick": null,
        "pending": false,
        "premium_since": null,
        "roles": super::ids(member.roles.iter().copied()),
        "mute": false,
        "deaf": false,
    })
}

pub(crate) fn member(member: &Member) -> Value {
    let mut full = partial_member(member);
    full["user"] = user(member);
    full
}
