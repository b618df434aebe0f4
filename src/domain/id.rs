//! Identities: what people type (`INC-42`) and names that the configuration gives.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a text is not an identity of the kind that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct NotAnId {
    text: String,
    expected: &'static str,
}

/// One incident; people see and type it as `INC-42`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IncidentId(pub i64);

impl fmt::Display for IncidentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "INC-{}", self.0)
    }
}

impl FromStr for IncidentId {
    type Err = NotAnId;

    /// Reads `INC-42`, `inc-42` or a bare `42`, as people type it at three in the morning.
    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let trimmed = text.trim();
        let digits = match trimmed.get(..4) {
            Some(prefix) if prefix.eq_ignore_ascii_case("inc-") => &trimmed[4..],
            _ => trimmed,
        };
        match digits.parse::<i64>() {
            Ok(number) if 0 < number && digits.bytes().all(|byte| byte.is_ascii_digit()) => Ok(Self(number)),
            _ => Err(NotAnId { text: trimmed.chars().take(40).collect(), expected: "an incident such as INC-42" }),
        }
    }
}

/// A number counted from 1 within one incident.
macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl $name {
            /// The number after the `count` that exist.
            pub fn after(count: usize) -> Self {
                Self(i64::try_from(count).unwrap_or(i64::MAX - 1) + 1)
            }
        }

        impl From<i64> for $name {
            fn from(number: i64) -> Self {
                Self(number)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = std::num::ParseIntError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

number!(
    /// The n-th call of one person in an incident.
    PageNumber
);
number!(
    /// The n-th run of a paging policy in an incident.
    EscalationNumber
);
number!(
    /// The n-th status update drafted in an incident.
    UpdateNumber
);
number!(
    /// The n-th entry of an incident's timeline.
    EntryNumber
);

/// A name given in the configuration, or derived from it.
macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The name as it is written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(name: &str) -> Self {
                Self(name.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(name: String) -> Self {
                Self(name)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

name!(
    /// A person: the key in the configuration, or `discord:<id>` for a member of the guild who is not listed there.
    PersonId
);
name!(
    /// A team, the key in the configuration.
    TeamName
);
name!(
    /// A rota, the key in the configuration.
    RotaName
);
name!(
    /// A paging policy, the key in the configuration.
    PolicyName
);
name!(
    /// A source of alerts, as it stands in the address `/hooks/{source}`.
    SourceName
);
name!(
    /// An audience of status updates, the key in the configuration.
    AudienceName
);
name!(
    /// A gate that a status update passes, the key in the configuration.
    GateName
);

/// A Discord identity (user, channel, message, role, guild). Discord's are unsigned, our databases have no such type:
/// the value is kept within `i64`, which Discord's 63-bit snowflakes never leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Snowflake(pub u64);

impl fmt::Display for Snowflake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl PersonId {
    /// Who a guild member is that the configuration does not list.
    pub fn unlisted(user: Snowflake) -> Self {
        Self(format!("discord:{user}"))
    }

    /// The Discord user behind an unlisted member.
    pub fn unlisted_user(&self) -> Option<Snowflake> {
        self.0.strip_prefix("discord:")?.parse().ok().map(Snowflake)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_incident_is_read_as_people_type_it() {
        for text in ["INC-42", "inc-42", " Inc-42 ", "42"] {
            assert_eq!(text.parse(), Ok(IncidentId(42)), "{text}");
        }
        for text in ["", "INC-", "INC-0", "INC--1", "INC-+1", "incident", "INC-99999999999999999999", "ïnc-1"] {
            assert!(text.parse::<IncidentId>().is_err(), "{text}");
        }
    }
}
