//! Writes what was decided: state, timeline and jobs, in the transaction that is given.

use crate::domain::Timestamp;
use crate::domain::effect::{Effect, Performer};
use crate::domain::id::IncidentId;
use crate::domain::incident::{Decision, Incident, Scheduled};
use crate::domain::timeline::Entry;
use crate::engine::desk::Reservation;
use crate::engine::{Alerts, Engine, PageSource, give_way};
use crate::store::job::{NewJob, SharedJob};
use crate::store::{StoreError, Tx};

impl Engine {
    /// Writes what a decision made of `before`, unless another was committed first: then the transaction
    /// [is overtaken](StoreError::is_overtaken).
    pub(super) async fn keep(
        &self,
        tx: &mut Tx,
        before: &Incident,
        decision: &Decision,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if decision.is_nothing() {
            return Ok(());
        }
        tx.save_incident(before, &decision.next).await?;
        self.keep_what_follows(tx, std::slice::from_ref(decision), &[], now).await
    }

    /// Writes incidents that were opened, however many, in a few statements. `alerts` are those of each.
    pub(super) async fn keep_opened(
        &self,
        tx: &mut Tx,
        opened: &[Decision],
        alerts: &[&Alerts],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let incidents: Vec<&Incident> = opened.iter().map(|decision| &decision.next).collect();
        tx.add_incidents(&incidents).await?;
        self.keep_what_follows(tx, opened, alerts, now).await
    }

    /// Writes what decisions about different incidents say and ask for. `alerts` are all that each incident has, where
    /// that is known.
    async fn keep_what_follows(
        &self,
        tx: &mut Tx,
        decisions: &[Decision],
        alerts: &[&Alerts],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        tx.add_to_timelines(entries_of(decisions)).await?;
        for decision in decisions {
            for prefix in &decision.cancels {
                tx.cancel_jobs(prefix, now).await?;
            }
            for (slot, message) in &decision.forgets {
                tx.forget_post(slot, *message).await?;
            }
        }
        let (mut queued, mut handed, mut together) = (Vec::new(), Vec::new(), Vec::new());
        for (number, decision) in decisions.iter().enumerate() {
            give_way(number + 1).await;
            for scheduled in &decision.effects {
                let job = new_job(decision, scheduled);
                if decision.anew {
                    tx.renew_job(Some(job.incident), &job.dedup_key, job.effect, job.due, now).await?;
                    continue;
                }
                if scheduled.together {
                    together.push((decision, job));
                    continue;
                }
                let is_page = scheduled.effect.performer() == Performer::Page && scheduled.due <= now;
                match is_page.then(|| self.desk.reserve()).flatten() {
                    Some(slot) => handed.push((slot, number, job)),
                    None => queued.push(job),
                }
            }
        }
        queue_together(tx, together, now);
        hand_over(tx, handed, decisions, alerts, now).await?;
        tx.add_jobs(&queued, now).await
    }
}

/// Gives jobs to the worker that has a slot for each, as soon as they are kept. Each comes with the number of its decision.
async fn hand_over(
    tx: &mut Tx,
    handed: Vec<(Reservation, usize, NewJob<'_>)>,
    decisions: &[Decision],
    alerts: &[&Alerts],
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some((first, ..)) = handed.first() else { return Ok(()) };
    let seat = first.seat.clone();
    let (mut jobs, mut waiting) = (Vec::new(), Vec::new());
    for (slot, number, job) in handed {
        // What was answered in the batch that opens the incident is looked up: nobody is called for it.
        let shown = alerts
            .get(number)
            .filter(|alerts| 0 < alerts.tally.unacknowledged)
            .map(|alerts| PageSource { incident: decisions[number].next.clone(), alerts: (*alerts).clone() });
        waiting.push((slot.expect(job.effect.clone(), shown), job.dedup_key.clone()));
        jobs.push(job);
    }
    tx.add_claimed_jobs(&jobs, &seat.claim(), now, move |claimed| {
        for (expected, key) in waiting {
            if let Some(job) = claimed.iter().find(|job| job.dedup_key == key) {
                expected.hand(job.clone());
            }
        }
    })
    .await
}

/// Queues what is said together with others, or has what waits say it too. Where that is being said right now, the decision
/// speaks for itself.
fn queue_together(tx: &mut Tx, jobs: Vec<(&Decision, NewJob<'_>)>, now: Timestamp) {
    let alone: Vec<Effect> = jobs.iter().map(|(decision, job)| decision.alone(job.effect)).collect();
    let jobs: Vec<SharedJob<'_>> = jobs
        .into_iter()
        .zip(&alone)
        .map(|((decision, shared), effect)| {
            let dedup_key = effect.dedup_key(shared.incident, &decision.next.version.to_string());
            SharedJob { alone: NewJob { incident: shared.incident, dedup_key, effect, due: now }, shared }
        })
        .collect();
    tx.add_or_widen_jobs(&jobs, now);
}

fn entries_of(decisions: &[Decision]) -> Vec<(IncidentId, &Entry)> {
    decisions.iter().flat_map(|decision| decision.entries.iter().map(|entry| (decision.next.id, entry))).collect()
}

fn new_job<'a>(decision: &Decision, scheduled: &'a Scheduled) -> NewJob<'a> {
    let next = &decision.next;
    NewJob {
        incident: next.id,
        dedup_key: scheduled.dedup_key(next.id, next.version),
        effect: &scheduled.effect,
        due: scheduled.due,
    }
}
