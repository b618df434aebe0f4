//! Errors as answers: each names the thing and the cure.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// How long a sender is asked to wait before it tries again, in seconds.
const RETRY_AFTER: &str = "5";

/// An error as JSON.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// What is wrong.
    pub error: String,
    /// What to do about it.
    pub cure: String,
    /// Under which the refused body is kept for a day, where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The status, which is the answer's.
    #[serde(skip)]
    pub status: u16,
}

impl Problem {
    /// A problem with its cure.
    pub fn new(status: StatusCode, error: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { error: error.into(), cure: cure.into(), reference: None, status: status.as_u16() }
    }

    /// The store cannot do it now.
    pub fn unavailable(error: impl Into<String>) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            error,
            "send the same again in a few seconds; nothing of it was taken in",
        )
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// Says when to come back on every answer that asks for it, those of time-outs included.
pub fn with_retry_after<B>(mut response: axum::http::Response<B>) -> axum::http::Response<B> {
    if matches!(response.status(), StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
        response.headers_mut().entry(header::RETRY_AFTER).or_insert(HeaderValue::from_static(RETRY_AFTER));
    }
    response
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        let mut response = (status, Json(self)).into_response();
        if status == StatusCode::UNAUTHORIZED {
            let schemes = HeaderValue::from_static("Bearer realm=\"firebell\", Basic realm=\"firebell\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, schemes);
        }
        response
    }
}

impl From<crate::store::StoreError> for Problem {
    fn from(error: crate::store::StoreError) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "the store could not answer a request");
        Self::unavailable("the database cannot answer now")
    }
}

/// The answer where there is no such route.
pub async fn nothing_here() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "there is nothing here",
        "hooks are under /hooks/{source}, the interface is described at /api/v1/openapi.json",
    )
}
