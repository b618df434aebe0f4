//! Prometheus Alertmanager, webhook version 4.
//!
//! Documented in its manual ("webhook_config") and seen in captures of 0.25.0: `alerts[]` with `status`, `labels`,
//! `annotations`, `startsAt`, `endsAt` (year 1 while it fires), `generatorURL`, `fingerprint`; around them `groupKey`,
//! `externalURL` and `truncatedAlerts`. The outer `status` is `firing` while any alert is, so each alert's own counts;
//! one that is missing from a group has not resolved, since groups are cut off.
//! Assumed: the label `severity` holds the severity, `service` the service, as the field's rule sets have it.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::domain::alert::{Alert, AlertStatus, Category};
use crate::domain::id::SourceName;
use crate::intake::delivery::Delivery;
use crate::intake::json::Node;
use crate::intake::kind::{Kind, Sample, Samples};
use crate::intake::{Misfit, Reading, json, words};

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

const STATUSES: &[(&str, AlertStatus)] = &[("firing", AlertStatus::Firing), ("resolved", AlertStatus::Resolved)];

fn read(delivery: &Delivery<'_>) -> Result<Reading, Misfit> {
    // Storms come from here; half of the payload says again what stands in each alert.
    let document = delivery.fields(&["version", "groupKey", "externalURL", "alerts"])?;
    let root = Node::root(&document);
    if let Some(version) = root.maybe("version").filter(|version| version != "4") {
        return Err(root.wrong("version", format!("is {:?}, not \"4\"", json::quoted(&version))));
    }
    let (group, external) = (root.maybe("groupKey"), root.maybe("externalURL"));
    Reading::of_items(root.list("alerts")?, |item| {
        let alert = alert(delivery.source, &item)?;
        let links = alert.links.into_iter().chain(external.clone()).collect();
        Ok(Some(Alert { group: group.clone(), links, ..alert }))
    })
}

fn alert(source: &SourceName, item: &Node<'_>) -> Result<Alert, Misfit> {
    let status = item.word("status", STATUSES)?;
    let labels = item.pairs("labels");
    let annotations = item.get("annotations");
    let annotation = |names: &[&str]| annotations.as_ref().and_then(|annotations| annotations.first(names));
    let label = |names: &[&str]| names.iter().find_map(|name| labels.get(*name)).cloned();
    let title = annotation(&["summary", "title"])
        .or_else(|| label(&["alertname"]))
        .ok_or_else(|| item.missing("labels.alertname"))?;
    let vendor_severity = label(&["severity"]);
    let links = [
        annotation(&["runbook_url", "runbook"]),
        annotation(&["dashboard_url", "dashboard"]),
        item.maybe("generatorURL"),
    ];
    let fingerprint = item.maybe("fingerprint").unwrap_or_else(|| of_labels(&labels));
    Ok(Alert {
        description: annotation(&["description", "message"]),
        severity: vendor_severity.as_deref().and_then(words::severity),
        vendor_severity,
        category: labels.get("category").and_then(|word| word.parse::<Category>().ok()),
        service: label(&["service", "service_name", "app"]),
        links: links.into_iter().flatten().collect(),
        started_at: item.moment("startsAt"),
        // While it fires, Alertmanager gives the time at which it would give it up.
        ended_at: item.moment("endsAt").filter(|_| status == AlertStatus::Resolved),
        labels,
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
    fn odd_json_is_read_as_everywhere() {
        let reading = one(
            r#"{"status":"resolved","status":"firing","labels":{"alertname":"A","id":123456789012345678901,"id2":1,"none":null},
                "fingerprint":"f","fingerprint":"g"}"#,
        )
        .unwrap();
        let alert = &reading.alerts[0];
        assert_eq!((alert.status, alert.fingerprint.as_str()), (AlertStatus::Firing, "g"), "the last of a name counts");
        assert_eq!(alert.labels["id"], "123456789012345678901");
        assert!(!alert.labels.contains_key("none"));
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
        1: `alerts[1].status` is "odd", none of firing, resolved
        2: `alerts[2].status` is missing
        3: `alerts[3].status` is missing
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
