//! A flood: so many incidents in so short a time that nobody could work on them one by one.

use std::collections::{BTreeSet, VecDeque};

use chrono::Duration;

use crate::domain::Timestamp;
use crate::domain::id::SourceName;
use crate::domain::incident::Opening;
use crate::engine::{EngineError, Setup};
use crate::store::Tx;

use super::NewGroup;
use super::course::{Change, Delivery};

/// In which time incidents are counted.
const WINDOW: Duration = Duration::minutes(10);
/// How the group of a flood's incident begins; no group of a sender or of ours begins so.
const GROUP: &str = "\u{1}flood/";

/// When the latest incidents were opened.
#[derive(Default)]
pub(super) struct Flood {
    openings: VecDeque<Timestamp>,
    is_seeded: bool,
    limit: usize,
}

impl Flood {
    /// Looks at the incidents of the window before `now`, of which at most `limit` are opened one by one.
    pub async fn look_back(&mut self, tx: &mut Tx, limit: usize, now: Timestamp) -> Result<(), EngineError> {
        if !self.is_seeded {
            self.openings = tx.latest_declarations(limit as i64).await?.into();
            self.is_seeded = true;
        }
        self.pass(limit, now);
        Ok(())
    }

    /// Forgets what lies before the window that ends `now`.
    pub fn pass(&mut self, limit: usize, now: Timestamp) {
        self.limit = limit;
        while self.openings.front().is_some_and(|at| *at + WINDOW <= now) {
            self.openings.pop_front();
        }
    }

    /// Whether so many were opened, with `more` that are about to be, that another alert goes to the flood's incident.
    pub fn is_on(&self, more: usize) -> bool {
        self.limit <= self.openings.len() + more
    }

    /// Whether a flood went on when it was looked last.
    pub fn goes_on(&self) -> bool {
        self.is_seeded && self.is_on(0)
    }

    /// Counts an incident.
    pub fn opened(&mut self, at: Timestamp) {
        self.openings.push_back(at);
    }
}

/// The group of a source's flood.
pub(super) fn group_of(source: &SourceName) -> String {
    format!("{GROUP}{source}")
}

/// The groups of the floods that these may be part of.
pub(super) fn groups_of(deliveries: &[Delivery<'_>]) -> Vec<String> {
    let sources: BTreeSet<&SourceName> = deliveries.iter().map(|delivery| &delivery.alert.alert.source).collect();
    sources.into_iter().map(group_of).collect()
}

/// Whether a group is that of a flood.
pub(super) fn of(group: &str) -> bool {
    group.starts_with(GROUP)
}

/// The opening of a flood's incident: it is the default team's, with the worst severity of its alerts.
pub(super) fn opening(group: &NewGroup, changes: &[Change<'_>], setup: &Setup) -> Opening {
    let source = &changes[0].alert.source;
    let worst = changes.iter().rev().max_by_key(|change| change.verdict.severity).unwrap_or(&changes[0]);
    let minutes = WINDOW.num_minutes();
    Opening {
        title: format!("Flood of alerts from {source}"),
        severity: worst.verdict.severity,
        severity_reason: worst.verdict.severity_reason.clone(),
        category: None,
        team: setup.organisation.default_team.clone(),
        rota: None,
        service: None,
        subjects: Vec::new(),
        group: Some(group.name.clone()),
        follows: group.follows,
        why: format!(
            "{} incidents were opened within {minutes} minutes; while that goes on, what else {source} sends is gathered here",
            setup.triage.flood
        ),
        also: changes.iter().map(|change| change.alert.title.clone()).collect(),
        pages: changes.iter().any(|change| change.verdict.pages),
    }
}
