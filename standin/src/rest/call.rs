//! One request once it is read, and its answer before it is written.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::check::form::Problems;
use crate::model::Id;

use super::body::Upload;
use super::error::ApiError;

/// A request of the bot, with the ids from its path.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub path: BTreeMap<&'static str, String>,
    pub query: BTreeMap<String, String>,
    pub body: &'a Value,
    pub files: &'a [Upload],
}

impl Call<'_> {
    /// The id at `{name}` of the route.
    pub fn id(&self, name: &'static str) -> Result<Id, ApiError> {
        let text = self.text(name);
        text.parse()
            .map_err(|_| Problems::one(name, "NUMBER_TYPE_COERCE", format!("Value \"{text}\" is not snowflake.")))
    }

    /// The text at `{name}` of the route.
    pub fn text(&self, name: &'static str) -> &str {
        self.path.get(name).map_or("", String::as_str)
    }

    pub fn query_flag(&self, name: &str) -> bool {
        self.query.get(name).is_some_and(|value| value == "true" || value == "1")
    }

    pub fn query_id(&self, name: &str) -> Result<Option<Id>, ApiError> {
        self.query
            .get(name)
            .map(|text| text.parse().map_err(|_| Problems::one(name, "NUMBER_TYPE_COERCE", "not a snowflake")))
            .transpose()
    }

    /// The query's `limit`, which must be within 1 and `max`.
    pub fn limit(&self, default: usize, max: usize) -> Result<usize, ApiError> {
        let Some(text) = self.query.get("limit") else { return Ok(default) };
        let bounds =
            || Problems::one("limit", "NUMBER_TYPE_BOUNDS", format!("int value should be between 1 and {max}."));
        text.parse().ok().filter(|limit| (1..=max).contains(limit)).ok_or_else(bounds)
    }
}

/// What a route answers: a status and, unless it is 204, a body.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub status: u16,
    pub body: Option<Value>,
}

impl Answer {
    pub fn ok(body: Value) -> Self {
        Self { status: 200, body: Some(body) }
    }

    pub fn created(body: Value) -> Self {
        Self { status: 201, body: Some(body) }
    }

    pub const fn nothing() -> Self {
        Self { status: 204, body: None }
    }
}
