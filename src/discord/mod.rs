//! Discord: the only place with serenity's types.
//!
//! [`gateway`] hears what people do and hands it to the engine; [`chat`] does what the outbox asks for. Both use the
//! client that [`client`] builds, the same in production, in tests and in the demo.

mod bucket;
pub mod chat;
pub mod client;
mod commands;
pub mod doctor;
mod error;
pub mod gateway;
mod pace;
mod parse;
mod wire;

pub use chat::Chat;
pub use error::{ChatError, Trouble};
