//! Our messages and forms as Discord's JSON.

use serde_json::{Value, json};
use serenity::builder::CreateAttachment;

use crate::domain::id::Snowflake;
use crate::render::message::{Button, ButtonStyle, Embed, Form, FormField, Message};

/// A message that only the one who asked sees.
const EPHEMERAL: u64 = 1 << 6;
/// Links in what people and alerts wrote are not unfolded.
const SUPPRESS_EMBEDS: u64 = 1 << 2;

/// A message to be posted.
pub fn post(message: &Message, nonce: &str) -> Value {
    let mut map = body(message);
    map["nonce"] = json!(nonce);
    map["enforce_nonce"] = json!(true);
    map
}

/// A message in place of another. What was there and is not any more is taken away.
pub fn edit(message: &Message) -> Value {
    body(message)
}

/// The answer that takes a deferred one's place; it is as private as that was.
pub fn answer(message: &Message) -> Value {
    let mut map = body(message);
    // Who sees it was fixed when it was deferred.
    if let Some(map) = map.as_object_mut() {
        map.remove("flags");
    }
    map
}

/// A private answer.
pub fn private(message: &Message) -> Value {
    let mut map = body(message);
    map["flags"] = json!(EPHEMERAL);
    map
}

/// The files that come with a message.
pub fn files(message: &Message) -> Vec<CreateAttachment> {
    message.files.iter().map(|file| CreateAttachment::bytes(file.bytes.clone(), file.name.clone())).collect()
}

fn body(message: &Message) -> Value {
    let mut map = json!({
        "content": message.content,
        "embeds": message.embeds.iter().map(embed).collect::<Vec<_>>(),
        "components": message.rows.iter().map(|row| row_of(row)).collect::<Vec<_>>(),
        // Explicit on every message: text of alerts and people can never ping.
        "allowed_mentions": { "parse": [], "users": message.pings.iter().map(Snowflake::to_string).collect::<Vec<_>>() },
    });
    // Said on every edit too: what was once suppressed would stay so.
    map["flags"] = json!(if message.embeds.is_empty() { SUPPRESS_EMBEDS } else { 0 });
    map
}

fn embed(embed: &Embed) -> Value {
    let mut map = json!({ "color": embed.color });
    let texts = [("title", &embed.title), ("url", &embed.url), ("description", &embed.description)];
    for (name, text) in texts {
        if let Some(text) = text {
            map[name] = json!(text);
        }
    }
    if !embed.fields.is_empty() {
        let fields: Vec<Value> = embed
            .fields
            .iter()
            .map(|field| json!({ "name": field.name, "value": field.value, "inline": field.inline }))
            .collect();
        map["fields"] = json!(fields);
    }
    if let Some(footer) = &embed.footer {
        map["footer"] = json!({ "text": footer });
    }
    if let Some(timestamp) = embed.timestamp {
        map["timestamp"] = json!(timestamp.to_rfc3339_opts(chrono::SecondsFormat::Millis, true));
    }
    map
}

fn row_of(buttons: &[Button]) -> Value {
    let buttons: Vec<Value> = buttons
        .iter()
        .map(|button| {
            let style = match button.style {
                ButtonStyle::Primary => 1,
                ButtonStyle::Secondary => 2,
                ButtonStyle::Success => 3,
                ButtonStyle::Danger => 4,
            };
            json!({
                "type": 2, "style": style, "label": button.label, "custom_id": button.id, "disabled": button.disabled,
            })
        })
        .collect();
    json!({ "type": 1, "components": buttons })
}

/// A form.
pub fn form(form: &Form) -> Value {
    let rows: Vec<Value> =
        form.fields.iter().map(|field| json!({ "type": 1, "components": [form_field(field)] })).collect();
    json!({ "custom_id": form.id, "title": form.title, "components": rows })
}

fn form_field(field: &FormField) -> Value {
    let mut map = json!({
        "type": 4,
        "custom_id": field.id,
        "style": if field.multiline { 2 } else { 1 },
        "label": field.label,
        "required": field.required,
    });
    if let Some(value) = field.value.as_ref().filter(|value| !value.is_empty()) {
        map["value"] = json!(value);
    }
    if let Some(placeholder) = &field.placeholder {
        map["placeholder"] = json!(placeholder);
    }
    if let Some(min) = field.min {
        map["min_length"] = json!(min);
    }
    if let Some(max) = field.max {
        map["max_length"] = json!(max);
    }
    map
}
