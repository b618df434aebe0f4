//! Amazon CloudWatch alarms, by SNS (with or without its envelope) and by EventBridge.
//!
//! Documented (CloudWatch user guide, "Alarm events and EventBridge"; SNS developer guide): the states `OK`, `ALARM`
//! and `INSUFFICIENT_DATA`; `actionsSuppressedBy` while a composite alarm is muted; by SNS the alarm is a JSON text in
//! `Message`. Seen in real payloads: old messages without `AlarmArn`, times with the offset `+0000`, JSON under
//! `text/plain`, functions that forward `Records[].Sns`.
//! Assumed: an alarm names no severity, so its name and tags are left to the rules of triage. `INSUFFICIENT_DATA` is an
//! alert of its own kind, no data, and keeps the alarm's identity: `OK` ends either. A muted alarm is information.

use std::collections::BTreeMap;

use crate::domain::alert::{Alert, AlertStatus, Signal};
use crate::domain::id::SourceName;
use crate::intake::auth::Scheme;
use crate::intake::delivery::Delivery;
use crate::intake::json::Node;
use crate::intake::kind::{Kind, Sample, Samples};
use crate::intake::{Misfit, Reading, sns};

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

const STATES: &[(&str, (AlertStatus, Signal))] = &[
    ("ALARM", (AlertStatus::Firing, Signal::Normal)),
    ("OK", (AlertStatus::Resolved, Signal::Normal)),
    ("INSUFFICIENT_DATA", (AlertStatus::Firing, Signal::NoData)),
];

fn read(delivery: &Delivery<'_>) -> Result<Reading, Misfit> {
    sns::read(&delivery.document()?, |root| alarm(delivery.source, root).map(Some))
}

/// One alarm, in either of its two shapes.
pub(super) fn alarm(source: &SourceName, root: &Node<'_>) -> Result<Alert, Misfit> {
    match root.get("detail") {
        Some(_) => of_event_bridge(source, root),
        None => of_sns(source, root),
    }
}

fn of_sns(source: &SourceName, root: &Node<'_>) -> Result<Alert, Misfit> {
    let name = root.text("AlarmName")?;
    let (status, signal) = root.word("NewStateValue", STATES)?;
    let fingerprint = match root.maybe("AlarmArn") {
        Some(arn) => arn,
        // Old messages have none: account, Region (by its name, then) and alarm are what it is made of.
        None => format!("{}/{}/{name}", root.text("AWSAccountId")?, root.text("Region")?),
    };
    let mut labels = BTreeMap::new();
    let named = [
        ("account", "AWSAccountId"),
        ("region", "Region"),
        ("namespace", "Trigger.Namespace"),
        ("metric", "Trigger.MetricName"),
    ];
    labels.extend(named.iter().filter_map(|(label, path)| Some(((*label).to_owned(), root.maybe(path)?))));
    for dimension in root.items("Trigger.Dimensions") {
        labels.extend(dimension.maybe("name").zip(dimension.maybe("value")));
    }
    Ok(Alert {
        signal,
        description: joined([root.maybe("AlarmDescription"), root.maybe("NewStateReason")]),
        service: labels.get("namespace").cloned(),
        said_at: root.moment("StateChangeTime"),
        started_at: root.moment("StateChangeTime").filter(|_| status == AlertStatus::Firing),
        ended_at: root.moment("StateChangeTime").filter(|_| status == AlertStatus::Resolved),
        labels,
        ..Alert::new(source, fingerprint, status, name)
    })
}

fn of_event_bridge(source: &SourceName, root: &Node<'_>) -> Result<Alert, Misfit> {
    let detail = root.need("detail")?;
    let name = detail.text("alarmName")?;
    let (status, signal) = detail.word("state.value", STATES)?;
    let muted = detail.maybe("state.actionsSuppressedBy");
    let status = if muted.is_some() && status == AlertStatus::Firing { AlertStatus::Info } else { status };
    let mut labels = BTreeMap::new();
    let metric = "configuration.metrics.0.metricStat.metric";
    let named = [
        ("account", root.maybe("account")),
        ("region", root.maybe("region")),
        ("namespace", detail.maybe(&format!("{metric}.namespace"))),
        ("metric", detail.maybe(&format!("{metric}.name"))),
        ("suppressed_by", muted),
    ];
    labels.extend(named.into_iter().filter_map(|(label, value)| Some((label.to_owned(), value?))));
    labels.extend(detail.pairs(&format!("{metric}.dimensions")));
    let said_at = detail.moment("state.timestamp");
    Ok(Alert {
        signal,
        description: joined([detail.maybe("configuration.description"), detail.maybe("state.reason")]),
        service: labels.get("namespace").cloned(),
        said_at,
        started_at: said_at.filter(|_| status == AlertStatus::Firing),
        ended_at: said_at.filter(|_| status == AlertStatus::Resolved),
        labels,
        ..Alert::new(source, root.text("resources.0")?, status, name)
    })
}

fn joined<const N: usize>(texts: [Option<String>; N]) -> Option<String> {
    let texts: Vec<String> = texts.into_iter().flatten().collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}
