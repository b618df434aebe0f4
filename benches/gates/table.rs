//! The table: each line a figure, the gate that it must hold, the goal that it is to reach.

use std::fmt::{self, Display, Formatter};

/// In what a figure is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    AlertsASecond,
    Microseconds,
    Milliseconds,
    Seconds,
    Mebibytes,
    Count,
}

impl Unit {
    fn show(self, value: f64) -> String {
        if value.is_nan() {
            return "not measured".to_owned();
        }
        let digits = if value < 10.0 {
            2
        } else if value < 100.0 {
            1
        } else {
            0
        };
        match self {
            Self::AlertsASecond => format!("{}/s", thousands(value)),
            Self::Microseconds => format!("{value:.digits$} µs"),
            Self::Milliseconds => format!("{value:.digits$} ms"),
            Self::Seconds => format!("{value:.digits$} s"),
            Self::Mebibytes => format!("{value:.digits$} MiB"),
            Self::Count => thousands(value),
        }
    }
}

/// A whole number as people write it: `32,800`.
pub fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if 0 < place && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What a figure is held against.
#[derive(Debug, Clone)]
struct Bound {
    is_floor: bool,
    factor: f64,
    /// Of whose figure; empty: of none, the factor is the limit.
    of: &'static str,
    reference: f64,
}

impl Bound {
    fn limit(&self) -> f64 {
        self.factor * self.reference
    }

    fn is_held(&self, value: f64) -> Option<bool> {
        let is_known = !value.is_nan() && !self.reference.is_nan();
        is_known.then(|| if self.is_floor { self.limit() <= value } else { value <= self.limit() })
    }

    fn show(&self, value: f64, unit: Unit) -> String {
        let sign = if self.is_floor { "≥" } else { "≤" };
        let asked = match self.of {
            "" => format!("{sign} {}", unit.show(self.factor)),
            of => format!("{sign} {} × {of}", self.factor),
        };
        let stands = match self.of {
            "" => String::new(),
            of if self.reference.is_nan() => format!(": {of} was not measured"),
            _ => format!(": {:.2} × {}", value / self.reference, unit.show(self.reference)),
        };
        match self.is_held(value) {
            None => format!("{asked}{stands}"),
            Some(true) => format!("✓ {asked}{stands}"),
            Some(false) => {
                let by = if self.is_floor { 1.0 - value / self.limit() } else { value / self.limit() - 1.0 };
                format!("**✗** {asked}{stands}, missed by {:.0} %", by * 100.0)
            }
        }
    }
}

/// A line of the table.
#[derive(Debug, Clone)]
pub struct Line {
    pub gate: &'static str,
    what: String,
    value: f64,
    unit: Unit,
    gates: Vec<Bound>,
    goals: Vec<Bound>,
    note: String,
}

impl Line {
    pub fn new(gate: &'static str, what: impl Into<String>, value: f64, unit: Unit) -> Self {
        let note = String::new();
        Self { gate, what: what.into(), value, unit, gates: Vec::new(), goals: Vec::new(), note }
    }

    /// Must be at least so many times what `of` has.
    pub fn at_least(mut self, factor: f64, of: &'static str, reference: f64) -> Self {
        self.gates.push(Bound { is_floor: true, factor, of, reference });
        self
    }

    pub fn at_most(mut self, factor: f64, of: &'static str, reference: f64) -> Self {
        self.gates.push(Bound { is_floor: false, factor, of, reference });
        self
    }

    /// Must be no more than this.
    pub fn within(self, limit: f64) -> Self {
        self.at_most(limit, "", 1.0)
    }

    /// Must be this and nothing else.
    pub fn exactly(self, value: f64) -> Self {
        self.at_least(value, "", 1.0).at_most(value, "", 1.0)
    }

    pub fn aims_at_least(mut self, factor: f64, of: &'static str, reference: f64) -> Self {
        self.goals.push(Bound { is_floor: true, factor, of, reference });
        self
    }

    pub fn aims_at_most(mut self, factor: f64, of: &'static str, reference: f64) -> Self {
        self.goals.push(Bound { is_floor: false, factor, of, reference });
        self
    }

    pub fn aims_within(self, limit: f64) -> Self {
        self.aims_at_most(limit, "", 1.0)
    }

    /// Says something beside the figure.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// Whether every gate that could be measured is held.
    pub fn is_held(&self) -> bool {
        !self.value.is_nan() && self.gates.iter().all(|gate| gate.is_held(self.value) != Some(false))
    }
}

impl Display for Line {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let show = |bounds: &[Bound]| {
            bounds.iter().map(|bound| bound.show(self.value, self.unit)).collect::<Vec<_>>().join("<br>")
        };
        let note = if self.note.is_empty() { String::new() } else { format!(" ({})", self.note) };
        let verdict = if self.is_held() { "held" } else { "**missed**" };
        write!(
            f,
            "| {} | {} | {}{note} | {verdict} | {} | {} |",
            self.gate,
            self.what,
            self.unit.show(self.value),
            show(&self.gates),
            show(&self.goals),
        )
    }
}
