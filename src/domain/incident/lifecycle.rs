//! An incident's course: opened, worked on, resolved, closed; and what people say on the way.

use chrono::Duration;

use crate::domain::Timestamp;
use crate::domain::actor::{Actor, Right};
use crate::domain::alert::Severity;
use crate::domain::effect::{Effect, Question};
use crate::domain::id::{EntryNumber, IncidentId, PersonId};
use crate::domain::incident::deciding::Deciding;
use crate::domain::incident::{CloseReason, Decision, Incident, Opening, Pace, Phase, Refusal, Role, Room, paging};
use crate::domain::organisation::Organisation;
use crate::domain::timeline::{Event, Quote, Report};

/// The longest note, reason or part of a report, in characters: what one message of the room can show.
pub const TEXT_LIMIT: usize = 1500;
/// How often the making of a room that was refused is tried again.
const ROOM_TRIED_EVERY: Duration = Duration::minutes(5);

/// The longest message that is kept in the timeline, in characters: the longest that Discord has. Whoever wants it kept
/// cannot shorten it; the room shows as much as fits, with the link.
const QUOTE_LIMIT: usize = 4000;

pub(super) fn open(
    id: IncidentId,
    opening: &Opening,
    actor: &Actor,
    organisation: &Organisation,
    now: Timestamp,
) -> Decision {
    let rota = opening.rota.clone().unwrap_or_else(|| organisation.team(&opening.team).rota.clone());
    let unborn = Incident {
        id,
        version: 0,
        title: opening.title.clone(),
        severity: opening.severity,
        severity_by: actor.as_author(),
        severity_reason: opening.severity_reason.clone(),
        severity_proposed: None,
        category: opening.category,
        phase: Phase::Triage,
        phase_since: now,
        team: opening.team.clone(),
        rota,
        service: opening.service.clone(),
        subjects: opening.subjects.clone(),
        lead: None,
        liaison: None,
        scribe: None,
        declared_by: actor.as_author(),
        declared_at: now,
        group: opening.group.clone(),
        follows: opening.follows,
        next_update_due: None,
        room: None,
        entries: 0,
        pace: Pace::new(now),
        escalations: Vec::new(),
        pages: Vec::new(),
        updates: Vec::new(),
    };
    let mut d = Deciding::new(&unborn, actor, organisation, now);
    d.record(Event::Opened {
        title: opening.title.clone(),
        severity: opening.severity,
        why: opening.why.clone(),
        follows: opening.follows,
    });
    d.effect(Effect::Announce);
    d.effect(Effect::OpenRoom { again: 0 });
    // Before the pages, so that whoever follows one finds the card at the top.
    d.effect(Effect::DrawCard);
    if !opening.also.is_empty() {
        let count = opening.also.len() as u64;
        let titles = opening.also.iter().take(3).cloned().collect();
        d.record(Event::AlertsJoined { titles, count });
    }
    set_next_update(&mut d, None);
    if opening.pages && organisation.severity(opening.severity).pages {
        paging::start_for_incident(&mut d, opening.why.clone());
    }
    d.finish()
}

/// A person changes the severity. What is raised pages again.
pub(super) fn set_severity(d: &mut Deciding<'_>, to: Severity, reason: &str) -> Result<(), Refusal> {
    not_closed(d)?;
    let reason = checked("the reason", reason)?;
    let from = d.next.severity;
    if from == to {
        return Err(Refusal::AlreadySeverity { severity: to });
    }
    change_severity(d, to, &reason);
    if from < to && d.next.phase.is_open() && d.organisation.severity(to).pages {
        paging::start_for_incident(d, format!("raised from {from} to {to}: {reason}"));
    }
    Ok(())
}

/// Sets the severity as the actor's.
pub(super) fn change_severity(d: &mut Deciding<'_>, to: Severity, reason: &str) {
    let from = d.next.severity;
    d.next.severity = to;
    d.next.severity_by = d.actor.as_author();
    reason.clone_into(&mut d.next.severity_reason);
    d.next.severity_proposed = d.next.severity_proposed.filter(|proposed| to < *proposed);
    d.record(Event::SeverityChanged { from, to, reason: reason.to_owned() });
    if let Some(every) = d.organisation.severity(to).update_every
        && d.next.phase.is_open()
        && d.next.next_update_due.is_none_or(|due| d.now + every < due)
    {
        set_next_update(d, Some(every));
    }
}

/// A person accepts what an alert proposed, as long as it is proposed.
pub(super) fn accept_severity(d: &mut Deciding<'_>, to: Severity) -> Result<(), Refusal> {
    still_proposed(d, to)?;
    set_severity(d, to, "as an alert proposed")
}

fn still_proposed(d: &Deciding<'_>, proposed: Severity) -> Result<(), Refusal> {
    if d.next.severity_proposed == Some(proposed) {
        return Ok(());
    }
    if d.next.severity == proposed {
        return Err(Refusal::AlreadySeverity { severity: proposed });
    }
    Err(Refusal::NothingProposed)
}

/// A person turns down what an alert proposed, as long as it is proposed.
pub(super) fn keep_severity(d: &mut Deciding<'_>, proposed: Severity) -> Result<(), Refusal> {
    still_proposed(d, proposed)?;
    d.next.severity_proposed = None;
    d.record(Event::Noted {
        text: format!("stays {}: the proposed {proposed} was turned down", d.next.severity),
        quote: None,
    });
    Ok(())
}

pub(super) fn set_phase(d: &mut Deciding<'_>, to: Phase, note: Option<&str>) -> Result<(), Refusal> {
    let note = note.map(|note| checked("the note", note)).transpose()?;
    let from = d.next.phase;
    match (from, to) {
        _ if from == to => return Err(Refusal::AlreadyInPhase { phase: to }),
        (_, Phase::Resolved) => return resolve(d, note.as_deref()),
        (_, Phase::Closed) => return close(d, CloseReason::Fixed, note.as_deref()),
        (Phase::Resolved | Phase::Closed, _) => {
            // Coming back is a decision that later readers will ask about.
            if note.is_none() {
                return Err(Refusal::ReopenNeedsNote);
            }
            // A later incident may have the group by now; two must not share it.
            d.next.group = None;
        }
        (Phase::Triage | Phase::Investigating | Phase::Mitigating | Phase::Monitoring, _) => (),
    }
    enter(d, to);
    d.record(Event::PhaseChanged { from, to, note });
    Ok(())
}

fn enter(d: &mut Deciding<'_>, phase: Phase) {
    let was_open = d.next.phase.is_open();
    d.next.phase = phase;
    d.next.phase_since = d.now;
    if !phase.is_open() {
        paging::stop_all(d);
        d.next.next_update_due = None;
        d.next.severity_proposed = None;
        let id = d.next.id;
        d.cancel(format!("{id}/remind/"));
    } else if !was_open {
        set_next_update(d, None);
    }
}

pub(super) fn assign(d: &mut Deciding<'_>, role: Role, person: &PersonId) -> Result<(), Refusal> {
    not_closed(d)?;
    if d.organisation.account_of(person).is_none() {
        return Err(Refusal::UnknownPerson { person: person.clone() });
    }
    // The liaison holds a key to the outside: that takes a duty of one's own, not only having been called.
    if role == Role::Liaison && !d.actor.may(Right::RunIncident) {
        return Err(Refusal::NotAllowed { right: Right::RunIncident });
    }
    let place = match role {
        Role::Lead => &mut d.next.lead,
        Role::Liaison => &mut d.next.liaison,
        Role::Scribe => &mut d.next.scribe,
    };
    if place.as_ref() == Some(person) {
        return Err(Refusal::AlreadyInRole { role, person: person.clone() });
    }
    let before = place.replace(person.clone());
    d.record(Event::RoleGiven { role, person: person.clone(), before });
    if role == Role::Liaison {
        let waiting: Vec<_> = d.next.updates.iter().filter(|update| update.is_open()).map(|u| u.number).collect();
        for update in waiting {
            d.effect(Effect::ShowDraft { update });
        }
    }
    Ok(())
}

pub(super) fn report(
    d: &mut Deciding<'_>,
    conditions: &str,
    actions: &str,
    needs: Option<&str>,
    next_in: Option<Duration>,
) -> Result<(), Refusal> {
    not_closed(d)?;
    let conditions = checked("conditions", conditions)?;
    let actions = checked("actions", actions)?;
    let needs = needs.filter(|needs| !needs.trim().is_empty()).map(|needs| checked("needs", needs)).transpose()?;
    if d.next.phase.is_open() {
        set_next_update(d, next_in);
    }
    let report = Report { conditions, actions, needs, next_at: d.next.next_update_due };
    d.record(Event::Reported { report });
    Ok(())
}

pub(super) fn note(
    d: &mut Deciding<'_>,
    text: &str,
    at: Option<Timestamp>,
    quote: Option<&Quote>,
) -> Result<(), Refusal> {
    let text = checked_within("the note", text, if quote.is_some() { QUOTE_LIMIT } else { TEXT_LIMIT })?;
    let at = at.unwrap_or(d.now);
    if d.now < at {
        return Err(Refusal::InTheFuture { at });
    }
    d.record_at(at, Event::Noted { text, quote: quote.cloned() });
    Ok(())
}

pub(super) fn correct(d: &mut Deciding<'_>, entry: EntryNumber, text: &str) -> Result<(), Refusal> {
    let text = checked("the correction", text)?;
    if entry.0 < 1 || d.before.entries < entry.0 {
        return Err(Refusal::NoSuchEntry { entry });
    }
    d.record(Event::Corrected { entry, text });
    Ok(())
}

pub(super) fn resolve(d: &mut Deciding<'_>, note: Option<&str>) -> Result<(), Refusal> {
    if !d.next.phase.is_open() {
        return Err(Refusal::AlreadyInPhase { phase: d.next.phase });
    }
    let note = note.filter(|note| !note.trim().is_empty()).map(|note| checked("the note", note)).transpose()?;
    enter(d, Phase::Resolved);
    d.record(Event::Resolved { note });
    Ok(())
}

pub(super) fn close(d: &mut Deciding<'_>, reason: CloseReason, note: Option<&str>) -> Result<(), Refusal> {
    match (d.next.phase, reason) {
        (Phase::Closed, _) => return Err(Refusal::AlreadyInPhase { phase: Phase::Closed }),
        (Phase::Resolved, _) => (),
        // What is fixed was resolved first, with the clocks that hang on it.
        (_, CloseReason::Fixed) => return Err(Refusal::NotResolved),
        (_, _) => (),
    }
    let note = note.filter(|note| !note.trim().is_empty()).map(|note| checked("the note", note)).transpose()?;
    enter(d, Phase::Closed);
    d.record(Event::Closed { reason, note });
    Ok(())
}

/// The time for an update came: whoever leads is reminded, and again a rhythm later.
pub(super) fn update_due(d: &mut Deciding<'_>, due: Timestamp) {
    if d.next.next_update_due != Some(due) || !d.next.phase.is_open() {
        return;
    }
    d.ask(Event::UpdateDue, Question::UpdateDue);
    set_next_update(d, None);
}

/// Sets when the next update is due: after `within`, else by the severity's rhythm.
pub(super) fn set_next_update(d: &mut Deciding<'_>, within: Option<Duration>) {
    let within = within.or(d.organisation.severity(d.next.severity).update_every);
    d.next.next_update_due = within.map(|within| d.now + within);
    if let Some(due) = d.next.next_update_due {
        d.effect_at(due, Effect::RemindUpdate { due });
    }
}

pub(super) fn room_opened(d: &mut Deciding<'_>, room: &Room) {
    if d.next.room.as_ref() == Some(room) {
        return;
    }
    d.next.room = Some(room.clone());
    d.record_own(Event::RoomOpened { room: room.kind, trouble: room.trouble.clone() });
    if let Some(trouble) = &room.trouble {
        let id = d.next.id;
        d.effect(Effect::TellOperators {
            text: format!("{id} works in a {} because its channel could not be made: {trouble}", room.kind),
        });
    }
}

/// No room could be made: the incident and its pages go on without, and it is tried again while the incident is open.
pub(super) fn room_refused(d: &mut Deciding<'_>, again: u32, trouble: &str) {
    if d.next.room.is_some() || !d.next.phase.is_open() {
        return;
    }
    if again == 0 {
        d.record_own(Event::RoomMissing { trouble: trouble.to_owned() });
        let id = d.next.id;
        d.effect(Effect::TellOperators { text: format!("{id} has no room, and goes on without one: {trouble}") });
    }
    let next = d.now + ROOM_TRIED_EVERY;
    d.effect_at(next, Effect::OpenRoom { again: again + 1 });
    d.effect_at(next, Effect::DrawCard);
}

pub(super) fn undone(d: &mut Deciding<'_>, what: &str, trouble: &str) {
    d.keep_quiet();
    d.record_own(Event::Undone { what: what.to_owned(), trouble: trouble.to_owned() });
    let id = d.next.id;
    d.effect(Effect::TellOperators { text: format!("{id}: {what} was given up: {trouble}") });
}

fn not_closed(d: &Deciding<'_>) -> Result<(), Refusal> {
    if d.next.phase == Phase::Closed { Err(Refusal::IsClosed) } else { Ok(()) }
}

/// A text that people typed: trimmed, neither empty nor longer than can be shown.
pub(super) fn checked(what: &'static str, text: &str) -> Result<String, Refusal> {
    checked_within(what, text, TEXT_LIMIT)
}

fn checked_within(what: &'static str, text: &str, limit: usize) -> Result<String, Refusal> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Refusal::Empty { what });
    }
    if limit < text.chars().count() {
        return Err(Refusal::TooLong { what, limit });
    }
    Ok(text.to_owned())
}
