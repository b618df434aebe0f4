//! Uptime Kuma, by its Webhook notification.
//!
//! Documented in its source (`server/notification-providers/webhook.js`): `heartbeat`, `monitor` and `msg`, posted as JSON
//! or as a form with the field `data`, or asked for with GET and the three in the query; heartbeats are 0 down, 1 up,
//! 2 pending, 3 under maintenance; their time is in UTC. It signs nothing, and its owner sets headers.
//! Seen in real payloads: `tags` empty; a `resendInterval` that sends the same again.
//! Assumed: a message without heartbeat and monitor is its test, or tells of a certificate that will expire, which is an
//! alert of the monitor named in front. Pending is suspected, maintenance is information.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::domain::alert::{Alert, AlertStatus, Signal};
use crate::domain::id::SourceName;
use crate::intake::delivery::{Delivery, Method};
use crate::intake::json::{self, Node};
use crate::intake::kind::{Kind, Sample, Samples};
use crate::intake::{Misfit, Reading, words};

/// Uptime Kuma.
pub static KIND: Kind = Kind {
    name: "uptime-kuma",
    title: "Uptime Kuma",
    expected: "a webhook of Uptime Kuma: `heartbeat`, `monitor` and `msg`, as JSON, as a form or in the query",
    methods: &[Method::Post, Method::Get],
    read,
    samples: Samples {
        fires: Sample::json(include_str!("samples/uptime-kuma/fires.json")),
        resolves: Some(Sample::json(include_str!("samples/uptime-kuma/resolves.json"))),
    },
    manual: include_str!("../../../docs/sources/uptime-kuma.md"),
    ..Kind::USUAL
};

const STATUSES: &[(&str, (AlertStatus, Signal))] = &[
    ("0", (AlertStatus::Firing, Signal::Normal)),
    ("1", (AlertStatus::Resolved, Signal::Normal)),
    ("2", (AlertStatus::Firing, Signal::Suspected)),
    ("3", (AlertStatus::Info, Signal::Normal)),
];

fn read(delivery: &Delivery<'_>) -> Result<Reading, Misfit> {
    let document = match delivery.method {
        Method::Get => of_query(delivery)?,
        Method::Post | Method::Options => delivery.document()?,
    };
    let root = Node::root(&document);
    if root.get("heartbeat").is_some() {
        return heartbeat(delivery.source, &root).map(Reading::from);
    }
    let message = root.text("msg")?;
    match message.split_once(" certificate ") {
        Some((monitor, _)) if message.contains(" will expire ") => {
            Ok(Alert::new(delivery.source, format!("certificate/{monitor}"), AlertStatus::Firing, message.clone())
                .into())
        }
        _ => Ok(Reading::nothing("the message arrived; it is of no monitor")),
    }
}

fn of_query(delivery: &Delivery<'_>) -> Result<Value, Misfit> {
    let mut document = Map::new();
    for name in ["heartbeat", "monitor"] {
        if let Some(text) = delivery.query.get(name) {
            document.insert(name.to_owned(), json::parse(text.as_bytes())?);
        }
    }
    document.extend(delivery.query.get("msg").map(|text| ("msg".to_owned(), Value::from(text))));
    Ok(Value::Object(document))
}

fn heartbeat(source: &SourceName, root: &Node<'_>) -> Result<Alert, Misfit> {
    let (status, signal) = root.word("heartbeat.status", STATUSES)?;
    let id = root.first_text(&["monitor.id", "heartbeat.monitorID"])?;
    let name = root.text("monitor.name")?;
    let said = root.maybe("heartbeat.msg").filter(|_| status != AlertStatus::Resolved);
    let mut labels: BTreeMap<String, String> = words::labels([
        ("monitor", Some(name.clone())),
        ("type", root.maybe("monitor.type")),
        ("host", root.maybe("monitor.hostname")),
    ]);
    for tag in root.items("monitor.tags") {
        labels.extend(tag.maybe("name").map(|name| (name, tag.maybe("value").unwrap_or_else(|| "true".to_owned()))));
    }
    let said_at = root.moment("heartbeat.time");
    Ok(Alert {
        signal,
        description: root.first(&["msg", "monitor.description"]),
        service: labels.get("service").cloned(),
        // The address of a monitor that watches no address is `https://`.
        links: root.maybe("monitor.url").filter(|url| !url.ends_with("://")).into_iter().collect(),
        labels,
        started_at: said_at.filter(|_| status == AlertStatus::Firing),
        ended_at: said_at.filter(|_| status == AlertStatus::Resolved),
        said_at,
        ..Alert::new(source, id, status, said.map_or_else(|| name.clone(), |said| format!("{name}: {said}")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::delivery::Fields;

    const BEAT: &str = r#"{"monitorID": 4, "status": 0, "time": "2026-02-04 01:40:00.000", "msg": "timeout"}"#;
    const MONITOR: &str = r#"{"id": 4, "name": "ranker", "url": "https://"}"#;

    fn read(delivery: &Delivery<'_>) -> Reading {
        crate::intake::read(&KIND, delivery).unwrap()
    }

    #[test]
    fn a_form_and_a_query_read_to_the_same_as_json() {
        let source = SourceName::from("kuma");
        let json = format!(r#"{{"heartbeat": {BEAT}, "monitor": {MONITOR}, "msg": "[ranker] down"}}"#);
        let expected = read(&Delivery::bare(&source, json.as_bytes()));
        assert_eq!(expected.alerts[0].title, "ranker: timeout");

        let form = format!("--b\r\nContent-Disposition: form-data; name=\"data\"\r\n\r\n{json}\r\n--b--\r\n");
        let headers: Fields = [("content-type", "multipart/form-data; boundary=b")].into_iter().collect();
        assert_eq!(read(&Delivery { headers: &headers, ..Delivery::bare(&source, form.as_bytes()) }), expected);

        let query: Fields = [("heartbeat", BEAT), ("monitor", MONITOR), ("msg", "[ranker] down")].into_iter().collect();
        let asked = Delivery { method: Method::Get, query: &query, ..Delivery::bare(&source, b"") };
        assert_eq!(read(&asked), expected);
    }

    #[test]
    fn a_message_of_no_monitor_is_a_test_or_tells_of_a_certificate() {
        let source = SourceName::from("kuma");
        let of = |message: &str| {
            let body = serde_json::json!({ "heartbeat": null, "monitor": null, "msg": message }).to_string();
            read(&Delivery::bare(&source, body.as_bytes()))
        };
        assert!(of("Firebell Testing").alerts.is_empty());
        let certificate =
            |days: u8| of(&format!("[ranker][https://r] server certificate r will expire in {days} days"));
        assert_eq!(certificate(7).alerts[0].fingerprint, certificate(3).alerts[0].fingerprint);
        assert_eq!(certificate(7).alerts[0].status, AlertStatus::Firing);
    }

    #[test]
    fn pending_and_maintenance_are_told_apart() {
        let source = SourceName::from("kuma");
        let of = |status: u8| {
            let beat = BEAT.replace("\"status\": 0", &format!("\"status\": {status}"));
            let body = format!(r#"{{"heartbeat": {beat}, "monitor": {MONITOR}}}"#);
            let alert = read(&Delivery::bare(&source, body.as_bytes())).alerts.remove(0);
            (alert.status, alert.signal)
        };
        assert_eq!(of(2), (AlertStatus::Firing, Signal::Suspected));
        assert_eq!(of(3), (AlertStatus::Info, Signal::Normal));
    }
}
