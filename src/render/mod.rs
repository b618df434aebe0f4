//! How everything that people read is worded and drawn.
//!
//! It is pure: it reads no clock and sends nothing. What comes out is a [`message::Message`], which the `discord` room
//! turns into calls, or plain text. All that a person or an alert wrote is escaped here, and every limit of Discord is
//! kept here, with a visible mark where something had to be cut.
//!
//! What is more than a sentence is a template under `templates/`, drawn by a [`Renderer`] from a struct made for it;
//! sentences, refusals and buttons are plain functions.

pub mod alarm;
pub mod announcement;
pub mod button;
mod called;
pub mod card;
mod diff;
pub mod draft;
pub mod escape;
pub mod export;
pub mod form;
pub mod limits;
pub mod line;
mod look;
pub mod message;
pub mod names;
pub mod notice;
pub mod page;
pub mod question;
pub mod refusal;
pub mod reply;
pub mod room;
pub mod sentence;
mod template;
pub mod update;

#[cfg(test)]
mod hostile;
#[cfg(test)]
pub(crate) mod sample;

pub use template::{BadTemplate, Renderer};
