//! `[retention]`: how long is kept what is only needed to look something up.

use chrono::Duration;

use crate::domain::duration;

use super::section::Section;
use super::shape;

/// How long things are kept. Incidents, their timelines and updates are always kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// The bodies of alerts that were taken in.
    pub inbox: Duration,
    /// Jobs that are done.
    pub jobs: Duration,
    /// The bodies of requests that were refused.
    pub refused: Duration,
}

/// What is forgotten sooner than this is gone before anybody has looked.
const SHORTEST: Duration = Duration::hours(1);

pub(super) fn read(file: &Section<'_>) -> Retention {
    let section = file.section("retention");
    let kept = |name: &'static str, usual: Duration, cost: &str| {
        let field = section.field(name);
        let time = field.read(shape::span, "it would not be kept as long as is meant").unwrap_or(usual);
        if time < SHORTEST {
            field.warning(
                format!("{} is very short", duration::format(time)),
                cost,
                format!("keep it for at least {}", duration::format(SHORTEST)),
            );
        }
        time
    };
    let retention = Retention {
        inbox: kept("inbox", Duration::days(7), "what a sender sent is gone before anybody can look it up"),
        jobs: kept("jobs", Duration::days(7), "what was delivered, and when, is gone before anybody asks"),
        refused: kept("refused", Duration::days(1), "why alerts were refused is gone before anybody can look"),
    };
    section.done();
    retention
}
