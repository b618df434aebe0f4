//! A stand-in for Discord on loopback: its REST API over TLS, its gateway, one guild in memory, and the rules that
//! the real one keeps.
//!
//! A bot connects to it as to Discord: its HTTP client resolves `discord.com` to [`Discord::address`] and trusts
//! [`Discord::ca_pem`]; `GET /gateway` then leads it to the gateway. People act through the methods of [`Discord`],
//! or through the control API (see [`control`]), and get back what a person would see.
//!
//! What a careful bot would not do is refused as Discord refuses it, and noted in [`Discord::violations`]: a field
//! or route that Discord does not know, a text that is too long, an interaction answered twice, late or never.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use standin::{ChannelKind, Discord, NewChannel, Options, Person};
//!
//! let discord = Discord::start(Options::default()).await?;
//! let ana = discord.add_person(Person { id: None, name: "Ana", roles: vec![] });
//! let general = discord.add_channel(NewChannel { id: None, name: "general", kind: ChannelKind::Text, parent: None });
//! // … start the bot, then:
//! let reply = discord.command(ana, general, "/ping", serde_json::json!({})).await?;
//! assert_eq!(reply.text(), "pong");
//! # Ok(())
//! # }
//! ```

mod act;
mod check;
pub mod control;
mod discord;
mod error;
mod gateway;
mod model;
mod options;
mod page;
pub mod permission;
mod rest;
pub mod seed;
mod state;
mod tls;
mod traffic;
mod trouble;
mod wire;

pub use act::{ActError, Reply, ReplyKind};
pub use discord::Discord;
pub use error::StartError;
pub use model::{
    Attachment, Channel, ChannelKind, Choice, Component, Embed, EmbedAuthor, EmbedField, EmbedFooter, Emoji, Field, Id,
    Message, MessageKind, Modal, NewChannel, Overwrite, Person, Reaction, Role, SelectKind, SelectOption, Thread,
};
pub use options::Options;
pub use page::{Alarm, Backstage, Later, Move, Part, Point, Rung, Sight, Timer, Tour, TourStep};
pub use traffic::{Direction, Traffic};
pub use trouble::{Trouble, TroubleKind};
