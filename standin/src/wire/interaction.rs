//! What the gateway says when a person acts, and what the API says when the bot has answered.

use serde_json::{Value, json};

use crate::model::Id;
use crate::state::State;
use crate::state::interactions::{Answer, Interaction};

/// The event of an interaction that is registered under `id`. `particulars` is its `data`.
pub(crate) fn created(state: &State, id: Id, interaction: &Interaction, particulars: Value) -> Value {
    let options = &state.options;
    let mut frame = json!({
        "id": id.to_string(),
        "application_id": options.application.to_string(),
        "type": interaction.kind.number(),
        "token": interaction.token,
        "version": 1,
        "channel_id": interaction.channel.to_string(),
        "data": particulars,
        "locale": "en-US",
        "entitlements": [],
        "entitlement_sku_ids": [],
        "authorizing_integration_owners": {"0": options.guild.to_string()},
        "attachment_size_limit": 10_485_760,
    });
    let is_direct = state.is_direct(interaction.channel);
    if let Some(channel) = state.channels.get(&interaction.channel) {
        frame["channel"] = super::channel::partial(state, interaction.user, channel);
        frame["app_permissions"] = json!(state.permissions(options.bot_user, channel).to_string());
        if let Some(member) = state.members.get(&interaction.user).filter(|_| !is_direct) {
            let mut shown = super::user::member(member);
            shown["permissions"] = json!(state.permissions(interaction.user, channel).to_string());
            frame["member"] = shown;
        }
    }
    if is_direct {
        frame["user"] = super::user::user_of(state, interaction.user);
        frame["context"] = json!(1);
    } else {
        let guild = options.guild.to_string();
        frame["guild_id"] = json!(guild);
        frame["guild_locale"] = json!("en-US");
        frame["guild"] = json!({"id": guild, "features": [], "locale": "en-US"});
        frame["context"] = json!(0);
    }
    if let Some(message) = interaction.pressed_on.and_then(|id| state.message(interaction.channel, id)) {
        frame["message"] = super::message::message(state, message);
    }
    frame
}

/// The answer to a callback that asked for one with `with_response`.
pub(crate) fn answered(state: &State, id: Id, interaction: &Interaction, callback: i64) -> Value {
    let mut about = json!({"id": id.to_string(), "type": interaction.kind.number()});
    let message = interaction.original().and_then(|id| state.message(interaction.channel, id));
    let mut answer = json!({});
    if let Some(message) = message {
        about["response_message_id"] = json!(message.id.to_string());
        about["response_message_loading"] = json!(message.loading);
        about["response_message_ephemeral"] = json!(message.ephemeral_for.is_some());
        // A deferral has no message to show yet.
        if !message.loading && !matches!(interaction.answer, Some(Answer::Noted(_))) {
            answer["resource"] = json!({"type": callback, "message": super::message::message(state, message)});
        }
    }
    answer["interaction"] = about;
    answer
}
