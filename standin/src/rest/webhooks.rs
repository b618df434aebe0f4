//! What an interaction's token gives access to for 15 minutes: its first answer and the messages after it.

use serde_json::Value;

use crate::check::message::{self, Way};
use crate::model::{Id, Message};
use crate::state::State;
use crate::state::interactions::Interaction;
use crate::wire;

use super::call::{Answer, Call};
use super::error::ApiError;
use super::{interactions, messages};

/// The flag by which a message is for one person only.
const EPHEMERAL: u64 = 1 << 6;

/// The interaction whose token the path holds.
fn interaction(state: &State, call: &Call<'_>) -> Result<(Id, Interaction), ApiError> {
    let id = state.answered_interaction(call.id("application")?, call.text("token"))?;
    let interaction = state.interactions.get(&id).cloned().ok_or(ApiError::UnknownWebhook)?;
    Ok((id, interaction))
}

/// The message that the path names: the first answer, or one that came after it.
fn found(state: &State, call: &Call<'_>) -> Result<Message, ApiError> {
    let (id, interaction) = interaction(state, call)?;
    let original = interaction.original();
    let wanted = match call.text("message") {
        "@original" => original.ok_or(ApiError::UnknownMessage)?,
        _ => call.id("message")?,
    };
    let message = state.message(interaction.channel, wanted).ok_or(ApiError::UnknownMessage)?;
    let belongs = message.interaction == Some(id) || original == Some(wanted);
    if belongs { Ok(message.clone()) } else { Err(ApiError::UnknownMessage) }
}

pub(super) fn create(state: &mut State, call: &Call<'_>) -> Result<Answer, ApiError> {
    let (id, interaction) = interaction(state, call)?;
    let draft = message::draft(call.body.clone(), Way::Followup)?;
    let original = interaction.original().and_then(|id| state.message(interaction.channel, id));
    if let Some(loading) = original.filter(|message| message.loading).cloned() {
        // The first message after a deferral takes its place, and its visibility with it.
        return fill(state, loading, &draft, call);
    }
    let ephemeral = draft.flags.clone().value().unwrap_or(0) & EPHEMERAL != 0;
    let mut message = interactions::blank_answer(state, id, &interaction, ephemeral);
    message.kind = crate::model::MessageKind::Ordinary;
    message.tts = draft.tts;
    messages::write(state, &mut message, &draft, call.files)?;
    state.settle_pings(&mut message, &draft.allowed);
    let channel = message.channel;
    let id = state.insert_message(message);
    shown(state, channel, id)
}

pub(super) fn get(state: &mut State, call: &Call<'_>) -> Result<Answer, ApiError> {
    let message = found(state, call)?;
    shown(state, message.channel, message.id)
}

pub(super) fn edit(state: &mut State, call: &Call<'_>) -> Result<Answer, ApiError> {
    let draft = message::draft(call.body.clone(), Way::AnswerEdit)?;
    let message = found(state, call)?;
    if message.loading {
        return fill(state, message, &draft, call);
    }
    let (channel, id) = (message.channel, message.id);
    messages::rewrite(state, message, &draft, call.files)?;
    shown(state, channel, id)
}

pub(super) fn delete(state: &mut State, call: &Call<'_>) -> Result<Answer, ApiError> {
    let message = found(state, call)?;
    state.delete_message(message.channel, message.id);
    Ok(Answer::nothing())
}

/// Puts the text into a message that said the bot was thinking.
fn fill(state: &mut State, mut message: Message, draft: &message::Draft, call: &Call<'_>) -> Result<Answer, ApiError> {
    message.loading = false;
    messages::write(state, &mut message, draft, call.files)?;
    state.settle_pings(&mut message, &draft.allowed);
    let (channel, id) = (message.channel, message.id);
    state.messages.entry(channel).or_default().insert(id, message);
    state.message_updated(channel, id);
    shown(state, channel, id)
}

fn shown(state: &State, channel: Id, id: Id) -> Result<Answer, ApiError> {
    let message = state.message(channel, id).ok_or(ApiError::UnknownMessage)?;
    let shown: Value = wire::message::message(state, message);
    Ok(Answer::ok(shown))
}
