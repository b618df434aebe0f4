//! Grafana: unified alerting (version 8 and later) and the legacy alerting before it.
//!
//! Documented (Grafana's manual, "Webhook notifier"; grafana/alerting `http/hmac.go`): unified alerting sends a list
//! `alerts`, each with `status`, `labels`, `annotations`, `startsAt`, `endsAt` (year 1 while it fires), `fingerprint` and
//! four addresses. A rule without data fires an alert named `DatasourceNoData`, one whose source fails
//! `DatasourceError`, with the rule's name in `rulename`; a rule that fires by its setting for no data says so in the
//! annotation `grafana_state_reason`. It signs in `X-Grafana-Alerting-Signature` where that is switched on, the body or
//! `<seconds>:<body>` with a timestamp header whose name has no default; we name it `X-Grafana-Alerting-Timestamp`.
//! Legacy alerting sends one rule, with `state`: `alerting`, `ok`, `no_data`, `pending`, `paused`.
//! Seen in real payloads: version 8 sends `status: resolved` with `state: alerting`, so the outer state is never read;
//! the test of a contact point is the alert `TestAlert` of the instance `Grafana`, that of a legacy channel the rule 0.
//! Assumed: what is pending is suspected, what is paused is information. An alert that is missing from a group, or cut off
//! (`truncatedAlerts`), has not resolved.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::domain::alert::{Alert, AlertStatus, Category, Signal};
use crate::domain::id::SourceName;
use crate::intake::auth::Scheme;
use crate::intake::delivery::Delivery;
use crate::intake::json::Node;
use crate::intake::kind::{Kind, Sample, Samples};
use crate::intake::signature::{Encoding, Hash, Part, Signature};
use crate::intake::{Misfit, Reading, words};

/// Grafana.
pub static KIND: Kind = Kind {
    name: "grafana",
    title: "Grafana",
    expected: "a Grafana webhook: an object with a list `alerts` (unified alerting) or with `ruleId` and `state` (legacy)",
    proofs: &[
        Scheme::Secret,
        Scheme::Signature(Signature::of_body("x-grafana-alerting-signature")),
        Scheme::Signature(Signature {
            name: Cow::Borrowed("signature-timestamp"),
            header: Cow::Borrowed("x-grafana-alerting-signature"),
            hash: Hash::Sha256,
            encoding: Encoding::Hex,
            prefix: Cow::Borrowed(""),
            separator: None,
            signed: Cow::Borrowed(&[
                Part::Header(Cow::Borrowed("x-grafana-alerting-timestamp")),
                Part::Text(Cow::Borrowed(":")),
                Part::Body,
            ]),
            timestamp: Some(Cow::Borrowed("x-grafana-alerting-timestamp")),
        }),
    ],
    read,
    samples: Samples {
        fires: Sample::json(include_str!("samples/grafana/fires.json")),
        resolves: Some(Sample::json(include_str!("samples/grafana/resolves.json"))),
    },
    manual: include_str!("../../../docs/sources/grafana.md"),
    ..Kind::USUAL
};

const STATUSES: &[(&str, AlertStatus)] = &[("firing", AlertStatus::Firing), ("resolved", AlertStatus::Resolved)];

const LEGACY_STATES: &[(&str, (AlertStatus, Signal))] = &[
    ("alerting", (AlertStatus::Firing, Signal::Normal)),
    ("ok", (AlertStatus::Resolved, Signal::Normal)),
    ("no_data", (AlertStatus::Firing, Signal::NoData)),
    ("pending", (AlertStatus::Firing, Signal::Suspected)),
    ("paused", (AlertStatus::Info, Signal::Normal)),
];

fn read(delivery: &Delivery<'_>) -> Result<Reading, Misfit> {
    let document = delivery.document()?;
    let root = Node::root(&document);
    if root.get("ruleId").is_some() {
        return legacy(delivery.source, &root).map(Reading::from);
    }
    let (group, external) = (root.maybe("groupKey"), root.maybe("externalURL"));
    Reading::of_items(root.list("alerts")?, |item| {
        let alert = unified(delivery.source, &item)?;
        let links = alert.links.iter().cloned().chain(external.clone()).collect();
        Ok(Some(Alert { group: group.clone(), links, ..alert }))
    })
}

fn unified(source: &SourceName, item: &Node<'_>) -> Result<Alert, Misfit> {
    let status = item.word("status", STATUSES)?;
    let mut labels = item.pairs("labels");
    let annotations = item.pairs("annotations");
    let first = |names: &[&str], map: &BTreeMap<String, String>| names.iter().find_map(|name| map.get(*name)).cloned();
    let name = labels.get("alertname").map(String::as_str);
    let rule = labels.get("rulename").cloned();
    let reason = first(&["grafana_state_reason"], &annotations);
    let (signal, title) = match (name, rule) {
        (Some("DatasourceNoData"), Some(rule)) => (Signal::NoData, Some(format!("No data for {rule}"))),
        (Some("DatasourceError"), Some(rule)) => (Signal::NoData, Some(format!("The data source of {rule} fails"))),
        (Some("TestAlert"), _) if labels.get("instance").is_some_and(|name| name == "Grafana") => (Signal::Test, None),
        _ if matches!(reason.as_deref(), Some("NoData" | "Error")) => (Signal::NoData, None),
        _ => (Signal::Normal, None),
    };
    let title = title.or_else(|| first(&["summary", "title"], &annotations)).or_else(|| name.map(str::to_owned));
    let title = title.ok_or_else(|| item.missing("labels.alertname"))?;
    let vendor_severity = first(&["severity"], &labels);
    let category = labels.get("category").and_then(|word| word.parse::<Category>().ok());
    let service = first(&["service", "service_name", "app"], &labels);
    labels.extend(reason.map(|reason| ("grafana_state_reason".to_owned(), reason)));
    let links = [
        first(&["runbook_url", "runbook"], &annotations),
        item.maybe("panelURL"),
        item.maybe("dashboardURL"),
        item.maybe("generatorURL"),
        item.maybe("silenceURL"),
    ];
    Ok(Alert {
        signal,
        description: first(&["description", "message"], &annotations),
        severity: vendor_severity.as_deref().and_then(words::severity),
        vendor_severity,
        category,
        service,
        links: links.into_iter().flatten().collect(),
        started_at: item.moment("startsAt"),
        ended_at: item.moment("endsAt").filter(|_| status == AlertStatus::Resolved),
        labels,
        ..Alert::new(source, item.text("fingerprint")?, status, title)
    })
}

fn legacy(source: &SourceName, root: &Node<'_>) -> Result<Alert, Misfit> {
    let rule = root.text("ruleId")?;
    let (status, signal) = root.word("state", LEGACY_STATES)?;
    let signal = if rule == "0" { Signal::Test } else { signal };
    let fingerprint = root.maybe("orgId").map_or_else(|| rule.clone(), |organisation| format!("{organisation}/{rule}"));
    let mut labels = root.pairs("tags");
    let vendor_severity = labels.get("severity").cloned();
    let service = labels.get("service").cloned();
    labels.extend(root.maybe("evalMatches.0.metric").map(|metric| ("metric".to_owned(), metric)));
    Ok(Alert {
        signal,
        description: root.maybe("message"),
        severity: vendor_severity.as_deref().and_then(words::severity),
        vendor_severity,
        service,
        links: [root.maybe("ruleUrl")].into_iter().flatten().collect(),
        labels,
        ..Alert::new(source, fingerprint, status, root.first_text(&["ruleName", "title"])?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(body: &serde_json::Value) -> Alert {
        let body = body.to_string();
        crate::intake::read(&KIND, &Delivery::bare(&"grafana".into(), body.as_bytes())).unwrap().alerts.remove(0)
    }

    #[test]
    fn a_rule_without_data_is_its_own_kind() {
        let item = |labels: serde_json::Value, annotations: serde_json::Value| {
            let item = serde_json::json!({
                "status": "firing", "labels": labels, "annotations": annotations, "fingerprint": "f"
            });
            one(&serde_json::json!({ "alerts": [item] }))
        };
        let summary = serde_json::json!({ "summary": "Latency is high" });
        let none = item(serde_json::json!({ "alertname": "DatasourceNoData", "rulename": "Latency" }), summary.clone());
        assert_eq!((none.signal, none.title.as_str()), (Signal::NoData, "No data for Latency"));
        let fails = item(serde_json::json!({ "alertname": "DatasourceError", "rulename": "Latency" }), summary);
        assert_eq!((fails.signal, fails.title.as_str()), (Signal::NoData, "The data source of Latency fails"));
        let by_setting = serde_json::json!({ "grafana_state_reason": "NoData" });
        assert_eq!(item(serde_json::json!({ "alertname": "Latency" }), by_setting).signal, Signal::NoData);
    }

    #[test]
    fn legacy_states_are_told_apart() {
        let state = |state: &str| {
            let alert = one(&serde_json::json!({ "ruleId": 7, "orgId": 1, "ruleName": "Latency", "state": state }));
            (alert.status, alert.signal)
        };
        assert_eq!(state("no_data"), (AlertStatus::Firing, Signal::NoData));
        assert_eq!(state("pending"), (AlertStatus::Firing, Signal::Suspected));
        assert_eq!(state("paused"), (AlertStatus::Info, Signal::Normal));
    }
}
