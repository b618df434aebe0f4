//! Questions, put to the one who has to answer them.

use serde::Serialize;

use crate::domain::Timestamp;
use crate::domain::actor::{Author, Duty};
use crate::domain::effect::Question;
use crate::domain::incident::{Incident, Role};
use crate::domain::organisation::Organisation;
use crate::domain::timeline::{Entry, Event};
use crate::domain::update::Update;
use crate::render::button::Press;
use crate::render::card::REASON;
use crate::render::escape::Markup;
use crate::render::message::{Button, ButtonStyle, Message};
use crate::render::template::View;
use crate::render::{Renderer, names};

#[derive(Serialize)]
struct Resolve {
    to: Markup,
    id: String,
}

impl View for Resolve {
    const TEMPLATE: &'static str = "question/resolve";
}

#[derive(Serialize)]
struct Raise {
    to: Markup,
    id: String,
    severity: String,
    proposed: String,
    why: Option<Markup>,
    set_by: Markup,
}

impl View for Raise {
    const TEMPLATE: &'static str = "question/raise";
}

#[derive(Serialize)]
struct NameLiaison {
    to: Markup,
    id: String,
    drafts: Markup,
    may: Option<Markup>,
}

impl View for NameLiaison {
    const TEMPLATE: &'static str = "question/name_liaison";
}

#[derive(Serialize)]
struct UpdateDue {
    to: Markup,
    id: String,
    last: Markup,
    next: Option<Markup>,
}

impl View for UpdateDue {
    const TEMPLATE: &'static str = "question/update_due";
}

impl Renderer {
    /// The question, with its buttons, to whoever leads or else is on call at `now`.
    ///
    /// `entry` is the one that records the question; `last_report` is when the room was last told something.
    pub fn question(
        &self,
        question: &Question,
        incident: &Incident,
        entry: &Entry,
        last_report: Option<Timestamp>,
        organisation: &Organisation,
        now: Timestamp,
    ) -> Message {
        let person = incident.questioned(organisation, now);
        let to = match &person {
            Some(person) => names::person(person, organisation),
            None => Markup::built("*Nobody leads and nobody is on call, so this is for everyone here.*"),
        };
        let id = incident.id.to_string();
        let content = match question {
            Question::Resolve => self.draw(&Resolve { to, id }),
            Question::Raise { to: proposed } => self.draw(&Raise {
                to,
                id,
                severity: incident.severity.to_string(),
                proposed: proposed.to_string(),
                why: match &entry.event {
                    Event::SeverityProposed { reason, .. } => Some(Markup::line(reason, REASON)),
                    _ => None,
                },
                set_by: match &incident.severity_by {
                    Author::Person(person) => names::person(person, organisation),
                    Author::Source(source) => Markup::line(source.as_str(), 100),
                    Author::Firebell => Markup::built("Firebell"),
                },
            }),
            Question::NameLiaison => self.draw(&NameLiaison {
                to,
                id,
                drafts: waiting(incident),
                may: Some(organisation.people_with(Duty::Liaison))
                    .filter(|people| !people.is_empty())
                    .map(|_| names::holders(Duty::Liaison, organisation)),
            }),
            Question::UpdateDue => self.draw(&UpdateDue {
                to,
                id,
                last: names::relative(last_report.unwrap_or(incident.declared_at)),
                next: incident.next_update_due.map(names::relative),
            }),
        };
        let pings = person.and_then(|person| organisation.account_of(&person)).into_iter().collect();
        Message { content, pings, ..Message::default() }.with_row(buttons(question, incident)).within_limits()
    }
}

fn waiting(incident: &Incident) -> Markup {
    let open = incident.updates.iter().filter(|update| Update::is_open(update)).count();
    Markup::built(match open {
        1 => "1 draft waits".to_owned(),
        more => format!("{more} drafts wait"),
    })
}

fn buttons(question: &Question, of: &Incident) -> Vec<Button> {
    let incident = of.id;
    match question {
        Question::Resolve => vec![
            Button::new("Resolve", &Press::Resolve { incident }, ButtonStyle::Success),
            Button::new("Keep it open", &Press::KeepOpen { incident }, ButtonStyle::Secondary),
        ],
        Question::Raise { to } => vec![
            Button::new(&format!("Raise to {to}"), &Press::RaiseSeverity { incident, to: *to }, ButtonStyle::Danger),
            Button::new(
                &format!("Keep {}", of.severity),
                &Press::KeepSeverity { incident, proposed: *to },
                ButtonStyle::Secondary,
            ),
        ],
        Question::NameLiaison => {
            let take = Press::TakeRole { incident, role: Role::Liaison };
            vec![Button::new("I am the liaison", &take, ButtonStyle::Primary)]
        }
        Question::UpdateDue => vec![
            Button::new("Report", &Press::Report { incident }, ButtonStyle::Primary),
            Button::new("Draft update", &Press::DraftUpdates { incident }, ButtonStyle::Secondary),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::alert::Severity;
    use crate::render::limits::tests::assert_within_limits;
    use crate::render::sample;

    #[test]
    fn every_question() {
        let (renderer, mut organisation) = (sample::renderer(), sample::organisation());
        let proposed =
            sample::entry(Event::SeverityProposed { to: Severity::Sev1, reason: "rule “drift”".to_owned() });
        let mut pictures = String::new();
        for incident in [sample::full_incident(), sample::bare_incident()] {
            for question in
                [Question::Resolve, Question::Raise { to: Severity::Sev1 }, Question::NameLiaison, Question::UpdateDue]
            {
                let message = renderer.question(&question, &incident, &proposed, None, &organisation, sample::now());
                assert_within_limits(&message);
                pictures.push_str(&format!("=== {question:?}\n{}\n", sample::picture(&message)));
            }
            // The second time there is nobody to ask.
            organisation.rotas.clear();
        }
        insta::assert_snapshot!("questions", pictures);
    }
}
