//! The control API: people act over plain HTTP on loopback, for a page in a browser, a script or another language.
//!
//! Ids in bodies may be numbers or texts; in answers they are texts. Messages and channels have Discord's own
//! shapes. A refusal is a 400 with `{"error": "…"}`.
//!
//! | route | body or query | answer |
//! |---|---|---|
//! | `GET /state` | | `{"connected", "now", "guild", "channels", "people", "roles", "commands"}` |
//! | `GET /changes` | `?since=N` | waits up to 25 s for a change after `N`, then `{"count"}` |
//! | `GET /channels/{channel}/messages` | `?user=` adds what only that person sees | messages, oldest first |
//! | `GET /people/{user}/messages` | | what the bot and the person wrote each other |
//! | `GET /traffic`, `GET /violations` | | a list each |
//! | `GET /ca.pem` | | the certificate to trust |
//! | `POST /command` | `user, channel, command, options` | a reply |
//! | `POST /autocomplete` | `user, channel, command, options, focused, text` | `{"choices"}` |
//! | `POST /press` | `user, channel, message`, and `custom_id` or `label` | a reply |
//! | `POST /choose` | `user, channel, message, custom_id, values` | a reply |
//! | `POST /submit` | `user, interaction, values` | a reply |
//! | `POST /message-menu` | `user, channel, message, name` | a reply |
//! | `POST /user-menu` | `user, channel, target, name` | a reply |
//! | `POST /say` | `user, channel, text` | the message |
//! | `POST /react`, `POST /unreact` | `user, channel, message, emoji` | `{}` |
//! | `POST /pin`, `POST /unpin` | `user, channel, message` | `{}` |
//! | `POST /delete-message` | `channel, message` | `{"found"}` |
//! | `POST /delete-channel` | `channel` | `{"found"}` |
//! | `POST /roles` | `user, roles` | `{"found"}` |
//! | `POST /people` | `id?, name, roles?` | `{"id"}` |
//! | `POST /close-dms` | `user, closed` | `{}` |
//! | `POST /advance` | `seconds` | `{"now"}` |
//! | `POST /bot` | `present?, permissions?` | `{}` |
//! | `POST /trouble` | `method?, path, times?`, and `status`, `rate_limited`, `stall_ms`, `drop_answer` or `error` | `{}` |
//! | `POST /clear-trouble` | | `{}` |
//! | `POST /gateway` | `close?, silent?, refuse?, invalidate?` | `{}` |
//! | `POST /down` | `down` | `{}` |
//!
//! A reply is `{"kind": "message"|"updated", "ephemeral", "interaction", "text", "message"}`, or with `"modal"` and
//! `"modal": {"custom_id", "title", "fields"}`.

mod act;
mod body;
mod look;
mod world;

use axum::Router;
use axum::routing::{get, post};

use crate::discord::Discord;

/// The routes of the control port.
pub(crate) fn router(discord: Discord) -> Router {
    Router::new()
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
        .with_state(discord)
}
