//! Honeycomb: triggers, by a webhook with its default payload.
//!
//! Documented ("Send Alerts to Webhooks"): the shared secret comes in clear in `X-Honeycomb-Webhook-Token`; a trigger is
//! `TRIGGERED` or `OK`; it gives up after 10 to 15 seconds, and tries again after 408 and 502, and after 429 and 503 with
//! `Retry-After`.
//! Seen in a real payload: `is_test`, a group whose value is `null`. No time is sent.
//! Assumed: the trigger is one trouble, whatever groups of its result are over the threshold; SLO burn alerts, whose
//! payload was not found documented, are read if they have the same fields, and refused else.

use crate::domain::alert::{Alert, AlertStatus, Signal};
use crate::domain::id::SourceName;
use crate::intake::auth::Scheme;
use crate::intake::json::Node;
use crate::intake::kind::{Kind, Sample, Samples};
use crate::intake::{Misfit, Reading, words};

/// Honeycomb.
pub static KIND: Kind = Kind {
    name: "honeycomb",
    title: "Honeycomb",
    expected: "a Honeycomb trigger: `id`, `name` and `status`",
    proofs: &[Scheme::Header(std::borrow::Cow::Borrowed("x-honeycomb-webhook-token"))],
    read: |delivery| {
        let document = delivery.document()?;
        trigger(delivery.source, &Node::root(&document)).map(Reading::from)
    },
    samples: Samples {
        fires: Sample::json(include_str!("samples/honeycomb/fires.json")),
        resolves: Some(Sample::json(include_str!("samples/honeycomb/resolves.json"))),
    },
    manual: include_str!("../../../docs/sources/honeycomb.md"),
    ..Kind::USUAL
};

const STATUSES: &[(&str, AlertStatus)] = &[("TRIGGERED", AlertStatus::Firing), ("OK", AlertStatus::Resolved)];

fn trigger(source: &SourceName, root: &Node<'_>) -> Result<Alert, Misfit> {
    let status = root.word("status", STATUSES)?;
    let mut labels = words::labels([("operator", root.maybe("operator")), ("threshold", root.maybe("threshold"))]);
    for group in root.items("result_groups_triggered") {
        for (name, value) in group.pairs("Group") {
            labels.entry(name).or_insert(value);
        }
    }
    let is_test = root.maybe("is_test").as_deref() == Some("true");
    Ok(Alert {
        signal: if is_test { Signal::Test } else { Signal::Normal },
        description: words::lines([root.maybe("description"), root.maybe("trigger_description")]),
        service: ["service.name", "service_name", "service"].iter().find_map(|name| labels.get(*name)).cloned(),
        links: ["result_url", "trigger_url"].iter().filter_map(|path| root.maybe(path)).collect(),
        labels,
        ..Alert::new(source, root.text("id")?, status, root.text("name")?)
    })
}
