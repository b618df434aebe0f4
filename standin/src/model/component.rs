//! The parts of a message that people press and choose from.

use serde::{Deserialize, Serialize};

use super::Id;

/// A picture in text: one of Unicode's, or a guild's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Emoji {
    /// The id of a guild's own emoji.
    pub id: Option<Id>,
    /// The character itself, or the name of a guild's own emoji.
    pub name: String,
}

impl Emoji {
    /// The text by which a request names it: the character, or `name:id`.
    #[must_use]
    pub fn key(&self) -> String {
        match self.id {
            Some(id) => format!("{}:{id}", self.name),
            None => self.name.clone(),
        }
    }

    /// Reads what [`Emoji::key`] writes.
    #[must_use]
    pub fn from_key(key: &str) -> Self {
        match key.rsplit_once(':').map(|(name, id)| (name, id.parse())) {
            Some((name, Ok(id))) => Self { id: Some(id), name: name.to_owned() },
            _ => Self { id: None, name: key.to_owned() },
        }
    }
}

/// What a select offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SelectKind {
    /// A list that the bot wrote.
    Text,
    /// The guild's people.
    User,
    /// The guild's roles.
    Role,
    /// People and roles.
    Mentionable,
    /// The guild's channels.
    Channel,
}

impl SelectKind {
    /// The number by which Discord's API names this kind of component.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Text => 3,
            Self::User => 5,
            Self::Role => 6,
            Self::Mentionable => 7,
            Self::Channel => 8,
        }
    }

    /// The kind that Discord's API names by this number.
    #[must_use]
    pub const fn from_number(number: i64) -> Option<Self> {
        match number {
            3 => Some(Self::Text),
            5 => Some(Self::User),
            6 => Some(Self::Role),
            7 => Some(Self::Mentionable),
            8 => Some(Self::Channel),
            _ => None,
        }
    }
}

/// One line of a select that the bot wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SelectOption {
    /// What people read.
    pub label: String,
    /// What the bot receives.
    pub value: String,
    /// A second line below the label.
    pub description: Option<String>,
    /// Whether it is chosen from the start.
    pub default: bool,
    /// A picture before the label.
    pub emoji: Option<Emoji>,
}

/// Something in a message that a person can act on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Component {
    /// A button.
    Button {
        /// What the bot receives; none for a link.
        custom_id: Option<String>,
        /// What people read; empty when the button shows only a picture.
        label: String,
        /// 1 primary, 2 secondary, 3 success, 4 danger, 5 link.
        style: u8,
        /// Whether it is grey and cannot be pressed.
        disabled: bool,
        /// Where a link leads.
        url: Option<String>,
        /// A picture before the label.
        emoji: Option<Emoji>,
    },
    /// A list to choose from.
    Select {
        /// What the bot receives.
        custom_id: String,
        /// What it offers.
        kind: SelectKind,
        /// What it shows while nothing is chosen.
        placeholder: Option<String>,
        /// How many must be chosen.
        min: u8,
        /// How many may be chosen.
        max: u8,
        /// Whether it is grey and cannot be opened.
        disabled: bool,
        /// Its lines; empty unless the kind is [`SelectKind::Text`].
        options: Vec<SelectOption>,
    },
}

impl Component {
    /// What the bot receives when it is used.
    #[must_use]
    pub fn custom_id(&self) -> Option<&str> {
        match self {
            Self::Button { custom_id, .. } => custom_id.as_deref(),
            Self::Select { custom_id, .. } => Some(custom_id),
        }
    }

    /// Whether it is grey and cannot be used.
    #[must_use]
    pub const fn disabled(&self) -> bool {
        match self {
            Self::Button { disabled, .. } | Self::Select { disabled, .. } => *disabled,
        }
    }
}
