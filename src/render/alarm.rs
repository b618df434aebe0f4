//! The last resort: nobody answered, so everyone reads whom to call by hand.

use serde::Serialize;

use crate::domain::Timestamp;
use crate::domain::actor::Duty;
use crate::domain::effect::Place;
use crate::domain::id::PersonId;
use crate::domain::incident::Incident;
use crate::domain::organisation::Organisation;
use crate::domain::paging::Escalation;
use crate::render::button::Press;
use crate::render::card::capitalised;
use crate::render::escape::Markup;
use crate::render::message::{Button, ButtonStyle, Message};
use crate::render::template::View;
use crate::render::{Renderer, names};

/// How many people are listed; more would push the first off a phone's screen.
const PEOPLE_SHOWN: usize = 10;

#[derive(Serialize)]
struct Alarm {
    severity: String,
    id: String,
    title: Markup,
    calls: String,
    seeking: Markup,
    since: Markup,
    people: Vec<Call>,
    room: Option<Markup>,
    again: Option<Markup>,
    alarm: u32,
}

impl View for Alarm {
    const TEMPLATE: &'static str = "page/alarm";
}

#[derive(Serialize)]
struct Call {
    person: Markup,
    phone: Option<Markup>,
}

impl Renderer {
    /// The alarm for `place`, with the people to call and their numbers, as far as these are known.
    pub fn alarm(
        &self,
        place: Place,
        incident: &Incident,
        run: &Escalation,
        organisation: &Organisation,
        now: Timestamp,
    ) -> Message {
        let people = to_call(incident, run, place, organisation, now);
        let calls = incident.pages.iter().filter(|page| page.escalation == run.number).count();
        let view = Alarm {
            severity: incident.severity.to_string(),
            id: incident.id.to_string(),
            title: Markup::line(&incident.title, 200),
            calls: capitalised(&names::count(calls as u64, "call")),
            seeking: Markup::line(&run.seeking, 100),
            since: names::relative(run.started_at),
            people: people.iter().map(|person| call(person, organisation)).collect(),
            room: match place {
                Place::Room => None,
                Place::Announcements | Place::Operators => {
                    incident.room.as_ref().map(|room| names::channel(room.channel))
                }
            },
            again: run.next_at.map(names::relative),
            alarm: run.alarms,
        };
        let acknowledge = Press::Acknowledge { incident: incident.id, page: None };
        Message {
            content: self.draw(&view),
            pings: people.iter().filter_map(|person| organisation.account_of(person)).collect(),
            ..Message::default()
        }
        .with_row(vec![Button::new("Acknowledge", &acknowledge, ButtonStyle::Success)])
        .within_limits()
    }
}

/// Whom to call: those who were paged, those whom the policy names now, and, where the operators read it or nobody else
/// is left, the operators.
fn to_call(
    incident: &Incident,
    run: &Escalation,
    place: Place,
    organisation: &Organisation,
    now: Timestamp,
) -> Vec<PersonId> {
    let paged = incident.pages.iter().filter(|page| page.escalation == run.number).map(|page| page.person.clone());
    let named = run.policy.steps.iter().flat_map(|step| organisation.people_behind(&step.targets, now));
    let mut people: Vec<PersonId> = Vec::new();
    for person in paged.chain(named) {
        if !people.contains(&person) {
            people.push(person);
        }
    }
    if people.is_empty() || place == Place::Operators {
        let operators = organisation.people.iter().filter(|(_, person)| person.duties.contains(&Duty::Operator));
        for (operator, _) in operators {
            if !people.contains(operator) {
                people.push(operator.clone());
            }
        }
    }
    people.truncate(PEOPLE_SHOWN);
    people
}

fn call(person: &PersonId, organisation: &Organisation) -> Call {
    let phone = organisation.people.get(person).and_then(|listed| listed.phone.as_deref());
    Call {
        person: Markup::built(format!(
            "**{}** ({})",
            Markup::line(organisation.name_of(person), 80),
            names::person(person, organisation)
        )),
        phone: phone.map(|phone| Markup::line(phone, 60)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::limits::tests::assert_within_limits;
    use crate::render::sample;

    #[test]
    fn in_every_place() {
        let (renderer, organisation, incident) =
            (sample::renderer(), sample::organisation(), sample::unanswered_incident());
        let run = &incident.escalations[0];
        let mut pictures = String::new();
        for place in [Place::Room, Place::Announcements, Place::Operators] {
            let message = renderer.alarm(place, &incident, run, &organisation, sample::now());
            assert_within_limits(&message);
            pictures.push_str(&format!("=== {place:?}\n{}\n", sample::picture(&message)));
        }
        insta::assert_snapshot!("alarms", pictures);
    }

    #[test]
    fn when_there_is_nobody() {
        let (mut organisation, mut incident) = (sample::organisation(), sample::unanswered_incident());
        organisation.people.clear();
        organisation.rotas.clear();
        incident.pages.clear();
        let mut run = incident.escalations[0].clone();
        run.policy.steps.clear();
        run.next_at = None;
        let message = sample::renderer().alarm(Place::Room, &incident, &run, &organisation, sample::now());
        insta::assert_snapshot!("alarm_empty", sample::picture(&message));
    }
}
