//! Sentry: webhooks of the integration platform, for issues, issue alerts and metric alerts.
//!
//! Documented (Sentry's manual, "Integration Platform: Webhooks"): `action` and `data`, signed in
//! `Sentry-Hook-Signature` over the body with the integration's client secret; `Sentry-Hook-Resource` names the resource,
//! `Sentry-Hook-Timestamp` the time. An issue is created, resolved, assigned, archived (once `ignored`) or unresolved; an
//! issue alert is `triggered` and never ends by itself; a metric alert is `critical`, `warning` or `resolved`. It wants
//! its answer within a second.
//! Seen in real payloads: an issue alert without `issue_id`, whose issue is the last part of `issue_url`; `permalink`
//! and `release` as `null`.
//! Assumed: an issue alert and its issue are one trouble, so that resolving the issue ends both. What a person is assigned
//! is acknowledged; what a rule assigns, and what is archived, is information. The timestamp's header gives the order,
//! since the times in a payload are those of the errors.

use std::collections::BTreeMap;

use crate::domain::Timestamp;
use crate::domain::alert::{Alert, AlertSeverity, AlertStatus};
use crate::domain::id::SourceName;
use crate::intake::auth::Scheme;
use crate::intake::delivery::Delivery;
use crate::intake::json::Node;
use crate::intake::kind::{Kind, Sample, Samples};
use crate::intake::signature::Signature;
use crate::intake::{Misfit, Reading, time, words};

/// Sentry.
pub static KIND: Kind = Kind {
    name: "sentry",
    title: "Sentry",
    expected: "a webhook of a Sentry integration: `action` and `data`, with an `issue`, an `event` or a `metric_alert`",
    proofs: &[Scheme::Signature(Signature::of_body("sentry-hook-signature"))],
    read,
    samples: Samples {
        fires: Sample {
            body: include_str!("samples/sentry/fires.json"),
            headers: &[
                ("content-type", "application/json"),
                ("sentry-hook-resource", "event_alert"),
                ("sentry-hook-timestamp", "1770169200"),
            ],
        },
        resolves: Some(Sample {
            body: include_str!("samples/sentry/resolves.json"),
            headers: &[
                ("content-type", "application/json"),
                ("sentry-hook-resource", "issue"),
                ("sentry-hook-timestamp", "1770171000"),
            ],
        }),
    },
    manual: include_str!("../../../docs/sources/sentry.md"),
    ..Kind::USUAL
};

const METRIC_STATES: &[(&str, (AlertStatus, Option<AlertSeverity>))] = &[
    ("critical", (AlertStatus::Firing, Some(AlertSeverity::Critical))),
    ("warning", (AlertStatus::Firing, Some(AlertSeverity::Warning))),
    ("resolved", (AlertStatus::Resolved, None)),
];

const ISSUE_STATES: &[(&str, AlertStatus)] = &[
    ("unresolved", AlertStatus::Firing),
    ("resolved", AlertStatus::Resolved),
    ("ignored", AlertStatus::Info),
    ("archived", AlertStatus::Info),
];

fn read(delivery: &Delivery<'_>) -> Result<Reading, Misfit> {
    let document = delivery.document()?;
    let root = Node::root(&document);
    let action = root.text("action")?;
    let said_at = delivery.headers.get("sentry-hook-timestamp").and_then(time::read);
    let alert = if let Some(issue) = root.get("data.issue") {
        self::issue(delivery.source, &root, &issue, &action, said_at)?
    } else if let Some(event) = root.get("data.event") {
        issue_alert(delivery.source, &root, &event, said_at)?
    } else if let Some(metric) = root.get("data.metric_alert") {
        metric_alert(delivery.source, &root, &metric, said_at)?
    } else {
        // Installations, comments and single errors come to the same address.
        return match delivery.headers.get("sentry-hook-resource") {
            Some("installation" | "comment" | "error" | "seer") => {
                Ok(Reading::nothing("this is no issue and no alert"))
            }
            _ => Err(root.missing("data.issue")),
        };
    };
    Ok(alert.into())
}

fn issue(
    source: &SourceName,
    root: &Node<'_>,
    issue: &Node<'_>,
    action: &str,
    said_at: Option<Timestamp>,
) -> Result<Alert, Misfit> {
    let status = match action {
        "created" | "unresolved" => AlertStatus::Firing,
        "resolved" => AlertStatus::Resolved,
        "assigned" if root.maybe("actor.type").as_deref() == Some("user") => AlertStatus::Acknowledged,
        "assigned" | "archived" | "ignored" => AlertStatus::Info,
        // An activity alert, which says what the issue's state has come to.
        "triggered" => issue.word("status", ISSUE_STATES)?,
        _ => {
            let known = "created, unresolved, resolved, assigned, archived, ignored, triggered";
            return Err(root.wrong("action", format!("is {:?}, none of {known}", crate::intake::json::quoted(action))));
        }
    };
    let project = issue.first(&["project.slug", "project.name"]);
    let level = issue.maybe("level");
    let labels = [
        ("project", project.clone()),
        ("short_id", issue.maybe("shortId")),
        ("culprit", issue.maybe("culprit")),
        ("platform", issue.maybe("platform")),
        ("substatus", issue.maybe("substatus")),
    ];
    Ok(Alert {
        severity: level.as_deref().and_then(severity),
        vendor_severity: level,
        service: project,
        labels: words::labels(labels),
        links: ["web_url", "permalink"].iter().filter_map(|path| issue.maybe(path)).collect(),
        started_at: issue.moment("firstSeen"),
        ended_at: said_at.filter(|_| status == AlertStatus::Resolved),
        said_at,
        ..Alert::new(source, issue.text("id")?, status, issue.text("title")?)
    })
}

fn issue_alert(
    source: &SourceName,
    root: &Node<'_>,
    event: &Node<'_>,
    said_at: Option<Timestamp>,
) -> Result<Alert, Misfit> {
    let of_address = || {
        let address = event.text("issue_url")?;
        let id = address.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        if id.is_empty() { Err(event.wrong("issue_url", "names no issue")) } else { Ok(id.to_owned()) }
    };
    let id = event.first(&["issue_id", "groupID"]).map_or_else(of_address, Ok)?;
    let mut labels: BTreeMap<String, String> =
        event.items("tags").iter().filter_map(|pair| Some((pair.maybe("0")?, pair.maybe("1")?))).collect();
    // …/api/0/projects/{organisation}/{project}/events/…
    let project = event.maybe("url").and_then(|address| {
        let mut parts = address.split('/').skip_while(|part| *part != "projects").skip(2);
        parts.next().filter(|part| !part.is_empty()).map(str::to_owned)
    });
    let rule = root.first(&["data.triggered_rule", "data.issue_alert.title"]);
    labels.extend(words::labels([
        ("project", project.clone()),
        ("rule", rule),
        ("culprit", event.maybe("culprit")),
        ("release", event.maybe("release")),
        ("platform", event.maybe("platform")),
    ]));
    let level = event.maybe("level");
    Ok(Alert {
        severity: level.as_deref().and_then(severity),
        vendor_severity: level,
        service: project,
        labels,
        links: event.maybe("web_url").into_iter().collect(),
        said_at: said_at.or_else(|| event.moment("datetime")),
        ..Alert::new(source, id, AlertStatus::Firing, event.text("title")?)
    })
}

fn metric_alert(
    source: &SourceName,
    root: &Node<'_>,
    metric: &Node<'_>,
    said_at: Option<Timestamp>,
) -> Result<Alert, Misfit> {
    let (status, severity) = root.word("action", METRIC_STATES)?;
    let fingerprint = format!("{}/{}", metric.text("organization_id")?, metric.text("identifier")?);
    let project = metric.texts("projects").into_iter().next();
    let labels = [
        ("project", project.clone()),
        ("rule", metric.maybe("alert_rule.name")),
        ("aggregate", metric.maybe("alert_rule.aggregate")),
        ("query", metric.maybe("alert_rule.query")),
        ("environment", metric.maybe("alert_rule.environment")),
    ];
    Ok(Alert {
        severity,
        vendor_severity: severity.and_then(|_| root.maybe("action")),
        description: root.maybe("data.description_text"),
        service: project,
        labels: words::labels(labels),
        links: root.maybe("data.web_url").into_iter().collect(),
        started_at: metric.moment("date_started"),
        ended_at: metric.moment("date_closed").or(said_at).filter(|_| status == AlertStatus::Resolved),
        said_at,
        ..Alert::new(source, fingerprint, status, root.text("data.description_title")?)
    })
}

fn severity(level: &str) -> Option<AlertSeverity> {
    match level {
        "debug" | "sample" => Some(AlertSeverity::Info),
        level => words::severity(level),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::delivery::Fields;

    fn read(action: &str, actor: &str) -> Result<Reading, crate::intake::Unreadable> {
        let body = serde_json::json!({
            "action": action, "actor": { "type": actor },
            "data": { "issue": { "id": "7", "title": "ValueError", "status": "ignored" } }
        });
        crate::intake::read(&KIND, &Delivery::bare(&"sentry".into(), body.to_string().as_bytes()))
    }

    #[test]
    fn every_action_on_an_issue_has_its_meaning() {
        let cases = [
            ("created", "application", AlertStatus::Firing),
            ("unresolved", "application", AlertStatus::Firing),
            ("resolved", "user", AlertStatus::Resolved),
            ("assigned", "user", AlertStatus::Acknowledged),
            ("assigned", "application", AlertStatus::Info),
            ("archived", "user", AlertStatus::Info),
            ("ignored", "user", AlertStatus::Info),
            ("triggered", "application", AlertStatus::Info),
        ];
        for (action, actor, expected) in cases {
            assert_eq!(read(action, actor).unwrap().alerts[0].status, expected, "{action}");
        }
        let error = read("exploded", "user").unwrap_err().to_string();
        assert!(error.contains("`action` is \"exploded\", none of created"), "{error}");
    }

    #[test]
    fn what_is_no_alert_opens_nothing() {
        let headers: Fields = [("sentry-hook-resource", "installation")].into_iter().collect();
        let source = "sentry".into();
        let body = br#"{"action": "created", "data": {"installation": {}}}"#;
        let reading = crate::intake::read(&KIND, &Delivery { headers: &headers, ..Delivery::bare(&source, body) });
        assert!(reading.unwrap().alerts.is_empty());
    }
}
