//! One program for all that needs more than a function: stories through the whole bot, the store on both databases,
//! the house's own rules.

#[macro_use]
mod support;

mod migrations;
mod statements;
mod stories;
mod tidy;
