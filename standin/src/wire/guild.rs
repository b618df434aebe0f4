//! The guild, its roles, and the bot's application.

use serde_json::{Value, json};

use crate::model::{ChannelKind, Role};
use crate::state::State;

use super::user;

pub(crate) fn role(role: &Role) -> Value {
    let mut shown = json!({
        "id": role.id.to_string(),
        "name": role.name,
        "permissions": role.permissions.to_string(),
        "position": role.position,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": null, "tertiary_color": null},
        "hoist": false,
        "managed": role.bot.is_some(),
        "mentionable": role.mentionable,
        "icon": null,
        "unicode_emoji": null,
        "flags": 0,
    });
    if let Some(bot) = role.bot {
        shown["tags"] = json!({"bot_id": bot.to_string()});
    }
    shown
}

pub(crate) fn roles(state: &State) -> Vec<Value> {
    state.roles.values().map(role).collect()
}

/// The guild as `GET /guilds/{id}` shows it, without the counts.
pub(crate) fn guild(state: &State) -> Value {
    let id = state.options.guild;
    json!({
        "id": id.to_string(),
        "name": state.options.guild_name,
        "icon": null,
        "description": null,
        "home_header": null,
        "splash": null,
        "discovery_splash": null,
        "features": [],
        "banner": null,
        "owner_id": id.to_string(),
        "application_id": null,
        "region": "us-west",
        "afk_channel_id": null,
        "afk_timeout": 300,
        "system_channel_id": null,
        "system_channel_flags": 0,
        "widget_enabled": false,
        "widget_channel_id": null,
        "verification_level": 0,
        "roles": roles(state),
        "default_message_notifications": 1,
        "mfa_level": 0,
        "explicit_content_filter": 0,
        "max_presences": null,
        "max_members": 500_000,
        "max_stage_video_channel_users": 50,
        "max_video_channel_users": 25,
        "vanity_url_code": null,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "preferred_locale": "en-US",
        "rules_channel_id": null,
        "safety_alerts_channel_id": null,
        "public_updates_channel_id": null,
        "premium_progress_bar_enabled": false,
        "nsfw": false,
        "nsfw_level": 0,
        "emojis": [],
        "stickers": [],
        "incidents_data": null,
    })
}

/// The guild as the gateway announces it. Without the members intent only the bot itself is among the members.
pub(crate) fn guild_create(state: &State, with_members: bool) -> Value {
    let bot = state.options.bot_user;
    let present = state.members.values().filter(|member| member.present);
    let members: Vec<_> = present.clone().filter(|member| with_members || member.id == bot).map(user::member).collect();
    let shown = |threads: bool| -> Vec<Value> {
        state
            .channels
            .values()
            .filter(|channel| channel.kind != ChannelKind::Direct && channel.kind.is_thread() == threads)
            .filter(|channel| !threads || state.can_see(bot, channel))
            .filter(|channel| channel.thread.as_ref().is_none_or(|thread| !thread.archived))
            .map(|channel| super::channel::channel(state, channel))
            .collect()
    };
    let mut created = guild(state);
    let more = json!({
        "joined_at": state.members.get(&bot).map(|member| super::time(member.joined_at)),
        "large": false,
        "unavailable": false,
        "member_count": present.count(),
        "voice_states": [],
        "members": members,
        "channels": shown(false),
        "threads": shown(true),
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    });
    if let (Value::Object(created), Value::Object(more)) = (&mut created, more) {
        created.extend(more);
    }
    created
}

pub(crate) fn application(state: &State) -> Value {
    let bot = user::user_of(state, state.options.bot_user);
    json!({
        "id": state.options.application.to_string(),
        "name": state.options.bot_name,
        "icon": null,
        "description": "",
        "type": null,
        "bot": bot,
        "bot_public": false,
        "bot_require_code_grant": false,
        "verify_key": "0".repeat(64),
        // GATEWAY_GUILD_MEMBERS_LIMITED and GATEWAY_MESSAGE_CONTENT_LIMITED: what the owner switched on.
        "flags": if state.options.privileged_intents { (1 << 15) | (1 << 19) } else { 0 },
        "flags_new": if state.options.privileged_intents { ((1 << 15) | (1 << 19)).to_string() } else { "0".to_owned() },
        "redirect_uris": [],
        "interactions_endpoint_url": null,
        "role_connections_verification_url": null,
        "owner": bot,
        "approximate_guild_count": u8::from(state.bot_present),
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "team": null,
        "eligible_oauth2_scopes": [],
    })
}
