//! Google Cloud Monitoring, and through it Personalized Service Health: webhooks and Pub/Sub pushes.
//!
//! Documented (Cloud Monitoring, "Webhook notification channel"; Service Health, "Configure alerts"): `version` and
//! `incident` with `state` (`open`, `closed`), `incident_id`, `started_at`, `ended_at` in seconds, `condition_name`,
//! `policy_name`, `severity`, `documentation`; nothing is signed, but the address may carry Basic credentials or a
//! token. A test has the version `test`. Service Health has no webhook: it writes log entries, and a log-based policy
//! of Monitoring tells of them; what its documentation shall say is the owner's, with variables.
//! Seen in real payloads of version 1.2: no `severity`, numbers as texts in `observed_value`.
//! From memory, no page found: a Pub/Sub push wraps the same JSON in `message.data`, in Base64.
//! Assumed: a condition of absence is no data. A policy's own labels `severity` and `service` say what Monitoring does
//! not. A log-based incident ends by a clock of Monitoring's and not with the event, so that for Service Health lines
//! `event:`, `state:`, `title:` in the documentation, as our manual gives them, name the event and its state. The
//! documentation of Service Health does not say what its log entries name the event by; their resource has the label
//! `event_id`. What touches the project (`IMPACTED`) is an error; what is still looked into (`EMERGING`) is suspected.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::domain::alert::{Alert, AlertSeverity, AlertStatus, Category, Signal};
use crate::intake::delivery::Delivery;
use crate::intake::json::{self, Node};
use crate::intake::kind::{Kind, Sample, Samples};
use crate::intake::{Misfit, Reading, time, words};

/// Google Cloud.
pub static KIND: Kind = Kind {
    name: "gcp",
    title: "Google Cloud Monitoring and Service Health",
    expected: "a Cloud Monitoring notification: an object with `incident.incident_id` and `incident.state`, or a push \
               of Pub/Sub with one in `message.data`",
    read,
    samples: Samples {
        fires: Sample::json(include_str!("samples/gcp/fires.json")),
        resolves: Some(Sample::json(include_str!("samples/gcp/resolves.json"))),
    },
    manual: include_str!("../../../docs/sources/gcp.md"),
    ..Kind::USUAL
};

const STATES: &[(&str, AlertStatus)] =
    &[("open", AlertStatus::Firing), ("acknowledged", AlertStatus::Acknowledged), ("closed", AlertStatus::Resolved)];

/// States of an event of Service Health, the short ones and the detailed.
const EVENT_STATES: &[(&str, AlertStatus)] = &[
    ("ACTIVE", AlertStatus::Firing),
    ("CLOSED", AlertStatus::Resolved),
    ("EMERGING", AlertStatus::Firing),
    ("CONFIRMED", AlertStatus::Firing),
    ("RESOLVED", AlertStatus::Resolved),
    ("MERGED", AlertStatus::Resolved),
    ("AUTO_CLOSED", AlertStatus::Resolved),
    ("FALSE_POSITIVE", AlertStatus::Resolved),
];

/// How much an event of Service Health is about this project.
const RELEVANCES: [(&str, AlertSeverity); 4] = [
    ("IMPACTED", AlertSeverity::Error),
    ("RELATED", AlertSeverity::Warning),
    ("PARTIALLY_RELATED", AlertSeverity::Warning),
    ("NOT_IMPACTED", AlertSeverity::Info),
];

/// What a resource of Service Health is called.
const SERVICE_HEALTH: &str = "servicehealth.googleapis.com/";

fn read(delivery: &Delivery<'_>) -> Result<Reading, Misfit> {
    let document = delivery.document()?;
    let root = Node::root(&document);
    let Some(pushed) = root.get("message.data").filter(|_| root.get("incident").is_none()) else {
        return incident(delivery, &root).map(Reading::from);
    };
    let data = STANDARD.decode(pushed.text("")?).map_err(|_| root.wrong("message.data", "is no Base64"))?;
    let inner = json::parse(&data)?;
    incident(delivery, &Node::root(&inner)).map(Reading::from)
}

fn incident(delivery: &Delivery<'_>, root: &Node<'_>) -> Result<Alert, Misfit> {
    let incident = root.need("incident")?;
    let id = incident.text("incident_id")?;
    let status = incident.word("state", STATES)?;
    let (started_at, ended_at) = (incident.moment("started_at"), incident.moment("ended_at"));
    let is_test = root.maybe("version").is_some_and(|version| version == "test");
    let is_absence = incident.get("condition.conditionAbsent").is_some();
    let mut labels = BTreeMap::new();
    for path in ["resource.labels", "metric.labels", "metadata.user_labels", "policy_user_labels"] {
        labels.extend(incident.pairs(path));
    }
    labels.extend(words::labels([
        ("project", incident.first(&["scoping_project_id", "resource.labels.project_id"])),
        ("policy", incident.maybe("policy_name")),
        ("condition", incident.maybe("condition_name")),
        ("metric", incident.maybe("metric.type")),
        ("resource_type", incident.maybe("resource.type")),
        ("resource", incident.first(&["resource_display_name", "resource_name"])),
    ]));
    let severity = incident.maybe("severity").filter(|word| words::severity(word).is_some());
    let severity = severity.or_else(|| incident.maybe("policy_user_labels.severity"));
    let links = incident.items("documentation.links");
    let links = links.iter().filter_map(|link| link.maybe("url"));
    let alert = Alert {
        signal: match (is_test, is_absence) {
            (true, _) => Signal::Test,
            (false, true) => Signal::NoData,
            (false, false) => Signal::Normal,
        },
        description: words::lines([incident.maybe("summary"), incident.maybe("documentation.content")]),
        severity: severity.as_deref().and_then(words::severity),
        vendor_severity: severity,
        service: incident.maybe("policy_user_labels.service"),
        links: incident.maybe("url").into_iter().chain(links).collect(),
        started_at,
        ended_at: ended_at.filter(|_| status == AlertStatus::Resolved),
        said_at: if status == AlertStatus::Resolved { ended_at } else { started_at },
        labels,
        ..Alert::new(delivery.source, id, status, incident.first_text(&["condition_name", "policy_name"])?)
    };
    match incident.maybe("resource.type").is_some_and(|kind| kind.starts_with(SERVICE_HEALTH)) {
        true => of_service_health(&incident, alert),
        false => Ok(alert),
    }
}

/// The alert of an event of Google's own, by the lines of the policy's documentation.
fn of_service_health(incident: &Node<'_>, alert: Alert) -> Result<Alert, Misfit> {
    let text = incident.maybe("documentation.content").unwrap_or_default();
    let said = |name: &str| {
        let value = text.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix(':'))?;
        // Lists are written as `['Google Cloud SQL', 'Vertex AI']`.
        let value = value.trim().trim_matches(['[', ']']).replace('\'', "");
        Some(value).filter(|value| !value.is_empty() && !value.contains("${log."))
    };
    let alert = Alert { category: Some(Category::Provider), ..alert };
    let event = said("event").or_else(|| incident.maybe("resource.labels.event_id"));
    let (Some(event), Some(state)) = (event, said("state")) else { return Ok(alert) };
    if alert.status == AlertStatus::Resolved {
        // Monitoring's own incident was closed by its clock; the event may well go on.
        return Ok(Alert { status: AlertStatus::Info, ended_at: None, said_at: None, fingerprint: event, ..alert });
    }
    let known = EVENT_STATES.iter().find(|(word, _)| word.eq_ignore_ascii_case(&state));
    let (_, status) = known.ok_or_else(|| {
        let problem = format!("has the line `state: {}`, which Service Health does not know", json::quoted(&state));
        incident.wrong("documentation.content", problem)
    })?;
    // What Google still looks into may come to nothing.
    let is_emerging = said("detailed_state").is_some_and(|state| state.eq_ignore_ascii_case("EMERGING"));
    let relevance = said("relevance");
    let severity =
        RELEVANCES.iter().find(|(word, _)| relevance.as_deref() == Some(word)).map(|(_, severity)| *severity);
    let said_at = said("updated").as_deref().and_then(time::read).or(alert.started_at);
    let mut labels = alert.labels;
    labels.extend(words::labels([
        ("event", Some(event.clone())),
        ("products", said("products")),
        ("locations", said("locations")),
        ("relevance", relevance.clone()),
    ]));
    Ok(Alert {
        fingerprint: event,
        status: *status,
        signal: if is_emerging && alert.signal == Signal::Normal { Signal::Suspected } else { alert.signal },
        severity: alert.severity.or(severity),
        vendor_severity: alert.vendor_severity.or(relevance),
        title: said("title").unwrap_or(alert.title),
        service: said("products").or(alert.service),
        started_at: said("started").as_deref().and_then(time::read).or(alert.started_at),
        ended_at: said_at.filter(|_| *status == AlertStatus::Resolved),
        said_at,
        labels,
        ..alert
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(body: &Value) -> Result<Alert, String> {
        let body = body.to_string();
        let reading = crate::intake::read(&KIND, &Delivery::bare(&"gcp".into(), body.as_bytes()));
        reading.map(|reading| reading.alerts[0].clone()).map_err(|error| error.to_string())
    }

    fn fires() -> Value {
        serde_json::from_str(KIND.samples.fires.body).unwrap()
    }

    #[test]
    fn a_push_of_pub_sub_reads_to_what_it_wraps() {
        let data = STANDARD.encode(KIND.samples.fires.body);
        let push = json!({"message": {"data": data, "messageId": "1"}, "subscription": "projects/p/subscriptions/s"});
        assert_eq!(read(&push), read(&fires()));
        assert!(read(&json!({"message": {"data": "%"}})).unwrap_err().contains("`message.data` is no Base64"));
    }

    #[test]
    fn a_test_is_one_and_absence_is_no_data() {
        let mut test = fires();
        test["version"] = json!("test");
        test["incident"]["state"] = json!("OPEN");
        assert_eq!(read(&test).unwrap().signal, Signal::Test);
        let mut absent = fires();
        absent["incident"]["condition"] = json!({"conditionAbsent": {"duration": "300s"}});
        assert_eq!(read(&absent).unwrap().signal, Signal::NoData);
    }

    /// An incident of Monitoring about an event of Service Health, with the documentation that the manual gives.
    fn event(state: &str, monitoring: &str, updated: &str) -> Value {
        let template =
            KIND.manual.split("content = <<-TEXT\n").nth(1).and_then(|rest| rest.split("TEXT").next()).unwrap();
        let content = template
            .replace("$${log.extracted_label.event}", "projects/p/locations/global/events/e1")
            .replace("$${log.extracted_label.state}", state)
            .replace("$${log.extracted_label.title}", "Vertex AI: raised error rates")
            .replace("$${log.extracted_label.updated}", updated)
            .replace("$${log.extracted_label.relevance}", "IMPACTED")
            .replace("$${log.extracted_label.products}", "['Vertex AI']");
        json!({"version": "1.2", "incident": {
            "incident_id": format!("0.{updated}"), "state": monitoring, "condition_name": "Service Health",
            "resource": {"type": "servicehealth.googleapis.com/Event", "labels": {}},
            "started_at": 1_770_169_200, "documentation": {"content": content, "mime_type": "text/markdown"},
        }})
    }

    #[test]
    fn an_event_of_service_health_ends_when_google_says_so_and_not_when_monitoring_forgets() {
        let opened = read(&event("ACTIVE", "open", "2026-02-04T01:41:00Z")).unwrap();
        assert_eq!((opened.status, opened.category), (AlertStatus::Firing, Some(Category::Provider)));
        assert_eq!(opened.title, "Vertex AI: raised error rates");
        assert_eq!((opened.service.as_deref(), opened.severity), (Some("Vertex AI"), Some(AlertSeverity::Error)));
        assert!(!opened.labels.contains_key("locations"), "a variable that came as it was written is none");
        let forgotten = read(&event("ACTIVE", "closed", "2026-02-04T01:41:00Z")).unwrap();
        assert_eq!(forgotten.status, AlertStatus::Info);
        let closed = read(&event("CLOSED", "open", "2026-02-04T03:41:00Z")).unwrap();
        assert_eq!((closed.status, &closed.fingerprint), (AlertStatus::Resolved, &opened.fingerprint));
        assert!(opened.said_at < closed.said_at);
        assert!(read(&event("ODD", "open", "")).unwrap_err().contains("`state: ODD`"));
    }
}
