//! One program for all that needs more than a function: stories through the whole bot, the store on both databases,
//! the house's own rules.

#![allow(clippy::unwrap_used, missing_docs, reason = "a test says what it expects by failing")]

#[macro_use]
mod support;

mod at_rest;
mod campaign;
mod kills;
mod migrations;
mod old_schemas;
mod overload;
mod processes;
mod sources;
mod sqlite;
mod statements;
mod store;
mod stories;
mod tidy;
