//! Dynatrace: problem notifications by its custom integration.
//!
//! Documented ("Webhook integration", "Problem notifications"): the body is a template that its owner edits, with
//! placeholders of which the names are used here; a problem is `OPEN`, `MERGED` or `RESOLVED`; severities are
//! `AVAILABILITY`, `ERROR`, `PERFORMANCE`, `RESOURCE_CONTENTION`, `CUSTOM_ALERT`, and in the Problems API
//! `MONITORING_UNAVAILABLE` and `INFO` beside; `PID` is the problem, `ProblemID` the short number that is shown. It signs
//! nothing, and its owner sets headers.
//! Seen in a real payload: `Problem URL` with a blank, no severity but an impact, the test notification with the problem
//! 99999.
//! Assumed: availability is critical, errors are errors, slowness and contention are warnings; where monitoring itself is
//! not available there is no data. What is merged goes on in another problem: it ends nothing here.

use std::collections::BTreeMap;

use crate::domain::alert::{Alert, AlertSeverity, AlertStatus, Category, Signal};
use crate::domain::id::SourceName;
use crate::intake::delivery::Delivery;
use crate::intake::json::Node;
use crate::intake::kind::{Kind, Sample, Samples};
use crate::intake::{Misfit, Reading, words};

/// Dynatrace.
pub static KIND: Kind = Kind {
    name: "dynatrace",
    title: "Dynatrace",
    expected: "a Dynatrace problem notification: `PID`, `ProblemTitle` and `State`",
    read: |delivery| {
        let document = delivery.document()?;
        problem(delivery, &Node::root(&document)).map(Reading::from)
    },
    samples: Samples {
        fires: Sample::json(include_str!("samples/dynatrace/fires.json")),
        resolves: Some(Sample::json(include_str!("samples/dynatrace/resolves.json"))),
    },
    manual: include_str!("../../../docs/sources/dynatrace.md"),
    ..Kind::USUAL
};

const STATES: &[(&str, AlertStatus)] = &[
    ("OPEN", AlertStatus::Firing),
    ("RESOLVED", AlertStatus::Resolved),
    ("CLOSED", AlertStatus::Resolved),
    ("MERGED", AlertStatus::Info),
];

fn problem(delivery: &Delivery<'_>, root: &Node<'_>) -> Result<Alert, Misfit> {
    let source: &SourceName = delivery.source;
    let status = root.word("State", STATES)?;
    let id = root.text("PID")?;
    let word = root.first(&["ProblemSeverity", "ProblemImpact"]);
    let severity = root.maybe("ProblemSeverity");
    let on_infrastructure = root.maybe("ProblemImpact").is_some_and(|impact| impact == "INFRASTRUCTURE");
    let signal = match (id.as_str(), severity.as_deref()) {
        ("99999", _) => Signal::Test,
        (_, Some("MONITORING_UNAVAILABLE")) => Signal::NoData,
        _ => Signal::Normal,
    };
    let category = match severity.as_deref() {
        Some("AVAILABILITY") if on_infrastructure => Some(Category::InfrastructureDown),
        Some("AVAILABILITY" | "ERROR") => Some(Category::ServiceDisruption),
        Some("PERFORMANCE") => Some(Category::Slowness),
        _ => None,
    };
    let entities = entities(root);
    let service = entities.get("service").cloned();
    let mut labels = words::labels([("number", root.maybe("ProblemID")), ("impact", root.maybe("ProblemImpact"))]);
    labels.extend(entities);
    for tag in root.texts("Tags") {
        match tag.split_once(':') {
            Some((name, value)) => labels.insert(name.trim().to_owned(), value.trim().to_owned()),
            None => labels.insert(tag, "true".to_owned()),
        };
    }
    Ok(Alert {
        signal,
        description: root.maybe("ProblemDetailsText"),
        severity: severity.as_deref().and_then(severity_of),
        vendor_severity: word,
        category,
        service,
        labels,
        links: root.first(&["ProblemURL", "Problem URL"]).into_iter().collect(),
        started_at: root
            .moment("ProblemDetailsJSONv2.startTime")
            .or_else(|| root.moment("ProblemDetailsJSON.startTime")),
        ended_at: root
            .moment("ProblemDetailsJSONv2.endTime")
            .or_else(|| root.moment("ProblemDetailsJSON.endTime"))
            .filter(|_| status == AlertStatus::Resolved),
        ..Alert::new(source, id, status, root.text("ProblemTitle")?)
    })
}

fn severity_of(word: &str) -> Option<AlertSeverity> {
    Some(match word {
        "AVAILABILITY" => AlertSeverity::Critical,
        "ERROR" => AlertSeverity::Error,
        "PERFORMANCE" | "RESOURCE_CONTENTION" | "MONITORING_UNAVAILABLE" => AlertSeverity::Warning,
        "INFO" => AlertSeverity::Info,
        _ => return None,
    })
}

/// The names of what is impacted, by what it is: `service`, `host`.
fn entities(root: &Node<'_>) -> BTreeMap<String, String> {
    let mut entities: BTreeMap<String, String> = BTreeMap::new();
    for entity in root.items("ImpactedEntities") {
        if let Some((kind, name)) = entity.maybe("type").zip(entity.maybe("name")) {
            entities
                .entry(kind.to_ascii_lowercase())
                .and_modify(|names| {
                    names.push_str(", ");
                    names.push_str(&name);
                })
                .or_insert(name);
        }
    }
    entities
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_and_severity_has_its_meaning() {
        let read = |state: &str, severity: &str| {
            let body = format!(
                r#"{{"PID": "7", "ProblemTitle": "Slow", "State": "{state}", "ProblemSeverity": "{severity}"}}"#
            );
            crate::intake::read(&KIND, &Delivery::bare(&"dynatrace".into(), body.as_bytes())).unwrap().alerts.remove(0)
        };
        assert_eq!(read("OPEN", "PERFORMANCE").category, Some(Category::Slowness));
        assert_eq!(read("OPEN", "MONITORING_UNAVAILABLE").signal, Signal::NoData);
        assert_eq!(read("MERGED", "ERROR").status, AlertStatus::Info);
        assert_eq!(read("RESOLVED", "ERROR").status, AlertStatus::Resolved);
        assert_eq!(read("OPEN", "AVAILABILITY").severity, Some(AlertSeverity::Critical));
    }
}
