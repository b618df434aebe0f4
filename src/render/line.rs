//! What the room hears of a decision: one message, one line for each entry.

use crate::domain::organisation::Organisation;
use crate::domain::timeline::{Entry, Event, Report};
use crate::render::escape::Markup;
use crate::render::look;
use crate::render::message::{Embed, Message};
use crate::render::names;
use crate::render::sentence::{Style, sentence_within};

/// What the lines of one message share, in characters; less than a message holds, for the signs between.
const ROOM: usize = 1800;
/// The least that a line has for one person's text, in characters.
const LEAST: usize = 60;
/// The most that one part of a report takes, in characters.
const REPORT_PART: usize = 1300;

/// The entries of one decision. A report is framed, so that it is found again when scrolling back.
pub fn lines(entries: &[Entry], organisation: &Organisation) -> Message {
    let each = (ROOM / entries.len().max(1)).saturating_sub(150).max(LEAST);
    let mut message = Message::default();
    let mut lines = Vec::new();
    for entry in entries {
        match &entry.event {
            Event::Reported { report } => {
                lines.push(format!("📋 {} reported:", author(entry, organisation)));
                message.embeds.push(framed(report));
            }
            event => {
                let sentence = sentence_within(entry, organisation, Style::Discord, each);
                lines.push(format!("{} {sentence}", sign(event)));
            }
        }
    }
    message.content = lines.join("\n");
    message.within_limits()
}

fn author(entry: &Entry, organisation: &Organisation) -> Markup {
    match &entry.author {
        crate::domain::actor::Author::Person(person) => names::person(person, organisation),
        crate::domain::actor::Author::Source(source) => Markup::line(source.as_str(), 100),
        crate::domain::actor::Author::Firebell => Markup::built("Firebell"),
    }
}

fn framed(report: &Report) -> Embed {
    let mut parts = vec![
        format!("**Conditions**\n{}", Markup::lines(&report.conditions, REPORT_PART)),
        format!("**Actions**\n{}", Markup::lines(&report.actions, REPORT_PART)),
    ];
    if let Some(needs) = &report.needs {
        parts.push(format!("**Needs**\n{}", Markup::lines(needs, REPORT_PART)));
    }
    if let Some(next) = report.next_at {
        parts.push(format!("**Next report** {}", names::relative(next)));
    }
    Embed { description: Some(parts.join("\n\n")), color: look::BLUE, ..Embed::default() }
}

/// The sign before an entry's line.
pub(super) const fn sign(event: &Event) -> &'static str {
    match event {
        Event::Opened { .. } => "🔔",
        Event::AlertsJoined { .. } => "➕",
        Event::AlertsFiredAgain { .. } => "🔥",
        Event::AlertsResolved { .. } => "📉",
        Event::Informed { .. } => "ℹ️",
        Event::SeverityChanged { .. } | Event::SeverityProposed { .. } => "🎚️",
        Event::PhaseChanged { .. } => "➡️",
        Event::RoleGiven { .. } => "👤",
        Event::Reported { .. } => "📋",
        Event::Noted { .. } => "📌",
        Event::Corrected { .. } => "✏️",
        Event::RoomOpened { .. } => "🚪",
        Event::Repaired { .. } => "🔧",
        Event::RoomMissing { .. } | Event::RoomGone { .. } | Event::Undone { .. } => "⚠️",
        Event::Paged { .. } => "📟",
        Event::NobodyOnCall { .. } => "🕳️",
        Event::PageDelivered { .. } => "📨",
        Event::PageUndelivered { .. } => "📪",
        Event::Acknowledged { .. } | Event::AcknowledgedAtSource { .. } => "✅",
        Event::Declined { .. } => "🙅",
        Event::NobodyAnswered { .. } => "🚨",
        Event::ResolveAsked | Event::LiaisonAsked => "❓",
        Event::Resolved { .. } => "🏁",
        Event::Closed { .. } => "🔒",
        Event::UpdateDrafted { .. } | Event::UpdateEdited { .. } => "📝",
        Event::KeyGiven { .. } => "🔑",
        Event::ApprovalVoid { .. } => "🔓",
        Event::UpdateRejected { .. } => "⛔",
        Event::UpdatePublished { .. } => "📣",
        Event::PublicationDoubtful { .. } => "❔",
        Event::UpdateDue => "⏰",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::timeline::Event;
    use crate::render::limits::tests::assert_within_limits;
    use crate::render::sample;

    #[test]
    fn lines_of_a_decision() {
        let entries = sample::every_event();
        let message = lines(&entries[5..17], &sample::organisation());
        assert_within_limits(&message);
        insta::assert_snapshot!("lines", sample::picture(&message));
    }

    #[test]
    fn many_long_notes_still_fit() {
        let note = || sample::entry(Event::Noted { text: "*_".repeat(900), quote: None });
        let entries: Vec<_> = std::iter::repeat_with(note).take(40).collect();
        assert_within_limits(&lines(&entries, &sample::organisation()));
        assert_within_limits(&lines(&[], &sample::organisation()));
    }
}
