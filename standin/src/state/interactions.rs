//! Interactions: what a person did, what the bot answered, and the two clocks that run: 3 seconds for the first
//! answer in real time, 15 minutes for the token in the stand-in's time.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::{Choice, Id, Modal, Origin};
use crate::rest::error::ApiError;

use super::State;

/// How long the bot has for its first answer.
pub(crate) const FIRST_ANSWER: Duration = Duration::from_secs(3);
/// How long the token of an answered interaction can be used.
const TOKEN_LIFE: TimeDelta = TimeDelta::minutes(15);

/// What a person did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InteractionKind {
    Command,
    Component,
    Autocomplete,
    Modal,
}

impl InteractionKind {
    pub const fn number(self) -> u8 {
        match self {
            Self::Command => 2,
            Self::Component => 3,
            Self::Autocomplete => 4,
            Self::Modal => 5,
        }
    }
}

/// What the bot answered first.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// A message, which may still be loading.
    Message(Id),
    /// The pressed message was changed.
    Updated(Id),
    /// The press was taken note of; the message may change later.
    Noted(Id),
    /// Suggestions for what is being typed.
    Choices(Vec<Choice>),
    /// A form was opened.
    Modal(Modal),
}

/// One interaction.
#[derive(Clone, Debug)]
pub(crate) struct Interaction {
    pub token: String,
    pub kind: InteractionKind,
    pub user: Id,
    pub channel: Id,
    /// What the person did, in words, for messages to a developer.
    pub what: String,
    pub origin: Origin,
    /// Whether it came from a menu on a message or a person.
    pub is_menu: bool,
    /// For suggestions, the kind of the option that is being typed; 0 otherwise.
    pub focused_kind: i64,
    /// The message on which the person acted, for buttons and the forms that these opened.
    pub pressed_on: Option<Id>,
    /// When it began, in real time.
    pub born: Instant,
    /// When it began, in the stand-in's time.
    pub born_at: DateTime<Utc>,
    pub answer: Option<Answer>,
    /// Whether its form was sent in already.
    pub submitted: bool,
    /// Whether that it was never answered has been noted.
    pub blamed: bool,
}

impl Interaction {
    /// The message that `@original` means.
    pub fn original(&self) -> Option<Id> {
        match self.answer {
            Some(Answer::Message(id) | Answer::Updated(id) | Answer::Noted(id)) => Some(id),
            _ => None,
        }
    }
}

impl State {
    /// The interaction that waits for its first answer. Too late and twice are refused and noted.
    pub fn waiting_interaction(&mut self, id: Id, token: &str) -> Result<Interaction, ApiError> {
        let found = self.interactions.get(&id).filter(|interaction| interaction.token == token);
        let interaction = found.cloned().ok_or(ApiError::UnknownInteraction)?;
        if interaction.answer.is_some() {
            self.violation(format!("{}: answered twice (40060)", interaction.what));
            return Err(ApiError::AlreadyAcknowledged);
        }
        let waited = interaction.born.elapsed();
        if FIRST_ANSWER < waited {
            self.blame(id, &format!("answered after {} ms, the limit is 3000 (10062)", waited.as_millis()));
            return Err(ApiError::UnknownInteraction);
        }
        Ok(interaction)
    }

    /// The interaction whose token is used as a webhook's, if it was answered and is not too old.
    pub fn answered_interaction(&self, application: Id, token: &str) -> Result<Id, ApiError> {
        if application != self.options.application {
            return Err(ApiError::UnknownWebhook);
        }
        let found = self.interactions.iter().find(|(_, interaction)| interaction.token == token);
        let (id, interaction) = found.ok_or(ApiError::InvalidWebhookToken)?;
        if interaction.answer.is_none() {
            return Err(ApiError::UnknownWebhook);
        }
        if TOKEN_LIFE < self.now() - interaction.born_at {
            return Err(ApiError::InvalidWebhookToken);
        }
        Ok(*id)
    }

    /// Notes every interaction whose time for a first answer has run out.
    pub fn blame_unanswered(&mut self) {
        let late: Vec<Id> = self
            .interactions
            .iter()
            .filter(|(_, it)| it.answer.is_none() && !it.blamed && FIRST_ANSWER < it.born.elapsed())
            .map(|(id, _)| *id)
            .collect();
        for id in late {
            self.blame(id, "not answered within 3 seconds");
        }
    }

    /// Once for each interaction, however often it is found late.
    fn blame(&mut self, id: Id, what: &str) {
        let Some(interaction) = self.interactions.get_mut(&id).filter(|interaction| !interaction.blamed) else {
            return;
        };
        interaction.blamed = true;
        let line = format!("{}: {what}", interaction.what);
        self.violation(line);
    }
}
