//! JSON as senders really write it.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

use crate::domain::Timestamp;
use crate::domain::alert::AlertSeverity;

/// A map of texts in which numbers and booleans are taken as they are written, and `null` as absent.
pub fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Scalar {
        Text(String),
        Flag(bool),
        Number(serde_json::Number),
        Null(()),
    }
    let map = Option::<BTreeMap<String, Scalar>>::deserialize(deserializer)?.unwrap_or_default();
    Ok(map
        .into_iter()
        .filter_map(|(name, value)| {
            let value = match value {
                Scalar::Text(text) => text,
                Scalar::Flag(flag) => flag.to_string(),
                Scalar::Number(number) => number.to_string(),
                Scalar::Null(()) => return None,
            };
            Some((name, value))
        })
        .collect())
}

/// A moment in RFC 3339; a year before 1970, by which some senders say "not yet", is absent.
pub fn moment(text: &str) -> Result<Option<Timestamp>, String> {
    let moment = chrono::DateTime::parse_from_rfc3339(text)
        .map_err(|_| format!("`{}` is not a time in RFC 3339", text.chars().take(40).collect::<String>()))?
        .to_utc();
    // Both databases keep microseconds.
    let micros = chrono::DateTime::from_timestamp_micros(moment.timestamp_micros());
    Ok(micros.filter(|moment| 0 <= moment.timestamp()))
}

/// A source's own word for a severity, on the scale that all sources share.
pub fn severity(word: &str) -> Option<AlertSeverity> {
    Some(match word.trim().to_ascii_lowercase().as_str() {
        "critical" | "crit" | "fatal" | "emergency" | "page" | "disaster" | "p1" | "sev1" => AlertSeverity::Critical,
        "error" | "err" | "high" | "major" | "p2" | "sev2" => AlertSeverity::Error,
        "warning" | "warn" | "medium" | "moderate" | "minor" | "average" | "p3" | "sev3" => AlertSeverity::Warning,
        "info" | "informational" | "information" | "low" | "notice" | "none" | "p4" | "p5" | "sev4" => {
            AlertSeverity::Info
        }
        _ => return None,
    })
}

/// An address that may be shown: `http` or `https`, without white space.
pub fn link(text: &str) -> Option<String> {
    let text = text.trim();
    let web = text.starts_with("https://") || text.starts_with("http://");
    (web && !text.contains(char::is_whitespace) && text.len() <= 2000).then(|| text.to_owned())
}
