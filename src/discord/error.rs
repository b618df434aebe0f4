//! What Discord's answers mean for whoever asked. Nobody else reads status codes.

use std::time::Duration;

use serenity::http::HttpError;

/// Why something was not done, told apart by what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChatError {
    /// Discord said no; asking again will not help.
    #[error("{reason}")]
    Refused {
        /// What kind of no.
        trouble: Trouble,
        /// Discord's words.
        reason: String,
    },
    /// It was not done; later it may be.
    #[error("{reason}")]
    Later {
        /// How long Discord asks us to wait.
        after: Option<Duration>,
        /// Why.
        reason: String,
    },
    /// It may or may not have been done.
    #[error("{reason}")]
    Unknown {
        /// Why.
        reason: String,
    },
}

/// The refusals that something can be done about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The channel or thread is not there (10003).
    NoChannel,
    /// The message is not there (10008).
    NoMessage,
    /// A permission is missing (50001, 50013).
    Forbidden,
    /// The guild or the category has no room for another channel (30013, 50035 on the category).
    Full,
    /// The person takes no direct messages from us (50007, 50278).
    Closed,
    /// The message is too old to be edited once more (30046).
    TooOld,
    /// The message has a thread already (160004).
    HasThread,
    /// Something else.
    Other,
}

/// What a serenity error means.
pub fn classify(error: &serenity::Error) -> ChatError {
    let serenity::Error::Http(error) = error else {
        // The answer came but could not be read: the work was done.
        return ChatError::Unknown { reason: "Discord's answer could not be read".to_owned() };
    };
    match error {
        HttpError::UnsuccessfulRequest(response) => {
            let status = response.status_code.as_u16();
            let code = response.error.code;
            let details: Vec<String> = response
                .error
                .errors
                .iter()
                .map(|detail| format!("{}: {}", detail.path, detail.message))
                .take(3)
                .collect();
            let reason = match (code, details.is_empty()) {
                (..=0, _) => format!("Discord answered {status}"),
                (_, true) => format!("{} ({code})", response.error.message),
                (_, false) => format!("{} ({code}; {})", response.error.message, details.join("; ")),
            };
            match status {
                // The token is wrong, or the address is banned for a while: an operator's fault or a passing one, and
                // nothing that was decided may be given up for it.
                401 => ChatError::Later { after: None, reason: format!("the bot's token is refused: {reason}") },
                403 if code <= 0 => ChatError::Later { after: None, reason },
                429 => ChatError::Later { after: None, reason },
                500.. => ChatError::Unknown { reason },
                // Discord's own way to say "too fast" for direct messages.
                _ if code == 40003 => ChatError::Later { after: Some(Duration::from_secs(5)), reason },
                _ => ChatError::Refused { trouble: trouble(code, &reason), reason },
            }
        }
        HttpError::Request(error) if error.is_connect() => {
            ChatError::Later { after: None, reason: "Discord cannot be reached".to_owned() }
        }
        HttpError::Request(_) => ChatError::Unknown { reason: "Discord's answer was lost".to_owned() },
        _ => ChatError::Later { after: None, reason: "the request could not be made".to_owned() },
    }
}

fn trouble(code: isize, reason: &str) -> Trouble {
    match code {
        10003 => Trouble::NoChannel,
        10008 => Trouble::NoMessage,
        50001 | 50013 => Trouble::Forbidden,
        30013 => Trouble::Full,
        50035 if reason.contains("parent_id") || reason.contains("category") => Trouble::Full,
        50007 | 50278 => Trouble::Closed,
        30046 => Trouble::TooOld,
        160_004 => Trouble::HasThread,
        _ => Trouble::Other,
    }
}
