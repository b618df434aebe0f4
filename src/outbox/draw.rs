//! From what the engine read to what is posted.

use crate::domain::Timestamp;
use crate::domain::effect::{Place, Question};
use crate::domain::incident::Incident;
use crate::domain::paging::{Escalation, Page};
use crate::domain::timeline::{Entry, Event};
use crate::domain::update::Update;
use crate::engine::CardSource;
use crate::outbox::Outbox;
use crate::render::card::{CardFacts, PublicUpdate, Undone};
use crate::render::message::Message;
use crate::render::{line, notice, room};

/// What a card shows beside the incident itself.
pub(super) fn facts(outbox: &Outbox, source: &CardSource) -> CardFacts {
    let address = |post: &crate::store::post::Post| outbox.link(post.channel, post.message);
    let links = source.alerts.iter().flat_map(|counted| counted.alert.links.clone());
    CardFacts {
        alerts: source.tally.alerts,
        firing: source.tally.firing,
        deliveries: source.tally.deliveries,
        latest: source.tally.latest,
        links: distinct(links),
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
    }
}

fn distinct(items: impl Iterator<Item = String>) -> Vec<String> {
    let mut distinct = Vec::new();
    for item in items {
        if !distinct.contains(&item) {
            distinct.push(item);
        }
    }
    distinct
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

pub(super) fn page_directly(outbox: &Outbox, source: &CardSource, page: &Page) -> Message {
    let setup = outbox.engine.setup();
    outbox.renderer.page_directly(&source.incident, page, &facts(outbox, source), &setup.organisation)
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
