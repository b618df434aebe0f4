//! Why a person could not do something, or got nothing back.

use crate::model::Id;

/// Why a person could not do something, or got nothing back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActError {
    /// There is nobody of this id in the guild.
    #[error("there is no person {0} in the guild")]
    UnknownPerson(Id),
    /// There is no channel of this id.
    #[error("there is no channel {0}")]
    UnknownChannel(Id),
    /// The person cannot see the channel, or not do this in it.
    #[error("person {user} may not do this in channel {channel}")]
    NotAllowed {
        /// The person.
        user: Id,
        /// The channel.
        channel: Id,
    },
    /// There is no such message, or not for this person.
    #[error("there is no message {0} here, or it is not for this person")]
    UnknownMessage(Id),
    /// No such command is registered.
    #[error("no command {0} is registered")]
    UnknownCommand(String),
    /// The command has no such option.
    #[error("{command} has no option {option}")]
    UnknownOption {
        /// The command.
        command: String,
        /// The option.
        option: String,
    },
    /// A required option was left out.
    #[error("{command} needs the option {option}")]
    MissingOption {
        /// The command.
        command: String,
        /// The option.
        option: String,
    },
    /// A value does not fit its option, input or select.
    #[error("{name} cannot be {value}: {reason}")]
    WrongValue {
        /// The option, input or select.
        name: String,
        /// The value, as JSON.
        value: String,
        /// What would fit.
        reason: String,
    },
    /// The message has no such button or select now.
    #[error("the message has no {name} now, only: {present}")]
    UnknownComponent {
        /// What was looked for.
        name: String,
        /// What is there.
        present: String,
    },
    /// The button or select is grey, or is a link.
    #[error("{0} cannot be used: it is disabled, a link, or of another kind")]
    Disabled(String),
    /// The form was opened for somebody else, was sent in already, or never opened.
    #[error("this form is not open for person {0}")]
    NoSuchForm(Id),
    /// No bot has identified, so nobody would hear of it.
    #[error("the bot is offline")]
    BotOffline,
    /// The bot did not answer within three seconds.
    #[error("the bot did not answer {0} within 3 seconds")]
    NoAnswer(String),
    /// The bot deferred, and had not gone on when patience ran out.
    #[error("the bot is still thinking about {0}")]
    StillThinking(String),
    /// The bot took its answer away before it was complete.
    #[error("the bot deleted its answer to {0}")]
    AnswerDeleted(String),
}
