//! What people do, and what they get back: commands, buttons, forms, words. Refused is what Discord's own client
//! would not let them do.

pub(crate) mod begin;
mod command;
mod error;
mod options;
mod press;
mod reply;
mod submit;
mod talk;

pub use error::ActError;
pub use reply::{Reply, ReplyKind};
