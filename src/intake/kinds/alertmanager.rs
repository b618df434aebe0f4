//! Prometheus Alertmanager, webhook version 4.
//!
//! Documented in its manual ("webhook_config") and seen in captures of 0.25.0: `alerts[]` with `status`, `labels`,
//! `annotations`, `startsAt`, `endsAt` (year 1 while it fires), `generatorURL`, `fingerprint`; around them `groupKey`,
//! `externalURL` and `truncatedAlerts`. The outer `status` is `firing` while any alert is, so each alert's own counts;
//! one that is missing from a group has not resolved, since groups are cut off.
//! Assumed: the label `severity` holds the severity, `service` the service, as the field's rule sets have it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::domain::alert::{Alert, AlertStatus, Category};
use crate::domain::id::SourceName;
use crate::intake::delivery::Delivery;
use crate::intake::kind::{Kind, Sample, Samples};
use crate::intake::{Misfit, Reading, json, time, words};

/// Prometheus Alertmanager.
pub static KIND: Kind = Kind {
    name: "alertmanager",
    title: "Prometheus Alertmanager",
    expected: "an Alertmanager webhook of version 4: an object with `version`: \"4\" and a list `alerts`",
    read,
    samples: Samples {
        fires: Sample::json(include_str!("samples/alertmanager/fires.json")),
        resolves: Some(Sample::json(include_str!("samples/alertmanager/resolves.json"))),
    },
    manual: include_str!("../../../docs/sources/alertmanager.md"),
    ..Kind::USUAL
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Webhook<'a> {
    version: Option<String>,
    group_key: Option<String>,
    #[serde(rename = "externalURL")]
    external_url: Option<String>,
    #[serde(borrow)]
    alerts: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    status: String,
    #[serde(default, deserialize_with = "json::texts")]
    labels: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "json::texts")]
    annotations: BTreeMap<String, String>,
    starts_at: Option<String>,
    ends_at: Option<String>,
    #[serde(rename = "generatorURL")]
    generator_url: Option<String>,
    fingerprint: Option<String>,
}

fn read(delivery: &Delivery<'_>) -> Result<Reading, Misfit> {
    let webhook: Webhook<'_> =
        serde_json::from_slice(json::without_mark(delivery.body)).map_err(|error| match error.classify() {
            serde_json::error::Category::Data => Misfit::Other(without_position(&error)),
            _ => Misfit::NotJson(error.to_string()),
        })?;
    if let Some(version) = webhook.version.as_deref().filter(|version| *version != "4") {
        let problem = format!("is {:?}", json::quoted(version));
        return Err(Misfit::Wrong { field: "version".to_owned(), problem });
    }
    let group = webhook.group_key.filter(|key| !key.is_empty());
    Reading::of_items(webhook.alerts, |raw| {
        let item = serde_json::from_str::<Item>(raw.get()).map_err(|error| Misfit::Other(without_position(&error)))?;
        alert(delivery.source, item, group.as_deref(), webhook.external_url.as_deref()).map(Some)
    })
}

/// What serde says, without the position, which is that within an item.
fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

fn alert(source: &SourceName, item: Item, group: Option<&str>, external_url: Option<&str>) -> Result<Alert, Misfit> {
    let status = match item.status.as_str() {
        "firing" => AlertStatus::Firing,
        "resolved" => AlertStatus::Resolved,
        other => {
            let problem = format!("is {:?}, neither firing nor resolved", json::quoted(other));
            return Err(Misfit::Wrong { field: "status".to_owned(), problem });
        }
    };
    let first = |names: &[&str], map: &BTreeMap<String, String>| {
        names.iter().find_map(|name| map.get(*name)).filter(|text| !text.trim().is_empty()).cloned()
    };
    let title = first(&["summary", "title"], &item.annotations)
        .or_else(|| first(&["alertname"], &item.labels))
        .ok_or_else(|| Misfit::Other("it has neither a summary nor an alert name".to_owned()))?;
    let vendor_severity = first(&["severity"], &item.labels);
    let links = [
        first(&["runbook_url", "runbook"], &item.annotations),
        first(&["dashboard_url", "dashboard"], &item.annotations),
        item.generator_url,
        external_url.map(str::to_owned),
    ];
    let moment = |text: Option<String>| text.as_deref().and_then(time::read);
    let ended_at = moment(item.ends_at);
    let fingerprint = item.fingerprint.filter(|text| !text.is_empty()).unwrap_or_else(|| of_labels(&item.labels));
    Ok(Alert {
        description: first(&["description", "message"], &item.annotations),
        severity: vendor_severity.as_deref().and_then(words::severity),
        vendor_severity,
        category: item.labels.get("category").and_then(|word| word.parse::<Category>().ok()),
        service: first(&["service", "service_name", "app"], &item.labels),
        links: links.into_iter().flatten().collect(),
        started_at: moment(item.starts_at),
        // While it fires, Alertmanager gives the time at which it would give it up.
        ended_at: ended_at.filter(|_| status == AlertStatus::Resolved),
        group: group.map(str::to_owned),
        labels: item.labels,
        ..Alert::new(source, fingerprint, status, title)
    })
}

/// The identity of an alert whose sender gives none: its labels, as Alertmanager itself does it.
fn of_labels(labels: &BTreeMap<String, String>) -> String {
    let mut hash = Sha256::new();
    for (name, value) in labels {
        hash.update(name.as_bytes());
        hash.update([0xff]);
        hash.update(value.as_bytes());
        hash.update([0xff]);
    }
    hex::encode(&hash.finalize()[..8])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::Unreadable;

    fn reading(body: &[u8]) -> Result<Reading, Unreadable> {
        crate::intake::read(&KIND, &Delivery::bare(&"prometheus".into(), body))
    }

    fn one(item: &str) -> Result<Reading, Unreadable> {
        let group = r#""groupKey":"{}:{alertname=\"Drift\"}","externalURL":"http://am:9093""#;
        reading(format!(r#"{{"version":"4",{group},"alerts":[{item}]}}"#).as_bytes())
    }

    #[test]
    fn an_alert_reads_to_its_fields() {
        let reading = one(
            r#"{"status":"firing","labels":{"alertname":"Drift","severity":"critical","model":"fraud-score","shard":3},
                "annotations":{"summary":"PSI  above\n0.2","description":"more","runbook_url":"javascript:alert(1)"},
                "startsAt":"2026-11-23T02:19:03.123456789Z","endsAt":"0001-01-01T00:00:00Z",
                "generatorURL":"http://prometheus/graph","fingerprint":"51d7a0bc3565af1e"}"#,
        )
        .unwrap();
        let alert = &reading.alerts[0];
        assert_eq!(alert.title, "PSI above 0.2");
        assert_eq!(alert.severity, Some(crate::domain::alert::AlertSeverity::Critical));
        assert_eq!(alert.labels["shard"], "3");
        assert_eq!(alert.links, ["http://prometheus/graph", "http://am:9093"]);
        assert_eq!(alert.started_at.unwrap().timestamp_subsec_nanos(), 123_456_000);
        assert_eq!(alert.ended_at, None);
        assert_eq!(alert.group.as_deref(), Some("{}:{alertname=\"Drift\"}"));
    }

    #[test]
    fn bad_items_do_not_cost_the_good_ones() {
        let good = r#"{"status":"firing","labels":{"alertname":"A"}}"#;
        let reading =
            one(&format!(r#"{good},{{"status":"odd","labels":{{"alertname":"B"}}}},7,{{"labels":{{}}}}"#)).unwrap();
        assert_eq!(reading.alerts.len(), 1);
        let reasons: Vec<String> =
            reading.rejected.iter().map(|item| format!("{}: {}", item.index, item.reason)).collect();
        insta::assert_snapshot!(reasons.join("\n"), @r#"
        1: `status` is "odd", neither firing nor resolved
        2: invalid type: integer `7`, expected struct Item
        3: missing field `status`
        "#);
    }

    #[test]
    fn what_is_not_alertmanagers_is_refused_with_what_was_expected() {
        let cases: [&[u8]; 9] = [
            b"",
            b"{",
            b"[]",
            b"null",
            b"{}",
            b"{\"alerts\":{}}",
            b"{\"version\":\"3\",\"alerts\":[]}",
            b"\xff\xfe{",
            b"{\"alerts\":[{\"status\":\"firing\"}]}",
        ];
        for body in cases {
            let error = reading(body).unwrap_err().to_string();
            assert!(error.contains("Alertmanager webhook of version 4"), "{error}");
        }
    }

    #[test]
    fn deep_nesting_is_refused_without_harm() {
        let deep = format!("{{\"alerts\":[{}{}]}}", "[".repeat(200_000), "]".repeat(200_000));
        assert!(reading(deep.as_bytes()).is_err());
    }

    #[test]
    fn an_alert_without_a_fingerprint_is_known_by_its_labels() {
        let item = r#"{"status":"firing","labels":{"alertname":"A","b":"c"}}"#;
        let same = r#"{"status":"resolved","labels":{"b":"c","alertname":"A"}}"#;
        let other = r#"{"status":"firing","labels":{"alertname":"A","b":"d"}}"#;
        let fingerprint = |item: &str| one(item).unwrap().alerts[0].fingerprint.clone();
        assert_eq!(fingerprint(item), fingerprint(same));
        assert_ne!(fingerprint(item), fingerprint(other));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_give_a_reading_or_a_reason(body: Vec<u8>) {
            let _ = reading(&body);
        }
    }
}
