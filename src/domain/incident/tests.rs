//! The incident machine: single decisions by example, and what must hold after any course of events.

use std::collections::BTreeSet;

use chrono::Duration;
use proptest::prelude::*;

use crate::domain::Timestamp;
use crate::domain::actor::Actor;
use crate::domain::alert::Severity;
use crate::domain::effect::{Effect, Question};
use crate::domain::id::{EscalationNumber, IncidentId, PageNumber, Snowflake, UpdateNumber};
use crate::domain::incident::{
    Cause, CloseReason, Command, Decision, Incident, Joined, Joining, Lack, Phase, Refusal, Role, Room, Scheduled,
};
use crate::domain::organisation::Organisation;
use crate::domain::paging::{EscalationState, PageState, Target};
use crate::domain::sample::{at, opening, organisation, person};
use crate::domain::timeline::Event;
use crate::domain::update::{Sink, UpdateState};

/// An incident with everything that was decided on it.
struct Course {
    organisation: Organisation,
    incident: Incident,
    now: Timestamp,
    decisions: Vec<Decision>,
}

impl Course {
    fn begin() -> Self {
        let organisation = organisation();
        let source = Actor::Source("prometheus".into());
        let decision = Incident::open(IncidentId(1), &opening(), &source, &organisation, at(0));
        Self { organisation, incident: decision.next.clone(), now: at(0), decisions: vec![decision] }
    }

    fn give(&mut self, command: &Command, actor: &Actor) -> Result<&Decision, Refusal> {
        let decision = self.incident.decide(command, actor, &self.organisation, self.now)?;
        self.incident = decision.next.clone();
        self.decisions.push(decision);
        Ok(self.decisions.last().unwrap())
    }

    fn pass(&mut self, minutes: i64) {
        self.now += Duration::minutes(minutes);
    }

    /// Gives the timers that are due, as the outbox would.
    fn ring(&mut self) {
        let due: Vec<Command> = self
            .incident
            .escalations
            .iter()
            .filter(|escalation| escalation.next_at.is_some_and(|at| at <= self.now))
            .map(|escalation| Command::EscalationDue {
                escalation: escalation.number,
                step: escalation.step,
                round: escalation.round,
                alarms: escalation.alarms,
            })
            .collect();
        for command in due {
            self.give(&command, &Actor::Firebell).unwrap();
        }
    }

    fn last(&self) -> &Decision {
        self.decisions.last().unwrap()
    }

    fn effects(&self) -> Vec<&Effect> {
        self.last().effects.iter().map(|scheduled| &scheduled.effect).collect()
    }

    fn paged(&self) -> Vec<(&str, PageState)> {
        self.incident.pages.iter().map(|page| (page.person.as_str(), page.state)).collect()
    }

    fn draft_and_name_liaison(&mut self) {
        let texts = vec![("internal".into(), "to us".to_owned()), ("external".into(), "to them".to_owned())];
        self.give(&Command::Draft { texts }, &person("dana")).unwrap();
        self.give(&Command::Assign { role: Role::Liaison, person: "liam".into() }, &person("dana")).unwrap();
    }
}

#[test]
fn an_opened_incident_is_announced_gets_a_room_and_pages_who_is_on_call() {
    let course = Course::begin();
    assert_eq!(course.paged(), [("ana", PageState::Queued)]);
    let effects = course.effects();
    assert_eq!(effects[..2], [&Effect::Announce, &Effect::OpenRoom { again: 0, lost: None }]);
    assert!(effects.contains(&&Effect::PageDirectly { page: PageNumber(1) }));
    assert!(effects.contains(&&Effect::PageInRoom { page: PageNumber(1), lost: None }));
    assert!(effects.contains(&&Effect::DrawCard));
}

#[test]
fn an_unanswered_page_goes_on_through_all_steps_and_rounds_to_the_last_resort_and_again() {
    let mut course = Course::begin();
    for expected in [2, 3, 4] {
        course.pass(5);
        course.ring();
        assert_eq!(course.incident.pages.len(), expected);
    }
    assert_eq!(course.incident.escalations[0].state, EscalationState::Running);
    course.pass(5);
    course.ring();
    assert_eq!(course.incident.escalations[0].state, EscalationState::Exhausted);
    assert_eq!(course.effects().iter().filter(|effect| matches!(effect, Effect::RaiseAlarm { .. })).count(), 3);
    course.pass(10);
    course.ring();
    assert_eq!(course.incident.escalations[0].alarms, 2);
    course.give(&Command::Acknowledge { page: None }, &person("dana")).unwrap();
    course.pass(10);
    course.ring();
    assert_eq!(course.incident.escalations[0].alarms, 2);
}

#[test]
fn a_step_with_nobody_on_call_is_passed_at_once() {
    let mut course = Course::begin();
    course.organisation.rotas.remove(&"first".into());
    let command = Command::SetSeverity { to: Severity::Sev1, reason: "worse".into() };
    course.give(&command, &person("dana")).unwrap();
    let events: Vec<&Event> = course.last().entries.iter().map(|entry| &entry.event).collect();
    assert!(events.iter().any(|event| matches!(event, Event::NobodyOnCall { step: 0, .. })), "{events:?}");
    assert_eq!(course.paged().last(), Some(&("chloe", PageState::Queued)));
}

#[test]
fn acknowledging_stops_everything_undelivered_in_the_same_decision() {
    let mut course = Course::begin();
    course.give(&Command::PageDelivered { page: PageNumber(1) }, &Actor::Firebell).unwrap();
    course.pass(5);
    course.ring();
    course.give(&Command::Acknowledge { page: Some(PageNumber(1)) }, &person("ana")).unwrap();
    assert_eq!(course.paged(), [("ana", PageState::Acknowledged), ("chloe", PageState::Withdrawn)]);
    let cancels: BTreeSet<&str> = course.last().cancels.iter().map(String::as_str).collect();
    for prefix in ["INC-1/escalation/1/", "INC-1/page/1/", "INC-1/page/2/"] {
        assert!(cancels.contains(prefix), "{cancels:?}");
    }
    let again = course.give(&Command::Acknowledge { page: Some(PageNumber(1)) }, &person("ana")).unwrap_err();
    assert!(matches!(again, Refusal::PageIsOver { by: Some(_), .. }), "{again:?}");
}

#[test]
fn i_cant_calls_the_next_at_once() {
    let mut course = Course::begin();
    let other = course.give(&Command::Decline { page: PageNumber(1) }, &person("dana")).unwrap_err();
    assert_eq!(other, Refusal::NotYourPage { person: "ana".into() });
    course.give(&Command::Decline { page: PageNumber(1) }, &person("ana")).unwrap();
    assert_eq!(course.paged(), [("ana", PageState::Declined), ("chloe", PageState::Queued)]);
    // The timer of the step that was left does nothing any more.
    let stale = Command::EscalationDue { escalation: EscalationNumber(1), step: 0, round: 0, alarms: 0 };
    assert!(course.give(&stale, &Actor::Firebell).unwrap().is_nothing());
}

#[test]
fn an_alert_raises_its_own_severity_and_pages_again_but_only_proposes_to_raise_a_persons() {
    let worse = |severity| Command::Join {
        alerts: vec![Joined {
            title: "Drift".into(),
            severity,
            reason: "it got worse".into(),
            pages: true,
            how: Joining::Worse,
        }],
    };
    let source = Actor::Source("prometheus".into());
    let mut course = Course::begin();
    course.give(&worse(Severity::Sev1), &source).unwrap();
    assert_eq!(course.incident.severity, Severity::Sev1);
    assert_eq!(course.paged(), [("ana", PageState::Withdrawn), ("ana", PageState::Queued)]);

    let mut course = Course::begin();
    let set = Command::SetSeverity { to: Severity::Sev3, reason: "one customer".into() };
    course.give(&set, &person("dana")).unwrap();
    course.give(&worse(Severity::Sev1), &source).unwrap();
    assert_eq!(course.incident.severity, Severity::Sev3);
    assert_eq!(course.incident.severity_proposed, Some(Severity::Sev1));
    assert!(
        course.effects().iter().any(|effect| matches!(effect, Effect::Ask { question: Question::Raise { .. }, .. }))
    );
    let asked = course.decisions.len();
    course.give(&worse(Severity::Sev1), &source).unwrap();
    assert!(course.decisions[asked].is_nothing(), "the same is not proposed twice");
}

#[test]
fn when_all_alerts_are_resolved_the_lead_is_asked() {
    let mut course = Course::begin();
    let resolved = |still_firing| Command::AlertsResolved { titles: vec!["Drift".into()], count: 1, still_firing };
    let source = Actor::Source("prometheus".into());
    course.give(&resolved(1), &source).unwrap();
    assert!(!course.effects().iter().any(|effect| matches!(effect, Effect::Ask { .. })));
    course.give(&resolved(0), &source).unwrap();
    assert!(course.effects().iter().any(|effect| matches!(effect, Effect::Ask { question: Question::Resolve, .. })));
}

#[test]
fn nothing_goes_out_before_its_keys_and_nobody_alone_approves_an_external_text_of_their_own() {
    let mut course = Course::begin();
    course.draft_and_name_liaison();
    let external = UpdateNumber(2);
    let approve = |version| Command::Approve { update: external, version };
    let published = |course: &Course| course.effects().iter().any(|effect| matches!(effect, Effect::Publish { .. }));

    let refused = course.give(&approve(1), &person("dana")).unwrap_err();
    assert!(matches!(refused, Refusal::NoKey { .. }), "{refused:?}");
    let edit = Command::Edit { update: external, version: 1, text: "we look into it".into() };
    course.give(&edit, &person("liam")).unwrap();
    assert_eq!(
        course.give(&approve(1), &person("mia")).unwrap_err(),
        Refusal::TextChanged { author: Some("liam".into()) }
    );
    let refused = course.give(&approve(2), &person("liam")).unwrap_err();
    assert!(matches!(refused, Refusal::OwnText { .. }), "{refused:?}");
    course.give(&approve(2), &person("mia")).unwrap();
    assert!(published(&course));
    assert_eq!(course.incident.updates[1].state, UpdateState::Approved);
}

#[test]
fn a_template_text_needs_only_its_liaison() {
    let mut course = Course::begin();
    course.draft_and_name_liaison();
    course.give(&Command::Approve { update: UpdateNumber(2), version: 1 }, &person("liam")).unwrap();
    assert_eq!(course.incident.updates[1].state, UpdateState::Approved);
}

#[test]
fn without_a_liaison_the_lead_is_asked_to_name_one_and_the_drafts_wait() {
    let mut course = Course::begin();
    let texts = vec![("internal".into(), "text".to_owned())];
    course.give(&Command::Draft { texts }, &person("dana")).unwrap();
    let effects = course.effects();
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Ask { question: Question::NameLiaison, .. })));
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::ShowDraft { .. })));
    course.give(&Command::Assign { role: Role::Liaison, person: "liam".into() }, &person("dana")).unwrap();
    assert!(course.effects().contains(&&Effect::ShowDraft { update: UpdateNumber(1) }));
}

#[test]
fn a_key_of_one_gate_is_void_when_the_severity_changes_before_the_other_gate() {
    let mut course = Course::begin();
    if let Some(audience) = course.organisation.audiences.get_mut(&"external".into()) {
        audience.gates.push("pr".into());
    }
    course.draft_and_name_liaison();
    let approve = Command::Approve { update: UpdateNumber(2), version: 1 };
    course.give(&approve, &person("liam")).unwrap();
    let severity = Command::SetSeverity { to: Severity::Sev1, reason: "more customers".into() };
    course.give(&severity, &person("dana")).unwrap();
    course.give(&approve, &person("petra")).unwrap();
    assert_eq!(course.incident.updates[1].state, UpdateState::Draft, "the liaison's key was for other facts");
    course.give(&approve, &person("liam")).unwrap();
    assert_eq!(course.incident.updates[1].state, UpdateState::Approved);
}

#[test]
fn a_text_whose_facts_changed_under_way_waits_for_a_key_and_goes_out_when_they_are_back() {
    let mut course = Course::begin();
    course.draft_and_name_liaison();
    let external = UpdateNumber(2);
    let approve = Command::Approve { update: external, version: 1 };
    let severity = |to| Command::SetSeverity { to, reason: "r".into() };
    let sent = |course: &Course| course.effects().iter().any(|effect| matches!(effect, Effect::Publish { .. }));
    course.give(&approve, &person("liam")).unwrap();
    course.give(&severity(Severity::Sev1), &person("dana")).unwrap();
    course.give(&Command::PublicationVoid { update: external }, &Actor::Firebell).unwrap();
    assert_eq!(course.incident.updates[1].state, UpdateState::Draft);
    course.give(&severity(Severity::Sev2), &person("dana")).unwrap();
    course.give(&approve, &person("liam")).unwrap();
    assert!(sent(&course), "the liaison's key holds again");
    assert_eq!(course.incident.updates[1].reason, None);
}

#[test]
fn an_approval_that_holds_again_is_not_sent_by_a_passer_by() {
    let mut course = Course::begin();
    course.draft_and_name_liaison();
    let external = UpdateNumber(2);
    let approve = Command::Approve { update: external, version: 1 };
    let severity = |to| Command::SetSeverity { to, reason: "r".into() };
    course.give(&approve, &person("liam")).unwrap();
    course.give(&severity(Severity::Sev1), &person("dana")).unwrap();
    course.give(&Command::PublicationVoid { update: external }, &Actor::Firebell).unwrap();
    course.give(&severity(Severity::Sev2), &person("dana")).unwrap();
    for passer_by in ["max", "ana", "petra"] {
        let refused = course.give(&approve, &person(passer_by)).unwrap_err();
        assert!(matches!(refused, Refusal::NoKey { .. }), "{passer_by}: {refused:?}");
    }
    assert_eq!(course.incident.updates[1].state, UpdateState::Draft);
}

#[test]
fn an_old_proposal_neither_lowers_a_severity_nor_turns_down_a_newer_one() {
    let mut course = Course::begin();
    let set = |to| Command::SetSeverity { to, reason: "r".into() };
    course.give(&set(Severity::Sev4), &person("dana")).unwrap();
    let source = Actor::Source("prometheus".into());
    let worse = |severity| Command::Join {
        alerts: vec![Joined { title: "t".into(), severity, reason: "r".into(), pages: true, how: Joining::Worse }],
    };
    course.give(&worse(Severity::Sev2), &source).unwrap();
    course.give(&worse(Severity::Sev1), &source).unwrap();
    let old = Severity::Sev2;
    assert_eq!(course.give(&Command::KeepSeverity { proposed: old }, &person("dana")), Err(Refusal::NothingProposed));
    course.give(&set(Severity::Sev1), &person("dana")).unwrap();
    assert_eq!(course.give(&Command::AcceptSeverity { to: old }, &person("dana")), Err(Refusal::NothingProposed));
    assert_eq!(course.incident.severity, Severity::Sev1);
}

#[test]
fn what_fires_again_is_said() {
    let mut course = Course::begin();
    let again = Command::Join {
        alerts: vec![Joined {
            title: "t".into(),
            severity: Severity::Sev2,
            reason: "r".into(),
            pages: true,
            how: Joining::Again,
        }],
    };
    course.give(&again, &Actor::Source("prometheus".into())).unwrap();
    assert!(course.effects().iter().any(|effect| matches!(effect, Effect::Say { .. })));
}

#[test]
fn a_doubtful_publication_stops_until_a_person_looked() {
    let mut course = Course::begin();
    course.draft_and_name_liaison();
    let update = UpdateNumber(2);
    course.give(&Command::Approve { update, version: 1 }, &person("liam")).unwrap();
    course
        .give(
            &Command::PublicationDoubtful { update, sink: Sink::Channel(Snowflake(900)), trouble: "lost".into() },
            &Actor::Firebell,
        )
        .unwrap();
    assert_eq!(course.incident.updates[1].state, UpdateState::Doubtful);
    let mut other =
        Course { organisation: organisation(), incident: course.incident.clone(), now: course.now, decisions: vec![] };
    other.give(&Command::ConfirmPublished { update }, &person("liam")).unwrap();
    assert_eq!(other.incident.updates[1].state, UpdateState::Published);
    course.give(&Command::PublishAgain { update }, &person("liam")).unwrap();
    let again: Vec<u32> = course
        .effects()
        .iter()
        .filter_map(|effect| if let Effect::Publish { again, .. } = effect { Some(*again) } else { None })
        .collect();
    assert_eq!(again, [1], "the same text under another key, or the outbox would take it for done");
}

#[test]
fn a_doubtful_sink_neither_holds_up_nor_vouches_for_another() {
    let mut course = Course::begin();
    course.draft_and_name_liaison();
    let update = UpdateNumber(1);
    course.give(&Command::Approve { update, version: 1 }, &person("liam")).unwrap();
    let doubt = Command::PublicationDoubtful { update, sink: Sink::Room, trouble: "lost".into() };
    course.give(&doubt, &Actor::Firebell).unwrap();
    course.give(&Command::ConfirmPublished { update }, &person("liam")).unwrap();
    let state = |course: &Course| course.incident.updates[0].state;
    assert_eq!(state(&course), UpdateState::Approved, "the other is still on its way");
    assert_eq!(course.incident.updates[0].published_to, [Sink::Room]);
    let published = Command::Published { update, sink: Sink::Announcements };
    course.give(&published, &Actor::Firebell).unwrap();
    assert_eq!(state(&course), UpdateState::Published);
    assert!(course.give(&published, &Actor::Firebell).unwrap().is_nothing());
}

#[test]
fn a_room_that_cannot_be_made_is_tried_again_while_the_incident_is_open() {
    let mut course = Course::begin();
    let refused = |again| Command::RoomRefused { again, lost: None, trouble: "missing permissions".into() };
    course.give(&refused(0), &Actor::Firebell).unwrap();
    assert!(course.effects().contains(&&Effect::OpenRoom { again: 1, lost: None }));
    assert!(course.effects().iter().any(|effect| matches!(effect, Effect::TellOperators { .. })));
    course.give(&refused(1), &Actor::Firebell).unwrap();
    assert!(!course.effects().iter().any(|effect| matches!(effect, Effect::TellOperators { .. })), "said once");
    course.give(&Command::Resolve { note: None }, &person("dana")).unwrap();
    assert!(course.give(&refused(2), &Actor::Firebell).unwrap().is_nothing());
}

#[test]
fn who_may_not_is_refused_and_who_was_called_may() {
    let mut course = Course::begin();
    let phase = Command::SetPhase { to: Phase::Mitigating, note: None };
    let not_allowed = |result: Result<&Decision, Refusal>| matches!(result, Err(Refusal::NotAllowed { .. }));
    assert!(not_allowed(course.give(&phase, &person("max"))));
    let page = Command::Page { target: Target::Person("max".into()), message: None };
    course.give(&page, &person("max")).unwrap();
    assert!(not_allowed(course.give(&phase, &person("max"))), "nobody lets themselves in");
    course.give(&page, &person("dana")).unwrap();
    course.give(&phase, &person("max")).unwrap();
    let liaison = Command::Assign { role: Role::Liaison, person: "max".into() };
    assert!(not_allowed(course.give(&liaison, &person("max"))), "nor takes a key to the outside");
}

#[test]
fn what_is_lost_is_found_and_put_back_once() {
    let mut course = Course::begin();
    let lacks = course.incident.lacking(&course.organisation, |_| false, |_| false);
    let expected = [
        Lack::NextStep { escalation: EscalationNumber(1) },
        Lack::Page { page: PageNumber(1) },
        Lack::Reminder,
        Lack::Announcement { message: None },
        Lack::Room,
    ];
    assert_eq!(lacks, expected);
    let repair = Command::Repair { lacks, cause: Cause::Lost };
    course.give(&repair, &Actor::Firebell).unwrap();
    assert!(course.last().anew, "what ended is taken up again");
    let next_at = course.incident.escalations[0].next_at.unwrap();
    let timer = Effect::Escalate { escalation: EscalationNumber(1), step: 0, round: 0, alarms: 0 };
    assert!(
        course.last().effects.contains(&Scheduled { effect: timer, due: next_at, together: false }),
        "at its own time"
    );
    assert!(course.effects().contains(&&Effect::PageDirectly { page: PageNumber(1) }));
    // What is not wanted any more is not put back.
    course.give(&Command::Acknowledge { page: None }, &person("ana")).unwrap();
    let late = Command::Repair {
        lacks: vec![Lack::NextStep { escalation: EscalationNumber(1) }, Lack::Page { page: PageNumber(1) }],
        cause: Cause::Lost,
    };
    assert!(course.give(&late, &Actor::Firebell).unwrap().is_nothing());
}

#[test]
fn a_room_that_is_gone_is_opened_again_while_the_incident_goes_on() {
    let mut course = Course::begin();
    let room = Room { channel: Snowflake(7), kind: crate::domain::timeline::RoomKind::Channel, trouble: None };
    course.give(&Command::RoomOpened { room }, &Actor::Firebell).unwrap();
    let gone = |channel| Command::Repair {
        lacks: vec![Lack::RoomGone { channel: Snowflake(channel) }],
        cause: Cause::Deleted,
    };
    assert!(course.give(&gone(8), &Actor::Firebell).unwrap().is_nothing(), "another's room");
    course.give(&gone(7), &Actor::Firebell).unwrap();
    assert_eq!(course.incident.room, None);
    let entry = course.last().entries[0].number;
    assert!(course.effects().contains(&&Effect::OpenRoom { again: 0, lost: Some(entry) }));
    assert!(course.effects().contains(&&Effect::PageInRoom { page: PageNumber(1), lost: Some(entry) }));
    assert!(course.give(&gone(7), &Actor::Firebell).unwrap().is_nothing(), "once");
}

#[test]
fn an_incident_that_is_over_comes_back_only_with_a_reason_and_out_of_its_group() {
    let mut course = Course::begin();
    course.give(&Command::Resolve { note: None }, &person("dana")).unwrap();
    let back = |note: Option<&str>| Command::SetPhase { to: Phase::Investigating, note: note.map(str::to_owned) };
    assert_eq!(course.give(&back(None), &person("dana")).unwrap_err(), Refusal::ReopenNeedsNote);
    course.give(&back(Some("it is back")), &person("dana")).unwrap();
    assert_eq!(course.incident.group, None);
    let fixed = Command::Close { reason: CloseReason::Fixed, note: None };
    assert_eq!(course.give(&fixed, &person("dana")).unwrap_err(), Refusal::NotResolved);
}

fn any_command() -> impl Strategy<Value = (Command, &'static str)> {
    let severity = prop_oneof![Just(Severity::Sev1), Just(Severity::Sev2), Just(Severity::Sev3), Just(Severity::Sev4)];
    let phase = proptest::sample::select(Phase::ALL);
    let joining = proptest::sample::select(vec![Joining::New, Joining::Again, Joining::Worse]);
    let page = (1_i64..6).prop_map(PageNumber);
    let update = (1_i64..4).prop_map(UpdateNumber);
    let command = prop_oneof![
        (severity.clone(), any::<bool>(), joining).prop_map(|(severity, pages, how)| Command::Join {
            alerts: vec![Joined { title: "t".into(), severity, reason: "r".into(), pages, how }]
        }),
        (0_u64..3).prop_map(|still_firing| Command::AlertsResolved {
            titles: vec!["t".into()],
            count: 1,
            still_firing
        }),
        severity.clone().prop_map(|to| Command::SetSeverity { to, reason: "r".into() }),
        severity.clone().prop_map(|proposed| Command::KeepSeverity { proposed }),
        severity.prop_map(|to| Command::AcceptSeverity { to }),
        (phase, any::<bool>()).prop_map(|(to, note)| Command::SetPhase { to, note: note.then(|| "n".into()) }),
        proptest::sample::select(Role::ALL).prop_map(|role| Command::Assign { role, person: "liam".into() }),
        Just(Command::Resolve { note: None }),
        Just(Command::Close { reason: CloseReason::Cancelled, note: None }),
        Just(Command::Page { target: Target::Person("dana".into()), message: None }),
        proptest::option::of(page.clone()).prop_map(|page| Command::Acknowledge { page }),
        page.clone().prop_map(|page| Command::Decline { page }),
        page.clone().prop_map(|page| Command::PageDelivered { page }),
        page.prop_map(|page| Command::PageUndelivered { page, trouble: "closed".into() }),
        Just(Command::Draft { texts: vec![("internal".into(), "a".into()), ("external".into(), "b".into())] }),
        (update.clone(), 1_u32..3).prop_map(|(update, version)| Command::Edit { update, version, text: "c".into() }),
        (update.clone(), 1_u32..3).prop_map(|(update, version)| Command::Approve { update, version }),
        update.prop_map(|update| Command::Reject { update, reason: "no".into() }),
    ];
    (command, proptest::sample::select(vec!["ana", "chloe", "dana", "liam", "mia", "max"]))
}

proptest! {
    /// Whatever happens, in whatever order: the promises of the machine hold after every decision.
    #[test]
    fn the_promises_hold_after_any_course_of_events(
        steps in proptest::collection::vec((any_command(), 0_i64..8), 1..40),
    ) {
        let mut course = Course::begin();
        for ((command, name), minutes) in steps {
            course.pass(minutes);
            course.ring();
            let before = course.incident.clone();
            let actor = match command {
                Command::Join { .. } | Command::AlertsResolved { .. } => Actor::Source("prometheus".into()),
                Command::PageDelivered { .. } | Command::PageUndelivered { .. } => Actor::Firebell,
                _ => person(name),
            };
            let Ok(decision) = course.give(&command, &actor).cloned() else {
                prop_assert_eq!(&before, &course.incident, "a refusal changes nothing");
                continue;
            };
            let next = &course.incident;

            // Every decision that is something counts one version, and its entries follow on.
            prop_assert_eq!(next.version, before.version + i64::from(!decision.is_nothing()));
            for (entry, expected) in decision.entries.iter().zip(before.entries + 1..) {
                prop_assert_eq!(entry.number.0, expected);
            }
            prop_assert_eq!(next.entries, before.entries + decision.entries.len() as i64);

            for escalation in &next.escalations {
                // Nobody is forgotten: while somebody is sought there is a timer for the next step.
                prop_assert_eq!(escalation.is_open(), escalation.next_at.is_some());
                if let Some(next_at) = escalation.next_at {
                    let timer = Effect::Escalate {
                        escalation: escalation.number,
                        step: escalation.step,
                        round: escalation.round,
                        alarms: escalation.alarms,
                    };
                    let is_set = course.decisions.iter().any(|decision| {
                        decision.effects.iter().any(|scheduled| scheduled.effect == timer && scheduled.due == next_at)
                    });
                    prop_assert!(is_set, "{:?}", timer);
                }
                // Whoever answered is rung no more, nor is anybody for what is over.
                if !escalation.is_open() {
                    let open = next.pages.iter().filter(|page| page.escalation == escalation.number && page.is_open());
                    prop_assert_eq!(open.count(), 0);
                }
            }
            if !next.phase.is_open() {
                prop_assert!(next.escalations.iter().all(|escalation| !escalation.is_open()));
                prop_assert_eq!(next.next_update_due, None);
            }
            // Everything that was decided has a job as long as it is wanted: the auditor finds nothing.
            let mut jobs = BTreeSet::new();
            for decision in &course.decisions {
                jobs.retain(|key: &String| !decision.cancels.iter().any(|prefix| key.starts_with(prefix)));
                let (id, version) = (decision.next.id, decision.next.version);
                jobs.extend(decision.effects.iter().map(|scheduled| scheduled.dedup_key(id, version)));
            }
            let has_job = |prefix: &str| jobs.iter().any(|key| key.starts_with(prefix));
            prop_assert_eq!(next.lacking(&course.organisation, has_job, |_| true), vec![]);
            // What a person set, no alert changes.
            if matches!(actor, Actor::Source(_)) && matches!(before.severity_by, crate::domain::actor::Author::Person(_)) {
                prop_assert_eq!(next.severity, before.severity);
            }
            // Nothing goes out without its keys for that very text.
            for scheduled in &decision.effects {
                if let Effect::Publish { update, digest, .. } = &scheduled.effect {
                    let update = next.update(*update).unwrap();
                    let audience = &course.organisation.audiences[&update.audience];
                    prop_assert!(update.may_be_published(audience, &next.facts()));
                    prop_assert_eq!(digest, &update.digest(&next.facts()));
                    if audience.external {
                        prop_assert!(update.keys.iter().any(|key| Some(&key.person) != update.author.as_ref()));
                    }
                }
            }
            // The same timer twice does nothing the second time.
            let again = Command::EscalationDue { escalation: EscalationNumber(1), step: 0, round: 0, alarms: 0 };
            if before.escalations[0].step != 0 || before.escalations[0].round != 0 {
                prop_assert!(course.incident.decide(&again, &Actor::Firebell, &course.organisation, course.now).unwrap().is_nothing());
            }
        }
    }
}
