//! CloudEvents 1.0 over HTTP: structured, binary, and in batches.
//!
//! Documented (cloudevents/spec, "JSON Event Format", "HTTP Protocol Binding", "HTTP 1.1 Web Hooks"): `specversion`, `id`,
//! `source` and `type` are needed; `subject` and `time` may be there; binary events have their attributes in `ce-` headers
//! and their data as the body; a sender may first ask with OPTIONS and `WebHook-Request-Origin`.
//! Seen: the specification's own events, and drift events of Seldon (see `seldon.rs`), which are read as such here too.
//! Assumed: an event says that something happened, not that something is wrong, so it is information, known by its source
//! and id. It is an alert when its data say so in Firebell's own words: `status` firing, acknowledged, resolved or info,
//! with `title` and what else an alert has.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::domain::alert::{Alert, AlertStatus, Category, Signal};
use crate::domain::id::SourceName;
use crate::intake::delivery::{Delivery, Method};
use crate::intake::json::{self, Node};
use crate::intake::kind::{Kind, Sample, Samples};
use crate::intake::kinds::seldon;
use crate::intake::{Answer, Misfit, Reading, words};

/// CloudEvents.
pub static KIND: Kind = Kind {
    name: "cloudevents",
    title: "CloudEvents",
    expected: "CloudEvents 1.0: an object with `specversion`, `id`, `source` and `type`, a list of such, or these in `ce-` \
               headers",
    methods: &[Method::Post, Method::Options],
    read,
    samples: Samples {
        fires: Sample {
            body: include_str!("samples/cloudevents/fires.json"),
            headers: &[("content-type", "application/cloudevents+json; charset=utf-8")],
        },
        resolves: Some(Sample {
            body: include_str!("samples/cloudevents/resolves.json"),
            headers: &[("content-type", "application/cloudevents+json; charset=utf-8")],
        }),
    },
    manual: include_str!("../../../docs/sources/cloudevents.md"),
    ..Kind::USUAL
};

const STATUSES: [AlertStatus; 4] =
    [AlertStatus::Firing, AlertStatus::Acknowledged, AlertStatus::Resolved, AlertStatus::Info];

fn read(delivery: &Delivery<'_>) -> Result<Reading, Misfit> {
    if delivery.method == Method::Options {
        return handshake(delivery);
    }
    if delivery.headers.get("ce-specversion").is_some() {
        let data = if delivery.body.is_empty() { Value::Null } else { delivery.document().unwrap_or_default() };
        return alert(delivery.source, &Attributes::of_headers(delivery)?, &Node::root(&data)).map(Reading::from);
    }
    let document = delivery.document()?;
    let root = Node::root(&document);
    let event = |event: Node<'_>| {
        let none = Value::Null;
        let data = event.get("data").unwrap_or_else(|| Node::root(&none));
        alert(delivery.source, &Attributes::of_event(&event)?, &data).map(Some)
    };
    match root.value {
        Value::Array(_) => Reading::of_items(root.list("")?, event),
        _ => Reading::of_items([root], event),
    }
}

/// Consent to be sent events, for whoever proved to be a sender of this source.
fn handshake(delivery: &Delivery<'_>) -> Result<Reading, Misfit> {
    let origin = delivery.headers.get("webhook-request-origin");
    let origin = origin.ok_or_else(|| Misfit::Missing { field: "WebHook-Request-Origin".to_owned() })?;
    let headers = [("allow", "POST"), ("webhook-allowed-origin", origin), ("webhook-allowed-rate", "*")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    Ok(Reading::answer(Answer::Says { status: 200, body: json!(null), headers }))
}

/// The attributes of an event, those of the specification and extensions.
pub(super) struct Attributes(BTreeMap<String, String>);

impl Attributes {
    /// The attributes of a binary event; at least none.
    pub(super) fn of_any_headers(delivery: &Delivery<'_>) -> Self {
        let named = |(name, value): (&str, &str)| {
            Some((name.to_ascii_lowercase().strip_prefix("ce-")?.to_owned(), value.trim().to_owned()))
        };
        Self(delivery.headers.iter().filter_map(named).filter(|(_, value)| !value.is_empty()).collect())
    }

    fn of_headers(delivery: &Delivery<'_>) -> Result<Self, Misfit> {
        let attributes = Self::of_any_headers(delivery);
        match ["id", "source", "type"].iter().find(|name| attributes.get(name).is_none()) {
            Some(name) => Err(Misfit::Missing { field: format!("ce-{name}") }),
            None => attributes.of_version_1("ce-specversion"),
        }
    }

    /// The attributes of a structured event.
    pub(super) fn of_event(event: &Node<'_>) -> Result<Self, Misfit> {
        for name in ["specversion", "id", "source", "type"] {
            event.text(name)?;
        }
        let mut attributes = event.pairs("");
        attributes.retain(|name, _| name != "data" && name != "data_base64");
        Self(attributes).of_version_1("specversion")
    }

    fn of_version_1(self, field: &str) -> Result<Self, Misfit> {
        match self.get("specversion").filter(|version| !version.starts_with("1.")) {
            None => Ok(self),
            Some(other) => {
                let problem = format!("is {:?}; 1.0 is read", json::quoted(other));
                Err(Misfit::Wrong { field: field.to_owned(), problem })
            }
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// What of them says something to people.
    pub(super) fn labels(&self) -> BTreeMap<String, String> {
        let told = ["specversion", "id", "time", "datacontenttype", "dataschema"];
        self.0.iter().filter(|(name, _)| !told.contains(&name.as_str())).map(|(n, v)| (n.clone(), v.clone())).collect()
    }
}

fn alert(source: &SourceName, event: &Attributes, data: &Node<'_>) -> Result<Alert, Misfit> {
    let (kind, from) = (event.get("type").unwrap_or_default(), event.get("source").unwrap_or_default());
    if seldon::is_detection(kind) {
        return seldon::detection(source, event, data);
    }
    let said_at = event.get("time").and_then(crate::intake::time::read);
    let status = data.maybe("status").and_then(|word| STATUSES.into_iter().find(|status| status.word() == word));
    let Some(status) = status else {
        let title = event.get("subject").map_or_else(|| kind.to_owned(), |subject| format!("{kind}: {subject}"));
        let fingerprint = format!("{from} {}", event.get("id").unwrap_or_default());
        let labels = event.labels();
        return Ok(Alert { said_at, labels, ..Alert::new(source, fingerprint, AlertStatus::Info, title) });
    };
    let fingerprint =
        data.maybe("fingerprint").unwrap_or_else(|| format!("{from} {}", event.get("subject").unwrap_or(kind)));
    let vendor_severity = data.maybe("severity");
    let mut labels = event.labels();
    labels.extend(data.pairs("labels"));
    Ok(Alert {
        signal: said(data, "signal")?.unwrap_or(Signal::Normal),
        description: data.maybe("description"),
        severity: vendor_severity.as_deref().and_then(words::severity),
        vendor_severity,
        category: said::<Category>(data, "category")?,
        service: data.maybe("service"),
        labels,
        links: data.texts("links"),
        started_at: data.moment("started_at").or(said_at.filter(|_| status == AlertStatus::Firing)),
        ended_at: data.moment("ended_at").or(said_at).filter(|_| status == AlertStatus::Resolved),
        said_at,
        group: data.maybe("group"),
        ..Alert::new(source, fingerprint, status, data.text("title")?)
    })
}

/// One of our own words, where it stands.
fn said<T: std::str::FromStr<Err: std::fmt::Display>>(data: &Node<'_>, path: &str) -> Result<Option<T>, Misfit> {
    let parsed = data.maybe(path).map(|word| word.parse());
    parsed.transpose().map_err(|error: T::Err| data.wrong(path, format!("is no such word: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::delivery::Fields;

    fn read(headers: &[(&str, &str)], method: Method, body: &str) -> Result<Reading, crate::intake::Unreadable> {
        let (source, headers): (_, Fields) = ("events".into(), headers.iter().copied().collect());
        let delivery = Delivery { headers: &headers, method, ..Delivery::bare(&source, body.as_bytes()) };
        crate::intake::read(&KIND, &delivery)
    }

    #[test]
    fn structured_and_binary_read_to_the_same() {
        let data = r#"{"status": "firing", "title": "Late", "severity": "high", "labels": {"dataset": "clicks"}}"#;
        let structured = format!(
            r#"{{"specversion": "1.0", "id": "7", "source": "/etl", "type": "late", "subject": "clicks",
                 "time": "2026-02-04T01:40:00Z", "data": {data}}}"#
        );
        let structured = read(&[], Method::Post, &structured).unwrap();
        let headers = [
            ("CE-SpecVersion", "1.0"),
            ("ce-id", "7"),
            ("ce-source", "/etl"),
            ("ce-type", "late"),
            ("ce-subject", "clicks"),
            ("ce-time", "2026-02-04T01:40:00Z"),
            ("content-type", "application/json"),
        ];
        assert_eq!(read(&headers, Method::Post, data).unwrap(), structured);
        assert_eq!(structured.alerts[0].fingerprint, "/etl clicks");
        // Data that are no JSON are no alert, and the event is one all the same.
        assert_eq!(read(&headers, Method::Post, "<xml/>").unwrap().alerts[0].status, AlertStatus::Info);
    }

    #[test]
    fn what_is_missing_is_named() {
        let event = |more: &str| format!(r#"{{"id": "7", "source": "/etl", "type": "late"{more}}}"#);
        let error = |body: &str| read(&[], Method::Post, body).unwrap_err().misfit.to_string();
        assert_eq!(error(&event("")), "`specversion` is missing");
        assert_eq!(error(&event(r#", "specversion": "0.3""#)), "`specversion` is \"0.3\"; 1.0 is read");
        let untitled = event(r#", "specversion": "1.0", "data": {"status": "firing"}"#);
        assert_eq!(error(&untitled), "`data.title` is missing");
        let headers = [("ce-specversion", "1.0"), ("ce-id", "7"), ("ce-type", "late")];
        assert_eq!(read(&headers, Method::Post, "").unwrap_err().misfit.to_string(), "`ce-source` is missing");
    }

    #[test]
    fn a_sender_that_asks_first_is_let_in() {
        let reading = read(&[("webhook-request-origin", "emitter.example.com")], Method::Options, "").unwrap();
        let Some(Answer::Says { status: 200, headers, .. }) = reading.answer else { panic!("{reading:?}") };
        assert!(headers.contains(&("webhook-allowed-origin".to_owned(), "emitter.example.com".to_owned())));
        assert!(read(&[], Method::Options, "").is_err());
    }
}
