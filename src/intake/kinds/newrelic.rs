//! New Relic: issues by the webhook of a workflow, and incidents by the legacy alert channel.
//!
//! Documented ("Workflow variables", "Webhook notifications"): the body is a template that its owner edits; the states of
//! an issue are `CREATED`, `ACTIVATED`, `ACKNOWLEDGED`, `CLOSED`, its priorities `CRITICAL`, `HIGH`, `MEDIUM`, `LOW`. The
//! legacy channel has `current_state`: `open`, `acknowledged`, `closed`. It signs nothing.
//! Seen in real payloads: states in small letters, times in milliseconds, templates without a priority or `title`. The
//! legacy test has the incident 0.
//! Assumed: the names of the template that New Relic offers and those of the samples, of which our page gives one to
//! paste. What is created and not yet activated is suspected.

use crate::domain::alert::{Alert, AlertStatus, Signal};
use crate::domain::id::SourceName;
use crate::intake::delivery::Delivery;
use crate::intake::json::Node;
use crate::intake::kind::{Kind, Sample, Samples};
use crate::intake::{Misfit, Reading, words};

/// New Relic.
pub static KIND: Kind = Kind {
    name: "newrelic",
    title: "New Relic",
    expected: "a New Relic issue with `id` and `state`, or an incident of the legacy channel with `incident_id` and \
               `current_state`",
    read,
    samples: Samples {
        fires: Sample::json(include_str!("samples/newrelic/fires.json")),
        resolves: Some(Sample::json(include_str!("samples/newrelic/resolves.json"))),
    },
    manual: include_str!("../../../docs/sources/newrelic.md"),
    ..Kind::USUAL
};

const STATES: &[(&str, (AlertStatus, Signal))] = &[
    ("created", (AlertStatus::Firing, Signal::Suspected)),
    ("activated", (AlertStatus::Firing, Signal::Normal)),
    ("open", (AlertStatus::Firing, Signal::Normal)),
    ("acknowledged", (AlertStatus::Acknowledged, Signal::Normal)),
    ("closed", (AlertStatus::Resolved, Signal::Normal)),
    ("resolved", (AlertStatus::Resolved, Signal::Normal)),
];

fn read(delivery: &Delivery<'_>) -> Result<Reading, Misfit> {
    let document = delivery.document()?;
    let root = Node::root(&document);
    let alert = match root.get("current_state") {
        Some(_) => legacy(delivery.source, &root)?,
        None => issue(delivery.source, &root)?,
    };
    Ok(alert.into())
}

fn issue(source: &SourceName, root: &Node<'_>) -> Result<Alert, Misfit> {
    let id = root.first_text(&["id", "issueId"])?;
    let (status, signal) = root.word("state", STATES)?;
    let title = root.first_text(&["title", "condition_name", "alertConditionNames.0"])?;
    let priority = root.maybe("priority");
    let entities = root.texts("impactedEntities");
    let labels = [
        ("policy", words::listed(&root.texts("alertPolicyNames"))),
        ("condition", root.maybe("condition_name").or_else(|| words::listed(&root.texts("alertConditionNames")))),
        ("entity", words::listed(&entities)),
        ("workflow", root.maybe("workflowName")),
        ("owner", root.maybe("owner")),
    ];
    let said_at = root.moment("updatedAt");
    Ok(Alert {
        signal,
        description: root.first(&["details", "description"]),
        severity: priority.as_deref().and_then(words::severity),
        vendor_severity: priority,
        service: <[String; 1]>::try_from(entities).ok().map(|[only]| only),
        labels: words::labels(labels),
        links: ["issueUrl", "issuePageUrl", "runbookUrl"].iter().filter_map(|path| root.maybe(path)).collect(),
        started_at: root.first(&["activatedAt", "createdAt"]).as_deref().and_then(crate::intake::time::read),
        ended_at: root.moment("closedAt").or(said_at).filter(|_| status == AlertStatus::Resolved),
        said_at,
        ..Alert::new(source, id, status, title)
    })
}

fn legacy(source: &SourceName, root: &Node<'_>) -> Result<Alert, Misfit> {
    let id = root.text("incident_id")?;
    let (status, signal) = root.word("current_state", STATES)?;
    let signal = if id == "0" { Signal::Test } else { signal };
    let severity = root.maybe("severity");
    let mut labels = words::labels([
        ("policy", root.maybe("policy_name")),
        ("condition", root.maybe("condition_name")),
        ("account", root.maybe("account_id")),
        ("product", root.maybe("targets.0.product")),
    ]);
    labels.extend(root.pairs("targets.0.labels"));
    let said_at = root.moment("timestamp");
    Ok(Alert {
        signal,
        description: root.maybe("details"),
        severity: severity.as_deref().and_then(words::severity),
        vendor_severity: severity,
        service: root.maybe("targets.0.name"),
        labels,
        links: ["incident_url", "runbook_url"].iter().filter_map(|path| root.maybe(path)).collect(),
        ended_at: said_at.filter(|_| status == AlertStatus::Resolved),
        said_at,
        ..Alert::new(source, id, status, root.text("condition_name")?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_its_meaning() {
        let cases = [
            ("CREATED", AlertStatus::Firing, Signal::Suspected),
            ("ACTIVATED", AlertStatus::Firing, Signal::Normal),
            ("ACKNOWLEDGED", AlertStatus::Acknowledged, Signal::Normal),
            ("CLOSED", AlertStatus::Resolved, Signal::Normal),
        ];
        for (state, status, signal) in cases {
            let body = format!(r#"{{"id": "7", "title": "Slow", "state": "{state}", "priority": "HIGH"}}"#);
            let reading = crate::intake::read(&KIND, &Delivery::bare(&"newrelic".into(), body.as_bytes())).unwrap();
            assert_eq!((reading.alerts[0].status, reading.alerts[0].signal), (status, signal), "{state}");
        }
    }
}
