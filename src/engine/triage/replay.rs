//! Replay: what the rules of today would have made of what came, without acting, beside what did happen.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::Timestamp;
use crate::domain::actor::Author;
use crate::domain::id::SourceName;
use crate::engine::{Listing, Setup};
use crate::store::{Db, StoreError};

pub use super::imagine::Imagined;
use super::imagine::Imagining;

/// How many incidents are read at once.
const INCIDENTS_READ: i64 = 200;
/// How many alerts are read at once.
const ALERTS_READ: usize = 1024;

/// What a replay looks at.
#[derive(Debug, Clone)]
pub struct Window {
    /// From when on.
    pub since: Timestamp,
    /// Only what this source sent.
    pub source: Option<SourceName>,
}

/// What the alerts that one rule decides about, of one source, would have come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Line {
    /// Deliveries.
    pub alerts: u64,
    /// Incidents opened.
    pub opened: u64,
    /// Those of them in which somebody is called.
    pub paged: u64,
    /// Deliveries that join an incident, fire in it again, or make it worse.
    pub joined: u64,
    /// Deliveries that say nothing new.
    pub repeated: u64,
    /// Deliveries that resolve an alert.
    pub resolved: u64,
    /// Deliveries that acknowledge an alert, or inform.
    pub told: u64,
    /// Deliveries that fire and open nothing, by a rule or as a test.
    pub ignored: u64,
}

/// Incidents of one source, as they were in the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Happened {
    /// Opened.
    pub opened: u64,
    /// Those of them in which somebody was called.
    pub paged: u64,
}

/// What a replay comes to.
#[derive(Debug, Default)]
pub struct Replayed {
    /// By source and by the name of the rule; `None`: no rule matched.
    pub lines: BTreeMap<(SourceName, Option<String>), Line>,
    /// By source.
    pub happened: BTreeMap<SourceName, Happened>,
    /// When the first that was read came.
    pub first: Option<Timestamp>,
    /// When the last did.
    pub last: Option<Timestamp>,
    /// How many entries cannot be read any more.
    pub unreadable: u64,
    /// How many alerts were forgotten for want of room: what follows on them is taken for new.
    pub forgotten: u64,
}

/// Reads what came since then, and shows each incident that would have been opened. It only reads, in small portions, and
/// holds up nobody.
pub async fn replay(
    db: &Db,
    setup: &Arc<Setup>,
    window: &Window,
    mut opened: impl FnMut(&Imagined),
) -> Result<Replayed, StoreError> {
    let mut imagining = Imagining::new(setup);
    let mut tx = db.read().await?;
    let end = tx.inbox_end().await?;
    let mut position = tx.inbox_before(window.since).await?;
    drop(tx);
    while position < end {
        let rows = db.read().await?.inbox_after(position, ALERTS_READ).await?;
        let Some(last) = rows.last() else { break };
        position = last.position;
        for row in rows.iter().filter(|row| window.source.as_ref().is_none_or(|source| row.source == *source)) {
            imagining.take(row, &mut opened);
        }
    }
    let mut replayed = imagining.replayed;
    // Before the first entry nothing can be imagined, so nothing is compared.
    if let Some(first) = replayed.first {
        replayed.happened = happened(db, first, window).await?;
    }
    Ok(replayed)
}

/// The incidents that sources opened since then.
async fn happened(db: &Db, since: Timestamp, window: &Window) -> Result<BTreeMap<SourceName, Happened>, StoreError> {
    let mut happened: BTreeMap<SourceName, Happened> = BTreeMap::new();
    let mut before = None;
    loop {
        let mut tx = db.read().await?;
        let page = tx.incidents_page(before, Listing::All, INCIDENTS_READ).await?;
        let Some(last) = page.last() else { return Ok(happened) };
        before = Some(last.id);
        for incident in &page {
            if incident.declared_at < since {
                return Ok(happened);
            }
            let Author::Source(source) = &incident.declared_by else { continue };
            if window.source.as_ref().is_some_and(|only| only != source) {
                continue;
            }
            let escalations = tx.incident(incident.id).await?.map_or(0, |incident| incident.escalations.len());
            let line = happened.entry(source.clone()).or_default();
            line.opened += 1;
            line.paged += u64::from(0 < escalations);
        }
    }
}
