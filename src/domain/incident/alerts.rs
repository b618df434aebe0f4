//! What alerts do to an incident that they belong to.

use crate::domain::actor::Author;
use crate::domain::alert::Severity;
use crate::domain::effect::Question;
use crate::domain::incident::command::{Fact, Joined, Joining, Refusal};
use crate::domain::incident::deciding::Deciding;
use crate::domain::incident::{lifecycle, paging};
use crate::domain::timeline::{Event, distinct_titles};

/// Alerts join, fire again, or get worse. What is over swallows none: they open an incident of their own.
pub(super) fn join(d: &mut Deciding<'_>, alerts: &[Joined]) -> Result<(), Refusal> {
    if !d.next.phase.is_open() {
        return Err(Refusal::IsResolved);
    }
    let of = |how: Joining| {
        let those: Vec<&Joined> = alerts.iter().filter(|alert| alert.how == how).collect();
        (distinct_titles(those.iter().map(|alert| &alert.title)), those.len() as u64)
    };
    let (titles, count) = of(Joining::New);
    if 0 < count {
        d.record(Event::AlertsJoined { titles, count });
    }
    let (titles, count) = of(Joining::Again);
    if 0 < count {
        d.record(Event::AlertsFiredAgain { titles, count });
    }
    if let Some(worst) = alerts.iter().max_by_key(|alert| alert.severity)
        && d.next.severity < worst.severity
    {
        raise(d, worst.severity, &worst.reason, worst.pages);
    }
    Ok(())
}

/// An alert would raise the severity: it does, unless a person set it.
fn raise(d: &mut Deciding<'_>, to: Severity, reason: &str, pages: bool) {
    if matches!(d.next.severity_by, Author::Person(_)) {
        let known = d.next.severity_proposed.is_some_and(|proposed| to <= proposed);
        if !known {
            d.next.severity_proposed = Some(to);
            d.ask(Event::SeverityProposed { to, reason: reason.to_owned() }, Question::Raise { to });
        }
        return;
    }
    let from = d.next.severity;
    lifecycle::change_severity(d, to, reason);
    if pages && d.organisation.severity(to).pages {
        paging::start_for_incident(d, format!("raised from {from} to {to}"));
    }
}

/// Alerts were resolved at their source. When none fires any more, the lead is asked.
pub(super) fn resolved(d: &mut Deciding<'_>, titles: &[String], count: u64, still_firing: u64) {
    d.record(Event::AlertsResolved { titles: distinct_titles(titles.iter()), count, still_firing });
    if still_firing == 0 && d.next.phase.is_open() {
        d.ask(Event::ResolveAsked, Question::Resolve);
    }
}

/// Alerts were taken on at their source. When none is left that nobody took, nobody else is called for them; whom a
/// person called by hand still is.
pub(super) fn acknowledged(d: &mut Deciding<'_>, titles: &[String], count: u64, unacknowledged: u64) {
    if !d.next.phase.is_open() {
        return;
    }
    d.record(Event::AcknowledgedAtSource { titles: distinct_titles(titles.iter()), count, unacknowledged });
    if unacknowledged == 0 {
        paging::answered_at_source(d);
    }
}

/// What may explain an incident that goes on is told in it.
pub(super) fn inform(d: &mut Deciding<'_>, facts: &[Fact]) {
    if !d.next.phase.is_open() {
        return;
    }
    for Fact { title, at } in facts {
        d.record_at(at.unwrap_or(d.now), Event::Informed { titles: vec![title.clone()], count: 1 });
    }
}
