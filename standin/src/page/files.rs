//! The files of messages, for those who see the message.

use axum::extract::{Path, Query, State as Shared};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::IntoResponse;
use serde::Deserialize;

use crate::control::body::{IdText, Refused};
use crate::discord::Discord;
use crate::model::Id;

/// What a browser may show in place; everything else is saved, so that no file becomes a page of ours.
const PICTURES: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];

#[derive(Deserialize)]
pub(super) struct Reader {
    user: IdText,
}

pub(super) async fn file(
    Shared(discord): Shared<Discord>,
    Path((channel, message, file, _)): Path<(Id, Id, Id, String)>,
    Query(reader): Query<Reader>,
) -> Result<impl IntoResponse, Refused> {
    let found = discord.read(|state| {
        let message = state.message_seen_by(reader.user.0, channel, message)?;
        let file = message.attachments.iter().find(|own| own.id == file).cloned();
        file.ok_or(Refused::from("the message has no such file"))
    })?;
    let declared = found.content_type.unwrap_or_default();
    let picture = PICTURES.into_iter().find(|kind| *kind == declared);
    let headers = [
        (CONTENT_TYPE, picture.unwrap_or("application/octet-stream")),
        (CONTENT_DISPOSITION, if picture.is_some() { "inline" } else { "attachment" }),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
    ];
    Ok((headers, found.bytes))
}
