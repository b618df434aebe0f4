//! How Discord is doing, as a visitor of the page sets it: well, or in one of three kinds of trouble.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::state::State;
use crate::trouble::{Trouble, TroubleKind};

/// How long a slow request waits: an answer to a person still comes within Discord's three seconds.
const SLOW: Duration = Duration::from_millis(1500);
/// How long a client is told to wait.
const RETRY_AFTER: f64 = 5.0;

/// How Discord is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Weather {
    /// As it should.
    Well,
    /// It answers everything late.
    Slow,
    /// It answers everything with 429.
    Limited,
    /// It is away.
    Down,
}

impl State {
    pub(super) fn weather(&self) -> Weather {
        let kinds: Vec<_> = self.troubles.iter().filter_map(|trouble| trouble.standing()).collect();
        match () {
            () if self.down => Weather::Down,
            () if kinds.iter().any(|kind| matches!(kind, TroubleKind::RateLimited { .. })) => Weather::Limited,
            () if kinds.iter().any(|kind| matches!(kind, TroubleKind::Stall(_))) => Weather::Slow,
            () => Weather::Well,
        }
    }

    pub(super) fn set_weather(&mut self, weather: Weather) {
        self.troubles.retain(|trouble| trouble.standing().is_none());
        let kind = match weather {
            Weather::Slow => Some(TroubleKind::Stall(SLOW)),
            Weather::Limited => Some(TroubleKind::RateLimited { retry_after: RETRY_AFTER, global: true }),
            Weather::Well | Weather::Down => None,
        };
        let all = |kind| Trouble { method: None, path: "/**", times: u32::MAX, kind };
        self.troubles.extend(kind.map(|kind| all(kind).into()));
        self.down = weather == Weather::Down;
        if self.down {
            self.hub.end_connections(None);
        }
    }
}
