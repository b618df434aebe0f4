//! Calls by which people act.

use axum::Json;
use axum::extract::State as Shared;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::act::{Reply, ReplyKind};
use crate::discord::Discord;
use crate::model::{Choice, Field, Message, Modal};
use crate::wire;

use super::body::{IdText, Outcome, Refused, done};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CommandBody {
    user: IdText,
    channel: IdText,
    command: String,
    #[serde(default)]
    options: Value,
}

pub(super) async fn command(Shared(discord): Shared<Discord>, Json(body): Json<CommandBody>) -> Outcome {
    let reply = discord.command(body.user.0, body.channel.0, &body.command, body.options).await?;
    Ok(Json(shown(&discord, &reply)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AutocompleteBody {
    user: IdText,
    channel: IdText,
    command: String,
    #[serde(default)]
    options: Value,
    focused: String,
    text: String,
}

pub(super) async fn autocomplete(Shared(discord): Shared<Discord>, Json(body): Json<AutocompleteBody>) -> Outcome {
    let (user, channel) = (body.user.0, body.channel.0);
    let choices = discord.autocomplete(user, channel, &body.command, body.options, &body.focused, &body.text).await?;
    Ok(Json(json!({"choices": choices.iter().map(choice).collect::<Vec<_>>()})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PressBody {
    user: IdText,
    channel: IdText,
    message: IdText,
    custom_id: Option<String>,
    label: Option<String>,
}

pub(super) async fn press(Shared(discord): Shared<Discord>, Json(body): Json<PressBody>) -> Outcome {
    let (user, channel, message) = (body.user.0, body.channel.0, body.message.0);
    let reply = match (body.custom_id, body.label) {
        (Some(custom_id), None) => discord.press(user, channel, message, &custom_id).await?,
        (None, Some(label)) => discord.press_label(user, channel, message, &label).await?,
        _ => return Err(Refused::from("give either custom_id or label")),
    };
    Ok(Json(shown(&discord, &reply)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChooseBody {
    user: IdText,
    channel: IdText,
    message: IdText,
    custom_id: String,
    values: Vec<String>,
}

pub(super) async fn choose(Shared(discord): Shared<Discord>, Json(body): Json<ChooseBody>) -> Outcome {
    let (user, channel, message) = (body.user.0, body.channel.0, body.message.0);
    let reply = discord.choose(user, channel, message, &body.custom_id, body.values).await?;
    Ok(Json(shown(&discord, &reply)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SubmitBody {
    user: IdText,
    interaction: IdText,
    #[serde(default)]
    values: Value,
}

pub(super) async fn submit(Shared(discord): Shared<Discord>, Json(body): Json<SubmitBody>) -> Outcome {
    let modal = discord.modal(body.interaction.0).ok_or(Refused::from("this interaction opened no form"))?;
    let reply = discord.submit(body.user.0, &modal, body.values).await?;
    Ok(Json(shown(&discord, &reply)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MessageMenuBody {
    user: IdText,
    channel: IdText,
    message: IdText,
    name: String,
}

pub(super) async fn message_menu(Shared(discord): Shared<Discord>, Json(body): Json<MessageMenuBody>) -> Outcome {
    let reply = discord.message_menu(body.user.0, body.channel.0, body.message.0, &body.name).await?;
    Ok(Json(shown(&discord, &reply)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UserMenuBody {
    user: IdText,
    channel: IdText,
    target: IdText,
    name: String,
}

pub(super) async fn user_menu(Shared(discord): Shared<Discord>, Json(body): Json<UserMenuBody>) -> Outcome {
    let reply = discord.user_menu(body.user.0, body.channel.0, body.target.0, &body.name).await?;
    Ok(Json(shown(&discord, &reply)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SayBody {
    user: IdText,
    channel: IdText,
    text: String,
    reply_to: Option<IdText>,
}

pub(super) async fn say(Shared(discord): Shared<Discord>, Json(body): Json<SayBody>) -> Outcome {
    let (user, channel) = (body.user.0, body.channel.0);
    let said = match body.reply_to {
        Some(answered) => discord.try_reply(user, channel, answered.0, &body.text)?,
        None => discord.try_say(user, channel, &body.text)?,
    };
    Ok(Json(message(&discord, &said)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReactBody {
    user: IdText,
    channel: IdText,
    message: IdText,
    emoji: String,
}

pub(super) async fn react(Shared(discord): Shared<Discord>, Json(body): Json<ReactBody>) -> Outcome {
    discord.try_react(body.user.0, body.channel.0, body.message.0, &body.emoji, true)?;
    done()
}

pub(super) async fn unreact(Shared(discord): Shared<Discord>, Json(body): Json<ReactBody>) -> Outcome {
    discord.try_react(body.user.0, body.channel.0, body.message.0, &body.emoji, false)?;
    done()
}

/// A message in Discord's shape, with whom it is for.
pub(super) fn message(discord: &Discord, message: &Message) -> Value {
    let mut shown = discord.read(|state| wire::message::message(state, message));
    shown["author_name"] = json!(message.author_name);
    shown["ephemeral_for"] = json!(message.ephemeral_for.map(|user| user.to_string()));
    shown
}

fn shown(discord: &Discord, reply: &Reply) -> Value {
    let mut shown = json!({
        "ephemeral": reply.ephemeral,
        "interaction": reply.interaction.to_string(),
        "text": reply.text(),
    });
    let (kind, name, part) = match &reply.kind {
        ReplyKind::Message(own) => ("message", "message", message(discord, own)),
        ReplyKind::Updated(own) => ("updated", "message", message(discord, own)),
        ReplyKind::Modal(own) => ("modal", "modal", modal(own)),
        ReplyKind::Autocomplete(choices) => ("choices", "choices", choices.iter().map(choice).collect()),
    };
    shown["kind"] = json!(kind);
    shown[name] = part;
    shown
}

fn modal(modal: &Modal) -> Value {
    let field = |field: &Field| {
        json!({
            "custom_id": field.custom_id,
            "label": field.label,
            "style": field.style,
            "required": field.required,
            "min_length": field.min,
            "max_length": field.max,
            "value": field.value,
            "placeholder": field.placeholder,
        })
    };
    let fields: Vec<_> = modal.fields.iter().map(field).collect();
    json!({"custom_id": modal.custom_id, "title": modal.title, "fields": fields})
}

fn choice(choice: &Choice) -> Value {
    json!({"name": choice.name, "value": choice.value})
}
