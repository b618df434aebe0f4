//! Firebell: a chat-ops bot for incident response on Discord, for teams that run machine-learning systems.
//!
//! `ARCHITECTURE.md` tells how a thing flows and which room may use which.

pub mod app;
pub mod auditor;
pub mod cli;
pub mod clock;
pub mod config;
#[cfg(feature = "demo")]
pub mod demo;
pub mod discord;
pub mod domain;
pub mod engine;
pub mod fault;
pub mod intake;
pub mod outbox;
pub mod render;
pub mod store;
pub mod telemetry;
pub mod web;
