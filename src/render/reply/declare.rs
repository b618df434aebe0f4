//! What a declaration would do, shown before it is done.

use serde::Serialize;

use crate::domain::Timestamp;
use crate::domain::actor::Actor;
use crate::domain::id::IncidentId;
use crate::domain::incident::{Incident, Opening};
use crate::domain::organisation::Organisation;
use crate::domain::paging::Policy;
use crate::render::button::{DraftKey, Press};
use crate::render::card;
use crate::render::escape::Markup;
use crate::render::message::{Button, ButtonStyle, Embed, Message};
use crate::render::reply::{Row, Summary, row};
use crate::render::template::View;
use crate::render::{Renderer, look, names};

/// How many look-alikes a preview shows.
const LOOKALIKES: usize = 5;
/// How many steps of a policy a preview shows.
const STEPS: usize = 8;

#[derive(Serialize)]
struct Declare {
    severity: String,
    meaning: Markup,
    about: Markup,
    rota: Markup,
    steps: Vec<StepLine>,
    repeats: Option<String>,
    lookalikes: Vec<Row>,
}

impl View for Declare {
    const TEMPLATE: &'static str = "reply/declare";
}

#[derive(Serialize)]
struct StepLine {
    number: usize,
    when: String,
    people: Markup,
}

impl Renderer {
    /// What declaring `opening` at `now` would do, above all who would be paged and when, before anything is done.
    pub fn declare_preview(
        &self,
        opening: &Opening,
        lookalikes: &[Summary],
        key: &DraftKey,
        organisation: &Organisation,
        now: Timestamp,
    ) -> Message {
        // What would happen is asked of the one who decides it.
        let would_be = Incident::open(IncidentId(0), opening, &Actor::Firebell, organisation, now).next;
        let run = would_be.escalations.last();
        let view = Declare {
            severity: opening.severity.to_string(),
            meaning: Markup::line(&organisation.severity(opening.severity).meaning, card::REASON),
            about: card::about(&would_be, organisation),
            rota: Markup::line(would_be.rota.as_str(), 80),
            steps: run.map_or_else(Vec::new, |run| steps(&run.policy, organisation, now)),
            repeats: run.filter(|run| 0 < run.policy.repeat).map(|run| match run.policy.repeat {
                1 => "once more".to_owned(),
                times => format!("{times} times more"),
            }),
            lookalikes: lookalikes.iter().take(LOOKALIKES).map(|other| row(other, organisation)).collect(),
        };
        let embed = Embed {
            title: Some(format!("Declare “{}”?", Markup::line(&opening.title, card::TITLE))),
            description: Some(self.draw(&view)),
            color: look::severity_color(opening.severity),
            footer: Some("Nothing has been done yet".to_owned()),
            ..Embed::default()
        };
        let label = if view.steps.is_empty() { "Declare" } else { "Declare and page" };
        Message::embed(embed)
            .with_row(vec![Button::new(label, &Press::Declare { draft: key.clone() }, ButtonStyle::Danger)])
            .within_limits()
    }
}

/// The steps of a policy with who would be called and how long after the declaration. A step that reaches nobody is
/// passed over at once, as the one who decides does.
fn steps(policy: &Policy, organisation: &Organisation, now: Timestamp) -> Vec<StepLine> {
    let mut after = chrono::Duration::zero();
    let mut lines = Vec::new();
    for (index, step) in policy.steps.iter().enumerate().take(STEPS) {
        let at = now + after;
        let reaches = !organisation.people_behind(&step.targets, at).is_empty();
        lines.push(StepLine {
            number: index + 1,
            when: match (reaches, after.is_zero()) {
                (false, _) => "passed over".to_owned(),
                (true, true) => "at once".to_owned(),
                (true, false) => format!("after {}", names::duration(after)),
            },
            people: names::targets(&step.targets, organisation, at),
        });
        if reaches {
            after += step.wait();
        }
    }
    let more = policy.steps.len().saturating_sub(STEPS);
    if 0 < more {
        let people = Markup::built(names::count(more as u64, "more step"));
        lines.push(StepLine { number: STEPS + 1, when: "and so on".to_owned(), people });
    }
    lines
}
