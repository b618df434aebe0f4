//! Whether a request comes from the bot.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;

use super::error::ApiError;

/// The token without the word before it.
pub(crate) fn bare(token: &str) -> &str {
    token.strip_prefix("Bot ").unwrap_or(token)
}

pub(crate) fn check(headers: &HeaderMap, token: &str) -> Result<(), ApiError> {
    let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if given.strip_prefix("Bot ") == Some(token) { Ok(()) } else { Err(ApiError::Unauthorized) }
}
