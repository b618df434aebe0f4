//! Zabbix: what a media type of the kind Webhook posts. Its script is its owner's; our page gives one.
//!
//! Documented ("Media types: Webhook", "Supported macros"): a script posts what it likes, with the values of macros. An
//! event is `PROBLEM` or `RESOLVED`, a trigger `PROBLEM` or `OK`; `{EVENT.ACK.STATUS}` is `Yes` or `No`,
//! `{EVENT.UPDATE.STATUS}` 1 for an update; `{EVENT.SOURCE}` 3 is an internal event, by which Zabbix says that it cannot
//! evaluate an item or a trigger. The severities are Not classified, Information, Warning, Average, High, Disaster.
//! Seen in real payloads: two scripts of others, one with `event`, `trigger` and `host`, one flat with `hostname`,
//! `trigger` and `status`; macros that nobody filled in, `{EVENT.RECOVERY.ID}`.
//! Assumed: without the event's id a trouble is known by its host and trigger. An internal event is no data. What is
//! suppressed is information.

use crate::domain::alert::{Alert, AlertStatus, Signal};
use crate::domain::id::SourceName;
use crate::intake::json::Node;
use crate::intake::kind::{Kind, Sample, Samples};
use crate::intake::{Misfit, Reading, words};

/// Zabbix.
pub static KIND: Kind = Kind {
    name: "zabbix",
    title: "Zabbix",
    expected: "what the script for Zabbix on the page of this kind posts: `event` with `id`, `name` and `status`",
    read: |delivery| {
        let document = delivery.document()?;
        event(delivery.source, &Node::root(&document)).map(Reading::from)
    },
    samples: Samples {
        fires: Sample::json(include_str!("samples/zabbix/fires.json")),
        resolves: Some(Sample::json(include_str!("samples/zabbix/resolves.json"))),
    },
    manual: include_str!("../../../docs/sources/zabbix.md"),
    ..Kind::USUAL
};

const STATUSES: &[(&str, AlertStatus)] =
    &[("PROBLEM", AlertStatus::Firing), ("RESOLVED", AlertStatus::Resolved), ("OK", AlertStatus::Resolved)];

fn event(source: &SourceName, root: &Node<'_>) -> Result<Alert, Misfit> {
    let is_flat = root.get("event").is_none() && root.maybe("trigger").is_some();
    let path = |nested: &'static str, flat: &'static str| if is_flat { flat } else { nested };
    let host = root.first(&["host.name", "host.visible_name", "hostname"]);
    let title = root.text(path("event.name", "trigger"))?;
    let fingerprint = match (is_flat, &host) {
        (false, _) => root.text("event.id")?,
        (true, Some(host)) => format!("{host}/{title}"),
        (true, None) => return Err(root.missing("hostname")),
    };
    let is_update = root.maybe("event.update_status").as_deref() == Some("1");
    let update = root.maybe("event.update_action").filter(|_| is_update).unwrap_or_default();
    let status = match root.word(path("event.status", "status"), STATUSES)? {
        AlertStatus::Firing if update.split([',', ' ']).any(|word| word == "suppressed") => AlertStatus::Info,
        AlertStatus::Firing if root.maybe("event.acknowledged").as_deref() == Some("Yes") => AlertStatus::Acknowledged,
        status => status,
    };
    let severity = root.first(&["event.severity", "severity", "trigger.severity"]);
    let mut labels = words::labels([
        ("host", host.clone()),
        ("item", root.first(&["item.key", "item.name"]).or_else(|| root.maybe("item"))),
        ("trigger", root.maybe("trigger.id")),
    ]);
    for tag in root.items("event.tags") {
        labels.extend(tag.maybe("tag").map(|name| (name, tag.maybe("value").unwrap_or_else(|| "true".to_owned()))));
    }
    let started_at = root.moment("event.timestamp");
    let ended_at = root.moment("event.recovery_timestamp").filter(|_| status == AlertStatus::Resolved);
    Ok(Alert {
        signal: match root.maybe("event.source").as_deref() {
            Some("3") => Signal::NoData,
            _ => Signal::Normal,
        },
        description: root.first(&["event.opdata", "message"]),
        severity: severity.as_deref().and_then(words::severity),
        vendor_severity: severity,
        service: labels.get("service").cloned().or(host),
        labels,
        links: root.maybe("link").into_iter().collect(),
        started_at,
        ended_at,
        said_at: match (status, is_update) {
            (AlertStatus::Resolved, _) => ended_at,
            (_, true) => root.moment("event.update_timestamp"),
            (_, false) => started_at,
        },
        ..Alert::new(source, fingerprint, status, title)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::delivery::Delivery;
    use serde_json::json;

    #[test]
    fn every_state_has_its_meaning() {
        let read = |more: serde_json::Value| {
            let mut body = json!({ "event": { "id": "7", "name": "Slow", "status": "PROBLEM" } });
            body["event"].as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let body = body.to_string();
            crate::intake::read(&KIND, &Delivery::bare(&"zabbix".into(), body.as_bytes())).unwrap().alerts.remove(0)
        };
        assert_eq!(read(json!({})).status, AlertStatus::Firing);
        assert_eq!(read(json!({ "acknowledged": "Yes", "update_status": "1" })).status, AlertStatus::Acknowledged);
        let suppressed = json!({ "update_status": "1", "update_action": "suppressed" });
        assert_eq!(read(suppressed).status, AlertStatus::Info);
        let again = json!({ "update_status": "1", "update_action": "unsuppressed" });
        assert_eq!(read(again).status, AlertStatus::Firing);
        assert_eq!(read(json!({ "status": "RESOLVED", "acknowledged": "Yes" })).status, AlertStatus::Resolved);
        assert_eq!(read(json!({ "source": "3" })).signal, Signal::NoData);
    }
}
