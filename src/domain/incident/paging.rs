//! Who is called for an incident, in which order, until somebody answers.

use crate::domain::actor::Right;
use crate::domain::alert::Severity;
use crate::domain::effect::{Effect, Place};
use crate::domain::id::{EscalationNumber, PageNumber, PersonId};
use crate::domain::incident::Refusal;
use crate::domain::incident::deciding::Deciding;
use crate::domain::organisation::Organisation;
use crate::domain::paging::{Escalation, EscalationState, Page, PageState, Policy, Step, Target};
use crate::domain::timeline::Event;

/// How long somebody who was paged by hand has before it is called out that nobody answered, in seconds.
const HAND_WAIT_SECONDS: i64 = 5 * 60;

/// The policy by which a rota is paged: its team's, or, for a rota that is no team's, the rota itself, twice.
pub(super) fn policy_for(rota: &crate::domain::id::RotaName, organisation: &Organisation) -> Policy {
    organisation
        .teams
        .values()
        .find(|team| &team.rota == rota)
        .and_then(|team| organisation.policies.get(&team.policy))
        .cloned()
        .unwrap_or_else(|| Policy {
            steps: vec![Step { targets: vec![Target::Rota(rota.clone())], wait_seconds: HAND_WAIT_SECONDS }],
            repeat: 1,
        })
}

/// Who would be called first, and then, if an incident were opened for `rota` now.
pub fn forecast(
    rota: &crate::domain::id::RotaName,
    severity: Severity,
    organisation: &Organisation,
    now: crate::domain::Timestamp,
) -> Vec<Vec<PersonId>> {
    if !organisation.severity(severity).pages {
        return Vec::new();
    }
    policy_for(rota, organisation).steps.iter().map(|step| organisation.people_behind(&step.targets, now)).collect()
}

/// Pages the incident's rota from the first step on. A run for the same that is under way is replaced by this one.
pub(super) fn start_for_incident(d: &mut Deciding<'_>, reason: String) {
    let rota = d.next.rota.clone();
    let policy = policy_for(&rota, d.organisation);
    start(d, rota.to_string(), reason, policy, true);
}

/// Somebody pages by hand.
pub(super) fn by_hand(d: &mut Deciding<'_>, target: &Target, message: Option<&str>) -> Result<(), Refusal> {
    if !d.next.phase.is_open() {
        return Err(Refusal::IsResolved);
    }
    let (seeking, policy) = match target {
        Target::Rota(rota) => {
            if !d.organisation.rotas.contains_key(rota) {
                return Err(Refusal::NobodyOnCall { seeking: rota.to_string() });
            }
            (rota.to_string(), policy_for(rota, d.organisation))
        }
        Target::Person(person) => {
            if d.organisation.account_of(person).is_none() {
                return Err(Refusal::UnknownPerson { person: person.clone() });
            }
            let step = Step { targets: vec![target.clone()], wait_seconds: HAND_WAIT_SECONDS };
            (d.organisation.name_of(person).to_owned(), Policy { steps: vec![step], repeat: 0 })
        }
    };
    let who = d.actor.person().map_or("Firebell", |person| d.organisation.name_of(person));
    let reason = match message {
        Some(message) => format!("{who}: {message}"),
        None => format!("{who} asks for you"),
    };
    let vouched = d.next.permits(d.actor, Right::RunIncident);
    start(d, seeking, reason, policy, vouched);
    Ok(())
}

fn start(d: &mut Deciding<'_>, seeking: String, reason: String, policy: Policy, vouched: bool) {
    let under_way: Vec<EscalationNumber> = d
        .next
        .escalations
        .iter()
        .filter(|escalation| escalation.is_open() && escalation.seeking == seeking)
        .map(|escalation| escalation.number)
        .collect();
    for number in under_way {
        end(d, number, EscalationState::Stopped, None);
    }
    let number = EscalationNumber::after(d.next.escalations.len());
    d.next.escalations.push(Escalation {
        number,
        seeking,
        reason,
        vouched,
        policy,
        step: 0,
        round: 0,
        state: EscalationState::Running,
        started_at: d.now,
        next_at: None,
        alarms: 0,
        answered_by: None,
    });
    take_step(d, number, 0, 0);
}

/// Takes `step` of `round`, or the first after it that reaches anybody, or the last resort.
fn take_step(d: &mut Deciding<'_>, number: EscalationNumber, step: usize, round: u32) {
    let Some(escalation) = d.next.escalation(number) else { return };
    let policy = escalation.policy.clone();
    let seeking = escalation.seeking.clone();
    let reason = escalation.reason.clone();
    let (mut step, mut round) = (step, round);
    loop {
        if policy.steps.len() <= step {
            if policy.repeat <= round {
                return raise_alarm(d, number);
            }
            (step, round) = (0, round + 1);
        }
        let current = &policy.steps[step];
        let people = d.organisation.people_behind(&current.targets, d.now);
        if people.is_empty() {
            // Nobody there: waiting out the step would only cost time.
            d.record_own(Event::NobodyOnCall { seeking: seeking.clone(), step });
            step += 1;
            continue;
        }
        for person in people {
            call(d, number, step, round, person, &reason);
        }
        let next_at = d.now + current.wait();
        set(d, number, |escalation| {
            escalation.step = step;
            escalation.round = round;
            escalation.next_at = Some(next_at);
        });
        d.effect_at(next_at, Effect::Escalate { escalation: number, step, round, alarms: 0 });
        return;
    }
}

fn call(d: &mut Deciding<'_>, escalation: EscalationNumber, step: usize, round: u32, person: PersonId, reason: &str) {
    let page = PageNumber::after(d.next.pages.len());
    d.next.pages.push(Page {
        number: page,
        escalation,
        step,
        round,
        person: person.clone(),
        state: PageState::Queued,
        decided_at: d.now,
        changed_at: d.now,
        trouble: None,
    });
    d.record_own(Event::Paged { page, person, step, round, reason: reason.to_owned() });
    d.effect(Effect::PageDirectly { page });
    d.effect(Effect::PageInRoom { page, lost: None });
}

/// Nobody answered: says so wherever somebody may read it, now and again until somebody does.
fn raise_alarm(d: &mut Deciding<'_>, number: EscalationNumber) {
    let Some(escalation) = d.next.escalation(number) else { return };
    let (step, round, alarm) = (escalation.step, escalation.round, escalation.alarms + 1);
    let seeking = escalation.seeking.clone();
    let next_at = d.now + d.organisation.last_resort_every;
    set(d, number, |escalation| {
        escalation.state = EscalationState::Exhausted;
        escalation.alarms = alarm;
        escalation.next_at = Some(next_at);
    });
    d.record_own(Event::NobodyAnswered { seeking, alarm });
    for place in [Place::Room, Place::Announcements, Place::Operators] {
        d.effect(Effect::RaiseAlarm { escalation: number, alarm, place });
    }
    d.effect_at(next_at, Effect::Escalate { escalation: number, step, round, alarms: alarm });
}

/// A timer of an escalation went off. One that was set for another step does nothing.
pub(super) fn due(d: &mut Deciding<'_>, number: EscalationNumber, step: usize, round: u32, alarms: u32) {
    let Some(escalation) = d.next.escalation(number) else { return };
    if (escalation.step, escalation.round, escalation.alarms) != (step, round, alarms) {
        return;
    }
    match escalation.state {
        EscalationState::Running => take_step(d, number, step + 1, round),
        EscalationState::Exhausted => raise_alarm(d, number),
        EscalationState::Answered | EscalationState::Stopped => (),
    }
}

/// Somebody takes a page, or, where none is named, whatever is open: first their own.
pub(super) fn acknowledge(d: &mut Deciding<'_>, page: Option<PageNumber>) -> Result<(), Refusal> {
    let Some(person) = d.actor.person().cloned() else { return Err(Refusal::NothingToAcknowledge) };
    let escalations: Vec<EscalationNumber> = match page {
        Some(number) => {
            let page = d.next.page(number).ok_or(Refusal::NoSuchPage { page: number })?;
            let escalation = d.next.escalation(page.escalation).ok_or(Refusal::NoSuchPage { page: number })?;
            if !escalation.is_open() {
                let by = escalation.answered_by.clone();
                return Err(Refusal::PageIsOver { state: page.state, by, at: page.changed_at });
            }
            vec![escalation.number]
        }
        None => {
            let open = || d.next.escalations.iter().filter(|escalation| escalation.is_open());
            let own: Vec<EscalationNumber> = open()
                .filter(|escalation| {
                    d.next
                        .pages
                        .iter()
                        .any(|page| page.escalation == escalation.number && page.person == person && page.is_open())
                })
                .map(|escalation| escalation.number)
                .collect();
            if own.is_empty() { open().map(|escalation| escalation.number).collect() } else { own }
        }
    };
    if escalations.is_empty() {
        return Err(Refusal::NothingToAcknowledge);
    }
    for number in escalations {
        end(d, number, EscalationState::Answered, Some(&person));
    }
    d.record(Event::Acknowledged { page, person });
    Ok(())
}

/// Somebody has it at the source: the run for the incident's own rota ends.
pub(super) fn answered_at_source(d: &mut Deciding<'_>) {
    let rota = d.next.rota.as_str();
    let own: Vec<EscalationNumber> = d
        .next
        .escalations
        .iter()
        .filter(|escalation| escalation.is_open() && escalation.seeking == rota)
        .map(|escalation| escalation.number)
        .collect();
    for number in own {
        end(d, number, EscalationState::Answered, None);
    }
}

/// The one who was called cannot: the next step is taken at once, unless others of this step may still answer.
pub(super) fn decline(d: &mut Deciding<'_>, number: PageNumber) -> Result<(), Refusal> {
    let page = d.next.page(number).cloned().ok_or(Refusal::NoSuchPage { page: number })?;
    if d.actor.person() != Some(&page.person) {
        return Err(Refusal::NotYourPage { person: page.person });
    }
    let escalation = d.next.escalation(page.escalation).ok_or(Refusal::NoSuchPage { page: number })?;
    if !page.is_open() || !escalation.is_open() {
        let by = escalation.answered_by.clone();
        return Err(Refusal::PageIsOver { state: page.state, by, at: page.changed_at });
    }
    let (state, step, round) = (escalation.state, escalation.step, escalation.round);
    settle_page(d, number, PageState::Declined);
    d.record(Event::Declined { page: number, person: page.person });
    let others = d.next.pages.iter().any(|other| {
        other.escalation == page.escalation && (other.step, other.round) == (step, round) && other.is_open()
    });
    if state == EscalationState::Running && (page.step, page.round) == (step, round) && !others {
        take_step(d, page.escalation, step + 1, round);
    }
    Ok(())
}

/// The direct message reached the person.
pub(super) fn delivered(d: &mut Deciding<'_>, number: PageNumber) {
    let Some(page) = d.next.page(number).cloned() else { return };
    match page.state {
        PageState::Queued => {
            set_page(d, number, PageState::Sent, None);
            d.record_own(Event::PageDelivered { page: number, person: page.person });
        }
        // It was on its way while somebody answered: it must show that.
        PageState::Acknowledged | PageState::Declined | PageState::Withdrawn => {
            d.effect(Effect::ClosePage { page: number });
        }
        PageState::Sent | PageState::Undelivered => (),
    }
}

/// The direct message was refused; the mention in the room is what is left, and the room is told.
pub(super) fn undelivered(d: &mut Deciding<'_>, number: PageNumber, trouble: &str) {
    let Some(page) = d.next.page(number).cloned() else { return };
    if page.state == PageState::Queued {
        set_page(d, number, PageState::Undelivered, Some(trouble.to_owned()));
        d.record_own(Event::PageUndelivered { page: number, person: page.person, trouble: trouble.to_owned() });
    }
}

/// Ends everything that is under way, because the incident did.
pub(super) fn stop_all(d: &mut Deciding<'_>) {
    let open: Vec<EscalationNumber> = d
        .next
        .escalations
        .iter()
        .filter(|escalation| escalation.is_open())
        .map(|escalation| escalation.number)
        .collect();
    for number in open {
        end(d, number, EscalationState::Stopped, None);
    }
}

/// Ends an escalation: nothing of it that is not delivered yet will be.
fn end(d: &mut Deciding<'_>, number: EscalationNumber, state: EscalationState, by: Option<&PersonId>) {
    set(d, number, |escalation| {
        escalation.state = state;
        escalation.next_at = None;
        escalation.answered_by = by.cloned();
    });
    let id = d.next.id;
    d.cancel(format!("{id}/escalation/{number}/"));
    d.cancel(format!("{id}/alarm/{number}/"));
    let open: Vec<(PageNumber, bool)> = d
        .next
        .pages
        .iter()
        .filter(|page| page.escalation == number && page.is_open())
        .map(|page| (page.number, Some(&page.person) == by))
        .collect();
    for (page, is_theirs) in open {
        settle_page(d, page, if is_theirs { PageState::Acknowledged } else { PageState::Withdrawn });
    }
}

/// Ends a page: what is not delivered is not, what is delivered shows what became of it.
fn settle_page(d: &mut Deciding<'_>, number: PageNumber, state: PageState) {
    set_page(d, number, state, None);
    let id = d.next.id;
    d.cancel(format!("{id}/page/{number}/"));
    d.effect(Effect::ClosePage { page: number });
}

fn set(d: &mut Deciding<'_>, number: EscalationNumber, change: impl FnOnce(&mut Escalation)) {
    if let Some(escalation) = d.next.escalations.iter_mut().find(|escalation| escalation.number == number) {
        change(escalation);
    }
}

fn set_page(d: &mut Deciding<'_>, number: PageNumber, state: PageState, trouble: Option<String>) {
    let now = d.now;
    if let Some(page) = d.next.pages.iter_mut().find(|page| page.number == number) {
        page.state = state;
        page.changed_at = now;
        page.trouble = trouble.or(page.trouble.take());
    }
}
