//! From what the engine read to what is posted.

use crate::domain::Timestamp;
use crate::domain::effect::{Place, Question};
use crate::domain::incident::Incident;
use crate::domain::paging::{Escalation, Page};
use crate::domain::timeline::{Entry, Event};
use crate::domain::update::Update;
use crate::engine::{Alerts, CardSource, PageSource};
use crate::outbox::Outbox;
use crate::render::card::{CardFacts, PublicUpdate, Undone};
use crate::render::message::Message;
use crate::render::{line, notice, room};

/// What a card shows beside the incident itself.
pub(super) fn facts(outbox: &Outbox, source: &CardSource) -> CardFacts {
    let address = |post: &crate::store::post::Post| outbox.link(post.channel, post.message);
    CardFacts {
        announcement: source.announcement.as_ref().map(address),
        public_updates: source
            .publications
            .iter()
            .map(|(number, post)| PublicUpdate { update: *number, link: address(post) })
            .collect(),
        undone: source
            .undone
            .iter()
            .filter_map(|entry| match &entry.event {
                Event::Undone { what, trouble } => Some(Undone { what: what.clone(), trouble: trouble.clone() }),
                _ => None,
            })
            .collect(),
        ..of_alerts(&source.alerts)
    }
}

/// What is shown of an incident's alerts.
fn of_alerts(alerts: &Alerts) -> CardFacts {
    let Alerts { tally, links } = alerts;
    CardFacts {
        alerts: tally.alerts,
        firing: tally.firing,
        deliveries: tally.deliveries,
        latest: tally.latest,
        links: links.clone(),
        ..CardFacts::default()
    }
}

pub(super) fn announcement(outbox: &Outbox, source: &CardSource) -> Message {
    let setup = outbox.engine.setup();
    let facts = facts(outbox, source);
    outbox.renderer.announcement(&source.incident, &facts, &setup.organisation, outbox.clock.now())
}

pub(super) fn card(outbox: &Outbox, source: &CardSource) -> Message {
    let setup = outbox.engine.setup();
    let facts = facts(outbox, source);
    outbox.renderer.incident_card(&source.incident, &facts, &setup.organisation, outbox.clock.now())
}

pub(super) fn lines(outbox: &Outbox, entries: &[Entry]) -> Message {
    line::lines(entries, &outbox.engine.setup().organisation)
}

pub(super) fn question(
    outbox: &Outbox,
    incident: &Incident,
    entry: &Entry,
    question: &Question,
    last_report: Option<Timestamp>,
) -> Message {
    let setup = outbox.engine.setup();
    outbox.renderer.question(question, incident, entry, last_report, &setup.organisation, outbox.clock.now())
}

pub(super) fn page_directly(outbox: &Outbox, source: &PageSource, page: &Page) -> Message {
    let setup = outbox.engine.setup();
    let facts = of_alerts(&source.alerts);
    outbox.renderer.page_directly(&source.incident, page, &facts, &setup.organisation)
}

pub(super) fn page_in_room(outbox: &Outbox, incident: &Incident, page: &Page) -> Message {
    outbox.renderer.page_in_room(incident, page, &outbox.engine.setup().organisation)
}

pub(super) fn alarm(outbox: &Outbox, incident: &Incident, escalation: &Escalation, place: Place) -> Message {
    let setup = outbox.engine.setup();
    outbox.renderer.alarm(place, incident, escalation, &setup.organisation, outbox.clock.now())
}

pub(super) fn draft(outbox: &Outbox, incident: &Incident, draft: &Update) -> Message {
    let setup = outbox.engine.setup();
    outbox.renderer.draft(incident, draft, &setup.organisation, outbox.clock.now())
}

pub(super) fn to_operators(text: &str) -> Message {
    notice::to_operators(text)
}

pub(super) fn room_name(incident: &Incident) -> String {
    room::name(incident)
}

pub(super) fn room_topic(incident: &Incident, mark: &str) -> String {
    room::topic(incident, mark)
}
