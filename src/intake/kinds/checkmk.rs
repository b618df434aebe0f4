//! Checkmk, by a notification script. Checkmk has no webhook of its own; our page gives a script.
//!
//! Documented (Checkmk's manual, "Notification scripts"): a script is given `NOTIFY_…` variables, among them
//! `NOTIFICATIONTYPE`: `PROBLEM`, `RECOVERY`, `ACKNOWLEDGEMENT`, `FLAPPINGSTART`, `FLAPPINGSTOP`, `FLAPPINGDISABLED`,
//! `DOWNTIMESTART`, `DOWNTIMEEND`, `DOWNTIMECANCELLED`, `CUSTOM`. Hosts are `UP`, `DOWN`, `UNREACH`, services `OK`, `WARN`,
//! `CRIT`, `UNKNOWN`.
//! Seen in a real payload: another product's script, whose names ours keeps; it calls every host `OK`, gives the
//! state of a service under `severity`, and writes the time in the server's zone.
//! Assumed: `UNKNOWN` is no data, `UNREACH` is suspected, since the trouble is on the way to it; flapping and downtimes
//! are information. A time is only taken where it says that it is UTC, or is `micro_time`.

use crate::domain::Timestamp;
use crate::domain::alert::{Alert, AlertSeverity, AlertStatus, Signal};
use crate::domain::id::SourceName;
use crate::intake::json::Node;
use crate::intake::kind::{Kind, Sample, Samples};
use crate::intake::{Misfit, Reading, words};

/// Checkmk.
pub static KIND: Kind = Kind {
    name: "checkmk",
    title: "Checkmk",
    expected: "what the script for Checkmk on the page of this kind posts: `host`, `notification_type` and `summary`",
    read: |delivery| {
        let document = delivery.document()?;
        notification(delivery.source, &Node::root(&document)).map(Reading::from)
    },
    samples: Samples {
        fires: Sample::json(include_str!("samples/checkmk/fires.json")),
        resolves: Some(Sample::json(include_str!("samples/checkmk/resolves.json"))),
    },
    manual: include_str!("../../../docs/sources/checkmk.md"),
    ..Kind::USUAL
};

const TYPES: &[(&str, AlertStatus)] = &[
    ("PROBLEM", AlertStatus::Firing),
    ("RECOVERY", AlertStatus::Resolved),
    ("ACKNOWLEDGEMENT", AlertStatus::Acknowledged),
    ("FLAPPINGSTART", AlertStatus::Info),
    ("FLAPPINGSTOP", AlertStatus::Info),
    ("FLAPPINGDISABLED", AlertStatus::Info),
    ("DOWNTIMESTART", AlertStatus::Info),
    ("DOWNTIMEEND", AlertStatus::Info),
    ("DOWNTIMECANCELLED", AlertStatus::Info),
    ("CUSTOM", AlertStatus::Info),
];

fn notification(source: &SourceName, root: &Node<'_>) -> Result<Alert, Misfit> {
    let host = root.text("host")?;
    let service = root.maybe("service");
    let status = root.word("notification_type", TYPES)?;
    let fingerprint = match &service {
        Some(service) => format!("{host}/{service}"),
        None => host.clone(),
    };
    // What a service has come to stands under `severity`, what a host has, under `status`.
    let state = root.maybe(if service.is_some() { "severity" } else { "status" });
    let (severity, signal) = match state.as_deref() {
        Some("CRIT" | "CRITICAL" | "DOWN") => (Some(AlertSeverity::Critical), Signal::Normal),
        Some("WARN" | "WARNING") => (Some(AlertSeverity::Warning), Signal::Normal),
        Some("UNKNOWN") => (None, Signal::NoData),
        Some("UNREACH" | "UNREACHABLE") => (None, Signal::Suspected),
        _ => (None, Signal::Normal),
    };
    let said_at = said_at(root);
    Ok(Alert {
        signal: if status == AlertStatus::Firing { signal } else { Signal::Normal },
        description: words::lines([root.maybe("output"), root.maybe("long_output")]),
        severity,
        vendor_severity: state,
        service: Some(service.clone().unwrap_or_else(|| host.clone())),
        labels: words::labels([
            ("host", Some(host)),
            ("check", service),
            ("site", root.maybe("site")),
            ("address", root.maybe("address")),
            ("check_command", root.maybe("check_command")),
        ]),
        links: root.maybe("url").into_iter().collect(),
        started_at: said_at.filter(|_| status == AlertStatus::Firing),
        ended_at: said_at.filter(|_| status == AlertStatus::Resolved),
        said_at,
        ..Alert::new(source, fingerprint, status, root.text("summary")?)
    })
}

fn said_at(root: &Node<'_>) -> Option<Timestamp> {
    let is_utc = root.maybe("long_date_time").is_some_and(|text| text.contains(" UTC ") || text.contains(" GMT "));
    root.moment("micro_time").or_else(|| root.moment("short_date_time").filter(|_| is_utc))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::delivery::Delivery;
    use serde_json::json;

    #[test]
    fn every_type_and_state_has_its_meaning() {
        let read = |kind: &str, state: &str| {
            let body = json!({ "host": "gpu-3", "service": "GPU", "summary": "s", "severity": state,
                "notification_type": kind, "short_date_time": "2026-02-04 02:40:00",
                "long_date_time": "Wed Feb 04 02:40:00 CET 2026" });
            let body = body.to_string();
            crate::intake::read(&KIND, &Delivery::bare(&"checkmk".into(), body.as_bytes())).unwrap().alerts.remove(0)
        };
        assert_eq!(read("PROBLEM", "UNKNOWN").signal, Signal::NoData);
        assert_eq!(read("PROBLEM", "UNREACH").signal, Signal::Suspected);
        assert_eq!(read("ACKNOWLEDGEMENT", "CRIT").status, AlertStatus::Acknowledged);
        assert_eq!(read("DOWNTIMESTART", "OK").status, AlertStatus::Info);
        assert_eq!(read("PROBLEM", "CRIT").fingerprint, read("RECOVERY", "OK").fingerprint);
        assert_eq!(read("PROBLEM", "CRIT").said_at, None, "its zone is not known");
    }
}
