//! AWS Health, the Personal Health Dashboard: by EventBridge, straight or through SNS, with or without its envelope.
//!
//! Documented (AWS Health user guide, "EventBridge schema"): `detail` with `eventArn`, `eventTypeCode`,
//! `eventTypeCategory` (`issue`, `investigation`, `accountNotification`, `scheduledChange`), `statusCode` (`open`,
//! `upcoming`, `closed`), `eventScopeCode`, `lastUpdatedTime`, `affectedEntities`. An event is delivered to its Region
//! and to a backup Region, with the same `communicationId`; one with many resources comes in pages (`page`,
//! `totalPages`); an organisation gets it once for each account. In all of these `eventArn` stays, so they are one
//! alert.
//! Seen in real payloads: old events without `statusCode` and `lastUpdatedTime`, some with an `endTime`; `detail`
//! alone, as an input transformer of EventBridge sends it; years and pages as texts.
//! Assumed: without `statusCode` an issue is over once its `endTime` is not after the moment at which it was told. An
//! issue of the account is an error; one of everybody's (`PUBLIC`) is a warning, since it may or may not touch us. What
//! AWS still investigates is suspected. Notices and planned changes ask for nothing now: they are information.

use crate::domain::alert::{Alert, AlertSeverity, AlertStatus, Category, Signal};
use crate::intake::auth::Scheme;
use crate::intake::delivery::Delivery;
use crate::intake::json::Node;
use crate::intake::kind::{Kind, Sample, Samples};
use crate::intake::{Misfit, Reading, sns, words};

/// AWS Health.
pub static KIND: Kind = Kind {
    name: "aws-health",
    title: "AWS Health",
    expected: "an AWS Health event: an event of EventBridge with `detail.eventArn`, by itself or in a message of SNS",
    proofs: &[Scheme::Sns, Scheme::Secret],
    read,
    samples: Samples {
        fires: Sample::json(include_str!("samples/aws-health/fires.json")),
        resolves: Some(Sample::json(include_str!("samples/aws-health/resolves.json"))),
    },
    manual: include_str!("../../../docs/sources/aws-health.md"),
    ..Kind::USUAL
};

/// How many resources a label names.
const RESOURCES: usize = 20;

/// What AWS sorts its events by.
#[derive(Clone, Copy, PartialEq)]
enum Sort {
    Issue,
    Investigation,
    Notice,
}

const SORTS: &[(&str, Sort)] = &[
    ("issue", Sort::Issue),
    ("investigation", Sort::Investigation),
    ("accountNotification", Sort::Notice),
    ("scheduledChange", Sort::Notice),
    ("plannedChange", Sort::Notice),
];

const STATES: &[(&str, AlertStatus)] =
    &[("open", AlertStatus::Firing), ("closed", AlertStatus::Resolved), ("upcoming", AlertStatus::Info)];

fn read(delivery: &Delivery<'_>) -> Result<Reading, Misfit> {
    sns::read(&delivery.document()?, |root| event(delivery, root).map(Some))
}

fn event(delivery: &Delivery<'_>, root: &Node<'_>) -> Result<Alert, Misfit> {
    // An input transformer may send the inner part alone.
    let detail = match root.get("eventArn") {
        Some(_) => root.clone(),
        None => root.need("detail")?,
    };
    let arn = detail.text("eventArn")?;
    let title = detail.text("eventTypeCode")?;
    let sort = detail.word("eventTypeCategory", SORTS)?;
    let said_at = detail.moment("lastUpdatedTime").or_else(|| root.moment("time"));
    let ended_at = detail.moment("endTime");
    let told = match (detail.maybe("statusCode"), ended_at) {
        (Some(_), _) => detail.word("statusCode", STATES)?,
        (None, Some(end)) if end <= said_at.unwrap_or(delivery.now) => AlertStatus::Resolved,
        (None, _) => AlertStatus::Firing,
    };
    let status = match sort {
        Sort::Notice => AlertStatus::Info,
        Sort::Issue | Sort::Investigation => told,
    };
    let is_public = detail.maybe("eventScopeCode").is_some_and(|scope| scope.eq_ignore_ascii_case("PUBLIC"));
    let severity = match sort {
        Sort::Issue if is_public => AlertSeverity::Warning,
        Sort::Issue => AlertSeverity::Error,
        Sort::Investigation => AlertSeverity::Warning,
        Sort::Notice => AlertSeverity::Info,
    };
    let mut resources: Vec<String> =
        detail.items("affectedEntities").iter().filter_map(|entity| entity.maybe("entityValue")).collect();
    if resources.is_empty() {
        resources = root.texts("resources");
    }
    resources.truncate(RESOURCES);
    let mut labels = words::labels([
        ("account", detail.maybe("affectedAccount").or_else(|| root.maybe("account"))),
        ("region", detail.maybe("eventRegion").or_else(|| arn.split(':').nth(3).map(str::to_owned))),
        ("service", detail.maybe("service")),
        ("event_type", Some(title.clone())),
        ("category", detail.maybe("eventTypeCategory")),
        ("scope", detail.maybe("eventScopeCode")),
        ("communication", detail.maybe("communicationId")),
        ("resources", words::listed(&resources)),
        ("page", detail.maybe("totalPages").filter(|total| total != "1").and_then(|_| detail.maybe("page"))),
        ("pages", detail.maybe("totalPages").filter(|total| total != "1")),
    ]);
    for entity in detail.items("affectedEntities").iter().take(RESOURCES) {
        labels.extend(entity.pairs("tags"));
    }
    let descriptions = detail.items("eventDescription");
    let english = descriptions.iter().find(|text| text.maybe("language").is_some_and(|code| code.starts_with("en")));
    Ok(Alert {
        signal: if sort == Sort::Investigation { Signal::Suspected } else { Signal::Normal },
        description: english.or(descriptions.first()).and_then(|text| text.maybe("latestDescription")),
        severity: Some(severity),
        vendor_severity: detail.maybe("eventTypeCategory"),
        category: Some(Category::Provider),
        service: detail.maybe("service"),
        started_at: detail.moment("startTime"),
        ended_at: ended_at.or(said_at).filter(|_| status == AlertStatus::Resolved),
        said_at,
        labels,
        ..Alert::new(delivery.source, arn, status, title)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(event: &Value) -> Alert {
        let body = event.to_string();
        let reading = crate::intake::read(&KIND, &Delivery::bare(&"aws".into(), body.as_bytes())).unwrap();
        reading.alerts.into_iter().next().unwrap()
    }

    fn event(changes: Value) -> Value {
        let mut event: Value = serde_json::from_str(KIND.samples.fires.body).unwrap();
        for (name, value) in changes.as_object().unwrap() {
            event["detail"][name] = value.clone();
        }
        event
    }

    #[test]
    fn copies_for_the_backup_region_for_other_pages_and_other_accounts_are_one_alert() {
        let first = read(&event(json!({})));
        let mut backup = event(json!({}));
        backup["region"] = json!("us-west-2");
        backup["id"] = json!("another");
        for copy in [
            read(&backup),
            read(&event(json!({"page": "2", "totalPages": "3"}))),
            read(&event(json!({"affectedAccount": "210987654321"}))),
        ] {
            assert_eq!(
                (&copy.fingerprint, copy.status, copy.said_at),
                (&first.fingerprint, first.status, first.said_at)
            );
        }
    }

    #[test]
    fn what_a_category_and_a_state_ask_for() {
        let cases = [
            (
                json!({"eventTypeCategory": "scheduledChange", "statusCode": "upcoming"}),
                AlertStatus::Info,
                Signal::Normal,
            ),
            (json!({"eventTypeCategory": "accountNotification"}), AlertStatus::Info, Signal::Normal),
            (json!({"eventTypeCategory": "investigation"}), AlertStatus::Firing, Signal::Suspected),
            (json!({"statusCode": "closed"}), AlertStatus::Resolved, Signal::Normal),
            (
                json!({"statusCode": null, "endTime": "Wed, 04 Feb 2026 01:50:00 GMT"}),
                AlertStatus::Firing,
                Signal::Normal,
            ),
            (
                json!({"statusCode": null, "endTime": "Wed, 04 Feb 2026 01:30:00 GMT"}),
                AlertStatus::Resolved,
                Signal::Normal,
            ),
        ];
        for (changes, status, signal) in cases {
            let alert = read(&event(changes.clone()));
            assert_eq!((alert.status, alert.signal), (status, signal), "{changes}");
        }
    }
}
