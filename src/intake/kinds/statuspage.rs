//! Statuspage: what another company's status page tells its subscribers. Its incident is an alert for us.
//!
//! Documented (Statuspage's help, "Webhook notifications"): one incident or one component a request. An incident is
//! `investigating`, `identified`, `monitoring`, `resolved` or `postmortem`, a maintenance `scheduled`, `in_progress`,
//! `verifying` or `completed`; the impact is `none`, `minor`, `major`, `critical` or `maintenance`; a component is
//! `operational`, `degraded_performance`, `partial_outage`, `major_outage` or `under_maintenance`. It signs nothing and
//! sends no header of ours, so the secret stands in the address.
//! Seen in real payloads: the whole history each time, the newest first; a component's update without an incident.
//! Assumed: maintenance is information, whether announced or going on. An incident and its components are alerts of their
//! own, since either comes without the other.

use crate::domain::alert::{Alert, AlertSeverity, AlertStatus, Category};
use crate::domain::id::SourceName;
use crate::intake::delivery::Delivery;
use crate::intake::json::Node;
use crate::intake::kind::{Kind, Sample, Samples};
use crate::intake::{Misfit, Reading, words};

/// Statuspage.
pub static KIND: Kind = Kind {
    name: "statuspage",
    title: "Statuspage",
    expected: "a Statuspage webhook: an `incident`, or a `component` with its `component_update`",
    read,
    samples: Samples {
        fires: Sample::json(include_str!("samples/statuspage/fires.json")),
        resolves: Some(Sample::json(include_str!("samples/statuspage/resolves.json"))),
    },
    manual: include_str!("../../../docs/sources/statuspage.md"),
    ..Kind::USUAL
};

const STATUSES: &[(&str, AlertStatus)] = &[
    ("investigating", AlertStatus::Firing),
    ("identified", AlertStatus::Firing),
    ("monitoring", AlertStatus::Firing),
    ("resolved", AlertStatus::Resolved),
    ("postmortem", AlertStatus::Resolved),
    ("scheduled", AlertStatus::Info),
    ("in_progress", AlertStatus::Info),
    ("verifying", AlertStatus::Info),
    ("completed", AlertStatus::Info),
    ("notstartedyet", AlertStatus::Info),
    ("inprogress", AlertStatus::Info),
];

/// What a component has come to, and how people read it.
type Component = (AlertStatus, Option<AlertSeverity>, &'static str);

/// As it is written here and there.
const COMPONENTS: &[(&str, Component)] = &[
    ("operational", (AlertStatus::Resolved, None, "operational")),
    ("degraded_performance", DEGRADED),
    ("degradedperformance", DEGRADED),
    ("partial_outage", PARTIAL),
    ("partialoutage", PARTIAL),
    ("major_outage", MAJOR),
    ("majoroutage", MAJOR),
    ("under_maintenance", MAINTENANCE),
    ("undermaintenance", MAINTENANCE),
];
const DEGRADED: Component = (AlertStatus::Firing, Some(AlertSeverity::Warning), "degraded performance");
const PARTIAL: Component = (AlertStatus::Firing, Some(AlertSeverity::Error), "partial outage");
const MAJOR: Component = (AlertStatus::Firing, Some(AlertSeverity::Critical), "major outage");
const MAINTENANCE: Component = (AlertStatus::Info, Some(AlertSeverity::Info), "under maintenance");

/// A status page's message. Instatus writes the same, with its words in capitals and in one.
pub(super) fn read(delivery: &Delivery<'_>) -> Result<Reading, Misfit> {
    let document = delivery.document()?;
    let root = Node::root(&document);
    let alert = if root.get("component_update").is_some() {
        component(delivery.source, &root)?
    } else if let Some(maintenance) = root.get("maintenance") {
        let alert = incident(delivery.source, &root, &maintenance, "maintenance_updates")?;
        Alert { status: AlertStatus::Info, ended_at: None, ..alert }
    } else {
        incident(delivery.source, &root, &root.need("incident")?, "incident_updates")?
    };
    Ok(Alert { category: Some(Category::Provider), ..alert }.into())
}

fn incident(source: &SourceName, root: &Node<'_>, incident: &Node<'_>, updates: &str) -> Result<Alert, Misfit> {
    let impact = incident.maybe("impact");
    let status = match (incident.word("status", STATUSES)?, impact.as_deref()) {
        (_, Some("maintenance")) => AlertStatus::Info,
        (status, _) => status,
    };
    let components: Vec<String> =
        incident.items("components").iter().filter_map(|component| component.maybe("name")).collect();
    Ok(Alert {
        description: incident.maybe(&format!("{updates}.0.body")),
        severity: impact.as_deref().and_then(severity),
        vendor_severity: impact,
        service: <&[String; 1]>::try_from(components.as_slice()).ok().map(|[only]| only.clone()),
        labels: words::labels([
            ("page", root.maybe("page.id")),
            ("components", words::listed(&components)),
            ("state", incident.maybe("status")),
        ]),
        links: incident.first(&["shortlink", "url"]).into_iter().collect(),
        started_at: incident.moment("created_at"),
        ended_at: incident.moment("resolved_at").filter(|_| status == AlertStatus::Resolved),
        said_at: incident.moment("updated_at"),
        ..Alert::new(source, incident.text("id")?, status, incident.text("name")?)
    })
}

fn component(source: &SourceName, root: &Node<'_>) -> Result<Alert, Misfit> {
    let (status, severity, state) = root.word("component_update.new_status", COMPONENTS)?;
    let name = root.text("component.name")?;
    let id = root.first_text(&["component.id", "component_update.component_id"])?;
    let said_at = root.moment("component_update.created_at");
    Ok(Alert {
        description: root.maybe("component.description"),
        severity,
        vendor_severity: root.maybe("component_update.new_status"),
        service: Some(name.clone()),
        labels: words::labels([("page", root.maybe("page.id")), ("components", Some(name.clone()))]),
        links: root.maybe("page.url").into_iter().collect(),
        started_at: said_at.filter(|_| status == AlertStatus::Firing),
        ended_at: said_at.filter(|_| status == AlertStatus::Resolved),
        said_at,
        ..Alert::new(source, id, status, format!("{name}: {state}"))
    })
}

/// An incident's impact, in Statuspage's words or, at Instatus, in those of the components that it is upon.
fn severity(impact: &str) -> Option<AlertSeverity> {
    match impact.to_ascii_lowercase().as_str() {
        "none" | "maintenance" => Some(AlertSeverity::Info),
        "minor" => Some(AlertSeverity::Warning),
        "major" => Some(AlertSeverity::Error),
        "critical" => Some(AlertSeverity::Critical),
        impact => COMPONENTS.iter().find(|(word, _)| *word == impact).and_then(|(_, (_, severity, _))| *severity),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_its_meaning() {
        let cases = [
            ("investigating", "major", AlertStatus::Firing),
            ("monitoring", "minor", AlertStatus::Firing),
            ("postmortem", "minor", AlertStatus::Resolved),
            ("in_progress", "maintenance", AlertStatus::Info),
            ("completed", "maintenance", AlertStatus::Info),
            ("investigating", "maintenance", AlertStatus::Info),
        ];
        for (state, impact, expected) in cases {
            let body = serde_json::json!({ "incident": { "id": "i", "name": "n", "status": state, "impact": impact } });
            let body = body.to_string();
            let reading = crate::intake::read(&KIND, &Delivery::bare(&"status".into(), body.as_bytes())).unwrap();
            assert_eq!(reading.alerts[0].status, expected, "{state}, {impact}");
        }
    }

    #[test]
    fn a_component_fires_until_it_is_operational() {
        let read = |state: &str| {
            let body = serde_json::json!({
                "component": { "id": "c", "name": "API" }, "component_update": { "new_status": state }
            });
            let body = body.to_string();
            let reading = crate::intake::read(&KIND, &Delivery::bare(&"status".into(), body.as_bytes()));
            reading.unwrap().alerts.remove(0)
        };
        assert_eq!(read("partial_outage").title, "API: partial outage");
        assert_eq!(read("MAJOROUTAGE").severity, Some(AlertSeverity::Critical));
        assert_eq!(read("operational").status, AlertStatus::Resolved);
        assert_eq!(read("operational").fingerprint, read("partial_outage").fingerprint);
    }
}
