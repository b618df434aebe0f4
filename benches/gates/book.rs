//! What was measured, by subject and load; of several rounds the median counts.

use std::collections::BTreeMap;

use crate::alerts::Law;
use crate::load::Answers;
use crate::stage::Subject;

/// How a subject is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Load {
    pub law: Law,
    pub connections: usize,
    /// Alerts in a request.
    pub batch: usize,
    /// Requests a second of an open loop; `None`: as fast as answers come.
    pub rate: Option<u32>,
}

impl Load {
    /// One alert a request, as fast as answers come, on 64 connections: what most gates are about.
    pub const fn busy(law: Law) -> Self {
        Self { law, connections: 64, batch: 1, rate: None }
    }

    /// One alert a request at a steady rate.
    pub const fn steady(rate: u32) -> Self {
        Self { law: Law::Zipf, connections: 64, batch: 1, rate: Some(rate) }
    }
}

/// One round of one load on one subject.
#[derive(Debug, Clone)]
pub struct Round {
    pub answers: Answers,
    /// Microseconds of processor time for each alert that was taken: of the server, and of its database beside it.
    pub cpu: f64,
    pub database_cpu: f64,
    /// MiB afterwards, and at most.
    pub memory: f64,
    pub peak: f64,
    /// Cores that neither the subject nor the load nor the bench used.
    pub foreign: f64,
    /// Milliseconds of a second, of all cores, that the host gave to other machines.
    pub stolen: f64,
}

/// All rounds.
#[derive(Debug, Default)]
pub struct Book(BTreeMap<(Subject, Load), Vec<Round>>);

impl Book {
    pub fn note(&mut self, subject: Subject, load: Load, round: Round) {
        self.0.entry((subject, load)).or_default().push(round);
    }

    /// The median of a figure; not a number where it was not measured.
    pub fn median(&self, subject: Subject, load: Load, figure: impl Fn(&Round) -> f64) -> f64 {
        median(self.0.get(&(subject, load)).into_iter().flatten().map(figure).collect())
    }

    pub fn throughput(&self, subject: Subject, load: Load) -> f64 {
        self.median(subject, load, |round| round.answers.alerts_a_second)
    }

    pub fn p99(&self, subject: Subject, load: Load) -> f64 {
        self.median(subject, load, |round| round.answers.p99)
    }

    /// The server's and its database's.
    pub fn cpu(&self, subject: Subject, load: Load) -> f64 {
        self.median(subject, load, |round| round.cpu + round.database_cpu)
    }

    /// What was measured, in order.
    pub fn entries(&self) -> impl Iterator<Item = (Subject, Load)> {
        self.0.keys().copied()
    }

    /// The most cores that others used in a round.
    pub fn foreign(&self) -> f64 {
        self.0.values().flatten().map(|round| round.foreign).fold(0.0, f64::max)
    }
}

/// The median; not a number of none.
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    match figures.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => figures[count / 2],
        count => f64::midpoint(figures[count / 2 - 1], figures[count / 2]),
    }
}
