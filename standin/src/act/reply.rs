//! What a person gets back.

use std::time::Duration;

use crate::discord::Discord;
use crate::model::{Choice, Id, Message, Modal};
use crate::state::State;
use crate::state::interactions::{Answer, FIRST_ANSWER};

use super::ActError;

/// What came back.
#[derive(Clone, Debug)]
pub enum ReplyKind {
    /// A message, complete.
    Message(Message),
    /// A form to fill.
    Modal(Modal),
    /// Suggestions.
    Autocomplete(Vec<Choice>),
    /// The message on which the person acted, as it is now. When the bot only took note (callback 6), it may change
    /// once more later.
    Updated(Message),
}

/// The bot's complete answer to one act.
#[derive(Clone, Debug)]
pub struct Reply {
    /// What came back.
    pub kind: ReplyKind,
    /// Whether only the person who acted sees it.
    pub ephemeral: bool,
    /// The interaction that was answered.
    pub interaction: Id,
}

impl Reply {
    /// What the person reads, as plain text.
    #[must_use]
    pub fn text(&self) -> String {
        match &self.kind {
            ReplyKind::Message(message) | ReplyKind::Updated(message) => message.text(),
            ReplyKind::Modal(modal) => {
                let fields = modal.fields.iter().map(|field| format!("{}: ____", field.label));
                [modal.title.clone()].into_iter().chain(fields).collect::<Vec<_>>().join("\n")
            }
            ReplyKind::Autocomplete(choices) => {
                choices.iter().map(|choice| choice.name.clone()).collect::<Vec<_>>().join("\n")
            }
        }
    }

    /// The message that came back or was changed.
    #[must_use]
    pub fn message(&self) -> Option<&Message> {
        match &self.kind {
            ReplyKind::Message(message) | ReplyKind::Updated(message) => Some(message),
            ReplyKind::Modal(_) | ReplyKind::Autocomplete(_) => None,
        }
    }

    /// The form that was opened.
    #[must_use]
    pub fn modal(&self) -> Option<&Modal> {
        match &self.kind {
            ReplyKind::Modal(modal) => Some(modal),
            _ => None,
        }
    }
}

impl Discord {
    /// Waits until the interaction is answered, and the answer complete.
    pub(super) async fn reply_to(&self, id: Id) -> Result<Reply, ActError> {
        // A little more than the limit, so that whoever is late is found late.
        let first = FIRST_ANSWER + Duration::from_millis(20);
        let is_answered = |discord: &Self| {
            discord.read(|state| state.interactions.get(&id).is_some_and(|it| it.answer.is_some())).then_some(())
        };
        let what = self.read(|state| state.interactions.get(&id).map(|it| it.what.clone()).unwrap_or_default());
        if self.wait_until(first, is_answered).await.is_none() {
            self.quietly(State::blame_unanswered);
            return Err(ActError::NoAnswer(what));
        }
        let complete = |discord: &Self| discord.read(|state| complete(state, id));
        self.wait_until(self.patience(), complete).await.unwrap_or(Err(ActError::StillThinking(what)))
    }
}

/// The answer, unless the bot still has to go on with it.
fn complete(state: &State, id: Id) -> Option<Result<Reply, ActError>> {
    let interaction = state.interactions.get(&id)?;
    let gone = || ActError::AnswerDeleted(interaction.what.clone());
    let found = |message: &Id| state.message(interaction.channel, *message).cloned().ok_or_else(gone);
    let kind = match interaction.answer.as_ref()? {
        Answer::Message(message) => match found(message) {
            Ok(message) if message.loading => return None,
            found => found.map(ReplyKind::Message),
        },
        Answer::Updated(message) | Answer::Noted(message) => found(message).map(ReplyKind::Updated),
        Answer::Choices(choices) => Ok(ReplyKind::Autocomplete(choices.clone())),
        Answer::Modal(modal) => Ok(ReplyKind::Modal(modal.clone())),
    };
    Some(kind.map(|kind| {
        let message = match &kind {
            ReplyKind::Message(message) | ReplyKind::Updated(message) => Some(message),
            ReplyKind::Modal(_) | ReplyKind::Autocomplete(_) => None,
        };
        let ephemeral = message.is_some_and(|message| message.ephemeral_for.is_some());
        Reply { kind, ephemeral, interaction: id }
    }))
}
