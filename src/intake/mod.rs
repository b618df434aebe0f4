//! What sources send: how each proves itself, and how its payload reads as alerts. Pure; one file a source.

mod alertmanager;
pub mod auth;
mod json;

use crate::domain::alert::Alert;
use crate::domain::id::SourceName;
use crate::domain::source::SourceKind;

/// What a payload reads to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reading {
    /// The alerts that it holds.
    pub alerts: Vec<Alert>,
    /// The items of it that are no alerts, and why; the others are taken in all the same.
    pub rejected: Vec<Rejected>,
}

/// An item of a payload that was not taken in.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Rejected {
    /// Which item, from 0.
    pub index: usize,
    /// Why.
    pub reason: String,
}

/// Why a payload was not read at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is not JSON.
    #[error("the body is not JSON: {problem}; expected {expected}")]
    NotJson {
        /// What the reader said.
        problem: String,
        /// What was expected.
        expected: &'static str,
    },
    /// It is JSON of another shape.
    #[error("{problem}; expected {expected}")]
    OtherShape {
        /// What is missing or wrong.
        problem: String,
        /// What was expected.
        expected: &'static str,
    },
}

/// Reads a payload of a source. Any bytes at all give a reading or a reason.
pub fn read(kind: SourceKind, source: &SourceName, body: &[u8]) -> Result<Reading, Unreadable> {
    let mut reading = match kind {
        SourceKind::Alertmanager => alertmanager::read(source, body),
    }?;
    reading.alerts.iter_mut().for_each(without_nul);
    Ok(reading)
}

/// Takes the character out that PostgreSQL keeps in no text; every other is kept.
fn without_nul(alert: &mut Alert) {
    let clean = |text: &mut String| text.retain(|character| character != '\0');
    clean(&mut alert.fingerprint);
    clean(&mut alert.title);
    let maybe = [&mut alert.description, &mut alert.vendor_severity, &mut alert.service, &mut alert.group];
    maybe.into_iter().flatten().for_each(clean);
    alert.links.iter_mut().for_each(clean);
    if alert.labels.iter().any(|(name, value)| name.contains('\0') || value.contains('\0')) {
        let labels = std::mem::take(&mut alert.labels);
        alert.labels =
            labels.into_iter().map(|(name, value)| (name.replace('\0', ""), value.replace('\0', ""))).collect();
    }
}
