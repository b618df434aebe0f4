//! Ids out of bodies, and refusals.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use crate::act::ActError;
use crate::check::form::snowflake;
use crate::model::Id;

/// An id as a number or, as browsers need it, as text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IdText(pub Id);

impl<'de> Deserialize<'de> for IdText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        snowflake(&value).map(Self).ok_or_else(|| D::Error::custom(format!("{value} is no id")))
    }
}

/// Why a call was refused.
#[derive(Debug)]
pub(crate) struct Refused(String);

impl From<ActError> for Refused {
    fn from(error: ActError) -> Self {
        Self(error.to_string())
    }
}

impl From<&str> for Refused {
    fn from(reason: &str) -> Self {
        Self(reason.to_owned())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (StatusCode::BAD_REQUEST, Json(json!({"error": self.0}))).into_response()
    }
}

/// What every call answers.
pub(crate) type Outcome = Result<Json<Value>, Refused>;

pub(crate) fn done() -> Outcome {
    Ok(Json(json!({})))
}
