//! Amazon CloudWatch alarms, by SNS (with or without its envelope) and by EventBridge.
//!
//! Documented (CloudWatch user guide, "Alarm events and EventBridge"; SNS developer guide): the states `OK`, `ALARM`
//! and `INSUFFICIENT_DATA`; `actionsSuppressedBy` while a composite alarm is muted; by SNS the alarm is a JSON text in
//! `Message`. Seen in real payloads: old messages without `AlarmArn`, times with the offset `+0000`, JSON under
//! `text/plain`, functions that forward `Records[].Sns`.
//! Assumed: an alarm names no severity, so its name and tags are left to the rules of triage. `INSUFFICIENT_DATA` is an
//! alert of its own kind, no data, and keeps the alarm's identity: `OK` ends either. A muted alarm is information.
//! EventBridge also tells when an alarm is made, changed or deleted: only a deletion says something of its trouble,
//! which is over.

use crate::domain::alert::{Alert, AlertStatus, Signal};
use crate::domain::id::SourceName;
use crate::intake::auth::Scheme;
use crate::intake::delivery::Delivery;
use crate::intake::json::Node;
use crate::intake::kind::{Kind, Sample, Samples};
use crate::intake::{Misfit, Reading, sns, words};

/// Amazon CloudWatch.
pub static KIND: Kind = Kind {
    name: "cloudwatch",
    title: "Amazon CloudWatch",
    expected: "a CloudWatch alarm: a message of SNS with `AlarmName` in it, or an event of EventBridge with \
               `detail.alarmName`",
    proofs: &[Scheme::Sns, Scheme::Secret],
    read,
    samples: Samples {
        fires: Sample::json(include_str!("samples/cloudwatch/fires.json")),
        resolves: Some(Sample::json(include_str!("samples/cloudwatch/resolves.json"))),
    },
    manual: include_str!("../../../docs/sources/cloudwatch.md"),
    ..Kind::USUAL
};

/// What EventBridge calls what happens to an alarm itself.
const CONFIGURATION: &str = "CloudWatch Alarm Configuration Change";

const STATES: &[(&str, (AlertStatus, Signal))] = &[
    ("ALARM", (AlertStatus::Firing, Signal::Normal)),
    ("OK", (AlertStatus::Resolved, Signal::Normal)),
    ("INSUFFICIENT_DATA", (AlertStatus::Firing, Signal::NoData)),
];

fn read(delivery: &Delivery<'_>) -> Result<Reading, Misfit> {
    sns::read(&delivery.document()?, |root| match root.get("detail") {
        None => of_sns(delivery.source, root).map(Some),
        Some(detail) if root.maybe("detail-type").as_deref() == Some(CONFIGURATION) => {
            match detail.maybe("operation").as_deref() {
                Some("delete") => deleted(delivery.source, root, &detail).map(Some),
                _ => Ok(None),
            }
        }
        Some(detail) => of_event_bridge(delivery.source, root, &detail).map(Some),
    })
}

/// The alarm is gone, and with it whatever it said.
fn deleted(source: &SourceName, root: &Node<'_>, detail: &Node<'_>) -> Result<Alert, Misfit> {
    let said_at = root.moment("time");
    Ok(Alert {
        description: Some("The alarm was deleted.".to_owned()),
        labels: words::labels([("account", root.maybe("account")), ("region", root.maybe("region"))]),
        said_at,
        ended_at: said_at,
        ..Alert::new(source, root.text("resources.0")?, AlertStatus::Resolved, detail.text("alarmName")?)
    })
}

fn of_sns(source: &SourceName, root: &Node<'_>) -> Result<Alert, Misfit> {
    let name = root.text("AlarmName")?;
    let (status, signal) = root.word("NewStateValue", STATES)?;
    let fingerprint = match root.maybe("AlarmArn") {
        Some(arn) => arn,
        // Old messages have none: account, Region (by its name, then) and alarm are what it is made of.
        None => format!("{}/{}/{name}", root.text("AWSAccountId")?, root.text("Region")?),
    };
    let mut labels = words::labels([
        ("account", root.maybe("AWSAccountId")),
        ("region", root.maybe("Region")),
        ("namespace", root.maybe("Trigger.Namespace")),
        ("metric", root.maybe("Trigger.MetricName")),
    ]);
    for dimension in root.items("Trigger.Dimensions") {
        labels.extend(dimension.maybe("name").zip(dimension.maybe("value")));
    }
    Ok(Alert {
        signal,
        description: words::lines([root.maybe("AlarmDescription"), root.maybe("NewStateReason")]),
        service: labels.get("namespace").cloned(),
        said_at: root.moment("StateChangeTime"),
        started_at: root.moment("StateChangeTime").filter(|_| status == AlertStatus::Firing),
        ended_at: root.moment("StateChangeTime").filter(|_| status == AlertStatus::Resolved),
        labels,
        ..Alert::new(source, fingerprint, status, name)
    })
}

fn of_event_bridge(source: &SourceName, root: &Node<'_>, detail: &Node<'_>) -> Result<Alert, Misfit> {
    let name = detail.text("alarmName")?;
    let (status, signal) = detail.word("state.value", STATES)?;
    let muted = detail.maybe("state.actionsSuppressedBy");
    let status = if muted.is_some() && status == AlertStatus::Firing { AlertStatus::Info } else { status };
    let metric = "configuration.metrics.0.metricStat.metric";
    let mut labels = words::labels([
        ("account", root.maybe("account")),
        ("region", root.maybe("region")),
        ("namespace", detail.maybe(&format!("{metric}.namespace"))),
        ("metric", detail.maybe(&format!("{metric}.name"))),
        ("suppressed_by", muted),
    ]);
    labels.extend(detail.pairs(&format!("{metric}.dimensions")));
    let said_at = detail.moment("state.timestamp");
    Ok(Alert {
        signal,
        description: words::lines([detail.maybe("configuration.description"), detail.maybe("state.reason")]),
        service: labels.get("namespace").cloned(),
        said_at,
        started_at: said_at.filter(|_| status == AlertStatus::Firing),
        ended_at: said_at.filter(|_| status == AlertStatus::Resolved),
        labels,
        ..Alert::new(source, root.text("resources.0")?, status, name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(body: &Value) -> Reading {
        let body = body.to_string();
        crate::intake::read(&KIND, &Delivery::bare(&"cloudwatch".into(), body.as_bytes())).unwrap()
    }

    fn event(state: &str, muted: Option<&str>) -> Value {
        json!({
            "detail-type": "CloudWatch Alarm State Change", "time": "2026-02-04T01:40:00Z",
            "resources": ["arn:aws:cloudwatch:eu-west-1:1:alarm:a"],
            "detail": {"alarmName": "a", "state": {
                "value": state, "timestamp": "2026-02-04T01:40:00.000+0000", "actionsSuppressedBy": muted,
            }},
        })
    }

    #[test]
    fn each_state_by_both_ways() {
        let cases = [
            ("ALARM", None, AlertStatus::Firing, Signal::Normal),
            ("ALARM", Some("Alarm"), AlertStatus::Info, Signal::Normal),
            ("OK", None, AlertStatus::Resolved, Signal::Normal),
            ("INSUFFICIENT_DATA", None, AlertStatus::Firing, Signal::NoData),
        ];
        for (state, muted, status, signal) in cases {
            let alert = &read(&event(state, muted)).alerts[0];
            assert_eq!((alert.status, alert.signal), (status, signal), "{state} by EventBridge");
            if muted.is_none() {
                let raw = json!({"AlarmName": "a", "AlarmArn": alert.fingerprint, "NewStateValue": state});
                let by_sns = &read(&raw).alerts[0];
                assert_eq!((by_sns.status, by_sns.signal), (status, signal), "{state} by SNS");
                assert_eq!(by_sns.fingerprint, alert.fingerprint);
            }
        }
    }

    #[test]
    fn an_alarm_that_is_made_or_changed_says_nothing_and_one_that_is_deleted_is_over() {
        let mut changed = event("INSUFFICIENT_DATA", None);
        changed["detail-type"] = json!(CONFIGURATION);
        for operation in ["create", "update"] {
            changed["detail"]["operation"] = json!(operation);
            assert!(read(&changed).alerts.is_empty(), "{operation}");
        }
        changed["detail"]["operation"] = json!("delete");
        let [gone] = &read(&changed).alerts[..] else { panic!("it says that it is over") };
        assert_eq!((gone.status, gone.ended_at), (AlertStatus::Resolved, gone.said_at));
    }
}
