//! An alert, as any source's payload reads to.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;
use crate::domain::id::SourceName;

/// How urgent an incident is; `Sev1` is the worst, and the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Severity {
    /// People are harmed or the business stands still.
    #[serde(rename = "SEV1")]
    Sev1,
    /// A main function is broken or wrong.
    #[serde(rename = "SEV2")]
    Sev2,
    /// Something is worse than it should be.
    #[serde(rename = "SEV3")]
    Sev3,
    /// Worth knowing.
    #[serde(rename = "SEV4")]
    Sev4,
}

impl Severity {
    /// All of them, the worst first.
    pub const ALL: [Self; 4] = [Self::Sev1, Self::Sev2, Self::Sev3, Self::Sev4];

    /// 1 for the worst to 4.
    pub const fn rank(self) -> i64 {
        match self {
            Self::Sev1 => 1,
            Self::Sev2 => 2,
            Self::Sev3 => 3,
            Self::Sev4 => 4,
        }
    }
}

impl Ord for Severity {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        other.rank().cmp(&self.rank())
    }
}

impl PartialOrd for Severity {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SEV{}", self.rank())
    }
}

impl FromStr for Severity {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .into_iter()
            .find(|severity| severity.to_string().eq_ignore_ascii_case(text))
            .ok_or_else(|| UnknownWord::new(text, "a severity: SEV1, SEV2, SEV3 or SEV4"))
    }
}

/// Why a word is not one of those that a column or an option may hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is not {expected}")]
pub struct UnknownWord {
    word: String,
    expected: &'static str,
}

impl UnknownWord {
    /// `expected` says which words there are.
    pub fn new(word: &str, expected: &'static str) -> Self {
        Self { word: word.chars().take(40).collect(), expected }
    }
}

/// An enum whose variants are written as fixed words, in configuration, databases and JSON alike.
macro_rules! words {
    (
        $(#[$doc:meta])*
        $name:ident, $expected:literal { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word as it is stored.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl std::fmt::Display for $name {
            /// The word as people read it.
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.word().replace('_', " "))
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::domain::alert::UnknownWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($crate::domain::alert::UnknownWord::new(text, $expected)),
                }
            }
        }
    };
}
pub(crate) use words;

words! {
    /// What kind of trouble an alert or incident is about.
    Category, "a category: model_anomaly, data, slowness, service_disruption, infrastructure_down, usage, flag_change or provider" {
        /// A model behaves differently: drift, score shift, quality loss.
        ModelAnomaly = "model_anomaly",
        /// Data is late, missing, shifted or wrong.
        Data = "data",
        /// Something answers, but slowly.
        Slowness = "slowness",
        /// Something does not answer, or wrongly.
        ServiceDisruption = "service_disruption",
        /// Machines, networks, clusters.
        InfrastructureDown = "infrastructure_down",
        /// Traffic, quota, cost.
        Usage = "usage",
        /// A feature flag changed.
        FlagChange = "flag_change",
        /// A cloud or other vendor has trouble of its own.
        Provider = "provider",
    }
}

words! {
    /// What the source says of the alert at this moment.
    AlertStatus, "an alert status: firing, acknowledged, resolved or info" {
        /// It is going on.
        Firing = "firing",
        /// Somebody took it on over there.
        Acknowledged = "acknowledged",
        /// It is over.
        Resolved = "resolved",
        /// It asks for nothing.
        Info = "info",
    }
}

words! {
    /// How the alert is to be believed.
    Signal, "a signal: normal, no_data, suspected or test" {
        /// As it stands.
        Normal = "normal",
        /// The source had nothing to look at.
        NoData = "no_data",
        /// The source is not sure.
        Suspected = "suspected",
        /// Somebody tries the wire.
        Test = "test",
    }
}

words! {
    /// The source's own severity, on one scale for all sources.
    AlertSeverity, "an alert severity: critical, error, warning or info" {
        /// Wake somebody.
        Critical = "critical",
        /// Broken.
        Error = "error",
        /// Worse than it should be.
        Warning = "warning",
        /// Worth knowing.
        Info = "info",
    }
}

/// One alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// The configured source that it came by.
    pub source: SourceName,
    /// What is one and the same trouble at that source, over all its deliveries.
    pub fingerprint: String,
    /// What the source says of it now.
    pub status: AlertStatus,
    /// How it is to be believed.
    pub signal: Signal,
    /// One line.
    pub title: String,
    /// More, if there is more.
    pub description: Option<String>,
    /// On our scale, if the source's word is known.
    pub severity: Option<AlertSeverity>,
    /// The source's own word.
    pub vendor_severity: Option<String>,
    /// The kind of trouble, if the source says it.
    pub category: Option<Category>,
    /// The service that the source names.
    pub service: Option<String>,
    /// Everything that the source tags it with.
    pub labels: BTreeMap<String, String>,
    /// Where to look; `http` and `https` only.
    pub links: Vec<String>,
    /// When it began, by the source's clock.
    pub started_at: Option<Timestamp>,
    /// When it ended, by the source's clock.
    pub ended_at: Option<Timestamp>,
    /// The source's own key of the group that it was sent in, where the source groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// When the source said this, by its clock, where it says so for each state: what is older than what is known
    /// changes nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said_at: Option<Timestamp>,
}

impl Alert {
    /// An alert that says nothing at all, to try a condition on.
    pub(in crate::domain) fn blank() -> Self {
        Self::new(&SourceName::from(""), "", AlertStatus::Firing, "")
    }

    /// An alert of which no more is known than what every alert has.
    pub fn new(
        source: &SourceName,
        fingerprint: impl Into<String>,
        status: AlertStatus,
        title: impl Into<String>,
    ) -> Self {
        Self {
            source: source.clone(),
            fingerprint: fingerprint.into(),
            status,
            signal: Signal::Normal,
            title: title.into(),
            description: None,
            severity: None,
            vendor_severity: None,
            category: None,
            service: None,
            labels: BTreeMap::new(),
            links: Vec::new(),
            started_at: None,
            ended_at: None,
            group: None,
            said_at: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_severity_is_the_greatest() {
        assert!(Severity::Sev2 < Severity::Sev1);
        assert_eq!(Severity::ALL.into_iter().max(), Some(Severity::Sev1));
    }

    #[test]
    fn words_read_back() {
        for category in Category::ALL {
            assert_eq!(category.word().parse(), Ok(*category));
        }
        assert_eq!("sev1".parse(), Ok(Severity::Sev1));
        assert!("SEV5".parse::<Severity>().is_err());
    }
}
