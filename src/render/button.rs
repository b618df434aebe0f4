//! The identity of every button: what a press means, in a text that outlives every restart.
//!
//! It is versioned, so that a button drawn by an older Firebell is either understood or refused, never misread.

use std::fmt;
use std::str::FromStr;

use crate::domain::alert::Severity;
use crate::domain::id::{IncidentId, PageNumber, Snowflake, UpdateNumber};
use crate::domain::incident::Role;

/// Begins every identity, of buttons and forms alike.
pub(super) const VERSION: &str = "fb1";

/// The longest [`DraftKey`], in characters.
const KEY_LIMIT: usize = 64;

/// What a pressed button asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "fields name what the sentence above them is about")]
pub enum Press {
    /// I have it; without a page: whatever is open.
    Acknowledge { incident: IncidentId, page: Option<PageNumber> },
    /// I can't.
    Decline { incident: IncidentId, page: PageNumber },
    /// It is over.
    Resolve { incident: IncidentId },
    /// It is not over.
    KeepOpen { incident: IncidentId },
    /// The severity goes up, as an alert proposed.
    RaiseSeverity { incident: IncidentId, to: Severity },
    /// The severity stays.
    KeepSeverity { incident: IncidentId, proposed: Severity },
    /// The role is mine.
    TakeRole { incident: IncidentId, role: Role },
    /// Open the form for a report.
    Report { incident: IncidentId },
    /// Draft an update for each audience.
    DraftUpdates { incident: IncidentId },
    /// Show the timeline.
    Timeline { incident: IncidentId },
    /// Open the form for a text that was read at `version`.
    EditUpdate { incident: IncidentId, update: UpdateNumber, version: u32 },
    /// Give the key for the text that was read at `version`.
    ApproveUpdate { incident: IncidentId, update: UpdateNumber, version: u32 },
    /// Open the form for the reason.
    RejectUpdate { incident: IncidentId, update: UpdateNumber },
    /// The doubtful text stands where it should.
    ConfirmPublished { incident: IncidentId, update: UpdateNumber },
    /// The doubtful text does not stand there.
    PublishAgain { incident: IncidentId, update: UpdateNumber },
    /// Declare what the preview showed.
    Declare { draft: DraftKey },
}

/// Where the particulars of a declaration are kept until its button is pressed. It says nothing of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DraftKey(String);

impl DraftKey {
    /// The key as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Snowflake> for DraftKey {
    /// The interaction that asked for the declaration is a key of its own.
    fn from(interaction: Snowflake) -> Self {
        Self(interaction.to_string())
    }
}

impl fmt::Display for DraftKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for DraftKey {
    type Err = UnknownPress;

    /// Takes letters, digits, `-` and `_`, at most 64 of them.
    fn from_str(text: &str) -> Result<Self, UnknownPress> {
        let fits = (1..=KEY_LIMIT).contains(&text.len());
        let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if fits && plain { Ok(Self(text.to_owned())) } else { Err(UnknownPress) }
    }
}

/// A `custom_id` that is none of ours: of another program, or of a Firebell that is older or newer than this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this button or form is not known to this version of Firebell")]
pub struct UnknownPress;

impl fmt::Display for Press {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{VERSION}:")?;
        match self {
            Self::Acknowledge { incident, page: None } => write!(f, "ack:{}", incident.0),
            Self::Acknowledge { incident, page: Some(page) } => write!(f, "ack:{}:{page}", incident.0),
            Self::Decline { incident, page } => write!(f, "cannot:{}:{page}", incident.0),
            Self::Resolve { incident } => write!(f, "resolve:{}", incident.0),
            Self::KeepOpen { incident } => write!(f, "open:{}", incident.0),
            Self::RaiseSeverity { incident, to } => write!(f, "raise:{}:{}", incident.0, to.rank()),
            Self::KeepSeverity { incident, proposed } => write!(f, "keep:{}:{}", incident.0, proposed.rank()),
            Self::TakeRole { incident, role } => write!(f, "take:{}:{}", incident.0, role.word()),
            Self::Report { incident } => write!(f, "report:{}", incident.0),
            Self::DraftUpdates { incident } => write!(f, "draft:{}", incident.0),
            Self::Timeline { incident } => write!(f, "timeline:{}", incident.0),
            Self::EditUpdate { incident, update, version } => write!(f, "edit:{}:{update}:{version}", incident.0),
            Self::ApproveUpdate { incident, update, version } => write!(f, "approve:{}:{update}:{version}", incident.0),
            Self::RejectUpdate { incident, update } => write!(f, "reject:{}:{update}", incident.0),
            Self::ConfirmPublished { incident, update } => write!(f, "stands:{}:{update}", incident.0),
            Self::PublishAgain { incident, update } => write!(f, "again:{}:{update}", incident.0),
            Self::Declare { draft } => write!(f, "declare:{draft}"),
        }
    }
}

impl FromStr for Press {
    type Err = UnknownPress;

    fn from_str(text: &str) -> Result<Self, UnknownPress> {
        let parts: Vec<&str> = text.split(':').collect();
        let [VERSION, word, arguments @ ..] = parts.as_slice() else { return Err(UnknownPress) };
        Ok(match (*word, arguments) {
            ("ack", [incident]) => Self::Acknowledge { incident: read(incident)?, page: None },
            ("ack", [incident, page]) => Self::Acknowledge { incident: read(incident)?, page: Some(read(page)?) },
            ("cannot", [incident, page]) => Self::Decline { incident: read(incident)?, page: read(page)? },
            ("resolve", [incident]) => Self::Resolve { incident: read(incident)? },
            ("open", [incident]) => Self::KeepOpen { incident: read(incident)? },
            ("raise", [incident, rank]) => Self::RaiseSeverity { incident: read(incident)?, to: severity(rank)? },
            ("keep", [incident, rank]) => Self::KeepSeverity { incident: read(incident)?, proposed: severity(rank)? },
            ("take", [incident, role]) => Self::TakeRole { incident: read(incident)?, role: read(role)? },
            ("report", [incident]) => Self::Report { incident: read(incident)? },
            ("draft", [incident]) => Self::DraftUpdates { incident: read(incident)? },
            ("timeline", [incident]) => Self::Timeline { incident: read(incident)? },
            ("edit", [incident, update, version]) => {
                Self::EditUpdate { incident: read(incident)?, update: read(update)?, version: read(version)? }
            }
            ("approve", [incident, update, version]) => {
                Self::ApproveUpdate { incident: read(incident)?, update: read(update)?, version: read(version)? }
            }
            ("reject", [incident, update]) => Self::RejectUpdate { incident: read(incident)?, update: read(update)? },
            ("stands", [incident, update]) => {
                Self::ConfirmPublished { incident: read(incident)?, update: read(update)? }
            }
            ("again", [incident, update]) => Self::PublishAgain { incident: read(incident)?, update: read(update)? },
            ("declare", [draft]) => Self::Declare { draft: draft.parse()? },
            _ => return Err(UnknownPress),
        })
    }
}

pub(super) fn read<T: FromStr>(text: &str) -> Result<T, UnknownPress> {
    text.parse().map_err(|_| UnknownPress)
}

fn severity(rank: &str) -> Result<Severity, UnknownPress> {
    let rank: i64 = read(rank)?;
    Severity::ALL.into_iter().find(|severity| severity.rank() == rank).ok_or(UnknownPress)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;
    use crate::render::limits;

    fn presses() -> impl Strategy<Value = Press> {
        let incident = || (1..=i64::MAX).prop_map(IncidentId);
        let page = || (1..=i64::MAX).prop_map(PageNumber);
        let update = || (1..=i64::MAX).prop_map(UpdateNumber);
        prop_oneof![
            (incident(), proptest::option::of(page()))
                .prop_map(|(incident, page)| Press::Acknowledge { incident, page }),
            (incident(), page()).prop_map(|(incident, page)| Press::Decline { incident, page }),
            incident().prop_map(|incident| Press::Resolve { incident }),
            incident().prop_map(|incident| Press::KeepOpen { incident }),
            (incident(), select(&Severity::ALL[..])).prop_map(|(incident, to)| Press::RaiseSeverity { incident, to }),
            (incident(), select(&Severity::ALL[..]))
                .prop_map(|(incident, proposed)| Press::KeepSeverity { incident, proposed }),
            (incident(), select(Role::ALL)).prop_map(|(incident, role)| Press::TakeRole { incident, role }),
            incident().prop_map(|incident| Press::Report { incident }),
            incident().prop_map(|incident| Press::DraftUpdates { incident }),
            incident().prop_map(|incident| Press::Timeline { incident }),
            (incident(), update(), any::<u32>()).prop_map(|(incident, update, version)| Press::EditUpdate {
                incident,
                update,
                version
            }),
            (incident(), update(), any::<u32>()).prop_map(|(incident, update, version)| Press::ApproveUpdate {
                incident,
                update,
                version
            }),
            (incident(), update()).prop_map(|(incident, update)| Press::RejectUpdate { incident, update }),
            (incident(), update()).prop_map(|(incident, update)| Press::ConfirmPublished { incident, update }),
            (incident(), update()).prop_map(|(incident, update)| Press::PublishAgain { incident, update }),
            "[A-Za-z0-9_-]{1,64}".prop_map(|key| Press::Declare { draft: DraftKey(key) }),
        ]
    }

    proptest! {
        #[test]
        fn every_press_reads_back_and_fits(press in presses()) {
            let id = press.to_string();
            prop_assert!(limits::length(&id) <= limits::CUSTOM_ID, "{}", id);
            prop_assert_eq!(id.parse(), Ok(press));
        }

        #[test]
        fn no_text_makes_reading_fail_badly(text in "(?s).{0,40}|fb1:[a-z]{1,8}(:[0-9a-z-]{0,4}){0,4}") {
            if let Ok(press) = text.parse::<Press>() {
                prop_assert_eq!(press.to_string().parse(), Ok(press));
            }
        }
    }

    #[test]
    fn identities_are_what_older_messages_carry() {
        assert_eq!(
            "fb1:ack:42:3".parse(),
            Ok(Press::Acknowledge { incident: IncidentId(42), page: Some(PageNumber(3)) })
        );
        assert_eq!("fb1:raise:42:1".parse(), Ok(Press::RaiseSeverity { incident: IncidentId(42), to: Severity::Sev1 }));
        for unknown in
            ["", "fb2:ack:42:3", "fb1", "fb1:ack", "fb1:ack:0", "fb1:ack:42:3:9", "fb1:declare:a b", "x:ack:42"]
        {
            assert_eq!(unknown.parse::<Press>(), Err(UnknownPress), "{unknown}");
        }
    }
}
