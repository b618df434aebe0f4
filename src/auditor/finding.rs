//! What the auditor can find, and how it says it.

use crate::domain::Timestamp;
use crate::domain::id::{IncidentId, PageNumber};
use crate::domain::incident::Lack;

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// Something of an incident was decided, and nothing would do it. This can be put right.
    Lack {
        /// The incident.
        incident: IncidentId,
        /// What.
        lack: Lack,
    },
    /// Work that nobody takes up.
    Overdue {
        /// The work, by the key of its job.
        job: String,
        /// Since when it is due.
        since: Timestamp,
    },
    /// A page that was decided and is not with its person yet, though it is tried.
    Undelivered {
        /// The incident.
        incident: IncidentId,
        /// Which page.
        page: PageNumber,
    },
    /// Alerts that wait for triage.
    Undigested {
        /// Since when the oldest waits.
        since: Timestamp,
    },
    /// Work that one process does at a time, and that none does.
    Unheld {
        /// The lease.
        lease: String,
    },
}

impl Finding {
    /// What kind of finding it is, for figures.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Lack { .. } => "lack",
            Self::Overdue { .. } => "overdue",
            Self::Undelivered { .. } => "undelivered",
            Self::Undigested { .. } => "undigested",
            Self::Unheld { .. } => "unheld",
        }
    }

    /// Every kind.
    pub const KINDS: [&'static str; 5] = ["lack", "overdue", "undelivered", "undigested", "unheld"];

    /// The finding in words for the operators, under a key that tells it from others; `None` where an incident says it.
    pub fn notice(&self) -> Option<(String, String)> {
        match self {
            // Its repair is told with the incident.
            Self::Lack { .. } => None,
            Self::Overdue { job, since } => {
                let key = format!("overdue/{job}/{}", since.timestamp_micros());
                Some((key, format!("{job} is due since {} and nobody takes it up", since.format("%H:%M:%S UTC"))))
            }
            Self::Undelivered { incident, page } => {
                let key = format!("undelivered/{incident}/{page}");
                Some((key, format!("page {page} of {incident} is not delivered yet, and is being tried")))
            }
            Self::Undigested { since } => {
                let key = format!("undigested/{}", since.timestamp_micros());
                Some((key, format!("alerts wait for triage since {}", since.format("%H:%M:%S UTC"))))
            }
            Self::Unheld { lease } => {
                Some((format!("unheld/{lease}"), format!("no process holds the lease “{lease}”: its work is not done")))
            }
        }
    }
}
