//! A page, at the person and in the room, drawn from its state: once answered it says by whom and has no buttons.

use serde::Serialize;

use crate::domain::id::PersonId;
use crate::domain::incident::Incident;
use crate::domain::organisation::Organisation;
use crate::domain::paging::{Escalation, EscalationState, Page, PageState};
use crate::render::button::Press;
use crate::render::card::{self, CardFacts};
use crate::render::escape::Markup;
use crate::render::message::{Button, ButtonStyle, Embed, Message};
use crate::render::template::View;
use crate::render::{Renderer, called, look, names};

/// The longest title in the line that a phone shows, in characters.
const TITLE: usize = 150;

#[derive(Serialize)]
struct Direct {
    outcome: Option<Markup>,
    reason: Markup,
    about: Markup,
    alerts: Option<Markup>,
    links: Vec<Markup>,
    room: Option<Markup>,
    next: Option<Markup>,
}

impl View for Direct {
    const TEMPLATE: &'static str = "page/direct";
}

#[derive(Serialize)]
struct InRoom {
    outcome: Option<Markup>,
    sign: &'static str,
    person: Markup,
    severity: String,
    title: Markup,
    trouble: Option<Markup>,
    number: i64,
    reason: Markup,
    next: Option<Markup>,
}

impl View for InRoom {
    const TEMPLATE: &'static str = "page/room";
}

impl Renderer {
    /// The direct message. Its first line says it all: it is what a locked phone shows.
    pub fn page_directly(
        &self,
        incident: &Incident,
        page: &Page,
        facts: &CardFacts,
        organisation: &Organisation,
    ) -> Message {
        let run = incident.escalation(page.escalation);
        let title = Markup::line(&incident.title, TITLE);
        let outcome = outcome(incident, page, run, organisation);
        let first_line = match &outcome {
            None => format!("📟 **{} · {title}** ({}) needs you", incident.severity, incident.id),
            Some(outcome) => {
                format!("{} {} · {title}: {}", look::page_sign(page.state), incident.id, outcome.to_them)
            }
        };
        let view = Direct {
            reason: reason(run, page),
            about: card::about(incident, organisation),
            alerts: card::alerts(facts),
            links: card::links(&facts.links),
            room: incident.room.as_ref().map(|room| names::channel(room.channel)),
            next: next(run, page, organisation),
            outcome: outcome.as_ref().map(|outcome| Markup::built(outcome.note)),
        };
        let embed = Embed {
            description: Some(self.draw(&view)),
            color: if page.is_open() { look::severity_color(incident.severity) } else { look::GREY },
            ..Embed::default()
        };
        Message { content: first_line, ..Message::embed(embed) }.with_row(buttons(incident, page)).within_limits()
    }

    /// The mention in the room.
    pub fn page_in_room(&self, incident: &Incident, page: &Page, organisation: &Organisation) -> Message {
        let run = incident.escalation(page.escalation);
        let outcome = outcome(incident, page, run, organisation);
        let view = InRoom {
            sign: look::page_sign(page.state),
            person: names::person(&page.person, organisation),
            severity: incident.severity.to_string(),
            title: Markup::line(&incident.title, TITLE),
            trouble: (page.state == PageState::Undelivered)
                .then(|| Markup::line(page.trouble.as_deref().unwrap_or("it was refused"), card::REASON)),
            number: page.number.0,
            reason: reason(run, page),
            next: next(run, page, organisation),
            outcome: outcome.map(|outcome| outcome.to_all),
        };
        let pings =
            if page.is_open() { organisation.account_of(&page.person).into_iter().collect() } else { Vec::new() };
        Message { content: self.draw(&view), pings, ..Message::default() }
            .with_row(buttons(incident, page))
            .within_limits()
    }
}

/// What became of a page that is over.
struct Outcome {
    /// To the one who was called, after the title.
    to_them: String,
    /// To the room, after the person's name.
    to_all: Markup,
    /// What the one who was called may want to know besides.
    note: &'static str,
}

fn outcome(incident: &Incident, page: &Page, run: Option<&Escalation>, organisation: &Organisation) -> Option<Outcome> {
    let when = names::relative(page.changed_at);
    Some(match page.state {
        PageState::Queued | PageState::Sent | PageState::Undelivered => return None,
        PageState::Acknowledged => Outcome {
            to_them: format!("you have it, since {when}"),
            to_all: Markup::built(format!("acknowledged {when}")),
            note: "Everyone can see that you have it. Go on in the room.",
        },
        PageState::Declined => Outcome {
            to_them: format!("you passed it on {when}"),
            to_all: Markup::built(format!("passed it on {when}")),
            note: "Nothing more is asked of you: others are being called.",
        },
        PageState::Withdrawn => {
            let why = withdrawn_because(incident, run, organisation);
            Outcome {
                to_them: format!("withdrawn {when}, {why}"),
                to_all: Markup::built(format!("withdrawn {when}, {why}")),
                note: "Nothing more is asked of you.",
            }
        }
    })
}

fn withdrawn_because(incident: &Incident, run: Option<&Escalation>, organisation: &Organisation) -> String {
    let has_it = |person: &PersonId| format!("{} has it", names::person(person, organisation));
    match run.and_then(|run| run.answered_by.as_ref()) {
        Some(person) => has_it(person),
        None if run.is_some_and(|run| run.state == EscalationState::Answered) => {
            "somebody has it at its source".to_owned()
        }
        None if !incident.phase.is_open() => format!("the incident is {}", incident.phase),
        None => "a newer page took its place".to_owned(),
    }
}

/// For whom somebody is sought, at which step, and why.
fn reason(run: Option<&Escalation>, page: &Page) -> Markup {
    run.map_or_else(Markup::default, |run| {
        let (seeking, reason) = (Markup::line(&run.seeking, 100), Markup::line(&run.reason, card::REASON));
        let round = if page.round == 0 { String::new() } else { format!(", round {}", page.round + 1) };
        Markup::built(format!("step {}{round} for {seeking}: {reason}", page.step + 1))
    })
}

/// What follows if this page is not answered.
fn next(run: Option<&Escalation>, page: &Page, organisation: &Organisation) -> Option<Markup> {
    let run = run.filter(|run| page.is_open() && run.state == EscalationState::Running)?;
    called::next_step(run, organisation)
}

fn buttons(incident: &Incident, page: &Page) -> Vec<Button> {
    if !page.is_open() {
        return Vec::new();
    }
    let (incident, page) = (incident.id, page.number);
    vec![
        Button::new("Acknowledge", &Press::Acknowledge { incident, page: Some(page) }, ButtonStyle::Success),
        Button::new("I can't", &Press::Decline { incident, page }, ButtonStyle::Secondary),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::limits::tests::assert_within_limits;
    use crate::render::sample;

    #[test]
    fn in_every_state() {
        let (renderer, organisation) = (sample::renderer(), sample::organisation());
        let mut pictures = String::new();
        for (name, incident, page) in sample::pages() {
            let page = incident.page(page).expect("the page is there");
            for message in [
                renderer.page_directly(&incident, page, &sample::full_facts(), &organisation),
                renderer.page_in_room(&incident, page, &organisation),
            ] {
                assert_within_limits(&message);
                assert_eq!(message.rows.is_empty(), !page.is_open());
                pictures.push_str(&format!("=== {name}\n{}\n", sample::picture(&message)));
            }
        }
        insta::assert_snapshot!("pages", pictures);
    }

    #[test]
    fn a_page_says_what_it_can_with_nothing_known() {
        let incident = sample::paged_incident();
        let page = &incident.pages[0];
        let message = sample::renderer().page_directly(&incident, page, &CardFacts::default(), &sample::organisation());
        insta::assert_snapshot!("page_empty", sample::picture(&message));
    }
}
