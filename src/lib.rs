//! Firebell: a chat-ops bot for incident response on Discord, for teams that run machine-learning systems.
//!
//! `ARCHITECTURE.md` tells how a thing flows and which room may use which.

pub mod clock;
pub mod domain;
pub mod store;
