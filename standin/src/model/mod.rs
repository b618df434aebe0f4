//! What there is in the world, as plain data: people, channels, messages, forms. Knows nothing of HTTP or JSON.

mod channel;
mod component;
mod embed;
mod message;
mod modal;
mod person;

pub use channel::{Channel, ChannelKind, NewChannel, Overwrite, Thread};
pub use component::{Component, Emoji, SelectKind, SelectOption};
pub use embed::{Embed, EmbedAuthor, EmbedField, EmbedFooter};
pub(crate) use message::Origin;
pub use message::{Attachment, Message, MessageKind, Reaction};
pub use modal::{Choice, Field, Modal};
pub(crate) use person::Member;
pub use person::{Person, Role};

/// A snowflake: what Discord names everything by.
pub type Id = u64;
