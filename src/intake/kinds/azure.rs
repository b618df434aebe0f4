//! Azure Monitor: alerts in the common schema, and with them Service Health and Resource Health.
//!
//! Documented ("Common alert schema", "Sample alert payloads"; "Azure Service Health notifications"): `data.essentials`
//! is the same for all, `data.alertContext` is each service's own. An action group signs nothing; it tries again after
//! 408, 429, 503 and 504, and after nothing else. An alert of the activity log, which Service Health and Resource
//! Health are, is `Fired` for good: its own state stands in the context. Service Health is always `Sev4`; its `level`
//! says more.
//! Seen in the vendor's samples: `stage` and `status` are `Resolved` under `monitorCondition: Fired`; `IsSynthetic` is
//! true in a test.
//! Assumed: an event of Service Health that is no incident (maintenance, advice, security, billing) is information.
//! Resource Health has an identity of its own, the resource, since each of its alerts has another `alertId`; what a
//! user stopped himself is no trouble. Its unknown state is no data.
//!
//! What Event Grid sends to the same address is read in `azure_event_grid`.

use std::collections::BTreeMap;

use crate::domain::alert::{Alert, AlertSeverity, AlertStatus, Category, Signal};
use crate::intake::delivery::{Delivery, Method};
use crate::intake::json::{self, Node};
use crate::intake::kind::{Kind, Sample, Samples};
use crate::intake::kinds::azure_event_grid as event_grid;
use crate::intake::{Misfit, Reading, words};

/// Azure Monitor.
pub static KIND: Kind = Kind {
    name: "azure",
    title: "Azure Monitor, Service Health and Resource Health",
    expected: "an Azure Monitor alert in the common schema: an object with `schemaId` and `data.essentials`, or a \
               list of Event Grid's events",
    methods: &[Method::Post, Method::Options],
    // An answer of 202 does not count for Event Grid's handshake; what it counts for ordinary events, 200 does too.
    accepted: 200,
    read,
    samples: Samples {
        fires: Sample::json(include_str!("samples/azure/fires.json")),
        resolves: Some(Sample::json(include_str!("samples/azure/resolves.json"))),
    },
    manual: include_str!("../../../docs/sources/azure.md"),
    ..Kind::USUAL
};

const COMMON: &str = "azureMonitorCommonAlertSchema";

const CONDITIONS: &[(&str, AlertStatus)] = &[("Fired", AlertStatus::Firing), ("Resolved", AlertStatus::Resolved)];

/// What the events of Service Health go through.
const STAGES: &[(&str, AlertStatus)] = &[
    ("Active", AlertStatus::Firing),
    ("InProgress", AlertStatus::Firing),
    ("In Progress", AlertStatus::Firing),
    ("Updated", AlertStatus::Firing),
    ("Planned", AlertStatus::Info),
    ("Rescheduled", AlertStatus::Info),
    ("Resolved", AlertStatus::Resolved),
    ("Complete", AlertStatus::Resolved),
    ("Completed", AlertStatus::Resolved),
    ("Canceled", AlertStatus::Resolved),
    ("RCA", AlertStatus::Resolved),
];

fn read(delivery: &Delivery<'_>) -> Result<Reading, Misfit> {
    if delivery.method == Method::Options {
        return event_grid::allowed(delivery);
    }
    let document = delivery.document()?;
    let root = Node::root(&document);
    if document.is_array() || root.get("specversion").is_some() {
        return event_grid::read(delivery, &root);
    }
    let schema = root.text("schemaId")?;
    if !schema.eq_ignore_ascii_case(COMMON) {
        let problem = format!("is {:?}; switch the common alert schema on in the action group", json::quoted(&schema));
        return Err(root.wrong("schemaId", problem));
    }
    let essentials = root.need("data.essentials")?;
    let context = root.get("data.alertContext");
    let context = context.as_ref();
    match essentials.maybe("monitoringService").as_deref() {
        Some("ServiceHealth" | "Service Health") => service_health(delivery, &root, &essentials, context),
        Some("ResourceHealth" | "Resource Health") => resource_health(delivery, &root, &essentials, context),
        _ => monitor(delivery, &root, &essentials, context),
    }
    .map(Reading::from)
}

/// What all have.
fn monitor(
    delivery: &Delivery<'_>,
    root: &Node<'_>,
    essentials: &Node<'_>,
    context: Option<&Node<'_>>,
) -> Result<Alert, Misfit> {
    let status = essentials.word("monitorCondition", CONDITIONS)?;
    let severity = essentials.maybe("severity");
    let (fired, resolved) = (essentials.moment("firedDateTime"), essentials.moment("resolvedDateTime"));
    let targets = essentials.texts("alertTargetIDs");
    let items = essentials.texts("configurationItems");
    let mut labels: BTreeMap<String, String> = BTreeMap::new();
    let conditions = context.map(|context| context.items("condition.allOf")).unwrap_or_default();
    for condition in &conditions {
        let dimensions = condition.items("dimensions");
        labels.extend(dimensions.iter().filter_map(|one| one.maybe("name").zip(one.maybe("value"))));
    }
    labels.extend(root.pairs("data.customProperties"));
    labels.extend(words::labels([
        ("rule", essentials.maybe("alertRule")),
        ("monitoring_service", essentials.maybe("monitoringService")),
        ("signal_type", essentials.maybe("signalType")),
        ("subscription", targets.first().and_then(|target| part_of(target, "subscriptions"))),
        ("resource_group", targets.first().and_then(|target| part_of(target, "resourcegroups"))),
        ("resources", words::listed(&items).or_else(|| words::listed(&targets))),
        ("metric", conditions.first().and_then(|condition| condition.maybe("metricName"))),
    ]));
    let results =
        conditions.iter().filter_map(|one| one.first(&["linkToSearchResultsUI", "linkToFilteredSearchResultsUI"]));
    let links = essentials.maybe("investigationLink").into_iter().chain(results);
    Ok(Alert {
        description: essentials.maybe("description"),
        severity: severity.as_deref().and_then(of_sev),
        vendor_severity: severity,
        service: items.first().cloned(),
        links: links.collect(),
        started_at: fired,
        ended_at: resolved.filter(|_| status == AlertStatus::Resolved),
        said_at: if status == AlertStatus::Resolved { resolved } else { fired },
        labels,
        ..Alert::new(delivery.source, essentials.text("alertId")?, status, essentials.text("alertRule")?)
    })
}

/// Azure counts from 0.
fn of_sev(word: &str) -> Option<AlertSeverity> {
    Some(match word {
        "Sev0" => AlertSeverity::Critical,
        "Sev1" => AlertSeverity::Error,
        "Sev2" | "Sev3" => AlertSeverity::Warning,
        "Sev4" => AlertSeverity::Info,
        _ => return None,
    })
}

/// The level of an entry of the activity log, by its word or its number.
fn of_level(word: &str) -> Option<AlertSeverity> {
    Some(match word {
        "1" | "Critical" => AlertSeverity::Critical,
        "2" | "Error" => AlertSeverity::Error,
        "3" | "Warning" => AlertSeverity::Warning,
        "4" | "Informational" => AlertSeverity::Info,
        _ => return None,
    })
}

fn service_health(
    delivery: &Delivery<'_>,
    root: &Node<'_>,
    essentials: &Node<'_>,
    context: Option<&Node<'_>>,
) -> Result<Alert, Misfit> {
    let alert = monitor(delivery, root, essentials, context)?;
    let context = context.ok_or_else(|| root.missing("data.alertContext"))?;
    let event = context.need("properties")?;
    let stage = match event.maybe("stage") {
        Some(_) => event.word("stage", STAGES)?,
        None => context.word("status", STAGES)?,
    };
    let is_incident = event.maybe("incidentType").is_none_or(|kind| kind.eq_ignore_ascii_case("Incident"));
    let status = if is_incident { stage } else { AlertStatus::Info };
    let is_test = event.first(&["IsSynthetic", "isSynthetic"]).is_some_and(|flag| flag.eq_ignore_ascii_case("true"));
    let said_at = context.moment("eventTimestamp").or(alert.said_at);
    let mut labels = alert.labels;
    labels.extend(words::labels([
        ("tracking_id", event.maybe("trackingId")),
        ("region", event.maybe("region")),
        ("service", event.maybe("service")),
        ("incident_type", event.maybe("incidentType")),
        ("stage", event.maybe("stage")),
    ]));
    let text = event.first(&["defaultLanguageContent", "communication"]);
    Ok(Alert {
        status,
        signal: if is_test { Signal::Test } else { Signal::Normal },
        fingerprint: event.text("trackingId")?,
        title: event.first_text(&["title", "defaultLanguageTitle"])?,
        description: text.as_deref().map(without_marks).or(alert.description),
        severity: context.maybe("level").as_deref().and_then(of_level),
        category: Some(Category::Provider),
        service: event.maybe("service"),
        started_at: event.moment("impactStartTime"),
        ended_at: event.moment("impactMitigationTime").or(said_at).filter(|_| status == AlertStatus::Resolved),
        said_at,
        labels,
        ..alert
    })
}

/// States of a resource.
const HEALTH: &[(&str, (AlertStatus, Signal, AlertSeverity))] = &[
    ("Available", (AlertStatus::Resolved, Signal::Normal, AlertSeverity::Error)),
    ("Unavailable", (AlertStatus::Firing, Signal::Normal, AlertSeverity::Error)),
    ("Degraded", (AlertStatus::Firing, Signal::Normal, AlertSeverity::Warning)),
    ("Unknown", (AlertStatus::Firing, Signal::NoData, AlertSeverity::Warning)),
];

/// What the state of a resource says; Event Grid tells of the same.
pub(super) fn health(node: &Node<'_>, path: &str) -> Result<(AlertStatus, Signal, AlertSeverity), Misfit> {
    node.word(path, HEALTH)
}

/// By what the health of a resource is known, whoever tells of it.
pub(super) fn health_of(resource: &str) -> String {
    format!("resource-health:{}", resource.to_ascii_lowercase())
}

fn resource_health(
    delivery: &Delivery<'_>,
    root: &Node<'_>,
    essentials: &Node<'_>,
    context: Option<&Node<'_>>,
) -> Result<Alert, Misfit> {
    let alert = monitor(delivery, root, essentials, context)?;
    let context = context.ok_or_else(|| root.missing("data.alertContext"))?;
    let event = context.need("properties")?;
    let (status, signal, severity) = health(&event, "currentHealthStatus")?;
    let is_wanted = event.maybe("cause").is_some_and(|cause| cause.eq_ignore_ascii_case("UserInitiated"));
    let status = if is_wanted && status == AlertStatus::Firing { AlertStatus::Info } else { status };
    let resource = essentials.texts("alertTargetIDs").into_iter().next();
    let said_at = context.moment("eventTimestamp").or(alert.said_at);
    let mut labels = alert.labels;
    labels.extend(words::labels([
        ("health", event.maybe("currentHealthStatus")),
        ("health_before", event.maybe("previousHealthStatus")),
        ("cause", event.maybe("cause")),
        ("type", event.maybe("type")),
    ]));
    Ok(Alert {
        status,
        signal,
        fingerprint: health_of(&resource.ok_or_else(|| essentials.missing("alertTargetIDs"))?),
        description: words::lines([event.maybe("title"), event.maybe("details")]).or(alert.description),
        severity: Some(severity),
        category: (signal != Signal::NoData).then_some(Category::InfrastructureDown),
        started_at: said_at.filter(|_| status == AlertStatus::Firing),
        ended_at: said_at.filter(|_| status == AlertStatus::Resolved),
        said_at,
        labels,
        ..alert
    })
}

/// What follows a word in the identity of a resource, in which words are written in any case.
pub(super) fn part_of(resource: &str, word: &str) -> Option<String> {
    let mut parts = resource.split('/');
    parts.find(|part| part.eq_ignore_ascii_case(word))?;
    parts.next().filter(|part| !part.is_empty()).map(str::to_owned)
}

/// A text without its HTML.
fn without_marks(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for (index, piece) in text.split('<').enumerate() {
        let rest = if index == 0 { piece } else { piece.split_once('>').map_or("", |(_, rest)| rest) };
        if index != 0 && !plain.ends_with([' ', '\n']) && !plain.is_empty() {
            plain.push(' ');
        }
        plain.push_str(rest);
    }
    plain.replace("&nbsp;", " ").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(body: &Value) -> Result<Alert, String> {
        let body = body.to_string();
        let reading = crate::intake::read(&KIND, &Delivery::bare(&"azure".into(), body.as_bytes()));
        reading.map(|reading| reading.alerts[0].clone()).map_err(|error| error.to_string())
    }

    fn of(service: &str, properties: Value) -> Value {
        json!({"schemaId": COMMON, "data": {
            "essentials": {
                "alertId": "/subscriptions/s/providers/Microsoft.AlertsManagement/alerts/1", "alertRule": "health",
                "severity": "Sev4", "monitorCondition": "Fired", "monitoringService": service,
                "alertTargetIDs": ["/subscriptions/s/resourceGroups/ml/providers/Microsoft.Compute/virtualMachines/g1"],
                "firedDateTime": "2026-02-04T01:40:00Z",
            },
            "alertContext": {"eventTimestamp": "2026-02-04T01:39:00Z", "level": "Critical", "properties": properties},
        }})
    }

    #[test]
    fn service_health_is_read_by_its_stage_and_its_sort() {
        let cases = [
            ("Incident", "Active", AlertStatus::Firing),
            ("Incident", "RCA", AlertStatus::Resolved),
            ("Maintenance", "Planned", AlertStatus::Info),
            ("Maintenance", "Active", AlertStatus::Info),
            ("Security", "Active", AlertStatus::Info),
        ];
        for (kind, stage, status) in cases {
            let properties = json!({"title": "Errors", "trackingId": "AB1-CD2", "incidentType": kind, "stage": stage});
            let alert = read(&of("ServiceHealth", properties)).unwrap();
            assert_eq!((alert.status, alert.category), (status, Some(Category::Provider)), "{kind} {stage}");
            assert_eq!((alert.fingerprint.as_str(), alert.severity), ("AB1-CD2", Some(AlertSeverity::Critical)));
        }
    }

    #[test]
    fn resource_health_is_read_by_the_state_of_the_resource() {
        let cases = [
            ("Unavailable", "PlatformInitiated", AlertStatus::Firing, Signal::Normal),
            ("Unavailable", "UserInitiated", AlertStatus::Info, Signal::Normal),
            ("Degraded", "PlatformInitiated", AlertStatus::Firing, Signal::Normal),
            ("Unknown", "PlatformInitiated", AlertStatus::Firing, Signal::NoData),
            ("Available", "PlatformInitiated", AlertStatus::Resolved, Signal::Normal),
        ];
        for (state, cause, status, signal) in cases {
            let properties = json!({"currentHealthStatus": state, "previousHealthStatus": "Available", "cause": cause});
            let alert = read(&of("Resource Health", properties)).unwrap();
            assert_eq!((alert.status, alert.signal), (status, signal), "{state} {cause}");
            assert!(alert.fingerprint.starts_with("resource-health:/subscriptions/s/resourcegroups/ml/"));
        }
    }

    #[test]
    fn another_schema_is_refused_with_the_cure() {
        let error = read(&json!({"schemaId": "AzureMonitorMetricAlert", "data": {}})).unwrap_err();
        assert!(error.contains("switch the common alert schema on"), "{error}");
    }

    #[test]
    fn html_is_taken_out() {
        assert_eq!(without_marks("<p>One &amp; two</p><br/><p>three"), "One & two three");
        assert_eq!(without_marks("a < b"), "a");
    }
}
