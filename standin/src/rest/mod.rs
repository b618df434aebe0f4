//! The REST side: a table of routes, each a plain function on the world, behind the checks that all share.

pub(crate) mod auth;
pub(crate) mod body;
pub(crate) mod call;
mod channels;
mod commands;
pub(crate) mod error;
mod guild;
mod interactions;
pub(crate) mod limiter;
mod messages;
mod pins;
mod reactions;
mod routes;
pub(crate) mod serve;
mod threads;
mod users;
mod webhooks;
