//! Words that many sources share, on the scales that all alerts share.

use std::collections::BTreeMap;

use crate::domain::alert::AlertSeverity;

/// The longest address that is kept.
const LINK: usize = 2000;

/// A source's own word for a severity. What a word means only at one source is said in that source's file.
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
    (web && !text.contains(char::is_whitespace) && text.len() <= LINK).then(|| text.to_owned())
}

/// Labels of what is there.
pub fn labels<'n>(named: impl IntoIterator<Item = (&'n str, Option<String>)>) -> BTreeMap<String, String> {
    named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// A text of those of these that are there, each on lines of its own; `None` if none is.
pub fn lines<const N: usize>(texts: [Option<String>; N]) -> Option<String> {
    let texts: Vec<String> = texts.into_iter().flatten().collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

/// Several texts as one label; `None` of none.
pub fn listed(texts: &[String]) -> Option<String> {
    (!texts.is_empty()).then(|| texts.join(", "))
}
