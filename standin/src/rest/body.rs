//! The body of a request: JSON, or an upload of files with the JSON in `payload_json`.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Multipart};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Request};
use serde_json::Value;

use super::error::ApiError;

/// A file of an upload.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Upload {
    /// The number in `files[n]`, by which the JSON describes it.
    pub number: u64,
    pub filename: String,
    pub content_type: Option<String>,
    pub bytes: Vec<u8>,
}

/// The JSON of a request (null without a body) and its files.
pub(crate) async fn read(headers: &HeaderMap, bytes: Bytes) -> Result<(Value, Vec<Upload>), ApiError> {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if kind.starts_with("multipart/form-data") {
        return upload(kind, bytes).await;
    }
    if bytes.is_empty() {
        return Ok((Value::Null, Vec::new()));
    }
    let value = serde_json::from_slice(&bytes).map_err(|_| ApiError::InvalidJson)?;
    Ok((value, Vec::new()))
}

async fn upload(kind: &str, bytes: Bytes) -> Result<(Value, Vec<Upload>), ApiError> {
    let request =
        Request::builder().header(CONTENT_TYPE, kind).body(Body::from(bytes)).map_err(|_| ApiError::InvalidJson)?;
    let mut parts = Multipart::from_request(request, &()).await.map_err(|_| ApiError::InvalidJson)?;
    let mut json = Value::Object(serde_json::Map::new());
    let mut files = Vec::new();
    while let Some(part) = parts.next_field().await.map_err(|_| ApiError::InvalidJson)? {
        let name = part.name().unwrap_or_default().to_owned();
        let filename = part.file_name().map(str::to_owned);
        let content_type = part.content_type().map(str::to_owned);
        let bytes = part.bytes().await.map_err(|_| ApiError::InvalidJson)?;
        if name == "payload_json" {
            json = serde_json::from_slice(&bytes).map_err(|_| ApiError::InvalidJson)?;
        } else if let Some(number) = name.strip_prefix("files[").and_then(|rest| rest.strip_suffix(']')) {
            let number = number.parse().map_err(|_| ApiError::InvalidJson)?;
            let filename = filename.unwrap_or_else(|| "file".to_owned());
            files.push(Upload { number, filename, content_type, bytes: bytes.to_vec() });
        } else {
            return Err(ApiError::InvalidJson);
        }
    }
    Ok((json, files))
}
