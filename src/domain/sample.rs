//! A small organisation for tests.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Duration, NaiveDate, NaiveTime};

use crate::domain::Timestamp;
use crate::domain::actor::{Actor, Duty};
use crate::domain::alert::{Alert, AlertSeverity, AlertStatus, Category, Severity, Signal};
use crate::domain::id::{PersonId, Snowflake};
use crate::domain::incident::Opening;
use crate::domain::oncall::{Cadence, Rota, Rotation};
use crate::domain::organisation::{Organisation, Person, SeverityRule, Team};
use crate::domain::paging::{Policy, Step, Target};
use crate::domain::update::{Audience, Gate, Sink};

/// A moment, so many seconds after a Monday at 03:00 in UTC.
pub fn at(seconds: i64) -> Timestamp {
    DateTime::from_timestamp(1_772_420_400 + seconds, 0).unwrap()
}

/// Ana is on call first and Chloe second; Dana may lead, Liam and Mia are liaisons, Max only reads along.
pub fn organisation() -> Organisation {
    let person = |index: u64, name: &str, duties: &[Duty]| {
        let id = PersonId::from(name.to_lowercase());
        let person = Person {
            name: name.to_owned(),
            discord: Snowflake(500 + index),
            phone: Some(format!("+49 30 555 01{index:02}")),
            duties: duties.iter().copied().collect::<BTreeSet<_>>(),
        };
        (id, person)
    };
    let people = BTreeMap::from([
        person(1, "Ana", &[Duty::Responder]),
        person(2, "Chloe", &[Duty::Responder]),
        person(3, "Dana", &[Duty::Responder]),
        person(4, "Liam", &[Duty::Liaison]),
        person(5, "Mia", &[Duty::Liaison]),
        person(6, "Petra", &[Duty::Pr]),
        person(7, "Max", &[Duty::Manager]),
    ]);
    let rota = |person: &str| Rota {
        zone: chrono_tz::Europe::Berlin,
        rotation: Rotation {
            cadence: Cadence::Daily,
            handoff: NaiveTime::from_hms_opt(9, 0, 0).unwrap(),
            starts: NaiveDate::from_ymd_opt(2026, 1, 5).unwrap(),
            people: vec![person.into()],
        },
        overrides: Vec::new(),
    };
    let step = |rota: &str| Step { targets: vec![Target::Rota(rota.into())], wait_seconds: 300 };
    let severity = |pages, minutes| SeverityRule {
        meaning: "for tests".to_owned(),
        pages,
        update_every: Some(Duration::minutes(minutes)),
    };
    Organisation {
        people,
        teams: BTreeMap::from([(
            "fraud".into(),
            Team { name: "Fraud models".to_owned(), rota: "first".into(), policy: "standard".into() },
        )]),
        default_team: "fraud".into(),
        rotas: BTreeMap::from([("first".into(), rota("ana")), ("second".into(), rota("chloe"))]),
        policies: BTreeMap::from([(
            "standard".into(),
            Policy { steps: vec![step("first"), step("second")], repeat: 1 },
        )]),
        severities: BTreeMap::from([
            (Severity::Sev1, severity(true, 30)),
            (Severity::Sev2, severity(true, 60)),
            (Severity::Sev3, severity(true, 240)),
            (Severity::Sev4, SeverityRule { update_every: None, ..severity(false, 1) }),
        ]),
        audiences: BTreeMap::from([
            (
                "internal".into(),
                Audience {
                    external: false,
                    gates: vec!["liaison".into()],
                    sinks: vec![Sink::Room, Sink::Announcements],
                },
            ),
            (
                "external".into(),
                Audience { external: true, gates: vec!["liaison".into()], sinks: vec![Sink::Channel(Snowflake(900))] },
            ),
        ]),
        gates: BTreeMap::from([
            ("liaison".into(), Gate { duty: Duty::Liaison }),
            ("pr".into(), Gate { duty: Duty::Pr }),
        ]),
        discord_roles: BTreeMap::new(),
        last_resort_every: Duration::minutes(10),
    }
}

/// Somebody, with the duties that the organisation gives.
pub fn person(name: &str) -> Actor {
    let organisation = organisation();
    let account = organisation.account_of(&name.into()).unwrap_or(Snowflake(999));
    Actor::member(account, &[], &organisation)
}

/// An incident to be opened for an alert.
pub fn opening() -> Opening {
    Opening {
        title: "Fraud score drifts".to_owned(),
        severity: Severity::Sev2,
        severity_reason: "rule “fraud”".to_owned(),
        category: Some(Category::ModelAnomaly),
        team: "fraud".into(),
        rota: None,
        service: Some("scoring".to_owned()),
        subjects: vec!["model:fraud-score@14".parse().unwrap()],
        group: Some("prometheus:drift".to_owned()),
        follows: None,
        why: "alert from prometheus".to_owned(),
        also: Vec::new(),
        pages: true,
    }
}

/// An alert of a model that drifts.
pub fn alert(status: AlertStatus) -> Alert {
    Alert {
        source: "prometheus".into(),
        fingerprint: "f".to_owned(),
        status,
        signal: Signal::Normal,
        title: "Drift".to_owned(),
        description: None,
        severity: Some(AlertSeverity::Error),
        vendor_severity: Some("high".to_owned()),
        category: None,
        service: None,
        labels: [("model".to_owned(), "fraud-score".to_owned())].into(),
        links: Vec::new(),
        started_at: Some(at(0)),
        ended_at: None,
        group: None,
        said_at: None,
    }
}
