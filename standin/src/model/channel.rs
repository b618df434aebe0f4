//! Channels: text, categories, threads and direct messages.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Id;

/// Which kind of channel it is. Kinds that the stand-in does not play (voice, stage, forum) are missing on purpose:
/// a bot that asks for one is told so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChannelKind {
    /// An ordinary channel of the guild.
    Text,
    /// The private conversation of the bot and one person.
    Direct,
    /// A heading above channels.
    Category,
    /// A channel whose messages other guilds can follow.
    Announcement,
    /// A thread that everybody who sees its channel can read.
    PublicThread,
    /// A thread that only its members can read.
    PrivateThread,
}

impl ChannelKind {
    /// The number by which Discord's API names this kind.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Text => 0,
            Self::Direct => 1,
            Self::Category => 4,
            Self::Announcement => 5,
            Self::PublicThread => 11,
            Self::PrivateThread => 12,
        }
    }

    /// The kind that Discord's API names by this number, if the stand-in plays it.
    #[must_use]
    pub const fn from_number(number: i64) -> Option<Self> {
        match number {
            0 => Some(Self::Text),
            1 => Some(Self::Direct),
            4 => Some(Self::Category),
            5 => Some(Self::Announcement),
            11 => Some(Self::PublicThread),
            12 => Some(Self::PrivateThread),
            _ => None,
        }
    }

    /// Whether it is a thread, of either kind.
    #[must_use]
    pub const fn is_thread(self) -> bool {
        matches!(self, Self::PublicThread | Self::PrivateThread)
    }

    /// Whether messages can be written in it.
    #[must_use]
    pub const fn holds_messages(self) -> bool {
        !matches!(self, Self::Category)
    }
}

/// What a role or a person may or may not do in one channel, against what the guild gives them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overwrite {
    /// The role or the user it is about.
    pub id: Id,
    /// Whether it is about a user, not a role.
    pub is_user: bool,
    /// Permission bits given.
    pub allow: u64,
    /// Permission bits taken.
    pub deny: u64,
}

/// What only threads have.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Thread {
    /// Who started it.
    pub owner: Id,
    /// Whether it is archived; writing to such a thread is refused by error 50083 or, unless locked, reopens it.
    pub archived: bool,
    /// Whether only moderators can reopen it.
    pub locked: bool,
    /// Whether ordinary members may add others (private threads).
    pub invitable: bool,
    /// Minutes of silence after which it is archived.
    pub auto_archive_minutes: i64,
    /// When it was last archived or reopened.
    pub archive_changed_at: DateTime<Utc>,
    /// Who has joined.
    pub members: BTreeSet<Id>,
    /// How many messages were ever written in it.
    pub written: u32,
}

/// One channel as it is now.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Channel {
    /// Its id.
    pub id: Id,
    /// Its name; empty for a direct conversation.
    pub name: String,
    /// Its kind.
    pub kind: ChannelKind,
    /// The category of a channel, or the channel of a thread.
    pub parent: Option<Id>,
    /// Its topic.
    pub topic: Option<String>,
    /// Its place in the list.
    pub position: i64,
    /// Whether it is marked as unfit for minors.
    pub nsfw: bool,
    /// Seconds that a person waits between two messages.
    pub slowmode: i64,
    /// Who may do what here.
    pub overwrites: Vec<Overwrite>,
    /// The other side of a direct conversation.
    pub recipient: Option<Id>,
    /// What only threads have.
    pub thread: Option<Thread>,
    /// The newest message that was ever written here.
    pub last_message: Option<Id>,
    /// When a message was last pinned.
    pub last_pin: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// What [`crate::Discord::add_channel`] makes.
#[derive(Clone, Debug)]
pub struct NewChannel<'a> {
    /// Its id; none takes the next one.
    pub id: Option<Id>,
    /// Its name, normalised as Discord does.
    pub name: &'a str,
    /// Its kind; not [`ChannelKind::Direct`], which the bot opens by itself.
    pub kind: ChannelKind,
    /// The category of a channel, or the channel of a thread.
    pub parent: Option<Id>,
}
