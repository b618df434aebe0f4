//! Messages and what hangs on them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Component, Embed, Emoji, Id};

/// What brought a message into being.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MessageKind {
    /// Somebody wrote it.
    Ordinary,
    /// Discord's own notice that a message was pinned.
    PinNotice,
    /// Discord's own notice that a thread was started.
    ThreadNotice,
    /// Somebody answered another message.
    Reply,
    /// The bot answered a slash command.
    CommandAnswer,
    /// The bot answered a menu on a message or a person.
    MenuAnswer,
}

impl MessageKind {
    /// The number by which Discord's API names this kind.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Ordinary => 0,
            Self::PinNotice => 6,
            Self::ThreadNotice => 18,
            Self::Reply => 19,
            Self::CommandAnswer => 20,
            Self::MenuAnswer => 23,
        }
    }

    /// Whether Discord wrote it by itself.
    #[must_use]
    pub const fn is_notice(self) -> bool {
        matches!(self, Self::PinNotice | Self::ThreadNotice)
    }
}

/// A file with a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Its id.
    pub id: Id,
    /// Its name.
    pub filename: String,
    /// What is in it.
    pub bytes: Vec<u8>,
    /// What kind of file the sender said it is.
    pub content_type: Option<String>,
    /// What it shows, for people who cannot see it.
    pub description: Option<String>,
}

/// An emoji below a message, and who put it there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// The emoji.
    pub emoji: Emoji,
    /// Who put it there, in order.
    pub users: Vec<Id>,
}

/// The interaction that a message answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Origin {
    pub interaction: Id,
    pub kind: u8,
    pub name: String,
    pub user: Id,
    /// The message on which the button was pressed.
    pub pressed_on: Option<Id>,
    /// What opened the form whose submission this is.
    pub opened_by: Option<Box<Origin>>,
}

/// One message as it is now.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Message {
    /// Its id.
    pub id: Id,
    /// The channel it is in.
    pub channel: Id,
    /// What brought it into being.
    pub kind: MessageKind,
    /// Who wrote it.
    pub author: Id,
    /// The display name of who wrote it.
    pub author_name: String,
    /// Its text.
    pub content: String,
    /// Its framed parts.
    pub embeds: Vec<Embed>,
    /// Its rows of buttons and selects.
    pub components: Vec<Vec<Component>>,
    /// Whether it is pinned.
    pub pinned: bool,
    /// When it was pinned.
    pub pinned_at: Option<DateTime<Utc>>,
    /// Whether its text was ever changed.
    pub edited: bool,
    /// When its text was last changed.
    pub edited_at: Option<DateTime<Utc>>,
    /// The people whom it really pinged by name when it was written. An edit never pings.
    pub pings: Vec<Id>,
    /// The roles that it really pinged.
    pub ping_roles: Vec<Id>,
    /// Whether it really pinged everybody.
    pub ping_everyone: bool,
    /// The emoji below it.
    pub reactions: Vec<Reaction>,
    /// Its files.
    pub attachments: Vec<Attachment>,
    /// The only person who can see it.
    pub ephemeral_for: Option<Id>,
    /// Whether it still says that the bot is thinking.
    pub loading: bool,
    /// The interaction that it answers.
    pub interaction: Option<Id>,
    /// The thread that was started from it.
    pub thread: Option<Id>,
    /// The message that it answers.
    pub reply_to: Option<Id>,
    /// The nonce that its writer gave.
    pub nonce: Option<String>,
    /// Its flags, without those that follow from its state.
    pub flags: u64,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// The count of all changes to messages when this one last changed.
    pub(crate) revision: u64,
    /// Whether it is meant to be read aloud.
    pub(crate) tts: bool,
    /// The nonce as it came: a number stays a number.
    pub(crate) raw_nonce: Option<serde_json::Value>,
    pub(crate) origin: Option<Origin>,
}

impl Message {
    /// What a reader sees, as plain text: the content, the embeds, then the buttons and selects in brackets.
    #[must_use]
    pub fn text(&self) -> String {
        let mut lines = Vec::new();
        if self.loading {
            lines.push("(thinking)".to_owned());
        }
        if !self.content.is_empty() {
            lines.push(self.content.clone());
        }
        lines.extend(self.embeds.iter().map(Embed::text));
        lines.extend(self.attachments.iter().map(|file| format!("(file: {})", file.filename)));
        lines.extend(self.components.iter().map(|row| row.iter().map(show).collect::<Vec<_>>().join(" ")));
        lines.join("\n")
    }

    /// Every button and select on it, row after row.
    pub fn parts(&self) -> impl Iterator<Item = &Component> {
        self.components.iter().flatten()
    }
}

fn show(component: &Component) -> String {
    match component {
        Component::Button { label, disabled, emoji, .. } => {
            let picture = emoji.as_ref().map_or(String::new(), |emoji| format!("{} ", emoji.name));
            let state = if *disabled { " (disabled)" } else { "" };
            format!("[{picture}{label}{state}]")
        }
        Component::Select { placeholder, options, disabled, .. } => {
            let labels: Vec<_> = options.iter().map(|option| option.label.as_str()).collect();
            let state = if *disabled { " (disabled)" } else { "" };
            format!("[{}: {}{state}]", placeholder.as_deref().unwrap_or("choose"), labels.join(" | "))
        }
    }
}
