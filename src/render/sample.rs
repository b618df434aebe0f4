//! Incidents to draw in tests, made as the real ones are: opened, and then decided on.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use chrono::{Duration, NaiveDate, NaiveTime, TimeZone, Utc, Weekday};

use crate::domain::Timestamp;
use crate::domain::actor::{Actor, Author, Duty, Right};
use crate::domain::alert::{Category, Severity};
use crate::domain::id::{EntryNumber, IncidentId, PageNumber, PersonId, Snowflake, UpdateNumber};
use crate::domain::incident::{CloseReason, Command, Incident, Joined, Opening, Phase, Refusal, Role, Room};
use crate::domain::oncall::{Cadence, Override, Rota, Rotation};
use crate::domain::organisation::{Organisation, Person, SeverityRule, Team};
use crate::domain::paging::{PageState, Policy, Step, Target};
use crate::domain::subject::{Subject, SubjectKind};
use crate::domain::timeline::{Entry, Event, Quote, Report, RoomKind};
use crate::domain::update::{Audience, Gate, Sink, UpdateState};
use crate::render::Renderer;
use crate::render::card::{CardFacts, PublicUpdate, Undone};
use crate::render::message::Message;

pub(crate) fn renderer() -> Renderer {
    Renderer::new().expect("every template is well formed")
}

/// A Monday night, 02:40 in UTC.
pub(crate) fn now() -> Timestamp {
    Utc.with_ymd_and_hms(2026, 3, 9, 2, 40, 0).single().expect("a time") + Duration::microseconds(123_456)
}

fn after(minutes: i64) -> Timestamp {
    now() + Duration::minutes(minutes)
}

/// Ana and Ben share the risk rota; Cleo has platform; Dan is a liaison, Eve PR, Frank an operator without a number.
pub(crate) fn organisation() -> Organisation {
    let people = [
        ("ana", 1, Some("+49 170 1"), vec![Duty::Responder]),
        ("ben", 2, Some("+49 170 2"), vec![Duty::Responder]),
        ("cleo", 3, None, vec![Duty::Responder]),
        ("dan", 4, None, vec![Duty::Liaison]),
        ("eve", 5, None, vec![Duty::Pr, Duty::Manager]),
        ("frank", 6, None, vec![Duty::Operator]),
    ];
    let people = people
        .into_iter()
        .map(|(id, account, phone, duties)| {
            let name = id[..1].to_uppercase() + &id[1..];
            let phone = phone.map(str::to_owned);
            (id.into(), Person { name, discord: Snowflake(account), phone, duties: duties.into_iter().collect() })
        })
        .collect();
    let rota = |people: &[&str], overrides| Rota {
        zone: chrono_tz::Europe::Berlin,
        rotation: Rotation {
            cadence: Cadence::Weekly(Weekday::Mon),
            handoff: NaiveTime::from_hms_opt(9, 0, 0).expect("a time"),
            starts: NaiveDate::from_ymd_opt(2026, 1, 5).expect("a day"),
            people: people.iter().map(|person| PersonId::from(*person)).collect(),
        },
        overrides,
    };
    let stand_in = Override { person: "cleo".into(), from: after(-60), until: after(60) };
    let step = |targets, wait_seconds| Step { targets, wait_seconds };
    let policy = Policy {
        steps: vec![
            step(vec![Target::Rota("risk".into())], 300),
            step(vec![Target::Person("ben".into()), Target::Person("cleo".into())], 600),
        ],
        repeat: 1,
    };
    let team = |name: &str, rota: &str| Team { name: name.to_owned(), rota: rota.into(), policy: "nights".into() };
    let rule = |meaning: &str, pages, minutes: Option<i64>| SeverityRule {
        meaning: meaning.to_owned(),
        pages,
        update_every: minutes.map(Duration::minutes),
    };
    Organisation {
        people,
        teams: [("risk".into(), team("Risk models", "risk")), ("platform".into(), team("Platform", "platform"))].into(),
        default_team: "platform".into(),
        rotas: [("risk".into(), rota(&["ana", "ben"], vec![])), ("platform".into(), rota(&["ben"], vec![stand_in]))]
            .into(),
        policies: [("nights".into(), policy)].into(),
        severities: [
            (Severity::Sev1, rule("People are harmed or the business stands still", true, Some(30))),
            (Severity::Sev2, rule("A main function is broken or wrong", true, Some(60))),
            (Severity::Sev3, rule("Something is worse than it should be", true, None)),
            (Severity::Sev4, rule("Worth knowing", false, None)),
        ]
        .into(),
        audiences: [
            (
                "staff".into(),
                Audience {
                    external: false,
                    gates: vec!["liaison".into()],
                    sinks: vec![Sink::Room, Sink::Announcements],
                },
            ),
            (
                "customers".into(),
                Audience {
                    external: true,
                    gates: vec!["liaison".into(), "pr".into()],
                    sinks: vec![Sink::Channel(Snowflake(900))],
                },
            ),
        ]
        .into(),
        gates: [("liaison".into(), Gate { duty: Duty::Liaison }), ("pr".into(), Gate { duty: Duty::Pr })].into(),
        discord_roles: BTreeMap::new(),
        last_resort_every: Duration::minutes(10),
    }
}

pub(crate) fn actor(id: &str) -> Actor {
    let person = PersonId::from(id);
    let duties = organisation().people.get(&person).map_or_else(BTreeSet::new, |person| person.duties.clone());
    Actor::Person { id: person, duties }
}

pub(crate) fn opening() -> Opening {
    Opening {
        title: "Fraud score drift".to_owned(),
        severity: Severity::Sev2,
        severity_reason: "rule “drift of a model that holds payments”".to_owned(),
        category: Some(Category::ModelAnomaly),
        team: "risk".into(),
        rota: None,
        service: Some("payments".to_owned()),
        subjects: vec![
            Subject { kind: SubjectKind::Model, name: "fraud_score".to_owned(), version: Some("14".to_owned()) },
            Subject { kind: SubjectKind::Dataset, name: "transactions".to_owned(), version: None },
        ],
        group: Some("alertmanager:{}".to_owned()),
        follows: Some(IncidentId(7)),
        why: "rule “model drift”".to_owned(),
        also: vec![],
        pages: true,
    }
}

/// What `commands` make of `incident`, each given by the person named, so many minutes after [`now`].
pub(crate) fn decided(incident: Incident, commands: Vec<(&str, i64, Command)>) -> Incident {
    let organisation = organisation();
    commands.into_iter().fold(incident, |incident, (who, minutes, command)| {
        let actor = match who {
            "firebell" => Actor::Firebell,
            "alertmanager" => Actor::Source("alertmanager".into()),
            person => actor(person),
        };
        incident.decide(&command, &actor, &organisation, after(minutes)).expect("the command is allowed").next
    })
}

fn opened(opening: &Opening) -> Incident {
    let source = Actor::Source("alertmanager".into());
    Incident::open(IncidentId(42), opening, &source, &organisation(), after(-20)).next
}

fn room(kind: RoomKind, trouble: Option<&str>) -> Command {
    Command::RoomOpened { room: Room { channel: Snowflake(500), kind, trouble: trouble.map(str::to_owned) } }
}

/// Just opened: Ana is being called.
pub(crate) fn paged_incident() -> Incident {
    opened(&opening())
}

/// Nothing known, nothing done, nobody paged.
pub(crate) fn bare_incident() -> Incident {
    opened(&Opening {
        severity: Severity::Sev4,
        category: None,
        service: None,
        subjects: vec![],
        group: None,
        follows: None,
        ..opening()
    })
}

/// Everything there is: two were paged, both roles are taken, one update is out and one is being written.
pub(crate) fn full_incident() -> Incident {
    let draft = |audience: &str, text: &str| Command::Draft { texts: vec![(audience.into(), text.to_owned())] };
    decided(
        paged_incident(),
        vec![
            ("firebell", -20, room(RoomKind::Thread, Some("the bot may not make channels"))),
            ("firebell", -20, Command::PageDelivered { page: PageNumber(1) }),
            ("ana", -18, Command::Decline { page: PageNumber(1) }),
            (
                "firebell",
                -18,
                Command::PageUndelivered { page: PageNumber(2), trouble: "direct messages are closed".to_owned() },
            ),
            ("cleo", -17, Command::Acknowledge { page: None }),
            ("cleo", -16, Command::Assign { role: Role::Lead, person: "cleo".into() }),
            ("dan", -15, Command::Assign { role: Role::Liaison, person: "dan".into() }),
            ("cleo", -14, Command::SetSeverity { to: Severity::Sev3, reason: "only scores, no payments".to_owned() }),
            ("cleo", -13, Command::SetPhase { to: Phase::Mitigating, note: Some("rolling back".to_owned()) }),
            (
                "alertmanager",
                -12,
                Command::Join {
                    alerts: vec![Joined {
                        title: "Fraud score drift in EU".to_owned(),
                        severity: Severity::Sev1,
                        reason: "rule “more than one region”".to_owned(),
                        pages: true,
                        how: crate::domain::incident::Joining::New,
                    }],
                },
            ),
            ("dan", -11, draft("customers", "We are looking into it.\nNext update at 03:00 UTC.")),
            ("dan", -10, Command::Approve { update: UpdateNumber(1), version: 1 }),
            ("eve", -9, Command::Approve { update: UpdateNumber(1), version: 1 }),
            ("firebell", -9, Command::Published { update: UpdateNumber(1), sink: Sink::Channel(Snowflake(900)) }),
            ("dan", -5, draft("customers", "We are limiting the effect.\nNext update at 04:00 UTC.")),
            (
                "cleo",
                -4,
                Command::Report {
                    conditions: report().conditions,
                    actions: report().actions,
                    needs: report().needs,
                    next_in: Some(Duration::minutes(30)),
                },
            ),
        ],
    )
}

pub(crate) fn resolved_incident() -> Incident {
    decided(full_incident(), vec![("cleo", 0, Command::Resolve { note: Some("scores are back".to_owned()) })])
}

pub(crate) fn closed_incident() -> Incident {
    let close = Command::Close { reason: CloseReason::FalsePositive, note: None };
    decided(bare_incident(), vec![("ana", 0, close)])
}

/// Every step was taken, twice, and the alarm was raised.
pub(crate) fn unanswered_incident() -> Incident {
    let due = |step, round, alarms| Command::EscalationDue {
        escalation: crate::domain::id::EscalationNumber(1),
        step,
        round,
        alarms,
    };
    decided(
        paged_incident(),
        vec![
            ("firebell", -20, room(RoomKind::Channel, None)),
            ("firebell", -19, Command::PageDelivered { page: PageNumber(1) }),
            ("firebell", -15, due(0, 0, 0)),
            (
                "firebell",
                -15,
                Command::PageUndelivered { page: PageNumber(2), trouble: "direct messages are closed".to_owned() },
            ),
            ("firebell", -10, due(1, 0, 0)),
            ("firebell", -5, due(0, 1, 0)),
            ("firebell", -1, due(1, 1, 0)),
        ],
    )
}

pub(crate) fn full_facts() -> CardFacts {
    CardFacts {
        alerts: 2,
        firing: 1,
        deliveries: 118,
        latest: Some(after(-1)),
        links: vec![
            "https://grafana.example/d/fraud_score?var=(x)".to_owned(),
            "https://runbooks.example/drift".to_owned(),
            "javascript:alert(1)".to_owned(),
        ],
        announcement: Some("https://discord.com/channels/1/2/3".to_owned()),
        public_updates: vec![PublicUpdate {
            update: UpdateNumber(1),
            link: "https://discord.com/channels/1/900/4".to_owned(),
        }],
        undone: vec![Undone { what: "pin the card".to_owned(), trouble: "Missing Permissions".to_owned() }],
    }
}

pub(crate) fn report() -> Report {
    Report {
        conditions: "Scores are 12 % too high; about 3,000 payments are held".to_owned(),
        actions: "Rolling back to version 13".to_owned(),
        needs: Some("Somebody who knows the feature store".to_owned()),
        next_at: Some(after(26)),
    }
}

/// A page in each of its states.
pub(crate) fn pages() -> Vec<(&'static str, Incident, PageNumber)> {
    let sent = || {
        decided(
            paged_incident(),
            vec![
                ("firebell", -20, room(RoomKind::Channel, None)),
                ("firebell", -20, Command::PageDelivered { page: PageNumber(1) }),
            ],
        )
    };
    let one = PageNumber(1);
    let trouble = "direct messages are closed".to_owned();
    vec![
        ("sent", sent(), one),
        (
            "undelivered",
            decided(paged_incident(), vec![("firebell", -20, Command::PageUndelivered { page: one, trouble })]),
            one,
        ),
        ("acknowledged", decided(sent(), vec![("ana", -18, Command::Acknowledge { page: Some(one) })]), one),
        ("declined", decided(sent(), vec![("ana", -18, Command::Decline { page: one })]), one),
        (
            "withdrawn, another has it",
            decided(sent(), vec![("ben", -18, Command::Acknowledge { page: Some(one) })]),
            one,
        ),
        ("withdrawn, resolved", decided(sent(), vec![("ben", -18, Command::Resolve { note: None })]), one),
        (
            "withdrawn, paged anew",
            decided(
                sent(),
                vec![("ben", -18, Command::SetSeverity { to: Severity::Sev1, reason: "worse".to_owned() })],
            ),
            one,
        ),
    ]
}

/// An update in each of its states, beside one that was published before.
pub(crate) fn drafts() -> Vec<(&'static str, Incident, UpdateNumber)> {
    let two = UpdateNumber(2);
    let approve = |who, minute, version| (who, minute, Command::Approve { update: two, version });
    let text = "We are limiting the effect.\nNext update at 05:00 UTC.".to_owned();
    let edited = || {
        decided(
            full_incident(),
            vec![approve("eve", -3, 1), ("dan", -2, Command::Edit { update: two, version: 1, text: text.clone() })],
        )
    };
    let approved = || decided(full_incident(), vec![approve("dan", -3, 1), approve("eve", -2, 1)]);
    let doubtful = Command::PublicationDoubtful {
        update: two,
        sink: Sink::Channel(Snowflake(900)),
        trouble: "the connection broke".to_owned(),
    };
    let again = Command::Draft { texts: vec![("customers".into(), text.clone())] };
    let published = Command::Published { update: two, sink: Sink::Channel(Snowflake(900)) };
    let reject = Command::Reject { update: two, reason: "it promises a *time*".to_owned() };
    let first = Command::Draft { texts: vec![("staff".into(), "First words.".to_owned())] };
    vec![
        ("the first for its audience", decided(bare_incident(), vec![("dan", -5, first)]), UpdateNumber(1)),
        ("from the template", full_incident(), two),
        ("edited after a key", edited(), two),
        ("half approved", decided(full_incident(), vec![approve("dan", -3, 1)]), two),
        ("approved", approved(), two),
        ("void", decided(approved(), vec![("firebell", -1, Command::PublicationVoid { update: two })]), two),
        ("doubtful", decided(approved(), vec![("firebell", -1, doubtful)]), two),
        ("published", decided(approved(), vec![("firebell", -1, published)]), two),
        ("rejected", decided(full_incident(), vec![("dan", -3, reject)]), two),
        ("superseded", decided(full_incident(), vec![("dan", -3, again)]), two),
    ]
}

/// An entry that Cleo made now.
pub(crate) fn entry(event: Event) -> Entry {
    Entry { number: EntryNumber(1), at: now(), recorded_at: now(), author: Author::Person("cleo".into()), event }
}

/// An entry of every kind, in the order in which the events are declared.
pub(crate) fn every_event() -> Vec<Entry> {
    let cleo = || PersonId::from("cleo");
    let (page, update) = (PageNumber(1), UpdateNumber(2));
    let customers = || "customers".into();
    let why = || "rule “drift”".to_owned();
    let trouble = || "Missing Permissions".to_owned();
    let quote = Quote { author: "ben".into(), link: "https://discord.com/channels/1/2/3".to_owned() };
    let titles = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let (title, note) = ("Fraud_score drift".to_owned(), Some("rolling back".to_owned()));
    let events = vec![
        Event::Opened { title, severity: Severity::Sev2, why: why(), follows: Some(IncidentId(7)) },
        Event::AlertsJoined { titles: titles(&["Drift in EU"]), count: 1 },
        Event::AlertsJoined { titles: titles(&["a", "b", "c"]), count: 9 },
        Event::AlertsFiredAgain { titles: titles(&["Drift in EU"]), count: 1 },
        Event::AlertsResolved { titles: titles(&["Drift in EU"]), count: 1, still_firing: 2 },
        Event::AlertsResolved { titles: titles(&["a"]), count: 2, still_firing: 0 },
        Event::AcknowledgedAtSource { titles: titles(&["Drift in EU"]), count: 1, unacknowledged: 0 },
        Event::AcknowledgedAtSource { titles: titles(&["Drift in EU"]), count: 1, unacknowledged: 2 },
        Event::Informed { titles: titles(&["fraud-score 15 is the champion"]), count: 1 },
        Event::SeverityChanged { from: Severity::Sev3, to: Severity::Sev2, reason: why() },
        Event::SeverityProposed { to: Severity::Sev1, reason: why() },
        Event::PhaseChanged { from: Phase::Triage, to: Phase::Mitigating, note: note.clone() },
        Event::RoleGiven { role: Role::Lead, person: cleo(), before: None },
        Event::RoleGiven { role: Role::Liaison, person: "dan".into(), before: Some("discord:77".into()) },
        Event::Reported { report: report() },
        Event::Noted { text: "p99 > 2 s *now*\nand rising".to_owned(), quote: None },
        Event::Noted { text: "saw it at 2".to_owned(), quote: Some(quote) },
        Event::Corrected { entry: EntryNumber(3), text: "p99 was 3 s".to_owned() },
        Event::RoomOpened { room: RoomKind::Channel, trouble: None },
        Event::RoomOpened { room: RoomKind::Thread, trouble: Some(trouble()) },
        Event::RoomMissing { trouble: trouble() },
        Event::Paged { page, person: "ana".into(), step: 0, round: 0, reason: why() },
        Event::Paged { page, person: "ana".into(), step: 1, round: 2, reason: why() },
        Event::NobodyOnCall { seeking: "risk".to_owned(), step: 1 },
        Event::PageDelivered { page, person: "ana".into() },
        Event::PageUndelivered { page, person: "ana".into(), trouble: "direct messages are closed".to_owned() },
        Event::Acknowledged { page: Some(page), person: cleo() },
        Event::Declined { page, person: cleo() },
        Event::NobodyAnswered { seeking: "risk".to_owned(), alarm: 2 },
        Event::ResolveAsked,
        Event::Resolved { note: Some("scores are back!".to_owned()) },
        Event::Resolved { note: None },
        Event::Closed { reason: CloseReason::FalsePositive, note },
        Event::UpdateDrafted { update, audience: customers() },
        Event::LiaisonAsked,
        Event::UpdateEdited { update, audience: customers(), version: 2 },
        Event::KeyGiven { update, audience: customers(), gate: "pr".into() },
        Event::ApprovalVoid { update, audience: customers(), reason: "severity changed".to_owned() },
        Event::UpdateRejected { update, audience: customers(), reason: "it promises a time".to_owned() },
        Event::UpdatePublished { update, audience: customers(), sink: Sink::Channel(Snowflake(900)) },
        Event::UpdatePublished { update, audience: "staff".into(), sink: Sink::Room },
        Event::PublicationDoubtful { update, audience: customers(), trouble: "the connection broke".to_owned() },
        Event::UpdateDue,
        Event::Undone { what: "pin the card".to_owned(), trouble: trouble() },
        Event::RoomGone { reopened: true },
        Event::RoomGone { reopened: false },
        Event::Repaired { what: "the card".to_owned(), why: "it was deleted by hand".to_owned() },
    ];
    let number = |index| EntryNumber(i64::try_from(index).expect("few") + 1);
    let mut entries: Vec<Entry> =
        events.into_iter().enumerate().map(|(index, event)| Entry { number: number(index), ..entry(event) }).collect();
    entries[0].author = Author::Source("alertmanager".into());
    entries[11].at = after(-35);
    entries
}

pub(crate) fn every_refusal() -> Vec<Refusal> {
    let person = || PersonId::from("cleo");
    let over = |state, by: Option<&str>| Refusal::PageIsOver { state, by: by.map(PersonId::from), at: now() };
    let mut refusals = vec![
        Refusal::NotAllowed { right: Right::RunIncident },
        Refusal::NotAllowed { right: Right::WriteUpdate },
        Refusal::NoKey { duties: vec![] },
        Refusal::NoKey { duties: vec![Duty::Liaison, Duty::Pr, Duty::Legal] },
        Refusal::OwnText { duties: vec![Duty::Pr] },
        Refusal::AlreadyInPhase { phase: Phase::Mitigating },
        Refusal::IsClosed,
        Refusal::IsResolved,
        Refusal::NotResolved,
        Refusal::ReopenNeedsNote,
        Refusal::AlreadySeverity { severity: Severity::Sev2 },
        Refusal::NothingProposed,
        Refusal::AlreadyInRole { role: Role::Lead, person: person() },
        Refusal::UnknownPerson { person: "zoe@everyone".into() },
        Refusal::NobodyOnCall { seeking: "mars".to_owned() },
        Refusal::Empty { what: "the note" },
        Refusal::TooLong { what: "the note", limit: 1500 },
        Refusal::InTheFuture { at: after(5) },
        Refusal::NoSuchEntry { entry: EntryNumber(99) },
        Refusal::NoSuchPage { page: PageNumber(9) },
        Refusal::NoSuchUpdate { update: UpdateNumber(9) },
        Refusal::NothingToAcknowledge,
        over(PageState::Acknowledged, Some("ben")),
        over(PageState::Declined, None),
        over(PageState::Withdrawn, None),
        Refusal::NotYourPage { person: person() },
        Refusal::TextChanged { author: Some(person()) },
        Refusal::TextChanged { author: None },
        Refusal::TextUnchanged,
        Refusal::KeyGivenAlready,
    ];
    refusals.extend(UpdateState::ALL.iter().map(|state| Refusal::UpdateIsOver { state: *state, approved: None }));
    let approved = Some((person(), after(-5)));
    refusals.push(Refusal::UpdateIsOver { state: UpdateState::Approved, approved: approved.clone() });
    refusals.push(Refusal::UpdateIsOver { state: UpdateState::Published, approved });
    refusals
}

/// A message as a person would see it, near enough to judge it by.
pub(crate) fn picture(message: &Message) -> String {
    let mut picture = String::new();
    let mut line = |text: &str| {
        let _ = writeln!(picture, "{text}");
    };
    if !message.content.is_empty() {
        line(&message.content);
    }
    for embed in &message.embeds {
        line(&format!("┌ #{:06x} {}", embed.color, embed.title.as_deref().unwrap_or_default()));
        for text in embed.description.iter().flat_map(|text| text.lines()) {
            line(format!("│ {text}").trim_end());
        }
        for field in &embed.fields {
            line(&format!("├ {}", field.name));
            for text in field.value.lines() {
                line(&format!("│ {text}"));
            }
        }
        let time = embed.timestamp.map_or_else(String::new, |at| format!(" · {}", at.format("%H:%M")));
        line(format!("└ {}{time}", embed.footer.as_deref().unwrap_or_default()).trim_end());
    }
    for row in &message.rows {
        let row: Vec<String> =
            row.iter().map(|button| format!("[{} {:?} {}]", button.label, button.style, button.id)).collect();
        line(&row.join(" "));
    }
    for file in &message.files {
        line(&format!("📎 {} ({} bytes)", file.name, file.bytes.len()));
    }
    if !message.pings.is_empty() {
        line(&format!("pings {:?}", message.pings.iter().map(|user| user.0).collect::<Vec<_>>()));
    }
    picture
}
