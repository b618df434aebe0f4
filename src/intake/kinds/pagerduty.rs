//! PagerDuty: webhooks of version 3, and of the older 2 and 1 that are still sent.
//!
//! Documented (developer documentation, "Webhooks Overview" and the Go library): version 3 is `event` with `event_type`,
//! `occurred_at` and `data`; it is signed in `X-PagerDuty-Signature`, with one `v1=<hex>` for each secret; a test is the
//! event type `pagey.ping`. Versions 2 and 1 are a list `messages`, several to a request, and are not signed: a source
//! for them sets `auth = "token"` or another. Version 2 has `event` and `incident`, version 1 has `type` and
//! `data.incident`.
//! Seen in real payloads: `incident.triggered`, `.acknowledged`, `.resolved`, `.priority_updated`; `data.status` is
//! `triggered`, `acknowledged` or `resolved` and agrees with the type.
//! Assumed: an event whose type is none of an incident's life (a note, a responder, a status update) changes nothing
//! that is ours; `data.status` decides for every event that carries the incident, so that one that comes late is still
//! true of its time. Urgency `high` is an error and `low` a warning, unless a priority says more. A state that is sent
//! again, or out of order, is told by `occurred_at` (version 2: `created_on` of the message).

use std::borrow::Cow;

use crate::domain::Timestamp;
use crate::domain::alert::{Alert, AlertStatus};
use crate::domain::id::SourceName;
use crate::intake::auth::Scheme;
use crate::intake::delivery::Delivery;
use crate::intake::json::Node;
use crate::intake::kind::{Kind, Sample, Samples};
use crate::intake::signature::{Encoding, Hash, Part, Signature};
use crate::intake::{Misfit, Reading, time, words};

/// PagerDuty.
pub static KIND: Kind = Kind {
    name: "pagerduty",
    title: "PagerDuty",
    expected: "a PagerDuty webhook: an object with `event` (version 3) or with a list `messages` (versions 1 and 2)",
    proofs: &[Scheme::Signature(Signature {
        name: Cow::Borrowed("signature"),
        header: Cow::Borrowed("x-pagerduty-signature"),
        hash: Hash::Sha256,
        encoding: Encoding::Hex,
        prefix: Cow::Borrowed("v1="),
        separator: Some(','),
        signed: Cow::Borrowed(&[Part::Body]),
        timestamp: None,
    })],
    read,
    samples: Samples {
        fires: Sample::json(include_str!("samples/pagerduty/fires.json")),
        resolves: Some(Sample::json(include_str!("samples/pagerduty/resolves.json"))),
    },
    manual: include_str!("../../../docs/sources/pagerduty.md"),
    ..Kind::USUAL
};

const STATUSES: &[(&str, AlertStatus)] = &[
    ("triggered", AlertStatus::Firing),
    ("acknowledged", AlertStatus::Acknowledged),
    ("resolved", AlertStatus::Resolved),
];

fn read(delivery: &Delivery<'_>) -> Result<Reading, Misfit> {
    let document = delivery.document()?;
    let root = Node::root(&document);
    if root.get("messages").is_some() {
        return Reading::of_items(root.list("messages")?, |message| older(delivery.source, &message));
    }
    let event = root.need("event")?;
    let kind = event.text("event_type")?;
    if kind == "pagey.ping" {
        return Ok(Reading::nothing("the test event arrived, and its signature is right"));
    }
    if !kind.starts_with("incident.") || event.get("data.status").is_none() {
        return Ok(Reading::nothing("this event changes no incident's state"));
    }
    let alert = incident(delivery.source, &event.need("data")?)?;
    Ok(said(alert, event.moment("occurred_at"), kind == "incident.triggered").into())
}

/// The alert with its times: what happened, happened now.
fn said(mut alert: Alert, at: Option<Timestamp>, begins: bool) -> Alert {
    alert.said_at = at;
    alert.started_at = alert.started_at.or(at.filter(|_| begins));
    alert.ended_at = at.filter(|_| alert.status == AlertStatus::Resolved);
    alert
}

/// A message of version 2 or 1.
fn older(source: &SourceName, message: &Node<'_>) -> Result<Option<Alert>, Misfit> {
    let data = match message.get("incident") {
        Some(incident) => incident,
        None => message.need("data.incident")?,
    };
    let begins = message.first(&["event", "type"]).is_some_and(|kind| kind == "incident.trigger");
    Ok(Some(said(incident(source, &data)?, message.moment("created_on"), begins)))
}

fn incident(source: &SourceName, data: &Node<'_>) -> Result<Alert, Misfit> {
    let status = data.word("status", STATUSES)?;
    let priority = data.first(&["priority.summary", "priority.name"]);
    let urgency = data.maybe("urgency");
    let severity = priority.as_deref().and_then(words::severity).or(match urgency.as_deref() {
        Some("high") => words::severity("error"),
        Some("low") => words::severity("warning"),
        _ => None,
    });
    // Version 1 tells what was triggered by the fields of its first log entry.
    let title =
        data.first_text(&["title", "summary", "trigger_summary_data.subject", "trigger_summary_data.description"])?;
    let labels = words::labels([
        ("service", data.first(&["service.summary", "service.name"])),
        ("escalation_policy", data.first(&["escalation_policy.summary", "escalation_policy.name"])),
        ("urgency", urgency.clone()),
        ("priority", priority.clone()),
        ("number", data.first(&["number", "incident_number"])),
        ("incident_key", data.maybe("incident_key")),
        ("team", data.items("teams").iter().find_map(|team| team.first(&["summary", "name"]))),
    ]);
    Ok(Alert {
        severity,
        vendor_severity: priority.or(urgency),
        description: data.first(&["description", "body.details"]),
        service: labels.get("service").cloned(),
        links: [data.maybe("html_url")].into_iter().flatten().collect(),
        started_at: data.first(&["created_at", "created_on"]).as_deref().and_then(time::read),
        labels,
        ..Alert::new(source, data.text("id")?, status, title)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Reading {
        crate::intake::read(&KIND, &Delivery::bare(&"pagerduty".into(), body.as_bytes())).unwrap()
    }

    #[test]
    fn version_2_is_read_message_by_message() {
        let reading = read(include_str!("samples/pagerduty/v2.json"));
        let [opened, closed] = &reading.alerts[..] else { panic!("{reading:?}") };
        assert_eq!((opened.status, closed.status), (AlertStatus::Firing, AlertStatus::Resolved));
        assert_eq!(opened.fingerprint, closed.fingerprint);
        assert_eq!(opened.title, "Feature store answers slowly");
        assert_eq!(opened.vendor_severity.as_deref(), Some("P2"));
        assert_eq!(opened.service.as_deref(), Some("feature-store"));
        assert_eq!(opened.labels["incident_key"], "feature-store/latency");
        assert_eq!(opened.said_at, time::read("2026-02-04T01:40:00Z"));
        assert_eq!(closed.ended_at, time::read("2026-02-04T02:10:00Z"));
        assert_eq!(reading.rejected.len(), 1);
        assert_eq!((reading.rejected[0].index, reading.rejected[0].reason.contains("incident` is missing")), (2, true));
    }

    #[test]
    fn version_1_tells_what_was_triggered_by_its_summary() {
        let reading = read(include_str!("samples/pagerduty/v1.json"));
        let alert = &reading.alerts[0];
        assert_eq!((alert.status, alert.fingerprint.as_str()), (AlertStatus::Acknowledged, "PFB0003"));
        assert_eq!(alert.title, "Ranker answers with errors");
        assert_eq!(alert.labels["number"], "414");
        assert_eq!(alert.started_at, time::read("2026-02-04T01:40:00Z"));
        assert_eq!(alert.said_at, time::read("2026-02-04T01:45:00Z"));
    }

    #[test]
    fn a_test_and_a_note_open_nothing() {
        for kind in ["pagey.ping", "incident.annotated", "service.updated"] {
            let reading = read(&format!(r#"{{"event": {{"event_type": "{kind}", "data": {{}}}}}}"#));
            assert!(reading.alerts.is_empty() && reading.answer.is_some(), "{kind}");
        }
    }
}
