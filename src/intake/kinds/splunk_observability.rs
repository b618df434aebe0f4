//! Splunk Observability Cloud, before SignalFx: webhooks of detectors.
//!
//! Documented ("Send alert notifications to a webhook"): an object with `incidentId`, `detector`, `rule`, `severity`,
//! `statusExtended`, `timestamp`, `inputs`; a shared secret signs the body in `X-SFX-Signature`, in Base64. The sources
//! disagree on the hash, SHA-256 or SHA-1, so its length tells. It wants 200 at once, and tries for up to a day.
//! Seen in the vendor's samples: `inputs.*.key` in one and `inputs.*.dimensions` in the other, a doubled `description`,
//! a year of five digits.
//! Assumed: what is resolved by hand, or whose detector was stopped or changed, is over. `status` counts where
//! `statusExtended` is missing. A body of the owner's own template is read if these names are in it.

use std::borrow::Cow;

use crate::domain::alert::{Alert, AlertStatus};
use crate::intake::auth::Scheme;
use crate::intake::delivery::Delivery;
use crate::intake::json::Node;
use crate::intake::kind::{Kind, Sample, Samples};
use crate::intake::signature::{Encoding, Hash, Part, Signature};
use crate::intake::{Misfit, Reading, words};

/// Splunk Observability Cloud.
pub static KIND: Kind = Kind {
    name: "splunk-observability",
    title: "Splunk Observability Cloud",
    expected: "a detector's webhook of Splunk Observability Cloud: an object with `incidentId` and `statusExtended`",
    proofs: &[Scheme::Signature(Signature {
        name: Cow::Borrowed("signature"),
        header: Cow::Borrowed("x-sfx-signature"),
        hash: Hash::ByLength,
        encoding: Encoding::Base64,
        prefix: Cow::Borrowed(""),
        separator: None,
        signed: Cow::Borrowed(&[Part::Body]),
        timestamp: None,
    })],
    accepted: 200,
    read,
    samples: Samples {
        fires: Sample::json(include_str!("samples/splunk-observability/fires.json")),
        resolves: Some(Sample::json(include_str!("samples/splunk-observability/resolves.json"))),
    },
    manual: include_str!("../../../docs/sources/splunk-observability.md"),
    ..Kind::USUAL
};

const STATES: &[(&str, AlertStatus)] = &[
    ("anomalous", AlertStatus::Firing),
    ("ok", AlertStatus::Resolved),
    ("manually resolved", AlertStatus::Resolved),
    ("stopped", AlertStatus::Resolved),
];

fn read(delivery: &Delivery<'_>) -> Result<Reading, Misfit> {
    let document = delivery.document()?;
    let root = Node::root(&document);
    let id = root.text("incidentId")?;
    let status = match root.maybe("statusExtended") {
        None if root.maybe("status").is_some() => root.word("status", STATES)?,
        _ => root.word("statusExtended", STATES)?,
    };
    let title = root.first_text(&["messageTitle", "rule", "detector"])?;
    let severity = root.maybe("severity");
    let mut labels = root.pairs("dimensions");
    for input in root.values("inputs") {
        labels.extend(input.pairs("key"));
        labels.extend(input.pairs("dimensions"));
    }
    labels.extend(words::labels([
        ("detector", root.maybe("detector")),
        ("rule", root.maybe("rule")),
        ("event_type", root.maybe("eventType")),
        ("metric", root.maybe("originatingMetric")),
    ]));
    let service = ["service", "service.name", "sf_service"].iter().find_map(|name| labels.get(*name)).cloned();
    let said_at = root.moment("timestamp");
    let links = [root.maybe("runbookUrl"), root.maybe("detectorUrl"), root.maybe("imageUrl")];
    Ok(Alert {
        description: root.first(&["messageBody", "description"]),
        severity: severity.as_deref().and_then(words::severity),
        vendor_severity: severity,
        service,
        links: links.into_iter().flatten().collect(),
        started_at: said_at.filter(|_| status == AlertStatus::Firing),
        ended_at: said_at.filter(|_| status == AlertStatus::Resolved),
        said_at,
        labels,
        ..Alert::new(delivery.source, id, status, title)
    }
    .into())
}
