//! The announcement of an incident: one message where all are announced, edited and never repeated.

use serde::Serialize;

use crate::domain::Timestamp;
use crate::domain::incident::Incident;
use crate::domain::organisation::Organisation;
use crate::domain::paging::EscalationState;
use crate::render::card::{self, CardFacts};
use crate::render::escape::Markup;
use crate::render::message::{Embed, Message};
use crate::render::template::View;
use crate::render::{Renderer, look, names};

#[derive(Serialize)]
struct Announcement {
    severity: String,
    phase: String,
    phase_since: Markup,
    alarm: bool,
    open: bool,
    lead: Option<Markup>,
    answered: Option<Markup>,
    about: Markup,
    alerts: Option<Markup>,
    room: Option<Markup>,
}

impl View for Announcement {
    const TEMPLATE: &'static str = "card/announcement";
}

impl Renderer {
    /// The announcement as it stands at `now`, with the way to the room.
    pub fn announcement(
        &self,
        incident: &Incident,
        facts: &CardFacts,
        organisation: &Organisation,
        now: Timestamp,
    ) -> Message {
        let answered = incident.escalations.iter().rev().find_map(|run| run.answered_by.as_ref());
        let view = Announcement {
            severity: incident.severity.to_string(),
            phase: card::capitalised(&incident.phase.to_string()),
            phase_since: names::relative(incident.phase_since),
            alarm: incident.escalations.iter().any(|run| run.state == EscalationState::Exhausted),
            open: incident.phase.is_open(),
            lead: incident.lead.as_ref().map(|lead| names::person(lead, organisation)),
            answered: answered
                .filter(|person| incident.lead.as_ref() != Some(*person))
                .map(|person| Markup::built(format!("{} acknowledged", names::person(person, organisation)))),
            about: card::about(incident, organisation),
            alerts: card::alerts(facts),
            room: incident.room.as_ref().map(|room| names::channel(room.channel)),
        };
        Message::embed(Embed {
            title: Some(format!("{} {}", look::sign(incident.severity, incident.phase), card::headline(incident))),
            description: Some(self.draw(&view)),
            color: look::color(incident),
            footer: Some(format!("{} · drawn", incident.id)),
            timestamp: Some(now),
            ..Embed::default()
        })
        .within_limits()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;

    #[test]
    fn full_and_empty() {
        let draw = |incident: &Incident, facts: &CardFacts| {
            sample::picture(&sample::renderer().announcement(incident, facts, &sample::organisation(), sample::now()))
        };
        insta::assert_snapshot!("announcement_full", draw(&sample::full_incident(), &sample::full_facts()));
        insta::assert_snapshot!("announcement_empty", draw(&sample::bare_incident(), &CardFacts::default()));
        insta::assert_snapshot!("announcement_unanswered", draw(&sample::unanswered_incident(), &CardFacts::default()));
        insta::assert_snapshot!("announcement_resolved", draw(&sample::resolved_incident(), &CardFacts::default()));
    }
}
