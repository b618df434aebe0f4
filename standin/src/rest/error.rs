//! What Discord answers when it refuses: status, code, message, and for forms which field is wrong.

use serde_json::{Map, Value, json};

/// A refusal of the API.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("401: Unauthorized")]
    Unauthorized,
    #[error("404: Not Found")]
    NoSuchRoute,
    #[error("405: Method Not Allowed")]
    MethodNotAllowed,
    #[error("Unknown Application")]
    UnknownApplication,
    #[error("Unknown Channel")]
    UnknownChannel,
    #[error("Unknown Guild")]
    UnknownGuild,
    #[error("Unknown Member")]
    UnknownMember,
    #[error("Unknown Message")]
    UnknownMessage,
    #[error("Unknown permission overwrite")]
    UnknownOverwrite,
    #[error("Unknown Role")]
    UnknownRole,
    #[error("Unknown User")]
    UnknownUser,
    #[error("Unknown Emoji")]
    UnknownEmoji,
    #[error("Unknown Webhook")]
    UnknownWebhook,
    #[error("Unknown interaction")]
    UnknownInteraction,
    #[error("Unknown application command")]
    UnknownCommand,
    #[error("Maximum number of pins reached for the channel (250)")]
    TooManyPins,
    #[error("Maximum number of server channels reached (500)")]
    TooManyChannels,
    #[error("Maximum number of application commands reached ({0})")]
    TooManyCommands(usize),
    #[error("Maximum number of edits to messages older than 1 hour reached. Try again later")]
    TooManyOldEdits,
    #[error("You are being rate limited.")]
    RateLimited(Limited),
    #[error("Interaction has already been acknowledged.")]
    AlreadyAcknowledged,
    #[error("Request entity too large")]
    TooLarge,
    #[error("Missing Access")]
    MissingAccess,
    #[error("Cannot execute action on a DM channel")]
    NotInDirect,
    #[error("Cannot edit a message authored by another user")]
    NotTheAuthor,
    #[error("Cannot send an empty message")]
    EmptyMessage,
    #[error("Cannot send messages to this user")]
    ClosedDirect,
    #[error("Cannot send messages in a non-text channel")]
    NotText,
    #[error("Missing Permissions")]
    MissingPermissions,
    #[error("Cannot execute action on a system message")]
    SystemMessage,
    #[error("Cannot execute action on this channel type")]
    WrongChannelKind,
    #[error("Invalid Form Body")]
    Form(FormErrors),
    #[error("The request body contains invalid JSON.")]
    InvalidJson,
    #[error("Invalid Webhook Token")]
    InvalidWebhookToken,
    #[error("Thread is archived")]
    ArchivedThread,
    #[error("A thread has already been created for this message")]
    ThreadExists,
    #[error("Cannot send messages to this user due to having no mutual guilds")]
    NoMutualGuild,
    #[error("stand-in error {code}")]
    Planted { status: u16, code: u32 },
}

/// How long a client must wait, and why.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Limited {
    pub retry_after: f64,
    pub scope: Scope,
}

/// What a rate limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// One bucket of this bot.
    User,
    /// All routes of this bot together.
    Global,
    /// A resource that others use too.
    Shared,
}

/// Which fields of a form are wrong, and the same in words.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct FormErrors {
    /// The `errors` object.
    pub tree: Map<String, Value>,
    /// `field: what is wrong`, one each.
    pub lines: Vec<String>,
}

impl ApiError {
    pub const fn status(&self) -> u16 {
        match self {
            Self::Unauthorized | Self::InvalidWebhookToken => 401,
            Self::MissingAccess
            | Self::NotInDirect
            | Self::NotTheAuthor
            | Self::ClosedDirect
            | Self::MissingPermissions
            | Self::NoMutualGuild
            | Self::SystemMessage => 403,
            Self::NoSuchRoute
            | Self::UnknownApplication
            | Self::UnknownChannel
            | Self::UnknownGuild
            | Self::UnknownMember
            | Self::UnknownMessage
            | Self::UnknownOverwrite
            | Self::UnknownRole
            | Self::UnknownUser
            | Self::UnknownWebhook
            | Self::UnknownInteraction
            | Self::UnknownCommand => 404,
            Self::MethodNotAllowed => 405,
            Self::TooLarge => 413,
            Self::TooManyOldEdits | Self::RateLimited(_) => 429,
            Self::Planted { status, .. } => *status,
            Self::UnknownEmoji
            | Self::TooManyPins
            | Self::TooManyChannels
            | Self::TooManyCommands(_)
            | Self::AlreadyAcknowledged
            | Self::EmptyMessage
            | Self::NotText
            | Self::WrongChannelKind
            | Self::Form(_)
            | Self::InvalidJson
            | Self::ArchivedThread
            | Self::ThreadExists => 400,
        }
    }

    pub const fn code(&self) -> u32 {
        match self {
            Self::Unauthorized | Self::NoSuchRoute | Self::MethodNotAllowed | Self::RateLimited(_) => 0,
            Self::UnknownApplication => 10002,
            Self::UnknownChannel => 10003,
            Self::UnknownGuild => 10004,
            Self::UnknownMember => 10007,
            Self::UnknownMessage => 10008,
            Self::UnknownOverwrite => 10009,
            Self::UnknownRole => 10011,
            Self::UnknownUser => 10013,
            Self::UnknownEmoji => 10014,
            Self::UnknownWebhook => 10015,
            Self::UnknownInteraction => 10062,
            Self::UnknownCommand => 10063,
            Self::TooManyPins => 30003,
            Self::TooManyChannels => 30013,
            Self::TooManyCommands(_) => 30032,
            Self::TooManyOldEdits => 30046,
            Self::TooLarge => 40005,
            Self::AlreadyAcknowledged => 40060,
            Self::MissingAccess => 50001,
            Self::NotInDirect => 50003,
            Self::NotTheAuthor => 50005,
            Self::EmptyMessage => 50006,
            Self::ClosedDirect => 50007,
            Self::NotText => 50008,
            Self::MissingPermissions => 50013,
            Self::SystemMessage => 50021,
            Self::WrongChannelKind => 50024,
            Self::InvalidWebhookToken => 50027,
            Self::Form(_) => 50035,
            Self::ArchivedThread => 50083,
            Self::InvalidJson => 50109,
            Self::ThreadExists => 160_004,
            Self::NoMutualGuild => 50278,
            Self::Planted { code, .. } => *code,
        }
    }

    pub fn body(&self) -> Value {
        let mut body = json!({"code": self.code(), "message": self.to_string()});
        match self {
            Self::Form(errors) => body["errors"] = Value::Object(errors.tree.clone()),
            Self::RateLimited(limited) => {
                body["retry_after"] = json!(limited.retry_after);
                body["global"] = json!(limited.scope == Scope::Global);
            }
            // Seen in the wild as a 429 with its own code; the wait in the body is a guess, there is no header.
            Self::TooManyOldEdits => {
                body["retry_after"] = json!(60.0);
                body["global"] = json!(false);
            }
            _ => (),
        }
        body
    }

    /// What a careful bot would not have run into, in words; refusals that depend on others' doings are none.
    pub fn violation(&self) -> Option<String> {
        match self {
            Self::Form(errors) => Some(errors.lines.join("; ")),
            Self::NoSuchRoute => Some("unknown route".to_owned()),
            Self::MethodNotAllowed
            | Self::EmptyMessage
            | Self::InvalidJson
            | Self::TooLarge
            | Self::TooManyCommands(_)
            | Self::NotText
            | Self::WrongChannelKind => Some(self.to_string()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ApiError, Limited, Scope};

    #[test]
    fn a_rate_limit_says_how_long_and_whether_it_is_global() {
        let limited = ApiError::RateLimited(Limited { retry_after: 0.5, scope: Scope::Global });
        assert_eq!(limited.status(), 429);
        assert_eq!(limited.body()["retry_after"], 0.5);
        assert_eq!(limited.body()["global"], true);
    }
}
