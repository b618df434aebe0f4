//! Messages with their embeds, components, files and reactions.

use serde_json::{Map, Value, json};

use crate::model::{Attachment, Component, Embed, Emoji, Message, Origin, SelectOption};
use crate::state::State;

const EPHEMERAL: u64 = 1 << 6;
const LOADING: u64 = 1 << 7;
const HAS_THREAD: u64 = 1 << 5;

pub(crate) fn message(state: &State, message: &Message) -> Value {
    let mut shown = basic(state, message);
    // What it answers is shown one level deep, never a chain.
    if let Some(id) = message.reply_to {
        let referenced = state.message(message.channel, id).map(|referenced| basic(state, referenced));
        if !message.kind.is_notice() {
            shown["referenced_message"] = json!(referenced);
        }
    }
    if !message.reactions.is_empty() {
        shown["reactions"] = message.reactions.iter().map(|r| reaction(state, &r.emoji, &r.users)).collect();
    }
    shown
}

fn basic(state: &State, message: &Message) -> Value {
    let mentioned: Vec<_> = message.pings.iter().map(|user| super::user::user_of(state, *user)).collect();
    let files: Vec<_> = message.attachments.iter().map(|file| attachment(message, file)).collect();
    let mut shown = json!({
        "id": message.id.to_string(),
        "type": message.kind.number(),
        "channel_id": message.channel.to_string(),
        "author": super::user::user_of(state, message.author),
        "content": message.content,
        "mentions": mentioned,
        "mention_roles": super::ids(message.ping_roles.iter().copied()),
        "mention_everyone": message.ping_everyone,
        "attachments": files,
        "embeds": message.embeds.iter().map(embed).collect::<Vec<_>>(),
        "timestamp": super::time(message.created_at),
        "edited_timestamp": message.edited_at.map(super::time),
        "flags": flags(message),
        "components": rows(&message.components),
        "pinned": message.pinned,
        "tts": message.tts,
    });
    if let Some(id) = message.reply_to {
        shown["message_reference"] = json!({
            "type": 0,
            "channel_id": message.channel.to_string(),
            "message_id": id.to_string(),
            "guild_id": state.options.guild.to_string(),
        });
    }
    if let Some(thread) = message.thread.and_then(|id| state.channels.get(&id)) {
        shown["thread"] = super::channel::channel(state, thread);
    }
    if let Some(origin) = &message.origin {
        shown["interaction_metadata"] = metadata(state, origin);
        shown["webhook_id"] = json!(state.options.application.to_string());
    }
    if message.origin.is_some() || state.is_bot(message.author) {
        shown["application_id"] = json!(state.options.application.to_string());
    }
    shown
}

/// What is left of a message for a bot that may not read what others write.
pub(crate) fn stripped(mut message: Value) -> Value {
    message["content"] = json!("");
    for list in ["embeds", "attachments", "components"] {
        message[list] = json!([]);
    }
    message
}

fn flags(message: &Message) -> u64 {
    let set = |on: bool, flag: u64| if on { flag } else { 0 };
    message.flags
        | set(message.ephemeral_for.is_some(), EPHEMERAL)
        | set(message.loading, LOADING)
        | set(message.thread.is_some(), HAS_THREAD)
}

fn metadata(state: &State, origin: &Origin) -> Value {
    let guild = state.options.guild.to_string();
    let mut shown = json!({
        "id": origin.interaction.to_string(),
        "type": origin.kind,
        "user": super::user::user_of(state, origin.user),
        "authorizing_integration_owners": {"0": guild},
    });
    if origin.kind == 2 {
        shown["name"] = json!(origin.name);
    }
    if origin.kind == 3 {
        shown["interacted_message_id"] = json!(origin.pressed_on.unwrap_or_default().to_string());
    }
    if let Some(opened_by) = &origin.opened_by {
        shown["triggering_interaction_metadata"] = metadata(state, opened_by);
    }
    shown
}

fn attachment(message: &Message, file: &Attachment) -> Value {
    let address =
        format!("https://cdn.discordapp.com/attachments/{}/{}/{}", message.channel, file.id, url_safe(&file.filename));
    let mut shown = json!({
        "id": file.id.to_string(),
        "filename": file.filename,
        "size": file.bytes.len(),
        "url": address,
        "proxy_url": address.replace("cdn.discordapp.com", "media.discordapp.net"),
    });
    insert(&mut shown, "content_type", file.content_type.as_ref());
    insert(&mut shown, "description", file.description.as_ref());
    shown
}

fn url_safe(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect()
}

pub(crate) fn embed(embed: &Embed) -> Value {
    let mut shown = json!({"type": "rich"});
    insert(&mut shown, "title", embed.title.as_ref());
    insert(&mut shown, "description", embed.description.as_ref());
    insert(&mut shown, "url", embed.url.as_ref());
    insert(&mut shown, "color", embed.color);
    insert(&mut shown, "timestamp", embed.timestamp.as_ref());
    for (name, address) in [("image", &embed.image), ("thumbnail", &embed.thumbnail)] {
        insert(
            &mut shown,
            name,
            address.as_ref().map(|url| json!({"url": url, "proxy_url": url, "width": 0, "height": 0})),
        );
    }
    if let Some(footer) = &embed.footer {
        let mut part = json!({"text": footer.text});
        insert(&mut part, "icon_url", footer.icon_url.as_ref());
        shown["footer"] = part;
    }
    if let Some(author) = &embed.author {
        let mut part = json!({"name": author.name});
        insert(&mut part, "url", author.url.as_ref());
        insert(&mut part, "icon_url", author.icon_url.as_ref());
        shown["author"] = part;
    }
    if !embed.fields.is_empty() {
        let fields =
            embed.fields.iter().map(|field| json!({"name": field.name, "value": field.value, "inline": field.inline}));
        shown["fields"] = fields.collect();
    }
    shown
}

/// Rows of components, numbered through from 1 as Discord does.
fn rows(rows: &[Vec<Component>]) -> Value {
    let mut number = 0;
    let mut next = || {
        number += 1;
        number
    };
    let shown = rows.iter().map(|row| {
        let id = next();
        let parts: Vec<_> = row.iter().map(|part| component(next(), part)).collect();
        json!({"type": 1, "id": id, "components": parts})
    });
    shown.collect()
}

fn component(number: u32, part: &Component) -> Value {
    match part {
        Component::Button { custom_id, label, style, disabled, url, emoji: picture } => {
            let mut shown = json!({"type": 2, "id": number, "style": style});
            insert(&mut shown, "custom_id", custom_id.as_ref());
            insert(&mut shown, "label", (!label.is_empty()).then_some(label));
            insert(&mut shown, "url", url.as_ref());
            insert(&mut shown, "emoji", picture.as_ref().map(emoji));
            insert(&mut shown, "disabled", disabled.then_some(true));
            shown
        }
        Component::Select { custom_id, kind, placeholder, min, max, disabled, options } => {
            let mut shown = json!({
                "type": kind.number(), "id": number, "custom_id": custom_id, "min_values": min, "max_values": max,
            });
            insert(&mut shown, "placeholder", placeholder.as_ref());
            insert(&mut shown, "disabled", disabled.then_some(true));
            if kind.number() == 3 {
                shown["options"] = options.iter().map(select_option).collect();
            }
            shown
        }
    }
}

fn select_option(option: &SelectOption) -> Value {
    let mut shown = json!({"label": option.label, "value": option.value});
    insert(&mut shown, "description", option.description.as_ref());
    insert(&mut shown, "emoji", option.emoji.as_ref().map(emoji));
    insert(&mut shown, "default", option.default.then_some(true));
    shown
}

fn emoji(emoji: &Emoji) -> Value {
    let mut shown = json!({"name": emoji.name});
    insert(&mut shown, "id", emoji.id.map(|id| id.to_string()));
    shown
}

/// An emoji as reactions carry it, where the id is always there.
pub(crate) fn reaction_emoji(emoji: &Emoji) -> Value {
    json!({"id": emoji.id.map(|id| id.to_string()), "name": emoji.name})
}

fn reaction(state: &State, emoji: &Emoji, users: &[crate::model::Id]) -> Value {
    json!({
        "emoji": reaction_emoji(emoji),
        "count": users.len(),
        "count_details": {"burst": 0, "normal": users.len()},
        "burst_colors": [],
        "me_burst": false,
        "burst_me": false,
        "me": users.contains(&state.options.bot_user),
    })
}

fn insert<T: serde::Serialize>(shown: &mut Value, name: &str, value: Option<T>) {
    let Some(value) = value else { return };
    shown.as_object_mut().unwrap_or(&mut Map::new()).insert(name.to_owned(), json!(value));
}
