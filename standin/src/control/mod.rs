//! The control API; the table of its routes is served at `/routes`, too.
//!
#![doc = include_str!("routes.md")]

mod act;
pub(crate) mod body;
mod look;
mod world;

use axum::routing::{get, post};
use axum::{Router, middleware};

use crate::discord::Discord;
use crate::page;

/// The routes of the control port.
pub(crate) fn router(discord: Discord) -> Router {
    Router::new()
        .merge(page::router())
        .route("/routes", get(|| async { include_str!("routes.md") }))
        .route("/state", get(look::state))
        .route("/changes", get(look::changes))
        .route("/channels/{channel}/messages", get(look::messages))
        .route("/people/{user}/messages", get(look::direct_messages))
        .route("/traffic", get(look::traffic))
        .route("/violations", get(look::violations))
        .route("/ca.pem", get(look::ca))
        .route("/command", post(act::command))
        .route("/autocomplete", post(act::autocomplete))
        .route("/press", post(act::press))
        .route("/choose", post(act::choose))
        .route("/submit", post(act::submit))
        .route("/message-menu", post(act::message_menu))
        .route("/user-menu", post(act::user_menu))
        .route("/say", post(act::say))
        .route("/react", post(act::react))
        .route("/unreact", post(act::unreact))
        .route("/pin", post(world::pin))
        .route("/unpin", post(world::unpin))
        .route("/delete-message", post(world::delete_message))
        .route("/delete-channel", post(world::delete_channel))
        .route("/roles", post(world::roles))
        .route("/people", post(world::add_person))
        .route("/close-dms", post(world::close_dms))
        .route("/advance", post(world::advance))
        .route("/bot", post(world::bot))
        .route("/trouble", post(world::trouble))
        .route("/clear-trouble", post(world::clear_trouble))
        .route("/gateway", post(world::gateway))
        .route("/down", post(world::down))
        .layer(middleware::from_fn(page::guard::guard))
        .with_state(discord)
}
