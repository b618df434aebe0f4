//! Who was called for an incident, what became of it, and who is next.

use serde::Serialize;

use crate::domain::id::PersonId;
use crate::domain::incident::Incident;
use crate::domain::organisation::Organisation;
use crate::domain::paging::{Escalation, EscalationState, Page, PageState};
use crate::render::card::capitalised;
use crate::render::escape::Markup;
use crate::render::{look, names};

/// How many people who were paged are shown.
const PAGES_SHOWN: usize = 6;

/// One person who was called.
#[derive(Serialize)]
pub(super) struct PageLine {
    sign: &'static str,
    person: Markup,
    state: Markup,
}

/// Says that nobody answered, while that is so.
pub(super) fn alarm(incident: &Incident) -> Option<Markup> {
    let exhausted = incident.escalations.iter().rfind(|run| run.state == EscalationState::Exhausted)?;
    let calls = incident.pages.iter().filter(|page| page.escalation == exhausted.number).count();
    Some(Markup::built(format!(
        "{} for {} since {}. Whoever has it: press *Acknowledge*.",
        capitalised(&names::count(calls as u64, "call")),
        Markup::line(&exhausted.seeking, 100),
        names::relative(exhausted.started_at)
    )))
}

/// Each person once, in the order in which they were first called, with what became of the last call; and how many
/// people are not shown.
pub(super) fn pages(incident: &Incident, organisation: &Organisation) -> (Vec<PageLine>, usize) {
    let mut people: Vec<&PersonId> = Vec::new();
    for page in &incident.pages {
        if !people.contains(&&page.person) {
            people.push(&page.person);
        }
    }
    let more = people.len().saturating_sub(PAGES_SHOWN);
    // The last to be called are those who matter.
    let lines = people.into_iter().skip(more).filter_map(|person| {
        let mut calls = incident.pages.iter().filter(|page| &page.person == person);
        let count = calls.clone().count();
        let last = calls.next_back()?;
        let state =
            if 1 < count { Markup::built(format!("{} (call {count})", page_state(last))) } else { page_state(last) };
        Some(PageLine { sign: look::page_sign(last.state), person: names::person(person, organisation), state })
    });
    (lines.collect(), more)
}

/// What became of a page, as it stands after a person's name.
fn page_state(page: &Page) -> Markup {
    let since = names::relative(page.changed_at);
    Markup::built(match page.state {
        PageState::Queued => format!("being called, since {since}"),
        PageState::Sent => format!("called {since}, no answer yet"),
        PageState::Undelivered => match &page.trouble {
            Some(trouble) => format!("paged here only, {}", Markup::line(trouble, 120)),
            None => "paged here only, no direct message got through".to_owned(),
        },
        PageState::Acknowledged => format!("acknowledged {since}"),
        PageState::Declined => format!("cannot, passed it on {since}"),
        PageState::Withdrawn => format!("withdrawn {since}"),
    })
}

/// What happens next if nobody answers; nothing when nobody is sought any more.
pub(super) fn next_step(run: &Escalation, organisation: &Organisation) -> Option<Markup> {
    let at = run.next_at?;
    let when = names::relative(at);
    let again = |step: usize| run.policy.steps.get(step).map(|step| names::targets(&step.targets, organisation, at));
    Some(Markup::built(match run.state {
        EscalationState::Running => match again(run.step + 1) {
            Some(who) => format!("Next {when}: {who}"),
            None if run.round < run.policy.repeat => match again(0) {
                Some(who) => format!("Next {when}: from the start, {who}"),
                None => return None,
            },
            None => format!("Next {when}: the alarm, everywhere, that nobody answered"),
        },
        EscalationState::Exhausted => format!("The alarm is raised again {when}"),
        EscalationState::Answered | EscalationState::Stopped => return None,
    }))
}
