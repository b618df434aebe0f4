//! Splunk On-Call, before VictorOps: outgoing webhooks (JSON) and escalation webhooks (a form).
//!
//! Documented ("Custom outbound webhooks", "Escalation webhooks", "Incident fields glossary"): the body of an outgoing
//! webhook is the owner's, made of variables such as `${{STATE.CURRENT_ALERT_PHASE}}`, and is not signed; credentials
//! in its address become Basic ones. An escalation webhook is a form, signed in `X-VictorOps-Signature` over the
//! address and the sorted fields; its `message_type` is `CRITICAL`, `WARNING`, `INFO`, `ACKNOWLEDGEMENT` or `RECOVERY`.
//! Seen in real payloads: flat keys with dots, times in milliseconds with 0 for "not yet", and in the form nearly every
//! value as a text of JSON, in quotation marks of its own.
//! Assumed: the latest of the times that a payload names is that of its state. A form is sent while somebody is to be
//! paged, so that its warning fires too.

use std::borrow::Cow;

use serde_json::Value;

use crate::domain::alert::{Alert, AlertStatus};
use crate::intake::auth::Scheme;
use crate::intake::delivery::Delivery;
use crate::intake::json::{self, Node};
use crate::intake::kind::{Kind, Sample, Samples};
use crate::intake::signature::{Encoding, Hash, Part, Signature};
use crate::intake::{Misfit, Reading, words};

/// Splunk On-Call.
pub static KIND: Kind = Kind {
    name: "splunk-oncall",
    title: "Splunk On-Call",
    expected: "a webhook of Splunk On-Call: an object with `INCIDENT.INCIDENT_ID` and `STATE.CURRENT_ALERT_PHASE`, or \
               a form with `incident` and `message_type`",
    proofs: &[
        Scheme::Secret,
        Scheme::Signature(Signature {
            name: Cow::Borrowed("signature"),
            header: Cow::Borrowed("x-victorops-signature"),
            hash: Hash::Sha1,
            encoding: Encoding::Base64,
            prefix: Cow::Borrowed(""),
            separator: None,
            signed: Cow::Borrowed(&[Part::Address, Part::SortedForm]),
            timestamp: None,
        }),
    ],
    read,
    samples: Samples {
        fires: Sample::json(include_str!("samples/splunk-oncall/fires.json")),
        resolves: Some(Sample::json(include_str!("samples/splunk-oncall/resolves.json"))),
    },
    manual: include_str!("../../../docs/sources/splunk-oncall.md"),
    ..Kind::USUAL
};

const PHASES: &[(&str, AlertStatus)] = &[
    ("UNACKED", AlertStatus::Firing),
    ("TRIGGERED", AlertStatus::Firing),
    ("ACKED", AlertStatus::Acknowledged),
    ("RESOLVED", AlertStatus::Resolved),
];

const MESSAGES: &[(&str, AlertStatus)] = &[
    ("CRITICAL", AlertStatus::Firing),
    ("WARNING", AlertStatus::Firing),
    ("INFO", AlertStatus::Info),
    ("ACKNOWLEDGEMENT", AlertStatus::Acknowledged),
    ("RECOVERY", AlertStatus::Resolved),
];

/// When something happened to the incident.
const MOMENTS: [&str; 5] =
    ["STATE.INCIDENT_TIMESTAMP", "STATE.LAST_TIMESTAMP", "STATE.ACK_TIMESTAMP", "STATE.ACKED_AT", "STATE.RESOLVED_AT"];

fn read(delivery: &Delivery<'_>) -> Result<Reading, Misfit> {
    let document = delivery.document()?;
    let root = Node::root(&document);
    if root.get("incident").is_some() && root.get("message_type").is_some() {
        let plain = without_quotes(&document);
        return escalation(delivery, &Node::root(&plain)).map(Reading::from);
    }
    outgoing(delivery, &root).map(Reading::from)
}

fn outgoing(delivery: &Delivery<'_>, root: &Node<'_>) -> Result<Alert, Misfit> {
    let id = root.first_text(&["INCIDENT.INCIDENT_ID", "STATE.INCIDENT_NAME"])?;
    let status = match root.maybe("STATE.CURRENT_ALERT_PHASE") {
        None if root.maybe("INCIDENT.CURRENT_PHASE").is_some() => root.word("INCIDENT.CURRENT_PHASE", PHASES)?,
        _ => root.word("STATE.CURRENT_ALERT_PHASE", PHASES)?,
    };
    let title = root.first_text(&[
        "INCIDENT.ENTITY_DISPLAY_NAME",
        "ALERT.entity_display_name",
        "STATE.SERVICE",
        "STATE.ENTITY_ID",
    ])?;
    let severity = root.first(&["STATE.CURRENT_STATE", "INCIDENT.ENTITY_STATE", "ALERT.entity_state"]);
    let labels = words::labels([
        ("entity", root.first(&["STATE.ENTITY_ID", "ALERT.entity_id"])),
        ("host", root.maybe("STATE.HOST")),
        ("service", root.first(&["STATE.SERVICE", "INCIDENT.SERVICE"])),
        ("monitoring_tool", root.maybe("ALERT.monitoring_tool")),
        ("routing_key", root.maybe("ALERT.routing_key")),
        ("organisation", root.maybe("ALERT.VO_ORGANIZATION_ID")),
        ("acknowledged_by", root.first(&["STATE.ACKED_BY"])),
    ]);
    let said_at = MOMENTS.iter().filter_map(|path| root.moment(path)).max();
    Ok(Alert {
        description: root.maybe("ALERT.state_message"),
        severity: severity.as_deref().and_then(words::severity),
        vendor_severity: severity,
        links: [root.maybe("STATE.INFO_URL"), root.maybe("ALERT.alert_url")].into_iter().flatten().collect(),
        started_at: root.moment("STATE.INCIDENT_TIMESTAMP").or_else(|| root.moment("INCIDENT.INCIDENT_TIMESTAMP")),
        ended_at: root.moment("STATE.RESOLVED_AT").or(said_at).filter(|_| status == AlertStatus::Resolved),
        said_at,
        labels,
        ..Alert::new(delivery.source, id, status, title)
    })
}

fn escalation(delivery: &Delivery<'_>, root: &Node<'_>) -> Result<Alert, Misfit> {
    let status = root.word("message_type", MESSAGES)?;
    let severity = root.first(&["entity_state", "message_type"]);
    let labels = words::labels([
        ("entity", root.maybe("entity_id")),
        ("monitoring_tool", root.maybe("monitoring_tool")),
        ("routing_key", root.maybe("routing_key")),
        ("organisation", root.maybe("vo_organization_id")),
        ("created_by", root.maybe("created_by")),
    ]);
    let said_at = root.moment("vo_alert_rcv_time");
    Ok(Alert {
        description: words::lines([root.maybe("summary"), root.maybe("state_message"), root.maybe("message")]),
        severity: severity.as_deref().and_then(words::severity),
        vendor_severity: severity,
        started_at: said_at.filter(|_| status == AlertStatus::Firing),
        ended_at: said_at.filter(|_| status == AlertStatus::Resolved),
        said_at,
        labels,
        ..Alert::new(
            delivery.source,
            root.text("incident")?,
            status,
            root.first_text(&["entity_display_name", "entity_id"])?,
        )
    })
}

/// The form's values, those that are texts of JSON as what they say.
fn without_quotes(form: &Value) -> Value {
    let plain = |value: &Value| match value.as_str() {
        Some(text) if text.starts_with('"') => json::parse(text.as_bytes()).unwrap_or_else(|_| value.clone()),
        _ => value.clone(),
    };
    form.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), plain(value))).collect::<Value>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn the_payload_to_paste_is_json_and_names_what_is_read() {
        let block = KIND.manual.split("```json\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
        let payload: BTreeMap<String, String> = serde_json::from_str(block).unwrap();
        let sample: BTreeMap<String, String> = serde_json::from_str(KIND.samples.fires.body).unwrap();
        assert_eq!(payload.keys().collect::<Vec<_>>(), sample.keys().collect::<Vec<_>>());
        for (name, variable) in payload {
            assert_eq!(variable, format!("${{{{{name}}}}}"));
        }
    }

    #[test]
    fn a_phase_and_its_time() {
        let fires = KIND.samples.fires.body;
        let acked = fires
            .replace("UNACKED", "ACKED")
            .replace("\"STATE.ACK_TIMESTAMP\": \"0\"", "\"STATE.ACK_TIMESTAMP\": \"1770169500000\"");
        let read = |body: &str| {
            crate::intake::read(&KIND, &Delivery::bare(&"oncall".into(), body.as_bytes())).unwrap().alerts.remove(0)
        };
        let (fires, acked) = (read(fires), read(&acked));
        assert_eq!((fires.status, acked.status), (AlertStatus::Firing, AlertStatus::Acknowledged));
        assert_eq!(fires.fingerprint, acked.fingerprint);
        assert!(fires.said_at < acked.said_at);
    }
}
