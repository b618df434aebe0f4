//! Calls that look at the world.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Query, State as Shared};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::discord::Discord;
use crate::model::Id;
use crate::wire;

use super::act::message;
use super::body::IdText;

/// How long a call waits for a change. Below what proxies and browsers put up with.
const LONGEST_WAIT: Duration = Duration::from_secs(25);

pub(super) async fn state(Shared(discord): Shared<Discord>) -> Json<Value> {
    Json(discord.read(|state| {
        json!({
            "connected": state.hub.connected(),
            "now": wire::time(state.now()),
            "guild": wire::guild::guild(state),
            "channels": state.channels.values().map(|c| wire::channel::channel(state, c)).collect::<Vec<_>>(),
            "people": state.members.values().filter(|m| m.present).map(wire::user::member).collect::<Vec<_>>(),
            "roles": wire::guild::roles(state),
            "commands": state.commands.iter().map(|c| wire::command::command(state, c)).collect::<Vec<_>>(),
        })
    }))
}

#[derive(Deserialize)]
pub(super) struct Since {
    #[serde(default)]
    since: u64,
}

pub(super) async fn changes(Shared(discord): Shared<Discord>, Query(query): Query<Since>) -> Json<Value> {
    let mut changed = discord.changed();
    // Not in time is an answer too: the count as it was.
    let _ = tokio::time::timeout(LONGEST_WAIT, changed.wait_for(|count| query.since < *count)).await;
    let count = *changed.borrow();
    Json(json!({"count": count}))
}

#[derive(Deserialize)]
pub(super) struct Reader {
    user: Option<IdText>,
}

pub(super) async fn messages(
    Shared(discord): Shared<Discord>,
    Path(channel): Path<Id>,
    Query(query): Query<Reader>,
) -> Json<Value> {
    let messages = match query.user {
        Some(user) => discord.messages_seen_by(user.0, channel),
        None => discord.messages(channel),
    };
    Json(messages.iter().map(|own| message(&discord, own)).collect())
}

pub(super) async fn direct_messages(Shared(discord): Shared<Discord>, Path(user): Path<Id>) -> Json<Value> {
    Json(discord.direct_messages(user).iter().map(|own| message(&discord, own)).collect())
}

pub(super) async fn traffic(Shared(discord): Shared<Discord>) -> Json<Value> {
    Json(json!(discord.traffic()))
}

pub(super) async fn violations(Shared(discord): Shared<Discord>) -> Json<Value> {
    Json(json!(discord.violations()))
}

pub(super) async fn ca(Shared(discord): Shared<Discord>) -> String {
    discord.ca_pem().to_owned()
}
