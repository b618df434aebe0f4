//! Colours and signs: what tells a card's state before a word is read.

use crate::domain::alert::Severity;
use crate::domain::incident::{Incident, Phase};
use crate::domain::paging::PageState;

/// What is over.
pub(super) const GREY: u32 = 0x98_A2_B3;
/// What only informs.
pub(super) const BLUE: u32 = 0x2E_90_FA;
/// What waits for somebody.
pub(super) const AMBER: u32 = 0xF7_90_09;
/// What nobody answered.
pub(super) const RED: u32 = 0xD9_2D_20;
/// What is done.
pub(super) const GREEN: u32 = 0x17_B2_6A;

/// The colour of an incident: its severity while it is going on, grey afterwards.
pub(super) const fn color(incident: &Incident) -> u32 {
    if incident.phase.is_open() { severity_color(incident.severity) } else { GREY }
}

pub(super) const fn severity_color(severity: Severity) -> u32 {
    match severity {
        Severity::Sev1 => RED,
        Severity::Sev2 => AMBER,
        Severity::Sev3 => 0xFA_CC_15,
        Severity::Sev4 => BLUE,
    }
}

/// The sign of an incident, for lists.
pub(super) const fn sign(severity: Severity, phase: Phase) -> &'static str {
    match phase {
        Phase::Resolved => "✅",
        Phase::Closed => "⚪",
        Phase::Triage | Phase::Investigating | Phase::Mitigating | Phase::Monitoring => match severity {
            Severity::Sev1 => "🔴",
            Severity::Sev2 => "🟠",
            Severity::Sev3 => "🟡",
            Severity::Sev4 => "🔵",
        },
    }
}

/// The sign of a page.
pub(super) const fn page_sign(state: PageState) -> &'static str {
    match state {
        PageState::Queued => "⏳",
        PageState::Sent => "📨",
        PageState::Undelivered => "📪",
        PageState::Acknowledged => "✅",
        PageState::Declined => "🙅",
        PageState::Withdrawn => "▫️",
    }
}
