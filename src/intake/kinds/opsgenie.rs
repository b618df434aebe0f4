//! Opsgenie, outgoing webhooks.
//!
//! Documented ("Webhook Integration", "Alert action data"): one action a request, with `alert` around it; nothing is
//! signed, but fixed headers can be added. Description and details come with `Create` and custom actions only, cut to
//! 1,000 characters.
//! Seen in real payloads: `priority` as `"P3"`, as 3, and absent; `createdAt` in milliseconds beside `updatedAt` in
//! nanoseconds, which no double holds; empty texts for what is not set.
//! Assumed: whoever snoozes an alert has seen it, so that counts as acknowledged; a deleted alert is over. Every action
//! that says nothing of the alert's state (notes, tags, responders, priorities, custom ones) changes nothing. The
//! address in Opsgenie is made of the alert's identity as its own pages write it.

use crate::domain::alert::{Alert, AlertStatus};
use crate::intake::delivery::Delivery;
use crate::intake::json::Node;
use crate::intake::kind::{Kind, Sample, Samples};
use crate::intake::{Misfit, Reading, words};

/// Opsgenie.
pub static KIND: Kind = Kind {
    name: "opsgenie",
    title: "Opsgenie",
    expected: "an Opsgenie webhook: an object with `action` and `alert.alertId`",
    read,
    samples: Samples {
        fires: Sample::json(include_str!("samples/opsgenie/fires.json")),
        resolves: Some(Sample::json(include_str!("samples/opsgenie/resolves.json"))),
    },
    manual: include_str!("../../../docs/sources/opsgenie.md"),
    ..Kind::USUAL
};

fn read(delivery: &Delivery<'_>) -> Result<Reading, Misfit> {
    let document = delivery.document()?;
    let root = Node::root(&document);
    let action = root.text("action")?;
    let alert = root.need("alert")?;
    let id = alert.text("alertId")?;
    let status = match action.as_str() {
        "Create" | "UnAcknowledge" | "SnoozeEnded" => AlertStatus::Firing,
        "Acknowledge" | "Snooze" => AlertStatus::Acknowledged,
        "Close" | "Delete" => AlertStatus::Resolved,
        _ => return Ok(Reading::nothing("this action does not change the alert's state")),
    };
    // A number in some, the word in others.
    let priority = alert.maybe("priority").map(|text| match text.parse::<u8>() {
        Ok(number) => format!("P{number}"),
        Err(_) => text,
    });
    let mut labels = alert.pairs("details");
    labels.extend(words::labels([
        ("alias", alert.maybe("alias")),
        ("entity", alert.maybe("entity")),
        ("source", alert.maybe("source")),
        ("number", alert.maybe("tinyId")),
        ("priority", priority.clone()),
        ("tags", words::listed(&alert.texts("tags"))),
        ("teams", words::listed(&alert.texts("teams"))),
        ("integration", root.maybe("integrationName")),
    ]));
    let is_plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let said_at = alert.moment("updatedAt");
    Ok(Alert {
        description: alert.maybe("description"),
        severity: priority.as_deref().and_then(words::severity),
        vendor_severity: priority,
        service: alert.maybe("entity"),
        links: is_plain.then(|| format!("https://app.opsgenie.com/alert/detail/{id}/details")).into_iter().collect(),
        started_at: alert.moment("createdAt"),
        ended_at: said_at.filter(|_| status == AlertStatus::Resolved),
        said_at,
        labels,
        ..Alert::new(delivery.source, id, status, alert.text("message")?)
    }
    .into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_action_says_of_the_alert() {
        let cases = [
            ("Create", Some(AlertStatus::Firing)),
            ("UnAcknowledge", Some(AlertStatus::Firing)),
            ("Acknowledge", Some(AlertStatus::Acknowledged)),
            ("Snooze", Some(AlertStatus::Acknowledged)),
            ("SnoozeEnded", Some(AlertStatus::Firing)),
            ("Close", Some(AlertStatus::Resolved)),
            ("Delete", Some(AlertStatus::Resolved)),
            ("AddNote", None),
            ("UpdatePriority", None),
            ("Restart the pod", None),
        ];
        for (action, status) in cases {
            let body = KIND.samples.fires.body.replace("\"Create\"", &format!("{action:?}"));
            let reading = crate::intake::read(&KIND, &Delivery::bare(&"og".into(), body.as_bytes())).unwrap();
            assert_eq!(reading.alerts.first().map(|alert| alert.status), status, "{action}");
            assert_eq!(reading.answer.is_some(), status.is_none(), "{action}");
        }
    }
}
