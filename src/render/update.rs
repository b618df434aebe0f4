//! The first text of a status update, for those inside and those outside the house, by phase.

use serde::Serialize;

use crate::domain::Timestamp;
use crate::domain::alert::Category;
use crate::domain::incident::{Incident, Phase};
use crate::domain::organisation::Organisation;
use crate::domain::timeline::Report;
use crate::domain::update::{Audience, TEXT_LIMIT, Update};
use crate::render::card;
use crate::render::escape::Markup;
use crate::render::message::Message;
use crate::render::{Renderer, limits, look, names};

/// The most that a part of a report takes in a draft, in characters: three of them and the rest fit in one text.
const PART: usize = 420;

/// What people outside are told. It names no person, no system, no title that an alert wrote, and no time of repair.
#[derive(Serialize)]
struct External {
    effect: &'static str,
    past: &'static str,
    since: String,
    ended: String,
    next: Option<String>,
}

#[derive(Serialize)]
struct Internal {
    sign: &'static str,
    id: String,
    severity: String,
    title: Markup,
    about: Markup,
    since: Markup,
    ended: Markup,
    lead: Option<Markup>,
    conditions: Option<Markup>,
    actions: Option<Markup>,
    needs: Option<Markup>,
    next: Option<Markup>,
}

impl Renderer {
    /// A text to begin with, for `audience`, in the incident's phase. It is a draft: a person reads it before anyone
    /// else does.
    pub fn update_text(
        &self,
        audience: &Audience,
        incident: &Incident,
        last_report: Option<&Report>,
        organisation: &Organisation,
        now: Timestamp,
    ) -> String {
        let next = incident.next_update_due.filter(|due| now < *due);
        let text = if audience.external {
            let (effect, past) = effect(incident.category);
            let view = External {
                effect,
                past,
                since: names::utc(incident.declared_at),
                ended: names::utc(incident.phase_since),
                next: next.map(names::utc),
            };
            self.draw_as(external_template(incident.phase), &view)
        } else {
            let part = |text: &str| Markup::line(text, PART);
            let both = |at| Markup::built(format!("{} ({})", names::clock(at), names::relative(at)));
            let view = Internal {
                sign: look::sign(incident.severity, incident.phase),
                id: incident.id.to_string(),
                severity: incident.severity.to_string(),
                title: Markup::line(&incident.title, 150),
                about: card::about(incident, organisation),
                since: both(incident.declared_at),
                ended: both(incident.phase_since),
                lead: incident.lead.as_ref().map(|lead| names::person(lead, organisation)),
                conditions: last_report.map(|report| part(&report.conditions)),
                actions: last_report.map(|report| part(&report.actions)),
                needs: last_report.and_then(|report| report.needs.as_deref()).map(part),
                next: next.map(names::relative),
            };
            self.draw_as(internal_template(incident.phase), &view)
        };
        limits::cut(&text, TEXT_LIMIT)
    }
}

/// An approved text as it is published: exactly that, and it pings nobody.
pub fn publication(update: &Update) -> Message {
    Message::text(&update.text)
}

/// What people outside notice, as it is going on and as it was. No cause, no blame, and no more than is known.
const fn effect(category: Option<Category>) -> (&'static str, &'static str) {
    match category {
        Some(Category::ModelAnomaly) => (
            "Some automated results may be less accurate than usual.",
            "Some automated results may have been less accurate than usual.",
        ),
        Some(Category::Data) => ("Some data may be late or incomplete.", "Some data may have been late or incomplete."),
        Some(Category::Slowness) => {
            ("Some requests may take longer than usual.", "Some requests may have taken longer than usual.")
        }
        Some(Category::ServiceDisruption) => ("Some requests may fail.", "Some requests may have failed."),
        Some(Category::InfrastructureDown | Category::Provider) => {
            ("Parts of our service may not be available.", "Parts of our service may not have been available.")
        }
        Some(Category::Usage) => {
            ("Some requests may be limited or delayed.", "Some requests may have been limited or delayed.")
        }
        Some(Category::FlagChange) | None => {
            ("Parts of our service may not work as expected.", "Parts of our service may not have worked as expected.")
        }
    }
}

const fn external_template(phase: Phase) -> &'static str {
    match phase {
        Phase::Triage => "update/external/triage",
        Phase::Investigating => "update/external/investigating",
        Phase::Mitigating => "update/external/mitigating",
        Phase::Monitoring => "update/external/monitoring",
        Phase::Resolved | Phase::Closed => "update/external/resolved",
    }
}

const fn internal_template(phase: Phase) -> &'static str {
    match phase {
        Phase::Triage => "update/internal/triage",
        Phase::Investigating => "update/internal/investigating",
        Phase::Mitigating => "update/internal/mitigating",
        Phase::Monitoring => "update/internal/monitoring",
        Phase::Resolved | Phase::Closed => "update/internal/resolved",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;

    const PHASES: [Phase; 5] =
        [Phase::Triage, Phase::Investigating, Phase::Mitigating, Phase::Monitoring, Phase::Resolved];

    fn audience(external: bool) -> Audience {
        Audience { external, gates: vec![], sinks: vec![] }
    }

    fn texts(external: bool, full: bool) -> String {
        let report = sample::report();
        let mut texts = String::new();
        for phase in PHASES {
            let mut incident = if full { sample::full_incident() } else { sample::bare_incident() };
            incident.phase = phase;
            let text = sample::renderer().update_text(
                &audience(external),
                &incident,
                full.then_some(&report),
                &sample::organisation(),
                sample::now(),
            );
            texts.push_str(&format!("=== {phase}\n{text}\n"));
        }
        texts
    }

    #[test]
    fn texts_for_every_phase() {
        insta::assert_snapshot!("update_external_full", texts(true, true));
        insta::assert_snapshot!("update_external_empty", texts(true, false));
        insta::assert_snapshot!("update_internal_full", texts(false, true));
        insta::assert_snapshot!("update_internal_empty", texts(false, false));
    }

    #[test]
    fn what_goes_outside_says_nothing_of_the_inside() {
        for category in Category::ALL.iter().copied().map(Some).chain([None]) {
            for phase in PHASES {
                let mut incident = sample::full_incident();
                (incident.category, incident.phase) = (category, phase);
                let text = sample::renderer().update_text(
                    &audience(true),
                    &incident,
                    Some(&sample::report()),
                    &sample::organisation(),
                    sample::now(),
                );
                for inside in ["INC-", "SEV", "Fraud", "fraud", "Risk", "<@", "<t:", "Ana", "version", "lead"] {
                    assert!(!text.contains(inside), "{inside} in {text}");
                }
            }
        }
    }

    #[test]
    fn the_longest_report_fits_a_draft() {
        let long = || "*".repeat(1500);
        let report = Report { conditions: long(), actions: long(), needs: Some(long()), next_at: None };
        let mut incident = sample::full_incident();
        incident.title = "_".repeat(10_000);
        let text = sample::renderer().update_text(
            &audience(false),
            &incident,
            Some(&report),
            &sample::organisation(),
            sample::now(),
        );
        assert!(text.chars().count() <= TEXT_LIMIT);
        assert!(text.contains("Next update"), "the end is not cut off: {text}");
    }

    #[test]
    fn what_was_approved_is_published_as_it_is() {
        let (_, incident, number) = sample::drafts().swap_remove(0);
        let update = incident.update(number).expect("the update is there");
        assert_eq!(publication(update), Message::text(&update.text));
    }
}
