//! What of a request, beside its body, it takes to read it again.

use serde::{Deserialize, Serialize};

use crate::intake::delivery::{Delivery, Fields, Method};
use crate::intake::drill;
use crate::intake::kind::Kind;
use crate::intake::kinds;

/// What is in the names of headers and parameters that prove a sender.
const PROOFS: [&str; 7] = ["auth", "cookie", "token", "secret", "signature", "api-key", "apikey"];

/// How a request came, but for what proved its sender: that is kept nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Manner {
    #[serde(default)]
    method: Method,
    #[serde(default)]
    headers: Vec<(String, String)>,
    #[serde(default)]
    query: Vec<(String, String)>,
}

impl Manner {
    /// That of a delivery to a source of this kind.
    pub fn of(kind: &Kind, delivery: &Delivery<'_>) -> Self {
        let owned = |(name, value): (&str, &str)| (name.to_ascii_lowercase(), value.to_owned());
        let is_proof = |name: &str| PROOFS.iter().any(|proof| name.contains(proof));
        let samples = [Some(&kind.samples.fires), kind.samples.resolves.as_ref()];
        let read: Vec<&str> =
            samples.into_iter().flatten().flat_map(|sample| sample.headers).map(|(name, _)| *name).collect();
        let is_read = |name: &str| {
            read.iter().any(|known| known.eq_ignore_ascii_case(name))
                || ["content-type", drill::HEADER].contains(&name)
                || name.starts_with("ce-")
                // A mapping may ask for any.
                || kind == kinds::CUSTOM
        };
        let of_headers = |name: &str| is_read(name) && !is_proof(name);
        Self {
            method: delivery.method,
            headers: delivery.headers.iter().map(owned).filter(|(name, _)| of_headers(name)).collect(),
            query: delivery.query.iter().map(owned).filter(|(name, _)| !is_proof(name)).collect(),
        }
    }

    /// The method, the headers and the query.
    pub fn into_parts(self) -> (Method, Fields, Fields) {
        (self.method, self.headers.into_iter().collect(), self.query.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reading_takes_is_kept_and_no_secret_is() {
        let source = "theirs".into();
        let headers: Fields = [
            ("Content-Type", "application/json"),
            ("ce-type", "drift"),
            ("sentry-hook-resource", "event_alert"),
            ("sentry-hook-signature", "0a1b"),
            ("authorization", "Bearer hush"),
            ("x-api-key", "hush"),
            ("cookie", "hush"),
            ("x-check", "psi"),
        ]
        .into_iter()
        .collect();
        let query: Fields = [("token", "hush"), ("access_token", "hush"), ("msg", "down")].into_iter().collect();
        let delivery = Delivery { headers: &headers, query: &query, ..Delivery::bare(&source, b"{}") };
        let written = |kind| serde_json::to_string(&Manner::of(kind, &delivery)).unwrap();
        let all = written(kinds::CUSTOM);
        assert!(!all.contains("hush") && !all.contains("0a1b") && all.contains("x-check"), "{all}");
        let text = written(kinds::named("sentry").unwrap());
        assert!(!text.contains("hush") && !text.contains("0a1b") && !text.contains("x-check"), "{text}");
        let (method, headers, query) = serde_json::from_str::<Manner>(&text).unwrap().into_parts();
        assert_eq!(method, Method::Post);
        assert_eq!(headers.get("content-type"), Some("application/json"));
        assert_eq!(headers.get("ce-type"), Some("drift"));
        assert_eq!(headers.get("sentry-hook-resource"), Some("event_alert"));
        assert_eq!(query.get("msg"), Some("down"));
        assert_eq!(serde_json::from_str::<Manner>("{}").unwrap(), Manner::default(), "one that was kept before");
    }
}
