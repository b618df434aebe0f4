//! Every refusal, for the person who is refused: what cannot be done, why, and what to do instead.

use crate::domain::Timestamp;
use crate::domain::actor::{Duty, Right};
use crate::domain::id::PersonId;
use crate::domain::incident::{Incident, Refusal};
use crate::domain::organisation::Organisation;
use crate::domain::paging::PageState;
use crate::domain::update::UpdateState;
use crate::render::escape::Markup;
use crate::render::names;

/// The longest name that a refusal repeats, in characters.
const NAME_LIMIT: usize = 100;

/// Words `refusal` for a chat. `incident` is the one that the command was about, as it stands.
pub fn refusal(refusal: &Refusal, incident: &Incident, organisation: &Organisation) -> String {
    let id = incident.id;
    match refusal {
        Refusal::NotAllowed { right } => not_allowed(*right, incident, organisation),
        Refusal::NoKey { duties } if duties.is_empty() => {
            "You hold none of the keys that this text still needs.".to_owned()
        }
        Refusal::NoKey { duties } => {
            format!(
                "You hold none of the keys that this text still needs. Missing: {}.",
                holders(duties, incident, organisation)
            )
        }
        Refusal::OwnText { duties } => format!(
            "You wrote this text and it goes outside, so somebody else must look at it too: {}.",
            // The incident's own liaison is who wrote it.
            names::in_words(&duties.iter().map(|duty| names::holders(*duty, organisation).into()).collect::<Vec<_>>())
        ),
        Refusal::AlreadyInPhase { phase } => {
            format!("{id} is in phase *{phase}* already, since {}.", names::relative(incident.phase_since))
        }
        Refusal::IsClosed => {
            format!("{id} is closed. Reopen it first: `/incident phase`, with a note that says why.")
        }
        Refusal::IsResolved => format!(
            "{id} is {}, so nobody is paged for it any more. Reopen it with `/incident phase` and a note, \
             or declare a new one with `/incident declare`.",
            incident.phase
        ),
        Refusal::NotResolved => format!(
            "{id} is not resolved, so it cannot be closed as fixed. Resolve it first: `/incident resolve`. \
             Or close it for another reason."
        ),
        Refusal::ReopenNeedsNote => {
            format!("{id} is {}. To reopen it, add a note that says why: others will ask.", incident.phase)
        }
        Refusal::AlreadySeverity { severity } => format!("{id} is already {severity}."),
        Refusal::NothingProposed => {
            format!("No other severity is proposed any more: {id} is {}.", incident.severity)
        }
        Refusal::AlreadyInRole { role, person } => {
            format!("{} is already the {role} of {id}.", names::person(person, organisation))
        }
        Refusal::UnknownPerson { person } => format!(
            "“{}” has no Discord account here. Name a member of this server, or have an operator list the person.",
            Markup::line(organisation.name_of(person), NAME_LIMIT)
        ),
        Refusal::NobodyOnCall { seeking } => {
            let rotas: Vec<String> = organisation.rotas.keys().map(|rota| rota.to_string()).collect();
            format!(
                "There is no rota “{}” that could be paged. There are: {}. `/oncall now` shows who is on call; \
                 a person can be paged by name.",
                Markup::line(seeking, NAME_LIMIT),
                Markup::line(&rotas.join(", "), 600)
            )
        }
        Refusal::Empty { what } => format!("Nothing was kept: {what} is empty. Write at least a word."),
        Refusal::TooLong { what, limit } => {
            format!("Nothing was kept: {what} is longer than {limit} characters. Shorten it and send it again.")
        }
        Refusal::InTheFuture { at } => format!(
            "{} lies in the future. The timeline keeps what happened: give a time that has passed.",
            names::day_and_clock(*at)
        ),
        Refusal::NoSuchEntry { entry } => format!(
            "The timeline of {id} has no entry {entry}; it has {}. `/incident timeline list` shows them.",
            incident.entries
        ),
        Refusal::NoSuchPage { page } => format!("{id} has no page {page}. Its card shows who was paged."),
        Refusal::NoSuchUpdate { update } => format!("{id} has no update {update}. `/comms draft` makes one."),
        Refusal::NothingToAcknowledge => nothing_to_acknowledge(incident, organisation),
        Refusal::PageIsOver { state, by, at } => page_is_over(*state, by.as_ref(), *at, organisation),
        Refusal::NotYourPage { person } => format!(
            "This page is for {}, who alone can pass it on. If you have it, press **Acknowledge**.",
            names::person(person, organisation)
        ),
        Refusal::UpdateIsOver { state, approved } => update_is_over(*state, approved.as_ref(), organisation),
        Refusal::TextChanged { author } => {
            let by = author
                .as_ref()
                .map_or_else(String::new, |author| format!(" by {}", names::person(author, organisation)));
            format!("The text was changed{by} since you read it. Its card shows the new one: read that, then decide.")
        }
        Refusal::TextUnchanged => "The text is as it was, so nothing was kept.".to_owned(),
        Refusal::KeyGivenAlready => {
            "Every key that this text needs was given already: there is nothing left for you to approve.".to_owned()
        }
    }
}

fn not_allowed(right: Right, incident: &Incident, organisation: &Organisation) -> String {
    let mut who: Vec<String> = right.duties().iter().map(|duty| names::holders(*duty, organisation).into()).collect();
    match right {
        Right::RaiseAlarm => (),
        Right::RunIncident => who.push("whoever has a role in it or was paged for it".to_owned()),
        Right::WriteUpdate => who.extend(
            incident.liaison.as_ref().map(|liaison| format!("its liaison {}", names::person(liaison, organisation))),
        ),
    }
    format!("You may not {} here. Who may: {}. To call for help, anyone may use `/page`.", right.act(), who.join(", "))
}

fn holders(duties: &[Duty], incident: &Incident, organisation: &Organisation) -> String {
    let words: Vec<String> = duties
        .iter()
        .map(|duty| match (&incident.liaison, duty) {
            (Some(liaison), Duty::Liaison) => format!("liaison ({})", names::person(liaison, organisation)),
            (_, duty) => names::holders(*duty, organisation).into(),
        })
        .collect();
    words.join(", ")
}

fn nothing_to_acknowledge(incident: &Incident, organisation: &Organisation) -> String {
    let answered = incident.pages.iter().rev().find(|page| page.state == PageState::Acknowledged);
    match answered {
        Some(page) => format!(
            "No page is open for {}: {} acknowledged {}.",
            incident.id,
            names::person(&page.person, organisation),
            names::relative(page.changed_at)
        ),
        None => format!("No page is open for {}: there is nothing to acknowledge.", incident.id),
    }
}

fn page_is_over(state: PageState, by: Option<&PersonId>, at: Timestamp, organisation: &Organisation) -> String {
    let when = names::relative(at);
    match (by, state) {
        (Some(by), _) => format!("Already acknowledged by {}, {when}.", names::person(by, organisation)),
        (None, PageState::Declined) => format!("This page was passed on, {when}; the next in line was called."),
        (None, PageState::Acknowledged) => format!("Already acknowledged, {when}."),
        (None, PageState::Queued | PageState::Sent | PageState::Undelivered | PageState::Withdrawn) => {
            format!("This page was withdrawn {when}: the incident ended, or a newer page took its place.")
        }
    }
}

fn update_is_over(state: UpdateState, approved: Option<&(PersonId, Timestamp)>, organisation: &Organisation) -> String {
    let by = approved.map_or_else(String::new, |(person, at)| {
        format!(" by {}, {}", names::person(person, organisation), names::relative(*at))
    });
    match state {
        UpdateState::Draft => "The update is still a draft.",
        UpdateState::Approved => {
            return format!("Already approved{by}: the update is on its way out and cannot be changed any more.");
        }
        UpdateState::Published => {
            return format!("Already approved{by}, and published. To correct it, draft another: `/comms draft`.");
        }
        UpdateState::Doubtful => {
            "It is not known whether the update went out. Look where it should stand, then use the buttons on its card."
        }
        UpdateState::Rejected => "The update was rejected. Draft another: `/comms draft`.",
        UpdateState::Superseded => "A later draft took this one's place: use that one's card.",
    }
    .to_owned()
}

/// Says that an incident which a person named is not there.
pub fn no_such_incident(text: &str) -> String {
    format!("There is no incident “{}”. `/incident list` shows those that are open.", Markup::line(text, NAME_LIMIT))
}

/// Says that a command needs an incident and that this channel is none's room.
pub fn which_incident(open: &[&Incident]) -> String {
    let list: Vec<String> = open
        .iter()
        .take(10)
        .map(|incident| format!("`{}` {}", incident.id, Markup::line(&incident.title, NAME_LIMIT)))
        .collect();
    match list.as_slice() {
        [] => "No incident is open. `/incident declare` opens one.".to_owned(),
        _ => format!("Which incident? Use the command in its room, or name it:\n{}", list.join("\n")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;

    #[test]
    fn every_refusal_is_worded() {
        let organisation = sample::organisation();
        let incident = sample::full_incident();
        let table: String = sample::every_refusal()
            .iter()
            .map(|one| format!("{one:?}\n  = {}\n", refusal(one, &incident, &organisation)))
            .collect();
        insta::assert_snapshot!("refusals", table);
    }

    #[test]
    fn what_is_missing_is_named() {
        insta::assert_snapshot!(
            "refusals_without_incident",
            [no_such_incident("INC-9 @everyone"), which_incident(&[]), which_incident(&[&sample::full_incident()]),]
                .join("\n")
        );
    }
}
