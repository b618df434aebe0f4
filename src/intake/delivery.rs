//! What a sender posted, as readers and proofs see it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::Timestamp;
use crate::domain::id::SourceName;
use crate::intake::custom::Mapping;
use crate::intake::{Misfit, form, json};

/// How a sender asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// With a body.
    #[default]
    Post,
    /// With nothing but the address.
    Get,
    /// Whether it may send at all.
    Options,
}

/// Names with values, names in lower case: the headers or the query of a request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// The first value of a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Fields {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

/// One request of a sender.
#[derive(Debug, Clone)]
pub struct Delivery<'a> {
    /// The configured source.
    pub source: &'a SourceName,
    /// How it asked.
    pub method: Method,
    /// The whole address, as the sender knows it.
    pub address: &'a str,
    /// The headers.
    pub headers: &'a Fields,
    /// The query of the address.
    pub query: &'a Fields,
    /// The bytes as they came.
    pub body: &'a [u8],
    /// When it came.
    pub now: Timestamp,
    /// What the configuration says of how the payload reads; custom sources only.
    pub mapping: Option<&'a Mapping>,
}

/// No headers, and no query.
static NO_FIELDS: Fields = Fields(Vec::new());

impl<'a> Delivery<'a> {
    /// A body of which nothing else is known, such as one from a file.
    pub fn bare(source: &'a SourceName, body: &'a [u8]) -> Self {
        Self {
            source,
            method: Method::Post,
            address: "",
            headers: &NO_FIELDS,
            query: &NO_FIELDS,
            body,
            now: Timestamp::UNIX_EPOCH,
            mapping: None,
        }
    }

    /// These fields of the body where it is an object, and the whole document where it is something else.
    pub fn fields(&self, names: &[&str]) -> Result<Value, Misfit> {
        match json::without_mark(self.body).iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'{') => json::parse_fields(self.body, names),
            _ => self.document(),
        }
    }

    /// The body as a document, JSON or a form. What it is, is told by its content, since senders write `text/plain`,
    /// or nothing, above JSON.
    pub fn document(&self) -> Result<Value, Misfit> {
        let body = json::without_mark(self.body);
        if let Some(boundary) = self.headers.get("content-type").and_then(form::boundary) {
            return json::of_fields(form::parse(body, boundary)?);
        }
        let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
        let says_form = self
            .headers
            .get("content-type")
            .is_some_and(|kind| kind.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded"));
        let is_bare_form = first.is_some_and(u8::is_ascii_alphanumeric)
            && self.headers.get("content-type").is_none()
            && body.contains(&b'=');
        match first {
            None => Err(Misfit::Other("the body is empty".to_owned())),
            Some(b'{' | b'[') => json::parse(body),
            _ if says_form || is_bare_form => json::parse_form(body),
            _ => json::parse(body),
        }
    }
}
