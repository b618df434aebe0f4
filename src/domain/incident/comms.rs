//! Status updates of an incident: drafted, edited, approved, rejected, published.

use crate::domain::actor::Duty;
use crate::domain::effect::{Effect, Question};
use crate::domain::id::{AudienceName, UpdateNumber};
use crate::domain::incident::deciding::Deciding;
use crate::domain::incident::{Phase, Refusal, lifecycle};
use crate::domain::timeline::Event;
use crate::domain::update::{Audience, Key, KeyRefusal, Sink, TEXT_LIMIT, Update, UpdateState};

/// Drafts one update for each audience; an open draft for the same audience gives way.
pub(super) fn draft(d: &mut Deciding<'_>, texts: &[(AudienceName, String)]) -> Result<(), Refusal> {
    if d.next.phase == Phase::Closed {
        return Err(Refusal::IsClosed);
    }
    for (audience, text) in texts {
        let text = checked(text)?;
        for earlier in d.next.updates.iter_mut().filter(|update| update.is_open() && &update.audience == audience) {
            earlier.state = UpdateState::Superseded;
        }
        let gone: Vec<UpdateNumber> = d
            .before
            .updates
            .iter()
            .filter(|update| update.is_open() && &update.audience == audience)
            .map(|update| update.number)
            .collect();
        for update in gone {
            d.effect(Effect::ShowDraft { update });
        }
        let number = UpdateNumber::after(d.next.updates.len());
        d.next.updates.push(Update {
            number,
            audience: audience.clone(),
            state: UpdateState::Draft,
            text,
            version: 1,
            author: None,
            keys: Vec::new(),
            reason: None,
            drafted_at: d.now,
            published_to: Vec::new(),
            doubtful_at: Vec::new(),
            published_at: None,
            again: 0,
        });
        d.record(Event::UpdateDrafted { update: number, audience: audience.clone() });
        if d.next.liaison.is_some() {
            d.effect(Effect::ShowDraft { update: number });
        }
    }
    if d.next.liaison.is_none() {
        d.ask(Event::LiaisonAsked, Question::NameLiaison);
    }
    Ok(())
}

pub(super) fn edit(d: &mut Deciding<'_>, number: UpdateNumber, version: u32, text: &str) -> Result<(), Refusal> {
    let text = checked(text)?;
    let author = d.actor.person().cloned();
    let update = open_at(d, number, version)?;
    if update.text == text {
        return Err(Refusal::TextUnchanged);
    }
    update.text = text;
    update.version += 1;
    update.author = author;
    update.reason = None;
    let (audience, version) = (update.audience.clone(), update.version);
    d.record(Event::UpdateEdited { update: number, audience, version });
    d.effect(Effect::ShowDraft { update: number });
    Ok(())
}

/// Gives the key of a gate. With the last one the text goes out.
pub(super) fn approve(d: &mut Deciding<'_>, number: UpdateNumber, version: u32) -> Result<(), Refusal> {
    open_at(d, number, version)?;
    let (update, audience) = with_audience(d, number)?;
    let facts = d.next.facts();
    let gate = update.gate_for(d.actor, d.next.liaison.as_ref(), audience, &d.organisation.gates, &facts);
    match gate {
        Ok(gate) => {
            let Some(person) = d.actor.person().cloned() else { return Err(Refusal::NoKey { duties: Vec::new() }) };
            let (name, gate) = (update.audience.clone(), gate.clone());
            let key = Key { gate: gate.clone(), person, at: d.now, digest: update.digest(&facts) };
            change(d, number, |update| update.keys.push(key));
            d.record(Event::KeyGiven { update: number, audience: name, gate });
        }
        // Every key holds again, because the facts are what they were: one of those who hold a key lets it go on.
        Err(KeyRefusal::NotYours { duties }) if duties.is_empty() && update.may_be_published(audience, &facts) => {
            let gates = audience.gates.iter().filter_map(|gate| d.organisation.gates.get(gate));
            let duties: Vec<Duty> = gates.map(|gate| gate.duty).collect();
            let is_liaison = d.next.liaison.is_some() && d.next.liaison.as_ref() == d.actor.person();
            if !is_liaison && !duties.iter().any(|duty| d.actor.has(*duty)) {
                return Err(Refusal::NoKey { duties });
            }
        }
        Err(KeyRefusal::NotYours { duties }) if duties.is_empty() => return Err(Refusal::KeyGivenAlready),
        Err(KeyRefusal::NotYours { duties }) => return Err(Refusal::NoKey { duties }),
        Err(KeyRefusal::OwnText { duties }) => return Err(Refusal::OwnText { duties }),
    }
    let (update, audience) = with_audience(d, number)?;
    if update.may_be_published(audience, &d.next.facts()) {
        let missing: Vec<Sink> =
            audience.sinks.iter().filter(|sink| !update.published_to.contains(sink)).cloned().collect();
        send_out(d, number, &missing, 0)?;
    }
    d.effect(Effect::ShowDraft { update: number });
    Ok(())
}

/// Has an approved text published at `sinks`. `more` counts a sending that a person asked for anew.
fn send_out(d: &mut Deciding<'_>, number: UpdateNumber, sinks: &[Sink], more: u32) -> Result<(), Refusal> {
    let update = find(d, number)?;
    let digest = update.digest(&d.next.facts());
    let again = update.again + more;
    change(d, number, |update| {
        update.state = UpdateState::Approved;
        update.reason = None;
        update.again = again;
    });
    for sink in sinks {
        d.effect(Effect::Publish { update: number, sink: sink.clone(), digest: digest.clone(), again });
    }
    Ok(())
}

pub(super) fn reject(d: &mut Deciding<'_>, number: UpdateNumber, reason: &str) -> Result<(), Refusal> {
    let reason = lifecycle::checked("the reason", reason)?;
    let update = find(d, number)?;
    if !update.is_open() {
        return Err(Refusal::update_is_over(update));
    }
    let audience = update.audience.clone();
    change(d, number, |update| {
        update.state = UpdateState::Rejected;
        update.reason = Some(reason.clone());
    });
    d.record(Event::UpdateRejected { update: number, audience, reason });
    d.effect(Effect::ShowDraft { update: number });
    Ok(())
}

/// The text stands at `sink`. When it stands at all of them it is published.
pub(super) fn published(d: &mut Deciding<'_>, number: UpdateNumber, sink: &Sink) {
    let Ok((update, audience)) = with_audience(d, number) else { return };
    if update.published_to.contains(sink) || !matches!(update.state, UpdateState::Approved | UpdateState::Doubtful) {
        return;
    }
    let (name, sinks, external) = (update.audience.clone(), audience.sinks.clone(), audience.external);
    let now = d.now;
    let mut complete = false;
    change(d, number, |update| {
        update.published_to.push(sink.clone());
        update.doubtful_at.retain(|doubtful| doubtful != sink);
        complete = sinks.iter().all(|sink| update.published_to.contains(sink));
        if complete {
            update.state = UpdateState::Published;
            update.published_at = Some(now);
            update.reason = None;
        }
    });
    d.record_own(Event::UpdatePublished { update: number, audience: name, sink: sink.clone() });
    if complete {
        d.effect(Effect::ShowDraft { update: number });
        if !external && d.next.phase.is_open() {
            lifecycle::set_next_update(d, None);
        }
    }
}

/// The facts changed between the approval and the sending: the keys were given for something else.
pub(super) fn publication_void(d: &mut Deciding<'_>, number: UpdateNumber) {
    let Ok(update) = find(d, number) else { return };
    if update.state != UpdateState::Approved {
        return;
    }
    let audience = update.audience.clone();
    let reason = "severity or phase changed after the approval".to_owned();
    change(d, number, |update| {
        update.state = UpdateState::Draft;
        update.reason = Some(reason.clone());
        // The same text sent under keys that hold again is another sending.
        update.again += 1;
    });
    d.record_own(Event::ApprovalVoid { update: number, audience, reason });
    d.effect(Effect::ShowDraft { update: number });
}

/// It may or may not stand at `sink`, or was refused there: nothing more is sent there until a person looked. The other
/// sinks are not held up by it.
pub(super) fn doubtful(d: &mut Deciding<'_>, number: UpdateNumber, sink: &Sink, trouble: &str) {
    let Ok(update) = find(d, number) else { return };
    if !matches!(update.state, UpdateState::Approved | UpdateState::Doubtful) || update.published_to.contains(sink) {
        return;
    }
    let audience = update.audience.clone();
    change(d, number, |update| {
        update.state = UpdateState::Doubtful;
        update.reason = Some(trouble.to_owned());
        update.doubtful_at.push(sink.clone());
    });
    d.record_own(Event::PublicationDoubtful { update: number, audience, trouble: trouble.to_owned() });
    d.effect(Effect::ShowDraft { update: number });
}

/// A person saw it standing there.
pub(super) fn confirm_published(d: &mut Deciding<'_>, number: UpdateNumber) -> Result<(), Refusal> {
    for sink in doubtful_sinks(d, number)? {
        published(d, number, &sink);
    }
    settle_doubt(d, number)
}

/// A person saw that it does not stand there: the same approved text goes out once more.
pub(super) fn publish_again(d: &mut Deciding<'_>, number: UpdateNumber) -> Result<(), Refusal> {
    let sinks = doubtful_sinks(d, number)?;
    let (update, audience) = with_audience(d, number)?;
    let holds = update.may_be_published(audience, &d.next.facts());
    change(d, number, |update| update.doubtful_at.clear());
    if holds {
        send_out(d, number, &sinks, 1)?;
        d.effect(Effect::ShowDraft { update: number });
    } else {
        change(d, number, |update| update.state = UpdateState::Approved);
        publication_void(d, number);
    }
    Ok(())
}

/// Nothing is in doubt any more: what does not stand everywhere yet is sent on, if its keys still hold.
fn settle_doubt(d: &mut Deciding<'_>, number: UpdateNumber) -> Result<(), Refusal> {
    let (update, audience) = with_audience(d, number)?;
    if update.state != UpdateState::Doubtful || !update.doubtful_at.is_empty() {
        return Ok(());
    }
    let missing: Vec<Sink> =
        audience.sinks.iter().filter(|sink| !update.published_to.contains(sink)).cloned().collect();
    let holds = update.may_be_published(audience, &d.next.facts());
    change(d, number, |update| update.state = UpdateState::Approved);
    if holds {
        // What is still under way is the same text at the same place: its message is found, and adopted.
        send_out(d, number, &missing, 0)?;
    } else {
        publication_void(d, number);
    }
    d.effect(Effect::ShowDraft { update: number });
    Ok(())
}

/// The sinks about which a person is asked.
fn doubtful_sinks(d: &Deciding<'_>, number: UpdateNumber) -> Result<Vec<Sink>, Refusal> {
    let update = find(d, number)?;
    if update.state != UpdateState::Doubtful {
        return Err(Refusal::update_is_over(update));
    }
    Ok(update.doubtful_at.clone())
}

fn find<'d>(d: &'d Deciding<'_>, number: UpdateNumber) -> Result<&'d Update, Refusal> {
    d.next.update(number).ok_or(Refusal::NoSuchUpdate { update: number })
}

fn with_audience<'d, 'o>(d: &'d Deciding<'o>, number: UpdateNumber) -> Result<(&'d Update, &'o Audience), Refusal> {
    let update = find(d, number)?;
    let audience = d.organisation.audiences.get(&update.audience).ok_or(Refusal::NoSuchUpdate { update: number })?;
    Ok((update, audience))
}

/// The draft, as long as it is one and its text is the one that was read.
fn open_at<'d>(d: &'d mut Deciding<'_>, number: UpdateNumber, version: u32) -> Result<&'d mut Update, Refusal> {
    let update = d
        .next
        .updates
        .iter_mut()
        .find(|update| update.number == number)
        .ok_or(Refusal::NoSuchUpdate { update: number })?;
    if !update.is_open() {
        return Err(Refusal::update_is_over(update));
    }
    if update.version != version {
        return Err(Refusal::TextChanged { author: update.author.clone() });
    }
    Ok(update)
}

fn change(d: &mut Deciding<'_>, number: UpdateNumber, change: impl FnOnce(&mut Update)) {
    if let Some(update) = d.next.updates.iter_mut().find(|update| update.number == number) {
        change(update);
    }
}

/// A text for publication is never cut: it fits, or it is refused here.
fn checked(text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Refusal::Empty { what: "the text" });
    }
    if TEXT_LIMIT < text.chars().count() {
        return Err(Refusal::TooLong { what: "the text", limit: TEXT_LIMIT });
    }
    Ok(text.to_owned())
}
