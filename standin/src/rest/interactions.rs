//! The bot's first answer to an interaction.

use crate::check::command;
use crate::check::form::{Form, Problems};
use crate::check::message::{self, Draft, Way};
use crate::check::modal;
use crate::model::{Choice, Id, Message, MessageKind};
use crate::state::State;
use crate::state::interactions::{Answer as First, Interaction, InteractionKind};
use crate::wire;

use super::body::Upload;
use super::call::{Answer, Call};
use super::error::ApiError;
use super::messages;

/// The flag by which a message is for one person only.
const EPHEMERAL: u64 = 1 << 6;

pub(super) fn callback(state: &mut State, call: &Call<'_>) -> Result<Answer, ApiError> {
    let id = call.id("interaction")?;
    let interaction = state.waiting_interaction(id, call.text("token"))?;
    let problems = Problems::default();
    let mut kind = 0;
    let given = Form::open(call.body.clone(), "", &problems).and_then(|mut form| {
        kind = form.number("type", 4..=9).value().unwrap_or_default();
        if !fits(kind, &interaction) {
            let message = format!("callback type {kind} does not answer this interaction");
            problems.add("type", "INTERACTION_CALLBACK_INVALID", message);
        }
        let given = read(&mut form, kind, id, &interaction);
        form.finish();
        given
    });
    problems.finish()?;
    let first = match given.ok_or(ApiError::InvalidJson)? {
        Given::Message(draft) => First::Message(answer(state, id, &interaction, &draft, call.files)?),
        Given::Deferred { ephemeral } => First::Message(defer(state, id, &interaction, ephemeral)),
        Given::Noted => First::Noted(interaction.pressed_on.unwrap_or_default()),
        Given::Update(draft) => First::Updated(update(state, &interaction, &draft, call.files)?),
        Given::Choices(choices) => First::Choices(choices),
        Given::Modal(modal) => First::Modal(modal),
    };
    let answered = state.interactions.get_mut(&id).ok_or(ApiError::UnknownInteraction)?;
    answered.answer = Some(first);
    let answered = answered.clone();
    if call.query_flag("with_response") {
        return Ok(Answer::ok(wire::interaction::answered(state, id, &answered, kind)));
    }
    Ok(Answer::nothing())
}

/// What a callback asks for, checked.
enum Given {
    Message(Box<Draft>),
    Deferred { ephemeral: bool },
    Noted,
    Update(Box<Draft>),
    Choices(Vec<Choice>),
    Modal(crate::model::Modal),
}

/// Whether this kind of answer is one to this kind of interaction.
fn fits(callback: i64, interaction: &Interaction) -> bool {
    let on_message = interaction.pressed_on.is_some();
    match (interaction.kind, callback) {
        (InteractionKind::Autocomplete, callback) => callback == 8,
        (_, 4 | 5) => true,
        (InteractionKind::Component | InteractionKind::Modal, 6 | 7) => on_message,
        (InteractionKind::Command | InteractionKind::Component, 9) => true,
        _ => false,
    }
}

fn read(form: &mut Form<'_>, kind: i64, id: Id, interaction: &Interaction) -> Option<Given> {
    let body = form.object("data").value();
    let given = match (kind, body) {
        (5, None) => Given::Deferred { ephemeral: false },
        (5, Some(body)) => {
            let draft = message::read(body, Way::Answer);
            Given::Deferred { ephemeral: draft.flags.value().unwrap_or(0) & EPHEMERAL != 0 }
        }
        (6, body) => {
            if let Some(body) = body {
                body.finish();
            }
            Given::Noted
        }
        (7, Some(body)) => Given::Update(Box::new(message::read(body, Way::AnswerEdit))),
        (8, Some(body)) => Given::Choices(choices(body, interaction)),
        (9, Some(body)) => Given::Modal(modal::modal(body, id)),
        (4, Some(body)) => Given::Message(Box::new(message::read(body, Way::Answer))),
        (_, _) => {
            form.missing("data");
            return None;
        }
    };
    Some(given)
}

fn choices(mut form: Form<'_>, interaction: &Interaction) -> Vec<Choice> {
    let kind = interaction.focused_kind;
    let choices = form.objects("choices", 25).value().unwrap_or_default();
    let choices = choices.into_iter().map(|choice| command::choice(choice, kind)).collect();
    form.finish();
    choices
}

/// The answer's message, not yet in its channel.
pub(super) fn blank_answer(state: &mut State, id: Id, interaction: &Interaction, ephemeral: bool) -> Message {
    let mut message = state.blank_message(interaction.channel, state.options.bot_user);
    message.kind = match (interaction.kind, interaction.is_menu) {
        (InteractionKind::Command, false) => MessageKind::CommandAnswer,
        (InteractionKind::Command, true) => MessageKind::MenuAnswer,
        _ => MessageKind::Ordinary,
    };
    message.interaction = Some(id);
    message.origin = Some(interaction.origin.clone());
    message.ephemeral_for = ephemeral.then_some(interaction.user);
    message
}

fn answer(
    state: &mut State,
    id: Id,
    interaction: &Interaction,
    draft: &Draft,
    files: &[Upload],
) -> Result<Id, ApiError> {
    let ephemeral = draft.flags.clone().value().unwrap_or(0) & EPHEMERAL != 0;
    let mut message = blank_answer(state, id, interaction, ephemeral);
    message.tts = draft.tts;
    messages::write(state, &mut message, draft, files)?;
    state.settle_pings(&mut message, &draft.allowed);
    Ok(state.insert_message(message))
}

fn defer(state: &mut State, id: Id, interaction: &Interaction, ephemeral: bool) -> Id {
    let mut message = blank_answer(state, id, interaction, ephemeral);
    message.loading = true;
    state.insert_message(message)
}

fn update(state: &mut State, interaction: &Interaction, draft: &Draft, files: &[Upload]) -> Result<Id, ApiError> {
    let id = interaction.pressed_on.ok_or(ApiError::UnknownMessage)?;
    let message = state.message(interaction.channel, id).ok_or(ApiError::UnknownMessage)?.clone();
    messages::rewrite(state, message, draft, files)?;
    Ok(id)
}
